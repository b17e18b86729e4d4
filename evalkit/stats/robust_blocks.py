"""Clusters turned into a few rows each, without loss, so that no matrix of a school's own size is ever made."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from evalkit.errors import FitError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

# A cluster keeps one row per pupil only where every pupil has a weight of its own; its matrices are then n by n.
LARGEST_BLOCK = 3000


@dataclass(frozen=True, slots=True)
class RandomTerm:
    """One random term of a mixed model, for instance `(1 | school)`.

    Attributes
    ----------
    groups : ndarray of int, shape (n,)
        Code of the unit that each row belongs to; units lie within the clusters of the robust covariance.
    design : ndarray, shape (n, q)
        Columns whose coefficients vary over units: ones for an intercept.
    covariance : ndarray, shape (q, q)
        Covariance of those coefficients, in squared units of the outcome.
    """

    groups: IntArray
    design: FloatArray
    covariance: FloatArray


@dataclass(frozen=True, slots=True)
class WorkingCovariance:
    """The covariance that a fitted model believes in: V = residual_variance / weight + sum over terms of Z T Z'.

    Attributes
    ----------
    residual_variance : float
        Variance of a row of weight 1, above 0. Only ratios to it matter.
    terms : tuple of RandomTerm
        Empty for weighted least squares with weights that are inverse variances.
    """

    residual_variance: float = 1.0
    terms: tuple[RandomTerm, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Bucket:
    """Clusters that have the same number of rows r after reduction, stacked (b of them).

    Attributes
    ----------
    clusters : ndarray of int, shape (b,)
    design : ndarray, shape (b, r, p)
        X_j, rotated.
    weighted_design : ndarray, shape (b, r, p)
        W_j X_j, rotated.
    residuals : ndarray, shape (b, r)
    working : ndarray, shape (b, r, r), or None for the identity
        Target covariance Phi_j, rotated.
    """

    clusters: IntArray
    design: FloatArray
    weighted_design: FloatArray
    residuals: FloatArray
    working: FloatArray | None


@dataclass(frozen=True, slots=True)
class _Rows:
    cluster: IntArray
    design: FloatArray
    weighted: FloatArray
    random: tuple[FloatArray, ...]
    residuals: FloatArray
    weights: FloatArray
    groups: tuple[IntArray, ...]


def reduce_clusters(
    design: FloatArray,
    residuals: FloatArray,
    *,
    clusters: IntArray,
    weights: FloatArray | None,
    working: WorkingCovariance | None,
) -> list[Bucket]:
    """Rotate each cluster so that all but a few of its rows carry no information on the coefficients.

    Parameters
    ----------
    design : ndarray, shape (n, p)
    residuals : ndarray, shape (n,)
    clusters : ndarray of int, shape (n,)
        Codes 0 .. J-1.
    weights : ndarray, shape (n,), or None
    working : WorkingCovariance or None

    Returns
    -------
    list of Bucket
        Every cluster once.

    Raises
    ------
    FitError
        When a unit of a random term lies in two clusters, or a cluster keeps more than `LARGEST_BLOCK` rows.

    Notes
    -----
    The sandwich is unchanged when the rows of a cluster are multiplied by an orthogonal Q_j: the Bell-McCaffrey matrix
    only becomes Q_j A_j Q_j'. In a cell of rows with equal weight and equal units, Phi is a multiple of the identity
    on the complement of span[Z X]; Q chosen by the QR of [1 Z X e] leaves at most 1 + (columns that vary within
    cells) rows in which X is not zero, the rest drop out of every sum exactly. For weights without a working
    covariance Phi = I and the span is that of [X WX].
    """
    terms = working.terms if working is not None else ()
    w = np.ones(len(residuals)) if weights is None else weights
    u = design if weights is None or working is not None else design * w[:, None]
    rows = _rotate_cells(
        _Rows(clusters, design, u, tuple(t.design for t in terms), residuals, w, tuple(t.groups for t in terms)),
        split_weights=working is not None,
    )
    return _stack(rows, working)


def _rotate_cells(rows: _Rows, *, split_weights: bool) -> _Rows:
    keys = [rows.cluster, *rows.groups]
    if split_weights:
        keys.append(np.unique(rows.weights, return_inverse=True)[1])
    for groups in rows.groups:
        _check_nested(rows.cluster, groups)
    order, starts, sizes = _cells(keys)
    same = rows.weighted is rows.design
    columns = np.column_stack([*rows.random, rows.design] if same else [*rows.random, rows.design, rows.weighted])
    columns = columns[order]
    varying = np.flatnonzero((np.maximum.reduceat(columns, starts) != np.minimum.reduceat(columns, starts)).any(axis=0))
    constant = np.setdiff1d(np.arange(columns.shape[1], dtype=np.intp), varying)
    # Columns that are constant in a cell lie in the span of the ones, so they add no row.
    stacked = np.column_stack([np.ones(len(order)), columns[:, varying], columns[:, constant], rows.residuals[order]])
    keep = 1 + len(varying)
    pieces: list[FloatArray] = []
    sources: list[IntArray] = []
    for size in np.unique(sizes).tolist():
        first = starts[sizes == size]
        index = first[:, None] + np.arange(size, dtype=np.intp)
        if size <= keep:
            pieces.append(stacked[index.ravel()])
            sources.append(order[index.ravel()])
        else:
            triangles = np.asarray(np.linalg.qr(stacked[index], mode="r"), dtype=np.float64)
            pieces.append(triangles[:, :keep].reshape(-1, stacked.shape[1]))
            sources.append(np.repeat(order[first], keep))
    values, source = np.concatenate(pieces), np.concatenate(sources)
    back = np.empty(columns.shape[1], dtype=np.intp)
    back[np.concatenate([varying, constant])] = np.arange(columns.shape[1])
    return _unpack(rows, values[:, 1:-1][:, back], values[:, -1], source)


def _unpack(rows: _Rows, columns: FloatArray, residuals: FloatArray, source: IntArray) -> _Rows:
    widths = [z.shape[1] for z in rows.random] + [rows.design.shape[1]]
    *random, design, weighted = np.split(columns, np.cumsum(widths), axis=1)
    weighted = design if rows.weighted is rows.design else weighted
    groups = tuple(g[source] for g in rows.groups)
    return _Rows(rows.cluster[source], design, weighted, tuple(random), residuals, rows.weights[source], groups)


def _stack(rows: _Rows, working: WorkingCovariance | None) -> list[Bucket]:
    order, starts, sizes = _cells([rows.cluster])
    if sizes.max() > LARGEST_BLOCK:
        raise FitError(
            f"A cluster of {int(sizes.max())} rows with as many different weights is too large for this covariance "
            f"(at most {LARGEST_BLOCK}): round the weights to fewer values, or use weights of the whole cluster."
        )
    buckets: list[Bucket] = []
    for size in np.unique(sizes).tolist():
        index = order[starts[sizes == size][:, None] + np.arange(size, dtype=np.intp)]
        design, weighted = rows.design[index], rows.weighted[index]
        phi = None if working is None else _working_blocks(rows, working, index)
        if phi is not None:
            weighted = np.asarray(np.linalg.solve(phi, design), dtype=np.float64)
        buckets.append(Bucket(rows.cluster[index[:, 0]], design, weighted, rows.residuals[index], phi))
    return buckets


def _working_blocks(rows: _Rows, working: WorkingCovariance, index: IntArray) -> FloatArray:
    phi = np.zeros((*index.shape, index.shape[1]))
    diagonal = np.arange(index.shape[1], dtype=np.intp)
    phi[:, diagonal, diagonal] = working.residual_variance / rows.weights[index]
    for term, z, groups in zip(working.terms, rows.random, rows.groups, strict=True):
        zj, unit = z[index], groups[index]
        phi += np.where(unit[:, :, None] == unit[:, None, :], zj @ term.covariance @ zj.transpose(0, 2, 1), 0.0)
    return phi


def _cells(keys: list[IntArray]) -> tuple[IntArray, IntArray, IntArray]:
    order = np.lexsort(keys[::-1])
    changed = np.zeros(len(order), dtype=bool)
    changed[0] = True
    for key in keys:
        changed[1:] |= np.diff(key[order]) != 0
    starts = np.flatnonzero(changed)
    return order, starts, np.diff(np.append(starts, len(order)))


def _check_nested(clusters: IntArray, groups: IntArray) -> None:
    order = np.lexsort((clusters, groups))
    split = (np.diff(groups[order]) == 0) & (np.diff(clusters[order]) != 0)
    if split.any():
        raise FitError(
            "A unit of a random term lies in more than one cluster: cluster by the highest level of the model, "
            "or by a level above it."
        )
