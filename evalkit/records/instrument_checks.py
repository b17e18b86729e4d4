"""What must hold between the parts of a questionnaire's file; every fault names the key it is about."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from evalkit.records.instrument_parts import Score
from evalkit.records.spec_file import KeyPath

if TYPE_CHECKING:
    from evalkit.records.instrument import Instrument

Fault = tuple[KeyPath, str]

# Which source a method takes, and which keys belong to that method alone.
_SOURCES = {
    "mean": ("keys", "from_scores"),
    "sum": ("keys", "from_scores"),
    "percent_in": ("keys",),
    "top_minus_bottom": ("keys",),
    "lookup": ("from_score",),
    "affine": ("from_score",),
}
_OWN_KEYS = {
    "percent_in": ("values",),
    "top_minus_bottom": ("top", "bottom"),
    "lookup": ("table",),
    "affine": ("transform",),
}
_RULES = {"mean": ("complete", "available_mean"), "sum": ("complete", "prorate")}


def instrument_faults(instrument: "Instrument") -> list[Fault]:
    """Every fault of the file, in the order of its parts; empty when there is none."""
    faults = [*_response_faults(instrument), *_item_faults(instrument), *_repeated_scores(instrument)]
    faults += [fault for place in range(len(instrument.scores)) for fault in _reference_faults(instrument, place)]
    faults += _circle_faults(instrument)
    if not faults:
        # These need keys, scores and answer scales that can be followed.
        faults += [fault for place in range(len(instrument.scores)) for fault in _value_faults(instrument, place)]
    return [*faults, *_fact_faults(instrument), *_test_faults(instrument)]


def _response_faults(instrument: "Instrument") -> list[Fault]:
    names = ", ".join(instrument.responses)
    faults: list[Fault] = []
    if instrument.default_response not in instrument.responses:
        faults.append((("default_response",), f"this is not among the responses; use one of: {names}"))
    faults += [
        (("items", place, "response"), f"this is not among the responses; use one of: {names}")
        for place, item in enumerate(instrument.items)
        if item.response and item.response not in instrument.responses
    ]
    return faults


def _item_faults(instrument: "Instrument") -> list[Fault]:
    faults: list[Fault] = []
    seen: set[str] = set()
    for place, item in enumerate(instrument.items):
        if item.id in seen:
            faults.append((("items", place, "id"), "this item id stands twice; give every item its own"))
        seen.add(item.id)
        if instrument.wording == "withheld" and item.text is not None:
            text = "the file says 'wording: withheld', so no item may carry a text; take it out"
            faults.append((("items", place, "text"), text))
    bare = [item.id for item in instrument.items if item.text is None]
    if instrument.wording == "shipped" and bare:
        text = f"the items {', '.join(bare)} carry no text; add it, or write 'partly' or 'withheld'"
        faults.append((("wording",), text))
    return faults


def _repeated_scores(instrument: "Instrument") -> list[Fault]:
    ids = [score.id for score in instrument.scores]
    return [
        (("scores", place, "id"), "this score id stands twice; give every score its own")
        for place, score_id in enumerate(ids)
        if score_id in ids[:place]
    ]


def _reference_faults(instrument: "Instrument", place: int) -> list[Fault]:
    """Keys, part scores, tables and rules of one score that point to nothing or do not belong to its method."""
    score = instrument.scores[place]
    at: KeyPath = ("scores", place)
    items = {item.id for item in instrument.items}
    others = {other.id for other in instrument.scores} - {score.id}
    faults: list[Fault] = [
        ((*at, "keys", position), "this key names no item; use an item's id, with - in front to reverse it")
        for position, item in enumerate(score.items)
        if item not in items
    ]
    repeated = sorted({item for item in score.items if score.items.count(item) > 1})
    if repeated:
        faults.append(((*at, "keys"), f"the item {', '.join(repeated)} stands twice among the keys"))
    faults += [
        ((*at, "from_scores", position), "this names no other score")
        for position, other in enumerate(score.from_scores)
        if other not in others
    ]
    if score.from_score and score.from_score not in others:
        faults.append(((*at, "from_score"), "this names no other score"))
    return [*faults, *_method_faults(score, at), *_rule_faults(instrument, score, at)]


def _method_faults(score: Score, at: KeyPath) -> list[Fault]:
    faults: list[Fault] = []
    given = [name for name in ("keys", "from_score", "from_scores") if getattr(score, name)]
    allowed = _SOURCES[score.method]
    if len(given) != 1 or given[0] not in allowed:
        found = " and ".join(given) or "none of them"
        faults.append(((*at, "method"), f"a score by '{score.method}' needs {' or '.join(allowed)}; found {found}"))
    own = _OWN_KEYS.get(score.method, ())
    for name in ("values", "top", "bottom", "table", "transform"):
        if getattr(score, name) and name not in own:
            faults.append(((*at, name), f"this does not belong to a score by '{score.method}'; take it out"))
        if name in own and not getattr(score, name):
            faults.append(((*at, "method"), f"a score by '{score.method}' needs '{name}'"))
    if (
        score.method in ("percent_in", "top_minus_bottom")
        and score.keys
        and (len(score.keys) > 1 or score.reversed_items)
    ):
        faults.append(((*at, "keys"), f"a score by '{score.method}' takes one item, not reversed"))
    return faults


def _rule_faults(instrument: "Instrument", score: Score, at: KeyPath) -> list[Fault]:
    rule = score.missing
    if rule is None:
        return []
    path = (*at, "missing")
    allowed = _RULES.get(score.method, ("complete",)) if score.keys else ("complete",)
    if rule.rule not in allowed:
        return [((*path, "rule"), f"a score by '{score.method}' from {_source_of(score)} takes: {', '.join(allowed)}")]
    parts = len(score.keys) or len(score.from_scores)
    if parts and rule.rule == "complete" and rule.min_items != parts:
        return [((*path, "min_items"), f"the rule 'complete' means all {parts}; write {parts}")]
    if parts and rule.min_items > parts:
        return [((*path, "min_items"), f"there are only {parts} keys; use 1 to {parts}")]
    if rule.rounding != "none" and rule.rule != "prorate":
        return [((*path, "rounding"), "only the rule 'prorate' rounds; take it out")]
    return []


def _source_of(score: Score) -> str:
    return "items" if score.keys else "other scores"


def _circle_faults(instrument: "Instrument") -> list[Fault]:
    """Scores that are made, directly or not, from themselves."""
    parts = {score.id: score.parts for score in instrument.scores}
    for place, score in enumerate(instrument.scores):
        reached: set[str] = set()
        waiting = list(score.parts)
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting += parts.get(name, ())
        if score.id in reached and score.id not in score.parts:
            return [(("scores", place), "this score is made from itself by way of other scores")]
    return []


def _value_faults(instrument: "Instrument", place: int) -> list[Fault]:
    """Numbers of one score that do not follow from the answers its items allow."""
    score = instrument.scores[place]
    at: KeyPath = ("scores", place)
    scales = {scale.span: scale for scale in map(instrument.response_of, instrument.items_of(score.id))}
    if len(scales) > 1:
        text = f"its items have different answer scales ({' and '.join(sorted(scales))}); make a score of each"
        return [] if any(len(_spans(instrument, part)) > 1 for part in score.parts) else [(at, text)]
    scale = next(iter(scales.values()))
    faults: list[Fault] = []
    named = instrument.responses.get(score.response) if score.response else scale
    if named is None or named.span != scale.span:
        text = "its items use another answer scale; a form with other answers is another version, in a file of its own"
        faults.append(((*at, "response"), text))
    faults += [
        ((*at, name), f"the answers {_listed(outside)} lie outside {scale.min}-{scale.max}")
        for name, values in (("values", score.values), ("top", score.top), ("bottom", score.bottom))
        if (outside := [value for value in values if value not in scale.values])
    ]
    if set(score.top) & set(score.bottom):
        faults.append(((*at, "bottom"), "an answer stands in both top and bottom"))
    return [*faults, *_table_faults(instrument, score, at), *_range_faults(instrument, score, at)]


def _spans(instrument: "Instrument", score_id: str) -> set[str]:
    return {instrument.response_of(item).span for item in instrument.items_of(score_id)}


def _table_faults(instrument: "Instrument", score: Score, at: KeyPath) -> list[Fault]:
    if score.method != "lookup" or score.table is None or score.from_score is None:
        return []
    if score.table not in instrument.lookup_tables:
        names = ", ".join(instrument.lookup_tables) or "none"
        return [((*at, "table"), f"this is not among the lookup_tables; there are: {names}")]
    if instrument.score(score.from_score).method != "sum":
        return [((*at, "from_score"), "a table is looked up by a whole raw score; use a score by 'sum'")]
    low, high = instrument.range_of(score.from_score)
    table = instrument.lookup_tables[score.table]
    gaps = [raw for raw in range(int(low), int(high) + 1) if raw not in table]
    return (
        [(("lookup_tables", score.table), f"the table has no value for the raw scores {_listed(gaps)}")] if gaps else []
    )


def _range_faults(instrument: "Instrument", score: Score, at: KeyPath) -> list[Fault]:
    if score.range is None or (score.method == "lookup" and score.table not in instrument.lookup_tables):
        return []
    low, high = instrument.possible_range(score.id)
    if (float(score.range[0]), float(score.range[1])) != (low, high):
        return [((*at, "range"), f"the answers allowed give {low:g} to {high:g}; write that, or leave 'range' out")]
    return []


def _fact_faults(instrument: "Instrument") -> list[Fault]:
    scores = {score.id for score in instrument.scores}
    names = ", ".join(score.id for score in instrument.scores)
    faults: list[Fault] = []
    for part, facts in (("reliability", instrument.reliability), ("norms", instrument.norms)):
        for place, fact in enumerate(facts):
            if fact.score not in scores:
                faults.append(((part, place, "score"), f"this is no score of the file; use one of: {names}"))
            if fact.verified and not fact.source:
                faults.append(
                    ((part, place), "a verified figure needs its 'source'; add it or write 'verified: false'")
                )
    if instrument.change and instrument.change.score and instrument.change.score not in scores:
        faults.append((("change", "score"), f"this is no score of the file; use one of: {names}"))
    return faults


def _test_faults(instrument: "Instrument") -> list[Fault]:
    items = {item.id for item in instrument.items}
    scores = {score.id for score in instrument.scores}
    faults: list[Fault] = []
    for place, test in enumerate(instrument.tests):
        faults += _unknown(test.answers, items, ("tests", place, "answers"), "item")
        faults += _unknown(test.expect, scores, ("tests", place, "expect"), "score")
    return faults


def _unknown(names: Iterable[str], known: set[str], at: KeyPath, kind: str) -> list[Fault]:
    return [((*at, name), f"there is no {kind} '{name}'") for name in names if name not in known]


def _listed(values: list[int]) -> str:
    shown = ", ".join(str(value) for value in values[:8])
    return f"{shown} and {len(values) - 8} more" if len(values) > 8 else shown
