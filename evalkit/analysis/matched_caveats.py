"""What a reader of a matched comparison must know beside what holds of every study with two groups."""

import math
from collections.abc import Sequence

import pandas as pd

from evalkit.analysis.matched_sample import MatchedSample
from evalkit.records.results import Caveat
from evalkit.records.standards import Standards

MATCHED_LIMITS = ("not_randomised", "unmeasured_differences", "average_effect", "one_comparison")
Displays = dict[str, pd.DataFrame]


def matched_caveats(
    found: Sequence[MatchedSample], *, estimates: pd.DataFrame, displays: Displays, standards: Standards
) -> list[Caveat]:
    """Warnings and notes that only a matched comparison has.

    Parameters
    ----------
    found : the outcomes that could be matched
    estimates, displays : as shown
    standards : Standards
    """
    caveats: list[Caveat] = []
    for matched in found:
        name = matched.sample.outcome.id
        caveats += _about_units(matched, standards)
        caveats += _about_balance(name, displays["love"], standards)
        caveats += _about_unseen(name, displays["sensitivity"], estimates)
    caveats += _about_waves(estimates)
    if any(not one.sample.has_baseline for one in found):
        caveats += [
            Caveat("post_only", "warning", one.sample.outcome.id) for one in found if not one.sample.has_baseline
        ]
    return caveats


def _about_units(matched: MatchedSample, standards: Standards) -> list[Caveat]:
    """Programme units without a partner: the difference is then not about everybody who had the programme."""
    units, threshold = matched.units, matched.sample.plan.suppression_threshold
    total = int(matched.chosen.sum())
    lost = int((matched.chosen & ~matched.matched).sum())
    if not lost:
        return []
    facts = {"n_unmatched": lost if lost >= threshold else None, "share": lost / total if lost >= threshold else None}
    level = "warning" if lost / total > standards.warnings.high_drop_out.value or units.estimand != "att" else "note"
    return [Caveat("unmatched_left_out", level, matched.sample.outcome.id, facts)]


def _about_balance(outcome: str, love: pd.DataFrame, standards: Standards) -> list[Caveat]:
    own = love[(love["outcome"] == outcome) & (love["variable"] != "propensity")].dropna(subset=["after"])
    if own.empty:
        return []
    worst = own.sort_values("after", kind="stable").iloc[-1]
    limit = standards.wwc.baseline_satisfied.value
    if not worst["after"] > limit:
        return []
    level = "warning" if worst["after"] > standards.wwc.baseline_adjustable.value else "note"
    facts = {"g": float(worst["after"]), "label": str(worst["label"]), "n": int((own["after"] > limit).sum())}
    return [Caveat("imbalance_left", level, outcome, facts)]


def _about_unseen(outcome: str, sensitivity: pd.DataFrame, estimates: pd.DataFrame) -> list[Caveat]:
    """Where a difference that the interval calls one would go with something as weak as a fact that was seen."""
    row = estimates[
        (estimates["outcome"] == outcome) & (estimates["inquiry"] == "effect") & (estimates["estimator"] == "matched")
    ]
    if row.empty or math.isnan(float(row["conf_low"].iloc[0])):
        return []
    if float(row["conf_low"].iloc[0]) <= 0 <= float(row["conf_high"].iloc[0]):
        return []
    own = sensitivity[(sensitivity["outcome"] == outcome) & (sensitivity["quantity"] == "benchmark")]
    weak = own[(own["low"] <= 0) & (own["high"] >= 0)]
    if weak.empty:
        return []
    return [Caveat("sensitive_to_unseen", "warning", outcome, {"label": str(weak["label"].iloc[0]), "n": len(weak)})]


def _about_waves(estimates: pd.DataFrame) -> list[Caveat]:
    """A difference where none should be: a placebo, or a trend before the programme."""
    caveats: list[Caveat] = []
    for inquiry, kind in (("placebo", "placebo_differs"), ("pre_trend", "pre_trends_differ")):
        rows = estimates[(estimates["inquiry"] == inquiry) & (estimates["status"] == "ok")]
        for outcome, own in rows.groupby("outcome", sort=False):
            apart = own[(own["conf_low"] > 0) | (own["conf_high"] < 0)]
            if len(apart):
                facts = {"estimate": float(apart["estimate"].iloc[0]), "unit": str(apart["unit"].iloc[0])}
                caveats.append(Caveat(kind, "warning", str(outcome), facts))
    return caveats
