"""Logistic regression with a school random intercept: arrays in, one frozen, certified result out."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from evalkit.errors import FitError
from evalkit.stats.linear import check_clusters, check_design, check_rows, independent_columns
from evalkit.stats.logit_search import Optimum, maximise
from evalkit.stats.quadrature import LogitProblem, make_problem
from evalkit.stats.separation import separating_columns

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

# Newton decrement, in units of log-likelihood, below which an optimum is certified.
CERTIFICATE = 1e-10


@dataclass(frozen=True, slots=True)
class LogitFit:
    """A logit model with random intercepts; a coefficient compares pupils of the same school.

    Attributes
    ----------
    names : tuple of str
        Columns of the design, p of them.
    coefficients, std_errors, z_values, p_values : ndarray, shape (p,)
        Log odds ratios given the school; normal approximation, as in lme4.
    sigma : float
        Standard deviation of the school effects on the logit scale; 0 at the boundary.
    sigma_std_error : float
        NaN at the boundary.
    covariance : ndarray, shape (p + 1, p + 1)
        Inverse observed information of the coefficients and sigma together; last row and column 0 at the boundary.
    log_likelihood : float
    aic, bic : float
        With p + 1 parameters and n rows.
    icc : float
        sigma^2 / (sigma^2 + pi^2/3), on the latent logit scale.
    n_rows, n_clusters, n_nodes : int
    is_singular : bool
        The school variance is estimated as zero; the fit is then the plain logit.
    is_certified : bool
        The Hessian is negative definite and the gradient vanishes, or the boundary is a proven maximum.
    decrement : float
        g'H^-1 g / 2 at the solution: how much log-likelihood a further step would gain.
    cluster_labels : ndarray, shape (J,)
    effects, effect_std_errors : ndarray, shape (J,)
        Conditional modes of the school effects and their standard deviations, on the logit scale.
    design : ndarray, shape (n, p)
    """

    names: tuple[str, ...]
    coefficients: FloatArray
    std_errors: FloatArray
    z_values: FloatArray
    p_values: FloatArray
    sigma: float
    sigma_std_error: float
    covariance: FloatArray
    log_likelihood: float
    aic: float
    bic: float
    icc: float
    n_rows: int
    n_clusters: int
    n_nodes: int
    is_singular: bool
    is_certified: bool
    decrement: float
    cluster_labels: NDArray[np.generic] = field(repr=False)
    effects: FloatArray = field(repr=False)
    effect_std_errors: FloatArray = field(repr=False)
    design: FloatArray = field(repr=False)


def fit_logit(
    design: ArrayLike,
    outcome: ArrayLike,
    *,
    clusters: ArrayLike,
    names: Sequence[str] | None = None,
    n_nodes: int = 7,
) -> LogitFit:
    """Fit a logistic regression with one random intercept per cluster by maximum likelihood.

    Parameters
    ----------
    design : array, shape (n, p)
        Full rank, the constant included as a column of ones.
    outcome : array, shape (n,)
        0 or 1, both present.
    clusters : array, shape (n,)
        Label of each row's school.
    names : sequence of str, optional
        Column names for messages and the result.
    n_nodes : int
        Points of the adaptive Gauss-Hermite rule, from 1 (Laplace, lme4's default) to 100.

    Returns
    -------
    LogitFit

    Raises
    ------
    FitError
        Values that are not 0 or 1, dependent columns, an outcome that columns foretell perfectly, fewer than two
        schools, or schools whose pupils all answer alike.

    Notes
    -----
    logit P(y = 1) = x'b + sigma u_j, u_j ~ N(0, 1). The integrated likelihood (`quadrature.evaluate`, same rule as
    `lme4::glmer(nAGQ = n_nodes)`) is maximised by BFGS, in coordinates in which the plain logit's information is the
    identity, and finished by Newton steps. sigma = 0 is a maximum when the score for sigma^2 there,
    sum_j [(sum_i e_ij)^2 - sum_i p_ij(1 - p_ij)] / 2, is not positive and no better point is found inside.

    References
    ----------
    .. [1] Pinheiro and Chao (2006). JCGS 15(1), 58-81. doi:10.1198/106186006X96962

    Examples
    --------
    >>> x = [[1, t] for t in (0, 0, 0, 1, 1, 1) for _ in range(4)]
    >>> y = [0, 1, 0, 0, 1, 1, 0, 1, 0, 0, 0, 0, 1, 1, 1, 0, 1, 1, 1, 1, 0, 1, 0, 1]
    >>> fit = fit_logit(x, y, clusters=[s for s in range(6) for _ in range(4)])
    >>> fit.is_certified, fit.coefficients.round(3).tolist()
    (True, [-0.808, 2.051])
    """
    x, labels = check_design(design, names=names)
    y = _check_outcome(outcome, length=len(x))
    found, codes = check_clusters(clusters, length=len(x))
    if len(found) < 2:
        raise FitError("A random intercept needs at least two schools, and one was found: use a plain logit.")
    if not 1 <= n_nodes <= 100:
        raise FitError(f"The number of quadrature points is {n_nodes}: use 1 (Laplace) to 100, 7 by default.")
    _check_columns(x, y, labels)
    problem = make_problem(x, y, codes=codes, n_nodes=n_nodes)
    return _report(problem, maximise(problem), labels=labels, found=found, design=x)


def _check_outcome(outcome: ArrayLike, *, length: int) -> FloatArray:
    y = check_rows("outcome", outcome, length=length)
    if not np.isin(y, (0, 1)).all():
        raise FitError(f"The outcome has {int((~np.isin(y, (0, 1))).sum())} values that are not 0 or 1: recode it.")
    if y.min() == y.max():
        raise FitError(f"The outcome is {int(y[0])} in every row: a model of a yes/no outcome needs both.")
    return y


def _check_columns(x: FloatArray, y: FloatArray, labels: tuple[str, ...]) -> None:
    kept = independent_columns(x)
    lost = [label for k, label in enumerate(labels) if k not in kept]
    if lost:
        raise FitError(f"Other columns determine {', '.join(lost)}: leave {'it' if len(lost) == 1 else 'them'} out.")
    guilty: list[int] = separating_columns(x, y).tolist()
    if len(guilty) == 1:
        raise FitError(
            f"The column {labels[guilty[0]]} foretells the outcome without error (for some of its values every pupil "
            "has the same outcome), so its effect has no finite estimate: leave it out, or merge its categories."
        )
    if guilty:
        raise FitError(
            f"The columns {', '.join(labels[k] for k in guilty)} together foretell the outcome without error, so their "
            "effects have no finite estimate: leave one out, or merge categories."
        )


def _report(
    problem: LogitProblem,
    best: Optimum,
    *,
    labels: tuple[str, ...],
    found: NDArray[np.generic],
    design: FloatArray,
) -> LogitFit:
    std_errors = np.sqrt(np.diag(best.covariance))
    n, p = problem.design.shape
    z_values = best.coefficients / std_errors[:-1]
    value = best.last.log_likelihood
    return LogitFit(
        names=labels,
        coefficients=best.coefficients,
        std_errors=std_errors[:-1],
        z_values=z_values,
        p_values=2 * ndtr(-np.abs(z_values)),
        sigma=best.sigma,
        sigma_std_error=np.nan if best.is_singular else float(std_errors[-1]),
        covariance=best.covariance,
        log_likelihood=value,
        aic=2 * (p + 1) - 2 * value,
        bic=np.log(n) * (p + 1) - 2 * value,
        icc=best.sigma**2 / (best.sigma**2 + np.pi**2 / 3),
        n_rows=n,
        n_clusters=len(problem.sizes),
        n_nodes=len(problem.nodes),
        is_singular=best.is_singular,
        is_certified=bool(best.decrement < CERTIFICATE),
        decrement=best.decrement,
        cluster_labels=found,
        effects=best.sigma * best.last.modes,
        effect_std_errors=best.sigma * best.last.scales,
        design=design,
    )
