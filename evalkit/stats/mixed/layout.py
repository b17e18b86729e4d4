"""Sufficient statistics of any random structure: the finest factor removed in closed form, the rest kept small.

The factor with most levels (`inner`) is independent between its levels given the others, so each of its levels needs
only a triangle R (q x q, Z = Q R) and the coordinates T = Q'[Z_outer X y]; the remainder is one crossproduct. Factors
above it (`outer`) are either one factor that contains the inner one (nested: a small dense block per level) or anything
else (crossed: columns by level). No matrix has as many rows as the data.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from evalkit.errors import FitError
from evalkit.stats.mixed.moments import FloatArray, IntArray
from evalkit.stats.mixed.terms import Factor

SMALL = 500_000  # numbers in a crossed design's table of levels by levels, up to which it is kept dense
HUGE = 12_000  # effects of a crossed system, whose inverse is kept in memory
ROUNDING = 1e-10  # length of a column left after projection, relative to its own, that counts as none


@dataclass(frozen=True, slots=True)
class Dense:
    """Outer columns, in batches: one per outer level where one factor contains the inner one, else a single batch.

    Attributes
    ----------
    starts : ndarray (B,)
        First inner level of each batch.
    t : ndarray (J, q, m)
        Q' Z_outer in each inner level.
    zz : ndarray (B, m, m)
        Z_outer' Z_outer left within inner levels.
    zx : ndarray (B, m, p + 1)
    """

    starts: IntArray
    t: FloatArray
    zz: FloatArray
    zx: FloatArray


@dataclass(frozen=True, slots=True)
class Sparse:
    """Outer columns where a dense array would be large: one column per level and effect.

    Attributes
    ----------
    t : csr_array (J q, m)
    zz : csr_array (m, m)
    zx : ndarray (m, p + 1)
    """

    t: sparse.csr_array
    zz: sparse.csr_array
    zx: FloatArray


@dataclass(frozen=True, slots=True)
class Layout:
    """Sufficient statistics and structure.

    Attributes
    ----------
    n_rows : int
    factors : tuple of Factor
        The inner factor first.
    order : ndarray (J,)
        Level code of the inner factor at each place of the arrays below.
    triangle : ndarray (J, q, q)
        R.
    t : ndarray (J, q, p + 1)
        Q'[X y].
    within : ndarray (p + 1, p + 1)
        Crossproduct of [X y] left within inner levels.
    basis : ndarray (k, J, q, q)
        R S_i R' for each covariance parameter of the inner factor.
    outer : Dense, Sparse or None
    nested : bool
        Whether the batches of `outer` are the levels of one outer factor.
    """

    n_rows: int
    factors: tuple[Factor, ...]
    order: IntArray
    triangle: FloatArray
    t: FloatArray
    within: FloatArray
    basis: FloatArray
    outer: Dense | Sparse | None
    nested: bool


def is_nested(inner: IntArray, outer: IntArray, levels: int) -> bool:
    """Whether every inner level lies in a single outer level."""
    parent = np.zeros(levels, dtype=np.intp)
    parent[inner] = outer
    return bool((parent[inner] == outer).all())


def build_layout(rows: FloatArray, factors: Sequence[Factor]) -> Layout:
    """Reduce working rows (p + 1, n) and factors (finest first) to a `Layout`."""
    inner, outer = factors[0], list(factors[1:])
    nested = len(outer) == 1 and is_nested(inner.codes, outer[0].codes, inner.levels)
    if nested:
        parent = np.zeros(inner.levels, dtype=np.intp)
        parent[inner.codes] = outer[0].codes
        order = np.argsort(parent, kind="stable")
    else:
        parent, order = np.zeros(0, dtype=np.intp), np.arange(inner.levels)
    place = np.empty(inner.levels, dtype=np.intp)
    place[order] = np.arange(inner.levels)
    codes = place[inner.codes]
    z = inner.columns
    sort = None if (np.diff(codes) >= 0).all() else np.argsort(codes, kind="stable")
    if sort is not None:
        codes, rows, z = codes[sort], rows[:, sort], z[:, sort]
    counts = np.bincount(codes, minlength=inner.levels)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    q_rows, triangle = _orthogonalise(z, starts, counts)
    t, left = _project(q_rows, rows, starts, counts)
    if not outer:
        rest = None
    elif nested:
        above = outer[0].columns if sort is None else outer[0].columns[:, sort]
        rest = _nested(above, q_rows, left, starts, counts, parent[order])
    else:
        rest = _crossed(outer, q_rows, left, codes, sort, inner.levels)
    basis = np.einsum("jab,kbc,jdc->kjad", triangle, inner.basis, triangle)
    return Layout(rows.shape[1], tuple(factors), order, triangle, t, left @ left.T, basis, rest, nested)


def _orthogonalise(z: FloatArray, starts: IntArray, counts: IntArray) -> tuple[FloatArray, FloatArray]:
    """Gram-Schmidt with one repetition in every inner level at once: Z = Q R; a column without length gets Q = 0."""
    q = z.shape[0]
    triangle = np.zeros((starts.size, q, q))
    basis = np.zeros_like(z)
    for column in range(q):
        rest = z[column]
        before = np.add.reduceat(rest**2, starts)
        for _ in range(2 if column else 0):
            for earlier in range(column):
                along = np.add.reduceat(basis[earlier] * rest, starts)
                triangle[:, earlier, column] += along
                rest = rest - basis[earlier] * np.repeat(along, counts)
        length = np.sqrt(np.add.reduceat(rest**2, starts))
        length[length <= ROUNDING * np.sqrt(before)] = 0.0
        triangle[:, column, column] = length
        basis[column] = rest * np.repeat(np.divide(1.0, length, out=np.zeros_like(length), where=length > 0.0), counts)
    return basis, triangle


def _project(q_rows: FloatArray, rows: FloatArray, starts: IntArray, counts: IntArray) -> tuple[FloatArray, FloatArray]:
    """Coordinates T (J, q, d) of rows (d, n) on Q within levels, and what is left of the rows."""
    t = np.empty((starts.size, q_rows.shape[0], rows.shape[0]))
    left = rows.copy()
    for column in range(q_rows.shape[0]):
        along = np.add.reduceat(left * q_rows[column], starts, axis=1)
        t[:, column, :] = along.T
        left -= q_rows[column] * np.repeat(along, counts, axis=1)
    return t, left


def _nested(
    above: FloatArray, q_rows: FloatArray, left: FloatArray, starts: IntArray, counts: IntArray, parent: IntArray
) -> Dense:
    t, rest = _project(q_rows, above, starts, counts)
    first = np.concatenate([[0], np.flatnonzero(np.diff(parent)) + 1])
    row_starts = starts[first]
    m, d = rest.shape[0], left.shape[0]
    zz, zx = np.zeros((first.size, m, m)), np.zeros((first.size, m, d))
    for a in range(m):
        if np.abs(rest[a]).max() <= ROUNDING * np.abs(above[a]).max():
            continue  # constant within inner levels: what is left is rounding
        zx[:, a, :] = np.add.reduceat(rest[a] * left, row_starts, axis=1).T
        zz[:, a, :] = np.add.reduceat(rest[a] * rest, row_starts, axis=1).T
    return Dense(first, t, zz, zx)


def _crossed(
    outer: Sequence[Factor], q_rows: FloatArray, left: FloatArray, codes: IntArray, sort: IntArray | None, levels: int
) -> Dense | Sparse:
    n, q = int(codes.size), int(q_rows.shape[0])
    m = sum(factor.levels * factor.width for factor in outer)
    if m > HUGE:
        raise FitError(
            f"These crossed random effects need a system of {m} effects beside the factor with most levels; {HUGE} are "
            "possible. Leave out a random term or its slopes, or analyse a part of the data."
        )
    parts: list[sparse.csr_array] = []
    for factor in outer:
        width = factor.width
        factor_codes = factor.codes if sort is None else factor.codes[sort]
        columns = factor.columns if sort is None else factor.columns[:, sort]
        places = (factor_codes[:, None] * width + np.arange(width)).ravel()
        pointer = np.arange(0, n * width + 1, width)
        parts.append(sparse.csr_array((columns.T.ravel(), places, pointer), shape=(n, factor.levels * width)))
    z = sparse.csr_array(sparse.hstack(parts, format="csr"))
    places = (codes[:, None] * q + np.arange(q, dtype=np.intp)).ravel()
    pointer = np.arange(0, n * q + 1, q, dtype=np.intp)
    basis = sparse.csr_array((q_rows.T.ravel(), places, pointer), shape=(n, levels * q))
    t = sparse.csr_array(basis.T @ z)
    zz = sparse.csr_array(z.T @ z - t.T @ t)
    zx = z.T @ left.T
    if t.shape[0] * t.shape[1] <= SMALL:
        dense: FloatArray = np.asarray(t.toarray(), dtype=np.float64).reshape(levels, q, -1)
        return Dense(np.zeros(1, dtype=np.intp), dense, zz.toarray()[None], zx[None])
    return Sparse(t, zz, zx)
