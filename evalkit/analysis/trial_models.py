"""The frame of a trial's models: a row per outcome, model and contrast, with the numbers that describe its fit."""

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Protocol

import pandas as pd

from evalkit.analysis.estimate import Estimate
from evalkit.analysis.linear_model import LinearModel
from evalkit.analysis.multilevel import Fit
from evalkit.analysis.trial_model import TrialModel, Yardstick, cluster_column, records
from evalkit.analysis.trial_sample import TrialSample
from evalkit.stats.disclosure import mean_is_safe, proportion_is_safe

MODEL_COLUMNS = (
    "model", "outcome", "contrast", "formula", "n_pupils", "n_schools", "n_treated", "n_control", "clusters_treated",
    "clusters_control", "variance_school", "variance_class", "variance_pupil", "icc", "icc_low", "icc_high",
    "r2_pupil", "r2_school", "is_singular", "converged", "loglik", "df_method", "sd_total", "hedges_j", "mean_treated",
    "mean_control", "sd_treated", "sd_control",
)  # fmt: skip


ABOUT_PUPILS = (
    "variance_school", "variance_class", "variance_pupil", "icc", "icc_low", "icc_high", "r2_pupil", "r2_school",
    "loglik", "sd_total", "mean_treated", "mean_control", "sd_treated", "sd_control",
)  # fmt: skip
SHARES = ("variance_pupil", "loglik", "mean_treated", "mean_control", "sd_treated", "sd_control")


def trial_model_rows(name: str, model: TrialModel, scales: dict[str, Yardstick], alone: TrialModel) -> pd.DataFrame:
    """The rows of one model, one for each treated arm.

    Parameters
    ----------
    name : what the model is: primary, unadjusted
    model : TrialModel
    scales : yardsticks of the primary model by arm
    alone : the arm-only model on the same rows; r2 is the share of its variances that the model's terms explain
    """
    rows: list[dict[str, object]] = []
    control = model.sample.plan.control.id
    groups = model.data.groupby("arm", observed=True)["outcome"]
    means, sds, sizes = groups.mean().to_dict(), groups.std(ddof=1).to_dict(), groups.size().to_dict()
    clusters: dict[Hashable, int] = {}
    unit = "classroom" if model.sample.unit == "classroom" else "school"
    if cluster_column(model.sample.plan) and unit in model.data.columns:
        clusters = model.data.groupby("arm", observed=True)[unit].nunique().to_dict()
    shared = _shared(model) | _explained(model, alone)
    for arm in model.sample.treated:
        scale = scales.get(arm)
        rows.append(
            shared
            | {
                "model": name,
                "outcome": model.sample.outcome.id,
                "contrast": f"{arm} - {control}",
                "n_treated": sizes.get(arm, 0),
                "n_control": sizes.get(control, 0),
                "clusters_treated": clusters.get(arm, math.nan),
                "clusters_control": clusters.get(control, math.nan),
                "sd_total": math.nan if scale is None else scale.sd,
                "hedges_j": math.nan if scale is None else scale.correction,
                "mean_treated": means.get(arm, math.nan),
                "mean_control": means.get(control, math.nan),
                "sd_treated": sds.get(arm, math.nan),
                "sd_control": sds.get(control, math.nan),
            }
        )
    return pd.DataFrame([_disclosed(row, model) for row in rows], columns=list(MODEL_COLUMNS))


def _disclosed(row: dict[str, object], model: TrialModel) -> dict[str, object]:
    """The row without numbers that rest on too few pupils of an arm, or tell of a yes/no outcome that hardly varies."""
    threshold = model.sample.plan.suppression_threshold
    arm = str(row["contrast"]).partition(" - ")[0]
    outcomes = [model.data.loc[model.data["arm"] == one, "outcome"] for one in (arm, model.sample.plan.control.id)]
    if not all(mean_is_safe(len(one), threshold) for one in outcomes):
        return row | dict.fromkeys(ABOUT_PUPILS, math.nan)
    ones = [int((one == model.sample.high).sum()) for one in outcomes]
    counts = zip(ones, map(len, outcomes), strict=True)
    if model.sample.outcome.kind == "yes_no" and not all(proportion_is_safe(*one, threshold) for one in counts):
        return row | dict.fromkeys(SHARES, math.nan)
    return row


def _shared(model: TrialModel) -> dict[str, object]:
    fit, data = model.fit, model.data
    n_schools = data["school"].nunique() if "school" in data.columns else math.nan
    found: dict[str, object] = {"formula": model.formula, "n_pupils": len(data), "n_schools": n_schools}
    variances = variances_of(model)
    found |= {f"variance_{level}": variances.get(level, math.nan) for level in ("school", "class", "pupil")}
    if isinstance(fit, LinearModel):
        return found | {"is_singular": 0, "converged": 1, "df_method": "residual"}
    glance = records(fit.glance())[0]
    icc = {row["group"]: row for row in records(fit.icc(conf_level=model.sample.plan.conf_level))}
    school = icc.get("school") or next(iter(icc.values()))
    return found | {
        "icc": school["icc"],
        "icc_low": school["conf_low"],
        "icc_high": school["conf_high"],
        "is_singular": int(glance["is_singular"]),
        "converged": int(glance["converged"]),
        "loglik": glance["loglik"],
        "df_method": fit.df,
    }


def variances_of(model: TrialModel) -> dict[str, float]:
    """Variance at each level: school, class, pupil (the residual); slopes are not in it."""
    if isinstance(model.fit, LinearModel):
        return {"pupil": float(records(model.fit.glance())[0]["sigma"]) ** 2}
    assert isinstance(model.fit, Fit)
    levels = {"school": "school", "classroom": "class", "Residual": "pupil"}
    return {
        levels[row["group"]]: float(row["variance"])
        for row in records(model.fit.variances())
        if row["group"] in levels and row["term"] in ("Intercept", "", None)
    }


def _explained(model: TrialModel, alone: TrialModel) -> dict[str, object]:
    """Share of the arm-only model's variance that the other terms explain, by level; not below 0."""
    own, bare = variances_of(model), variances_of(alone)
    return {
        f"r2_{level}": max(0.0, 1.0 - own[level] / bare[level])
        if bare.get(level, 0.0) > 0 and level in own
        else math.nan
        for level in ("pupil", "school")
    }


class FittedOutcome(Protocol):
    """One outcome with its two models, whatever the design."""

    @property
    def sample(self) -> TrialSample: ...
    @property
    def model(self) -> TrialModel | None: ...
    @property
    def alone(self) -> TrialModel | None: ...
    @property
    def scales(self) -> Mapping[str, Yardstick]: ...
    @property
    def rows(self) -> tuple[Estimate, ...]: ...


def outcome_models(found: Sequence[FittedOutcome]) -> pd.DataFrame:
    """The rows of the primary and of the arm-only model of every outcome that has them."""
    tables: list[pd.DataFrame] = []
    for one in found:
        if one.model is not None and one.alone is not None:
            tables.append(trial_model_rows("primary", one.model, dict(one.scales), one.alone))
            tables.append(trial_model_rows("unadjusted", one.alone, dict(one.scales), one.alone))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(MODEL_COLUMNS))
