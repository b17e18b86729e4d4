"""Percentages and normalised gains by hand."""

import math

import pytest

from evalkit.errors import FitError
from evalkit.stats.change import normalised_gain, percent_change


def test_three_percentages_by_hand():
    # pre 2 3 4 3, post 3 3 5 4 on 1-5: mean change 3/4 = .75; range 4: 18.75 points.
    # from 1: pre 1 2 3 2 (mean 2), post 2 2 4 3 (mean 2.75): 37.5%; ratios 1, 0, 1/3, 1/2: mean 45.83%
    found = percent_change([2, 3, 4, 3], [3, 3, 5, 4], minimum=1, maximum=5)
    assert found.points_of_range.value == 18.75
    assert found.change_of_means.value == pytest.approx(37.5)
    assert found.mean_of_ratios.value == pytest.approx(100 * (1 + 0 + 1 / 3 + 1 / 2) / 4)
    assert {part.zero for part in (found.points_of_range, found.change_of_means, found.mean_of_ratios)} == {1.0}
    assert found.points_of_range.kind == "points_of_range"
    # changes in points of range 25 0 25 25: sd 12.5, se 6.25, t(3, .975) = 3.182446
    assert found.points_of_range.low == pytest.approx(18.75 - 3.182446 * 6.25, abs=1e-4)


def test_raw_zero_is_the_same_for_a_scale_that_starts_at_zero():
    found = percent_change([10, 20, 30], [12, 25, 30], minimum=0, maximum=40)
    assert found.change_of_means.value == pytest.approx(100 * (67 - 60) / 60)


def test_pupils_at_the_minimum_are_dropped_from_ratios_and_counted():
    found = percent_change([1, 1, 3, 5], [2, 4, 4, 5], minimum=1, maximum=5)
    assert (found.mean_of_ratios.n, found.mean_of_ratios.n_dropped) == (2, 2)
    assert found.mean_of_ratios.value == pytest.approx(25)  # (1/2 + 0) / 2
    assert (found.points_of_range.n, found.points_of_range.n_dropped) == (4, 0)


def test_everyone_at_the_minimum_leaves_points_only():
    found = percent_change([1, 1, 1], [2, 3, 1], minimum=1, maximum=5)
    assert found.points_of_range.value == 25
    for part in (found.change_of_means, found.mean_of_ratios):
        assert math.isnan(part.value)
        assert "scale's minimum" in part.reason
    assert (found.mean_of_ratios.n, found.mean_of_ratios.n_dropped) == (0, 3)


def test_one_pupil_above_the_minimum_has_a_ratio_without_limits():
    found = percent_change([1, 1, 3], [2, 3, 4], minimum=1, maximum=5).mean_of_ratios
    assert found.value == 50
    assert math.isnan(found.low)
    assert "no interval" in found.reason


def test_limits_that_do_not_exist_are_said_not_to_exist():
    found = percent_change([1, 1, 1.2], [2, 3, 1], minimum=1, maximum=5).change_of_means
    assert math.isfinite(found.value)
    assert math.isnan(found.low)
    assert "too close" in found.reason


def test_normalised_gain_by_hand():
    # pre 20 50 100 0, post 60 40 100 0. Means 42.5 and 50: gain 7.5 / 57.5.
    # c: 40/80 = .5, -10/50 = -.2, two stuck at an end: mean .15
    found = normalised_gain([20, 50, 100, 0], [60, 40, 100, 0], minimum=0, maximum=100)
    assert found.gain == pytest.approx(7.5 / 57.5)
    assert found.change == pytest.approx(0.15)
    assert (found.n, found.n_dropped) == (2, 2)


def test_normalised_gain_at_the_ceiling():
    found = normalised_gain([5, 5], [5, 4], minimum=1, maximum=5)
    assert math.isnan(found.gain)
    assert found.change == -0.25
    assert math.isnan(normalised_gain([5, 5], [5, 5], minimum=1, maximum=5).change)


@pytest.mark.parametrize("function", [percent_change, normalised_gain])
def test_refuses_with_a_sentence(function):
    with pytest.raises(FitError, match="1 of the 2 values of post lie outside the scale"):
        function([1, 2], [3, 6], minimum=1, maximum=5)
    with pytest.raises(FitError, match="maximum must be above"):
        function([1, 2], [3, 5], minimum=5, maximum=1)
    with pytest.raises(FitError, match="pupil"):
        function([], [], minimum=1, maximum=5)
