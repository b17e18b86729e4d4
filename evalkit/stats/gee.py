# pyright: reportMissingTypeStubs=false
"""Generalised estimating equations with exchangeable pupils, honest with few schools; estimated by statsmodels."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

from evalkit.errors import FitError
from evalkit.stats.linear import check_clusters, check_design, check_rows, independent_columns
from evalkit.stats.separation import separating_columns

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
Family = Literal["logit", "linear"]


@dataclass(frozen=True, slots=True)
class GeeFit:
    """Population-averaged coefficients: pupils in general, not pupils of one school.

    Attributes
    ----------
    names : tuple of str
    coefficients, std_errors, t_values, p_values : ndarray, shape (p,)
        Mancl-DeRouen standard errors; p two-sided from t on `df`.
    covariance : ndarray, shape (p, p)
        Mancl-DeRouen.
    uncorrected_std_errors : ndarray, shape (p,)
        The plain sandwich, too small with few schools; for comparison.
    df : int
        n_clusters - n_between.
    n_between : int
        Independent columns (the constant counts) that do not vary within any school.
    n_rows, n_clusters : int
    correlation : float
        Estimated correlation of two pupils of one school.
    """

    names: tuple[str, ...]
    coefficients: FloatArray
    std_errors: FloatArray
    t_values: FloatArray
    p_values: FloatArray
    covariance: FloatArray
    uncorrected_std_errors: FloatArray
    df: int
    n_between: int
    n_rows: int
    n_clusters: int
    correlation: float

    def intervals(self, level: float = 0.95) -> FloatArray:
        """Confidence limits, shape (p, 2), from t on `df`."""
        half = stdtrit(self.df, 0.5 + level / 2) * self.std_errors
        return np.column_stack([self.coefficients - half, self.coefficients + half])


def fit_gee(
    design: ArrayLike,
    outcome: ArrayLike,
    *,
    clusters: ArrayLike,
    names: Sequence[str] | None = None,
    family: Family = "logit",
) -> GeeFit:
    """Fit a marginal model with an exchangeable working correlation within schools.

    Parameters
    ----------
    design : array, shape (n, p)
        Full rank, the constant included.
    outcome : array, shape (n,)
        0 or 1 for the logit.
    clusters : array, shape (n,)
    names : sequence of str, optional
    family : {"logit", "linear"}

    Returns
    -------
    GeeFit

    Raises
    ------
    FitError
        Bad values, dependent columns, perfect prediction, too few schools for the between-school columns, no
        convergence.

    Notes
    -----
    statsmodels' GEE with `Exchangeable`; residuals of school j are replaced by (I - H_jj)^-1 e_j [1]_ in the sandwich.
    statsmodels then uses normal quantiles; here t with J - p_between degrees of freedom, as [2]_ advise for
    school-level effects (for pupil-level columns the same df are on the careful side).

    References
    ----------
    .. [1] Mancl and DeRouen (2001). A covariance estimator for GEE with improved small-sample properties. Biometrics
       57(1), 126-134. doi:10.1111/j.0006-341X.2001.00126.x
    .. [2] Li and Redden (2015). Small sample performance of bias-corrected sandwich estimators for cluster-randomized
       trials with binary outcomes. Statistics in Medicine 34(2), 281-296. doi:10.1002/sim.6344

    Examples
    --------
    >>> x = [[1, t] for t in (0, 0, 0, 1, 1, 1) for _ in range(4)]
    >>> y = [0, 1, 0, 0, 1, 1, 0, 1, 0, 0, 0, 0, 1, 1, 1, 0, 1, 1, 1, 1, 0, 1, 0, 1]
    >>> fit = fit_gee(x, y, clusters=[s for s in range(6) for _ in range(4)])
    >>> fit.df, fit.coefficients.round(3).tolist()
    (4, [-0.693, 1.792])
    """
    if family not in get_args(Family):
        raise FitError(f"{family!r} is not a GEE family evalkit knows: use one of {', '.join(get_args(Family))}.")
    x, labels = check_design(design, names=names)
    y = check_rows("outcome", outcome, length=len(x))
    found, codes = check_clusters(clusters, length=len(x))
    _check_columns(x, y, labels, family)
    between = count_between_columns(x, codes=codes)
    df = len(found) - between
    if df < 1:
        raise FitError(
            f"{len(found)} schools cannot carry {between} columns that are constant within schools (the constant "
            "counts): use fewer school-level columns."
        )
    # The order of rows fixes the order of sums, so equal data give equal bytes.
    order = np.argsort(codes, kind="stable")
    coefficients, covariance, plain, correlation = _estimate(x[order], y[order], codes[order], family)
    std_errors = np.sqrt(np.diag(covariance))
    t_values = coefficients / std_errors
    p_values = 2 * stdtr(df, -np.abs(t_values))
    return GeeFit(
        labels, coefficients, std_errors, t_values, p_values, covariance, plain, df, between, len(x), len(found),
        correlation,
    )  # fmt: skip


def count_between_columns(design: FloatArray, *, codes: IntArray) -> int:
    """Number of independent columns that are constant within every cluster, the constant included.

    Parameters
    ----------
    design : ndarray, shape (n, p)
    codes : ndarray of int, shape (n,)
        0 .. J-1.

    Returns
    -------
    int
    """
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    rows = design[order]
    constant = (np.maximum.reduceat(rows, starts) == np.minimum.reduceat(rows, starts)).all(axis=0)
    return len(independent_columns(rows[starts][:, constant])) if constant.any() else 0


def _check_columns(x: FloatArray, y: FloatArray, labels: tuple[str, ...], family: Family) -> None:
    kept = independent_columns(x)
    lost = [label for k, label in enumerate(labels) if k not in kept]
    if lost:
        raise FitError(f"Other columns determine {', '.join(lost)}: leave {'it' if len(lost) == 1 else 'them'} out.")
    if family == "linear":
        return
    if not np.isin(y, (0, 1)).all() or y.min() == y.max():
        raise FitError("A logit needs an outcome of 0 and 1, with both present: recode it.")
    guilty: list[int] = separating_columns(x, y).tolist()
    if guilty:
        raise FitError(
            f"{', '.join(labels[k] for k in guilty)} foretells the outcome without error, so its effect has no finite "
            "estimate: leave it out, or merge its categories."
        )


def _estimate(
    x: FloatArray, y: FloatArray, codes: IntArray, family: Family
) -> tuple[FloatArray, FloatArray, FloatArray, float]:
    from statsmodels.genmod.cov_struct import Exchangeable
    from statsmodels.genmod.families import Binomial, Gaussian
    from statsmodels.genmod.generalized_estimating_equations import GEE
    from statsmodels.tools.sm_exceptions import ConvergenceWarning, IterationLimitWarning

    distribution = Binomial() if family == "logit" else Gaussian()
    # statsmodels is untyped.
    model: Any = GEE(y, x, groups=codes, family=distribution, cov_struct=Exchangeable())
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        warnings.simplefilter("error", IterationLimitWarning)
        try:
            result: Any = model.fit(cov_type="bias_reduced", maxiter=200, ctol=1e-9)
        except (ConvergenceWarning, IterationLimitWarning, np.linalg.LinAlgError) as problem:
            raise FitError(
                "The estimating equations do not settle: use fewer columns, or the model with school effects."
            ) from problem
    covariance = np.asarray(result.cov_params(), dtype=float)
    plain = np.asarray(result.standard_errors(cov_type="robust"), dtype=float)
    return np.asarray(result.params, dtype=float), covariance, plain, float(model.cov_struct.dep_params)
