"""Signs of careless answering: by hand, in awkward tables, and what is refused."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from evalkit.errors import FitError
from evalkit.stats.response_quality import (
    even_odd_consistency,
    individual_variability,
    longest_string,
    outlyingness,
    pair_consistency,
    reversed_inconsistency,
    seconds_per_item,
)

NAN = math.nan
LIKERT = arrays(np.float64, st.tuples(st.integers(1, 8), st.integers(2, 9)), elements=st.sampled_from([1.0, 2, 3, NAN]))


@settings(max_examples=60, deadline=None)
@given(LIKERT)
def test_longest_string_equals_brute_force(rows):
    for row, found in zip(rows, longest_string(rows), strict=True):
        runs = [b - a for a in range(len(row)) for b in range(a + 1, len(row) + 1) if len(set(row[a:b])) == 1
                and not np.isnan(row[a:b]).any()]  # fmt: skip
        assert found == max(runs, default=0)


@settings(max_examples=60, deadline=None)
@given(LIKERT)
def test_variability_equals_numpy(rows):
    for row, found in zip(rows, individual_variability(rows), strict=True):
        there = row[~np.isnan(row)]
        expected = there.std(ddof=1) if there.size > 1 else NAN
        assert found == pytest.approx(expected, nan_ok=True)


def test_distance_with_gaps_is_that_of_the_answered_items():
    rng = np.random.default_rng(4)
    rows = rng.normal(size=(80, 1)) + rng.normal(size=(80, 5))
    gappy = np.vstack([rows, rows[:4]])
    gappy[80, 1] = gappy[81, [0, 4]] = gappy[82, :4] = gappy[83] = NAN
    found = outlyingness(gappy)
    middle, covariance = rows.mean(axis=0), np.cov(rows.T)
    for row, there in ((80, [0, 2, 3, 4]), (81, [1, 2, 3]), (82, [4])):
        deviation = (gappy[row] - middle)[there]
        expected = deviation @ np.linalg.solve(covariance[np.ix_(there, there)], deviation)
        assert found.distance[row] == pytest.approx(expected)
        assert found.df[row] == len(there)
    assert math.isnan(found.distance[83])
    assert math.isnan(found.p_value[83])


def test_items_that_others_determine_change_nothing():
    rng = np.random.default_rng(5)
    rows = rng.normal(size=(60, 4))
    copied = np.column_stack([rows, rows[:, 0], rows[:, 1] - rows[:, 2], np.full(60, 3.0)])
    plain, found = outlyingness(rows), outlyingness(copied)
    assert found.distance == pytest.approx(plain.distance)
    assert found.p_value == pytest.approx(plain.p_value)
    assert len(found.dependent) == 3
    assert 6 in found.dependent


def test_an_odd_row_stands_out():
    rng = np.random.default_rng(6)
    rows = rng.normal(size=(200, 1)) + 0.4 * rng.normal(size=(200, 6))
    rows[17] = [2, -2, 2, -2, 2, -2]
    found = outlyingness(rows)
    assert found.distance.argmax() == 17
    assert found.p_value[17] < 1e-6


def test_even_odd_of_careful_and_of_random_rows():
    scales = [[[1, 2, 1, 2], [3, 1, 5, 5]], [[5, 5, 4, 5], [1, 5, 2, 4]], [[3, 3, 3, 2], [4, 2, 1, 5]]]
    careful, random = even_odd_consistency(scales)
    assert careful > 0.9
    assert random < 0.5
    assert np.isnan(even_odd_consistency([[[3, 3]], [[3, 3]], [[3, 3]]])).all()
    with pytest.raises(FitError, match="at least 3"):
        even_odd_consistency(scales[:2])


def test_reversed_pairs_by_hand():
    regular, turned = [[5, 5, 5], [4, 4, 4], [5, NAN, NAN]], [[1, 1], [2, 2], [1, 1]]
    found = reversed_inconsistency(regular, turned, width=4)
    assert found[:2].tolist() == [1.0, 0.5]
    assert math.isnan(found[2])
    with pytest.raises(FitError, match="above 0"):
        reversed_inconsistency(regular, turned, width=0)


def test_times():
    assert seconds_per_item([10, NAN, 9], [5, 5, 0]).tolist()[0] == 2
    assert np.isnan(seconds_per_item([10, NAN, 9], [5, 5, 0])[1:]).all()
    with pytest.raises(FitError, match="0 or more"):
        seconds_per_item([-1], [5])


def test_refusals():
    with pytest.raises(FitError, match="3 rows are complete and 3 of 3 items vary"):
        outlyingness([[1, 2, 3], [2, 3, 1], [3, 1, 2]])
    with pytest.raises(FitError, match="0 of 2 items vary"):
        outlyingness([[3, 3]] * 6)
    with pytest.raises(FitError, match="0 rows are complete"):
        outlyingness([[3, NAN]] * 6)
    with pytest.raises(FitError, match=r"pairs of items correlate below -0\.6"):
        pair_consistency([[1, 2, 3], [2, 3, 1], [3, 1, 2], [1, 1, 1]])
    with pytest.raises(FitError, match="antonyms, synonyms"):
        pair_consistency([[1, 2], [2, 1]], kind="opposites")
