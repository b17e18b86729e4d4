"""Linear algebra of the outer random effects, in small batches (nested) or as one large system (crossed)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import linalg, sparse

from evalkit.stats.mixed.moments import FloatArray, IntArray
from evalkit.stats.mixed.terms import Factor

Block = FloatArray | sparse.csr_array


@dataclass(frozen=True, slots=True)
class Part:
    """Columns that one outer factor has in a batch.

    Attributes
    ----------
    place : slice
    levels, width : int
        The columns run level by level, `width` effects in each.
    """

    place: slice
    levels: int
    width: int


@dataclass(frozen=True, slots=True)
class Solved:
    """The outer effects solved for, with F = Z' Omega_1^-1 Z (Omega_1: the inner factor alone).

    Attributes
    ----------
    log_det : float
        log|I + Lambda' F Lambda|.
    h : ndarray (B, m, m)
        H = Lambda (I + Lambda' F Lambda)^-1 Lambda'.
    keep : ndarray (B, m, m)
        I - F H.
    k : ndarray (B, m, m)
        K = Z' Omega^-1 Z = F - F H F.
    """

    log_det: float
    h: FloatArray
    keep: FloatArray
    k: FloatArray


def parts_of(factors: Sequence[Factor], *, nested: bool) -> list[Part]:
    """Where each outer factor's columns are; nested: a batch is one level."""
    parts: list[Part] = []
    start = 0
    for factor in factors:
        levels = 1 if nested else factor.levels
        stop = start + levels * factor.width
        parts.append(Part(slice(start, stop), levels, factor.width))
        start = stop
    return parts


def root_of(sigma: FloatArray) -> FloatArray:
    """A lower triangle L with L L' = sigma, also where sigma is singular."""
    if sigma.shape[0] == 1:
        return np.sqrt(np.maximum(sigma, 0.0))
    values, vectors = np.linalg.eigh(sigma)
    triangle: FloatArray = np.linalg.qr((vectors * np.sqrt(np.maximum(values, 0.0))).T)[1].T
    return triangle * np.where(np.diag(triangle) < 0.0, -1.0, 1.0)


def left_times(block: Block, right: FloatArray) -> FloatArray:
    """Product of a symmetric or general block with a batch of dense matrices."""
    if isinstance(block, sparse.csr_array):
        return (block @ right[0])[None]
    return block @ right


def trace_with(block: Block, right: FloatArray) -> float:
    """tr(block' right), summed over the batch."""
    if isinstance(block, sparse.csr_array):
        entries = sparse.coo_array(block)
        rows, columns = entries.coords
        return float(np.dot(entries.data, right[0][rows, columns]))
    return float(np.einsum("bij,bij->", block, right))


def solve_outer(parts: Sequence[Part], sigmas: Sequence[FloatArray], zz: Block) -> Solved:
    """Invert the outer part at the relative covariances `sigmas` of its factors."""
    roots = [root_of(sigma) for sigma in sigmas]
    if isinstance(zz, sparse.csr_array):
        return _solve_sparse(parts, roots, zz)
    diagonal: IntArray = np.arange(int(zz.shape[1]), dtype=np.intp)
    middle = _scale_both(zz, parts, roots)
    middle[:, diagonal, diagonal] += 1.0
    if zz.shape[1] == 1:
        log_det, inverse = float(np.log(middle).sum()), 1.0 / middle
    else:
        pivots = np.linalg.cholesky(middle)
        log_det = 2.0 * float(np.log(np.einsum("bmm->bm", pivots)).sum())
        inverse = np.asarray(np.linalg.inv(middle), dtype=np.float64)
    h = _symmetric(_scale_both(inverse, parts, [root.T for root in roots]))
    keep = -(zz @ h)
    keep[:, diagonal, diagonal] += 1.0
    return Solved(log_det, h, keep, _symmetric(zz @ np.swapaxes(keep, 1, 2)))


def _solve_sparse(parts: Sequence[Part], roots: Sequence[FloatArray], zz: sparse.csr_array) -> Solved:
    """One large system: its products are sparse, only its inverse is not."""
    m = int(zz.shape[0])
    blocks = [sparse.kron(sparse.eye_array(part.levels), root) for part, root in zip(parts, roots, strict=True)]
    scale = sparse.csr_array(sparse.block_diag(blocks))
    middle = sparse.csr_array(scale.T @ zz @ scale + sparse.eye_array(m)).toarray()
    triangle = np.asarray(linalg.cholesky(middle.T, lower=True, overwrite_a=True, check_finite=False), dtype=np.float64)
    log_det = 2.0 * float(np.log(np.diag(triangle)).sum())
    lower = linalg.lapack.dpotri(triangle, lower=1, overwrite_c=1)[0]
    inverse = np.asarray(lower + lower.T, dtype=np.float64)
    inverse[np.arange(m), np.arange(m)] /= 2.0
    h = np.ascontiguousarray(scale @ np.ascontiguousarray((scale @ inverse).T))
    keep = -np.asarray(zz @ h, dtype=np.float64)
    keep[np.arange(m), np.arange(m)] += 1.0
    k = np.asarray(zz @ np.ascontiguousarray(keep.T), dtype=np.float64)
    return Solved(log_det, h[None], keep[None], k[None])


def _symmetric(batch: FloatArray) -> FloatArray:
    return (batch + np.swapaxes(batch, 1, 2)) / 2.0


def _scale_both(batch: FloatArray, parts: Sequence[Part], roots: Sequence[FloatArray]) -> FloatArray:
    """Lambda' batch Lambda, Lambda being block diagonal with each part's root repeated by level."""
    once = _scale_columns(batch, parts, roots)
    return np.ascontiguousarray(np.swapaxes(_scale_columns(np.swapaxes(once, 1, 2), parts, roots), 1, 2))


def _scale_columns(batch: FloatArray, parts: Sequence[Part], roots: Sequence[FloatArray]) -> FloatArray:
    scaled = np.empty(batch.shape)
    for part, root in zip(parts, roots, strict=True):
        scaled[:, :, part.place] = apply_by_level(batch[:, :, part.place], root)
    return scaled


def apply_by_level(columns: FloatArray, matrix: FloatArray) -> FloatArray:
    """Multiply every level's columns (.., levels * width) by `matrix` (width, width) from the right."""
    width = matrix.shape[0]
    if width == 1:
        return columns * matrix[0, 0]
    return (columns.reshape(-1, width) @ matrix).reshape(columns.shape)


def level_blocks(square: FloatArray, part: Part) -> FloatArray:
    """Diagonal blocks (B, levels, width, width) of a batch (B, m, m) that belong to one part."""
    own = square[:, part.place, part.place]
    split = own.reshape(own.shape[0], part.levels, part.width, part.levels, part.width)
    return np.einsum("blalc->blac", split)
