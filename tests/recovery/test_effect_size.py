"""Simulated cluster trials of known effect size: is g centred, and is its interval right as often as it says?"""

import numpy as np
import pytest

from evalkit.stats.cluster_effect_size import Interval, measure_yardstick, standardised_effect
from evalkit.stats.cluster_effect_variants import ArmSizes, eef_package_effect, naive_sd_factor
from evalkit.stats.mixed.fit import fit_mixed
from evalkit.stats.mixed.inference import infer, quantile, single_tests
from evalkit.stats.mixed.terms import RandomTerm

TRUTH = 0.5


def simulate(rng, *, clusters, icc, explained=0.5, effect=TRUTH):
    """One trial with total variance 1 given the arm, unequal schools, a pre-test that explains part of both levels."""
    sizes = rng.integers(8, 24, clusters)
    codes = np.repeat(np.arange(clusters), sizes)
    treat = (codes % 2).astype(float)
    pre_school = rng.normal(0, np.sqrt(icc * explained), clusters)[codes]
    pre_pupil = rng.normal(0, np.sqrt((1 - icc) * explained), codes.size)
    rest = rng.normal(0, np.sqrt(icc * (1 - explained)), clusters)[codes]
    outcome = effect * treat + pre_school + pre_pupil + rest
    outcome += rng.normal(0, np.sqrt((1 - icc) * (1 - explained)), codes.size)
    return outcome, treat, pre_school + pre_pupil, RandomTerm("school", ("Intercept",), codes, clusters)


def effect_of(outcome, treat, pre, term):
    """The headline g with its interval, and the same b by the twice corrected and the package's rules."""
    fit = fit_mixed(outcome, np.vstack([np.ones(treat.size), treat, pre]), [term])
    test = single_tests(infer(fit), np.array([0.0, 1.0, 0.0]))[0]
    reach = quantile(0.95, test.df) * test.std_error
    effect = Interval(test.estimate, test.estimate - reach, test.estimate + reach, test.std_error, test.p_value)
    own = measure_yardstick(fit_mixed(outcome, np.vstack([np.ones(treat.size), treat]), [term]), [term])
    found = standardised_effect(effect, sd=own.total, df=own.total_df, interval="kenward-roger")
    empty = measure_yardstick(fit_mixed(outcome, np.ones((1, treat.size)), [term]), [term])
    counts = np.bincount(term.codes).astype(float)
    sizes = ArmSizes(counts[1::2], counts[::2])
    package = eef_package_effect(test.estimate, empty, sizes, reach="total", conf_level=0.95).value
    return found, found.value * naive_sd_factor(own.icc, sizes), package


def run(trials, *, seed, **design):
    rng = np.random.default_rng(seed)
    found = [effect_of(*simulate(rng, **design)) for _ in range(trials)]
    values = np.array([[f.value, twice, package] for f, twice, package in found])
    covered = np.mean([f.low <= TRUTH <= f.high for f, _, _ in found])
    return values, covered


def test_g_is_centred_and_covered_in_a_middling_trial():
    trials = 400
    values, covered = run(trials, seed=11, clusters=24, icc=0.2)
    error = values[:, 0].std(ddof=1) / np.sqrt(trials)
    assert abs(values[:, 0].mean() - TRUTH) < 3.5 * error
    assert abs(covered - 0.95) < 3.5 * np.sqrt(0.95 * 0.05 / trials)
    # the other two rules take the same b and shrink it, by 1 to 6 %
    assert (values[:, 1] < values[:, 0]).mean() > 0.95
    assert values[:, 2].mean() < values[:, 1].mean() < values[:, 0].mean()


@pytest.mark.slow
@pytest.mark.parametrize("clusters", [8, 12, 40])
@pytest.mark.parametrize("icc", [0.05, 0.2])
def test_g_is_centred_and_covered_over_designs(clusters, icc, record_property):
    trials = 4000
    values, covered = run(trials, seed=clusters, clusters=clusters, icc=icc)
    error = values[:, 0].std(ddof=1) / np.sqrt(trials)
    record_property(
        "result",
        f"J={clusters} ICC={icc}: mean g {values[:, 0].mean():.4f} (MC {error:.4f}), twice corrected "
        f"{values[:, 1].mean():.4f}, package {values[:, 2].mean():.4f}, coverage {covered:.4f}",
    )
    assert abs(values[:, 0].mean() - TRUTH) < 4 * error + 0.01
    # with few schools and a small ICC Kenward-Roger is known to be careful: never below nominal
    assert covered > 0.95 - 4 * np.sqrt(0.95 * 0.05 / trials)
    assert covered < (0.985 if icc < 0.1 else 0.965) + (0.01 if clusters < 10 else 0.0)
