"""Sensitivity of the paired comparison: Wilcoxon and the Bayes factor. The only module that imports pingouin."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from evalkit.errors import FitError
from evalkit.stats.vectors import finite_pair


@dataclass(frozen=True, slots=True)
class SignedRank:
    """Wilcoxon's signed-rank test: `w`, its p, and the rank-biserial correlation (-1 to 1, above 0 for a rise)."""

    w: float
    p_value: float
    rank_biserial: float


def signed_rank(
    pre: npt.ArrayLike,
    post: npt.ArrayLike,
    *,
    alternative: Literal["two-sided", "greater", "less"] = "two-sided",
) -> SignedRank:
    """Test the change by ranks, without supposing a normal distribution.

    Parameters
    ----------
    pre, post : array_like, shape (n,), linked, no missing values
    alternative : "two-sided", "greater" (a rise) or "less" (a fall)

    Raises
    ------
    FitError
        When nobody changed, so that there is nothing to rank.

    Notes
    -----
    Pupils without a change are dropped [1]_; rank-biserial (R+ - R-) / (R+ + R-) [2]_. Changes are rounded to 10
    decimals first, because the same change must get the same rank although binary fractions differ in the last digit.

    References
    ----------
    .. [1] Wilcoxon (1945). Individual comparisons by ranking methods. Biometrics Bull. 1, 80-83. doi:10.2307/3001968
    .. [2] Kerby (2014). The simple difference formula. Compr. Psychol. 3, 11.IT.3.1. doi:10.2466/11.IT.3.1
    """
    before, after = finite_pair(pre, post)
    change = np.round(after - before, 10)
    if not np.any(change):
        raise FitError("No pupil's score changed, so there is nothing to rank.")
    import pingouin

    found = pingouin.wilcoxon(change, alternative=alternative).iloc[0]
    # pingouin turns the sign round for "less"; here a rise is always above 0.
    rank_biserial = float(found["RBC"]) * (-1 if alternative == "less" else 1)
    return SignedRank(w=float(found["W_val"]), p_value=float(found["p_val"]), rank_biserial=rank_biserial)


def paired_bayes_factor(statistic: float, n: int, *, prior_scale: float) -> float:
    """How much better "some change" explains the paired t statistic than "no change" (BF10, two-sided).

    Parameters
    ----------
    statistic : float
        Paired t.
    n : int
        Linked pupils.
    prior_scale : float
        Scale r of the Cauchy prior of the standardised change.

    Raises
    ------
    FitError
        When the number is too large to be computed.

    Notes
    -----
    JZS Bayes factor, eq. 1 of [1]_.

    References
    ----------
    .. [1] Rouder et al. (2009). Bayesian t tests for accepting and rejecting the null hypothesis. Psychon. Bull. Rev.
       16, 225-237. doi:10.3758/PBR.16.2.225
    """
    import pingouin

    try:
        factor = float(pingouin.bayesfactor_ttest(statistic, n, paired=True, r=prior_scale))
    except (ZeroDivisionError, OverflowError):
        # pingouin divides by the likelihood of no change, which is 0 in floating point for a huge t.
        factor = math.inf
    if not math.isfinite(factor):
        raise FitError("The Bayes factor is too large to be computed; the t statistic says enough.")
    return factor
