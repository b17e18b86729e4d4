"""Laws of scoring that hold for any answers."""

import math
from fractions import Fraction
from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from evalkit.records.instrument import Instrument, instrument_ids, load_instrument
from evalkit.scoring.rules import reverse
from evalkit.scoring.score import score_items

INSTRUMENTS = {name: load_instrument(name) for name in instrument_ids()}
SCALES = [(name, score.id) for name, one in INSTRUMENTS.items() for score in one.scores]


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, str, pd.DataFrame]:
    """A questionnaire, one of its scores, and 1 to 4 pupils with any allowed answer, or none, to each item it needs."""
    name, score = draw(st.sampled_from(SCALES))
    instrument, n = INSTRUMENTS[name], draw(st.integers(1, 4))
    columns = {}
    for item in instrument.items_of(score):
        scale = instrument.response_of(item)
        allowed = st.one_of(st.integers(scale.min, scale.max), st.none())
        columns[item] = pd.array(draw(st.lists(allowed, min_size=n, max_size=n)), dtype="Int16")
    return name, score, pd.DataFrame(columns)


def values(table: pd.DataFrame, instrument: Instrument, score: str) -> list[float]:
    return score_items(table, instrument, scores=[score])[score].tolist()


def only_way(instrument: Instrument, score: str) -> set[str]:
    """The items whose blank alone leaves no score."""
    spec = instrument.score(score)
    if spec.keys:
        return set(spec.items) if instrument.missing_rule(score).min_items == len(spec.keys) else set()
    behind = set(instrument.items_of(score))
    if spec.from_score and spec.missing and spec.missing.min_items == len(behind):
        return behind
    return set().union(*(only_way(instrument, part) for part in spec.parts))


def is_linear(instrument: Instrument, score: str) -> bool:
    """Whether the score is a straight line in the answers: no rounding, no table, no counting of single answers."""
    spec = instrument.score(score)
    return (
        spec.method in ("mean", "sum", "affine")
        and instrument.missing_rule(score).rounding == "none"
        and all(is_linear(instrument, part) for part in spec.parts)
    )


def exactly(instrument: Instrument, score: str, row: dict[str, int | None]) -> Fraction | None:
    """The score of one pupil by the definition, in fractions: another way than the tables of `evalkit.scoring`."""
    spec, rule = instrument.score(score), instrument.missing_rule(score)
    if spec.parts:
        parts = [exactly(instrument, part, row) for part in spec.parts]
        if spec.missing and spec.from_score:
            answered = sum(row[item] is not None for item in instrument.items_of(score))
            parts = parts if answered >= rule.min_items else [None]
        if None in parts:
            return None
        total = sum(parts, Fraction(0))
        if spec.method == "lookup":
            return (
                Fraction(str(instrument.lookup_tables[spec.table or ""][int(total)])) if total == int(total) else None
            )
        for step in spec.transform:
            total = total + Fraction(step.value) if step.op == "add" else total * Fraction(step.value)
        return total / len(parts) if spec.method == "mean" else total
    points = []
    for key in spec.keys:
        scale, answer = instrument.response_of(key.removeprefix("-")), row[key.removeprefix("-")]
        if answer is not None:
            points.append(Fraction(scale.min + scale.max - answer if key.startswith("-") else answer))
    if len(points) < rule.min_items:
        return None
    if spec.method == "percent_in":
        return Fraction(100 if points[0] in spec.values else 0)
    if spec.method == "top_minus_bottom":
        return Fraction(100 * ((points[0] in spec.top) - (points[0] in spec.bottom)))
    mean = sum(points, Fraction(0)) / len(points)
    exact = mean * len(spec.keys) if spec.method == "sum" else mean
    return Fraction(math.floor(exact + Fraction(1, 2))) if rule.rounding == "half_up" else exact


@given(st.lists(st.integers(-3, 12), max_size=20), st.integers(-3, 0), st.integers(1, 12))
def test_reversing_twice_is_identity(answers: list[int], minimum: int, maximum: int) -> None:
    once = reverse(np.array(answers, dtype=np.int16), minimum=minimum, maximum=maximum)
    assert reverse(once, minimum=minimum, maximum=maximum).tolist() == answers


@given(cases())
@settings(deadline=None, max_examples=60)
def test_a_score_stays_in_its_range_and_a_gap_has_a_reason(case: tuple[str, str, pd.DataFrame]) -> None:
    name, score, table = case
    instrument = INSTRUMENTS[name]
    low, high = instrument.range_of(score)
    scored = score_items(table, instrument, scores=[score])
    for value, reason in zip(scored[score], scored[f"{score}_reason"], strict=True):
        assert (math.isnan(value) and reason) or (low <= value <= high and not reason)


@given(cases(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=60)
def test_neither_the_order_of_pupils_nor_of_columns_matters(
    case: tuple[str, str, pd.DataFrame], random: Random
) -> None:
    name, score, table = case
    instrument = INSTRUMENTS[name]
    rows, columns = list(table.index), list(table.columns)
    random.shuffle(rows)
    random.shuffle(columns)
    shuffled = score_items(table.loc[rows, columns], instrument, scores=[score])[score]
    expected = score_items(table, instrument, scores=[score])[score]
    np.testing.assert_array_equal(shuffled.loc[table.index].to_numpy(), expected.to_numpy())


@given(cases(), st.data())
@settings(deadline=None, max_examples=60)
def test_a_pupil_s_score_does_not_depend_on_the_others(
    case: tuple[str, str, pd.DataFrame], data: st.DataObject
) -> None:
    name, score, table = case
    instrument = INSTRUMENTS[name]
    place = data.draw(st.integers(0, len(table) - 1))
    alone = values(table.iloc[[place]], instrument, score)
    np.testing.assert_array_equal(alone, values(table, instrument, score)[place : place + 1])


@given(cases(), st.data())
@settings(deadline=None, max_examples=60)
def test_a_blank_takes_a_complete_score_away_and_gives_none(
    case: tuple[str, str, pd.DataFrame], data: st.DataObject
) -> None:
    name, score, table = case
    instrument = INSTRUMENTS[name]
    item = data.draw(st.sampled_from(instrument.items_of(score)))
    before = values(table, instrument, score)
    after = values(table.assign(**{item: pd.array([None] * len(table), dtype="Int16")}), instrument, score)
    if item in only_way(instrument, score):
        assert all(math.isnan(value) for value in after)
    # Under any rule a blank can only take a score away, never give one.
    assert all(math.isnan(new) for old, new in zip(before, after, strict=True) if math.isnan(old))


@given(cases())
@settings(deadline=None, max_examples=60)
def test_turning_every_answer_round_turns_the_score_round(case: tuple[str, str, pd.DataFrame]) -> None:
    name, score, table = case
    instrument = INSTRUMENTS[name]
    assume(is_linear(instrument, score))
    turned = table.copy()
    for item in table.columns:
        scale = instrument.response_of(item)
        turned[item] = scale.min + scale.max - table[item]
    low, high = instrument.range_of(score)
    expected = [low + high - value for value in values(table, instrument, score)]
    np.testing.assert_allclose(values(turned, instrument, score), expected, rtol=1e-12)


@given(cases())
@settings(deadline=None, max_examples=60)
def test_the_fast_way_equals_exact_fractions_pupil_by_pupil(case: tuple[str, str, pd.DataFrame]) -> None:
    name, score, table = case
    instrument = INSTRUMENTS[name]
    for row, value in zip(table.to_dict("records"), values(table, instrument, score), strict=True):
        answers = {str(item): None if pd.isna(answer) else int(answer) for item, answer in row.items()}
        expected = exactly(instrument, score, answers)
        if expected is None:
            assert math.isnan(value)
        else:
            assert value == pytest.approx(float(expected), rel=1e-14)
