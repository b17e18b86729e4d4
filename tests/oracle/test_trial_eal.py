"""The example trial against R: lme4 with pbkrtest and lmerTest, clubSandwich, AER, on the same two files."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from evalkit.records.results import Results, load_results
from tests.oracle.compare import compare

ROOT = Path(__file__).parents[2]
EXPECTED = json.loads((Path(__file__).parent / "expected" / "trial_eal.json").read_text(encoding="utf-8"))
OPTIMISER = "lme4 stops where its optimiser stops; KR df and errors move with the variances"
DERIVATIVES = "lmerTest and clubSandwich use lme4's variances, lmerTest differentiates them numerically"
OUTCOMES = ("science_eal", "science_all")


@cache
def results() -> Results:
    return load_results(ROOT / "analyses" / "eal-mainstream-classroom" / "results.json")


def row(**wanted: str) -> dict[str, Any]:
    frame = results().estimates
    for column, value in wanted.items():
        frame = frame[frame[column] == value]
    assert len(frame) == 1, wanted
    return {str(name): value for name, value in frame.iloc[0].items()}


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("estimator", ["multilevel", "unadjusted"])
def test_the_effect_is_lme4s_with_kenward_roger(outcome: str, estimator: str) -> None:
    found = row(inquiry="effect", outcome=outcome, estimator=estimator)
    compare(found, EXPECTED[outcome][estimator], rtol=2e-5, atol=1e-7, reason=OPTIMISER)


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("estimator", ["design_only", "baseline_only", "complete_baseline"])
def test_other_models_are_lme4s(outcome: str, estimator: str) -> None:
    found = row(inquiry="robustness", outcome=outcome, estimator=estimator)
    compare(found, EXPECTED[outcome][estimator], rtol=2e-5, atol=1e-7, reason=OPTIMISER)


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("estimator", ["satterthwaite", "cr2", "ols_cr2", "school_means"])
def test_other_tests_are_lmertests_and_clubsandwichs(outcome: str, estimator: str) -> None:
    found = row(inquiry="robustness", outcome=outcome, estimator=estimator)
    compare(found, EXPECTED[outcome][estimator], rtol=2e-4, atol=1e-6, reason=DERIVATIVES)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_the_yardstick_and_the_shares_between_schools(outcome: str) -> None:
    models = results().models
    primary = models[(models["outcome"] == outcome) & (models["model"] == "primary")].iloc[0]
    expected = EXPECTED[outcome]
    compare(
        {"n": int(primary["n_pupils"]), "sd_total": primary["sd_total"]},
        {"n": expected["n"], "sd_total": expected["sd_total"]},
        rtol=1e-5,
        reason=OPTIMISER,
    )
    variances = [primary["variance_school"], primary["variance_pupil"]]
    compare(variances, expected["variances"], rtol=1e-4, reason=OPTIMISER)
    for wave in ("outcome", "baseline"):
        found = row(inquiry="icc", outcome=outcome, estimator=wave)
        compare(found, expected[f"icc_{wave}"], rtol=1e-4, reason=OPTIMISER)
    effect = row(inquiry="effect", outcome=outcome, estimator="multilevel")
    expected_g = float(primary["hedges_j"]) * expected["multilevel"]["estimate"] / expected["sd_total"]
    compare(effect["effect_size"], expected_g, rtol=1e-5, reason=OPTIMISER)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_the_complier_effect_is_aers(outcome: str) -> None:
    expected = EXPECTED["compliance"][outcome]
    found = row(inquiry="compliance", outcome=outcome, estimator="cace_2sls", contrast="days")
    compare(found, {name: expected[name] for name in ("estimate", "std_error", "df", "p_value")})
    first = row(inquiry="compliance", outcome=outcome, estimator="first_stage", contrast="days")
    compare(first["statistic"], expected["first_estimate_f"])
    compare((first["estimate"] / first["std_error"]) ** 2, expected["first_estimate_f"])


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("eal", {"inquiry": "subgroup_interaction", "outcome": "science_all", "subgroup": "eal"}),
        ("eal_no", {"inquiry": "subgroup", "outcome": "science_all", "subgroup": "eal: no"}),
        ("fsm_of_eal", {"inquiry": "subgroup_interaction", "outcome": "science_eal", "subgroup": "fsm"}),
        ("fsm_yes_of_eal", {"inquiry": "subgroup", "outcome": "science_eal", "subgroup": "fsm: yes"}),
    ],
)
def test_subgroups_are_lme4s(name: str, wanted: dict[str, str]) -> None:
    compare(row(**wanted), EXPECTED["subgroups"][name], rtol=5e-5, atol=1e-6, reason=OPTIMISER)
