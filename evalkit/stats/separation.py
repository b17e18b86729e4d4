"""Does some column, or a mixture of them, foretell a yes/no outcome perfectly?"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from evalkit.stats.logit_search import plain_logit

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

# Log odds that a plain logit reaches only when it is running away, or all but sure of a pupil.
SUSPECT = 12.0


def separating_columns(design: FloatArray, outcome: FloatArray) -> IntArray:
    """Find columns that make a logit coefficient infinite.

    Parameters
    ----------
    design : ndarray, shape (n, p)
        Full rank.
    outcome : ndarray, shape (n,)
        0 or 1.

    Returns
    -------
    ndarray of int
        Positions; a single one where one column alone (beside the constant) is enough. Empty when all is well.

    Notes
    -----
    Maximise sum_i s_i x_i'b subject to s_i x_i'b >= 0 and |b| <= 1, s = 2y - 1: above 0 exactly when the maximum
    likelihood estimate does not exist [1]_. Solved only when a plain logit does not settle at moderate log odds.

    References
    ----------
    .. [1] Albert and Anderson (1984). On the existence of maximum likelihood estimates in logistic regression models.
       Biometrika 71(1), 1-10. doi:10.1093/biomet/71.1.1

    Examples
    --------
    >>> x = np.array([[1.0, 0, 3], [1, 0, 1], [1, 1, 2], [1, 1, 4]])
    >>> separating_columns(x, np.array([0.0, 1, 1, 1])).tolist()
    [1]
    """
    _, linear, settled = plain_logit(design, outcome)
    if settled and np.abs(linear).max() < SUSPECT:
        return np.empty(0, dtype=np.intp)
    constant = np.ptp(design, axis=0) == 0
    fixed = np.flatnonzero(constant)
    for k in np.flatnonzero(~constant):
        if len(_direction(design[:, [*fixed, k]], outcome)):
            return np.array([k], dtype=np.intp)
    direction = _direction(design, outcome)
    return np.flatnonzero((np.abs(direction) > 1e-6) & ~constant) if len(direction) else np.empty(0, dtype=np.intp)


def separated_rows(design: FloatArray, outcome: FloatArray) -> int:
    """How many rows some mixture of columns sets apart from all of the other outcome; the others are on its border.

    Parameters
    ----------
    design, outcome : as for `separating_columns`, which found columns
    """
    direction = _direction(design, outcome)
    margins = (2 * outcome - 1) * ((design / np.abs(design).max(axis=0)) @ direction)
    return int((margins > 1e-7).sum())


def _direction(design: FloatArray, outcome: FloatArray) -> FloatArray:
    signed = (2 * outcome - 1)[:, None] * (design / np.abs(design).max(axis=0))
    signed = np.unique(signed, axis=0)
    found = linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(signed)), bounds=(-1, 1), method="highs")
    if found.status != 0 or found.x is None or found.fun is None or -found.fun <= 1e-7:
        return np.empty(0)
    return found.x
