"""The sentence bank: true and plain in every branch."""

import math
import re
from dataclasses import replace
from typing import get_args

import pytest

from evalkit.analysis.caveats import CAVEAT_KINDS
from evalkit.errors import ReportError
from evalkit.records.results import Caveat, Check, CheckName, Rating
from evalkit.report import sections, words, words_caveats, words_checks, words_measure, words_pupils, words_steps
from evalkit.report.words_change import SHAPES, answer_sentence, changes, describe_change, finding, judge
from tests.golden.branches import answers, caveat_examples, change, every_sentence, findings
from tests.golden.make_report import text_of
from tests.golden.sample import sample, with_outcome

NAN = math.nan
NO_CHANGE_TOLD = {"suppressed", "not_estimated", "moved_alike", "not_moved"}
BANNED = (
    r"\bimpact", r"effect of the programme", r"\bproved?\b", r"\bproof\b", r"\bmonths?\b", r"\bno effect\b",
    r"\bno change\b", r"\bsignificant", r"\bimprov", r"\bnan\b", r"\bNone\b", r"\{", r"\bpupil's\b(?! score)",
)  # fmt: skip


@pytest.mark.parametrize("pattern", BANNED)
def test_no_sentence_says_more_than_the_design_allows(pattern: str) -> None:
    allowed = "Each pupil's change as a share of that"
    found = [one for one in every_sentence() if re.search(pattern, one) and allowed not in one]
    assert not found


def test_every_sentence_is_closed_and_single_spaced() -> None:
    for one in every_sentence():
        assert "  " not in one
        assert " ." not in one
        assert ".." not in one
        assert one[0].isupper() or one[0].isdigit(), one


def test_every_sentence_but_a_title_ends_in_a_full_stop() -> None:
    titles = {text.format(linked=48, all=56, answered="answered") for text in words.FLOW_TITLES.values()} | set(
        findings()
    )
    assert not [one for one in every_sentence() if not one.endswith((".", "”")) and one not in titles]


@pytest.mark.parametrize(
    ("low", "high", "worthwhile", "p", "expected"),
    [
        (1.0, 5.0, NAN, 0.01, "rose"),
        (-5.0, -1.0, NAN, 0.01, "fell"),
        (-1.0, 5.0, NAN, 0.2, "unclear"),
        (0.0, 5.0, NAN, 0.05, "unclear"),
        (-0.1, 0.1, NAN, 0.9, "unclear"),  # narrow, but nothing was declared: never "the same"
        (-1.0, 1.0, 2.0, 0.9, "same"),
        (-2.0, 1.0, 2.0, 0.9, "unclear"),  # touches the smallest change that matters
        (-1.0, 2.1, 2.0, 0.9, "unclear"),
        (0.5, 1.5, 2.0, 0.01, "rose_slightly"),
        (0.5, 2.5, 2.0, 0.01, "rose"),
        (2.0, 4.0, 2.0, 0.01, "rose_clearly"),
        (-1.5, -0.5, 2.0, 0.01, "fell_slightly"),
        (-4.0, -2.0, 2.0, 0.01, "fell_clearly"),
        (0.1, 5.0, NAN, 0.08, "may_have_risen"),  # another family member may have done it by chance
        (-5.0, -0.1, 2.0, 0.08, "may_have_fallen"),
        (0.1, 5.0, NAN, NAN, "rose"),
        (NAN, NAN, NAN, NAN, "not_estimated"),
    ],
)
def test_verdict(low: float, high: float, worthwhile: float, p: float, expected: str) -> None:
    assert judge((low + high) / 2, low, high, worthwhile=worthwhile, p_adjusted=p, alpha=0.05) == expected


def test_stayed_about_the_same_needs_a_declared_smallest_change() -> None:
    told = with_outcome({"grit": (0.0, -0.01, 0.01)}, worthwhile=NAN)
    assert "same" not in words.answer(told)
    assert "cannot tell whether grit" in words.answer(told)
    declared = with_outcome({"grit": (0.0, -0.01, 0.01)}, worthwhile=1.0)
    assert "grit stayed about the same" in words.answer(declared)


def test_the_answer_of_the_brief() -> None:
    assert words.answer(sample()) == (
        "Pupils' self-efficacy rose and grit stayed about the same, but without a comparison group we cannot say that "
        "the programme caused this."
    )


def test_every_answer_is_one_sentence_and_names_the_missing_comparison() -> None:
    for name, text in answers().items():
        assert text.count(".") == 1, name
        assert "without a comparison group" in text or set(name.split(" + ")) <= NO_CHANGE_TOLD, name


def test_the_secondary_outcome_is_left_out_of_the_answer() -> None:
    assert "motivation" not in words.answer(sample())


def test_few_pupils_are_named_in_the_answer() -> None:
    told = sample(n=18, warnings=(Caveat("few_pupils", "warning", facts={"n_linked": 18}),))
    assert words.answer(told).startswith("In this small group of 18 pupils, ")


def test_number_unknown() -> None:
    assert answer_sentence([change("Grit", "rose", n=NAN)], few=True).startswith(
        "In this small group of pupils, grit rose"
    )


def test_a_scale_where_lower_is_better() -> None:
    assert "(for the better)" in answer_sentence([change("Worry", "fell", lower=True)], few=False)
    assert "good news" in describe_change(change("Worry", "fell", lower=True))
    assert "not good news" in describe_change(change("Worry", "rose", lower=True))
    assert "better" not in describe_change(change("Grit", "rose"))


@pytest.mark.parametrize("verdict", sorted(SHAPES))
def test_a_change_gives_its_range_when_there_is_one(verdict: str) -> None:
    text = describe_change(change("Grit", verdict))
    assert ("range" in text) is (verdict not in NO_CHANGE_TOLD)


def test_a_suppressed_outcome_is_told_apart_from_one_that_could_not_be_estimated() -> None:
    told = sample(hidden=("grit",))
    assert {one.outcome: one.verdict for one in changes(told)}["grit"] == "suppressed"
    assert "cannot show what happened to grit" in words.answer(told)


@pytest.mark.parametrize("kind", CAVEAT_KINDS)
def test_every_caveat_that_the_analysis_emits_has_a_sentence(kind: str) -> None:
    assert kind in words_caveats.CAVEATS


def test_every_caveat_speaks_without_gaps() -> None:
    results = sample()
    for one in caveat_examples(results):
        assert "{" not in words_caveats.caveat_sentence(results, one)


def test_an_unknown_caveat_is_refused() -> None:
    with pytest.raises(ReportError, match="no sentence for the caveat 'moon'"):
        words_caveats.caveat_sentence(sample(), Caveat("moon", "warning"))


def test_a_caveat_without_its_fact_is_refused() -> None:
    with pytest.raises(ReportError, match="has no fact 'n_linked'"):
        words_caveats.caveat_sentence(sample(), Caveat("few_pupils", "warning"))


@pytest.mark.parametrize("name", get_args(CheckName))
@pytest.mark.parametrize("rating", get_args(Rating))
def test_every_check_has_a_sentence_and_a_step_unless_it_is_strong(name: CheckName, rating: Rating) -> None:
    assert (name, rating) in words_checks.SENTENCES
    assert ((name, rating) in words_steps.STEPS) is (rating != "strong")


def test_a_check_without_its_facts_is_refused() -> None:
    with pytest.raises(ReportError, match="The check 'measure' has no fact"):
        words_checks.check_sentence(sample(), Check("measure", "weak", {}))


def test_the_size_check_says_when_measures_rest_on_different_numbers() -> None:
    results = sample()
    fewer = words_checks.check_sentence(results, Check("size", "fair", {"n_linked": 39, "half_width": 4.9}))
    assert fewer.startswith("39 to 48 pupils have both scores.")
    alike = words_checks.check_sentence(results, Check("size", "weak", {"n_linked": 48, "half_width": None}))
    assert alike == "Only 48 pupils answered both times."


def test_the_drop_out_check_names_the_measure_that_lost_most() -> None:
    results = sample()
    facts = {"n_pre": 53, "n_lost": 5, "share_lost": 5 / 53, "worst_outcome": "grit", "worst_share_lost": 7 / 55}
    models = results.models.copy()
    models.loc[models["outcome"] == "grit", ["n_pre", "n_linked"]] = [55, 48]
    text = words_checks.check_sentence(replace(results, models=models), Check("drop_out", "fair", facts))
    assert "9% (5 of 53)" in text
    assert text.endswith("; 13% (7 of 55) have no second score on grit.")


def test_high_drop_out_gives_its_fraction() -> None:
    caveat = Caveat("high_drop_out", "warning", facts={"share_lost": 5 / 53})
    assert "9% (5 of 53)" in words_caveats.caveat_sentence(sample(), caveat)


def test_measures_with_a_caution_stand_in_one_sentence() -> None:
    told = [one for one in words_caveats.caveat_sentences(sample(), "warning") if "point to note" in one]
    assert told == [
        "There is a point to note about the General Self-Efficacy Scale and the Short Grit Scale: see “Cautions”."
    ]


def test_steps_follow_the_ratings_weakest_first() -> None:
    results = sample(ratings={"size": "weak", "delivery": "strong", "measure": "strong"})
    steps = words_steps.next_steps(results, changes(results))
    assert steps[0] == words_steps.STEPS["comparison", "weak"]
    assert steps[1] == words_steps.STEPS["size", "weak"]
    assert not any(step in steps for key, step in words_steps.STEPS.items() if key[0] == "delivery")


def test_steps_when_answers_got_worse_or_nothing_can_be_told() -> None:
    worse = with_outcome({"grit": (-6.0, -9.0, -3.0)})
    assert words_steps.STEPS_FOR["worse"] in words_steps.next_steps(worse, changes(worse))
    unclear = with_outcome({"grit": (-6.0, -19.0, 13.0)})
    assert words_steps.STEPS_FOR["unclear"] in words_steps.next_steps(unclear, changes(unclear))


def test_reliable_change_hides_what_the_estimates_hide() -> None:
    results = sample()
    frame = results.estimates.copy()
    frame.loc[frame["contrast"].isin(["improved", "declined"]), ["status", "estimate"]] = ["suppressed", NAN]
    text = words_pupils.reliable_sentence(replace(results, estimates=frame), "grit")
    assert "11" not in text
    assert "27 of 48 pupils (56%)" in text


def test_a_title_that_would_be_too_long_counts() -> None:
    names = [f"A rather long name of an outcome, number {number}" for number in range(6)]
    verdicts = ("rose", "fell", "same", "unclear", "may_have_risen", "rose_clearly")
    title = finding([change(name, verdict) for name, verdict in zip(names, verdicts, strict=True)])
    assert title == "Of 6 outcomes, 2 rose, 1 fell, 1 stayed about the same and for 2 we cannot tell"


@pytest.mark.parametrize(
    ("moved", "told"), [(True, "changed by the same amount"), (False, "was the same before and after")]
)
def test_pupils_who_all_changed_alike_hint_at_a_copy(moved: bool, told: str) -> None:
    base = with_outcome({"grit": (NAN, NAN, NAN)})
    results = replace(base, caveats=(*base.caveats, Caveat("same_change", "warning", "grit", {"moved": moved})))
    answer = words.answer(results)
    assert "cannot tell" not in answer
    assert f"every pupil's score on grit {told}" in answer
    assert "copying mistake, so check the files" in answer
    (sentence,) = [describe_change(one) for one in changes(results) if one.outcome == "grit"]
    assert sentence.startswith(f"On grit, every pupil's score {told}, which hints at a copying mistake")
    assert told in words_caveats.caveat_sentences(results, "warning")[-1]


def test_straight_lining_reads_well_without_its_number() -> None:
    facts = {"scale": "grit_s8.total", "wave": "pre", "percent": None}
    hidden = words_caveats.caveat_sentence(sample(), Caveat("straight_lining", "warning", "grit", facts))
    assert hidden.startswith("Some pupils ticked the same answer")
    facts["percent"] = 25.0
    shown = words_caveats.caveat_sentence(sample(), Caveat("straight_lining", "warning", "grit", facts))
    assert shown.startswith("Some pupils (25%) ticked the same answer")


def test_questions_against_their_scale_are_named_by_our_own_labels() -> None:
    facts = {"scale": "gse10.total", "wave": "post", "items": "q4"}
    text = words_caveats.caveat_sentence(sample(), Caveat("item_against_scale", "warning", "self_efficacy", facts))
    assert "the answers to “copes with surprises” go against" in text
    assert text.endswith("pupils may have misread this question.")


def test_an_interval_is_no_bound() -> None:
    text = words_checks.check_sentence(sample(), Check("size", "fair", {"n_linked": 48, "half_width": 4.9}))
    assert text.endswith("The true change could well be up to 4.9 percentage points higher or lower.")


def test_a_value_read_second_hand_says_so_at_its_end() -> None:
    results = sample()
    published = results.instruments["gse10"]["scores"]["total"]["published"]
    published[0]["sample"] = "Duckworth and Quinn (2009), read second-hand"
    assert words_measure.published_sentences(results, "self_efficacy") == [
        "In published data (Duckworth and Quinn (2009)), Cronbach's alpha was 0.72 to 0.80 (second-hand)."
    ]


def test_reliable_change_tells_the_one_count_that_is_shown() -> None:
    results = sample()
    frame = results.estimates.copy()
    chosen = (frame["inquiry"] == "reliable_change") & frame["contrast"].isin(["no_reliable_change", "declined"])
    frame.loc[chosen, ["status", "estimate"]] = ["suppressed", NAN]
    text = words_pupils.reliable_sentence(replace(results, estimates=frame), "grit")
    assert text.startswith("On grit, 11 of 48 pupils (23%) got better by more than the measure's own error.")


def test_leavers_that_are_all_hidden_give_one_sentence_and_no_table() -> None:
    shown = sections.leavers(sample(lost=5))
    assert len(shown) == 1
    assert text_of(shown) == [
        "- On self\\-efficacy, grit and motivation, too few pupils left to show how they differed from those who "
        "stayed."
    ]
    assert len(sections.leavers(sample(lost=12))) == 2


def test_synthetic_data_are_announced() -> None:
    assert words.synthetic_banner(sample()).startswith(words.SYNTHETIC)
    assert words.synthetic_banner(sample(synthetic=None)) == ""


def test_flow_title_counts_everybody() -> None:
    assert words.flow_title(sample()) == "48 of 56 pupils answered both times"
    assert words.flow_title(sample(lost=0, new=0)) == "All 48 pupils answered both times"


def test_invariance_is_told_in_one_sentence_per_scale() -> None:
    results = sample()
    scales = [outcome.scale for outcome in results.plan.outcomes]
    told = [words_measure.invariance_sentence(results, scale) for scale in scales]
    assert told[0] == "On self-efficacy, the questions worked in the same way before and after."
    assert told[1].startswith("On grit, some questions were easier or harder to agree with after than before")
    assert told[2].endswith("worked in the same way before and after. 42 pupils answered both times; too few.")
    frame = results.displays["invariance"]
    steps = ["configural", "metric", "scalar", "strict"]
    for place, words_of in ((1, "went together differently"), (0, "do not fit the way it is scored")):
        changed = frame.assign(holds=frame["holds"].where(~frame["step"].isin(steps[place:]), "no"))
        other = replace(results, displays={**results.displays, "invariance": changed})
        assert words_of in words_measure.invariance_sentence(other, scales[0])
    nothing = {name: shown for name, shown in results.displays.items() if name != "invariance"}
    assert words_measure.invariance_sentence(replace(results, displays=nothing), scales[0]) == ""
    page = sections.measures(results)
    assert "worked in the same way before and after" in str(page)
