"""Shares of pupils, with an interval that also holds for few pupils and for shares near 0 or 1."""

import math
from dataclasses import dataclass

from scipy.special import ndtri

from evalkit.errors import FitError
from evalkit.stats.vectors import check_conf_level


@dataclass(frozen=True, slots=True)
class Proportion:
    """`count` of `n`, as a share `value` between 0 and 1, with limits."""

    count: int
    n: int
    value: float
    low: float
    high: float
    conf_level: float


def wilson(count: int, n: int, *, conf_level: float = 0.95) -> Proportion:
    """Share of n pupils, with Wilson's score interval.

    Parameters
    ----------
    count : int, 0 to n
    n : int, >= 1
    conf_level : float, between 0 and 1

    Returns
    -------
    Proportion

    Raises
    ------
    FitError
        When n is 0 or the count is not between 0 and n.

    Notes
    -----
    (p + z^2/2n +- z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n) [1]_, without continuity correction.

    References
    ----------
    .. [1] Wilson (1927). Probable inference. J. Am. Stat. Assoc. 22, 209-212. doi:10.1080/01621459.1927.10502953

    Examples
    --------
    >>> share = wilson(31, 65)
    >>> round(share.low, 2), round(share.high, 2)
    (0.36, 0.6)
    """
    if n < 1 or not 0 <= count <= n:
        raise FitError(f"{count} of {n} is not a share: n must be at least 1 and the count between 0 and n.")
    z = float(ndtri((1 + check_conf_level(conf_level)) / 2))
    value = count / n
    centre = value + z**2 / (2 * n)
    spread = z * math.sqrt(value * (1 - value) / n + z**2 / (4 * n**2))
    scale = 1 + z**2 / n
    # Rounding must not leave a limit a hair outside the share itself when nobody or everybody counts.
    low = 0.0 if count == 0 else (centre - spread) / scale
    high = 1.0 if count == n else (centre + spread) / scale
    return Proportion(count=count, n=n, value=value, low=low, high=high, conf_level=conf_level)
