"""Linked tables of counts: a programme's schools and hubs, a subgroup beside everybody, one term beside the next."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csc_array

from evalkit.errors import FitError
from evalkit.stats.disclosure_search import LinkedCounts, checked_counts, hide_until_safe
from evalkit.stats.vectors import BoolArray, IntArray

Sums = Sequence[Sequence[int]]


def suppress_sums(
    counts: npt.ArrayLike,
    sums: Sequence[Sums],
    *,
    threshold: int,
    zeros: bool = False,
    round_to: int = 1,
    protection: int = 3,
    published: npt.ArrayLike | None = None,
    fixed: npt.ArrayLike | None = None,
    forced: npt.ArrayLike | None = None,
) -> BoolArray:
    """Hide small counts in a table of any number of dimensions that is published with sums along its axes.

    Parameters
    ----------
    counts : array_like of int, shape (a, b, ...)
        Without sums.
    sums : sequence, one entry for each axis
        The sums that are published along this axis: each a list of the positions that are added up. Sums may overlap.
    threshold : int, >= 1
        Counts from 1 to threshold - 1 are hidden, in sums too.
    zeros : bool
        Hide zeros as well.
    round_to : int
        What is shown is rounded to multiples of this.
    protection : int, >= 1
        A reader who adds and subtracts must be left with a range at least this wide for every hidden count.
    published, fixed, forced : bool arrays of the shape returned, or None
        Not published (False): printed nowhere, but a small one must not be worked out either. Fixed: cannot be hidden.
        Forced: must be hidden whatever its size.

    Returns
    -------
    bool array, shape (a + number of its sums, b + number of its sums, ...) - True: hide (or not published). Along each
        axis first the entries themselves, then the sums in the order given.

    Raises
    ------
    FitError
        With negative or fractional counts, an empty table, or fixed numbers that give a small group away.

    Examples
    --------
    Two schools of one hub and one of another, who said yes or no; published with hubs, programme and totals.

    >>> schools = [[20, 4], [15, 15], [30, 12]]
    >>> suppress_sums(schools, [[[0, 1], [2], [0, 1, 2]], [[0, 1]]], threshold=10)[:3].astype(int).tolist()
    [[1, 1, 0], [1, 1, 0], [0, 0, 0]]
    """
    inner = checked_counts(counts)
    if inner.size == 0 or len(sums) != inner.ndim:
        raise FitError(f"A table of {inner.ndim} dimensions needs counts and {inner.ndim} lists of sums.")
    whole = _with_sums(inner, sums)
    shown = np.ones(whole.shape, dtype=bool) if published is None else np.asarray(published, dtype=bool)
    kept = np.zeros(whole.shape, dtype=bool) if fixed is None else np.asarray(fixed, dtype=bool)
    small = _small(whole, threshold, zeros=zeros)
    known = np.zeros(whole.shape, dtype=bool) if forced is None else np.asarray(forced, dtype=bool)
    if np.any(small & kept & ~known):
        raise FitError(
            "A number that is known already and cannot be hidden gives a small group away. Publish larger groups."
        )
    small |= known
    relations = _relations(inner.shape, sums)
    linked = LinkedCounts(
        counts=whole.ravel(),
        relations=relations,
        published=shown.ravel(),
        fixed=kept.ravel(),
        cost=_cost(whole, inner.shape, zeros=zeros).ravel(),
        slack=_rounding(whole.ravel(), round_to, threshold),
        floor=_floor(whole.ravel(), zeros=zeros),
        pooled=np.ones(relations.shape[0], dtype=bool),
    )
    hidden = hide_until_safe(linked, small.ravel(), protection=protection, pool_threshold=threshold, zeros=zeros)
    return hidden.reshape(whole.shape)


def suppress_hierarchy(
    counts: npt.ArrayLike,
    groups: Sequence[npt.ArrayLike] = (),
    *,
    threshold: int,
    zeros: bool = False,
    round_to: int = 1,
    protection: int = 3,
) -> tuple[BoolArray, ...]:
    """Hide small counts in the tables of schools, of their hubs, and of the programme, as one.

    Parameters
    ----------
    counts : array_like of int, shape (schools, columns)
        Pupils of each school by category, without totals.
    groups : sequence of array_like of int, shape (schools,)
        For every level between school and programme the number of each school's group (hub, region), from 0.
    threshold, zeros, round_to, protection
        As in `suppress_sums`.

    Returns
    -------
    tuple of bool arrays - True: hide. One table for the schools, one for each level, one for all together (one row),
        each of shape (rows, columns + 1): the last column is the row's total.

    Raises
    ------
    FitError
        As `suppress_sums`, or a group has no school.

    Examples
    --------
    >>> schools, programme = suppress_hierarchy([[20, 4], [15, 15], [30, 12]], threshold=10)
    >>> schools.astype(int).tolist(), programme.astype(int).tolist()
    ([[1, 1, 0], [1, 1, 0], [0, 0, 0]], [[0, 0, 0]])
    """
    inner = checked_counts(counts)
    if inner.ndim != 2 or inner.size == 0:
        raise FitError(f"A table of schools needs rows and columns; found the shape {inner.shape}.")
    levels = [*(checked_counts(one) for one in groups), np.zeros(len(inner), dtype=np.int64)]
    members: list[list[list[int]]] = []
    for level in levels:
        if level.shape != (len(inner),) or len(np.unique(level)) != level.max() + 1:
            raise FitError("Each school needs the number of its group, from 0 on, and each group a school.")
        members.append([np.flatnonzero(level == group).tolist() for group in range(int(level.max()) + 1)])
    hidden = suppress_sums(
        inner,
        [[group for level in members for group in level], [list(range(inner.shape[1]))]],
        threshold=threshold,
        zeros=zeros,
        round_to=round_to,
        protection=protection,
    )
    ends = np.cumsum([len(inner), *(len(level) for level in members)])
    return tuple(np.split(hidden, ends[:-1]))


def suppress_subgroup(
    subgroup: npt.ArrayLike, everybody: npt.ArrayLike, *, threshold: int, zeros: bool = False, protection: int = 3
) -> tuple[BoolArray, BoolArray]:
    """Hide small counts in the tables of a subgroup and of everybody, so that the rest cannot be worked out either.

    Parameters
    ----------
    subgroup, everybody : array_like of int, shape (rows, columns)
        The same table, without totals, for the subgroup and for all pupils.
    threshold, zeros, protection
        As in `suppress_sums`.

    Returns
    -------
    two bool arrays of shape (rows + 1, columns + 1) - True: hide; the last row and column are totals

    Raises
    ------
    FitError
        As `suppress_sums`, or the subgroup is larger than everybody somewhere.

    Examples
    --------
    Of 30 pupils, 25 are in the subgroup: the other 5 must not show.

    >>> part, whole = suppress_subgroup([[15, 10]], [[17, 13]], threshold=10)
    >>> bool((part | whole).any())
    True
    """
    part, whole = checked_counts(subgroup), checked_counts(everybody)
    if part.shape != whole.shape or part.ndim != 2 or not part.size or np.any(part > whole):
        raise FitError("The tables of a subgroup and of everybody need the same shape, and no count above everybody's.")
    return _suppress_pair(part, whole, None, threshold=threshold, zeros=zeros, protection=protection)


def suppress_later(
    before: npt.ArrayLike,
    now: npt.ArrayLike,
    *,
    before_hidden: npt.ArrayLike,
    threshold: int,
    zeros: bool = False,
    protection: int = 3,
) -> BoolArray:
    """Hide small counts in a table that was published once before, so that the few who joined or left do not show.

    Parameters
    ----------
    before, now : array_like of int, shape (rows, columns)
        The same table then and now, without totals.
    before_hidden : array_like of bool, shape (rows + 1, columns + 1)
        What was hidden then, totals last. What was printed then cannot be hidden any more.
    threshold, zeros, protection
        As in `suppress_sums`.

    Returns
    -------
    bool array, shape (rows + 1, columns + 1) - True: hide now

    Raises
    ------
    FitError
        As `suppress_sums`, or a small count was printed then.

    Examples
    --------
    Two pupils joined the second column: neither it nor its totals can be shown as they are.

    >>> suppress_later([[20, 23]], [[20, 25]], before_hidden=[[0, 0, 0], [0, 0, 0]], threshold=10).any()
    np.True_
    """
    then, today = checked_counts(before), checked_counts(now)
    if then.shape != today.shape or then.ndim != 2 or not then.size:
        raise FitError("The tables then and now need the same shape.")
    kept = np.asarray(before_hidden, dtype=bool)
    if kept.shape != (then.shape[0] + 1, then.shape[1] + 1):
        raise FitError("What was hidden then needs a row and a column for the totals.")
    return _suppress_pair(then, today, kept, threshold=threshold, zeros=zeros, protection=protection)[1]


def _suppress_pair(
    first: IntArray, second: IntArray, kept: BoolArray | None, *, threshold: int, zeros: bool, protection: int
) -> tuple[BoolArray, BoolArray]:
    """Two tables with totals and, printed nowhere, how they differ. `kept`: what of the first is hidden for good."""
    sums = [[list(range(size))] for size in first.shape]
    tables = [_with_sums(first, sums), _with_sums(second, sums)]
    shape, size = tables[0].shape, tables[0].size
    gap = (tables[1] - tables[0]).ravel()
    one, more = np.eye(size, dtype=np.int64), np.where(gap < 0, 1, -1)
    inside = _relations(first.shape, sums).toarray()
    nothing = np.zeros_like(inside)
    relations = np.vstack(
        [
            np.hstack([inside, nothing, nothing]),
            np.hstack([nothing, inside, nothing]),
            # A whole is -1, its parts 1: the larger of the two tables is the whole.
            np.hstack([-more[:, None] * one, more[:, None] * one, one]),
        ]
    )
    counts = np.concatenate([tables[0].ravel(), tables[1].ravel(), np.abs(gap)])
    published = np.repeat([True, True, False], size)
    fixed = np.repeat([kept is not None, False, False], size)
    small = _small(counts, threshold, zeros=zeros)
    if kept is not None:
        if np.any(small[:size] & ~kept.ravel()):
            raise FitError("A small group was published before. It cannot be hidden any more; tell those responsible.")
        small[:size] = kept.ravel()
        small[2 * size :] &= gap != 0  # nobody joined or left: that tells nothing
    costs = [_cost(table, first.shape, zeros=zeros).ravel() for table in tables]
    linked = LinkedCounts(
        counts=counts,
        relations=csc_array(relations),
        published=published,
        fixed=fixed,
        cost=np.concatenate([*costs, np.zeros(size)]),
        slack=_rounding(counts, 1, threshold),
        floor=_floor(counts, zeros=zeros),
        pooled=np.repeat([True, False], [2 * len(inside), size]),
    )
    hidden = hide_until_safe(linked, small, protection=protection, pool_threshold=threshold, zeros=zeros)
    return hidden[:size].reshape(shape), hidden[size : 2 * size].reshape(shape)


def _small(counts: IntArray, threshold: int, *, zeros: bool) -> BoolArray:
    return (counts < threshold) & ((counts > 0) | zeros)


def _with_sums(inner: IntArray, sums: Sequence[Sums]) -> IntArray:
    whole = inner
    for axis, wanted in enumerate(sums):
        added = [whole.take(list(places), axis=axis).sum(axis=axis, keepdims=True) for places in wanted]
        whole = np.concatenate([whole, *added], axis=axis)
    return whole


def _relations(inner_shape: tuple[int, ...], sums: Sequence[Sums]) -> csc_array:
    """For each sum along each axis, at each place of the other axes: 1 for its parts, -1 for itself."""
    shape = tuple(size + len(wanted) for size, wanted in zip(inner_shape, sums, strict=True))
    numbers = np.arange(int(np.prod(shape))).reshape(shape)
    rows: list[IntArray] = []
    columns: list[IntArray] = []
    values: list[IntArray] = []
    count = 0
    for axis, wanted in enumerate(sums):
        for position, places in enumerate(wanted, start=inner_shape[axis]):
            lines = np.moveaxis(numbers, axis, 0)
            whole = lines[position].ravel()
            parts = lines[list(places)].reshape(len(places), -1)
            line_numbers: IntArray = count + np.arange(whole.size, dtype=np.int64)
            rows += [line_numbers, np.tile(line_numbers, len(places))]
            columns += [whole, parts.ravel()]
            values += [np.full(whole.size, -1), np.ones(parts.size, dtype=np.int64)]
            count += whole.size
    stacked = tuple(np.concatenate(one) if one else np.zeros(0, dtype=np.int64) for one in (values, rows, columns))
    return csc_array(coo_array((stacked[0], (stacked[1], stacked[2])), shape=(count, numbers.size)))


def _cost(whole: IntArray, inner_shape: tuple[int, ...], *, zeros: bool) -> npt.NDArray[np.float64]:
    """Hiding a count costs its pupils; a sum more than anything inside, a zero that is no secret nearly so much."""
    everybody = int(whole.max()) + 1
    sums = np.zeros(whole.shape, dtype=np.int64)
    for axis, size in enumerate(inner_shape):
        beyond: BoolArray = np.arange(whole.shape[axis], dtype=np.int64) >= size
        sums += np.expand_dims(beyond, [other for other in range(whole.ndim) if other != axis])
    cost = 1.0 + whole + everybody * whole.size * sums
    return cost + (0 if zeros else everybody) * (whole == 0)


def _floor(counts: IntArray, *, zeros: bool) -> IntArray:
    """Where zeros are printed, a hidden count is known not to be one."""
    return np.where(zeros | (counts == 0), 0, 1).astype(np.int64)


def _rounding(counts: IntArray, to: int, threshold: int) -> tuple[IntArray, IntArray]:
    """How far a printed count may lie below and above the true one, for a reader who knows how it was rounded."""
    if to <= 1:
        return np.zeros_like(counts), np.zeros_like(counts)
    printed = to * ((2 * counts + to) // (2 * to))
    lowest = np.maximum(printed - to // 2, threshold)
    below, above = counts - lowest, printed + (to - 1) // 2 - counts
    big = counts >= threshold
    return np.where(big, below, 0), np.where(big, above, 0)
