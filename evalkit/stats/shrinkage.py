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


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """What every prediction with given spreads is made of; a number per school, or per hub, in their order.

    Attributes
    ----------
    middle, precision : float - generalised least squares, 1 / its variance
    weight : float array, shape (schools,) - 1 / (school variance + error)
    total, kept : float arrays, shape (hubs,) - sum of the weights; share of the hub variance that schools leave
    deviation, lean : float arrays, shape (schools,) - G V^-1 (y - mu) and G V^-1 1
    log_likelihood : float - restricted, up to a constant
    """

    middle: float
    precision: float
    weight: FloatArray
    total: FloatArray
    kept: FloatArray
    deviation: FloatArray
    lean: FloatArray
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
    found = _fitted(means, errors, hubs, school_variance=school_variance, hub_variance=hub_variance)
    weight, own, total = found.weight, found.kept[hubs], found.total[hubs]
    explained = (
        school_variance**2 * weight * (1 - hub_variance * own * weight)
        + 2 * school_variance * hub_variance * own * weight
        + hub_variance**2 * own * total
    )
    return _predicted(found, found.deviation, found.lean, school_variance + hub_variance - explained)


def predict_hubs(
    means: FloatArray,
    errors: FloatArray,
    hubs: IntArray,
    *,
    shares: FloatArray,
    school_variance: float,
    hub_variance: float,
) -> Predicted:
    """Predict the true mean of each hub's own schools, weighted, with given variances.

    Parameters
    ----------
    means, errors, hubs, school_variance, hub_variance : as `predict_schools`
    shares : float array, shape (schools,) - the weight of each school in its hub; those of a hub sum to 1

    Returns
    -------
    Predicted - with an entry per hub

    Notes
    -----
    The target is h_k + sum_j c_j s_j, c the shares: the best linear unbiased prediction of a linear combination is that
    combination of the predictions. Its variance given mu is (1 - t sum_j c_j w_j)^2 u b + sum_j c_j^2 (t - t^2 w_j),
    with w the weights, t and u the variances between schools and hubs, b what the hub's schools leave over: the first
    part is what is not known of h, the second what is not known of the schools once h is.
    """
    found = _fitted(means, errors, hubs, school_variance=school_variance, hub_variance=hub_variance)
    seen = _summed(shares * found.weight, hubs)
    apart = _summed(shares**2 * (school_variance - school_variance**2 * found.weight), hubs)
    left = (1 - school_variance * seen) ** 2 * hub_variance * found.kept + apart
    return _predicted(found, _summed(shares * found.deviation, hubs), _summed(shares * found.lean, hubs), left)


def _fitted(
    means: FloatArray, errors: FloatArray, hubs: IntArray, *, school_variance: float, hub_variance: float
) -> Fitted:
    weight = 1 / (school_variance + errors)
    total = _summed(weight, hubs)
    kept = 1 / (1 + hub_variance * total)
    precision = float((total * kept).sum())
    middle = float((kept * _summed(weight * means, hubs)).sum()) / precision
    rest = means - middle
    pulled = kept * _summed(weight * rest, hubs)
    inner = weight * (rest - hub_variance * pulled[hubs])
    squares = float((weight * rest**2).sum() - hub_variance * (kept * _summed(weight * rest, hubs) ** 2).sum())
    logs = float(-np.log(weight).sum() - np.log(kept).sum() + np.log(precision))
    return Fitted(
        middle=middle,
        precision=precision,
        weight=weight,
        total=total,
        kept=kept,
        deviation=school_variance * inner + hub_variance * pulled[hubs],
        lean=kept[hubs] * (school_variance * weight + hub_variance * total[hubs]),
        log_likelihood=-(logs + squares) / 2,
    )


def _summed(values: FloatArray, hubs: IntArray) -> FloatArray:
    return np.bincount(hubs, weights=values, minlength=int(hubs.max()) + 1).astype(np.float64)


def _predicted(found: Fitted, deviation: FloatArray, lean: FloatArray, left: FloatArray) -> Predicted:
    """With the uncertainty of the middle added to what is left once it is known."""
    return Predicted(
        middle=found.middle,
        middle_variance=1 / found.precision,
        deviation=deviation,
        deviation_variance=left + lean**2 / found.precision,
        value_variance=left + (1 - lean) ** 2 / found.precision,
        log_likelihood=found.log_likelihood,
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
    errors = _errors(values, sizes, within_variance)
    places = np.zeros(values.size, dtype=np.int64) if hubs is None else np.asarray(hubs, dtype=np.int64)
    return _averaged(values, errors, places, shares=None, conf_level=conf_level)


def shrink_hubs(
    means: npt.ArrayLike,
    sizes: npt.ArrayLike,
    *,
    within_variance: float,
    hubs: npt.ArrayLike,
    conf_level: float = 0.95,
) -> Shrunken:
    """Shrink hubs' means over their own schools, weighted by pupils; otherwise as `shrink_schools`.

    Returns
    -------
    Shrunken - with an entry per hub, in the order of their numbers. A hub of one school gets that school's own entry of
        `shrink_schools`.

    Raises
    ------
    FitError
        As `shrink_schools`.

    Examples
    --------
    >>> found = shrink_hubs([5.0, 6.0, 0.0, 1.0, -5.0, -6.0], [20] * 6, within_variance=30, hubs=[0, 0, 1, 1, 2, 2])
    >>> found.value.round(1).tolist()
    [5.4, 0.5, -5.4]
    """
    values, pupils = np.asarray(means, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
    errors = _errors(values, pupils, within_variance)
    places = np.asarray(hubs, dtype=np.int64)
    shares = pupils / _summed(pupils, places)[places]
    return _averaged(values, errors, places, shares=shares, conf_level=conf_level)


def _errors(values: FloatArray, sizes: npt.ArrayLike, within_variance: float) -> FloatArray:
    """The error variance of each mean. Raises FitError where schools cannot be shrunk."""
    if values.size < FEWEST_SCHOOLS:
        raise FitError(f"{values.size} schools are too few to set one beside the others; {FEWEST_SCHOOLS} are needed.")
    if not within_variance > 0:
        raise FitError("Pupils of the same school do not differ at all, so chance cannot be told from a difference.")
    return within_variance / np.asarray(sizes, dtype=np.float64)


def _averaged(
    values: FloatArray, errors: FloatArray, places: IntArray, *, shares: FloatArray | None, conf_level: float
) -> Shrunken:
    """Predictions of schools, or of hubs where there are shares, averaged over the spreads."""
    with_hubs = len(np.unique(places)) > 1
    top = REACH * float(values.std(ddof=1)) or float(np.sqrt(errors.mean()))
    points = np.linspace(0, top, GRID_OF_HUBS if with_hubs else GRID)
    pairs = [(school, hub) for school in points for hub in (points if with_hubs else (0.0,))]
    found = [
        predict_schools(values, errors, places, school_variance=school**2, hub_variance=hub**2)
        if shares is None
        else predict_hubs(values, errors, places, shares=shares, school_variance=school**2, hub_variance=hub**2)
        for school, hub in pairs
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
