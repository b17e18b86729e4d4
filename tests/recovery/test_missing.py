"""Simulated trials with outcomes missing at random: imputation recovers the effect, and its intervals hold it."""

import numpy as np
import pytest

from evalkit.stats.missing_imputation import impute
from evalkit.stats.missing_model import IncompleteVariable, imputation_model
from evalkit.stats.mixed.fit import fit_mixed
from evalkit.stats.mixed.inference import infer, single_tests
from evalkit.stats.mixed.terms import RandomTerm
from evalkit.stats.pooling import pool_estimates

EFFECT = 0.4


def trial(rng, schools, size):
    school = np.repeat(np.arange(schools), size)
    arm = (school % 2) * 1.0
    aux = rng.normal(size=len(school))
    pre = rng.normal(size=len(school))
    y = EFFECT * arm + 0.5 * pre + 0.7 * aux + rng.normal(0, 0.4, schools)[school] + rng.normal(size=len(school))
    # Who answers depends on aux, the opposite way in the two arms: complete cases exaggerate the effect.
    y[rng.random(len(y)) < 1 / (1 + np.exp(1.2 + 1.5 * aux * (2 * arm - 1)))] = np.nan
    return school, arm, aux, pre, y


def effect_of(y, arm, pre, school):
    known = ~np.isnan(y)
    codes = np.unique(school[known], return_inverse=True)[1]
    term = RandomTerm("school", ("(Intercept)",), codes, int(codes.max()) + 1)
    fit = fit_mixed(y[known], np.vstack([np.ones(known.sum()), arm[known], pre[known]]), [term])
    found = single_tests(infer(fit), np.array([[0.0, 1.0, 0.0]]))[0]
    return found.estimate, found.std_error, found.df


def study(n_trials, m, schools, size, seed):
    rng = np.random.default_rng(seed)
    pooled, complete = [], []
    for number in range(n_trials):
        school, arm, aux, pre, y = trial(rng, schools, size)
        model = imputation_model(
            [IncompleteVariable("y", y)],
            clusters=school,
            complete=np.column_stack([pre, aux]),
            complete_names=["pre", "aux"],
            groups=arm,
            cluster_means=False,
        )
        imputed = impute(model, seed=number, n_imputations=m)
        fits = np.array([effect_of(imputed.completed(k)[:, 0], arm, pre, school) for k in range(m)])
        found = pool_estimates(fits[:, 0], fits[:, 1], df_complete=fits[:, 2])
        pooled.append((found.estimates[0], found.conf_low[0], found.conf_high[0]))
        complete.append(effect_of(y, arm, pre, school)[0])
    return np.array(pooled), np.array(complete)


def check(pooled, n_trials):
    estimates = pooled[:, 0]
    assert abs(estimates.mean() - EFFECT) < 4 * estimates.std(ddof=1) / np.sqrt(n_trials)
    covered = ((pooled[:, 1] <= EFFECT) & (pooled[:, 2] >= EFFECT)).mean()
    assert abs(covered - 0.95) < 3.5 * np.sqrt(0.95 * 0.05 / n_trials)
    return covered


def test_a_few_trials():
    pooled, complete = study(40, 5, 20, 15, seed=1)
    check(pooled, 40)
    assert complete.mean() > pooled[:, 0].mean()


@pytest.mark.slow
@pytest.mark.parametrize(("schools", "size"), [(20, 15), (71, 30)])
def test_many_trials(schools, size):
    pooled, complete = study(600, 20, schools, size, seed=2)
    check(pooled, 600)
    # The same trials without imputation are off, so the test can tell.
    assert abs(complete.mean() - EFFECT) > 8 * complete.std(ddof=1) / np.sqrt(600)
