"""The tables behind the figures hold what they say, in the plan's order."""

import numpy as np
import pytest

from evalkit.analysis.analyse import analyse
from evalkit.records.scores import ITEM_COLUMNS, QUALITY_COLUMNS


@pytest.fixture
def scores(standard):
    return standard[0]


@pytest.fixture
def results(standard):
    return standard[1]


def test_flow(results):
    assert dict(zip(*results.displays["flow"].to_numpy().T, strict=True)) == {
        "answered_pre": 52,
        "answered_post": 46,
        "linked": 42,
        "pre_only": 10,
        "post_only": 4,
    }


def test_a_pupil_without_any_answer_did_not_take_part(plan, study_of, scores_of):
    scores = scores_of(study_of(plan()))
    frame = scores.frame
    blank = (frame["pupil"] == "P020") & (frame["wave"] == "post")
    frame.loc[blank, ["value", "n_answered"]] = [np.nan, 0]
    flow = analyse(scores, study_of(plan())).displays["flow"].set_index("step")["n"]
    assert flow.to_dict() == {"answered_pre": 52, "answered_post": 45, "linked": 41, "pre_only": 11, "post_only": 4}


def test_change(results):
    table = results.displays["change"]
    rows = results.tidy().query("estimator == 'percent_of_range'")
    assert table["outcome"].tolist() == ["self_efficacy", "grit", "motivation"]
    assert table["label"].tolist() == ["Self-efficacy", "Grit", "Motivation to learn"]
    assert table["role"].tolist() == ["primary", "secondary", "primary"]
    assert table[["estimate", "conf_low", "conf_high"]].to_numpy() == pytest.approx(
        rows[["estimate", "conf_low", "conf_high"]].to_numpy()
    )
    assert table["n"].tolist() == [42, 42, 42]
    assert set(table["unit"]) == {"percent_of_range"}


def test_means_are_of_linked_pupils(results, scores):
    table = results.displays["means"].set_index(["outcome", "wave"])
    wide = scores.frame[scores.frame["scale"] == "gse10.total"].pivot_table(
        index="pupil", columns="wave", values="value"
    )
    linked = wide.dropna()
    for wave in ("pre", "post"):
        row = table.loc[("self_efficacy", wave)]
        assert [row["n"], row["mean"], row["sd"]] == pytest.approx([42, linked[wave].mean(), linked[wave].std()])
        assert (row["low"], row["high"]) == (10, 40)
    models = results.glance().set_index("outcome")
    assert models.loc["self_efficacy", "mean_pre"] == table.loc[("self_efficacy", "pre"), "mean"]
    assert models.loc["self_efficacy", "r"] == pytest.approx(linked["pre"].corr(linked["post"]))


def test_answers_have_every_allowed_answer_of_every_item(results):
    table = results.displays["answers"]
    assert len(table) == 2 * (10 * 4 + 8 * 5 + 9 * 7)
    assert table["scale"].drop_duplicates().tolist() == ["gse10.total", "grit_s8.total", "mslq44.intrinsic_value"]
    items = table.loc[table["scale"] == "mslq44.intrinsic_value", "item"].drop_duplicates().tolist()
    assert items == ["q1", "q4", "q5", "q7", "q10", "q14", "q15", "q17", "q21"], "questionnaire order"
    assert set(table["n"]) == {42}


def test_quality_and_items_keep_their_columns(results):
    quality, items = results.displays["quality"], results.displays["items"]
    assert tuple(quality.columns) == (*QUALITY_COLUMNS, "label")
    assert tuple(items.columns) == ITEM_COLUMNS
    assert quality["wave"].tolist() == ["pre", "post"] * 3
    assert len(items) == 2 * (10 + 8 + 9)
    assert quality["missing_percent"].notna().all(), "data problems are shown"


def test_instrument_facts(results):
    facts = results.instruments["grit_s8"]
    assert facts["scores"]["total"]["low"] == 1
    assert facts["scores"]["total"]["k"] == 8
    assert facts["scores"]["total"]["missing_rule"] == "complete"
    assert facts["wording_may_be_shared"] is False
    assert facts["prepost_caution"]
    assert set(facts["anchors"]) == {"1", "2", "3", "4", "5"}
    assert list(results.instruments["mslq44"]["scores"]) == ["intrinsic_value"], "only what the plan asks for"
    assert len(results.instruments["mslq44"]["items"]) == 9


def test_unverified_facts_never_reach_the_results(results):
    published = results.instruments["mslq44"]["scores"]["intrinsic_value"]["published"]
    assert 0.87 not in {one["low"] for one in published}
    norms = results.instruments["gse10"]["scores"]["total"]["norms"]
    assert 29.55 not in {one["mean"] for one in norms}
    assert 29.68 in {one["mean"] for one in norms}


def test_own_wording_is_shown_only_when_it_may_be_shared(plan, study_of, scores):
    from dataclasses import replace

    from evalkit.records.wording import ItemWording

    study = study_of(plan())
    version = study.instrument("grit_s8").version
    for may_be_shared in (False, True):
        wording = ItemWording(
            version=version, permission="ours", may_be_shared=may_be_shared, items={"q1": "INVENTED TEXT"}
        )
        facts = analyse(scores, replace(study, wording={"grit_s8": wording})).instruments["grit_s8"]
        assert (facts["items"]["q1"] == "INVENTED TEXT") is may_be_shared
        assert facts["wording_may_be_shared"] is may_be_shared
