"""`Fit.robust` and `Fit.treatment_effect` against clubSandwich on lmer (r/clubsandwich.R), from formula to frame."""

import json
from pathlib import Path

import pandas as pd
import pytest

import evalkit as ek
from evalkit.errors import FitError
from tests.oracle.compare import compare

HERE = Path(__file__).parent
CASES = {case["name"]: case for case in json.loads((HERE / "expected/clubsandwich.json").read_text())["cases"]}
FORMULAS = {
    "lmer unbalanced": "y ~ treat + pre + s2 + s3 + s4 + (1 | school)",
    "lmer six": "y ~ treat + pre + (1 | school)",
    "lmer three level": "y ~ treat + pre + (1 | school) + (1 | klass)",
    "lmer slope": "y_slope ~ treat + pre + (1 + pre | school)",
}
REASON = "our optimum and lmer's differ in the last digits of the variances, which the degrees of freedom repeat"


def fit_of(name: str):
    return ek.multilevel(FORMULAS[name], pd.read_csv(HERE / "data" / f"{CASES[name + ' CR2']['data']}.csv"))


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("kind", ["CR0", "CR2", "CR3"])
def test_robust_equals_clubsandwich(name: str, kind: str) -> None:
    if f"{name} {kind}" not in CASES:
        pytest.skip("the R script has no such case")
    case = CASES[f"{name} {kind}"]
    found = fit_of(name).robust(kind=kind)
    expected = {"std_error": case["std_errors"], "df": case["df"], "p_value": case["p_values"]}
    compare({key: found[key].to_numpy() for key in expected}, expected, rtol=2e-5, atol=1e-10, reason=REASON)
    compare({"b": found["estimate"].to_numpy()}, {"b": case["coefficients"]}, rtol=1e-5, atol=1e-8, reason=REASON)


def test_the_treatment_is_tested_four_ways() -> None:
    fit = fit_of("lmer six")
    found = fit.treatment_effect("treat").set_index("method")
    assert list(found.index) == ["kenward-roger", "satterthwaite", "CR2", "between_clusters"]
    assert found["estimate"].nunique() == 1
    tidy = fit.tidy().set_index("term").loc["treat"]
    assert found.loc["kenward-roger", "p_value"] == tidy["p_value"]
    assert found.loc["CR2", "df"] == fit.robust().set_index("term").loc["treat", "df"]
    assert found.loc["between_clusters", "df"] == fit.glance()["df_between"].iloc[0] == 6 - 2


def test_crossed_groupings_have_no_widest_cluster() -> None:
    data = pd.DataFrame({"a": [1, 2, 3, 4, 5, 6] * 8, "b": [1, 1, 2, 2, 3, 3, 4, 4] * 6, "x": range(48)})
    data["y"] = (data["x"] * 7919 % 101) / 10 + data["a"] + data["b"] % 3
    fit = ek.multilevel("y ~ x + (1 | a) + (1 | b)", data)
    with pytest.raises(FitError, match="crossed"):
        fit.robust()
    assert "CR2" not in set(fit.treatment_effect("x")["method"])
    with pytest.raises(FitError, match="no treatment in this model"):
        fit.treatment_effect("z")


def test_effect_size_and_resampling_are_at_hand_on_the_fit() -> None:
    fit = fit_of("lmer unbalanced")
    assert fit.effect_size("treat", variants="headline")["variant"].tolist() == ["g_total", "g_within"]
    assert len(fit.bootstrap(20, seed=1).draws) == 20
    assert 0 < fit.permute("treat", 50, seed=1, exact="never").tidy()["p_value"].iloc[0] <= 1
    assert 0 < fit.wild_test("treat", 50, seed=1).tidy()["p_value"].iloc[0] <= 1
    simulated = fit.simulate(seed=3, draws=2)
    assert fit.refit(simulated).shape[0] >= 2
