"""Rubin's rules: one answer from the analyses of several imputed data sets."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import fdtrc, stdtr, stdtrit

from evalkit.errors import FitError
from evalkit.stats.vectors import FloatArray, check_conf_level


@dataclass(frozen=True, slots=True)
class PooledEstimates:
    """Pooled estimates of p quantities.

    Attributes
    ----------
    estimates, std_errors, df, t_values, p_values, conf_low, conf_high : ndarray (p,)
        df are Barnard and Rubin's.
    within, between : ndarray (p,)
        Mean squared standard error; variance of the estimates over imputations.
    relative_increase : ndarray (p,)
        (1 + 1/m) between / within.
    fraction_missing : ndarray (p,)
        Fraction of the information about each quantity that the gaps cost.
    n_imputations : int
    conf_level : float
    """

    estimates: FloatArray
    std_errors: FloatArray
    df: FloatArray
    t_values: FloatArray
    p_values: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray
    within: FloatArray
    between: FloatArray
    relative_increase: FloatArray
    fraction_missing: FloatArray
    n_imputations: int
    conf_level: float


@dataclass(frozen=True, slots=True)
class PooledWald:
    """The D1 test that several quantities are all zero.

    Attributes
    ----------
    f_value, df_numerator, df_denominator, p_value : float
    relative_increase : float
        Mean over the quantities.
    """

    f_value: float
    df_numerator: float
    df_denominator: float
    p_value: float
    relative_increase: float


def pool_estimates(
    estimates: npt.ArrayLike, std_errors: npt.ArrayLike, *, df_complete: npt.ArrayLike, conf_level: float = 0.95
) -> PooledEstimates:
    """Pool estimates over imputations.

    Parameters
    ----------
    estimates, std_errors : array, shape (m, p) or (m,)
        One row per imputation.
    df_complete : float, array (p,) or array (m, p); (m,) for a single quantity
        Degrees of freedom that each analysis would have without gaps, as Kenward-Roger's of each imputed data set; a
        table is averaged over imputations. Infinite for a normal reference.
    conf_level : float, between 0 and 1

    Returns
    -------
    PooledEstimates

    Raises
    ------
    FitError
        With fewer than two imputations, shapes that differ, or values that are missing or not above 0.

    Notes
    -----
    T = W + (1 + 1/m) B [1]_; lambda = (1 + 1/m) B / T, nu_m = (m - 1) / lambda^2,
    nu_obs = (nu_com + 1) / (nu_com + 3) nu_com (1 - lambda), df = 1 / (1 / nu_m + 1 / nu_obs) [2]_ eq. 3. Fraction of
    missing information (r + 2 / (df + 3)) / (1 + r), r = (1 + 1/m) B / W [1]_.

    References
    ----------
    .. [1] Rubin (1987). Multiple Imputation for Nonresponse in Surveys, ch. 3.
    .. [2] Barnard & Rubin (1999). Small-sample degrees of freedom with multiple imputation. Biometrika 86(4), 948-955.
       doi:10.1093/biomet/86.4.948

    Examples
    --------
    >>> found = pool_estimates([0.20, 0.26, 0.23], [0.10, 0.11, 0.09], df_complete=67)
    >>> found.estimates.round(3).tolist(), found.std_errors.round(4).tolist(), found.df.round(1).tolist()
    ([0.23], [0.1061], [43.7])
    """
    check_conf_level(conf_level)
    q = _table("estimates", estimates)
    u = _table("std_errors", std_errors)
    if q.shape != u.shape or len(q) < 2:
        raise FitError(
            f"Estimates {q.shape} and standard errors {u.shape} of the imputed data sets: give tables of one shape, "
            "with at least two imputations."
        )
    if (u <= 0).any():
        raise FitError(f"{int((u <= 0).sum())} standard errors are 0 or below: look at those imputed data sets' fits.")
    df_com = _complete_df(df_complete, q.shape)
    m = len(q)
    estimate, within, between = q.mean(axis=0), (u**2).mean(axis=0), q.var(axis=0, ddof=1)
    added = (1 + 1 / m) * between
    total, share, rise = within + added, added / (within + added), added / within
    df = _barnard_rubin(share, df_com, m)
    std_error = np.sqrt(total)
    half = stdtrit(df, (1 + conf_level) / 2) * std_error
    t_values = estimate / std_error
    return PooledEstimates(
        estimates=estimate,
        std_errors=std_error,
        df=df,
        t_values=t_values,
        p_values=np.asarray(2 * stdtr(df, -np.abs(t_values)), dtype=np.float64),
        conf_low=estimate - half,
        conf_high=estimate + half,
        within=within,
        between=between,
        relative_increase=rise,
        fraction_missing=(rise + 2 / (df + 3)) / (1 + rise),
        n_imputations=m,
        conf_level=conf_level,
    )


def pool_wald(estimates: npt.ArrayLike, covariances: npt.ArrayLike, *, df_complete: float = np.inf) -> PooledWald:
    """Test several quantities together after imputation (D1).

    Parameters
    ----------
    estimates : array, shape (m, k)
    covariances : array, shape (m, k, k)
    df_complete : float, > 0
        Denominator degrees of freedom without gaps; infinite for a large sample.

    Returns
    -------
    PooledWald

    Raises
    ------
    FitError
        With fewer than two imputations, shapes that do not fit, or a singular mean covariance.

    Notes
    -----
    D1 = q' W^-1 q / (k (1 + r)), r = (1 + 1/m) tr(B W^-1) / k [1]_. Denominator df with t = k (m - 1) > 4:
    4 + (t - 4)(1 + (1 - 2/t) / r)^2 for infinite `df_complete`, else Reiter's [2]_; t (1 + 1/k)(1 + 1/r)^2 / 2 for
    t <= 4, in which case `df_complete` is not used.

    References
    ----------
    .. [1] Li, Raghunathan & Rubin (1991). JASA 86(416), 1065-1073. doi:10.1080/01621459.1991.10475152
    .. [2] Reiter (2007). Small-sample degrees of freedom for multi-component significance tests with multiple
       imputation for missing data. Biometrika 94(2), 502-508. doi:10.1093/biomet/asm028
    """
    q = _table("estimates", estimates)
    v = np.asarray(covariances, dtype=np.float64)
    m, k = int(q.shape[0]), int(q.shape[1])
    if m < 2 or v.shape != (m, k, k) or not np.isfinite(v).all():
        raise FitError(
            f"Covariances have shape {v.shape}: give ({m}, {k}, {k}) finite numbers, at least 2 imputations."
        )
    if not df_complete > 0:
        raise FitError(f"df_complete is {df_complete:g}: it must be above 0.")
    within, mean = v.mean(axis=0), q.mean(axis=0)
    left = q - mean
    try:
        solved = np.asarray(np.linalg.solve(within, np.column_stack([left.T @ left / (m - 1), mean])), dtype=np.float64)
    except np.linalg.LinAlgError:
        raise FitError("The quantities depend on one another: test fewer of them together.") from None
    rise = (1 + 1 / m) * float(np.trace(solved[:, :k])) / k
    f_value = float(mean @ solved[:, k]) / (k * (1 + rise))
    df = _wald_df(k, m, rise, df_complete)
    return PooledWald(f_value, float(k), df, float(fdtrc(k, df, f_value)), rise)


def _wald_df(k: int, m: int, rise: float, df_complete: float) -> float:
    t = k * (m - 1)
    if rise <= 0:
        return df_complete if np.isfinite(df_complete) else 1e15
    if t <= 4:
        return t * (1 + 1 / k) * (1 + 1 / rise) ** 2 / 2
    if np.isinf(df_complete):
        return 4 + (t - 4) * (1 + (1 - 2 / t) / rise) ** 2
    com = df_complete * (df_complete + 1) / (df_complete + 3)
    a = rise * t / (t - 2)
    four, two = com - 4 * (1 + a), com - 2 * (1 + a)
    inverse = 1 / four + (
        a**2 * two / ((1 + a) ** 2 * four)
        + 8 * a**2 * two / ((1 + a) * four**2)
        + 4 * a**2 / ((1 + a) * four)
        + 4 * a**2 / (four * two)
        + 16 * a**2 * two / four**3
        + 8 * a**2 / four**2
    ) / (t - 4)
    return 4 + 1 / inverse


def _barnard_rubin(share: FloatArray, df_complete: FloatArray, m: int) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse_old = share**2 / (m - 1)
        observed = (df_complete + 1) / (df_complete + 3) * df_complete * (1 - share)
        inverse_observed = np.where(np.isinf(df_complete), 0.0, 1 / observed)
        return 1 / (inverse_old + inverse_observed)


def _complete_df(df_complete: npt.ArrayLike, shape: tuple[int, ...]) -> FloatArray:
    given = np.asarray(df_complete, dtype=np.float64)
    if shape[1] == 1 and given.shape == shape[:1]:
        given = given[:, None]
    given = given.mean(axis=0) if given.shape == shape else given
    if given.shape not in ((), (1,), shape[1:]):
        raise FitError(f"df_complete has shape {given.shape}: give one number, {shape[1]}, or a table {shape}.")
    if np.isnan(given).any() or (given <= 0).any():
        raise FitError("df_complete must be above 0: give the degrees of freedom of an analysis without gaps.")
    return np.broadcast_to(given, shape[1:]).astype(np.float64)


def _table(what: str, values: npt.ArrayLike) -> FloatArray:
    table = np.asarray(values, dtype=np.float64)
    table = table[:, None] if table.ndim == 1 else table
    if table.ndim != 2 or not np.isfinite(table).all():
        raise FitError(
            f"The {what} of the imputed data sets have shape {table.shape} or missing values: give one row of finite "
            "numbers per imputation; an imputed data set whose model could not be fitted cannot be left out silently."
        )
    return table
