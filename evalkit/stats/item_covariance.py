"""The covariance matrix of a scale's items, from complete rows or pair by pair."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from evalkit.errors import FitError
from evalkit.stats.vectors import FloatArray

Missing = Literal["complete", "pairwise"]
_BLOCK = 4096


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
    found = covariance_of(matrix, missing=missing)
    if found.n < 3:
        what = f"answered all {matrix.shape[1]} items" if missing == "complete" else "answered both of some two items"
        raise FitError(f"Only {found.n} of {len(matrix)} pupils {what}; reliability needs at least 3.")
    constant = np.flatnonzero(np.diag(found.covariance) == 0)
    if constant.size:
        places = ", ".join(str(int(place) + 1) for place in constant)
        raise FitError(
            f"Everyone gave the same answer to item {places} (counted from 1), so these items have no spread and "
            "reliability cannot be computed with them."
        )
    if found.covariance.sum() <= 1e-12 * np.trace(found.covariance):
        raise FitError("All pupils have the same total score, so reliability is undefined. Check the reversed items.")
    return found


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


def covariance_of(matrix: FloatArray, *, missing: Missing = "complete") -> ItemCovariance:
    """Covariances where items may be constant (exactly 0 then) and rows too few (below 3 all are NaN).

    Notes
    -----
    One pass over blocks that fit the processor's cache, of deviations from one row's answers: a constant item gives
    exact zeros, and little is lost to rounding.
    """
    shift = _first_answers(matrix, missing)
    k = matrix.shape[1]
    counts, sums, products = np.zeros((k, k)), np.zeros((k, k)), np.zeros((k, k))
    n_complete = 0
    for begin in range(0, len(matrix), _BLOCK):
        block = matrix[begin : begin + _BLOCK] - shift
        complete = ~np.isnan(block @ np.ones(k))
        whole = int(np.count_nonzero(complete))
        n_complete += whole
        if whole < len(block):
            if missing == "pairwise":
                _add_gappy(block[~complete], counts, sums, products)
            block = block[complete]
        counts += whole
        sums += block.sum(axis=0)[:, None]
        products += block.T @ block
    n, n_incomplete = int(counts.min()), len(matrix) - n_complete
    if n < 3:
        return ItemCovariance(np.full((k, k), np.nan), n, n_incomplete)
    covariance: FloatArray = (products - sums * sums.T / counts) / (counts - 1)
    return ItemCovariance((covariance + covariance.T) / 2, n, n_incomplete)


def _add_gappy(rows: FloatArray, counts: FloatArray, sums: FloatArray, products: FloatArray) -> None:
    """Add what each pair of items can take from rows with gaps."""
    gaps = np.isnan(rows)
    rows[gaps] = 0.0
    marks = (~gaps).astype(np.float64)
    counts += marks.T @ marks
    sums += rows.T @ marks
    products += rows.T @ rows


def _first_answers(matrix: FloatArray, missing: Missing) -> FloatArray:
    """The first complete row, or item by item the first answer; 0 where there is none."""
    found: FloatArray = np.zeros((int(matrix.shape[1]),), dtype=np.float64)
    if missing == "pairwise":
        for item, column in enumerate(matrix.T):
            given = ~np.isnan(column)
            if given.any():
                found[item] = column[int(given.argmax())]
        return found
    for begin in range(0, len(matrix), _BLOCK):
        block = matrix[begin : begin + _BLOCK]
        complete = ~np.isnan(block @ np.ones(matrix.shape[1]))
        if complete.any():
            found[:] = block[int(np.argmax(complete))]
            break
    return found
