"""The model of a trial: which formula a design asks for, its fit, and the effect of every arm in it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtr

from evalkit.analysis.comparison_structure import structure_of
from evalkit.analysis.estimate import Estimate
from evalkit.analysis.linear_model import LinearModel, linear
from evalkit.analysis.mechanism import ROW, Mechanism, declare_mechanism
from evalkit.analysis.multilevel import Fit, multilevel
from evalkit.analysis.trial_sample import TrialSample
from evalkit.errors import FitError
from evalkit.records.evaluation import Evaluation
from evalkit.stats.effect_size import hedges_correction

Model = Fit | LinearModel
Record = dict[str, Any]
PERCENT = 100.0  # risk differences are shown in percentage points


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What turns a difference into Hedges' g: the standard deviation and its small-sample factor."""

    sd: float
    correction: float

    def effect(self, difference: float) -> float:
        """J b / S."""
        return self.correction * difference / self.sd


@dataclass(frozen=True, slots=True, eq=False)
class TrialModel:
    """A model of one outcome.

    Attributes
    ----------
    sample : TrialSample
    data : frame - the rows it was fitted to
    formula : str
    fit : Fit or LinearModel (pupils randomised, no schools)
    """

    sample: TrialSample
    data: pd.DataFrame = field(repr=False)
    formula: str
    fit: Model


def random_part(plan: Evaluation, data: pd.DataFrame) -> str:
    """The random terms that the design asks for, in lme4's language; empty where pupils were randomised by themselves.

    Schools are a level; classes too where they were randomised or the plan says so (and a school has several); in a
    multisite trial the effect may vary between schools.
    """
    if plan.design == "individual_trial":
        return ""
    analysis = plan.groups.analysis if plan.groups else None
    varying = analysis is not None and analysis.varying_effect
    school = "(1 + arm | school)" if varying else "(1 | school)"
    wants_classes = plan.unit_of_randomisation == "class" or (analysis is not None and analysis.class_level)
    if not wants_classes:
        return f" + {school}"
    if data["classroom"].nunique() == data["school"].nunique():
        return " + (1 | classroom)"
    return f" + {school} + (1 | classroom)"


def cluster_column(plan: Evaluation) -> str | None:
    """The column by which errors are clustered: the widest grouping; None where pupils stand for themselves."""
    return None if plan.design == "individual_trial" else "school"


def fit_trial(
    sample: TrialSample,
    *,
    rows: pd.DataFrame | None = None,
    terms: Sequence[str] | None = None,
    arm: str = "arm",
    outcome: str = "outcome",
) -> TrialModel:
    """Fit the design's model.

    Parameters
    ----------
    sample : TrialSample
    rows : rows of the sample's frame, or of another with the same columns; the analysed pupils when left out
    terms : fixed terms besides the arm; the planned ones when left out. A term that no longer varies is left out
    arm : the arm's part of the formula, such as `arm * fsm`
    outcome : the column to explain

    Raises
    ------
    FitError
        With the words of the engine, when the model cannot be fitted.
    """
    data = sample.model_data(sample.analysed if rows is None else rows)
    data = data.assign(arm=_arms_present(data["arm"]))
    wanted = sample.terms if terms is None else terms
    fixed = [name for name in wanted if data[name].nunique(dropna=True) > 1]
    _check_arms(data)
    formula = " + ".join([f"{outcome} ~ {arm}", *fixed])
    if sample.plan.is_comparison:
        return _fit_comparison(sample, data, formula)
    formula += random_part(sample.plan, data)
    if sample.plan.design == "individual_trial":
        return TrialModel(sample, data, formula, linear(formula, data))
    method = sample.plan.groups.analysis.df if sample.plan.groups else "kenward-roger"
    return TrialModel(sample, data, formula, multilevel(formula, data, df=method))


def _fit_comparison(sample: TrialSample, data: pd.DataFrame, formula: str) -> TrialModel:
    """Fit what the schools or classes of a comparison ask for (`comparison_structure`)."""
    found = structure_of(sample.plan, data)
    formula += found.fixed + found.random
    if found.kind == "multilevel":
        return TrialModel(sample, data, formula, multilevel(formula, data, df="kenward-roger"))
    return TrialModel(sample, data, formula, linear(formula, data, clusters=found.clusters))


def fixed_part(formula: str) -> str:
    """A formula without its random terms."""
    return formula.partition(" + (")[0]


def _arms_present(arm: pd.Series) -> pd.Series:
    """The arms without those that no row is in; the first is still the control."""
    return pd.Series(pd.Categorical(arm).remove_unused_categories(), index=arm.index)


def _check_arms(data: pd.DataFrame) -> None:
    counts = data["arm"].value_counts()
    if len(counts) < 2:
        there = ", ".join(str(one) for one in counts.index) or "none"
        raise FitError(f"Only one arm has pupils who can be analysed ({there}), so there is nothing to compare.")


def arm_term(arm: str) -> str:
    """The name of an arm's coefficient."""
    return f"arm[T.{arm}]"


def yardsticks(model: TrialModel) -> dict[str, Yardstick]:
    """By treated arm: what turns a difference in this model into Hedges' g.

    Notes
    -----
    With schools it is g_total of `Fit.effect_size`: the total standard deviation of the arm-only model on the same rows
    and Hedges' J at the degrees of freedom of that variance. Without schools it is the pooled standard deviation within
    arms with J at N - (arms) degrees of freedom (Hedges 1981, doi:10.3102/10769986006002107).
    """
    arms = [one for one in model.sample.treated if one in model.data["arm"].cat.categories]
    if isinstance(model.fit, LinearModel):
        within = model.data.groupby("arm", observed=True)["outcome"]
        sums = within.var(ddof=1) * (within.size() - 1)
        df = float(len(model.data) - within.ngroups)
        if df < 1:
            raise FitError("Each arm has one pupil, so there is no spread within arms to measure a difference by.")
        sd = math.sqrt(float(sums.sum()) / df)
        return {arm: Yardstick(sd, hedges_correction(df)) for arm in arms}
    alone = fit_trial(model.sample, rows=model.data.drop(columns=_gap_columns(model)), terms=())
    assert isinstance(alone.fit, Fit)
    rows = records(alone.fit.effect_size("arm", variants="headline"))
    found = {row["contrast"]: row for row in rows if row["variant"] == "g_total"}
    return {
        arm: Yardstick(float(found[arm_term(arm)]["sd"]), float(found[arm_term(arm)]["correction"])) for arm in arms
    }


def _gap_columns(model: TrialModel) -> list[str]:
    return [name for name in model.data.columns if name.endswith("_missing")]


def with_test(row: Estimate, found: Record, model: TrialModel, *, factor: float = 1.0) -> Estimate:
    """The row with estimate, test and interval of one coefficient (a row of `tidy()`), times `factor`."""
    estimate, error, df = (float(found[name]) for name in ("estimate", "std_error", "df"))
    plan = model.sample.plan
    reason = row.reason
    p_value = float(found["p_value"])
    if plan.sides == 1:
        p_value = one_sided(estimate / error, df, worse=model.sample.higher_is == "worse")
        way = "fall" if model.sample.higher_is == "worse" else "rise"
        reason = f"{reason} One-sided test: p is that of a {way}. The interval is two-sided.".strip()
    return replace(
        row,
        estimate=factor * estimate,
        std_error=factor * error,
        df=df,
        statistic=estimate / error if error > 0 else math.nan,
        p_value=p_value,
        conf_low=factor * float(found["conf_low"]),
        conf_high=factor * float(found["conf_high"]),
        conf_level=plan.conf_level,
        reason=reason,
    )


def one_sided(statistic: float, df: float, *, worse: bool) -> float:
    """p of a difference in the direction that is better."""
    sign = 1.0 if worse else -1.0
    return float(stdtr(df, sign * statistic))


def with_effect(
    row: Estimate, yardstick: Yardstick | None, *, es_type: str, interval: str, factor: float = 1.0
) -> Estimate:
    """The row with Hedges' g: estimate and interval over the yardstick."""
    if yardstick is None or not math.isfinite(row.estimate):
        return row
    return replace(
        row,
        effect_size=yardstick.effect(row.estimate / factor),
        es_low=yardstick.effect(row.conf_low / factor),
        es_high=yardstick.effect(row.conf_high / factor),
        es_type=es_type,
        es_interval=interval,
    )


def coefficients(model: TrialModel) -> dict[str, Record]:
    """The fixed effects of a model, by term: rows of `tidy()`."""
    table = model.fit.tidy(conf_level=model.sample.plan.conf_level)
    return {str(row["term"]): row for row in records(table)}


def records(table: pd.DataFrame) -> list[Record]:
    """The rows of a small table as mappings of column to value."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def with_counts(row: Estimate, model: TrialModel, arm: str) -> Estimate:
    """The row with pupils and schools of the two arms compared."""
    control = model.sample.plan.control.id
    pupils = model.data["arm"].value_counts().to_dict()
    groups: dict[Any, int] = {}
    unit = "classroom" if model.sample.unit == "classroom" else "school"
    if cluster_column(model.sample.plan) and unit in model.data.columns:
        groups = model.data.groupby("arm", observed=True)[unit].nunique().to_dict()
    return replace(
        row,
        n_treated=float(pupils.get(arm, 0)),
        n_control=float(pupils.get(control, 0)),
        clusters_treated=float(groups.get(arm, math.nan)),
        clusters_control=float(groups.get(control, math.nan)),
    )


def mechanism_of(model: TrialModel, given: Mechanism | None) -> Mechanism | None:
    """How the arms were allocated: as the certificate says, else as strata and schools in the data say."""
    if given is not None:
        return given
    plan = model.sample.plan
    strata = [one.id for one in plan.groups.strata if one.kind == "category"] if plan.groups else []
    strata = [name for name in strata if name in model.data.columns]
    if plan.design == "multisite_trial":
        strata = [*strata, "school"]
    level = model.sample.unit if model.sample.unit != "pupil" else ROW
    return declare_mechanism(model.data, level, strata=strata)


def residual_outliers(model: TrialModel, limit: float) -> np.ndarray:
    """Which rows lie more than `limit` standard deviations from what the model expects of them."""
    residuals = np.asarray(model.fit.residuals(), dtype=np.float64)
    return np.abs(residuals) > limit * residuals.std(ddof=1)
