"""Decide which published numbers could tell about single pupils. Counts in, masks out; True means hide."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog

from evalkit.errors import FitError
from evalkit.stats.vectors import BoolArray, IntArray

Cell = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class TableMask:
    """What to hide in a table with its totals.

    Attributes
    ----------
    cells : bool array, shape (rows, columns)
    row_totals : bool array, shape (rows,)
    column_totals : bool array, shape (columns,)
    grand_total : bool
        All True where the totals are not published at all.
    """

    cells: BoolArray
    row_totals: BoolArray
    column_totals: BoolArray
    grand_total: bool


def mean_is_safe(n: int, threshold: int) -> bool:
    """Whether a mean, standard deviation or median resting on n pupils may be shown: n reaches the threshold."""
    _check_threshold(threshold)
    return n >= threshold


def proportion_is_safe(numerator: int, denominator: int, threshold: int) -> bool:
    """Whether a percentage may be shown.

    Parameters
    ----------
    numerator, denominator : int
        Pupils counted, and pupils in all.
    threshold : int, >= 1

    Returns
    -------
    bool
        True when denominator, numerator AND complement each reach the threshold. 0% and 100% never do: they tell the
        answer of every single pupil.

    Examples
    --------
    >>> proportion_is_safe(31, 65, 10), proportion_is_safe(60, 65, 10), proportion_is_safe(0, 65, 10)
    (True, False, False)
    """
    _check_threshold(threshold)
    if not 0 <= numerator <= denominator:
        raise FitError(f"{numerator} of {denominator} is not a share: the first must lie between 0 and the second.")
    return min(numerator, denominator - numerator) >= threshold


def suppress_table(
    counts: npt.ArrayLike,
    *,
    threshold: int,
    zeros: bool = False,
    totals_published: bool = True,
    protection: int = 3,
) -> TableMask:
    """Hide small counts in a two-way table, and enough others that they cannot be worked out.

    Parameters
    ----------
    counts : array_like of int, shape (rows, columns)
        Without totals. A single row of counts is a table of one row: pass it as shape (1, columns).
    threshold : int, >= 1
        Counts from 1 to threshold - 1 are hidden, in the totals too.
    zeros : bool
        Hide zeros as well.
    totals_published : bool
        False: totals appear nowhere, so nothing can be subtracted.
    protection : int, >= 1
        A reader who adds and subtracts must be left with a range at least this wide for every small count.

    Returns
    -------
    TableMask

    Raises
    ------
    FitError
        With negative or fractional counts, or an empty table.

    Notes
    -----
    With its totals the table is a network: rows and columns are nodes, counts are edges, and a hidden count is exact if
    and only if its edge lies on no cycle of hidden edges [1]_. Each small count therefore gets the cheapest cycle
    (Dijkstra), where hiding a count costs its pupils and totals cost more than anything inside. Then the range that
    remains is found by linear programming and more is hidden until it is at least `protection` wide. The reader is
    supposed to know that a hidden count is not 0 unless zeros are hidden, and that counts are not negative. Where
    nothing else helps, everything is hidden.

    References
    ----------
    .. [1] Gusfield (1988). A graph theoretic approach to statistical data security. SIAM J. Comput. 17, 552-571.
       doi:10.1137/0217034

    Examples
    --------
    >>> suppress_table([[3, 20, 30], [25, 15, 40], [30, 30, 30]], threshold=10).cells.astype(int).tolist()
    [[1, 1, 0], [1, 1, 0], [0, 0, 0]]
    """
    _check_threshold(threshold)
    inner = _check_counts(np.asarray(counts))
    if inner.ndim != 2 or inner.size == 0:
        raise FitError(f"A table of counts needs rows and columns; found the shape {inner.shape}.")
    full = _with_totals(inner)
    hidden = (full < threshold) & ((full > 0) | zeros)
    if not totals_published:
        hidden[-1, :] = hidden[:, -1] = True
        return _as_mask(hidden)
    small = [(int(row), int(column)) for row, column in np.argwhere(hidden)]
    for cell in sorted(small, key=lambda place: (full[place], place)):
        for other in _cheapest_cycle(full, hidden, cell, protection=protection):
            hidden[other] = True
    while True:
        widths = {cell: _width(full, hidden, cell, zeros=zeros) for cell in small}
        open_cells = [cell for cell in small if widths[cell] < protection]
        if not open_cells or hidden.all():
            return _as_mask(hidden)
        _hide_one_more(full, hidden, min(open_cells, key=lambda cell: (widths[cell], cell)), protection=protection)


def _with_totals(inner: IntArray) -> IntArray:
    rows = np.column_stack([inner, inner.sum(axis=1)])
    return np.vstack([rows, rows.sum(axis=0)])


def _as_mask(hidden: BoolArray) -> TableMask:
    return TableMask(
        cells=hidden[:-1, :-1].copy(),
        row_totals=hidden[:-1, -1].copy(),
        column_totals=hidden[-1, :-1].copy(),
        grand_total=bool(hidden[-1, -1]),
    )


def _cost(full: IntArray, hidden: BoolArray, cell: Cell, *, protection: int) -> int:
    """Price of a cell on a cycle: nothing if hidden and roomy, else its pupils; dear if a total or too small."""
    everyone = int(full[-1, -1]) + 1
    is_total = cell[0] == full.shape[0] - 1 or cell[1] == full.shape[1] - 1
    price = 0 if hidden[cell] else 1 + int(full[cell]) + (everyone * full.size if is_total else 0)
    return price + (everyone if full[cell] < protection else 0)


def _cheapest_cycle(full: IntArray, hidden: BoolArray, cell: Cell, *, protection: int) -> list[Cell]:
    """The cells, `cell` apart, of the cheapest closed path of row and column steps through `cell` (Dijkstra)."""
    rows, columns = full.shape
    goal = rows + cell[1]
    distance = {cell[0]: 0}
    came_from: dict[int, int] = {}
    waiting = {cell[0]}
    while waiting:
        node = min(waiting, key=lambda place: (distance[place], place))
        waiting.remove(node)
        if node == goal:
            break
        for other in range(rows, rows + columns) if node < rows else range(rows):
            edge = _edge(node, other, rows)
            if edge == cell:
                continue
            length = distance[node] + _cost(full, hidden, edge, protection=protection)
            if length < distance.get(other, length + 1):
                distance[other], came_from[other] = length, node
                waiting.add(other)
    path: list[Cell] = []
    node = goal
    while node != cell[0]:
        path.append(_edge(node, came_from[node], rows))
        node = came_from[node]
    return path


def _edge(node: int, other: int, rows: int) -> Cell:
    row, column = min(node, other), max(node, other)
    return row, column - rows


def _width(full: IntArray, hidden: BoolArray, cell: Cell, *, zeros: bool) -> float:
    """Width of the range that the published numbers leave for a hidden one (linear programming)."""
    places = [(int(row), int(column)) for row, column in np.argwhere(hidden)]
    signs = np.ones(full.shape)
    signs[-1, :] *= -1
    signs[:, -1] *= -1
    lines = [[(row, column) for column in range(full.shape[1])] for row in range(full.shape[0])]
    lines += [[(row, column) for row in range(full.shape[0])] for column in range(full.shape[1])]
    index = {place: position for position, place in enumerate(places)}
    equations, right = np.zeros((len(lines), len(places))), np.zeros(len(lines))
    for number, line in enumerate(lines):
        for place in line:
            if place in index:
                equations[number, index[place]] = signs[place]
                right[number] += signs[place] * full[place]
    bounds = [(0 if zeros else min(1, int(full[place])), None) for place in places]
    goal = np.zeros(len(places))
    goal[index[cell]] = 1.0
    ends: list[float] = []
    for direction in (1.0, -1.0):
        found = linprog(direction * goal, A_eq=equations, b_eq=right, bounds=bounds, method="highs")
        if found.status == 3 or found.fun is None:
            return np.inf
        ends.append(direction * float(found.fun))
    return round(ends[1] - ends[0], 6)


def _hide_one_more(full: IntArray, hidden: BoolArray, cell: Cell, *, protection: int) -> None:
    """Hide the cheapest shown count that shares a rectangle with `cell`, totals last."""
    shown = [(int(row), int(column)) for row, column in np.argwhere(~hidden)]

    def rank(place: Cell) -> tuple[bool, int, Cell]:
        in_line = place[0] == cell[0] or place[1] == cell[1]
        return not in_line, _cost(full, hidden, place, protection=protection), place

    chosen = min(shown, key=rank)
    hidden[chosen] = True
    for other in _cheapest_cycle(full, hidden, chosen, protection=protection):
        hidden[other] = True


def _check_threshold(threshold: int) -> None:
    if threshold < 1:
        raise FitError(f"The suppression threshold is {threshold}; it must be at least 1 (the usual one is 10).")


def _check_counts(counts: npt.NDArray[np.generic]) -> IntArray:
    whole = counts.astype(np.int64)
    if np.any(whole != counts) or np.any(whole < 0):
        raise FitError("Counts must be whole numbers of 0 or more.")
    return whole
