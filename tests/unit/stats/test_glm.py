"""The random-intercept logit: its gradient, its integral, its boundary, its refusals, and the marginal quantities."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import expit

from evalkit.errors import FitError
from evalkit.stats.glm import fit_logit
from evalkit.stats.marginal import marginal_contrast, marginal_risk_difference
from evalkit.stats.quadrature import evaluate, make_problem


def simulate(seed, sigma=0.8, schools=20, size=15, effect=0.6):
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(schools), rng.integers(1, 2 * size, schools))
    x = np.column_stack([np.ones(len(codes)), codes % 2, rng.normal(size=len(codes))])
    linear = x @ [-0.4, effect, 0.7] + rng.normal(0, sigma, schools)[codes]
    return x, (rng.random(len(codes)) < expit(linear)).astype(float), codes


@pytest.mark.parametrize("n_nodes", [1, 2, 7, 12])
@pytest.mark.parametrize("sigma", [0.0, 0.3, 2.5])
def test_gradient_is_the_derivative_of_the_approximation_itself(n_nodes, sigma):
    x, y, codes = simulate(1)
    problem = make_problem(x, y, codes=codes, n_nodes=n_nodes)
    point = np.array([-0.2, 0.5, 0.4, sigma])
    zero = np.zeros(20)
    found = evaluate(problem, point[:3], sigma=sigma, start=zero)
    for k, axis in enumerate(np.eye(4)):
        up, down = (
            evaluate(problem, p[:3], sigma=p[3], start=zero) for p in (point + 1e-5 * axis, point - 1e-5 * axis)
        )
        slope = (up.log_likelihood - down.log_likelihood) / 2e-5
        np.testing.assert_allclose(found.gradient[k], slope, rtol=1e-6, atol=1e-6)


def test_many_nodes_give_the_integral_itself():
    x, y, codes = simulate(2, schools=6)
    beta, sigma = np.array([-0.3, 0.4, 0.9]), 1.3
    exact = 0.0
    for j in range(6):
        linear, sign = x[codes == j] @ beta, 2 * y[codes == j] - 1

        def integrand(u, linear=linear, sign=sign):
            return np.prod(expit(sign * (linear + sigma * u))) * np.exp(-(u**2) / 2) / np.sqrt(2 * np.pi)

        exact += np.log(quad(integrand, -12, 12, epsabs=0, epsrel=1e-11, limit=200)[0])
    values = [
        evaluate(make_problem(x, y, codes=codes, n_nodes=k), beta, sigma=sigma, start=np.zeros(6)).log_likelihood
        for k in (1, 7, 40)
    ]
    np.testing.assert_allclose(values[2], exact, rtol=1e-9)
    assert abs(values[1] - exact) < abs(values[0] - exact)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000))
def test_row_order_and_units_do_not_matter_and_the_optimum_is_certified(seed):
    x, y, codes = simulate(seed)
    order = np.random.default_rng(seed).permutation(len(y))
    unit = np.array([1.0, 1.0, 1e-5])
    plain = fit_logit(x, y, clusters=codes)
    moved = fit_logit((x * unit)[order], y[order], clusters=codes[order])
    assert plain.is_certified
    assert moved.is_certified
    np.testing.assert_allclose(moved.coefficients * unit, plain.coefficients, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(moved.log_likelihood, plain.log_likelihood, rtol=1e-11)
    np.testing.assert_allclose(moved.sigma, plain.sigma, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(moved.z_values, plain.z_values, rtol=1e-4)


def test_swapping_the_outcome_swaps_the_signs():
    x, y, codes = simulate(3)
    one, other = fit_logit(x, y, clusters=codes), fit_logit(x, 1 - y, clusters=codes)
    np.testing.assert_allclose(other.coefficients, -one.coefficients, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(other.effects, -one.effects, rtol=1e-5, atol=1e-7)


def test_boundary_is_never_beaten_inside():
    # Schools as alike as can be: the same mixture in each, so no variance is left to explain.
    codes = np.repeat(np.arange(12), 10)
    x = np.column_stack([np.ones(120), codes % 2])
    y = np.tile([0, 1, 0, 1, 0, 1, 1, 0, 0, 1], 12).astype(float)
    fit = fit_logit(x, y, clusters=codes)
    assert fit.is_singular
    assert fit.is_certified
    assert fit.sigma == fit.icc == 0
    assert not fit.effects.any()
    np.testing.assert_allclose(fit.log_likelihood, 120 * np.log(0.5))
    np.testing.assert_allclose(fit.std_errors, [np.sqrt(1 / 15), np.sqrt(2 / 15)], rtol=1e-8)
    problem = make_problem(x, y, codes=codes, n_nodes=7)
    inside = [evaluate(problem, fit.coefficients, sigma=s, start=np.zeros(12)).log_likelihood for s in (0.05, 0.3, 1)]
    assert max(inside) < fit.log_likelihood


def test_separation_names_the_column():
    x, y, codes = simulate(4)
    perfect = np.column_stack([x, (y == 1) & (x[:, 2] > 0)])
    with pytest.raises(FitError, match="The column special foretells the outcome without error"):
        fit_logit(perfect, y, clusters=codes, names=["constant", "treat", "pre", "special"])
    rng = np.random.default_rng(5)
    pair = rng.normal(size=(len(y), 2))
    pair[:, 1] = np.where(y == 1, 1, -1) * np.abs(pair[:, 1]) - pair[:, 0]
    with pytest.raises(FitError, match="The columns a, b together foretell"):
        fit_logit(np.column_stack([np.ones(len(y)), pair]), y, clusters=codes, names=["constant", "a", "b"])


def test_a_school_of_one_outcome_is_no_problem():
    x, y, codes = simulate(6)
    y[codes < 4] = 1.0
    assert fit_logit(x, y, clusters=codes).is_certified


def test_bad_input_is_named():
    x, y, codes = simulate(7)
    with pytest.raises(FitError, match="1 values that are not 0 or 1"):
        fit_logit(x, np.where(np.arange(len(y)) == 3, 2, y), clusters=codes)
    with pytest.raises(FitError, match="The outcome is 1 in every row"):
        fit_logit(x, np.ones(len(y)), clusters=codes)
    with pytest.raises(FitError, match="at least two schools"):
        fit_logit(x, y, clusters=np.zeros(len(y)))
    with pytest.raises(FitError, match="one label per row"):
        fit_logit(x, y, clusters=codes[1:])
    with pytest.raises(FitError, match=r"^1 of .* rows have no cluster"):
        fit_logit(x, y, clusters=np.append(codes[:-1], np.nan))
    with pytest.raises(FitError, match="quadrature points is 0"):
        fit_logit(x, y, clusters=codes, n_nodes=0)
    with pytest.raises(FitError, match="Other columns determine again: leave it out"):
        fit_logit(np.column_stack([x, 1 - x[:, 1]]), y, clusters=codes, names=["constant", "treat", "pre", "again"])
    whole = np.repeat([0.0, 1.0], 60)
    with pytest.raises(FitError, match="In nearly every school all pupils have the same outcome"):
        fit_logit(np.ones((120, 1)), whole, clusters=np.arange(120) // 10)


def test_marginal_risks_equal_brute_force_simulation():
    x, y, codes = simulate(8, sigma=1.4, schools=40)
    fit = fit_logit(x, y, clusters=codes)
    found = marginal_risk_difference(fit, 1)
    draws = np.random.default_rng(9).normal(0, fit.sigma, 4000)
    risks = []
    for arm in (1.0, 0.0):
        design = x.copy()
        design[:, 1] = arm
        risks.append(expit((design @ fit.coefficients)[:, None] + draws).mean(axis=0))
    for value, risk in zip((found.risk_treated, found.risk_control), risks, strict=True):
        assert abs(value - risk.mean()) < 4 * risk.std() / np.sqrt(4000)
    # School effects pull averages together: ignoring them would overstate the difference.
    naive = np.diff([expit(x @ fit.coefficients + (arm - x[:, 1]) * fit.coefficients[1]).mean() for arm in (0, 1)])[0]
    assert abs(found.risk_difference) < abs(naive)
    np.testing.assert_allclose(found.cox_d, found.marginal_log_odds_ratio / 1.65)
    np.testing.assert_allclose(found.conditional_log_odds_ratio, fit.coefficients[1])
    np.testing.assert_allclose(found.conditional_log_odds_ratio_std_error, fit.std_errors[1])
    np.testing.assert_allclose(found.conditional_odds_ratio, np.exp(fit.coefficients[1]))
    assert abs(found.marginal_log_odds_ratio) < abs(fit.coefficients[1])


def test_delta_method_equals_drawing_from_the_estimates():
    x, y, codes = simulate(10, sigma=0.9, schools=60, size=30)
    fit = fit_logit(x, y, clusters=codes)
    found = marginal_risk_difference(fit, 1)
    rng = np.random.default_rng(11)
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    draws = rng.multivariate_normal(np.append(fit.coefficients, fit.sigma), fit.covariance, 800)
    treated, control = x.copy(), x.copy()
    treated[:, 1], control[:, 1] = 1, 0
    differences, ratios = [], []
    for draw in draws:
        t, c = (
            float((expit((arm @ draw[:3])[:, None] + draw[3] * nodes) @ weights).mean() / weights.sum())
            for arm in (treated, control)
        )
        differences.append(t - c)
        ratios.append(np.log(t / (1 - t)) - np.log(c / (1 - c)))
    # 800 draws give a standard deviation within 2.5%; four of those.
    np.testing.assert_allclose(found.risk_difference_std_error, np.std(differences), rtol=0.1)
    np.testing.assert_allclose(found.marginal_log_odds_ratio_std_error, np.std(ratios), rtol=0.1)


def test_interactions_go_through_two_designs():
    x, y, codes = simulate(12)
    full = np.column_stack([x, x[:, 1] * x[:, 2]])
    fit = fit_logit(full, y, clusters=codes)
    treated, control = full.copy(), full.copy()
    treated[:, 1], treated[:, 3] = 1, full[:, 2]
    control[:, 1], control[:, 3] = 0, 0
    found = marginal_contrast(fit, treated=treated, control=control)
    assert np.isnan(found.conditional_log_odds_ratio)
    assert found.risk_difference != marginal_risk_difference(fit, 1).risk_difference
    with pytest.raises(FitError, match="values that are not 0 or 1"):
        marginal_risk_difference(fit, 2)
    with pytest.raises(FitError, match="not in the design"):
        marginal_risk_difference(fit, 9)
    with pytest.raises(FitError, match="both must be"):
        marginal_contrast(fit, treated=treated[:, :2], control=control)
