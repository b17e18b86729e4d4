"""`standards.yaml` as a frozen record: every threshold with its source and how well that source was checked."""

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from evalkit.records.spec_file import Spec, read_spec
from evalkit.records.standards_disclosure import DisclosureStandards
from evalkit.records.standards_threshold import SourceStatus, Threshold
from evalkit.records.standards_trial import (
    ComplianceStandards,
    CostStandards,
    MissingStandards,
    MonthStandards,
    PadlockStandards,
    SecurityThreat,
    TrialCheckStandards,
    TrialWarningStandards,
    WwcStandards,
)

STANDARDS_FILE = Path(__file__).parent.parent / "standards.yaml"


class FixedRating(Spec):
    """A rating that needs no number."""

    rating: Literal["strong", "fair", "weak", "unknown"]
    source: str
    status: SourceStatus


class ComparisonStandard(Spec):
    """Is there a group to compare with?"""

    without_comparison_group: FixedRating


class SizeStandard(Spec):
    """Are there enough pupils, and is the widest interval narrow enough? Both must be met."""

    strong_pupils: Threshold
    strong_half_width: Threshold
    fair_pupils: Threshold
    fair_half_width: Threshold


class DropOutStandard(Spec):
    """Which share of pupils may be lost between the waves."""

    strong_share_lost: Threshold
    fair_share_lost: Threshold


class MeasureStandard(Spec):
    """How reliable the least reliable measure must be."""

    strong_reliability: Threshold
    fair_reliability: Threshold


class DeliveryStandard(Spec):
    """Which share of the plan must have been delivered."""

    strong_share_delivered: Threshold
    fair_share_delivered: Threshold


class CheckStandards(Spec):
    """The thresholds of the five checks."""

    comparison: ComparisonStandard
    size: SizeStandard
    drop_out: DropOutStandard
    measure: MeasureStandard
    delivery: DeliveryStandard


class WarningStandards(Spec):
    """From where on a warning is given."""

    few_pupils: Threshold
    wide_interval: Threshold
    low_reliability: Threshold
    ceiling_reached: Threshold
    floor_reached: Threshold
    high_drop_out: Threshold
    leavers_differ: Threshold
    straight_lining: Threshold


class IntakeStandards(Spec):
    """When a way of answering is worth a word: seconds for each question, questions with one and the same answer."""

    fast_seconds: Threshold
    same_answer_items: Threshold


class MethodStandards(Spec):
    """Numbers that a method takes."""

    bayes_prior_scale: Threshold
    reliable_change_criterion: Threshold
    retest_weeks: Threshold
    suppression_threshold: Threshold
    outlier_residual: Threshold
    fewest_similar: Threshold
    fewest_pooled: Threshold
    fewest_schools_shown: Threshold
    fewest_schools_of_a_hub: Threshold
    count_rounding: Threshold
    curve_criterion: Threshold
    units_per_column: Threshold


class MeasurementStandards(Spec):
    """When a factor model, invariance or items between groups can be judged, and how."""

    fewest_pupils: Threshold
    fewest_linked: Threshold
    fewest_per_group: Threshold
    ordinal_below: Threshold
    fewest_per_answer: Threshold
    most_pupils: Threshold
    least_cfi: Threshold
    most_rmsea: Threshold
    most_srmr: Threshold
    cfi_drop: Threshold
    rmsea_rise: Threshold
    item_r2_moderate: Threshold
    item_r2_large: Threshold


class ResponseStandards(Spec):
    """From where on a pupil's answers are flagged as a possible sign of careless answering."""

    straight_line_answers: Threshold
    long_string_share: Threshold
    long_string_answers: Threshold
    outlier_p: Threshold
    reversed_inconsistency: Threshold
    seconds_per_item: Threshold


class Standards(Spec):
    """All thresholds. A new standard is a new block beside these."""

    schema_: Literal["evalkit-standards/1"] = Field(alias="schema")
    checks: CheckStandards
    trial_checks: TrialCheckStandards
    warnings: WarningStandards
    intake: IntakeStandards
    trial_warnings: TrialWarningStandards
    methods: MethodStandards
    disclosure: DisclosureStandards
    padlocks: PadlockStandards
    security_threats: tuple[SecurityThreat, ...] = Field(min_length=7, max_length=7)
    months: MonthStandards
    cost: CostStandards
    wwc: WwcStandards
    compliance: ComplianceStandards
    missing: MissingStandards
    measurement: MeasurementStandards
    response_quality: ResponseStandards


@cache
def load_standards() -> Standards:
    """The thresholds that travel with evalkit, read once. Raises SpecError when the file breaks a rule."""
    return read_spec(STANDARDS_FILE, Standards)
