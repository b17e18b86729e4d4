import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.errors import FitError
from evalkit.stats import linear
from evalkit.stats.linear import fit_linear, independent_columns


def test_two_group_means_by_hand():
    fit = fit_linear([[1, 0], [1, 0], [1, 1], [1, 1]], [1.0, 3.0, 4.0, 6.0])
    # Means 2 and 5; residuals -1, 1, -1, 1; sigma^2 = 4 / 2; se = sqrt(2 / 2), sqrt(2 / 2 + 2 / 2).
    np.testing.assert_allclose(fit.coefficients, [2, 3])
    np.testing.assert_allclose(fit.std_errors, [1, np.sqrt(2)])
    np.testing.assert_allclose(fit.r_squared, 9 / 13)
    # t quantile on 2 df is 4.302653.
    np.testing.assert_allclose(fit.intervals()[1], [3 - 4.302653 * np.sqrt(2), 3 + 4.302653 * np.sqrt(2)], rtol=1e-6)


def test_dependent_columns_are_dropped_and_named_the_earliest_stay():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 30))
    design = np.column_stack([np.ones(30), a, 2 * a - 1, b, a + b, np.zeros(30)])
    fit = fit_linear(design, rng.normal(size=30), names=["constant", "a", "a again", "b", "sum", "empty"])
    assert fit.names == ("constant", "a", "b")
    assert fit.dropped == ("a again", "sum", "empty")
    assert fit.kept.tolist() == [0, 1, 3]


def test_more_columns_than_rows_keeps_the_first():
    assert independent_columns(np.random.default_rng(2).normal(size=(3, 5))).tolist() == [0, 1, 2]


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from([1e-6, 1e-3, 1.0, 1e4, 1e6]))
def test_units_do_not_matter(seed, unit):
    rng = np.random.default_rng(seed)
    design = np.column_stack([np.ones(20), rng.normal(size=(20, 2))])
    y = rng.normal(size=20)
    plain, scaled = fit_linear(design, y), fit_linear(design * [1, unit, 1], y)
    np.testing.assert_allclose(scaled.t_values, plain.t_values, rtol=1e-8)
    np.testing.assert_allclose(scaled.r_squared, plain.r_squared, rtol=1e-9)


def test_weights_act_like_repeated_rows_in_the_coefficients():
    rng = np.random.default_rng(3)
    design = np.column_stack([np.ones(12), rng.normal(size=12)])
    y, times = rng.normal(size=12), rng.integers(1, 4, size=12)
    repeated = fit_linear(np.repeat(design, times, axis=0), np.repeat(y, times))
    np.testing.assert_allclose(fit_linear(design, y, weights=times).coefficients, repeated.coefficients, rtol=1e-10)


def test_bad_input_is_named():
    ones = np.ones((3, 1))
    with pytest.raises(FitError, match="design has missing") as caught:
        fit_linear([[1, np.nan], [1, 2.0], [1, np.inf]], [1, 2, 3], names=["constant", "pre"])
    assert caught.value.problems == ("pre: 2 rows",)
    with pytest.raises(FitError, match=r"outcome has 1 missing"):
        fit_linear(ones, [1, np.nan, 2])
    with pytest.raises(FitError, match="one value per row"):
        fit_linear(ones, [1, 2])
    with pytest.raises(FitError, match="2 weights are 0 or below"):
        fit_linear(ones, [1, 2, 3], weights=[1, 0, -1])
    with pytest.raises(FitError, match="0 columns"):
        fit_linear(np.zeros((3, 1)), [1, 2, 3])
    with pytest.raises(FitError, match="1 names were given for 2"):
        fit_linear(np.ones((3, 2)), [1, 2, 3], names=["a"])


def test_crossproducts_decide_as_the_triangle_does(monkeypatch):
    """With columns of very different size, exact and nearly dependent ones, and columns of nothing."""
    rng = np.random.default_rng(4)
    decided = 0
    for trial in range(200):
        p = int(rng.integers(3, 12))
        x = rng.normal(size=(60, p)) * 10.0 ** rng.integers(-3, 4, p)
        for column in rng.choice(p, size=p // 3, replace=False):
            x[:, column] = x[:, rng.integers(0, p, 2)] @ rng.normal(size=2)
            x[:, column] += rng.normal(size=60) * 10.0 ** -float(rng.integers(1, 18))
        x[:, rng.integers(p)] = 0.0
        tolerance = (1e-6, 1e-9)[trial % 2]
        quick = independent_columns(x, tolerance=tolerance).tolist()
        with monkeypatch.context() as patch:
            patch.setattr(linear, "_by_crossproducts", lambda gram, tolerance: None)
            assert quick == independent_columns(x, tolerance=tolerance).tolist()
        unit = x / np.maximum(np.linalg.norm(x, axis=0), 1e-300)
        present = np.linalg.norm(x, axis=0) > 0
        decided += linear._by_crossproducts((unit.T @ unit)[np.ix_(present, present)], tolerance) is not None
    assert decided > 40
