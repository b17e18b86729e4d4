"""Reliable change and regression to the mean by hand."""

import math

import pytest

from evalkit.errors import FitError
from evalkit.stats.reliable_change import regression_to_mean, reliable_change

PRE, POST = [2.0, 3.0, 3.0, 4.0, 3.0], [4.5, 3.0, 1.5, 4.9, 3.9]


def test_jacobson_truax_by_hand():
    # s 1, r_xx .8: sqrt(2) * sqrt(.2) = .632456, times 1.959964 = 1.239590. Changes 2.5, 0, -1.5, .9, .9
    found = reliable_change(PRE, POST, reliability=0.8, sd_pre=1)
    assert found.threshold == pytest.approx(1.239590, abs=1e-6)
    assert (found.n, found.improved, found.unchanged, found.declined) == (5, 1, 3, 1)


def test_grit_needs_more_than_a_standard_deviation():
    # standards.md: Grit-S with alpha .72 to .80 needs 1.24 to 1.47 SD
    assert reliable_change(PRE, POST, reliability=0.80, sd_pre=1).threshold == pytest.approx(1.24, abs=0.005)
    assert reliable_change(PRE, POST, reliability=0.72, sd_pre=1).threshold == pytest.approx(1.47, abs=0.005)


def test_spread_of_these_pupils_is_the_default():
    # pre 2 3 3 4 3: squares 1 + 1 = 2, variance .5; threshold 1.239590 * sqrt(.5) = .876522, so .9 counts
    found = reliable_change(PRE, POST, reliability=0.8)
    assert found.threshold == pytest.approx(0.876522, abs=1e-6)
    assert (found.improved, found.unchanged, found.declined) == (3, 1, 1)


def test_maassen_uses_both_waves():
    # post 4.5 3 1.5 4.9 3.9: mean 3.56, squares .8836 + .3136 + 4.2436 + 1.7956 + .1156 = 7.352, variance 1.838
    found = reliable_change(PRE, POST, reliability=0.8, method="maassen")
    assert found.std_error == pytest.approx(math.sqrt((0.5 + 1.838) * 0.2))


def test_edwards_nunnally_measures_from_the_regressed_score():
    # mu 3.5, r .8: expected 2 -> 2.3, 3 -> 3.1, 4 -> 3.9; threshold 1.959964 * sqrt(.2) = .876522
    # post - expected: 2.2, -.1, -1.6, 1.0, .8
    found = reliable_change(PRE, POST, reliability=0.8, sd_pre=1, population_mean=3.5, method="edwards_nunnally")
    assert found.threshold == pytest.approx(0.876522, abs=1e-6)
    assert (found.improved, found.unchanged, found.declined) == (2, 2, 1)


def test_where_lower_is_better_the_sides_swap():
    found = reliable_change(PRE, POST, reliability=0.8, higher_is="worse")
    assert (found.improved, found.unchanged, found.declined) == (1, 1, 3)


def test_regression_to_mean_by_hand():
    # standards.md: z = -1, r = .7 -> +.30 SD
    found = regression_to_mean([-1.5, -0.5], population_mean=0, retest_r=0.7)
    assert found.expected_change == pytest.approx(0.3)
    assert (found.n, found.mean_pre) == (2, -1)
    assert regression_to_mean([1, 2], population_mean=0, retest_r=1).expected_change == 0


@pytest.mark.parametrize("reliability", [0, 1, -0.2, 1.3, math.nan])
def test_refuses_an_impossible_reliability(reliability):
    with pytest.raises(FitError, match="must lie between 0 and 1"):
        reliable_change(PRE, POST, reliability=reliability)


def test_refuses_with_a_sentence():
    with pytest.raises(FitError, match="same baseline score"):
        reliable_change([3, 3, 3], [1, 2, 3], reliability=0.8)
    with pytest.raises(FitError, match="same follow-up score"):
        reliable_change([1, 2, 3], [3, 3, 3], reliability=0.8, method="maassen")
    with pytest.raises(FitError, match="or give sd_pre"):
        reliable_change([3], [4], reliability=0.8)
    with pytest.raises(FitError, match="sd_pre is 0"):
        reliable_change(PRE, POST, reliability=0.8, sd_pre=0)
    with pytest.raises(FitError, match="belongs to method"):
        reliable_change(PRE, POST, reliability=0.8, method="edwards_nunnally")
    with pytest.raises(FitError, match="belongs to method"):
        reliable_change(PRE, POST, reliability=0.8, population_mean=3)
    with pytest.raises(FitError, match="allowed are"):
        reliable_change(PRE, POST, reliability=0.8, method="hsu")
    with pytest.raises(FitError, match="No pupil"):
        regression_to_mean([], population_mean=3, retest_r=0.7)
    with pytest.raises(FitError, match=r"retest correlation is 1\.2"):
        regression_to_mean([1], population_mean=3, retest_r=1.2)
