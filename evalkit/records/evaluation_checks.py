"""Whether the parts of an evaluation plan fit one another: every fault with the key it is about."""

from typing import TYPE_CHECKING

from evalkit.records.spec_file import KeyPath

if TYPE_CHECKING:
    from evalkit.records.evaluation import Evaluation

Fault = tuple[KeyPath, str]


def plan_faults(plan: "Evaluation") -> list[Fault]:
    """All faults of a plan: (path of the key, sentence)."""
    return [*_repeated(plan), *_design(plan), *_selection(plan), *_data(plan)]


def _repeated(plan: "Evaluation") -> list[Fault]:
    faults: list[Fault] = []
    for key, ids in (
        ("arms", [arm.id for arm in plan.arms]),
        ("waves", [wave.id for wave in plan.waves]),
        ("outcomes", [outcome.id for outcome in plan.outcomes]),
    ):
        faults += [
            ((key, place, "id"), f"the id '{one}' stands twice; give each its own")
            for place, one in enumerate(ids)
            if one in ids[:place]
        ]
    scales = [outcome.scale for outcome in plan.outcomes]
    faults += [
        (("outcomes", place, "score"), f"the score {scale} stands twice; keep one outcome for it")
        for place, scale in enumerate(scales)
        if scale in scales[:place]
    ]
    return faults


def _design(plan: "Evaluation") -> list[Fault]:
    faults: list[Fault] = []
    if len(plan.waves) != 2:
        found = f"found {len(plan.waves)}"
        faults.append((("waves",), f"the design {plan.design} needs exactly two waves, before and after; {found}"))
    if len(plan.arms) != 1:
        found = f"found {len(plan.arms)}"
        faults.append((("arms",), f"the design {plan.design} has one arm and no comparison group; {found}"))
    if plan.unit_of_randomisation != "none":
        faults.append((("unit_of_randomisation",), f"the design {plan.design} is not randomised; write none here"))
    return faults


def _selection(plan: "Evaluation") -> list[Fault]:
    known = {outcome.id for outcome in plan.outcomes}
    population = plan.selection.population if plan.selection else {}
    allowed = ", ".join(sorted(known))
    return [
        (("selection", "population", name), f"'{name}' is no outcome of this plan; allowed: {allowed}")
        for name in population
        if name not in known
    ]


def _data(plan: "Evaluation") -> list[Fault]:
    waves = {wave.id for wave in plan.waves}
    allowed = ", ".join(sorted(waves))
    return [
        (("data", "files", place, "wave"), f"the file {file.path} names the wave '{file.wave}'; allowed: {allowed}")
        for place, file in enumerate(plan.data.files if plan.data else ())
        if file.wave and file.wave not in waves
    ]
