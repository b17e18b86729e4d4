"""Merge answers that hardly anyone gave, alike on every occasion, so that thresholds can be estimated."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evalkit.errors import FitError
from evalkit.stats.vectors import FloatArray


@dataclass(frozen=True, slots=True)
class Merged:
    """What was done to one item.

    Attributes
    ----------
    item : int
        Its position, from 0.
    answers : tuple of tuple of float
        The answers given, ascending, those that now count as one together.
    """

    item: int
    answers: tuple[tuple[float, ...], ...]


def merge_rare(occasions: Sequence[FloatArray], *, fewest: int) -> tuple[list[FloatArray], tuple[Merged, ...]]:
    """Number the answers of each item 1, 2, ... so that each was given by at least `fewest` pupils on every occasion.

    Parameters
    ----------
    occasions : arrays, shape (n, p) each
        NaN where missing.
    fewest : int

    Returns
    -------
    list of array
        The answers renumbered.
    tuple of Merged
        The items in which answers were merged.

    Raises
    ------
    FitError
        Fewer than two answers of an item are left.

    Notes
    -----
    As long as an answer was given too rarely on some occasion, the rarest (counting its rarest occasion) goes to its
    neighbour towards the middle; the middle one of an odd number goes to the rarer neighbour.
    """
    renumbered = [np.full(rows.shape, np.nan) for rows in occasions]
    merged: list[Merged] = []
    for item in range(occasions[0].shape[1]):
        columns = [rows[:, item] for rows in occasions]
        groups = _groups(columns, fewest)
        if len(groups) < 2:
            raise FitError(
                f"Item {item + 1} (counted from 1): not two answers were given by {fewest} pupils or more on every "
                "occasion. Leave the item out, or take the answers as continuous."
            )
        for column, target in zip(columns, renumbered, strict=True):
            for number, group in enumerate(groups, start=1):
                target[np.isin(column, group), item] = number
        if any(len(group) > 1 for group in groups):
            merged.append(Merged(item, groups))
    return renumbered, tuple(merged)


def _groups(columns: Sequence[FloatArray], fewest: int) -> tuple[tuple[float, ...], ...]:
    known = [column[~np.isnan(column)] for column in columns]
    groups: list[tuple[float, ...]] = [(float(answer),) for answer in np.unique(np.concatenate(known))]
    counts = [[int(np.isin(column, group).sum()) for column in known] for group in groups]
    while len(groups) > 1 and min(map(min, counts)) < fewest:
        place = min(range(len(groups)), key=lambda one: (min(counts[one]), one))
        other = _neighbour(place, counts)
        low, high = min(place, other), max(place, other)
        groups[low : high + 1] = [groups[low] + groups[high]]
        counts[low : high + 1] = [[one + two for one, two in zip(counts[low], counts[high], strict=True)]]
    return tuple(groups)


def _neighbour(place: int, counts: Sequence[Sequence[int]]) -> int:
    middle = (len(counts) - 1) / 2
    if place < middle or place == 0:
        return place + 1
    if place > middle:
        return place - 1
    return place - 1 if min(counts[place - 1]) <= min(counts[place + 1]) else place + 1
