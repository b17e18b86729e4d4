"""The words of a trial: true in every branch, and never more than the design allows."""

import math
import re
from dataclasses import replace
from typing import Literal, get_args

import pytest

from evalkit.records.results import Caveat, Check, CheckName, Rating
from evalkit.report import words_trial_caveats, words_trial_checks, words_trial_steps
from evalkit.report.trial_effects import effects
from evalkit.report.trial_flow import streams
from evalkit.report.words_rating import MonthsRead, months_cell, months_range, padlocks
from evalkit.report.words_took_part import took_part
from evalkit.report.words_trial import describe_effect, effects_finding, trial_answer
from evalkit.report.words_trial_caveats import trial_caveat_sentence
from evalkit.report.words_trial_steps import trial_steps
from tests.golden.trial_branches import answers, caveats_in_words, every_trial_sentence, with_range
from tests.golden.trial_sample import trial

UNSURE = {"science": (0.05, 0.1, 0.02, -0.08, 0.12)}
SAME = {"science": (0.05, 0.1, 0.02, -0.08, 0.09)}
LOWER = {"science": (-0.3, 0.08, -0.12, -0.19, -0.05)}


def test_the_answer_names_direction_months_and_padlocks() -> None:
    assert trial_answer(trial()) == (
        "Pupils with English as an additional language scored higher on GCSE science in programme schools than in "
        "comparison schools, by about 1 month of progress (3 of 5 padlocks), and as chance decided who got the "
        "programme, the programme is the likely reason."
    )


def test_a_wide_range_around_zero_is_we_cannot_tell() -> None:
    text = trial_answer(trial(found=UNSURE))
    assert text.startswith("We cannot tell whether pupils with English")
    assert "month" not in text


def test_about_the_same_needs_a_declared_smallest_difference() -> None:
    assert "scored about the same on GCSE science" in trial_answer(trial(found=SAME))
    assert "We cannot tell" in trial_answer(trial(found=SAME, worthwhile=None))


def test_many_lost_pupils_take_the_reason_away() -> None:
    assert "only one possible reason" in trial_answer(trial(ratings={"drop_out": "weak"}))
    assert "only one possible reason" in trial_answer(trial(ratings={"comparison": "weak"}))


def test_a_range_below_zero_favours_the_comparison() -> None:
    results = trial(found=LOWER)
    assert "scored lower on GCSE science" in trial_answer(results)
    assert effects_finding(results, effects(results)) == "Worse with the programme on GCSE science"


def test_months_never_stand_without_padlocks_or_for_other_outcomes() -> None:
    bare = trial(without=("padlocks",))
    assert not any("month" in describe_effect(bare, one) for one in effects(bare))
    assert "month" not in trial_answer(bare)
    assert "by 0.17 grades" in trial_answer(bare)
    told = {one.outcome: describe_effect(trial(), one) for one in effects(trial())}
    assert "months" in told["history"]
    assert "months" not in told["worry"] + told["passed"] + told["grade"]


def test_several_outcomes_may_differ_by_chance() -> None:
    told = {one.outcome: one.verdict for one in effects(trial(p=0.03))}
    assert told["passed"] == "may_have_risen"  # adjusted p is 0.09
    told = {one.outcome: one.verdict for one in effects(trial(p=0.01))}
    assert told["passed"] == "rose"


def test_a_lower_score_that_is_better_is_good_news() -> None:
    results = trial(p=0.01)
    worry = next(one for one in effects(results) if one.outcome == "worry")
    assert "so this is good news" in describe_effect(results, worry)


@pytest.mark.parametrize(("status", "words"), [("hidden", "cannot show"), ("failed", "could not work out")])
def test_no_number_is_said_in_words(status: str, words: str) -> None:
    results = trial(**{status: ("science",)})  # type: ignore[arg-type]
    assert words in trial_answer(results)
    assert words in describe_effect(results, effects(results)[0])
    assert "nan" not in describe_effect(results, effects(results)[0])


def test_three_arms_name_each_group() -> None:
    text = trial_answer(trial(arms=3))
    assert "in the group “Training” than in the comparison group" in text
    assert "and they scored only slightly higher on it in the group “Training and coaching”" in text
    unsure = trial_answer(with_range("science", -0.1, 0.3, arms=3))
    assert "and we cannot tell for pupils in the group “Training and coaching”" in unsure


def test_the_unit_that_was_drawn_is_named() -> None:
    assert "in the programme group than in the comparison group" in trial_answer(trial(design="individual_trial"))
    assert took_part(trial())[0].startswith("Chance put 38 schools into the group “Schools with the programme”")
    assert "pupils were in them" not in " ".join(took_part(trial(design="individual_trial")))


def test_many_comparisons_are_counted() -> None:
    plan = trial().plan
    primary = tuple(one.model_copy(update={"role": "primary", "pupils": None}) for one in plan.outcomes)
    results = replace(trial(p=0.01), plan=plan.model_copy(update={"outcomes": primary}))
    assert trial_answer(results) == (
        "Of 5 comparisons, 3 favour the programme and for 2 we cannot tell, so look at each one below."
    )


@pytest.mark.parametrize(
    ("months", "cell", "words"),
    [
        ((1, -1, 3), "+1 (−1 to +3)", "1 month less to 3 months more"),
        ((2, 1, 3), "+2 (+1 to +3)", "1 to 3 months more"),
        ((-2, -3, -1), "−2 (−3 to −1)", "1 to 3 months less"),
        ((0, 0, 1), "0 (0 to +1)", "0 months to 1 month more"),
    ],
)
def test_months(months: tuple[int, int, int], cell: str, words: str) -> None:
    read = MonthsRead(*months, beyond=False, bands="project", status="M")
    assert months_cell(read) == cell
    assert months_range(read) == words


def test_a_final_rating_that_needs_judgement_falls_back_to_the_interim() -> None:
    results = trial()
    rows = results.displays["padlocks"]
    rows.loc[rows["column"] == "final", "padlocks"] = math.nan
    found = padlocks(results, "science")
    assert found is not None
    assert (found.number, found.final, found.needs_judgement) == (4, False, True)


def test_the_flow_adds_up_or_is_refused() -> None:
    results = trial()
    assert {(one.level, one.arm) for one in streams(results)} == {
        (level, arm) for level in ("school", "pupil") for arm in ("intervention", "control")
    }
    flow = results.displays["flow"]
    flow.loc[(flow["level"] == "pupil") & (flow["step"] == "analysed"), "n"] += 1
    with pytest.raises(Exception, match="does not add up") as found:
        streams(results)
    assert len(found.value.problems) == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", get_args(CheckName))
@pytest.mark.parametrize("rating", get_args(Rating))
def test_every_check_has_a_sentence_and_a_step_unless_it_is_strong(name: CheckName, rating: Rating) -> None:
    for results in (trial(), trial(bare=True, without=("balance", "attrition"))):
        text = words_trial_checks.trial_check_sentence(results, Check(name, rating, {}))
        assert text.endswith(".")
        assert "{" not in text
    assert ((name, rating) in words_trial_steps.STEPS) is (rating != "strong")


@pytest.mark.parametrize(
    ("variable", "level", "words"),
    [
        (
            "baseline",
            "note",
            "started a little apart on it (0.07 of a standard deviation). The analysis takes this into",
        ),
        (
            "baseline",
            "warning",
            "did not start alike on it (0.07 of a standard deviation). The analysis takes this into",
        ),
        (
            "fsm",
            "warning",
            "did not start alike on it (0.07 of a standard deviation). The plan does not have it in the",
        ),
    ],
)
def test_a_gap_at_the_start_is_called_by_its_size_and_adjusted_only_if_planned(
    variable: str, level: Literal["note", "warning"], words: str
) -> None:
    facts = {"g": 0.07, "label": "it", "variable": variable}
    assert words in trial_caveat_sentence(trial(), Caveat("imbalance", level, "science", facts))


def test_a_trial_of_single_pupils_is_not_told_to_find_schools() -> None:
    checks = (Check("size", "weak", {}), Check("delivery", "unknown", {}))
    for design, there in (("individual_trial", False), ("cluster_trial", True)):
        results = replace(trial(design=design), checks=checks)
        steps = " ".join(trial_steps(results, effects(results)))
        assert ("more schools" in steps) is there
        assert ("for each school" in steps) is there


BANNED = (
    r"\bprove", r"\bproof\b", r"\bno effect\b", r"\bno change\b", r"\bno difference\b", r"\bsignificant",
    r"\bimpact\b", r"\bnan\b", r"(?-i:\bNone\b)", r"\{", r"\btreatment\b", r"\bcluster",
)  # fmt: skip
ALLOWED = "the model found no difference between schools beyond chance"  # about schools, not about the programme


@pytest.mark.parametrize("pattern", BANNED)
def test_no_sentence_says_more_than_the_trial_allows(pattern: str) -> None:
    assert [one for one in every_trial_sentence() if re.search(pattern, one, re.I) and ALLOWED not in one] == []


def test_months_stand_beside_padlocks_in_every_sentence() -> None:
    told = [one for one in every_trial_sentence() if re.search(r"\bmonths?\b", one, re.IGNORECASE)]
    assert len(told) > 10
    assert [one for one in told if "padlock" not in one] == []


def test_every_sentence_is_closed_and_single_spaced() -> None:
    for one in every_trial_sentence():
        assert not re.search(r"  | \.|\.\.|, ,|\( ", one), one
        assert one[0].isupper() or one[0] in "“0123456789", one
        assert one.rstrip("”").endswith("."), one


def test_an_unclear_answer_never_says_that_nothing_happened() -> None:
    for name, text in answers().items():
        if name.startswith("unclear"):
            assert "annot tell" in text, name
        assert len(text) < 420, name


def test_every_caveat_of_a_trial_has_a_sentence() -> None:
    told = caveats_in_words(trial())
    assert len(told) == 3 * len(words_trial_caveats.CAVEATS)
    assert any("(21%)" in one for one in told)
    assert any("0.12 of a standard deviation" in one for one in told)


def test_reading_age() -> None:
    from tests.unit.report.test_reading_age import OLDEST, reading_age

    assert reading_age(every_trial_sentence()) <= OLDEST
