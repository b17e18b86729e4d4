"""Alpha and omega by hand, and what they refuse."""

import math
import time

import numpy as np
import pytest

from evalkit.errors import FitError
from evalkit.stats.one_factor import fit_one_factor
from evalkit.stats.reliability import alpha, omega

FOUR = [[1, 2, 1], [2, 2, 3], [3, 4, 3], [4, 4, 5]]


def test_alpha_by_hand():
    # variances 5/3, 4/3, 8/3; totals 4 7 10 13, variance 15: 3/2 (1 - (17/3)/15) = 1.5 * 28/45 = .933333
    found = alpha(FOUR)
    assert found.value == pytest.approx(14 / 15)
    assert (found.method, found.n, found.k, found.n_incomplete) == ("alpha", 4, 3, 0)
    # F(.975; 3, 6) = 6.598799: 1 - .066667 * 6.598799 = .560080
    assert found.low == pytest.approx(0.560080, abs=1e-5)


def test_incomplete_rows_are_left_out_and_counted():
    found = alpha([*FOUR, [5, math.nan, 1], [math.nan] * 3])
    assert found.value == pytest.approx(14 / 15)
    assert (found.n, found.n_incomplete) == (4, 2)


def test_alpha_can_be_negative_and_says_so():
    # variances 1, 1, 1; totals of 1 3 2 | 2 1 3 ... pull against one another
    found = alpha([[1, 3, 2], [2, 1, 3], [3, 2, 1], [1, 3, 3]])
    assert found.value < 0
    assert found.low < found.value < found.high


def test_omega_of_a_known_covariance_matrix_is_exact():
    # loadings .8 .7 .6 .5, uniquenesses 1 - l^2 = .36 .51 .64 .75: 2.6^2 / (2.6^2 + 2.26) = 6.76 / 9.02
    loadings = np.array([0.8, 0.7, 0.6, 0.5])
    covariance = np.outer(loadings, loadings) + np.diag(1 - loadings**2)
    found = fit_one_factor(covariance, n=100)
    assert found.loadings == pytest.approx(loadings, abs=1e-8)
    assert found.chi_square == pytest.approx(0, abs=1e-8)
    assert found.df == 2
    assert found.loadings.sum() ** 2 / (found.loadings.sum() ** 2 + found.uniquenesses.sum()) == pytest.approx(
        6.76 / 9.02
    )


def test_omega_equals_alpha_when_all_loadings_are_equal():
    covariance = np.full((5, 5), 0.4) + 0.6 * np.eye(5)
    found = fit_one_factor(covariance, n=50)
    value = found.loadings.sum() ** 2 / (found.loadings.sum() ** 2 + found.uniquenesses.sum())
    assert value == pytest.approx(5 / 4 * (1 - 5 / covariance.sum()))


def test_the_unit_of_the_items_does_not_matter():
    rng = np.random.default_rng(1)
    items = rng.normal(size=(80, 1)) + rng.normal(size=(80, 5))
    plain, large = omega(items), omega(items * 1000 + 5)
    assert large.value == pytest.approx(plain.value)
    assert large.std_error == pytest.approx(plain.std_error)


def test_an_impossible_error_variance_is_flagged():
    # correlations .9 .9 .5 imply l1^2 = .9 * .9 / .5 = 1.62, so the first uniqueness is -.62
    covariance = np.array([[1, 0.9, 0.9], [0.9, 1, 0.5], [0.9, 0.5, 1]]) + 0.09 * np.eye(3)
    found = fit_one_factor(covariance, n=60)
    assert found.is_heywood
    assert found.uniquenesses[0] == pytest.approx(1.09 - 1.62)


@pytest.mark.parametrize("function", [alpha, omega])
def test_refuses_with_a_sentence(function):
    with pytest.raises(FitError, match=r"item 2 \(counted from 1\)"):
        function([[1, 3, 2], [2, 3, 1], [3, 3, 3], [4, 3, 1]])
    with pytest.raises(FitError, match="Only 2 of 3 pupils answered all 3 items"):
        function([[1, 2, 3], [2, 3, 5], [1, math.nan, 2]])
    with pytest.raises(FitError, match="at least 2 items"):
        function([[1], [2], [3]])
    with pytest.raises(FitError, match="at least 2 items"):
        function([1, 2, 3])
    with pytest.raises(FitError, match="infinite"):
        function([[1, 2, math.inf], [2, 3, 5], [1, 1, 2]])
    with pytest.raises(FitError, match="same total score"):
        function([[1, 5], [2, 4], [3, 3], [4, 2]])


def test_omega_refuses_what_has_no_factor():
    with pytest.raises(FitError, match="at least 3"):
        omega([[1, 2], [2, 2], [3, 4], [5, 4]])
    with pytest.raises(FitError, match="computed exactly from others"):
        omega([[1, 2, 1], [2, 2, 2], [3, 4, 3], [5, 4, 5], [2, 1, 2]])
    with pytest.raises(FitError, match="computed exactly from others"):
        omega(np.random.default_rng(1).normal(size=(6, 8)))
    with pytest.raises(FitError, match="could not be fitted"):
        omega(np.random.default_rng(3).normal(size=(20, 3)) @ np.array([[1, 0.8, 0], [0, 0.6, 0], [0, -0.1, 1]]))


def test_a_large_survey_takes_seconds():
    rng = np.random.default_rng(2)
    items = np.round(rng.normal(size=(290_000, 1)) + rng.normal(size=(290_000, 44)))
    started = time.process_time()
    found = (alpha(items).value, omega(items).value)
    assert time.process_time() - started < 6
    # one factor of variance 1 and noise 1 + 1/12 from rounding: 44 / (44 + 1.083)
    assert found == pytest.approx((44 / (44 + 13 / 12),) * 2, abs=2e-3)
    # Items 1 and 2 share something, items 3 and 4 nothing with anyone: two loadings for one correlation.
    lonely = np.eye(4)
    lonely[0, 1] = lonely[1, 0] = 0.5
    for covariance in (lonely, np.eye(4)):
        with pytest.raises(FitError, match="could not be fitted"):
            fit_one_factor(covariance, n=40)
