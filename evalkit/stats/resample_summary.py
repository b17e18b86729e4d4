"""From resampled statistics to a p-value or an interval, with every failed draw counted."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtri

from evalkit.errors import FitError
from evalkit.stats.mixed.moments import FloatArray

TIE = 1e-9  # statistics this close, relative to the observed one, are equal
IntervalKind = Literal["percentile", "basic", "normal"]


@dataclass(frozen=True, slots=True)
class ResampledP:
    """A resampling p-value.

    Attributes
    ----------
    p_value : float
        Two-sided.
    as_extreme : int
        Draws at least as extreme as the observed statistic.
    draws, failed : int
        `draws` counts the failed ones.
    exact : bool
        All possible draws were counted.
    monte_carlo_error : float
        Standard error of the p-value from drawing at random; 0 where exact.
    """

    p_value: float
    as_extreme: int
    draws: int
    failed: int
    exact: bool
    monte_carlo_error: float


def resampled_p(observed: float, drawn: FloatArray, *, exact: bool) -> ResampledP:
    """Share of draws at least as far from 0 as the observed statistic.

    Parameters
    ----------
    observed : float
    drawn : ndarray (B,)
        NaN for a failed draw, which counts as more extreme: p errs to the safe side.
    exact : bool
        The draws are all there are, the observed one among them; otherwise it is added to the random ones.

    Returns
    -------
    ResampledP

    Notes
    -----
    p = #(|T| >= |T_obs| (1 - 1e-9)) / B when exact, else (1 + #) / (1 + B) [1]_: never 0.

    References
    ----------
    .. [1] Phipson, Smyth (2010). Permutation p-values should never be zero. doi:10.2202/1544-6115.1585

    Examples
    --------
    >>> resampled_p(2.0, np.array([-2.0, 1.0, 0.5, 2.0]), exact=True).p_value
    0.5
    """
    if not np.isfinite(observed):
        raise FitError("The observed statistic is not a finite number, so nothing can be compared with it.")
    failed = int(np.isnan(drawn).sum())
    hits = int((np.abs(drawn) >= abs(observed) * (1.0 - TIE)).sum()) + failed
    extra = 0 if exact else 1
    p = (hits + extra) / (drawn.size + extra)
    error = 0.0 if exact else float(np.sqrt(p * (1.0 - p) / drawn.size))
    return ResampledP(p, hits, drawn.size, failed, exact, error)


def resampled_interval(
    estimate: float, drawn: FloatArray, *, kind: IntervalKind, conf_level: float
) -> tuple[float, float]:
    """Limits from bootstrap draws, the failed ones (NaN) left out.

    Parameters
    ----------
    estimate : float
    drawn : ndarray (B,)
        At full precision, never rounded.
    kind : {"percentile", "basic", "normal"}
        Quantiles of the draws; those reflected about the estimate (both ends); estimate minus bias -+ z SD.
    conf_level : float
    """
    good = drawn[~np.isnan(drawn)]
    if good.size < 2:
        return np.nan, np.nan
    tail = (1.0 - conf_level) / 2.0
    low, high = (float(v) for v in np.quantile(good, [tail, 1.0 - tail]))
    if kind == "percentile":
        return low, high
    if kind == "basic":
        return 2.0 * estimate - high, 2.0 * estimate - low
    centre, reach = 2.0 * estimate - float(good.mean()), float(ndtri(1.0 - tail)) * float(good.std(ddof=1))
    return centre - reach, centre + reach
