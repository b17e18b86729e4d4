"""Shares against binom.test, prop.test, fisher.test, t.test and the package survey (r/shares.R)."""

import json
from pathlib import Path

import numpy as np
import pytest

from evalkit.stats.clustered_shares import clustered_difference, clustered_mean
from evalkit.stats.reported_mean import ReportedMean, mean_difference
from evalkit.stats.share_tests import exact_binomial_p, share_difference
from tests.oracle.compare import compare

HERE = Path(__file__).parent
R = json.loads((HERE / "expected/shares.json").read_text())
SCHOOL, PERSON, WAVE, AGREE, RECOMMEND = np.genfromtxt(
    HERE / "data/staff_schools.csv", delimiter=",", skip_header=1, dtype=int
).T


@pytest.mark.parametrize("case", R["exact"], ids=lambda case: f"{case['count']} of {case['n']}")
def test_exact_p_equals_binom_test(case):
    found = exact_binomial_p(case["count"], case["n"], reference=case["reference"])
    compare(found, case["p_value"])


@pytest.mark.parametrize("case", R["two"], ids=lambda case: str(case["first"]))
def test_two_shares_equal_newcombe_from_prop_test(case):
    found = share_difference(tuple(case["first"]), tuple(case["second"]))
    compare(found, {key: case[key] for key in ("value", "low", "high")})
    compare(found.p_value, case[f"{found.test}_p"])


def test_both_tests_of_two_shares_are_used():
    used = {share_difference(tuple(case["first"]), tuple(case["second"])).test for case in R["two"]}
    assert used == {"chi_square", "fisher"}


def test_reported_means_equal_t_test():
    own = ReportedMean(48.3, 8, 40)
    compare(mean_difference(own, 47.2), R["means"]["one"])
    compare(mean_difference(own, ReportedMean(47.2, 10, 300)), R["means"]["two"])


@pytest.mark.parametrize(("name", "wave"), [("before", 0), ("after", 1)])
def test_shares_of_staff_in_schools_equal_survey(name, wave):
    rows = wave == WAVE
    compare(clustered_mean(AGREE[rows], clusters=SCHOOL[rows]), R[name]["share"])
    compare(clustered_mean(RECOMMEND[rows], clusters=SCHOOL[rows]), R[name]["net"])


def test_the_difference_of_two_occasions_equals_svyglm():
    for clusters, expected in ((SCHOOL, R["by_school"]), (PERSON, R["by_person"])):
        compare(clustered_difference(AGREE, second=WAVE == 1, clusters=clusters), expected)
