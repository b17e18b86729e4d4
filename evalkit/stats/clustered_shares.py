"""Shares and net scores of people who belong to schools: people of one school answer alike, so fewer of them count."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit

from evalkit.errors import FitError
from evalkit.stats.vectors import FloatArray, check_conf_level, finite_vector


@dataclass(frozen=True, slots=True)
class ClusteredMean:
    """A mean of answers (0 and 1 for a share; -1, 0 and 1 for a net score) with limits that mind the schools.

    Attributes
    ----------
    value : float
    std_error : float
        Linearised, schools as drawn with replacement.
    low, high : float
        Of a share: Wilson's with the effective number of people. Of another mean: t.
    logit_low, logit_high : float
        Of a share: from the logit with the same standard error; NaN at 0 and 1, and for another mean.
    n, n_clusters : int
    df : int
        Schools less one.
    design_effect : float
        Variance over that of as many people drawn one by one; NaN when all answers are alike.
    n_effective : float
        People drawn one by one who would tell as much: n / max(1, design effect); with all answers alike, the schools.
    """

    value: float
    std_error: float
    low: float
    high: float
    logit_low: float
    logit_high: float
    n: int
    n_clusters: int
    df: int
    design_effect: float
    n_effective: float
    conf_level: float


@dataclass(frozen=True, slots=True)
class ClusteredDifference:
    """The second occasion's mean less the first's, with limits that mind who belongs together."""

    value: float
    std_error: float
    df: int
    statistic: float
    p_value: float
    low: float
    high: float
    n_clusters: int
    conf_level: float


def clustered_mean(values: npt.ArrayLike, *, clusters: npt.ArrayLike, conf_level: float = 0.95) -> ClusteredMean:
    """Mean of answers of people in schools.

    Parameters
    ----------
    values : array_like (n,)
        0 and 1 for a share; anything finite for another mean.
    clusters : array_like (n,)
        The school of each person; at least two schools.
    conf_level : float, between 0 and 1

    Returns
    -------
    ClusteredMean

    Raises
    ------
    FitError
        With fewer than two schools.

    Notes
    -----
    V = J/(J-1) sum_j z_j^2 / n^2 with z_j the sum over school j of y - mean (linearised, as R's `survey::svymean`).
    Design effect: V / (s^2 / n). The interval of a share is Wilson's with n / max(1, deff) people and the t quantile of
    J - 1 degrees of freedom in place of z [1]_. Logit: log(p/(1-p)) -+ t sqrt(V)/(p(1-p)), as `svyciprop` does.
    A school whose people all agree tells no spread between schools: then each school counts once.

    References
    ----------
    .. [1] Dean & Pagano (2015). Evaluating confidence interval methods for binomial proportions in clustered surveys.
       J. Surv. Stat. Methodol. 3(4), 484-503. doi:10.1093/jssam/smv024

    Examples
    --------
    >>> found = clustered_mean([1, 1, 1, 0, 0, 0, 1, 0], clusters=[1, 1, 1, 2, 2, 2, 3, 3])
    >>> round(found.value, 2), found.n_clusters, round(found.design_effect, 2)
    (0.5, 3, 2.95)
    """
    y, codes, n_clusters = _grouped(values, clusters)
    n, value = y.size, float(y.mean())
    sums = np.bincount(codes, weights=y - value, minlength=n_clusters)
    std_error = math.sqrt(n_clusters / (n_clusters - 1) * float(sums @ sums)) / n
    spread = float(y.var(ddof=1)) if n > 1 else 0.0
    design_effect = std_error**2 / (spread / n) if spread > 0 else math.nan
    n_effective = n / max(1.0, design_effect) if math.isfinite(design_effect) else float(n_clusters)
    t = float(stdtrit(n_clusters - 1, (1 + check_conf_level(conf_level)) / 2))
    is_share = bool(np.isin(y, (0.0, 1.0)).all())
    low, high = _wilson(value, n_effective, t) if is_share else (value - t * std_error, value + t * std_error)
    logit_low, logit_high = _logit(value, std_error, t) if is_share else (math.nan, math.nan)
    return ClusteredMean(
        value=value, std_error=std_error, low=low, high=high, logit_low=logit_low, logit_high=logit_high, n=n,
        n_clusters=n_clusters, df=n_clusters - 1, design_effect=design_effect, n_effective=n_effective,
        conf_level=conf_level,
    )  # fmt: skip


def clustered_difference(
    values: npt.ArrayLike, *, second: npt.ArrayLike, clusters: npt.ArrayLike, conf_level: float = 0.95
) -> ClusteredDifference:
    """Mean of the second occasion less that of the first, of people who belong together.

    Parameters
    ----------
    values : array_like (n,)
        Answers of both occasions, a row per person and occasion.
    second : array_like (n,) of bool
        Whether a row is of the second occasion.
    clusters : array_like (n,)
        The school of each row; where there are no schools, the person, so that who answered twice counts as one.
    conf_level : float, between 0 and 1

    Returns
    -------
    ClusteredDifference

    Raises
    ------
    FitError
        With fewer than two clusters, or when an occasion has no answers.

    Notes
    -----
    z_j = sum over j of (y - mean_2)/n_2 at the second less (y - mean_1)/n_1 at the first occasion;
    V = J/(J-1) sum_j z_j^2, t with J - 1 degrees of freedom (as the coefficient of R's `survey::svyglm`).

    Examples
    --------
    >>> found = clustered_difference([0, 1, 1, 1, 0, 1], second=[0, 0, 1, 1, 0, 1], clusters=[1, 2, 1, 2, 3, 3])
    >>> round(found.value, 3), found.df
    (0.667, 2)
    """
    y, codes, n_clusters = _grouped(values, clusters)
    later = np.asarray(second, dtype=np.bool_)
    if later.shape != y.shape or later.all() or not later.any():
        raise FitError("To compare two occasions each needs answers, and every answer an occasion.")
    means = float(y[~later].mean()), float(y[later].mean())
    scaled = np.zeros_like(y)
    scaled[later] = (y[later] - means[1]) / later.sum()
    scaled[~later] = -(y[~later] - means[0]) / (~later).sum()
    sums = np.bincount(codes, weights=scaled, minlength=n_clusters)
    value = means[1] - means[0]
    std_error = math.sqrt(n_clusters / (n_clusters - 1) * float(sums @ sums))
    df = n_clusters - 1
    t = float(stdtrit(df, (1 + check_conf_level(conf_level)) / 2))
    # Answers that are all alike on each occasion leave no spread to judge the difference by.
    told = std_error > 0
    statistic = value / std_error if told else math.nan
    return ClusteredDifference(
        value=value,
        std_error=std_error if told else math.nan,
        df=df,
        statistic=statistic,
        p_value=float(2 * stdtr(df, -abs(statistic))),
        low=value - t * std_error if told else math.nan,
        high=value + t * std_error if told else math.nan,
        n_clusters=n_clusters,
        conf_level=conf_level,
    )


def _grouped(values: npt.ArrayLike, clusters: npt.ArrayLike) -> tuple[FloatArray, npt.NDArray[np.intp], int]:
    y = finite_vector(values, "values")
    names = np.asarray(clusters)
    if names.shape != y.shape:
        raise FitError(f"There are {y.size} answers and {names.size} names of schools. Pass one for each answer.")
    found, codes = np.unique(names, return_inverse=True)
    if found.size < 2:
        raise FitError("All answers are of one school. Leave the schools out: an interval over schools needs two.")
    return y, codes.astype(np.intp), int(found.size)


def _wilson(value: float, n: float, z: float) -> tuple[float, float]:
    centre, scale = value + z**2 / (2 * n), 1 + z**2 / n
    spread = z * math.sqrt(value * (1 - value) / n + z**2 / (4 * n**2))
    return (0.0 if value == 0 else (centre - spread) / scale), (1.0 if value == 1 else (centre + spread) / scale)


def _logit(value: float, std_error: float, t: float) -> tuple[float, float]:
    if not 0 < value < 1:
        return math.nan, math.nan
    centre, spread = math.log(value / (1 - value)), t * std_error / (value * (1 - value))
    return 1 / (1 + math.exp(spread - centre)), 1 / (1 + math.exp(-centre - spread))
