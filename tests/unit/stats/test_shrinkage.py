"""Shrunken means of schools: against the whole matrices, the eight schools as published, and what must hold."""

import numpy as np
import pytest

from evalkit.errors import FitError
from evalkit.stats.shrinkage import predict_hubs, predict_schools, shrink_hubs, shrink_schools

EIGHT = np.array([28, 8, -3, 7, -1, 1, 18, 12.0])
ERRORS = np.array([15, 10, 16, 11, 9, 11, 10, 18.0])


def test_predictions_are_those_of_the_whole_matrices():
    rng = np.random.default_rng(0)
    means, errors = rng.normal(size=9), rng.uniform(0.2, 2, 9)
    hubs, school, hub = np.array([0, 0, 0, 1, 1, 2, 2, 2, 3]), 0.7, 0.4
    groups = np.eye(4)[hubs]
    apart = school * np.eye(9) + hub * groups @ groups.T
    whole = apart + np.diag(errors)
    inverse, ones = np.linalg.inv(whole), np.ones(9)
    variance = 1 / (ones @ inverse @ ones)
    middle = variance * (ones @ inverse @ means)
    lean, left = apart @ inverse @ ones, apart - apart @ inverse @ apart
    rest = means - middle
    likelihood = -(np.linalg.slogdet(whole)[1] - np.log(variance) + rest @ inverse @ rest) / 2
    found = predict_schools(means, errors, hubs, school_variance=school, hub_variance=hub)
    assert found.middle[0] == pytest.approx(middle)
    assert found.middle_variance[0] == pytest.approx(variance)
    assert found.log_likelihood[0] == pytest.approx(likelihood)
    np.testing.assert_allclose(found.deviation[0], apart @ inverse @ rest)
    np.testing.assert_allclose(found.deviation_variance[0], np.diag(left) + lean**2 * variance)
    np.testing.assert_allclose(found.value_variance[0], np.diag(left) + (1 - lean) ** 2 * variance)


def test_hubs_are_those_of_the_whole_matrices_too():
    rng = np.random.default_rng(3)
    means, errors = rng.normal(size=9), rng.uniform(0.2, 2, 9)
    hubs, school, hub = np.array([0, 0, 0, 1, 1, 2, 2, 2, 3]), 0.7, 0.4
    groups = np.eye(4)[hubs]
    shares = (1 / errors) / (groups @ (groups.T @ (1 / errors)))
    pick = (groups * shares[:, None]).T  # hubs x schools
    apart = school * np.eye(9) + hub * groups @ groups.T
    inverse, ones = np.linalg.inv(apart + np.diag(errors)), np.ones(9)
    variance = 1 / (ones @ inverse @ ones)
    middle = variance * (ones @ inverse @ means)
    lean, left = pick @ apart @ inverse @ ones, np.diag(pick @ (apart - apart @ inverse @ apart) @ pick.T)
    found = predict_hubs(means, errors, hubs, shares=shares, school_variance=school, hub_variance=hub)
    np.testing.assert_allclose(found.deviation[0], pick @ apart @ inverse @ (means - middle))
    np.testing.assert_allclose(found.deviation_variance[0], left + lean**2 * variance)
    np.testing.assert_allclose(found.value_variance[0], left + (1 - lean) ** 2 * variance)


def test_a_hub_of_one_school_has_its_schools_figures():
    means, sizes, hubs = rng_means(8), [12, 20, 30, 15, 40, 16, 18, 22], [0, 0, 1, 1, 2, 2, 2, 3]
    schools = shrink_schools(means, sizes, within_variance=40.0, hubs=hubs)
    found = shrink_hubs(means, sizes, within_variance=40.0, hubs=hubs)
    for name in ("value", "low", "high", "deviation", "deviation_low", "deviation_high"):
        assert getattr(found, name)[3] == pytest.approx(getattr(schools, name)[7])
    assert found.deviation[2] == pytest.approx(np.average(schools.deviation[4:7], weights=sizes[4:7]))


def rng_means(count: int) -> np.ndarray:
    return np.random.default_rng(5).normal(3, 4, count)


def test_eight_schools_as_published():
    """Gelman et al. (2013), table 5.3: medians of 200 draws; the means of a skewed posterior lie a little outside."""
    found = shrink_schools(EIGHT, 1 / ERRORS**2, within_variance=1)
    published = np.array([10, 8, 7, 8, 5, 6, 10, 8])
    np.testing.assert_allclose(found.value, published, atol=1.5)
    assert found.middle == pytest.approx(8, abs=0.3)


def test_schools_that_do_not_seem_to_differ_keep_wide_intervals():
    means, sizes = np.array([1.0, 1.1, 0.9, 1.05, 0.95, 1.0]), np.full(6, 12)
    found = shrink_schools(means, sizes, within_variance=4.0)
    alike = predict_schools(means, 4.0 / sizes, np.zeros(6, dtype=int), school_variance=0.0, hub_variance=0.0)
    assert np.all(found.high - found.low > 2 * 1.96 * np.sqrt(alike.value_variance))
    assert np.all(found.deviation_low < 0)


def test_the_fewer_pupils_the_nearer_to_the_average():
    found = shrink_schools([0.0, 8.0, 8.0, 1.0, -1.0, 0.5], [30, 40, 5, 30, 30, 30], within_variance=25.0)
    assert found.value[2] < found.value[1] < 8
    assert found.high[2] - found.low[2] > found.high[1] - found.low[1]


def test_hubs_pull_their_schools():
    means, sizes = np.array([5.0, 6.0, 0.0, -5.0, -6.0, 0.0]), np.array([50, 50, 3, 50, 50, 3])
    found = shrink_schools(means, sizes, within_variance=30.0, hubs=[0, 0, 0, 1, 1, 1])
    assert found.value[2] > 0.5 > -0.5 > found.value[5]


@pytest.mark.parametrize(
    ("means", "within", "words"), [([1.0, 2.0], 1.0, "too few"), ([1.0, 2.0, 3.0], 0.0, "do not differ")]
)
def test_refusals(means: list[float], within: float, words: str):
    with pytest.raises(FitError, match=words):
        shrink_schools(means, [10] * len(means), within_variance=within)
