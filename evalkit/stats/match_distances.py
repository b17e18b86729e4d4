"""How far programme and comparison units lie apart, and which of them may be partners."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from evalkit.errors import FitError
from evalkit.stats.linear import check_rows
from evalkit.stats.propensity import check_groups
from evalkit.stats.vectors import BoolArray, FloatArray, IntArray

# A table of distances larger than this would not fit a school's computer.
LARGEST_TABLE = 60_000_000
DECIMALS = 10


@dataclass(frozen=True, slots=True)
class Distances:
    """Distance of every programme unit to every comparison unit, and which pairs are allowed.

    Attributes
    ----------
    table : ndarray, shape (n_treated, n_control)
        Infinite where a pair is not allowed.
    treated, control : ndarray of int
        Places of the rows and columns of the table among all units.
    """

    table: FloatArray
    treated: IntArray
    control: IntArray

    def row(self, place: int) -> FloatArray:
        """Distances of one programme unit to all comparison units, shape (n_control,); a copy."""
        return self.table[place].copy()

    def gaps(self, rows: IntArray, columns: IntArray) -> FloatArray:
        """Distances of pairs."""
        return self.table[rows, columns]


@dataclass(frozen=True, slots=True)
class ScoreDistances:
    """The same for gaps of one score, worked out row by row where a table would be too large.

    Attributes
    ----------
    score : ndarray, shape (n,)
    caliper : float
        Infinite where there is none.
    labels : ndarray of int, shape (n,)
        On which partners must agree.
    treated, control : ndarray of int
        Places of programme and comparison units.
    """

    score: FloatArray
    caliper: float
    labels: IntArray
    treated: IntArray
    control: IntArray

    def row(self, place: int) -> FloatArray:
        """Distances of one programme unit to all comparison units, shape (n_control,)."""
        unit = self.treated[place]
        gaps: FloatArray = np.abs(self.score[unit] - self.score[self.control]).round(DECIMALS)
        gaps[(gaps > self.caliper) | (self.labels[self.control] != self.labels[unit])] = np.inf
        return gaps

    def gaps(self, rows: IntArray, columns: IntArray) -> FloatArray:
        """Distances of pairs."""
        gaps: FloatArray = np.abs(self.score[self.treated[rows]] - self.score[self.control[columns]])
        return gaps.round(DECIMALS)


def score_distances(
    score: ArrayLike, treated: ArrayLike, *, caliper: float | None = None, exact: ArrayLike | None = None
) -> ScoreDistances:
    """Gaps of one score without a table, for nearest neighbours among very many units.

    Parameters
    ----------
    score : array, shape (n,)
    treated : array, shape (n,)
    caliper, exact : as for `distances`

    Returns
    -------
    ScoreDistances
        A pair exactly at the caliper may fall on either side of it, for gaps are rounded to ten decimals.
    """
    values = check_rows("score", score, length=len(np.asarray(score)))
    chosen = check_groups(treated, length=len(values))
    labels = np.zeros(len(values)) if exact is None else np.unique(np.asarray(exact), return_inverse=True)[1]
    limit = np.inf if caliper is None else caliper
    codes = labels.astype(np.int64)
    return ScoreDistances(values, limit, codes, np.flatnonzero(chosen), np.flatnonzero(~chosen))


def distances(
    measures: ArrayLike,
    treated: ArrayLike,
    *,
    metric: Literal["absolute", "mahalanobis"] = "absolute",
    caliper: float | None = None,
    caliper_on: ArrayLike | None = None,
    exact: ArrayLike | None = None,
) -> Distances:
    """Measure how far programme and comparison units lie apart.

    Parameters
    ----------
    measures : array, shape (n,) or (n, k)
        The propensity's linear predictor, or covariates for Mahalanobis.
    treated : array, shape (n,)
    metric : {"absolute", "mahalanobis"}
    caliper : float, optional
        Largest gap allowed on `caliper_on`, in its own unit.
    caliper_on : array, shape (n,), optional
        `measures` when not given (metric "absolute").
    exact : array, shape (n,), optional
        Label on which partners must agree.

    Returns
    -------
    Distances

    Raises
    ------
    FitError
        Missing values, a caliper that is not above 0, too many units for a table, no pair that is allowed.

    Notes
    -----
    Mahalanobis: sqrt((x_i - x_j)'S^-1(x_i - x_j)), S the covariance pooled within groups (Rubin 1980), with the
    Moore-Penrose inverse.
    """
    x = np.asarray(measures, dtype=np.float64)
    x = x[:, None] if x.ndim == 1 else x
    if not np.isfinite(x).all():
        raise FitError("The measures to match on have missing values: leave those units out or fill the gaps first.")
    chosen = check_groups(treated, length=len(x))
    ones, zeros = np.flatnonzero(chosen), np.flatnonzero(~chosen)
    if ones.size * zeros.size > LARGEST_TABLE:
        raise FitError(
            f"{ones.size} x {zeros.size} distances are too many to hold at once. Use the method nearest with the "
            "propensity, or match schools."
        )
    if metric == "mahalanobis":
        x = x @ _whitening(x, chosen)
    # Units that are equally far must be tied whatever the last digit says, or results hang on rounding.
    table = np.round(_apart(x, ones, zeros), DECIMALS)
    if caliper is not None:
        if not caliper > 0:
            raise FitError(f"The caliper is {caliper}: it must be above 0.")
        on = x[:, :1] if caliper_on is None else np.asarray(caliper_on, dtype=np.float64)[:, None]
        table[_apart(on, ones, zeros) > caliper] = np.inf
    if exact is not None:
        labels = np.unique(np.asarray(exact), return_inverse=True)[1]
        table[labels[ones][:, None] != labels[zeros][None, :]] = np.inf
    if not np.isfinite(table).any():
        raise FitError(
            "Nobody with the programme has a comparison unit within reach: the groups do not overlap. Widen the "
            "caliper, ask for less exact agreement, or find other comparison units."
        )
    return Distances(table, ones, zeros)


def _apart(x: FloatArray, ones: IntArray, zeros: IntArray) -> FloatArray:
    if x.shape[1] == 1:
        return np.abs(x[ones] - x[zeros].T)
    squares = np.zeros((ones.size, zeros.size))
    for column in x.T:
        squares += (column[ones][:, None] - column[zeros][None, :]) ** 2
    return np.sqrt(squares)


def _whitening(x: FloatArray, chosen: BoolArray) -> FloatArray:
    centred: FloatArray = x - np.array([x[~chosen].mean(axis=0), x[chosen].mean(axis=0)])[chosen.astype(np.intp)]
    pooled = centred.T @ centred / (len(x) - 2)
    values, vectors = np.linalg.eigh(pooled)
    usable = values > 1e-10 * values.max(initial=0.0)
    return vectors[:, usable] / np.sqrt(values[usable])
