"""Whether the parts of a plan that compares groups without randomisation fit one another."""

from typing import TYPE_CHECKING

from evalkit.records.comparison import NEVER
from evalkit.records.spec_file import KeyPath
from evalkit.records.trial_checks import shared_faults

if TYPE_CHECKING:
    from evalkit.records.comparison import Comparison, Matching
    from evalkit.records.evaluation import Evaluation

Fault = tuple[KeyPath, str]


def comparison_faults(plan: "Evaluation") -> list[Fault]:
    """All faults of a plan that compares groups nobody drew at random: (path of the key, sentence)."""
    if plan.comparison is None:
        return [
            (("design",), f"the design {plan.design} needs a block 'comparison:', which says who was in which group")
        ]
    return [
        *_arms(plan),
        *_waves(plan, plan.comparison),
        *_matching(plan, plan.comparison),
        *shared_faults(plan, plan.comparison.groups, block="comparison"),
        *_starts(plan, plan.comparison),
        *_rest(plan, plan.comparison),
    ]


def _arms(plan: "Evaluation") -> list[Fault]:
    faults: list[Fault] = []
    controls = [arm.id for arm in plan.arms if arm.control]
    if len(plan.arms) != 2:
        faults.append((("arms",), f"the design {plan.design} compares two groups; found {len(plan.arms)}"))
    if len(controls) != 1:
        found = "none has it" if not controls else f"{' and '.join(controls)} have it"
        faults.append((("arms",), f"exactly one arm, the comparison group, needs 'control: true'; {found}"))
    if plan.unit_of_randomisation != "none":
        faults.append((("unit_of_randomisation",), f"the design {plan.design} is not randomised; write none here"))
    return faults


def _waves(plan: "Evaluation", comparison: "Comparison") -> list[Fault]:
    waves = [wave.id for wave in plan.waves]
    last = comparison.last_wave_before
    key: KeyPath = ("comparison", "last_wave_before")
    if last is not None and last not in waves:
        return [(key, f"'{last}' is no wave of this plan; allowed: {', '.join(waves)}")]
    if last is not None and last == waves[-1]:
        return [(key, f"'{last}' is the last wave of this plan, so nothing was measured after the programme began")]
    before = waves[: waves.index(last) + 1] if last is not None else waves[:1]
    return [
        (("outcomes", place, "wave"), f"'{outcome.wave}' lies before the programme began; only a placebo may")
        for place, outcome in enumerate(plan.outcomes)
        if outcome.role != "placebo" and outcome.wave in before and len(waves) > 1
    ]


def _matching(plan: "Evaluation", comparison: "Comparison") -> list[Fault]:
    matching = comparison.matching
    if plan.design != "matched_comparison":
        return [(("comparison", "matching"), f"the design {plan.design} does not match")] if matching else []
    if matching is None:
        return [(("comparison",), "the design matched_comparison needs 'matching:', which says how partners are found")]
    return [*_named(plan, matching), *_units(comparison, matching)]


def _named(plan: "Evaluation", matching: "Matching") -> list[Fault]:
    """Ids in the matching block that are no covariates, or of the wrong kind."""
    kinds = {one.id: one.kind for one in (*plan.covariates, *plan.subgroups)}
    known = ", ".join(kinds) or "none"
    faults: list[Fault] = []
    for key, names in (("exact", matching.exact), ("on", matching.on), ("coarsen", tuple(matching.coarsen))):
        faults += [
            (("comparison", "matching", key), f"'{name}' is no covariate or subgroup of this plan; it has: {known}")
            for name in names
            if name not in kinds and name != "baseline"
        ]
    faults += [
        (("comparison", "matching", "coarsen", name), f"'{name}' is a category; only numbers have cut points")
        for name in matching.coarsen
        if kinds.get(name) == "category"
    ]
    unsorted = [name for name, cuts in matching.coarsen.items() if list(cuts) != sorted(set(cuts))]
    faults += [
        (("comparison", "matching", "coarsen", name), "each cut point must be above the one before")
        for name in unsorted
    ]
    if not plan.covariates and not matching.on and not _any_baseline(plan):
        faults.append((("covariates",), "there is nothing to match on; name what stood before the programme"))
    return faults


def _any_baseline(plan: "Evaluation") -> bool:
    return any(one.baseline is not None for one in plan.outcomes) or len(plan.waves) > 1


def _units(comparison: "Comparison", matching: "Matching") -> list[Fault]:
    if matching.unit == "school" and comparison.assigned != "school":
        sentence = "whole schools are matched only where whole schools had the programme (assigned: school)"
        return [(("comparison", "matching", "unit"), sentence)]
    return []


def _starts(plan: "Evaluation", comparison: "Comparison") -> list[Fault]:
    """What the column with the start may mean: a wave after the first, or never."""
    if comparison.start is None:
        return []
    key: KeyPath = ("comparison", "start")
    if plan.design != "comparison_prepost":
        return [(key, f"the design {plan.design} compares groups that started together; take this block out")]
    allowed = [*(wave.id for wave in plan.waves[1:]), NEVER]
    faults: list[Fault] = [
        ((*key, "values", typed), f"'{meant}' is no wave after the first; allowed: {', '.join(allowed)}")
        for typed, meant in comparison.start.values.items()
        if meant not in allowed
    ]
    if comparison.start.level != comparison.assigned:
        sentence = f"whole {comparison.assigned}s came into the programme, so write 'level: {comparison.assigned}'"
        faults.append(((*key, "level"), sentence))
    if len(plan.waves) < 3:
        faults.append((key, f"groups that start one after the other need 3 waves at least; found {len(plan.waves)}"))
    if any(outcome.baseline is not None for outcome in plan.outcomes):
        faults.append((key, "each start is compared with the same score one wave earlier; take 'baseline' out"))
    return faults


def _rest(plan: "Evaluation", comparison: "Comparison") -> list[Fault]:
    faults: list[Fault] = [
        (("outcomes", place, "kind"), f"the design {plan.design} compares numbers and yes/no outcomes, not grades")
        for place, one in enumerate(plan.outcomes)
        if one.kind == "ordered" and plan.design == "comparison_prepost"
    ]
    if plan.missing_data.baseline != "leave_out":
        sentence = "pupils stay by the missing-indicator method in randomised designs only; write leave_out"
        faults.append((("missing_data", "baseline"), sentence))
    if plan.design == "comparison_prepost" and plan.missing_data.strategy != "complete_cases":
        faults.append((("missing_data",), f"the design {plan.design} uses complete_cases"))
    if comparison.assigned == "class" and comparison.class_ is None:
        faults.append((("comparison",), "classes had the programme, so 'class:' must say how their column is headed"))
    if all(outcome.role == "placebo" for outcome in plan.outcomes):
        faults.append((("outcomes",), "at least one outcome must be primary or secondary"))
    return faults
