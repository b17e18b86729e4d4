"""What each item of a questionnaire shows: spread, fit with the rest, floor and ceiling; and careless rows."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evalkit.errors import FitError
from evalkit.stats.vectors import BoolArray, FloatArray, check_scale, finite_vector


@dataclass(frozen=True, slots=True)
class ItemStatistic:
    """One item of a scale.

    Attributes
    ----------
    n, mean, sd : int, float, float
        Of all answers to this item; NaN where too few.
    item_rest_r : float
        Correlation with the sum of the other items, in rows with all answers; NaN where undefined.
    alpha_if_dropped : float
        Alpha of the other items, in the same rows; NaN for a scale of 2 items or where undefined.
    n_complete : int
        Rows with all answers.
    floor_percent, ceiling_percent : float, 0 to 100
        Of the answers given, at the lowest and the highest possible answer.
    missing_percent : float, 0 to 100
        Of all rows.
    """

    n: int
    mean: float
    sd: float
    item_rest_r: float
    alpha_if_dropped: float
    n_complete: int
    floor_percent: float
    ceiling_percent: float
    missing_percent: float


@dataclass(frozen=True, slots=True)
class FloorCeiling:
    """How many scores sit at the ends of the scale, where change can no longer show."""

    n: int
    n_floor: int
    n_ceiling: int
    floor_percent: float
    ceiling_percent: float


def item_statistics(items: npt.ArrayLike, *, minimum: float, maximum: float) -> tuple[ItemStatistic, ...]:
    """Describe every item of a scale.

    Parameters
    ----------
    items : array_like, shape (n, k)
        Scored answers, NaN where missing; k >= 2.
    minimum, maximum : float
        Lowest and highest possible answer, from the instrument.

    Returns
    -------
    tuple of ItemStatistic, length k
        A constant item has a row too; what is undefined for it is NaN.

    Raises
    ------
    FitError
        Without rows, with fewer than 2 items, or with answers outside the range.

    Notes
    -----
    With C the covariance matrix of the complete rows: rest variance v_i = 1'C1 - 2 (C1)_i + C_ii,
    item-rest r = ((C1)_i - C_ii) / sqrt(C_ii v_i), alpha if dropped = (k-1)/(k-2) (1 - (tr C - C_ii) / v_i).

    Examples
    --------
    >>> first = item_statistics([[1, 2, 1], [2, 2, 3], [3, 4, 3], [4, 4, 5]], minimum=1, maximum=5)[0]
    >>> first.mean, round(first.item_rest_r, 3), first.floor_percent
    (2.5, 1.0, 25.0)
    """
    matrix = np.asarray(items, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[1] < 2 or matrix.shape[0] < 1:
        raise FitError(f"Items come as a table of pupils by at least 2 items; found the shape {matrix.shape}.")
    answered = ~np.isnan(matrix)
    check_scale(matrix[answered], "the answers", minimum=minimum, maximum=maximum)
    counts = answered.sum(axis=0)
    filled = np.where(answered, matrix, 0.0)
    means = _divide(filled.sum(axis=0), counts)
    squares = np.where(answered, (matrix - means) ** 2, 0.0).sum(axis=0)
    sds = np.sqrt(_divide(squares, counts - 1))
    floors = _divide(100.0 * np.count_nonzero(answered & (matrix == minimum), axis=0), counts)
    ceilings = _divide(100.0 * np.count_nonzero(answered & (matrix == maximum), axis=0), counts)
    rest, dropped, n_complete = _against_the_rest(matrix[answered.all(axis=1)])
    return tuple(
        ItemStatistic(
            n=int(counts[i]),
            mean=float(means[i]),
            sd=float(sds[i]),
            item_rest_r=float(rest[i]),
            alpha_if_dropped=float(dropped[i]),
            n_complete=n_complete,
            floor_percent=float(floors[i]),
            ceiling_percent=float(ceilings[i]),
            missing_percent=100.0 * (1 - int(counts[i]) / matrix.shape[0]),
        )
        for i in range(matrix.shape[1])
    )


def scale_floor_ceiling(scores: npt.ArrayLike, *, minimum: float, maximum: float) -> FloorCeiling:
    """Count scores at the lowest and the highest possible value.

    Parameters
    ----------
    scores : array_like, shape (n,)
        No missing values.
    minimum, maximum : float
        Ends of the scale, from the instrument.

    Returns
    -------
    FloorCeiling
        Percentages are NaN without scores.

    Examples
    --------
    >>> scale_floor_ceiling([1, 3, 5, 5], minimum=1, maximum=5).ceiling_percent
    50.0
    """
    values = finite_vector(scores, "scores")
    check_scale(values, "scores", minimum=minimum, maximum=maximum)
    slack = 1e-9 * (maximum - minimum)
    n_floor = int(np.count_nonzero(values <= minimum + slack))
    n_ceiling = int(np.count_nonzero(values >= maximum - slack))
    share = 100.0 / values.size if values.size else math.nan
    return FloorCeiling(values.size, n_floor, n_ceiling, share * n_floor, share * n_ceiling)


def straight_lining(raw_items: npt.ArrayLike, *, minimum_answered: int = 6) -> BoolArray:
    """Mark rows that give one and the same answer to everything.

    Parameters
    ----------
    raw_items : array_like, shape (n, k)
        Answers as given, BEFORE any reversal, NaN where missing.
    minimum_answered : int, >= 2
        Rows with fewer answers are never marked.

    Returns
    -------
    bool array, shape (n,)
        Worth a look, no more: the same answer throughout contradicts itself only if the scale has reversed items, and
        on a short scale without them it can be an honest answer. Say which holds before drawing a conclusion.

    Examples
    --------
    >>> straight_lining([[4, 4, 4, 4, 4, 4], [4, 4, 4, 4, 4, 3]]).tolist()
    [True, False]
    """
    matrix = np.asarray(raw_items, dtype=np.float64)
    if matrix.ndim != 2:
        raise FitError(f"Items come as a table of pupils by items; found {matrix.ndim} dimensions.")
    if minimum_answered < 2:
        raise FitError(f"minimum_answered is {minimum_answered}; one answer cannot differ from itself. Use 2 or more.")
    answered = ~np.isnan(matrix)
    highest = np.where(answered, matrix, -np.inf).max(axis=1, initial=-np.inf)
    lowest = np.where(answered, matrix, np.inf).min(axis=1, initial=np.inf)
    return (highest == lowest) & (answered.sum(axis=1) >= minimum_answered)


def _divide(values: npt.NDArray[np.float64 | np.int64], counts: npt.NDArray[np.int64]) -> FloatArray:
    """Values over counts, NaN where a count is 0 or less."""
    result = np.full(values.shape, np.nan)
    np.divide(values, counts, out=result, where=counts > 0)
    return result


def _against_the_rest(complete: FloatArray) -> tuple[FloatArray, FloatArray, int]:
    """Item-rest correlations, alphas if dropped, and the number of rows behind them."""
    n, k = len(complete), int(complete.shape[1])
    undefined: FloatArray = np.full((k,), np.nan, dtype=np.float64)
    if n < 3:
        return undefined, undefined, n
    covariance: FloatArray = np.cov(complete, rowvar=False, ddof=1)
    own, row_sums = np.diag(covariance), covariance.sum(axis=1)
    rest_variance = covariance.sum() - 2 * row_sums + own
    # Rounding leaves a rest without spread at about 1e-16 of the whole, not at 0.
    rest_variance = np.where(rest_variance > 1e-12 * np.trace(covariance), rest_variance, np.nan)
    spread = np.where(own > 0, own, np.nan)
    rest: FloatArray = (row_sums - own) / np.sqrt(spread * rest_variance)
    if k == 2:
        return rest, undefined, n
    dropped: FloatArray = (k - 1) / (k - 2) * (1 - (np.trace(covariance) - own) / rest_variance)
    return rest, dropped, n
