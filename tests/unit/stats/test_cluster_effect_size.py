"""Yardsticks and formulas of clustered effect sizes, by hand."""

import math

import numpy as np
import pytest

from evalkit.errors import FitError
from evalkit.stats.cluster_effect_size import Interval, Yardstick, measure_yardstick, standardised_effect
from evalkit.stats.cluster_effect_variants import (
    ArmSizes,
    Sites,
    design_comparable_effect,
    eef_null_effect,
    eef_package_effect,
    effective_cluster_size,
    hedges_variance,
    multisite_variance,
    naive_sd_factor,
)
from evalkit.stats.effect_size import hedges_correction
from evalkit.stats.mixed.fit import fit_mixed
from evalkit.stats.mixed.terms import RandomTerm


def balanced(seed=5, clusters=10, size=12, *, between=0.6):
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(clusters), size)
    treat = (codes % 2).astype(float)
    outcome = 3 + 0.4 * treat + rng.normal(0, between, clusters)[codes] + rng.normal(0, 1, codes.size)
    term = RandomTerm("school", ("Intercept",), codes, clusters)
    return outcome, np.vstack([np.ones(codes.size), treat]), term


def mean_squares(outcome, columns, term):
    """Between and within mean squares of balanced clusters in two arms."""
    size = outcome.size // term.levels
    means = np.bincount(term.codes, outcome) / size
    arm = columns[1][::size]
    between = sum(((means[arm == a] - means[arm == a].mean()) ** 2).sum() for a in (0, 1)) * size / (term.levels - 2)
    within = ((outcome - means[term.codes]) ** 2).sum() / (outcome.size - term.levels)
    return between, within, size


def test_yardstick_of_balanced_clusters_is_the_analysis_of_variance():
    outcome, columns, term = balanced()
    between, within, n = mean_squares(outcome, columns, term)
    found = measure_yardstick(fit_mixed(outcome, columns, [term]), [term])
    total = between / n + (1 - 1 / n) * within
    spread = 2 * between**2 / (n**2 * (term.levels - 2)) + 2 * (1 - 1 / n) ** 2 * within**2 / (
        outcome.size - term.levels
    )
    assert found.total == pytest.approx(math.sqrt(total), rel=1e-9)
    assert found.within == pytest.approx(math.sqrt(within), rel=1e-9)
    assert found.total_df == pytest.approx(2 * total**2 / spread, rel=1e-7)
    assert found.within_df == pytest.approx(outcome.size - term.levels, rel=1e-7)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_yardstick_follows_the_unit_and_its_df_do_not(scale):
    outcome, columns, term = balanced()
    one = measure_yardstick(fit_mixed(outcome, columns, [term]), [term])
    other = measure_yardstick(fit_mixed(outcome * scale + 7 * scale, columns, [term]), [term])
    assert other.total == pytest.approx(one.total * scale, rel=1e-8)
    assert (other.total_df, other.icc) == pytest.approx((one.total_df, one.icc), rel=1e-6)


def test_equal_weights_change_nothing():
    outcome, columns, term = balanced()
    plain = measure_yardstick(fit_mixed(outcome, columns, [term]), [term])
    weights = np.full(outcome.size, 2.5)
    weighted = measure_yardstick(fit_mixed(outcome, columns, [term], weights=weights), [term], weights)
    assert weighted.total == pytest.approx(plain.total, rel=1e-8)
    assert weighted.total_df == pytest.approx(plain.total_df, rel=1e-6)


def test_total_variance_of_a_varying_effect_counts_the_share_treated():
    rng = np.random.default_rng(8)
    codes = np.repeat(np.arange(20), 30)
    treat = (rng.random(600) < 0.3).astype(float)
    outcome = treat * rng.normal(0.2, 0.8, 20)[codes] + rng.normal(0, 0.7, 20)[codes] + rng.normal(0, 1, 600)
    term = RandomTerm("site", ("Intercept", "treat"), codes, 20, np.vstack([np.ones(600), treat]))
    fit = fit_mixed(outcome, np.vstack([np.ones(600), treat]), [term])
    covariance = fit.components[0].covariance
    by_hand = fit.sigma2 + covariance[0, 0] + treat.mean() * (covariance[1, 1] + 2 * covariance[0, 1])
    assert measure_yardstick(fit, [term]).total ** 2 == pytest.approx(by_hand, rel=1e-9)


def test_estimate_and_limits_share_one_factor():
    found = standardised_effect(Interval(2.0, -0.1, 4.1, 1.0, 0.06), sd=4.0, df=30.0, interval="kenward-roger")
    factor = hedges_correction(30.0) / 4.0
    assert (found.value, found.low, found.high) == pytest.approx((2 * factor, -0.1 * factor, 4.1 * factor))


def test_equal_clusters_reduce_to_the_formulas_of_equal_size():
    sizes = ArmSizes(np.full(8, 20.0), np.full(6, 20.0))
    n, icc, d = 280.0, 0.2, 0.35
    assert effective_cluster_size(sizes) == pytest.approx(20.0)
    # Hedges (2007) eq. 15 and 16 for clusters of n = 20
    assert naive_sd_factor(icc, sizes) == pytest.approx(math.sqrt(1 - 2 * 19 * icc / (n - 2)))
    base = n / (160 * 120) * (1 + 19 * icc)
    above = (n - 2) * (1 - icc) ** 2 + 20 * (n - 40) * icc**2 + 2 * (n - 40) * icc * (1 - icc)
    total = base + d**2 * above / (2 * (n - 2) * ((n - 2) - 2 * 19 * icc))
    assert hedges_variance(d, icc, sizes, reach="total") == pytest.approx(total)
    within = base / (1 - icc) + d**2 / (2 * (n - 14))
    assert hedges_variance(d, icc, sizes, reach="within") == pytest.approx(within)


def test_no_clustering_is_the_simple_trial():
    sizes = ArmSizes(np.full(5, 10.0), np.full(5, 10.0))
    assert hedges_variance(0.3, 0.0, sizes, reach="total") == pytest.approx(4 / 100 + 0.3**2 / (2 * 98))
    assert naive_sd_factor(0.0, sizes) == 1.0


def test_multisite_variance_without_varying_effect_is_pooled_precision():
    sites = Sites(np.array([5.0, 10.0]), np.array([15.0, 10.0]))
    precision = 5 * 15 / 20 + 10 * 10 / 20
    expected = 4.0 / (6.0 * precision) + 0.2**2 / (2 * 40 - 8)
    found = multisite_variance(0.2, sd=math.sqrt(6.0), within_variance=4.0, effect_variance=0.0, sites=sites)
    assert found == pytest.approx(expected)


def test_eef_null_uses_the_factor_of_a_simple_trial():
    found = eef_null_effect(Interval(1.0, 0.0, 2.0, 0.5, 0.05), sd=2.0, n_rows=100, interval="kenward-roger")
    assert found.value == pytest.approx(0.5 * (1 - 3 / (4 * 98 - 1)))


def test_eef_package_agrees_with_the_published_example():
    """Published: 265 pupils, 22 schools, effect 3.1097; the data themselves are not in the repository."""
    effect, n = 3.109708632, 265.0
    between = {"null": (6.591869465, 19.664431272, 0.5959455278), "conditional": (5.67372338, 14.7793987, 0.6739040966)}
    sizes = ArmSizes(np.full(12, 121 / 12), np.full(10, 144 / 10))
    brackets = []
    for variance_b, variance_w, published in between.values():
        icc = variance_b / (variance_b + variance_w)
        raw = effect / math.sqrt(variance_b + variance_w)
        brackets.append((1 - (published / raw) ** 2) * (n - 2) / icc)
        own = Yardstick(math.sqrt(variance_b + variance_w), math.sqrt(variance_w), 50.0, 240.0, icc)
        ours = eef_package_effect(effect, own, sizes, reach="total", conf_level=0.95)
        assert ours.value == pytest.approx(published, rel=0.01)  # equal sizes stand in for the real ones
    assert brackets[0] == pytest.approx(brackets[1], rel=1e-6)  # one bracket explains both published values
    within = eef_package_effect(
        effect, Yardstick(5.124, math.sqrt(19.664431272), 50.0, 240.0, 0.2511), sizes, reach="within", conf_level=0.95
    )
    assert within.value == pytest.approx(0.7012598975, rel=1e-9)


def test_design_comparable_limits_hold_the_estimate_and_widen_with_few_df():
    effect = Interval(2.0, 0.5, 3.5, 0.8, 0.02)
    narrow = design_comparable_effect(effect, Yardstick(4.0, 3.5, 200.0, 300.0, 0.2), conf_level=0.95)
    wide = design_comparable_effect(effect, Yardstick(4.0, 3.5, 8.0, 300.0, 0.2), conf_level=0.95)
    assert narrow.low < narrow.value < narrow.high
    assert wide.high - wide.low > narrow.high - narrow.low


def test_one_cluster_in_an_arm_is_refused():
    with pytest.raises(FitError, match="two clusters in each arm"):
        ArmSizes(np.array([20.0]), np.array([10.0, 12.0]))


def test_too_few_degrees_of_freedom_are_refused():
    with pytest.raises(FitError, match="degrees of freedom"):
        standardised_effect(Interval(1.0, 0.0, 2.0, 0.5, 0.05), sd=1.0, df=1.2, interval="kenward-roger")
