"""Data that cannot be analysed: one kind sentence, or a row with a reason; never a crash, never a pupil's code."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evalkit.analysis.analyse import analyse
from evalkit.errors import DesignError
from evalkit.records.scores import Quality, Scores


def with_frame(scores: Scores, frame: pd.DataFrame) -> Scores:
    return replace(scores, frame=frame)


def main_row(results, outcome):
    table = results.tidy()
    return table[(table["estimator"] == "paired_t") & (table["outcome"] == outcome)].squeeze()


def test_no_linked_pupils(plan, study_of, scores_of):
    study = study_of(plan())
    scores = scores_of(study)
    frame = scores.frame.copy()
    after = frame["wave"] == "post"
    frame.loc[after, "pupil"] = frame.loc[after, "pupil"] + "x"
    with pytest.raises(DesignError) as caught:
        analyse(with_frame(scores, frame), study)
    message = caught.value.message
    assert "'pre' and 'post'" in message, "where"
    assert "52 pupils answered in 'pre' and 46 in 'post', but no pupil code stands in both" in message, "found"
    assert "at least 2 pupils" in message, "allowed"
    assert "Check that pupil codes are written the same way" in message, "mend"
    assert "P0" not in message, "no pupil's code"


def test_one_linked_pupil(plan, study_of, scores_of):
    study = study_of(plan())
    scores = scores_of(study)
    frame = scores.frame.copy()
    strange = (frame["wave"] == "post") & (frame["pupil"] != "P020")
    frame.loc[strange, "pupil"] = frame.loc[strange, "pupil"] + "x"
    with pytest.raises(DesignError, match="only one pupil code stands in both"):
        analyse(with_frame(scores, frame), study)


def test_a_missing_wave(plan, study_of, scores_of):
    study = study_of(plan())
    scores = scores_of(study)
    with pytest.raises(DesignError, match="0 in 'post'"):
        analyse(with_frame(scores, scores.frame[scores.frame["wave"] == "pre"]), study)


def test_a_pupil_twice_in_one_wave(plan, study_of, scores_of):
    study = study_of(plan())
    scores = scores_of(study)
    twice = pd.concat([scores.frame, scores.frame.iloc[:3]], ignore_index=True)
    with pytest.raises(DesignError, match="3 rows too many"):
        analyse(with_frame(scores, twice), study)


def test_one_outcome_failing_never_stops_the_others(plan, study_of, scores_of):
    study = study_of(plan())
    scores = scores_of(study)
    frame = scores.frame.copy()
    frame.loc[frame["scale"] == "grit_s8.total", "value"] = 3.0
    results = analyse(with_frame(scores, frame), study)
    failed = main_row(results, "grit")
    assert failed["status"] == "not_estimated"
    assert "same amount" in failed["reason"]
    assert np.isnan(failed["estimate"])
    assert main_row(results, "motivation")["status"] == "ok"
    assert main_row(results, "self_efficacy")["status"] == "ok"
    table = results.tidy()
    grit = table[(table["outcome"] == "grit") & (table["status"] == "not_estimated")]
    assert {"d_z", "d_av", "wilcoxon", "bayes_factor"} <= set(grit["estimator"])
    assert (grit["reason"] != "").all()
    assert results.displays["means"].query("outcome == 'grit'")["sd"].tolist() == [0, 0]


def test_everybody_changed_by_the_same_amount(plan, study_of, scores_from):
    outcomes = plan().outcomes[1:]
    study = study_of(plan(outcomes=[outcome.model_dump(mode="json") for outcome in outcomes]))
    same = {f"P{place:02d}": (2 + place / 16, 2.5 + place / 16) for place in range(20)}
    varied = {f"P{place:02d}": (2 + place / 16, 3 + place % 3 / 2) for place in range(20)}
    results = analyse(scores_from(study, {"grit": same, "motivation": varied}), study)
    assert main_row(results, "grit")["status"] == "not_estimated"
    assert main_row(results, "motivation")["status"] == "ok"
    rows = results.tidy().query("outcome == 'grit' and inquiry == 'change' and estimator != 'paired_t_unflagged'")
    assert set(rows["status"]) == {"not_estimated"}, "the percentages too: an interval of 0 to 0 would be a lie"
    assert rows["reason"].nunique() == 1
    counts = results.tidy().query("outcome == 'grit' and unit == 'pupils'")
    assert set(counts["status"]) == {"suppressed"}, "20 of 20 tells of every single pupil"
    assert [(one.outcome, dict(one.facts)) for one in results.caveats if one.kind == "same_change"] == [
        ("grit", {"moved": True})
    ]


def test_everybody_has_the_same_score_before_and_after(plan, study_of, scores_from):
    outcomes = plan().outcomes[1:]
    study = study_of(plan(outcomes=[outcome.model_dump(mode="json") for outcome in outcomes]))
    copied = {f"P{place:02d}": (2 + place / 16, 2 + place / 16) for place in range(20)}
    varied = {f"P{place:02d}": (2 + place / 16, 3 + place % 3 / 2) for place in range(20)}
    results = analyse(scores_from(study, {"grit": varied, "motivation": copied}), study)
    assert [(one.outcome, dict(one.facts)) for one in results.caveats if one.kind == "same_change"] == [
        ("motivation", {"moved": False})
    ]
    assert results.displays["change"].set_index("outcome").loc["motivation", ["estimate", "conf_low"]].isna().all()


def test_few_pupils_who_changed_alike_are_not_told_of(plan, study_of, scores_from):
    outcomes = plan().outcomes[1:]
    study = study_of(plan(outcomes=[outcome.model_dump(mode="json") for outcome in outcomes]))
    same = {f"P{place:02d}": (2.0, 2.5) for place in range(9)}
    varied = {f"P{place:02d}": (2 + place / 16, 3 + place % 3 / 2) for place in range(20)}
    results = analyse(scores_from(study, {"grit": same, "motivation": varied}), study)
    assert "same_change" not in {one.kind for one in results.caveats}


def test_nothing_can_be_estimated_lists_every_reason(plan, study_of, scores_of):
    study = study_of(plan())
    scores = scores_of(study)
    frame = scores.frame.copy()
    for scale, value in (("gse10.total", 20.0), ("grit_s8.total", 3.0), ("mslq44.intrinsic_value", 4.0)):
        frame.loc[frame["scale"] == scale, "value"] = value
    with pytest.raises(DesignError, match="not one outcome") as caught:
        analyse(with_frame(scores, frame), study)
    assert [problem.split(" ")[0] for problem in caught.value.problems] == ["self_efficacy", "grit", "motivation"]


def test_an_outcome_nobody_answered_afterwards(plan, study_of, scores_of):
    study = study_of(plan())
    scores = scores_of(study)
    frame = scores.frame.copy()
    gone = (frame["scale"] == "grit_s8.total") & (frame["wave"] == "post")
    frame.loc[gone, "value"] = np.nan
    results = analyse(with_frame(scores, frame), study)
    row = main_row(results, "grit")
    assert row["status"] == "not_estimated"
    assert "52 pupils have a score before and 0 afterwards" in row["reason"]
    assert main_row(results, "motivation")["status"] == "ok"


def test_two_versions_of_a_scale_are_never_compared(plan, study_of, scores_of):
    study = study_of(plan())
    scores = scores_of(study)
    frame = scores.frame.copy()
    other = (frame["scale"] == "grit_s8.total") & (frame["wave"] == "post")
    frame.loc[other, "scale_version"] = "grit_s8@older[1-5]"
    results = analyse(with_frame(scores, frame), study)
    row = main_row(results, "grit")
    assert row["status"] == "not_estimated"
    assert "more than one version" in row["reason"]
    assert results.displays["means"].query("outcome == 'grit'")["mean"].isna().all()


def test_scores_outside_the_scale(plan, study_of, scores_of):
    study = study_of(plan())
    scores = scores_of(study)
    frame = scores.frame.copy()
    frame.loc[frame.index[frame["scale"] == "grit_s8.total"][:2], "value"] = 7.0
    row = main_row(analyse(with_frame(scores, frame), study), "grit")
    assert row["status"] == "not_estimated"
    assert "2 scores lie outside 1 to 5" in row["reason"]


def test_two_linked_pupils_are_analysed_as_far_as_possible(plan, study_of, scores_from):
    grit = plan().outcomes[1].model_dump(mode="json")
    study = study_of(plan(outcomes=[grit], suppression_threshold=3))
    results = analyse(scores_from(study, {"grit": {"P1": (2, 3), "P2": (3, 3)}}), study)
    assert set(results.tidy().query("inquiry == 'change'")["status"]) == {"suppressed"}


def test_scores_without_quality_tables(plan, study_of, scores_of):
    study = study_of(plan())
    scores = scores_of(study)
    quality = scores.quality
    nothing = Quality(quality.scales.iloc[:0], quality.items.iloc[:0], quality.answers.iloc[:0])
    results = analyse(replace(scores, quality=nothing), study)
    assert main_row(results, "grit")["status"] == "ok"
    assert results.displays["quality"].empty
    assert type(results).from_json(results.to_json()).to_json() == results.to_json()
