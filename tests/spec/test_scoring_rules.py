"""Every scoring rule and every rule for missing answers as a small table; docs/reference/scoring.md is made from them.

`python docs/make_measures.py` writes the page; a test here fails while it is out of date.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

import evalkit
from evalkit.records.instrument import Instrument
from evalkit.scoring.score import score_items

PAGE = Path(evalkit.__file__).parent.parent / "docs" / "reference" / "scoring.md"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule in words, the part of an instrument file that asks for it, and answers with the score they give.

    The last score of `scores` is the one in the table. A row is (answers, score or None, reason).
    """

    title: str
    words: str
    scale: tuple[int, int]
    scores: tuple[Mapping[str, Any], ...]
    rows: tuple[tuple[tuple[int | None, ...], float | None, str], ...]
    tables: Mapping[str, Mapping[int, float]] | None = None


COMPLETE3 = {"rule": "complete", "min_items": 3}
RULES = (
    Rule(
        "Mean",
        "The mean of the answers. Without a published rule for missing answers every item must be answered.",
        (1, 5),
        ({"id": "total", "method": "mean", "keys": ["q1", "q2", "q3"]},),
        (
            ((1, 2, 3), 2, ""),
            ((4, 5, 5), 14 / 3, ""),
            ((4, 5, None), None, "answered 2 of 3 items; this scale needs all 3"),
            ((None, None, None), None, "answered 0 of 3 items; this scale needs all 3"),
        ),
    ),
    Rule(
        "Sum",
        "The sum of the answers.",
        (0, 3),
        ({"id": "total", "method": "sum", "keys": ["q1", "q2", "q3"], "missing": COMPLETE3},),
        (
            ((0, 0, 0), 0, ""),
            ((3, 2, 3), 8, ""),
            ((3, None, 3), None, "answered 2 of 3 items; this scale needs all 3"),
        ),
    ),
    Rule(
        "Reversed items",
        "A minus before an item turns its answers round: lowest + highest - answer, both from the file and never from "
        "the data. On a scale from 1 to 5 that is 6 - answer, on 0 to 3 it is 3 - answer.",
        (1, 5),
        ({"id": "total", "method": "mean", "keys": ["q1", "-q2", "-q3"]},),
        (
            ((5, 1, 1), 5, ""),
            ((5, 5, 5), 7 / 3, ""),
            ((2, 3, 4), 7 / 3, ""),
            ((2, None, 4), None, "answered 2 of 3 items; this scale needs all 3"),
        ),
    ),
    Rule(
        "Missing answers: mean of the answered items",
        "`available_mean` gives the mean of the answered items, if at least `min_items` are answered.",
        (1, 5),
        (
            {
                "id": "total",
                "method": "mean",
                "keys": ["q1", "-q2", "q3", "q4"],
                "missing": {"rule": "available_mean", "min_items": 3},
            },
        ),
        (
            ((5, 1, 5, 5), 5, ""),
            ((4, None, 4, 2), 10 / 3, ""),
            ((4, 2, None, 2), 10 / 3, ""),
            ((4, None, None, 2), None, "answered 2 of 4 items; this scale needs at least 3"),
        ),
    ),
    Rule(
        "Missing answers: prorated sum",
        "`prorate` gives the mean of the answered items times the number of items, if `min_items` or more are there.",
        (1, 4),
        (
            {
                "id": "total",
                "method": "sum",
                "keys": ["q1", "q2", "q3", "q4"],
                "missing": {"rule": "prorate", "min_items": 3},
            },
        ),
        (
            ((1, 2, 3, 4), 10, ""),
            ((3, 3, 3, None), 12, ""),
            ((3, 3, 2, None), 32 / 3, ""),
            ((3, 3, None, None), None, "answered 2 of 4 items; this scale needs at least 3"),
        ),
    ),
    Rule(
        "Missing answers: prorated sum, rounded",
        "With `rounding: half_up` the prorated sum becomes a whole number; a half goes up.",
        (0, 2),
        (
            {
                "id": "total",
                "method": "sum",
                "keys": ["q1", "-q2", "q3", "q4", "q5"],
                "missing": {"rule": "prorate", "min_items": 3, "rounding": "half_up"},
            },
        ),
        (
            ((2, 2, 1, 1, 0), 4, ""),
            ((1, 2, 1, 0, None), 3, ""),
            ((1, 1, 2, None, None), 7, ""),
            ((None, 0, 0, 0, None), 3, ""),
            ((1, 2, None, None, None), None, "answered 2 of 5 items; this scale needs at least 3"),
        ),
    ),
    Rule(
        "Share of certain answers",
        "`percent_in` gives a pupil 100 for an answer among `values` and 0 for another one. The mean over pupils is "
        "the percentage that is usually published.",
        (1, 5),
        ({"id": "agree", "method": "percent_in", "keys": ["q1"], "values": [4, 5]},),
        (((4,), 100, ""), ((5,), 100, ""), ((3,), 0, ""), ((None,), None, "answered 0 of 1 item; this scale needs it")),
    ),
    Rule(
        "Top minus bottom",
        "`top_minus_bottom` gives a pupil 100 for an answer in `top`, -100 for one in `bottom` and 0 for another one. "
        "The mean over pupils is the percentage at the top minus the percentage at the bottom.",
        (0, 10),
        (
            {
                "id": "recommend",
                "method": "top_minus_bottom",
                "keys": ["q1"],
                "top": [9, 10],
                "bottom": [0, 1, 2, 3, 4, 5, 6],
            },
        ),
        (
            ((10,), 100, ""),
            ((8,), 0, ""),
            ((6,), -100, ""),
            ((None,), None, "answered 0 of 1 item; this scale needs it"),
        ),
    ),
    Rule(
        "Table",
        "`lookup` turns a whole raw score into the value that the table gives. A raw score that is no whole number "
        "(because it was prorated) has none.",
        (1, 2),
        (
            {
                "id": "raw",
                "method": "sum",
                "keys": ["q1", "q2", "q3", "q4"],
                "missing": {"rule": "prorate", "min_items": 3},
            },
            {"id": "metric", "from_score": "raw", "method": "lookup", "table": "raw_to_metric"},
        ),
        (
            ((1, 1, 1, 1), 4.0, ""),
            ((1, 2, 1, 1), 5.5, ""),
            ((2, 2, 2, None), 9.25, ""),
            ((2, 1, 1, None), None, "the raw score is not a whole number, so the table has no value for it"),
            ((2, 1, None, None), None, "answered 2 of 4 items; this scale needs at least 3"),
        ),
        {"raw_to_metric": {4: 4.0, 5: 5.5, 6: 6.5, 7: 8.0, 8: 9.25}},
    ),
    Rule(
        "Table for complete answers only",
        "A `missing` rule of its own makes a score that rests on another one stricter: `min_items` counts the items "
        "answered.",
        (1, 2),
        (
            {
                "id": "raw",
                "method": "sum",
                "keys": ["q1", "q2", "q3"],
                "missing": {"rule": "prorate", "min_items": 2},
            },
            {
                "id": "metric",
                "from_score": "raw",
                "method": "lookup",
                "table": "raw_to_metric",
                "missing": {"rule": "complete", "min_items": 3},
            },
        ),
        (
            ((1, 1, 1), 0.0, ""),
            ((2, 2, None), None, "answered 2 of 3 items; this scale needs all 3"),
            ((2, None, None), None, "answered 1 of 3 items; this scale needs at least 2"),
        ),
        {"raw_to_metric": {3: 0.0, 4: 1.0, 5: 2.0, 6: 3.0}},
    ),
    Rule(
        "Other unit",
        "`affine` adds to another score or multiplies it, step by step.",
        (0, 5),
        (
            {"id": "raw", "method": "sum", "keys": ["q1", "q2", "q3", "q4", "q5"]},
            {"id": "percent", "from_score": "raw", "method": "affine", "transform": [{"op": "multiply", "value": 4}]},
        ),
        (
            ((5, 5, 5, 5, 5), 100, ""),
            ((1, 2, 3, 4, 5), 60, ""),
            ((1, 2, 3, 4, None), None, "answered 4 of 5 items; this scale needs all 5"),
        ),
    ),
    Rule(
        "Sum of other scores",
        "`from_scores` adds scores up (or takes their mean). Every part score must be there.",
        (0, 2),
        (
            {"id": "worry", "method": "sum", "keys": ["q1", "q2"]},
            {"id": "conduct", "method": "sum", "keys": ["q3", "-q4"]},
            {"id": "total", "from_scores": ["worry", "conduct"], "method": "sum"},
        ),
        (
            ((2, 2, 2, 0), 8, ""),
            ((1, 0, 2, 1), 4, ""),
            ((1, None, 2, 1), None, "1 of 2 part scores could be made; this scale needs all 2"),
        ),
    ),
    Rule(
        "Mean of other scores",
        "The same with `method: mean`: every part counts alike, however many items it has.",
        (1, 5),
        (
            {"id": "first", "method": "mean", "keys": ["q1"]},
            {"id": "second", "method": "mean", "keys": ["q2", "q3"]},
            {"id": "both", "from_scores": ["first", "second"], "method": "mean"},
        ),
        (
            ((5, 1, 2), 3.25, ""),
            ((None, 1, 2), None, "1 of 2 part scores could be made; this scale needs all 2"),
        ),
    ),
)


def instrument_of(rule: Rule) -> Instrument:
    """A questionnaire with as many items as the rule's rows have answers, and its scores."""
    return Instrument.model_validate(
        {
            "schema": "evalkit-instrument/1",
            "id": "example",
            "version": "1",
            "title": "Example",
            "construct": "example",
            "respondent": "pupil",
            "class": "A",
            "wording": "withheld",
            "licence": {"holder": "nobody", "terms": "none", "open_licence": True},
            "citation": "none",
            "responses": {"scale": {"min": rule.scale[0], "max": rule.scale[1]}},
            "default_response": "scale",
            "items": [{"id": f"q{place}", "label": f"Topic {place}"} for place in range(1, len(rule.rows[0][0]) + 1)],
            "scores": [{"label": "Example", **score} for score in rule.scores],
            "lookup_tables": rule.tables or {},
        }
    )


def page() -> str:
    """docs/reference/scoring.md."""
    parts = [
        "# How answers become scores",
        "",
        "Made from `tests/spec/test_scoring_rules.py` by `docs/make_measures.py`; every row is a test. Each example",
        "shows the part of an instrument file that asks for the rule, and what some answers give. `-` is a missing",
        "answer or no score. Answers outside the answer scale and answers that are no whole numbers are refused,",
        "never mended.",
    ]
    for rule in RULES:
        spec: dict[str, Any] = {"scores": [dict(score) for score in rule.scores]}
        if rule.tables:
            spec["lookup_tables"] = {name: dict(table) for name, table in rule.tables.items()}
        low, high = rule.scale
        parts += ["", f"## {rule.title}", "", rule.words, "", f"Answers from {low} to {high}.", "", "```yaml"]
        parts += [yaml.safe_dump(spec, sort_keys=False, default_flow_style=None, width=100).rstrip(), "```", ""]
        items = [f"q{place}" for place in range(1, len(rule.rows[0][0]) + 1)]
        parts += [f"| {' | '.join(items)} | {rule.scores[-1]['id']} | reason |", "|" + "---|" * (len(items) + 2)]
        for answers, expected, reason in rule.rows:
            cells = ["-" if answer is None else str(answer) for answer in answers]
            parts.append(f"| {' | '.join(cells)} | {'-' if expected is None else f'{expected:.6g}'} | {reason} |")
    return "\n".join(parts) + "\n"


CASES = [(rule, row) for rule in RULES for row in rule.rows]


@pytest.mark.parametrize(("rule", "row"), CASES, ids=[f"{rule.title}: {row[0]}" for rule, row in CASES])
def test_the_rule_gives_the_score_of_the_table(
    rule: Rule, row: tuple[tuple[int | None, ...], float | None, str]
) -> None:
    answers, expected, reason = row
    instrument = instrument_of(rule)
    table = pd.DataFrame([answers], columns=[item.id for item in instrument.items])
    name = instrument.scores[-1].id
    scored = score_items(table, instrument, scores=[name]).iloc[0]
    assert math.isnan(scored[name]) if expected is None else scored[name] == pytest.approx(expected, rel=1e-15)
    assert scored[f"{name}_reason"] == reason
    assert scored[f"{name}_answered"] == sum(answer is not None for answer in answers)


def test_every_method_and_every_missing_rule_has_a_table() -> None:
    scores = [score for rule in RULES for score in rule.scores]
    assert {score["method"] for score in scores} == {
        "mean",
        "sum",
        "percent_in",
        "top_minus_bottom",
        "lookup",
        "affine",
    }
    rules = {score["missing"]["rule"] for score in scores if "missing" in score}
    assert rules == {"complete", "available_mean", "prorate"}


def test_the_published_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python docs/make_measures.py"
