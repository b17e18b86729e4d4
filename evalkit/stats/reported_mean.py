"""A mean that was reported with its SD and n, against another mean."""

import math
from dataclasses import dataclass

from scipy.special import stdtr, stdtrit

from evalkit.errors import FitError
from evalkit.stats.vectors import check_conf_level


@dataclass(frozen=True, slots=True)
class ReportedMean:
    """A mean, its SD and how many it rests on, as printed."""

    mean: float
    sd: float
    n: int


@dataclass(frozen=True, slots=True)
class MeanDifference:
    """The mean less the other, with limits."""

    value: float
    std_error: float
    df: float
    statistic: float
    p_value: float
    low: float
    high: float
    conf_level: float


def mean_difference(own: ReportedMean, other: float | ReportedMean, *, conf_level: float = 0.95) -> MeanDifference:
    """Compare a reported mean with a fixed one (one-sample t) or with another reported one (Welch's t).

    Raises
    ------
    FitError
        When an n is below 2 or an SD is not above 0.

    Notes
    -----
    SE = s / sqrt(n), df = n - 1; or SE^2 = s1^2/n1 + s2^2/n2 with Welch and Satterthwaite's degrees of freedom [1]_.

    References
    ----------
    .. [1] Welch (1947). Biometrika 34, 28-35. doi:10.1093/biomet/34.1-2.28

    Examples
    --------
    >>> found = mean_difference(ReportedMean(48.3, 8.0, 40), 47.2)
    >>> round(found.low, 2), round(found.high, 2), round(found.p_value, 2)
    (-1.46, 3.66, 0.39)
    """
    both = [own] if not isinstance(other, ReportedMean) else [own, other]
    for one in both:
        if one.n < 2 or not one.sd > 0:
            raise FitError(f"A mean with n {one.n} and SD {one.sd:g} has no interval: n must be 2 or more, SD above 0.")
    parts = [one.sd**2 / one.n for one in both]
    std_error = math.sqrt(sum(parts))
    df = sum(parts) ** 2 / sum(part**2 / (one.n - 1) for part, one in zip(parts, both, strict=True))
    value = own.mean - (other.mean if isinstance(other, ReportedMean) else other)
    t = float(stdtrit(df, (1 + check_conf_level(conf_level)) / 2))
    statistic = value / std_error
    return MeanDifference(
        value=value, std_error=std_error, df=df, statistic=statistic,
        p_value=float(2 * stdtr(df, -abs(statistic))), low=value - t * std_error, high=value + t * std_error,
        conf_level=conf_level,
    )  # fmt: skip
