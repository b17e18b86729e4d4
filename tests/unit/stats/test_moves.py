"""Moves between grades by hand; shares of staff in schools at their edges; the percentages that an n can give."""

import math

import pytest

from evalkit.errors import FitError
from evalkit.stats.clustered_shares import clustered_difference, clustered_mean
from evalkit.stats.moves import moves
from evalkit.stats.proportions import wilson
from evalkit.stats.reported_mean import ReportedMean, mean_difference
from evalkit.stats.reported_share import grim
from evalkit.stats.share_tests import exact_binomial_p, share_difference


def test_moves_by_hand():
    # Working Towards, Effective, Leading. Rises 6 + 0 + 9; falls 1 + 0 + 2; able to rise: the first two rows, 10 + 30.
    found = moves([[4, 6, 0], [1, 20, 9], [0, 2, 8]])
    assert (found.n, found.rose, found.same, found.fell) == (50, 15, 32, 3)
    assert (found.able_to_rise, found.able_to_fall) == (40, 40)
    assert found.share_rose == wilson(15, 40)
    # sign test: 2 * (1 + 18 + 153 + 816) / 2^18
    assert found.sign_p == pytest.approx(2 * (1 + 18 + 153 + 816) / 2**18)


def test_nobody_could_rise_and_nobody_moved():
    found = moves([[0, 0], [0, 7]])
    assert (found.share_rose, found.able_to_rise, found.sign_p) == (None, 0, 1.0)


@pytest.mark.parametrize("table", [[[1, 2]], [[1, -1], [0, 2]], [[0, 0], [0, 0]], [[1, 0.5], [0, 2]]])
def test_what_is_no_table_of_moves(table):
    with pytest.raises(FitError, match="table of moves"):
        moves(table)


def test_when_all_agree_each_school_counts_once():
    found = clustered_mean([1, 1, 1, 1, 1, 1], clusters=[1, 1, 1, 2, 2, 3])
    assert math.isnan(found.design_effect)
    assert (found.n_effective, found.high, found.value) == (3, 1.0, 1.0)
    assert found.low < wilson(6, 6).low


def test_schools_never_make_an_interval_narrower_than_people_drawn_one_by_one():
    # every school answers half and half: the design effect is 0, and the interval is that of all people
    found = clustered_mean([0, 1] * 6, clusters=[one for one in range(6) for _ in range(2)])
    assert found.design_effect == 0
    assert found.n_effective == 12


def test_one_school_is_no_cluster():
    with pytest.raises(FitError, match="one school"):
        clustered_mean([0, 1], clusters=[1, 1])


def test_who_answers_the_same_twice_leaves_no_spread():
    found = clustered_difference([1, 1, 1, 1], second=[0, 1, 0, 1], clusters=[1, 1, 2, 2])
    assert found.value == 0
    assert math.isnan(found.p_value)


def test_an_occasion_without_answers():
    with pytest.raises(FitError, match="each needs answers"):
        clustered_difference([1, 0], second=[1, 1], clusters=[1, 2])


def test_the_published_percentage_of_the_issue():
    found = grim(93.75, max_n=64)
    assert found.sizes == (16, 32, 48, 64)
    assert (found.least, found.all_from) == (16, 10_000)
    assert grim("97 %").all_from == 100
    assert set(range(100, 151)) <= set(grim(97, max_n=150).sizes)


def test_zeros_that_were_printed_count():
    assert grim(93.5, decimals=2, max_n=50).sizes == grim("93.50", max_n=50).sizes != grim(93.5, max_n=50).sizes
    with pytest.raises(FitError, match="more than 1 digits"):
        grim(93.75, decimals=1)


def test_one_n_must_fit_every_question():
    # by hand: 97 needs 29 or more; the first n that gives 97, 84, 95 and 77 is 61: 59, 51, 58 and 47 of 61
    assert grim([97, 84, 95, 77]).least == 61
    assert grim([93.75, 90], max_n=47).sizes == ()


def test_numbers_that_are_no_share_are_refused():
    with pytest.raises(FitError, match="not a share"):
        share_difference((3, 2), (1, 4))
    with pytest.raises(FitError, match="between 0 and 1"):
        exact_binomial_p(1, 2, reference=34)
    with pytest.raises(FitError, match="has no interval"):
        mean_difference(ReportedMean(5, 1, 1), 4)
    with pytest.raises(FitError, match="no percentage to check"):
        grim([])
