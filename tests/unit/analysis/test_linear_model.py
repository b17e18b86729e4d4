"""`linear`: equal to lm and clubSandwich through the formula, and what it says about bad input."""

import doctest
import json
import re
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import evalkit
from evalkit.analysis.linear_model import LinearModel, linear
from evalkit.errors import FitError, SpecError
from tests.oracle.compare import compare

ORACLE = Path(__file__).parents[2] / "oracle"
PLAIN = json.loads((ORACLE / "expected/linear.json").read_text())["cases"]
ROBUST = [
    case
    for case in json.loads((ORACLE / "expected/clubsandwich.json").read_text())["cases"]
    if "random" not in case and case["working"] is None
]
WRITTEN = {"2 pre + 3": "I(2 * pre + 3)", "1 - treat": "I(1 - treat)"}


def read(name):
    return pd.read_csv(ORACLE / "data" / f"{name}.csv")


DATA = read("robust_unbalanced").assign(arm=lambda d: np.array(["a", "b", "c"])[d["school"] % 3])


@pytest.mark.parametrize("case", PLAIN, ids=[case["name"] for case in PLAIN])
def test_without_clusters_it_is_lm(case):
    formula = "y ~ " + " + ".join(WRITTEN.get(c, c) for c in case["columns"])
    fit = linear(formula, DATA, weights=case["weights"])
    wanted = {"estimate": "coefficients", "std_error": "std_errors", "statistic": "t_values", "p_value": "p_values"}
    tidy = fit.tidy()
    compare(tidy, {key: case[own] for key, own in wanted.items()}, rtol=1e-8)
    assert (tidy["df"] == case["df_residual"]).all()
    glance = fit.glance().iloc[0]
    keys = ("sigma", "r_squared", "adjusted_r_squared", "df_residual")
    compare({k: glance[k] for k in keys}, {k: case[k] for k in keys}, rtol=1e-10)
    left_out = [WRITTEN[c] for c in case["columns"] if c in WRITTEN]
    assert list(fit.dropped) == left_out
    assert glance["dropped"] == "; ".join(left_out)
    assert ("dropped_columns" in fit.caveats["kind"].tolist()) == bool(left_out)
    assert "independent_rows" in fit.caveats["kind"].tolist()


@pytest.mark.parametrize("case", ROBUST, ids=[case["name"] for case in ROBUST])
def test_with_clusters_it_is_clubsandwich(case):
    formula = f"{case['outcome']} ~ " + " + ".join(case["columns"])
    data = read(case["data"])
    fit = linear(formula, data, clusters=case["cluster"], kind=case["kind"], weights=case["weights"])
    tidy = fit.tidy()
    assert tidy["term"].tolist() == ["Intercept", *case["columns"]]
    seen = tidy["df"].notna().to_numpy()
    assert seen[1:3].all()
    wanted = {"std_error": "std_errors", "df": "df", "p_value": "p_values"}
    compare(tidy["estimate"], case["coefficients"], rtol=1e-9)
    expected = {key: np.array(case[own], dtype=float)[seen] for key, own in wanted.items()}
    compare(tidy[seen].reset_index(drop=True), expected, rtol=1e-8)
    if "joint" in case:
        found = fit.test([fit.terms[i] for i in np.atleast_1d(case["joint"]["rows"])]).iloc[0]
        names = {"statistic": "f", "num_df": "df_num", "den_df": "df_denom", "p_value": "p"}
        compare({k: found[k] for k in names}, {k: case["joint"][own] for k, own in names.items()}, rtol=1e-8)
        assert found["method"] == "HTZ"
    assert fit.glance()["kind"].item() == case["kind"]
    assert fit.glance()["n_clusters"].item() == data[case["cluster"]].nunique()
    compare(np.sqrt(np.diag(fit.covariance()))[seen], expected["std_error"], rtol=1e-8)


def test_a_lone_cluster_is_said():
    data = read("robust_lone_stratum")
    found = linear("y ~ treat + pre + s2 + s3 + s4", data, clusters="school").caveats
    message = found.loc[found["kind"] == "one_cluster_decides", "message"].item()
    assert "s4" in message
    assert "pre" not in message


def test_classical_joint_test_is_the_f_of_two_nested_fits():
    full, small = linear("y ~ treat + pre + arm", DATA), linear("y ~ treat + pre", DATA)
    rss = [float((fit.residuals() ** 2).sum()) for fit in (full, small)]
    df = full.glance()["df_residual"].item()
    found = full.test("arm").iloc[0]
    compare(found["statistic"], (rss[1] - rss[0]) / 2 / (rss[0] / df))
    assert (found["num_df"], found["den_df"], found["method"]) == (2, df, "F")
    # One coefficient: F = t^2.
    compare(full.test("pre")["statistic"].item(), full.tidy()["statistic"][2] ** 2)


def test_missing_rows_are_left_out_counted_and_said():
    data = DATA.copy()
    data["school"] = data["school"].astype(float)
    data.loc[[3, 9], "pre"] = np.nan
    data.loc[9, "y"] = np.nan
    data.loc[20, "school"] = np.nan
    fit = linear("y ~ treat + pre", data, clusters="school")
    whole = linear("y ~ treat + pre", data.drop(index=[3, 9, 20]), clusters="school")
    pd.testing.assert_frame_equal(fit.tidy(), whole.tidy())
    assert fit.glance()["n_missing"].item() == 3
    message = fit.caveats.loc[fit.caveats["kind"] == "complete_cases", "message"].item()
    assert message.startswith("3 of 379 rows were left out")
    for part in ("pre (2)", "y (1)", "school (1)"):
        assert part in message
    assert 9 not in fit.residuals().index
    used = data["y"].drop(index=[3, 9, 20])
    np.testing.assert_allclose(fit.fitted() + fit.residuals(), used, rtol=1e-12)


def test_formula_language_is_that_of_multilevel():
    terms = linear("np.log(y + 50) ~ treat * pre + factor(s2) + arm + I(pre^2)", DATA, clusters="school").terms
    assert "treat:pre" in terms
    assert "arm[T.b]" in terms
    assert "C(s2)[T.1]" in terms
    assert "I(pre ** 2)" in terms


def test_row_order_does_not_matter_and_the_result_is_frozen():
    fit = linear("y ~ treat + arm", DATA, clusters="school")
    moved = linear("y ~ treat + arm", DATA.sample(frac=1, random_state=1), clusters="school")
    pd.testing.assert_frame_equal(fit.tidy(), moved.tidy(), rtol=1e-9)
    assert isinstance(fit, LinearModel)
    assert repr(fit) == "<LinearModel 'y ~ treat + arm', 379 rows>"
    with pytest.raises(FrozenInstanceError):
        fit.robust = None
    wide, narrow = fit.tidy(conf_level=0.99), fit.tidy(conf_level=0.5)
    assert (wide["conf_low"] < narrow["conf_low"]).all()


@pytest.mark.parametrize(
    ("formula", "options", "error", "words"),
    [
        ("y ~ treet + pre", {}, FitError, "Column 'treet' is not in the data. Did you mean 'treat'"),
        ("y ~ treat", {"clusters": "schol"}, FitError, "Did you mean 'school'"),
        ("y ~ treat", {"clusters": DATA["school"]}, SpecError, "clusters='school'"),
        ("y ~ treat", {"clusters": "one"}, FitError, "only one level"),
        ("y ~ treat + (1 | school)", {}, SpecError, "use multilevel()"),
        ("y treat", {}, SpecError, "one ~"),
        ("y ~", {}, SpecError, "left of the ~"),
        ("y ~ treat + (pre", {}, SpecError, "parenthesis"),
        ("y ~ treat", {"kind": "CR9"}, SpecError, "CR0, CR1, CR1S, CR2, CR3"),
        ("y ~ treat", {"weights": "pre"}, FitError, "not above 0"),
        ("y ~ treat", {"weights": "arm"}, FitError, "hold text"),
        ("arm ~ treat", {}, FitError, "holds text, such as 'a'"),
        ("one ~ treat", {}, FitError, "'one' is 1 in every row"),
        ("y ~ one", {}, FitError, "'one' is 1 in every row"),
        ("y ~ empty", {}, FitError, "No row has a value in every column"),
        ("y ~ infinite", {}, FitError, "infinite in 1 row"),
    ],
)
def test_bad_input(formula, options, error, words):
    data = DATA.assign(one=1, empty=np.nan, infinite=np.where(DATA.index == 0, np.inf, 1.0))
    with pytest.raises(error, match=re.escape(words)):
        linear(formula, data, **options)


def test_bad_questions():
    fit = linear("y ~ treat + pre", DATA, clusters="school")
    with pytest.raises(FitError, match="neither a coefficient nor a term"):
        fit.test("arm")
    with pytest.raises(FitError, match="No term was named"):
        fit.test([])
    with pytest.raises(FitError, match="outside 0 to 1"):
        fit.tidy(conf_level=95)
    with pytest.raises(FitError, match="no rows"):
        linear("y ~ treat", DATA.iloc[:0])
    with pytest.raises(FitError, match="pandas DataFrame"):
        linear("y ~ treat", {"y": [1]})


def test_a_perfect_fit_is_said():
    found = linear("twice ~ pre", DATA.assign(twice=2 * DATA["pre"])).caveats
    assert "perfect_fit" in found["kind"].tolist()


def test_the_numbers_on_the_page_of_fitting_are_real():
    page = Path(evalkit.__file__).parent.parent / "docs" / "how-to" / "fit-a-model.md"
    with pd.option_context("display.width", 200, "display.max_columns", 20):
        found = doctest.testfile(str(page), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert found.attempted == 9 + 5 * 3
    assert found.failed == 0
