"""Whether the figures and the survey of a plan hang together: every fault with the key it is about."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from evalkit.records.figure import Figures, Rise, Transition
from evalkit.records.spec_file import KeyPath

if TYPE_CHECKING:
    from evalkit.records.evaluation import Evaluation

Fault = tuple[KeyPath, str]


def national_faults(plan: "Evaluation") -> list[Fault]:
    """Faults of a plan of the design national_comparison."""
    faults: list[Fault] = []
    if plan.figures is None or not (plan.figures.reported or plan.figures.transitions):
        sentence = f"the design {plan.design} needs a block 'figures:' with 'reported:' or 'transitions:'"
        faults.append((("design",), sentence))
    if plan.outcomes:
        sentence = f"the design {plan.design} takes published figures, not questionnaires; take this block out"
        faults.append((("outcomes",), sentence))
    return [*faults, *_not_here(plan)]


def survey_faults(plan: "Evaluation") -> list[Fault]:
    """Faults of a plan of the design feedback_survey."""
    faults: list[Fault] = []
    reported = plan.figures.reported if plan.figures else ()
    if not plan.outcomes and not reported:
        sentence = f"the design {plan.design} needs 'outcomes:' (answers in files) or 'figures: reported:' (as printed)"
        faults.append((("design",), sentence))
    if plan.outcomes:
        faults += [
            ((key,), f"a survey with answers in files needs '{key}:', at least one")
            for key, given in (("arms", plan.arms), ("waves", plan.waves))
            if not given
        ]
    for place, outcome in enumerate(plan.outcomes):
        faults += [
            (("outcomes", place, key), f"the design {plan.design} looks at every wave by itself; take this out")
            for key, given in (("baseline", outcome.baseline), ("pupils", outcome.pupils), ("wave", outcome.wave))
            if given is not None
        ]
    return [*faults, *_feedback_waves(plan), *_not_here(plan)]


def figure_faults(plan: "Evaluation") -> list[Fault]:
    """Faults of the blocks `figures:` and `feedback:`, whatever the design."""
    if plan.feedback is not None and plan.design != "feedback_survey":
        return [(("feedback",), f"this block belongs to the design feedback_survey, not to {plan.design}")]
    if plan.figures is None:
        return []
    if plan.design not in ("feedback_survey", "national_comparison"):
        sentence = f"published figures belong to feedback_survey and national_comparison, not to {plan.design}"
        return [(("figures",), sentence)]
    found = plan.figures
    waves = [wave.id for wave in plan.waves]
    faults = [*_repeated_ids(found), *_grades(found)]
    for place, one in enumerate(found.reported):
        path: KeyPath = ("figures", "reported", place)
        if one.rise is not None:
            faults += [((*path, "rise", *key), sentence) for key, sentence in _rise(one.rise, found, one.n)]
        if one.wave is not None and one.wave not in waves:
            faults.append(((*path, "wave"), f"'{one.wave}' is no wave of this plan; allowed: {', '.join(waves)}"))
    for place, one in enumerate(found.transitions):
        faults += [(("figures", "transitions", place, *key), sentence) for key, sentence in _moves(one, found)]
    return faults


def _not_here(plan: "Evaluation") -> list[Fault]:
    faults: list[Fault] = []
    if plan.unit_of_randomisation != "none":
        faults.append((("unit_of_randomisation",), f"the design {plan.design} is not randomised; write none here"))
    return faults


def _feedback_waves(plan: "Evaluation") -> list[Fault]:
    if plan.feedback is None:
        return []
    waves = [wave.id for wave in plan.waves]
    named: list[tuple[KeyPath, str]] = [(("feedback", "asked", wave), wave) for wave in plan.feedback.asked]
    named += [(("feedback", "themes", place, "wave"), one.wave) for place, one in enumerate(plan.feedback.themes)]
    faults: list[Fault] = [
        (path, f"'{wave}' is no wave of this plan; allowed: {', '.join(waves)}")
        for path, wave in named
        if wave not in waves
    ]
    for place, coded in enumerate(plan.feedback.themes):
        faults += [
            (
                ("feedback", "themes", place, "themes", at, "count"),
                f"{theme.count} comments on '{theme.label}', but only {coded.comments} comments were coded",
            )
            for at, theme in enumerate(coded.themes)
            if theme.count > coded.comments
        ]
    return faults


def _repeated_ids(found: Figures) -> list[Fault]:
    faults: list[Fault] = []
    for key, ids in (
        ("reported", [one.id for one in found.reported]),
        ("transitions", [one.id for one in found.transitions]),
        ("counts", [one.id for one in found.counts]),
    ):
        faults += [
            (("figures", key, place, "id"), f"the id '{one}' stands twice; give each its own")
            for place, one in enumerate(ids)
            if one in ids[:place]
        ]
    return faults


def _grades(found: Figures) -> list[Fault]:
    return [
        (("figures", "grades", name), "grades need two or more different names, the lowest first")
        for name, grades in found.grades.items()
        if len(grades) < 2 or len(set(grades)) < len(grades)
    ]


def _unknown_grades(name: str, found: Figures) -> list[Fault]:
    if name in found.grades:
        return []
    known = ", ".join(found.grades) or "none yet"
    return [(("grades",), f"there are no grades '{name}' under 'figures: grades:'; there are: {known}")]


def _rise(rise: Rise, found: Figures, n: int | None) -> Iterator[Fault]:
    unknown = _unknown_grades(rise.grades, found)
    if unknown:
        yield from unknown
        return
    grades = found.grades[rise.grades]
    named = [(key, name) for key, name in (("from", rise.from_), ("to", rise.to)) if name is not None]
    strange = [(key, name) for key, name in named if name not in grades]
    for key, name in strange:
        yield (key,), f"'{name}' is none of the grades; allowed: {', '.join(grades)}"
    if strange:
        return
    if rise.from_ == grades[-1]:
        yield ("from",), f"'{rise.from_}' is the highest grade, so nobody there can rise; name a lower one"
    elif rise.from_ is not None and rise.to is not None and grades.index(rise.to) <= grades.index(rise.from_):
        yield ("to",), f"from '{rise.from_}' to '{rise.to}' is no rise; name a higher grade"
    elif rise.to == grades[0]:
        yield ("to",), f"'{rise.to}' is the lowest grade, so nobody can rise to it; name a higher one"
    if rise.able is not None and n is not None and rise.able > n:
        yield ("able",), f"{rise.able} could rise, but the figure rests on {n} only"


def _moves(one: Transition, found: Figures) -> Iterator[Fault]:
    unknown = _unknown_grades(one.grades, found)
    if unknown:
        yield from unknown
        return
    grades = found.grades[one.grades]
    for place, move in enumerate(one.moves):
        for key, name in (("from", move.from_), ("to", move.to)):
            if name not in grades:
                yield ("moves", place, key), f"'{name}' is none of the grades; allowed: {', '.join(grades)}"
    pairs = [(move.from_, move.to) for move in one.moves]
    for place, pair in enumerate(pairs):
        if pair in pairs[:place]:
            yield ("moves", place), f"the move from '{pair[0]}' to '{pair[1]}' stands twice; add the two numbers up"
    if not sum(move.n for move in one.moves):
        yield ("moves",), "all the numbers are 0; give how many went from each grade to each"
