"""Whether the parts of a trial's plan fit one another: every fault with the key it is about."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from evalkit.records.characteristic import Characteristic
from evalkit.records.checklist import checklist_ids
from evalkit.records.spec_file import KeyPath

if TYPE_CHECKING:
    from evalkit.records.evaluation import Evaluation
    from evalkit.records.trial import Trial

Fault = tuple[KeyPath, str]
UNITS = {
    "cluster_trial": ("school", "class"),
    "individual_trial": ("pupil",),
    "multisite_trial": ("pupil", "class"),
}
RESERVED = frozenset({"pupil", "school", "class", "arm", "wave", "scale", "value", "baseline", "outcome", "start"})


def trial_faults(plan: "Evaluation") -> list[Fault]:
    """All faults of a plan for a randomised trial: (path of the key, sentence)."""
    if plan.trial is None:
        return [(("design",), f"the design {plan.design} needs a block 'trial:', which says where the arms stand")]
    trial = plan.trial
    return [*_arms(plan), *_units(plan, trial), *shared_faults(plan, trial, block="trial")]


def shared_faults(plan: "Evaluation", trial: "Trial", *, block: str) -> list[Fault]:
    """Faults of what every plan with groups has; `block` is the key under which it stands."""
    return [
        *_facts(plan, trial, block),
        *_allocation(plan, trial, "allocation" if block == "trial" else "group", block),
        *_pupils(plan),
        *_missing(plan),
        *_cost(trial, block),
        *_checklist(trial, block),
    ]


def _checklist(trial: "Trial", block: str) -> list[Fault]:
    if not trial.checklist:
        return []
    known = checklist_ids()
    return [
        (
            (block, "checklist", name),
            f"there is no item '{name}'; use those of CONSORT and TIDieR: {', '.join(known)}",
        )
        for name in trial.checklist
        if name not in known
    ]


def _arms(plan: "Evaluation") -> list[Fault]:
    controls = [arm.id for arm in plan.arms if arm.control]
    faults: list[Fault] = []
    if len(plan.arms) < 2:
        faults.append((("arms",), "a trial has two arms at least"))
    if len(controls) != 1:
        found = "none has it" if not controls else f"{' and '.join(controls)} have it"
        faults.append((("arms",), f"exactly one arm needs 'control: true'; {found}"))
    return faults


def _units(plan: "Evaluation", trial: "Trial") -> list[Fault]:
    faults: list[Fault] = []
    allowed = UNITS[plan.design]
    if plan.unit_of_randomisation not in allowed:
        found = plan.unit_of_randomisation
        sentence = f"in the design {plan.design} this is {' or '.join(allowed)}; found {found}"
        faults.append((("unit_of_randomisation",), sentence))
    if trial.class_ is None and (plan.unit_of_randomisation == "class" or trial.analysis.class_level):
        faults.append((("trial",), "classes are used, so 'class:' must say how the column with the class is headed"))
    if trial.analysis.varying_effect and plan.design != "multisite_trial":
        sentence = "the effect can differ between schools only where both arms are in each school (multisite_trial)"
        faults.append((("trial", "analysis", "varying_effect"), sentence))
    return faults


def _named(plan: "Evaluation", trial: "Trial", block: str) -> Iterator[tuple[KeyPath, Characteristic]]:
    for key, facts in (("covariates", plan.covariates), ("subgroups", plan.subgroups)):
        for place, one in enumerate(facts):
            yield (key, place), one
    for place, one in enumerate(trial.strata):
        yield (block, "strata", place), one
    for key, one in (("left", trial.left), ("school_left", trial.school_left)):
        if one is not None:
            yield (block, key), one


def _facts(plan: "Evaluation", trial: "Trial", block: str) -> list[Fault]:
    """Ids that are taken by a column of evalkit, ids that mean two things, subgroups that are numbers."""
    faults: list[Fault] = []
    seen: dict[str, Characteristic] = {}
    for path, one in _named(plan, trial, block):
        if one.id in RESERVED:
            faults.append(((*path, "id"), f"'{one.id}' is the name of a column of evalkit; choose another id"))
        if one.id in seen and seen[one.id] != one:
            faults.append(((*path, "id"), f"'{one.id}' is described twice in different words; make the two the same"))
        seen.setdefault(one.id, one)
    for place, one in enumerate(trial.compliance):
        if one.id in seen or one.id in RESERVED:
            faults.append(((block, "compliance", place, "id"), f"the id '{one.id}' is taken; choose another"))
    for place, one in enumerate(plan.subgroups):
        if one.kind == "number":
            faults.append((("subgroups", place, "kind"), "a subgroup is a category; a number can be a covariate"))
    repeated = [name for name, count in Counter(one.id for one in trial.compliance).items() if count > 1]
    faults += [((block, "compliance"), f"the id '{name}' stands twice; give each its own") for name in repeated]
    levels = (("left", trial.left, "pupil"), ("school_left", trial.school_left, "school"))
    for key, one, level in levels:
        if one is not None and one.level != level:
            faults.append(((block, key, "level"), f"this is a fact about each {level}; write level: {level}"))
    return faults


def _allocation(plan: "Evaluation", trial: "Trial", key: str, block: str) -> list[Fault]:
    arms = {arm.id for arm in plan.arms}
    return [
        (
            (block, key, "values", typed),
            f"'{arm}' is no arm of this plan; allowed: {', '.join(sorted(arms))}",
        )
        for typed, arm in trial.allocation.values.items()
        if arm not in arms
    ]


def _pupils(plan: "Evaluation") -> list[Fault]:
    """Filters of pupils that name no subgroup, or values that it cannot have."""
    known = {one.id: one for one in plan.subgroups}
    faults: list[Fault] = []
    for place, outcome in enumerate(plan.outcomes):
        if outcome.pupils is None:
            continue
        at: KeyPath = ("outcomes", place, "pupils")
        one = known.get(outcome.pupils.subgroup)
        if one is None:
            names = ", ".join(known) or "none"
            faults.append(
                ((*at, "subgroup"), f"'{outcome.pupils.subgroup}' is no subgroup of this plan; it has: {names}")
            )
            continue
        meant = set(one.values.values())
        wrong = [value for value in outcome.pupils.values if meant and value not in meant]
        if wrong:
            sentence = f"'{wrong[0]}' is no value of {one.id}; allowed: {', '.join(sorted(meant))}"
            faults.append(((*at, "values"), sentence))
    return faults


def _missing(plan: "Evaluation") -> list[Fault]:
    known = {one.id for one in (*plan.covariates, *plan.subgroups)}
    return [
        (("missing_data", "auxiliary", place), f"'{name}' is no covariate or subgroup of this plan")
        for place, name in enumerate(plan.missing_data.auxiliary)
        if name not in known
    ]


def _cost(trial: "Trial", block: str) -> list[Fault]:
    if trial.cost is None:
        return []
    years = len(trial.cost.pupils)
    return [
        ((block, "cost", "items", place, "amounts"), f"{len(item.amounts)} amounts for {years} years of 'pupils'")
        for place, item in enumerate(trial.cost.items)
        if len(item.amounts) != years
    ]
