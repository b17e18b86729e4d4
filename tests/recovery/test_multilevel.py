"""Simulated cluster trials: are the fixed effects unbiased, and do the tests keep their size?"""

import numpy as np
import pytest

from evalkit.stats.mixed.fit import fit_mixed
from evalkit.stats.mixed.inference import infer, quantile, single_tests
from evalkit.stats.mixed.terms import RandomTerm

EFFECT = 0.25


def run(seed, *, schools, icc, runs, pupils=25):
    """Estimates, variances and two-sided p-values of the true effect, Kenward-Roger then Satterthwaite."""
    rng = np.random.default_rng(seed)
    estimates, ratios, sizes, covered = [], [], [], []
    for _ in range(runs):
        counts = rng.integers(pupils // 2, 2 * pupils - pupils // 2, schools)
        codes = np.repeat(np.arange(schools), counts)
        treat = (np.arange(schools) % 2)[codes].astype(float)
        pre = rng.normal(size=codes.size)
        y = EFFECT * treat + 0.5 * pre + np.sqrt(icc) * rng.normal(size=schools)[codes]
        y += np.sqrt(1 - icc) * rng.normal(size=codes.size)
        term = RandomTerm("school", ("Intercept",), codes, schools)
        fit = fit_mixed(y, np.vstack([np.ones(codes.size), treat, pre]), [term])
        assert fit.certificate.converged
        tests = [single_tests(infer(fit, method=m), np.eye(3)[1])[0] for m in ("kenward-roger", "satterthwaite")]
        estimates.append(fit.beta[1])
        ratios.append(fit.components[0].covariance[0, 0])
        covered.append([abs(t.estimate - EFFECT) <= quantile(0.95, t.df) * t.std_error for t in tests])
        sizes.append(fit.sigma2)
    return np.array(estimates), np.array(ratios), np.array(sizes), np.mean(covered, axis=0)


def error_of_rate(rate, runs):
    return 3.5 * np.sqrt(rate * (1 - rate) / runs)


def test_effects_variances_and_coverage_are_recovered():
    runs = 400
    estimates, between, within, coverage = run(1, schools=16, icc=0.2, runs=runs)
    assert abs(estimates.mean() - EFFECT) < 3.5 * estimates.std() / np.sqrt(runs)
    assert abs(between.mean() - 0.2) < 3.5 * between.std() / np.sqrt(runs)
    assert abs(within.mean() - 0.8) < 3.5 * within.std() / np.sqrt(runs)
    assert abs(coverage[0] - 0.95) < error_of_rate(0.95, runs)


@pytest.mark.slow
@pytest.mark.parametrize("icc", [0.0, 0.05, 0.2])
@pytest.mark.parametrize("schools", [6, 12, 40])
def test_type_one_error(schools, icc):
    """Kenward-Roger never rejects too often; it is careful where the school variance is tiny (see the docs page)."""
    runs = 2500
    estimates, _, _, coverage = run([schools, int(100 * icc)], schools=schools, icc=icc, runs=runs)
    assert abs(estimates.mean() - EFFECT) < 3.5 * estimates.std() / np.sqrt(runs)
    size = 1 - coverage[0]
    assert size < 0.05 + error_of_rate(0.05, runs)
    if icc == 0.2:
        assert size > 0.05 - error_of_rate(0.05, runs)
