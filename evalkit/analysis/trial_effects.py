"""The effect of each arm on one outcome: primary, unadjusted, follow-up, and the share of variance between schools."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from evalkit.analysis.estimate import Estimate, not_estimated
from evalkit.analysis.linear_model import LinearModel
from evalkit.analysis.multilevel import Fit, multilevel
from evalkit.analysis.ordinal_model import ordinal
from evalkit.analysis.trial_model import (
    PERCENT,
    TrialModel,
    Yardstick,
    arm_term,
    cluster_column,
    coefficients,
    fit_trial,
    fixed_part,
    records,
    with_counts,
    with_effect,
    with_test,
    yardsticks,
)
from evalkit.analysis.trial_sample import TrialSample
from evalkit.errors import FitError

MAIN_ESTIMATORS = ("multilevel", "linear", "logit", "ordinal", "ancova", "post_only", "matched")
INTERVALS = {"kenward-roger": "Kenward-Roger t over the same SD", "satterthwaite": "Satterthwaite t over the same SD"}


def main_estimator(sample: TrialSample) -> str:
    """The estimator of the primary row: by the outcome's kind, then by the design."""
    if sample.plan.is_comparison:
        return "ancova" if sample.has_baseline else "post_only"
    if sample.outcome.kind == "yes_no":
        return "logit"
    if sample.outcome.kind == "ordered":
        return "ordinal"
    return "linear" if sample.plan.design == "individual_trial" else "multilevel"


def interval_name(model: TrialModel) -> str:
    """How the interval of an effect size in this model is made, in words."""
    return "t over the same SD" if isinstance(model.fit, LinearModel) else INTERVALS[model.fit.df]


def blank(sample: TrialSample, arm: str, *, inquiry: str, estimator: str, subgroup: str = "all") -> Estimate:
    """A row about one arm that has no numbers yet."""
    unit = "percentage_points" if sample.outcome.kind == "yes_no" else "points"
    plan = sample.plan
    family = ""
    if inquiry == "effect" and estimator in MAIN_ESTIMATORS:
        family = plan.multiplicity.family if sample.outcome.role == "primary" else "secondary outcomes"
    return Estimate(
        inquiry=inquiry,
        outcome=sample.outcome.id,
        wave=sample.wave,
        subgroup=subgroup,
        contrast=f"{arm} - {plan.control.id}",
        estimator=estimator,
        unit=unit,
        family=family,
        conf_level=plan.conf_level,
        n_control=math.nan,
        scale_version=sample.scale_version,
    )


def estimated(rows: list[Estimate], build: Callable[[], list[Estimate]]) -> list[Estimate]:
    """What `build` gives; where it cannot be had, the blank rows with the reason."""
    try:
        return build()
    except FitError as error:
        reason = " ".join(error.problems) if len(error.problems) > 1 else error.message
        return [not_estimated(row, reason) for row in rows]


def effect_rows(
    model: TrialModel,
    scales: dict[str, Yardstick],
    *,
    inquiry: str = "effect",
    estimator: str | None = None,
    subgroup: str = "all",
) -> list[Estimate]:
    """A row for each treated arm of a fitted model, the effect in points and as Hedges' g."""
    sample = model.sample
    factor = PERCENT if sample.outcome.kind == "yes_no" else 1.0
    table = coefficients(model)
    rows: list[Estimate] = []
    for arm in sample.treated:
        row = blank(sample, arm, inquiry=inquiry, estimator=estimator or main_estimator(sample), subgroup=subgroup)
        row = with_counts(row, model, arm)
        if arm_term(arm) not in table:
            rows.append(not_estimated(row, f"No pupil of the arm '{arm}' can be analysed."))
            continue
        row = with_test(row, table[arm_term(arm)], model, factor=factor)
        if sample.outcome.kind == "number":
            row = with_effect(row, scales.get(arm), es_type="g_total", interval=interval_name(model))
        rows.append(row)
    return rows


def primary_rows(model: TrialModel, scales: dict[str, Yardstick], *, inquiry: str = "effect") -> list[Estimate]:
    """The primary analysis: multilevel (or linear), risk difference (yes/no), odds ratio (grades)."""
    if model.sample.outcome.kind == "yes_no" and not model.sample.plan.is_comparison:
        return _risk_rows(model, inquiry=inquiry)
    if model.sample.outcome.kind == "ordered":
        return _odds_rows(model, inquiry=inquiry)
    return effect_rows(model, scales, inquiry=inquiry)


def _risk_rows(model: TrialModel, *, inquiry: str) -> list[Estimate]:
    """Risk differences from a logit with a school effect, in percentage points; Cox's d as the effect size."""
    sample = model.sample
    if not isinstance(model.fit, Fit):
        return effect_rows(model, {}, inquiry=inquiry, estimator="linear")
    # The logit takes one random intercept: that of the units allocated, or of the schools in which pupils were.
    group = "classroom" if sample.unit == "classroom" else "school"
    fit = multilevel(f"{fixed_part(model.formula)} + (1 | {group})", model.data)
    found = records(fit.effect_size("arm", conf_level=sample.plan.conf_level))
    table = {(row["contrast"], row["variant"]): row for row in found}
    rows: list[Estimate] = []
    for arm in sample.treated:
        row = with_counts(blank(sample, arm, inquiry=inquiry, estimator="logit"), model, arm)
        if (arm_term(arm), "risk_difference") not in table:
            rows.append(not_estimated(row, f"No pupil of the arm '{arm}' can be analysed."))
            continue
        risk, cox = table[arm_term(arm), "risk_difference"], table[arm_term(arm), "cox_d"]
        if str(risk["reason"]):
            rows.append(not_estimated(row, str(risk["reason"])))
            continue
        low, high = float(risk["conf_low"]), float(risk["conf_high"])
        rows.append(
            replace(
                row,
                estimate=PERCENT * float(risk["estimate"]),
                df=float(risk["df"]),
                p_value=float(risk["p_value"]),
                conf_low=PERCENT * low,
                conf_high=PERCENT * high,
                effect_size=float(cox["estimate"]),
                es_low=float(cox["conf_low"]),
                es_high=float(cox["conf_high"]),
                es_type="cox_d",
                es_interval="delta method",
            )
        )
    return rows


def _odds_rows(model: TrialModel, *, inquiry: str) -> list[Estimate]:
    """The common odds ratio of ordered grades, clustered by school."""
    sample = model.sample
    cluster = cluster_column(sample.plan)
    data = model.data if cluster else model.data.assign(pupil_row=np.arange(len(model.data)))
    fixed = fixed_part(model.formula)
    fitted = ordinal(fixed, data, clusters=cluster or "pupil_row").tidy(conf_level=sample.plan.conf_level)
    table = {str(row["term"]): row for row in records(fitted)}
    rows: list[Estimate] = []
    for arm in sample.treated:
        row = with_counts(blank(sample, arm, inquiry=inquiry, estimator="ordinal"), model, arm)
        if arm_term(arm) not in table:
            rows.append(not_estimated(row, f"No pupil of the arm '{arm}' can be analysed."))
            continue
        row = with_test(replace(row, unit="odds_ratio"), table[arm_term(arm)], model)
        ends = {name: math.exp(getattr(row, name)) for name in ("estimate", "conf_low", "conf_high")}
        rows.append(replace(row, **ends, std_error=math.nan))
    return rows


def unadjusted_rows(sample: TrialSample) -> list[Estimate]:
    """The same pupils with the arm alone in the model."""

    def build() -> list[Estimate]:
        alone = fit_trial(sample, terms=())
        return effect_rows(alone, _scales_of(alone), estimator="unadjusted")

    return estimated([blank(sample, arm, inquiry="effect", estimator="unadjusted") for arm in sample.treated], build)


def _scales_of(model: TrialModel) -> dict[str, Yardstick]:
    return yardsticks(model) if model.sample.outcome.kind == "number" else {}


def follow_up_rows(sample: TrialSample) -> list[Estimate]:
    """The primary model at a later wave; `sample` is that of the wave."""
    rows = [blank(sample, arm, inquiry="follow_up", estimator=main_estimator(sample)) for arm in sample.treated]

    def build() -> list[Estimate]:
        later = fit_trial(sample)
        return primary_rows(later, _scales_of(later), inquiry="follow_up")

    return estimated(rows, build)


def icc_rows(sample: TrialSample) -> list[Estimate]:
    """Share of the variance between schools, of baseline and of outcome, from models with nothing but the groups."""
    if sample.plan.design == "individual_trial" or sample.outcome.kind == "ordered":
        return []
    if "school" not in sample.frame.columns or sample.analysed["school"].nunique() < 2:
        return []
    rows: list[Estimate] = []
    for name, estimator in (("baseline", "baseline"), ("outcome", "outcome")):
        row = replace(
            blank(sample, "all", inquiry="icc", estimator=estimator),
            contrast="between schools",
            unit="share",
            n_control=0.0,
            wave=sample.plan.waves[0].id if name == "baseline" else sample.wave,
        )
        if name == "baseline" and not sample.has_baseline:
            continue
        rows += estimated([row], lambda row=row, name=name: [_icc_row(row, sample, name)])
    return rows


def _icc_row(row: Estimate, sample: TrialSample, column: str) -> Estimate:
    data = sample.analysed[sample.analysed[column].notna()]
    empty = multilevel(f"{column} ~ 1 + (1 | school)", data)
    school = next(one for one in records(empty.icc(conf_level=sample.plan.conf_level)) if one["group"] == "school")
    return replace(
        row,
        estimate=float(school["icc"]),
        conf_low=float(school["conf_low"]),
        conf_high=float(school["conf_high"]),
        n_treated=float(len(data)),
        clusters_treated=float(data["school"].nunique()),
    )
