"""Does a model fit worse for holding more numbers equal? Chi-square difference tests of nested factor models."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from evalkit.stats.factor.fit import FactorFit
from evalkit.stats.factor.ordinal import OrdinalSample, WeightedProblem
from evalkit.stats.vectors import FloatArray


@dataclass(frozen=True, slots=True)
class Difference:
    """A chi-square difference test.

    Attributes
    ----------
    statistic, p_value : float
        NaN where the scaling is not defined, or the two models are one and the same (df 0).
    df : int
    """

    statistic: float
    df: int
    p_value: float


def difference(free: FactorFit, bound: FactorFit) -> Difference:
    """Compare two models of continuous answers; `bound` holds more equal.

    Notes
    -----
    ML: T0 - T1. MLR: (T0 - T1) / c with c = (d0 c0 - d1 c1) / (d0 - d1), T the statistics before scaling [1]_; NaN
    where c is not positive.

    References
    ----------
    .. [1] Satorra & Bentler (2001). A scaled difference chi-square test statistic for moment structure analysis.
       Psychometrika 66, 507-514. doi:10.1007/BF02296192
    """
    df = int(bound.test.df - free.test.df)
    more = bound.test.plain - free.test.plain
    if bound.scaled_test is None:
        return _test(more, df)
    free_scale = free.scaled_test.scale if free.scaled_test is not None else 1.0
    scale = (bound.test.df * bound.scaled_test.scale - free.test.df * free_scale) / df if df else math.nan
    return _test(more / scale if scale > 0 else math.nan, df)


def ordinal_difference(free: FactorFit, bound: FactorFit, sample: OrdinalSample) -> Difference:
    """Compare two models of ordinal answers, adjusted in mean and variance.

    Notes
    -----
    The bound model's parameters move the moments in the directions D0 = D1 H; with A the complement of H, P = D1'W D1
    and Q = P^-1 A' (A P^-1 A')^-1 A P^-1, the statistic T0 - T1 is adjusted by the traces of D1'W G W D1 Q and of its
    square [1]_, as `shifted_test` does.

    References
    ----------
    .. [1] Satorra (2000). Scaled and adjusted restricted tests in multi-sample analysis of moment structures. In
       Heijmans, Pollock & Satorra, Innovations in multivariate statistical analysis, 233-247.
    """
    df = int(bound.test.df - free.test.df)
    if df == 0:
        return _test(math.nan, 0)
    linear = WeightedProblem(free.structure, sample).linear(free.parameters)
    there = np.vstack(linear.slopes)
    fewer = np.vstack(WeightedProblem(bound.structure, sample).linear(bound.parameters).slopes)
    moves = np.asarray(np.linalg.lstsq(there, fewer, rcond=None)[0], dtype=np.float64)
    away = _complement(moves).T
    across = linear.inverse @ away.T
    bread = across @ np.linalg.pinv(away @ across) @ across.T
    seen = linear.filling @ bread
    trace, trace_of_square = float(np.trace(seen)), float(np.sum(seen * seen.T))
    stretch = math.sqrt(df / trace_of_square)
    return _test(stretch * (bound.test.plain - free.test.plain) + df - stretch * trace, df)


def _complement(basis: FloatArray) -> FloatArray:
    """Directions at right angles to the columns of a matrix, shape (q1, q1 - q0)."""
    full: FloatArray = np.linalg.qr(basis, mode="complete")[0]
    return full[:, basis.shape[1] :]


def _test(statistic: float, df: int) -> Difference:
    if df == 0 or math.isnan(statistic):
        return Difference(math.nan, df, math.nan)
    return Difference(statistic, df, float(chdtrc(df, max(statistic, 0.0))))
