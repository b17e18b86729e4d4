"""Invert the non-central t distribution: the exact way to an interval for a standardised difference."""

import math

from scipy.optimize import brentq
from scipy.stats import nct

from evalkit.errors import FitError
from evalkit.stats.vectors import check_conf_level


def noncentrality_limits(statistic: float, df: float, *, conf_level: float = 0.95) -> tuple[float, float]:
    """Invert the non-central t: the non-centralities that an observed t cannot rule out.

    Parameters
    ----------
    statistic : float
        The observed t.
    df : float, > 0
    conf_level : float, between 0 and 1

    Returns
    -------
    (float, float)
        Low and high, where P(T <= t) is 1 - a/2 and a/2.

    Raises
    ------
    FitError
        When t is not finite, or so extreme that no limit can be found.

    References
    ----------
    .. [1] Steiger & Fouladi (1997). Noncentrality interval estimation. In What if there were no significance tests?

    Examples
    --------
    >>> low, high = noncentrality_limits(3.0, 2)
    >>> round(low, 4), round(high, 4)
    (-0.3947, 6.2828)
    """
    if not math.isfinite(statistic):
        raise FitError(f"The t statistic is {statistic}; an interval needs a finite one. Check for zero spread.")
    # The library's distribution function is reliable for t >= 0 only; the other half is its mirror image.
    if statistic < 0:
        low, high = noncentrality_limits(-statistic, df, conf_level=conf_level)
        return -high, -low
    tail = (1 - check_conf_level(conf_level)) / 2
    return _noncentrality(statistic, df, 1 - tail), _noncentrality(statistic, df, tail)


def _noncentrality(statistic: float, df: float, probability: float) -> float:
    def excess(noncentrality: float) -> float:
        return float(nct.cdf(statistic, df, noncentrality)) - probability

    step = 1.0
    low = high = statistic
    while not excess(low) >= 0:
        low, step = low - step, 2 * step
        if step > 1e9:
            raise FitError(f"No interval can be found for t = {statistic:g} on {df:g} degrees of freedom.")
    step = 1.0
    while not excess(high) <= 0:
        high, step = high + step, 2 * step
        if step > 1e9:
            raise FitError(f"No interval can be found for t = {statistic:g} on {df:g} degrees of freedom.")
    return low if low == high else float(brentq(excess, low, high, xtol=1e-12, rtol=1e-12))
