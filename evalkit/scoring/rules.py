"""The scoring rules: answers of many pupils to one score, with no loop over pupils and no rounding on the way."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evalkit.records.instrument import Instrument, MissingRule, ResponseScale, Score

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """The answers of n pupils to one item, as printed in the questionnaire (not reversed).

    Attributes
    ----------
    values : int array, shape (n,)
        Within the item's answer scale; 0 where there is no answer.
    given : bool array, shape (n,)
    """

    values: npt.NDArray[np.int16]
    given: BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """One score of n pupils.

    Attributes
    ----------
    value : float array, shape (n,)
        NaN where there is no score.
    n_answered : int array, shape (n,)
        Items answered, also those behind part scores.
    n_items : int
        Items the score rests on.
    reason : object array of str, shape (n,)
        Why there is no score; empty where there is one.
    """

    value: FloatArray
    n_answered: IntArray
    n_items: int
    reason: npt.NDArray[np.object_]


def score_answers(answers: Mapping[str, Answers], instrument: Instrument, *, score_id: str) -> Scored:
    """Make one score of every pupil.

    Parameters
    ----------
    answers : mapping of item id to its answers, all of equal length; every item that the score needs
    instrument : the questionnaire, whose file gives keys, answer scales and rules
    score_id : which score

    Returns
    -------
    Scored

    Notes
    -----
    A reversed answer is min + max - x, with min and max of the answer scale in the file. With s the sum and a the
    number of the (reversed) answers given, k the number of keys: mean s/a, sum s k/a, given only if a reaches the
    rule's `min_items` (k for `complete`). Sums are whole numbers until the one division, so no result depends on the
    order of pupils or items.
    """
    score = instrument.score(score_id)
    if score.keys:
        return _from_items(answers, instrument, score)
    if score.from_scores:
        parts = [score_answers(answers, instrument, score_id=part) for part in score.from_scores]
        return _from_parts(parts, instrument, score)
    assert score.from_score is not None
    return _from_other(score_answers(answers, instrument, score_id=score.from_score), instrument, score)


def reverse(values: npt.NDArray[np.int16], *, minimum: int, maximum: int) -> npt.NDArray[np.int16]:
    """Turn answers round: minimum + maximum - x. Twice is the answer itself."""
    return (minimum + maximum - values).astype(np.int16)


def keyed(one: Answers, scale: ResponseScale, *, is_reversed: bool) -> Answers:
    """The answers to one item as its key counts them."""
    return Answers(reverse(one.values, minimum=scale.min, maximum=scale.max), one.given) if is_reversed else one


def table_of(columns: Sequence[Answers]) -> FloatArray:
    """The answers to several items as one table, shape (n, k), NaN where there is none.

    Each column lies together in memory, for that is how columns are filled, and how a nation's answers are read fast.
    """
    table = np.empty((len(columns), columns[0].values.size))
    for row, one in zip(table, columns, strict=True):
        row[:] = one.values
        row[~one.given] = np.nan
    return table.T


def _from_items(answers: Mapping[str, Answers], instrument: Instrument, score: Score) -> Scored:
    n = answers[score.items[0]].values.size
    total, answered = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    for item in score.items:
        given, scale = answers[item].given, instrument.response_of(item)
        values = answers[item].values
        if item in score.reversed_items:
            values = reverse(values, minimum=scale.min, maximum=scale.max)
        points = _POINTS.get(score.method, _as_answered)(values, score)
        total += np.where(given, points, 0)
        answered += given
    rule = instrument.missing_rule(score.id)
    enough = answered >= rule.min_items
    value = np.full(n, np.nan)
    np.divide(total * len(score.keys) if score.method == "sum" else total, answered, out=value, where=enough)
    if rule.rounding == "half_up":
        # floor(x + 1/2) in whole numbers, so that a half is never lost to rounding on the way.
        k = len(score.keys)
        value[enough] = (2 * total[enough] * k + answered[enough]) // (2 * answered[enough])
    reason = _reasons(answered, enough, lambda count: _too_few_items(count, len(score.keys), rule))
    return Scored(value, answered, len(score.keys), reason)


def _as_answered(values: npt.NDArray[np.int16], score: Score) -> IntArray:
    return values.astype(np.int64)


def _in_values(values: npt.NDArray[np.int16], score: Score) -> IntArray:
    return 100 * np.isin(values, score.values).astype(np.int64)


def _top_or_bottom(values: npt.NDArray[np.int16], score: Score) -> IntArray:
    return 100 * (np.isin(values, score.top).astype(np.int64) - np.isin(values, score.bottom).astype(np.int64))


_POINTS: dict[str, Callable[[npt.NDArray[np.int16], Score], IntArray]] = {
    "percent_in": _in_values,
    "top_minus_bottom": _top_or_bottom,
}


def _from_parts(parts: list[Scored], instrument: Instrument, score: Score) -> Scored:
    values = np.vstack([part.value for part in parts])
    there = np.count_nonzero(~np.isnan(values), axis=0).astype(np.int64)
    needed, count = instrument.missing_rule(score.id).min_items, len(parts)
    enough = there >= needed
    total = values.sum(axis=0)
    value = np.where(enough, total / count if score.method == "mean" else total, np.nan)
    reason = _reasons(
        there, enough, lambda found: f"{found} of {count} part scores could be made; this scale needs all {count}"
    )
    answered = np.sum([part.n_answered for part in parts], axis=0)
    return Scored(value, answered, sum(part.n_items for part in parts), reason)


def _from_other(base: Scored, instrument: Instrument, score: Score) -> Scored:
    rule = instrument.missing_rule(score.id)
    reason = base.reason.copy()
    short = ~np.isnan(base.value) & (base.n_answered < rule.min_items)
    if score.missing is not None and short.any():
        texts = _reasons(base.n_answered, ~short, lambda count: _too_few_items(count, base.n_items, rule))
        reason[short] = texts[short]
    usable = ~np.isnan(base.value) & ~short
    value = np.full(base.value.size, np.nan)
    if score.method == "affine":
        result = base.value
        for step in score.transform:
            result = result + step.value if step.op == "add" else result * step.value
        value[usable] = result[usable]
    else:
        whole = base.value == np.floor(base.value)
        reason[usable & ~whole] = "the raw score is not a whole number, so the table has no value for it"
        usable &= whole
        value[usable] = _look_up(base.value[usable], instrument.lookup_tables[score.table or ""])
    return Scored(value, base.n_answered, base.n_items, reason)


def _look_up(raw: FloatArray, table: Mapping[int, float]) -> FloatArray:
    keys = np.array(sorted(table), dtype=np.int64)
    results = np.array([table[key] for key in sorted(table)], dtype=np.float64)
    return results[np.searchsorted(keys, raw.astype(np.int64))]


def _reasons(counts: IntArray, enough: BoolArray, sentence: Callable[[int], str]) -> npt.NDArray[np.object_]:
    """The sentence for each pupil's count, empty where there is enough; one sentence is made per different count."""
    texts = np.array([sentence(count) for count in range(int(counts.max(initial=0)) + 1)], dtype=np.object_)
    return np.where(enough, "", texts[counts])


def _too_few_items(answered: int, items: int, rule: MissingRule) -> str:
    noun = "item" if items == 1 else "items"
    all_needed = rule.min_items >= items
    needed = ("it" if items == 1 else f"all {items}") if all_needed else f"at least {rule.min_items}"
    return f"answered {answered} of {items} {noun}; this scale needs {needed}"
