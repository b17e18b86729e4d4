"""`ordinal`: equal to MASS::polr with clustered errors through the formula, and what it says about bad input."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import stdtrit

from evalkit.analysis.ordinal_model import ordinal
from evalkit.errors import FitError, SpecError
from tests.oracle.compare import compare

ORACLE = Path(__file__).parents[2] / "oracle"
CASES = json.loads((ORACLE / "expected/gee_ordinal.json").read_text())["polr"]


def read(name):
    return pd.read_csv(ORACLE / "data" / f"{name}.csv")


DATA = read("ordinal_four")
FIT = ordinal("y ~ treat + pre", DATA, clusters="school")


@pytest.mark.parametrize("case", CASES, ids=[case["data"] for case in CASES])
def test_it_is_polr_with_thresholds_as_rows(case):
    data = read(case["data"])
    fit = ordinal("y ~ " + " + ".join(case["columns"]), data, clusters="school")
    tidy = fit.tidy()
    cuts = len(case["thresholds"])
    assert tidy["term"].tolist() == [*case["columns"], *(f"{k}|{k + 1}" for k in range(1, cuts + 1))]
    assert tidy["kind"].tolist() == ["coefficient"] * 2 + ["threshold"] * cuts
    expected = {
        "estimate": case["coefficients"] + case["thresholds"],
        "std_error": case["std_errors"] + case["threshold_std_errors"],
    }
    reason = "polr stops on a relative change of the deviance, and its Hessian is a numerical one"
    compare(tidy, expected, rtol=5e-6, reason=reason)
    compare(fit.glance()["loglik"].item(), case["log_likelihood"], rtol=1e-10)
    df = data["school"].nunique() - 2
    assert (tidy["df"] == df).all()
    compare(tidy["conf_high"], tidy["estimate"] + stdtrit(df, 0.975) * tidy["std_error"])
    compare(np.sqrt(np.diag(fit.covariance())), tidy["std_error"])
    assert tidy["p_value"].isna().tolist() == [False, False] + [True] * cuts


def test_ordered_categories_name_the_thresholds():
    words = ["never", "rarely", "often", "always"]
    answer = pd.Categorical(DATA["y"].map(dict(enumerate(words, start=1))), categories=words, ordered=True)
    fit = ordinal("answer ~ treat + pre", DATA.assign(answer=answer), clusters="school")
    assert fit.thresholds == ("never|rarely", "rarely|often", "often|always")
    assert fit.glance()["answers"].item() == "never < rarely < often < always"
    pd.testing.assert_frame_equal(fit.tidy().drop(columns="term"), FIT.tidy().drop(columns="term"))


def test_missing_rows_and_dependent_columns_and_an_intercept_left_out():
    data = DATA.assign(again=1 - DATA["treat"])
    data.loc[[2, 5], "pre"] = np.nan
    fit = ordinal("y ~ treat + pre + again", data, clusters="school")
    whole = ordinal("y ~ 0 + treat + pre", DATA.drop(index=[2, 5]), clusters="school")
    pd.testing.assert_frame_equal(fit.tidy(), whole.tidy())
    assert fit.caveats["kind"].tolist() == ["dropped_columns", "complete_cases", "degrees_of_freedom"]
    assert fit.glance()["n_missing"].item() == 2
    few = ordinal("y ~ treat + pre", DATA[DATA["school"] <= 12], clusters="school").caveats
    assert few["kind"][0] == "few_clusters"
    arms = DATA.assign(arm=np.array(["a", "b", "c"])[DATA["school"] % 3])
    coded = ordinal("y ~ 0 + arm", arms, clusters="school")
    assert coded.terms == ("arm[a]", "arm[b]")
    assert coded.rows.dropped == ("arm[c]",)


@pytest.mark.parametrize(
    ("formula", "options", "error", "words"),
    [
        ("y ~ treet", {}, FitError, "Did you mean 'treat'"),
        ("y ~ treat", {"clusters": "schol"}, FitError, "Did you mean 'school'"),
        ("y ~ treat", {"clusters": None}, SpecError, "ordinal() needs clusters"),
        ("y ~ 1", {}, FitError, "no predictor that varies"),
        ("text ~ treat", {}, FitError, "whose order is not known"),
        ("empty ~ treat", {}, FitError, "No row has a value in every column"),
        ("two ~ treat", {}, FitError, "use logit() or gee()"),
        ("pre ~ treat", {}, FitError, "use linear() or multilevel()"),
        ("y ~ treat + (1 | school)", {}, SpecError, "clusters='school'"),
    ],
)
def test_bad_input(formula, options, error, words):
    data = DATA.assign(text=DATA["y"].map(str) + " times", two=(DATA["y"] > 2).astype(int), empty=None)
    with pytest.raises(error, match=re.escape(words)):
        ordinal(formula, data, **{"clusters": "school", **options})
