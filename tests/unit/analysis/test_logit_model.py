"""`logit`: equal to glmer through the formula, the risk difference, and what it says about bad input."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, stdtr, stdtrit

from evalkit.analysis.logit_model import logit
from evalkit.errors import FitError, SpecError
from evalkit.stats.marginal import marginal_risk_difference
from tests.oracle.compare import compare

ORACLE = Path(__file__).parents[2] / "oracle"
CASES = json.loads((ORACLE / "expected/glmer.json").read_text())["cases"]
FORMULA = "y ~ treat + pre + female + (1 | school)"


def read(name):
    return pd.read_csv(ORACLE / "data" / f"{name}.csv")


DATA = read("logit_small")
FIT = logit(FORMULA, DATA)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_it_is_glmer(case):
    fit = logit(FORMULA, read(case["data"]), n_nodes=case["n_nodes"])
    tidy, glance = fit.tidy(), fit.glance().iloc[0]
    errors = np.array(case["std_errors"])
    reason = "glmer's inner iterations leave noise in its deviance, on which its optimiser stops"
    compare(tidy["estimate"] / errors, np.array(case["coefficients"]) / errors, rtol=2e-6, atol=2e-6, reason=reason)
    compare(tidy["std_error"], errors, rtol=5e-5, reason="glmer's Hessian is a second difference of that deviance")
    compare(tidy["odds_ratio"], np.exp(tidy["estimate"]))
    assert np.isinf(tidy["df"]).all()
    sigma, value = case["sigma"], case["log_likelihood"]
    wanted = {
        "loglik": value,
        "aic": 10 - 2 * value,
        "sigma": sigma,
        "icc_latent": sigma**2 / (sigma**2 + np.pi**2 / 3),
    }
    compare({key: glance[key] for key in wanted}, wanted, rtol=5e-6, atol=2e-6, reason=reason)
    assert (glance["is_singular"], glance["converged"]) == (case["singular"], True)
    assert glance["n_nodes"] == case["n_nodes"]
    effects = fit.random_effects()
    compare(effects["estimate"], case["effects"], rtol=5e-6, atol=5e-6, reason=reason)
    assert effects["level"].tolist() == sorted(read(case["data"])["school"].unique())
    assert ("singular_fit" in fit.caveats["kind"].tolist()) == case["singular"]


def test_risk_difference_takes_t_on_schools_minus_between_columns():
    found = FIT.risk_difference("treat").iloc[0]
    core = marginal_risk_difference(FIT.core, 1)
    assert found["df"] == 8 - 2
    compare(
        {k: found[k] for k in ("risk_treated", "risk_control", "estimate", "std_error", "cox_d")},
        {
            "risk_treated": core.risk_treated,
            "risk_control": core.risk_control,
            "estimate": core.risk_difference,
            "std_error": core.risk_difference_std_error,
            "cox_d": core.cox_d,
        },
    )
    compare(found["conf_high"], core.risk_difference + stdtrit(6, 0.975) * core.risk_difference_std_error)
    compare(found["p_value"], 2 * stdtr(6, -abs(core.risk_difference / core.risk_difference_std_error)))
    compare(found["conditional_odds_ratio"], np.exp(FIT.tidy()["estimate"][1]))
    compare(np.log(found["marginal_odds_ratio"]) / 1.65, found["cox_d"])
    assert found["marginal_odds_ratio_low"] < found["marginal_odds_ratio"] < found["marginal_odds_ratio_high"]
    assert 1 < found["marginal_odds_ratio"] < found["conditional_odds_ratio"]


def test_treatment_as_text_or_within_schools_or_in_an_interaction():
    words = DATA.assign(treat=DATA["treat"].map({0: "control", 1: "tutor"}))
    one = logit(FORMULA, words).risk_difference("treat")
    assert one["contrast"].item() == "treat[T.tutor]"
    compare(one["estimate"], FIT.risk_difference("treat")["estimate"])
    within = FIT.risk_difference("female").iloc[0]
    assert np.isinf(within["df"])
    crossed = logit("y ~ treat * pre + (1 | school)", DATA)
    found = crossed.risk_difference("treat").iloc[0]
    assert np.isnan(found["conditional_odds_ratio"])
    # By hand: shares with everybody in one arm, averaged over school effects by a fine grid.
    nodes = np.linspace(-8, 8, 2001)
    density = np.exp(-(nodes**2) / 2) / np.exp(-(nodes**2) / 2).sum()
    b, sigma = crossed.tidy()["estimate"].to_numpy(), crossed.glance()["sigma"].item()
    pre = DATA["pre"].to_numpy()
    linear = [b[0] + b[1] * t + (b[2] + b[3] * t) * pre for t in (1, 0)]
    risks = [float((expit(own[:, None] + sigma * nodes) @ density).mean()) for own in linear]
    compare(found["estimate"], risks[0] - risks[1])


def test_three_arms_have_a_row_each():
    data = read("logit_sixty")
    data["arm"] = np.array(["a", "b", "c"])[data["school"] % 3]
    found = logit("y ~ arm + pre + (1 | school)", data).risk_difference("arm")
    assert found["contrast"].tolist() == ["arm[T.b]", "arm[T.c]"]
    assert (found["df"] == 57).all()
    assert found["risk_control"].nunique() == 1


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (lambda y: y == 1, None),
        (lambda y: (y == 1).astype("boolean"), None),
        (lambda y: y.map({0: "fail", 1: "pass"}), "'pass' counts as 1 and 'fail' as 0"),
        (
            lambda y: pd.Series(pd.Categorical(y.map({0: "z", 1: "a"}), categories=["z", "a"]), index=y.index),
            "'a' counts as 1 and 'z' as 0",
        ),
    ],
)
def test_two_valued_outcomes(values, said):
    fit = logit(FORMULA, DATA.assign(y=values(DATA["y"])))
    pd.testing.assert_frame_equal(fit.tidy(), FIT.tidy())
    messages = fit.caveats.loc[fit.caveats["kind"] == "outcome_coding", "message"].tolist()
    assert [said in message for message in messages] == ([True] if said else [])


def test_missing_rows_and_dependent_columns():
    data = DATA.assign(again=1 - DATA["treat"])
    data["y"] = data["y"].map({0: "no", 1: "yes"})
    data.loc[[2, 5], "pre"] = np.nan
    data.loc[7, "y"] = None
    fit = logit("y ~ treat + pre + female + again + (1 | school)", data)
    whole = logit(FORMULA, DATA.drop(index=[2, 5, 7]))
    pd.testing.assert_frame_equal(fit.tidy(), whole.tidy())
    assert fit.dropped == ("again",)
    kinds = fit.caveats["kind"].tolist()
    assert kinds == ["dropped_columns", "few_groups", "complete_cases", "outcome_coding"]
    assert fit.caveats["message"][2].startswith("3 of 139 rows were left out")
    compare(fit.risk_difference("treat"), whole.risk_difference("treat").drop(columns="contrast"))
    with pytest.raises(FitError, match="again was left out"):
        fit.risk_difference("again")


@pytest.mark.parametrize(
    ("formula", "error", "words"),
    [
        ("y ~ treat", FitError, "has no random term; logit() takes exactly one random intercept. Write + (1 | school)"),
        ("y ~ treat + (1 | school) + (1 | female)", FitError, "2 random terms"),
        ("y ~ treat + (1 | school/female)", FitError, "2 random terms"),
        ("y ~ treat + (1 + pre | school)", FitError, "effects '1 + pre'"),
        ("y ~ treet + (1 | school)", FitError, "Did you mean 'treat'"),
        ("yy ~ treat + (1 | school)", FitError, "Column 'yy' is not in the data"),
        ("y ~ treat + 1 | school", SpecError, "its own parentheses"),
        ("pre ~ treat + (1 | school)", FitError, "a yes/no outcome is 0 or 1"),
        ("grade ~ treat + (1 | school)", FitError, "has 3 level(s) ('a', 'b', 'c')"),
        ("one ~ treat + (1 | school)", FitError, "is 1 in every complete row"),
        ("twice ~ treat + (1 | school)", FitError, "data['twice'] == 2"),
        ("y ~ copy + (1 | school)", FitError, "copy foretells the outcome"),
        ("y ~ treat + (1 | one)", FitError, "only one level"),
    ],
)
def test_bad_input(formula, error, words):
    grade = np.array(["a", "b", "c"])[np.arange(len(DATA)) % 3]
    data = DATA.assign(grade=grade, one=1, twice=DATA["y"] + 1, copy=DATA["y"])
    with pytest.raises(error, match=re.escape(words)):
        logit(formula, data)


def test_bad_questions():
    with pytest.raises(FitError, match="not a term of"):
        FIT.risk_difference("arm")
    with pytest.raises(FitError, match="names no arms"):
        FIT.risk_difference("pre")
    with pytest.raises(FitError, match="no intercept"):
        logit("y ~ 0 + treat + (1 | school)", DATA).risk_difference("treat")
    with pytest.raises(FitError, match=r"1 \(Laplace\) to 100"):
        logit(FORMULA, DATA, n_nodes=0)
    with pytest.raises(FitError, match="pandas DataFrame"):
        logit(FORMULA, {"y": [1]})
