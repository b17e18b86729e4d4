"""What a reader of an unmatched comparison must know beside what holds of every study with two groups."""

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from evalkit.analysis.comparison_structure import structure_of
from evalkit.analysis.trial_balance import baseline_gap
from evalkit.analysis.trial_effects import MAIN_ESTIMATORS
from evalkit.analysis.trial_model import TrialModel
from evalkit.analysis.trial_sample import TrialSample
from evalkit.records.results import Caveat
from evalkit.records.standards import Standards

COMPARISON_LIMITS = ("not_randomised", "self_selected", "unmeasured_differences", "average_effect", "one_comparison")


def comparison_caveats(
    samples: Sequence[TrialSample],
    models: Mapping[str, TrialModel],
    *,
    estimates: pd.DataFrame,
    balance: pd.DataFrame,
    standards: Standards,
) -> list[Caveat]:
    """Warnings and notes that only an unmatched comparison has.

    Parameters
    ----------
    samples : the outcomes, in the plan's order
    models : outcome -> primary model
    estimates, balance : frames, disclosure-controlled
    standards : Standards
    """
    found: list[Caveat] = []
    for sample in samples:
        name = sample.outcome.id
        if sample.outcome.role == "placebo":
            found += _about_placebo(estimates, name)
            continue
        gap = baseline_gap(balance, name)
        if not sample.has_baseline:
            found.append(Caveat("post_only", "warning", name))
        elif gap > standards.wwc.baseline_adjustable.value:
            found.append(Caveat("baseline_too_far", "warning", name, {"g": gap}))
        if name in models and structure_of(sample.plan, models[name].data).alone:
            found.append(Caveat("one_unit_each", "warning", name, {"unit": sample.plan.assigned_unit}))
        found += _about_lord(estimates, name)
    if any(sample.plan.comparison and sample.plan.comparison.start for sample in samples):
        found.append(Caveat("staggered", "note"))
    return found


def _about_placebo(estimates: pd.DataFrame, outcome: str) -> list[Caveat]:
    """Whether the groups differ on what the programme cannot have changed."""
    own = estimates[(estimates["outcome"] == outcome) & (estimates["inquiry"] == "placebo")]
    if all(_verdict(row) == "unsure" for _, row in own.iterrows()):
        return []
    return [Caveat("placebo_differs", "warning", outcome)]


def _about_lord(estimates: pd.DataFrame, outcome: str) -> list[Caveat]:
    """Whether ANCOVA, change scores and true baselines lead to different conclusions (Lord 1967)."""
    own = estimates[(estimates["outcome"] == outcome) & (estimates["status"] == "ok")]
    main = own[(own["inquiry"] == "effect") & own["estimator"].isin(MAIN_ESTIMATORS)]
    others = own[(own["inquiry"] == "robustness") & own["estimator"].isin(["change_score", "reliability_corrected"])]
    if main.empty or others.empty:
        return []
    first = _verdict(main.iloc[0])
    different = [str(row["estimator"]) for _, row in others.iterrows() if _verdict(row) != first]
    if not different:
        return []
    facts = {"ancova": float(main.iloc[0]["estimate"])}
    facts |= {str(row["estimator"]): float(row["estimate"]) for _, row in others.iterrows()}
    return [Caveat("lord_paradox", "warning", outcome, facts)]


def _verdict(row: pd.Series) -> str:
    low, high = float(row["conf_low"]), float(row["conf_high"])
    if math.isnan(low) or low <= 0 <= high:
        return "unsure"
    return "more" if low > 0 else "less"
