"""Effect sizes of cluster and multisite trials as others define them, each under its own name, for comparison."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtri

from evalkit.errors import FitError
from evalkit.stats.cluster_effect_size import ClusterEffect, Interval, Yardstick
from evalkit.stats.effect_size import hedges_correction
from evalkit.stats.mixed.moments import FloatArray
from evalkit.stats.noncentral_t import noncentrality_limits

Reach = Literal["total", "within"]


@dataclass(frozen=True, slots=True)
class ArmSizes:
    """Pupils in every cluster of the two arms compared; other arms are no part of it.

    Attributes
    ----------
    treated : ndarray (m_T,)
    control : ndarray (m_C,)
    """

    treated: FloatArray
    control: FloatArray

    def __post_init__(self) -> None:
        if len(self.treated) < 2 or len(self.control) < 2:
            raise FitError(
                f"The formula for clusters needs two clusters in each arm and found {len(self.treated)} treated and "
                f"{len(self.control)} control."
            )

    @property
    def n(self) -> float:
        """N, pupils in both arms."""
        return float(self.treated.sum() + self.control.sum())

    @property
    def base(self) -> float:
        """(N_T + N_C) / (N_T N_C): the variance of a difference between two means of unit variance."""
        return self.n / float(self.treated.sum() * self.control.sum())


def effective_cluster_size(sizes: ArmSizes) -> float:
    """n~ = N_C sum(n_T^2)/(N_T N) + N_T sum(n_C^2)/(N_C N): their common size if they are equal (Hedges 2007)."""
    t, c = float(sizes.treated.sum()), float(sizes.control.sum())
    return (c * float((sizes.treated**2).sum()) / t + t * float((sizes.control**2).sum()) / c) / sizes.n


def _unequal(sizes: FloatArray) -> float:
    """n_U = (N^2 - sum n^2) / (N (m - 1)): the common size for clusters of equal size."""
    total = float(sizes.sum())
    return (total**2 - float((sizes**2).sum())) / (total * (len(sizes) - 1))


def naive_sd_factor(icc: float, sizes: ArmSizes) -> float:
    """Hedges' factor that turns an effect over the NAIVE pooled standard deviation into one over the total one.

    Parameters
    ----------
    icc : float
    sizes : ArmSizes

    Returns
    -------
    float
        At most about 1. On REML variances, which need no such correction, it corrects a second time.

    Notes
    -----
    sqrt(1 - rho [(N - n_UT m_T - n_UC m_C) + n_UT + n_UC - 2] / (N - 2)) [1]_ section on unequal sizes.

    References
    ----------
    .. [1] Hedges (2007). Effect sizes in cluster-randomized designs. Journal of Educational and Behavioral Statistics
       32(4), 341-370. doi:10.3102/1076998606298043
    """
    t, c = _unequal(sizes.treated), _unequal(sizes.control)
    bracket = sizes.n - t * len(sizes.treated) - c * len(sizes.control) + t + c - 2.0
    return float(np.sqrt(1.0 - icc * bracket / (sizes.n - 2.0)))


def hedges_variance(d: float, icc: float, sizes: ArmSizes, *, reach: Reach) -> float:
    """Sampling variance of d in a cluster trial without covariates, clusters of any size.

    Parameters
    ----------
    d : float
    icc : float
        0 to below 1.
    sizes : ArmSizes
    reach : {"total", "within"}
        Which standard deviation d was divided by.

    Returns
    -------
    float
        It knows nothing of a pre-test: where that explains much, the interval made of it is far too wide.

    Notes
    -----
    Hedges (2007), doi:10.3102/1076998606298043. Total: base (1 + (n~ - 1) rho) + d^2 [(N-2)(1-rho)^2 + A rho^2
    + 2 B rho (1-rho)] / (2 (N-2) [(N-2) - rho (N-2-B)]), B = n_UT (m_T - 1) + n_UC (m_C - 1), A = A_T + A_C,
    A_T = (N_T^2 sum n^2 + (sum n^2)^2 - 2 N_T sum n^3) / N_T^2. Within: base (1 + (n~ - 1) rho)/(1 - rho)
    + d^2 / (2 (N - M)).
    """
    first = sizes.base * (1.0 + (effective_cluster_size(sizes) - 1.0) * icc)
    n = sizes.n
    if reach == "within":
        return first / (1.0 - icc) + d**2 / (2.0 * (n - len(sizes.treated) - len(sizes.control)))
    a = _spread(sizes.treated) + _spread(sizes.control)
    b = _unequal(sizes.treated) * (len(sizes.treated) - 1) + _unequal(sizes.control) * (len(sizes.control) - 1)
    above = (n - 2.0) * (1.0 - icc) ** 2 + a * icc**2 + 2.0 * b * icc * (1.0 - icc)
    return first + d**2 * above / (2.0 * (n - 2.0) * (n - 2.0 - icc * (n - 2.0 - b)))


def _spread(sizes: FloatArray) -> float:
    total, second = float(sizes.sum()), float((sizes**2).sum())
    return (total**2 * second + second**2 - 2.0 * total * float((sizes**3).sum())) / total**2


@dataclass(frozen=True, slots=True)
class Sites:
    """Pupils of the two arms compared in every site of a multisite trial, sites with both arms only.

    Attributes
    ----------
    treated, control : ndarray (M,)
    """

    treated: FloatArray
    control: FloatArray


def multisite_variance(d: float, *, sd: float, within_variance: float, effect_variance: float, sites: Sites) -> float:
    """Sampling variance of d where both arms exist in every site and the effect may differ between sites.

    Parameters
    ----------
    d : float
    sd : float
        What d was divided by.
    within_variance, effect_variance : float
        Pupils' variance within a site, and the variance of the treatment effect between sites.
    sites : Sites

    Notes
    -----
    1 / sum_j v/(v_a + v_W/h_j) + d^2 / (2 N - 4 M) with h_j = n_T n_C / (n_T + n_C), v = sd^2.
    """
    size = sites.treated * sites.control / (sites.treated + sites.control)
    precision = float((1.0 / (effect_variance + within_variance / size)).sum())
    n = float((sites.treated + sites.control).sum())
    return 1.0 / (sd**2 * precision) + d**2 / (2.0 * n - 4.0 * len(size))


def normal_limits(value: float, variance: float, *, conf_level: float) -> tuple[float, float]:
    """value -+ z sqrt(variance)."""
    reach = float(ndtri(0.5 + conf_level / 2.0)) * float(np.sqrt(variance))
    return value - reach, value + reach


def eef_null_effect(effect: Interval, *, sd: float, n_rows: int, interval: str) -> ClusterEffect:
    """The effect over a standard deviation of the EMPTY model, with J for a simple trial of all pupils.

    Notes
    -----
    g = J b / S_0, J = 1 - 3 / (4 (N - 2) - 1). The effect itself adds to S_0, so g is a little too small.
    """
    df = n_rows - 2.0
    correction = 1.0 - 3.0 / (4.0 * df - 1.0)
    factor = correction / sd
    return ClusterEffect(
        factor * effect.estimate, factor * effect.low, factor * effect.high, sd, df, correction, interval
    )


def eef_package_effect(
    estimate: float, empty: Yardstick, sizes: ArmSizes, *, reach: Reach, conf_level: float
) -> ClusterEffect:
    """What the EEF's R package calls its unconditional effect size of a cluster trial.

    Notes
    -----
    Total: b / S_0 times `naive_sd_factor`, a second correction; within: b / s_W0 without any. Variances of the empty
    model, limits from `hedges_variance` and the normal distribution.
    """
    sd = empty.total if reach == "total" else empty.within
    factor = naive_sd_factor(empty.icc, sizes) if reach == "total" else 1.0
    value = factor * estimate / sd
    low, high = normal_limits(value, hedges_variance(value, empty.icc, sizes, reach=reach), conf_level=conf_level)
    return ClusterEffect(value, low, high, sd, np.nan, factor, "hedges_2007")


def design_comparable_effect(effect: Interval, yardstick: Yardstick, *, conf_level: float) -> ClusterEffect:
    """The total effect with limits that also count the uncertainty of the standard deviation.

    Notes
    -----
    b/S is kappa times a noncentral t with the df of S^2 and noncentrality delta/kappa, kappa = se(b)/S (Pustejovsky,
    Hedges, Shadish 2014, doi:10.3102/1076998614547577, section on inference). The limits are those of delta, so they
    carry no J. kappa is taken as known: with few clusters trust the headline interval.
    """
    kappa = effect.std_error / yardstick.total
    correction = hedges_correction(yardstick.total_df)
    low, high = noncentrality_limits(effect.estimate / effect.std_error, yardstick.total_df, conf_level=conf_level)
    value = correction * effect.estimate / yardstick.total
    return ClusterEffect(
        value, kappa * low, kappa * high, yardstick.total, yardstick.total_df, correction, "noncentral_t"
    )
