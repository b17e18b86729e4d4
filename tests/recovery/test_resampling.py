"""Simulated trials without an effect: does the randomisation test reject as often as it says?"""

import numpy as np
import pytest

from evalkit.stats.mixed.terms import RandomTerm
from evalkit.stats.resample_allocation import count_allocations, enumerate_allocations
from evalkit.stats.resample_permutation import make_permutation_plan, refit_allocations
from evalkit.stats.resample_summary import resampled_p


def p_value(rng, allocations, real, *, clusters=10, keep=None):
    """Exact p of one trial without an effect whose allocation was number `real`."""
    sizes = rng.integers(5, 20, clusters)
    codes = np.repeat(np.arange(clusters), sizes)
    means = keep if keep is not None else rng.normal(0, 0.5, clusters)
    pre = means[codes] + rng.normal(0, 1, codes.size)
    outcome = 0.8 * pre + means[codes] + rng.normal(0, 0.2, clusters)[codes] + rng.normal(0, 1, codes.size)
    term = RandomTerm("school", ("Intercept",), codes, clusters)
    plan = make_permutation_plan(outcome, np.ones((1, codes.size)), term, values=((0.0, 1.0),), by_cluster=True)
    found = refit_allocations(plan, allocations)
    drawn = (found.estimate / found.std_error)[:, 0]
    return resampled_p(float(drawn[real]), drawn, exact=True).p_value


def test_enumerated_test_has_its_size():
    rng = np.random.default_rng(3)
    arms = np.arange(10) % 2
    allocations = enumerate_allocations(arms, np.zeros(10, dtype=int), 0, 252)
    found = np.array([p_value(rng, allocations, rng.integers(0, 252)) for _ in range(250)])
    assert count_allocations(arms, np.zeros(10, dtype=int)) == 252
    for level in (0.05, 0.2, 0.5):
        assert abs((found <= level).mean() - level) < 3.5 * np.sqrt(level * (1 - level) / 250) + 2 / 252


@pytest.mark.slow
def test_repeating_a_rerandomisation_restores_the_size_that_the_naive_test_loses(record_property):
    rng = np.random.default_rng(5)
    arms = np.arange(10) % 2
    every = enumerate_allocations(arms, np.zeros(10, dtype=int), 0, 252)
    naive, right = [], []
    for _ in range(1500):
        means = rng.normal(0, 0.5, 10)
        gap = np.abs((every * means[:, None]).sum(axis=0) / 5 - ((1 - every) * means[:, None]).sum(axis=0) / 5)
        allowed = np.argsort(gap)[:60]
        real = rng.integers(0, 60)
        state = rng.bit_generator.state
        right.append(p_value(rng, every[:, allowed], real, keep=means))
        rng.bit_generator.state = state
        naive.append(p_value(rng, every, allowed[real], keep=means))
    sizes = [float((np.array(found) <= 0.05).mean()) for found in (naive, right)]
    record_property("size", f"at 5 %: naive {sizes[0]:.4f}, by the mechanism {sizes[1]:.4f}")
    assert sizes[0] < 0.02
    attainable = 1 / 30  # 60 allocations in mirrored pairs: p comes in steps of 1/30
    assert abs(sizes[1] - attainable) < 3.5 * np.sqrt(attainable * (1 - attainable) / 1500)
