"""`gee`: equal to R's gee with Mancl and DeRouen's errors through the formula, and what it says about bad input."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import stdtr

from evalkit.analysis.gee_model import gee
from evalkit.errors import FitError, SpecError
from tests.oracle.compare import compare

ORACLE = Path(__file__).parents[2] / "oracle"
CASES = json.loads((ORACLE / "expected/gee_ordinal.json").read_text())["gee"]


def read(name):
    return pd.read_csv(ORACLE / "data" / f"{name}.csv")


DATA = read("logit_small")


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_it_is_gee_with_t_on_schools_minus_between_columns(case):
    data = read(case["data"])
    fit = gee("y ~ " + " + ".join(case["columns"]), data, clusters="school", family=case["family"])
    tidy, glance = fit.tidy(), fit.glance().iloc[0]
    assert tidy["term"].tolist() == ["Intercept", *case["columns"]]
    compare(tidy, {"estimate": case["coefficients"], "std_error": case["std_errors"]}, rtol=1e-9)
    compare(glance["correlation"], case["correlation"], rtol=1e-9)
    df = data["school"].nunique() - 2
    assert (glance["df"], glance["n_between"], (tidy["df"] == df).all()) == (df, 2, True)
    t = np.array(case["coefficients"]) / np.array(case["std_errors"])
    compare(tidy["p_value"], 2 * stdtr(df, -np.abs(t)), rtol=1e-7)
    assert ("odds_ratio" in tidy) == (case["family"] == "logit")
    said = fit.caveats.loc[fit.caveats["kind"] == "degrees_of_freedom", "message"].item()
    assert f"{df + 2} clusters - 2 column(s)" in said
    assert f"= {df} degrees of freedom" in said
    compare(np.sqrt(np.diag(fit.covariance())), case["std_errors"], rtol=1e-9)


def test_missing_rows_text_outcome_and_dependent_columns():
    data = DATA.assign(y=DATA["y"].map({0: "no", 1: "yes"}), again=1 - DATA["treat"])
    data.loc[[2, 5], "pre"] = np.nan
    fit = gee("y ~ treat + pre + again", data, clusters="school")
    pd.testing.assert_frame_equal(fit.tidy(), gee("y ~ treat + pre", DATA.drop(index=[2, 5]), clusters="school").tidy())
    kinds = ["dropped_columns", "few_clusters", "complete_cases", "outcome_coding", "degrees_of_freedom"]
    assert fit.caveats["kind"].tolist() == kinds
    assert fit.caveats["message"][2] == "2 of 139 rows were left out for missing values: pre (2)."
    assert fit.glance()["dropped"].item() == "again"


@pytest.mark.parametrize(
    ("formula", "options", "error", "words"),
    [
        ("y ~ treet", {}, FitError, "Did you mean 'treat'"),
        ("y ~ treat", {"clusters": "schol"}, FitError, "Did you mean 'school'"),
        ("y ~ treat", {"clusters": None}, SpecError, "gee() needs clusters"),
        ("y ~ treat", {"clusters": "row"}, FitError, "a level for every row"),
        ("y ~ treat", {"family": "probit"}, SpecError, "logit, linear"),
        ("y ~ treat + (1 | school)", {}, SpecError, "clusters='school'"),
        ("pre ~ treat", {}, FitError, "a yes/no outcome is 0 or 1"),
        ("one ~ treat", {"family": "linear"}, FitError, "in every row"),
        ("twice ~ pre", {"family": "linear"}, FitError, "foretell 'twice' without error"),
        ("empty ~ treat", {}, FitError, "No row has a value in every column"),
        ("y ~ copy", {}, FitError, "copy foretells the outcome"),
        ("y ~ C(school)", {}, FitError, "cannot carry 8 columns"),
    ],
)
def test_bad_input(formula, options, error, words):
    data = DATA.assign(one=1, copy=DATA["y"], row=np.arange(len(DATA)), twice=2 * DATA["pre"], empty=None)
    with pytest.raises(error, match=re.escape(words)):
        gee(formula, data, **{"clusters": "school", **options})
