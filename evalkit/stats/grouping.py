"""Merge neighbouring bins alike in several histograms, so that they can be compared and none shows a small group."""

import numpy as np
import numpy.typing as npt

from evalkit.errors import FitError
from evalkit.stats.vectors import IntArray

Groups = tuple[tuple[int, int], ...]


def shared_groups(counts: npt.ArrayLike, *, threshold: int) -> Groups:
    """Merge the bins of all histograms at the same places.

    Parameters
    ----------
    counts : array_like of int, shape (histograms, bins)
        For example one row before and one row after.
    threshold : int, >= 1

    Returns
    -------
    tuple of (start, stop)
        Consecutive half-open ranges that cover all bins; in every histogram each holds at least `threshold` pupils, so
        that neither a small group nor an empty one shows. As many groups as possible; among those, the least uneven in
        width. Empty when a histogram as a whole falls short: then show none.

    Raises
    ------
    FitError
        With negative or fractional counts, or without bins.

    Notes
    -----
    Dynamic programming over the place where the last group starts. The complement of a group is a union of groups,
    so it holds at least `threshold` pupils too, or nobody when there is one group only.

    Examples
    --------
    >>> shared_groups([[2, 9, 14, 12], [0, 10, 8, 19]], threshold=10)
    ((0, 2), (2, 4))
    """
    table = _check_counts(counts)
    if threshold < 1:
        raise FitError(f"The suppression threshold is {threshold}; it must be at least 1 (the usual one is 10).")
    if int(table.sum(axis=1).min()) < threshold:
        return ()
    return _trace(_best_groups(table, threshold))


def _best_groups(table: IntArray, threshold: int) -> list[tuple[int, int, int] | None]:
    """For bins 0..stop: groups, minus squared widths, start of the last group; None: no way."""
    sums = np.hstack([np.zeros((table.shape[0], 1), dtype=np.int64), np.cumsum(table, axis=1)])
    best: list[tuple[int, int, int] | None] = [(0, 0, 0)]
    for stop in range(1, table.shape[1] + 1):
        options: list[tuple[int, int, int]] = []
        for start in range(stop):
            before = best[start]
            inside = sums[:, stop] - sums[:, start]
            if before is not None and bool(np.all(inside >= threshold)):
                options.append((before[0] + 1, before[1] - (stop - start) ** 2, start))
        best.append(max(options, default=None))
    return best


def _trace(best: list[tuple[int, int, int] | None]) -> Groups:
    groups: list[tuple[int, int]] = []
    stop = len(best) - 1
    while stop > 0:
        found = best[stop]
        if found is None:
            return ()
        groups.append((found[2], stop))
        stop = found[2]
    return tuple(reversed(groups))


def _check_counts(counts: npt.ArrayLike) -> IntArray:
    given = np.asarray(counts)
    if given.ndim != 2 or given.size == 0:
        raise FitError(f"Histograms to merge need rows and bins; found the shape {given.shape}.")
    table = given.astype(np.int64)
    if np.any(table != given) or np.any(table < 0):
        raise FitError("Counts must be whole numbers of 0 or more.")
    return table
