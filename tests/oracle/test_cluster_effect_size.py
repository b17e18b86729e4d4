"""Effect sizes of cluster and multisite trials against lme4, pbkrtest and dense matrices (r/effect_size_cluster.R)."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evalkit.analysis.multilevel import multilevel
from evalkit.analysis.multilevel_arms import find_arms, plain_terms
from evalkit.analysis.multilevel_effects import effect_size
from evalkit.stats.cluster_effect_size import measure_yardstick
from evalkit.stats.mixed.fit import fit_mixed
from tests.oracle.compare import compare

HERE = Path(__file__).parent
ORACLE = json.loads((HERE / "expected/effect_size_cluster.json").read_text())
CASES = ORACLE["cases"]
OWN_OPTIMUM = "lme4's optimiser stops about 1e-6 short in the variances"


def fit_of(case):
    return multilevel(case["formula"], pd.read_csv(HERE / "data" / f"{case['data']}.csv"))


def table_of(case):
    fit = fit_of(case)
    table = effect_size(fit.core, fit.sample, fit.inference(), case["treatment"])
    return table[table["contrast"] == case["contrast"]].set_index("variant")


@pytest.mark.parametrize("name", CASES)
def test_every_variant_equals_r(name):
    case = CASES[name]
    table = table_of(case)
    numbers = ["estimate", "conf_low", "conf_high", "p_value"]
    for row in case["rows"]:
        expected = {key: row[key] for key in numbers}
        compare(table.loc[row["variant"], numbers].to_dict(), expected, rtol=2e-5, atol=2e-6, reason=OWN_OPTIMUM)


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_left_unchecked(name):
    case = CASES[name]
    given = table_of(case)
    assert {row["variant"] for row in case["rows"]} == set(given.index[given["reason"] == ""])


@pytest.mark.parametrize("name", CASES)
def test_counts_of_the_two_arms_compared(name):
    case = CASES[name]
    compare(table_of(case).iloc[0][list(case["counts"])].to_dict(), case["counts"])


@pytest.mark.parametrize("name", CASES)
def test_yardstick_of_the_arm_only_model(name):
    case = CASES[name]
    fit = fit_of(case)
    arms = find_arms(fit.core.coordinates.dropped, fit.sample, case["treatment"])
    terms = plain_terms(fit.sample.terms, arms.names)
    columns = np.vstack([np.ones(arms.codes.size), *(arms.column(k + 1, arms.codes) for k in range(len(arms.names)))])
    found = measure_yardstick(fit_mixed(fit.sample.outcome, columns, terms), terms)
    compare(found, case["yardstick"], rtol=1e-4, atol=1e-6, reason=OWN_OPTIMUM)


@pytest.mark.parametrize("arm", ["online", "tutor"])
def test_binary_outcome_equals_glmer_integrated(arm):
    data = pd.read_csv(HERE / "data/effect_size_three_arms.csv")
    fit = multilevel("passed ~ arm + pre + (1 | school)", data)
    table = effect_size(fit.core, fit.sample, fit.inference(), "arm")
    own = table[table["contrast"] == f"arm[T.{arm}]"].set_index("variant")["estimate"]
    compare(own.to_dict(), ORACLE["binary"][arm], rtol=1e-4, reason="glmer stops early")
