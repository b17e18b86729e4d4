"""`ek.response_quality`: signs of careless answering, a row per pupil, wave and questionnaire. Nobody is left out."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evalkit.errors import FitError, SpecError
from evalkit.records.evaluation import Study
from evalkit.records.instrument import Instrument, Score
from evalkit.records.release import Release
from evalkit.records.scores import RESPONSE_COLUMNS
from evalkit.records.standards import ResponseStandards, load_standards
from evalkit.scoring.release_answers import release_answers
from evalkit.scoring.rules import Answers, BoolArray, FloatArray, keyed, table_of
from evalkit.stats.response_quality import (
    even_odd_consistency,
    individual_variability,
    longest_string,
    outlyingness,
    pair_consistency,
    reversed_inconsistency,
    seconds_per_item,
)

SECONDS_COLUMNS = ("pupil", "wave", "instrument", "seconds")
SAME = 1e-9
FLAGS = ("straight_line", "long_string", "outlier", "inconsistent", "too_fast")


@dataclass(frozen=True, slots=True, eq=False)
class _PlainScale:
    """The answers to one scale after reversal (n, k), which items were reversed (k,), and the width of its answers."""

    keyed: FloatArray
    turned: BoolArray
    width: float


def response_quality(release: Release, study: Study, *, seconds: pd.DataFrame | None = None) -> pd.DataFrame:
    """Look for signs of careless answering.

    Parameters
    ----------
    release : the frozen data
    study : the evaluation with its instruments
    seconds : frame `pupil wave instrument seconds` - how long a pupil took for a questionnaire, where that is known

    Returns
    -------
    frame
        A row per pupil, wave and questionnaire that holds an answer, of the items that the plan needs: the signs as
        numbers, a true/false column for each sign that passes its threshold in standards.yaml (block
        `response_quality`), and `any_sign`, any of them. A sign proves nothing about a pupil. Analysis keeps everybody
        and adds a row without the flagged pupils.

    Raises
    ------
    DesignError, SpecError
        As `score`, and when `seconds` lacks a column, repeats a row or holds negative times.
    """
    times = None if seconds is None else _checked_seconds(seconds)
    return response_signs(release.responses, study, answers=release_answers(release, study), seconds=times)


def response_signs(
    responses: pd.DataFrame,
    study: Study,
    *,
    answers: Mapping[str, Mapping[str, Answers]],
    seconds: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The frame of `response_quality` from answers that are read already (in the order of `responses`)."""
    standards = load_standards().response_quality
    frames: list[pd.DataFrame] = []
    for name, given in answers.items():
        instrument = study.instrument(name)
        for wave in study.plan.waves:
            rows = (responses["wave"] == wave.id).to_numpy(dtype="bool")
            rows = rows & np.logical_or.reduce([one.given for one in given.values()])
            if not rows.any():
                continue
            table = pd.DataFrame({"pupil": responses["pupil"].astype("str")[rows], "wave": wave.id, "instrument": name})
            table = table.astype("str").reset_index(drop=True)
            frames.append(_signs(table, given, rows, instrument, standards, seconds))
    if not frames:
        return pd.DataFrame(columns=list(RESPONSE_COLUMNS)).astype(dict.fromkeys((*FLAGS, "any_sign"), "bool"))
    return pd.concat(frames, ignore_index=True)[list(RESPONSE_COLUMNS)]


def _signs(
    table: pd.DataFrame,
    given: Mapping[str, Answers],
    rows: BoolArray,
    instrument: Instrument,
    standards: ResponseStandards,
    seconds: pd.DataFrame | None,
) -> pd.DataFrame:
    """One questionnaire in one wave."""
    here = {item: Answers(one.values[rows], one.given[rows]) for item, one in given.items()}
    printed = table_of(list(here.values()))
    n_answered = np.count_nonzero(~np.isnan(printed), axis=1)
    scales = _plain_scales(here, instrument)
    signs = _numbers(printed, scales)
    signs["seconds_per_item"] = seconds_per_item(_seconds_of(table, seconds), n_answered)
    k = printed.shape[1]
    is_long = k >= standards.long_string_answers.value
    # A missing number compares as false.
    flags = {
        "straight_line": (signs["variability"] < SAME) & (n_answered >= standards.straight_line_answers.value),
        "long_string": (signs["longest_string"] >= standards.long_string_share.value * k) & is_long,
        "outlier": signs["outlier_p"] < standards.outlier_p.value,
        "inconsistent": signs["reversed_inconsistency"] >= standards.reversed_inconsistency.value,
        "too_fast": signs["seconds_per_item"] < standards.seconds_per_item.value,
    }
    any_sign = np.logical_or.reduce(list(flags.values()))
    found = table.assign(n_answered=n_answered, **signs, **flags, any_sign=any_sign)
    return found.astype({"longest_string": "int64"})


def _numbers(printed: FloatArray, scales: list[_PlainScale]) -> dict[str, FloatArray]:
    unknown = np.full(len(printed), math.nan)
    if printed.shape[1] < 2:
        single = (~np.isnan(printed[:, 0])).astype(np.float64)
        return {"longest_string": single} | dict.fromkeys(
            ("variability", "outlier_p", "reversed_inconsistency", "even_odd", "antonym_r"), unknown
        )
    opposed = [
        reversed_inconsistency(one.keyed[:, ~one.turned], one.keyed[:, one.turned], width=one.width)
        for one in scales
        if min(np.count_nonzero(one.turned), np.count_nonzero(~one.turned)) > 1
    ]
    halved = [one.keyed for one in scales if one.width == scales[0].width]
    return {
        "longest_string": longest_string(printed).astype(np.float64),
        "variability": individual_variability(printed),
        "outlier_p": _or_unknown(lambda: outlyingness(printed).p_value, unknown),
        "reversed_inconsistency": np.fmax.reduce(opposed) if opposed else unknown,
        "even_odd": even_odd_consistency(list(halved)) if len(halved) > 2 else unknown,
        "antonym_r": _or_unknown(lambda: pair_consistency(printed), unknown),
    }


def _or_unknown(compute: Callable[[], FloatArray], unknown: FloatArray) -> FloatArray:
    """What is computed, or nothing where these answers are too few or too unrelated for it."""
    try:
        return compute()
    except FitError:
        return unknown


def _plain_scales(given: Mapping[str, Answers], instrument: Instrument) -> list[_PlainScale]:
    """The scales that measure one thing each: scored from items, and not made up of smaller scales.

    Only within such a scale do items worded both ways contradict one another.
    """
    scores = {frozenset(score.items): score for score in instrument.scores if len(score.items) > 1}
    smallest = [score for items, score in scores.items() if not any(other < items for other in scores)]
    found: list[_PlainScale] = []
    for score in smallest:
        widths = {(instrument.response_of(item).min, instrument.response_of(item).max) for item in score.items}
        if len(widths) == 1 and all(item in given for item in score.items):
            found.append(_plain_scale(given, instrument, score))
    return found


def _plain_scale(given: Mapping[str, Answers], instrument: Instrument, score: Score) -> _PlainScale:
    items = instrument.items_of(score.id)
    turned = [item in score.reversed_items for item in items]
    columns = [
        keyed(given[item], instrument.response_of(item), is_reversed=one)
        for item, one in zip(items, turned, strict=True)
    ]
    scale = instrument.response_of(items[0])
    return _PlainScale(table_of(columns), np.array(turned), float(scale.max - scale.min))


def _seconds_of(table: pd.DataFrame, seconds: pd.DataFrame | None) -> FloatArray:
    """Times in the order of the table, NaN where none is known."""
    if seconds is None:
        return np.full(len(table), math.nan)
    linked = table.merge(seconds, how="left", on=["pupil", "wave", "instrument"])
    return linked["seconds"].to_numpy(dtype="float64", na_value=np.nan)


def _checked_seconds(seconds: pd.DataFrame) -> pd.DataFrame:
    missing = [name for name in SECONDS_COLUMNS if name not in seconds.columns]
    if missing:
        raise SpecError(f"seconds lacks {', '.join(missing)}; give the columns {', '.join(SECONDS_COLUMNS)}.")
    problems: list[str] = []
    if seconds.duplicated(["pupil", "wave", "instrument"]).any():
        problems.append("Some pupils have several times for one questionnaire in one wave. Keep one.")
    if not pd.api.types.is_numeric_dtype(seconds["seconds"]):
        problems.append("The column seconds does not hold numbers.")
    elif (seconds["seconds"] < 0).any() or np.isinf(seconds["seconds"].to_numpy(dtype="float64", na_value=0)).any():
        problems.append("Some times are negative or infinite. Correct or blank them.")
    if problems:
        raise SpecError("The times cannot be used.", problems=problems)
    return seconds[list(SECONDS_COLUMNS)].astype({"pupil": "str", "wave": "str", "instrument": "str"})
