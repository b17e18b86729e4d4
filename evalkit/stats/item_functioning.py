"""Differential item functioning: do groups answer an item differently although they are alike on the scale?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from evalkit.errors import FitError
from evalkit.stats.cumulative_logit import CumulativeLogit, fit_cumulative_logit
from evalkit.stats.mantel import Mantel, mantel
from evalkit.stats.vectors import BoolArray, FloatArray, IntArray

MOST_TURNS = 20


@dataclass(frozen=True, slots=True)
class ItemFunctioning:
    """One item.

    Attributes
    ----------
    uniform, non_uniform, total : LikelihoodRatio
        Adding the groups to the matching score; adding their products with it; both at once.
    odds_ratio : float
        Of a higher answer, second group against first at equal matching scores (uniform model); NaN with more groups.
    odds_low, odds_high : float
        Limits of the odds ratio at level 0.95.
    mantel : Mantel or None
        For two groups.
    in_match : bool
        Whether the item is part of the matching score of the other items after purification.
    reason : str
        Why the item could not be tested; empty when it was.
    """

    uniform: "LikelihoodRatio"
    non_uniform: "LikelihoodRatio"
    total: "LikelihoodRatio"
    odds_ratio: float
    odds_low: float
    odds_high: float
    mantel: Mantel | None
    in_match: bool
    reason: str


@dataclass(frozen=True, slots=True)
class LikelihoodRatio:
    """One nested comparison: chi-square, its df and p, and the gain in McFadden's and Nagelkerke's R-square."""

    statistic: float
    df: int
    p_value: float
    mcfadden: float
    nagelkerke: float


@dataclass(frozen=True, slots=True, eq=False)
class Functioning:
    """All items, and how the matching score was purified.

    Attributes
    ----------
    items : tuple of ItemFunctioning
    turns : int
        Rounds of purification until the anchor items stayed the same.
    settled : bool
        False where they did not within 20 rounds, or fewer than two anchor items were left.
    """

    items: tuple[ItemFunctioning, ...]
    turns: int
    settled: bool


def item_functioning(
    items: FloatArray,
    groups: IntArray,
    *,
    purify: bool = True,
    alpha: float = 0.01,
    least_r2: float = 0.0,
) -> Functioning:
    """Test every item of one scale.

    Parameters
    ----------
    items : array, shape (n, k)
        Complete answers, reversed where the key says so, k >= 3.
    groups : int array, shape (n,)
        0 for the reference group, then 1, 2, ...
    purify : bool
        Leave flagged items out of the others' matching score, and test again until nothing changes.
    alpha, least_r2 : float
        An item is flagged for purification when the p-value of both effects is below alpha and Nagelkerke's R-square
        gains at least least_r2.

    Raises
    ------
    FitError
        Fewer than 3 items, or a group with fewer than 10 pupils.

    Notes
    -----
    logit P(answer > j) = b m - cut_j (1), + groups (2), + m x groups (3), m the sum of the item itself and of the
    anchor items [1]_. Likelihood ratios of (2) to (1), (3) to (2), (3) to (1). With L the log-likelihood and L0 that of
    the cuts alone: McFadden 1 - L / L0; Nagelkerke (1 - exp(2 (L0 - L) / n)) / (1 - exp(2 L0 / n)). Purification as in
    [2]_, with the sum score in the place of an IRT score. Schools are not allowed for: where pupils sit in schools,
    p-values of groups that gather in some schools are too small.

    References
    ----------
    .. [1] Zumbo (1999). A handbook on the theory and methods of differential item functioning. Ottawa.
    .. [2] Choi, Gibbons & Crane (2011). lordif. J. Stat. Softw. 39(8). doi:10.18637/jss.v039.i08
    """
    k = items.shape[1]
    sizes = np.bincount(groups)
    if k < 3:
        raise FitError(f"The scale has {k} items; comparing items between groups needs at least 3.")
    if sizes.size < 2 or int(sizes.min()) < 10:
        shown = f"{', '.join(map(str, sizes[:6]))}{', ...' if sizes.size > 6 else ''}"
        raise FitError(f"The {sizes.size} group(s) have {shown} pupils; each needs at least 10.")
    anchors = np.ones(k, dtype=np.bool_)
    seen: set[bytes] = set()
    turn = 0
    while True:
        turn += 1
        found = tuple(_one_item(items, groups, item, anchors) for item in range(k))
        again = np.array([not _is_flagged(one, alpha, least_r2) for one in found])
        if not purify or bool(np.array_equal(again, anchors)):
            return Functioning(found, turn, True)
        seen.add(anchors.tobytes())
        if turn == MOST_TURNS or int(again.sum()) < 2 or again.tobytes() in seen:
            return Functioning(found, turn, False)
        anchors = again


def _is_flagged(one: ItemFunctioning, alpha: float, least_r2: float) -> bool:
    return not one.reason and one.total.p_value < alpha and one.total.nagelkerke >= least_r2


def _one_item(items: FloatArray, groups: IntArray, item: int, anchors: BoolArray) -> ItemFunctioning:
    used = anchors.copy()
    used[item] = True
    match = items[:, used].sum(axis=1)
    answers, answer = np.unique(items[:, item], return_inverse=True)
    strata, stratum = np.unique(match, return_inverse=True)
    n_groups = int(groups.max()) + 1
    table = np.zeros((n_groups, strata.size, answers.size))
    np.add.at(table, (groups, stratum, answer), 1.0)
    compared = mantel(table[0], table[1], scores=answers) if n_groups == 2 else None
    try:
        if answers.size < 2 or strata.size < 3:
            raise FitError("Nearly everyone gave the same answer.")
        null, *models = _models(table, strata)
    except FitError as error:
        nothing = LikelihoodRatio(math.nan, 0, math.nan, math.nan, math.nan)
        nan = math.nan
        return ItemFunctioning(nothing, nothing, nothing, nan, nan, nan, compared, bool(anchors[item]), error.message)
    n, df = len(items), n_groups - 1
    plain, uniform, full = models
    slope = float(uniform.coefficients[1]) if n_groups == 2 else math.nan
    error = math.sqrt(float(uniform.covariance[1, 1])) if n_groups == 2 else math.nan
    low, high = (math.exp(slope + sign * 1.959963984540054 * error) for sign in (-1, 1))
    return ItemFunctioning(
        uniform=_ratio(plain, uniform, null, n=n, df=df),
        non_uniform=_ratio(uniform, full, null, n=n, df=df),
        total=_ratio(plain, full, null, n=n, df=2 * df),
        odds_ratio=math.exp(slope),
        odds_low=low,
        odds_high=high,
        mantel=compared,
        in_match=bool(anchors[item]),
        reason="",
    )


def _models(table: FloatArray, strata: FloatArray) -> Sequence[CumulativeLogit]:
    """No predictor, the matching score, with groups, and with their products."""
    n_groups, n_strata, _ = table.shape
    group: IntArray = np.repeat(np.arange(n_groups, dtype=np.int64), n_strata)
    match = np.tile(strata, n_groups)
    counts = table.reshape(n_groups * n_strata, -1)
    there = counts.sum(axis=1) > 0
    group, match, counts = group[there], match[there] - float(strata.mean()), counts[there]
    dummies = np.eye(n_groups)[group][:, 1:]
    first = match[:, np.newaxis]
    return [
        fit_cumulative_logit(first[:, :0], counts),
        fit_cumulative_logit(first, counts),
        fit_cumulative_logit(np.hstack([first, dummies]), counts),
        fit_cumulative_logit(np.hstack([first, dummies, first * dummies]), counts),
    ]


def _ratio(less: CumulativeLogit, more: CumulativeLogit, null: CumulativeLogit, *, n: int, df: int) -> LikelihoodRatio:
    statistic = max(2 * (more.log_likelihood - less.log_likelihood), 0.0)
    base = null.log_likelihood
    most = 1 - math.exp(2 * base / n)
    gains = [1 - math.exp(2 * (base - one.log_likelihood) / n) for one in (less, more)]
    return LikelihoodRatio(
        statistic=statistic,
        df=df,
        p_value=float(chdtrc(df, statistic)),
        mcfadden=(less.log_likelihood - more.log_likelihood) / base,
        nagelkerke=(gains[1] - gains[0]) / most,
    )
