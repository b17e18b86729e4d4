"""Allocations of units to arms: how many there are, all of them in order, or some drawn at random."""

import itertools
import math
from functools import lru_cache

import numpy as np

from evalkit.errors import FitError
from evalkit.stats.mixed.moments import IntArray


def count_allocations(arms: IntArray, strata: IntArray) -> int:
    """How many allocations give every stratum the same number of units per arm.

    Examples
    --------
    >>> count_allocations(np.array([0, 0, 1, 1, 0, 1]), np.array([0, 0, 0, 0, 1, 1]))
    12
    """
    total = 1
    for members in _members(strata):
        total *= math.factorial(len(members))
        for count in np.bincount(arms[members]).tolist():
            total //= math.factorial(count)
    return total


def _members(strata: IntArray) -> list[IntArray]:
    return [np.flatnonzero(strata == stratum) for stratum in np.unique(strata)]


def enumerate_allocations(arms: IntArray, strata: IntArray, start: int, stop: int) -> IntArray:
    """Allocations number `start` to `stop` of all, a column each (U, stop - start).

    Parameters
    ----------
    arms : ndarray (U,)
        The allocation as drawn: 0 control, 1, 2, ...
    strata : ndarray (U,)
        Units of one stratum swap among themselves only.
    start, stop : int
        0 to `count_allocations`. Every allocation has one number; the observed one is among them.
    """
    number = np.arange(start, stop)
    found = np.empty((len(arms), len(number)), dtype=np.intp)
    for members in _members(strata):
        patterns = _arrangements(tuple(arms[members].tolist()))
        found[members] = patterns[number % len(patterns)].T
        number = number // len(patterns)
    return found


@lru_cache(maxsize=64)
def _arrangements(arms: tuple[int, ...]) -> IntArray:
    """Every distinct order (m, U) of these arms; kept, as every block of an enumeration asks for it."""
    values, counts = np.unique(arms, return_counts=True)
    found = np.full((1, len(arms)), -1, dtype=np.intp)
    for value, count in zip(values[:-1], counts[:-1], strict=True):
        free = np.argwhere(found[0] < 0).size
        chosen = np.array(list(itertools.combinations(range(free), int(count))), dtype=np.intp)
        places = np.argwhere(found < 0)[:, 1].reshape(len(found), free)
        grown = np.repeat(found, len(chosen), axis=0)
        rows = np.arange(len(grown))[:, None]
        grown[rows, places.repeat(len(chosen), axis=0)[rows, np.tile(chosen, (len(found), 1))]] = value
        found = grown
    return np.where(found < 0, values[-1], found)


def draw_allocations(arms: IntArray, strata: IntArray, rng: np.random.Generator, draws: int) -> IntArray:
    """Random allocations (U, B) with the same number of units per arm in every stratum."""
    found = np.empty((len(arms), draws), dtype=np.intp)
    for members in _members(strata):
        order = np.argsort(rng.random((len(members), draws)), axis=0)
        found[members] = arms[members][order]
    return found


def sign_patterns(clusters: int, start: int, stop: int) -> IntArray:
    """Patterns number `start` to `stop` of all 2^J signs, a column each (J, stop - start); number 0 is all +1."""
    if not 1 <= clusters <= 62:
        raise FitError(f"{clusters} clusters have too many sign patterns to number. Draw them at random instead.")
    number = np.arange(start, stop)
    return 1 - 2 * ((number >> np.arange(clusters)[:, None]) & 1)
