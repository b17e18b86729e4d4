"""Tests with few clusters: Satterthwaite t for one contrast, approximate Hotelling (HTZ) for several."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import fdtrc, stdtr, stdtrit

from evalkit.errors import FitError
from evalkit.stats.robust import RobustCovariance

FloatArray = NDArray[np.float64]

# Where less than this share of a contrast's variance can be seen in the residuals, its df would be noise.
VISIBLE_SHARE = 1e-8


@dataclass(frozen=True, slots=True)
class RobustTests:
    """t tests of q contrasts.

    Attributes
    ----------
    estimates, std_errors, df, t_values, p_values, conf_low, conf_high : ndarray, shape (q,)
        df are Satterthwaite's. NaN in df, t, p and limits where one cluster alone decides the contrast.
    visible_share : ndarray, shape (q,)
        Expected variance estimate over the true variance under the working model. 1 with CR2, unless one cluster alone
        decides part of the contrast (the dummy of a stratum with a single school): then the standard error misses it.
    level : float
    """

    estimates: FloatArray
    std_errors: FloatArray
    df: FloatArray
    t_values: FloatArray
    p_values: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray
    visible_share: FloatArray
    level: float


@dataclass(frozen=True, slots=True)
class JointTest:
    """Approximate Hotelling T-squared test (HTZ) that q contrasts are all zero.

    Attributes
    ----------
    f_value : float
        (eta - q + 1) / (eta q) times the Wald statistic.
    df_numerator, df_denominator : float
        q and eta - q + 1.
    p_value : float
    wald : float
        b'C'(C V C')^-1 C b.
    eta : float
        Degrees of freedom of the Wishart distribution that C V C' resembles.
    """

    f_value: float
    df_numerator: float
    df_denominator: float
    p_value: float
    wald: float
    eta: float


def coefficient_tests(
    coefficients: ArrayLike,
    covariance: RobustCovariance,
    *,
    contrasts: ArrayLike | None = None,
    level: float = 0.95,
) -> RobustTests:
    """Test coefficients, or contrasts of them, one at a time with Satterthwaite degrees of freedom.

    Parameters
    ----------
    coefficients : array, shape (p,)
    covariance : RobustCovariance
    contrasts : array, shape (q, p), optional
        The coefficients themselves when not given.
    level : float
        Of the confidence limits, between 0 and 1.

    Returns
    -------
    RobustTests

    Notes
    -----
    c'Vc = sum (g_j'e_j)^2, g_j = A_j'W_j X_j M c. With P_ij = g_i' Cov(e_i, e_j) g_j under the working model,
    df = 2 E^2 / Var = (tr P)^2 / sum P_ij^2 (Bell and McCaffrey 2002; Pustejovsky and Tipton 2018, section 3.1).
    P is a diagonal plus a matrix of rank 2p, so the sums need no J by J matrix.

    Examples
    --------
    >>> from evalkit.stats.robust import cluster_robust
    >>> x = [[1, 0], [1, 0], [1, 0], [1, 1], [1, 1], [1, 1]]
    >>> found = cluster_robust(x, [-1.0, 0.0, 1.0, -2.0, 0.0, 2.0], clusters=[1, 2, 3, 4, 5, 6])
    >>> coefficient_tests([1.0, 3.0], found).p_values.round(4).tolist()
    [0.2254, 0.0808]
    """
    b = np.asarray(coefficients, dtype=float)
    c = _check_contrasts(covariance, np.eye(len(b)) if contrasts is None else contrasts, b)
    estimates = c @ b
    variances, df, share = _moments(covariance, c)
    std_errors = np.sqrt(variances)
    with np.errstate(divide="ignore", invalid="ignore"):
        t_values = np.where(np.isnan(df), np.nan, estimates / std_errors)
    half = stdtrit(df, 0.5 + level / 2) * std_errors
    p_values = 2 * stdtr(df, -np.abs(t_values))
    low, high = estimates - half, estimates + half
    return RobustTests(estimates, std_errors, df, t_values, p_values, low, high, share, level)


def joint_test(coefficients: ArrayLike, covariance: RobustCovariance, *, contrasts: ArrayLike) -> JointTest:
    """Test several contrasts together by the approximate Hotelling test that holds its size with few clusters.

    Parameters
    ----------
    coefficients : array, shape (p,)
    covariance : RobustCovariance
    contrasts : array, shape (q, p)
        Independent rows.

    Returns
    -------
    JointTest

    Raises
    ------
    FitError
        When contrasts depend on one another, or too few clusters bear on them (eta not above q - 1).

    Notes
    -----
    With Omega = E(C V C') and R = Omega^(-1/2) C V C' Omega^(-1/2) under the working model,
    eta = q(q+1) / sum_st Var(R_st) and F = (eta - q + 1) / (eta q) Q ~ F(q, eta - q + 1) [1]_ section 3.2 (HTZ).

    References
    ----------
    .. [1] Tipton and Pustejovsky (2015). Small-sample adjustments for tests of moderators and model fit using robust
       variance estimation in meta-regression. JEBS 40(6), 604-634. doi:10.3102/1076998615606099

    Examples
    --------
    >>> from evalkit.stats.robust import cluster_robust
    >>> x = [[1, 0], [1, 0], [1, 0], [1, 1], [1, 1], [1, 1]]
    >>> found = cluster_robust(x, [-1.0, 0.0, 1.0, -2.0, 0.0, 2.0], clusters=[1, 2, 3, 4, 5, 6])
    >>> test = joint_test([1.0, 3.0], found, contrasts=[[0, 1]])
    >>> round(test.f_value, 4), round(test.df_denominator, 4), round(test.p_value, 4)
    (5.4, 4.0, 0.0808)
    """
    b = np.asarray(coefficients, dtype=float)
    c = _check_contrasts(covariance, contrasts, b)
    q, estimate = len(c), c @ b
    middle = c @ covariance.matrix @ c.T
    omega, root = _expected(covariance, c)
    scale = np.sqrt(np.einsum("sp,pr,sr->s", root, covariance.target, root))
    smallest = np.linalg.eigvalsh(omega / np.outer(scale, scale))[0] if scale.min() > 0 else 0.0
    if smallest < VISIBLE_SHARE:
        raise FitError(
            f"The {q} contrasts cannot be tested together: some of them repeat others or rest on one cluster alone. "
            "Use fewer contrasts, each seen in several clusters."
        )
    half = _inverse_root(omega / np.outer(scale, scale)) / scale
    eta = q * (q + 1) / _total_variance(covariance, half @ root)
    if eta <= q - 1:
        raise FitError(f"Too few clusters to test {q} contrasts together: test fewer at a time.")
    wald = float(estimate @ np.linalg.solve(middle, estimate))
    f_value = (eta - q + 1) / (eta * q) * wald
    return JointTest(f_value, float(q), eta - q + 1, float(fdtrc(q, eta - q + 1, f_value)), wald, eta)


def _moments(covariance: RobustCovariance, contrasts: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Estimated variance, Satterthwaite df and visible share of each contrast."""
    variances = np.maximum(np.einsum("qp,pr,qr->q", contrasts, covariance.matrix, contrasts), 0.0)
    df, share = np.full(len(contrasts), np.nan), np.zeros(len(contrasts))
    for k, c in enumerate(contrasts @ covariance.root):
        inner = _cross(covariance, c, c)
        share[k] = inner.trace / (c @ covariance.target @ c)
        if share[k] > VISIBLE_SHARE:
            df[k] = inner.trace**2 / _pair(inner, inner)
    return variances, df, share


@dataclass(frozen=True, slots=True)
class _Cross:
    """P_st,ij = g_si' Cov(e_i, e_j) g_tj as own_i on the diagonal plus left_i' right_j."""

    own: FloatArray
    left: FloatArray
    right: FloatArray

    @property
    def trace(self) -> float:
        return float(self.own.sum() + (self.left * self.right).sum())


def _cross(covariance: RobustCovariance, s: FloatArray, t: FloatArray) -> _Cross:
    us, vs = covariance.design_terms @ s, covariance.weighted_terms @ s
    ut, vt = covariance.design_terms @ t, covariance.weighted_terms @ t
    own = np.einsum("p,jpq,q->j", s, covariance.own_terms, t, optimize=True)
    # Cov(e_i, e_j) = -X_i U_j'Phi_j - Phi_i U_i X_j' + X_i target X_j' off the diagonal.
    return _Cross(own, np.hstack([us, vs]), np.hstack([ut @ covariance.target - vt, -ut]))


def _pair(a: _Cross, b: _Cross) -> float:
    """Sum over all i, j of P_a,ij P_b,ij."""
    mixed = a.own @ (b.left * b.right).sum(axis=1) + b.own @ (a.left * a.right).sum(axis=1)
    return float(a.own @ b.own + mixed + ((a.left.T @ b.left) * (a.right.T @ b.right)).sum())


def _expected(covariance: RobustCovariance, contrasts: FloatArray) -> tuple[FloatArray, FloatArray]:
    rotated = contrasts @ covariance.root
    q = len(rotated)
    omega = np.empty((q, q))
    for s in range(q):
        for t in range(s + 1):
            omega[s, t] = omega[t, s] = _cross(covariance, rotated[s], rotated[t]).trace
    return omega, rotated


def _total_variance(covariance: RobustCovariance, rotated: FloatArray) -> float:
    q = len(rotated)
    crosses = [[_cross(covariance, rotated[s], rotated[t]) for t in range(q)] for s in range(q)]
    # Var(R_st) = sum_ij P_ss,ij P_tt,ij + P_st,ij P_ts,ij
    return sum(
        _pair(crosses[s][s], crosses[t][t]) + _pair(crosses[s][t], crosses[t][s]) for s in range(q) for t in range(q)
    )


def _inverse_root(matrix: FloatArray) -> FloatArray:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors / np.sqrt(values)) @ vectors.T


def _check_contrasts(covariance: RobustCovariance, contrasts: ArrayLike, coefficients: FloatArray) -> FloatArray:
    p = len(covariance.matrix)
    if coefficients.shape != (p,):
        raise FitError(f"The coefficients have shape {coefficients.shape}: give {p}, as many as the covariance has.")
    c = np.atleast_2d(np.asarray(contrasts, dtype=float))
    if c.ndim != 2 or c.shape[1] != p or not np.isfinite(c).all():
        raise FitError(f"Contrasts have shape {c.shape}: give rows of {p} finite numbers, one per coefficient.")
    return c
