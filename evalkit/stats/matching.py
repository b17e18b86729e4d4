"""Partners for programme units: nearest neighbours, exact and coarsened strata, and the weights that follow."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalkit.errors import FitError
from evalkit.stats.match_distances import Distances, ScoreDistances
from evalkit.stats.propensity import check_groups
from evalkit.stats.vectors import BoolArray, FloatArray, IntArray

Estimand = Literal["att", "ate"]
UNMATCHED = -1


@dataclass(frozen=True, slots=True)
class Matched:
    """Who was matched with whom.

    Attributes
    ----------
    pairs : ndarray of int, shape (q, 2)
        Places of a programme unit and of one of its partners; empty where strata were matched.
    distances : ndarray, shape (q,)
        Of the pairs.
    sets : ndarray of int, shape (n,)
        The matched set of each unit, from 0; -1 where unmatched. With replacement a comparison unit is in the set of
        the first that it serves.
    weights : ndarray, shape (n,)
        0 where unmatched; 1 for the programme's units (att); the others as often as they stand for one of them, scaled
        so that each group's weights add up to its matched units. Not precision weights.
    estimand : str
    total_distance : float
        Sum over the pairs.
    """

    pairs: IntArray
    distances: FloatArray
    sets: IntArray
    weights: FloatArray
    estimand: Estimand
    total_distance: float = 0.0

    @property
    def matched(self) -> BoolArray:
        """Which units are matched, shape (n,)."""
        return self.weights > 0


def nearest(
    found: Distances | ScoreDistances,
    *,
    n: int,
    order: ArrayLike | None = None,
    ratio: int = 1,
    replacement: bool = False,
) -> Matched:
    """Give each programme unit its nearest comparison units, one programme unit after the other.

    Parameters
    ----------
    found : Distances or ScoreDistances
    n : int
        Units in all.
    order : array, shape (n,), optional
        Programme units choose in descending order of this (the propensity): those hardest to match first. Without it,
        in the order of rows.
    ratio : int
        Partners for each; they are chosen in rounds, so nobody gets a second one before all had their first.
    replacement : bool
        Whether a comparison unit may be chosen again by another programme unit.

    Returns
    -------
    Matched
        Ties go to the unit that stands first.

    Notes
    -----
    Greedy 1:k matching (Rubin 1973). With replacement the order does not matter.
    """
    rows = np.arange(len(found.treated))
    if order is not None:
        rows = np.argsort(-np.asarray(order, dtype=np.float64)[found.treated], kind="stable")
    taken = np.zeros(len(found.control), dtype=bool)
    own: dict[int, list[int]] = {int(row): [] for row in rows}
    for _ in range(ratio):
        for row in own:
            gaps = found.row(row)
            gaps[taken] = np.inf
            gaps[own[row]] = np.inf
            column = int(np.argmin(gaps))
            if np.isfinite(gaps[column]):
                own[row].append(column)
                taken[column] = not replacement
    pairs = [(row, column) for row, columns in own.items() for column in columns]
    return matched_pairs(pairs, found, n, replacement=replacement)


def strata(labels: ArrayLike, treated: ArrayLike, *, estimand: Estimand = "att") -> Matched:
    """Match everybody with all who have the same label: exact matching, and coarsened exact matching.

    Parameters
    ----------
    labels : array, shape (n,)
        One label for each combination of values, or of classes of values.
    treated : array, shape (n,)
    estimand : {"att", "ate"}

    Returns
    -------
    Matched
        Strata with one group only stay unmatched.

    Raises
    ------
    FitError
        No stratum has both groups.

    Notes
    -----
    Iacus, King and Porro (2012). Causal inference without balance checking. Political Analysis 20(1), 1-24.
    """
    codes = np.unique(np.asarray(labels), return_inverse=True)[1].astype(np.int64)
    chosen = check_groups(treated, length=len(codes))
    both = (np.bincount(codes, weights=chosen) > 0) & (np.bincount(codes, weights=~chosen) > 0)
    if not both.any():
        raise FitError(
            "No combination of the facts is found in both groups: the groups do not overlap. Ask for less exact "
            "agreement, or use wider classes."
        )
    renumbered = np.where(both, np.cumsum(both) - 1, UNMATCHED)
    sets = renumbered[codes]
    weights = stratum_weights(sets, chosen, estimand=estimand)
    return Matched(np.zeros((0, 2), dtype=np.int64), np.zeros(0), sets, weights, estimand)


def coarsened(values: ArrayLike, *, cuts: Sequence[float] | int) -> IntArray:
    """The class of each number: between cut points, or in so many parts of equal width from lowest to highest.

    Parameters
    ----------
    values : array, shape (n,)
    cuts : sequence of float, or int

    Returns
    -------
    ndarray of int, shape (n,)
        A number at a cut point belongs to the class above it.
    """
    x = np.asarray(values, dtype=np.float64)
    if isinstance(cuts, int):
        low, width = float(x.min()), float(np.ptp(x)) / cuts
        points = np.array([low + width * place for place in range(1, cuts)], dtype=np.float64)
    else:
        points = np.array(cuts, dtype=np.float64)
    return np.searchsorted(points, x, side="right").astype(np.int64)


def stratum_weights(sets: IntArray, chosen: NDArray[np.bool_], *, estimand: Estimand) -> FloatArray:
    """Weights by matched set, shape (n,): 0 where unmatched.

    Notes
    -----
    att: 1 with the programme, n_t(s)/n_c(s) without; ate: n(s)/n_t(s) and n(s)/n_c(s). Then scaled so that each group's
    weights add up to its matched units.
    """
    inside = sets >= 0
    weights = np.zeros(len(sets))
    own = sets[inside]
    ones = np.bincount(own, weights=chosen[inside])
    zeros = np.bincount(own, weights=~chosen[inside])
    if estimand == "att":
        weights[inside] = np.where(chosen[inside], 1.0, (ones / zeros)[own])
    else:
        total = ones + zeros
        weights[inside] = np.where(chosen[inside], (total / ones)[own], (total / zeros)[own])
    for group in (chosen & inside, ~chosen & inside):
        weights[group] *= group.sum() / weights[group].sum()
    return weights


def matched_pairs(
    pairs: Sequence[tuple[int, int]], found: Distances | ScoreDistances, n: int, *, replacement: bool
) -> Matched:
    """Sets and weights (att) of pairs of (row, column) of a table of distances.

    Raises
    ------
    FitError
        There is no pair.
    """
    if not pairs:
        raise FitError("Nobody with the programme has a comparison unit within reach: the groups do not overlap.")
    counts = np.bincount([row for row, _ in pairs], minlength=len(found.treated))
    weights = np.zeros(n)
    weights[found.treated[counts > 0]] = 1.0
    for row, column in pairs:
        weights[found.control[column]] += 1.0 / counts[row]
    control = found.control[weights[found.control] > 0]
    weights[control] *= control.size / weights[control].sum()
    sets = np.full(n, UNMATCHED, dtype=np.int64)
    served = [row for row in range(len(found.treated)) if counts[row]]
    place = {row: number for number, row in enumerate(served)}
    for row in served:
        sets[found.treated[row]] = place[row]
    for row, column in sorted(pairs):
        unit = found.control[column]
        if sets[unit] == UNMATCHED or not replacement:
            sets[unit] = place[row]
    return matched_sets(pairs, found, sets, weights, "att")


def matched_sets(
    pairs: Sequence[tuple[int, int]],
    found: Distances | ScoreDistances,
    sets: IntArray,
    weights: FloatArray,
    estimand: Estimand,
) -> Matched:
    """Pairs of (row, column) of a table of distances, with sets and weights made elsewhere."""
    places = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    gaps = found.gaps(places[:, 0], places[:, 1])
    named = np.column_stack([found.treated[places[:, 0]], found.control[places[:, 1]]])
    return Matched(named, gaps, sets, weights, estimand, float(gaps.sum()))
