import numpy as np
import pytest
from scipy.special import expit, stdtr

from evalkit.errors import FitError
from evalkit.stats.gee import count_between_columns, fit_gee


def simulate(seed, schools=12):
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(schools), rng.integers(5, 20, schools))
    x = np.column_stack([np.ones(len(codes)), codes % 2, rng.normal(size=len(codes))])
    linear = x @ [0.1, 0.4, 0.5] + rng.normal(0, 0.6, schools)[codes]
    return x, (rng.random(len(codes)) < expit(linear)).astype(float), codes


def test_between_columns_are_counted_by_rank():
    x, _, codes = simulate(1)
    assert count_between_columns(x, codes=codes) == 2
    assert count_between_columns(np.column_stack([x, 1 - x[:, 1]]), codes=codes) == 2
    assert count_between_columns(x[:, 2:], codes=codes) == 0


def test_t_uses_schools_not_pupils_and_rows_may_come_in_any_order():
    x, y, codes = simulate(2)
    fit = fit_gee(x, y, clusters=codes)
    assert (fit.df, fit.n_between, fit.n_clusters) == (10, 2, 12)
    np.testing.assert_allclose(fit.p_values, 2 * stdtr(10, -np.abs(fit.coefficients / fit.std_errors)))
    assert (fit.std_errors > fit.uncorrected_std_errors).all()
    # 2.228139 is the 97.5% point of t on 10 df.
    np.testing.assert_allclose(fit.intervals()[:, 1], fit.coefficients + 2.228139 * fit.std_errors, rtol=1e-6)
    order = np.random.default_rng(3).permutation(len(y))
    moved = fit_gee(x[order], y[order], clusters=codes[order])
    np.testing.assert_allclose(moved.std_errors, fit.std_errors, rtol=1e-9)


def test_bad_input_is_named():
    x, y, codes = simulate(4)
    with pytest.raises(FitError, match="use one of logit, linear"):
        fit_gee(x, y, clusters=codes, family="probit")
    with pytest.raises(FitError, match="cannot carry 2 columns"):
        fit_gee(x[codes < 2], y[codes < 2], clusters=codes[codes < 2])
    with pytest.raises(FitError, match="outcome of 0 and 1"):
        fit_gee(x, y * 2, clusters=codes)
    with pytest.raises(FitError, match="special foretells"):
        fit_gee(np.column_stack([x, (y == 1) & (x[:, 2] > 0)]), y, clusters=codes, names=["1", "t", "pre", "special"])
    with pytest.raises(FitError, match="Other columns determine copy"):
        fit_gee(np.column_stack([x, x[:, 2]]), y, clusters=codes, names=["1", "t", "pre", "copy"])
