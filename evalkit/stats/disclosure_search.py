"""Hide enough counts of linked tables that no hidden one can be worked out. Counts and sums in, a mask out."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csc_array, hstack

from evalkit.errors import FitError
from evalkit.stats.vectors import BoolArray, FloatArray, IntArray

_SWEEPS = 6
_WHOLE = 1e-6
_FAR = 30  # how far another possible table may lie from the true one, in units of the protection


@dataclass(frozen=True, slots=True, eq=False)
class LinkedCounts:
    """Counts that are sums of one another, and what a reader gets to see of them.

    Attributes
    ----------
    counts : int array, shape (n,)
    relations : sparse array, shape (m, n)
        A row for each sum that a reader knows: 1 for each count that is added up, -1 for their sum.
    published : bool array, shape (n,)
        False: this count is printed nowhere, but a reader could work it out from those that are.
    fixed : bool array, shape (n,)
        True: printed already, or printed elsewhere; it cannot be hidden any more.
    cost : float array, shape (n,)
        What hiding this count costs.
    slack : tuple of two int arrays, shape (n,)
        How far a printed count may lie below and above what is printed (rounding); 0 where it is exact.
    floor : int array, shape (n,)
        The smallest value that a reader thinks possible for a hidden count.
    pooled : bool array, shape (m,)
        The relations in which hidden counts must not be few pupils together.
    """

    counts: IntArray
    relations: csc_array
    published: BoolArray
    fixed: BoolArray
    cost: FloatArray
    slack: tuple[IntArray, IntArray]
    floor: IntArray
    pooled: BoolArray


def hide_until_safe(
    linked: LinkedCounts, small: BoolArray, *, protection: int, pool_threshold: int, zeros: bool
) -> BoolArray:
    """Which counts to hide.

    Parameters
    ----------
    linked : LinkedCounts
    small : bool array, shape (n,)
        Counts that must be hidden in any case.
    protection : int, >= 1
        For every hidden count another table must be possible, with the same printed numbers, in which this count
        differs by at least so much.
    pool_threshold : int
        Hidden counts of one sum must add up to at least this, where the sum and the other counts are printed exactly.
    zeros : bool
        Whether a pooled zero counts as small too.

    Returns
    -------
    bool array, shape (n,) - True: hide. Counts that are not published are always True.

    Raises
    ------
    FitError
        What is fixed gives a small count away, whatever else is hidden.

    Notes
    -----
    For a hidden count c the cheapest change y of the whole table is sought by integer programming [1]_: whole numbers
    that keep every sum (relations y = 0), move c by `protection`, leave printed numbers as printed, and cost what it
    costs to hide the printed counts that they move. Those are then hidden. The changed table is a witness: with the
    printed numbers a reader cannot tell it from the true one. It serves every count that it moves far enough, and it
    remains a witness whatever is hidden later.

    References
    ----------
    .. [1] Fischetti & Salazar (2001). Solving the cell suppression problem on tabular data with linear constraints.
       Management Science 47, 1008-1027. doi:10.1287/mnsc.47.7.1008.10265
    """
    hidden = ~linked.published | small
    must = small & ~linked.published
    witnessed = np.zeros(len(hidden), dtype=bool)
    while True:
        open_cells = _open_cells(linked, hidden, must, witnessed)
        if len(open_cells) > 2:
            _sweep(linked, hidden, open_cells, witnessed, protection)
            open_cells = _open_cells(linked, hidden, must, witnessed)
        if len(open_cells):
            change = _cheapest_change(linked, hidden, int(open_cells[0]), protection)
            hidden |= _is_told(linked, change)
            witnessed |= np.abs(change) >= protection
            continue
        pooled = _small_pool(linked, hidden, pool_threshold, zeros)
        if pooled is None:
            return hidden
        hidden[pooled] = True


def _open_cells(linked: LinkedCounts, hidden: BoolArray, must: BoolArray, witnessed: BoolArray) -> IntArray:
    """Hidden counts that still lack a witness, the smallest first."""
    wanting = np.flatnonzero(((hidden & linked.published) | must) & ~witnessed)
    return wanting[np.lexsort((wanting, linked.counts[wanting]))]


def _is_told(linked: LinkedCounts, change: IntArray) -> BoolArray:
    """Printed counts that the changed table contradicts."""
    below, above = linked.slack
    return (change < -below) | (change > above)


def _room_below(linked: LinkedCounts) -> IntArray:
    return linked.counts - linked.floor


def _sweep(
    linked: LinkedCounts, hidden: BoolArray, open_cells: IntArray, witnessed: BoolArray, protection: int
) -> None:
    """Look for changes of hidden counts alone that serve many counts at once; free, so nothing more is hidden."""
    below, above = linked.slack
    far = protection * 2
    low = -np.where(hidden, np.minimum(_room_below(linked), far), below)
    high = np.where(hidden, far, above)
    signs = np.random.default_rng(0)
    for _ in range(_SWEEPS):
        goal = np.zeros(len(hidden))
        goal[open_cells] = signs.choice([-1.0, 1.0], len(open_cells)) * ~witnessed[open_cells]
        found = _minimum(goal, linked.relations, (low, high), whole=False)
        if found is None:
            return
        change = np.rint(found).astype(np.int64)
        is_whole = bool(np.all(np.abs(found - change) < _WHOLE)) and not np.any(linked.relations @ change)
        fresh = is_whole and bool(np.any((np.abs(change[open_cells]) >= protection) & ~witnessed[open_cells]))
        if not fresh:
            return
        witnessed |= np.abs(change) >= protection
        if witnessed[open_cells].all():
            return


def _cheapest_change(linked: LinkedCounts, hidden: BoolArray, cell: int, protection: int) -> IntArray:
    """The cheapest change that moves `cell` up by `protection`; down, where that is cheaper or up cannot be."""
    up, cost_up = _change(linked, hidden, cell, protection)
    if up is not None and cost_up == 0:
        return up
    down, cost_down = None, np.inf
    if _room_below(linked)[cell] >= protection:
        down, cost_down = _change(linked, hidden, cell, -protection)
    chosen = up if cost_up <= cost_down else down
    if chosen is None:
        raise FitError(
            "Numbers that are printed elsewhere give a small group away, whatever else is hidden here. Do not publish "
            "this table, or publish it for larger groups."
        )
    return chosen


def _change(linked: LinkedCounts, hidden: BoolArray, cell: int, by: int) -> tuple[IntArray | None, float]:
    """The cheapest change with `cell` moved by exactly `by`, and its cost; None where there is none.

    The unknowns are: what costs nothing (hidden counts, rounding), then what costs, upwards and downwards.
    """
    n = len(hidden)
    below, above = linked.slack
    far = abs(by) * _FAR
    low = np.where(hidden, -np.minimum(_room_below(linked), far), -below).astype(float)
    high = np.where(hidden, far, above).astype(float)
    low[cell] = high[cell] = by
    payable = np.flatnonzero(~hidden & ~linked.fixed)
    room = (_room_below(linked) - below)[payable]
    costs = np.concatenate([np.zeros(n), linked.cost[payable], linked.cost[payable]])
    columns = linked.relations[:, payable]
    ends = (
        np.concatenate([low, np.zeros(2 * len(payable))]),
        np.concatenate([high, np.full(len(payable), float(far)), np.clip(room, 0, far)]),
    )
    whole, cost = _whole_minimum(costs, hstack([linked.relations, columns, -columns], format="csc"), ends)
    if whole is None:
        return None, np.inf
    change = whole[:n]
    change[payable] += whole[n : n + len(payable)] - whole[n + len(payable) :]
    return change, cost


def _whole_minimum(
    costs: FloatArray, relations: csc_array, ends: tuple[FloatArray, FloatArray]
) -> tuple[IntArray | None, float]:
    """The cheapest whole numbers between the ends with relations x = 0, and their cost; None where there are none.

    Tables are nearly networks, so the linear programme mostly ends in whole numbers; the slower search is for the rest.
    """
    found = _minimum(costs, relations, ends, whole=False)
    if found is not None and np.any(np.abs(found - np.rint(found)) > _WHOLE):
        found = _minimum(costs, relations, ends, whole=True)
    if found is None:
        return None, np.inf
    whole = np.rint(found).astype(np.int64)
    return whole, float(costs @ whole)


def _minimum(
    costs: FloatArray, relations: csc_array, ends: tuple[FloatArray, FloatArray], *, whole: bool
) -> FloatArray | None:
    """Where costs x is smallest, with relations x = 0 and x between the ends; None where there is no such x."""
    found = milp(
        costs,
        constraints=LinearConstraint(relations, 0, 0),  # pyright: ignore[reportArgumentType] - takes sparse arrays
        bounds=Bounds(ends[0], ends[1]),
        integrality=np.full(len(costs), int(whole)),
    )
    return cast("FloatArray | None", found.x)


def _small_pool(linked: LinkedCounts, hidden: BoolArray, threshold: int, zeros: bool) -> int | None:
    """The cheapest further count to hide where the hidden counts of one sum are few pupils together."""
    if np.any(linked.slack[0]):
        return None
    matrix = linked.relations.tocsr()
    for row in np.flatnonzero(linked.pooled):
        places = matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
        signs = matrix.data[matrix.indptr[row] : matrix.indptr[row + 1]]
        parts, whole = places[signs > 0], places[signs < 0]
        inside = parts[hidden[parts]]
        pooled = int(linked.counts[inside].sum())
        if hidden[whole].any() or not len(inside) or pooled >= threshold or (pooled == 0 and not zeros):
            continue
        open_to_choice = [int(one) for one in places if not hidden[one] and not linked.fixed[one]]
        if open_to_choice:
            return min(open_to_choice, key=lambda one: (linked.cost[one], one))
    return None


def checked_counts(counts: npt.ArrayLike) -> IntArray:
    """Counts as whole numbers. Raises FitError when one is negative or fractional."""
    given = np.asarray(counts)
    whole = given.astype(np.int64)
    if np.any(whole != given) or np.any(whole < 0):
        raise FitError("Counts must be whole numbers of 0 or more.")
    return whole
