"""The differences between arms that a trial found, each with its verdict."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from evalkit.records.outcome import Outcome
from evalkit.records.results import Results
from evalkit.report.numbers import known
from evalkit.report.rows import records, rows_of
from evalkit.report.words_change import Verdict, judge
from evalkit.report.words_names import lower_is_better, score_facts

MAIN_MODELS = ("multilevel", "linear", "logit", "ordinal", "ancova", "post_only", "matched")
EVERYBODY = "all"


@dataclass(frozen=True, slots=True)
class Effect:
    """One outcome's difference between a treated arm and the control arm.

    Attributes
    ----------
    outcome, arm : ids of the plan
    kind : the outcome's kind; a yes_no difference is in percentage points, an ordered one is an odds ratio
    subgroup : "all", or a group of pupils such as "fsm: yes"
    estimate, low, high : in the row's unit; NaN when there is none
    size, size_low, size_high : the same as Hedges' g, for pictures and for months
    lower_is_better, neutral : whether a lower score is good news, or neither a lower nor a higher one
    worthwhile : the smallest difference that matters as g; NaN when none was declared or it cannot be turned into g
    row : the whole row of the estimates
    """

    outcome: str
    label: str
    arm: str
    kind: str
    primary: bool
    subgroup: str
    estimate: float
    low: float
    high: float
    size: float
    size_low: float
    size_high: float
    worthwhile: float
    verdict: Verdict
    lower_is_better: bool
    neutral: bool
    row: Mapping[str, Any]

    @property
    def is_ratio(self) -> bool:
        """Whether "no difference" is 1 and not 0."""
        return self.row["unit"] == "odds_ratio"


def display(results: Results, name: str, *, outcome: str = "") -> list[dict[str, Any]]:
    """The rows of a display, all or those of an outcome; none when the results do not hold it."""
    frame = results.displays.get(name, pd.DataFrame())
    if outcome and "outcome" in frame.columns:
        frame = frame[frame["outcome"] == outcome]
    return records(frame)


def effects(results: Results) -> tuple[Effect, ...]:
    """The intention-to-treat difference of every outcome and treated arm, in the order of the plan."""
    return _in_order(results, "effect")


def follow_ups(results: Results) -> tuple[Effect, ...]:
    """The same at later waves."""
    return _in_order(results, "follow_up")


def subgroup_effects(results: Results) -> tuple[Effect, ...]:
    """Differences within groups of pupils, from the models of each group."""
    return _in_order(results, "subgroup")


def primary_effects(results: Results) -> tuple[Effect, ...]:
    """The differences that the trial was made to find: primary outcomes, or all where none is primary."""
    found = effects(results)
    return tuple(one for one in found if one.primary) or found


def schools_of(results: Results, same: Sequence[Effect]) -> float:
    """Schools behind the differences of one outcome; where both arms are in every school these count once."""
    if results.plan.design == "matched_comparison":  # errors may be clustered by matched set or by pupil
        models = results.models
        own = models[(models["model"] == "primary") & (models["outcome"] == same[0].outcome)]
        return float(own["n_schools"].iloc[0]) if len(own) else math.nan
    numbers = [float(one.row["clusters_treated"]) for one in same]
    numbers += [float(one.row["clusters_control"]) for one in same[:1]]
    if not all(map(known, numbers)):
        return math.nan
    return max(numbers) if results.plan.design == "multisite_trial" else sum(numbers)


def arm_of(contrast: str) -> str:
    """The treated arm of a contrast "ARM - CONTROL"."""
    return contrast.split(" - ", 1)[0].strip()


def _in_order(results: Results, inquiry: str) -> tuple[Effect, ...]:
    rows = [row for row in rows_of(results, inquiry) if row["estimator"] in MAIN_MODELS]
    return tuple(
        _effect(results, outcome, row)
        for outcome in results.plan.outcomes
        for row in rows
        if row["outcome"] == outcome.id
    )


def _effect(results: Results, outcome: Outcome, row: Mapping[str, Any]) -> Effect:
    ratio = row["unit"] == "odds_ratio"
    threshold, on_size = _worthwhile(results, outcome, row)
    scale = ("effect_size", "es_low", "es_high") if on_size else ("estimate", "conf_low", "conf_high")
    values = [_number(row, name) for name in scale]
    if ratio and not on_size:
        values = [math.log(value) if known(value) and value > 0 else math.nan for value in values]
    verdict = judge(*values, worthwhile=threshold, p_adjusted=_number(row, "p_adjusted"), alpha=results.plan.alpha)
    if verdict == "not_estimated" and row["status"] == "suppressed":
        verdict = "suppressed"
    estimate, low, high, size, size_low, size_high = (
        _number(row, name) for name in ("estimate", "conf_low", "conf_high", "effect_size", "es_low", "es_high")
    )
    return Effect(
        outcome.id, outcome.label, arm_of(str(row["contrast"])), outcome.kind, outcome.role == "primary",
        str(row["subgroup"]), estimate, low, high, size, size_low, size_high,
        threshold if on_size else _as_size(threshold, estimate, size), verdict,
        lower_is_better(results, outcome.id), score_facts(results, outcome.id).get("higher_is") == "neither", row,
    )  # fmt: skip


def _worthwhile(results: Results, outcome: Outcome, row: Mapping[str, Any]) -> tuple[float, bool]:
    """The smallest difference that matters, and whether it stands on the scale of g rather than of the estimate."""
    declared = outcome.smallest_worthwhile
    if declared is None:
        return math.nan, False
    if declared.unit == "sd":
        return declared.value, True
    if row["unit"] == "odds_ratio":
        return math.nan, False
    facts = score_facts(results, outcome.id)
    width = float(facts["high"]) - float(facts["low"])
    as_percent = row["unit"] == "percentage_points"
    if declared.unit == "percent_of_range":
        return declared.value if as_percent else declared.value * width / 100, False
    return 100 * declared.value / width if as_percent else declared.value, False


def _as_size(threshold: float, estimate: float, size: float) -> float:
    """A threshold of the estimate's scale as g, by the ratio of the two in this very row."""
    if not (known(threshold) and known(estimate) and known(size)) or estimate == 0:
        return math.nan
    return threshold * size / estimate


def _number(row: Mapping[str, Any], name: str) -> float:
    value = row.get(name)
    return float(value) if value is not None and known(float(value)) else math.nan
