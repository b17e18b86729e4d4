"""Check number arrays at the door of `stats`, so that the formulas inside can trust them."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from evalkit.errors import FitError

FloatArray: TypeAlias = npt.NDArray[np.float64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
IntArray: TypeAlias = npt.NDArray[np.int64]


def finite_vector(values: npt.ArrayLike, name: str) -> FloatArray:
    """Return `values` as a float vector, shape (n,), refusing anything that is not a finite number.

    Raises
    ------
    FitError
        When the array is not one-dimensional, or holds missing or infinite numbers.
    """
    vector = np.asarray(values, dtype=np.float64)
    if vector.ndim != 1:
        raise FitError(
            f"{name} must be one column of numbers; found {vector.ndim} dimensions. Pass one value per pupil."
        )
    unusable = int(np.count_nonzero(~np.isfinite(vector)))
    if unusable:
        raise FitError(
            f"{name} holds {unusable} missing or infinite values of {vector.size}. "
            "Leave those pupils out, and say how many they were, before this calculation."
        )
    return vector


def finite_pair(pre: npt.ArrayLike, post: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return linked baseline and follow-up scores as float vectors of one length.

    Raises
    ------
    FitError
        When either is unusable (see `finite_vector`) or their lengths differ.
    """
    before, after = finite_vector(pre, "pre"), finite_vector(post, "post")
    if before.size != after.size:
        raise FitError(
            f"There are {before.size} baseline scores and {after.size} follow-up scores. "
            "Link them first, so that each pupil has one of each, in the same order."
        )
    return before, after


def check_conf_level(conf_level: float) -> float:
    """Return the confidence level, refusing one that is not strictly between 0 and 1."""
    if not 0 < conf_level < 1:
        raise FitError(f"conf_level is {conf_level:g}; it must lie between 0 and 1. Use 0.95 for a 95% interval.")
    return conf_level


def check_reliability(reliability: float) -> float:
    """Return the reliability, refusing one outside 0 to 1 (both ends excluded)."""
    if not 0 < reliability < 1:
        raise FitError(
            f"The reliability is {reliability:g}; it must lie between 0 and 1. "
            "Use this sample's alpha or omega, or a published retest of at most 4 weeks."
        )
    return reliability


def check_scale(values: FloatArray, name: str, *, minimum: float, maximum: float) -> None:
    """Refuse an impossible scale range, and scores outside it."""
    if not (np.isfinite(minimum) and np.isfinite(maximum) and minimum < maximum):
        raise FitError(f"The scale runs from {minimum:g} to {maximum:g}; its maximum must be above its minimum.")
    slack = 1e-9 * (maximum - minimum)
    outside = int(np.count_nonzero((values < minimum - slack) | (values > maximum + slack)))
    if outside:
        raise FitError(
            f"{outside} of the {values.size} values of {name} lie outside the scale, which runs from {minimum:g} to "
            f"{maximum:g}. Check the scoring, or the range that the instrument states."
        )


def nearly_constant(values: FloatArray, *, size: float) -> bool:
    """Whether values differ by no more than rounding error, given the `size` of the numbers they came from."""
    return bool(np.ptp(values) <= 1e-10 * abs(size))
