"""What a school's page and letter say: its own figures, how unsure they are, what to do next."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from evalkit.records.place_results import PlaceFigure, PlaceResults
from evalkit.records.results import Results
from evalkit.report.numbers import count, end, fixed, interval, known, listed, signed
from evalkit.report.words_arms import arm_label
from evalkit.report.words_change import LOWER_IS_BETTER
from evalkit.report.words_names import (
    inside,
    lower_is_better,
    measured_facts,
    opening,
    outcome_label,
    outcome_name,
    own_unit,
    score_facts,
)

Place = Literal["above", "below", "unclear"]
SUBTITLE = "Your school in the evaluation “{title}”"
OWN_CHANGE = "On {name}, your {n} pupils {moved}{scale}. In all schools together, pupils {all_moved}."
OWN_LEVEL = "On {name}, your {n} pupils reached {after} {unit} on average. {Peers} reached {all_after}."
MOVED = "went from {before} to {after}"
SCALE = " on a scale from 0, the lowest possible score, to 100, the highest"
MEASURED_SCALE = " {unit}"
CHANGE_OF: dict[Place, str] = {
    "above": "This change is above that of the average school, by more than chance alone would explain.",
    "below": "This change is below that of the average school, by more than chance alone would explain.",
    "unclear": "We cannot tell whether this change is above or below that of the average school.",
}
LEVEL_OF: dict[Place, str] = {
    "above": "That is higher than we would expect of pupils like yours, by more than chance alone would explain.",
    "below": "That is lower than we would expect of pupils like yours, by more than chance alone would explain.",
    "unclear": "So far as chance lets us tell, this fits what we would expect of pupils like yours.",
}
ALLOWING = (
    "Allowing for chance, the change at your school is about {value} {unit} (likely range {range}). That is {apart} "
    "that of the average school (likely range {spread})."
)
EXPECTED = "Allowing for chance, your pupils are {apart} what we would expect of them (likely range {spread})."
NONE = "On {name} there are no figures of your school. {reason}"
UNSURE = (
    "A single school has few pupils, and a few good or bad days move its figures. A likely range shows how far the "
    "true figure may lie from the one printed.",
    "“Allowing for chance” means that your figure was drawn towards the average school, the more so the fewer pupils "
    "stand behind it. Over all schools, figures made in this way are nearer to the truth than plain averages.",
    "What the programme does can only be seen over all schools together. Your own figures are no verdict on your "
    "school or its staff, and no league table can be made from them.",
)
EXPECTATION = (
    "“What we would expect” is what pupils of the same group with the same starting point, as far as it was measured, "
    "reached on average over all schools."
)
ONE_GROUP = (
    "Nobody without the programme was measured. Pupils also change because they grow older, so a change is not yet "
    "what the programme did."
)
WITHOUT = "What the programme does can only be seen over all schools together."
CONTROL = (
    "Your school was in the comparison group. Its pupils show what happens without the programme, and without them "
    "nobody could tell what the programme does."
)
STEPS = {
    "programme": "Decide about the programme by its answer over all schools, not by your own figures.",
    "programme_only": "Decide about the programme by its answer over all schools.",
    "above": (
        "Ask your staff what they did on {names} that other schools may not have done, and tell the programme's team."
    ),
    "below": (
        "Look with your staff at how {names} went at your school: who took part, how often, and what got in the way. "
        "Look for reasons, not for somebody to blame."
    ),
    "unclear": (
        "Do not read a success or a failure into your own figures: chance alone could have set them apart from those "
        "of the average school."
    ),
    "few": (
        "See that more pupils are there each time. With {threshold} or more who have a score each time, figures of "
        "your own can be shown."
    ),
    "share": "Show the programme's answer to staff and governors, and say how unsure a single school's figures are.",
    "share_only": "Show the programme's answer to staff and governors.",
    "own": "Keep this page within your school. No other school is shown your figures, and you are not shown theirs.",
    "own_and_hub": (
        "Keep this page within your school. The lead of your hub is shown your figures too, as the schools agreed; no "
        "other school is."
    ),
}
GREETING = "To the head of {name}"
THANKS = "Thank you for taking part in {programme}."
CONTROL_THANKS = "Thank you for taking part in the evaluation of {programme}."
ANSWER_INTRO = "What the whole programme found:"
OWN_INTRO = "Your own school:"
NO_OWN = "We have no figures of your school that can be shown."
LETTER_CAUTION = (
    "Please read these figures with care. A single school has few pupils, so its figures move by chance, and they are "
    "no verdict on your school. What counts is the answer over all schools."
)
ENCLOSED = "The page about your school has the picture, the table and how to read them."
ENCLOSED_WITHOUT = "The page about your school says why there are no figures of it, and what to do next."


@dataclass(frozen=True, slots=True)
class Shown:
    """How an outcome's points are told: (points - low) * factor, in `unit` (a gap: `gap_unit`)."""

    low: float
    factor: float
    unit: str
    gap_unit: str
    digits: int
    is_percent: bool

    def score(self, points: float) -> str:
        """A mean."""
        return fixed((points - self.low) * self.factor, self.digits)

    def difference(self, points: float) -> str:
        """A change or a gap, with its sign."""
        return signed(points * self.factor, self.digits)

    def apart(self, points: float) -> str:
        """How far above or below something: "0.2 points below", "in line with"."""
        size = fixed(abs(points) * self.factor, self.digits)
        if not size.strip("0."):
            return "in line with"
        return f"{size} {self.gap_unit} {'above' if points > 0 else 'below'}"

    def apart_range(self, low: float, high: float) -> str:
        """Both ends of the likely range of `apart`: "1.1 below to 0.7 above"."""
        if low < 0 < high:
            below, above = (end(abs(one) * self.factor, self.digits) for one in (low, high))
            return f"{below} below to {above} above"
        return f"{self.range(low, high)} above" if low >= 0 else f"{self.range(-high, -low)} below"

    def range(self, low: float, high: float) -> str:
        """Both ends of a likely range."""
        return interval(low * self.factor, high * self.factor, digits=self.digits)


def shown_as(results: Results, outcome: str) -> Shown:
    """Questionnaires on a scale from 0 to 100, measured numbers as they are."""
    facts = score_facts(results, outcome)
    low, high = float(facts["low"]), float(facts["high"])
    measured = measured_facts(results, outcome)
    if measured is None:
        return Shown(low, 100 / (high - low), "points", "points", 1, is_percent=True)
    return Shown(
        0.0,
        1.0,
        str(measured.get("unit") or "points"),
        own_unit(results, outcome),
        2 if high - low < 20 else 1,
        is_percent=False,
    )


def place_of(figure: PlaceFigure) -> Place:
    """Whether a school lies above or below the average school beyond chance."""
    if figure.beside_low > 0:
        return "above"
    return "below" if figure.beside_high < 0 else "unclear"


def with_numbers(school: PlaceResults) -> list[PlaceFigure]:
    """The figures that are shown."""
    return [one for one in school.figures if known(one.beside)]


def in_order(results: Results, figures: Sequence[PlaceFigure]) -> list[PlaceFigure]:
    """Primary outcomes first."""
    return sorted(figures, key=lambda one: results.plan.outcome(one.outcome).role != "primary")


def own_sentences(results: Results, school: PlaceResults, figure: PlaceFigure) -> str:
    """Everything about one outcome at the school."""
    if not known(figure.beside):
        return NONE.format(name=outcome_name(results, figure.outcome), reason=figure.reason)
    told = [_means(results, school, figure), _allowing(results, figure)]
    told.append((CHANGE_OF if figure.kind == "change" else LEVEL_OF)[place_of(figure)])
    return " ".join([*told, LOWER_IS_BETTER] if lower_is_better(results, figure.outcome) else told)


def short_sentences(results: Results, school: PlaceResults, figure: PlaceFigure) -> str:
    """The same for the letter, without the likely range of the mean's parts."""
    told = [_means(results, school, figure), (CHANGE_OF if figure.kind == "change" else LEVEL_OF)[place_of(figure)]]
    return " ".join([*told, LOWER_IS_BETTER] if lower_is_better(results, figure.outcome) else told)


def _means(results: Results, school: PlaceResults, figure: PlaceFigure) -> str:
    shown, name = shown_as(results, figure.outcome), outcome_name(results, figure.outcome)
    if figure.kind == "change":
        scale = SCALE if shown.is_percent else MEASURED_SCALE.format(unit=shown.unit)
        return OWN_CHANGE.format(
            name=name,
            n=count(figure.n),
            moved=MOVED.format(before=shown.score(figure.before), after=shown.score(figure.after)),
            scale=scale,
            all_moved=MOVED.format(before=shown.score(figure.schools_before), after=shown.score(figure.schools_after)),
        )
    return OWN_LEVEL.format(
        name=name, n=count(figure.n), after=shown.score(figure.after), unit=shown.unit,
        Peers=opening(peers(results, school)), all_after=shown.score(figure.schools_after),
    )  # fmt: skip


def peers(results: Results, school: PlaceResults) -> str:
    """With whom the school's pupils are set side by side."""
    if not school.arm:
        return "pupils of all schools"
    return f"all pupils of “{arm_label(results.plan, school.arm)}”"


def _allowing(results: Results, figure: PlaceFigure) -> str:
    return (ALLOWING if figure.kind == "change" else EXPECTED).format(**allowing_facts(results, figure))


def allowing_facts(results: Results, figure: PlaceFigure) -> dict[str, str]:
    """What a sentence on a figure that allows for chance is filled with."""
    shown = shown_as(results, figure.outcome)
    facts = {
        "apart": shown.apart(figure.beside), "spread": shown.apart_range(figure.beside_low, figure.beside_high),
    }  # fmt: skip
    if figure.kind == "change":
        facts |= {"value": shown.difference(figure.value), "unit": shown.gap_unit}
        facts["range"] = shown.range(figure.low, figure.high)
    return facts


def cautions(results: Results, school: PlaceResults) -> list[str]:
    """How to read the figures of one school."""
    first = [CONTROL] if is_control(results, school) else []
    return [*first, *how_unsure(results, school, UNSURE), *([] if results.plan.has_groups else [ONE_GROUP])]


def how_unsure(results: Results, place: PlaceResults, told: Sequence[str]) -> list[str]:
    """How to read figures; where none is shown, only that the programme is judged over all schools."""
    if not with_numbers(place):
        return [WITHOUT]
    return [*told, EXPECTATION] if results.plan.has_groups else list(told)


def is_control(results: Results, school: PlaceResults) -> bool:
    """Whether the school was in the comparison group."""
    return results.plan.has_groups and school.arm == results.plan.control.id


def school_steps(results: Results, school: PlaceResults) -> list[str]:
    """What a head can do next."""
    figures = with_numbers(school)
    by_place: dict[Place, list[str]] = {}
    for one in figures:
        by_place.setdefault(place_of(one), []).append(inside(outcome_label(results, one.outcome)))
    hubs = results.plan.data.hubs if results.plan.data else None
    closing = [
        STEPS["share" if figures else "share_only"],
        STEPS["own_and_hub" if hubs and hubs.schools_named else "own"],
    ]
    steps = [STEPS["programme" if figures else "programme_only"]]
    if is_control(results, school):
        return [*steps, *closing]
    steps += [STEPS[place].format(names=listed(by_place[place])) for place in ("above", "below") if place in by_place]
    if set(by_place) == {"unclear"}:
        steps.append(STEPS["unclear"])
    if not figures:
        steps.append(STEPS["few"].format(threshold=count(results.plan.suppression_threshold)))
    return [*steps, *closing]
