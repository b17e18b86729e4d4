"""How alike two groups are, before and after matching or weighting: standardised differences and variance ratios."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from evalkit.errors import FitError
from evalkit.stats.propensity import check_groups
from evalkit.stats.vectors import FloatArray

Yardstick = Literal["pooled", "treated"]


@dataclass(frozen=True, slots=True)
class GroupBalance:
    """Balance of k covariates.

    Attributes
    ----------
    mean_treated, mean_control : ndarray, shape (k,)
        Weighted means.
    sd_treated, sd_control : ndarray, shape (k,)
        Weighted standard deviations.
    std_differences : ndarray, shape (k,)
        Difference of means over the yardstick; 0 where all are alike, NaN where there is no spread to measure by.
    variance_ratios : ndarray, shape (k,)
        Weighted variance with the programme over that without; NaN for a covariate of two values, or without spread.
    yardsticks : ndarray, shape (k,)
        Standard deviations that differences are measured by: those before matching, so that before and after compare.
    """

    mean_treated: FloatArray
    mean_control: FloatArray
    sd_treated: FloatArray
    sd_control: FloatArray
    std_differences: FloatArray
    variance_ratios: FloatArray
    yardsticks: FloatArray


def group_balance(
    covariates: ArrayLike, treated: ArrayLike, *, weights: ArrayLike | None = None, yardstick: Yardstick = "pooled"
) -> GroupBalance:
    """Compare the groups' covariates.

    Parameters
    ----------
    covariates : array, shape (n, k)
        Everybody, the unmatched too: the yardstick is theirs.
    treated : array, shape (n,)
    weights : array, shape (n,), optional
        0 or above; equal when not given.
    yardstick : {"pooled", "treated"}
        sqrt((s1^2 + s0^2) / 2), or the programme group's standard deviation.

    Returns
    -------
    GroupBalance

    Raises
    ------
    FitError
        Weights below 0, or a group whose weights are all 0.

    Notes
    -----
    Weighted variance: sum w (x - m)^2 / (sum w - sum w^2 / sum w) (Austin 2009, doi:10.1002/sim.3697; MatchIt).

    Examples
    --------
    >>> found = group_balance([[1.0], [2], [3], [0], [1], [2]], [1, 1, 1, 0, 0, 0])
    >>> found.std_differences.tolist(), found.variance_ratios.tolist()
    ([1.0], [1.0])
    """
    x = np.asarray(covariates, dtype=np.float64)
    chosen = check_groups(treated, length=len(x))
    w = np.ones(len(x)) if weights is None else np.asarray(weights, dtype=np.float64)
    if (w < 0).any() or not w[chosen].any() or not w[~chosen].any():
        raise FitError("Weights must be 0 or above, with some above 0 in each group.")
    one, zero = _moments(x[chosen], w[chosen]), _moments(x[~chosen], w[~chosen])
    plain = np.ones(len(x))
    before_one = _moments(x[chosen], plain[chosen])[1]
    before_zero = _moments(x[~chosen], plain[~chosen])[1]
    scale = np.sqrt(before_one if yardstick == "treated" else (before_one + before_zero) / 2)
    gaps = one[0] - zero[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        differences = np.where(scale > 0, gaps / scale, np.where(np.isclose(gaps, 0), 0.0, np.nan))
        two_valued = np.array([len(np.unique(column)) <= 2 for column in x.T])
        ratios = np.where(two_valued | (zero[1] <= 0) | (one[1] <= 0), np.nan, one[1] / zero[1])
    return GroupBalance(one[0], zero[0], np.sqrt(one[1]), np.sqrt(zero[1]), differences, ratios, scale)


def _moments(x: FloatArray, w: FloatArray) -> tuple[FloatArray, FloatArray]:
    total = w.sum()
    mean: FloatArray = w @ x / total
    spread = total - (w**2).sum() / total
    if spread <= 0:
        return mean, np.zeros_like(mean)
    squares: FloatArray = (x - mean) ** 2
    variance: FloatArray = w @ squares / spread
    return mean, variance
