"""Find the bottom of a smooth objective by Newton steps that are halved until they go down."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.linalg import LinAlgError

from evalkit.stats.vectors import FloatArray

EXPECTED_TURNS = 4  # first turns by the expected curvature, which is never negative; then by the true one
CLOSE, CLOSE_ENOUGH = 1e-20, 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Bottom:
    """Where the search ended.

    Attributes
    ----------
    parameters : array, shape (q,)
    value : float
    decrement : float
        g' H^-1 g: twice what one more step promises, per pupil.
    converged : bool
    turns : int
    """

    parameters: FloatArray
    value: float
    decrement: float
    converged: bool
    turns: int


def minimise(
    slope: Callable[[FloatArray], tuple[float, FloatArray]],
    curvature: Callable[[FloatArray, bool], FloatArray],
    start: FloatArray,
    *,
    lost: Callable[[FloatArray], bool],
    is_near: bool = False,
    turns: int = 200,
) -> Bottom:
    """Minimise an objective.

    Parameters
    ----------
    slope : parameters to value and gradient; the value is infinite outside the region where there is one
    curvature : parameters, and whether the true curvature is wanted, to a symmetric matrix
    start : array, shape (q,)
    lost : whether the parameters have run off to where no solution can be
    is_near : bool
        The start is so close that the true curvature can be used from the first turn.
    turns : int
    """
    parameters = start
    value, gradient = slope(parameters)
    decrement = np.inf
    for turn in range(turns):
        matrix = _curvature(curvature, parameters, wants_true=is_near or turn >= EXPECTED_TURNS)
        if matrix is None:
            return Bottom(parameters, value, decrement, False, turn)
        step = np.asarray(np.linalg.solve(matrix, gradient), dtype=np.float64)
        decrement = float(gradient @ step)
        if decrement < CLOSE:
            return Bottom(parameters, value, decrement, True, turn)
        found = _step(slope, parameters, value, step, decrement)
        if found is None:
            return Bottom(parameters, value, decrement, decrement < CLOSE_ENOUGH, turn)
        before = value
        parameters, value, gradient = found
        if lost(parameters):
            return Bottom(parameters, value, decrement, False, turn)
        if decrement < CLOSE_ENOUGH and value >= before:
            return Bottom(parameters, value, decrement, True, turn)
    return Bottom(parameters, value, decrement, decrement < CLOSE_ENOUGH, turns)


def _curvature(
    curvature: Callable[[FloatArray, bool], FloatArray], parameters: FloatArray, *, wants_true: bool
) -> FloatArray | None:
    """The true curvature where it is wanted and bends upwards, else the expected one; None where there is none."""
    for is_true in (True, False) if wants_true else (False,):
        matrix = curvature(parameters, is_true)
        scale = np.sqrt(np.abs(np.diag(matrix)))
        scale[scale == 0] = 1.0
        try:
            np.linalg.cholesky(matrix / np.outer(scale, scale) - 1e-10 * np.eye(scale.size))
        except LinAlgError:
            continue
        return matrix
    # Expected information that is singular: push a little in every direction and go on.
    matrix = curvature(parameters, False)
    if not bool(np.isfinite(matrix).all()):
        return None
    return matrix + np.diag(1e-6 * np.maximum(np.diag(matrix), 1e-8))


def _step(
    slope: Callable[[FloatArray], tuple[float, FloatArray]],
    parameters: FloatArray,
    value: float,
    step: FloatArray,
    decrement: float,
) -> tuple[FloatArray, float, FloatArray] | None:
    """The step, or the first half, quarter, ... of it that goes down as much as it should; None where none does."""
    size = 1.0
    while size > 1e-10:
        trial = parameters - size * step
        reached, there = slope(trial)
        if reached <= value - 1e-4 * size * decrement + 1e-14 * abs(value):
            return trial, reached, there
        size /= 2
    return None
