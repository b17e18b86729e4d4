"""The difference between two groups in a matched or weighted sample: weighted least squares with CR2."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from evalkit.errors import FitError
from evalkit.stats.linear import LinearFit, check_rows, fit_linear
from evalkit.stats.propensity import check_groups
from evalkit.stats.robust import cluster_robust
from evalkit.stats.robust_inference import coefficient_tests
from evalkit.stats.vectors import BoolArray, FloatArray

PROGRAMME = "programme"


@dataclass(frozen=True, slots=True)
class WeightedDifference:
    """Programme minus comparison.

    Attributes
    ----------
    estimate, std_error, df, t_value, p_value, conf_low, conf_high : float
        Unit of the outcome; CR2 with Satterthwaite's degrees of freedom. NaN in df and after it where one cluster alone
        decides the difference.
    classical_t, classical_df : float
        Of the same fit as if errors were independent with variances 1 / weight: what partial R-squared is made of.
    classical_std_error : float
    sd_treated, sd_control, sd_pooled : float
        Weighted standard deviations of the outcome within groups.
    mean_treated, mean_control : float
        Weighted means of the outcome.
    n_treated, n_control : int
        Units of weight above 0.
    clusters_treated, clusters_control : int
        Clusters that have units of the group.
    level : float
    fit : LinearFit
    rows : ndarray of bool, shape (n,)
        Which rows are in the fit.
    """

    estimate: float
    std_error: float
    df: float
    t_value: float
    p_value: float
    conf_low: float
    conf_high: float
    classical_t: float
    classical_df: float
    classical_std_error: float
    mean_treated: float
    mean_control: float
    sd_treated: float
    sd_control: float
    sd_pooled: float
    n_treated: int
    n_control: int
    clusters_treated: int
    clusters_control: int
    level: float
    fit: LinearFit = field(repr=False)
    rows: BoolArray = field(repr=False)


def weighted_difference(
    outcome: ArrayLike,
    treated: ArrayLike,
    *,
    covariates: ArrayLike | None = None,
    names: Sequence[str] | None = None,
    weights: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    level: float = 0.95,
) -> WeightedDifference:
    """Compare two groups by weighted least squares, with errors that may hang together within clusters.

    Parameters
    ----------
    outcome : array, shape (n,)
    treated : array, shape (n,)
    covariates : array, shape (n, k), optional
        Adjusted for as they are; columns that others determine are left out.
    names : sequence of str, optional
        Of the covariates.
    weights : array, shape (n,), optional
        Of matching or balancing; rows of weight 0 are left out. They say whom a unit stands for and are no inverse
        variances: the working model of CR2 has equal variances.
    clusters : array, shape (n,), optional
        What the programme was assigned to, or the matched set; without it each unit by itself (HC2's analogue).
    level : float
        Of the interval.

    Returns
    -------
    WeightedDifference

    Raises
    ------
    FitError
        Bad values, an empty group, fewer than two clusters, or no cluster left to judge chance by.

    Notes
    -----
    y = a + b T + x'c, b by weighted least squares, its variance by CR2 (Bell and McCaffrey 2002; Pustejovsky and Tipton
    2018); for matched samples Abadie and Spiess 2022 [1]_.

    References
    ----------
    .. [1] Abadie and Spiess (2022). Robust post-matching inference. JASA 117, 983-995.
       doi:10.1080/01621459.2020.1840383
    """
    y = np.asarray(outcome, dtype=np.float64)
    chosen = check_groups(treated, length=len(y))
    w = np.ones(len(y)) if weights is None else check_rows("weights", weights, length=len(y))
    if (w < 0).any():
        raise FitError(f"{int((w < 0).sum())} weights are below 0: mend them.")
    rows = w > 0
    x = np.empty((len(y), 0)) if covariates is None else np.asarray(covariates, dtype=np.float64)
    labels = [PROGRAMME, *(names if names is not None else [f"covariate {k + 1}" for k in range(x.shape[1])])]
    design = np.column_stack([np.ones(len(y)), chosen, x])[rows]
    check_groups(chosen[rows], length=int(rows.sum()))
    same = bool(np.ptp(w[rows]) == 0)
    fit = fit_linear(design, y[rows], names=["constant", *labels], weights=None if same else w[rows])
    if PROGRAMME not in fit.names:
        raise FitError("The covariates tell the groups apart perfectly, so there is no difference left to estimate.")
    place = fit.names.index(PROGRAMME)
    groups = np.arange(int(rows.sum())) if clusters is None else np.asarray(clusters)[rows]
    found = cluster_robust(fit.design, fit.residuals, clusters=groups, weights=fit.weights)
    contrast = np.eye(len(fit.names))[[place]]
    tests = coefficient_tests(fit.coefficients, found, contrasts=contrast, level=level)
    ones, zeros = chosen[rows], ~chosen[rows]
    (m1, s1), (m0, s0) = (_spread(y[rows][one], w[rows][one]) for one in (ones, zeros))
    n1, n0 = int(ones.sum()), int(zeros.sum())
    pooled = np.sqrt(((n1 - 1) * s1**2 + (n0 - 1) * s0**2) / (n1 + n0 - 2)) if n1 + n0 > 2 else np.nan
    return WeightedDifference(
        estimate=float(tests.estimates[0]),
        std_error=float(tests.std_errors[0]),
        df=float(tests.df[0]),
        t_value=float(tests.t_values[0]),
        p_value=float(tests.p_values[0]),
        conf_low=float(tests.conf_low[0]),
        conf_high=float(tests.conf_high[0]),
        classical_t=float(fit.t_values[place]),
        classical_df=float(fit.df_residual),
        classical_std_error=float(fit.std_errors[place]),
        mean_treated=m1,
        mean_control=m0,
        sd_treated=s1,
        sd_control=s0,
        sd_pooled=float(pooled),
        n_treated=n1,
        n_control=n0,
        clusters_treated=len(np.unique(groups[ones])),
        clusters_control=len(np.unique(groups[zeros])),
        level=level,
        fit=fit,
        rows=rows,
    )


def _spread(y: FloatArray, w: FloatArray) -> tuple[float, float]:
    total = w.sum()
    mean = float(w @ y / total)
    rest = total - (w**2).sum() / total
    return mean, float(np.sqrt(w @ (y - mean) ** 2 / rest)) if rest > 0 else float("nan")
