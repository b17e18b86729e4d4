"""The search for the maximum of a random-intercept logit likelihood."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from evalkit.errors import FitError
from evalkit.stats.quadrature import Evaluation, LogitProblem, evaluate

FloatArray = NDArray[np.float64]
Look = Callable[[FloatArray], Evaluation]

LARGEST_SIGMA = 25.0


@dataclass(frozen=True, slots=True)
class Optimum:
    """Where the log-likelihood is highest.

    Attributes
    ----------
    coefficients : ndarray, shape (p,)
    sigma : float
    covariance : ndarray, shape (p + 1, p + 1)
        Inverse observed information; NaN where that is not positive definite.
    last : Evaluation
    is_singular : bool
    decrement : float
        Gain in log-likelihood that a further Newton step promises.
    """

    coefficients: FloatArray
    sigma: float
    covariance: FloatArray
    last: Evaluation
    is_singular: bool
    decrement: float


def plain_logit(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray, bool]:
    """Fit a logit without school effects: coefficients (p,), linear predictor (n,), and whether it settled."""
    norms = np.linalg.norm(x, axis=0)
    q, r = np.linalg.qr(x / norms)
    b, linear = np.zeros(x.shape[1]), np.zeros(len(y))
    value = -len(y) * np.log(2)
    sign = 2 * y - 1
    gain = np.inf
    for _ in range(50):
        p = expit(linear)
        information = (q * np.maximum(p * (1 - p), 1e-12)[:, None]).T @ q
        step = np.linalg.solve(information, q.T @ (y - p))
        gain = float((q.T @ (y - p)) @ step)
        factor = 1.0
        new = float(log_expit(sign * (q @ (b + step))).sum())
        while factor > 1e-6 and new < value - 1e-12:
            factor /= 2
            new = float(log_expit(sign * (q @ (b + factor * step))).sum())
        b, value = b + factor * step, new
        linear = q @ b
        if gain < 1e-20 * max(1.0, abs(value)) or gain < 1e-22:
            break
    return solve_triangular(r, b) / norms, linear, gain < 1e-8


def maximise(problem: LogitProblem) -> Optimum:
    """Find the highest log-likelihood, inside or at a school variance of zero.

    Parameters
    ----------
    problem : LogitProblem

    Returns
    -------
    Optimum

    Raises
    ------
    FitError
        When the school variance runs away because schools answer alike throughout.
    """
    plain, linear, _ = plain_logit(problem.design, problem.outcome)
    variances = expit(linear) * expit(-linear)
    sums = np.add.reduceat(problem.outcome - expit(linear), problem.starts)
    score = float((sums**2 - np.add.reduceat(variances, problem.starts)).sum())
    n_clusters, p = len(problem.sizes), len(plain)
    to_natural = _coordinates(problem, variances)
    origin = np.append(plain, 0.0)
    at_zero = evaluate(problem, plain, sigma=0.0, start=np.zeros(n_clusters))
    modes = at_zero.modes

    def look(z: FloatArray) -> Evaluation:
        nonlocal modes
        point = origin + to_natural @ z
        found = evaluate(problem, point[:p], sigma=float(point[p]), start=modes)
        modes = found.modes
        return found

    z = _climb(look, to_natural, first_sigma=0.5)
    if abs(to_natural[p, p] * z[p]) > LARGEST_SIGMA:
        raise FitError(
            "In nearly every school all pupils have the same outcome, so the differences between schools have no "
            "finite estimate: analyse school proportions instead."
        )
    if score <= 0 and look(z).log_likelihood <= at_zero.log_likelihood + 1e-8:
        return _at_boundary(plain, to_natural[:p, :p], at_zero)
    return _polish(z, look, origin=origin, to_natural=to_natural)


def _coordinates(problem: LogitProblem, variances: FloatArray) -> FloatArray:
    """The matrix that turns steps of about one standard error into steps of the coefficients and sigma."""
    norms = np.linalg.norm(problem.design, axis=0)
    p = len(norms)
    r = np.linalg.qr(problem.design / norms * np.sqrt(variances)[:, None], mode="r")
    to_natural = np.zeros((p + 1, p + 1))
    to_natural[:p, :p] = solve_triangular(r, np.eye(p)) / norms[:, None]
    to_natural[p, p] = 1 / np.sqrt(len(problem.sizes))
    return to_natural


def _climb(look: Look, to_natural: FloatArray, *, first_sigma: float) -> FloatArray:
    def negative(z: FloatArray) -> tuple[float, FloatArray]:
        if abs(to_natural[-1, -1] * z[-1]) > 4 * LARGEST_SIGMA:
            return np.inf, np.zeros(len(z))
        found = look(z)
        return -found.log_likelihood, -(to_natural.T @ found.gradient)

    begin = np.zeros(len(to_natural))
    begin[-1] = first_sigma / to_natural[-1, -1]
    return minimize(negative, begin, jac=True, method="BFGS", options={"gtol": 1e-4, "maxiter": 500}).x


def _at_boundary(plain: FloatArray, root: FloatArray, at_zero: Evaluation) -> Optimum:
    covariance = np.zeros((len(plain) + 1, len(plain) + 1))
    covariance[:-1, :-1] = root @ root.T
    moved = root.T @ at_zero.gradient[:-1]
    return Optimum(plain, 0.0, covariance, at_zero, True, float(moved @ moved) / 2)


def _polish(z: FloatArray, look: Look, *, origin: FloatArray, to_natural: FloatArray) -> Optimum:
    hessian, at = _hessian(z, look, to_natural), z
    for _ in range(30):
        found = look(z)
        gradient = to_natural.T @ found.gradient
        values = np.linalg.eigvalsh(hessian)
        # Away from a maximum, climb with the curvature made negative.
        shifted = hessian - max(0.0, values[-1] + 1e-3) * np.eye(len(z))
        step = -np.linalg.solve(shifted, gradient)
        if np.linalg.norm(step) < 1e-8:
            break
        factor = 1.0
        while factor > 1e-4 and look(z + factor * step).log_likelihood < found.log_likelihood - 1e-9:
            factor /= 2
        z = z + factor * step
        if np.linalg.norm(z - at) > 1e-2:
            hessian, at = _hessian(z, look, to_natural), z
    if np.linalg.norm(z - at) > 1e-6:
        hessian = _hessian(z, look, to_natural)
    found = look(z)
    gradient = to_natural.T @ found.gradient
    values, vectors = np.linalg.eigh(-hessian)
    inverse = (vectors / np.where(values > 0, values, np.nan)) @ vectors.T
    decrement = float(gradient @ inverse @ gradient) / 2
    point = origin + to_natural @ z
    flip = np.ones(len(point))
    flip[-1] = -1.0 if point[-1] < 0 else 1.0
    covariance = to_natural @ inverse @ to_natural.T * np.outer(flip, flip)
    point = point * flip
    last = Evaluation(found.log_likelihood, found.gradient * flip, found.modes * flip[-1], found.scales)
    return Optimum(point[:-1], float(point[-1]), covariance, last, False, decrement)


def _hessian(z: FloatArray, look: Look, to_natural: FloatArray) -> FloatArray:
    step = 1e-4
    columns = [
        to_natural.T @ (look(z + step * axis).gradient - look(z - step * axis).gradient) / (2 * step)
        for axis in np.eye(len(z))
    ]
    hessian = np.array(columns)
    return (hessian + hessian.T) / 2
