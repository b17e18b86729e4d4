"""Whether the parts of an evaluation plan fit one another: every fault with the key it is about."""

from typing import TYPE_CHECKING

from evalkit.records.comparison_checks import comparison_faults
from evalkit.records.figure_checks import figure_faults, national_faults, survey_faults
from evalkit.records.spec_file import KeyPath
from evalkit.records.standards import load_standards
from evalkit.records.trial_checks import trial_faults

if TYPE_CHECKING:
    from evalkit.records.evaluation import Evaluation

Fault = tuple[KeyPath, str]


def plan_faults(plan: "Evaluation") -> list[Fault]:
    """All faults of a plan: (path of the key, sentence)."""
    if plan.design not in OWN_FAULTS:
        missing = _missing(plan)
        if missing:
            return missing
    design = OWN_FAULTS[plan.design](plan) if plan.design in OWN_FAULTS else _of_pupils(plan)
    if plan.outcomes and not plan.waves:
        return design
    return [
        *_blocks(plan),
        *_repeated(plan),
        *_measures(plan),
        *design,
        *figure_faults(plan),
        *_clusters(plan),
        *_selection(plan),
        *_disclosure(plan),
        *_data(plan),
    ]


# Designs without pupils before and after; they may do without arms, waves and outcomes.
OWN_FAULTS = {"feedback_survey": survey_faults, "national_comparison": national_faults}


def _of_pupils(plan: "Evaluation") -> list[Fault]:
    if plan.is_trial:
        return trial_faults(plan)
    return comparison_faults(plan) if plan.is_comparison else _single_group(plan)


def _missing(plan: "Evaluation") -> list[Fault]:
    return [
        ((), f"the design {plan.design} needs '{key}:', at least one")
        for key, given in (("arms", plan.arms), ("waves", plan.waves), ("outcomes", plan.outcomes))
        if not given
    ]


def _blocks(plan: "Evaluation") -> list[Fault]:
    """Blocks and outcomes that belong to another kind of design."""
    faults: list[Fault] = []
    if plan.comparison is not None and not plan.is_comparison:
        faults.append((("comparison",), f"the design {plan.design} has no such block; take it out"))
    if plan.trial is not None and not plan.is_trial:
        faults.append((("trial",), f"the design {plan.design} is no trial; take this block out"))
    if not plan.is_comparison:
        sentence = f"a placebo outcome belongs to comparisons without randomisation; the design is {plan.design}"
        faults += [
            (("outcomes", place, "role"), sentence) for place, one in enumerate(plan.outcomes) if one.role == "placebo"
        ]
    return faults


def _disclosure(plan: "Evaluation") -> list[Fault]:
    if plan.disclosure_profile is None:
        return []
    least = load_standards().disclosure.profile(plan.disclosure_profile).one_threshold
    if plan.suppression_threshold >= least:
        return []
    sentence = f"the profile {plan.disclosure_profile} needs at least {least}; leave the threshold out, or raise it"
    return [(("suppression_threshold",), sentence)]


def _repeated(plan: "Evaluation") -> list[Fault]:
    faults: list[Fault] = []
    for key, ids in (
        ("arms", [arm.id for arm in plan.arms]),
        ("waves", [wave.id for wave in plan.waves]),
        ("measures", [measure.id for measure in plan.measures]),
        ("outcomes", [outcome.id for outcome in plan.outcomes]),
    ):
        faults += [
            ((key, place, "id"), f"the id '{one}' stands twice; give each its own")
            for place, one in enumerate(ids)
            if one in ids[:place]
        ]
    asked = [(outcome.scale, outcome.wave, outcome.pupils) for outcome in plan.outcomes]
    faults += [
        (("outcomes", place, "score"), f"the score {one[0]} stands twice; keep one outcome for it")
        for place, one in enumerate(asked)
        if one in asked[:place]
    ]
    return faults


def _measures(plan: "Evaluation") -> list[Fault]:
    """Waves of measures that are none; measures that an outcome needs at a wave at which they are not taken."""
    waves = [wave.id for wave in plan.waves]
    faults: list[Fault] = [
        (("measures", place, "waves", wave), f"'{wave}' is no wave of this plan; allowed: {', '.join(waves)}")
        for place, measure in enumerate(plan.measures)
        for wave in measure.waves
        if wave not in waves
    ]
    taken = {measure.id: measure.waves for measure in plan.measures}
    for place, outcome in enumerate(plan.outcomes):
        if outcome.wave is not None and outcome.wave not in waves:
            faults.append((("outcomes", place, "wave"), f"'{outcome.wave}' is no wave; allowed: {', '.join(waves)}"))
            continue
        when = plan.wave_of(outcome)
        if outcome.instrument in taken and when not in taken[outcome.instrument]:
            sentence = f"the measure {outcome.instrument} is not taken at '{when}'; add that wave to its 'waves'"
            faults.append((("outcomes", place, "instrument"), sentence))
        before = plan.baseline_wave
        if outcome.baseline and before not in taken.get(outcome.baseline.instrument, {before: ()}):
            sentence = (
                f"the measure {outcome.baseline.instrument} is not taken at '{before}', where a baseline stands; "
                "add that wave to its 'waves'"
            )
            faults.append((("outcomes", place, "baseline"), sentence))
    return faults


def _single_group(plan: "Evaluation") -> list[Fault]:
    faults: list[Fault] = []
    for place, outcome in enumerate(plan.outcomes):
        faults += [
            (
                ("outcomes", place, key),
                f"this belongs to trials; the design {plan.design} compares the same score twice",
            )
            for key, given in (("baseline", outcome.baseline), ("pupils", outcome.pupils), ("wave", outcome.wave))
            if given is not None
        ]
    if plan.missing_data.strategy != "complete_cases" or plan.missing_data.baseline != "leave_out":
        faults.append((("missing_data",), f"the design {plan.design} uses complete_cases and leave_out"))
    if len(plan.waves) != 2:
        found = f"found {len(plan.waves)}"
        faults.append((("waves",), f"the design {plan.design} needs exactly two waves, before and after; {found}"))
    if len(plan.arms) != 1:
        found = f"found {len(plan.arms)}"
        faults.append((("arms",), f"the design {plan.design} has one arm and no comparison group; {found}"))
    if plan.unit_of_randomisation != "none":
        faults.append((("unit_of_randomisation",), f"the design {plan.design} is not randomised; write none here"))
    return faults


def _clusters(plan: "Evaluation") -> list[Fault]:
    """Target pupils must be named by a subgroup of the plan; school and hub stand nowhere else."""
    if plan.clusters is None:
        return []
    if plan.has_groups:
        block = "trial" if plan.is_trial else "comparison"
        return [(("clusters",), f"the design {plan.design} names schools under '{block}:'; take this block out")]
    taken = {one.id for one in (*plan.covariates, *plan.subgroups)} & {one.id for one in plan.clusters.facts}
    faults: list[Fault] = [
        (("clusters",), f"'{name}' is described under covariates or subgroups too; keep it here only")
        for name in sorted(taken)
    ]
    target = plan.clusters.target
    known = {one.id for one in plan.subgroups}
    if target is not None and target.subgroup not in known:
        names = ", ".join(sorted(known)) or "none"
        sentence = f"'{target.subgroup}' is no subgroup of this plan; it has: {names}"
        faults.append((("clusters", "target", "subgroup"), sentence))
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
