"""Properties of multilevel fits on random designs."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalkit.analysis.design import code_formulaic, code_plain, read_predictor
from evalkit.analysis.formula import read_plain
from evalkit.analysis.multilevel import multilevel
from evalkit.stats.mixed.fit import fit_mixed
from evalkit.stats.mixed.inference import infer, single_tests
from evalkit.stats.mixed.terms import RandomTerm

CALM = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
seeds = st.integers(0, 2**32 - 1)


def design(seed, schools=7):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 25, schools)
    sizes[0] += 3
    codes = np.repeat(np.arange(schools), sizes)
    pre = rng.normal(0, 1, codes.size)
    treat = (codes % 2).astype(float)
    y = 0.5 * pre + rng.normal(0, rng.uniform(0, 1), schools)[codes] + rng.normal(0, 1, codes.size)
    return y, np.vstack([np.ones(codes.size), treat, pre]), codes


def term_of(codes, columns=None):
    names = ("Intercept",) if columns is None else tuple(f"z{i}" for i in range(len(columns)))
    return RandomTerm("school", names, codes, int(codes.max()) + 1, columns)


ATOMS = ["x", "i", "s", "t", "b", "c", "C(i)"]
expressions = st.lists(
    st.one_of(
        st.sampled_from(ATOMS),
        st.tuples(st.sampled_from(ATOMS), st.sampled_from(ATOMS)).map("*".join),
        st.tuples(st.sampled_from(["x", "s", "t"]), st.sampled_from(["x", "s", "t"])).map(lambda p: f"{p[0]}:{p[1]}"),
        st.sampled_from(["1", "x:s + x + s", "t*s"]),
    ),
    min_size=1,
    max_size=4,
).map(" + ".join)


@settings(max_examples=100, deadline=None)
@given(expression=expressions, seed=seeds)
def test_the_fast_formula_path_gives_formulaics_columns(expression, seed):
    rng = np.random.default_rng(seed)
    n = 40
    data = pd.DataFrame(
        {
            "x": rng.normal(size=n),
            "i": rng.integers(0, 3, n),
            "b": rng.integers(0, 2, n) == 1,
            "s": rng.choice(["a", "b", "c"], n),
            "t": rng.choice(["u", "v"], n),
            "c": pd.Categorical(rng.choice(["m", "n"], n), categories=["n", "z", "m"]),
        }
    )
    plain = read_plain(expression, expression)
    if plain is None or not plain.terms:
        return
    coded = code_plain(plain, {atom: read_predictor(data, atom) for term in plain.terms for atom in term})
    if coded is None:
        return
    coding, rows = coded
    slow, slow_rows = code_formulaic(expression, expression, data)
    assert coding.names == slow.names
    assert coding.terms == slow.terms
    np.testing.assert_array_equal(rows, slow_rows)


@CALM
@given(seed=seeds, shift=st.floats(-1e3, 1e3), factor=st.floats(0.01, 100))
def test_a_shifted_and_scaled_outcome_keeps_every_test(seed, shift, factor):
    y, x, codes = design(seed)
    base, moved = fit_mixed(y, x, [term_of(codes)]), fit_mixed(factor * y + shift, x, [term_of(codes)])
    np.testing.assert_allclose(moved.beta[1:], factor * base.beta[1:], rtol=1e-5, atol=1e-7 * factor)
    ours, theirs = (single_tests(infer(fit), np.eye(3)[1:]) for fit in (moved, base))
    np.testing.assert_allclose([t.df for t in ours], [t.df for t in theirs], rtol=1e-4)


@CALM
@given(seed=seeds, offset=st.floats(-100, 100), stretch=st.floats(0.05, 20))
def test_a_recoded_slope_is_the_same_model(seed, offset, stretch):
    y, x, codes = design(seed, schools=12)
    z = stretch * x[2] + offset
    ones = np.ones(y.size)
    one = fit_mixed(y, x, [term_of(codes, np.vstack([ones, x[2]]))])
    other = fit_mixed(y, np.vstack([x[:2], z]), [term_of(codes, np.vstack([ones, z]))])
    assert other.loglik + np.log(stretch) == pytest.approx(one.loglik, abs=2e-4)
    assert other.sigma2 == pytest.approx(one.sigma2, rel=1e-2)


@CALM
@given(seed=seeds)
def test_the_optimum_is_not_beaten_nearby(seed):
    from evalkit.stats.mixed.fit import fit_at

    y, x, codes = design(seed, schools=10)
    terms = [term_of(codes, np.vstack([np.ones(y.size), x[2]]))]
    best = fit_mixed(y, x, terms)
    rng = np.random.default_rng(seed)
    relative = best.components[0].covariance / best.sigma2
    for size in (1e-3, 0.1, 1.0):
        root = rng.normal(size=(2, 2)) * size
        assert fit_at(y, x, terms, [relative + root @ root.T]).loglik <= best.loglik + 1e-6
    assert fit_at(y, x, terms, [0.8 * relative]).loglik <= best.loglik + 1e-6


@CALM
@given(seed=seeds)
def test_no_variance_between_schools_is_least_squares(seed):
    y, x, codes = design(seed)
    fit = fit_mixed(y, x, [term_of(codes)])
    if fit.components[0].covariance[0, 0] > 0:
        return
    np.testing.assert_allclose(fit.beta, np.linalg.lstsq(x.T, y)[0], rtol=1e-6, atol=1e-9)


@settings(max_examples=15, deadline=None)
@given(seed=seeds)
def test_row_order_and_index_never_matter(seed):
    y, x, codes = design(seed)
    frame = pd.DataFrame({"y": y, "treat": x[1], "pre": x[2], "school": [f"s{c}" for c in codes]})
    mixed = frame.sample(frac=1, random_state=seed % 2**31)
    one, other = (multilevel("y ~ treat + pre + (1 | school)", f) for f in (frame, mixed))
    pd.testing.assert_frame_equal(one.tidy(), other.tidy(), rtol=1e-5, atol=1e-8)
    pd.testing.assert_series_equal(one.fitted(), other.fitted().sort_index(), rtol=1e-5, atol=1e-7)
