"""What things are called in a sentence: outcomes, waves, measures."""

from collections.abc import Mapping, Sequence
from typing import Any

from evalkit.records.results import Results
from evalkit.report.numbers import listed

PROPER = frozenset({"English", "Welsh", "French", "German", "Spanish", "Latin", "Key", "GCSE", "British", "Year"})
STATISTICS = {"alpha": "Cronbach's alpha", "omega": "McDonald's omega", "retest_r": "retest correlation"}


def inside(label: str) -> str:
    """A label as it stands inside a sentence: small first letter, but for names and capitals.

    >>> inside("Self-efficacy"), inside("English reading"), inside("SDQ total")
    ('self-efficacy', 'English reading', 'SDQ total')
    """
    first = label.split(" ", 1)[0]
    if first.rstrip(",;:") in PROPER or (len(first) > 1 and not first[1:].islower() and first[1] not in "-'"):
        return label
    return label[:1].lower() + label[1:]


def opening(text: str) -> str:
    """A text with a capital first letter, to open a sentence."""
    return text[:1].upper() + text[1:]


def outcome_label(results: Results, outcome: str) -> str:
    """The label of an outcome, as a heading or a cell shows it."""
    return results.plan.outcome(outcome).label


def outcome_name(results: Results, outcome: str) -> str:
    """The label of an outcome, as a sentence shows it."""
    return inside(outcome_label(results, outcome))


def scale_label(results: Results, scale: str) -> str:
    """The label of the outcome that a scale (instrument.score) stands for."""
    labels = [outcome.label for outcome in results.plan.outcomes if outcome.scale == scale]
    return labels[0] if labels else scale


def wave_word(results: Results, wave: str) -> str:
    """`before` or `after`, from a wave's id."""
    return "before" if wave == results.plan.waves[0].id else "after"


def instrument_title(results: Results, instrument: str) -> str:
    """The full title of a questionnaire."""
    return str(results.instruments[instrument]["title"])


def score_facts(results: Results, outcome: str) -> Mapping[str, Any]:
    """What is known of an outcome's score: label, range, direction, published reliabilities."""
    planned = results.plan.outcome(outcome)
    return results.instruments[planned.instrument]["scores"][planned.score]


def measured_facts(results: Results, outcome: str) -> Mapping[str, Any] | None:
    """What is known of an outcome that is a measured number; None where it is a score of a questionnaire."""
    return results.instruments[results.plan.outcome(outcome).instrument].get("measure")


def asks_questions(results: Results) -> bool:
    """Whether any outcome comes from a questionnaire."""
    return any(measured_facts(results, outcome.id) is None for outcome in results.plan.outcomes)


def answered(results: Results) -> str:
    """What pupils did each time, as a participle: answered, or measured where nobody was asked anything."""
    return "answered" if asks_questions(results) else "measured"


def own_unit(results: Results, outcome: str) -> str:
    """The unit of a measured number, as a sentence uses it."""
    unit = str((measured_facts(results, outcome) or {}).get("unit") or "points")
    return "percentage points" if unit.casefold() in ("percent", "per cent", "%") else unit


def lower_is_better(results: Results, outcome: str) -> bool:
    """Whether a fall of this score is good news."""
    return score_facts(results, outcome).get("higher_is") == "worse"


def statistic_name(stat: str) -> str:
    """The name of a reliability."""
    return STATISTICS.get(stat, stat)


def together(told: Sequence[tuple[str, str]]) -> list[str]:
    """Sentences that say the same of several outcomes, put together.

    Parameters
    ----------
    told : (name, sentence) of each outcome; a sentence begins with "On NAME, "

    Examples
    --------
    >>> together([("grit", "On grit, nobody left."), ("hope", "On hope, nobody left.")])
    ['On grit and hope, nobody left.']
    """
    names: dict[str, list[str]] = {}
    for name, sentence in told:
        names.setdefault(sentence.removeprefix(f"On {name}, "), []).append(name)
    return [f"On {listed(group)}, {rest}" for rest, group in names.items()]
