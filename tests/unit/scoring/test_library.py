"""Rules of single questionnaires, worked by hand: conversion tables, rounding, percentages, printed orders."""

import math
from collections.abc import Sequence

import pandas as pd
import pytest

from evalkit.errors import SpecError
from evalkit.records.instrument import load_instrument
from evalkit.scoring.score import score_items

# Metric score for every raw sum from 7 to 35 (Stewart-Brown and others, 2009).
SWEMWBS = (
    7.00, 9.51, 11.25, 12.40, 13.33, 14.08, 14.75, 15.32, 15.84, 16.36, 16.88, 17.43, 17.98, 18.59, 19.25,
    19.98, 20.73, 21.54, 22.35, 23.21, 24.11, 25.03, 26.02, 27.03, 28.13, 29.31, 30.70, 32.55, 35.00,
)  # fmt: skip


def one_pupil(name: str, answers: Sequence[int | None], score: str, first: int = 1) -> float:
    """The score of one pupil whose answers are to the items first, first + 1, ...; other items blank."""
    items = [item.id for item in load_instrument(name).items]
    given = dict(zip(items[first - 1 :], answers, strict=False))
    table = pd.DataFrame({item: pd.array([given.get(item)], dtype="Int16") for item in items})
    return float(score_items(table, name, scores=[score])[score].iloc[0])


def answers_with_sum(total: int) -> list[int]:
    """Seven answers from 1 to 5 that add up to `total`."""
    extra = total - 7
    return [1 + min(4, max(0, extra - 4 * place)) for place in range(7)]


@pytest.mark.parametrize(("raw", "metric"), list(zip(range(7, 36), SWEMWBS, strict=True)))
def test_swemwbs_turns_every_raw_sum_into_its_metric_score(raw: int, metric: float) -> None:
    assert one_pupil("swemwbs7", answers_with_sum(raw), "raw") == raw
    assert one_pupil("swemwbs7", answers_with_sum(raw), "metric") == metric


def test_swemwbs_at_29_is_26_02_and_not_the_25_99_of_a_copy_with_a_slip() -> None:
    assert one_pupil("swemwbs7", [4, 4, 5, 4, 4, 4, 4], "metric") == 26.02
    assert math.isnan(one_pupil("swemwbs7", [4, 4, 5, 4, 4, 4, None], "metric"))


@pytest.mark.parametrize(
    ("q3", "q8", "q13", "q16", "q24", "expected"),
    [
        (2, 1, 0, 2, 1, 6),  # all five: the sum
        (2, 2, None, None, 0, 7),  # 4 / 3 x 5 = 6.67, the authors' own example
        (1, 1, None, 0, 0, 3),  # 2 / 4 x 5 = 2.5, a half goes up
        (2, 2, 2, 0, None, 8),  # 6 / 4 x 5 = 7.5, a half goes up
        (1, 0, None, None, 0, 2),  # 1 / 3 x 5 = 1.67
        (2, 2, None, None, None, None),  # only 2 of 5
    ],
)
def test_sdq_is_scaled_up_from_three_answers_and_rounded(
    q3: int, q8: int, q13: int | None, q16: int | None, q24: int | None, expected: int | None
) -> None:
    answers = {"q3": q3, "q8": q8, "q13": q13, "q16": q16, "q24": q24}
    table = pd.DataFrame({item: pd.array([answer], dtype="Int16") for item, answer in answers.items()})
    found = float(score_items(table, "sdq_self25", scores=["emotional"])["emotional"].iloc[0])
    assert math.isnan(found) if expected is None else found == expected


def test_sdq_total_leaves_prosocial_out_and_needs_its_four_scales() -> None:
    # Every answer 1: each of the four scales is 5, reversed or not (2 - 1 = 1).
    assert one_pupil("sdq_self25", [1] * 25, "total_difficulties") == 20
    # The five items of prosocial (1, 4, 9, 17, 20) blank: nothing changes.
    without = [None if place in (1, 4, 9, 17, 20) else 1 for place in range(1, 26)]
    assert one_pupil("sdq_self25", without, "total_difficulties") == 20
    # Three of conduct (5, 7, 12) blank: no conduct, so no total.
    assert math.isnan(
        one_pupil("sdq_self25", [None if place in (5, 7, 12) else 1 for place in range(1, 26)], "total_difficulties")
    )


@pytest.mark.parametrize(
    ("answers", "percent"),
    [([0, 0, 0, 0, 0], 0), ([5, 5, 5, 5, 5], 100), ([1, 2, 3, 4, 5], 60), ([3, 3, 3, 2, 2], 52)],
)
def test_who5_is_the_sum_times_four(answers: list[int], percent: float) -> None:
    assert one_pupil("who5", answers, "percent") == percent


def test_the_recommend_score_is_top_minus_bottom_in_percent() -> None:
    # Ten teachers: three at 9-10, three at 7-8, four at 0-6; 30 % - 40 % = -10.
    table = pd.DataFrame({"rec": [10, 9, 9, 8, 8, 7, 6, 5, 3, 0]})
    scored = score_items(table, "staff_feedback6", scores=["recommend_score", "recommend_mean"])
    assert scored["recommend_score"].mean() == pytest.approx(-10)
    assert scored["recommend_mean"].mean() == pytest.approx(6.5)
    # Four teachers, one blank: 2 of the 3 who answered agree.
    agree = score_items(pd.DataFrame({"q2": [5, 4, 3, None]}), "staff_feedback6", scores=["q2_agree_pct"])
    assert agree["q2_agree_pct"].mean() == pytest.approx(200 / 3)


def test_the_two_orders_of_rosenberg_give_two_scores_to_the_same_sheet() -> None:
    sheet = [3, 3, 0, 3, 0, 3, 3, 0, 0, 0]  # agrees with all that is positive in order A
    assert one_pupil("rses10@order-a", sheet, "total") == 30
    # Order B reverses 2, 5, 6, 8, 9: 3 + 0 + 0 + 3 + 3 + 0 + 3 + 3 + 3 + 0 = 18
    assert one_pupil("rses10@order-b", sheet, "total") == 18
    with pytest.raises(SpecError, match="rses10 exists in several versions"):
        one_pupil("rses10", sheet, "total")


@pytest.mark.parametrize("name", ["rses10", "tses12"])
def test_the_two_orders_ask_the_same_and_key_it_alike(name: str) -> None:
    first, second = (load_instrument(name, version=version) for version in ("order-a", "order-b"))
    topics = [{item.id: item.label for item in one.items} for one in (first, second)]
    assert set(topics[0].values()) == set(topics[1].values())
    assert list(topics[0].values()) != list(topics[1].values())
    for score in first.scores:
        keyed = [
            {(topic[item], turned) for item, turned in one.item_signs(score.id).items()}
            for one, topic in zip((first, second), topics, strict=True)
        ]
        assert keyed[0] == keyed[1]


def test_tses_long_and_short_form_put_every_topic_on_the_same_scale() -> None:
    long = load_instrument("tses24")
    scale_of = {
        long.item(item).label: scale
        for scale in ("engagement", "instruction", "management")
        for item in long.items_of(scale)
    }
    for version in ("order-a", "order-b"):
        short = load_instrument("tses12", version=version)
        for scale in ("engagement", "instruction", "management"):
            assert {scale_of[short.item(item).label] for item in short.items_of(scale)} == {scale}


def test_cyrm_with_three_and_with_five_answers_are_two_measures() -> None:
    three, five = (load_instrument("cyrm_r17", version=version) for version in ("three-answers", "five-answers"))
    assert (three.range_of("total"), five.range_of("total")) == ((17, 51), (17, 85))
    assert three.identity != five.identity
    with pytest.raises(SpecError, match="outside 1-3"):
        one_pupil("cyrm_r17@three-answers", [4] * 17, "total")


def test_imi_pressure_is_turned_round_where_calm_is_asked() -> None:
    # Nervous 8 - 1 = 7, tense 7, relaxed 8 - 1 = 7, anxious 7, pressured 7.
    assert one_pupil("imi_core23", [1, 7, 1, 7, 7], "pressure_tension", first=19) == 7


def test_mai_knows_no_score_that_the_disputed_item_35_decides() -> None:
    mai = load_instrument("mai52")
    assert {"procedural", "conditional"}.isdisjoint(score.id for score in mai.scores)
    assert [score.id for score in mai.scores if "q35" in score.items] == ["knowledge"]
    assert (mai.range_of("knowledge"), mai.range_of("regulation")) == ((0, 17), (0, 35))


def test_sums_and_means_reach_the_published_ends() -> None:
    ends = {
        ("wemwbs14", "total"): (14, 70), ("scwbs", "total"): (12, 60), ("mamas9", "total"): (9, 45),
        ("brs6", "mean"): (1, 5), ("ngse8", "mean"): (1, 5),
        ("rses10@order-a", "total"): (0, 30), ("tses24", "total"): (1, 9), ("mslq81", "help_seeking"): (1, 7),
    }  # fmt: skip
    for (name, score), expected in ends.items():
        assert load_instrument(name).range_of(score) == expected
