"""Minimum-residual factors and their rotation: varimax, then oblimin."""

import numpy as np
from scipy.optimize import minimize

from evalkit.stats.item_covariance import squared_multiple_correlations
from evalkit.stats.vectors import FloatArray

# psych keeps every uniqueness at least this large.
_LEAST_UNIQUENESS = 0.005
# Where R's varimax and GPArotation stop. On flat criteria a later stop moves omega_h by 0.001, and we want psych's.
_STOP = 1e-5
_SCALE = 0.01


def minres(correlation: FloatArray, *, factors: int) -> FloatArray:
    """Loadings of unrotated factors by minimum residuals (unweighted least squares).

    Parameters
    ----------
    correlation : array, shape (k, k)
    factors : int, less than k

    Returns
    -------
    array, shape (k, factors)
        Each column's sum is not negative. Uniquenesses stay at or above 0.005, as in psych's `fa`.

    Notes
    -----
    Minimises the squared residuals off the diagonal of R - L L' over the uniquenesses, L holding the largest
    eigenvalues of R - Psi and their vectors [1]_. The search has psych's start, slope and stopping rule: where a
    uniqueness would fall below its bound, the criterion is flat and another search would stop elsewhere.

    References
    ----------
    .. [1] Harman & Jones (1966). Factor analysis by minimizing residuals. Psychometrika 31, 351-368.
       doi:10.1007/BF02289468

    Examples
    --------
    >>> loadings = np.array([0.8, 0.7, 0.6, 0.5])
    >>> found = minres(np.outer(loadings, loadings) + np.diag(1 - loadings**2), factors=1)
    >>> found[:, 0].round(4).tolist()
    [0.8, 0.7, 0.6, 0.5]
    """
    start = np.clip(1 - squared_multiple_correlations(correlation), _LEAST_UNIQUENESS, 1.0)
    below = np.tril_indices(len(correlation), k=-1)
    own = np.diag(np.diag(correlation))

    def misfit(scaled: FloatArray) -> tuple[float, FloatArray]:
        uniquenesses = scaled * _SCALE
        loadings = _loadings(correlation - own + np.diag(1 - uniquenesses), factors)
        value = float(((correlation - loadings @ loadings.T)[below] ** 2).sum())
        loadings = _loadings(correlation - np.diag(uniquenesses), factors)
        return value, np.diag(loadings @ loadings.T + np.diag(uniquenesses) - correlation) * _SCALE

    bounds = [(_LEAST_UNIQUENESS / _SCALE, 1 / _SCALE)] * len(start)
    found = minimize(
        misfit,
        start / _SCALE,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"ftol": 1e7 * float(np.finfo(np.float64).eps), "gtol": 0.0, "maxiter": 100, "maxcor": 5},
    )
    uniquenesses = np.asarray(found.x, dtype=np.float64) * _SCALE
    loadings = _loadings(correlation - np.diag(uniquenesses), factors)
    return loadings * np.where(loadings.sum(axis=0) < 0, -1.0, 1.0)


def varimax(loadings: FloatArray) -> FloatArray:
    """Rotate to loadings that are each large or small, with factors at right angles; rows weighed equally (Kaiser).

    References
    ----------
    .. [1] Kaiser (1958). The varimax criterion for analytic rotation in factor analysis. Psychometrika 23, 187-200.
       doi:10.1007/BF02289233
    """
    lengths = np.sqrt((loadings**2).sum(axis=1))
    scale = np.where(lengths > 0, lengths, 1.0)[:, None]
    rows, rotation, before = loadings / scale, np.eye(loadings.shape[1]), 0.0
    for _ in range(1000):
        turned = rows @ rotation
        left, sizes, right = np.linalg.svd(rows.T @ (turned**3 - turned * (turned**2).mean(axis=0)))
        rotation = left @ right
        if sizes.sum() < before * (1 + _STOP):
            break
        before = float(sizes.sum())
    return rows @ rotation * scale


def oblimin(loadings: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Rotate to simple structure with correlated factors (direct oblimin with gamma 0, that is quartimin).

    Parameters
    ----------
    loadings : array, shape (k, m), m >= 2

    Returns
    -------
    pattern, correlations : arrays, shapes (k, m) and (m, m)

    Notes
    -----
    Gradient projection from the given loadings [1]_, as GPArotation's `oblimin`: the criterion may have several lowest
    points and this is the one downhill from here.

    References
    ----------
    .. [1] Jennrich (2002). A simple general method for oblique rotation. Psychometrika 67, 7-19.
       doi:10.1007/BF02294706
    """
    turn, size = np.eye(loadings.shape[1]), 1.0
    value, slope = _quartimin(loadings, turn)
    trial, trial_value, trial_slope = turn, value, slope
    for _ in range(1000):
        tangent = slope - turn * (turn * slope).sum(axis=0)
        steep = float(np.sqrt((tangent**2).sum()))
        if steep < _STOP:
            break
        size *= 2
        for _ in range(11):
            trial = turn - size * tangent
            trial /= np.sqrt((trial**2).sum(axis=0))
            trial_value, trial_slope = _quartimin(loadings, trial)
            if value - trial_value > 0.5 * steep**2 * size:
                break
            size /= 2
        turn, value, slope = trial, trial_value, trial_slope
    return loadings @ np.linalg.inv(turn).T, turn.T @ turn


def _quartimin(loadings: FloatArray, turn: FloatArray) -> tuple[float, FloatArray]:
    """The criterion, and its slope in the turn."""
    back = np.linalg.inv(turn)
    pattern = loadings @ back.T
    squares = pattern**2
    others = squares.sum(axis=1, keepdims=True) - squares
    return float((squares * others).sum()) / 4, -(pattern.T @ (pattern * others) @ back).T


def _loadings(reduced: FloatArray, factors: int) -> FloatArray:
    values, vectors = np.linalg.eigh(reduced)
    found: FloatArray = vectors[:, : -factors - 1 : -1] * np.sqrt(np.maximum(values[: -factors - 1 : -1], 0.0))
    return found
