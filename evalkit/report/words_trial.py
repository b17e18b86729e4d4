"""What a trial found, in sentences: the answer, and each outcome."""

from collections.abc import Sequence

from evalkit.records.results import Rating, Results
from evalkit.report.numbers import end, fixed, interval, known, listed, score, size
from evalkit.report.trial_effects import Effect, effects, primary_effects
from evalkit.report.words_arms import (
    arm_label,
    in_arm,
    in_control,
    pupils_of,
    pupils_with,
    treated_arms,
)
from evalkit.report.words_change import DOWN, FIRM, UP, Verdict
from evalkit.report.words_names import inside, opening, score_facts
from evalkit.report.words_rating import months, months_range, months_size, padlocks

SIMULATED = "These data are simulated."
CONTEXT = "Figures of a published trial are shown as context only: nothing here was worked out from its data."
HIGHER: dict[Verdict, str] = {
    "rose_clearly": "scored higher on {name}",
    "rose": "scored higher on {name}",
    "rose_slightly": "scored only slightly higher on {name}",
    "fell_clearly": "scored lower on {name}",
    "fell": "scored lower on {name}",
    "fell_slightly": "scored only slightly lower on {name}",
    "may_have_risen": "may have scored higher on {name}",
    "may_have_fallen": "may have scored lower on {name}",
}
COMMON: dict[Verdict, str] = {
    "rose_clearly": "was more common",
    "rose": "was more common",
    "rose_slightly": "was only slightly more common",
    "fell_clearly": "was less common",
    "fell": "was less common",
    "fell_slightly": "was only slightly less common",
    "may_have_risen": "may have been more common",
    "may_have_fallen": "may have been less common",
}
SAME = {
    "number": "{pupils} scored about the same on {name} {a} and {b}",
    "yes_no": "“{label}” was about as common {a} as {b}{among}",
    "ordered": "{pupils} had about the same grades on {name} {a} and {b}",
}
UNCLEAR = {
    "number": "we cannot tell whether {pupils} scored higher or lower on {name} {a} than {b}",
    "yes_no": "we cannot tell whether “{label}” was more or less common {a} than {b}{among}",
    "ordered": "we cannot tell whether {pupils} had higher or lower grades on {name} {a} than {b}",
}
AGAIN_UNCLEAR = "we cannot tell for pupils {a}"
HIDDEN: dict[Verdict, str] = {
    "suppressed": "we cannot show the difference on {name}, because it rests on too few pupils",
    "not_estimated": "we could not work out the difference on {name}",
}
REASONS: dict[str, str] = {
    "likely": "as chance decided who got the programme, the programme is the likely reason",
    "possible": (
        "although chance decided who got the programme, the groups may no longer be alike, so the programme is only "
        "one possible reason"
    ),
    "not_drawn": ("nobody drew lots for the groups, so something other than the programme may be the reason"),
    "same": "any difference is smaller than the smallest one that would matter",
    "unclear": "because both fit what was measured",
    "may": "with several comparisons, one of them can look like this by chance",
}
REASONS_SEVERAL = {
    "not_drawn": "nobody drew lots for the groups, so something other than the programme may be the reason",
    "likely": "as chance decided who got the programme, it is the likely reason where the groups differ",
    "possible": (
        "although chance decided who got the programme, the groups may no longer be alike, so it is only one possible "
        "reason where they differ"
    ),
}
MATTERS = "an amount that matters"
CLEARLY = frozenset({"rose_clearly", "fell_clearly"})
MANY = 4
MANY_FOUND = "Of {all} comparisons, {parts}, so look at each one below."
BY_CHANCE = "We tested several outcomes, and one of them can look like this by chance."
LOWER_IS_BETTER = "On this measure a lower score is better{so}."
LIKELY = (
    "The likely range holds the differences that fit well with what was measured (a {level} confidence interval). "
    "Where it holds {zero}, both a gain and a loss fit."
)
STANDARD = (
    "A standard deviation says how far pupils' scores spread: most pupils lie within one of it from the middle. Small "
    "parts of it are used here, so that outcomes on different scales can stand side by side."
)


def trial_answer(results: Results) -> str:
    """The answer in one sentence, over the primary outcomes and all arms."""
    found = primary_effects(results)
    if not found:
        return "The results hold no difference between the groups."
    if len(found) > MANY:
        return _many(found)
    clauses: list[str] = []
    for place, one in enumerate(found):
        before = found[place - 1] if place else None
        clauses.append(_clause(results, one, alone=len(found) == 1, before=before))
    closing = _closing(results, found)
    first = "after matching, " if results.plan.design == "matched_comparison" else ""
    return f"{opening(first + listed(clauses))}{closing}."


def _many(found: Sequence[Effect]) -> str:
    kinds = (
        ("favour the programme", [one for one in found if favours(one) is True]),
        ("favour the comparison group", [one for one in found if favours(one) is False]),
        ("show about the same", [one for one in found if one.verdict == "same"]),
    )
    told = sum(len(group) for _, group in kinds)
    parts = [f"{len(group)} {words}" for words, group in kinds if group]
    if told < len(found):
        parts.append(f"for {len(found) - told} we cannot tell")
    return MANY_FOUND.format(all=len(found), parts=listed(parts))


def favours(effect: Effect) -> bool | None:
    """Whether a firm difference speaks for the programme; None when it is not firm or goes neither way."""
    if effect.verdict not in FIRM or effect.verdict == "same" or effect.neutral:
        return None
    return (effect.verdict in UP) is not effect.lower_is_better


def _clause(results: Results, one: Effect, *, alone: bool, before: Effect | None) -> str:
    """What to say of one difference; what the clause before it named already is not named again."""
    words = _words(results, one)
    if before is not None and words["pupils"] == group_pupils(results, before):
        words["pupils"] = "they"
    again = before is not None and before.outcome == one.outcome
    if again and one.verdict == "unclear":
        return AGAIN_UNCLEAR.format_map(words)
    if again and one.kind == "number":
        words["name"] = "it"
    if one.verdict in HIDDEN:
        return HIDDEN[one.verdict].format_map(words)
    if one.verdict == "same":
        return SAME[one.kind].format_map(words)
    if one.verdict == "unclear":
        return UNCLEAR[one.kind].format_map(words)
    amount = _amount(results, one) if alone and one.verdict in FIRM else ""
    by = ", ".join(part for part in (MATTERS if one.verdict in CLEARLY else "", amount) if part)
    worth = " (which is better here)" if _good(one) and one.lower_is_better else ""
    return f"{_difference(one, words)}{worth}{f', by {by}' if by else ''}"


def _good(one: Effect) -> bool:
    return (one.verdict in UP) is not one.lower_is_better


def _difference(one: Effect, words: dict[str, str]) -> str:
    if one.kind == "yes_no":
        return f"“{words['label']}” {COMMON[one.verdict]} {words['a']} than {words['b']}{words['among']}"
    verb = HIGHER[one.verdict].format_map(words)
    if one.kind == "ordered":
        verb = (
            verb.replace("scored higher", "had higher grades").replace("scored lower", "had lower grades")
            .replace("scored only slightly higher", "had only slightly higher grades")
            .replace("scored only slightly lower", "had only slightly lower grades")
        )  # fmt: skip
    return f"{words['pupils']} {verb} {words['a']} than {words['b']}"


def _words(results: Results, one: Effect) -> dict[str, str]:
    plan = results.plan
    whom = group_pupils(results, one)
    return {
        "pupils": whom,
        "among": "" if whom == "pupils" else f", among {whom}",
        "name": inside(one.label),
        "label": one.label,
        "a": in_arm(plan, one.arm),
        "b": in_control(plan),
    }


def group_pupils(results: Results, one: Effect) -> str:
    """Whom a difference is about, inside a sentence."""
    if one.subgroup in ("", "all"):
        return pupils_of(results, one.outcome)
    name, _, value = one.subgroup.partition(":")
    return pupils_with(results, name, (value.strip(),))


def _amount(results: Results, one: Effect) -> str:
    read = months(results, one.outcome, contrast=str(one.row["contrast"]))
    rated = padlocks(results, one.outcome)
    if read is not None and rated is not None:
        about = "about " if read.months else ""
        return f"{about}{months_size(read.months)} of progress ({rated.text})"
    if one.kind == "yes_no":
        return f"{size(one.estimate)} percentage points"
    return points(results, one) if one.kind == "number" else ""


def points(results: Results, one: Effect) -> str:
    """The size of a difference in the measure's own unit, without its sign."""
    return points_of_difference(results, one.outcome, one.estimate)


def points_of_difference(results: Results, outcome: str, value: float) -> str:
    """The size of any difference on an outcome's scale, in its own unit and without its sign."""
    facts = score_facts(results, outcome)
    text = score(abs(value), low=facts["low"], high=facts["high"])
    if not text.strip("0."):
        text = end(abs(value), 2)
    return f"{text} {unit_of(results, outcome)}"


def unit_of(results: Results, outcome: str) -> str:
    """What one point of an outcome is."""
    instrument = results.plan.outcome(outcome).instrument
    return next((measure.unit for measure in results.plan.measures if measure.id == instrument), "points")


def _closing(results: Results, found: Sequence[Effect]) -> str:
    verdicts = {one.verdict for one in found}
    if verdicts & set(FIRM) - {"same"} and len(found) == 1:
        joint = "and" if results.plan.is_trial else "but"
        return f", {joint} {REASONS[_reason(results)]}"
    if verdicts & set(FIRM) - {"same"}:
        return f"; {REASONS_SEVERAL[_reason(results)]}"
    if verdicts & {"may_have_risen", "may_have_fallen"}:
        return f", but {REASONS['may']}"
    if "same" in verdicts and "unclear" not in verdicts:
        return f": {REASONS['same']}"
    return f", {REASONS['unclear']}" if verdicts == {"unclear"} else ""


def _reason(results: Results) -> str:
    """How far the programme may be called the reason, from the checks on comparison and drop-out."""
    if not results.plan.is_trial:
        return "not_drawn"
    ratings: dict[str, Rating] = {one.name: one.rating for one in results.checks}
    weak = ratings.get("comparison") == "weak" or ratings.get("drop_out") in ("weak", "unknown")
    return "possible" if weak else "likely"


def describe_effect(results: Results, one: Effect) -> str:
    """What happened on one outcome, in two or three sentences."""
    words = _words(results, one)
    if one.verdict in HIDDEN:
        return f"{opening(HIDDEN[one.verdict].format_map(words))}.{_why(one)}"
    if one.verdict == "same":
        text = SAME[one.kind].format_map(words)
    elif one.verdict == "unclear":
        text = UNCLEAR[one.kind].format_map(words)
    else:
        text = _difference(one, words) + (f", by {MATTERS}" if one.verdict in CLEARLY else "")
    parts = [f"{opening(text)}: {_figures(results, one)}."]
    read = months(results, one.outcome, subgroup=one.subgroup, contrast=str(one.row["contrast"]))
    rated = padlocks(results, one.outcome)
    if read is not None and rated is not None:
        parts.append(f"In months of progress the likely range goes from {months_range(read)} ({rated.text}).")
    if one.verdict in ("may_have_risen", "may_have_fallen"):
        parts.append(BY_CHANCE)
    if one.lower_is_better:
        so = ""
        if one.verdict in UP | DOWN:
            so = ", so this is good news" if _good(one) else ", so this is not good news"
        parts.append(LOWER_IS_BETTER.format(so=so))
    return " ".join(parts)


def _figures(results: Results, one: Effect) -> str:
    spread = interval(one.low, one.high, digits=_digits(results, one))
    if one.kind == "ordered":
        return f"the odds of a higher grade were {fixed(one.estimate, 2)} times as high (likely range {spread})"
    unit = "percentage points" if one.kind == "yes_no" else unit_of(results, one.outcome)
    way = "more" if one.estimate > 0 else "fewer"
    if one.kind == "number":
        way = "higher" if one.estimate > 0 else "lower"
        amount = f"{points(results, one)} {way}"
    else:
        amount = f"{size(one.estimate)} {unit} {way}"
    g = f"; {fixed(one.size, 2)} of a standard deviation" if known(one.size) else ""
    return f"our figure is {amount} (likely range {spread}{g})"


def _digits(results: Results, one: Effect) -> int:
    if one.kind != "number":
        return 2 if one.kind == "ordered" else 1
    facts = score_facts(results, one.outcome)
    return 2 if facts["high"] - facts["low"] < 10 else 1


def _why(one: Effect) -> str:
    reason = str(one.row.get("reason") or "").strip()
    return f" {reason}" if reason and one.verdict == "not_estimated" else ""


def effects_finding(results: Results, found: Sequence[Effect]) -> str:
    """The title of the main picture: what it shows, in a few words."""
    primary = [one for one in found if one.primary] or list(found)
    groups = (
        ("better {in_favour}", [one for one in primary if favours(one) is True]),
        ("worse {in_favour}", [one for one in primary if favours(one) is False]),
        ("higher {in_favour}", [one for one in primary if one.neutral and one.verdict in FIRM and one.verdict in UP]),
        ("lower {in_favour}", [one for one in primary if one.neutral and one.verdict in FIRM and one.verdict in DOWN]),
        ("about the same", [one for one in primary if one.verdict == "same"]),
        ("perhaps different, after several tests unsure,", [one for one in primary if one.verdict.startswith("may")]),
        ("we cannot tell", [one for one in primary if one.verdict == "unclear"]),
    )
    parts = [
        f"{words.replace(' {in_favour}', ' with the programme')} on {_names(results, group)}"
        for words, group in groups
        if group
    ]
    return opening("; ".join(parts)) if parts else "No difference can be shown"


def _names(results: Results, group: Sequence[Effect]) -> str:
    several = len(treated_arms(results.plan)) > 1
    names = [
        f"{inside(one.label)} (“{arm_label(results.plan, one.arm)}”)" if several else inside(one.label) for one in group
    ]
    names = list(dict.fromkeys(names))
    return listed(names) if len(names) <= MANY else f"{len(names)} outcomes"


def likely_sentence(results: Results) -> str:
    """What the likely range is."""
    ratio = any(one.is_ratio for one in effects(results))
    zero = "0 (or 1, for grades)" if ratio else "0"
    return LIKELY.format(level=f"{fixed(100 * results.plan.conf_level, 0)}%", zero=zero)
