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
    middle, middle_variance : float arrays, shape (spreads,) - generalised least squares
    deviation : float array, shape (spreads, schools)
    deviation_variance, value_variance : float arrays, shape (spreads, schools) - prediction error variances of
        deviation and of middle + deviation, the uncertainty of the middle included
    log_likelihood : float array, shape (spreads,) - restricted, up to a constant
    """

    middle: FloatArray
    middle_variance: FloatArray
    deviation: FloatArray
    deviation_variance: FloatArray
    value_variance: FloatArray
    log_likelihood: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """What every prediction with given spreads is made of; a row per spread.

    Attributes
    ----------
    middle, precision : float arrays, shape (spreads, 1) - generalised least squares, 1 / its variance
    weight : float array, shape (spreads, schools) - 1 / (school variance + error)
    total, kept : float arrays, shape (spreads, hubs) - sum of the weights; share of the hub variance that schools leave
    deviation, lean : float arrays, shape (spreads, schools) - G V^-1 (y - mu) and G V^-1 1
    log_likelihood : float array, shape (spreads,) - restricted, up to a constant
    """

    middle: FloatArray
    precision: FloatArray
    weight: FloatArray
    total: FloatArray
    kept: FloatArray
    deviation: FloatArray
    lean: FloatArray
    log_likelihood: FloatArray


def predict_schools(
    means: FloatArray,
    errors: FloatArray,
    hubs: IntArray,
    *,
    school_variance: npt.ArrayLike,
    hub_variance: npt.ArrayLike,
) -> Predicted:
    """Predict schools' true means with given variances between schools and hubs.

    Parameters
    ----------
    means : float array, shape (schools,)
    errors : float array, shape (schools,) - error variance of each mean, sigma^2 / n
    hubs : int array, shape (schools,) - the hub of each school, 0 to hubs - 1
    school_variance, hub_variance : float or array_like, shape (spreads,), >= 0

    Returns
    -------
    Predicted - a row for each pair of variances

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
    school, hub = _columns(school_variance, hub_variance)
    found = _fitted(means, errors, hubs, school=school, hub=hub)
    weight, own, total = found.weight, found.kept[:, hubs], found.total[:, hubs]
    explained = school**2 * weight * (1 - hub * own * weight) + 2 * school * hub * own * weight + hub**2 * own * total
    return _predicted(found, found.deviation, found.lean, school + hub - explained)


def predict_hubs(
    means: FloatArray,
    errors: FloatArray,
    hubs: IntArray,
    *,
    shares: FloatArray,
    school_variance: npt.ArrayLike,
    hub_variance: npt.ArrayLike,
) -> Predicted:
    """Predict the true mean of each hub's own schools, weighted, with given variances.

    Parameters
    ----------
    means, errors, hubs, school_variance, hub_variance : as `predict_schools`
    shares : float array, shape (schools,) - the weight of each school in its hub; those of a hub sum to 1

    Returns
    -------
    Predicted - with a column per hub

    Notes
    -----
    The target is h_k + sum_j c_j s_j, c the shares: the best linear unbiased prediction of a linear combination is that
    combination of the predictions. Its variance given mu is (1 - t sum_j c_j w_j)^2 u b + sum_j c_j^2 (t - t^2 w_j),
    with w the weights, t and u the variances between schools and hubs, b what the hub's schools leave over: the first
    part is what is not known of h, the second what is not known of the schools once h is.
    """
    school, hub = _columns(school_variance, hub_variance)
    found = _fitted(means, errors, hubs, school=school, hub=hub)
    seen = _summed(shares * found.weight, hubs)
    apart = _summed(shares**2 * (school - school**2 * found.weight), hubs)
    left = (1 - school * seen) ** 2 * hub * found.kept + apart
    return _predicted(found, _summed(shares * found.deviation, hubs), _summed(shares * found.lean, hubs), left)


def _columns(school_variance: npt.ArrayLike, hub_variance: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Pairs of variances, each as shape (spreads, 1)."""
    school, hub = (np.atleast_1d(np.asarray(one, dtype=np.float64)) for one in (school_variance, hub_variance))
    return school[:, None], hub[:, None]


def _fitted(means: FloatArray, errors: FloatArray, hubs: IntArray, *, school: FloatArray, hub: FloatArray) -> Fitted:
    weight = 1 / (school + errors)
    total = _summed(weight, hubs)
    kept = 1 / (1 + hub * total)
    precision = (total * kept).sum(axis=1, keepdims=True)
    middle = (kept * _summed(weight * means, hubs)).sum(axis=1, keepdims=True) / precision
    rest = means - middle
    summed = _summed(weight * rest, hubs)
    pulled = kept * summed
    inner = weight * (rest - hub * pulled[:, hubs])
    squares = (weight * rest**2).sum(axis=1) - hub[:, 0] * (kept * summed**2).sum(axis=1)
    logs = -np.log(weight).sum(axis=1) - np.log(kept).sum(axis=1) + np.log(precision[:, 0])
    return Fitted(
        middle=middle,
        precision=precision,
        weight=weight,
        total=total,
        kept=kept,
        deviation=school * inner + hub * pulled[:, hubs],
        lean=kept[:, hubs] * (school * weight + hub * total[:, hubs]),
        log_likelihood=-(logs + squares) / 2,
    )


def _summed(values: FloatArray, hubs: IntArray) -> FloatArray:
    """Sums over the schools of each hub, shape (spreads, hubs), added up in the order of the schools."""
    sums = np.zeros((int(hubs.max()) + 1, values.shape[0]))
    columns = np.ascontiguousarray(values.T)
    for school, hub in enumerate(hubs):
        sums[hub] += columns[school]
    return np.ascontiguousarray(sums.T)


def _predicted(found: Fitted, deviation: FloatArray, lean: FloatArray, left: FloatArray) -> Predicted:
    """With the uncertainty of the middle added to what is left once it is known."""
    return Predicted(
        middle=found.middle[:, 0],
        middle_variance=1 / found.precision[:, 0],
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
    [11.3, 7.9, 6.2, 7.6, 5.2, 6.2, 10.6, 8.4]
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
    shares = pupils / _summed(pupils[None, :], places)[0, places]
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
    hub_points = points if with_hubs else np.zeros(1)
    school, hub = (one.ravel() for one in np.meshgrid(points, hub_points, indexing="ij"))
    if shares is None:
        found = predict_schools(values, errors, places, school_variance=school**2, hub_variance=hub**2)
    else:
        found = predict_hubs(values, errors, places, shares=shares, school_variance=school**2, hub_variance=hub**2)
    share = np.exp(found.log_likelihood - found.log_likelihood.max())
    share /= share.sum()
    half = float(ndtri((1 + conf_level) / 2))
    value, spread = _mixed(share, found.middle[:, None] + found.deviation, found.value_variance)
    deviation, apart = _mixed(share, found.deviation, found.deviation_variance)
    return Shrunken(
        middle=float(share @ found.middle),
        between_sd=float(share @ np.hypot(school, hub)),
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
