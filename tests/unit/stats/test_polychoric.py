"""Polychoric correlations: closed forms, awkward tables, and what they refuse."""

import math

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from evalkit.errors import FitError
from evalkit.stats.bivariate_normal import bivariate_normal_cdf, bivariate_normal_density
from evalkit.stats.polychoric import polychoric, polychoric_covariance


def table(counts):
    """Rows of answers that have this table of counts."""
    rows = [[i, j] for i, line in enumerate(counts) for j, count in enumerate(line) for _ in range(count)]
    return np.array(rows, dtype=float)


@pytest.mark.parametrize("rho", [-0.999, -0.7, 0, 0.3, 0.95, 0.9999])
def test_the_distribution_function_equals_scipys(rho):
    points = [-3.1, -0.4, 0.0, 0.2, 2.5]
    for x in points:
        for y in points:
            expected = multivariate_normal.cdf([x, y], cov=[[1, rho], [rho, 1]], abseps=1e-12, releps=1e-12)
            assert float(bivariate_normal_cdf(x, y, rho)) == pytest.approx(expected, abs=1e-8)


def test_the_distribution_function_at_infinity():
    inf = math.inf
    assert bivariate_normal_cdf([inf, -inf, inf], [0.5, 0.5, inf], 0.6) == pytest.approx([0.6914624612740131, 0, 1])
    assert bivariate_normal_density([inf, 0.0], [0.0, -inf], 0.6).tolist() == [0.0, 0.0]


def test_the_density_is_the_slope_in_rho():
    width = 1e-6
    slope = (bivariate_normal_cdf(0.4, -1.1, 0.5 + width) - bivariate_normal_cdf(0.4, -1.1, 0.5 - width)) / (2 * width)
    assert float(bivariate_normal_density(0.4, -1.1, 0.5)) == pytest.approx(float(slope), rel=1e-8)


def test_tetrachoric_with_median_splits_is_a_sine():
    # Thresholds 0: P(both low) = 1/4 + asin(rho) / (2 pi). 40 of 120 gives asin(rho) = 2 pi (1/3 - 1/4): rho = 1/2.
    found = polychoric(table([[40, 20], [20, 40]]))
    assert found.correlations[0, 1] == pytest.approx(0.5, abs=1e-12)
    assert [one.tolist() for one in found.thresholds] == [[0.0], [0.0]]


def test_independent_answers_do_not_correlate():
    found = polychoric(table([[10, 20, 30], [20, 40, 60]]))
    assert found.correlations[0, 1] == pytest.approx(0, abs=1e-12)
    # The delta method at independence with thresholds 0 gives n var(rho) = (pi / 2)^2.
    even = table([[25, 25], [25, 25]])
    covariance = polychoric_covariance(even, polychoric(even))
    assert 100 * covariance[2, 2] == pytest.approx((math.pi / 2) ** 2)
    # n var of a threshold at the median: p (1 - p) / phi(0)^2 = pi / 2.
    assert 100 * covariance[0, 0] == pytest.approx(math.pi / 2)


def test_a_lone_empty_cell_gets_a_half_with_the_margins_kept():
    found = polychoric(table([[30, 0], [10, 20]]))
    filled = polychoric(np.repeat(table([[59, 1], [21, 39]]), 1, axis=0))
    assert found.correlations[0, 1] == pytest.approx(filled.correlations[0, 1], abs=1e-10)
    negative = polychoric(table([[0, 30], [20, 10]]))
    assert negative.correlations[0, 1] == pytest.approx(-found.correlations[0, 1], abs=1e-10)


def test_items_that_determine_one_another_are_held_at_the_bound_and_named():
    copies = table([[10, 0, 0], [0, 10, 0], [0, 0, 10]])
    found = polychoric(copies)
    assert found.at_bound == ((0, 1),)
    assert found.correlations[0, 1] == 0.9999
    with pytest.raises(FitError, match="Items 1 and 2"):
        polychoric_covariance(copies, found)
    assert polychoric(table([[10, 0], [0, 10]])).at_bound == ((0, 1),)


def test_only_the_order_of_the_answers_counts():
    rows = table([[10, 5, 2], [4, 12, 6], [1, 6, 9]])
    plain = polychoric(rows)
    stretched = polychoric(np.column_stack([np.array([1, 2, 7])[rows[:, 0].astype(int)], -rows[:, 1]]))
    assert stretched.correlations[0, 1] == pytest.approx(-plain.correlations[0, 1], abs=1e-10)
    assert stretched.categories[0].tolist() == [1, 2, 7]


def test_missing_answers_are_left_out_whole_or_by_pair():
    rows = np.column_stack([table([[10, 5, 2], [4, 12, 6], [1, 6, 9]]), np.tile([0.0, 1, 1, 0, 1], 11)])
    gaps = rows.copy()
    gaps[:6, 2] = np.nan
    whole, pairwise = polychoric(gaps), polychoric(gaps, missing="pairwise")
    assert (whole.n, whole.n_incomplete, pairwise.n, pairwise.n_incomplete) == (49, 6, 55, 6)
    assert pairwise.correlations[0, 1] == pytest.approx(polychoric(rows).correlations[0, 1], abs=1e-12)
    assert whole.correlations[0, 1] == pytest.approx(polychoric(gaps[6:]).correlations[0, 1], abs=1e-12)


def test_the_standard_error_is_right_in_repeated_samples():
    rng = np.random.default_rng(5)
    estimates, errors = [], []
    for _ in range(150):
        first = rng.normal(size=400)
        second = 0.6 * first + 0.8 * rng.normal(size=400)
        rows = np.column_stack([np.digitize(first, [-0.8, 0.4]), np.digitize(second, [0.0, 1.0])])
        found = polychoric(rows)
        estimates.append(found.correlations[0, 1])
        errors.append(math.sqrt(polychoric_covariance(rows, found)[-1, -1]))
    assert np.mean(estimates) == pytest.approx(0.6, abs=3 * np.std(estimates) / math.sqrt(150))
    # The spread of 150 estimates is itself known to 6%.
    assert np.std(estimates) == pytest.approx(np.mean(errors), rel=0.18)


def test_refuses_with_a_sentence_and_all_items_at_once():
    with pytest.raises(FitError) as refused:
        polychoric(np.column_stack([np.zeros(40), np.arange(40), np.arange(40) % 2]))
    assert "Item 1" in str(refused.value)
    assert "Item 2" in str(refused.value)
    with pytest.raises(FitError, match="complete, pairwise"):
        polychoric([[1, 2], [2, 1], [1, 1]], missing="listwise")
    with pytest.raises(FitError, match="Nobody answered both item 1 and item 2"):
        polychoric([[1, math.nan], [2, math.nan], [math.nan, 1], [math.nan, 2]], missing="pairwise")
    with pytest.raises(FitError, match="Only 1 of 3"):
        polychoric([[1, math.nan], [2, 1], [math.nan, 1]])
