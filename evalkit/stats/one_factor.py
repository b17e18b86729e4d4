"""One common factor behind a questionnaire, by maximum likelihood, with its standard errors."""

from dataclasses import dataclass

import numpy as np

from evalkit.errors import FitError
from evalkit.stats.factor.answers import from_moments
from evalkit.stats.factor.fit import HEYWOOD, inverse_information
from evalkit.stats.factor.likelihood import make_likelihood
from evalkit.stats.factor.models import correlated_factors
from evalkit.stats.factor.saturated import saturate
from evalkit.stats.factor.start import start_values
from evalkit.stats.vectors import FloatArray


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
    Minimises F = log|Sigma| + tr(S Sigma^-1) - log|S| - k, Sigma = l l' + diag(theta) [1]_, uniquenesses unbounded, as
    lavaan `cfa(std.lv = TRUE)` does. The model is the simplest one of `stats.factor`.

    References
    ----------
    .. [1] Joreskog (1969). A general approach to confirmatory maximum likelihood factor analysis. Psychometrika 34,
       183-202. doi:10.1007/BF02289343
    """
    k = covariance.shape[0]
    if k < 3:
        raise FitError(f"The scale has {k} items; a factor needs at least 3. Report alpha alone.")
    spread = np.diag(covariance)
    if not np.all(spread > 0):
        raise FitError(f"Item {int(np.argmin(spread)) + 1} has no spread: everyone gave the same answer.")
    structure = correlated_factors(np.ones((k, 1), dtype=np.bool_))
    nothing = np.zeros(len(covariance), dtype=np.float64)
    answers = from_moments(nothing, covariance, n=n)
    least = saturate(answers)[2]
    likelihood = make_likelihood(structure, [answers], [covariance])
    starts = [start_values(structure, [nothing], [covariance], [], plain=plain) for plain in (False, True)]
    bottom = likelihood.find(*starts)
    loadings, uniquenesses = np.split(bottom.parameters, 2)
    sampling = inverse_information(likelihood.curvature(bottom.parameters, False)) / n
    sign = np.repeat([-1.0 if (loadings / np.sqrt(spread)).sum() < 0 else 1.0, 1.0], k)
    return OneFactor(
        loadings=loadings * sign[:k],
        uniquenesses=uniquenesses,
        covariance=sampling * np.outer(sign, sign),
        chi_square=2 * n * max(bottom.value - least, 0.0),
        df=k * (k - 3) // 2,
        is_heywood=bool(np.any(uniquenesses <= HEYWOOD * spread)),
    )
