"""The reduced sandwich against explicit n by n matrices, and the properties that any such covariance must have."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.errors import FitError
from evalkit.stats import robust_blocks
from evalkit.stats.linear import fit_linear
from evalkit.stats.robust import cluster_robust
from evalkit.stats.robust_blocks import RandomTerm, WorkingCovariance
from evalkit.stats.robust_inference import coefficient_tests, joint_test


def power(matrix, exponent):
    values, vectors = np.linalg.eigh(matrix)
    keep = values > 1e-11 * max(values.max(), 1e-300)
    return (vectors[:, keep] * values[keep] ** exponent) @ vectors[:, keep].T


def explicit(x, e, clusters, kind, weights, v):
    """The textbook formulae: weights W and target Phi as n by n matrices, every g_j as a vector of length n."""
    n, p = x.shape
    w = np.diag(np.ones(n) if weights is None else weights) if v is None else np.linalg.inv(v)
    phi = np.eye(n) if v is None else v
    bread = np.linalg.inv(x.T @ w @ x)
    h = x @ bread @ x.T @ w
    spread = (np.eye(n) - h) @ phi @ (np.eye(n) - h).T
    labels = np.unique(clusters)
    g = np.zeros((len(labels), p, n))
    for j, label in enumerate(labels):
        rows = np.flatnonzero(clusters == label)
        if kind == "CR2":
            d = np.linalg.cholesky(phi[np.ix_(rows, rows)]).T
            a = d.T @ power(d @ spread[np.ix_(rows, rows)] @ d.T, -0.5) @ d
        elif kind == "CR3":
            a = np.linalg.inv(np.eye(len(rows)) - h[np.ix_(rows, rows)])
        else:
            a = np.eye(len(rows))
        g[j][:, rows] = bread @ x.T @ w[:, rows] @ a
    score = g @ e
    return score.T @ score, g, spread


def satterthwaite(g, spread, c):
    p = np.array([[(c @ a) @ spread @ (c @ b) for b in g] for a in g])
    return np.trace(p) ** 2 / (p**2).sum()


def hotelling_eta(g, spread, contrasts):
    gc = np.array([contrasts @ a for a in g])
    p = np.einsum("isn,nm,jtm->ijst", gc, spread, gc)
    omega = np.einsum("iist->st", p)
    half = power(omega, -0.5)
    p = np.einsum("as,ijst,tb->ijab", half, p, half)
    q = len(contrasts)
    total = sum(
        (p[:, :, s, s] * p[:, :, t, t]).sum() + (p[:, :, s, t] * p[:, :, t, s]).sum()
        for s in range(q)
        for t in range(q)
    )
    return q * (q + 1) / total


def make_data(seed, sizes=(1, 4, 7, 3, 9, 5, 2, 6)):
    rng = np.random.default_rng(seed)
    clusters = np.repeat(np.arange(len(sizes)), sizes)
    n = len(clusters)
    x = np.column_stack([np.ones(n), clusters % 2, rng.normal(size=n), rng.normal(size=len(sizes))[clusters]])
    return rng, clusters, x, rng.normal(size=n) + rng.normal(size=len(sizes))[clusters]


def random_intercept(clusters, residual=0.8, between=0.3):
    n = len(clusters)
    term = RandomTerm(clusters, np.ones((n, 1)), np.array([[between]]))
    return WorkingCovariance(residual, (term,)), residual * np.eye(n) + between * (clusters[:, None] == clusters)


def make_model(name, rng, clusters, x):
    """weights, working, dense V"""
    n = len(clusters)
    if name == "ols":
        return None, None, None
    weights = rng.uniform(0.3, 3, size=n)
    if name == "wls":
        return weights, None, None
    if name == "wls by cluster":
        return weights[clusters], None, None
    if name == "inverse":
        return weights, WorkingCovariance(), np.diag(1 / weights)
    if name == "mixed":
        return None, *random_intercept(clusters)
    if name == "mixed, weights":
        working, v = random_intercept(clusters)
        return weights, working, v - 0.8 * np.eye(n) + np.diag(0.8 / weights)
    classes = np.arange(n) // 3 + 100 * clusters
    t = np.array([[0.4, 0.1], [0.1, 0.2]])
    z = np.column_stack([np.ones(n), x[:, 2]])
    terms = (RandomTerm(clusters, z, t), RandomTerm(classes, np.ones((n, 1)), np.array([[0.25]])))
    v = np.eye(n) + (z @ t @ z.T) * (clusters[:, None] == clusters) + 0.25 * (classes[:, None] == classes)
    return None, WorkingCovariance(1.0, terms), v


MODELS = ["ols", "wls", "wls by cluster", "inverse", "mixed", "mixed, weights", "slope and classes"]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("kind", ["CR0", "CR2", "CR3"])
def test_equals_explicit_matrices(name, kind):
    for seed in range(3):
        rng, clusters, x, e = make_data(seed)
        weights, working, v = make_model(name, rng, clusters, x)
        found = cluster_robust(x, e, clusters=clusters, kind=kind, weights=weights, working=working)
        matrix, g, spread = explicit(x, e, clusters, kind, weights, v)
        np.testing.assert_allclose(found.matrix, matrix, rtol=1e-8, atol=1e-10 * np.abs(matrix).max())
        tests = coefficient_tests(np.ones(4), found)
        np.testing.assert_allclose(tests.df, [satterthwaite(g, spread, c) for c in np.eye(4)], rtol=1e-7)
        contrasts = np.array([[0, 1, 0, 0], [0, 0, 1, -1.0]])
        joint = joint_test(np.ones(4), found, contrasts=contrasts)
        np.testing.assert_allclose(joint.eta, hotelling_eta(g, spread, contrasts), rtol=1e-7)


def test_alone_in_its_stratum_uses_the_pseudo_inverse():
    _, clusters, x, e = make_data(4)
    x = np.column_stack([x, clusters == 6])
    found = cluster_robust(x, e, clusters=clusters)
    matrix, *_ = explicit(x, e, clusters, "CR2", None, None)
    np.testing.assert_allclose(found.matrix[:4, :4], matrix[:4, :4], rtol=1e-8, atol=1e-12)
    assert found.n_deficient == 1
    # The stratum's own mean is seen in one school only, so its variance cannot be; the others' can.
    tests = coefficient_tests(np.ones(5), found)
    np.testing.assert_allclose(tests.visible_share[:4], 1, rtol=1e-9)
    assert tests.visible_share[4] < 0.9
    own = coefficient_tests(
        np.ones(5), found, contrasts=[[1, 0, x[clusters == 6, 2].mean(), x[clusters == 6, 3][0], 1]]
    )
    assert own.visible_share[0] < 1e-8
    assert np.isnan(own.df[0])
    assert np.isnan(own.p_values[0])
    with pytest.raises(FitError, match="rest on one cluster alone"):
        joint_test(
            np.ones(5),
            found,
            contrasts=[[0, 1, 0, 0, 0], [1, 0, x[clusters == 6, 2].mean(), x[clusters == 6, 3][0], 1]],
        )


def test_pupils_as_clusters_give_hc2_and_hc3():
    rng = np.random.default_rng(5)
    x = np.column_stack([np.ones(15), rng.normal(size=(15, 2))])
    y = rng.normal(size=15)
    e = fit_linear(x, y).residuals
    bread = np.linalg.inv(x.T @ x)
    leverage = np.einsum("ip,pq,iq->i", x, bread, x)
    for kind, power_ in (("CR2", 1), ("CR3", 2)):
        hc = bread @ (x.T * (e**2 / (1 - leverage) ** power_)) @ x @ bread
        np.testing.assert_allclose(cluster_robust(x, e, clusters=np.arange(15), kind=kind).matrix, hc, rtol=1e-9)


def test_cr3_is_the_jackknife_over_schools():
    _, clusters, x, y = make_data(6)
    fit = fit_linear(x, y)
    left_out = [fit_linear(x[clusters != j], y[clusters != j]).coefficients for j in range(8)]
    moves = np.array(left_out) - fit.coefficients
    found = cluster_robust(x, fit.residuals, clusters=clusters, kind="CR3")
    np.testing.assert_allclose(found.matrix, moves.T @ moves, rtol=1e-8, atol=1e-12)


def test_balanced_two_arm_trial_has_j_minus_2_df():
    clusters = np.repeat(np.arange(10), 6)
    x = np.column_stack([np.ones(60), clusters % 2])
    e = np.random.default_rng(7).normal(size=60)
    working, _ = random_intercept(clusters)
    for model in (None, working):
        found = cluster_robust(x, e, clusters=clusters, working=model)
        np.testing.assert_allclose(coefficient_tests([0, 0], found).df[1], 8, rtol=1e-10)


def test_cr2_is_unbiased_under_its_working_model():
    # E of CR2 equals (X'V^-1X)^-1 when e = (I - H) y and Cov y = V: check by the expectation, not by simulation.
    _, clusters, x, _ = make_data(8)
    working, v = random_intercept(clusters)
    _, g, spread = explicit(x, np.zeros(len(x)), clusters, "CR2", None, v)
    expected = sum(a @ spread @ a.T for a in g)
    np.testing.assert_allclose(expected, np.linalg.inv(x.T @ np.linalg.solve(v, x)), rtol=1e-6, atol=1e-10)
    found = cluster_robust(x, np.zeros(len(x)), clusters=clusters, working=working)
    np.testing.assert_allclose(found.root @ found.root.T, expected, rtol=1e-6, atol=1e-10)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000), st.sampled_from(MODELS[:6]))
def test_row_order_labels_and_units_do_not_matter(seed, name):
    rng, clusters, x, e = make_data(seed)
    weights, working, _ = make_model(name, rng, clusters, x)
    order = rng.permutation(len(x))
    unit = np.array([1.0, 1e3, 1e-4, 1.0])
    moved = None
    if working is not None:
        moved = WorkingCovariance(
            working.residual_variance,
            tuple(RandomTerm(t.groups[order], t.design[order], t.covariance) for t in working.terms),
        )
    plain = coefficient_tests(np.ones(4), cluster_robust(x, e, clusters=clusters, weights=weights, working=working))
    other = cluster_robust(
        (x * unit)[order],
        e[order],
        clusters=np.array([f"school {9 - j}" for j in clusters])[order],
        weights=None if weights is None else weights[order],
        working=moved,
    )
    again = coefficient_tests(1 / unit, other)
    np.testing.assert_allclose(again.df, plain.df, rtol=1e-7)
    np.testing.assert_allclose(again.t_values, plain.t_values, rtol=1e-7)


def test_a_school_of_2000_needs_no_matrix_of_its_size():
    rng = np.random.default_rng(9)
    clusters = np.repeat(np.arange(6), 2000)
    x = np.column_stack([np.ones(12_000), clusters % 2, rng.normal(size=12_000)])
    working, _ = WorkingCovariance(1.0, (RandomTerm(clusters, np.ones((12_000, 1)), np.array([[0.2]])),)), None
    tracemalloc.start()
    found = cluster_robust(x, rng.normal(size=12_000), clusters=clusters, working=working)
    coefficient_tests(np.zeros(3), found)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # One 2,000 by 2,000 matrix alone would be 32 MB.
    assert peak < 12e6


def test_bad_input_is_named(monkeypatch):
    _, clusters, x, e = make_data(10)
    with pytest.raises(FitError, match="use one of CR0, CR1, CR1S, CR2, CR3"):
        cluster_robust(x, e, clusters=clusters, kind="HC1")
    with pytest.raises(FitError, match="at least two clusters"):
        cluster_robust(x, e, clusters=np.zeros(len(x)))
    with pytest.raises(FitError, match="one label per row"):
        cluster_robust(x, e, clusters=clusters[:-1])
    with pytest.raises(FitError, match="2 of 37 rows have no cluster"):
        cluster_robust(x, e, clusters=np.where(np.arange(len(x)) < 2, np.nan, clusters))
    with pytest.raises(FitError, match="1 of 37 rows have no cluster"):
        cluster_robust(x, e, clusters=[None, *(f"s{j}" for j in clusters[1:])])
    with pytest.raises(FitError, match="column 5"):
        cluster_robust(np.column_stack([x, x[:, 1] + 1]), e, clusters=clusters)
    crossed = RandomTerm(np.arange(len(x)) % 3, np.ones((len(x), 1)), np.array([[0.1]]))
    with pytest.raises(FitError, match="more than one cluster"):
        cluster_robust(x, e, clusters=clusters, working=WorkingCovariance(1.0, (crossed,)))
    with pytest.raises(FitError, match="residual variance is 0"):
        cluster_robust(x, e, clusters=clusters, working=WorkingCovariance(0.0))
    short = RandomTerm(clusters[:-1], np.ones((len(x), 1)), np.array([[0.1]]))
    with pytest.raises(FitError, match="Random term 1 has groups"):
        cluster_robust(x, e, clusters=clusters, working=WorkingCovariance(1.0, (short,)))
    with pytest.raises(FitError, match="rows of 4 finite numbers"):
        coefficient_tests(np.ones(4), cluster_robust(x, e, clusters=clusters), contrasts=[[1, 0]])
    small = clusters < 3
    few = cluster_robust(x[small][:, [0, 2]], e[small], clusters=clusters[small])
    with pytest.raises(FitError, match="as many as the covariance has"):
        coefficient_tests(np.ones(3), few)
    rng, three = np.random.default_rng(1), np.repeat(np.arange(3), 12)
    wide = cluster_robust(np.column_stack([np.ones(36), rng.normal(size=(36, 3))]), rng.normal(size=36), clusters=three)
    with pytest.raises(FitError, match="Too few clusters to test 3"):
        joint_test(np.ones(4), wide, contrasts=np.eye(4)[1:])
    with pytest.raises(FitError, match="repeat others"):
        joint_test(np.ones(4), wide, contrasts=[[0, 1, 0, 0], [0, 2, 0, 0]])
    monkeypatch.setattr(robust_blocks, "LARGEST_BLOCK", 8)
    weights = np.linspace(1, 2, len(x))
    with pytest.raises(FitError, match="round the weights to fewer values"):
        cluster_robust(x, e, clusters=clusters, weights=weights, working=WorkingCovariance())
