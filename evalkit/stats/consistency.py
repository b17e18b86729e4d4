"""How items hang together apart from alpha and omega: standardised alpha, lambda 6, correlations between items."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evalkit.errors import FitError
from evalkit.stats.item_covariance import Missing, item_covariance, squared_multiple_correlations


@dataclass(frozen=True, slots=True)
class Consistency:
    """Indices of internal consistency from the correlations between k items.

    Attributes
    ----------
    standardised_alpha : float
        Alpha of the items after each was given the same spread.
    lambda6 : float
        Guttman's lower bound from what each item shares with all others, of standardised items.
    mean_r, median_r, lowest_r, highest_r : float
        Of the k(k - 1)/2 correlations between items.
    n, n_incomplete : int
        As in `ItemCovariance`.
    """

    standardised_alpha: float
    lambda6: float
    mean_r: float
    median_r: float
    lowest_r: float
    highest_r: float
    n: int
    n_incomplete: int


def consistency(items: npt.ArrayLike, *, missing: Missing = "complete") -> Consistency:
    """Compute the indices of internal consistency of one scale.

    Parameters
    ----------
    items, missing : as in `item_covariance`

    Returns
    -------
    Consistency

    Raises
    ------
    FitError
        As `item_covariance`, and when standardised items add up to the same for everybody.

    Notes
    -----
    With R the correlation matrix and V its sum: standardised alpha = k/(k-1) (1 - k/V); lambda 6 [1]_ =
    1 - sum(1 - smc_i)/V, smc_i the squared multiple correlation of item i. psych's `alpha` prints them as std.alpha
    and G6(smc).

    References
    ----------
    .. [1] Guttman (1945). A basis for analyzing test-retest reliability. Psychometrika 10, 255-282, eq. 49.
       doi:10.1007/BF02288892

    Examples
    --------
    >>> found = consistency([[1, 2, 1], [2, 2, 3], [3, 4, 3], [4, 4, 5]])
    >>> round(found.standardised_alpha, 3), round(found.mean_r, 3)
    (0.944, 0.85)
    """
    found = item_covariance(items, missing=missing)
    correlation = found.correlation
    k, total = len(correlation), float(correlation.sum())
    if total <= 1e-12 * k:
        raise FitError("The standardised items add up to the same for everybody. Check the reversed items.")
    between = correlation[np.triu_indices(k, k=1)]
    return Consistency(
        standardised_alpha=k / (k - 1) * (1 - k / total),
        lambda6=1 - float((1 - squared_multiple_correlations(correlation)).sum()) / total,
        mean_r=float(between.mean()),
        median_r=float(np.median(between)),
        lowest_r=float(between.min()),
        highest_r=float(between.max()),
        n=found.n,
        n_incomplete=found.n_incomplete,
    )
