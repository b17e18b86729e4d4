"""Drawing allocations: fixed numbers, minimisation, pairs, balance; and that the same seed gives the same for ever."""

import itertools
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from numpy.random import PCG64, SeedSequence

from evalkit.errors import DesignError
from evalkit.stats.allocation import Scheme, allocate
from evalkit.stats.allocation_balance import imbalance, standardised_differences
from evalkit.stats.allocation_pairs import nearest_pairs

RAW = [6172190042541484176, 10539917244173522917]


def zeros(n):
    return np.zeros(n, dtype=np.int64)


def test_the_stream_of_numbers_is_the_promised_one():
    """If this fails, NumPy has broken its promise and no certificate can be made again."""
    assert PCG64(SeedSequence((2017, 1))).random_raw(2).tolist() == RAW


def test_a_draw_by_hand():
    """Two arms, one group of even size: no units are left over, so the first keys order the units."""
    keys = PCG64(SeedSequence((7,))).random_raw(1 + 6)[1:]
    arms = np.empty(6, dtype=int)
    arms[np.argsort(keys)] = [0, 0, 0, 1, 1, 1]
    assert allocate(Scheme((1, 1), zeros(6)), entropy=(7,)).arms.tolist() == arms.tolist()


def test_every_allocation_of_fixed_numbers_is_equally_likely():
    found = Counter(tuple(allocate(Scheme((1, 1), zeros(4)), entropy=(seed,)).arms.tolist()) for seed in range(3000))
    assert len(found) == 6
    # chi-square on 5 df: 20.5 is exceeded once in 1,000 times; the seeds are fixed, so this never changes.
    assert sum((count - 500) ** 2 / 500 for count in found.values()) < 20.5


def test_leftover_units_are_shared_out():
    groups = np.repeat(np.arange(9), 3)  # nine strata of three: one unit left over in each
    totals = Counter(int((allocate(Scheme((1, 1), groups), entropy=(seed,)).arms == 0).sum()) for seed in range(200))
    assert set(totals) == {13, 14}
    assert min(totals.values()) > 60


def test_unequal_arms():
    arms = allocate(Scheme((2, 1), np.repeat([0, 1], [6, 9])), entropy=(1,)).arms
    assert np.bincount(arms[:6]).tolist() == [4, 2]
    assert np.bincount(arms[6:]).tolist() == [6, 3]


def test_three_arms_and_one_left_over():
    counts = [sorted(np.bincount(allocate(Scheme((1, 1, 1), zeros(10)), entropy=(s,)).arms)) for s in range(20)]
    assert all(one == [3, 3, 4] for one in counts)


def test_seed_and_batch_both_matter():
    scheme = Scheme((1, 1), zeros(40))
    draws = {tuple(allocate(scheme, entropy=one).arms.tolist()) for one in ((1, 1), (1, 2), (2, 1))}
    assert len(draws) == 3


def test_an_arm_that_would_get_nobody():
    with pytest.raises(DesignError, match=r"1 of 3 arms would get nobody: there are only 2"):
        allocate(Scheme((1, 1, 1), zeros(2)), entropy=(1,))


def slow_minimisation(factors, weights, follow, entropy):
    """The same procedure by dictionaries and fractions, from the paper's description."""
    n, k = len(factors), len(weights)
    bits = PCG64(SeedSequence(entropy))
    keys = bits.random_raw(n).tolist()
    order = sorted(range(n), key=keys.__getitem__)
    chances = bits.random_raw(2 * n)
    counts, arms = Counter(), [None] * n
    for unit in order:
        cells = [*enumerate(factors[unit]), ("all", 0)]
        total = []
        for arm in range(k):
            ranges = []
            for cell in cells:
                after = [Fraction(counts[cell, other] + (other == arm), weights[other]) for other in range(k)]
                ranges.append(max(after) - min(after))
            total.append(sum(ranges))
        best = [arm for arm in range(k) if total[arm] == min(total)]
        u, v = (Fraction(int(one), 2**64) for one in chances[2 * unit : 2 * unit + 2])
        chosen = next(
            arm for arm, edge in zip(best, itertools.accumulate(weights[a] for a in best), strict=True)
            if u * sum(weights[a] for a in best) < edge
        )  # fmt: skip
        leave = (1 - Fraction(str(follow))) * (sum(weights) - weights[chosen]) / (sum(weights) - min(weights))
        if v < leave:
            others = [arm for arm in range(k) if arm != chosen]
            edges = itertools.accumulate(weights[arm] for arm in others)
            place = v / leave * sum(weights[arm] for arm in others)
            chosen = next(arm for arm, edge in zip(others, edges, strict=True) if place < edge)
        for cell in cells:
            counts[cell, chosen] += 1
        arms[unit] = chosen
    return arms


@pytest.mark.parametrize("weights", [(1, 1), (2, 1), (1, 1, 1), (3, 2, 1)])
@pytest.mark.parametrize("follow", [0.7, 1.0])
def test_minimisation_equals_a_slow_one(weights, follow):
    factors = np.random.default_rng(3).integers(0, 3, size=(40, 2))
    scheme = Scheme(weights, zeros(40), method="minimisation", factors=factors, follow=follow)
    for seed in range(5):
        assert allocate(scheme, entropy=(seed,)).arms.tolist() == slow_minimisation(factors, weights, follow, (seed,))


def test_minimisation_balances_its_factors():
    factors = np.random.default_rng(4).integers(0, 4, size=(80, 3))
    for seed in range(10):
        scheme = Scheme((1, 1), zeros(80), method="minimisation", factors=factors, follow=0.9)
        arms = allocate(scheme, entropy=(seed,)).arms
        for factor in factors.T:
            gaps = [abs(int(np.sum(2 * arms[factor == level] - 1))) for level in np.unique(factor)]
            assert max(gaps) <= 6


def test_minimisation_keeps_unequal_shares():
    factors = np.random.default_rng(5).integers(0, 3, size=(90, 2))
    scheme = Scheme((2, 1), zeros(90), method="minimisation", factors=factors, follow=0.8)
    first = [int((allocate(scheme, entropy=(seed,)).arms == 0).sum()) for seed in range(60)]
    assert 59 < np.mean(first) < 61


def test_minimisation_goes_on_from_an_earlier_batch():
    earlier = zeros(8)
    scheme = Scheme(
        (1, 1), zeros(4), method="minimisation", factors=zeros(4)[:, None], follow=1.0,
        earlier_factors=earlier[:, None], earlier_arms=earlier,
    )  # fmt: skip
    assert allocate(scheme, entropy=(1,)).arms.tolist() == [1, 1, 1, 1]


def test_drawing_again_until_balance_holds():
    covariates = np.random.default_rng(6).normal(size=(30, 2))
    scheme = Scheme((1, 1), zeros(30), covariates=covariates, criterion="max_smd", at_most=0.1, most_draws=500)
    found = allocate(scheme, entropy=(1,))
    assert found.balance <= 0.1
    assert found.balance == pytest.approx(imbalance(covariates, found.arms, criterion="max_smd", n_arms=2), abs=1e-9)
    assert found.draws > 1
    plain = Scheme((1, 1), zeros(30))
    assert allocate(plain, entropy=(1,)).arms.tolist() != found.arms.tolist()


def test_a_balance_that_cannot_be_met():
    covariates = np.arange(7.0)[:, None] ** 3
    scheme = Scheme((1, 1), zeros(7), covariates=covariates, criterion="max_smd", at_most=0.001, most_draws=50)
    with pytest.raises(
        DesignError, match=r"None of 50 draws met .* max_smd at most 0.001 was asked, the best draw had 0\.\d+"
    ):
        allocate(scheme, entropy=(1,))


def test_standardised_differences_by_hand():
    """Arms 1, 3 and 2, 6: means 2 and 4, variances 2 and 8, pooled 5: (2 - 4) / sqrt(5)."""
    found = standardised_differences(np.array([[1.0], [3.0], [2.0], [6.0]]), np.array([0, 0, 1, 1]), n_arms=2)
    assert found[0].tolist() == pytest.approx([-2 / np.sqrt(5), 0])


def test_a_constant_column_is_balanced_and_a_split_one_has_no_value():
    columns = np.array([[0.1, 0.0], [0.1, 0.0], [0.1, 1.0], [0.1, 1.0]])
    found = standardised_differences(columns, np.array([0, 0, 1, 1]), n_arms=2)
    assert found[0].tolist() == [0, 0]
    assert np.isnan(found[1, 0])


def test_mahalanobis_by_hand():
    """One column: n_a n_b / n x gap^2 / variance of all = 1 x 4 / (14 / 3)."""
    value = imbalance(np.array([[1.0], [3.0], [2.0], [6.0]]), np.array([0, 0, 1, 1]), criterion="mahalanobis", n_arms=2)
    assert value == pytest.approx(4 / (14 / 3))


def test_mahalanobis_is_chi_square_over_draws():
    covariates = np.random.default_rng(8).normal(size=(100, 3))
    values = [
        imbalance(
            covariates, allocate(Scheme((1, 1), zeros(100)), entropy=(s,)).arms, criterion="mahalanobis", n_arms=2
        )
        for s in range(600)
    ]
    assert np.mean(values) == pytest.approx(3, abs=0.35)


def test_distance_needs_columns_that_vary():
    twice = np.random.default_rng(9).normal(size=(10, 1)).repeat(2, axis=1)
    for columns in (twice, np.ones((10, 1))):
        with pytest.raises(DesignError, match="follows from the others"):
            nearest_pairs(columns)


def test_pairs_are_as_near_as_can_be():
    for seed in range(5):
        points = np.random.default_rng(seed).normal(size=(8, 1))
        pairs = nearest_pairs(points)
        assert sorted(Counter(pairs.tolist()).values()) == [2, 2, 2, 2]
        found = sum(float(np.ptp(points[pairs == pair])) for pair in range(4))
        # In one dimension the best pairs are neighbours.
        assert found == pytest.approx(float(np.diff(np.sort(points[:, 0]))[::2].sum()))


def test_an_odd_number_has_no_pairs():
    with pytest.raises(DesignError, match="7 units cannot be paired"):
        nearest_pairs(np.arange(7.0)[:, None])
