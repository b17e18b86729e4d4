"""How well each measure worked in this sample: reliability, items, floor and ceiling, answers."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from evalkit.records.evaluation import Study
from evalkit.records.instrument import Instrument
from evalkit.records.scores import ANSWER_COLUMNS, ITEM_COLUMNS, QUALITY_COLUMNS, Quality
from evalkit.scoring.reliability_rows import complete_rows, known_covariance, scale_reliability
from evalkit.scoring.rules import Answers, BoolArray, FloatArray, Scored, keyed, table_of
from evalkit.stats.items import item_statistics, scale_floor_ceiling


def measure_quality(
    responses: pd.DataFrame,
    study: Study,
    *,
    answers: Mapping[str, Mapping[str, Answers]],
    scored: Mapping[str, Scored],
) -> Quality:
    """Describe every scale of the plan in every wave.

    Parameters
    ----------
    responses : frame - the release's responses: a row per pupil and wave
    study : the evaluation with its instruments
    answers : questionnaire's id to item id to the answers, in the order of `responses`; measures are not here
    scored : scale to its scores, in the same order

    Returns
    -------
    Quality
        Scales in the plan's order, waves in the plan's order within each.
    """
    waves = {wave.id: (responses["wave"] == wave.id).to_numpy(dtype="bool") for wave in study.plan.waves}
    survey = study.plan.design == "feedback_survey"
    linked = np.ones(len(responses), dtype=np.bool_) if survey else _in_every_wave(responses, waves)
    straight = {
        (name, wave): _straight_line_percent(given, rows)
        for name, given in answers.items()
        for wave, rows in waves.items()
    }
    scales: list[dict[str, object]] = []
    items: list[dict[str, object]] = []
    printed: list[dict[str, object]] = []
    for name, score_id in study.scores:
        instrument, scale = study.instrument(name), f"{name}.{score_id}"
        given = answers.get(name)
        counted = keyed_answers(given, instrument, score_id=score_id) if given else None
        for wave in study.waves_of(name):
            rows = waves[wave]
            place: dict[str, object] = {"scale": scale, "wave": wave}
            facts = _score_facts(scored[scale].value[rows], instrument, score_id)
            if given is None or counted is None:
                scales.append(place | _no_reliability(scored[scale].value[rows]) | facts)
                continue
            wave_items = counted[rows]
            scales.append(
                place
                | _reliability_of(wave_items, list(instrument.item_signs(score_id)), study.plan.conf_level)
                | facts
                | {"straight_line_percent": straight[name, wave]}
            )
            items += [place | row for row in _item_rows(wave_items, instrument, score_id)]
            printed += [place | row for row in _answer_rows(given, rows & linked, instrument, score_id)]
    return Quality(
        scales=pd.DataFrame(scales, columns=list(QUALITY_COLUMNS)),
        items=pd.DataFrame(items, columns=list(ITEM_COLUMNS)),
        answers=pd.DataFrame(printed, columns=list(ANSWER_COLUMNS)),
    )


def keyed_answers(answers: Mapping[str, Answers], instrument: Instrument, *, score_id: str) -> FloatArray:
    """The answers behind a score, reversed where the key says so: shape (n, k) in the order of the keys, NaN blank."""
    signs = instrument.item_signs(score_id)
    return table_of([keyed(answers[item], instrument.response_of(item), is_reversed=signs[item]) for item in signs])


def _in_every_wave(responses: pd.DataFrame, waves: Mapping[str, BoolArray]) -> BoolArray:
    codes, pupils = pd.factorize(responses["pupil"])
    linked = np.ones(len(pupils), dtype=np.bool_)
    for rows in waves.values():
        linked &= np.bincount(codes[rows], minlength=len(pupils)) > 0
    return linked[codes]


def _reliability_of(keyed: FloatArray, names: Sequence[str], conf_level: float) -> dict[str, object]:
    known = known_covariance(keyed, names)
    n = len(complete_rows(keyed)) if isinstance(known, str) else known.n
    row: dict[str, object] = {"n": n, "k": keyed.shape[1]}
    reasons: list[str] = []
    for method in ("alpha", "omega"):
        found = scale_reliability(method, known, conf_level=conf_level)
        row |= dict.fromkeys((method, f"{method}_low", f"{method}_high"), math.nan)
        if isinstance(found, str):
            reasons.append(found)
        else:
            row |= {method: found.value, f"{method}_low": found.low, f"{method}_high": found.high}
    row["reason"] = " ".join(dict.fromkeys(reasons))
    return row


def _no_reliability(values: FloatArray) -> dict[str, object]:
    """A measured number has no questions whose agreement could be looked at."""
    empty = ("alpha", "alpha_low", "alpha_high", "omega", "omega_low", "omega_high", "straight_line_percent")
    reason = "A measured number has no alpha or omega: they need several questions."
    row: dict[str, object] = {"n": int(np.count_nonzero(~np.isnan(values))), "k": 1, "reason": reason}
    return row | dict.fromkeys(empty, math.nan)


def _score_facts(values: FloatArray, instrument: Instrument, score_id: str) -> dict[str, object]:
    there = values[~np.isnan(values)]
    low, high = instrument.range_of(score_id)
    ends = scale_floor_ceiling(there, minimum=low, maximum=high)
    return {
        "mean": float(there.mean()) if there.size else math.nan,
        "sd": float(there.std(ddof=1)) if there.size > 1 else math.nan,
        "floor_percent": ends.floor_percent,
        "ceiling_percent": ends.ceiling_percent,
        "missing_percent": 100 * (1 - there.size / values.size) if values.size else math.nan,
    }


def _straight_line_percent(given: Mapping[str, Answers], rows: BoolArray) -> float:
    """Of the pupils who answered every item of the questionnaire that the plan uses; 3 items or more."""
    if len(given) < 3:
        return math.nan
    complete = rows & np.logical_and.reduce([one.given for one in given.values()])
    first, *others = given.values()
    straight = complete & np.logical_and.reduce([one.values == first.values for one in others])
    return 100 * float(straight.sum() / complete.sum()) if complete.any() else math.nan


def _item_rows(keyed: FloatArray, instrument: Instrument, score_id: str) -> list[dict[str, object]]:
    names = list(instrument.item_signs(score_id))
    scale = instrument.response_of(names[0])
    if not len(keyed):
        return []
    # A single item is described beside a copy of itself; what relates it to other items is left empty.
    table = keyed if len(names) > 1 else np.repeat(keyed, 2, axis=1)
    found = item_statistics(table, minimum=scale.min, maximum=scale.max)[: len(names)]
    return [
        {
            "item": name,
            "label": instrument.item(name).label,
            "n": one.n,
            "mean": one.mean,
            "sd": one.sd,
            "item_rest_r": one.item_rest_r if len(names) > 1 else math.nan,
            "alpha_if_dropped": one.alpha_if_dropped,
            "floor_percent": one.floor_percent,
            "ceiling_percent": one.ceiling_percent,
            "missing_percent": one.missing_percent,
        }
        for name, one in zip(names, found, strict=True)
    ]


def _answer_rows(
    given: Mapping[str, Answers], rows: BoolArray, instrument: Instrument, score_id: str
) -> list[dict[str, object]]:
    counted: list[dict[str, object]] = []
    for item in instrument.items_of(score_id):
        scale, label = instrument.response_of(item), instrument.item(item).label
        answered = given[item].values[rows & given[item].given].astype(np.int64) - scale.min
        counts = np.bincount(answered, minlength=len(scale.values))
        counted += [
            {"item": item, "label": label, "answer": answer, "count": int(count)}
            for answer, count in zip(scale.values, counts, strict=True)
        ]
    return counted
