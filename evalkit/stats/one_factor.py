"""One common factor behind a questionnaire, by maximum likelihood, with its standard errors."""

from dataclasses import dataclass

import numpy as np
from numpy.linalg import LinAlgError

from evalkit.errors import FitError
from evalkit.stats.vectors import FloatArray

_NO_FACTOR = (
    "One common factor could not be fitted to these items: no single solution fits best. The items may not hang "
    "together (check that reversed items were reversed), or there are too few pupils. Report alpha alone."
)


@dataclass(frozen=True, slots=True, eq=False)
class OneFactor:
    """Loadings and uniquenesses of k items, in the items' own units.

    Attributes
    ----------
    loadings, uniquenesses : array, shape (k,)
        The factor has variance 1; the sum of the loadings is not negative.
    covariance : array, shape (2k, 2k)
        Of the estimates, loadings first, from the expected information.
    chi_square, df : float, int
        Likelihood-ratio fit against any covariance matrix: n times the discrepancy, on k(k - 3)/2 degrees of freedom.
    is_heywood : bool
        A uniqueness at or below 0: no real questionnaire has that, so the solution is not to be trusted.
    """

    loadings: FloatArray
    uniquenesses: FloatArray
    covariance: FloatArray
    chi_square: float
    df: int
    is_heywood: bool


def fit_one_factor(covariance: FloatArray, *, n: int) -> OneFactor:
    """Fit x = mean + loading * factor + error by normal-theory maximum likelihood.

    Parameters
    ----------
    covariance : array, shape (k, k)
        Covariance matrix of the items with divisor n, k >= 3.
    n : int
        Complete answer rows behind it, more than k.

    Returns
    -------
    OneFactor

    Raises
    ------
    FitError
        With fewer than 3 items, an item without spread, items that determine one another, or no solution.

    Notes
    -----
    Minimises F = log|Sigma| + tr(S Sigma^-1) - log|S| - k, Sigma = l l' + diag(theta) [1]_, by Fisher scoring on the
    correlation matrix (the fit does not depend on units), uniquenesses unbounded, as lavaan `cfa(std.lv = TRUE)` does.
    With W = Sigma^-1, b = W l, c = l'W l the expected information per row is
    I_ll = c W + b b', I_lt = W diag(b), I_tt = (W o W) / 2.

    References
    ----------
    .. [1] Joreskog (1969). A general approach to confirmatory maximum likelihood factor analysis. Psychometrika 34,
       183-202. doi:10.1007/BF02289343
    """
    k = covariance.shape[0]
    if k < 3:
        raise FitError(f"The scale has {k} items; a factor needs at least 3. Report alpha alone.")
    spread = np.sqrt(np.diag(covariance))
    if not np.all(spread > 0):
        raise FitError(f"Item {int(np.argmin(spread)) + 1} has no spread: everyone gave the same answer.")
    correlation = covariance / np.outer(spread, spread)
    values, vectors = np.linalg.eigh(correlation)
    if values[0] < 1e-9:
        raise FitError(
            "Some items can be computed exactly from others (copies, or fewer pupils than items), so no factor can be "
            "fitted. Look for a column that was pasted twice, or report alpha alone."
        )
    log_determinant = float(np.log(values).sum())
    start = vectors[:, -1] * np.sqrt(values[-1]) * 0.8
    parameters = _minimise(correlation, np.concatenate([start, np.maximum(1 - start**2, 0.2)]))
    loadings, uniquenesses = np.split(parameters, 2)
    if loadings.sum() < 0:
        loadings = -loadings
    information = _information(np.concatenate([loadings, uniquenesses]))
    # Where most items share nothing, many loadings fit equally well and none can be told from the others.
    if float(np.linalg.eigvalsh(information)[0]) < 1e-9:
        raise FitError(_NO_FACTOR)
    units = np.concatenate([spread, spread**2])
    sampling = np.linalg.inv(information) / n
    return OneFactor(
        loadings=loadings * spread,
        uniquenesses=uniquenesses * spread**2,
        covariance=sampling * np.outer(units, units),
        chi_square=n * max(_discrepancy(correlation, parameters) - log_determinant - k, 0.0),
        df=k * (k - 3) // 2,
        is_heywood=bool(np.any(uniquenesses <= 1e-6)),
    )


def _minimise(correlation: FloatArray, start: FloatArray) -> FloatArray:
    """Fisher scoring with step halving; where that crawls, Newton steps. `start` holds loadings, then uniquenesses."""
    parameters, current = start, _discrepancy(correlation, start)
    for turn in range(200):
        gradient = _gradient(correlation, parameters)
        steepest = float(np.abs(gradient).max())
        if steepest < 1e-10:
            return parameters
        curvature = _information(parameters) if turn < 30 else _curvature(correlation, parameters)
        try:
            step = np.linalg.solve(curvature, gradient)
        except LinAlgError:
            break
        size = 1.0
        while size > 1e-8:
            trial = parameters - size * step
            value = _discrepancy(correlation, trial)
            if value <= current + 1e-14 * abs(current):
                break
            size /= 2
        else:
            # No step helps: at the bottom, as far as rounding lets one see, or nowhere.
            if steepest < 1e-7:
                return parameters
            break
        parameters, current = trial, value
        if parameters.min() < -20:
            break
    raise FitError(_NO_FACTOR)


def _sigma(parameters: FloatArray) -> FloatArray:
    loadings, uniquenesses = np.split(parameters, 2)
    return np.outer(loadings, loadings) + np.diag(uniquenesses)


def _discrepancy(correlation: FloatArray, parameters: FloatArray) -> float:
    """log|Sigma| + tr(S Sigma^-1), infinite where Sigma is not positive definite."""
    try:
        root = np.linalg.cholesky(_sigma(parameters))
    except LinAlgError:
        return np.inf
    half = np.linalg.solve(root, correlation)
    return float(2 * np.log(np.diag(root)).sum() + np.trace(np.linalg.solve(root, half.T)))


def _gradient(correlation: FloatArray, parameters: FloatArray) -> FloatArray:
    """Gradient of F / 2."""
    inverse = np.linalg.inv(_sigma(parameters))
    residual = inverse - inverse @ correlation @ inverse
    return np.concatenate([residual @ np.split(parameters, 2)[0], np.diag(residual) / 2])


def _curvature(correlation: FloatArray, parameters: FloatArray) -> FloatArray:
    """Second derivatives of F / 2 (differences of the gradient), or the expected ones where those bend downwards."""
    width = 1e-5
    columns = [
        (_gradient(correlation, parameters + shift) - _gradient(correlation, parameters - shift)) / (2 * width)
        for shift in width * np.eye(parameters.size)
    ]
    found = np.array(columns)
    found = (found + found.T) / 2
    return found if float(np.linalg.eigvalsh(found)[0]) > 1e-8 else _information(parameters)


def _information(parameters: FloatArray) -> FloatArray:
    """Expected information per row, shape (2k, 2k)."""
    inverse = np.linalg.inv(_sigma(parameters))
    loadings = np.split(parameters, 2)[0]
    slope = inverse @ loadings
    cross = inverse * slope[np.newaxis, :]
    top = np.hstack([float(loadings @ slope) * inverse + np.outer(slope, slope), cross])
    return np.vstack([top, np.hstack([cross.T, inverse**2 / 2])])
