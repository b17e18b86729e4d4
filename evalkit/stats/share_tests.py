"""A share against a known share, and two shares against one another."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtr

from evalkit.errors import FitError
from evalkit.stats.proportions import wilson

FEWEST_EXPECTED = 5.0  # below it the normal approximation to a two-by-two table is poor (Cochran 1954)


@dataclass(frozen=True, slots=True)
class ShareDifference:
    """The first share less the second, between -1 and 1, with Newcombe's limits.

    Attributes
    ----------
    value, low, high : float
    p_value : float
    test : "chi_square" or "fisher"
        The score test without continuity correction, or Fisher's exact test where an expected count is below 5.
    """

    value: float
    low: float
    high: float
    p_value: float
    test: Literal["chi_square", "fisher"]
    conf_level: float


def exact_binomial_p(count: int, n: int, *, reference: float) -> float:
    """Test n people's share against a share that is known without error.

    Parameters
    ----------
    count, n : int, 0 <= count <= n, n >= 1
    reference : float, between 0 and 1

    Returns
    -------
    float
        Two-sided p: the probability, under `reference`, of all counts that are no likelier than the one found [1]_.

    Raises
    ------
    FitError
        When the numbers are no share.

    References
    ----------
    .. [1] Clopper & Pearson (1934). Biometrika 26, 404-413. doi:10.1093/biomet/26.4.404; as R's `binom.test`.

    Examples
    --------
    >>> round(exact_binomial_p(31, 65, reference=0.34), 4)
    0.0253
    """
    from scipy.stats import binomtest

    _check(count, n)
    if not 0 <= reference <= 1:
        raise FitError(f"The share to compare with is {reference:g}: it must lie between 0 and 1.")
    return float(binomtest(count, n, reference).pvalue)


def share_difference(first: tuple[int, int], second: tuple[int, int], *, conf_level: float = 0.95) -> ShareDifference:
    """Compare the shares of two groups of different people.

    Parameters
    ----------
    first, second : (count, n)
    conf_level : float, between 0 and 1

    Returns
    -------
    ShareDifference - first less second

    Raises
    ------
    FitError
        When either is no share.

    Notes
    -----
    Newcombe's hybrid of the two Wilson intervals, his method 10 [1]_: with d = p1 - p2,
    low = d - sqrt((p1 - l1)^2 + (u2 - p2)^2), high = d + sqrt((u1 - p1)^2 + (p2 - l2)^2).

    References
    ----------
    .. [1] Newcombe (1998). Interval estimation for the difference between independent proportions. Stat. Med. 17,
       873-890. doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I

    Examples
    --------
    >>> found = share_difference((56, 70), (48, 80))  # the paper's example (a): 0.0524 to 0.3339
    >>> round(found.low, 4), round(found.high, 4)
    (0.0524, 0.3339)
    """
    for count, n in (first, second):
        _check(count, n)
    one, other = wilson(*first, conf_level=conf_level), wilson(*second, conf_level=conf_level)
    value = one.value - other.value
    p_value, test = _two_sample_p(first, second)
    return ShareDifference(
        value=value,
        low=value - math.hypot(one.value - one.low, other.high - other.value),
        high=value + math.hypot(one.high - one.value, other.value - other.low),
        p_value=p_value,
        test=test,
        conf_level=conf_level,
    )


def _two_sample_p(first: tuple[int, int], second: tuple[int, int]) -> tuple[float, Literal["chi_square", "fisher"]]:
    (a, n1), (b, n2) = first, second
    pooled = (a + b) / (n1 + n2)
    if pooled in (0, 1):
        return 1.0, "fisher"
    if min(n1, n2) * min(pooled, 1 - pooled) < FEWEST_EXPECTED:
        from scipy.stats import fisher_exact

        return float(fisher_exact(np.array([[a, n1 - a], [b, n2 - b]])).pvalue), "fisher"
    z = (a / n1 - b / n2) / math.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    return float(2 * ndtr(-abs(z))), "chi_square"


def _check(count: int, n: int) -> None:
    if n < 1 or not 0 <= count <= n:
        raise FitError(f"{count} of {n} is not a share: n must be at least 1 and the count between 0 and n.")
