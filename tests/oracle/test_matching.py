"""Matching, balancing weights, CR2 and the doubly robust difference against MatchIt, clubSandwich and numDeriv."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from evalkit.stats.balancing import propensity_weights
from evalkit.stats.doubly_robust import doubly_robust
from evalkit.stats.group_balance import group_balance
from evalkit.stats.match_distances import distances
from evalkit.stats.matching import coarsened, nearest, strata
from evalkit.stats.propensity import fit_propensity
from evalkit.stats.weighted_difference import weighted_difference
from tests.oracle.compare import compare

HERE = Path(__file__).parent
EXPECTED = json.loads((HERE / "expected/matching.json").read_text())
with (HERE / "data/matching.csv").open() as file:
    ROWS = list(csv.DictReader(file))
DATA = {key: np.array([float(row[key]) for row in ROWS]) for key in ROWS[0]}
TREAT = DATA["treat"]
COVARIATES = np.column_stack([DATA["x1"], DATA["x2"], DATA["fsm"]])
N = len(TREAT)
CALIPER = EXPECTED["caliper"]


@pytest.fixture(scope="module")
def propensity():
    return fit_propensity(COVARIATES, TREAT, names=["x1", "x2", "fsm"])


def test_propensity_equals_glm(propensity):
    compare(propensity, EXPECTED["propensity"])


@pytest.mark.parametrize(
    ("name", "caliper", "exact", "options"),
    [
        ("nearest", None, None, {}),
        ("nearest_caliper", CALIPER, None, {}),
        ("nearest_two", None, None, {"ratio": 2}),
        ("nearest_replacement", None, None, {"ratio": 2, "replacement": True}),
        ("nearest_exact", CALIPER, DATA["fsm"], {}),
    ],
)
def test_nearest_neighbours_equal_matchit(propensity, name, caliper, exact, options):
    found = distances(propensity.linear, TREAT, caliper=caliper, exact=exact)
    matched = nearest(found, n=N, order=propensity.linear, **options)
    assert matched.pairs.tolist() == EXPECTED[name]["pairs"]
    compare(matched.weights, EXPECTED[name]["weights"])


def test_mahalanobis_distance_equals_matchit():
    found = distances(COVARIATES, TREAT, metric="mahalanobis")
    compare(found.table[:8], EXPECTED["mahalanobis"]["table"])


@pytest.mark.parametrize(("name", "estimand"), [("exact", "att"), ("exact_ate", "ate")])
def test_exact_strata_equal_matchit(name, estimand):
    matched = strata(DATA["fsm"] * 10 + DATA["year"], TREAT, estimand=estimand)
    compare(matched.weights, EXPECTED[name]["weights"])


def test_coarsened_strata_equal_matchit():
    by_parts = coarsened(DATA["x1"], cuts=5) * 100 + coarsened(DATA["x2"], cuts=4) * 10 + DATA["fsm"]
    compare(strata(by_parts, TREAT).weights, EXPECTED["coarsened"]["weights"])
    by_cuts = coarsened(DATA["x1"], cuts=(-1, 0, 1)) * 10 + DATA["fsm"]
    compare(strata(by_cuts, TREAT).weights, EXPECTED["coarsened_cuts"]["weights"])


def test_balance_equals_matchit():
    expected = EXPECTED["balance"]
    assert expected["columns"] == ["x1", "x2", "fsm"]
    before = group_balance(COVARIATES, TREAT, yardstick="treated")
    weights = EXPECTED["nearest_replacement"]["weights"]
    after = group_balance(COVARIATES, TREAT, weights=weights, yardstick="treated")
    # MatchIt measures a covariate of two values by sqrt(p(1 - p)), evalkit by the sample's standard deviation.
    ones = int(TREAT.sum())
    binary = np.sqrt(ones / (ones - 1))
    for found, key in ((before, "all"), (after, "matched")):
        compare(found.std_differences * [1, 1, binary], expected[f"{key}_std"])
        compare(found.variance_ratios, expected[f"{key}_ratio"])


@pytest.mark.parametrize("case", EXPECTED["differences"], ids=[case["name"] for case in EXPECTED["differences"]])
def test_weighted_difference_equals_lm_with_clubsandwich(propensity, case):
    weights = np.array(case["weights"])
    if case["name"] != "matched":
        compare(propensity_weights(propensity.scores, TREAT, estimand=case["name"]), weights)
    found = weighted_difference(DATA["y"], TREAT, covariates=COVARIATES, weights=weights, clusters=DATA["school"])
    compare(found, {key: case[key] for key in ("estimate", "std_error", "df", "p_value")})


@pytest.mark.parametrize("case", EXPECTED["doubly_robust"], ids=[one["estimand"] for one in EXPECTED["doubly_robust"]])
def test_doubly_robust_equals_the_stacked_equations(propensity, case):
    found = doubly_robust(DATA["y"], TREAT, propensity, clusters=DATA["school"], estimand=case["estimand"])
    compare(found.estimate, case["estimate"])
    compare(found.std_error, case["std_error"], rtol=1e-5, reason="R differentiates numerically")
