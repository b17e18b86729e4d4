# pyright: reportMissingTypeStubs=false
"""Ordered logit with cluster-robust standard errors; estimated by statsmodels."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, stdtr, stdtrit

from evalkit.errors import FitError
from evalkit.stats.gee import count_between_columns
from evalkit.stats.linear import check_clusters, check_design, check_rows, independent_columns

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class OrdinalFit:
    """Proportional-odds model: exp(coefficient) multiplies the odds of any higher answer.

    Attributes
    ----------
    names : tuple of str
    coefficients, std_errors, t_values, p_values : ndarray, shape (p,)
        CR1 standard errors; p two-sided from t on `df`.
    thresholds, threshold_std_errors : ndarray, shape (K - 1,)
        Cut points on the logit scale: logit P(answer <= k) = threshold_k - x'b.
    categories : ndarray, shape (K,)
        The answers, ascending.
    covariance : ndarray, shape (p + K - 1, p + K - 1)
        CR1, coefficients first.
    df : int
        n_clusters - n_between.
    n_between : int
        One for the thresholds, plus the independent columns that do not vary within any school.
    n_rows, n_clusters : int
    log_likelihood : float
        Of independent pupils; not comparable with a multilevel model's.
    """

    names: tuple[str, ...]
    coefficients: FloatArray
    std_errors: FloatArray
    t_values: FloatArray
    p_values: FloatArray
    thresholds: FloatArray
    threshold_std_errors: FloatArray
    categories: FloatArray
    covariance: FloatArray
    df: int
    n_between: int
    n_rows: int
    n_clusters: int
    log_likelihood: float

    def intervals(self, level: float = 0.95) -> FloatArray:
        """Confidence limits of the coefficients, shape (p, 2), from t on `df`."""
        half = stdtrit(self.df, 0.5 + level / 2) * self.std_errors
        return np.column_stack([self.coefficients - half, self.coefficients + half])


def fit_ordinal(
    design: ArrayLike,
    outcome: ArrayLike,
    *,
    clusters: ArrayLike,
    names: Sequence[str] | None = None,
) -> OrdinalFit:
    """Fit an ordered logit.

    Parameters
    ----------
    design : array, shape (n, p)
        Without a constant: the thresholds take its place.
    outcome : array, shape (n,)
        Numbers whose order is the order of the answers; at least three different ones.
    clusters : array, shape (n,)
    names : sequence of str, optional

    Returns
    -------
    OrdinalFit

    Raises
    ------
    FitError
        Bad values, a constant or dependent column, fewer than three answers, too few schools, perfect prediction.

    Notes
    -----
    P(y <= k) = expit(theta_k - x'b), maximum likelihood by statsmodels' `OrderedModel` [1]_. Covariance
    J/(J-1) H^-1 (sum_j s_j s_j') H^-1 with s_j the summed scores of school j and H their exact derivative; t on
    J - n_between degrees of freedom. The correction is CR1: with fewer than about 20 schools read p as too small.

    References
    ----------
    .. [1] McCullagh (1980). Regression models for ordinal data. JRSS B 42(2), 109-142.

    Examples
    --------
    >>> x = [[t] for t in (0, 0, 0, 1, 1, 1) for _ in range(4)]
    >>> y = [1, 2, 1, 3, 2, 2, 1, 1, 1, 3, 2, 1, 2, 3, 3, 2, 1, 3, 3, 2, 2, 3, 3, 1]
    >>> fit = fit_ordinal(x, y, clusters=[s for s in range(6) for _ in range(4)])
    >>> fit.df, fit.coefficients.round(3).tolist()
    (4, [1.609])
    """
    x, labels = check_design(design, names=names)
    y = check_rows("outcome", outcome, length=len(x))
    found, codes = check_clusters(clusters, length=len(x))
    categories, answers = np.unique(y, return_inverse=True)
    if len(categories) < 3:
        raise FitError(f"The outcome has {len(categories)} different values: an ordered logit needs three or more.")
    between = _check_columns(x, labels, codes)
    n_clusters, df = len(found), len(found) - between
    if df < 1:
        raise FitError(f"{n_clusters} schools cannot carry {between} school-level columns: use fewer of them.")
    order = np.argsort(codes, kind="stable")
    parameters = _estimate(x[order], answers[order], labels)
    covariance, value = _sandwich(parameters, x[order], answers[order], codes[order])
    errors, p = np.sqrt(np.diag(covariance)), x.shape[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        t_values = parameters[:p] / errors[:p]
    return OrdinalFit(
        labels, parameters[:p], errors[:p], t_values, 2 * stdtr(df, -np.abs(t_values)), parameters[p:], errors[p:],
        categories, covariance, df, between, len(x), n_clusters, value,
    )  # fmt: skip


def _check_columns(x: FloatArray, labels: tuple[str, ...], codes: IntArray) -> int:
    with_constant = np.column_stack([np.ones(len(x)), x])
    kept = independent_columns(with_constant) - 1
    lost = [label for k, label in enumerate(labels) if k not in kept]
    if lost:
        raise FitError(
            f"The thresholds or other columns determine {', '.join(lost)}: leave {'it' if len(lost) == 1 else 'them'} "
            "out (an ordered logit has no constant)."
        )
    return count_between_columns(with_constant, codes=codes)


def _estimate(x: FloatArray, answers: IntArray, labels: tuple[str, ...]) -> FloatArray:
    from statsmodels.miscmodels.ordinal_model import OrderedModel
    from statsmodels.tools.sm_exceptions import ConvergenceWarning, HessianInversionWarning

    # A common scale lets the optimiser stop by the same rule whatever the units.
    centre, scale = x.mean(axis=0), x.std(axis=0)
    # statsmodels is untyped.
    model: Any = OrderedModel(answers, (x - centre) / scale, distr="logit")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", HessianInversionWarning)
        raw = np.asarray(model.fit(method="bfgs", disp=0, maxiter=1000, gtol=1e-6).params, dtype=float)
    p = x.shape[1]
    slopes = raw[:p] / scale
    if not np.isfinite(raw).all() or np.abs(slopes * scale).max() > 25:
        worst = labels[int(np.abs(slopes * scale).argmax())]
        raise FitError(
            f"The column {worst} seems to foretell the order of the answers without error, so its effect has no finite "
            "estimate: leave it out, or merge its categories."
        )
    cuts = np.asarray(model.transform_threshold_params(raw), dtype=float)[1:-1]
    start: FloatArray = np.append(slopes, cuts + centre @ slopes)
    # statsmodels differentiates by differences; exact Newton steps remove what that leaves.
    for _ in range(20):
        scores, hessian, _ = _derivatives(start, x, answers)
        step = np.asarray(np.linalg.solve(-hessian, scores.sum(axis=0)), dtype=np.float64)
        start = start + step
        if np.abs(step @ scores.sum(axis=0)) < 1e-18 * len(x):
            break
    return start


def _derivatives(parameters: FloatArray, x: FloatArray, answers: IntArray) -> tuple[FloatArray, FloatArray, float]:
    """Scores (n, m), Hessian (m, m) and log-likelihood of log[F(upper) - F(lower)]."""
    p = x.shape[1]
    n, n_cuts = len(x), len(parameters) - p
    cuts = np.concatenate([[-np.inf], parameters[p:], [np.inf]])
    linear = x @ parameters[:p]
    upper, lower = cuts[answers + 1] - linear, cuts[answers] - linear
    f_up, f_low = expit(upper) * expit(-upper), expit(lower) * expit(-lower)
    # F(b) - F(a) = F(b) F(-a) (1 - e^(a - b)) keeps its digits in the tails.
    share = expit(upper) * expit(-lower) * -np.expm1(lower - upper)
    g_up, g_low = f_up / share, f_low / share
    rows = np.arange(n)
    d_up, d_low = np.zeros((n, p + n_cuts)), np.zeros((n, p + n_cuts))
    d_up[:, :p], d_low[:, :p] = -x, -x
    inner_up, inner_low = answers < n_cuts, answers > 0
    d_up[rows[inner_up], p + answers[inner_up]] = 1.0
    d_low[rows[inner_low], p + answers[inner_low] - 1] = 1.0
    scores = g_up[:, None] * d_up - g_low[:, None] * d_low
    curve_up, curve_low = g_up * (1 - 2 * expit(upper)), g_low * (1 - 2 * expit(lower))
    hessian = (d_up * curve_up[:, None]).T @ d_up - (d_low * curve_low[:, None]).T @ d_low - scores.T @ scores
    return scores, hessian, float(np.log(share).sum())


def _sandwich(parameters: FloatArray, x: FloatArray, answers: IntArray, codes: IntArray) -> tuple[FloatArray, float]:
    scores, hessian, value = _derivatives(parameters, x, answers)
    sums = np.add.reduceat(scores, np.flatnonzero(np.diff(codes, prepend=-1)), axis=0)
    half = np.linalg.solve(-hessian, sums.T)
    return len(sums) / (len(sums) - 1) * half @ half.T, value
