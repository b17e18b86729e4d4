"""What the groups of a trial are called: programme schools, comparison schools, pupils with a characteristic."""

from evalkit.records.evaluation import Evaluation
from evalkit.records.results import Results
from evalkit.report.numbers import count, listed
from evalkit.report.words_names import inside

UNITS: dict[str, tuple[str, str]] = {
    "school": ("school", "schools"),
    "class": ("class", "classes"),
    "pupil": ("pupil", "pupils"),
}
PLACES: dict[str, tuple[str, str]] = {
    "school": ("in programme schools", "in comparison schools"),
    "class": ("in programme classes", "in comparison classes"),
    "pupil": ("in the programme group", "in the comparison group"),
}
YES, NO = ("yes",), ("no",)


def units(plan: Evaluation) -> str:
    """What was put into arms (in a trial by chance), in the plural."""
    return UNITS.get(plan.assigned_unit, UNITS["pupil"])[1]


def has_schools(plan: Evaluation) -> bool:
    """Whether schools are a level of the analysis."""
    return plan.needs_school


def begun(plan: Evaluation) -> str:
    """How those are called with whom a study began: drawn by lot, or in the groups as they were found."""
    return "drawn" if plan.is_trial else "at the start"


def counted_units(plan: Evaluation, number: float) -> str:
    """So many schools, classes or pupils."""
    one, many = UNITS.get(plan.assigned_unit, UNITS["pupil"])
    return f"{count(number)} {one if number == 1 else many}"


def treated_arms(plan: Evaluation) -> list[str]:
    """The ids of the arms that got a programme."""
    return [arm.id for arm in plan.arms if arm.id != plan.control.id]


def arm_label(plan: Evaluation, arm: str) -> str:
    """An arm as a cell or a picture shows it."""
    return next((one.label for one in plan.arms if one.id == arm), arm)


def short_arm(plan: Evaluation, arm: str) -> str:
    """An arm in one word where the trial has two, else its label."""
    if arm == plan.control.id:
        return "Comparison"
    return "Programme" if len(treated_arms(plan)) == 1 else arm_label(plan, arm)


def in_arm(plan: Evaluation, arm: str) -> str:
    """Where pupils of a treated arm are, such as "in programme schools"."""
    if len(treated_arms(plan)) == 1:
        return PLACES.get(plan.assigned_unit, PLACES["pupil"])[0]
    return f"in the group “{arm_label(plan, arm)}”"


def in_control(plan: Evaluation) -> str:
    """Where pupils of the control arm are."""
    if len(treated_arms(plan)) > 1:
        return PLACES["pupil"][1]
    return PLACES.get(plan.assigned_unit, PLACES["pupil"])[1]


def pupils_of(results: Results, outcome: str) -> str:
    """Whom an outcome's analysis is about: "pupils", or those with a characteristic."""
    chosen = results.plan.outcome(outcome).pupils
    return pupils_with(results, chosen.subgroup, chosen.values) if chosen else "pupils"


def pupils_with(results: Results, subgroup: str, values: tuple[str, ...]) -> str:
    """Pupils with these values of a characteristic, such as "pupils with free school meals"."""
    label = next((one.label for one in results.plan.subgroups if one.id == subgroup), subgroup)
    folded = tuple(value.casefold() for value in values)
    if folded == YES:
        return f"pupils with {inside(label)}"
    if folded == NO:
        return f"pupils without {inside(label)}"
    return f"pupils whose {inside(label)} is {listed(list(values), joint='or')}"


def group_name(results: Results, subgroup: str) -> str:
    """A group of pupils as it stands in a table or a picture: "fsm: yes" with the plan's label."""
    if subgroup in ("", "all"):
        return "All"
    name, _, value = subgroup.partition(":")
    label = next((one.label for one in results.plan.subgroups if one.id == name), name)
    return f"{label}: {value.strip()}" if value else label


def group_of(results: Results, outcome: str, subgroup: str) -> str:
    """The group of pupils of a row: the subgroup, or the outcome's own population."""
    if subgroup not in ("", "all"):
        return group_name(results, subgroup)
    chosen = results.plan.outcome(outcome).pupils
    if chosen is None:
        return "All"
    return group_name(results, f"{chosen.subgroup}: {listed(list(chosen.values), joint='or')}")
