"""Signs of careless answering, row by row: runs of one answer, little variety, odd patterns, contradictions.

None of them proves anything about a pupil. They are for asking whether a finding stands without such rows.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.linalg import qr
from scipy.special import chdtrc

from evalkit.errors import FitError
from evalkit.stats.item_covariance import covariance_of, item_matrix
from evalkit.stats.vectors import BoolArray, FloatArray, IntArray, finite_vector

_BLOCK = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Outlyingness:
    """How far each row lies from the middle of all rows.

    Attributes
    ----------
    distance : array, shape (n,)
        Squared Mahalanobis distance over the items that the row answered; NaN where it answered none.
    df : int array, shape (n,)
        Those items; items that others determine are not counted.
    p_value : array, shape (n,)
        Chance of so large a distance if answers were normal. Answers on few steps are not, so read it as a ranking.
    dependent : tuple of int
        Items (places from 0) that others determine exactly, which were left out.
    """

    distance: FloatArray
    df: IntArray
    p_value: FloatArray
    dependent: tuple[int, ...]


def longest_string(raw_items: npt.ArrayLike) -> IntArray:
    """Longest run of one and the same answer, in the order of the questionnaire.

    Parameters
    ----------
    raw_items : array_like, shape (n, k)
        Answers as given, BEFORE any reversal, in the order printed, NaN where missing.

    Returns
    -------
    int array, shape (n,)
        0 where nothing was answered. A missing answer ends a run.

    Examples
    --------
    >>> longest_string([[3, 3, 3, 1], [1, 2, 1, 2], [4, float("nan"), 4, 4]]).tolist()
    [3, 1, 2]
    """
    matrix = item_matrix(raw_items)
    run = (~np.isnan(matrix[:, 0])).astype(np.int64)
    longest = run.copy()
    for place in range(1, matrix.shape[1]):
        column = matrix[:, place]
        run = np.where(column == matrix[:, place - 1], run + 1, (~np.isnan(column)).astype(np.int64))
        np.maximum(longest, run, out=longest)
    return longest


def individual_variability(raw_items: npt.ArrayLike) -> FloatArray:
    """Standard deviation (n - 1) of a row's answers; NaN with fewer than two.

    Parameters
    ----------
    raw_items : array_like, shape (n, k)
        Answers as given, before any reversal, NaN where missing.

    Notes
    -----
    The intra-individual response variability of [1]_: near 0 for one answer throughout, large for answers at random.

    References
    ----------
    .. [1] Dunn, Heggestad, Shanock & Theilgard (2018). Intra-individual response variability as an indicator of
       insufficient effort responding. J. Bus. Psychol. 33, 105-121. doi:10.1007/s10869-016-9479-0

    Examples
    --------
    >>> individual_variability([[3, 3, 3], [1, 3, 5], [2, float("nan"), 4]]).round(3).tolist()
    [0.0, 2.0, 1.414]
    """
    matrix = item_matrix(raw_items)
    found: FloatArray = np.zeros(len(matrix))
    for begin in range(0, len(matrix), _BLOCK):
        block = matrix[begin : begin + _BLOCK]
        given = ~np.isnan(block)
        n = given.sum(axis=1)
        means = _ratio(np.where(given, block, 0.0).sum(axis=1), n)
        squares = np.where(given, (block - means[:, None]) ** 2, 0.0).sum(axis=1)
        found[begin : begin + _BLOCK] = np.sqrt(_ratio(squares, n - 1))
    return found


def outlyingness(items: npt.ArrayLike) -> Outlyingness:
    """Squared Mahalanobis distance of each row, with its chi-square probability.

    Parameters
    ----------
    items : array_like, shape (n, k)
        Reversed or not, NaN where missing. Complete rows give the middle and the covariances.

    Returns
    -------
    Outlyingness

    Raises
    ------
    FitError
        When no item varies, or there are no more complete rows than items that do.

    Notes
    -----
    (x - m)' S^-1 (x - m) over the answered items [1]_. With P = S^-1 of all items, the distance over the answered ones
    is d'Pd - b' P_mm^-1 b, where d is 0 at the missing items m and b = (P d)_m: no matrix is inverted per pattern.
    Items are dropped, by a pivoted QR of the correlations, until none is determined by the others.

    References
    ----------
    .. [1] Meade & Craig (2012). Identifying careless responses in survey data. Psychol. Methods 17, 437-455.
       doi:10.1037/a0028085

    Examples
    --------
    >>> found = outlyingness([[1, 2], [2, 1], [3, 4], [4, 3], [5, 5], [1, 5]])
    >>> int(found.distance.argmax()), round(float(found.p_value.min()), 3)
    (5, 0.201)
    """
    matrix = item_matrix(items)
    known = covariance_of(matrix)
    variances = np.diag(known.covariance)
    varies = np.flatnonzero(variances > 0)
    if known.n < 3 or known.n <= varies.size or not varies.size:
        raise FitError(
            f"{known.n} rows are complete and {varies.size} of {matrix.shape[1]} items vary among them; distances need "
            "an item that varies, and more complete rows than such items."
        )
    kept = varies[_independent(known.covariance[np.ix_(varies, varies)])]
    inverse: FloatArray = np.asarray(np.linalg.inv(known.covariance[np.ix_(kept, kept)]), dtype=np.float64)
    part = matrix[:, kept] if kept.size < matrix.shape[1] else matrix
    middle = _middle(part)
    distance: FloatArray = np.zeros(len(matrix))
    for begin in range(0, len(matrix), _BLOCK):
        distance[begin : begin + _BLOCK] = _distances(part[begin : begin + _BLOCK] - middle, inverse)
    df: IntArray = np.count_nonzero(~np.isnan(part), axis=1).astype(np.int64)
    distance[df == 0] = np.nan
    p_value: FloatArray = np.where(df > 0, chdtrc(np.maximum(df, 1), distance), np.nan)
    used = set(kept.tolist())
    dependent = tuple(place for place in range(matrix.shape[1]) if place not in used)
    return Outlyingness(distance, df, p_value, dependent)


def even_odd_consistency(scales: list[npt.ArrayLike]) -> FloatArray:
    """How alike the two halves of a row's scales are: near 1 for careful answers, near 0 for answers at random.

    Parameters
    ----------
    scales : list of array_like, each of shape (n, k)
        The items of each scale in the order printed, AFTER reversal, NaN where missing; three scales or more, on one
        answer range.

    Returns
    -------
    array, shape (n,)
        -1 to 1. NaN where fewer than three scales can be halved, or where a half is the same on all of them.

    Raises
    ------
    FitError
        With fewer than three scales, or tables of different length.

    Notes
    -----
    Within-row correlation, over scales, of the mean of the 2nd, 4th, ... item with the mean of the 1st, 3rd, ...,
    lengthened by Spearman-Brown and held at -1 or above [1]_. careless 1.2 gives it with the opposite sign.

    References
    ----------
    .. [1] Johnson (2005). Ascertaining the validity of individual protocols from web-based personality inventories.
       J. Res. Pers. 39, 103-129. doi:10.1016/j.jrp.2004.09.009

    Examples
    --------
    >>> even_odd_consistency([[[1, 1]], [[3, 3]], [[5, 4]]]).round(3).tolist()
    [0.991]
    """
    if len(scales) < 3:
        raise FitError(f"There are {len(scales)} scales; even-odd consistency needs at least 3.")
    tables = [item_matrix(one) for one in scales]
    if len({len(one) for one in tables}) > 1:
        raise FitError("The scales have different numbers of rows; give the same pupils in the same order.")
    even = np.column_stack([_row_means(one[:, 1::2]) for one in tables])
    odd = np.column_stack([_row_means(one[:, 0::2]) for one in tables])
    r = _row_correlations(even, odd, fewest=3)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.maximum(2 * r / (1 + r), -1.0)


def pair_consistency(
    raw_items: npt.ArrayLike, *, kind: Literal["antonyms", "synonyms"] = "antonyms", critical: float = 0.6
) -> FloatArray:
    """Within-row correlation over the pairs of items that everybody else answers alike (or oppositely).

    Parameters
    ----------
    raw_items : array_like, shape (n, k)
        Answers as given, NaN where missing.
    kind : "antonyms" or "synonyms"
        Pairs that correlate below -critical, where careful rows come out negative; or above critical, positive.
    critical : float, between 0 and 1

    Returns
    -------
    array, shape (n,)
        NaN where a row has fewer than three such pairs, or the same answers throughout (careless resamples there).

    Raises
    ------
    FitError
        When fewer than three pairs correlate so strongly.

    References
    ----------
    .. [1] Meade & Craig (2012). Identifying careless responses in survey data. Psychol. Methods 17, 437-455.
       doi:10.1037/a0028085

    Examples
    --------
    >>> rows = [[1, 5, 2, 4, 3, 3], [5, 1, 4, 2, 4, 2], [2, 4, 1, 5, 2, 4], [4, 2, 5, 1, 5, 1]]
    >>> pair_consistency(rows).round(2).tolist()
    [-0.7, -0.94, -0.88, -0.95]
    """
    if kind not in ("antonyms", "synonyms"):
        raise FitError(f"kind is {kind!r}; use one of: antonyms, synonyms.")
    if not 0 < critical < 1:
        raise FitError(f"critical is {critical:g}; it must lie between 0 and 1.")
    matrix = item_matrix(raw_items)
    correlations = _pairwise_correlations(matrix)
    strong = correlations < -critical if kind == "antonyms" else correlations > critical
    first, second = np.nonzero(np.triu(strong, k=1))
    if first.size < 3:
        below = f"below -{critical:g}" if kind == "antonyms" else f"above {critical:g}"
        raise FitError(f"{first.size} pairs of items correlate {below}; at least 3 are needed.")
    return _row_correlations(matrix[:, first], matrix[:, second], fewest=3)


def reversed_inconsistency(regular: npt.ArrayLike, reversed_items: npt.ArrayLike, *, width: float) -> FloatArray:
    """How far a row contradicts itself between items worded one way and items worded the other way.

    Parameters
    ----------
    regular, reversed_items : array_like, shapes (n, a) and (n, b)
        Items of ONE scale on one answer range, AFTER reversal (so that agreeing with both shows as a difference), NaN
        where missing; two or more of each.
    width : float, > 0
        Highest less lowest possible answer.

    Returns
    -------
    array, shape (n,), 0 to 1
        Difference of the two means over `width`; 1 for the highest answer to everything. NaN where a row has fewer than
        two answers of a kind.

    Examples
    --------
    >>> reversed_inconsistency([[5, 5], [4, 4]], [[1, 1], [4, 5]], width=4).tolist()
    [1.0, 0.125]
    """
    if not width > 0:
        raise FitError(f"width is {width:g}; it must be above 0.")
    one, other = item_matrix(regular), item_matrix(reversed_items)
    enough = ((~np.isnan(one)).sum(axis=1) > 1) & ((~np.isnan(other)).sum(axis=1) > 1)
    return np.where(enough, np.abs(_row_means(one) - _row_means(other)) / width, np.nan)


def seconds_per_item(seconds: npt.ArrayLike, n_answered: npt.ArrayLike) -> FloatArray:
    """Seconds taken for each item answered, shape (n,); NaN where nothing was answered or no time is known.

    Examples
    --------
    >>> seconds_per_item([60, 8], [20, 8]).tolist()
    [3.0, 1.0]
    """
    spent, answered = np.asarray(seconds, dtype=np.float64), finite_vector(n_answered, "n_answered")
    if spent.shape != answered.shape or (spent < 0).any() or np.isinf(spent).any():
        raise FitError("Give one time per pupil, in seconds, 0 or more; leave it blank (NaN) where it is not known.")
    return _ratio(spent, answered)


def _pairwise_correlations(matrix: FloatArray) -> FloatArray:
    """Correlations, each from the rows that have both items; NaN where one of them does not vary there."""
    k = matrix.shape[1]
    n, sums, squares, products = (np.zeros((k, k)) for _ in range(4))
    centre = np.nan_to_num(matrix[:1])
    for begin in range(0, len(matrix), _BLOCK):
        block = matrix[begin : begin + _BLOCK] - centre
        gaps = np.isnan(block)
        block[gaps] = 0.0
        marks = (~gaps).astype(np.float64)
        n += marks.T @ marks
        sums += block.T @ marks
        squares += (block**2).T @ marks
        products += block.T @ block
    n = np.maximum(n, 1.0)
    within = squares - sums**2 / n
    sizes = np.sqrt(np.maximum(within * within.T, 0.0))
    found: FloatArray = np.full((k, k), np.nan)
    np.divide(products - sums * sums.T / n, sizes, out=found, where=sizes > 1e-12)
    return found


def _distances(deviations: FloatArray, inverse: FloatArray) -> FloatArray:
    gaps = np.isnan(deviations)
    filled = np.where(gaps, 0.0, deviations)
    pulled = filled @ inverse
    found: FloatArray = (pulled * filled).sum(axis=1)
    counts = gaps.sum(axis=1)
    for missing in np.unique(counts[counts > 0]):
        rows = np.flatnonzero(counts == missing)
        places = np.nonzero(gaps[rows])[1].reshape(rows.size, missing)
        pull = np.take_along_axis(pulled[rows], places, axis=1)
        blocks = inverse[places[:, :, None], places[:, None, :]]
        found[rows] -= (pull * np.linalg.solve(blocks, pull[:, :, None])[:, :, 0]).sum(axis=1)
    return np.maximum(found, 0.0)


def _middle(table: FloatArray) -> FloatArray:
    """Means of the rows without a gap, some rows at a time."""
    total: FloatArray = np.zeros((int(table.shape[1]),), dtype=np.float64)
    n = 0
    for begin in range(0, len(table), _BLOCK):
        block = table[begin : begin + _BLOCK]
        whole = block[~np.isnan(block.sum(axis=1))]
        total = total + whole.sum(axis=0)
        n += len(whole)
    return total / n


def _independent(covariance: FloatArray) -> npt.NDArray[np.intp]:
    """Places of items none of which the others determine, ascending."""
    spread = np.sqrt(np.diag(covariance))
    _, triangle, order = qr(covariance / np.outer(spread, spread), mode="economic", pivoting=True)
    sizes = np.abs(np.diag(triangle))
    return np.sort(np.asarray(order, dtype=np.intp)[sizes > 1e-9 * sizes[0]])


def _row_means(table: FloatArray) -> FloatArray:
    given = ~np.isnan(table)
    return _ratio(np.where(given, table, 0.0).sum(axis=1), given.sum(axis=1))


def _row_correlations(first: FloatArray, second: FloatArray, *, fewest: int) -> FloatArray:
    """Correlation of two tables' rows over the columns that both have; NaN with fewer, or without spread."""
    both: BoolArray = ~(np.isnan(first) | np.isnan(second))
    n = both.sum(axis=1)
    one, other = np.where(both, first, 0.0), np.where(both, second, 0.0)
    one = np.where(both, one - _ratio(one.sum(axis=1), n)[:, None], 0.0)
    other = np.where(both, other - _ratio(other.sum(axis=1), n)[:, None], 0.0)
    size = np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1))
    known = (n >= fewest) & (size > 1e-12)
    found: FloatArray = np.full((len(first),), np.nan)
    found[known] = np.clip((one * other).sum(axis=1)[known] / size[known], -1.0, 1.0)
    return found


def _ratio(values: FloatArray, counts: npt.NDArray[np.int64] | FloatArray) -> FloatArray:
    """Values over counts, NaN where a count is 0 or less."""
    found: FloatArray = np.full(values.shape, np.nan)
    np.divide(values, counts, out=found, where=counts > 0)
    return found
