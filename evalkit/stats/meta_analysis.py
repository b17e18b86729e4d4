"""Pool the estimates of several studies: random effects by REML, the Hartung-Knapp interval, a prediction interval.

The model is y_i = mu + u_i + e_i with u_i ~ N(0, tau2) and e_i ~ N(0, v_i), v_i known.

References
----------
Viechtbauer, W. (2005). Bias and efficiency of meta-analytic variance estimators in the random-effects model. Journal
    of Educational and Behavioral Statistics 30, 261-293: the REML criterion.
Knapp, G. and Hartung, J. (2003). Improved tests for a random effects meta-regression with a single covariate.
    Statistics in Medicine 22, 2693-2710: the interval.
Higgins, J. P. T., Thompson, S. G. and Spiegelhalter, D. J. (2009). A re-evaluation of random-effects meta-analysis.
    Journal of the Royal Statistical Society A 172, 137-159: the prediction interval.
Viechtbauer, W. (2007). Confidence intervals for the amount of heterogeneity in meta-analysis. Statistics in Medicine
    26, 37-52: the interval of tau2 by the Q-profile.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

from evalkit.errors import FitError

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pooled:
    """What several studies say together.

    Attributes
    ----------
    estimate, std_error : mu and its Hartung-Knapp standard error, in the units of the estimates
    df : k - 1
    conf_low, conf_high : interval of mu, by t
    predict_low, predict_high : where the true value of a further study of the same kind would lie
    p_value : of mu = 0
    tau2, tau2_low, tau2_high : variance of the true values between studies, and its interval by the Q-profile
    i2 : share of the variance that is between studies, 0 to 1 (Higgins and Thompson's, by a typical variance)
    q, q_p_value : Cochran's Q and its p-value on k - 1
    n_studies : k
    weights : share of each study, adding to 1
    """

    estimate: float
    std_error: float
    df: float
    conf_low: float
    conf_high: float
    predict_low: float
    predict_high: float
    p_value: float
    tau2: float
    tau2_low: float
    tau2_high: float
    i2: float
    q: float
    q_p_value: float
    n_studies: int
    weights: tuple[float, ...]


def pool(estimates: npt.ArrayLike, std_errors: npt.ArrayLike, *, conf_level: float = 0.95) -> Pooled:
    """Pool estimates with known standard errors.

    Parameters
    ----------
    estimates : shape (k,), k >= 2, one from each study, all in the same units
    std_errors : shape (k,), above 0
    conf_level : between 0 and 1

    Raises
    ------
    FitError
        Fewer than two studies, a missing number, or a standard error that is not above 0.

    Notes
    -----
    With w_i = 1 / (v_i + tau2): mu = sum(w y) / sum(w); its variance is sum(w (y - mu)^2) / ((k - 1) sum(w)) (Knapp
    and Hartung's equation 4), on t with k - 1 df; a further study lies within mu +- t sqrt(tau2 + SE^2).
    """
    y, v = np.asarray(estimates, dtype=np.float64), np.asarray(std_errors, dtype=np.float64) ** 2
    if y.ndim != 1 or y.shape != v.shape or len(y) < 2:
        raise FitError(f"Pooling needs two studies or more, each with its standard error; found {y.size} and {v.size}.")
    if not (np.isfinite(y).all() and np.isfinite(v).all() and (v > 0).all()):
        raise FitError("Pooling needs finite estimates, and standard errors above 0.")
    k = len(y)
    tau2 = _reml(y, v)
    w = 1 / (v + tau2)
    mu = float(w @ y / w.sum())
    se = float(np.sqrt(w @ (y - mu) ** 2 / ((k - 1) * w.sum())))
    t = float(stats.t.isf((1 - conf_level) / 2, k - 1))
    wide = t * float(np.sqrt(tau2 + se**2))
    fixed = 1 / v
    q = float(fixed @ (y - fixed @ y / fixed.sum()) ** 2)
    typical = (k - 1) * fixed.sum() / (fixed.sum() ** 2 - (fixed**2).sum())
    low, high = _q_profile(y, v, conf_level)
    p = float(2 * stats.t.sf(abs(mu) / se, k - 1)) if se > 0 else float(mu == 0)
    return Pooled(
        mu, se, k - 1, mu - t * se, mu + t * se, mu - wide, mu + wide, p, tau2, low, high,
        float(tau2 / (tau2 + typical)), q, float(stats.chi2.sf(q, k - 1)), k, tuple((w / w.sum()).tolist()),
    )  # fmt: skip


def _reml(y: FloatArray, v: FloatArray) -> float:
    """The tau2 that makes the restricted likelihood largest; 0 where it falls from the start."""

    def minus(tau2: float) -> float:
        w = 1 / (v + tau2)
        mu = w @ y / w.sum()
        return float(0.5 * (np.log(v + tau2).sum() + np.log(w.sum()) + w @ (y - mu) ** 2))

    def slope(tau2: float) -> float:
        w = 1 / (v + tau2)
        mu = w @ y / w.sum()
        return float(0.5 * (w.sum() - (w**2).sum() / w.sum() - (w**2) @ (y - mu) ** 2))

    top = 10 * (float(np.var(y, ddof=1)) + float(v.max())) + 1e-12
    grid = np.concatenate([[0.0], np.geomspace(top * 1e-9, top, 60)])
    best = int(np.argmin([minus(one) for one in grid]))
    if best == 0 and slope(0.0) >= 0:
        return 0.0
    left, right = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    if slope(left) < 0 < slope(right):
        return float(optimize.brentq(slope, left, right, xtol=1e-15, rtol=1e-14))
    return float(grid[best])


def _q_profile(y: FloatArray, v: FloatArray, conf_level: float) -> tuple[float, float]:
    """Where the generalised Q of tau2 meets the chi-squared quantiles; Q falls as tau2 grows."""

    def generalised(tau2: float) -> float:
        w = 1 / (v + tau2)
        return float(w @ (y - w @ y / w.sum()) ** 2)

    def meets(quantile: float) -> float:
        if generalised(0.0) <= quantile:
            return 0.0
        top = float(np.var(y, ddof=1)) + float(v.max())
        while generalised(top) > quantile:
            top *= 4
        return float(optimize.brentq(lambda tau2: generalised(tau2) - quantile, 0.0, top, xtol=1e-14, rtol=1e-13))

    tail = (1 - conf_level) / 2
    df = len(y) - 1
    return meets(float(stats.chi2.isf(tail, df))), meets(float(stats.chi2.ppf(tail, df)))
