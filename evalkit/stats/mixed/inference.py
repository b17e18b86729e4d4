"""Small-sample inference for fixed effects: Kenward-Roger and Satterthwaite, single contrasts and joint F tests."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from evalkit.errors import FitError
from evalkit.stats.mixed.fit import MixedFit
from evalkit.stats.mixed.moments import FloatArray, Information, gradient, information
from evalkit.stats.mixed.search import chart_of

Method = Literal["kenward-roger", "satterthwaite", "normal"]


@dataclass(frozen=True, slots=True)
class ContrastTest:
    """A t (or z) test of one linear combination of fixed effects.

    Attributes
    ----------
    estimate, std_error, df, statistic, p_value : float
        `df` is infinite under "normal".
    """

    estimate: float
    std_error: float
    df: float
    statistic: float
    p_value: float


@dataclass(frozen=True, slots=True)
class JointTest:
    """An F test of several linear combinations of fixed effects.

    Attributes
    ----------
    f_value : float
        Scaled as Kenward and Roger ask, where they are used.
    num_df : int
        Rank of the combinations.
    den_df : float
    p_value : float
    scale : float
        Factor already in `f_value`; 1 but under Kenward-Roger.
    """

    f_value: float
    num_df: int
    den_df: float
    p_value: float
    scale: float


@dataclass(frozen=True, slots=True)
class Inference:
    """The pieces that all tests of one fit share, in the user's units.

    Attributes
    ----------
    method : str
    beta : ndarray (p,)
    covariance : ndarray (p, p)
        Phi; what Satterthwaite and the normal approximation use.
    adjusted : ndarray (p, p)
        Kenward and Roger's adjusted covariance under that method, else Phi.
    change : ndarray (k + 1, p, p)
        Phi X'V^-1 V_i V^-1 X Phi: derivative of Phi by each variance.
    variance_covariance : ndarray (k + 1, k + 1)
        Covariance of the estimated variances: inverse of the expected (Kenward-Roger) or observed information.
    """

    method: Method
    beta: FloatArray
    covariance: FloatArray
    adjusted: FloatArray
    change: FloatArray
    variance_covariance: FloatArray


def infer(fit: MixedFit, *, method: Method = "kenward-roger") -> Inference:
    """Prepare tests of the fixed effects of a fit.

    Parameters
    ----------
    fit : MixedFit
    method : {"kenward-roger", "satterthwaite", "normal"}

    Returns
    -------
    Inference

    Notes
    -----
    Kenward and Roger [1]_: Phi_A = Phi + 2 Phi [sum_ij w_ij (Q_ij - P_i Phi P_j)] Phi with w the inverse of the
    expected REML information (their eq. 3 and 5; the term R_ij vanishes as V is linear in its parameters).
    Satterthwaite as in lmerTest [2]_ with the observed information of the likelihood that was maximised. Where a term's
    variance is exactly 0 the observed information does not describe its spread (lmerTest then answers N - p): the
    expected one is used.

    References
    ----------
    .. [1] Kenward, Roger (1997). Small sample inference for fixed effects from restricted maximum likelihood.
       Biometrics 53. doi:10.2307/2533558
    .. [2] Kuznetsova, Brockhoff, Christensen (2017). lmerTest. doi:10.18637/jss.v082.i13
    """
    info = information(fit.moments, reml=fit.reml, expected_reml=method == "kenward-roger" or fit.reml)
    phi = info.covariance
    change = phi @ info.first @ phi
    adjusted = phi
    if method == "kenward-roger":
        spread = _invert(info.expected)
        inner = np.einsum("ij,ijab->ab", spread, info.second - info.first[:, None] @ phi @ info.first[None])
        adjusted = phi + 2.0 * phi @ ((inner + inner.T) / 2.0) @ phi
    else:
        spread = _observed_spread(fit, info)
    scale2 = fit.coordinates.outcome_scale**2
    back = fit.coordinates.covariance
    return Inference(
        method=method,
        beta=fit.beta,
        covariance=back(phi * scale2),
        adjusted=back(adjusted * scale2),
        change=fit.coordinates.matrix @ change @ fit.coordinates.matrix.T * scale2,
        variance_covariance=spread,
    )


def _observed_spread(fit: MixedFit, info: Information) -> FloatArray:
    """Covariance of the variances from the observed information.

    At the edge of the parameter space (a correlation of 1) the likelihood has a slope across the edge, and only moves
    along it are uncertain: the information is taken by the triangle L, as lmerTest does. Away from the edge both agree.
    """
    gone = any(
        float(np.abs(sigma[np.ix_(block, block)]).max()) == 0.0
        for factor, sigma in zip(fit.factors, fit.sigmas, strict=True)
        for block in factor.blocks
    )
    if gone:
        return _invert(info.expected)
    if not fit.singular:
        return _invert(info.observed)
    sigma2 = float(info.variances[-1])
    chart = chart_of(fit.factors)
    theta = chart.theta([sigma * sigma2 for sigma in fit.sigmas])
    size = len(theta) + 1
    jacobian, bend = np.eye(size), np.zeros((size, size))
    jacobian[:-1, :-1] = chart.jacobian(theta)
    bend[:-1, :-1] = chart.bend(0.5 * gradient(fit.moments, reml=fit.reml) / sigma2)
    return jacobian @ _invert(jacobian.T @ info.observed @ jacobian + bend) @ jacobian.T


def _invert(matrix: FloatArray) -> FloatArray:
    """Inverse of an information matrix, scaled first; directions without information count as known."""
    size = np.sqrt(np.abs(np.diag(matrix)))
    size[size == 0.0] = 1.0
    values, vectors = np.linalg.eigh(matrix / np.outer(size, size))
    keep = values > 1e-12 * values[-1]
    inverse = (vectors[:, keep] / values[keep]) @ vectors[:, keep].T
    return inverse / np.outer(size, size)


def single_tests(inference: Inference, contrasts: FloatArray) -> list[ContrastTest]:
    """A t test of every row of `contrasts` (r, p); under "normal" a z test.

    Notes
    -----
    df = 2 (l' Phi l)^2 / (g' W g), g_i = l' Phi X'V^-1 V_i V^-1 X Phi l. For one contrast Kenward and Roger's eq. 8
    comes to exactly this, with W the inverse expected information and no further scaling of F.
    """
    found: list[ContrastTest] = []
    for row in np.atleast_2d(contrasts):
        estimate = float(row @ inference.beta)
        variance = float(row @ inference.covariance @ row)
        se = float(np.sqrt(row @ inference.adjusted @ row))
        if inference.method == "normal":
            df = np.inf
        else:
            slope = np.einsum("a,kab,b->k", row, inference.change, row)
            df = float(2.0 * variance**2 / (slope @ inference.variance_covariance @ slope))
        statistic = estimate / se
        found.append(ContrastTest(estimate, se, df, statistic, two_sided(statistic, df)))
    return found


def two_sided(statistic: float, df: float) -> float:
    """Two-sided p of a t statistic; infinite df: normal."""
    if np.isinf(df):
        return float(2.0 * special.ndtr(-abs(statistic)))
    return float(2.0 * special.stdtr(df, -abs(statistic)))


def quantile(level: float, df: float) -> float:
    """How many standard errors a two-sided interval of `level` reaches to each side."""
    upper = 0.5 + level / 2.0
    return float(special.ndtri(upper) if np.isinf(df) else special.stdtrit(df, upper))


def joint_test(inference: Inference, contrasts: FloatArray) -> JointTest:
    """F test that all rows of `contrasts` (r, p) times beta are 0.

    Returns
    -------
    JointTest

    Raises
    ------
    FitError
        When the rows are all 0.

    Notes
    -----
    Kenward and Roger (1997), section 3.2: A1, A2, B, E*, V*; Satterthwaite as lmerTest's contestMD (Fai and Cornelius
    1996): eigenvectors of L Phi L' give independent t tests whose df are pooled so that the F has the right mean.
    """
    rows = _independent(np.atleast_2d(contrasts))
    if not len(rows):
        raise FitError("A joint test needs at least one combination of coefficients that is not 0.")
    if inference.method == "kenward-roger":
        return _kenward_roger(inference, rows)
    estimate = rows @ inference.beta
    values, vectors = np.linalg.eigh(rows @ inference.covariance @ rows.T)
    turned = vectors.T @ rows
    f_value = float(np.mean((vectors.T @ estimate) ** 2 / values))
    if inference.method == "normal":
        den = np.inf
    else:
        slopes = np.einsum("ra,kab,rb->rk", turned, inference.change, turned)
        dfs = 2.0 * values**2 / np.einsum("rk,kl,rl->r", slopes, inference.variance_covariance, slopes)
        den = _pool(dfs)
    return JointTest(f_value, len(rows), den, upper_f(f_value, len(rows), den), 1.0)


def upper_f(f_value: float, num: float, den: float) -> float:
    """Upper tail of an F; infinite `den`: chi-square over `num`."""
    if np.isinf(den):
        return float(special.chdtrc(num, num * f_value))
    return float(special.fdtrc(num, den, f_value))


def _independent(rows: FloatArray) -> FloatArray:
    """Rows that span the same space without repetition."""
    triangle = np.linalg.svd(rows, full_matrices=False)
    sizes = triangle.S
    keep = sizes > max(1e-10 * float(sizes[0]), 1e-300)
    return rows if keep.all() else triangle.Vh[keep] * sizes[keep, None]


def _pool(dfs: FloatArray) -> float:
    """Denominator df of the mean of independent squared t variables (Fai and Cornelius 1996)."""
    if len(dfs) == 1 or bool((np.abs(np.diff(dfs)) < 1e-8).all()):
        return float(dfs.mean())
    if bool((dfs <= 2.0).any()):
        return 2.0
    expected = float((dfs / (dfs - 2.0)).sum())
    return 2.0 * expected / (expected - len(dfs))


def _kenward_roger(inference: Inference, rows: FloatArray) -> JointTest:
    q = len(rows)
    middle = np.linalg.inv(rows @ inference.covariance @ rows.T)
    parts = middle @ (rows @ inference.change @ rows.T)  # Theta Phi P_i Phi, reduced to q x q
    traces = np.einsum("kaa->k", parts)
    w = inference.variance_covariance
    a1 = float(traces @ w @ traces)
    a2 = float(np.einsum("ij,iab,jba->", w, parts, parts))
    b = (a1 + 6.0 * a2) / (2.0 * q)
    g = ((q + 1.0) * a1 - (q + 4.0) * a2) / ((q + 2.0) * a2)
    base = 3.0 * q + 2.0 * (1.0 - g)
    c1, c2, c3 = g / base, (q - g) / base, (q + 2.0 - g) / base
    shrink = 1.0 - a2 / q
    v1, v2 = 1.0 - c2 * b, 1.0 - c3 * b
    v0 = 1.0 + c1 * b
    ratio = 1.0 if abs(shrink) < 1e-10 and abs(v1) < 1e-10 else shrink / v1
    rho = ratio**2 * (0.0 if abs(v0) < 1e-10 else v0) / v2 / q
    den = 4.0 + (q + 2.0) / (q * rho - 1.0)
    scale = 1.0 if abs(den - 2.0) < 1e-2 else den * shrink / (den - 2.0)
    estimate = rows @ inference.beta
    f_value = scale * float(estimate @ np.linalg.solve(rows @ inference.adjusted @ rows.T, estimate)) / q
    return JointTest(f_value, q, den, upper_f(f_value, q, den), scale)
