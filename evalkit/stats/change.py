"""Change said in percent and gains: three kinds of "% change", kept apart, and the normalised gain."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from evalkit.errors import FitError
from evalkit.stats.vectors import FloatArray, check_conf_level, check_scale, finite_pair

PercentKind = Literal["points_of_range", "change_of_means", "mean_of_ratios"]


@dataclass(frozen=True, slots=True)
class PercentChange:
    """One kind of percentage, with what its 100% and its zero are.

    Attributes
    ----------
    kind : str
        "points_of_range", "change_of_means" or "mean_of_ratios"; never compare two kinds.
    value, low, high : float
        In percent (percentage points of the range for "points_of_range"). All NaN, or the limits alone, where they do
        not exist: `reason` then says why.
    n, n_dropped : int
        Pupils behind the value, and linked pupils it had to leave out.
    zero : float
        The score that counts as nothing: the scale's minimum.
    conf_level : float
    reason : str or None
    """

    kind: PercentKind
    value: float
    low: float
    high: float
    n: int
    n_dropped: int
    zero: float
    conf_level: float
    reason: str | None


@dataclass(frozen=True, slots=True)
class PercentChanges:
    """The three percentages of the same pupils; a report leads with `points_of_range`."""

    points_of_range: PercentChange
    change_of_means: PercentChange
    mean_of_ratios: PercentChange


@dataclass(frozen=True, slots=True)
class NormalisedGain:
    """How much of the possible gain was made.

    Attributes
    ----------
    gain : float
        Of the means (Hake); NaN when the mean baseline is at the maximum.
    change : float
        Mean of the pupils' own normalised changes (Marx and Cummings), -1 to 1; NaN when no pupil is left.
    n, n_dropped : int
        Pupils behind `change`, and those at the floor or the ceiling both times.
    """

    gain: float
    change: float
    n: int
    n_dropped: int


def percent_change(
    pre: npt.ArrayLike, post: npt.ArrayLike, *, minimum: float, maximum: float, conf_level: float = 0.95
) -> PercentChanges:
    """Compute three honest readings of "% change", labelled apart.

    Parameters
    ----------
    pre, post : array_like, shape (n,)
        Linked scores, within the scale, no missing values; n >= 2.
    minimum, maximum : float
        Ends of the scale, from the instrument, never from data.
    conf_level : float, between 0 and 1

    Returns
    -------
    PercentChanges
        Scores are counted from the scale's minimum, since a scale of 1 to 5 has no zero at 0: moving from 2 to 3 is not
        "50% more". For a scale that starts at 0 nothing is changed by that.

    Raises
    ------
    FitError
        With fewer than 2 pupils, an impossible scale, or scores outside it.

    Notes
    -----
    With x = pre - minimum and y = post - minimum: points_of_range 100 mean(y - x) / (maximum - minimum), t interval;
    change_of_means 100 (mean(y) / mean(x) - 1), Fieller's interval for paired data [1]_; mean_of_ratios
    100 mean((y - x) / x) over pupils with x > 0, t interval.

    References
    ----------
    .. [1] Fieller (1954). Some problems in interval estimation. J. R. Stat. Soc. B 16, 175-185.

    Examples
    --------
    >>> found = percent_change([2, 3, 4, 3], [3, 3, 5, 4], minimum=1, maximum=5)
    >>> found.points_of_range.value, found.change_of_means.value, round(found.mean_of_ratios.value, 1)
    (18.75, 37.5, 45.8)
    """
    before, after = finite_pair(pre, post)
    check_scale(before, "pre", minimum=minimum, maximum=maximum)
    check_scale(after, "post", minimum=minimum, maximum=maximum)
    check_conf_level(conf_level)
    if before.size < 2:
        raise FitError(f"{before.size} pupils have both scores; a percentage change needs at least 2.")
    x, y = before - minimum, after - minimum
    reaches = x > 1e-9 * (maximum - minimum)
    points = _t_interval(100 * (y - x) / (maximum - minimum), conf_level)
    of_means, of_means_reason = _fieller(x, y, conf_level) if reaches.any() else (_NOTHING, _ALL_AT_ZERO)
    ratios, ratios_reason = _NOTHING, _ALL_AT_ZERO
    kept = int(np.count_nonzero(reaches))
    if kept > 0:
        ratios = _t_interval(100 * (y[reaches] - x[reaches]) / x[reaches], conf_level)
        ratios_reason = None if kept > 1 else "Only 1 pupil started above the scale's minimum, so there is no interval."

    def named(kind: PercentKind, found: tuple[float, float, float], n: int, reason: str | None = None) -> PercentChange:
        return PercentChange(kind, *found, n, x.size - n, float(minimum), conf_level, reason)

    return PercentChanges(
        points_of_range=named("points_of_range", points, x.size),
        change_of_means=named("change_of_means", of_means, x.size, of_means_reason),
        mean_of_ratios=named("mean_of_ratios", ratios, kept, ratios_reason),
    )


def normalised_gain(pre: npt.ArrayLike, post: npt.ArrayLike, *, minimum: float, maximum: float) -> NormalisedGain:
    """Express the change as a share of what was possible.

    Parameters
    ----------
    pre, post : array_like, shape (n,)
        Linked scores within the scale, n >= 1.
    minimum, maximum : float
        Ends of the scale, from the instrument.

    Returns
    -------
    NormalisedGain

    Raises
    ------
    FitError
        Without pupils, with an impossible scale, or with scores outside it.

    Notes
    -----
    gain = (mean(post) - mean(pre)) / (maximum - mean(pre)) [1]_. Per pupil c = (post - pre) / (maximum - pre) for a
    rise, (post - pre) / (pre - minimum) for a fall, 0 for neither; pupils at the maximum or the minimum both times are
    left out [2]_.

    References
    ----------
    .. [1] Hake (1998). Interactive-engagement versus traditional methods. Am. J. Phys. 66, 64-74.
       doi:10.1119/1.18809
    .. [2] Marx & Cummings (2007). Normalized change. Am. J. Phys. 75, 87-91. doi:10.1119/1.2372468

    Examples
    --------
    >>> normalised_gain([20, 50, 100], [60, 40, 100], minimum=0, maximum=100).change
    0.15
    """
    before, after = finite_pair(pre, post)
    check_scale(before, "pre", minimum=minimum, maximum=maximum)
    check_scale(after, "post", minimum=minimum, maximum=maximum)
    if before.size < 1:
        raise FitError("No pupil has both scores; a gain needs at least 1.")
    change = after - before
    room_above, room_below = maximum - before, before - minimum
    stuck = (change == 0) & ((room_above == 0) | (room_below == 0))
    # A riser has room above and a faller room below, so no division by 0 is ever used.
    possible = np.where(change > 0, room_above, np.where(change < 0, room_below, 1.0))
    own = (change / possible)[~stuck]
    room = maximum - float(before.mean())
    return NormalisedGain(
        gain=float(change.mean()) / room if room > 0 else math.nan,
        change=float(own.mean()) if own.size else math.nan,
        n=own.size,
        n_dropped=int(np.count_nonzero(stuck)),
    )


_NOTHING = (math.nan, math.nan, math.nan)
_ALL_AT_ZERO = "Every pupil started at the scale's minimum, so there is nothing to take a percentage of."


def _t_interval(values: FloatArray, conf_level: float) -> tuple[float, float, float]:
    mean = float(values.mean())
    if values.size < 2:
        return mean, math.nan, math.nan
    std_error = float(values.std(ddof=1)) / math.sqrt(values.size)
    half_width = float(stdtrit(values.size - 1, (1 + conf_level) / 2)) * std_error
    return mean, mean - half_width, mean + half_width


def _fieller(x: FloatArray, y: FloatArray, conf_level: float) -> tuple[tuple[float, float, float], str | None]:
    """Percentage change of means, and the limits of all ratios q for which mean(y - q x) = 0 is not rejected."""
    n = x.size
    critical = float(stdtrit(n - 1, (1 + conf_level) / 2)) ** 2 / n
    covariance = np.cov(x, y, ddof=1)
    mean_x, mean_y = float(x.mean()), float(y.mean())
    ratio = mean_y / mean_x
    square = mean_x**2 - critical * float(covariance[0, 0])
    if square <= 0:
        reason = "The mean baseline is too close to the scale's minimum for limits to exist."
        return (100 * (ratio - 1), math.nan, math.nan), reason
    linear = mean_x * mean_y - critical * float(covariance[0, 1])
    constant = mean_y**2 - critical * float(covariance[1, 1])
    root = math.sqrt(max(linear**2 - square * constant, 0.0))
    return (100 * (ratio - 1), 100 * ((linear - root) / square - 1), 100 * ((linear + root) / square - 1)), None
