"""Partners with the least total distance: sets of one against k, and full matching."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from evalkit.stats.match_distances import Distances
from evalkit.stats.matching import UNMATCHED, Estimand, Matched, matched_pairs, matched_sets, stratum_weights
from evalkit.stats.vectors import BoolArray, IntArray


def optimal(found: Distances, *, n: int, ratio: int = 1) -> Matched:
    """Choose 1:k sets without replacement with as many pairs as there can be, and of those the least total distance.

    Parameters
    ----------
    found : Distances
    n : int
        Units in all.
    ratio : int
        Partners for each programme unit; fewer where there are not enough within reach.

    Returns
    -------
    Matched

    Notes
    -----
    A linear assignment of each programme unit, `ratio` times, to comparison units or to nobody, where nobody costs more
    than all pairs together; everybody gets a first partner before anybody a second (Rosenbaum 1989,
    doi:10.1080/01621459.1989.10478868).
    """
    table = np.repeat(found.table, ratio, axis=0)
    copies, columns = table.shape
    allowed = np.isfinite(table)
    nobody = float(table[allowed].max()) * (min(copies, columns) + 1) + 1.0
    # To be left without any partner costs more than all further partners together, so that each gets a first one.
    dear = nobody * (copies + 1) if ratio > 1 else nobody
    alone = np.array([dear if copy % ratio == 0 else nobody for copy in range(copies)], dtype=np.float64)
    # A forbidden pair must cost more than any exchange of partners can save.
    costs = np.hstack([np.where(allowed, table, 4 * dear), np.repeat(alone[:, None], copies, axis=1)])
    rows, chosen = linear_sum_assignment(costs)
    pairs = [
        (int(row) // ratio, int(column))
        for row, column in zip(rows, chosen, strict=True)
        if column < columns and allowed[row, column]
    ]
    return matched_pairs(pairs, found, n, replacement=False)


def full(found: Distances, *, n: int, estimand: Estimand = "att") -> Matched:
    """Put everybody within reach into sets of one against one or more, with the least total distance.

    Parameters
    ----------
    found : Distances
    n : int
        Units in all.
    estimand : {"att", "ate"}

    Returns
    -------
    Matched
        Units without any allowed partner stay unmatched.

    Notes
    -----
    Optimal full matching (Rosenbaum 1991 [1]_, Hansen and Klopfer 2006) without limits on the size of sets is the
    cheapest edge cover: its components are stars. With m the distance of each unit to its nearest partner, pairs with
    d_ij < m_i + m_j are worth joining; the best of them are a linear assignment on min(0, d_ij - m_i - m_j), and
    everybody else joins the nearest partner.

    References
    ----------
    .. [1] Rosenbaum (1991). A characterization of optimal designs for observational studies. JRSS B 53(3), 597-610.
    """
    rows = np.flatnonzero(np.isfinite(found.table).any(axis=1))
    columns = np.flatnonzero(np.isfinite(found.table).any(axis=0))
    table = found.table[np.ix_(rows, columns)]
    nearest_of_row, nearest_of_column = table.argmin(axis=1), table.argmin(axis=0)
    saving = table - table.min(axis=1)[:, None] - table.min(axis=0)[None, :]
    saving = np.minimum(np.where(np.isfinite(saving), saving, 0.0), 0.0)
    left, right = linear_sum_assignment(saving)
    joined = [(int(i), int(j)) for i, j in zip(left, right, strict=True) if saving[i, j] < 0]
    edges = set(joined)
    edges |= {(i, int(nearest_of_row[i])) for i in range(len(rows)) if i not in {one for one, _ in joined}}
    edges |= {(int(nearest_of_column[j]), j) for j in range(len(columns)) if j not in {one for _, one in joined}}
    kept = _as_stars(sorted(edges, key=lambda one: (-table[one], one)))
    pairs = [(int(rows[i]), int(columns[j])) for i, j in sorted(kept)]
    sets = _components(pairs, found, n)
    weights = stratum_weights(sets, _membership(found, n), estimand=estimand)
    return matched_sets(pairs, found, sets, weights, estimand)


def _as_stars(edges: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
    """Leave out edges both of whose ends have another one, dearest first; only ties at distance 0 have such."""
    kept = set(edges)
    left, right = [i for i, _ in edges], [j for _, j in edges]
    degree_left = np.bincount(left) if left else np.zeros(0, dtype=int)
    degree_right = np.bincount(right) if right else np.zeros(0, dtype=int)
    for i, j in edges:
        if degree_left[i] > 1 and degree_right[j] > 1:
            kept.discard((i, j))
            degree_left[i] -= 1
            degree_right[j] -= 1
    return kept


def _membership(found: Distances, n: int) -> BoolArray:
    chosen = np.zeros(n, dtype=bool)
    chosen[found.treated] = True
    return chosen


def _components(pairs: Sequence[tuple[int, int]], found: Distances, n: int) -> IntArray:
    """Sets of a forest of stars: those who share the centre, in the order of their first pair."""
    sets = np.full(n, UNMATCHED, dtype=np.int64)
    count = 0
    for row, column in pairs:
        one, other = int(found.treated[row]), int(found.control[column])
        known = max(int(sets[one]), int(sets[other]))
        if known == UNMATCHED:
            known, count = count, count + 1
        sets[one] = sets[other] = known
    return sets
