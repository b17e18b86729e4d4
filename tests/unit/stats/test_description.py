"""Description of one column, bins and counts, by hand and against numpy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.errors import FitError
from evalkit.stats.description import bin_counts, count_at, describe, histogram_bins, scale_bins


def test_describe_by_hand():
    found = describe([2, 4, 4, 6])
    assert (found.n, found.mean, found.sd) == pytest.approx((4, 4, math.sqrt(8 / 3)))


def test_describe_nothing_and_one():
    assert math.isnan(describe([]).mean)
    assert describe([3.0]).mean == 3
    assert math.isnan(describe([3.0]).sd)


def test_describe_refuses_gaps():
    with pytest.raises(FitError, match="missing"):
        describe([1.0, math.nan])


@pytest.mark.parametrize(
    ("low", "high", "first", "bins"),
    [
        (10, 40, 13, 10),
        (14, 70, 21, 8),
        (7, 35, 11, 7),
        (0, 100, 10, 10),
        (1, 5, 1.5, 8),
        (1, 7, 1.5, 12),
        (1, 4, 1.25, 12),
        (0, 1, 0.1, 10),
        (0, 13, 1, 13),
        (0, 17, 1.7, 10),
        (0, 0.33, 0.033, 10),
    ],
)
def test_bins_have_round_edges_where_there_are_any(low, high, first, bins):
    edges = scale_bins(low, high)
    assert edges.size == bins + 1
    assert (edges[0], edges[-1]) == (low, high)
    assert edges[1] == pytest.approx(first)


def test_bins_of_an_impossible_scale():
    with pytest.raises(FitError, match="maximum"):
        scale_bins(4, 4)


@given(st.lists(st.integers(0, 12), max_size=40))
def test_counts_agree_with_numpy_and_add_up(values):
    edges = np.linspace(0, 12, 5)
    counts = bin_counts(values, edges)
    assert counts.tolist() == np.histogram(values, edges)[0].tolist()
    assert counts.sum() == len(values)


def test_rounding_never_moves_a_score_below_its_edge():
    edges = scale_bins(1, 7)
    for place, edge in enumerate(edges[:-1]):
        assert bin_counts([np.nextafter(edge, 0) if place else edge], edges)[place] == 1


def test_scores_outside_are_refused():
    with pytest.raises(FitError, match="outside the scale"):
        bin_counts([0.5], [1, 2, 3])


def test_count_at():
    values = [1.0, 5.0, 5.0 - 1e-12, 4.9]
    assert count_at(values, 5.0, minimum=1, maximum=5) == 2
    assert count_at(values, 1.0, minimum=1, maximum=5) == 1
    with pytest.raises(FitError, match="outside the scale"):
        count_at([6.0], 5.0, minimum=1, maximum=5)


@pytest.mark.parametrize(
    ("low", "high", "sd", "width"),
    [
        (0, 150, 15.0, 6.0),  # 9 does not divide 150
        (80, 120, 10.0, 4.0),  # as scale_bins
        (0, 200, 0.4, 1.0),
        (1, 5, 0.2, 0.5),
        (0, 200, float("nan"), 20.0),
        (0.5, 199.0, 3.0, 19.85),
    ],
)
def test_histogram_bins_follow_the_spread(low, high, sd, width):
    edges = histogram_bins(low, high, sd=sd)
    assert (edges[0], edges[-1]) == (low, high)
    assert edges[1] - edges[0] == pytest.approx(width)
