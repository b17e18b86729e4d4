"""The change of the same pupils between two waves, with the paired t interval."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit

from evalkit.errors import FitError
from evalkit.stats.vectors import check_conf_level, finite_pair, nearly_constant

Sides = Literal[1, 2]


@dataclass(frozen=True, slots=True)
class PairedChange:
    """What happened to n linked pupils, in the unit of the score.

    Attributes
    ----------
    n : int
        Pupils with both scores.
    mean_pre, mean_post, sd_pre, sd_post : float
        Of these pupils; standard deviations with divisor n - 1.
    r : float
        Pearson correlation of the two waves; NaN when either wave has no spread.
    mean_change, sd_change, std_error : float
        Post minus pre; std_error = sd_change / sqrt(n).
    df, statistic, p_value : float
        Paired t test of no mean change.
    conf_low, conf_high : float
        Two-sided t interval of the mean change at `conf_level`, whatever `sides` is.
    conf_level : float
    sides : 1 or 2
        1: the alternative is a rise (mean change above 0).
    """

    n: int
    mean_pre: float
    mean_post: float
    sd_pre: float
    sd_post: float
    r: float
    mean_change: float
    sd_change: float
    std_error: float
    df: float
    statistic: float
    p_value: float
    conf_low: float
    conf_high: float
    conf_level: float
    sides: Sides


def paired_change(
    pre: npt.ArrayLike, post: npt.ArrayLike, *, conf_level: float = 0.95, sides: Sides = 2
) -> PairedChange:
    """Describe and test the mean change of linked pupils.

    Parameters
    ----------
    pre, post : array_like, shape (n,)
        Scores of the same pupils in the same order, no missing values.
    conf_level : float, between 0 and 1
    sides : 1 or 2
        2 tests for any change; 1 for a rise, and only if the plan said so beforehand.

    Returns
    -------
    PairedChange

    Raises
    ------
    FitError
        With fewer than 2 pupils, missing values, or when every pupil changed by the same amount (the spread of the
        changes is then 0 and says nothing about how sure we can be).

    Notes
    -----
    t = M_d / (s_d / sqrt(n)) on n - 1 degrees of freedom; interval M_d +- t_{n-1} s_d / sqrt(n) [1]_. It supposes that
    pupils answer independently and that the mean of n changes is roughly normal.

    References
    ----------
    .. [1] Student (1908). The probable error of a mean. Biometrika 6, 1-25. doi:10.1093/biomet/6.1.1

    Examples
    --------
    >>> change = paired_change([10, 12, 9, 11], [12, 13, 11, 12])
    >>> round(change.mean_change, 2), round(change.conf_low, 2), round(change.conf_high, 2)
    (1.5, 0.58, 2.42)
    """
    before, after = finite_pair(pre, post)
    if before.size < 2:
        raise FitError(_too_few(before.size))
    change = after - before
    if nearly_constant(change, size=max(np.abs(before).max(), np.abs(after).max())):
        raise FitError(
            f"All {before.size} pupils changed by exactly the same amount ({change[0]:g}), so there is no spread from "
            "which to tell how sure we can be. Check that the two waves are not copies of one another."
        )
    return _describe(
        n=before.size,
        means=(float(before.mean()), float(after.mean())),
        sds=(float(before.std(ddof=1)), float(after.std(ddof=1))),
        sd_change=float(change.std(ddof=1)),
        r=_correlation(before, after),
        conf_level=conf_level,
        sides=sides,
    )


def summarised_change(
    means: tuple[float, float],
    sds: tuple[float, float],
    *,
    r: float,
    n: int,
    conf_level: float = 0.95,
    sides: Sides = 2,
) -> PairedChange:
    """Rebuild the paired comparison from a published table.

    Parameters
    ----------
    means, sds : (float, float)
        Baseline first; the standard deviations have divisor n - 1.
    r : float, -1 to 1
        Correlation of the two waves.
    n : int
        Linked pupils.
    conf_level, sides
        As in `paired_change`.

    Returns
    -------
    PairedChange

    Raises
    ------
    FitError
        With impossible numbers, or numbers that leave no spread in the changes.

    Notes
    -----
    s_d^2 = s_1^2 + s_2^2 - 2 r s_1 s_2.

    Examples
    --------
    >>> round(summarised_change((7.7, 8.7), (0.95, 0.97), r=0.7, n=10).sd_change, 3)
    0.744
    """
    if n < 2:
        raise FitError(_too_few(n))
    if not (min(sds) > 0 and -1 <= r <= 1 and all(map(math.isfinite, (*means, *sds)))):
        raise FitError(
            f"Means {means}, standard deviations {sds} and r = {r:g} cannot belong together: standard deviations must "
            "be above 0 and r between -1 and 1."
        )
    variance = sds[0] ** 2 + sds[1] ** 2 - 2 * r * sds[0] * sds[1]
    if variance <= 1e-20 * max(sds) ** 2:
        raise FitError("These numbers leave no spread in the changes (equal spreads and r = 1). Check the table.")
    return _describe(n=n, means=means, sds=sds, sd_change=math.sqrt(variance), r=r, conf_level=conf_level, sides=sides)


def _describe(
    *,
    n: int,
    means: tuple[float, float],
    sds: tuple[float, float],
    sd_change: float,
    r: float,
    conf_level: float,
    sides: Sides,
) -> PairedChange:
    if sides not in (1, 2):
        raise FitError(f"sides is {sides}; allowed are 1 (a rise) and 2 (any change).")
    tail = (1 - check_conf_level(conf_level)) / 2
    df = n - 1
    mean_change = means[1] - means[0]
    std_error = sd_change / math.sqrt(n)
    statistic = mean_change / std_error
    half_width = -float(stdtrit(df, tail)) * std_error
    p_value = float(stdtr(df, -statistic)) if sides == 1 else 2 * float(stdtr(df, -abs(statistic)))
    return PairedChange(
        n=n,
        mean_pre=means[0],
        mean_post=means[1],
        sd_pre=sds[0],
        sd_post=sds[1],
        r=r,
        mean_change=mean_change,
        sd_change=sd_change,
        std_error=std_error,
        df=float(df),
        statistic=statistic,
        p_value=p_value,
        conf_low=mean_change - half_width,
        conf_high=mean_change + half_width,
        conf_level=conf_level,
        sides=sides,
    )


def _correlation(before: npt.NDArray[np.float64], after: npt.NDArray[np.float64]) -> float:
    size = max(np.abs(before).max(), np.abs(after).max())
    if nearly_constant(before, size=size) or nearly_constant(after, size=size):
        return math.nan
    return float(np.corrcoef(before, after)[0, 1])


def _too_few(n: int) -> str:
    found = "No pupil has" if n == 0 else "Only 1 pupil has"
    return (
        f"{found} both a baseline and a follow-up score; a change with its uncertainty needs at least 2. "
        "Check that pupil codes are written the same way in both files."
    )
