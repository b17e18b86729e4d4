"""Batches against single fits, allocations against lists, p-values against counts."""

import itertools

import numpy as np
import pytest

from evalkit.errors import FitError
from evalkit.stats.mixed.fit import fit_mixed
from evalkit.stats.mixed.terms import RandomTerm
from evalkit.stats.resample_allocation import (
    count_allocations,
    draw_allocations,
    enumerate_allocations,
    sign_patterns,
)
from evalkit.stats.resample_bootstrap import (
    BootstrapPlan,
    bootstrap_block,
    counted_batch,
    draw_counts,
    stretched_residuals,
)
from evalkit.stats.resample_permutation import make_permutation_plan, refit_allocations
from evalkit.stats.resample_plan import make_plan, refit_responses, to_draws
from evalkit.stats.resample_refit import stretch
from evalkit.stats.resample_summary import resampled_interval, resampled_p
from evalkit.stats.resample_two_level import fit_batch
from evalkit.stats.resample_wild import make_wild_plan, wild_statistics


class Trial:
    """A synthetic cluster trial as arrays."""

    def __init__(self, seed=1, *, clusters=12, between=0.5, weighted=False, arms=2):
        rng = np.random.default_rng(seed)
        sizes = rng.integers(3, 25, clusters)
        self.codes = rng.permutation(np.repeat(np.arange(clusters), sizes))
        self.n = self.codes.size
        self.arm_of = np.arange(clusters) % arms
        self.arm = self.arm_of[self.codes]
        self.pre = 100 + 15 * rng.normal(0, 1, self.n)
        effects = rng.normal(0, between, clusters)
        self.outcome = 500 + 20 * (0.3 * self.arm + 0.02 * self.pre + effects[self.codes] + rng.normal(0, 1, self.n))
        self.weights = np.round(rng.uniform(0.5, 2, self.n), 2) if weighted else None
        self.term = RandomTerm("school", ("Intercept",), self.codes, clusters)
        self.arms = arms
        self.columns = self.columns_of(self.arm)
        self.others = np.vstack([np.ones(self.n), self.pre])

    def columns_of(self, arm):
        return np.vstack([np.ones(self.n), *(arm == k for k in range(1, self.arms)), self.pre])

    def fit(self, outcome=None, columns=None, reml=True):
        outcome = self.outcome if outcome is None else outcome
        columns = self.columns if columns is None else columns
        return fit_mixed(outcome, columns, [self.term], weights=self.weights, reml=reml)

    def plan(self, reml=True):
        return make_plan(self.fit(reml=reml), self.outcome, self.columns, self.term, self.weights)


def same(draws, fits, *, rtol=1e-8):
    np.testing.assert_allclose(draws.beta, [f.beta for f in fits], rtol=rtol)
    np.testing.assert_allclose(draws.std_error, [np.sqrt(np.diag(f.covariance)) for f in fits], rtol=rtol)
    between = np.array([f.components[0].covariance[0, 0] for f in fits])
    np.testing.assert_allclose(draws.variances[:, 0], between, rtol=1e-6, atol=1e-9 * draws.sigma2.max())
    np.testing.assert_allclose(draws.sigma2, [f.sigma2 for f in fits], rtol=rtol)
    assert draws.converged.all()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("between", [0.0, 0.1, 2.0])
def test_given_outcomes_equal_single_fits(weighted, reml, between):
    trial = Trial(3, between=between, weighted=weighted)
    rng = np.random.default_rng(9)
    effects = rng.normal(0, 20 * between, (60, 12))[:, trial.codes]
    responses = 500 + 6 * trial.arm + effects + rng.normal(0, 20, (60, trial.n))
    same(refit_responses(trial.plan(reml), responses), [trial.fit(y, reml=reml) for y in responses])


def test_the_observed_outcome_gives_the_fit_back():
    trial = Trial()
    same(refit_responses(trial.plan(), trial.outcome[None]), [trial.fit()])


@pytest.mark.parametrize("weighted", [False, True])
def test_fault_2_a_cluster_drawn_twice_is_two_clusters(weighted):
    trial = Trial(5, weighted=weighted)
    counts = draw_counts(trial.arm_of, np.random.default_rng(2), 25)
    plan = trial.plan()
    draws = to_draws(plan, fit_batch(counted_batch(plan, counts)))
    fits = []
    for count in counts.T.astype(int):
        drawn = np.repeat(np.arange(12), count)
        rows = [np.flatnonzero(trial.codes == level) for level in drawn]
        codes = np.repeat(np.arange(drawn.size), [own.size for own in rows])
        rows = np.concatenate(rows)
        term = RandomTerm("school", ("Intercept",), codes, drawn.size)
        weights = None if trial.weights is None else trial.weights[rows]
        fits.append(fit_mixed(trial.outcome[rows], trial.columns[:, rows], [term], weights=weights))
    same(draws, fits)


def test_clusters_are_drawn_within_strata():
    strata = np.array([0, 0, 0, 1, 1, 1, 1])
    counts = draw_counts(strata, np.random.default_rng(1), 200)
    assert (counts[strata == 0].sum(axis=0) == 3).all()
    assert (counts[strata == 1].sum(axis=0) == 4).all()
    assert counts.max() > 1


def test_a_draw_with_dependent_columns_is_marked_not_dropped():
    trial = Trial(6)
    plan = trial.plan()
    counts = np.ones((12, 3))
    counts[trial.arm_of == 1, 1] = 0.0  # nobody treated in the second draw
    draws = to_draws(plan, fit_batch(counted_batch(plan, counts)))
    assert draws.converged.tolist() == [True, False, True]
    assert np.isnan(draws.beta[1]).all()
    same(to_draws(plan, fit_batch(counted_batch(plan, counts[:, [0, 2]]))), [trial.fit()] * 2)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("arms", [2, 3])
@pytest.mark.parametrize("by_cluster", [True, False])
def test_allocations_equal_single_fits(weighted, arms, by_cluster):
    trial = Trial(7, weighted=weighted, arms=arms)
    rng = np.random.default_rng(4)
    labels = trial.arm_of if by_cluster else trial.arm
    strata = np.zeros(12, dtype=int) if by_cluster else trial.codes
    if not by_cluster:
        labels = rng.integers(0, arms, trial.n)
    allocations = draw_allocations(labels, strata, rng, 30)
    plan = make_permutation_plan(
        trial.outcome,
        trial.others,
        trial.term,
        values=((0.0, 1.0),) * (arms - 1),
        by_cluster=by_cluster,
        weights=trial.weights,
    )
    found = refit_allocations(plan, allocations)
    for at, allocation in enumerate(allocations.T):
        arm = allocation[trial.codes] if by_cluster else allocation
        single = trial.fit(columns=trial.columns_of(arm))
        np.testing.assert_allclose(found.estimate[at], single.beta[1:arms], rtol=1e-8)
        errors = np.sqrt(np.diag(single.covariance))[1:arms]
        np.testing.assert_allclose(found.std_error[at], errors, rtol=1e-8)


def test_parametric_draws_have_the_distribution_of_simulated_outcomes():
    trial = Trial(8, clusters=10)
    fit, plan = trial.fit(), trial.plan()
    draws = bootstrap_block(BootstrapPlan(plan, "parametric", np.zeros(10)), np.random.SeedSequence(1), 4000)
    rng = np.random.default_rng(2)
    spread = np.sqrt(fit.components[0].covariance[0, 0])
    responses = fit.beta @ trial.columns + rng.normal(0, spread, (4000, 10))[:, trial.codes]
    simulated = refit_responses(plan, responses + rng.normal(0, np.sqrt(fit.sigma2), responses.shape))
    levels = [0.05, 0.25, 0.5, 0.75, 0.95]
    for ours, theirs in (
        (draws.beta[:, 1], simulated.beta[:, 1]),
        (draws.beta[:, 2], simulated.beta[:, 2]),
        (draws.sigma2, simulated.sigma2),
        (draws.variances[:, 0], simulated.variances[:, 0]),
    ):
        ranks = [(theirs <= cut).mean() for cut in np.quantile(ours, levels)]
        # four standard errors of a difference of two shares; where the variance is 0 in a share of draws, ranks jump
        gaps = np.array([r - max(level, (ours == 0).mean()) for r, level in zip(ranks, levels, strict=True)])
        assert np.abs(gaps).max() < 4 * np.sqrt(0.25 * 2 / 4000)


def test_equal_seeds_equal_bytes_and_others_differ():
    plan = BootstrapPlan(Trial().plan(), "parametric", np.zeros(12))
    one, two, three = (bootstrap_block(plan, np.random.SeedSequence(s), 50).beta.tobytes() for s in (1, 1, 2))
    assert one == two != three


def test_residuals_are_stretched_to_the_fitted_variances():
    trial = Trial(9)
    plan = trial.plan()
    effects, residuals = stretched_residuals(plan)
    assert effects.mean() == pytest.approx(0, abs=1e-12)
    assert (effects**2).mean() == pytest.approx(plan.ratio * plan.sigma2)
    assert (residuals**2).mean() == pytest.approx(plan.sigma2)
    covariance = np.array([[2.0, 0.4], [0.4, 0.5]])
    stretched = stretch(np.random.default_rng(1).normal(size=(30, 2)), covariance)
    np.testing.assert_allclose(stretched.T @ stretched / 30, covariance, rtol=1e-10)


def test_residual_bootstrap_refuses_weights():
    plan = BootstrapPlan(Trial(weighted=True).plan(), "residual", np.zeros(12))
    with pytest.raises(FitError, match="precision weights"):
        bootstrap_block(plan, np.random.SeedSequence(1), 5)


@pytest.mark.parametrize(
    ("arms", "strata"),
    [
        ([0, 0, 0, 1, 1], [0] * 5),
        ([0, 1, 0, 1, 0, 1], [0, 0, 1, 1, 2, 2]),
        ([0, 1, 2, 0, 1, 0], [0] * 6),
        ([0, 1, 1, 0, 2, 2, 0], [0, 0, 0, 1, 1, 1, 1]),
    ],
)
def test_every_allocation_once(arms, strata):
    arms, strata = np.array(arms), np.array(strata)
    total = count_allocations(arms, strata)
    brute = set()
    for order in itertools.permutations(range(len(arms))):
        candidate = arms[list(order)]
        if all(sorted(candidate[strata == s]) == sorted(arms[strata == s]) for s in set(strata)):
            brute.add(tuple(candidate))
    found = np.hstack([enumerate_allocations(arms, strata, at, min(at + 7, total)) for at in range(0, total, 7)])
    assert {tuple(column) for column in found.T} == brute
    assert total == len(brute) == found.shape[1]


def test_random_allocations_keep_numbers_per_arm_and_reach_everything():
    arms, strata = np.array([0, 1, 0, 1, 1]), np.array([0, 0, 0, 1, 1])
    drawn = draw_allocations(arms, strata, np.random.default_rng(3), 300)
    assert (np.sort(drawn[:3], axis=0) == np.array([[0], [0], [1]])).all()
    assert len({tuple(column) for column in drawn.T}) == 3


def test_sign_patterns_are_all_there_and_start_with_the_observed_one():
    patterns = sign_patterns(6, 0, 64)
    assert len({tuple(column) for column in patterns.T}) == 64
    assert (patterns[:, 0] == 1).all()
    with pytest.raises(FitError, match="at random"):
        sign_patterns(80, 0, 5)


@pytest.mark.parametrize("weighted", [False, True])
def test_wild_statistics_equal_refits(weighted):
    trial = Trial(11, clusters=7, weighted=weighted)
    root = np.ones(trial.n) if trial.weights is None else np.sqrt(trial.weights)
    x, y = trial.columns.T * root[:, None], trial.outcome * root
    others = x[:, [0, 2]]
    null = others @ np.linalg.lstsq(others, y, rcond=None)[0]
    plan = make_wild_plan(trial.columns.T, trial.outcome, trial.codes, place=1, weights=trial.weights)
    signs = sign_patterns(7, 0, 128)
    found = wild_statistics(plan, signs)
    inverse = np.linalg.inv(x.T @ x)
    for at in (0, 1, 37, 90, 127):
        made = null + signs[trial.codes, at] * (y - null)
        beta = inverse @ x.T @ made
        scores = np.zeros((7, 3))
        np.add.at(scores, trial.codes, x * (made - x @ beta)[:, None])
        error = np.sqrt((inverse @ scores.T @ scores @ inverse)[1, 1])
        assert found[at] == pytest.approx(beta[1] / error, rel=1e-9)
    np.testing.assert_allclose(found, -wild_statistics(plan, -signs), rtol=1e-9)


def test_ties_count_alike_and_the_observed_draw_counts():
    drawn = np.array([2.0 * (1 - 1e-12), -2.0 * (1 + 1e-12), 1.0, 3.0])
    assert resampled_p(2.0, drawn, exact=True).p_value == 0.75
    assert resampled_p(2.0, drawn, exact=False).p_value == pytest.approx(4 / 5)


def test_p_is_never_zero_and_failed_draws_count_as_extreme():
    found = resampled_p(5.0, np.zeros(99), exact=False)
    assert (found.p_value, found.failed) == (0.01, 0)
    found = resampled_p(5.0, np.append(np.zeros(97), [np.nan, np.nan]), exact=False)
    assert (found.p_value, found.failed, found.draws) == (0.03, 2, 99)


def test_fault_8_basic_limits_turn_both_ends_and_nothing_is_rounded():
    drawn = np.random.default_rng(5).gamma(2.0, 0.013, 2000)
    low, high = resampled_interval(0.02, drawn, kind="percentile", conf_level=0.9)
    assert (low, high) == pytest.approx((np.quantile(drawn, 0.05), np.quantile(drawn, 0.95)), rel=1e-12)
    assert resampled_interval(0.02, drawn, kind="basic", conf_level=0.9) == (0.04 - high, 0.04 - low)
    assert round(low, 2) != low


def test_limits_leave_failed_draws_out():
    drawn = np.array([1.0, 2.0, 3.0, np.nan])
    assert resampled_interval(2.0, drawn, kind="percentile", conf_level=0.5) == (1.5, 2.5)
    assert np.isnan(resampled_interval(2.0, np.array([np.nan, 1.0]), kind="basic", conf_level=0.5)).all()
