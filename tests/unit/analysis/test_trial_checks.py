"""The five checks of a trial: what decides each, by hand-made displays."""

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest

from evalkit.analysis.estimate import Estimate, estimate_table
from evalkit.analysis.quality_facts import Reliability
from evalkit.analysis.trial_checks import trial_checks, trial_reliabilities
from evalkit.analysis.trial_sample import trial_sample
from evalkit.records.results import Check
from evalkit.records.standards import load_standards
from tests.unit.analysis.trial_scores import MEASURES, make_trial, make_trial_plan

STANDARDS = load_standards()
PRIMARY = {"inquiry": "effect", "wave": "after", "contrast": "intervention - control", "unit": "points"}


def rate(
    *,
    g: float = 0.02,
    mdes: float = 0.2,
    half: float = 0.14,
    lost: float = 8.0,
    cautious: str = "low",
    optimistic: str = "low",
    complied: float = 85.0,
    reliabilities: Sequence[Reliability] = (),
    made_by_developer: bool = False,
    **plan: Any,
) -> dict[str, Check]:
    trial = {"trial": plan.pop("trial", {})}
    made = make_trial_plan("cluster", ["intervention", "control"], plan | trial)
    first, *others = made.outcomes
    outcomes = (first.model_copy(update={"made_by_developer": made_by_developer}), *others)
    name = {"outcome": "attainment"}
    displays = {
        "balance": pd.DataFrame([name | {"sample": "analysed", "variable": "baseline", "std_difference": g}]),
        "padlocks": pd.DataFrame([name | {"column": "mdes", "value": mdes}]),
        "attrition": pd.DataFrame([name | {"level": "pupil", "arm": "all", "lost_percent": lost}]),
        "wwc_attrition": pd.DataFrame([name | {"level": "school", "cautious": cautious, "optimistic": optimistic}]),
        "fidelity_summary": pd.DataFrame(
            [
                {"compliance": "sessions", "arm": "intervention", "complied_percent": complied},
                {"compliance": "sessions", "arm": "control", "complied_percent": 0.0},
            ]
        ),
    }
    row = Estimate(
        **PRIMARY, outcome="attainment", estimator="multilevel", effect_size=0.1, es_low=0.1 - half, es_high=0.1 + half
    )
    found = trial_checks(
        made.model_copy(update={"outcomes": outcomes}),
        displays=displays,
        estimates=estimate_table([row]),
        reliabilities=reliabilities,
        standards=STANDARDS,
    )
    assert [one.name for one in found] == ["comparison", "size", "drop_out", "measure", "delivery"]
    return {one.name: one for one in found}


def threats(**levels: str) -> dict[str, Any]:
    rated = {name: {"level": level, "reason": "seen"} for name, level in levels.items()}
    return {"security": {"rated_by": "the team", "threats": rated}}


@pytest.mark.parametrize(
    ("g", "rating"), [(-0.10, "strong"), (0.101, "fair"), (-0.25, "fair"), (0.26, "weak"), (math.nan, "unknown")]
)
def test_comparison_by_the_baseline(g: float, rating: str) -> None:
    assert rate(g=g)["comparison"].rating == rating


def test_comparison_by_threats() -> None:
    assert rate(trial=threats(confounding="moderate"))["comparison"].rating == "fair"
    assert rate(trial=threats(confounding="low", contamination="high"))["comparison"].rating == "weak"
    assert rate(trial=threats(missing_data="high"))["comparison"].rating == "strong"
    assert rate(g=math.nan, trial=threats(confounding="low"))["comparison"].rating == "unknown"


@pytest.mark.parametrize(
    ("mdes", "half", "rating"),
    [
        (0.20, 0.14, "strong"),
        (0.2049, 0.10, "strong"),
        (0.205, 0.10, "fair"),
        (0.10, 0.27, "fair"),
        (0.40, 0.10, "weak"),
        (math.nan, 0.14, "strong"),
        (math.nan, math.nan, "unknown"),
    ],
)
def test_size(mdes: float, half: float, rating: str) -> None:
    assert rate(mdes=mdes, half=half)["size"].rating == rating


@pytest.mark.parametrize(
    ("lost", "cautious", "optimistic", "rating"),
    [
        (10.0, "low", "low", "strong"),
        (10.0, "high", "low", "fair"),
        (10.0, "high", "high", "weak"),
        (15.0, "low", "low", "fair"),
        (21.0, "low", "low", "weak"),
        (math.nan, "low", "low", "unknown"),
    ],
)
def test_drop_out(lost: float, cautious: str, optimistic: str, rating: str) -> None:
    found = rate(lost=lost, cautious=cautious, optimistic=optimistic)["drop_out"]
    assert found.rating == rating
    assert found.facts["wwc_cautious"] == cautious


def test_measure() -> None:
    assert rate()["measure"].rating == "unknown"
    validated = [one | {"validated": True} if one["id"] == "posttest" else one for one in MEASURES]
    assert rate(measures=validated)["measure"].rating == "strong"
    assert rate(measures=validated, made_by_developer=True)["measure"].rating == "weak"
    omega = Reliability("attainment", "after", "omega", 0.75, 100)
    found = rate(reliabilities=[omega])["measure"]
    assert (found.rating, found.facts["value"]) == ("fair", 0.75)


def test_delivery() -> None:
    assert rate()["delivery"].rating == "strong"
    assert rate(complied=60.0)["delivery"].rating == "fair"
    assert rate(complied=math.nan)["delivery"].rating == "unknown"
    assert rate(delivery={"share_delivered": 0.5})["delivery"].rating == "weak"
    assert rate(trial=threats(fidelity_and_compliance="high"))["delivery"].rating == "weak"


def test_only_questionnaires_have_a_reliability() -> None:
    study, scores = make_trial(schools=8, pupils=12)
    samples = [trial_sample(scores, study, one) for one in study.plan.outcomes]
    assert trial_reliabilities(scores, samples) == []
    alpha = (scores.quality.scales["scale"] == "posttest.value") & (scores.quality.scales["wave"] == "after")
    scores.quality.scales.loc[alpha, "alpha"] = 0.8
    assert [(one.outcome, one.value) for one in trial_reliabilities(scores, samples)] == [("attainment", 0.8)]
