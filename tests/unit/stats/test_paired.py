"""Paired change by hand, and what it refuses."""

import math

import pytest

from evalkit.errors import FitError
from evalkit.stats.paired import paired_change, summarised_change


def test_by_hand():
    # changes 2 1 2 1: mean 1.5, squares 4 * 0.25 = 1, variance 1/3, sd .57735, se .57735/2 = .288675, t = 5.196152
    # t(3, .975) = 3.182446: 1.5 -+ .918694
    found = paired_change([10, 12, 9, 11], [12, 13, 11, 12])
    assert (found.n, found.df, found.mean_pre, found.mean_post, found.mean_change) == (4, 3, 10.5, 12.0, 1.5)
    assert found.sd_change == pytest.approx(math.sqrt(1 / 3))
    assert found.std_error == pytest.approx(math.sqrt(1 / 12))
    assert found.statistic == pytest.approx(math.sqrt(27))
    assert (found.conf_low, found.conf_high) == pytest.approx((0.581307, 2.418693), abs=1e-6)


def test_one_sided_is_half_for_a_rise_and_the_rest_for_a_fall():
    rise = paired_change([10, 12, 9, 11], [12, 13, 11, 12], sides=1)
    both = paired_change([10, 12, 9, 11], [12, 13, 11, 12])
    fall = paired_change([12, 13, 11, 12], [10, 12, 9, 11], sides=1)
    assert rise.p_value == pytest.approx(both.p_value / 2)
    assert fall.p_value == pytest.approx(1 - both.p_value / 2)
    assert (rise.conf_low, rise.conf_high) == (both.conf_low, both.conf_high)


def test_a_summary_gives_the_same_as_the_scores():
    scores = paired_change([10, 12, 9, 11, 14], [12, 13, 11, 12, 13])
    summary = summarised_change(
        (scores.mean_pre, scores.mean_post), (scores.sd_pre, scores.sd_post), r=scores.r, n=scores.n
    )
    assert summary.sd_change == pytest.approx(scores.sd_change)
    assert summary.p_value == pytest.approx(scores.p_value)


def test_a_wave_without_spread_has_no_correlation_but_a_change():
    found = paired_change([5, 5, 5], [6, 7, 8])
    assert math.isnan(found.r)
    assert found.mean_change == 2


@pytest.mark.parametrize(
    ("pre", "post", "sentence"),
    [
        ([], [], "No pupil has both a baseline"),
        ([3], [4], "Only 1 pupil has both"),
        ([3, 4], [4, 5], "All 2 pupils changed by exactly the same amount"),
        ([0.1, 0.7, 2.3], [1.2, 1.8, 3.4], "All 3 pupils changed by exactly the same amount"),
        ([3, 3], [3, 3], "All 2 pupils changed by exactly the same amount"),
        ([3, 4, 5], [4, 5], "3 baseline scores and 2 follow-up scores"),
        ([3, math.nan, 5], [4, 5, 6], "1 missing or infinite values of 3"),
        ([3, 4, 5], [4, math.inf, 6], "1 missing or infinite"),
        ([[3, 4], [5, 6]], [[3, 4], [5, 6]], "one column"),
    ],
)
def test_refuses_with_a_sentence(pre, post, sentence):
    with pytest.raises(FitError, match=sentence):
        paired_change(pre, post)


def test_refuses_impossible_options():
    with pytest.raises(FitError, match="sides is 3"):
        paired_change([1, 2, 4], [2, 4, 4], sides=3)
    with pytest.raises(FitError, match="conf_level is 95"):
        paired_change([1, 2, 4], [2, 4, 4], conf_level=95)
    with pytest.raises(FitError, match="cannot belong together"):
        summarised_change((1, 2), (1, 1), r=1.2, n=10)
    with pytest.raises(FitError, match="no spread in the changes"):
        summarised_change((1, 2), (1, 1), r=1, n=10)
