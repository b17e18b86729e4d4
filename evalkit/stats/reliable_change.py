"""Pupil by pupil: who changed by more than the questionnaire's noise, and what selection alone would have done."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from evalkit.errors import FitError
from evalkit.stats.vectors import FloatArray, check_reliability, finite_pair, finite_vector

ReliableChangeMethod = Literal["jacobson_truax", "maassen", "edwards_nunnally"]


@dataclass(frozen=True, slots=True)
class ReliableChange:
    """How many pupils changed by more than measurement error explains.

    Attributes
    ----------
    method : str
        "jacobson_truax", "maassen" or "edwards_nunnally".
    n, improved, unchanged, declined : int
        Pupils; the last three add up to n. "Unchanged" means that no change could be shown, not that there was none.
    threshold : float
        Points of the score beyond which a change counts; from the predicted score for "edwards_nunnally".
    std_error : float
        Standard error that the threshold is `criterion` times of.
    reliability, criterion : float
    """

    method: ReliableChangeMethod
    n: int
    improved: int
    unchanged: int
    declined: int
    threshold: float
    std_error: float
    reliability: float
    criterion: float


@dataclass(frozen=True, slots=True)
class RegressionToMean:
    """The change to expect with no programme at all, because pupils were chosen for their baseline.

    Attributes
    ----------
    expected_change : float
        In points of the score; set it beside the observed mean change.
    n, mean_pre : int, float
        Of the pupils measured.
    population_mean, retest_r : float
        Of the unselected population, as given.
    """

    expected_change: float
    n: int
    mean_pre: float
    population_mean: float
    retest_r: float


def reliable_change(
    pre: npt.ArrayLike,
    post: npt.ArrayLike,
    *,
    reliability: float,
    sd_pre: float | None = None,
    population_mean: float | None = None,
    method: ReliableChangeMethod = "jacobson_truax",
    higher_is: Literal["better", "worse"] = "better",
    criterion: float = 1.959963984540054,
) -> ReliableChange:
    """Count pupils whose change is larger than measurement error explains.

    Parameters
    ----------
    pre, post : array_like, shape (n,)
        Linked scores, no missing values; n >= 2 unless `sd_pre` is given (and the method is not "maassen").
    reliability : float, between 0 and 1
        r_xx: this sample's alpha or omega, or a published retest of at most 4 weeks; never a longer stability.
    sd_pre : float, optional
        Baseline standard deviation s_1; of these pupils where not given.
    population_mean : float, optional
        Mean of the unselected population; needed by "edwards_nunnally", refused by the others.
    method : str
        "jacobson_truax"; "maassen", which uses the spread of both waves; "edwards_nunnally", for pupils who were chosen
        for a low or high baseline.
    higher_is : "better" or "worse"
    criterion : float
        Standard errors that count as reliable; 1.96 leaves 5% of unchanged pupils outside.

    Returns
    -------
    ReliableChange

    Raises
    ------
    FitError
        With a reliability outside 0 to 1, no spread, too few pupils, or a missing or superfluous population mean.

    Notes
    -----
    Jacobson-Truax [1]_: |x_2 - x_1| > z sqrt(2) s_1 sqrt(1 - r_xx). Maassen [2]_: the standard error is
    sqrt((s_1^2 + s_2^2)(1 - r_xx)). Edwards-Nunnally [3]_: x_2 lies further than z s_1 sqrt(1 - r_xx) from the
    regressed score mu + r_xx (x_1 - mu).

    References
    ----------
    .. [1] Jacobson & Truax (1991). Clinical significance. J. Consult. Clin. Psychol. 59, 12-19.
       doi:10.1037/0022-006X.59.1.12
    .. [2] Maassen (2004). The standard error in the Jacobson and Truax reliable change index. J. Int. Neuropsychol.
       Soc. 10, 888-893. doi:10.1017/S1355617704106097
    .. [3] Speer (1992). Clinically significant change: Jacobson and Truax (1991) revisited. J. Consult. Clin. Psychol.
       60, 402-408. doi:10.1037/0022-006X.60.3.402

    Examples
    --------
    >>> counts = reliable_change([2, 3, 3, 4], [4.5, 3, 2.5, 4], reliability=0.8, sd_pre=0.8)
    >>> counts.improved, counts.unchanged, counts.declined, round(counts.threshold, 2)
    (1, 3, 0, 0.99)
    """
    before, after = finite_pair(pre, post)
    check_reliability(reliability)
    if (population_mean is None) == (method == "edwards_nunnally"):
        raise FitError(
            "population_mean, the mean of pupils who were not selected, belongs to method 'edwards_nunnally' and to no "
            f"other; method is {method!r} and population_mean is {population_mean}."
        )
    if sd_pre is not None and not (math.isfinite(sd_pre) and sd_pre > 0):
        raise FitError(f"sd_pre is {sd_pre:g}; it must be above 0.")
    spread = _spread(before, "baseline") if sd_pre is None else sd_pre
    expected = before
    if method == "jacobson_truax":
        std_error = math.sqrt(2) * spread * math.sqrt(1 - reliability)
    elif method == "maassen":
        std_error = math.hypot(spread, _spread(after, "follow-up")) * math.sqrt(1 - reliability)
    elif method == "edwards_nunnally" and population_mean is not None:
        std_error = spread * math.sqrt(1 - reliability)
        expected = population_mean + reliability * (before - population_mean)
    else:
        raise FitError(f"method is {method!r}; allowed are 'jacobson_truax', 'maassen' and 'edwards_nunnally'.")
    threshold = criterion * std_error
    excess = after - expected
    risen, fallen = int(np.count_nonzero(excess > threshold)), int(np.count_nonzero(excess < -threshold))
    improved, declined = (risen, fallen) if higher_is == "better" else (fallen, risen)
    return ReliableChange(
        method=method,
        n=before.size,
        improved=improved,
        unchanged=before.size - improved - declined,
        declined=declined,
        threshold=threshold,
        std_error=std_error,
        reliability=reliability,
        criterion=criterion,
    )


def regression_to_mean(pre: npt.ArrayLike, *, population_mean: float, retest_r: float) -> RegressionToMean:
    """Tell how far the mean of selected pupils would move with no programme.

    Parameters
    ----------
    pre : array_like, shape (n,)
        Baseline scores of the pupils who were chosen; n >= 1.
    population_mean : float
        Mean of the population they were chosen from, not of these pupils.
    retest_r : float, 0 to 1
        Correlation of the two waves in that unselected population.

    Returns
    -------
    RegressionToMean

    Raises
    ------
    FitError
        Without pupils, or with an impossible mean or correlation.

    Notes
    -----
    (1 - r)(mu - mean(pre)) [1]_. It supposes that pupils were chosen on this very baseline score and that the
    population itself stands still.

    References
    ----------
    .. [1] Barnett, van der Pols & Dobson (2005). Regression to the mean: what it is and how to deal with it. Int. J.
       Epidemiol. 34, 215-220. doi:10.1093/ije/dyh299

    Examples
    --------
    >>> round(regression_to_mean([-1.2, -0.8], population_mean=0, retest_r=0.7).expected_change, 2)
    0.3
    """
    before = finite_vector(pre, "pre")
    if before.size < 1:
        raise FitError("No pupil has a baseline score; the expected change needs at least 1.")
    if not (0 <= retest_r <= 1 and math.isfinite(population_mean)):
        raise FitError(
            f"The retest correlation is {retest_r:g} and the population mean {population_mean:g}; the first must lie "
            "between 0 and 1 and the second be a number, both of the pupils from whom these were chosen."
        )
    mean_pre = float(before.mean())
    return RegressionToMean(
        expected_change=(1 - retest_r) * (population_mean - mean_pre),
        n=before.size,
        mean_pre=mean_pre,
        population_mean=float(population_mean),
        retest_r=float(retest_r),
    )


def _spread(scores: FloatArray, wave: str) -> float:
    if scores.size < 2:
        raise FitError(f"{scores.size} pupils have both scores; the spread at {wave} needs at least 2, or give sd_pre.")
    spread = float(scores.std(ddof=1))
    if spread <= 1e-10 * float(np.abs(scores).max()):
        raise FitError(f"All {scores.size} pupils have the same {wave} score, so a reliable change cannot be defined.")
    return spread
