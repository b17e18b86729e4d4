"""Did it work for some more than for others: the interaction in the full sample, and each group by itself."""

from dataclasses import replace

import pandas as pd

from evalkit.analysis.estimate import Estimate, not_estimated
from evalkit.analysis.trial_effects import blank, effect_rows, estimated, interval_name, main_estimator
from evalkit.analysis.trial_model import (
    PERCENT,
    TrialModel,
    arm_term,
    coefficients,
    fit_trial,
    records,
    with_counts,
    with_effect,
    with_test,
    yardsticks,
)
from evalkit.analysis.trial_sample import NOT_RECORDED, TrialSample
from evalkit.records.characteristic import Characteristic


def subgroup_rows(sample: TrialSample, everyone: TrialSample, subgroup: Characteristic) -> list[Estimate]:
    """The interaction, then a row for each value and arm.

    Parameters
    ----------
    sample : the outcome's own pupils
    everyone : the same outcome for all who were randomised; used for the subgroup that the outcome's pupils are
        chosen by, so that it has something to be compared with
    subgroup : Characteristic
    """
    chosen = sample.outcome.pupils is not None and sample.outcome.pupils.subgroup == subgroup.id
    full = everyone if chosen else sample
    known = full.analysed[full.analysed[subgroup.id].notna() & (full.analysed[subgroup.id] != NOT_RECORDED)]
    values = sorted(str(value) for value in known[subgroup.id].unique())
    if len(values) < 2:
        reason = f"Every pupil has the same value of '{subgroup.label}', so there are no groups to compare."
        rows = [
            blank(full, arm, inquiry="subgroup_interaction", estimator="multilevel", subgroup=subgroup.id)
            for arm in full.treated
        ]
        return [not_estimated(row, reason) for row in rows]
    rows = _interaction(full, known, subgroup, values)
    for value in values:
        rows += _separate(full, known[known[subgroup.id] == value], subgroup, value)
    return rows


def _method(sample: TrialSample) -> str:
    if sample.plan.is_comparison:
        return main_estimator(sample)
    return "linear" if sample.plan.design == "individual_trial" else "multilevel"


def _interaction(
    sample: TrialSample, rows: pd.DataFrame, subgroup: Characteristic, values: list[str]
) -> list[Estimate]:
    """How much the effect differs: for two groups the second minus the first, with its test; for more a joint F."""
    blanks = [
        blank(sample, arm, inquiry="subgroup_interaction", estimator=_method(sample), subgroup=subgroup.id)
        for arm in sample.treated
    ]

    def build() -> list[Estimate]:
        data = rows.assign(**{subgroup.id: pd.Categorical(rows[subgroup.id], categories=values)})
        terms = [name for name in sample.terms if name != subgroup.id]
        model = fit_trial(sample, rows=data, terms=terms, arm=f"arm * {subgroup.id}")
        return [_difference(row, model, arm, subgroup, values) for row, arm in zip(blanks, sample.treated, strict=True)]

    return estimated(blanks, build)


def _difference(row: Estimate, model: TrialModel, arm: str, subgroup: Characteristic, values: list[str]) -> Estimate:
    sample = model.sample
    factor = PERCENT if sample.outcome.kind == "yes_no" else 1.0
    row = with_counts(row, model, arm)
    names = [f"{arm_term(arm)}:{subgroup.id}[T.{value}]" for value in values[1:]]
    table = coefficients(model)
    missing = [name for name in names if name not in table]
    if missing:
        return not_estimated(row, f"Not every group of '{subgroup.label}' has pupils in the arm '{arm}'.")
    if len(names) == 1:
        reason = f"The effect for '{values[1]}' minus the effect for '{values[0]}'."
        row = with_test(replace(row, reason=reason), table[names[0]], model, factor=factor)
        if sample.outcome.kind == "yes_no":
            return row
        scales = yardsticks(model)
        return with_effect(row, scales.get(arm), es_type="g_total", interval=interval_name(model))
    joint = records(model.fit.test(names))[0]
    return replace(
        row,
        statistic=float(joint["statistic"]),
        df=float(joint["den_df"]),
        p_value=float(joint["p_value"]),
        reason=f"Joint test of {len(names)} differences (F with {len(names)} and the degrees of freedom shown).",
    )


def _separate(sample: TrialSample, rows: pd.DataFrame, subgroup: Characteristic, value: str) -> list[Estimate]:
    """The planned model in the pupils of one group."""
    name = f"{subgroup.id}: {value}"
    blanks = [
        blank(sample, arm, inquiry="subgroup", estimator=_method(sample), subgroup=name) for arm in sample.treated
    ]

    def build() -> list[Estimate]:
        terms = [term for term in sample.terms if term != subgroup.id]
        model = fit_trial(sample, rows=rows, terms=terms)
        scales = yardsticks(model) if sample.outcome.kind == "number" else {}
        return effect_rows(model, scales, inquiry="subgroup", estimator=_method(sample), subgroup=name)

    return estimated(blanks, build)
