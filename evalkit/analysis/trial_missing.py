"""Pupils without an outcome: the answer under imputation, and how different they would have to be to change it."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from evalkit.analysis.estimate import Estimate, not_estimated
from evalkit.analysis.trial_effects import blank, estimated
from evalkit.analysis.trial_model import (
    PERCENT,
    TrialModel,
    Yardstick,
    with_effect,
)
from evalkit.analysis.trial_pooled import Imputed, first_model, pooled
from evalkit.analysis.trial_sample import GAP, TrialSample
from evalkit.errors import FitError
from evalkit.records.evaluation import Evaluation
from evalkit.stats.missing_imputation import impute
from evalkit.stats.missing_model import FEWEST_CLUSTERS, IncompleteVariable, VariableKind, imputation_model
from evalkit.stats.missing_sensitivity import shift_imputed, tipping_point
from evalkit.stats.pooling import PooledEstimates
from evalkit.stats.vectors import FloatArray

WIDEST_DELTA = 1.0
ORDERED = "Ordered grades are not imputed: an ordered logit is not refitted to each imputation. Complete cases stand."


def impute_sample(sample: TrialSample, auxiliary: Sequence[str]) -> Imputed:
    """Impute outcome, baseline and number covariates of the outcome's population.

    Each arm is imputed apart where both have at least four schools, which keeps every interaction with the arm; else
    together with the arm as a predictor. Strata, covariates, subgroups and the plan's auxiliary variables predict.

    Raises
    ------
    FitError
        Nothing is missing, or the data cannot be imputed as asked.
    """
    plan = sample.plan
    rows = sample.population.sort_values(["school", "pupil"] if "school" in sample.population else ["pupil"])
    rows = rows[rows["arm"].notna()].reset_index(drop=True)
    numbers = [name for name in dict.fromkeys(t.removesuffix(GAP) for t in sample.terms) if _is_number(rows[name])]
    gaps = [name for name in ("outcome", *numbers) if bool(rows[name].isna().any())]
    if not gaps:
        raise FitError("No pupil lacks an outcome or a covariate, so there is nothing to impute.")
    complete, names = _predictors(rows, sample, [name for name in numbers if name not in gaps], auxiliary)
    per_arm = rows.groupby("arm", observed=True)["school"].nunique().min() if "school" in rows else 0
    by_arm = plan.design == "cluster_trial" and int(per_arm) >= FEWEST_CLUSTERS
    if not by_arm:
        arms = pd.get_dummies(rows["arm"], dtype=float).iloc[:, 1:]
        complete = np.column_stack([complete, arms.to_numpy(dtype=float)])
        names = [*names, *(f"arm {name}" for name in arms.columns)]
    model = imputation_model(
        [IncompleteVariable(name, rows[name].to_numpy(dtype=float), _kind(sample, name)) for name in gaps],
        clusters=group_codes(rows, plan),
        complete=complete,
        complete_names=names,
        groups=rows["arm"].astype("str").to_numpy() if by_arm else None,
        cluster_means=plan.design != "individual_trial",
    )
    made = impute(model, seed=plan.seed, n_imputations=plan.missing_data.imputations)
    return Imputed(sample, rows, made, by_arm)


def group_codes(rows: pd.DataFrame, plan: Evaluation) -> npt.NDArray[np.generic]:
    """Schools as the groups of a model with group effects; where there are none, tens of pupils in order of codes.

    Such tens share nothing, so their variance is found to be near 0 and the model is one of pupils.
    """
    if "school" in rows.columns and rows["school"].nunique() > 1:
        return rows["school"].to_numpy()
    return np.arange(len(rows)) // 10


def _is_number(column: pd.Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(column)) and not bool(pd.api.types.is_bool_dtype(column))


def _kind(sample: TrialSample, name: str) -> VariableKind:
    if name == "outcome" and sample.outcome.kind == "yes_no":
        return "binary"
    return "matched" if name == "outcome" and sample.outcome.kind == "ordered" else "normal"


def _predictors(
    rows: pd.DataFrame, sample: TrialSample, numbers: Sequence[str], auxiliary: Sequence[str]
) -> tuple[FloatArray, list[str]]:
    """Columns without gaps: numbers, and dummies of every category of the plan (not recorded is one of them)."""
    plan = sample.plan
    strata = [one.id for one in plan.groups.strata] if plan.groups else []
    wanted = dict.fromkeys([*sample.terms, *strata, *(one.id for one in plan.subgroups), *auxiliary])
    parts: list[pd.DataFrame] = [rows[[*numbers]].astype(float)]
    for name in wanted:
        if name in rows.columns and not _is_number(rows[name]) and name not in ("outcome", "baseline"):
            dummies = pd.get_dummies(rows[name].fillna("not recorded").astype("str"), prefix=name, dtype=float)
            parts.append(dummies.iloc[:, 1:])
    table = pd.concat(parts, axis="columns")
    table = table.loc[:, table.nunique() > 1]
    return table.to_numpy(dtype=float), [str(name) for name in table.columns]


def missing_rows(model: TrialModel, scales: dict[str, Yardstick]) -> list[Estimate]:
    """The imputed estimate (also a robustness row) and the tipping points of every treated arm.

    A tipping point is how many standard deviations the missing pupils of the programme's arm would have to lie below
    (or above) what the imputation says before the interval's verdict changes.
    """
    sample = model.sample
    names = (("robustness", "imputed"), ("missing", "imputed"), ("missing", "tipping_low"), ("missing", "tipping_high"))
    blanks = [
        blank(sample, arm, inquiry=inquiry, estimator=estimator)
        for arm in sample.treated
        for inquiry, estimator in names
    ]
    if sample.plan.missing_data.strategy != "multiple_imputation":
        return []
    if sample.outcome.kind == "ordered":
        return [not_estimated(row, ORDERED) for row in blanks if row.inquiry == "missing"]
    return estimated(blanks, lambda: _rows(model, scales, blanks))


def _rows(model: TrialModel, scales: dict[str, Yardstick], blanks: list[Estimate]) -> list[Estimate]:
    imputed = impute_sample(model.sample, model.sample.plan.missing_data.auxiliary)
    first = first_model(imputed)
    found = pooled(imputed, imputed.imputations, first)
    rows: list[Estimate] = []
    for place, arm in enumerate(imputed.arms):
        mine = [row for row in blanks if row.contrast.startswith(f"{arm} - ")]
        rows += [_pooled_row(row, model, imputed, found, place, scales.get(arm)) for row in mine[:2]]
        rows += _tipping(mine[2:], imputed, first, arm, place, scales.get(arm))
    return rows


def _pooled_row(
    row: Estimate, model: TrialModel, imputed: Imputed, found: PooledEstimates, place: int, scale: Yardstick | None
) -> Estimate:
    factor = PERCENT if model.sample.outcome.kind == "yes_no" else 1.0
    counts = imputed.rows["arm"].value_counts().to_dict()
    arm = row.contrast.partition(" - ")[0]
    how = "each arm by itself" if imputed.by_arm else "the arms together"
    rise = float(found.relative_increase[place])
    row = replace(
        row,
        estimate=factor * float(found.estimates[place]),
        std_error=factor * float(found.std_errors[place]),
        df=float(found.df[place]),
        statistic=float(found.t_values[place]),
        p_value=float(found.p_values[place]),
        conf_low=factor * float(found.conf_low[place]),
        conf_high=factor * float(found.conf_high[place]),
        n_treated=float(counts.get(arm, 0)),
        n_control=float(counts.get(model.sample.plan.control.id, 0)),
        reason=f"{found.n_imputations} imputations, {how}; "
        f"{100 * rise / (1 + rise):.0f}% of the variance is due to the gaps.",
    )
    return with_effect(row, scale, es_type="g_total", interval="over the SD of the primary analysis", factor=1.0)


def _tipping(
    rows: list[Estimate], imputed: Imputed, first: TrialModel, arm: str, place: int, scale: Yardstick | None
) -> list[Estimate]:
    """Nearest shift of the arm's imputed outcomes, down and up, at which the verdict changes."""
    rows = [replace(row, unit="sd") for row in rows]
    mine = (imputed.rows["arm"] == arm).to_numpy(dtype=bool)
    if "outcome" not in imputed.imputations.names or not bool(imputed.rows["outcome"].isna().to_numpy()[mine].any()):
        return [not_estimated(row, f"Nobody in the arm '{arm}' lacks an outcome.") for row in rows]
    if scale is None:
        return [not_estimated(row, "A shift in standard deviations needs an outcome that is a number.") for row in rows]

    def answer(delta: float) -> tuple[float, float, float]:
        moved = shift_imputed(imputed.imputations, variable="outcome", delta=delta, sd=scale.sd, rows=mine)
        found = pooled(imputed, moved, first)
        return float(found.estimates[place]), float(found.conf_low[place]), float(found.conf_high[place])

    found = tipping_point(answer, low=-WIDEST_DELTA, high=WIDEST_DELTA, steps=2, tolerance=0.01)
    deltas = {"tipping_low": found.delta_below, "tipping_high": found.delta_above}
    verdict = {"above": "above zero", "below": "below zero", "unclear": "on both sides of zero"}[found.conclusion]
    filled: list[Estimate] = []
    for row in rows:
        delta = deltas[row.estimator]
        reason = f"Without a shift the interval lies {verdict}."
        if delta is None:
            reason += f" No shift of up to {WIDEST_DELTA:g} SD changes that."
        filled.append(replace(row, estimate=math.nan if delta is None else delta, reason=reason))
    return filled
