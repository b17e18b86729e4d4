"""Find the bottom of a smooth objective by damped Newton steps."""

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
    damping, decrement = (0.0 if is_near else 1e-4), np.inf
    for turn in range(turns):
        matrix, is_true = _curvature(curvature, parameters, wants_true=is_near or turn >= EXPECTED_TURNS)
        if matrix is None:
            return Bottom(parameters, value, decrement, False, turn)
        decrement = _decrement(matrix, gradient)
        if decrement < CLOSE:
            return Bottom(parameters, value, decrement, True, turn)
        if is_true and decrement < 1e-4:
            damping = 0.0
        found = _step(slope, matrix, parameters, value, gradient, damping)
        if found is None:
            return Bottom(parameters, value, decrement, decrement < CLOSE_ENOUGH, turn)
        before = value
        parameters, value, gradient, damping = found
        if lost(parameters):
            return Bottom(parameters, value, decrement, False, turn)
        if decrement < CLOSE_ENOUGH and value >= before:
            return Bottom(parameters, value, decrement, True, turn)
    return Bottom(parameters, value, decrement, decrement < CLOSE_ENOUGH, turns)


def _curvature(
    curvature: Callable[[FloatArray, bool], FloatArray], parameters: FloatArray, *, wants_true: bool
) -> tuple[FloatArray | None, bool]:
    """The true curvature where it is wanted and bends upwards, else the expected one; None where neither does."""
    for is_true in (True, False) if wants_true else (False,):
        matrix = curvature(parameters, is_true)
        scale = np.sqrt(np.abs(np.diag(matrix)))
        scale[scale == 0] = 1.0
        try:
            np.linalg.cholesky(matrix / np.outer(scale, scale) - 1e-10 * np.eye(scale.size))
        except LinAlgError:
            continue
        return matrix, is_true
    # Expected information that is singular: push a little in every direction and go on.
    matrix = curvature(parameters, False)
    ridge = 1e-6 * np.maximum(np.diag(matrix), 1e-8)
    return (matrix + np.diag(ridge), False) if bool(np.isfinite(matrix).all()) else (None, False)


def _decrement(matrix: FloatArray, gradient: FloatArray) -> float:
    try:
        return float(gradient @ np.linalg.solve(matrix, gradient))
    except LinAlgError:
        return np.inf


def _step(
    slope: Callable[[FloatArray], tuple[float, FloatArray]],
    matrix: FloatArray,
    parameters: FloatArray,
    value: float,
    gradient: FloatArray,
    damping: float,
) -> tuple[FloatArray, float, FloatArray, float] | None:
    """One step downhill with the damping it took (less for the next), or None where no step goes down."""
    for _ in range(40):
        damped = matrix + damping * np.diag(np.diag(matrix))
        try:
            trial = parameters - np.linalg.solve(damped, gradient)
        except LinAlgError:
            damping = max(10 * damping, 1e-8)
            continue
        reached, there = slope(trial)
        if reached <= value + 1e-14 * abs(value):
            return trial, reached, there, damping / 10
        damping = max(10 * damping, 1e-6)
    return None
