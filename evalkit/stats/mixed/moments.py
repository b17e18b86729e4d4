"""What a mixed model is at one value of its variances: the one currency of fitting and of inference."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Moments:
    """Everything REML, Satterthwaite and Kenward-Roger need, at given relative variances.

    With y ~ N(X beta, sigma^2 Omega) and Omega = I + sum_i s_i Omega_i (s_i: the relative variances and covariances).

    Attributes
    ----------
    n_rows, n_coefficients : int
        N and p.
    relative : ndarray (k,)
        s, the relative variances and covariances.
    log_det : float
        log|Omega|.
    log_det_x : float
        log|X' Omega^-1 X|.
    beta : ndarray (p,)
        Generalised least squares estimate.
    covariance : ndarray (p, p)
        C = (X' Omega^-1 X)^-1.
    residual : float
        r = e' Omega^-1 e with e = y - X beta.
    trace : ndarray (k,)
        tr(Omega^-1 Omega_i).
    trace2 : ndarray (k, k)
        tr(Omega^-1 Omega_i Omega^-1 Omega_j).
    first : ndarray (k, p, p)
        P_i = X' Omega^-1 Omega_i Omega^-1 X.
    second : ndarray (k, k, p, p)
        Q_ij = X' Omega^-1 Omega_i Omega^-1 Omega_j Omega^-1 X.
    error : ndarray (k,)
        g_i = e' Omega^-1 Omega_i Omega^-1 e.
    error2 : ndarray (k, k)
        e' Omega^-1 Omega_i Omega^-1 Omega_j Omega^-1 e.
    cross : ndarray (k, p)
        h_i = X' Omega^-1 Omega_i Omega^-1 e.
    """

    n_rows: int
    n_coefficients: int
    relative: FloatArray
    log_det: float
    log_det_x: float
    beta: FloatArray
    covariance: FloatArray
    residual: float
    trace: FloatArray
    trace2: FloatArray
    first: FloatArray
    second: FloatArray
    error: FloatArray
    error2: FloatArray
    cross: FloatArray


def degrees(moments: Moments, *, reml: bool) -> int:
    """Divisor of the residual variance: N - p under REML, N under ML."""
    return moments.n_rows - (moments.n_coefficients if reml else 0)


def residual_variance(moments: Moments, *, reml: bool) -> float:
    """sigma^2 that maximises the likelihood at these relative variances."""
    return moments.residual / degrees(moments, reml=reml)


def deviance(moments: Moments, *, reml: bool) -> float:
    """-2 log-likelihood (REML or ML) profiled over beta and sigma^2 (Bates et al. 2015, eq. 34 and 39)."""
    nu = degrees(moments, reml=reml)
    value = moments.log_det + nu * (1.0 + np.log(2.0 * np.pi * moments.residual / nu))
    return float(value + moments.log_det_x if reml else value)


def gradient(moments: Moments, *, reml: bool) -> FloatArray:
    """Derivative (k,) of `deviance` with respect to the relative variances."""
    nu = degrees(moments, reml=reml)
    value = moments.trace - nu / moments.residual * moments.error
    if reml:
        value = value - np.einsum("ab,kab->k", moments.covariance, moments.first)
    return value


def hessian(moments: Moments, *, reml: bool) -> FloatArray:
    """Second derivative (k, k) of `deviance` with respect to the relative variances."""
    nu, r = degrees(moments, reml=reml), moments.residual
    spread = moments.cross @ moments.covariance @ moments.cross.T
    value = -moments.trace2 + nu / r * 2.0 * (moments.error2 - spread)
    value -= nu / r**2 * np.outer(moments.error, moments.error)
    if reml:
        scaled = moments.covariance @ moments.first
        value += 2.0 * np.einsum("ab,ijba->ij", moments.covariance, moments.second)
        value -= np.einsum("iab,jba->ij", scaled, scaled)
    return (value + value.T) / 2.0


def expected_hessian(moments: Moments, *, reml: bool) -> FloatArray:
    """What `hessian` (k, k) is on average if these variances are true: never indefinite, good far from the optimum."""
    trace, value = moments.trace, moments.trace2
    if reml:
        scaled = moments.covariance @ moments.first
        trace = trace - np.einsum("kaa->k", scaled)
        value = value - 2.0 * np.einsum("ab,ijba->ij", moments.covariance, moments.second)
        value = value + np.einsum("iab,jba->ij", scaled, scaled)
    value = value - np.outer(trace, trace) / degrees(moments, reml=reml)
    return (value + value.T) / 2.0


@dataclass(frozen=True, slots=True)
class Information:
    """Moments in absolute units, the residual variance being the last of k + 1 parameters.

    Attributes
    ----------
    variances : ndarray (k + 1,)
        phi: variances and covariances in units of the outcome squared, then sigma^2.
    covariance : ndarray (p, p)
        Phi, covariance of beta.
    first : ndarray (k + 1, p, p)
        X' V^-1 V_i V^-1 X (minus Kenward and Roger's P_i).
    second : ndarray (k + 1, k + 1, p, p)
        Kenward and Roger's Q_ij.
    expected, observed : ndarray (k + 1, k + 1)
        Expected and observed information of phi (REML or ML).
    """

    variances: FloatArray
    covariance: FloatArray
    first: FloatArray
    second: FloatArray
    expected: FloatArray
    observed: FloatArray


def information(moments: Moments, *, reml: bool, expected_reml: bool = True) -> Information:
    """Turn relative moments into absolute ones and add sigma^2 as a parameter.

    Parameters
    ----------
    moments : Moments
    reml : bool
        Which likelihood the observed information belongs to.
    expected_reml : bool
        Which likelihood the expected information belongs to (Kenward and Roger: REML).

    Returns
    -------
    Information

    Notes
    -----
    V_e = I needs no sums of its own: Omega = I + sum s_i Omega_i gives e.g.
    X' Omega^-1 I Omega^-1 X = X' Omega^-1 X - sum s_i P_i.
    """
    k, p, s = len(moments.relative), moments.n_coefficients, moments.relative
    first = np.empty((k + 1, p, p))
    second = np.empty((k + 1, k + 1, p, p))
    trace2 = np.empty((k + 1, k + 1))
    cross = np.empty((k + 1, p))
    error2 = np.empty((k + 1, k + 1))
    first[:k], second[:k, :k], trace2[:k, :k] = moments.first, moments.second, moments.trace2
    cross[:k], error2[:k, :k] = moments.cross, moments.error2
    plain = np.linalg.inv(moments.covariance)
    first[k] = plain - (s @ moments.first.reshape(k, -1)).reshape(p, p)
    cross[k] = -s @ moments.cross
    error_e = moments.residual - s @ moments.error
    second[:k, k] = moments.first - np.einsum("j,ijab->iab", s, moments.second)
    second[k, :k] = np.swapaxes(second[:k, k], 1, 2)
    trace2[:k, k] = trace2[k, :k] = moments.trace - moments.trace2 @ s
    error2[:k, k] = error2[k, :k] = moments.error - moments.error2 @ s
    second[k, k] = first[k] - (s @ second[k, :k].reshape(k, -1)).reshape(p, p)
    trace2[k, k] = moments.n_rows - s @ moments.trace - s @ trace2[k, :k]
    error2[k, k] = error_e - s @ error2[k, :k]
    scaled = moments.covariance @ first
    adjust = 2.0 * np.einsum("ab,ijba->ij", moments.covariance, second) - np.einsum("iab,jba->ij", scaled, scaled)
    sigma2 = residual_variance(moments, reml=reml)
    spread = error2 - cross @ moments.covariance @ cross.T
    expected = 0.5 * (trace2 - adjust) if expected_reml else 0.5 * trace2
    observed = 0.5 * (-trace2 + (adjust if reml else 0.0)) + spread / sigma2
    return Information(
        variances=np.append(s, 1.0) * sigma2,
        covariance=moments.covariance * sigma2,
        first=first / sigma2**2,
        second=second / sigma2**3,
        expected=(expected + expected.T) / 2.0 / sigma2**2,
        observed=(observed + observed.T) / 2.0 / sigma2**2,
    )
