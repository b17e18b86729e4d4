"""What the page of a hub or a trust says: its own figures, its schools, how unsure both are, what to do next."""

from evalkit.records.place_results import PlaceFigure, PlaceResults
from evalkit.records.results import Results
from evalkit.records.standards import load_standards
from evalkit.report.numbers import count, known, listed
from evalkit.report.words_arms import arm_label
from evalkit.report.words_change import LOWER_IS_BETTER
from evalkit.report.words_names import inside, lower_is_better, opening, outcome_label, outcome_name
from evalkit.report.words_school import (
    MEASURED_SCALE,
    MOVED,
    ONE_GROUP,
    SCALE,
    Place,
    allowing_facts,
    how_unsure,
    is_control,
    peers,
    place_of,
    shown_as,
    with_numbers,
)

SUBTITLE = "Your {level} in the evaluation “{title}”"
TAKING_PART = "{schools} of your {level} {are} in the data of this evaluation{arms}."
IN_ARMS = ": {arms}"
IN_ARM = "{k} in “{arm}”"
IN_SEVERAL = "{k} with pupils in several groups"
OWN_CHANGE = "On {name}, the {n} pupils of {schools} {moved}{scale}. In all schools together, pupils {all_moved}."
OWN_LEVEL = "On {name}, the {n} pupils of {schools} reached {after} {unit} on average. {Peers} reached {all_after}."
ALLOWING = (
    "Allowing for chance, the change in your {level} is about {value} {unit} (likely range {range}). That is {apart} "
    "that of the average {level} (likely range {spread})."
)
EXPECTED = (
    "Allowing for chance, the pupils of your {level} are {apart} what we would expect of them (likely range {spread})."
)
CHANGE_OF: dict[Place, str] = {
    "above": "This change is above that of the average {level}, by more than chance alone would explain.",
    "below": "This change is below that of the average {level}, by more than chance alone would explain.",
    "unclear": "We cannot tell whether this change is above or below that of the average {level}.",
}
LEVEL_OF: dict[Place, str] = {
    "above": "That is higher than we would expect of pupils like these, by more than chance alone would explain.",
    "below": "That is lower than we would expect of pupils like these, by more than chance alone would explain.",
    "unclear": "So far as chance lets us tell, this fits what we would expect of pupils like these.",
}
NONE = "On {name} there are no figures of your {level}. {reason}"
NAMED_INTRO = {
    "hub": "The schools agreed that you see which is which. Each stands here as on its own page.",
    "trust": "Each school of your trust stands here as on its own page.",
}
NONE_NAMED = "No school of your {level} has figures that may be shown here."
UNNAMED_INTRO = (
    "In the picture above your schools are dots without names. A school's figures are its own: ask your schools "
    "whether they want to show one another their pages."
)
NO_DOTS = (
    "Your schools are not drawn one by one, because fewer than {fewest} of them have figures that may be shown, and "
    "among so few one could guess which is which."
)
KEPT_BACK = (
    "On {name}, {k} of your schools {stand} here without figures: a school with fewer than {threshold} pupils, or one "
    "from which such a school's figures could be worked out."
)
UNSURE = (
    "A {level} has few schools, and what happens at one of them moves its figures. A likely range shows how far the "
    "true figure may lie from the one printed.",
    "“Allowing for chance” means that a figure was drawn towards the average, the more so the fewer pupils and schools "
    "stand behind it. Over all {level}s, figures made in this way are nearer to the truth than plain averages.",
    "What the programme does can only be seen over all schools together. These figures are no verdict on your {level}, "
    "its schools or their staff. Do not rank schools by them: most of their order is chance.",
)
CONTROL = (
    "The schools of your {level} were in the comparison group. Their pupils show what happens without the programme, "
    "and without them nobody could tell what the programme does."
)
BOTH = (
    "Your {level} has schools in more than one group. Its figures are over all of them, each pupil beside what is "
    "expected in its own group. The gap between the groups within one {level} is far too unsure to say what the "
    "programme does."
)
STEPS = {
    "programme": "Decide about the programme by its answer over all schools, not by the figures of your {level}.",
    "programme_only": "Decide about the programme by its answer over all schools.",
    "above": "Ask your schools what they did on {names} that others may not have done, and tell the programme's team.",
    "below": (
        "Look with your schools at how {names} went: who took part, how often, and what got in the way. Look for "
        "reasons, not for somebody to blame."
    ),
    "unclear": (
        "Do not read a success or a failure into these figures: chance alone could have set them apart from those of "
        "the average {level}."
    ),
    "few": "See that more pupils are there each time: {threshold} or more at each school who have a score each time.",
    "talk": "Begin with a talk, not with the numbers: ask the schools what they see in their own pages.",
    "hub": "Keep this page to those who lead your hub. No other hub is shown it, and you are not shown theirs.",
    "trust": "Keep this page within your trust. No other trust is shown it, and you are not shown theirs.",
}


def taking_part(results: Results, place: PlaceResults) -> str:
    """How many schools of the place are in the data, and in which groups."""
    parts = [
        IN_ARM.format(k=count(k), arm=arm_label(results.plan, arm)) if arm else IN_SEVERAL.format(k=count(k))
        for arm, k in place.arms.items()
    ]
    arms = ""
    if results.plan.has_groups:
        all_in = f", {'' if place.schools == 1 else 'all '}in “{arm_label(results.plan, place.arm)}”"
        arms = all_in if place.arm else IN_ARMS.format(arms=listed(parts))
    schools, are = ("school", "is") if place.schools == 1 else ("schools", "are")
    told = f"{count(place.schools)} {schools}"
    return TAKING_PART.format(schools=told, level=place.level, are=are, arms=arms)


def own_sentences(results: Results, place: PlaceResults, figure: PlaceFigure) -> str:
    """Everything about one outcome at the place."""
    name = outcome_name(results, figure.outcome)
    if not known(figure.beside):
        return NONE.format(name=name, level=place.level, reason=figure.reason)
    shown, schools = shown_as(results, figure.outcome), _of_schools(place, figure)
    if figure.kind == "change":
        told = OWN_CHANGE.format(
            name=name, n=count(figure.n), schools=schools,
            moved=MOVED.format(before=shown.score(figure.before), after=shown.score(figure.after)),
            scale=SCALE if shown.is_percent else MEASURED_SCALE.format(unit=shown.unit),
            all_moved=MOVED.format(before=shown.score(figure.schools_before), after=shown.score(figure.schools_after)),
        )  # fmt: skip
        sentence, verdict = ALLOWING, CHANGE_OF
    else:
        told = OWN_LEVEL.format(
            name=name, n=count(figure.n), schools=schools, after=shown.score(figure.after), unit=shown.unit,
            Peers=opening(peers(results, place)), all_after=shown.score(figure.schools_after),
        )  # fmt: skip
        sentence, verdict = EXPECTED, LEVEL_OF
    allowing = sentence.format(level=place.level, **allowing_facts(results, figure))
    parts = [told, allowing, verdict[place_of(figure)].format(level=place.level)]
    return " ".join([*parts, LOWER_IS_BETTER] if lower_is_better(results, figure.outcome) else parts)


def _of_schools(place: PlaceResults, figure: PlaceFigure) -> str:
    """Of how many of its schools: "your 6 schools", "5 of your 6 schools", "your school"."""
    if place.schools == 1:
        return "your school"
    some = "" if figure.schools == place.schools else f"{count(figure.schools)} of "
    return f"{some}your {count(place.schools)} schools"


def schools_intro(place: PlaceResults) -> str:
    """Whether the schools of the place are named, and why not where not."""
    if place.named:
        told = NAMED_INTRO[place.level] if any(one.members for one in place.figures) else NONE_NAMED
        return told.format(level=place.level)
    if any(one.members for one in with_numbers(place)):
        return UNNAMED_INTRO
    return NO_DOTS.format(fewest=count(load_standards().methods.fewest_schools_shown.value))


def kept_back(results: Results, place: PlaceResults) -> list[str]:
    """How many schools stand without figures, outcome by outcome."""
    return [
        KEPT_BACK.format(
            name=outcome_name(results, one.outcome), k=count(one.kept_back),
            stand="stands" if one.kept_back == 1 else "stand", threshold=count(results.plan.suppression_threshold),
        )
        for one in place.figures
        if one.kept_back > 0
    ]  # fmt: skip


def cautions(results: Results, place: PlaceResults) -> list[str]:
    """How to read the figures of one place."""
    first = [CONTROL] if is_control(results, place) else []
    if results.plan.has_groups and len(place.arms) > 1:
        first.append(BOTH)
    told = [*first, *how_unsure(results, place, UNSURE), *([] if results.plan.has_groups else [ONE_GROUP])]
    return [one.format(level=place.level) for one in told]


def hub_steps(results: Results, place: PlaceResults) -> list[str]:
    """What the lead of a hub or trust can do next."""
    figures = with_numbers(place)
    by_place: dict[Place, list[str]] = {}
    for one in figures:
        by_place.setdefault(place_of(one), []).append(inside(outcome_label(results, one.outcome)))
    steps = [STEPS["programme" if figures else "programme_only"]]
    if not is_control(results, place):
        steps += [
            STEPS[found].format(names=listed(by_place[found])) for found in ("above", "below") if found in by_place
        ]
        steps += [STEPS["unclear"]] if set(by_place) == {"unclear"} else []
        steps += [] if figures else [STEPS["few"].format(threshold=count(results.plan.suppression_threshold))]
    return [one.format(level=place.level) for one in [*steps, STEPS["talk"], STEPS[place.level]]]
