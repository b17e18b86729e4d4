"""The likelihood of a logit model with a random intercept, integrated by adaptive Gauss-Hermite quadrature."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit

from evalkit.errors import FitError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class LogitProblem:
    """Rows sorted by school and the quadrature rule.

    Attributes
    ----------
    design : ndarray, shape (n, p)
    outcome : ndarray, shape (n,)
        0 or 1.
    starts, sizes : ndarray of int, shape (J,)
        First row and number of rows of each school.
    nodes, log_weights : ndarray, shape (K,)
        z_k = sqrt(2) t_k and log w_k + t_k^2 - log(pi)/2 for the Gauss-Hermite rule (t_k, w_k).
    """

    design: FloatArray
    outcome: FloatArray
    starts: IntArray
    sizes: IntArray
    nodes: FloatArray
    log_weights: FloatArray


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Log-likelihood at one point.

    Attributes
    ----------
    log_likelihood : float
    gradient : ndarray, shape (p + 1,)
        In the coefficients, then sigma.
    modes, scales : ndarray, shape (J,)
        Mode and standard deviation of each school's standardised effect given its pupils.
    """

    log_likelihood: float
    gradient: FloatArray
    modes: FloatArray
    scales: FloatArray


def make_problem(design: FloatArray, outcome: FloatArray, *, codes: IntArray, n_nodes: int) -> LogitProblem:
    """Sort rows by school (codes 0 .. J-1) and make the rule of `n_nodes` nodes."""
    order = np.argsort(codes, kind="stable")
    sizes = np.bincount(codes)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.intp)
    t, w = np.polynomial.hermite.hermgauss(n_nodes)
    log_weights = np.log(w) + t**2 - np.log(np.pi) / 2
    return LogitProblem(design[order], outcome[order], starts, sizes, np.sqrt(2) * t, log_weights)


def evaluate(problem: LogitProblem, coefficients: FloatArray, *, sigma: float, start: FloatArray) -> Evaluation:
    """Integrate the random intercepts out and differentiate the result exactly.

    Parameters
    ----------
    problem : LogitProblem
    coefficients : ndarray, shape (p,)
    sigma : float
        Standard deviation of the school effects on the logit scale; its sign does not matter.
    start : ndarray, shape (J,)
        Where the search for the modes begins; does not change the result.

    Returns
    -------
    Evaluation

    Notes
    -----
    h_j(u) = sum_i log p(y_i | x_i'b + sigma u) - u^2/2 with mode m, D = -h''(m), tau = D^(-1/2):
    l_j = log tau + log sum_k exp(log_weight_k + h(m + tau z_k)) [1]_ eq. 7; one node is Laplace's method.
    The gradient includes how m and tau move: m' = h_u' / D, tau' = -tau^3 D' / 2.

    References
    ----------
    .. [1] Pinheiro and Chao (2006). Efficient Laplacian and adaptive Gaussian quadrature algorithms for multilevel
       generalized linear mixed models. JCGS 15(1), 58-81. doi:10.1198/106186006X96962
    """
    linear = problem.design @ coefficients
    modes = _find_modes(problem, linear, sigma, start)
    p = expit(linear + sigma * np.repeat(modes, problem.sizes))
    w = p * (1 - p)
    skew = w * (1 - 2 * p)
    s0, w0, q0 = (np.add.reduceat(v, problem.starts) for v in (problem.outcome - p, w, skew))
    d = 1 + sigma**2 * w0
    tau = 1 / np.sqrt(d)
    points = modes + tau * problem.nodes[:, None]
    log_terms, residuals = _at_nodes(problem, linear, sigma, points)
    scores = np.add.reduceat(residuals, problem.starts, axis=1)
    log_terms += problem.log_weights[:, None]
    top = log_terms.max(axis=0)
    terms = np.exp(log_terms - top)
    total = terms.sum(axis=0)
    posterior = terms / total
    h_u = posterior * (sigma * scores - points)
    by_scale = -0.5 * tau**3 * (1 / tau + (h_u * problem.nodes[:, None]).sum(axis=0))
    by_mode = h_u.sum(axis=0) + by_scale * sigma**3 * q0
    inner = (residuals * np.repeat(posterior, problem.sizes, axis=1)).sum(axis=0)
    inner += np.repeat(by_scale * sigma**2, problem.sizes) * skew - np.repeat(by_mode * sigma / d, problem.sizes) * w
    in_sigma = (posterior * points * scores).sum(axis=0) + by_scale * (2 * sigma * w0 + sigma**2 * modes * q0)
    in_sigma += by_mode * (s0 - sigma * modes * w0) / d
    value = float((np.log(tau) + top + np.log(total)).sum())
    return Evaluation(value, np.append(problem.design.T @ inner, in_sigma.sum()), modes, tau)


def _at_nodes(
    problem: LogitProblem, linear: FloatArray, sigma: float, points: FloatArray
) -> tuple[FloatArray, FloatArray]:
    sign = 2 * problem.outcome - 1
    logs = log_expit(sign * (linear + sigma * np.repeat(points, problem.sizes, axis=1)))
    residuals = -sign * np.expm1(logs)
    return np.add.reduceat(logs, problem.starts, axis=1) - points**2 / 2, residuals


def _find_modes(problem: LogitProblem, linear: FloatArray, sigma: float, start: FloatArray) -> FloatArray:
    """Newton's method on all schools at once; h'(u) falls in u, so each school keeps a bracket round its root."""
    reach = abs(sigma) * problem.sizes + 1e-12
    low, high = -reach, reach
    u = np.clip(start, low, high)
    for _ in range(200):
        p = expit(linear + sigma * np.repeat(u, problem.sizes))
        slope = sigma * np.add.reduceat(problem.outcome - p, problem.starts) - u
        curvature = 1 + sigma**2 * np.add.reduceat(p * (1 - p), problem.starts)
        low, high = np.where(slope > 0, u, low), np.where(slope < 0, u, high)
        step = slope / curvature
        moved = u + step
        u = np.where((moved >= low) & (moved <= high), moved, (low + high) / 2)
        if (np.abs(step) <= 1e-9 * (1 + np.abs(u))).all():
            # Newton squares the error, so the step just taken leaves nothing to gain.
            return u
    raise FitError("The school effects cannot be located: check the model for columns with extreme values.")
