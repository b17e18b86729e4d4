"""The effect on pupils whose schools did what they were assigned to do: two-stage least squares, clustered."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import fdtrc, stdtr, stdtrit

from evalkit.errors import FitError
from evalkit.stats.linear import LinearFit, check_clusters, check_design, check_rows, fit_linear, independent_columns
from evalkit.stats.ratio_set import RatioSet, ratio_set
from evalkit.stats.robust import Kind, RobustCovariance, cluster_robust
from evalkit.stats.robust_inference import coefficient_tests
from evalkit.stats.vectors import check_conf_level

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
DfMethod = Literal["clusters", "satterthwaite"]

# Less than this share of the dose's spread left, and what is left is rounding.
ROUNDING = 1e-10


@dataclass(frozen=True, slots=True)
class FirstStage:
    """How far assignment moved the dose.

    Attributes
    ----------
    coefficient, std_error : float
        Difference in dose between the arms, given the covariates; cluster-robust.
    f_value, df_numerator, df_denominator, p_value : float
        Cluster-robust F of the assignment. Infinite when everybody did as assigned.
    correlation : float
        Pearson correlation of assignment and dose over pupils.
    mean_assigned, mean_not_assigned : float
        Mean dose where assignment is highest and where it is lowest.
    share_crossed : float
        Share of pupils with some dose where assignment is lowest; above 0 means two-sided non-compliance.
    """

    coefficient: float
    std_error: float
    f_value: float
    df_numerator: float
    df_denominator: float
    p_value: float
    correlation: float
    mean_assigned: float
    mean_not_assigned: float
    share_crossed: float


@dataclass(frozen=True, slots=True)
class ComplierEffect:
    """The complier average causal effect (CACE), per unit of dose.

    Attributes
    ----------
    estimate, std_error, df, statistic, p_value, conf_low, conf_high, conf_level : float
        In units of the outcome per unit of the dose. p and limits use t on `df`.
    df_method : str
        "clusters": J minus the columns that are constant in every cluster (J - 2 - school-level covariates when schools
        were randomised); J - 1 when assignment varies inside clusters. "satterthwaite": of the robust covariance.
    df_satterthwaite : float
        To set beside `df`.
    kind : str
        The cluster-robust covariance.
    names : tuple of str
        "dose", then the covariates that were kept.
    dropped : tuple of str
        Covariates that earlier ones determine.
    coefficients, std_errors : ndarray, shape (k,)
        In the order of `names`.
    itt, itt_std_error : float
        Effect of assignment on the outcome by the same regression; estimate = itt / first_stage.coefficient.
    first_stage : FirstStage
    weak : bool
        The first-stage F is below `weak_below`: read `anderson_rubin`, not the t interval.
    anderson_rubin : RatioSet
        Confidence set that holds however weak the first stage is; it may have no end. With one instrument it is never
        empty.
    full_compliance : bool
        Dose is assignment itself (or a rescaling of it): nothing was learnt beyond the effect of assignment.
    dose_is_binary, two_sided : bool
        `two_sided`: some pupils got a dose although not assigned. Then the estimate speaks for those whom assignment
        moved, if nobody did the opposite of what they were assigned to.
    n_rows, n_clusters, n_school_columns : int
        `n_school_columns`: independent columns constant in every cluster, constant and assignment included.
    """

    estimate: float
    std_error: float
    df: float
    statistic: float
    p_value: float
    conf_low: float
    conf_high: float
    conf_level: float
    df_method: DfMethod
    df_satterthwaite: float
    kind: Kind
    names: tuple[str, ...]
    dropped: tuple[str, ...]
    coefficients: FloatArray
    std_errors: FloatArray
    itt: float
    itt_std_error: float
    first_stage: FirstStage
    weak: bool
    anderson_rubin: RatioSet
    full_compliance: bool
    dose_is_binary: bool
    two_sided: bool
    n_rows: int
    n_clusters: int
    n_school_columns: int


@dataclass(frozen=True, slots=True)
class _Rows:
    outcome: FloatArray
    dose: FloatArray
    assignment: FloatArray
    covariates: FloatArray
    names: tuple[str, ...]
    dropped: tuple[str, ...]
    codes: IntArray
    n_clusters: int


@dataclass(frozen=True, slots=True)
class _Reduced:
    """The two regressions on assignment and covariates, assignment last."""

    outcome: LinearFit
    dose: LinearFit
    variance_outcome: float
    variance_dose: float
    covariance: float
    df_satterthwaite: float


def complier_effect(
    outcome: ArrayLike,
    dose: ArrayLike,
    *,
    assignment: ArrayLike,
    clusters: ArrayLike,
    covariates: ArrayLike,
    names: Sequence[str] | None = None,
    kind: Kind = "CR2",
    df: DfMethod = "clusters",
    conf_level: float = 0.95,
    weak_below: float = 10.0,
) -> ComplierEffect:
    """Estimate the effect of the dose, with assignment as its instrument, by two-stage least squares.

    Parameters
    ----------
    outcome : array, shape (n,)
    dose : array, shape (n,)
        What was received: 1 or 0, or an amount (training days, sessions) with 0 for none.
    assignment : array, shape (n,)
        1 for pupils of units assigned to the programme, else 0.
    clusters : array, shape (n,)
        Label of the randomised unit (school); a label per pupil when pupils were randomised.
    covariates : array, shape (n, q)
        All covariates of the intention-to-treat model, the constant included as a column of ones.
    names : sequence of str, optional
        Of the covariates.
    kind : {"CR2", "CR0", "CR1", "CR1S", "CR3"}
    df : {"clusters", "satterthwaite"}
    conf_level : float, between 0 and 1
    weak_below : float, > 0
        First-stage F below which assignment is called a weak instrument.

    Returns
    -------
    ComplierEffect

    Raises
    ------
    FitError
        When a value is missing, dose or assignment is constant, covariates determine assignment, assignment did not
        move the dose, or too few clusters are left for a degree of freedom.

    Notes
    -----
    One instrument z for one dose d, covariates W: b = (Z'X)^-1 Z'y, X = [d W], Z = [z W] [1]_. The covariance is the
    cluster sandwich of the regression of y on [d-hat W] with residuals y - X b, its small-sample forms as in [2]_.
    School effects need no place in the estimate, but pupils count alike, so a school weighs by its size. The
    Anderson-Rubin set [3]_ holds each b whose y - b d is unrelated to z (cluster-robust t on the same df). What it
    says beyond the effect of assignment rests on exclusion (assignment acts through the dose alone) and no defiers
    [1]_; clustered trials: [4]_.

    References
    ----------
    .. [1] Angrist, Imbens & Rubin (1996). Identification of causal effects using instrumental variables. JASA 91(434),
       444-455. doi:10.1080/01621459.1996.10476902
    .. [2] Pustejovsky & Tipton (2018). JBES 36(4), 672-683. doi:10.1080/07350015.2016.1247004
    .. [3] Anderson & Rubin (1949). Estimation of the parameters of a single equation. Ann. Math. Stat. 20(1), 46-63.
       doi:10.1214/aoms/1177730090
    .. [4] Schochet & Chiang (2011). Estimation and identification of the complier average causal effect parameter in
       education RCTs. JEBS 36(3), 307-345. doi:10.3102/1076998610375837

    Examples
    --------
    >>> z = [0, 0, 0, 0, 1, 1, 1, 1]
    >>> d = [0, 0, 0, 0, 1, 0, 1, 1]
    >>> y = [1.0, 2.0, 1.5, 2.5, 3.0, 1.0, 4.0, 4.0]
    >>> found = complier_effect(y, d, assignment=z, clusters=range(8), covariates=[[1.0]] * 8)
    >>> round(found.estimate, 4), round(found.itt, 4), found.df
    (1.6667, 1.25, 6.0)
    """
    if kind not in get_args(Kind) or df not in get_args(DfMethod):
        raise FitError(
            f"kind is {kind!r} and df {df!r}: use one of {', '.join(get_args(Kind))} and one of "
            f"{', '.join(get_args(DfMethod))}."
        )
    check_conf_level(conf_level)
    rows = _check(outcome, dose, assignment, clusters, covariates, names)
    reduced = _reduced_forms(rows, kind)
    beta, std_errors = _second_stage(rows, reduced, kind)
    n_school, degrees = _degrees(rows)
    used = degrees if df == "clusters" else reduced.df_satterthwaite
    first = _first_stage(rows, reduced, used)
    quantile = float(stdtrit(used, (1 + conf_level) / 2))
    estimate, std_error = float(beta[0]), float(std_errors[0])
    statistic = estimate / std_error if std_error > 0 else np.inf
    return ComplierEffect(
        estimate=estimate,
        std_error=std_error,
        df=used,
        statistic=statistic,
        p_value=float(2 * stdtr(used, -abs(statistic))),
        conf_low=estimate - quantile * std_error,
        conf_high=estimate + quantile * std_error,
        conf_level=conf_level,
        df_method=df,
        df_satterthwaite=reduced.df_satterthwaite,
        kind=kind,
        names=("dose", *rows.names),
        dropped=rows.dropped,
        coefficients=beta,
        std_errors=std_errors,
        itt=float(reduced.outcome.coefficients[-1]),
        itt_std_error=float(np.sqrt(reduced.variance_outcome)),
        first_stage=first,
        weak=first.f_value < weak_below,
        anderson_rubin=_anderson_rubin(reduced, quantile),
        full_compliance=bool(np.isinf(first.f_value)),
        dose_is_binary=set(np.unique(rows.dose)) <= {0.0, 1.0},
        two_sided=first.share_crossed > 0,
        n_rows=len(rows.outcome),
        n_clusters=rows.n_clusters,
        n_school_columns=n_school,
    )


def _check(
    outcome: ArrayLike,
    dose: ArrayLike,
    assignment: ArrayLike,
    clusters: ArrayLike,
    covariates: ArrayLike,
    names: Sequence[str] | None,
) -> _Rows:
    w, labels = check_design(covariates, names=names)
    n = len(w)
    y = check_rows("outcome", outcome, length=n)
    d = check_rows("dose", dose, length=n)
    z = check_rows("assignment", assignment, length=n)
    found, codes = check_clusters(clusters, length=n)
    problems = [
        f"The {what} is {values[0]:g} for every pupil: {why}."
        for what, values, why in (
            ("dose", d, "there is no compliance to study, so no CACE; report the effect of assignment alone"),
            ("assignment", z, "both arms are needed"),
        )
        if np.ptp(values) <= ROUNDING * np.abs(values).max(initial=0.0)
    ]
    if problems:
        raise FitError("The effect on compliers cannot be estimated.", problems=problems)
    kept = independent_columns(np.column_stack([w, z]))
    if w.shape[1] not in kept:
        raise FitError(
            "The covariates determine assignment, so nothing random is left to compare: leave out the covariate that "
            "repeats the arm."
        )
    used: list[int] = kept[:-1].tolist()
    return _Rows(
        y,
        d,
        z,
        w[:, used],
        tuple(labels[k] for k in used),
        tuple(label for k, label in enumerate(labels) if k not in used),
        codes,
        len(found),
    )


def _reduced_forms(rows: _Rows, kind: Kind) -> _Reduced:
    design = np.column_stack([rows.covariates, rows.assignment])
    y, d = fit_linear(design, rows.outcome), fit_linear(design, rows.dose)
    spread = float(np.std(rows.dose))
    if abs(d.coefficients[-1]) * float(np.std(rows.assignment)) <= ROUNDING * spread:
        raise FitError(
            "Pupils assigned to the programme got the same dose as the others, given the covariates, so the effect of "
            "the dose cannot be told: check the dose column, or report the effect of assignment alone."
        )
    e_d = d.residuals if np.abs(d.residuals).max() > ROUNDING * spread else np.zeros_like(d.residuals)
    # Both residuals at one scale, so that their covariance keeps its digits in the difference of two sandwiches.
    scale = float(np.linalg.norm(y.residuals) / np.linalg.norm(e_d)) if e_d.any() and y.residuals.any() else 1.0

    def sandwich(residuals: FloatArray) -> RobustCovariance:
        return cluster_robust(design, residuals, clusters=rows.codes, kind=kind)

    of_y, of_d, of_sum = (sandwich(e) for e in (y.residuals, e_d * scale, y.residuals + e_d * scale))
    last = np.eye(design.shape[1])[-1:]
    return _Reduced(
        outcome=y,
        dose=d,
        variance_outcome=float(of_y.matrix[-1, -1]),
        variance_dose=float(of_d.matrix[-1, -1]) / scale**2,
        covariance=float(of_sum.matrix[-1, -1] - of_y.matrix[-1, -1] - of_d.matrix[-1, -1]) / (2 * scale),
        df_satterthwaite=float(coefficient_tests(y.coefficients, of_y, contrasts=last).df[0]),
    )


def _second_stage(rows: _Rows, reduced: _Reduced, kind: Kind) -> tuple[FloatArray, FloatArray]:
    """Coefficients of the dose and the covariates, and their robust standard errors."""
    # [d-hat W] spans what [W z] spans, and the sandwich does not care which basis it is in: with z as the basis a weak
    # first stage makes no nearly dependent columns.
    of_y, of_d = reduced.outcome.coefficients, reduced.dose.coefficients
    estimate = of_y[-1] / of_d[-1]
    left = reduced.outcome.residuals - estimate * reduced.dose.residuals
    found = cluster_robust(reduced.outcome.design, left, clusters=rows.codes, kind=kind)
    width = len(of_y)
    change = np.zeros((width, width))
    change[0, -1] = 1 / of_d[-1]
    change[1:, :-1] = np.eye(width - 1)
    change[1:, -1] = -of_d[:-1] / of_d[-1]
    variances = np.einsum("ip,pq,iq->i", change, found.matrix, change)
    return np.append(estimate, of_y[:-1] - estimate * of_d[:-1]), np.sqrt(np.maximum(variances, 0.0))


def _degrees(rows: _Rows) -> tuple[int, float]:
    """Independent columns constant within clusters, and the degrees of freedom that the clusters leave."""
    columns = np.column_stack([rows.covariates, rows.assignment])
    first = np.unique(rows.codes, return_index=True)[1]
    fixed = (columns == columns[first][rows.codes]).all(axis=0)
    n_school = len(independent_columns(columns[first][:, fixed])) if fixed.any() else 0
    degrees = rows.n_clusters - (n_school if fixed[-1] else 1)
    if degrees < 1:
        raise FitError(
            f"{rows.n_clusters} randomised units for {n_school} columns that are constant in each of them: no degree "
            "of freedom is left. Leave out school-level covariates."
        )
    return n_school, float(degrees)


def _first_stage(rows: _Rows, reduced: _Reduced, df: float) -> FirstStage:
    coefficient = float(reduced.dose.coefficients[-1])
    with np.errstate(divide="ignore"):
        f_value = float(np.float64(coefficient**2) / reduced.variance_dose)
    z = rows.assignment
    lowest = z == z.min()
    return FirstStage(
        coefficient=coefficient,
        std_error=float(np.sqrt(reduced.variance_dose)),
        f_value=f_value,
        df_numerator=1.0,
        df_denominator=df,
        p_value=0.0 if np.isinf(f_value) else float(fdtrc(1.0, df, f_value)),
        correlation=float(np.corrcoef(z, rows.dose)[0, 1]),
        mean_assigned=float(rows.dose[z == z.max()].mean()),
        mean_not_assigned=float(rows.dose[lowest].mean()),
        share_crossed=float((rows.dose[lowest] != 0).mean()),
    )


def _anderson_rubin(reduced: _Reduced, critical: float) -> RatioSet:
    return ratio_set(
        float(reduced.outcome.coefficients[-1]),
        float(reduced.dose.coefficients[-1]),
        variance_numerator=reduced.variance_outcome,
        variance_denominator=reduced.variance_dose,
        covariance=reduced.covariance,
        critical=critical,
    )
