"""How well a factor model fits: chi-square, CFI, TLI, RMSEA with its interval, and SRMR."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import chdtrc, chndtr

from evalkit.stats.vectors import FloatArray

Variant = Literal["standard", "scaled", "robust"]
RMSEA_LEVEL = 0.90


@dataclass(frozen=True, slots=True)
class ChiSquare:
    """A test of a model against the moments themselves.

    Attributes
    ----------
    statistic : float
        With scale and shift applied: plain / scale + shift.
    df : float
    scale, shift : float
        1 and 0 for the plain test.
    plain : float
        The statistic before.
    trace : float
        Expectation of the plain statistic; df for the plain test.
    """

    statistic: float
    df: float
    scale: float
    shift: float
    plain: float
    trace: float

    @property
    def p_value(self) -> float:
        """Of the statistic; NaN without degrees of freedom."""
        return float(chdtrc(self.df, max(self.statistic, 0.0))) if self.df > 0 else math.nan


@dataclass(frozen=True, slots=True)
class Goodness:
    """Fit indices of one variant.

    Attributes
    ----------
    variant : "standard", "scaled" or "robust"
        Scaled: from the scaled statistics, as printed by most programs. Robust: what the plain index estimates in the
        population, without the bias that non-normal answers, gaps or categories bring.
    chi_square, df, p_value : float
    cfi, tli, rmsea, rmsea_low, rmsea_high : float
        The interval has level 0.90. NaN where undefined; without degrees of freedom the fit is perfect by construction.
    """

    variant: Variant
    chi_square: float
    df: float
    p_value: float
    cfi: float
    tli: float
    rmsea: float
    rmsea_low: float
    rmsea_high: float


def plain_test(statistic: float, df: int) -> ChiSquare:
    """The likelihood-ratio test, not scaled."""
    value = max(statistic, 0.0)
    return ChiSquare(value, df, 1.0, 0.0, value, float(df))


def cfi_of(
    chi_square: float, df: float, null_chi_square: float, null_df: float, *, hat: float = 1, null_hat: float = 1
) -> float:
    """CFI = 1 - max(X - c d, 0) / max(X - c d, X0 - c0 d0, 0) [Bentler 1990; c: Brosseau-Liard & Savalei 2014]."""
    if df <= 0:
        return 1.0
    away = max(chi_square - hat * df, 0.0)
    worst = max(away, null_chi_square - null_hat * null_df, 0.0)
    return 1.0 if worst == 0 else 1 - away / worst


def tli_of(
    chi_square: float, df: float, null_chi_square: float, null_df: float, *, hat: float = 1, null_hat: float = 1
) -> float:
    """TLI = 1 - (X - c d) d0 / ((X0 - c0 d0) d); not held within 0 and 1."""
    if df <= 0:
        return 1.0
    base = (null_chi_square - null_hat * null_df) * df
    return 1 - (chi_square - hat * df) * null_df / base if base != 0 else math.nan


def rmsea_of(chi_square: float, df: float, *, n: int, n_blocks: int, hat: float = 1) -> float:
    """RMSEA = sqrt(G max(X / (N d) - c / N, 0)) [Steiger 1998 for G groups]."""
    return math.sqrt(n_blocks * max(chi_square / (n * df) - hat / n, 0.0)) if df > 0 else 0.0


def rmsea_interval(chi_square: float, df: float, *, n: int, n_blocks: int, hat: float = 1) -> tuple[float, float]:
    """Limits of RMSEA at level 0.90, from the noncentral chi-square distribution [Browne & Cudeck 1993]."""
    if df <= 0:
        return 0.0, 0.0
    tail = (1 - RMSEA_LEVEL) / 2
    ends: list[float] = []
    for wanted in (1 - tail, tail):
        if chndtr(chi_square, df, 0.0) < wanted:
            ends.append(0.0)
            continue
        top = max(float(n), 4 * chi_square)
        if chndtr(chi_square, df, top) > wanted:
            return math.nan, math.nan
        root = _noncentrality(chi_square, df, wanted, top)
        ends.append(math.sqrt(n_blocks * hat * root / (n * df)))
    return ends[0], ends[1]


def _noncentrality(chi_square: float, df: float, wanted: float, top: float) -> float:
    """The noncentrality at which the distribution function is as wanted, by halving."""
    low, high = 0.0, top
    for _ in range(100):
        middle = (low + high) / 2
        if chndtr(chi_square, df, middle) > wanted:
            low = middle
        else:
            high = middle
        if high - low < 1e-12 * top:
            break
    return (low + high) / 2


def standard_goodness(test: ChiSquare, baseline: ChiSquare, *, n: int, n_blocks: int) -> Goodness:
    """Indices from the plain statistics."""
    return _goodness("standard", test.plain, test.df, baseline.plain, baseline.df, n=n, n_blocks=n_blocks)


def scaled_goodness(test: ChiSquare, baseline: ChiSquare, *, n: int, n_blocks: int) -> Goodness:
    """Indices from the scaled statistics. With a scale alone, RMSEA takes the plain statistic on `trace` df."""
    found = _goodness("scaled", test.statistic, test.df, baseline.statistic, baseline.df, n=n, n_blocks=n_blocks)
    if test.shift != 0 or test.df <= 0:
        return found
    low, high = rmsea_interval(test.plain, test.trace, n=n, n_blocks=n_blocks)
    value = rmsea_of(test.plain, test.trace, n=n, n_blocks=n_blocks)
    return Goodness("scaled", *_first(found), rmsea=value, rmsea_low=low, rmsea_high=high)


def robust_goodness(
    chi_square: float,
    df: float,
    hat: float,
    null_chi_square: float,
    null_df: float,
    null_hat: float,
    *,
    n: int,
    n_blocks: int,
) -> Goodness:
    """Indices from plain statistics whose expectations are c d and c0 d0; the interval from X / c."""
    scaled = chi_square / hat
    low, high = rmsea_interval(scaled, df, n=n, n_blocks=n_blocks, hat=hat)
    return Goodness(
        "robust",
        scaled,
        df,
        float(chdtrc(df, max(scaled, 0.0))) if df > 0 else math.nan,
        cfi_of(chi_square, df, null_chi_square, null_df, hat=hat, null_hat=null_hat),
        tli_of(chi_square, df, null_chi_square, null_df, hat=hat, null_hat=null_hat),
        rmsea_of(chi_square, df, n=n, n_blocks=n_blocks, hat=hat),
        low,
        high,
    )


def srmr_of(
    sample: Sequence[FloatArray],
    implied: Sequence[FloatArray],
    shares: Sequence[float],
    *,
    mean_gaps: Sequence[FloatArray] | None = None,
) -> float:
    """Root mean square of (s_ij - sigma_ij) / sqrt(s_ii s_jj) [Bentler 1995], with the means where given.

    `mean_gaps` holds m - mu of each block; blocks count by their shares of pupils.
    """
    total = 0.0
    for block, (there, model, share) in enumerate(zip(sample, implied, shares, strict=True)):
        spread = np.sqrt(np.diag(there))
        gap = (there - model) / np.outer(spread, spread)
        parts = [gap[np.tril_indices_from(gap)]]
        if mean_gaps is not None:
            parts.append(mean_gaps[block] / spread)
        total += share * math.sqrt(float(np.mean(np.concatenate(parts) ** 2)))
    return total


def _goodness(
    variant: Variant, chi_square: float, df: float, null_chi_square: float, null_df: float, *, n: int, n_blocks: int
) -> Goodness:
    low, high = rmsea_interval(chi_square, df, n=n, n_blocks=n_blocks)
    return Goodness(
        variant,
        chi_square,
        df,
        float(chdtrc(df, max(chi_square, 0.0))) if df > 0 else math.nan,
        cfi_of(chi_square, df, null_chi_square, null_df),
        tli_of(chi_square, df, null_chi_square, null_df),
        rmsea_of(chi_square, df, n=n, n_blocks=n_blocks),
        low,
        high,
    )


def _first(found: Goodness) -> tuple[float, float, float, float, float]:
    return found.chi_square, found.df, found.p_value, found.cfi, found.tli
