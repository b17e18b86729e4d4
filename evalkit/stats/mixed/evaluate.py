"""The likelihood of any random structure at given variances, with the moments its derivatives and inference need."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from evalkit.stats.mixed.layout import Dense, Layout, Sparse
from evalkit.stats.mixed.moments import FloatArray, IntArray, Moments
from evalkit.stats.mixed.outer import (
    Block,
    Part,
    Solved,
    apply_by_level,
    left_times,
    level_blocks,
    parts_of,
    solve_outer,
    trace_with,
)
from evalkit.stats.mixed.terms import Factor
from evalkit.stats.mixed.two_level import solve


@dataclass(frozen=True, slots=True)
class Inner:
    """The inner factor's part, with K_j = I + R_j Sigma R_j' in every level.

    Attributes
    ----------
    log_det : float
        Sum of log|K_j|.
    inverse : ndarray (J, q, q)
        K^-1.
    b : ndarray (k, J, q, q)
        B_i = R S_i R'.
    scaled : ndarray (k, J, q, q)
        K^-1 B_i.
    x : ndarray (J, q, d)
        K^-1 T.
    bx : ndarray (k, J, q, d)
        B_i K^-1 T.
    """

    log_det: float
    inverse: FloatArray
    b: FloatArray
    scaled: FloatArray
    x: FloatArray
    bx: FloatArray


@dataclass(frozen=True, slots=True)
class Outer:
    """Crossproducts of the outer columns, the inner factor being accounted for; B batches of m columns.

    Attributes
    ----------
    zz, zx : (B, m, m), (B, m, d)
        Z' Omega_1^-1 Z and Z' Omega_1^-1 [X y], Omega_1 = I + inner part.
    zz1, zx1 : k of them
        The same with Omega_1^-1 Omega_i Omega_1^-1 in the middle.
    zz2, zx2 : k by k of them
        The same with Omega_1^-1 Omega_i Omega_1^-1 Omega_j Omega_1^-1.
    """

    zz: Block
    zx: FloatArray
    zz1: list[Block]
    zx1: list[FloatArray]
    zz2: list[list[Block]]
    zx2: list[list[FloatArray]]


def evaluate(layout: Layout, sigmas: Sequence[FloatArray]) -> Moments:
    """Moments at the relative covariance matrix of each factor (inner first, working coordinates).

    Raises
    ------
    FitError
        When the predictors explain every outcome exactly.
    """
    inner = weigh_inner(layout, sigmas[0])
    sums = _inner_sums(layout, inner)
    if layout.outer is not None:
        sums = _with_outer(layout, sigmas[1:], inner, sums)
    relative = np.concatenate([_parameters(f, s) for f, s in zip(layout.factors, sigmas, strict=True)])
    return _finish(layout.n_rows, relative, sums)


@dataclass(frozen=True, slots=True)
class Sums:
    """Moments before beta is solved for: the same as in `Moments`, with y as the last of d = p + 1 columns."""

    log_det: float
    total: FloatArray
    trace: FloatArray
    trace2: FloatArray
    first: FloatArray
    second: FloatArray


def _finish(n_rows: int, relative: FloatArray, sums: Sums) -> Moments:
    p = sums.total.shape[0] - 1
    beta, covariance, residual, log_det_x = solve(sums.total)
    b = np.append(-beta, 1.0)
    return Moments(
        n_rows=n_rows,
        n_coefficients=p,
        relative=relative,
        log_det=sums.log_det,
        log_det_x=log_det_x,
        beta=beta,
        covariance=covariance,
        residual=residual,
        trace=sums.trace,
        trace2=sums.trace2,
        first=sums.first[:, :p, :p],
        second=sums.second[:, :, :p, :p],
        error=sums.first @ b @ b,
        error2=sums.second @ b @ b,
        cross=(sums.first @ b)[:, :p],
    )


def _inner_sums(layout: Layout, inner: Inner) -> Sums:
    k, d = len(inner.b), layout.t.shape[2]
    half = _times(inner.inverse[None], inner.bx)
    stacked = inner.bx.transpose(1, 2, 0, 3).reshape(-1, k * d)  # (J q, k d)
    first = (inner.x.reshape(-1, d).T @ stacked).reshape(d, k, d)
    second = (half.transpose(1, 2, 0, 3).reshape(-1, k * d).T @ stacked).reshape(k, d, k, d)
    flat = inner.scaled.reshape(k, -1)
    return Sums(
        log_det=inner.log_det,
        total=layout.within + _cross(layout.t, inner.x),
        trace=np.einsum("kjaa->k", inner.scaled),
        trace2=flat @ np.swapaxes(inner.scaled, 2, 3).reshape(k, -1).T,
        first=first.transpose(1, 0, 2),
        second=second.transpose(0, 2, 1, 3),
    )


def _with_outer(layout: Layout, sigmas: Sequence[FloatArray], inner: Inner, sums: Sums) -> Sums:
    """Add the outer factors by Woodbury: D = [X y], R = [-H F_zx; I] gives Omega^-1 D = Omega_1^-1 [Z D] R."""
    assert layout.outer is not None
    outer = gather_outer(layout.outer, inner)
    factors = layout.factors[1:]
    parts = parts_of(factors, nested=layout.nested)
    solved = solve_outer(parts, sigmas, outer.zz)
    rz = -(solved.h @ outer.zx)
    kx = outer.zx + left_times(outer.zz, rz)  # Z' Omega^-1 D
    k, d = len(inner.b), sums.total.shape[0]
    gx = [outer.zx1[i] + left_times(outer.zz1[i], rz) for i in range(k)]  # Z' Omega_1^-1 Omega_i Omega^-1 D
    first = np.stack([sums.first[i] + _pair(rz, gx[i]) + _pair(outer.zx1[i], rz) for i in range(k)])
    second = np.empty((k, k, d, d))
    hz1 = [left_times(outer.zz1[i], solved.h) for i in range(k)]
    trace2 = sums.trace2.copy()
    for i in range(k):
        for j in range(k):
            second[i, j] = (
                sums.second[i, j]
                + _pair(rz, outer.zx2[i][j] + left_times(outer.zz2[i][j], rz))
                + _pair(outer.zx2[j][i], rz)
                - _pair(gx[i], solved.h @ gx[j])
            )
            trace2[i, j] += float(np.einsum("bij,bji->", hz1[i], hz1[j])) - 2.0 * trace_with(outer.zz2[i][j], solved.h)
    trace = sums.trace - np.array([trace_with(block, solved.h) for block in outer.zz1])
    inner_part = Sums(sums.log_det + solved.log_det, sums.total + _pair(outer.zx, rz), trace, trace2, first, second)
    return _join(inner_part, outer, solved, factors, parts, kx, gx)


def _pair(left: FloatArray, right: FloatArray) -> FloatArray:
    """Sum over the batch of left' right."""
    return left.reshape(-1, left.shape[-1]).T @ right.reshape(-1, right.shape[-1])


def _join(
    sums: Sums,
    outer: Outer,
    solved: Solved,
    factors: Sequence[Factor],
    parts: Sequence[Part],
    kx: FloatArray,
    gx: Sequence[FloatArray],
) -> Sums:
    """Append the outer factors' parameters to the inner ones."""
    k, d = len(sums.trace), sums.total.shape[0]
    places = [(part, s) for factor, part in zip(factors, parts, strict=True) for s in factor.basis]
    size = k + len(places)
    trace, trace2 = np.zeros(size), np.zeros((size, size))
    first, second = np.zeros((size, d, d)), np.zeros((size, size, d, d))
    trace[:k], trace2[:k, :k], first[:k], second[:k, :k] = sums.trace, sums.trace2, sums.first, sums.second
    sided = [_apply_rows(kx, part, s) for part, s in places]  # S Z' Omega^-1 D in the part's rows
    between = [solved.keep @ g for g in gx]  # Z' Omega^-1 Omega_i Omega^-1 D
    mixed = [_diagonal_blocks(solved.keep, outer.zz1[i], parts) for i in range(k)]
    for a, (part, s) in enumerate(places, start=k):
        own = sided[a - k]
        trace[a] = float(np.einsum("blac,ac->", level_blocks(solved.k, part), s))
        first[a] = _pair(kx[:, part.place], own)
        for i in range(k):
            second[i, a] = _pair(between[i][:, part.place], own)
            second[a, i] = second[i, a].T
            trace2[i, a] = trace2[a, i] = float(np.einsum("blac,ac->", mixed[i][parts.index(part)], s))
        for b, (other, t) in enumerate(places, start=k):
            if b < a:
                continue
            block = solved.k[:, part.place, other.place]
            second[a, b] = _pair(own, block @ sided[b - k])
            second[b, a] = second[a, b].T
            turned = np.swapaxes(apply_by_level(np.ascontiguousarray(np.swapaxes(block, 1, 2)), s), 1, 2)
            trace2[a, b] = trace2[b, a] = float(
                np.einsum("bij,bij->", turned, apply_by_level(np.ascontiguousarray(block), t))
            )
    return Sums(sums.log_det, sums.total, trace, trace2, first, second)


def _apply_rows(rows: FloatArray, part: Part, matrix: FloatArray) -> FloatArray:
    """Multiply each level's rows of a batch (B, m, d) by a symmetric `matrix` from the left; only the part's rows."""
    own = rows[:, part.place]
    if part.width == 1:
        return own * matrix[0, 0]
    split = own.reshape(own.shape[0], part.levels, part.width, own.shape[2])
    return (matrix @ split).reshape(own.shape)


def _diagonal_blocks(keep: FloatArray, block: Block, parts: Sequence[Part]) -> list[FloatArray]:
    """Diagonal blocks by level of keep' ... : (I - F H) block (I - H F), for every part."""
    half = np.swapaxes(left_times(block, np.swapaxes(keep, 1, 2)), 1, 2)  # keep @ block, the block being symmetric
    found: list[FloatArray] = []
    for part in parts:
        shape = (keep.shape[0], part.levels, part.width, keep.shape[2])
        left, right = half[:, part.place].reshape(shape), keep[:, part.place].reshape(shape)
        found.append(np.einsum("blam,blcm->blac", left, right, optimize=True))
    return found


def _parameters(factor: Factor, sigma: FloatArray) -> FloatArray:
    first = factor.basis.reshape(len(factor.basis), -1).argmax(axis=1)
    return sigma.reshape(-1)[first]


def weigh_inner(layout: Layout, sigma: FloatArray) -> Inner:
    """The inner factor's part at its relative covariance `sigma`."""
    triangle = layout.triangle
    q = triangle.shape[1]
    if q == 1:
        spread = 1.0 + triangle**2 * sigma[0, 0]
        inverse, log_det = 1.0 / spread, float(np.log(spread).sum())
    elif q == 2:
        inverse, log_det = _invert_pairs(np.eye(2) + triangle @ sigma @ np.swapaxes(triangle, 1, 2))
    else:
        spread = np.eye(q) + triangle @ sigma @ np.swapaxes(triangle, 1, 2)
        log_det = 2.0 * float(np.log(np.einsum("jaa->ja", np.linalg.cholesky(spread))).sum())
        inverse = np.linalg.inv(spread)
        inverse = (inverse + np.swapaxes(inverse, 1, 2)) / 2.0
    x = _times(inverse, layout.t)
    return Inner(log_det, inverse, layout.basis, _times(inverse, layout.basis), x, _times(layout.basis, x[None]))


def _invert_pairs(spread: FloatArray) -> tuple[FloatArray, float]:
    """Inverse of many symmetric 2 x 2 matrices and the sum of their log determinants."""
    a, b, c = spread[:, 0, 0], spread[:, 0, 1], spread[:, 1, 1]
    determinant = a * c - b * b
    inverse = np.empty_like(spread)
    inverse[:, 0, 0], inverse[:, 1, 1] = c / determinant, a / determinant
    inverse[:, 0, 1] = inverse[:, 1, 0] = -b / determinant
    return inverse, float(np.log(determinant).sum())


def _times(left: FloatArray, right: FloatArray) -> FloatArray:
    """Batched product; elementwise where the matrices are 1 x 1."""
    return left * right if left.shape[-1] == 1 else left @ right


def _cross(left: FloatArray, right: FloatArray) -> FloatArray:
    """Sum over levels of left_j' right_j."""
    return left.reshape(-1, left.shape[-1]).T @ right.reshape(-1, right.shape[-1])


def gather_outer(outer: Dense | Sparse, inner: Inner) -> Outer:
    return _gather_dense(outer, inner) if isinstance(outer, Dense) else _gather_sparse(outer, inner)


def _gather_dense(outer: Dense, inner: Inner) -> Outer:
    def total(left: FloatArray, right: FloatArray) -> FloatArray:
        if len(outer.starts) == 1:
            return _cross(left, right)[None]
        flipped = np.swapaxes(left, 1, 2)
        product = flipped * right if left.shape[1] == 1 else flipped @ right
        return np.add.reduceat(product, outer.starts, axis=0)

    z = _times(inner.inverse, outer.t)
    bz = [_times(b, z) for b in inner.b]
    kz = [_times(inner.inverse, b) for b in bz]
    return Outer(
        zz=outer.zz + total(outer.t, z),
        zx=outer.zx + total(outer.t, inner.x),
        zz1=[total(z, b) for b in bz],
        zx1=[total(z, x) for x in inner.bx],
        zz2=[[total(k, b) for b in bz] for k in kz],
        zx2=[[total(k, x) for x in inner.bx] for k in kz],
    )


def _gather_sparse(outer: Sparse, inner: Inner) -> Outer:
    def spread(blocks: FloatArray) -> sparse.csr_array:
        levels, q = int(blocks.shape[0]), int(blocks.shape[1])
        columns: IntArray = np.arange(levels * q, dtype=np.intp).reshape(levels, 1, q)
        places = np.repeat(columns, q, axis=1).ravel()
        pointer: IntArray = np.arange(0, levels * q * q + 1, q, dtype=np.intp)
        return sparse.csr_array((blocks.ravel(), places, pointer))

    def total(left: sparse.csr_array, right: sparse.csr_array | FloatArray) -> sparse.csr_array:
        return sparse.csr_array(left.T @ right)

    def dense(left: sparse.csr_array, right: FloatArray) -> FloatArray:
        return (left.T @ right.reshape(-1, right.shape[-1]))[None]

    inverse = spread(inner.inverse)
    z = sparse.csr_array(inverse @ outer.t)
    bz = [sparse.csr_array(spread(b) @ z) for b in inner.b]
    kz = [sparse.csr_array(inverse @ b) for b in bz]
    return Outer(
        zz=outer.zz + total(outer.t, z),
        zx=outer.zx[None] + dense(outer.t, inner.x),
        zz1=[total(z, b) for b in bz],
        zx1=[dense(z, x) for x in inner.bx],
        zz2=[[total(k, b) for b in bz] for k in kz],
        zx2=[[dense(k, x) for x in inner.bx] for k in kz],
    )
