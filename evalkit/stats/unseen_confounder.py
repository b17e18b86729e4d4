"""How strong something that nobody measured would have to be to explain a difference away."""

import math
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import ndtr, stdtrit
from scipy.stats import rankdata

from evalkit.errors import FitError
from evalkit.stats.vectors import FloatArray, finite_vector

LARGEST_GAMMA = 1000.0


@dataclass(frozen=True, slots=True)
class EValue:
    """The E-value of a standardised difference.

    Attributes
    ----------
    risk_ratio : float
        What the difference amounts to as a ratio of risks, 1 or above.
    value : float
        Least strength, as a risk ratio with both the programme and the outcome, that explains the estimate away.
    limit : float
        The same for the limit of the interval nearest 0; 1 when the interval holds 0.
    """

    risk_ratio: float
    value: float
    limit: float


def e_value(effect_size: float, *, low: float, high: float) -> EValue:
    """E-value of a standardised mean difference with its interval.

    Parameters
    ----------
    effect_size, low, high : float
        Difference in standard deviations and its limits.

    Returns
    -------
    EValue

    Notes
    -----
    RR = exp(0.91 d), E = RR + sqrt(RR (RR - 1)) (VanderWeele and Ding 2017, doi:10.7326/M16-2607); the limits are
    turned in the same way. A difference below 0 counts as its mirror image.

    Examples
    --------
    >>> found = e_value(0.5, low=0.1, high=0.9)
    >>> round(found.value, 2), round(found.limit, 2)
    (2.53, 1.42)
    """
    sign = -1.0 if effect_size < 0 else 1.0
    nearest = max(0.0, min(sign * low, sign * high))
    ratio, limit = math.exp(0.91 * abs(effect_size)), math.exp(0.91 * nearest)
    return EValue(ratio, ratio + math.sqrt(ratio * (ratio - 1)), limit + math.sqrt(limit * (limit - 1)))


@dataclass(frozen=True, slots=True)
class SignedRankBounds:
    """Rosenbaum's bounds of the signed-rank test of matched pairs.

    Attributes
    ----------
    gamma : ndarray, shape (k,)
        Odds by which one of two alike could be likelier to have the programme than the other.
    p_low, p_high : ndarray, shape (k,)
        Least and largest one-sided p-value at each.
    critical_gamma : float
        From where on p_high is above alpha; 1 when it is so without any hidden bias, infinite when it never is.
    n_pairs : int
        Pairs that differ.
    alpha : float
    """

    gamma: FloatArray
    p_low: FloatArray
    p_high: FloatArray
    critical_gamma: float
    n_pairs: int
    alpha: float


def signed_rank_bounds(
    differences: ArrayLike, *, gamma: ArrayLike = (1.0, 1.5, 2.0, 3.0), alpha: float = 0.025
) -> SignedRankBounds:
    """Bound the signed-rank test's p-value under hidden bias.

    Parameters
    ----------
    differences : array, shape (q,)
        Programme minus comparison of each pair; the test is one-sided, in the direction of their sum of ranks.
    gamma : array, shape (k,)
        1 or above.
    alpha : float
        One-sided; 0.025 goes with a 95% interval.

    Returns
    -------
    SignedRankBounds

    Raises
    ------
    FitError
        No pair differs, or a gamma below 1.

    Notes
    -----
    With p = G/(1 + G) the sum of positive ranks has at most mean p sum(r) and variance p(1 - p) sum(r^2), and a normal
    distribution for many pairs [1]_ section 4.3; ties share their mean rank; pairs that
    do not differ take the lowest ranks and then count no further.

    References
    ----------
    .. [1] Rosenbaum (2002). Observational Studies, 2nd edition.
    """
    d = finite_vector(differences, "differences")
    gammas = np.asarray(gamma, dtype=np.float64)
    if not d.any():
        raise FitError("No matched pair differs, so there is nothing to explain away.")
    if (gammas < 1).any():
        raise FitError("Hidden bias is a ratio of odds, 1 or above.")
    everybody = np.asarray(cast("FloatArray", rankdata(np.abs(d))), dtype=np.float64)
    ranks, d = everybody[d != 0], d[d != 0]
    plus = float(ranks[d > 0].sum())
    statistic = max(plus, float(ranks.sum()) - plus)

    def p_value(share: float) -> float:
        mean, variance = share * ranks.sum(), share * (1 - share) * (ranks**2).sum()
        return float(cast("float", ndtr(-(statistic - mean) / math.sqrt(variance))))

    high = np.array([p_value(g / (1 + g)) for g in gammas])
    low = np.array([p_value(1 / (1 + g)) for g in gammas])

    def above(log_gamma: float) -> float:
        g = math.exp(log_gamma)
        return p_value(g / (1 + g)) - alpha

    if above(0.0) >= 0:
        critical = 1.0
    elif above(math.log(LARGEST_GAMMA)) < 0:
        critical = math.inf
    else:
        critical = math.exp(float(brentq(above, 0.0, math.log(LARGEST_GAMMA), xtol=1e-12)))
    return SignedRankBounds(gammas, low, high, critical, int(d.size), alpha)


@dataclass(frozen=True, slots=True)
class RobustnessValue:
    """Cinelli and Hazlett's sensitivity statistics of a regression coefficient.

    Attributes
    ----------
    partial_r2 : float
        Share of the outcome's residual variance that the programme explains.
    value : float
        Share of the residual variance of both programme and outcome that something unseen must explain to bring the
        estimate to 0.
    value_alpha : float
        The same to bring the interval to 0; 0 when it holds 0 already.
    """

    partial_r2: float
    value: float
    value_alpha: float


def robustness_value(
    t_value: float, df: float, *, alpha: float = 0.05, error_ratio: float = 1.0, critical: float | None = None
) -> RobustnessValue:
    """How much of both residual variances something unseen must explain to explain the estimate away.

    Parameters
    ----------
    t_value, df : float
        Of the coefficient in a least-squares fit with independent errors.
    alpha : float
    error_ratio : float
        The standard error that is believed (clustered) over the one that goes with `t_value`.
    critical : float, optional
        Quantile that goes with the believed error; Student's with df - 1 when not given.

    Returns
    -------
    RobustnessValue

    Notes
    -----
    f = |t|/sqrt(df), RV = (sqrt(f^4 + 4 f^2) - f^2)/2; for the interval f - t* ratio/sqrt(df - 1) in place of f [1]_
    equations 19 to 21 (ratio 1 there). Where f exceeds 1 over its own reduction f*, their second branch:
    RV = (f^2 - f*^2)/(1 + f^2).

    References
    ----------
    .. [1] Cinelli and Hazlett (2020). Making sense of sensitivity: extending omitted variable bias. JRSS B 82(1),
       39-67. doi:10.1111/rssb.12348

    Examples
    --------
    >>> found = robustness_value(4.18, 783)
    >>> round(found.value, 3), round(found.value_alpha, 3)
    (0.139, 0.076)
    """
    f = abs(t_value) / math.sqrt(df)
    quantile = float(stdtrit(df - 1, 1 - alpha / 2)) if critical is None else critical
    f_star = quantile * error_ratio / math.sqrt(df - 1)
    left = f - f_star
    if left <= 0:
        limit = 0.0
    elif f_star > 0 and f > 1 / f_star:
        limit = (f**2 - f_star**2) / (1 + f**2)
    else:
        limit = _robustness(left)
    return RobustnessValue(f**2 / (1 + f**2), _robustness(f), limit)


def _robustness(f: float) -> float:
    return (math.sqrt(f**4 + 4 * f**2) - f**2) / 2


@dataclass(frozen=True, slots=True)
class Benchmark:
    """What is left of an estimate if something unseen were k times as strong as a covariate that was seen.

    Attributes
    ----------
    r2_treatment, r2_outcome : float
        Bounds of the unseen confounder's partial R-squared with programme and outcome.
    estimate, conf_low, conf_high : float
        What would be left.
    """

    r2_treatment: float
    r2_outcome: float
    estimate: float
    conf_low: float
    conf_high: float


def benchmark(
    estimate: float,
    std_error: float,
    *,
    df: float,
    r2_covariate_treatment: float,
    r2_covariate_outcome: float,
    times: float = 1.0,
    level: float = 0.95,
    error_ratio: float = 1.0,
    critical: float | None = None,
) -> Benchmark:
    """Adjust an estimate for something unseen that is `times` as strong as a covariate.

    Parameters
    ----------
    estimate, std_error : float
        Of a least-squares fit with independent errors.
    df : float
    r2_covariate_treatment : float
        Partial R-squared of the covariate with the programme, given the other covariates.
    r2_covariate_outcome : float
        Partial R-squared of the covariate with the outcome, given the programme and the other covariates.
    times, level : float
    error_ratio, critical : float
        As in `robustness_value`.

    Returns
    -------
    Benchmark

    Raises
    ------
    FitError
        The confounder would explain all of the programme.

    Notes
    -----
    With f^2 = R^2/(1 - R^2): R2_D = k f_D^2; eta = (sqrt(k) + |rho|)/sqrt(1 - rho^2),
    rho^2 = k R2_xD^2 / ((1 - k R2_xD)(1 - R2_xD)); R2_Y = min(eta^2 f_Y^2, 1).
    bias = se sqrt(df) sqrt(R2_Y R2_D/(1 - R2_D)); new se = se sqrt((1 - R2_Y)/(1 - R2_D)) sqrt(df/(df - 1))
    (Cinelli and Hazlett 2020, sections 4.1 and 4.4).
    """
    d, y = r2_covariate_treatment, r2_covariate_outcome
    with_treatment = times * d / (1 - d)
    if with_treatment >= 1 or times * d >= 1:
        raise FitError("Something so strong would explain all of who had the programme; ask for less.")
    rho2 = times * d**2 / ((1 - times * d) * (1 - d))
    if rho2 >= 1:
        raise FitError("Something so strong would explain all of who had the programme; ask for less.")
    eta = (math.sqrt(times) + math.sqrt(rho2)) / math.sqrt(1 - rho2)
    with_outcome = min(eta**2 * y / (1 - y), 1.0)
    bias = std_error * math.sqrt(df) * math.sqrt(with_outcome * with_treatment / (1 - with_treatment))
    left = math.copysign(1.0, estimate) * (abs(estimate) - bias)
    error = std_error * math.sqrt((1 - with_outcome) / (1 - with_treatment)) * math.sqrt(df / (df - 1))
    quantile = float(stdtrit(df - 1, 0.5 + level / 2)) if critical is None else critical
    half = quantile * error * error_ratio
    return Benchmark(with_treatment, with_outcome, left, left - half, left + half)
