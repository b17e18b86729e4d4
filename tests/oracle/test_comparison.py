"""Comparisons without a draw against R (r/comparison.R): lm, clubSandwich, lmerTest, lavaan, permuted residuals."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evalkit.analysis.analyse import analyse
from evalkit.records.results import Results
from evalkit.stats.errors_in_variables import fit_errors_in_variables
from evalkit.stats.permuted_residuals import permute_residuals
from tests.oracle.compare import compare
from tests.unit.analysis.comparison_scores import comparison_plan, comparison_scores, hub_plan

HERE = Path(__file__).parent
EXPECTED = json.loads((HERE / "expected/comparison.json").read_text())
SOLVER = 3e-7  # lavaan searches for its optimum, and differentiates in numbers


def table(name: str) -> pd.DataFrame:
    return pd.read_csv(HERE / "data" / f"{name}.csv")


def design_of(data: pd.DataFrame) -> np.ndarray:
    return np.column_stack([np.ones(len(data)), data["arm"], data["before"]])


def results_of(name: str, **comparison: object) -> Results:
    plan = comparison_plan(comparison=comparison, suppression_threshold=3)
    data = table(name).drop(columns=["age", "hub"])
    return analyse(
        *reversed(comparison_scores(data if name != "comparison_small" else data.drop(columns="school"), plan))
    )


def row(results: Results, inquiry: str, estimator: str) -> dict[str, float]:
    frame = results.estimates
    found = frame[(frame["inquiry"] == inquiry) & (frame["estimator"] == estimator)]
    assert len(found) == 1, estimator
    return found.iloc[0].to_dict()


@pytest.fixture(scope="module")
def small() -> Results:
    return results_of("comparison_small")


@pytest.mark.parametrize(
    ("inquiry", "estimator"),
    [
        ("effect", "ancova"),
        ("effect", "unadjusted"),
        ("robustness", "change_score"),
        ("robustness", "separate_slopes"),
    ],
)
def test_rows_of_one_school_equal_lm(small: Results, inquiry: str, estimator: str) -> None:
    compare(row(small, inquiry, estimator), EXPECTED["small"][estimator], rtol=1e-9)


def test_effect_sizes_stand_on_the_pooled_sd(small: Results) -> None:
    scale, found = EXPECTED["small"]["scale"], row(small, "effect", "ancova")
    factor = scale["correction"] / scale["sd"]
    expected = {"effect_size": factor * found["estimate"], "es_low": factor * found["conf_low"]}
    compare(found, expected, rtol=1e-9)
    gaps = small.displays["balance"].query("sample == 'analysed' and variable == 'baseline'")["std_difference"].dropna()
    assert gaps.tolist() == pytest.approx([EXPECTED["small"]["baseline"]], rel=1e-9)


@pytest.mark.parametrize("known", ["error_variance", "reliability"])
def test_errors_in_variables_equal_lavaan(known: str) -> None:
    data, expected = table("comparison_small"), EXPECTED["small"][known]
    given = {"error_variance": 16.0} if known == "error_variance" else {"reliability": 0.8}
    found = fit_errors_in_variables(design_of(data), data["after"], column=2, **given)
    n, k = len(data), 3
    ours = {
        "estimate": found.coefficients[1],
        "slope": found.coefficients[2],
        "std_error_ml": found.std_errors[1] * np.sqrt((n - k) / n),
    }
    compare(ours, expected, rtol=SOLVER)


def test_the_corrected_row_is_that_fit(small: Results) -> None:
    found = row(small, "robustness", "reliability_corrected")
    compare(found, {"estimate": EXPECTED["small"]["error_variance"]["estimate"]}, rtol=SOLVER)
    assert found["reason"] == "Error of the baseline: published: the manual."


def test_permuted_residuals_equal_lm_after_lm() -> None:
    data, expected = table("comparison_small"), EXPECTED["small"]["lane"]
    orders = table("comparison_orders").to_numpy()
    found = permute_residuals(design_of(data), data["after"], column=1, draws=1, seed=1, orders=orders)
    compare(found, expected, rtol=1e-9)


@pytest.fixture(scope="module")
def schools() -> Results:
    return results_of("comparison_schools", assigned="school")


def test_few_schools_get_cr2_and_a_multilevel_row_beside_it(schools: Results) -> None:
    compare(row(schools, "effect", "ancova"), EXPECTED["schools"]["cr2"], rtol=1e-8)
    compare(row(schools, "robustness", "change_score"), EXPECTED["schools"]["cr2_change"], rtol=1e-8)
    # lme4's search ends with a relative error of about 1e-6 in the variances
    compare(
        row(schools, "robustness", "multilevel"),
        EXPECTED["schools"]["multilevel"],
        rtol=1e-5,
        reason="lme4 stops at about 1e-6 in the variances",
    )
    found = row(schools, "robustness", "reliability_corrected")
    compare(found, {"estimate": EXPECTED["schools"]["eiv"]["estimate"]}, rtol=SOLVER)
    assert found["df"] == 5


@pytest.fixture(scope="module")
def hubs() -> Results:
    plan = hub_plan()
    data = table("hubs").drop(columns=["age", "arm"]).rename(columns={"before": "pre", "after": "post"})
    data["target"] = data["target"].map({1: "yes", 0: "no"})
    data.insert(0, "arm", 1)
    return analyse(*reversed(comparison_scores(data, plan)))


def test_change_in_hubs_of_schools_equals_lmer_and_clubsandwich(hubs: Results) -> None:
    expected = EXPECTED["hubs"]
    main = {name: expected[name] for name in ("estimate", "std_error", "df", "p_value")}
    compare(row(hubs, "change", "multilevel"), main, rtol=1e-5, reason="lme4 stops at about 1e-6 in the variances")
    compare(row(hubs, "change", "cluster_robust"), expected["cr2"], rtol=1e-8)
    for level in ("school", "hub"):
        own = row(hubs, "variation", f"{level}_sd")["estimate"]
        compare({"variance": own**2}, {"variance": expected[level]}, rtol=1e-4, reason="lme4 stops early")
    compare(row(hubs, "target", "within_schools"), expected["target"], rtol=1e-5, reason="lme4 stops at about 1e-6")


def test_schools_are_shrunken_and_the_funnel_holds_plain_means(hubs: Results) -> None:
    data = table("hubs")
    means = (data["after"] - data["before"]).groupby(data["school"]).mean()
    found = hubs.displays["funnel"]
    assert found.loc[found["kind"] == "school", "estimate"].tolist() == pytest.approx(sorted(means), rel=1e-12)
    assert set(found.loc[found["kind"] == "school", "n"]) == {20}
    shrunken = hubs.displays["schools"]["estimate"].to_numpy()
    assert len(shrunken) == 12
    assert (np.diff(shrunken) >= 0).all()
    assert np.ptp(shrunken) < np.ptp(means)
