"""What each item of a questionnaire shows: spread, fit with the rest, floor and ceiling; and careless rows."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evalkit.errors import FitError
from evalkit.stats.item_covariance import Missing, covariance_of, squared_multiple_correlations
from evalkit.stats.vectors import BoolArray, FloatArray, check_scale, finite_vector

# The share of pupils in the upper and in the lower group that tells items apart best (Kelley 1939).
_TAIL = 0.27


@dataclass(frozen=True, slots=True)
class ItemStatistic:
    """One item of a scale.

    Attributes
    ----------
    n, mean, sd : int, float, float
        Of all answers to this item; NaN where too few.
    item_total_r : float
        Correlation with the sum of all items, itself among them, in rows with all answers; NaN where undefined.
    item_rest_r : float
        Correlation with the sum of the other items: the corrected item-total correlation.
    item_corrected_r : float
        Correlation of the standardised item with the sum of all standardised items when each item's own variance is
        replaced by what it shares with the others (psych's r.cor): longer scales do not lower it as they do item-rest.
    discrimination : float, -1 to 1
        Mean answer of the highest 27% of pupils by total score less that of the lowest 27%, over the answer range.
    alpha_if_dropped : float
        Alpha of the other items; NaN for a scale of 2 items or where undefined.
    n_complete : int
        Rows with all answers; with `missing="pairwise"` the fewest behind any pair of items.
    floor_percent, ceiling_percent : float, 0 to 100
        Of the answers given, at the lowest and the highest possible answer.
    missing_percent : float, 0 to 100
        Of all rows.
    """

    n: int
    mean: float
    sd: float
    item_total_r: float
    item_rest_r: float
    item_corrected_r: float
    discrimination: float
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


def item_statistics(
    items: npt.ArrayLike, *, minimum: float, maximum: float, missing: Missing = "complete"
) -> tuple[ItemStatistic, ...]:
    """Describe every item of a scale.

    Parameters
    ----------
    items : array_like, shape (n, k)
        Scored answers, NaN where missing; k >= 2.
    minimum, maximum : float
        Lowest and highest possible answer, from the instrument.
    missing : "complete" or "pairwise"
        Rows behind what relates items to one another, as in `item_covariance`; the discrimination always takes complete
        rows.

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
    With C the covariance matrix: rest variance v_i = 1'C1 - 2 (C1)_i + C_ii, item-rest r = ((C1)_i - C_ii) /
    sqrt(C_ii v_i), alpha if dropped = (k-1)/(k-2) (1 - (tr C - C_ii) / v_i). With R* the correlation matrix whose
    diagonal holds squared multiple correlations: corrected r = (R*1)_i / sqrt(1'R*1). Upper and lower groups [1]_ are
    all pupils at or beyond the total score of the pupil at 27%, so ties enter together.

    References
    ----------
    .. [1] Kelley (1939). The selection of upper and lower groups for the validation of test items. J. Educ. Psychol.
       30, 17-24. doi:10.1037/h0057123

    Examples
    --------
    >>> first = item_statistics([[1, 2, 1], [2, 2, 3], [3, 4, 3], [4, 4, 5]], minimum=1, maximum=5)[0]
    >>> first.mean, round(first.item_rest_r, 3), first.floor_percent
    (2.5, 1.0, 25.0)
    """
    matrix = np.asarray(items, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[1] < 2 or matrix.shape[0] < 1:
        raise FitError(f"Items come as a table of pupils by at least 2 items; found the shape {matrix.shape}.")
    answers = [column[~np.isnan(column)] for column in map(np.ascontiguousarray, matrix.T)]
    _check_range(answers, minimum, maximum)
    related = _relations(matrix, missing)
    discrimination = _discrimination(matrix) / (maximum - minimum)
    return tuple(
        ItemStatistic(
            n=one.size,
            mean=float(one.mean()) if one.size else math.nan,
            sd=float(one.std(ddof=1)) if one.size > 1 else math.nan,
            item_total_r=float(related.total[i]),
            item_rest_r=float(related.rest[i]),
            item_corrected_r=float(related.corrected[i]),
            discrimination=float(discrimination[i]),
            alpha_if_dropped=float(related.dropped[i]),
            n_complete=related.n,
            floor_percent=_percent(one == minimum),
            ceiling_percent=_percent(one == maximum),
            missing_percent=100.0 * (1 - one.size / matrix.shape[0]),
        )
        for i, one in enumerate(answers)
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


def _percent(marked: BoolArray) -> float:
    return 100.0 * int(np.count_nonzero(marked)) / marked.size if marked.size else math.nan


def _check_range(answers: list[FloatArray], minimum: float, maximum: float) -> None:
    """Refuse answers outside the scale; all answers are put together only where some are."""
    if all(one.size == 0 or (one.min() >= minimum and one.max() <= maximum) for one in answers):
        answers = []
    check_scale(np.concatenate(answers) if answers else np.zeros(0), "the answers", minimum=minimum, maximum=maximum)


@dataclass(frozen=True, slots=True, eq=False)
class _Relations:
    """Per item: correlations with the total, the rest and the corrected total, and alpha without it."""

    total: FloatArray
    rest: FloatArray
    corrected: FloatArray
    dropped: FloatArray
    n: int


def _relations(matrix: FloatArray, missing: Missing) -> _Relations:
    found = covariance_of(matrix, missing=missing)
    n, covariance = found.n, found.covariance
    k = len(covariance)
    undefined: FloatArray = np.full((k,), np.nan, dtype=np.float64)
    if n < 3:
        return _Relations(undefined, undefined, undefined, undefined, n)
    own, row_sums = np.diag(covariance), covariance.sum(axis=1)
    own = np.where(own > 1e-24 * np.abs(covariance).max(), own, 0.0)
    # Rounding leaves a sum without spread at about 1e-16 of the whole, not at 0.
    least = 1e-12 * float(np.trace(covariance))
    rest_variance = covariance.sum() - 2 * row_sums + own
    rest_variance = np.where(rest_variance > least, rest_variance, np.nan)
    total_variance = covariance.sum() if covariance.sum() > least else math.nan
    spread = np.where(own > 0, own, np.nan)
    dropped = undefined
    if k > 2:
        dropped = (k - 1) / (k - 2) * (1 - (np.trace(covariance) - own) / rest_variance)
    return _Relations(
        total=row_sums / np.sqrt(spread * total_variance),
        rest=(row_sums - own) / np.sqrt(spread * rest_variance),
        corrected=_corrected(covariance, own > 0),
        dropped=dropped,
        n=n,
    )


def _corrected(covariance: FloatArray, varies: BoolArray) -> FloatArray:
    """Item-total correlations corrected for overlap, among the items that vary."""
    found: FloatArray = np.full(len(covariance), np.nan)
    if np.count_nonzero(varies) > 1:
        part = covariance[np.ix_(varies, varies)]
        spread = np.sqrt(np.diag(part))
        shared = part / np.outer(spread, spread)
        np.fill_diagonal(shared, squared_multiple_correlations(shared))
        if shared.sum() > 0:
            found[varies] = shared.sum(axis=1) / np.sqrt(shared.sum())
    return found


def _discrimination(matrix: FloatArray) -> FloatArray:
    """Mean of the highest 27% of complete rows by total score less the mean of the lowest, per item."""
    totals = matrix @ np.ones(matrix.shape[1])
    complete = ~np.isnan(totals)
    n = int(np.count_nonzero(complete))
    if n < 3:
        return np.full((int(matrix.shape[1]),), np.nan, dtype=np.float64)
    edge = max(math.ceil(_TAIL * n), 1) - 1
    ordered = np.partition(totals[complete], [edge, n - 1 - edge])
    slack = 1e-9 * max(1.0, abs(float(ordered[edge])), abs(float(ordered[n - 1 - edge])))
    # A missing total compares as false, so incomplete rows are in neither group.
    highest, lowest = matrix[totals >= ordered[n - 1 - edge] - slack], matrix[totals <= ordered[edge] + slack]
    ones = np.ones(len(highest)), np.ones(len(lowest))
    found: FloatArray = ones[0] @ highest / len(highest) - ones[1] @ lowest / len(lowest)
    return found
