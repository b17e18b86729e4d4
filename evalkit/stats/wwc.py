"""What Works Clearinghouse: effect sizes, baseline equivalence, the clustering correction and the rating."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from scipy.special import ndtr, stdtr

from evalkit.errors import FitError

BaselineVerdict = Literal["satisfied", "needs_adjustment", "fails"]
WwcDesign = Literal["randomised", "quasi_experiment"]
WwcRating = Literal["without_reservations", "with_reservations", "does_not_meet"]


@dataclass(frozen=True, slots=True)
class ClusteredTest:
    """A test that ignored clusters, corrected for them.

    Attributes
    ----------
    statistic_before, statistic : float
        t before and after.
    df : float
    p_value : float
        Two-sided, after.
    """

    statistic_before: float
    statistic: float
    df: float
    p_value: float


def wwc_g(mean_diff: float, sd_pooled: float, *, n_total: int) -> float:
    """Hedges' g as the WWC computes it: omega times the difference over the pooled SD, omega = 1 - 3 / (4 N - 9).

    Examples
    --------
    >>> round(wwc_g(5.0, 10.0, n_total=40), 4)
    0.4901
    """
    if n_total < 4 or not sd_pooled > 0:
        raise FitError(f"{n_total} pupils, pooled SD {sd_pooled:g}: at least 4 pupils and an SD above 0 are needed.")
    return (1 - 3 / (4 * n_total - 9)) * mean_diff / sd_pooled


def cox_d(share_treated: float, share_control: float, *, divisor: float = 1.65, n_total: int | None = None) -> float:
    """Effect size of a yes/no outcome: difference of log odds over `divisor`.

    Parameters
    ----------
    share_treated, share_control : float
        Strictly between 0 and 1.
    divisor : float
    n_total : int, optional
        When given, the small-sample factor omega is applied too (public codes differ on whether it should be).

    Raises
    ------
    FitError
        When a share is 0 or 1: log odds then have no value.

    Examples
    --------
    >>> round(cox_d(0.6, 0.5), 4)
    0.2457
    """
    if not (0 < share_treated < 1 and 0 < share_control < 1):
        raise FitError(
            f"The shares are {share_treated:g} and {share_control:g}: Cox's d needs both strictly between 0 and 1. "
            "Give the difference in percentage points instead."
        )
    d = (math.log(share_treated / (1 - share_treated)) - math.log(share_control / (1 - share_control))) / divisor
    return d if n_total is None else wwc_g(d, 1.0, n_total=n_total)


def cluster_bias(n_total: float, *, cluster_size: float, icc: float) -> float:
    """Factor that corrects a pooled SD which ignores clusters: sqrt(1 - 2 (n - 1) rho / (N - 2)) (Hedges 2007)."""
    _check_clusters(n_total, cluster_size, icc)
    return math.sqrt(1 - 2 * (cluster_size - 1) * icc / (n_total - 2))


def correct_for_clusters(
    effect: float, *, n_treated: int, n_control: int, cluster_size: float, icc: float
) -> ClusteredTest:
    """Correct the test of a study that randomised schools and tested pupils ("mismatched" analysis).

    Parameters
    ----------
    effect : float
        g as reported.
    n_treated, n_control : int
        Pupils.
    cluster_size : float, >= 1
        Mean pupils per cluster.
    icc : float, 0 to 1

    Returns
    -------
    ClusteredTest

    Raises
    ------
    FitError
        When there are hardly more pupils than twice a cluster, so that nothing is left to correct.

    Notes
    -----
    t = g / sqrt(N / (n_T n_C) + g^2 / (2 N)); a = (N - 2) - 2 (n - 1) rho; t* = t sqrt(a / ((N - 2)(1 + (n - 1) rho)));
    df = a^2 / ((N - 2)(1 - rho)^2 + n (N - 2 n) rho^2 + 2 (N - 2 n) rho (1 - rho)) [1]_.

    References
    ----------
    .. [1] Hedges (2007). Correcting a significance test for clustering. JEBS 32(2), 151-179.
       doi:10.3102/1076998606298040

    Examples
    --------
    >>> found = correct_for_clusters(0.25, n_treated=500, n_control=500, cluster_size=25, icc=0.2)
    >>> round(found.statistic_before, 3), round(found.statistic, 3), round(found.df, 1)
    (3.937, 1.627, 516.2)
    """
    n = n_treated + n_control
    if min(n_treated, n_control) < 1:
        raise FitError(f"The groups hold {n_treated} and {n_control} pupils; each needs at least 1.")
    _check_clusters(n, cluster_size, icc)
    before = effect / math.sqrt(n / (n_treated * n_control) + effect**2 / (2 * n))
    a = (n - 2) - 2 * (cluster_size - 1) * icc
    after = before * math.sqrt(a / ((n - 2) * (1 + (cluster_size - 1) * icc)))
    rest = n - 2 * cluster_size
    df = a**2 / ((n - 2) * (1 - icc) ** 2 + cluster_size * rest * icc**2 + 2 * rest * icc * (1 - icc))
    return ClusteredTest(before, after, df, float(2 * stdtr(df, -abs(after))))


def baseline_verdict(effect: float, *, satisfied: float, adjustable: float) -> BaselineVerdict:
    """Judge a baseline difference of the analysed sample, in SDs of either sign, against the two limits.

    Examples
    --------
    >>> [baseline_verdict(g, satisfied=0.05, adjustable=0.25) for g in (-0.05, 0.051, -0.25, 0.26)]
    ['satisfied', 'needs_adjustment', 'needs_adjustment', 'fails']
    """
    if not (math.isfinite(effect) and 0 < satisfied < adjustable):
        raise FitError("A baseline difference needs a finite effect size and two ascending limits above 0.")
    if abs(effect) <= satisfied:
        return "satisfied"
    return "needs_adjustment" if abs(effect) <= adjustable else "fails"


def wwc_rating(
    design: WwcDesign, *, low_attrition: bool, baseline: BaselineVerdict | None, adjusted: bool
) -> WwcRating:
    """Rate a study.

    Parameters
    ----------
    design : {"randomised", "quasi_experiment"}
    low_attrition : bool
        At every level that was randomised or sampled. Ignored for a quasi-experiment.
    baseline : verdict, or None when no baseline of the analysed sample is known
    adjusted : bool
        The analysis adjusts for that baseline.

    Returns
    -------
    {"without_reservations", "with_reservations", "does_not_meet"}

    Examples
    --------
    >>> wwc_rating("randomised", low_attrition=False, baseline="needs_adjustment", adjusted=True)
    'with_reservations'
    """
    if design not in get_args(WwcDesign):
        raise FitError(f"The design is {design!r}: use one of {', '.join(get_args(WwcDesign))}.")
    if design == "randomised" and low_attrition:
        return "without_reservations"
    equivalent = baseline == "satisfied" or (baseline == "needs_adjustment" and adjusted)
    return "with_reservations" if equivalent else "does_not_meet"


def improvement_index(effect: float) -> float:
    """Percentile points by which the average control pupil would rise: 100 (Phi(g) - 0.5), -50 to 50.

    Examples
    --------
    >>> round(improvement_index(0.25), 2)
    9.87
    """
    return 100 * (float(ndtr(effect)) - 0.5)


def _check_clusters(n_total: float, cluster_size: float, icc: float) -> None:
    if not (0 <= icc <= 1 and cluster_size >= 1 and n_total > 2 * cluster_size and n_total > 2):
        raise FitError(
            f"{n_total:g} pupils in clusters of {cluster_size:g} with an ICC of {icc:g}: the ICC must be 0 to 1, and "
            "more than two clusters are needed."
        )
