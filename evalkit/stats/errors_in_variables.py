"""Least squares when a covariate is measured with error: what the difference would be at equal TRUE baselines."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr, stdtrit

from evalkit.errors import FitError
from evalkit.stats.vectors import FloatArray, IntArray

SINGULAR = 1e-10  # smallest eigenvalue, over the largest, that a matrix of true covariates may have


@dataclass(frozen=True, slots=True)
class ErrorsInVariablesFit:
    """Coefficients at equal true covariates.

    Attributes
    ----------
    coefficients, std_errors, statistics, p_values : ndarray, shape (k,)
    covariance : ndarray, shape (k, k) - sandwich, of clusters where they were named
    df : float - rows minus k, or clusters minus 1
    error_variance : float - of the fallible covariate
    """

    coefficients: FloatArray
    std_errors: FloatArray
    statistics: FloatArray
    p_values: FloatArray
    covariance: FloatArray
    df: float
    error_variance: float

    def interval(self, column: int, level: float) -> tuple[float, float]:
        """The t interval of one coefficient."""
        half = float(stdtrit(self.df, (1 + level) / 2)) * float(self.std_errors[column])
        return float(self.coefficients[column]) - half, float(self.coefficients[column]) + half


def fit_errors_in_variables(
    design: ArrayLike,
    y: ArrayLike,
    *,
    column: int,
    reliability: float | None = None,
    error_variance: float | None = None,
    clusters: IntArray | None = None,
) -> ErrorsInVariablesFit:
    """Regress on a design of which one column is measured with error.

    Parameters
    ----------
    design : array, shape (n, k) - with a column of ones
    y : array, shape (n,)
    column : the fallible covariate's place in the design
    reliability : its reliability in all these rows, 0 to 1; or
    error_variance : the square of its standard error of measurement. Exactly one of the two is given
    clusters : int array, shape (n,) - groups that rows share

    Returns
    -------
    ErrorsInVariablesFit

    Raises
    ------
    FitError
        When neither or both are given, the reliability lies outside 0 to 1, or the error is as large as what is left
        of the covariate when the other columns are known.

    Notes
    -----
    With Lambda the diagonal matrix of error variances, b = (X'X - n Lambda)^-1 X'y [1]_ eq. 2.2.5. It solves
    sum psi_i = 0 for psi_i = x_i (y_i - x_i'b) + Lambda b, so V = M^-1 (sum psi psi') M^-1 with M = X'X - n Lambda,
    times n / (n - k), or G / (G - 1) (n - 1) / (n - k) with the psi of G clusters summed first. From a reliability r
    the error variance is (1 - r) sum (x - m)^2 / n; its own uncertainty is in V, for psi_i then holds
    (1 - r) (x_i - m)^2. The reliability itself is taken as known. With r = 1 this is least squares with a sandwich
    error.

    References
    ----------
    .. [1] Fuller (1987). Measurement Error Models. Wiley. doi:10.1002/9780470316665

    Examples
    --------
    >>> x = np.array([1.0, 2, 3, 4, 5, 6]); group = np.array([0.0, 0, 0, 1, 1, 1]); y = np.array([1.0, 3, 2, 4, 6, 5])
    >>> design = np.column_stack([np.ones(6), group, x])
    >>> fit_errors_in_variables(design, y, column=2, reliability=0.9).coefficients.round(3).tolist()
    [0.222, 0.333, 0.889]
    """
    matrix, outcome = np.asarray(design, dtype=np.float64), np.asarray(y, dtype=np.float64)
    n, k = matrix.shape
    if (reliability is None) == (error_variance is None):
        raise FitError("Give either the reliability of the baseline or its error variance.")
    if n <= k:
        raise FitError(f"{n} pupils are too few for {k} coefficients.")
    x = matrix[:, column]
    errors = _errors(x, reliability, error_variance)
    crossed = matrix.T @ matrix
    crossed[column, column] -= errors.sum()
    scale = np.sqrt(np.diag(matrix.T @ matrix))
    if float(np.linalg.eigvalsh(crossed / np.outer(scale, scale))[0]) < SINGULAR:
        raise FitError(
            "The baseline's error of measurement is as large as the differences between pupils of a group, so there is "
            "no true baseline left to compare at."
        )
    inverse = np.linalg.inv(crossed)
    b = inverse @ (matrix.T @ outcome)
    psi = matrix * (outcome - matrix @ b)[:, None]
    psi[:, column] += errors * b[column]
    factor, df = n / (n - k), float(n - k)
    if clusters is not None:
        groups = int(clusters.max()) + 1
        if groups < 2:
            raise FitError("There is one cluster only, so nothing can be said about differences between clusters.")
        summed = np.zeros((groups, k))
        np.add.at(summed, clusters, psi)
        psi, factor, df = summed, groups / (groups - 1) * (n - 1) / (n - k), float(groups - 1)
    covariance = factor * inverse @ (psi.T @ psi) @ inverse
    std_errors = np.sqrt(np.diag(covariance))
    statistics = b / std_errors
    p_values = np.asarray(2 * stdtr(df, -np.abs(statistics)), dtype=np.float64)
    return ErrorsInVariablesFit(b, std_errors, statistics, p_values, covariance, df, float(errors.mean()))


def _errors(x: FloatArray, reliability: float | None, error_variance: float | None) -> FloatArray:
    """What each row takes from the square of the fallible column, shape (n,)."""
    if reliability is not None:
        if not 0 < reliability <= 1:
            raise FitError(f"A reliability lies above 0 and not above 1; found {reliability:g}.")
        return (1 - reliability) * (x - x.mean()) ** 2
    assert error_variance is not None
    if not error_variance >= 0:
        raise FitError(f"An error variance is 0 or more; found {error_variance:g}.")
    return np.full(x.size, error_variance)
