"""Means of schools, each drawn towards the average of all as far as it rests on few pupils; hubs of schools too."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from evalkit.errors import FitError
from evalkit.stats.vectors import FloatArray, IntArray

FEWEST_SCHOOLS = 3  # with two, the spread between schools rests on one number
GRID, GRID_OF_HUBS, REACH = 200, 40, 4.0  # points of each spread, up to REACH standard deviations of the means


@dataclass(frozen=True, slots=True, eq=False)
class Shrunken:
    """Shrunken means of schools.

    Attributes
    ----------
    middle : float - the average school
    between_sd : float - how much true means differ (posterior mean of the SD between schools, hubs included)
    value, low, high : float arrays, shape (schools,) - true mean of each school with its interval
    deviation, deviation_low, deviation_high : float arrays, shape (schools,) - how far it lies from the average school
    """

    middle: float
    between_sd: float
    value: FloatArray
    low: FloatArray
    high: FloatArray
    deviation: FloatArray
    deviation_low: FloatArray
    deviation_high: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """Best linear unbiased predictions with given spreads.

    Attributes
    ----------
    middle, middle_variance : float - generalised least squares
    deviation : float array, shape (schools,)
    deviation_variance, value_variance : float arrays, shape (schools,) - prediction error variances of deviation and of
        middle + deviation, the uncertainty of the middle included
    log_likelihood : float - restricted, up to a constant
    """

    middle: float
    middle_variance: float
    deviation: FloatArray
    deviation_variance: FloatArray
    value_variance: FloatArray
    log_likelihood: float


def predict_schools(
    means: FloatArray, errors: FloatArray, hubs: IntArray, *, school_variance: float, hub_variance: float
) -> Predicted:
    """Predict schools' true means with given variances between schools and hubs.

    Parameters
    ----------
    means : float array, shape (schools,)
    errors : float array, shape (schools,) - error variance of each mean, sigma^2 / n
    hubs : int array, shape (schools,) - the hub of each school, 0 to hubs - 1
    school_variance, hub_variance : float, >= 0

    Returns
    -------
    Predicted

    Notes
    -----
    mean_j = mu + h_k + s_j + e_j. With G the covariance of h + s and V = G + diag(errors): deviation G V^-1 (y - mu),
    error variances G - G V^-1 G + a a' var(mu) with a = G V^-1 1 (for mu + h + s: 1 - a) [1]_. V is a block for each
    hub, a diagonal plus a constant, so that no matrix is inverted.

    References
    ----------
    .. [1] Harville (1976). Extension of the Gauss-Markov theorem to include the estimation of random effects. Ann.
       Statist. 4, 384-395. doi:10.1214/aos/1176343414
    """
    weight = 1 / (school_variance + errors)
    count = int(hubs.max()) + 1

    def summed(values: FloatArray) -> FloatArray:
        return np.bincount(hubs, weights=values, minlength=count).astype(np.float64)

    total = summed(weight)
    kept = 1 / (1 + hub_variance * total)
    precision = float((total * kept).sum())
    middle = float((kept * summed(weight * means)).sum()) / precision
    rest = means - middle
    pulled = kept * summed(weight * rest)
    inner = weight * (rest - hub_variance * pulled[hubs])
    deviation = school_variance * inner + hub_variance * pulled[hubs]
    own = kept[hubs]
    explained = (
        school_variance**2 * weight * (1 - hub_variance * own * weight)
        + 2 * school_variance * hub_variance * own * weight
        + hub_variance**2 * own * total[hubs]
    )
    left = school_variance + hub_variance - explained
    lean = own * (school_variance * weight + hub_variance * total[hubs])
    squares = float((weight * rest**2).sum() - hub_variance * (kept * summed(weight * rest) ** 2).sum())
    logs = float(-np.log(weight).sum() - np.log(kept).sum() + np.log(precision))
    return Predicted(
        middle=middle,
        middle_variance=1 / precision,
        deviation=deviation,
        deviation_variance=left + lean**2 / precision,
        value_variance=left + (1 - lean) ** 2 / precision,
        log_likelihood=-(logs + squares) / 2,
    )


def shrink_schools(
    means: npt.ArrayLike,
    sizes: npt.ArrayLike,
    *,
    within_variance: float,
    hubs: npt.ArrayLike | None = None,
    conf_level: float = 0.95,
) -> Shrunken:
    """Shrink schools' means, with intervals that allow for not knowing how much schools differ.

    Parameters
    ----------
    means : array_like of float, shape (schools,)
    sizes : array_like of int, shape (schools,) - pupils of each
    within_variance : float, > 0 - variance of pupils within schools
    hubs : array_like of int, shape (schools,), optional - the hub of each school, 0 to hubs - 1
    conf_level : float

    Raises
    ------
    FitError
        With fewer than three schools, or without any spread within schools.

    Notes
    -----
    `predict_schools` averaged over the spreads, each weighted by its restricted likelihood under a flat prior of the
    standard deviations [1]_ [2]_ (sections 5.4 and 5.7), on an even grid. With the one most likely spread (empirical
    Bayes) an estimated spread of zero would say that schools do not differ at all, and intervals would be too narrow.
    The interval is normal with the averaged mean and variance. `within_variance` is taken as known: it rests on all
    pupils.

    References
    ----------
    .. [1] Rubin (1981). Estimation in parallel randomized experiments. J. Educ. Stat. 6, 377-401.
       doi:10.3102/10769986006004377
    .. [2] Gelman et al. (2013). Bayesian Data Analysis, 3rd ed. CRC Press.

    Examples
    --------
    >>> found = shrink_schools([28, 8, -3, 7, -1, 1, 18, 12], [1 / 225, 1 / 100, 1 / 256, 1 / 121, 1 / 81, 1 / 121,
    ...     1 / 100, 1 / 324], within_variance=1)
    >>> found.value.round(1).tolist()
    [11.3, 7.9, 6.1, 7.6, 5.2, 6.2, 10.6, 8.5]
    """
    values = np.asarray(means, dtype=np.float64)
    if values.size < FEWEST_SCHOOLS:
        raise FitError(f"{values.size} schools are too few to set one beside the others; {FEWEST_SCHOOLS} are needed.")
    if not within_variance > 0:
        raise FitError("Pupils of the same school do not differ at all, so chance cannot be told from a difference.")
    errors = within_variance / np.asarray(sizes, dtype=np.float64)
    places = np.zeros(values.size, dtype=np.int64) if hubs is None else np.asarray(hubs, dtype=np.int64)
    with_hubs = len(np.unique(places)) > 1
    top = REACH * float(values.std(ddof=1)) or float(np.sqrt(errors.mean()))
    points = np.linspace(0, top, GRID_OF_HUBS if with_hubs else GRID)
    pairs = [(school, hub) for school in points for hub in (points if with_hubs else (0.0,))]
    found = [
        predict_schools(values, errors, places, school_variance=school**2, hub_variance=hub**2) for school, hub in pairs
    ]
    logs = np.array([one.log_likelihood for one in found])
    share = np.exp(logs - logs.max())
    share /= share.sum()
    half = float(ndtri((1 + conf_level) / 2))
    middles = np.array([one.middle for one in found])
    deviations = np.array([one.deviation for one in found])
    value, spread = _mixed(share, middles[:, None] + deviations, np.array([one.value_variance for one in found]))
    deviation, apart = _mixed(share, deviations, np.array([one.deviation_variance for one in found]))
    return Shrunken(
        middle=float(share @ middles),
        between_sd=float(share @ np.array([np.hypot(*pair) for pair in pairs])),
        value=value,
        low=value - half * spread,
        high=value + half * spread,
        deviation=deviation,
        deviation_low=deviation - half * apart,
        deviation_high=deviation + half * apart,
    )


def _mixed(share: FloatArray, means: FloatArray, variances: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation of a mixture of normals, column by column."""
    mean = share @ means
    return mean, np.sqrt(share @ (variances + (means - mean) ** 2))
