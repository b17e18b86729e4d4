"""The covariance matrix of a scale's items, from complete rows or pair by pair."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from evalkit.errors import FitError
from evalkit.stats.vectors import FloatArray

Missing = Literal["complete", "pairwise"]


@dataclass(frozen=True, slots=True, eq=False)
class ItemCovariance:
    """What classical item statistics are computed from.

    Attributes
    ----------
    covariance : array, shape (k, k)
        With divisor n - 1.
    n : int
        Rows with all answers; with `missing="pairwise"` the fewest rows behind any pair of items.
    n_incomplete : int
        Rows with an answer missing.
    """

    covariance: FloatArray
    n: int
    n_incomplete: int

    @property
    def correlation(self) -> FloatArray:
        """Correlation matrix, shape (k, k), with a diagonal of exactly 1."""
        spread = np.sqrt(np.diag(self.covariance))
        found: FloatArray = self.covariance / np.outer(spread, spread)
        np.fill_diagonal(found, 1.0)
        return found


def item_covariance(items: npt.ArrayLike, *, missing: Missing = "complete") -> ItemCovariance:
    """Covariance matrix of the items of one scale.

    Parameters
    ----------
    items : array_like, shape (n, k)
        Scored answers (reversed items already reversed), NaN where missing; k >= 2.
    missing : "complete" or "pairwise"
        Use the rows with all answers; or for each pair of items the rows that have both, as psych's `alpha` does.

    Returns
    -------
    ItemCovariance

    Raises
    ------
    FitError
        With fewer than 2 items or 3 rows, an item without spread (named by its position), or total scores without
        spread.

    Examples
    --------
    >>> item_covariance([[1, 2], [2, 2], [3, 5], [3, float("nan")]]).covariance.tolist()
    [[1.0, 1.5], [1.5, 3.0]]
    """
    if missing not in get_args(Missing):
        raise FitError(f"missing is {missing!r}; use one of: {', '.join(get_args(Missing))}.")
    matrix = item_matrix(items)
    complete = ~np.isnan(matrix).any(axis=1)
    n_incomplete = int(np.count_nonzero(~complete))
    used = matrix[complete] if missing == "complete" and n_incomplete else matrix
    n, covariance = covariance_of(used)
    if n < 3:
        what = f"answered all {matrix.shape[1]} items" if missing == "complete" else "answered both of some two items"
        raise FitError(f"Only {n} of {len(matrix)} pupils {what}; reliability needs at least 3.")
    _check_spread(used, covariance)
    return ItemCovariance(covariance, n, n_incomplete)


def item_matrix(items: npt.ArrayLike) -> FloatArray:
    """Return the answers as a table of floats, shape (n, k), refusing other shapes and infinite answers."""
    matrix = np.asarray(items, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[1] < 2:
        raise FitError(f"Items come as a table of pupils by at least 2 items; found the shape {matrix.shape}.")
    if np.isinf(matrix).any():
        raise FitError("An answer is infinite. Leave a missing answer blank (NaN).")
    return matrix


def squared_multiple_correlations(correlation: FloatArray) -> FloatArray:
    """R squared of each item on all others, shape (k,), as psych's `smc`: kept between 0 and 1, pseudo-inverse.

    Examples
    --------
    >>> squared_multiple_correlations(np.array([[1.0, 0.6], [0.6, 1.0]])).round(2).tolist()
    [0.36, 0.36]
    """
    inverse = np.linalg.pinv(correlation, rcond=1.5e-8, hermitian=True)
    return np.clip(1 - 1 / np.diag(inverse), 0.0, 1.0)


def covariance_of(matrix: FloatArray) -> tuple[int, FloatArray]:
    """Fewest rows behind a pair of items, and covariances, each about the means of its own rows.

    Without gaps this is the ordinary covariance matrix; with fewer than 3 rows behind a pair it holds NaN.
    """
    answered = ~np.isnan(matrix)
    if answered.all():
        if len(matrix) < 3:
            return len(matrix), np.full((matrix.shape[1], matrix.shape[1]), np.nan)
        centred = matrix - matrix.mean(axis=0)
        return len(matrix), centred.T @ centred / (len(matrix) - 1)
    marks = answered.astype(np.float64)
    counts = marks.T @ marks
    n = int(counts.min())
    if n < 3:
        return n, np.full(counts.shape, np.nan)
    centre = np.where(answered, matrix, 0.0).sum(axis=0) / np.diag(counts)
    filled = np.where(answered, matrix - centre, 0.0)
    sums = filled.T @ marks
    return n, (filled.T @ filled - sums * sums.T / counts) / (counts - 1)


def _check_spread(matrix: FloatArray, covariance: FloatArray) -> None:
    constant = np.flatnonzero(np.fmax.reduce(matrix) == np.fmin.reduce(matrix))
    if constant.size:
        places = ", ".join(str(int(place) + 1) for place in constant)
        raise FitError(
            f"Everyone gave the same answer to item {places} (counted from 1), so these items have no spread and "
            "reliability cannot be computed with them."
        )
    if covariance.sum() <= 1e-12 * np.trace(covariance):
        raise FitError("All pupils have the same total score, so reliability is undefined. Check the reversed items.")
