"""Fieller's confidence set for a ratio of two estimates, whatever shape it takes."""

import math
from dataclasses import dataclass
from typing import Literal

from evalkit.errors import FitError

SetShape = Literal["interval", "ray", "two_rays", "everything"]


@dataclass(frozen=True, slots=True)
class RatioSet:
    """All ratios that the data do not contradict.

    Attributes
    ----------
    shape : str
        "interval": both ends are known. "ray": one end is. "two_rays": everything but a stretch in the middle.
        "everything": no ratio is ruled out. The last three mean that the denominator may be zero: we cannot tell.
    parts : tuple of (low, high)
        Closed stretches, ascending, with -inf and inf where there is no end. Never empty.
    """

    shape: SetShape
    parts: tuple[tuple[float, float], ...]

    @property
    def bounded(self) -> bool:
        """Whether the set is an ordinary interval."""
        return self.shape == "interval"

    def holds(self, value: float) -> bool:
        """Whether `value` is among the ratios not ruled out."""
        return any(low <= value <= high for low, high in self.parts)


def ratio_set(
    numerator: float,
    denominator: float,
    *,
    variance_numerator: float,
    variance_denominator: float,
    covariance: float,
    critical: float,
) -> RatioSet:
    """Find every ratio b for which numerator - b denominator is not different from zero.

    Parameters
    ----------
    numerator, denominator : float
        Two estimates; the denominator is not exactly 0.
    variance_numerator, variance_denominator : float, >= 0
        Squared standard errors.
    covariance : float
        Of the two estimates.
    critical : float, > 0
        Upper quantile of the absolute t (or normal) statistic.

    Returns
    -------
    RatioSet
        The ratio of the estimates always lies in it.

    Raises
    ------
    FitError
        When a number is not finite, a variance is negative, or the denominator is 0.

    Notes
    -----
    (N - b D)^2 <= c^2 (V_N - 2 b V_ND + b^2 V_D) [1]_, a quadratic in b: an interval when D differs from 0 at the same
    level, else unbounded.

    References
    ----------
    .. [1] Fieller (1954). Some problems in interval estimation. J. R. Stat. Soc. B 16, 175-185.

    Examples
    --------
    >>> found = ratio_set(2.0, 0.5, variance_numerator=1.0, variance_denominator=0.01, covariance=0.0, critical=2.0)
    >>> found.shape, [round(end, 3) for end in found.parts[0]]
    ('interval', [0.0, 9.524])
    """
    given = (numerator, denominator, variance_numerator, variance_denominator, covariance, critical)
    if not all(math.isfinite(value) for value in given) or min(variance_numerator, variance_denominator) < 0:
        raise FitError(
            "A ratio needs two finite estimates with standard errors of 0 or more; one is missing or negative."
        )
    if denominator == 0 or critical <= 0:
        raise FitError("A ratio needs a denominator other than 0 and a critical value above 0.")
    c = critical**2
    a = denominator**2 - c * variance_denominator
    h = numerator * denominator - c * covariance
    k = numerator**2 - c * variance_numerator
    if a == 0:
        return _ray(h, k)
    inside = h * h - a * k
    if a < 0 and inside <= 0:
        return RatioSet("everything", ((-math.inf, math.inf),))
    # The sum of two terms of one sign, so that neither root loses digits.
    q = h + math.copysign(math.sqrt(max(inside, 0.0)), h)
    low, high = sorted((q / a, k / q if q else 0.0))
    if a > 0:
        return RatioSet("interval", ((low, high),))
    return RatioSet("two_rays", ((-math.inf, low), (high, math.inf)))


def _ray(h: float, k: float) -> RatioSet:
    if h == 0:
        return RatioSet("everything", ((-math.inf, math.inf),))
    end = k / (2 * h)
    return RatioSet("ray", ((end, math.inf),) if h > 0 else ((-math.inf, end),))
