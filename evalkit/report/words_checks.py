"""How sure are we: a rating word and a sentence for each of the five checks."""

from collections.abc import Mapping

from evalkit.errors import ReportError
from evalkit.records.results import Check, CheckName, Rating, Results, Value
from evalkit.report.numbers import count, part, reliability, share, size
from evalkit.report.rows import participation, records
from evalkit.report.words_names import (
    answered,
    asks_questions,
    measured_facts,
    outcome_name,
    own_unit,
    score_facts,
    wave_word,
)

NAMES: dict[CheckName, str] = {
    "comparison": "Comparison",
    "size": "Size",
    "drop_out": "Drop-out",
    "measure": "Measure",
    "delivery": "Delivery",
}
RATINGS: dict[Rating, str] = {"strong": "Strong", "fair": "Fair", "weak": "Weak", "unknown": "Not known"}
SENTENCES: dict[tuple[CheckName, Rating], str] = {
    ("comparison", "strong"): "A like group without the programme gave answers too, so the two can be compared.",
    ("comparison", "fair"): "Another group without the programme gave answers too, but it may differ from this one.",
    ("comparison", "weak"): (
        "There is no like group without the programme, so we cannot tell what would have happened anyway."
    ),
    ("comparison", "unknown"): "We were not told whether there was a group without the programme.",
    ("size", "strong"): "{pupils}. The true change is likely to lie within {half} of our figure.",
    ("size", "fair"): "{pupils}. The true change could well be up to {half} higher or lower.",
    ("size", "weak"): "Only {pupils}{so}.",
    ("size", "unknown"): "The number of pupils who answered both times is not known.",
    ("drop_out", "strong"): "Few pupils were lost: {lost} of those who {came} before {stayed_away} after{worst}.",
    ("drop_out", "fair"): "Some pupils were lost: {lost} of those who {came} before {stayed_away} after{worst}.",
    ("drop_out", "weak"): "Many pupils were lost: {lost} of those who {came} before {stayed_away} after{worst}.",
    ("drop_out", "unknown"): "We do not know how many pupils who {came} before {stayed_away} after.",
    ("measure", "strong"): "The answers fit together well (at least {value} of 1).",
    ("measure", "fair"): "The answers fit together fairly well (at least {value} of 1).",
    ("measure", "weak"): "The answers do not fit together well (only {value} of 1 for {outcome} {wave}).",
    ("measure", "unknown"): "There were too few full answers to say how well the questions fit together.",
    ("delivery", "strong"): "Most of the plan was carried out{share}.",
    ("delivery", "fair"): "A good part of the plan was carried out, but not all of it{share}.",
    ("delivery", "weak"): "Much of the plan was not carried out{share}.",
    ("delivery", "unknown"): "We were not told how much of the programme the pupils got.",
}


BY_ERROR: dict[Rating, str] = {
    "strong": "The numbers are exact enough to tell pupils apart well (at least {value} of 1).",
    "fair": "The numbers are exact enough to tell pupils apart fairly well (at least {value} of 1).",
    "weak": "The numbers do not tell pupils apart well (only {value} of 1 for {outcome} {wave}).",
    "unknown": "Nobody has told us how exact the numbers are.",
}


def check_name(check: Check) -> str:
    """The name of a check on the page."""
    return NAMES[check.name]


def check_sentence(results: Results, check: Check) -> str:
    """Why a check has its rating, in one sentence.

    Raises
    ------
    ReportError
        The check lacks a fact that its sentence needs.
    """
    template = SENTENCES[check.name, check.rating]
    if check.name == "measure" and (check.facts.get("stat") == "error" or not asks_questions(results)):
        template = BY_ERROR[check.rating]
    try:
        return template.format_map(_words(results, check))
    except KeyError as missing:
        raise ReportError(f"The check '{check.name}' has no fact {missing}. Run the analysis again.") from None


def _words(results: Results, check: Check) -> dict[str, str]:
    facts = check.facts
    if check.name == "size":
        half = _half_width(results, facts)
        so = f", and the true change could well be up to {half} higher or lower" if half else ""
        return {"pupils": _pupils(results, _number(facts, "n_linked")), "half": half, "so": so}
    if check.name == "drop_out":
        before, share_lost = _number(facts, "n_pre"), _number(facts, "share_lost")
        some = _number(facts, "n_lost") if before is None or share_lost is None else before * share_lost
        lost = part(some, before)
        asked = asks_questions(results)
        came, stayed_away = ("answered", "did not answer") if asked else ("were measured", "were not measured")
        return {"lost": lost, "worst": _worst(results, facts), "came": came, "stayed_away": stayed_away}
    if check.name == "measure":
        return _measure_words(results, facts)
    if check.name == "delivery":
        shared = _number(facts, "share_delivered")
        return {"share": f" ({share(shared)})" if shared is not None else ""}
    return {}


def _half_width(results: Results, facts: Mapping[str, Value]) -> str:
    """Half the widest interval: in percentage points of the range, or of a measured number in its own unit."""
    half, widest = _number(facts, "half_width"), facts.get("widest_outcome")
    if half is None:
        return ""
    if widest and measured_facts(results, str(widest)):
        score = score_facts(results, str(widest))
        return f"{size(half * (score['high'] - score['low']) / 100)} {own_unit(results, str(widest))}"
    return f"{size(half)} percentage points"


def _pupils(results: Results, fewest: float | None) -> str:
    """How many pupils have both scores; a range when that differs between measures."""
    linked = participation(results)["linked"]
    if fewest is None or fewest >= linked:
        return f"{count(linked)} pupils {'' if asks_questions(results) else 'were '}{answered(results)} both times"
    return f"{count(fewest)} to {count(linked)} pupils have both scores"


def _worst(results: Results, facts: Mapping[str, Value]) -> str:
    """The measure that lost most, where it lost more than the group did."""
    worst, overall = _number(facts, "worst_share_lost"), _number(facts, "share_lost")
    rows = [row for row in records(results.models) if row["outcome"] == facts.get("worst_outcome")]
    if worst is None or overall is None or worst <= overall or not rows:
        return ""
    lost = part(worst * rows[0]["n_pre"], rows[0]["n_pre"])
    return f"; {lost} have no second score on {outcome_name(results, str(rows[0]['outcome']))}"


def _measure_words(results: Results, facts: Mapping[str, Value]) -> dict[str, str]:
    value = next((one for one in (_number(facts, key) for key in ("value", "omega", "alpha")) if one is not None), None)
    outcome = facts.get("outcome")
    if value is None or not outcome:
        return {}
    wave = facts.get("wave")
    return {
        "value": reliability(value),
        "outcome": outcome_name(results, str(outcome)),
        "wave": wave_word(results, str(wave)) if wave else "overall",
    }


def _number(facts: Mapping[str, Value], key: str) -> float | None:
    value = facts.get(key)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
