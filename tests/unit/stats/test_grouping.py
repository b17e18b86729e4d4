"""Bins merged alike in several histograms, against brute force over every way to merge them."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.errors import FitError
from evalkit.stats.grouping import shared_groups


def every_grouping(bins):
    for size in range(bins):
        for cuts in combinations(range(1, bins), size):
            yield tuple(pairwise((0, *cuts, bins)))


def is_safe(table, groups, threshold):
    sums = np.array([table[:, start:stop].sum(axis=1) for start, stop in groups])
    return bool(np.all(sums >= threshold))


def rank(table, groups):
    return len(groups), -sum((stop - start) ** 2 for start, stop in groups)


@given(
    st.lists(st.lists(st.integers(0, 15), min_size=6, max_size=6), min_size=1, max_size=3),
    st.integers(1, 12),
)
def test_as_good_as_the_best_of_all_groupings(rows, threshold):
    table = np.array(rows)
    found = shared_groups(table, threshold=threshold)
    if (table.sum(axis=1) < threshold).any():
        assert found == ()
        return
    safe = [groups for groups in every_grouping(6) if is_safe(table, groups, threshold)]
    assert found in safe
    assert rank(table, found) == max(rank(table, groups) for groups in safe)


def test_by_hand():
    assert shared_groups([[2, 9, 14, 12], [0, 10, 8, 19]], threshold=10) == ((0, 2), (2, 4))
    assert shared_groups([[12, 0, 14], [10, 0, 16]], threshold=10) in (((0, 1), (1, 3)), ((0, 2), (2, 3)))
    assert shared_groups([[0, 0, 26], [10, 0, 16]], threshold=10) == ((0, 3),)


def test_nothing_to_show():
    assert shared_groups([[3, 4], [30, 40]], threshold=10) == ()


@pytest.mark.parametrize(
    ("counts", "threshold", "message"),
    [
        ([1, 2], 10, "rows and bins"),
        ([[1.5, 2]], 10, "whole numbers"),
        ([[-1, 2]], 10, "whole numbers"),
        ([[1, 2]], 0, "at least 1"),
    ],
)
def test_refuses(counts, threshold, message):
    with pytest.raises(FitError, match=message):
        shared_groups(counts, threshold=threshold)
