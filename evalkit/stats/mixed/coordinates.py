"""Working coordinates: columns of X and y centred and scaled, so that no sum loses digits, and the way back."""

from dataclasses import dataclass

import numpy as np

from evalkit.errors import FitError
from evalkit.stats.mixed.moments import FloatArray, IntArray

COLLINEAR = 1e-7  # lme4's and R's tolerance for a column that the earlier ones already explain
SUSPICIOUS = 1e-6  # squared length left over; below it the crossproducts cannot decide, a QR does


@dataclass(frozen=True, slots=True)
class Coordinates:
    """How working columns relate to the user's.

    Attributes
    ----------
    kept : tuple of int
        Columns of X in the model, in order; the others are linear combinations of earlier ones.
    dropped : tuple of int
    matrix : ndarray (p, p)
        M: beta = outcome_scale * M gamma + shift.
    shift : ndarray (p,)
    outcome_scale : float
    log_det : float
        log|M|, so that log|X'V^-1X| = log|working| - 2 log|M|.
    """

    kept: tuple[int, ...]
    dropped: tuple[int, ...]
    matrix: FloatArray
    shift: FloatArray
    outcome_scale: float
    log_det: float

    def coefficients(self, gamma: FloatArray) -> FloatArray:
        """Working coefficients gamma (p,) in the user's units."""
        return self.outcome_scale * (self.matrix @ gamma) + self.shift

    def covariance(self, working: FloatArray) -> FloatArray:
        """A covariance (p, p) of gamma, with outcome units already in it, as one of beta."""
        return self.matrix @ working @ self.matrix.T


def standardise(outcome: FloatArray, columns: FloatArray, weights: FloatArray | None) -> tuple[FloatArray, Coordinates]:
    """Make the working rows: kept columns of X, then y, each centred (if the model has a constant) and of length 1.

    Parameters
    ----------
    outcome : ndarray (n,)
    columns : ndarray (c, n)
        Columns of X as rows, so that each is contiguous.
    weights : ndarray (n,) or None
        Precision weights, above 0.

    Returns
    -------
    rows : ndarray (p + 1, n)
        Times sqrt(weights) where given.
    coordinates : Coordinates

    Raises
    ------
    FitError
        When the outcome is constant, or no column can be used.
    """
    low, high = columns.min(axis=1), columns.max(axis=1)
    constant = np.flatnonzero((low == high) & (low != 0.0))
    total = float(outcome.size) if weights is None else float(weights.sum())
    stacked = np.empty((columns.shape[0] + 1, outcome.size))
    stacked[:-1], stacked[-1] = columns, outcome
    centre = np.zeros(stacked.shape[0])
    if constant.size:
        centre = stacked.mean(axis=1) if weights is None else stacked @ weights / total
        centre[constant[0]] = 0.0
        stacked -= centre[:, None]
    if weights is not None:
        stacked *= np.sqrt(weights)
    length = np.sqrt(np.einsum("ij,ij->i", stacked, stacked) / total)
    size = np.maximum(np.abs(low), np.abs(high))
    _check_outcome(length[-1], outcome)
    usable = length[:-1] > SUSPICIOUS * np.maximum(size, np.finfo(float).tiny)
    if usable.all():
        stacked /= length[:, None]
        gram = stacked[:-1] @ stacked[:-1].T / total
        if _smallest_pivot(gram) > SUSPICIOUS:
            value = float(columns[constant[0], 0]) if constant.size else 0.0
            return stacked, _plain(constant, value, centre, length)
    return _orthonormal(outcome, columns, weights, constant, centre[-1], float(length[-1]))


def _check_outcome(length: float, outcome: FloatArray) -> None:
    if length <= 1e-13 * max(float(np.abs(outcome).max()), np.finfo(float).tiny):
        raise FitError(
            f"The outcome is {outcome[0]:g} in every row, so there is nothing to explain. Use an outcome that varies."
        )


def _smallest_pivot(gram: FloatArray) -> float:
    """Smallest squared length a column keeps beside the earlier ones (all have length 1)."""
    try:
        return float((np.diag(np.linalg.cholesky(gram)) ** 2).min(initial=1.0))
    except np.linalg.LinAlgError:
        return 0.0


def _plain(constant: IntArray, value: float, centre: FloatArray, length: FloatArray) -> Coordinates:
    """Undo centring and scaling; `value` is what the constant column holds."""
    p = length.size - 1
    matrix = np.diag(1.0 / length[:-1])
    shift = np.zeros(p)
    if constant.size:
        row = constant[0]
        matrix[row] -= centre[:-1] / length[:-1] / value
        shift[row] = centre[-1] / value
    return Coordinates(tuple(range(p)), (), matrix, shift, float(length[-1]), -float(np.log(length[:-1]).sum()))


def _orthonormal(
    outcome: FloatArray,
    columns: FloatArray,
    weights: FloatArray | None,
    constant: IntArray,
    centre: float,
    scale: float,
) -> tuple[FloatArray, Coordinates]:
    """The careful way for nearly collinear columns: drop what earlier columns explain, then an orthonormal basis."""
    total = float(outcome.size) if weights is None else float(weights.sum())
    root = np.ones(outcome.size) if weights is None else np.sqrt(weights)
    lengths = np.sqrt((columns**2).sum(axis=1))
    kept = [int(c) for c in np.flatnonzero(lengths > 0.0)]
    while kept:
        triangle = np.linalg.qr((columns[kept] / lengths[kept, None]).T)[1]
        norms = np.sqrt((triangle**2).sum(axis=0))
        lost = np.flatnonzero(np.abs(np.diag(triangle)) < COLLINEAR * norms)
        if not lost.size:
            break
        del kept[int(lost[0])]
    if not kept:
        raise FitError("No column of the fixed part varies or is constant and not 0. Write at least an intercept.")
    basis, triangle = np.linalg.qr((columns[kept] * root).T)
    matrix = np.linalg.inv(triangle) * np.sqrt(total)
    shift = np.zeros(len(kept))
    if constant.size and int(constant[0]) in kept:
        position = kept.index(int(constant[0]))
        shift[position] = centre / columns[constant[0], 0]
    else:
        centre = 0.0
    rows = np.vstack([basis.T * np.sqrt(total), (outcome - centre) * root / scale])
    dropped = tuple(c for c in range(columns.shape[0]) if c not in kept)
    log_det = -float(np.log(np.abs(np.diag(triangle))).sum()) + 0.5 * len(kept) * np.log(total)
    return rows, Coordinates(tuple(kept), dropped, matrix, shift, scale, log_det)
