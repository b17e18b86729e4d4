"""Random terms as the engine takes them, and the grouping factors they gather into."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evalkit.stats.mixed.moments import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class RandomTerm:
    """One random term, such as (1 + pre | school).

    Attributes
    ----------
    group : str
        Name of the grouping factor; terms with one name share it.
    names : tuple of str
        Column names: "(Intercept)", "pre".
    codes : ndarray (n,)
        Level of each row, 0 to levels - 1, every level present.
    levels : int
    columns : ndarray (q, n) or None
        Columns of Z as rows; None is a plain intercept.
    """

    group: str
    names: tuple[str, ...]
    codes: IntArray
    levels: int
    columns: FloatArray | None = None

    @property
    def width(self) -> int:
        """q, how many effects a level has."""
        return len(self.names)

    def rows(self) -> FloatArray:
        """Columns of Z (q, n), the intercept's ones written out."""
        return np.ones((1, self.codes.size)) if self.columns is None else self.columns


@dataclass(frozen=True, slots=True)
class Factor:
    """One grouping factor with all its terms side by side; their covariance is block diagonal by term.

    Attributes
    ----------
    codes : ndarray (n,)
    levels : int
    terms : tuple of int
        Positions of its terms in the user's list.
    blocks : tuple of tuple of int
        For each term the columns it occupies.
    columns : ndarray (q, n)
        Working columns of Z: each term's columns times `maps`, so that their mean crossproduct is the identity.
    maps : tuple of ndarray (q_t, q_t)
        A of each term: working = columns A, so a covariance S of working effects is A S A' in the user's units.
    basis : ndarray (k, q, q)
        Symmetric 0/1 matrices: covariance = sum of parameters times these, each term's lower triangle by column.
    """

    codes: IntArray
    levels: int
    terms: tuple[int, ...]
    blocks: tuple[tuple[int, ...], ...]
    columns: FloatArray
    maps: tuple[FloatArray, ...]
    basis: FloatArray

    @property
    def width(self) -> int:
        """q, columns of all its terms together."""
        return int(self.columns.shape[0])


def positions(blocks: Sequence[Sequence[int]]) -> list[tuple[int, int]]:
    """Row and column of each covariance parameter: every term's lower triangle, column by column."""
    return [(row, column) for block in blocks for at, column in enumerate(block) for row in block[at:]]


def basis_of(blocks: Sequence[Sequence[int]]) -> FloatArray:
    """The symmetric 0/1 matrix (k, q, q) of each covariance parameter."""
    places = positions(blocks)
    width = sum(len(block) for block in blocks)
    basis = np.zeros((len(places), width, width))
    for index, (row, column) in enumerate(places):
        basis[index, row, column] = basis[index, column, row] = 1.0
    return basis


def gather_factors(terms: Sequence[RandomTerm], weights: FloatArray | None) -> list[Factor]:
    """Put terms of one group side by side and scale their columns; the factor with most levels comes first."""
    groups: dict[str, list[int]] = {}
    for index, term in enumerate(terms):
        groups.setdefault(term.group, []).append(index)
    factors = [_factor(terms, tuple(members), weights) for members in groups.values()]
    return sorted(factors, key=lambda factor: -factor.levels)


def _factor(terms: Sequence[RandomTerm], members: tuple[int, ...], weights: FloatArray | None) -> Factor:
    blocks: list[tuple[int, ...]] = []
    maps: list[FloatArray] = []
    columns: list[FloatArray] = []
    start = 0
    for index in members:
        term = terms[index]
        scaled, change = _scale(term, weights)
        blocks.append(tuple(range(start, start + term.width)))
        maps.append(change)
        columns.append(scaled)
        start += term.width
    first = terms[members[0]]
    return Factor(first.codes, first.levels, members, tuple(blocks), np.vstack(columns), tuple(maps), basis_of(blocks))


def _scale(term: RandomTerm, weights: FloatArray | None) -> tuple[FloatArray, FloatArray]:
    """Working columns with mean crossproduct I, times sqrt(weights), and the map A that made them."""
    rows = term.rows()
    total = rows.shape[1] if weights is None else float(weights.sum())
    if weights is not None:
        rows = rows * np.sqrt(weights)
    elif term.columns is None:
        return rows, np.eye(1)
    length = np.sqrt((rows**2).sum(axis=1) / total)
    scaled = rows / length[:, None]
    try:
        factor = np.asarray(np.linalg.cholesky(scaled @ scaled.T / total), dtype=np.float64)
    except np.linalg.LinAlgError:
        return scaled, np.diag(1.0 / length)
    change = np.asarray(np.linalg.inv(factor), dtype=np.float64)
    return change @ scaled, (change / length).T
