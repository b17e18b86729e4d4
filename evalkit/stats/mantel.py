"""Mantel's test: do two groups answer an item alike, among pupils who are alike otherwise?"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from evalkit.stats.vectors import FloatArray


@dataclass(frozen=True, slots=True)
class Mantel:
    """Two groups over strata.

    Attributes
    ----------
    statistic, p_value : float
        Chi-square on 1 degree of freedom, without continuity correction. NaN where no stratum tells anything.
    odds_ratio : float
        Common cumulative odds ratio of a higher answer, second group against first; 1 is no difference.
    mean_difference : float
        Of the answers, second group less first, strata weighted by the second group; in points.
    n_strata : int
        Strata that hold pupils of both groups and more than one answer.
    """

    statistic: float
    p_value: float
    odds_ratio: float
    mean_difference: float
    n_strata: int


def mantel(first: FloatArray, second: FloatArray, *, scores: FloatArray) -> Mantel:
    """Compare two groups within strata.

    Parameters
    ----------
    first, second : arrays, shape (s, K)
        Pupils of each group by stratum and answer.
    scores : array, shape (K,)
        The answers' points.

    Notes
    -----
    M^2 = (sum_k (F_k - E F_k))^2 / sum_k Var F_k, F_k the second group's sum of points in stratum k, moments
    hypergeometric given the margins [1]_. The cumulative odds ratio pools the cuts j and strata k:
    sum A_jk D_jk / n_k over sum B_jk C_jk / n_k [2]_; for two answers it is Mantel and Haenszel's.

    References
    ----------
    .. [1] Mantel (1963). Chi-square tests with one degree of freedom. JASA 58, 690-700.
    .. [2] Liu & Agresti (1996). Mantel-Haenszel-type inference for cumulative odds ratios with a stratified ordinal
       response. Biometrics 52, 1223-1234, eq. 3.
    """
    one, other = first.sum(axis=1), second.sum(axis=1)
    both = first + second
    told = (one > 0) & (other > 0) & ((both > 0).sum(axis=1) > 1)
    first, second, both, one, other = first[told], second[told], both[told], one[told], other[told]
    n = one + other
    if not told.any():
        return Mantel(math.nan, math.nan, math.nan, math.nan, 0)
    mean = both @ scores / n
    spread = (both @ scores**2 / n - mean**2) * n / np.maximum(n - 1, 1)
    excess = float((second @ scores - other * mean).sum())
    variance = float((one * other / n * spread).sum())
    above_first, above_second = _above(first), _above(second)
    concordant = float((above_second * (one[:, np.newaxis] - above_first) / n[:, np.newaxis]).sum())
    discordant = float((above_first * (other[:, np.newaxis] - above_second) / n[:, np.newaxis]).sum())
    difference = (second @ scores) / other - (first @ scores) / one
    statistic = excess**2 / variance if variance > 0 else math.nan
    return Mantel(
        statistic=statistic,
        p_value=float(chdtrc(1, statistic)) if variance > 0 else math.nan,
        odds_ratio=concordant / discordant if discordant > 0 else math.inf,
        mean_difference=float(other @ difference / other.sum()),
        n_strata=int(told.sum()),
    )


def _above(table: FloatArray) -> FloatArray:
    """Pupils above each cut between two answers, shape (s, K - 1)."""
    from_top: FloatArray = np.cumsum(table[:, ::-1], axis=1)[:, ::-1]
    return from_top[:, 1:]
