"""A permutation test of one coefficient while the others are held: for small groups without a draw of lots."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from evalkit.errors import FitError
from evalkit.stats.vectors import IntArray

BLOCK = 500  # permutations at a time
TIE = 1e-9  # statistics as near as this to the observed one are as large


@dataclass(frozen=True, slots=True)
class PermutedResiduals:
    """The observed t statistic and the share of permutations that are as large.

    `larger` counts permutations with |t| as large as the observed one, of `draws`; p = (larger + 1) / (draws + 1).
    """

    estimate: float
    statistic: float
    p_value: float
    larger: int
    draws: int


def permute_residuals(
    design: ArrayLike, y: ArrayLike, *, column: int, draws: int, seed: int, orders: IntArray | None = None
) -> PermutedResiduals:
    """Test a coefficient by permuting the residuals of the model without it.

    Parameters
    ----------
    design : array, shape (n, k) - with a column of ones
    y : array, shape (n,)
    column : the coefficient's place
    draws, seed : how many random permutations, from which seed
    orders : int array, shape (draws, n), the permutations themselves, instead of random ones

    Returns
    -------
    PermutedResiduals - p is two-sided and never 0

    Raises
    ------
    FitError
        When the other columns determine this one, or nothing is left to permute.

    Notes
    -----
    Freedman and Lane [1]_: with Z the other columns, y* = Z g + e_pi from the fit y = Z g + e; the whole model is
    fitted to y*, and its t is compared. It is exact without other columns and close to it with them [2]_.

    References
    ----------
    .. [1] Freedman & Lane (1983). A nonstochastic interpretation of reported significance levels. JBES 1(4), 292-298.
       doi:10.1080/07350015.1983.10509354
    .. [2] Winkler et al. (2014). Permutation inference for the general linear model. NeuroImage 92, 381-397.
       doi:10.1016/j.neuroimage.2014.01.060

    Examples
    --------
    >>> design = np.column_stack([np.ones(8), np.repeat([0.0, 1.0], 4)])
    >>> found = permute_residuals(design, [1, 2, 3, 4, 5, 6, 7, 8.0], column=1, draws=999, seed=1)
    >>> round(found.statistic, 2), found.p_value < 0.05
    (4.38, True)
    """
    matrix, outcome = np.asarray(design, dtype=np.float64), np.asarray(y, dtype=np.float64)
    n, k = matrix.shape
    others = np.delete(matrix, column, axis=1)
    q_others, _ = np.linalg.qr(others)
    own = matrix[:, column] - q_others @ (q_others.T @ matrix[:, column])
    length = float(own @ own)
    residuals = outcome - q_others @ (q_others.T @ outcome)
    if length < 1e-12 * max(1.0, float(matrix[:, column] @ matrix[:, column])) or n <= k:
        raise FitError("The other columns determine this one, so there is nothing to permute.")
    if float(residuals @ residuals) < 1e-20 * max(1.0, float(outcome @ outcome)):
        raise FitError("The other columns foretell the outcome without error, so there is nothing to permute.")

    def t_of(shuffled: np.ndarray) -> np.ndarray:
        """t of rows of permuted residuals, shape (m,)."""
        slopes = shuffled @ own / length
        inside = shuffled @ q_others
        left = (shuffled**2).sum(axis=1) - (inside**2).sum(axis=1) - slopes**2 * length
        return slopes / np.sqrt(np.maximum(left, 1e-300) / (n - k) / length)

    observed = float(t_of(residuals[None])[0])
    random = np.random.default_rng(seed)
    larger, done, total = 0, 0, draws if orders is None else len(orders)
    while done < total:
        size = min(BLOCK, total - done)
        order = random.random((size, n)).argsort(axis=1) if orders is None else orders[done : done + size]
        larger += int((np.abs(t_of(residuals[order])) >= abs(observed) * (1 - TIE)).sum())
        done += size
    return PermutedResiduals(float(residuals @ own / length), observed, (larger + 1) / (total + 1), larger, total)
