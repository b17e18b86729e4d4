"""How well each measure worked in this sample: reliability, items, floor and ceiling, answers."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from evalkit.errors import FitError, SpecError
from evalkit.records.evaluation import Study
from evalkit.records.instrument import Instrument
from evalkit.records.scores import ANSWER_COLUMNS, ITEM_COLUMNS, QUALITY_COLUMNS, Quality
from evalkit.scoring.rules import Answers, BoolArray, FloatArray, Scored, reverse
from evalkit.stats.items import ItemStatistic, item_statistics, scale_floor_ceiling, straight_lining
from evalkit.stats.reliability import Reliability, alpha, omega

RELIABILITY_COLUMNS = ("measure", "item", "estimate", "conf_low", "conf_high", "n", "note")


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
    answers : instrument id to item id to the answers, in the order of `responses`
    scored : scale to its scores, in the same order

    Returns
    -------
    Quality
        Scales in the plan's order, waves in the plan's order within each.
    """
    waves = {wave.id: (responses["wave"] == wave.id).to_numpy(dtype="bool") for wave in study.plan.waves}
    linked = _in_every_wave(responses, waves)
    straight = {
        (name, wave): _straight_line_percent(given, rows)
        for name, given in answers.items()
        for wave, rows in waves.items()
    }
    scales: list[dict[str, object]] = []
    items: list[dict[str, object]] = []
    printed: list[dict[str, object]] = []
    for outcome in study.plan.outcomes:
        instrument, given = study.instrument(outcome.instrument), answers[outcome.instrument]
        keyed = keyed_answers(given, instrument, score_id=outcome.score)
        for wave, rows in waves.items():
            place: dict[str, object] = {"scale": outcome.scale, "wave": wave}
            wave_items = keyed[rows]
            scales.append(
                place
                | _reliability_of(wave_items, list(instrument.item_signs(outcome.score)), study.plan.conf_level)
                | _score_facts(scored[outcome.scale].value[rows], instrument, outcome.score)
                | {"straight_line_percent": straight[instrument.id, wave]}
            )
            items += [place | row for row in _item_rows(wave_items, instrument, outcome.score)]
            printed += [place | row for row in _answer_rows(given, rows & linked, instrument, outcome.score)]
    return Quality(
        scales=pd.DataFrame(scales, columns=list(QUALITY_COLUMNS)),
        items=pd.DataFrame(items, columns=list(ITEM_COLUMNS)),
        answers=pd.DataFrame(printed, columns=list(ANSWER_COLUMNS)),
    )


def keyed_answers(answers: Mapping[str, Answers], instrument: Instrument, *, score_id: str) -> FloatArray:
    """The answers behind a score, reversed where the key says so: shape (n, k) in the order of the keys, NaN blank."""
    columns: list[FloatArray] = []
    for item, is_reversed in instrument.item_signs(score_id).items():
        values, scale = answers[item].values, instrument.response_of(item)
        if is_reversed:
            values = reverse(values, minimum=scale.min, maximum=scale.max)
        columns.append(np.where(answers[item].given, values, np.nan))
    return np.column_stack(columns)


def reliability(
    items: pd.DataFrame, *, minimum: float | None = None, maximum: float | None = None, conf_level: float = 0.95
) -> pd.DataFrame:
    """Alpha, omega and item statistics of one scale, from a plain table of its items.

    Parameters
    ----------
    items : frame - a row per pupil, one column per item, numbers, already reversed where the key says so; missing
        answers empty. Every column counts as an item
    minimum, maximum : the lowest and highest possible answer; needed only for floor and ceiling, so give both or none
    conf_level : level of the intervals, between 0 and 1

    Returns
    -------
    frame, a row per quantity, columns `measure item estimate conf_low conf_high n note`
        First the scale (`item` empty): alpha (Feldt's interval), omega (one factor, maximum likelihood; delta-method
        interval) and mean_item_r (mean correlation between items), all on the `n` pupils with complete answers. Then
        for every item, in the order of the columns: mean, sd, item_rest_r, alpha_if_dropped, missing_percent and, where
        minimum and maximum are given, floor_percent and ceiling_percent. `note` says why an estimate is empty, or what
        to look at.

    Raises
    ------
    SpecError
        Fewer than two columns, columns that hold no numbers or have one name, only one of minimum and maximum, answers
        outside them, or a conf_level that is none.

    Examples
    --------
    >>> import pandas as pd
    >>> answers = pd.DataFrame({"q1": [1, 2, 3, 4], "q2": [2, 2, 4, 4], "q3": [1, 3, 3, 5]})
    >>> found = reliability(answers).set_index(["measure", "item"])["estimate"]
    >>> round(float(found["alpha", ""]), 3)
    0.933
    """
    if not 0 < conf_level < 1:
        raise SpecError(f"conf_level is {conf_level:g}; use a number between 0 and 1, such as 0.95.")
    matrix = _item_table(items, minimum, maximum)
    names = [str(name) for name in items.columns]
    complete = _complete(matrix)
    rows = [_scale_row(method, complete, names, conf_level, n=len(matrix)) for method in ("alpha", "omega")]
    low = float(np.nanmin(matrix)) if minimum is None else minimum
    high = float(np.nanmax(matrix)) if maximum is None else maximum
    statistics = item_statistics(matrix, minimum=low, maximum=high)
    rows.append(_mean_item_r(complete))
    for name, one in zip(names, statistics, strict=True):
        rows += _measures_of_item(name, one, with_ends=minimum is not None)
    return pd.DataFrame(rows, columns=list(RELIABILITY_COLUMNS))


def _in_every_wave(responses: pd.DataFrame, waves: Mapping[str, BoolArray]) -> BoolArray:
    codes, pupils = pd.factorize(responses["pupil"])
    linked = np.ones(len(pupils), dtype=np.bool_)
    for rows in waves.values():
        linked &= np.bincount(codes[rows], minlength=len(pupils)) > 0
    return linked[codes]


def _reliability_of(keyed: FloatArray, names: Sequence[str], conf_level: float) -> dict[str, object]:
    complete = _complete(keyed)
    row: dict[str, object] = {"n": len(complete), "k": keyed.shape[1]}
    reasons: list[str] = []
    for method in ("alpha", "omega"):
        found = _try_reliability(method, complete, names, conf_level, n=len(keyed))
        row |= dict.fromkeys((method, f"{method}_low", f"{method}_high"), math.nan)
        if isinstance(found, str):
            reasons.append(found)
        else:
            row |= {method: found.value, f"{method}_low": found.low, f"{method}_high": found.high}
    row["reason"] = " ".join(dict.fromkeys(reasons))
    return row


def _complete(keyed: FloatArray) -> FloatArray:
    return keyed[~np.isnan(keyed).any(axis=1)]


def _try_reliability(
    method: str, complete: FloatArray, names: Sequence[str], conf_level: float, *, n: int
) -> Reliability | str:
    """The reliability in the complete rows out of n, or the sentence that says why there is none."""
    k = len(names)
    if k < 2:
        return "A scale of one item has no alpha or omega."
    if len(complete) < 3:
        return f"Only {len(complete)} of {n} pupils answered all {k} items; alpha and omega need at least 3."
    constant = [name for name, spread in zip(names, np.ptp(complete, axis=0), strict=True) if spread == 0]
    if constant:
        return f"Every pupil gave the same answer to {', '.join(constant)}, so there is no alpha or omega."
    try:
        found = alpha(complete, conf_level=conf_level) if method == "alpha" else omega(complete, conf_level=conf_level)
    except FitError as error:
        return error.message
    if found.is_heywood:
        return "Omega is left out: the one-factor model gave an impossible (negative) error variance."
    return found


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
    matrix = np.column_stack([np.where(one.given, one.values, np.nan)[rows] for one in given.values()])
    complete = _complete(matrix)
    if not len(complete) or complete.shape[1] < 3:
        return math.nan
    return 100 * float(straight_lining(complete, minimum_answered=complete.shape[1]).mean())


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


def _item_table(items: pd.DataFrame, minimum: float | None, maximum: float | None) -> FloatArray:
    problems: list[str] = []
    if (minimum is None) != (maximum is None):
        problems.append("Give both minimum and maximum, or neither.")
    if items.shape[1] < 2:
        problems.append(f"The table has {items.shape[1]} columns; a scale needs at least 2 items.")
    if not items.columns.is_unique:
        repeated = ", ".join(str(name) for name in items.columns[items.columns.duplicated()].unique())
        problems.append(f"Several columns are called {repeated}. Give every item its own name.")
    text = [str(name) for name, kind in items.dtypes.items() if not pd.api.types.is_numeric_dtype(kind)]
    if text:
        problems.append(f"These columns do not hold numbers: {', '.join(text)}. Keep only the items of one scale.")
    if problems:
        raise SpecError("Reliability cannot be worked out from this table.", problems=problems)
    matrix = items.to_numpy(dtype="float64", na_value=np.nan)
    if not np.isfinite(matrix[~np.isnan(matrix)]).all() or np.isnan(matrix).all():
        raise SpecError("The table holds no answers, or infinite ones. Leave missing answers empty.")
    if minimum is not None and maximum is not None:
        outside = int(np.count_nonzero((matrix < minimum) | (matrix > maximum)))
        if outside:
            found = "1 answer lies" if outside == 1 else f"{outside} answers lie"
            raise SpecError(f"{found} outside {minimum:g}-{maximum:g}. Correct them, or minimum and maximum.")
    return matrix


def _scale_row(
    method: str, complete: FloatArray, names: Sequence[str], conf_level: float, *, n: int
) -> dict[str, object]:
    found = _try_reliability(method, complete, names, conf_level, n=n)
    if isinstance(found, str):
        return _row(method, "", math.nan, len(complete), note=found)
    return _row(method, "", found.value, len(complete)) | {"conf_low": found.low, "conf_high": found.high}


def _mean_item_r(complete: FloatArray) -> dict[str, object]:
    if len(complete) < 3 or (np.ptp(complete, axis=0) == 0).any():
        note = "Too few complete answers, or an item to which every pupil gave the same answer."
        return _row("mean_item_r", "", math.nan, len(complete), note=note)
    correlations: FloatArray = np.asarray(np.corrcoef(complete, rowvar=False))
    upper = correlations[np.triu_indices_from(correlations, k=1)]
    return _row("mean_item_r", "", float(upper.mean()), len(complete))


def _measures_of_item(name: str, one: ItemStatistic, *, with_ends: bool) -> list[dict[str, object]]:
    look = "Negative: check whether this item must be reversed." if one.item_rest_r < 0 else ""
    rows = [
        _row("mean", name, one.mean, one.n),
        _row("sd", name, one.sd, one.n),
        _row("item_rest_r", name, one.item_rest_r, one.n_complete, note=look),
        _row("alpha_if_dropped", name, one.alpha_if_dropped, one.n_complete),
        _row("missing_percent", name, one.missing_percent, one.n),
    ]
    if with_ends:
        rows.append(_row("floor_percent", name, one.floor_percent, one.n))
        rows.append(_row("ceiling_percent", name, one.ceiling_percent, one.n))
    return rows


def _row(measure: str, item: str, estimate: float, n: int, *, note: str = "") -> dict[str, object]:
    return {
        "measure": measure,
        "item": item,
        "estimate": estimate,
        "conf_low": math.nan,
        "conf_high": math.nan,
        "n": n,
        "note": note or ("" if not math.isnan(estimate) else "Not defined for these answers."),
    }
