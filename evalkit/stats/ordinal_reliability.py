"""Reliability of items answered on a few steps, from their polychoric correlations: ordinal alpha and ordinal omega."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.linalg import LinAlgError
from scipy.special import ndtr, ndtri

from evalkit.errors import FitError
from evalkit.stats.bivariate_normal import bivariate_normal_cdf, bivariate_normal_density
from evalkit.stats.polychoric import Polychoric, polychoric, polychoric_covariance
from evalkit.stats.reliability import Reliability, ReliabilityMethod
from evalkit.stats.vectors import FloatArray, check_conf_level


@dataclass(frozen=True, slots=True, eq=False)
class OrdinalReliability:
    """Reliabilities of a scale whose items are answered on a few ordered steps.

    Attributes
    ----------
    alpha : Reliability
        Zumbo's ordinal alpha: of the sum of the normal variables behind the items, which nobody observes.
    omega : Reliability or None
        Green and Yang's: of the sum of the answers as pupils gave them. None where `reason` says why.
    latent_omega : Reliability or None
        McDonald's formula on the loadings behind the polychoric correlations; like `alpha` not of an observed score.
    loadings : array, shape (k,)
        Of one factor by diagonally weighted least squares; empty without `omega`.
    reason : str
    """

    alpha: Reliability
    omega: Reliability | None
    latent_omega: Reliability | None
    loadings: FloatArray
    reason: str


def ordinal_reliability(
    items: npt.ArrayLike, *, conf_level: float = 0.95, found: Polychoric | None = None
) -> OrdinalReliability:
    """Compute ordinal alpha and ordinal omega with delta-method intervals.

    Parameters
    ----------
    items : array_like, shape (n, k)
        Scored answers (reversed items already reversed), NaN where missing; k >= 2, k >= 3 for omega.
    conf_level : float, between 0 and 1
    found : Polychoric, optional
        The polychoric correlations of these very items, where they are known already.

    Returns
    -------
    OrdinalReliability
        Prefer `omega` of the two omegas: it belongs to the score that is used.

    Raises
    ------
    FitError
        As `polychoric` and `polychoric_covariance`.

    Notes
    -----
    Ordinal alpha = k/(k-1) (1 - k / sum R), R the polychoric correlations [1]_. Loadings l of one factor minimise
    sum w_ij (r_ij - l_i l_j)^2, w_ij one over the variance of r_ij, as lavaan's DWLS. Ordinal omega [2]_ eq. 21: the
    numerator sums over all pairs of items and of thresholds P(l_i l_j) - Phi Phi, the denominator P(r_ij) - Phi Phi, P
    the bivariate normal probability below both thresholds (r_ii = 1); steps between answers count with their width. As
    semTools' `compRelSEM`. Above 1 it is left out: the correlations are then far from one factor. Latent omega =
    (sum l)^2 / ((sum l)^2 + sum(1 - l^2)). Standard errors by the delta method from `polychoric_covariance`.

    References
    ----------
    .. [1] Zumbo, Gadermann & Zeisser (2007). Ordinal versions of coefficients alpha and theta for Likert rating scales.
       J. Mod. Appl. Stat. Methods 6, 21-29. doi:10.22237/jmasm/1177992180
    .. [2] Green & Yang (2009). Reliability of summed item scores using structural equation modeling. Psychometrika 74,
       155-167. doi:10.1007/s11336-008-9099-3

    Examples
    --------
    >>> rng = np.random.default_rng(2)
    >>> answers = np.digitize(rng.normal(size=(200, 1)) + rng.normal(size=(200, 4)), [-1, 1])
    >>> found = ordinal_reliability(answers)
    >>> found.omega.value < found.alpha.value
    True
    """
    one = polychoric(items) if found is None else found
    covariance = polychoric_covariance(items, one)
    level = check_conf_level(conf_level)
    k = len(one.correlations)
    n_cuts = sum(len(cuts) for cuts in one.thresholds)
    total = float(one.correlations.sum())
    slope = np.zeros(len(covariance))
    slope[n_cuts:] = 2 * k**2 / (k - 1) / total**2
    alpha = _reliability("ordinal_alpha", k / (k - 1) * (1 - k / total), slope, covariance, one, level)
    if k < 3:
        return OrdinalReliability(alpha, None, None, np.zeros(0), "A factor needs at least 3 items.")
    weights = 1 / np.diag(covariance)[n_cuts:]
    loadings, by_r = _one_factor(one.correlations, weights)
    if loadings.sum() < 0:
        loadings, by_r = -loadings, -by_r
    if np.abs(loadings).max() >= 1:
        reason = "The one-factor model gave an impossible (negative) error variance."
        return OrdinalReliability(alpha, None, None, loadings, reason)
    latent = _latent_omega(loadings, by_r, covariance, one, level)
    value, by_cuts, by_loadings, by_pairs = _observed_omega(one, loadings)
    if value > 1:
        reason = "The items are too far from one common factor for an ordinal omega: it comes out above 1."
        return OrdinalReliability(alpha, None, latent, loadings, reason)
    slope = np.concatenate([by_cuts, by_pairs + by_loadings @ by_r])
    omega = _reliability("ordinal_omega", value, slope, covariance, one, level)
    return OrdinalReliability(alpha, omega, latent, loadings, "")


def _latent_omega(
    loadings: FloatArray, by_r: FloatArray, covariance: FloatArray, one: Polychoric, level: float
) -> Reliability:
    common, unique = float(loadings.sum()), float((1 - loadings**2).sum())
    by_loadings = 2 * common * (unique + common * loadings) / (common**2 + unique) ** 2
    slope = np.zeros(len(covariance))
    slope[-by_r.shape[1] :] = by_loadings @ by_r
    value = common**2 / (common**2 + unique)
    return _reliability("ordinal_omega_latent", value, slope, covariance, one, level)


def _reliability(
    method: ReliabilityMethod, value: float, slope: FloatArray, covariance: FloatArray, one: Polychoric, level: float
) -> Reliability:
    std_error = math.sqrt(float(slope @ covariance @ slope))
    half_width = float(ndtri((1 + level) / 2)) * std_error
    return Reliability(
        method=method,
        value=value,
        low=value - half_width,
        high=min(value + half_width, max(value, 1.0)),
        std_error=std_error,
        n=one.n,
        n_incomplete=one.n_incomplete,
        k=len(one.correlations),
        conf_level=level,
        is_heywood=False,
    )


def _one_factor(correlations: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Loadings by weighted least squares, shape (k,), and their slopes in the correlations, shape (k, pairs)."""
    k = len(correlations)
    first, second = np.triu_indices(k, k=1)
    observed, each = correlations[first, second], np.arange(len(first))
    values, vectors = np.linalg.eigh(correlations)
    loadings = vectors[:, -1] * math.sqrt(float(values[-1])) * 0.9

    def misfit(trial: FloatArray) -> float:
        return float((weights * (observed - trial[first] * trial[second]) ** 2).sum())

    current, damping = misfit(loadings), 1e-3
    for _ in range(500):
        jacobian = np.zeros((len(first), k))
        jacobian[each, first], jacobian[each, second] = loadings[second], loadings[first]
        curvature = (jacobian * weights[:, None]).T @ jacobian
        pull = jacobian.T @ (weights * (observed - loadings[first] * loadings[second]))
        try:
            step = np.linalg.solve(curvature + damping * np.diag(np.diag(curvature)), pull)
        except LinAlgError:
            break
        value = misfit(loadings + step)
        if value <= current:
            loadings, current, damping = loadings + step, value, max(damping / 10, 1e-12)
        else:
            damping *= 10
        # Steps that the eighth digit does not notice: at the bottom, or as near as rounding lets one come.
        if float(np.abs(step).max()) < 1e-8:
            by_r: FloatArray = np.linalg.pinv(curvature, hermitian=True) @ (jacobian * weights[:, None]).T
            return loadings, by_r
    raise FitError(
        "One common factor could not be fitted to the polychoric correlations of these items. Report ordinal alpha "
        "alone."
    )


def _observed_omega(one: Polychoric, loadings: FloatArray) -> tuple[float, FloatArray, FloatArray, FloatArray]:
    """Green and Yang's omega, and its slopes in the thresholds, the loadings and the correlations of pairs."""
    k = len(loadings)
    widths = [np.diff(steps) for steps in one.categories]
    first, second = np.triu_indices(k, k=1)
    top, bottom = 0.0, 0.0
    top_cuts = [np.zeros(len(cuts)) for cuts in one.thresholds]
    bottom_cuts = [np.zeros(len(cuts)) for cuts in one.thresholds]
    top_loadings, bottom_pairs = np.zeros(k), np.zeros(len(first))
    for item in range(k):
        own = _covariance(one.thresholds[item], one.thresholds[item], loadings[item] ** 2, widths[item], widths[item])
        top += own.value
        top_cuts[item] += 2 * own.by_first
        top_loadings[item] += 2 * loadings[item] * own.by_rho
        spread, by_cuts = _variance(one.thresholds[item], widths[item])
        bottom += spread
        bottom_cuts[item] += by_cuts
    for pair, (i, j) in enumerate(zip(first, second, strict=True)):
        for rho, is_top in ((loadings[i] * loadings[j], True), (one.correlations[i, j], False)):
            got = _covariance(one.thresholds[i], one.thresholds[j], float(rho), widths[i], widths[j])
            cuts = top_cuts if is_top else bottom_cuts
            cuts[i] += 2 * got.by_first
            cuts[j] += 2 * got.by_second
            if is_top:
                top += 2 * got.value
                top_loadings[i] += 2 * loadings[j] * got.by_rho
                top_loadings[j] += 2 * loadings[i] * got.by_rho
            else:
                bottom += 2 * got.value
                bottom_pairs[pair] = 2 * got.by_rho
    value = top / bottom
    by_cuts = (np.concatenate(top_cuts) - value * np.concatenate(bottom_cuts)) / bottom
    return value, by_cuts, top_loadings / bottom, -value * bottom_pairs / bottom


@dataclass(frozen=True, slots=True, eq=False)
class _Covariance:
    """Covariance of two items' answers, and its slopes in both items' thresholds and in the correlation behind them."""

    value: float
    by_first: FloatArray
    by_second: FloatArray
    by_rho: float


def _covariance(x: FloatArray, y: FloatArray, rho: float, wide_x: FloatArray, wide_y: FloatArray) -> _Covariance:
    joint = bivariate_normal_cdf(x[:, None], y[None, :], rho) - np.outer(ndtr(x), ndtr(y))
    root = math.sqrt((1 - rho) * (1 + rho))
    by_x = _density(x)[:, None] * (ndtr((y[None, :] - rho * x[:, None]) / root) - ndtr(y)[None, :])
    by_y = _density(y)[None, :] * (ndtr((x[:, None] - rho * y[None, :]) / root) - ndtr(x)[:, None])
    return _Covariance(
        value=float(wide_x @ joint @ wide_y),
        by_first=wide_x * (by_x @ wide_y),
        by_second=wide_y * (wide_x @ by_y),
        by_rho=float(wide_x @ bivariate_normal_density(x[:, None], y[None, :], rho) @ wide_y),
    )


def _variance(cuts: FloatArray, widths: FloatArray) -> tuple[float, FloatArray]:
    """Variance of an item's answers, and its slopes in the thresholds."""
    below = ndtr(cuts)
    joint = np.minimum(below[:, None], below[None, :]) - np.outer(below, below)
    above = np.triu(np.ones((len(cuts), len(cuts))), k=1) + np.eye(len(cuts)) / 2
    slopes = 2 * widths * _density(cuts) * ((above - below[None, :]) @ widths)
    return float(widths @ joint @ widths), slopes


def _density(values: FloatArray) -> FloatArray:
    found: FloatArray = np.exp(-(values**2) / 2) / math.sqrt(2 * math.pi)
    return found
