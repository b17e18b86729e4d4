"""The factor engine: derivatives by differences, brute-force likelihood, units, honest refusals."""

import numpy as np
import pytest
from scipy.stats import chi2, multivariate_normal, ncx2

from evalkit.errors import FitError
from evalkit.stats.factor.answers import gather
from evalkit.stats.factor.fit import fit_normal
from evalkit.stats.factor.goodness import cfi_of, rmsea_interval, rmsea_of, srmr_of, tli_of
from evalkit.stats.factor.likelihood import make_likelihood
from evalkit.stats.factor.models import correlated_factors, ordinal_factors
from evalkit.stats.factor.occasions import ORDINAL_STEPS, STEPS, Occasions, structure_of
from evalkit.stats.factor.ordinal import WeightedProblem, fit_ordinal_factors, take_ordinal_sample
from evalkit.stats.factor.sample import take_sample
from evalkit.stats.factor.sandwich import saturated_information, saturated_scores, saturated_trace
from evalkit.stats.factor.saturated import saturate
from evalkit.stats.factor.standardised import standardise
from evalkit.stats.factor.start import start_values

TWO = np.arange(6)[:, np.newaxis] // 3 == np.arange(2)
ONE = np.ones((5, 1), dtype=bool)


def answers(seed, *, n=150, gaps=0.0, pattern=TWO, steps=None):
    rng = np.random.default_rng(seed)
    p, m = pattern.shape
    factors = rng.normal(size=(n, m)) @ np.linalg.cholesky(0.4 + 0.6 * np.eye(m)).T
    table = factors @ (0.75 * pattern.T) + 0.6 * rng.normal(size=(n, p))
    if steps is not None:
        table = np.clip(np.round(table + (steps + 1) / 2), 1, steps)
    table[rng.random(table.shape) < gaps] = np.nan
    return table


def problem(structure, rows):
    sample = take_sample(rows)
    likelihood = make_likelihood(structure, sample.answers, sample.covariances)
    rng = np.random.default_rng(0)
    start = start_values(structure, list(sample.means), list(sample.covariances), [])
    return likelihood, start + 0.05 * rng.normal(size=start.size)


def by_differences(function, at, width=1e-5):
    return np.array([(function(at + step) - function(at - step)) / (2 * width) for step in width * np.eye(at.size)])


STRUCTURES = {
    "factors": (correlated_factors(TWO, means=True), lambda gaps: [answers(1, gaps=gaps)]),
    "first loading": (
        correlated_factors(TWO, means=True, scaling="first loading"),
        lambda gaps: [answers(2, gaps=gaps)],
    ),
    "groups": (
        structure_of(Occasions("groups", 2, TWO), "scalar"),
        lambda gaps: [answers(3, gaps=gaps), answers(4, gaps=gaps)],
    ),
    "waves": (
        structure_of(Occasions("waves", 2, TWO[:, :1] | TWO[:, 1:]), "scalar"),
        lambda gaps: [np.hstack([answers(5, gaps=gaps), answers(5, gaps=gaps) + answers(6, gaps=gaps)])],
    ),
}


@pytest.mark.parametrize("gaps", [0.0, 0.15])
@pytest.mark.parametrize("name", list(STRUCTURES))
def test_slope_and_curvature_equal_differences(name, gaps):
    structure, rows = STRUCTURES[name]
    likelihood, at = problem(structure, rows(gaps))
    gradient = likelihood.slope(at)[1]
    assert np.allclose(by_differences(lambda x: likelihood.slope(x)[0], at), gradient, atol=1e-8)
    numeric = by_differences(lambda x: likelihood.slope(x)[1], at)
    assert np.allclose(numeric, likelihood.curvature(at, True), atol=1e-7)


def test_the_expected_curvature_is_the_mean_of_the_observed_one():
    structure = correlated_factors(TWO, means=True)
    _, at = problem(structure, [answers(1)])
    matrices = structure.at(at)
    sigma = matrices.loading[0] @ matrices.factor[0] @ matrices.loading[0].T + matrices.error[0]
    root = np.linalg.cholesky(sigma)
    ideal = np.random.default_rng(8).normal(size=(400, 6))
    ideal -= ideal.mean(axis=0)
    ideal = ideal @ np.linalg.inv(np.linalg.cholesky(np.cov(ideal.T, ddof=0))).T @ root.T + matrices.intercept[0]
    exact = make_likelihood(structure, [gather(ideal, total=400)], [sigma])
    assert np.allclose(exact.curvature(at, False), exact.curvature(at, True), atol=1e-10)


def test_the_objective_is_the_density_of_the_answers_given():
    rows = answers(9, n=60, gaps=0.2)
    likelihood, at = problem(correlated_factors(TWO, means=True), [rows])
    matrices = likelihood.structure.at(at)
    sigma = matrices.loading[0] @ matrices.factor[0] @ matrices.loading[0].T + matrices.error[0]
    total = sum(
        multivariate_normal(matrices.intercept[0][there], sigma[np.ix_(there, there)]).logpdf(row[there])
        for row in rows
        for there in [np.flatnonzero(~np.isnan(row))]
    )
    count = np.count_nonzero(~np.isnan(rows))
    assert -60 * likelihood.slope(at)[0] - 0.5 * np.log(2 * np.pi) * count == pytest.approx(total)
    ((_, scores),) = likelihood.scores(at, 0)
    assert np.allclose(scores.sum(axis=0), -60 * likelihood.slope(at)[1], atol=1e-8)


@pytest.mark.parametrize("gaps", [0.0, 0.2])
def test_saturated_scores_and_information_agree_with_one_another(gaps):
    block = gather(answers(10, n=400, gaps=gaps), total=400)
    mean, covariance, _ = saturate(block)
    scores = saturated_scores(block, mean, covariance)
    assert np.abs(scores.mean(axis=0)).max() < 1e-7
    step, places = 1e-5, np.tril_indices(6)
    shifted = []
    for place in range(scores.shape[1]):
        moved = [mean.copy(), covariance.copy()]
        if place < 6:
            moved[0][place] += step
        else:
            i, j = places[0][place - 6], places[1][place - 6]
            moved[1][i, j] += step
            moved[1][j, i] = moved[1][i, j]
        shifted.append(saturated_scores(block, *moved).mean(axis=0))
    information = saturated_information(block, mean, covariance)
    assert np.allclose(-np.array(shifted) / step, information, atol=1e-3 * np.abs(information).max())
    whole = saturated_trace(block, mean, covariance, None, with_means=True)
    assert whole == pytest.approx(np.trace(np.linalg.solve(information, scores.T @ scores)) / 400)
    schools = np.arange(400) % 20
    sums = np.array([scores[schools == one].sum(axis=0) for one in range(20)])
    assert saturated_trace(block, mean, covariance, schools, with_means=True) == pytest.approx(
        np.trace(np.linalg.solve(information, sums.T @ sums)) / 400 * 20 / 19
    )


def test_ordinal_slopes_equal_differences():
    rows = answers(11, n=400, pattern=ONE, steps=4)
    later = answers(12, n=400, pattern=ONE, steps=4)
    for kind, blocks in (("groups", [rows, later]), ("waves", [np.hstack([rows, np.clip(rows + later - 2, 1, 4)])])):
        sample = take_ordinal_sample(blocks)
        item_of = sample.item_of[sample.item_of < 5]
        for step in ORDINAL_STEPS:
            structure = structure_of(Occasions(kind, 2, ONE, item_of), step)
            weighted = WeightedProblem(structure, sample)
            at = weighted.find().parameters + 0.02 * np.random.default_rng(1).normal(size=len(structure.names))
            numeric = by_differences(lambda x, one=weighted: one.slope(x)[0], at)
            assert np.allclose(numeric, weighted.slope(at)[1], atol=1e-6)


def test_units_and_order_of_pupils_do_not_matter():
    rows = answers(13, gaps=0.1)
    structure = correlated_factors(TWO, means=True)
    first = fit_normal(structure, take_sample([rows]))
    scale = np.array([1.0, 10.0, 0.1, 100.0, 3.0, 0.5])
    second = fit_normal(structure, take_sample([(rows * scale + 7)[::-1]]))
    assert second.test.plain == pytest.approx(first.test.plain, abs=1e-6)
    assert np.allclose(standardise(second).loading, standardise(first).loading, atol=1e-7)
    assert np.allclose(second.matrices.loading[0], first.matrices.loading[0] * scale[:, np.newaxis], rtol=1e-6)


def test_pupils_in_schools_of_their_own_are_pupils():
    rows = answers(14, steps=4)
    structure = correlated_factors(TWO, means=True)
    alone = fit_normal(structure, take_sample([rows]), robust=True)
    own = fit_normal(structure, take_sample([rows], clusters=[np.arange(150)]))
    # n / (n - 1) for 150 schools; the two tests differ in the curvature that they take.
    assert np.allclose(own.covariance, alone.covariance * 150 / 149)
    ordinal = take_ordinal_sample([rows])
    schools = take_ordinal_sample([rows], clusters=[np.arange(150)])
    assert np.allclose(schools.blocks[0].spread, ordinal.blocks[0].spread * 150 / 149)


def test_a_model_that_is_the_data_fits_exactly():
    rows = answers(15, pattern=ONE[:3])
    fit = fit_normal(correlated_factors(ONE[:3]), take_sample([rows]))
    assert fit.test.df == 0
    assert fit.test.plain == pytest.approx(0, abs=1e-9)
    assert np.isnan(fit.test.p_value)
    assert (fit.goodness[0].cfi, fit.goodness[0].rmsea) == (1.0, 0.0)


def test_the_first_loading_scales_the_same_solution():
    rows = answers(16)
    by_variance = fit_normal(correlated_factors(TWO), take_sample([rows]))
    by_loading = fit_normal(correlated_factors(TWO, scaling="first loading"), take_sample([rows]))
    assert by_loading.test.plain == pytest.approx(by_variance.test.plain, abs=1e-8)
    assert by_loading.matrices.loading[0][[0, 3], [0, 1]].tolist() == [1.0, 1.0]
    one, other = standardise(by_variance), standardise(by_loading)
    assert np.allclose(one.loading, other.loading, atol=1e-7)
    assert np.allclose(one.loading_error, other.loading_error, atol=1e-6, equal_nan=True)
    assert np.allclose(one.omega, other.omega)


def test_each_step_of_invariance_holds_more_equal():
    sample = take_sample([answers(17), answers(18)])
    fits = [fit_normal(structure_of(Occasions("groups", 2, TWO), step), sample) for step in STEPS]
    assert [int(fit.test.df) for fit in fits] == [16, 20, 24, 30]
    statistics = [fit.test.plain for fit in fits]
    assert statistics == sorted(statistics)


def test_fit_indices_by_hand():
    # chi-square 30 on 20 df, 300 on 28 for no relations, 200 pupils
    assert cfi_of(30, 20, 300, 28) == pytest.approx(1 - 10 / 272)
    assert tli_of(30, 20, 300, 28) == pytest.approx(1 - (10 * 28) / (272 * 20))
    assert rmsea_of(30, 20, n=200, n_blocks=1) == pytest.approx(np.sqrt(10 / (200 * 20)))
    assert rmsea_of(30, 20, n=200, n_blocks=2) == pytest.approx(np.sqrt(2 * 10 / (200 * 20)))
    low, high = rmsea_interval(30, 20, n=200, n_blocks=1)
    assert low == 0.0  # 30 is not significant at 5% on 20 df
    assert chi2.cdf(30, 20) < 0.95
    assert ncx2.cdf(30, 20, 200 * 20 * high**2) == pytest.approx(0.05)
    assert rmsea_interval(5, 20, n=200, n_blocks=1) == (0.0, 0.0)
    there = np.array([[4.0, 2.0], [2.0, 9.0]])
    model = np.array([[4.0, 1.4], [1.4, 9.0]])
    assert srmr_of([there], [model], [1.0]) == pytest.approx(np.sqrt((0.6 / 6) ** 2 / 3))


def test_what_cannot_be_fitted_is_refused_with_a_reason():
    rows = answers(19)
    with pytest.raises(FitError, match="more pupils than items"):
        take_sample([rows[:6]])
    with pytest.raises(FitError, match="same answer to item 2"):
        take_sample([np.column_stack([rows[:, 0], np.ones(150), rows[:, 1:]])])
    with pytest.raises(FitError, match="computed exactly from others"):
        take_sample([np.column_stack([rows, rows[:, 0]])])
    with pytest.raises(FitError, match="free numbers"):
        fit_normal(correlated_factors(ONE[:2]), take_sample([rows[:, :2]]))
    with pytest.raises(FitError, match="fewer than 2 schools"):
        take_sample([rows], clusters=[np.zeros(150, dtype=int)])
    unrelated = np.random.default_rng(20).normal(size=(60, 4))
    unrelated -= unrelated.mean(axis=0)
    unrelated = unrelated @ np.linalg.inv(np.linalg.cholesky(np.cov(unrelated.T, ddof=0))).T
    with pytest.raises(FitError, match="no single solution fits best"):
        fit_normal(correlated_factors(ONE[:4]), take_sample([unrelated]))
    with pytest.raises(FitError, match="more pupils than items"):
        take_ordinal_sample([answers(21, n=150, gaps=0.5, steps=4)])
    with pytest.raises(FitError, match="different answers in different groups"):
        take_ordinal_sample([answers(22, steps=4), np.minimum(answers(23, steps=4), 3)])


def test_an_impossible_error_variance_is_told():
    base = np.array([[1.0, 0.9, 0.4], [0.9, 1.0, 0.3], [0.4, 0.3, 1.0]])
    rows = np.random.default_rng(24).normal(size=(200, 3))
    rows -= rows.mean(axis=0)
    rows = rows @ np.linalg.inv(np.linalg.cholesky(np.cov(rows.T, ddof=0))).T @ np.linalg.cholesky(base).T
    fit = fit_normal(correlated_factors(ONE[:3]), take_sample([rows]))
    assert fit.is_heywood
    assert fit.matrices.error[0].diagonal().min() < 0


def test_one_ordinal_factor_of_three_items_reproduces_the_correlations():
    sample = take_ordinal_sample([answers(25, n=300, pattern=ONE[:3], steps=3)])
    fit = fit_ordinal_factors(ordinal_factors(ONE[:3], sample.item_of), sample)
    assert np.allclose(fit.moments[0].implied_covariance, sample.blocks[0].correlations, atol=1e-8)
    assert np.allclose(fit.moments[0].implied_mean, sample.blocks[0].thresholds)
    assert fit.test.df == 0
