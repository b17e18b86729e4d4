"""The blocks of `standards.yaml` that rate a trial: padlocks, threats, months, cost, WWC, compliance, missing data."""

from typing import Literal

from pydantic import Field, model_validator

from evalkit.records.spec_file import Faults, Spec
from evalkit.records.standards_threshold import SourceStatus, Threshold


class Bands(Spec):
    """Numbers that together decide something, in order; all from one source."""

    values: tuple[float, ...] = Field(min_length=1)
    unit: str
    source: str
    status: SourceStatus


class RisingBands(Bands):
    """Upper ends of bands, each above the one before."""

    @model_validator(mode="after")
    def _rises(self) -> "RisingBands":
        pairs = zip(self.values, self.values[1:], strict=False)
        if any(one >= other for one, other in pairs):
            raise Faults([(("values",), "Each number must be above the one before.")])
        return self


class Labels(Spec):
    """Words for ratings, lowest first."""

    values: tuple[str, ...] = Field(min_length=1)
    source: str
    status: SourceStatus


class DesignRung(Spec):
    """The padlocks that a kind of design can reach."""

    padlocks: int = Field(ge=0, le=5)
    design: str
    meaning: str
    source: str
    status: SourceStatus


class SecurityThreat(Spec):
    """One of the threats to validity that an evaluator rates."""

    id: str
    title: str
    source: str
    status: SourceStatus


class PadlockStandards(Spec):
    """The EEF's security rating."""

    labels: Labels
    designs: tuple[DesignRung, ...] = Field(min_length=6, max_length=6)
    mdes: RisingBands
    attrition: RisingBands
    mdes_decimals: Threshold
    attrition_decimals: Threshold
    most_subtracted: Threshold
    imbalance_small: Threshold
    imbalance_large: Threshold
    developer_outcome: Threshold


class MonthStandards(Spec):
    """Months of progress; a project report and the Toolkit use different bands."""

    default: Literal["project", "toolkit"]
    project: RisingBands
    toolkit: RisingBands
    decimals: Threshold


class CostStandards(Spec):
    """The EEF's cost rating."""

    labels: Labels
    bounds: RisingBands
    older_bounds: RisingBands
    years: Threshold


class WwcStandards(Spec):
    """What Works Clearinghouse 4.1 and 5.0."""

    baseline_satisfied: Threshold
    baseline_adjustable: Threshold
    attrition_cautious: Bands
    attrition_optimistic: Bands
    attrition_overall_decimals: Threshold
    cox_divisor: Threshold
    cox_small_sample_factor: Threshold
    improvement_index_centre: Threshold
    icc_achievement: Threshold
    icc_other: Threshold


class ComplianceStandards(Spec):
    """When assignment is a weak instrument."""

    weak_first_stage: Threshold


class MissingStandards(Spec):
    """When missing data must be analysed, and what attrition has been seen to do."""

    analyse_above: Threshold
    typical_attrition_bias: Threshold
    largest_attrition_bias: Threshold


class TrialComparisonStandard(Spec):
    """How far the groups' baselines may lie apart, in SDs of either sign."""

    strong_difference: Threshold
    fair_difference: Threshold


class TrialSizeStandard(Spec):
    """The largest MDES at randomisation and half width of the effect's interval, in SDs; both must be met."""

    strong_mdes: Threshold
    fair_mdes: Threshold
    strong_half_width: Threshold
    fair_half_width: Threshold


class TrialCheckStandards(Spec):
    """Thresholds of the checks of a trial that differ from those of one group; the others are shared."""

    comparison: TrialComparisonStandard
    size: TrialSizeStandard


class TrialWarningStandards(Spec):
    """From where on a warning is given in a trial."""

    few_clusters: Threshold
    few_in_stratum: Threshold
