"""Split halves, lambda 6, omega_h, ordinal reliability, retest and scalability: by hand, and what they refuse."""

import math
from itertools import combinations, permutations

import numpy as np
import pytest

from evalkit.errors import FitError
from evalkit.stats.consistency import consistency
from evalkit.stats.item_covariance import item_covariance, squared_multiple_correlations
from evalkit.stats.items import item_statistics
from evalkit.stats.mokken import mokken
from evalkit.stats.ordinal_reliability import ordinal_reliability
from evalkit.stats.reliability import alpha
from evalkit.stats.retest import retest, standard_error_of_measurement
from evalkit.stats.rotation import minres, oblimin, varimax
from evalkit.stats.schmid_leiman import schmid_leiman
from evalkit.stats.split_half import split_half

RNG = np.random.default_rng(11)


def likert(n, k, *, cuts=(-1.1, -0.3, 0.45, 1.2), seed=1):
    rng = np.random.default_rng(seed)
    return np.digitize(rng.normal(size=(n, 1)) + rng.normal(size=(n, k)), cuts).astype(float)


def test_pairwise_covariances_each_use_their_own_rows():
    rows = np.array([[1.0, 2, 4], [2, 1, math.nan], [3, 5, 1], [4, math.nan, 2], [5, 4, 0], [2, 3, 3]])
    found = item_covariance(rows, missing="pairwise")
    both = rows[~np.isnan(rows[:, [0, 1]]).any(axis=1)][:, [0, 1]]
    assert found.covariance[0, 1] == pytest.approx(np.cov(both.T)[0, 1])
    assert found.covariance[0, 0] == pytest.approx(np.var(rows[:, 0], ddof=1))
    assert (found.n, found.n_incomplete) == (4, 2)
    assert item_covariance(rows).covariance == pytest.approx(np.cov(rows[[0, 2, 4, 5]].T))
    with pytest.raises(FitError, match="complete, pairwise"):
        item_covariance(rows, missing="listwise")


def test_squared_multiple_correlations_are_those_of_regressions():
    rows = RNG.normal(size=(50, 4)) + RNG.normal(size=(50, 1))
    found = squared_multiple_correlations(np.corrcoef(rows.T))
    others = np.column_stack([np.ones(50), rows[:, 1:]])
    residual = rows[:, 0] - others @ np.linalg.lstsq(others, rows[:, 0], rcond=None)[0]
    assert found[0] == pytest.approx(1 - residual.var() / rows[:, 0].var())


def test_split_half_with_every_split_by_brute_force():
    rows = likert(60, 5)
    found = split_half(rows)
    values = []
    for half in combinations(range(5), 2):
        rest = [item for item in range(5) if item not in half]
        first, second = rows[:, half].sum(axis=1), rows[:, rest].sum(axis=1)
        values.append(4 * np.cov(first, second)[0, 1] / np.var(first + second, ddof=1))
    assert (found.n_splits, found.is_exact) == (10, True)
    assert found.highest == pytest.approx(max(values))
    assert found.mean == pytest.approx(np.mean(values))
    assert found.lowest == pytest.approx(min(values))
    r = np.corrcoef(rows[:, ::2].sum(axis=1), rows[:, 1::2].sum(axis=1))[0, 1]
    assert found.spearman_brown == pytest.approx(2 * r / (1 + r))


def test_the_mean_of_all_even_splits_is_alpha():
    rows = likert(80, 6)
    assert split_half(rows).mean == pytest.approx(alpha(rows).value)


def test_sampled_splits_are_seeded_and_lie_within_the_exact_ones():
    rows = likert(80, 10)
    exact, some = split_half(rows), split_half(rows, most_splits=50, seed=3)
    assert (some.is_exact, some.n_splits) == (False, 50)
    assert exact.lowest - 1e-12 <= some.lowest <= some.highest <= exact.highest + 1e-12
    assert some == split_half(rows, most_splits=50, seed=3)
    assert split_half(rows[:, :2]).n_splits == 1


def test_consistency_by_hand():
    # Two items with r = .5: alpha 2r/(1+r) = 2/3; smc .25, V = 3: lambda 6 = 1 - 1.5/3.
    found = consistency([[1, 1], [1, 2], [2, 1], [2, 2], [1, 1], [2, 2], [1, 1], [2, 2]])
    assert found.mean_r == pytest.approx(0.5)
    assert found.standardised_alpha == pytest.approx(2 / 3)
    assert found.lambda6 == pytest.approx(0.5)


def test_rotation_keeps_what_the_factors_explain():
    correlation = np.corrcoef((likert(300, 9) + np.repeat(RNG.normal(size=(300, 3)), 3, axis=1)).T)
    loadings = minres(correlation, factors=3)
    pattern, between = oblimin(varimax(loadings))
    assert pattern @ between @ pattern.T == pytest.approx(loadings @ loadings.T, abs=1e-8)
    assert np.diag(between) == pytest.approx(1)


def test_omega_h_of_an_exact_bifactor_structure():
    # General loadings .6, group loadings .4 on three groups of three (a Schmid-Leiman structure):
    # V = 9 + 72 * .36 + 18 * .16, omega_h = (9 * .6)^2 / V, omega_t = 1 - 9 * .48 / V.
    general, group = np.full(9, 0.6), np.kron(np.eye(3), np.full((3, 1), 0.4))
    correlation = np.outer(general, general) + group @ group.T
    np.fill_diagonal(correlation, 1.0)
    root = np.linalg.cholesky(correlation)
    rows = RNG.normal(size=(200, 9))
    rows -= rows.mean(axis=0)
    rows = rows @ np.linalg.inv(np.linalg.cholesky(np.cov(rows.T))).T @ root.T
    total = 9 + 72 * 0.36 + 18 * 0.16
    found = schmid_leiman(rows)
    assert found.omega_h == pytest.approx(5.4**2 / total, abs=1e-3)
    assert found.omega_t == pytest.approx(1 - 9 * 0.48 / total, abs=1e-4)
    assert found.turned == ()
    turned = schmid_leiman(rows * [1, -1, 1, 1, 1, -1, 1, 1, 1])
    assert turned.turned == (1, 5)
    assert turned.omega_h == pytest.approx(found.omega_h, abs=1e-6)
    with pytest.raises(FitError, match="at least 6"):
        schmid_leiman(rows[:, :5])


def test_ordinal_omega_is_the_reliability_of_the_sum():
    # Two parallel forms of one latent variable: their correlation is what omega estimates.
    rng = np.random.default_rng(21)
    factor = rng.normal(size=(40_000, 1))
    forms = [np.digitize(0.7 * factor + math.sqrt(0.51) * rng.normal(size=(40_000, 5)), [-0.5, 1]) for _ in range(2)]
    truth = np.corrcoef(forms[0].sum(axis=1), forms[1].sum(axis=1))[0, 1]
    found = ordinal_reliability(forms[0][:5000])
    assert found.omega.value == pytest.approx(truth, abs=4 * found.omega.std_error)
    assert found.omega.low < found.omega.value < found.omega.high
    # The normal variables behind the items would be more reliable: 5 * .49 / (1 + 4 * .49).
    assert found.alpha.value == pytest.approx(5 * 0.49 / (1 + 4 * 0.49), abs=4 * found.alpha.std_error)
    assert found.latent_omega.value == pytest.approx(found.alpha.value, abs=0.01)


def test_ordinal_alpha_has_the_standard_error_of_repeated_samples():
    values, errors = [], []
    for seed in range(120):
        found = ordinal_reliability(likert(300, 4, cuts=(-0.5, 0.8), seed=seed))
        values.append((found.alpha.value, found.omega.value))
        errors.append((found.alpha.std_error, found.omega.std_error))
    assert np.std(values, axis=0) == pytest.approx(np.mean(errors, axis=0), rel=0.2)


def test_an_ordinal_omega_that_cannot_be_had_says_why():
    two = ordinal_reliability(likert(100, 2))
    assert two.omega is None
    assert "at least 3 items" in two.reason
    assert 0 < two.alpha.value < 1


def test_wider_steps_weigh_more_in_ordinal_omega():
    rows = likert(200, 4)
    plain = ordinal_reliability(rows).omega.value
    assert ordinal_reliability(10 * rows + 3).omega.value == pytest.approx(plain)
    stretched = np.array([0.0, 1, 2, 3, 9])[rows.astype(int)]
    assert ordinal_reliability(stretched).omega.value != pytest.approx(plain, abs=1e-4)


def test_retest_by_hand():
    # Everybody gains 2 points exactly: consistency is perfect, agreement is not.
    found = retest([1, 2, 3, 4], [3, 4, 5, 6])
    assert found.icc_consistency == 1
    # MSR = 10/3, MSC = 8, MSE = 0: ICC(A,1) = (10/3) / (10/3 + 2 * 8 / 4).
    assert found.icc_agreement == pytest.approx((10 / 3) / (10 / 3 + 4))
    assert (found.sem_consistency, found.mean_change) == (0, 2)
    assert found.sem_agreement == pytest.approx(math.sqrt(2))
    assert standard_error_of_measurement(10, reliability=0.75) == 5
    for wrong in ([1, 2], [1, 2, 2, 2]):
        with pytest.raises(FitError):
            retest(wrong, [2] * len(wrong))
    with pytest.raises(FitError, match="at most 1"):
        standard_error_of_measurement(2, reliability=1.2)


def test_a_guttman_scale_has_h_one_and_errors_are_counted():
    perfect = [[0, 0, 0], [0, 0, 1], [0, 1, 1], [1, 1, 1], [0, 1, 1]]
    found = mokken(perfect)
    assert found.scale_h == pytest.approx(1)
    assert found.item_se == pytest.approx(0, abs=1e-9)
    # Item 1 passed by 2 of 5, item 2 by 3 of 5; one passes the hard item alone. Errors 1, expected 5 * .4 * .4 = .8.
    pair = mokken([[1, 0], [1, 1], [0, 1], [0, 1], [0, 0]])
    assert pair.scale_h == pytest.approx(1 - 1 / 0.8)
    assert pair.pair_h[0, 1] == pytest.approx(pair.scale_h)


def largest_covariance(first, second, weights):
    """Of two items with these distributions: the answers matched from the lowest up, in tiny weighted steps."""
    one, two = np.argsort(first, kind="stable"), np.argsort(second, kind="stable")
    ends_one, ends_two = np.cumsum(weights[one]), np.cumsum(weights[two])
    ends = np.unique(np.concatenate([[0.0], ends_one, ends_two]))
    middle, width = (ends[1:] + ends[:-1]) / 2, np.diff(ends)
    last = len(first) - 1
    a = first[one][np.minimum(np.searchsorted(ends_one, middle), last)]
    b = second[two][np.minimum(np.searchsorted(ends_two, middle), last)]
    return (width * a * b).sum() - (weights * first).sum() * (weights * second).sum()


def scalabilities(rows, weights):
    weights = weights / weights.sum()
    k = rows.shape[1]
    seen, most = np.zeros((k, k)), np.zeros((k, k))
    for i, j in permutations(range(k), 2):
        a, b = rows[:, i], rows[:, j]
        seen[i, j] = (weights * a * b).sum() - (weights * a).sum() * (weights * b).sum()
        most[i, j] = largest_covariance(a, b, weights)
    return np.array([*(seen.sum(axis=1) / most.sum(axis=1)), seen.sum() / most.sum(), seen[0, 1] / most[0, 1]])


def test_scalability_and_its_standard_errors_by_brute_force():
    rng = np.random.default_rng(3)
    latent = rng.normal(size=(331, 1)) + rng.normal(size=(331, 4)) * [1, 0.9, 1.3, 1.1] + [0, 0.2, -0.1, 0.33]
    rows = np.digitize(latent, [-1, 0.2, 1.1]).astype(float)
    weights, found = np.full(331, 1 / 331), mokken(rows)
    plain = scalabilities(rows, weights)
    assert [*found.item_h, found.scale_h, found.pair_h[0, 1]] == pytest.approx(plain)
    slopes = np.array([(scalabilities(rows, weights + 1e-7 * row) - plain) / 1e-7 for row in np.eye(331)])
    errors = np.sqrt((slopes**2).sum(axis=0)) / 331
    assert [*found.item_se, found.scale_se, found.pair_se[0, 1]] == pytest.approx(errors, rel=1e-5)


def test_mokken_refuses_with_a_sentence():
    with pytest.raises(FitError, match="Item 2"):
        mokken([[1, 1], [2, 1], [1, 1]])
    with pytest.raises(FitError, match="Only 2 of 3"):
        mokken([[1, 2], [2, 1], [1, math.nan]])


def test_discrimination_of_an_item_by_hand():
    # Ten pupils, totals 0 to 9: the upper and lower 27% are 3 pupils each. Item 1 is 0 below, 1 above.
    first = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1, 1.0])
    second = np.arange(10) - first
    found = item_statistics(np.column_stack([first, second / 8]), minimum=0, maximum=1)
    assert found[0].discrimination == 1
    # (5/8 + 6/8 + 7/8 + ...) upper three hold 6, 7, 8; lower three 0, 1, 2: a difference of 6/8.
    assert found[1].discrimination == pytest.approx(0.75)


def test_pupils_who_tie_enter_the_upper_group_together():
    rows = np.array([[0, 0], [1, 1], [1, 1], [1, 1], [1, 1.0], [0, 1]])
    assert item_statistics(rows, minimum=0, maximum=1)[0].discrimination == 1
    assert item_statistics(rows[::-1], minimum=0, maximum=1)[0].discrimination == 1


def test_correlations_with_total_and_rest():
    rows = likert(90, 4)
    found = item_statistics(rows, minimum=0, maximum=4)[1]
    assert found.item_total_r == pytest.approx(np.corrcoef(rows[:, 1], rows.sum(axis=1))[0, 1])
    assert found.item_rest_r == pytest.approx(np.corrcoef(rows[:, 1], rows[:, [0, 2, 3]].sum(axis=1))[0, 1])
    assert found.item_rest_r < found.item_total_r
