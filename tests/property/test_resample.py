"""Resampling by sufficient statistics equals honest refits, whatever the design."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from evalkit.stats.mixed.fit import fit_mixed
from evalkit.stats.mixed.terms import RandomTerm
from evalkit.stats.resample_allocation import count_allocations, draw_allocations, enumerate_allocations
from evalkit.stats.resample_permutation import make_permutation_plan, refit_allocations
from evalkit.stats.resample_plan import make_plan, refit_responses
from evalkit.stats.resample_summary import resampled_p

designs = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 10_000),
        "clusters": st.integers(4, 25),
        "largest": st.integers(2, 40),
        "between": st.sampled_from([0.0, 0.05, 0.3, 1.0, 5.0]),
        "scale": st.sampled_from([1e-5, 1.0, 1e5]),
        "centre": st.sampled_from([0.0, 100.0]),
    }
)


def trial(design):
    rng = np.random.default_rng(design["seed"])
    sizes = rng.integers(1, design["largest"] + 1, design["clusters"])
    sizes[:2] += 4
    codes = np.repeat(np.arange(sizes.size), sizes)
    arm = np.arange(sizes.size) % 2
    columns = np.vstack([np.ones(codes.size), arm[codes], rng.normal(design["centre"], 1, codes.size)])
    effects = rng.normal(0, design["between"], (6, sizes.size))[:, codes]
    responses = design["scale"] * (design["centre"] + columns[2] + effects + rng.normal(0, 1, (6, codes.size)))
    term = RandomTerm("school", ("Intercept",), codes, sizes.size)
    return columns, term, responses, arm


@settings(max_examples=60, deadline=None)
@given(designs)
def test_batch_of_outcomes_equals_single_fits(design):
    columns, term, responses, _ = trial(design)
    assume(term.codes.size > term.levels + 3)
    plan = make_plan(fit_mixed(responses[0], columns, [term]), responses[0], columns, term)
    found = refit_responses(plan, responses)
    for at, outcome in enumerate(responses):
        single = fit_mixed(outcome, columns, [term])
        errors = np.sqrt(np.diag(single.covariance))
        assert np.abs(found.beta[at] - single.beta).max() < 1e-6 * errors.max()
        np.testing.assert_allclose(found.std_error[at], errors, rtol=1e-6)
        np.testing.assert_allclose(found.sigma2[at], single.sigma2, rtol=1e-6)


@settings(max_examples=40, deadline=None)
@given(designs)
def test_batch_of_allocations_equals_single_fits(design):
    columns, term, responses, arm = trial(design)
    assume(term.codes.size > term.levels + 3)
    values = ((0.0, 1.0),)
    plan = make_permutation_plan(responses[0], columns[[0, 2]], term, values=values, by_cluster=True)
    allocations = draw_allocations(arm, np.zeros(arm.size, dtype=int), np.random.default_rng(design["seed"]), 5)
    found = refit_allocations(plan, allocations)
    for at, allocation in enumerate(allocations.T):
        moved = np.vstack([columns[0], allocation[term.codes], columns[2]])
        single = fit_mixed(responses[0], moved, [term])
        error = np.sqrt(single.covariance[1, 1])
        assert abs(found.estimate[at, 0] - single.beta[1]) < 1e-6 * error
        np.testing.assert_allclose(found.std_error[at, 0], error, rtol=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=9))
def test_enumeration_is_complete_distinct_and_holds_the_observed(units):
    arms, strata = (np.array([unit[i] for unit in units]) for i in (0, 1))
    total = count_allocations(arms, strata)
    found = enumerate_allocations(arms, strata, 0, total)
    columns = {tuple(column) for column in found.T}
    assert len(columns) == total
    assert tuple(arms) in columns
    for stratum in set(strata.tolist()):
        own = np.sort(found[strata == stratum], axis=0)
        assert (own == np.sort(arms[strata == stratum])[:, None]).all()


@given(st.lists(st.floats(-5, 5, allow_nan=False), min_size=1, max_size=40), st.integers(0, 5))
def test_p_lies_between_its_ends_and_failures_never_lower_it(drawn, failed):
    values = np.array(drawn)
    plain = resampled_p(values[0], values, exact=True).p_value
    assert 1 / values.size <= plain <= 1
    with_failures = resampled_p(values[0], np.append(values, np.full(failed, np.nan)), exact=True).p_value
    assert with_failures >= plain - 1e-12
