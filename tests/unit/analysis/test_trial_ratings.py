"""Months, padlocks, threats and the What Works Clearinghouse rating of a trial, by hand."""

import math
from typing import Any

import pandas as pd
import pytest

from evalkit.analysis.estimate import Estimate, estimate_table
from evalkit.analysis.trial_months import months
from evalkit.analysis.trial_sample import TrialSample, trial_sample
from evalkit.analysis.trial_security import DetectableEffect, padlocks, threats_table
from evalkit.analysis.trial_wwc import wwc
from evalkit.records.evaluation import Evaluation
from evalkit.records.standards import load_standards
from tests.unit.analysis.trial_scores import make_trial, make_trial_plan

STANDARDS = load_standards()
THREATS = [one.id for one in STANDARDS.security_threats]
LOW = {"level": "low", "reason": "nothing was seen"}


def plan_with(**trial: Any) -> Evaluation:
    return make_trial_plan("cluster", ["intervention", "control"], {"trial": trial})


def effect(outcome: str, g: float, half: float, **more: Any) -> Estimate:
    row: dict[str, Any] = {
        "inquiry": "effect", "estimator": "multilevel", "wave": "after", "contrast": "intervention - control",
        "unit": "points",
    }  # fmt: skip
    return Estimate(**(row | more), outcome=outcome, effect_size=g, es_low=g - half, es_high=g + half)


def test_months_of_attainment_with_both_bands() -> None:
    rows = [
        effect("attainment", 0.03, 0.10),
        effect("attainment", 0.10, 0.20, inquiry="subgroup", subgroup="fsm: yes"),
        effect("attainment", 0.50, 0.10, estimator="unadjusted"),
        effect("passed", 0.20, 0.10, estimator="logit"),
    ]
    table = months(estimate_table(rows), plan_with(), STANDARDS.months)
    found = {
        (row["subgroup"], row["bands"]): (row["months"], row["low"], row["high"]) for row in table.to_dict("records")
    }
    # 0.03 is 0 months in project reports and 1 in the Toolkit; its ends -0.07 and 0.13 are -1 and 2 in both. A subgroup
    # has no padlocks of its own, so it has no months.
    assert found == {("all", "project"): (0, -1, 2), ("all", "toolkit"): (1, -1, 2)}
    assert dict(zip(table["bands"], table["status"], strict=True)) == {"project": "M", "toolkit": "V"}
    assert table["beyond"].tolist() == [0, 0]


def test_months_beyond_the_scale() -> None:
    table = months(estimate_table([effect("attainment", 0.95, 0.10)]), plan_with(), STANDARDS.months)
    assert table[["months", "high", "beyond"]].to_numpy().tolist() == [[11, 12, 1]] * 2


def lost(percent: float) -> pd.DataFrame:
    return pd.DataFrame([{"outcome": "attainment", "level": "pupil", "arm": "all", "lost_percent": percent}])


def rate(plan: Evaluation, *, mdes: float = 0.205, percent: float = 10.4) -> dict[str, dict[str, Any]]:
    table = padlocks(
        plan,
        mdes={"attainment": DetectableEffect(mdes)},
        attrition=lost(percent),
        standards=STANDARDS.padlocks,
        threats=STANDARDS.security_threats,
    )
    assert set(table["outcome"]) == {"attainment"}, "only primary outcomes are rated"
    return {str(row["column"]): row for row in table.to_dict("records")}


def test_padlocks_before_threats() -> None:
    found = rate(plan_with())
    # 0.205 is read as 0.21: 4 padlocks. 10.4% is read as 10%: 5.
    assert [found[one]["padlocks"] for one in ("design", "mdes", "attrition", "interim")] == [5, 4, 5, 4]
    assert found["interim"]["note"] == "the lowest of the three: mdes"
    assert found["interim"]["status"] == "M"
    assert found["interim"]["source"] == STANDARDS.padlocks.mdes.source
    assert "final" not in found
    assert rate(plan_with(), percent=10.5)["attrition"]["padlocks"] == 4


def test_padlocks_after_threats() -> None:
    rated = {one: LOW for one in THREATS} | {"missing_data": {"level": "high", "reason": "a fifth was lost"}}
    found = rate(plan_with(security={"rated_by": "the team", "threats": rated}))["final"]
    assert (found["padlocks"], found["status"]) == (3, "V")
    assert found["note"] == "rated by the team: one threat is high, the rest low"


def test_a_gap_in_the_rule_needs_a_reviewer() -> None:
    rated = {one: LOW for one in THREATS} | {
        "missing_data": {"level": "high", "reason": "a fifth was lost"},
        "measurement": {"level": "moderate", "reason": "marked by teachers"},
    }
    found = rate(plan_with(security={"rated_by": "the team", "threats": rated}))["final"]
    assert math.isnan(found["padlocks"])
    assert found["note"].endswith("needs reviewer judgement")


def test_threats_that_were_not_rated_are_named() -> None:
    plan = plan_with(security={"rated_by": "the team", "threats": {"confounding": LOW}})
    found = rate(plan)["final"]
    assert math.isnan(found["padlocks"])
    assert found["note"].startswith("not rated: concurrent_interventions, contamination")
    table = threats_table(plan, STANDARDS.security_threats)
    assert table["level"].tolist() == ["low", *["not rated"] * 6]
    assert threats_table(plan_with(), STANDARDS.security_threats).empty


def test_a_measure_by_the_developer_is_named_and_nothing_is_taken_off() -> None:
    plan = plan_with(security={"rated_by": "the team", "threats": {one: LOW for one in THREATS}})
    outcomes = [one.model_copy(update={"made_by_developer": True}) for one in plan.outcomes]
    found = rate(plan.model_copy(update={"outcomes": tuple(outcomes)}))["final"]
    assert found["padlocks"] == 4
    assert "made by the developer" in found["note"]


@pytest.mark.parametrize(("mdes", "percent"), [(math.nan, 10.0), (0.2, math.nan)])
def test_what_is_not_known_gives_no_rating(mdes: float, percent: float) -> None:
    found = rate(plan_with(), mdes=mdes, percent=percent)
    assert set(found) == {"design", "mdes", "attrition"}
    assert math.isnan(found["mdes"]["padlocks"])


def sample() -> TrialSample:
    study, scores = make_trial(schools=6, pupils=12)
    return trial_sample(scores, study, study.plan.outcomes[0])


def rated(levels: dict[str, tuple[float, str]], gap: float) -> dict[str, dict[str, Any]]:
    attrition = pd.DataFrame(
        [
            {"outcome": "attainment", "level": level, "overall": overall, "cautious": word, "optimistic": "low"}
            for level, (overall, word) in levels.items()
        ]
    )
    balance = pd.DataFrame(
        [
            {"outcome": "attainment", "sample": one, "variable": "baseline", "std_difference": value}
            for one, value in (("randomised", 0.9), ("analysed", gap), ("analysed", math.nan))
        ]
    )
    estimates = estimate_table([effect("attainment", 0.25, 0.1)])
    table = wwc([sample()], attrition=attrition, balance=balance, estimates=estimates, standards=STANDARDS.wwc)
    return {str(row["step"]): row for row in table.to_dict("records")}


def test_low_attrition_meets_the_standards() -> None:
    found = rated({"school": (4.0, "low"), "pupil": (12.0, "low")}, -0.30)
    assert found["attrition"]["verdict"] == "low"
    assert found["attrition_pupil"]["value"] == 12
    assert (found["baseline"]["value"], found["baseline"]["verdict"]) == (0.30, "fails")
    assert found["rating"]["verdict"] == "without_reservations"
    assert found["improvement_index"]["value"] == pytest.approx(9.87, abs=0.005)
    assert found["improvement_index"]["status"] == "M"


@pytest.mark.parametrize(
    ("gap", "verdict", "rating"),
    [
        (0.04, "satisfied", "with_reservations"),
        (-0.20, "needs_adjustment", "with_reservations"),
        (0.30, "fails", "does_not_meet"),
        (math.nan, "unknown", "does_not_meet"),
    ],
)
def test_high_attrition_leaves_it_to_the_baseline(gap: float, verdict: str, rating: str) -> None:
    found = rated({"school": (4.0, "low"), "pupil": (30.0, "high")}, gap)
    assert found["attrition"]["verdict"] == "high"
    assert found["baseline"]["verdict"] == verdict
    assert found["rating"]["verdict"] == rating
