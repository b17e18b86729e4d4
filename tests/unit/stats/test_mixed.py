"""The mixed-model engine: fast paths against the general one, derivatives against differences, hard inputs."""

import numpy as np
import pytest

from evalkit.errors import FitError
from evalkit.stats.mixed.coordinates import standardise
from evalkit.stats.mixed.effects import random_effects
from evalkit.stats.mixed.evaluate import evaluate
from evalkit.stats.mixed.fit import fit_at, fit_mixed, fit_without_groups
from evalkit.stats.mixed.inference import infer, joint_test, single_tests
from evalkit.stats.mixed.layout import Dense, Sparse, build_layout
from evalkit.stats.mixed.moments import deviance, expected_hessian, gradient, hessian
from evalkit.stats.mixed.terms import RandomTerm, gather_factors
from evalkit.stats.mixed.two_level import TwoLevelStatistics, grid_deviance, moments_at


def trial(seed=1, schools=9, pupils=12, *, school_sd=0.6):
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(schools), pupils)
    treat = codes % 2
    pre = rng.normal(100, 15, codes.size)
    y = 5 + 2 * treat + 0.3 * pre + rng.normal(0, 5 * school_sd, schools)[codes] + rng.normal(0, 5, codes.size)
    return y, np.vstack([np.ones(codes.size), treat, pre]), codes


def intercept(codes, group="school"):
    return RandomTerm(group, ("Intercept",), codes, int(codes.max()) + 1)


def slope(codes, values, group="school"):
    return RandomTerm(group, ("Intercept", "x"), codes, int(codes.max()) + 1, np.vstack([np.ones(codes.size), values]))


def structures():
    """Every kind of random part: a slope, slopes on two nested levels, crossed, two terms on one factor."""
    y, x, klass = trial(3, schools=12, pupils=9)
    school = klass // 4
    rng = np.random.default_rng(4)
    other = rng.integers(0, 5, y.size)
    z = x[2]
    return {
        "slope": (y, x, [slope(klass, z)]),
        "nested": (y, x, [slope(klass, z, "class"), slope(school, z, "school")]),
        "crossed": (y, x, [slope(klass, z, "class"), intercept(other, "other")]),
        "apart": (y, x, [intercept(klass), RandomTerm("school", ("x",), klass, 12, z[None])]),
    }


def dense_deviance(y, x, terms, covariances, *, reml):
    """Profiled deviance from the n x n matrix."""
    omega = np.eye(y.size)
    for term, covariance in zip(terms, covariances, strict=True):
        same = term.codes[:, None] == term.codes[None, :]
        omega += (term.rows().T @ covariance @ term.rows()) * same
    inverse = np.linalg.inv(omega)
    gram = x @ inverse @ x.T
    beta = np.linalg.solve(gram, x @ inverse @ y)
    e = y - beta @ x
    nu = y.size - (len(x) if reml else 0)
    value = np.linalg.slogdet(omega)[1] + nu * (1 + np.log(2 * np.pi * (e @ inverse @ e) / nu))
    return value + (np.linalg.slogdet(gram)[1] if reml else 0.0), beta


def covariance_for(term):
    return 0.2 * np.eye(term.width) + 0.05 if term.width > 1 else np.array([[0.3]])


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("kind", ["slope", "nested", "crossed", "apart"])
def test_likelihood_equals_dense_algebra(kind, reml):
    y, x, terms = structures()[kind]
    covariances = [covariance_for(t) * (1.0 if t.names[0] == "Intercept" else 1e-3) for t in terms]
    expected, beta = dense_deviance(y, x, terms, covariances, reml=reml)
    fit = fit_at(y, x, terms, covariances, reml=reml)
    assert -2 * fit.loglik == pytest.approx(expected, abs=1e-8)
    np.testing.assert_allclose(fit.beta, beta, rtol=1e-9)


def layout_of(y, x, terms):
    return build_layout(standardise(y, x, None)[0], gather_factors(terms, None))


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("kind", ["slope", "nested", "crossed", "apart"])
def test_derivatives_equal_differences(kind, reml):
    layout = layout_of(*structures()[kind])
    rng = np.random.default_rng(5)
    sigmas = []
    for factor in layout.factors:
        root = np.zeros((factor.width, factor.width))
        for block in factor.blocks:
            root[np.ix_(block, block)] = 0.4 * np.eye(len(block)) + 0.1 * rng.random((len(block), len(block)))
        sigmas.append(root @ root.T)
    at = evaluate(layout, sigmas)
    index = 0
    for f, factor in enumerate(layout.factors):
        for basis in factor.basis:
            step = 1e-5
            up = evaluate(layout, [s + step * basis if g == f else s for g, s in enumerate(sigmas)])
            down = evaluate(layout, [s - step * basis if g == f else s for g, s in enumerate(sigmas)])
            slope_by_difference = (deviance(up, reml=reml) - deviance(down, reml=reml)) / (2 * step)
            assert gradient(at, reml=reml)[index] == pytest.approx(slope_by_difference, rel=1e-5, abs=1e-4)
            bend = (gradient(up, reml=reml) - gradient(down, reml=reml)) / (2 * step)
            np.testing.assert_allclose(hessian(at, reml=reml)[index], bend, rtol=1e-5, atol=1e-3)
            index += 1
    assert index == len(at.relative)
    assert np.linalg.eigvalsh(expected_hessian(at, reml=reml))[0] > 0


def test_sparse_and_dense_crossed_systems_agree(monkeypatch):
    from evalkit.stats.mixed import layout as module

    y, x, terms = structures()["crossed"]
    dense = fit_mixed(y, x, terms)
    assert isinstance(dense.statistics.outer, Dense)
    monkeypatch.setattr(module, "SMALL", 0)
    sparse = fit_mixed(y, x, terms)
    assert isinstance(sparse.statistics.outer, Sparse)
    assert sparse.loglik == pytest.approx(dense.loglik, abs=1e-9)
    for ours, theirs in zip(random_effects(sparse), random_effects(dense), strict=True):
        np.testing.assert_allclose(ours.mode, theirs.mode, atol=1e-6)
        np.testing.assert_allclose(ours.covariance, theirs.covariance, atol=1e-6)
    np.testing.assert_allclose(
        [t.df for t in single_tests(infer(sparse), np.eye(3))],
        [t.df for t in single_tests(infer(dense), np.eye(3))],
        rtol=1e-6,
    )


def test_a_huge_crossed_system_is_refused(monkeypatch):
    from evalkit.stats.mixed import layout as module

    monkeypatch.setattr(module, "HUGE", 3)
    with pytest.raises(FitError, match="system of 5 effects"):
        fit_mixed(*structures()["crossed"])


@pytest.mark.parametrize("method", ["kenward-roger", "satterthwaite", "normal"])
@pytest.mark.parametrize("weighted", [False, True])
def test_closed_form_equals_general_engine(method, weighted):
    y, x, codes = trial()
    weights = np.random.default_rng(7).uniform(0.2, 4, y.size) if weighted else None
    fit = fit_mixed(y, x, [intercept(codes)], weights=weights)
    relative = [component.covariance / fit.sigma2 for component in fit.components]
    general = fit_at(y, x, [intercept(codes)], relative, weights=weights)
    assert fit.loglik == pytest.approx(general.loglik, abs=1e-9)
    np.testing.assert_allclose(fit.covariance, general.covariance, rtol=1e-9)
    for ours, theirs in zip(
        single_tests(infer(fit, method=method), np.eye(3)),
        single_tests(infer(general, method=method), np.eye(3)),
        strict=True,
    ):
        assert ours.std_error == pytest.approx(theirs.std_error, rel=1e-9)
        assert ours.df == pytest.approx(theirs.df, rel=1e-7)
    (one,), (other,) = random_effects(fit), random_effects(general)
    np.testing.assert_allclose(one.mode, other.mode, rtol=1e-7)
    np.testing.assert_allclose(one.covariance, other.covariance, rtol=1e-7)


def test_balanced_design_has_schools_minus_two_degrees_of_freedom():
    y, x, codes = trial(11, schools=10, pupils=8)
    fit = fit_mixed(y, x[:2], [intercept(codes)])
    for method in ("kenward-roger", "satterthwaite"):
        assert single_tests(infer(fit, method=method), np.eye(2))[1].df == pytest.approx(8, abs=1e-6)


def test_balanced_design_equals_analysis_of_variance():
    y, x, codes = trial(12, schools=8, pupils=10)
    fit = fit_mixed(y, x[:1], [intercept(codes)])
    means = y.reshape(8, 10).mean(axis=1)
    within = ((y.reshape(8, 10) - means[:, None]) ** 2).sum() / 72
    between = 10 * means.var(ddof=1)
    assert fit.sigma2 == pytest.approx(within, rel=1e-10)
    assert fit.components[0].covariance[0, 0] == pytest.approx((between - within) / 10, rel=1e-9)


def test_a_joint_test_of_one_coefficient_is_its_t_squared():
    y, x, codes = trial()
    for method in ("kenward-roger", "satterthwaite"):
        inference = infer(fit_mixed(y, x, [intercept(codes)]), method=method)
        single = single_tests(inference, np.eye(3)[1])[0]
        joint = joint_test(inference, np.eye(3)[1])
        assert joint.f_value == pytest.approx(single.statistic**2, rel=1e-8)
        assert joint.den_df == pytest.approx(single.df, rel=1e-6)
        assert joint.p_value == pytest.approx(single.p_value, rel=1e-6)


def test_zero_variance_equals_least_squares():
    y, x, codes = trial(2, schools=6, pupils=20, school_sd=0)
    means = np.bincount(codes, y) / 20
    y = y - 0.98 * (means[codes] - y.mean())
    fit = fit_mixed(y, x, [intercept(codes)])
    assert fit.singular
    assert fit.components[0].covariance[0, 0] == 0.0
    assert fit.certificate.slope >= 0
    np.testing.assert_allclose(fit.beta, np.linalg.lstsq(x.T, y)[0], rtol=1e-8)
    assert fit.loglik == pytest.approx(fit_without_groups(y, x), abs=1e-9)


@pytest.mark.parametrize("outcome_scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("column_scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("kind", ["plain", "slope"])
def test_scales_change_nothing_but_units(outcome_scale, column_scale, kind):
    y, x, codes = trial(21, schools=20)
    size = np.array([1.0, 1.0, column_scale])
    term = intercept(codes) if kind == "plain" else slope(codes, x[2])
    scaled = intercept(codes) if kind == "plain" else slope(codes, x[2] * column_scale)
    base = fit_mixed(y, x, [term])
    fit = fit_mixed(y * outcome_scale, x * size[:, None], [scaled])
    assert fit.certificate.converged
    np.testing.assert_allclose(fit.beta * size / outcome_scale, base.beta, rtol=1e-6)
    np.testing.assert_allclose(fit.sigma2 / outcome_scale**2, base.sigma2, rtol=1e-7)
    np.testing.assert_allclose(
        [t.df for t in single_tests(infer(fit), np.eye(3))],
        [t.df for t in single_tests(infer(base), np.eye(3))],
        rtol=1e-4,
    )


def test_a_large_offset_loses_no_digits():
    y, x, codes = trial(22)
    base = fit_mixed(y, x, [intercept(codes)])
    moved = fit_mixed(y + 1e6, x, [intercept(codes)])
    np.testing.assert_allclose(moved.beta[1:], base.beta[1:], rtol=1e-7)
    assert moved.beta[0] == pytest.approx(base.beta[0] + 1e6, rel=1e-9)


def test_collinear_columns_are_dropped_like_lme4_keeping_the_earlier():
    y, x, codes = trial()
    extra = np.vstack([x, x[1] + 2 * x[2], np.zeros(y.size), x[2] ** 2])
    fit = fit_mixed(y, extra, [intercept(codes)])
    assert fit.coordinates.kept == (0, 1, 2, 5)
    assert fit.coordinates.dropped == (3, 4)
    plain = fit_mixed(y, extra[[0, 1, 2, 5]], [intercept(codes)])
    np.testing.assert_allclose(fit.beta, plain.beta, rtol=1e-7)
    assert fit.loglik == pytest.approx(plain.loglik, abs=1e-7)


def test_a_model_without_intercept():
    y, x, codes = trial()
    arms = np.vstack([1 - x[1], x[1]])
    fit, plain = fit_mixed(y, arms, [intercept(codes)]), fit_mixed(y, x[:2], [intercept(codes)])
    assert fit.beta[1] - fit.beta[0] == pytest.approx(plain.beta[1], rel=1e-8)
    assert fit.loglik == pytest.approx(plain.loglik, abs=1e-8)


def test_false_stationary_point_is_left():
    """A slope variance that starts at 0 must be found again: the KKT test sees that more variance fits better."""
    rng = np.random.default_rng(31)
    codes = np.repeat(np.arange(40), 15)
    z = rng.normal(0, 1, codes.size)
    effects = rng.normal(0, 1, (40, 2)) * [0.05, 0.8]
    y = effects[codes, 0] + effects[codes, 1] * z + rng.normal(0, 1, codes.size)
    fit = fit_mixed(y, np.vstack([np.ones(codes.size), z]), [slope(codes, z)])
    assert fit.certificate.converged
    assert fit.components[0].covariance[1, 1] == pytest.approx(0.64, rel=0.5)


def test_one_pupil_in_some_schools_and_two_schools():
    y, x, codes = trial()
    codes = np.where(np.arange(y.size) < 5, np.arange(y.size) + 20, codes)
    _, codes = np.unique(codes, return_inverse=True)
    assert fit_mixed(y, x, [slope(codes, x[2])]).certificate.converged
    two = fit_mixed(y, x[[0, 2]], [intercept(codes % 2)])
    assert two.certificate.converged


def test_row_order_never_matters():
    y, x, codes = trial()
    order = np.random.default_rng(1).permutation(y.size)
    for term in (intercept, lambda c, i=slice(None): slope(c, x[2][i])):
        base = fit_mixed(y, x, [term(codes)])
        mixed = fit_mixed(
            y[order], x[:, order], [term(codes[order]) if term is intercept else term(codes[order], order)]
        )
        np.testing.assert_allclose(mixed.beta, base.beta, rtol=1e-8)
        assert mixed.loglik == pytest.approx(base.loglik, abs=1e-8)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": lambda y: np.full_like(y, 3.0)}, "3 in every row"),
        ({"codes": lambda c: np.zeros_like(c)}, "1 level"),
        ({"codes": lambda c: np.arange(c.size)}, "rows that share a level"),
    ],
)
def test_impossible_data_are_refused(change, message):
    y, x, codes = trial()
    y, codes = change.get("y", lambda v: v)(y), change.get("codes", lambda v: v)(codes)
    with pytest.raises(FitError, match=message):
        fit_mixed(y, x, [intercept(codes)])


def test_an_outcome_explained_exactly_is_refused():
    _, x, codes = trial()
    with pytest.raises(FitError, match="explains every outcome"):
        fit_mixed(2 * x[2] + 1, x, [intercept(codes)])


def test_many_columns_take_the_same_grid(monkeypatch):
    from evalkit.stats.mixed import two_level as module

    y, x, codes = trial()
    base = fit_mixed(y, x, [intercept(codes)])
    monkeypatch.setattr(module, "LARGE", 0)
    assert fit_mixed(y, x, [intercept(codes)]).loglik == base.loglik


def test_grid_equals_single_evaluations():
    y, x, codes = trial()
    statistics = fit_mixed(y, x, [intercept(codes)]).statistics
    assert isinstance(statistics, TwoLevelStatistics)
    ratios = np.array([0.0, 0.01, 0.5, 20.0])
    one_by_one = np.array([deviance(moments_at(statistics, r), reml=True) for r in ratios])
    shifted = grid_deviance(statistics, ratios, reml=True)
    np.testing.assert_allclose(np.diff(shifted), np.diff(one_by_one), rtol=1e-9)
