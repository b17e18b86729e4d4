"""Make matched pairs: the two most alike together, without any randomness."""

import numpy as np
from scipy.spatial.distance import cdist

from evalkit.errors import DesignError
from evalkit.stats.allocation_balance import inverse_covariance
from evalkit.stats.vectors import FloatArray, IntArray


def nearest_pairs(covariates: FloatArray, *, metric: FloatArray | None = None) -> IntArray:
    """Pair units that are near in Mahalanobis distance.

    Parameters
    ----------
    covariates : float array (n, c), n even
    metric : float array (c, c), optional - inverse covariance that distances are taken with; else that of these units

    Returns
    -------
    int array (n,)
        Pair of each unit, 0 to n / 2 - 1, in the order of each pair's first unit.

    Raises
    ------
    DesignError
        When n is odd or 0, or the distance cannot be worked out.

    Notes
    -----
    The nearest two units become a pair, then the nearest two of the rest, and so on [1]_. Then partners are exchanged
    between two pairs as long as that makes the sum of the pairs' distances smaller. Distances are rounded to 9 decimals
    and ties go to the unit that stands first, so that machines agree.

    References
    ----------
    .. [1] Greevy, Lu, Silber & Rosenbaum (2004). Optimal multivariate matching before randomization. Biostatistics 5,
       263-275. doi:10.1093/biostatistics/5.2.263

    Examples
    --------
    >>> nearest_pairs(np.array([[1.0], [9.0], [1.2], [8.0]])).tolist()
    [0, 1, 0, 1]
    """
    n = len(covariates)
    if n == 0 or n % 2:
        raise DesignError(f"{n} units cannot be paired: the number must be even. Leave one out, with a reason.")
    inverse = inverse_covariance(covariates) if metric is None else metric
    distance: FloatArray = cdist(covariates, covariates, "mahalanobis", VI=inverse).round(9)
    partner = _exchange(_greedy(distance), distance)
    first = np.flatnonzero(np.arange(n) < partner)
    pairs = np.empty(n, dtype=np.int64)
    pairs[first] = np.arange(len(first))
    pairs[partner[first]] = np.arange(len(first))
    return pairs


def _greedy(distance: FloatArray) -> IntArray:
    rows, columns = np.triu_indices(len(distance), k=1)
    partner = np.full(len(distance), -1, dtype=np.int64)
    for place in np.argsort(distance[rows, columns], kind="stable").tolist():
        one, other = rows[place], columns[place]
        if partner[one] < 0 and partner[other] < 0:
            partner[one], partner[other] = other, one
    return partner


def _exchange(partner: IntArray, distance: FloatArray) -> IntArray:
    """Swap partners between two pairs while that helps. Every swap shortens the sum, so this ends."""
    partner = partner.copy()
    improved = True
    while improved:
        improved = False
        for a in range(len(partner)):
            b, others = int(partner[a]), np.arange(len(partner))
            saved = distance[a, b] + distance[others, partner] - distance[a, others] - distance[b, partner]
            saved[[a, b]] = 0.0
            c = int(np.argmax(saved.round(9)))
            if saved[c] > 1e-9:
                d = int(partner[c])
                partner[a], partner[c], partner[b], partner[d] = c, a, d, b
                improved = True
    return partner
