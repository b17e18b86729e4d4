"""Sentences about a survey of staff: the answer, each question, who answered, what changed, what a reader must know."""

from collections.abc import Sequence

from evalkit.records.results import Caveat, Check, Results
from evalkit.report import words_figures
from evalkit.report.numbers import bare_p, count, fixed, interval, known, listed, part, share, signed
from evalkit.report.reported import Reported, printed_value, reported_figures
from evalkit.report.rows import records
from evalkit.report.staff_answers import Question, change_digits, last_wave, occasions, questions, response_text

LIMITS: dict[str, str] = {
    "opinions_only": "These are opinions of staff. They do not measure what pupils learned.",
    "no_comparison_group": "There is no group without the programme, so this cannot say that the programme did it.",
    "those_who_answer": "Those who answer may think differently from those who do not.",
    "social_desirability": "People may give the answer that they think is wanted.",
}
WARNINGS: dict[str, str] = {
    "response_unknown": "How many were asked is not known for every question, so there is no full response rate.",
    "low_response": "Many did not answer: the lowest response was {response} of those asked.",
    "in_schools": (
        "Staff of one school tend to answer alike. The likely ranges allow for that ({count} schools); with few "
        "schools they are rough."
    ),
    "other_people": "Nobody is known again, so it may be other people who answered the next time.",
    "not_validated": "Nobody has yet shown that “{instrument}” measures what it says.",
    "one_or_more_suppressed": (
        "Where an answer of fewer than {threshold} people could be worked out, numbers are not shown."
    ),
    "n_unknown": (
        "For {count} of {n} printed percentages it is not published how many people answered, so we cannot say how far "
        "chance goes there."
    ),
    "able_unknown": words_figures.WARNINGS["able_unknown"],
}
CAVEATS = LIMITS | WARNINGS
CHECKS: dict[tuple[str, str], str] = {
    ("comparison", "weak"): "Only those in the programme were asked, so there is nothing to compare with.",
    (
        "size",
        "strong",
    ): "{n} people or more answered. The true share is likely to be within {half_width} points of ours.",
    (
        "size",
        "fair",
    ): "{n} people or more answered. The true share could be up to {half_width} points higher or lower.",
    ("size", "weak"): "Few people, or few schools: the true share could be {half_width} points higher or lower.",
    ("size", "unknown"): "It is not published how many people the percentages rest on.",
    ("drop_out", "strong"): "Nearly all who were asked answered (the lowest response was {response}).",
    ("drop_out", "fair"): "Most of those who were asked answered (the lowest response was {response}).",
    ("drop_out", "weak"): "Many of those who were asked did not answer (the lowest response was {response}).",
    ("drop_out", "unknown"): "We do not know how many were asked.",
    ("measure", "weak"): "Single questions, not a tested scale.",
    ("measure", "unknown"): "How the questions were asked is not published.",
    ("delivery", "unknown"): "We were not told how much of the programme took place.",
}
RANGE = (
    "The likely range is the range of true shares that fit well with these answers (a {level} interval). It allows for "
    "chance{schools}, not for those who did not answer."
)
NET = (
    "The recommend score is the percentage who gave 9 or 10 less the percentage who gave 0 to 6; it runs from −100 to "
    "+100."
)
MOST_AGREED, MOST_OF_SHOWN = "Most agreed", "Of the questions that may be shown, most agreed"
TOO_FEW = "Too few people answered to show what they said."


def answer(results: Results) -> str:
    """The answer in a sentence or two."""
    wave = last_wave(results)
    if not wave:
        return _answer_of_figures(reported_figures(results))
    asked = [one for one in questions(results, wave=wave) if one.kind == "agreement"]
    shown = [one for one in asked if not one.hidden]
    net = next((one for one in questions(results, wave=wave) if one.kind == "recommend" and not one.hidden), None)
    if not shown:
        return TOO_FEW if not asked else f"{asked[0].label}: {asked[0].row['reason']}"
    ends = sorted(shown, key=lambda one: float(one.row["estimate"]))
    told = f"{ends[-1].label}: {_of(ends[-1])} agreed."
    if len(ends) > 1:
        most = MOST_AGREED if len(shown) == len(asked) else MOST_OF_SHOWN
        told = f"{most}: {_inside(ends[-1].label)}, {_of(ends[-1])}. Least: {_inside(ends[0].label)}, {_of(ends[0])}."
    return told if net is None else f"{told} Recommend score: {net.value}."


def _of(one: Question) -> str:
    """The share and its fraction without brackets."""
    return one.value.replace(" (", ", ").removesuffix(")")


def _inside(label: str) -> str:
    return label[:1].lower() + label[1:] if label[1:2].islower() else label


def _answer_of_figures(found: Sequence[Reported]) -> str:
    shown = [one for one in found if one.figure.kind == "percent" and not one.suppressed]
    if not shown:
        return TOO_FEW
    known_n = [one for one in shown if one.n_known]
    parts = [f"{one.figure.label}: {printed_value(one.figure)}" for one in shown[:3]]
    rest = len(shown) - len(parts)
    told = f"{'; '.join(parts)}."
    if rest:
        told = f"{told[:-1]}; and {count(rest)} further {'percentage' if rest == 1 else 'percentages'}."
    if len(known_n) == len(shown):
        return told
    if known_n:
        without = count(len(shown) - len(known_n))
        return f"{told} For {without} of {count(len(shown))} percentages it is not published how many answered."
    return f"{told} It is not published how many answered, so we cannot tell how far chance goes."


def describe(one: Question) -> str:
    """One question at one wave in a sentence."""
    if one.hidden:
        return f"{one.label}: {one.row['reason']}"
    unit = "%" if one.kind == "agreement" else ""
    digits = 1 if one.kind == "mean" else 0
    likely = interval(one.row["conf_low"], one.row["conf_high"], digits=digits)
    if one.kind == "agreement":
        return f"{one.label}: {one.value} agreed; likely range {likely}{unit}."
    name = "score" if one.kind == "recommend" else "mean"
    return f"{one.label}: {name} {one.value} from {count(one.n)} answers; likely range {likely}."


def occasion_sentences(results: Results) -> list[str]:
    """What changed from the first to the last occasion."""
    labels = {one.id: one.label for one in results.plan.outcomes}
    told: list[str] = []
    for row in occasions(results):
        label = labels[row["outcome"]]
        if row["status"] != "ok":
            told.append(f"{label}: {row['reason']}")
            continue
        points = "percentage points" if row["unit"] == "percentage_points" else "points"
        digits = change_digits(results, str(row["outcome"]))
        likely = interval(row["conf_low"], row["conf_high"], digits=digits)
        verdict = "a clear change" if row["conf_low"] > 0 or row["conf_high"] < 0 else "no clear change"
        told.append(
            f"{label}: {signed(row['estimate'], digits)} {points} (likely range {likely}, "
            f"p {bare_p(row['p_value'], equals=True)}): {verdict}."
        )
    return told


def response_sentences(results: Results) -> list[str]:
    """Who answered, by occasion."""
    if "response" not in results.displays:
        return []
    return [f"{row['label']}: {response_text(row)} answered." for row in records(results.displays["response"])]


def theme_sentences(results: Results) -> list[str]:
    """Themes of comments, as counts; never the comments."""
    rows = records(results.displays["themes"])
    waves = {one.id: one.label for one in results.plan.waves}
    told: list[str] = []
    for wave in dict.fromkeys(str(row["wave"]) for row in rows):
        mine = [row for row in rows if row["wave"] == wave]
        shown = [f"{row['label']} {part(row['count'], row['n'])}" for row in mine if known(row["count"])]
        few = [str(row["label"]) for row in mine if not known(row["count"])]
        sentence = (
            f"{waves[wave]}, {count(mine[0]['n'])} comments: {listed(shown) if shown else 'no theme can be shown'}."
        )
        hidden = f" In too few comments to show, or in nearly all: {listed(few)}." if few else ""
        told.append(sentence + hidden)
    return told


def feedback_caveat(results: Results, caveat: Caveat) -> str:
    """The sentence for a caveat."""
    words = {name: fixed(float(value), 0) for name, value in caveat.facts.items() if isinstance(value, int | float)}
    words |= {name: value for name, value in caveat.facts.items() if isinstance(value, str)}
    words["threshold"] = count(results.plan.suppression_threshold)
    if "response" in caveat.facts:
        words["response"] = share(float(str(caveat.facts["response"])))
    return CAVEATS[caveat.kind].format_map(words)


def feedback_check(check: Check) -> str:
    """Why a check has its rating."""
    words = {name: fixed(float(value), 0) for name, value in check.facts.items() if isinstance(value, int | float)}
    response = check.facts.get("response")
    if isinstance(response, float):
        words["response"] = share(response)
    return CHECKS[(check.name, check.rating)].format_map(words)


def range_sentence(results: Results) -> str:
    """What the likely range is."""
    schools = " and for staff of one school answering alike" if results.plan.clusters else ""
    return RANGE.format(level=share(results.plan.conf_level), schools=schools)


def next_steps(results: Results) -> list[str]:
    """What to do next, the most useful first."""
    steps: list[str] = []
    wave = last_wave(results)
    shown = [one for one in questions(results, wave=wave) if one.kind == "agreement" and not one.hidden] if wave else []
    if shown:
        least = min(shown, key=lambda one: float(one.row["estimate"]))
        steps.append(f"Ask staff why “{least.label}” got the least agreement, and decide what to change.")
    unknown = [one for one in reported_figures(results) if not one.n_known and not one.suppressed]
    if unknown:
        steps.append(
            "Find out how many answered, and write the numbers into the plan. From then on print every share with its "
            "fraction."
        )
    if any(one.kind in ("response_unknown", "low_response") for one in results.caveats):
        steps.append("Next time write down how many are asked, and remind those who have not answered.")
    if wave and len(results.plan.waves) < 2:
        steps.append("Ask the same questions again after some months.")
    steps.append(
        "To learn whether pupils gained, measure pupils, before and after and beside like pupils without the programme."
    )
    return steps
