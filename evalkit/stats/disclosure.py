"""Decide which published numbers could tell about single pupils. Counts in, masks out; True means hide.

Single numbers: `mean_is_safe`, `proportion_is_safe`. A table with its totals: `suppress_table`. Tables that are sums of
one another (school, hub, programme; a subgroup beside everybody; this term beside last term): `suppress_hierarchy`,
`suppress_subgroup`, `suppress_later`, all of them by `suppress_sums` (module `disclosure_tables`). Means and estimates
of groups, such as schools in a caterpillar: `suppress_groups`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evalkit.errors import FitError
from evalkit.stats.disclosure_search import checked_counts
from evalkit.stats.disclosure_tables import suppress_sums
from evalkit.stats.vectors import BoolArray, FloatArray


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
    """Whether a mean, standard deviation or median resting on n pupils may be shown: n reaches the threshold.

    A smallest or largest value never may: it is one pupil's.
    """
    _check_threshold(threshold)
    return n >= threshold


def proportion_is_safe(numerator: int, denominator: int, threshold: int, *, base: float | None = None) -> bool:
    """Whether a percentage may be shown.

    Parameters
    ----------
    numerator, denominator : int
        Pupils counted, and pupils in all.
    threshold : int, >= 1
    base : float or None
        The smallest denominator of a percentage, where that is another than the threshold.

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
    return denominator >= (base or 0) and min(numerator, denominator - numerator) >= threshold


def rounded_counts(counts: npt.ArrayLike, to: int) -> FloatArray:
    """Counts rounded to the nearest multiple of `to`, halves up; with 1 as they are.

    Examples
    --------
    >>> rounded_counts([7, 8, 12, 13], 5).tolist()
    [5.0, 10.0, 10.0, 15.0]
    """
    whole = checked_counts(counts)
    return (to * ((2 * whole + to) // (2 * to))).astype(np.float64) if to > 1 else whole.astype(np.float64)


def suppress_table(
    counts: npt.ArrayLike,
    *,
    threshold: int,
    zeros: bool = False,
    unanimous: bool = False,
    totals_published: bool = True,
    totals_fixed: bool = False,
    round_to: int = 1,
    protection: int = 3,
) -> TableMask:
    """Hide small counts in a two-way table, and enough others that they cannot be worked out.

    Use it for any two-way table of pupils or schools: arm by category, steps of a flow by arm.

    Parameters
    ----------
    counts : array_like of int, shape (rows, columns)
        Without totals. A single row of counts is a table of one row: pass it as shape (1, columns).
    threshold : int, >= 1
        Counts from 1 to threshold - 1 are hidden, in the totals too.
    zeros : bool
        Hide zeros as well.
    unanimous : bool
        Hide a row in which all pupils are in one column: 0% and 100% tell about each of them.
    totals_published : bool
        False: totals appear nowhere, so nothing can be subtracted.
    totals_fixed : bool
        True: row totals and grand total are known from elsewhere and cannot be hidden.
    round_to : int
        What is shown is rounded to multiples of this; a reader then knows less, and less must be hidden.
    protection : int, >= 1
        A reader who adds and subtracts must be left with a range at least this wide for every hidden count.

    Returns
    -------
    TableMask

    Raises
    ------
    FitError
        With negative or fractional counts, an empty table, or fixed totals that give a small group away.

    Notes
    -----
    `suppress_sums` with rows, columns and their totals. Hidden counts that stand in one line are also few enough
    together to be a small group: then one more is hidden.

    Examples
    --------
    >>> suppress_table([[3, 20, 30], [25, 15, 40], [30, 30, 30]], threshold=10).cells.astype(int).tolist()
    [[1, 1, 0], [1, 1, 0], [0, 0, 0]]
    """
    _check_threshold(threshold)
    inner = checked_counts(counts)
    if inner.ndim != 2 or inner.size == 0:
        raise FitError(f"A table of counts needs rows and columns; found the shape {inner.shape}.")
    every_row, every_column = ([list(range(size))] for size in inner.shape)
    if not totals_published:
        hidden = (inner < threshold) & ((inner > 0) | zeros)
        if unanimous:
            hidden |= unanimous_rows(inner)[:, None]
        return TableMask(hidden, *(np.ones(size, dtype=bool) for size in inner.shape), grand_total=True)
    shape = (inner.shape[0] + 1, inner.shape[1] + 1)
    fixed, forced = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    fixed[:, -1] = totals_fixed
    if unanimous:
        forced[:-1, :-1] = unanimous_rows(inner)[:, None]
    hidden = suppress_sums(
        inner,
        [every_row, every_column],
        threshold=threshold,
        zeros=zeros,
        round_to=round_to,
        protection=protection,
        fixed=fixed,
        forced=forced,
    )
    return TableMask(hidden[:-1, :-1], hidden[:-1, -1], hidden[-1, :-1], bool(hidden[-1, -1]))


def suppress_groups(sizes: npt.ArrayLike, *, threshold: int, zeros: bool = False) -> BoolArray:
    """Which groups' means or counts to hide, such as schools in a caterpillar, beside a figure for all together.

    Parameters
    ----------
    sizes : array_like of int, shape (groups,)
        Pupils each estimate rests on, or the counts themselves.
    threshold : int, >= 1
    zeros : bool
        Hide groups of nobody as well, where "nobody" tells something about everybody.

    Returns
    -------
    bool array, shape (groups,) - True: hide. Every group with fewer pupils than the threshold; then, the smallest
        first, others, until the hidden ones are at least two groups with at least `threshold` pupils together: what
        all together and the shown ones leave over must not be one group's, nor a few pupils'. Where several common
        figures are printed (one for each arm), call it for the groups of each.

    Examples
    --------
    >>> suppress_groups([40, 6, 25, 31], threshold=10).tolist()
    [False, True, True, False]
    """
    _check_threshold(threshold)
    pupils = checked_counts(sizes)
    open_to_hide = (pupils > 0) | zeros
    hidden = (pupils < threshold) & open_to_hide
    for place in np.argsort(pupils, kind="stable"):
        if not hidden.any() or (hidden.sum() >= 2 and pupils[hidden].sum() >= threshold):
            break
        hidden[place] |= open_to_hide[place]
    return hidden


def unanimous_rows(counts: npt.ArrayLike) -> BoolArray:
    """Rows of a table, shape (rows, columns), in which everybody is in one column of several; shape (rows,)."""
    table = checked_counts(counts)
    return (table.sum(axis=1) > 0) & ((table > 0).sum(axis=1) == 1) & (table.shape[1] > 1)


def _check_threshold(threshold: int) -> None:
    if threshold < 1:
        raise FitError(f"The suppression threshold is {threshold}; it must be at least 1 (the usual one is 10).")
