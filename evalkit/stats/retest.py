"""Retest: how far the same pupils get the same score on two occasions."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import fdtri, ndtri

from evalkit.errors import FitError
from evalkit.stats.vectors import FloatArray, check_conf_level, finite_pair


@dataclass(frozen=True, slots=True)
class Retest:
    """Agreement and consistency of two measurements of one thing.

    Attributes
    ----------
    icc_agreement, agreement_low, agreement_high : float
        ICC(A,1): a shift of all pupils between the occasions lowers it.
    icc_consistency, consistency_low, consistency_high : float
        ICC(C,1): such a shift is left out.
    pearson_r, mean_change : float
        Correlation of the occasions; second less first.
    sem_agreement, sem_consistency : float
        Standard error of measurement of one score, in points of the score.
    sdc_agreement, sdc_consistency : float
        Smallest change of one pupil that is larger than this error explains, at `conf_level`.
    n : int
    conf_level : float
    """

    icc_agreement: float
    agreement_low: float
    agreement_high: float
    icc_consistency: float
    consistency_low: float
    consistency_high: float
    pearson_r: float
    mean_change: float
    sem_agreement: float
    sem_consistency: float
    sdc_agreement: float
    sdc_consistency: float
    n: int
    conf_level: float


def retest(first: npt.ArrayLike, second: npt.ArrayLike, *, conf_level: float = 0.95) -> Retest:
    """Compare the scores of pupils who were measured twice while nothing was meant to change.

    Parameters
    ----------
    first, second : array_like, shape (n,)
        Linked scores in one order, no missing values; n >= 3.
    conf_level : float, between 0 and 1

    Returns
    -------
    Retest
        Not a programme's baseline and follow-up: a programme that works lowers agreement for a good reason.

    Raises
    ------
    FitError
        With unusable scores, fewer than 3 pupils, or no spread between or within pupils.

    Notes
    -----
    Two-way analysis of variance with mean squares MSR (pupils), MSC (occasions), MSE; k = 2 [1]_ cases 2A and 3:
    ICC(A,1) = (MSR - MSE) / (MSR + (k-1) MSE + k (MSC - MSE) / n), its limits by Satterthwaite's df;
    ICC(C,1) = (MSR - MSE) / (MSR + (k-1) MSE), its limits exact, from F = MSR/MSE. Standard errors of measurement [2]_
    sqrt(MSE) and sqrt(MSE + max(0, MSC - MSE) / n); smallest detectable change z sqrt(2) SEM. psych's `ICC(lmer=FALSE)`
    prints the two as ICC2 and ICC3.

    References
    ----------
    .. [1] McGraw & Wong (1996). Forming inferences about some intraclass correlation coefficients. Psychol. Methods 1,
       30-46, tables 4 and 7. doi:10.1037/1082-989X.1.1.30
    .. [2] de Vet, Terwee, Knol & Bouter (2006). When to use agreement versus reliability measures. J. Clin. Epidemiol.
       59, 1033-1039. doi:10.1016/j.jclinepi.2005.10.015

    Examples
    --------
    >>> found = retest([10, 12, 15, 18, 20], [11, 12, 17, 18, 22])
    >>> round(found.icc_agreement, 3), round(found.icc_consistency, 3), round(found.sem_consistency, 3)
    (0.953, 0.973, 0.707)
    """
    before, after = finite_pair(first, second)
    n = before.size
    if n < 3:
        raise FitError(f"{n} pupils were measured twice; a retest needs at least 3.")
    level = check_conf_level(conf_level)
    rows, occasions, error = _mean_squares(before, after)
    if rows <= 0 or min(np.ptp(before), np.ptp(after)) == 0:
        raise FitError("All pupils have the same score on one occasion, so a retest tells nothing.")
    consistency = (rows - error) / (rows + error)
    agreement = (rows - error) / (rows + error + 2 * (occasions - error) / n)
    low, high = _consistency_limits(rows, error, n, level)
    agreement_low, agreement_high = _agreement_limits(agreement, (rows, occasions, error), n, level)
    sem_consistency, sem_agreement = math.sqrt(error), math.sqrt(error + max(0.0, occasions - error) / n)
    detectable = float(ndtri((1 + level) / 2)) * math.sqrt(2)
    return Retest(
        icc_agreement=agreement,
        agreement_low=agreement_low,
        agreement_high=agreement_high,
        icc_consistency=consistency,
        consistency_low=low,
        consistency_high=high,
        pearson_r=float(np.corrcoef(before, after)[0, 1]),
        mean_change=float(after.mean() - before.mean()),
        sem_agreement=sem_agreement,
        sem_consistency=sem_consistency,
        sdc_agreement=detectable * sem_agreement,
        sdc_consistency=detectable * sem_consistency,
        n=n,
        conf_level=level,
    )


def standard_error_of_measurement(sd: float, *, reliability: float) -> float:
    """Standard error of one pupil's score, sd sqrt(1 - reliability), in points of the score.

    Parameters
    ----------
    sd : float, >= 0
        Of the scores in this sample.
    reliability : float, at most 1
        Alpha, omega or a retest correlation of this sample.

    Examples
    --------
    >>> round(standard_error_of_measurement(5, reliability=0.84), 6)
    2.0
    """
    if not (sd >= 0 and reliability <= 1):
        raise FitError(f"The SD is {sd:g} and the reliability {reliability:g}; use an SD of 0 or more and at most 1.")
    return sd * math.sqrt(1 - reliability)


def _mean_squares(first: FloatArray, second: FloatArray) -> tuple[float, float, float]:
    """Between pupils, between occasions, and the rest."""
    n, change = first.size, second - first
    means = (first + second) / 2
    rows = 2 * float(((means - means.mean()) ** 2).sum()) / (n - 1)
    error = float(((change - change.mean()) ** 2).sum()) / (2 * (n - 1))
    return rows, n * float(change.mean()) ** 2 / 2, error


def _consistency_limits(rows: float, error: float, n: int, level: float) -> tuple[float, float]:
    if error == 0:
        return 1.0, 1.0
    df, tail = float(n - 1), (1 - level) / 2
    quantile = float(fdtri(df, df, 1 - tail))
    low, high = rows / error / quantile, rows / error * quantile
    return (low - 1) / (low + 1), (high - 1) / (high + 1)


def _agreement_limits(icc: float, squares: tuple[float, float, float], n: int, level: float) -> tuple[float, float]:
    rows, occasions, error = squares
    if error == 0:
        return math.nan, math.nan
    a, b = 2 * icc / (n * (1 - icc)), 1 + 2 * icc * (n - 1) / (n * (1 - icc))
    df = (a * occasions + b * error) ** 2 / ((a * occasions) ** 2 + (b * error) ** 2 / (n - 1))
    tail = (1 - level) / 2
    lower, upper = float(fdtri(float(n - 1), df, 1 - tail)), float(fdtri(df, float(n - 1), 1 - tail))
    spread = 2 * occasions + (2 * n - 2 - n) * error
    return (
        n * (rows - lower * error) / (lower * spread + n * rows),
        n * (upper * rows - error) / (spread + n * upper * rows),
    )
