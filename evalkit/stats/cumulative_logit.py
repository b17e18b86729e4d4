"""Proportional-odds models of counted answers: quick, for many items and few different rows."""

from dataclasses import dataclass

import numpy as np
from numpy.linalg import LinAlgError
from scipy.special import expit

from evalkit.errors import FitError
from evalkit.stats.vectors import FloatArray, IntArray

_NO_FIT = (
    "The answers to this item can be predicted perfectly for some pupils, so the model has no finite solution. There "
    "are too few pupils, or too few different answers."
)


@dataclass(frozen=True, slots=True, eq=False)
class CumulativeLogit:
    """A fitted model: logit P(answer > j) = x'b - cut_j.

    Attributes
    ----------
    coefficients : array, shape (q,)
    cuts : array, shape (K - 1,)
    log_likelihood : float
    covariance : array, shape (q, q)
        Of the coefficients, from the observed information.
    """

    coefficients: FloatArray
    cuts: FloatArray
    log_likelihood: float
    covariance: FloatArray


def fit_cumulative_logit(design: FloatArray, counts: FloatArray) -> CumulativeLogit:
    """Fit by maximum likelihood.

    Parameters
    ----------
    design : array, shape (c, q)
        One row per group of pupils with equal values; no constant. q may be 0.
    counts : array, shape (c, K)
        How many of them gave each of K answers, ascending; each answer given by somebody.

    Raises
    ------
    FitError
        There is no finite solution.

    Notes
    -----
    McCullagh's model [1]_ by Fisher scoring with step halving, columns standardised. For K = 2 it is logistic
    regression.

    References
    ----------
    .. [1] McCullagh (1980). Regression models for ordinal data. JRSS B 42, 109-142.
    """
    centre, spread = _moments(design, counts)
    unit = (design - centre) / spread
    shares = np.cumsum(counts.sum(axis=0)) / counts.sum()
    cuts = np.log(shares[:-1] / (1 - shares[:-1]))
    parameters = np.concatenate([cuts, np.zeros(design.shape[1])])
    value, slope, information = _likelihood(parameters, unit, counts)
    for _ in range(60):
        try:
            step = np.linalg.solve(information, slope)
        except LinAlgError:
            raise FitError(_NO_FIT) from None
        if float(slope @ step) < 1e-16 * max(abs(value), 1.0):
            return _finished(parameters, value, unit, counts, centre, spread)
        size = 1.0
        while size > 1e-6:
            trial = parameters + size * step
            found = _likelihood(trial, unit, counts)
            if found[0] >= value - 1e-12 * abs(value):
                break
            size /= 2
        else:
            return _finished(parameters, value, unit, counts, centre, spread)
        parameters, (value, slope, information) = trial, found
        if float(np.abs(parameters).max()) > 40:
            break
    raise FitError(_NO_FIT)


def _moments(design: FloatArray, counts: FloatArray) -> tuple[FloatArray, FloatArray]:
    weight = counts.sum(axis=1) / counts.sum()
    centre = weight @ design
    spread = np.sqrt(weight @ (design - centre) ** 2)
    if not bool(np.all(spread > 0)):
        raise FitError("A column of the model is the same for every pupil.")
    return centre, spread


def _likelihood(parameters: FloatArray, design: FloatArray, counts: FloatArray) -> tuple[float, FloatArray, FloatArray]:
    """Log-likelihood, its slope, and the expected information, by cuts and then coefficients."""
    k = counts.shape[1]
    cuts, slope = parameters[: k - 1], parameters[k - 1 :]
    q = slope.size
    if bool(np.any(np.diff(cuts) <= 0)):
        return -np.inf, np.zeros(parameters.size), np.eye(parameters.size)
    linear = cuts - (design @ slope)[:, np.newaxis]
    below = np.pad(expit(linear), ((0, 0), (1, 1)), constant_values=(0.0, 1.0))
    density = np.pad(expit(linear) * expit(-linear), ((0, 0), (1, 1)))
    shares = np.maximum(np.diff(below, axis=1), 1e-300)
    # d share_j = density at its upper cut d(upper) - density at its lower cut d(lower)
    rise = np.zeros((len(design), k, k - 1 + q))
    inner: IntArray = np.arange(k - 1, dtype=np.int64)
    rise[:, inner, inner] = density[:, 1:k]
    rise[:, inner + 1, inner] = -density[:, 1:k]
    rise[:, :, k - 1 :] = -np.diff(density, axis=1)[:, :, np.newaxis] * design[:, np.newaxis, :]
    total = counts.sum(axis=1)
    weighted = rise * (total[:, np.newaxis] / shares)[:, :, np.newaxis]
    information = np.einsum("cka,ckb->ab", weighted, rise)
    gradient = np.einsum("ck,cka->a", counts / shares, rise)
    return float(np.sum(counts * np.log(shares))), gradient, information


def _observed(parameters: FloatArray, design: FloatArray, counts: FloatArray) -> FloatArray:
    """Minus the second derivatives of the log-likelihood."""
    k = counts.shape[1]
    cuts, slope = parameters[: k - 1], parameters[k - 1 :]
    linear = cuts - (design @ slope)[:, np.newaxis]
    below = np.pad(expit(linear), ((0, 0), (1, 1)), constant_values=(0.0, 1.0))
    density = expit(linear) * expit(-linear)
    shares = np.maximum(np.diff(below, axis=1), 1e-300)
    # Slopes of every cut's linear predictor: 1 by its own cut, -x by the coefficients.
    reach = np.zeros((len(design), k - 1, parameters.size))
    inner: IntArray = np.arange(k - 1, dtype=np.int64)
    reach[:, inner, inner] = 1.0
    reach[:, :, k - 1 :] = -design[:, np.newaxis, :]
    rise = np.diff(np.pad(density[:, :, np.newaxis] * reach, ((0, 0), (1, 1), (0, 0))), axis=1)
    squared = np.einsum("ck,cka,ckb->ab", counts / shares**2, rise, rise)
    ratio = counts / shares
    bend = density * (1 - 2 * expit(linear)) * (ratio[:, :-1] - ratio[:, 1:])
    return squared - np.einsum("cj,cja,cjb->ab", bend, reach, reach)


def _finished(
    parameters: FloatArray,
    value: float,
    design: FloatArray,
    counts: FloatArray,
    centre: FloatArray,
    spread: FloatArray,
) -> CumulativeLogit:
    q = spread.size
    first = parameters.size - q
    slope = parameters[first:] / spread
    try:
        inverse = np.linalg.inv(_observed(parameters, design, counts))[first:, first:]
    except LinAlgError:
        raise FitError(_NO_FIT) from None
    return CumulativeLogit(slope, parameters[:first] + float(centre @ slope), value, inverse / np.outer(spread, spread))
