"""The five checks, and what a reader must know."""

import math

import numpy as np
import pandas as pd
import pytest

from evalkit.analysis.analyse import analyse
from evalkit.analysis.caveats import CAVEAT_KINDS, DESIGN_LIMITS
from evalkit.analysis.quality_facts import HEYWOOD
from evalkit.records.instrument import load_instrument
from evalkit.scoring.reliability import reliability


def check(results, name):
    return next(one for one in results.checks if one.name == name)


def warnings_of(results, kind):
    return [caveat for caveat in results.caveats if caveat.kind == kind]


@pytest.fixture
def results(standard):
    return standard[1]


def test_five_checks_in_order(results):
    assert [one.name for one in results.checks] == ["comparison", "size", "drop_out", "measure", "delivery"]


def test_without_a_comparison_group_the_comparison_is_weak(results):
    assert check(results, "comparison").rating == "weak"
    assert check(results, "comparison").facts == {"has_comparison": False}


def test_size_rests_on_the_smallest_outcome_and_the_widest_interval(results):
    table = results.displays["change"]
    facts = check(results, "size").facts
    assert facts["n_linked"] == 42
    assert facts["half_width"] == pytest.approx(((table["conf_high"] - table["conf_low"]) / 2).max())
    assert check(results, "size").rating == "fair"


def test_many_pupils_make_size_strong(plan, study_of, scores_of):
    study = study_of(plan())
    assert check(analyse(scores_of(study, n=400), study), "size").rating == "strong"


@pytest.mark.parametrize(("n_left", "rating"), [(4, "strong"), (8, "fair"), (20, "weak")])
def test_drop_out(plan, study_of, scores_of, n_left, rating):
    study = study_of(plan())
    results = analyse(scores_of(study, n=60, n_left=n_left, n_joined=0), study)
    found = check(results, "drop_out")
    assert found.rating == rating
    assert found.facts["n_lost"] == n_left
    assert found.facts["share_lost"] == pytest.approx(n_left / 60)
    assert bool(warnings_of(results, "high_drop_out")) == (rating == "weak")


def test_drop_out_of_one_outcome_counts_too(plan, study_of, scores_of):
    study = study_of(plan())
    scores = scores_of(study, n=60, n_left=0, n_joined=0)
    frame = scores.frame
    skipped = (frame["scale"] == "grit_s8.total") & (frame["wave"] == "post") & (frame["pupil"] < "P020")
    frame.loc[skipped, "value"] = np.nan
    results = analyse(scores, study)
    found = check(results, "drop_out")
    assert found.rating == "weak"
    assert found.facts["share_lost"] == 0, "the facts are those of the participant flow"
    assert (found.facts["worst_outcome"], found.facts["worst_share_lost"]) == ("grit", pytest.approx(20 / 60))
    assert [caveat.outcome for caveat in warnings_of(results, "high_drop_out")] == ["grit"]


def test_measure_names_the_least_reliable_scale(plan, study_of, scores_of):
    study = study_of(plan())
    scores = scores_of(study)
    scales = scores.quality.scales
    scales.loc[(scales["scale"] == "grit_s8.total") & (scales["wave"] == "post"), "omega"] = 0.61
    results = analyse(scores, study)
    expected = {"outcome": "grit", "stat": "omega", "value": 0.61, "wave": "post"}
    assert check(results, "measure").facts == expected
    assert check(results, "measure").rating == "weak"
    (warning,) = warnings_of(results, "low_reliability")
    assert (warning.outcome, dict(warning.facts)) == ("grit", {"stat": "omega", "value": 0.61, "wave": "post"})


@pytest.mark.parametrize(("share", "rating"), [(0.85, "strong"), (0.7, "fair"), (0.3, "weak"), (None, "unknown")])
def test_delivery(plan, study_of, scores_of, share, rating):
    study = study_of(plan(delivery={"planned": "24 sessions", "share_delivered": share}))
    found = check(analyse(scores_of(study), study), "delivery")
    assert found.rating == rating
    assert found.facts["planned"] == "24 sessions"


def test_delivery_unknown_without_a_block(plan, study_of, scores_of):
    study = study_of(plan(delivery=None))
    assert check(analyse(scores_of(study), study), "delivery").rating == "unknown"


def test_limits_of_the_design_are_always_there_and_first(results):
    limits = [caveat.kind for caveat in results.caveats if caveat.level == "limit"]
    assert limits == list(DESIGN_LIMITS)
    assert [caveat.kind for caveat in results.caveats][: len(limits)] == limits


def test_every_kind_is_declared(results, plan, study_of, scores_of):
    study = study_of(plan())
    small = analyse(scores_of(study, n=20, n_left=6, n_joined=1), study)
    assert {caveat.kind for caveat in (*results.caveats, *small.caveats)} <= set(CAVEAT_KINDS)


def test_few_pupils_and_wide_intervals(plan, study_of, scores_of):
    study = study_of(plan())
    results = analyse(scores_of(study, n=20, n_left=2, n_joined=2), study)
    (warning,) = warnings_of(results, "few_pupils")
    assert warning.facts == {"n_linked": 16}


def test_a_wide_interval_warns_only_when_both_a_rise_and_a_fall_lie_inside(plan, study_of, scores_from):
    grit, motivation = plan().outcomes[1:]
    study = study_of(plan(outcomes=[grit.model_dump(mode="json"), motivation.model_dump(mode="json")]))
    unsure = {f"P{place:02d}": (3.0, 3.0 + (1.5 if place % 2 else -1.5)) for place in range(20)}
    risen = {f"P{place:02d}": (1.0 + place / 100, 3.0 + 1.5 * (place % 3)) for place in range(20)}
    results = analyse(scores_from(study, {"grit": unsure, "motivation": risen}), study)
    table = results.displays["change"].set_index("outcome")
    assert ((table["conf_high"] - table["conf_low"]) / 2 > 6).all(), "both are wide"
    (warning,) = warnings_of(results, "wide_interval")
    assert warning.outcome == "grit"
    assert warning.facts["half_width"] == pytest.approx(
        (table.loc["grit", "conf_high"] - table.loc["grit", "conf_low"]) / 2
    )


def test_leavers_who_differ(plan, study_of, scores_of):
    study = study_of(plan())
    scores = scores_of(study, n_left=12)
    frame = scores.frame
    gone = (frame["scale"] == "grit_s8.total") & (frame["wave"] == "pre") & (frame["pupil"] < "P012")
    frame.loc[gone, "value"] = 1.5
    (warning,) = [one for one in warnings_of(analyse(scores, study), "leavers_differ") if one.outcome == "grit"]
    assert warning.facts["g"] < -0.25
    assert warning.facts["difference"] < 0


def test_pupils_in_one_wave_only(results, plan, study_of, scores_of):
    (warning,) = warnings_of(results, "not_linked")
    assert warning.facts == {"pre_only": 10, "post_only": 4}
    study = study_of(plan())
    assert not warnings_of(analyse(scores_of(study, n_left=0, n_joined=0), study), "not_linked")


def at_the_top(scores, share):
    frame = scores.frame
    after = frame.index[(frame["scale"] == "grit_s8.total") & (frame["wave"] == "post")]
    frame.loc[after[: round(share * len(after))], "value"] = 5.0
    scales = scores.quality.scales
    row = (scales["scale"] == "grit_s8.total") & (scales["wave"] == "post")
    scales.loc[row, "ceiling_percent"] = 100 * round(share * len(after)) / len(after)
    return scores


@pytest.mark.parametrize("n_joined", [0, 4])
def test_a_ceiling_is_named_also_where_the_wave_itself_is_hidden(plan, study_of, scores_of, n_joined):
    study = study_of(plan())
    (warning,) = warnings_of(analyse(at_the_top(scores_of(study, n_joined=n_joined), 0.5), study), "ceiling_reached")
    assert warning.outcome == "grit"
    assert warning.facts["wave"] == "post"
    assert 40 < warning.facts["percent"] <= 60


def test_a_ceiling_of_few_pupils_is_not_named(plan, study_of, scores_of):
    study = study_of(plan())
    scores = at_the_top(scores_of(study, n_joined=0), 8 / 46)
    assert not warnings_of(analyse(scores, study), "ceiling_reached")


def test_straight_lining(plan, study_of, scores_of):
    study = study_of(plan())
    scores = scores_of(study)
    scores.quality.scales.loc[0, "straight_line_percent"] = 25.0
    results = analyse(scores, study)
    (warning,) = warnings_of(results, "straight_lining")
    assert warning.facts == {"scale": "gse10.total", "wave": "pre", "percent": 25.0}, "13 of 52"
    assert results.displays["quality"]["straight_line_percent"].iloc[0] == 25.0


def test_few_pupils_with_one_answer_throughout_are_named_without_their_number(plan, study_of, scores_of):
    study = study_of(plan())
    scores = scores_of(study)
    scores.quality.scales.loc[0, "straight_line_percent"] = 100 * 8 / 52
    scores.quality.scales.loc[1, "straight_line_percent"] = 100 * 1 / 46
    results = analyse(scores, study)
    (warning,) = warnings_of(results, "straight_lining")
    assert warning.facts == {"scale": "gse10.total", "wave": "pre", "percent": None}
    shown = results.displays["quality"]["straight_line_percent"]
    assert shown.iloc[:2].isna().all()
    assert shown.isna().all(), "nobody is hidden too"


def test_a_share_that_rests_on_an_unknown_number_is_shown_only_if_every_number_is_safe(plan, study_of, scores_of):
    mslq = plan().outcomes[2].model_dump(mode="json")
    other = {**mslq, "id": "self_regulation", "label": "Self-regulation", "score": "self_regulation"}
    study = study_of(plan(outcomes=[mslq, other]))
    scores = scores_of(study)
    before = scores.quality.scales["wave"] == "pre"
    # 40 and 45 of 52 answered all of one scale, so 33 to 40 all of the questionnaire: a quarter is 9 of 36 or 10 of 40.
    scores.quality.scales.loc[before, "n"] = [40, 45]
    scores.quality.scales.loc[before, "straight_line_percent"] = 25.0
    assert math.isnan(analyse(scores, study).displays["quality"]["straight_line_percent"].iloc[0])
    scores.quality.scales.loc[before, "straight_line_percent"] = 100 * 2 / 5
    assert analyse(scores, study).displays["quality"]["straight_line_percent"].iloc[0] == 40.0, "14 of 35 or 16 of 40"


def test_an_impossible_omega_is_named_and_not_used(plan, study_of, scores_of):
    study = study_of(plan())
    scores = scores_of(study)
    scales = scores.quality.scales
    scales.loc[0, ["omega", "alpha"]] = [1.02, 0.81]
    scales.loc[3, ["omega", "alpha", "reason"]] = [np.nan, 0.75, f"Omega is left out: an {HEYWOOD}."]
    results = analyse(scores, study)
    assert [(one.outcome, dict(one.facts)) for one in warnings_of(results, "heywood")] == [
        ("self_efficacy", {"wave": "pre"}), ("grit", {"wave": "post"}),
    ]  # fmt: skip
    quality = results.displays["quality"]
    assert quality.loc[[0, 3], ["omega", "omega_low", "omega_high"]].isna().all(axis=None)
    assert (quality.loc[[0, 3], "reason"].str.startswith("Omega is left out")).all()
    rows = results.tidy().query("outcome == 'self_efficacy' and contrast == 'threshold'")
    assert rows["reason"].iloc[0] == (
        "this sample's alpha before, 0.81 (the factor model behind omega gave an impossible answer)"
    )


def test_scoring_names_an_impossible_omega_in_the_words_that_the_analysis_knows():
    random = np.random.default_rng(2)
    first, noise = random.normal(size=(2, 30))
    answers = pd.DataFrame({"a": first, "b": first + 0.02 * noise, "c": -0.6 * noise + 0.9 * first})
    for seed in range(40):
        shaken = answers + np.random.default_rng(seed).normal(size=answers.shape) * [0.0, 0.05, 1.5]
        note = reliability(shaken).set_index("measure").loc["omega", "note"]
        if note:
            assert HEYWOOD in note
            return
    pytest.fail("no impossible solution was found")


def test_an_item_that_goes_against_its_scale_is_named(plan, study_of, scores_of):
    study = study_of(plan())
    scores = scores_of(study)
    items = scores.quality.items
    chosen = (items["scale"] == "grit_s8.total") & (items["wave"] == "post") & items["item"].isin(["q2", "q5"])
    items.loc[chosen, "item_rest_r"] = [-0.31, -0.02]
    (warning,) = warnings_of(analyse(scores, study), "item_against_scale")
    assert (warning.outcome, dict(warning.facts)) == (
        "grit", {"scale": "grit_s8.total", "wave": "post", "items": "q2, q5"},
    )  # fmt: skip


def test_an_item_of_few_pupils_is_not_named(plan, study_of, scores_of):
    study = study_of(plan())
    scores = scores_of(study, n=12, n_left=2, n_joined=1)
    scores.quality.items["item_rest_r"] = -0.5
    scores.quality.items["n"] = 9
    assert not warnings_of(analyse(scores, study), "item_against_scale")


def test_cautions_of_the_instruments(results):
    assert {one.facts["instrument"] for one in warnings_of(results, "pre_post_caution")} == {"grit_s8"}
    with_caution = {name for name in ("gse10", "grit_s8", "mslq44") if load_instrument(name).caution}
    assert {one.facts["instrument"] for one in warnings_of(results, "instrument_caution")} == with_caution


def test_notes(results):
    (note,) = warnings_of(results, "complete_cases")
    assert note.facts == {"n_linked": 42, "n_left_out": 14}
    assert note.level == "note"
