"""What a reader of a trial is told, from trials that are made so that there is something to tell."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from evalkit.analysis.estimate import Estimate, estimate_table
from evalkit.analysis.quality_facts import Reliability
from evalkit.analysis.trial_balance import balance
from evalkit.analysis.trial_caveats import TRIAL_LIMITS, TRIAL_NOTES, TRIAL_WARNINGS, seal_caveats, trial_caveats
from evalkit.analysis.trial_flow import attrition, wwc_attrition
from evalkit.analysis.trial_model import fit_trial, yardsticks
from evalkit.analysis.trial_models import trial_model_rows
from evalkit.analysis.trial_sample import TrialSample, trial_sample
from evalkit.records.evaluation import Study
from evalkit.records.evaluation_parts import Registration
from evalkit.records.results import Caveat
from evalkit.records.standards import load_standards
from evalkit.report.words_trial_caveats import CAVEATS
from tests.unit.analysis.trial_scores import make_trial

STANDARDS = load_standards()
PRIMARY: dict[str, Any] = {"inquiry": "effect", "wave": "after", "contrast": "intervention - control", "unit": "points"}


def first_outcome(**made: Any) -> tuple[Study, TrialSample]:
    study, scores = make_trial(**made)
    return study, trial_sample(scores, study, study.plan.outcomes[0])


def told(
    study: Study, sample: TrialSample, *, rows: Sequence[Estimate] = (), reliabilities: Sequence[Reliability] = ()
) -> dict[str, Caveat]:
    model, alone = fit_trial(sample), fit_trial(sample, terms=())
    displays = {
        "balance": balance([sample], rounding=5),
        "attrition": attrition([sample]),
        "wwc_attrition": wwc_attrition([sample], STANDARDS.wwc),
        "reasons": pd.DataFrame({"n": [12.0]}),
    }
    found = trial_caveats(
        study,
        [sample],
        estimates=estimate_table(rows),
        models=trial_model_rows("primary", model, yardsticks(model), alone),
        displays=displays,
        reliabilities=reliabilities,
        standards=STANDARDS,
    )
    known = {"limit": TRIAL_LIMITS, "warning": TRIAL_WARNINGS, "note": (*TRIAL_NOTES, "imbalance")}
    assert all(one.kind in known[one.level] for one in found)
    return {
        f"{one.kind} {one.facts.get('variable', '')}".strip() if one.kind == "imbalance" else one.kind: one
        for one in found
    }


def test_a_sound_trial_has_its_limits_and_notes() -> None:
    study, sample = first_outcome(
        schools=40, pupils=20, lost_schools=0, empty_schools=0, lost_share=0.02, no_baseline_share=0.02, seed=3,
        changes={"data": None},
    )  # fmt: skip
    found = told(study, sample)
    assert {one.kind for one in found.values() if one.level == "limit"} == set(TRIAL_LIMITS)
    assert {one.kind for one in found.values() if one.level == "warning"} <= {"imbalance"}
    assert found["complete_cases"].facts["n_pupils"] == len(sample.analysed)
    assert "missing_indicator" in found


def test_losses_are_told() -> None:
    study, sample = first_outcome(schools=12, lost_schools=1, empty_schools=0, lost_share=0.25)
    frame = sample.frame.copy()
    gone = (frame["arm"] == "intervention") & (frame.index % 5 == 0)
    frame.loc[gone, "outcome"] = math.nan
    frame["analysed"] = frame["analysed"] & ~gone
    found = told(study, replace(sample, frame=frame))
    assert found["high_attrition"].facts["share_lost"] > 0.2
    assert found["differential_attrition"].facts["differential"] > 0.06
    assert math.isclose(float(str(found["unequal_school_loss"].facts["differential"])), 1 / 6)
    assert found["missing_above_5"].facts["variable"] == "outcome"
    assert found["few_clusters"].facts["n_clusters"] == 11
    assert "simulated_data" in found


def test_imbalance_by_size() -> None:
    study, sample = first_outcome(schools=30, lost_schools=0, empty_schools=0)
    frame = sample.frame.copy()
    treated = frame["arm"] == "intervention"
    kept = frame["analysed"]
    gap = frame.loc[kept & treated, "baseline"].mean() - frame.loc[kept & ~treated, "baseline"].mean()
    level = frame["baseline"] - gap * treated
    small = told(study, replace(sample, frame=frame.assign(baseline=level + 1.2 * treated)))
    assert small["imbalance baseline"].level == "note"
    assert 0.05 < float(str(small["imbalance baseline"].facts["g"])) <= 0.10
    large = told(
        study, replace(sample, frame=frame.assign(baseline=level - 4.0 * treated, age=frame["age"] + 0.2 * treated))
    )
    assert large["imbalance baseline"].level == "warning"
    assert float(str(large["imbalance baseline"].facts["g"])) < -0.2
    assert large["imbalance age"].facts["label"] == "Age in years"


def test_estimates_are_told() -> None:
    study, sample = first_outcome(schools=30, lost_schools=0)
    rows = [
        Estimate(
            **PRIMARY,
            outcome="attainment",
            estimator="multilevel",
            n_treated=12,
            n_control=14,
            es_low=-0.2,
            es_high=0.4,
        ),
        Estimate(**PRIMARY | {"inquiry": "compliance"}, outcome="attainment", estimator="first_stage", statistic=4.2),
        Estimate(**PRIMARY | {"inquiry": "dose_response"}, outcome="attainment", estimator="multilevel"),
    ]
    omega = Reliability("attainment", "after", "omega", 0.6, 100)
    found = told(study, sample, rows=rows, reliabilities=[omega])
    assert found["few_pupils"].facts["n_pupils"] == 26
    assert math.isclose(float(str(found["wide_interval"].facts["half_width"])), 0.3)
    assert found["weak_instrument"].facts["statistic"] == 4.2
    assert found["low_reliability"].facts["value"] == 0.6
    assert "exploratory" in found


def test_strata_measures_and_ends_are_told() -> None:
    study, sample = first_outcome(schools=12, lost_schools=0, empty_schools=0)
    schools = sample.schools.assign(area=["far"] + ["near"] * 11)
    frame = sample.frame.copy()
    frame["outcome"] = frame["outcome"].where(frame["outcome"].isna() | (frame.index % 5 != 0), 200.0)
    outcome = sample.outcome.model_copy(update={"made_by_developer": True})
    found = told(study, replace(sample, schools=schools, frame=frame, outcome=outcome))
    assert found["small_stratum"].facts["n_strata"] == 1
    assert "developer_outcome" in found
    assert 15 < float(str(found["ceiling_reached"].facts["percent"])) < 25
    assert "floor_reached" not in found


def test_what_was_hidden_is_told() -> None:
    study, sample = first_outcome(design="individual", schools=8, lost_share=0.01)
    assert told(study, sample)["one_or_more_suppressed"].facts["threshold"] == 10


def test_when_the_plan_was_fixed_is_told() -> None:
    plan = make_trial()[0].plan
    registered = plan.model_copy(update={"registration": Registration(id="ISRCTN1")})
    seal = pd.DataFrame({"sealed": ["as stated"]})
    assert [one.kind for one in seal_caveats(plan, {})] == ["not_sealed"]
    assert seal_caveats(registered, {}) == ()
    assert seal_caveats(plan, {"seal": seal, "deviations": pd.DataFrame({"key": []})}) == ()
    changed = seal_caveats(registered, {"seal": seal, "deviations": pd.DataFrame({"key": ["alpha", "seed"]})})
    assert [(one.kind, one.facts["n_changes"]) for one in changed] == [("deviations", 2)]


def test_every_kind_has_its_sentence() -> None:
    kinds = {*TRIAL_LIMITS, *TRIAL_WARNINGS, *TRIAL_NOTES} - {"instrument_caution", "not_validated"}
    assert kinds <= set(CAVEATS)
