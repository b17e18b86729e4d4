"""The analysis of a trial: the primary model is the planned one, every row says what it is, nothing small shows."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import evalkit as ek
from evalkit.analysis.analyse import analyse
from evalkit.analysis.trial_sample import trial_sample
from evalkit.errors import DesignError
from evalkit.records.evaluation import Study
from evalkit.records.outcome import PupilFilter
from evalkit.records.results import ESTIMATE_COLUMNS, Results
from evalkit.records.scores import Scores
from tests.unit.analysis.trial_scores import MadeDesign, make_trial

DESIGNS: tuple[MadeDesign, ...] = ("cluster", "classes", "multisite", "individual")


@pytest.fixture(scope="module")
def trial() -> tuple[Study, Scores]:
    return make_trial(seed=3)


@pytest.fixture(scope="module")
def results(trial: tuple[Study, Scores]) -> Results:
    study, scores = trial
    return analyse(scores, study)


@pytest.fixture(scope="module")
def single_pupils() -> tuple[Study, Scores]:
    return make_trial(design="individual", schools=4, pupils=20, seed=8)


@pytest.fixture(scope="module")
def single_pupils_results(single_pupils: tuple[Study, Scores]) -> Results:
    study, scores = single_pupils
    return analyse(scores, study)


def primary_only(study: Study) -> Study:
    """The study without its secondary outcomes."""
    return replace(study, plan=study.plan.model_copy(update={"outcomes": study.plan.outcomes[:1]}))


def row_of(results: Results, **wanted: Any) -> pd.Series:
    frame = results.estimates
    for column, value in wanted.items():
        frame = frame[frame[column] == value]
    assert len(frame) == 1, (wanted, len(frame))
    return frame.iloc[0]


def test_the_primary_row_is_the_planned_model(trial: tuple[Study, Scores], results: Results) -> None:
    study, scores = trial
    sample = trial_sample(scores, study, study.plan.outcomes[0])
    frame = sample.analysed
    data = frame.assign(
        gap=frame["baseline"].isna().astype(float),
        pre=frame["baseline"].fillna(frame["baseline"].mean()),
        age_gap=frame["age"].isna().astype(float),
        years=frame["age"].fillna(0.0),
    )
    fit = ek.multilevel("outcome ~ arm + pre + gap + years + age_gap + area + (1 | school)", data)
    found = fit.tidy().set_index("term").loc["arm[T.intervention]"]
    row = row_of(results, inquiry="effect", outcome="attainment", estimator="multilevel")
    for ours, theirs in (("estimate", "estimate"), ("std_error", "std_error"), ("df", "df"), ("p_value", "p_value")):
        assert math.isclose(row[ours], found[theirs], rel_tol=1e-7)
    alone = ek.multilevel("outcome ~ arm + (1 | school)", data).effect_size("arm", variants="headline").iloc[0]
    assert math.isclose(row["effect_size"], row["estimate"] * alone["correction"] / alone["sd"], rel_tol=1e-9)
    assert math.isclose(row["es_low"] * row["estimate"], row["conf_low"] * row["effect_size"], rel_tol=1e-9)


def test_every_row_has_an_answer_or_a_reason(results: Results) -> None:
    frame = results.estimates
    assert list(frame.columns) == list(ESTIMATE_COLUMNS)
    refused = frame[frame["status"] != "ok"]
    assert (refused["reason"] != "").all()
    assert refused[["estimate", "p_value", "effect_size"]].isna().all(axis=None)
    assert set(frame["inquiry"]) >= {"effect", "icc", "subgroup", "subgroup_interaction", "robustness", "missing"}


@pytest.mark.parametrize("design", DESIGNS)
def test_every_design_answers(design: MadeDesign, results: Results) -> None:
    found = results if design == "cluster" else analyse(*reversed(make_trial(design=design, seed=5)))
    main = found.estimates[(found.estimates["inquiry"] == "effect") & (found.estimates["family"] != "")]
    assert (main["status"] == "ok").all(), main[["outcome", "reason"]]
    assert (main["conf_low"] < main["estimate"]).all()
    assert (main["estimate"] < main["conf_high"]).all()
    assert Results.from_json(found.to_json()).to_json() == found.to_json()


def test_three_arms_have_a_row_each() -> None:
    study, scores = make_trial(arms=3, schools=36, seed=2)
    found = analyse(scores, study).estimates
    main = found[(found["inquiry"] == "effect") & (found["estimator"] == "multilevel")]
    assert main["contrast"].tolist() == ["intervention - control", "light - control"]
    assert (main["p_adjusted"] >= main["p_value"]).all()


def test_the_order_of_pupils_and_schools_decides_nothing(trial: tuple[Study, Scores], results: Results) -> None:
    study, scores = trial
    mixed = replace(
        scores,
        frame=scores.frame.sample(frac=1, random_state=1),
        roster=scores.roster.sample(frac=1, random_state=2),
        schools=scores.schools.sample(frac=1, random_state=3),
    )
    assert analyse(mixed, study).to_json() == results.to_json()


def test_a_shifted_outcome_keeps_the_effect(trial: tuple[Study, Scores], results: Results) -> None:
    study, scores = trial
    frame = scores.frame.copy()
    frame["value"] = np.where(frame["scale"] == "posttest.value", frame["value"] + 7.0, frame["value"])
    moved = analyse(replace(scores, frame=frame), primary_only(study))
    for estimator in ("multilevel", "unadjusted"):
        before = row_of(results, inquiry="effect", outcome="attainment", estimator=estimator)
        after = row_of(moved, inquiry="effect", outcome="attainment", estimator=estimator)
        assert math.isclose(before["estimate"], after["estimate"], rel_tol=1e-6)


def test_a_small_group_takes_what_would_give_it_away_with_it() -> None:
    study, scores = make_trial(seed=4)
    roster = scores.roster.copy()
    roster["fsm"] = "no"
    roster.loc[roster[roster["in_after"]].groupby("arm").sample(8, random_state=1).index, "fsm"] = "yes"
    found = analyse(replace(scores, roster=roster), study).estimates
    mine = found[found["subgroup"].str.startswith("fsm") & (found["outcome"] == "attainment")]
    assert set(mine["status"]) == {"suppressed"}
    assert mine[["estimate", "n_treated", "n_control"]].isna().all(axis=None)


def test_pupils_of_one_group_are_the_primary_sample_and_the_interaction_uses_all() -> None:
    study, scores = make_trial(seed=6)
    outcome = study.plan.outcomes[0].model_copy(update={"pupils": PupilFilter(subgroup="eal", values=("yes",))})
    plan = study.plan.model_copy(update={"outcomes": (outcome,)})
    found = analyse(scores, replace(study, plan=plan)).estimates
    primary = found[(found["inquiry"] == "effect") & (found["estimator"] == "multilevel")].iloc[0]
    separate = found[(found["inquiry"] == "subgroup") & (found["subgroup"] == "eal: yes")].iloc[0]
    both = found[(found["inquiry"] == "subgroup_interaction") & (found["subgroup"] == "eal")].iloc[0]
    assert math.isclose(primary["estimate"], separate["estimate"], rel_tol=1e-6)
    assert both["n_treated"] > primary["n_treated"]


def test_bad_data_are_named_all_at_once(trial: tuple[Study, Scores]) -> None:
    study, scores = trial
    roster, schools = scores.roster.copy(), scores.schools.copy()
    first = roster["school"].iloc[0]
    other = "control" if roster["arm"].iloc[0] == "intervention" else "intervention"
    roster.loc[roster.index[0], "arm"] = other
    schools.loc[schools.index[3], "area"] = ""
    schools.loc[schools.index[4], "sessions"] = 99.0
    with pytest.raises(DesignError) as caught:
        analyse(replace(scores, roster=roster, schools=schools), study)
    told = " ".join(caught.value.problems)
    assert first in told
    assert "more than one arm" in told
    assert str(schools["school"].iloc[3]) in told
    assert str(schools["school"].iloc[4]) in told
    assert "outside 0 to 12" in told


def test_an_arm_of_one_school_is_refused(trial: tuple[Study, Scores]) -> None:
    study, scores = trial
    schools = scores.schools
    keep = [
        *schools.loc[schools["arm"] == "control", "school"],
        schools.loc[schools["arm"] != "control", "school"].iloc[0],
    ]
    few = replace(
        scores,
        roster=scores.roster[scores.roster["school"].isin(keep)],
        schools=schools[schools["school"].isin(keep)],
    )
    with pytest.raises(DesignError, match="has 1 school"):
        analyse(few, study)


def test_the_planned_draws_are_made() -> None:
    study, scores = make_trial(seed=7, changes={"trial": {"analysis": {"permutations": 200, "bootstrap": 100}}})
    found = analyse(scores, study)
    test = row_of(found, inquiry="robustness", outcome="attainment", estimator="permutation")
    assert "allocations: school allocated at random within strata" in test["reason"]
    assert 0 < test["p_value"] < 1
    drawn = row_of(found, inquiry="robustness", outcome="attainment", estimator="bootstrap")
    assert drawn["conf_low"] < drawn["conf_high"]


def test_draws_of_single_pupils() -> None:
    changes = {"trial": {"analysis": {"permutations": 200, "bootstrap": 100}}}
    study, scores = make_trial(design="individual", schools=4, pupils=20, seed=8, changes=changes)
    found = analyse(scores, study)
    primary = row_of(found, inquiry="effect", outcome="attainment", estimator="linear")
    test = row_of(found, inquiry="robustness", outcome="attainment", estimator="permutation")
    assert "allocations: single pupils allocated at random" in test["reason"]
    assert test["p_value"] == pytest.approx(primary["p_value"], abs=0.12)
    drawn = row_of(found, inquiry="robustness", outcome="attainment", estimator="bootstrap")
    assert drawn["reason"] == "100 draws of pupils."
    assert drawn["std_error"] == pytest.approx(primary["std_error"], rel=0.35)
    passed = row_of(found, inquiry="robustness", outcome="passed", estimator="bootstrap")
    assert passed["conf_low"] < passed["estimate"] < passed["conf_high"]


@pytest.mark.parametrize("schools", ["", "some"])
def test_an_individual_trial_needs_no_schools(
    schools: str, single_pupils: tuple[Study, Scores], single_pupils_results: Results
) -> None:
    study, scores = single_pupils
    known = scores.roster.assign(school=None)
    if schools:
        known["school"] = ["S1" if place % 2 else None for place in range(len(known))]
    blank = analyse(replace(scores, roster=known), study)
    assert (single_pupils_results.estimates["status"] == "ok").any()
    pd.testing.assert_frame_equal(single_pupils_results.estimates, blank.estimates)
