"""Nothing that describes few pupils leaves the analysis, and nothing can be worked out by subtraction."""

import json
import math

import numpy as np
import pytest

from evalkit.analysis.analyse import analyse
from evalkit.analysis.estimate import NUMBER_FIELDS

THRESHOLD = 10


@pytest.fixture(scope="module")
def few(small_study):
    """Eleven pupils before, two left, one joined: nine linked."""
    return small_study(n=12, n_left=2, n_joined=1, seed=5)[1]


@pytest.fixture(scope="module")
def usual(small_study):
    """50 pupils before, 6 left, 4 joined: 46 linked."""
    return small_study(n_left=6, n_joined=4)


def test_too_few_linked_pupils_still_give_results(few):
    rows = few.tidy()
    assert set(rows["status"]) == {"suppressed"}
    assert rows[list(NUMBER_FIELDS)].isna().all(axis=None)
    assert (rows["reason"] != "").all()
    assert set(rows.query("inquiry == 'change'")["n_treated"]) == {9.0}, "participation is shown"


def test_too_few_linked_pupils_leave_no_number_in_models_and_displays(few):
    models = few.glance()
    assert models[["mean_pre", "mean_post", "sd_pre", "sd_post", "r"]].isna().all(axis=None)
    assert models["n_linked"].tolist() == [9, 9, 9]
    displays = few.displays
    assert displays["change"][["estimate", "conf_low", "conf_high", "p_adjusted"]].isna().all(axis=None)
    assert displays["means"][["mean", "sd"]].isna().all(axis=None)
    assert displays["distribution"][["count", "percent"]].isna().all(axis=None)
    assert displays["answers"][["count", "percent", "group_count", "group_percent"]].isna().all(axis=None)
    assert displays["quality"][["mean", "sd", "floor_percent", "ceiling_percent"]].isna().all(axis=None)
    assert displays["items"][["mean", "sd", "floor_percent", "ceiling_percent"]].isna().all(axis=None)
    assert displays["flow"]["n"].tolist() == [11, 10, 9, 2, 1]


def test_too_few_pupils_give_a_note_and_weak_size(few):
    assert "one_or_more_suppressed" in {caveat.kind for caveat in few.caveats}
    size = next(check for check in few.checks if check.name == "size")
    assert size.rating == "weak"
    assert size.facts["half_width"] is None


def test_a_refusal_about_few_pupils_does_not_quote_their_scores(plan, study_of, scores_from):
    grit, motivation = plan().outcomes[1:]
    study = study_of(plan(outcomes=[grit.model_dump(mode="json"), motivation.model_dump(mode="json")]))
    same = {f"P{place}": (2.0, 2.625) for place in range(4)}
    fine = {f"Q{place:02d}": (2 + place / 8, 3 + place % 3) for place in range(20)}
    text = analyse(scores_from(study, {"grit": same, "motivation": fine}), study).to_json()
    assert "0.625" not in text


def test_no_small_count_is_shown_anywhere(usual):
    _, results = usual
    for name in ("distribution", "answers"):
        counts = results.displays[name]["count"].dropna()
        assert not ((counts > 0) & (counts < THRESHOLD)).any()
        assert len(counts), "and something is shown"
    groups = results.displays["answers"]["group_count"].dropna()
    assert not ((groups > 0) & (groups < THRESHOLD)).any()
    pupils = results.tidy().query("unit == 'pupils'")["estimate"].dropna()
    assert not ((pupils > 0) & (pupils < THRESHOLD)).any()


def test_distribution_covers_all_linked_pupils_with_the_same_bins(usual):
    _, results = usual
    table = results.displays["distribution"]
    for _, rows in table.groupby("outcome"):
        pre, post = (rows[rows["wave"] == wave] for wave in ("pre", "post"))
        assert pre[["low", "high"]].to_numpy().tolist() == post[["low", "high"]].to_numpy().tolist()
        assert pre["count"].sum() == post["count"].sum() == 46
        assert pre["percent"].sum() == pytest.approx(100)
        assert pre["low"].iloc[1:].tolist() == pre["high"].iloc[:-1].tolist()


def test_answers_in_a_merged_group_are_hidden_and_the_group_is_shown(usual):
    scores, results = usual
    table = results.displays["answers"]
    merged = table[table["answer_low"] < table["answer_high"]]
    single = table[table["answer_low"] == table["answer_high"]]
    assert len(merged)
    assert len(single)
    assert merged["count"].isna().all()
    keys = ["scale", "item", "wave", "answer"]
    truth = scores.quality.answers.set_index(keys)["count"]
    assert (single.set_index(keys)["count"].dropna() == truth.reindex(single.dropna().set_index(keys).index)).all()
    one = table.query("scale == 'gse10.total' and item == 'q1' and wave == 'pre'").drop_duplicates("answer_low")
    assert one["group_count"].sum() == 46


def test_an_answer_that_everybody_gave_is_hidden(plan, study_of, scores_of):
    study = study_of(plan())
    scores = scores_of(study)
    answers = scores.quality.answers
    chosen = (answers["scale"] == "gse10.total") & (answers["item"] == "q1") & (answers["wave"] == "post")
    answers.loc[chosen, "count"] = np.where(answers.loc[chosen, "answer"] == 3, 42, 0)
    before = (answers["scale"] == "gse10.total") & (answers["item"] == "q1") & (answers["wave"] == "pre")
    answers.loc[before, "count"] = [10, 10, 11, 11]
    shown = analyse(scores, study).displays["answers"].query("scale == 'gse10.total' and item == 'q1'")
    assert shown[["count", "group_count"]].isna().all(axis=None), "the bins are alike in both waves"


def test_mean_of_the_few_who_left_cannot_be_subtracted(usual):
    _, results = usual
    quality = results.displays["quality"]
    assert quality[["mean", "sd"]].isna().all(axis=None), "6 left and 4 joined: both waves hide their own mean"
    assert results.displays["items"][["mean", "sd"]].isna().all(axis=None)
    assert results.displays["means"]["mean"].notna().all()
    leavers = results.tidy().query("inquiry == 'leavers'")
    assert set(leavers["status"]) == {"suppressed"}
    assert quality["alpha"].notna().all(), "reliability says nothing about a single pupil"


def test_wave_means_are_shown_when_nobody_or_enough_pupils_differ(plan, study_of, scores_of):
    study = study_of(plan())
    results = analyse(scores_of(study, n_left=10, n_joined=0), study)
    assert results.displays["quality"][["mean", "sd"]].notna().all(axis=None)


def test_reliable_change_hides_enough_that_nothing_can_be_subtracted(usual):
    _, results = usual
    rows = results.tidy().query("inquiry == 'reliable_change' and unit == 'pupils'")
    for _, counts in rows.groupby("outcome"):
        hidden = int(counts["estimate"].isna().sum())
        assert hidden != 1
        assert (counts.loc[counts["estimate"].isna(), "status"] == "suppressed").all()


def test_few_pupils_at_the_lowest_score_are_not_counted_out(plan, study_of, scores_from):
    grit = plan().outcomes[1].model_dump(mode="json")
    study = study_of(plan(outcomes=[grit]))
    pairs = {f"P{place:02d}": (1 + place // 3 / 4, 2 + place % 5 / 4) for place in range(30)}
    row = (
        analyse(scores_from(study, {"grit": pairs}), study).tidy().query("estimator == 'percent_pupil_ratio'").squeeze()
    )
    assert row["status"] == "ok"
    assert row["reason"].startswith("Fewer than 10 pupils, or none, were left out")
    assert math.isnan(row["n_treated"]), "27 of 30 would tell that 3 pupils had the lowest score"


def test_many_pupils_at_the_lowest_score_are_counted(plan, study_of, scores_from):
    grit = plan().outcomes[1].model_dump(mode="json")
    study = study_of(plan(outcomes=[grit]))
    pairs = {f"P{place:02d}": (1 + (place > 11) * (place % 4 + 1) / 2, 2 + place % 5 / 4) for place in range(30)}
    row = (
        analyse(scores_from(study, {"grit": pairs}), study).tidy().query("estimator == 'percent_pupil_ratio'").squeeze()
    )
    assert row["reason"].startswith("12 pupils were left out")
    assert row["n_treated"] == 18


def test_no_pupil_code_reaches_the_results(usual):
    scores, results = usual
    text = results.to_json()
    assert not any(f'"{code}"' in text for code in scores.roster["pupil"])
    assert set(json.loads(text)["displays"]) == {
        "flow", "change", "means", "distribution", "answers", "quality", "items", "factors", "loadings", "invariance",
        "dif",
    }  # fmt: skip


def everybody_linked(plan, study_of, scores_of):
    study = study_of(plan())
    return study, scores_of(study, n_left=0, n_joined=0)


def test_item_numbers_do_not_solve_for_merged_answers(plan, study_of, scores_of):
    study, scores = everybody_linked(plan, study_of, scores_of)
    results = analyse(scores, study)
    answers, items = results.displays["answers"], results.displays["items"]
    merged = answers[(answers["answer_low"] < answers["answer_high"]) & (answers["group_count"] > 0)]
    assert len(merged)
    keys = ["scale", "item", "wave"]
    shown = items.set_index(keys)
    for key, rows in merged.groupby(keys):
        row = shown.loc[key]
        assert math.isnan(row["sd"]), "mean and SD together are two equations"
        assert math.isnan(row["floor_percent"])
        assert math.isnan(row["ceiling_percent"])
        unknown = len(rows) - rows["answer_low"].nunique()
        assert math.isnan(row["mean"]) == (unknown < 2)
    untouched = [key for key in shown.index if key not in set(merged.groupby(keys).groups)]
    assert shown.loc[untouched, "mean"].notna().all()
    assert items["mean"].notna().any()


def test_an_item_that_a_few_others_answered_too_is_hidden(plan, study_of, scores_of):
    study, scores = everybody_linked(plan, study_of, scores_of)
    answers = scores.quality.answers
    one = (answers["scale"] == "grit_s8.total") & (answers["item"] == "q2") & (answers["wave"] == "pre")
    answers.loc[one, "count"] = [10, 10, 10, 10, 12]
    after = (answers["scale"] == "grit_s8.total") & (answers["item"] == "q2") & (answers["wave"] == "post")
    answers.loc[after, "count"] = [10, 10, 10, 10, 12]
    items = analyse(scores, study).displays["items"].set_index(["scale", "item", "wave"])
    assert items.loc[("grit_s8.total", "q2", "pre"), ["mean", "sd"]].isna().all(), "56 answered, 52 of them are linked"


def test_a_ceiling_share_and_the_last_bin_do_not_tell_a_small_count(plan, study_of, scores_from):
    grit = plan().outcomes[1].model_dump(mode="json")
    study = study_of(plan(outcomes=[grit]))
    # Afterwards 12 pupils have the highest score 5 and 4 have 4.75, in the same bin; the others are far below.
    tops = [5.0] * 12 + [4.75] * 4 + [2.25] * 20
    pairs = {f"P{place:02d}": (2.0 + place % 7 / 4, top) for place, top in enumerate(tops)}
    scores = scores_from(study, {"grit": pairs})
    after = scores.quality.scales["wave"] == "post"
    scores.quality.scales.loc[after, "ceiling_percent"] = 100 * 12 / 36
    results = analyse(scores, study)
    last = results.displays["distribution"].query("wave == 'post'").iloc[-1]
    assert last["count"] in (16, 36)
    quality = results.displays["quality"].set_index("wave")
    assert math.isnan(quality.loc["post", "ceiling_percent"])
    assert not [caveat for caveat in results.caveats if caveat.kind == "ceiling_reached"]
