"""Matching and weighting by hand, and optimal matching against the optimum of a linear programme."""

import numpy as np
import pytest
from scipy.optimize import linprog

from evalkit.errors import FitError
from evalkit.stats.balancing import effective_size, entropy_weights, propensity_weights
from evalkit.stats.group_balance import group_balance
from evalkit.stats.match_distances import distances, score_distances
from evalkit.stats.matching import coarsened, nearest, strata
from evalkit.stats.matching_optimal import full, optimal
from evalkit.stats.propensity import fit_propensity
from evalkit.stats.weighted_difference import weighted_difference

# Ten units: four with the programme (0 to 3), six without (4 to 9).
SCORES = np.array([3.0, 2.0, 1.0, 0.0, 2.9, 2.6, 1.2, 0.9, -2.0, 2.1])
GROUP = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])


def covered_by_programme(table: np.ndarray) -> float:
    """The cheapest set of allowed pairs in which every unit that has a partner stands at least once, by a programme."""
    allowed = np.argwhere(np.isfinite(table))
    costs = table[allowed[:, 0], allowed[:, 1]]
    rows = [(allowed[:, side] == place).astype(float) for side in (0, 1) for place in range(table.shape[side])]
    rows = [row for row in rows if row.any()]
    return linprog(costs, A_ub=-np.array(rows), b_ub=-np.ones(len(rows)), bounds=(0, 1), method="highs").fun


def assigned_by_programme(table: np.ndarray, ratio: int) -> tuple[int, float]:
    """Most pairs with at most `ratio` for a row and one for a column, and their least distance, by two programmes."""
    allowed = np.argwhere(np.isfinite(table))
    costs = table[allowed[:, 0], allowed[:, 1]]
    rows = [(allowed[:, side] == place).astype(float) for side in (0, 1) for place in range(table.shape[side])]
    limits = [float(ratio)] * table.shape[0] + [1.0] * table.shape[1]
    options = {"A_ub": np.array(rows), "b_ub": np.array(limits), "bounds": (0, 1), "method": "highs"}
    most = round(-linprog(-np.ones(len(costs)), **options).fun)
    return most, linprog(costs, A_eq=np.ones((1, len(costs))), b_eq=[most], **options).fun


def test_nearest_by_hand() -> None:
    found = distances(SCORES, GROUP)
    matched = nearest(found, n=10, order=SCORES)
    assert matched.pairs.tolist() == [[0, 4], [1, 9], [2, 7], [3, 6]]
    assert matched.weights.tolist() == [1, 1, 1, 1, 1, 0, 1, 1, 0, 1]
    assert matched.sets.tolist() == [0, 1, 2, 3, 0, -1, 3, 2, -1, 1]
    assert matched.total_distance == pytest.approx(0.1 + 0.1 + 0.1 + 1.2)


def test_a_caliper_below_one_bites() -> None:
    found = distances(SCORES, GROUP, caliper=0.5)
    matched = nearest(found, n=10, order=SCORES)
    assert matched.pairs.tolist() == [[0, 4], [1, 9], [2, 7]]
    assert not matched.matched[3]


def test_replacement_weights_count_how_often_a_unit_serves() -> None:
    found = distances([2.0, 1.9, 5.0, 2.0, 1.0, 5.1], [1, 1, 1, 0, 0, 0])
    matched = nearest(found, n=6, replacement=True)
    assert matched.pairs.tolist() == [[0, 3], [1, 3], [2, 5]]
    assert matched.weights == pytest.approx([1, 1, 1, 4 / 3, 0, 2 / 3])


def test_optimal_does_better_than_greedy() -> None:
    found = distances([1.0, 0.0, 0.6, 3.0], [1, 1, 0, 0])
    greedy, best = nearest(found, n=4), optimal(found, n=4)
    assert greedy.total_distance == pytest.approx(0.4 + 3.0)
    assert best.total_distance == pytest.approx(0.6 + 2.0)


@pytest.mark.parametrize("seed", range(12))
def test_full_matching_is_the_optimum_of_the_linear_programme(seed: int) -> None:
    random = np.random.default_rng(seed)
    treated = np.array([1] * int(random.integers(2, 8)) + [0] * int(random.integers(2, 9)))
    scores = random.normal(size=len(treated)).round(1 if seed % 2 else 6)  # some with ties
    found = distances(scores, treated, caliper=None if seed % 3 else 1.0)
    matched = full(found, n=len(treated), estimand="ate" if seed % 2 else "att")
    assert matched.total_distance == pytest.approx(covered_by_programme(found.table))
    for name in range(matched.sets.max() + 1):
        members = treated[matched.sets == name]
        assert min(members.sum(), (1 - members).sum()) == 1, "every set has one of a kind"
    reachable = np.isfinite(found.table)
    assert matched.matched[found.treated].tolist() == reachable.any(axis=1).tolist()
    assert matched.matched[found.control].tolist() == reachable.any(axis=0).tolist()


@pytest.mark.parametrize("seed", range(12))
def test_optimal_sets_are_the_optimum_of_the_linear_programme(seed: int) -> None:
    random = np.random.default_rng(100 + seed)
    treated = np.array([1] * int(random.integers(2, 6)) + [0] * int(random.integers(4, 11)))
    scores = random.normal(size=len(treated))
    found = distances(scores, treated, caliper=None if seed % 3 else 0.8)
    matched = optimal(found, n=len(treated))
    most, least = assigned_by_programme(found.table, 1)
    assert len(matched.pairs) == most
    assert matched.total_distance == pytest.approx(least)
    two = optimal(found, n=len(treated), ratio=2)
    assert len(np.unique(two.pairs[:, 0])) == most, "everybody gets a first partner before anybody a second"
    if not seed % 3:
        return
    most, least = assigned_by_programme(found.table, 2)
    if len(two.pairs) == most and most == 2 * int(treated.sum()):
        assert two.total_distance == pytest.approx(least)


@pytest.mark.parametrize(("ratio", "replacement", "caliper"), [(1, False, 0.5), (2, False, None), (2, True, 0.3)])
def test_without_a_table_the_neighbours_are_the_same(ratio: int, replacement: bool, caliper: float | None) -> None:
    random = np.random.default_rng(8)
    score, group, year = random.normal(size=120), random.random(120) < 0.4, random.integers(0, 2, 120)
    options = {"n": 120, "order": score, "ratio": ratio, "replacement": replacement}
    table = nearest(distances(score, group, caliper=caliper, exact=year), **options)
    rows = nearest(score_distances(score, group, caliper=caliper, exact=year), **options)
    assert rows.pairs.tolist() == table.pairs.tolist()
    assert rows.weights.tolist() == table.weights.tolist()
    assert rows.total_distance == table.total_distance


def test_strata_weights_by_hand() -> None:
    labels, group = ["a", "a", "a", "b", "b", "c"], [1, 0, 0, 1, 0, 1]
    att = strata(labels, group)
    assert att.weights == pytest.approx([1, 0.75, 0.75, 1, 1.5, 0])
    ate = strata(labels, group, estimand="ate")
    assert ate.weights == pytest.approx([1.2, 0.9, 0.9, 0.8, 1.2, 0])
    assert coarsened([0, 1, 2, 3, 4], cuts=2).tolist() == [0, 0, 1, 1, 1]
    assert coarsened([0, 1, 2], cuts=(1,)).tolist() == [0, 1, 1]


@pytest.mark.parametrize("estimand", ["att", "ate"])
def test_entropy_weights_balance_the_means_exactly(estimand) -> None:
    random = np.random.default_rng(3)
    x = random.normal(size=(200, 3)) * [1, 10, 1000] + [0, 5, -3]
    group = random.random(200) < 1 / (1 + np.exp(-x[:, 0]))
    weights = entropy_weights(np.column_stack([x, x[:, 0] * 2]), group, estimand=estimand)
    assert np.abs(group_balance(x, group, weights=weights).std_differences).max() < 1e-9
    if estimand == "ate":
        assert weights[group] @ x[group] / group.sum() == pytest.approx(x.mean(axis=0))
    assert effective_size(weights[~group]) < (~group).sum()


def test_overlap_weights_of_a_logit_balance_its_covariates_exactly() -> None:
    random = np.random.default_rng(4)
    x = random.normal(size=(300, 4))
    group = random.random(300) < 1 / (1 + np.exp(-x[:, 0] - x[:, 1]))
    fit = fit_propensity(x, group)
    weights = propensity_weights(fit.scores, group, estimand="ato")
    assert np.abs(group_balance(x, group, weights=weights).std_differences).max() < 1e-8


def test_a_few_units_set_apart_by_facts_that_determine_one_another_are_counted() -> None:
    random = np.random.default_rng(5)
    age, school_years = random.integers(20, 60, 200).astype(float), random.integers(9, 18, 200).astype(float)
    working = age - school_years - 6
    working[3] += 1  # one slip of the pen
    group = random.random(200) < 0.4
    with pytest.raises(FitError, match=r"'age', 'school', 'work' together tell 1 of 200 units apart"):
        fit_propensity(np.column_stack([age, school_years, working]), group, names=["age", "school", "work"])


def test_what_cannot_be_matched_is_one_sentence() -> None:
    x = np.column_stack([np.arange(8.0), [1, 1, 1, 1, 2, 2, 2, 2]])
    group = [0, 0, 0, 0, 1, 1, 1, 1]
    with pytest.raises(FitError, match="'age' tells the groups apart perfectly"):
        fit_propensity(x, group, names=["age", "year"])
    with pytest.raises(FitError, match="the groups do not overlap"):
        distances(x[:, 0], group, caliper=0.1)
    with pytest.raises(FitError, match="the groups do not overlap"):
        strata(x[:, 1], group)
    with pytest.raises(FitError, match="nobody there is like it"):
        entropy_weights(x[:, :1], group)
    with pytest.raises(FitError, match="Nobody is in the comparison group"):
        fit_propensity(x, np.ones(8))
    with pytest.raises(FitError, match="must be above 0"):
        distances(x[:, 0], group, caliper=0.0)


def test_weights_of_zero_are_left_out_and_weights_are_no_precisions() -> None:
    outcome, group = np.array([1.0, 2, 3, 0, 1, 5, 9]), np.array([1, 1, 1, 0, 0, 0, 0])
    found = weighted_difference(outcome, group, weights=[1, 1, 1, 2, 0.5, 0.5, 0])
    assert found.estimate == pytest.approx(2 - (2 * 0 + 0.5 * 1 + 0.5 * 5) / 3)
    assert (found.n_treated, found.n_control) == (3, 3)
    doubled = weighted_difference(outcome, group, weights=[2, 2, 2, 4, 1, 1, 0])
    assert doubled.std_error == pytest.approx(found.std_error)
