"""Item statistics, floor and ceiling, straight-lining by hand."""

import math

import numpy as np
import pytest

from evalkit.errors import FitError
from evalkit.stats.items import item_statistics, scale_floor_ceiling, straight_lining

NAN = math.nan


def test_item_statistics_by_hand():
    # Item 1 of the complete rows: 1 2 3 4; the rest 3 5 7 9: r = 1. Alpha of items 2 and 3: variances 4/3 and 8/3,
    # totals 3 5 7 9 with variance 20/3: 2 (1 - 4 / (20/3)) = .8
    rows = [[1, 2, 1], [2, 2, 3], [3, 4, 3], [4, 4, 5], [5, NAN, 1]]
    first, second, third = item_statistics(rows, minimum=1, maximum=5)
    assert (first.n, first.mean, first.n_complete) == (5, 3.0, 4)
    assert first.sd == pytest.approx(math.sqrt(2.5))
    assert first.item_rest_r == pytest.approx(1)
    assert first.alpha_if_dropped == pytest.approx(0.8)
    assert (first.floor_percent, first.ceiling_percent, first.missing_percent) == (20, 20, 0)
    assert (second.n, second.missing_percent) == (4, pytest.approx(20))
    assert (third.floor_percent, third.ceiling_percent) == (40, 20)


def test_a_constant_or_empty_item_keeps_its_row():
    rows = [[1, 3, NAN, 2], [2, 3, NAN, 4], [3, 3, NAN, 3], [5, 3, NAN, 5]]
    _, constant, empty, _ = item_statistics(rows, minimum=1, maximum=5)
    assert constant.sd == 0
    assert math.isnan(constant.item_rest_r)
    assert (empty.n, empty.missing_percent, empty.n_complete) == (0, 100, 0)
    assert math.isnan(empty.mean)
    _, constant = item_statistics([[1, 3], [2, 3], [4, 3]], minimum=1, maximum=5)
    assert math.isnan(constant.item_rest_r)
    assert math.isnan(constant.alpha_if_dropped)


def test_floor_and_ceiling():
    found = scale_floor_ceiling([10, 10, 25, 40], minimum=10, maximum=40)
    assert (found.n, found.n_floor, found.n_ceiling, found.floor_percent, found.ceiling_percent) == (4, 2, 1, 50, 25)
    # A mean of 1/3 + 1/3 + 1/3 sevens is at the ceiling although it is not exactly 7.
    assert scale_floor_ceiling([7 * (1 / 3 + 1 / 3 + 1 / 3) - 1e-12], minimum=1, maximum=7).n_ceiling == 1
    assert math.isnan(scale_floor_ceiling([], minimum=1, maximum=7).floor_percent)


def test_straight_lining():
    rows = np.array(
        [
            [3, 3, 3, 3, 3, 3, 3],
            [3, 3, 3, 3, 3, 3, 4],
            [3, 3, 3, NAN, 3, 3, 3],
            [3, 3, 3, NAN, NAN, 3, 3],
            [NAN] * 7,
        ]
    )
    assert straight_lining(rows).tolist() == [True, False, True, False, False]
    assert straight_lining(rows, minimum_answered=5).tolist() == [True, False, True, True, False]
    assert straight_lining(np.empty((0, 7))).tolist() == []


def test_refuses_with_a_sentence():
    with pytest.raises(FitError, match="2 of the 6 values of the answers lie outside"):
        item_statistics([[1, 2], [3, 6], [0, 2]], minimum=1, maximum=5)
    with pytest.raises(FitError, match="at least 2 items"):
        item_statistics([[1], [2]], minimum=1, maximum=5)
    with pytest.raises(FitError, match="2 of the 2 values of scores"):
        scale_floor_ceiling([3, 50], minimum=10, maximum=50 - 1)
    with pytest.raises(FitError, match="Use 2 or more"):
        straight_lining([[1, 2]], minimum_answered=1)
    with pytest.raises(FitError, match="table"):
        straight_lining([1, 2])
