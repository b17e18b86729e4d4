import numpy as np
import pytest

from evalkit.errors import FitError
from evalkit.stats.ordinal import fit_ordinal


def simulate(seed, schools=20):
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(schools), rng.integers(8, 25, schools))
    x = np.column_stack([codes % 2, rng.normal(size=len(codes))])
    latent = x @ [0.5, 0.9] + rng.normal(0, 0.4, schools)[codes] + rng.logistic(size=len(codes))
    return x, np.digitize(latent, [-1.0, 0.3, 1.6]).astype(float), codes


def test_turning_the_scale_round_turns_the_signs():
    x, y, codes = simulate(1)
    fit, turned = fit_ordinal(x, y, clusters=codes), fit_ordinal(x, 10 - 2 * y, clusters=codes)
    np.testing.assert_allclose(turned.coefficients, -fit.coefficients, rtol=1e-8)
    np.testing.assert_allclose(turned.thresholds, -fit.thresholds[::-1], rtol=1e-8)
    np.testing.assert_allclose(turned.std_errors, fit.std_errors, rtol=1e-8)
    assert (fit.df, fit.n_between, fit.categories.tolist()) == (18, 2, [0, 1, 2, 3])


def test_units_and_row_order_do_not_matter():
    x, y, codes = simulate(2)
    order = np.random.default_rng(3).permutation(len(y))
    fit = fit_ordinal(x, y, clusters=codes)
    moved = fit_ordinal((x * [1, 1e5] + [0, 2e5])[order], y[order], clusters=codes[order])
    np.testing.assert_allclose(moved.t_values, fit.t_values, rtol=1e-6)
    np.testing.assert_allclose(moved.log_likelihood, fit.log_likelihood, rtol=1e-11)


def test_without_effects_thresholds_are_the_logits_of_the_shares():
    y = np.tile(np.repeat([0.0, 1.0, 2.0, 2.0], 6), 2)
    x = np.repeat([0.0, 1.0], 24)[:, None]
    fit = fit_ordinal(x, y, clusters=np.repeat(np.arange(12), 4))
    np.testing.assert_allclose(fit.coefficients, 0, atol=1e-10)
    np.testing.assert_allclose(fit.thresholds, [np.log(1 / 3), 0], atol=1e-10)


def test_bad_input_is_named():
    x, y, codes = simulate(4)
    with pytest.raises(FitError, match="has 2 different values"):
        fit_ordinal(x, (y > 1).astype(float), clusters=codes)
    with pytest.raises(FitError, match="no constant"):
        fit_ordinal(np.column_stack([np.ones(len(y)), x]), y, clusters=codes)
    with pytest.raises(FitError, match="The column perfect seems to foretell"):
        fit_ordinal(np.column_stack([x, y]), y, clusters=codes, names=["treat", "pre", "perfect"])
    with pytest.raises(FitError, match="cannot carry 2"):
        fit_ordinal(x[codes < 2], y[codes < 2], clusters=codes[codes < 2])
