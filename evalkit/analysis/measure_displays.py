"""Tables about the measures: how each scale and item worked, and how linked pupils answered."""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from evalkit.analysis.estimate import too_few_reason
from evalkit.analysis.paired_sample import PairedSample
from evalkit.analysis.quality_facts import HEYWOOD, is_heywood
from evalkit.analysis.straight_lines import STRAIGHT, straight_line_share_is_shown
from evalkit.records.evaluation import Study
from evalkit.records.instrument import Item
from evalkit.records.scores import ITEM_COLUMNS, QUALITY_COLUMNS, Scores
from evalkit.stats.description import count_at
from evalkit.stats.disclosure import mean_is_safe, proportion_is_safe
from evalkit.stats.grouping import shared_groups

ANSWERS_COLUMNS = (
    "scale", "item", "label", "wave", "answer", "count", "percent", "n", "answer_low", "answer_high", "group_count",
    "group_percent",
)  # fmt: skip
End = Literal["low", "high"]
ENDS: tuple[tuple[str, End], ...] = (("floor_percent", "low"), ("ceiling_percent", "high"))
WHOLE = frozenset({"n", "k", "answer", "answer_low", "answer_high"})
SCORE_NUMBERS = ("mean", "sd", "floor_percent", "ceiling_percent")
OMEGA_NUMBERS = ("omega", "omega_low", "omega_high")
RELIABILITY_NUMBERS = ("alpha", "alpha_low", "alpha_high", *OMEGA_NUMBERS)
ITEM_NUMBERS = ("mean", "sd", "item_rest_r", "alpha_if_dropped", "floor_percent", "ceiling_percent")


def quality_table(
    scores: Scores, samples: Sequence[PairedSample], study: Study, distribution: pd.DataFrame, *, threshold: int
) -> pd.DataFrame:
    """The quality of every scale of the plan in every wave, small groups hidden, with the outcome's label."""
    table: list[dict[str, object]] = []
    for sample in samples:
        for wave in (sample.wave_pre, sample.wave_post):
            for row in _rows(scores.quality.scales, sample, wave):
                shown: dict[str, object] = {column: row[column] for column in QUALITY_COLUMNS}
                if is_heywood(row):
                    shown |= dict.fromkeys(OMEGA_NUMBERS, math.nan)
                    shown["reason"] = str(row["reason"]) or f"Omega is left out: its factor model gave an {HEYWOOD}."
                if not mean_is_safe(int(row["n"]), threshold):
                    shown |= dict.fromkeys(RELIABILITY_NUMBERS, math.nan) | {"reason": too_few_reason(threshold)}
                n_scored = n_scored_in(sample, wave)
                if not mean_is_safe(n_scored, threshold) or differs_by_few(sample, wave, threshold):
                    shown |= dict.fromkeys(SCORE_NUMBERS, math.nan)
                elif n_scored == sample.n_linked:
                    for column, end in ENDS:
                        shown[column] = linked_share(sample, wave, end, distribution, threshold=threshold)
                else:
                    _hide_shares(shown, n_scored, threshold)
                _hide_the_middle(shown, n_scored, threshold)
                if not straight_line_share_is_shown(scores, study, sample, wave=wave):
                    shown[STRAIGHT] = math.nan
                shown["label"] = sample.outcome.label
                table.append(shown)
    return _typed(pd.DataFrame(table, columns=[*QUALITY_COLUMNS, "label"]))


def item_table(
    scores: Scores, samples: Sequence[PairedSample], study: Study, answers: pd.DataFrame, *, threshold: int
) -> pd.DataFrame:
    """The quality of every item in every wave (all its pupils), small groups hidden.

    `answers` is the table of linked pupils' answers: what is shown there decides what may be shown here, so that
    neither gives away what the other hides.
    """
    answered = {key: rows for key, rows in answers.groupby(["scale", "item", "wave"])}
    table: list[dict[str, object]] = []
    for sample in samples:
        for wave in (sample.wave_pre, sample.wave_post):
            for row in _in_item_order(_rows(scores.quality.items, sample, wave), sample, study):
                shown: dict[str, object] = {column: row[column] for column in ITEM_COLUMNS}
                n = int(row["n"])
                _hide_shares(shown, n, threshold)
                if not mean_is_safe(n, threshold):
                    shown |= dict.fromkeys(ITEM_NUMBERS, math.nan)
                if differs_by_few(sample, wave, threshold):
                    shown |= dict.fromkeys(SCORE_NUMBERS, math.nan)
                _hide_the_middle(shown, n, threshold)
                if _is_at_an_end(row, sample, study, threshold):
                    shown |= dict.fromkeys(SCORE_NUMBERS, math.nan)
                given = answered.get((sample.outcome.scale, row["item"], wave))
                if given is not None:
                    shown |= _solved_by_answers(given, n, threshold)
                table.append(shown)
    return _typed(pd.DataFrame(table, columns=list(ITEM_COLUMNS)))


def _is_at_an_end(row: "pd.Series", sample: PairedSample, study: Study, threshold: int) -> bool:
    """Whether an item's mean tells that only a few pupils, or none, gave another answer than the lowest or highest.

    Answers are whole steps: n times the mean's distance from an end is at least the number of pupils not at that end.
    """
    answers = _answers(study, sample, str(row["item"]))
    n, mean = int(row["n"]), float(row["mean"])
    steps = min(mean - answers[0], answers[-1] - mean) * n
    return (math.isfinite(mean) and round(steps) < threshold) or float(row["sd"]) == 0


def _solved_by_answers(answers: pd.DataFrame, n: int, threshold: int) -> dict[str, object]:
    """Which numbers of an item to empty, because with the linked pupils' answers they would tell a hidden count.

    The item's numbers are about all pupils of the wave. With a few more than the linked ones, subtraction tells about
    those few. With the same pupils, mean and SD are two equations for the counts inside merged groups.
    """
    more = n - int(answers["n"].iloc[0])
    if 0 < more < threshold:
        return dict.fromkeys(SCORE_NUMBERS, math.nan)
    # Where no group is shown at all, all answers count as one merged group.
    merged = answers[(answers["answer_low"] < answers["answer_high"]) & ~(answers["group_count"] == 0)]
    if more != 0 or merged.empty:
        return {}
    unknown = len(merged) - merged["answer_low"].nunique()
    return dict.fromkeys(SCORE_NUMBERS if unknown < 2 else ("sd", "floor_percent", "ceiling_percent"), math.nan)


def answer_table(scores: Scores, samples: Sequence[PairedSample], study: Study, *, threshold: int) -> pd.DataFrame:
    """How linked pupils answered each item; small answers are merged with their neighbours, alike in both waves.

    `count` and `percent` are those of the single answer and empty inside a merged group; `answer_low`, `answer_high`,
    `group_count` and `group_percent` are those of the group the answer is in.
    """
    frame = scores.quality.answers
    keys = zip(frame["scale"], frame["item"], frame["wave"], frame["answer"], strict=True)
    known = {key: int(count) for key, count in zip(keys, frame["count"], strict=True)}
    rows: list[tuple[object, ...]] = []
    for sample in samples:
        waves = (sample.wave_pre, sample.wave_post)
        scale = sample.outcome.scale
        for item in _needed_items(sample, study):
            answers = _answers(study, sample, item.id)
            counts = np.array([[known.get((scale, item.id, wave, one), 0) for one in answers] for wave in waves])
            if counts.any():
                rows += _item_rows((scale, item.id, item.label), waves, answers, counts, threshold=threshold)
    return _typed(pd.DataFrame(rows, columns=list(ANSWERS_COLUMNS)))


def n_scored_in(sample: PairedSample, wave: str) -> int:
    """Pupils with a score of this scale in this wave."""
    return sample.n_pre if wave == sample.wave_pre else sample.n_post


def differs_by_few(sample: PairedSample, wave: str, threshold: int) -> bool:
    """Whether the wave holds a few pupils more than the linked ones.

    A mean of the whole wave beside the mean of the linked pupils would then give away, by subtraction, the mean of the
    few who answered only once.
    """
    return 0 < n_scored_in(sample, wave) - sample.n_linked < threshold


def share_is_shown(percent: float, n: int, threshold: int) -> bool:
    """Whether a share at the floor or the ceiling may be shown: enough pupils at it and enough not at it."""
    return math.isfinite(percent) and proportion_is_safe(round(percent * n / 100), n, threshold)


def linked_share(sample: PairedSample, wave: str, end: End, distribution: pd.DataFrame, *, threshold: int) -> float:
    """Share in percent of linked pupils at the lowest or highest score; NaN where it may not be shown.

    The bin at that end is shown too, so those in it who are not at the very end must be nobody or enough as well.
    """
    if not sample.shows_numbers(threshold):
        return math.nan
    values = sample.pre if wave == sample.wave_pre else sample.post
    point = sample.low if end == "low" else sample.high
    count = count_at(values, point, minimum=sample.low, maximum=sample.high)
    bins = distribution[(distribution["outcome"] == sample.outcome.id) & (distribution["wave"] == wave)]
    others = float(bins.loc[bins[end] == point, "count"].iloc[0]) - count
    percent = 100 * count / sample.n_linked
    may_be_shown = share_is_shown(percent, sample.n_linked, threshold) and (others == 0 or others >= threshold)
    return percent if may_be_shown else math.nan


def _hide_the_middle(shown: dict[str, object], n: int, threshold: int) -> None:
    """Hide both ends where together they tell how few pupils are in between."""
    ends = [float(str(shown[column])) for column, _ in ENDS]
    if all(math.isfinite(percent) for percent in ends) and n - round(sum(ends) * n / 100) < threshold:
        shown |= dict.fromkeys((column for column, _ in ENDS), math.nan)


def _hide_shares(shown: dict[str, object], n: int, threshold: int) -> None:
    for column in ("floor_percent", "ceiling_percent"):
        if not share_is_shown(float(str(shown[column])), n, threshold):
            shown[column] = math.nan


def _rows(frame: pd.DataFrame, sample: PairedSample, wave: str) -> list["pd.Series"]:
    chosen = frame[(frame["scale"] == sample.outcome.scale) & (frame["wave"] == wave)]
    return [row for _, row in chosen.iterrows()]


def _needed_items(sample: PairedSample, study: Study) -> list[Item]:
    instrument = study.instrument(sample.outcome.instrument)
    return [instrument.item(item) for item in instrument.items_of(sample.outcome.score)]


def _in_item_order(rows: list["pd.Series"], sample: PairedSample, study: Study) -> list["pd.Series"]:
    order = {item.id: place for place, item in enumerate(_needed_items(sample, study))}
    return sorted((row for row in rows if row["item"] in order), key=lambda row: order[row["item"]])


def _answers(study: Study, sample: PairedSample, item: str) -> list[int]:
    return list(study.instrument(sample.outcome.instrument).response_of(item).values)


def _item_rows(
    names: tuple[str, str, str], waves: Sequence[str], answers: list[int], counts: np.ndarray, *, threshold: int
) -> list[tuple[object, ...]]:
    """A row per wave and answer; `counts` has shape (waves, answers)."""
    groups = shared_groups(counts, threshold=threshold)
    rows: list[tuple[object, ...]] = []
    for wave, row in zip(waves, counts, strict=True):
        n = int(row.sum())
        # A single group would only say that everybody answered.
        shown = len(groups) > 1
        for start, stop in groups if shown else [(0, len(answers))]:
            together = float(row[start:stop].sum()) if shown else math.nan
            for place in range(start, stop):
                alone = together if stop - start == 1 else math.nan
                shares = [100 * count / n if n else math.nan for count in (alone, together)]
                group = (answers[start], answers[stop - 1], together, shares[1])
                rows.append((*names, wave, answers[place], alone, shares[0], n, *group))
    return rows


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Text columns as text without gaps, all others as numbers."""
    text = {"scale", "wave", "item", "label", "reason"}
    for column in frame.columns:
        if column in text:
            frame[column] = frame[column].fillna("").astype("str")
        else:
            frame[column] = pd.to_numeric(frame[column]).astype("int64" if column in WHOLE else "float64")
    return frame
