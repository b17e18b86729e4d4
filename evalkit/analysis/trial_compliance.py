"""What the programme did where it was taken up: complier effects, their first stage, and dose and response."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd

from evalkit.analysis.estimate import Estimate, not_estimated
from evalkit.analysis.linear_model import linear
from evalkit.analysis.multilevel import multilevel
from evalkit.analysis.trial_effects import blank, estimated
from evalkit.analysis.trial_model import (
    Record,
    TrialModel,
    Yardstick,
    arm_term,
    cluster_column,
    coefficients,
    fit_trial,
    records,
    with_counts,
    with_effect,
    with_test,
)
from evalkit.errors import FitError
from evalkit.records.trial import Compliance
from evalkit.stats.instrumental import ComplierEffect, complier_effect
from evalkit.stats.instrumental_ratio import RatioEffect, ratio_effect
from evalkit.stats.ratio_set import RatioSet


def compliance_rows(
    model: TrialModel, scales: dict[str, Yardstick], measure: Compliance, *, weak_below: float
) -> list[Estimate]:
    """Rows of one measure of compliance: as an amount, and as delivered or not where the plan says from where on.

    Parameters
    ----------
    model : the primary model; its pupils and covariates are used
    scales : its yardsticks by arm
    measure : Compliance
    weak_below : first-stage F below which the Anderson-Rubin set replaces the t interval
    """
    unit = measure.unit if measure.kind == "dose" else "compliance"
    forms: list[tuple[str, str, float | None]] = [(measure.id, unit, None)]
    if measure.complied_from is not None:
        forms.append((f"{measure.id} >= {measure.complied_from:g}", "compliance", measure.complied_from))
    rows: list[Estimate] = []
    for name, unit, threshold in forms:
        for arm in model.sample.treated:
            rows += _form_rows(model, scales.get(arm), measure, arm, (name, unit, threshold), weak_below)
    return rows


def _form_rows(
    model: TrialModel,
    scale: Yardstick | None,
    measure: Compliance,
    arm: str,
    form: tuple[str, str, float | None],
    weak_below: float,
) -> list[Estimate]:
    name, unit, threshold = form
    several = f" ({arm})" if len(model.sample.treated) > 1 else ""
    blanks = [
        replace(
            blank(model.sample, arm, inquiry="compliance", estimator=estimator),
            contrast=f"{name}{several}",
            unit=f"points per {unit}" if estimator != "first_stage" else unit,
        )
        for estimator in ("cace_2sls", "cace_anderson_rubin", "cace_ratio", "first_stage")
    ]

    two_stage, anderson_rubin, ratio, first_stage = (with_counts(row, model, arm) for row in blanks)

    def instrumental() -> list[Estimate]:
        found = _two_stage(model, _pupils(model, measure, arm, threshold), arm, weak_below)
        return [
            _two_stage_row(two_stage, found, scale),
            _set_row(anderson_rubin, found.anderson_rubin, found, scale),
            _first_stage_row(first_stage, found),
        ]

    def multilevel_ratio() -> list[Estimate]:
        return [_ratio_row(ratio, model, _pupils(model, measure, arm, threshold), arm, scale)]

    return [*estimated([two_stage, anderson_rubin, first_stage], instrumental), *estimated([ratio], multilevel_ratio)]


def _pupils(model: TrialModel, measure: Compliance, arm: str, threshold: float | None) -> pd.DataFrame:
    """The analysed pupils of this arm and the control, each with the dose; control pupils without a record had none."""
    plan = model.sample.plan
    data = model.data[model.data["arm"].isin([arm, plan.control.id])]
    if measure.id not in data.columns:
        raise FitError(f"The data have no column for '{measure.label}'.")
    dose = pd.to_numeric(data[measure.id], errors="coerce").astype("float64")
    dose = dose.mask(dose.isna() & (data["arm"] == plan.control.id), 0.0)
    gaps = int(dose.isna().sum())
    if gaps == len(dose[data["arm"] == arm]):
        raise FitError(f"'{measure.label}' is recorded for nobody in the arm '{arm}'.")
    if threshold is not None:
        dose = (dose >= threshold).astype("float64").where(dose.notna())
    return data.assign(dose=dose)[dose.notna()]


def _design(model: TrialModel, pupils: pd.DataFrame) -> tuple[np.ndarray, list[str]]:
    """The covariates of the primary model, the constant first."""
    columns, names = [np.ones(len(pupils))], ["(constant)"]
    for term in model.sample.terms:
        if pd.api.types.is_numeric_dtype(pupils[term]):
            columns.append(pupils[term].to_numpy(dtype=float))
            names.append(term)
        else:
            dummies = pd.get_dummies(pupils[term].astype("str"), dtype=float).iloc[:, 1:]
            columns += [dummies[value].to_numpy(dtype=float) for value in dummies.columns]
            names += [f"{term} {value}" for value in dummies.columns]
    kept = [0, *(k for k in range(1, len(columns)) if np.ptp(columns[k]) > 0)]
    return np.column_stack([columns[k] for k in kept]), [names[k] for k in kept]


def _two_stage(model: TrialModel, pupils: pd.DataFrame, arm: str, weak_below: float) -> ComplierEffect:
    plan = model.sample.plan
    design, names = _design(model, pupils)
    clusters = pupils["school"].to_numpy() if cluster_column(plan) else np.arange(len(pupils))
    return complier_effect(
        pupils["outcome"].to_numpy(dtype=float),
        pupils["dose"].to_numpy(dtype=float),
        assignment=(pupils["arm"] == arm).to_numpy(dtype=float),
        clusters=clusters,
        covariates=design,
        names=names,
        df="satterthwaite" if cluster_column(plan) else "clusters",  # few or unequal schools: see docs, compliance
        conf_level=plan.conf_level,
        weak_below=weak_below,
    )


def _two_stage_row(row: Estimate, found: ComplierEffect, scale: Yardstick | None) -> Estimate:
    words = []
    if found.weak:
        words.append("Assignment moved the dose little: read the Anderson-Rubin set instead of this interval.")
    if found.two_sided:
        words.append("Some control pupils had a dose too.")
    return _tested(replace(row, reason=" ".join(words)), found, scale, interval="cluster-robust t")


def _tested(row: Estimate, found: ComplierEffect | RatioEffect, scale: Yardstick | None, *, interval: str) -> Estimate:
    """The row with estimate, test and interval per unit of dose, and the same as an effect size."""
    row = replace(
        row,
        estimate=found.estimate,
        std_error=found.std_error,
        df=found.df,
        statistic=found.statistic,
        p_value=found.p_value,
        conf_low=found.conf_low,
        conf_high=found.conf_high,
    )
    return with_effect(row, scale, es_type="g_total", interval=f"{interval} over the SD of the primary analysis")


def _set_row(row: Estimate, found: RatioSet, effect: ComplierEffect, scale: Yardstick | None) -> Estimate:
    """The Anderson-Rubin set: its ends where it is an interval, else what it is in words."""
    if not found.bounded:
        words = {
            "ray": "The set has no end on one side: the effect per unit cannot be bounded.",
            "two_rays": "The set is everything but a stretch in the middle: the effect per unit cannot be bounded.",
            "everything": "No effect per unit is ruled out: we cannot tell.",
        }[found.shape]
        return replace(not_estimated(row, words), estimate=math.nan)
    low, high = found.parts[0]
    row = replace(row, estimate=effect.estimate, conf_low=low, conf_high=high)
    return with_effect(row, scale, es_type="g_total", interval="Anderson-Rubin over the SD of the primary analysis")


def _ratio_row(row: Estimate, model: TrialModel, pupils: pd.DataFrame, arm: str, scale: Yardstick | None) -> Estimate:
    """The multilevel effect over the multilevel difference in dose, on the same pupils."""
    sample = model.sample
    rows = sample.frame.loc[pupils.index].assign(dose=pupils["dose"])
    effect = coefficients(fit_trial(sample, rows=rows))[arm_term(arm)]
    first = _dose_difference(model, pupils, rows, arm)
    found = ratio_effect(
        float(effect["estimate"]),
        float(first["estimate"]),
        itt_std_error=float(effect["std_error"]),
        first_stage_std_error=float(first["std_error"]),
        df=float(effect["df"]),
        conf_level=sample.plan.conf_level,
    )
    return _tested(row, found, scale, interval="delta method")


def _dose_difference(model: TrialModel, pupils: pd.DataFrame, rows: pd.DataFrame, arm: str) -> Record:
    """The difference in dose between the arms: multilevel where pupils of a school differ in it, else over schools."""
    if float(pupils.groupby("arm", observed=True)["dose"].std(ddof=0).max()) == 0.0:
        means = pupils.groupby("arm", observed=True)["dose"].mean().to_dict()
        return {"estimate": float(means[arm]) - float(means[model.sample.plan.control.id]), "std_error": 0.0}
    unit = cluster_column(model.sample.plan)
    if unit is None or int(pupils.groupby(unit)["dose"].nunique().max()) > 1:
        return coefficients(fit_trial(model.sample, rows=rows, outcome="dose"))[arm_term(arm)]
    schools = pupils.drop_duplicates(unit)
    constant = [term for term in model.sample.terms if bool((pupils.groupby(unit)[term].nunique() == 1).all())]
    kept = [term for term in constant if schools[term].nunique() > 1]
    schools = schools.assign(arm=pd.Categorical(schools["arm"]).remove_unused_categories())
    table = linear(" + ".join(["dose ~ arm", *kept]), schools, clusters=unit).tidy()
    return next(row for row in records(table) if row["term"] == arm_term(arm))


def _first_stage_row(row: Estimate, found: ComplierEffect) -> Estimate:
    first = found.first_stage
    words = (
        "Everybody did as assigned, so there is no first stage to test."
        if found.full_compliance
        else f"Correlation of assignment and dose {first.correlation:.2f}."
    )
    return replace(
        row,
        estimate=first.coefficient,
        std_error=first.std_error,
        df=first.df_denominator,
        statistic=math.nan if found.full_compliance else first.f_value,
        p_value=math.nan if found.full_compliance else first.p_value,
        reason=words,
    )


def dose_rows(model: TrialModel, measure: Compliance) -> list[Estimate]:
    """Exploratory: how the outcome goes with the dose inside each programme arm; nobody drew the dose by lot."""
    sample = model.sample
    rows: list[Estimate] = []
    for arm in sample.treated:
        row = replace(
            blank(sample, arm, inquiry="dose_response", estimator="multilevel"),
            contrast=f"{measure.id} within {arm}",
            unit=f"points per {measure.unit if measure.kind == 'dose' else 'compliance'}",
        )
        rows += estimated([row], lambda row=row, arm=arm: [_dose_row(row, model, measure, arm)])
    return rows


def _dose_row(row: Estimate, model: TrialModel, measure: Compliance, arm: str) -> Estimate:
    sample = model.sample
    if measure.id not in model.data.columns:
        raise FitError(f"The data have no column for '{measure.label}'.")
    data = model.data[(model.data["arm"] == arm) & model.data[measure.id].notna()]
    if data[measure.id].nunique() < 2:
        raise FitError(f"Everybody in the arm '{arm}' had the same dose.")
    fixed = [term for term in sample.terms if data[term].nunique() > 1]
    formula = " + ".join([f"outcome ~ {measure.id}", *fixed])
    if cluster_column(sample.plan):
        table = multilevel(f"{formula} + (1 | school)", data).tidy(conf_level=sample.plan.conf_level)
    else:
        table = linear(formula, data).tidy(conf_level=sample.plan.conf_level)
    found = next(one for one in records(table) if one["term"] == measure.id)
    row = replace(row, n_treated=float(len(data)), n_control=0.0, reason="Exploratory: nobody drew the dose by lot.")
    return with_test(row, found, model)
