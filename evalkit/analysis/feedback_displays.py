"""Tables behind the figures of a survey of staff: response, how each question was answered, themes of comments."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from evalkit.analysis.feedback_groups import Answers
from evalkit.records.evaluation import Evaluation, Study
from evalkit.records.scores import Scores
from evalkit.stats.disclosure import proportion_is_safe
from evalkit.stats.grouping import shared_groups

RESPONSE_TABLE_COLUMNS = ("wave", "label", "asked", "n", "response_percent")
SURVEY_ANSWERS_COLUMNS = (
    "outcome", "item", "label", "wave", "answer_low", "answer_high", "group_count", "group_percent", "n", "agrees",
)  # fmt: skip
THEME_COLUMNS = ("wave", "label", "count", "n", "percent")


def response_table(given: dict[str, int], plan: Evaluation) -> pd.DataFrame:
    """How many were asked and how many answered, by wave."""
    asked = plan.feedback.asked if plan.feedback else {}
    rows = [
        (
            wave.id, wave.label, asked.get(wave.id, math.nan), given[wave.id],
            100 * given[wave.id] / asked[wave.id] if wave.id in asked else math.nan,
        )
        for wave in plan.waves
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=list(RESPONSE_TABLE_COLUMNS))
    return frame.astype(
        {"wave": "str", "label": "str", "asked": "float64", "n": "int64", "response_percent": "float64"}
    )


def answers_table(scores: Scores, answers: Sequence[Answers], study: Study) -> pd.DataFrame:
    """How questions with a share who agree were answered; answers merged so that no group is small.

    Those who agree and those who do not are merged apart, so that the bars and the share cannot be set against one
    another to work out a small number. A question whose share is hidden at a wave has no row there.
    """
    threshold = study.plan.suppression_threshold
    rows: list[tuple[object, ...]] = []
    for outcome in study.plan.outcomes:
        shown = [one for one in answers if one.outcome.id == outcome.id and one.is_shown(threshold)]
        shown = [one for one in shown if one.kind == "share"]
        if shown:
            rows += _outcome_rows(scores, shown, study, threshold)
    frame = pd.DataFrame(rows, columns=list(SURVEY_ANSWERS_COLUMNS))
    texts = ("outcome", "item", "label", "wave")
    return frame.astype({name: "str" if name in texts else "float64" for name in SURVEY_ANSWERS_COLUMNS})


def theme_table(plan: Evaluation) -> pd.DataFrame:
    """How many comments were about each theme, the commonest first; small numbers are empty."""
    rows: list[tuple[object, ...]] = []
    for coded in plan.feedback.themes if plan.feedback else ():
        for theme in sorted(coded.themes, key=lambda one: (-one.count, one.label)):
            safe = proportion_is_safe(theme.count, coded.comments, plan.suppression_threshold)
            count = float(theme.count) if safe else math.nan
            rows.append((coded.wave, theme.label, count, coded.comments, 100 * count / coded.comments))
    # Hidden themes stand last in the order of the alphabet: their order would tell which is larger.
    rows.sort(key=lambda row: (str(row[0]), math.isnan(float(str(row[2]))), -_or_zero(row[2]), str(row[1])))
    frame = pd.DataFrame(rows, columns=list(THEME_COLUMNS))
    return frame.astype({"wave": "str", "label": "str", "count": "float64", "n": "float64", "percent": "float64"})


def _or_zero(value: object) -> float:
    number = float(str(value))
    return 0.0 if math.isnan(number) else number


def _outcome_rows(scores: Scores, shown: list[Answers], study: Study, threshold: int) -> list[tuple[object, ...]]:
    outcome = shown[0].outcome
    instrument = study.instrument(outcome.instrument)
    score = next(one for one in instrument.scores if one.id == outcome.score)
    agrees = set(score.values or ())
    items = instrument.items_of(outcome.score)
    if len(items) != 1:
        return []
    item = instrument.item(items[0])
    frame = scores.quality.answers
    frame = frame[(frame["scale"] == outcome.scale) & (frame["item"] == item.id)]
    codes = list(instrument.response_of(item.id).values)
    counts = np.array(
        [
            [
                int(frame.loc[(frame["wave"] == one.wave.id) & (frame["answer"] == code), "count"].sum())
                for code in codes
            ]
            for one in shown
        ]
    )
    rows: list[tuple[object, ...]] = []
    for start, stop in _sides(codes, agrees):
        for low, high in shared_groups(counts[:, start:stop], threshold=threshold):
            for one, row in zip(shown, counts, strict=True):
                group = int(row[start + low : start + high].sum())
                rows.append(
                    (
                        outcome.id, item.id, outcome.label, one.wave.id, codes[start + low], codes[start + high - 1],
                        group, 100 * group / one.n, one.n, float(codes[start + low] in agrees),
                    )
                )  # fmt: skip
    return rows


def _sides(codes: list[int], agrees: set[int]) -> list[tuple[int, int]]:
    """Runs of neighbouring answers that all count as agreeing, or all do not."""
    edges = [0, *(i for i in range(1, len(codes)) if (codes[i] in agrees) != (codes[i - 1] in agrees)), len(codes)]
    return list(pairwise(edges))
