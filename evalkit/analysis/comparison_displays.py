"""What only a comparison shows: how much the baseline decides, its design's padlocks, and the WWC's rating of it."""

import math
from collections.abc import Mapping, Sequence

import pandas as pd
from scipy.special import stdtrit

from evalkit.analysis.comparison_robustness import BaselineError, is_same_score
from evalkit.analysis.linear_model import linear
from evalkit.analysis.trial_balance import baseline_gap
from evalkit.analysis.trial_effects import MAIN_ESTIMATORS
from evalkit.analysis.trial_model import TrialModel, arm_term, coefficients, fixed_part
from evalkit.analysis.trial_sample import TrialSample
from evalkit.analysis.trial_security import DetectableEffect
from evalkit.analysis.trial_wwc import WWC_COLUMNS
from evalkit.records.evaluation import Evaluation
from evalkit.records.standards_trial import WwcStandards
from evalkit.stats.disclosure import mean_is_safe
from evalkit.stats.unseen_confounder import e_value, robustness_value
from evalkit.stats.wwc import baseline_verdict, wwc_rating

SENSITIVITY_COLUMNS = ("outcome", "quantity", "label", "value", "low", "high", "note")
ADJUSTMENT_COLUMNS = ("outcome", "quantity", "value", "note")
POWER = 0.8
FROM_ERROR = "from the standard error of this analysis, because the plan states none"
SOME, NONE = "some_confounders", "none_considered"
RULE = "What Works Clearinghouse 4.1/5.0: what was not randomised never meets the standards without reservations"


def adjustment(
    models: Mapping[str, TrialModel], errors: Mapping[str, BaselineError], *, threshold: int
) -> pd.DataFrame:
    """How far the groups were apart before, and how much of that each way of comparing takes into account.

    Parameters
    ----------
    models : outcome -> primary model
    errors : outcome -> error of the baseline

    Returns
    -------
    frame, ADJUSTMENT_COLUMNS
        `baseline_gap`: programme minus comparison group before, in points of the baseline; `slope`: points of the
        outcome for each point of the baseline; `taken`: slope times gap, what the main analysis takes off the plain
        difference (covariates apart); `change_takes`: the gap itself, what change scores take off; `reliability` of the
        baseline with where it is from. Only outcomes with a baseline and enough pupils in both groups.
    """
    rows: list[tuple[str, str, float, str]] = []
    for name, model in models.items():
        counts = model.data["arm"].value_counts()
        if not model.sample.has_baseline or not all(mean_is_safe(int(n), threshold) for n in counts):
            continue
        means = model.data.groupby("arm", observed=True)["baseline"].mean()
        gap = float(means[model.sample.treated[0]] - means[model.sample.plan.control.id])
        slope = float(coefficients(model)["baseline"]["estimate"])
        rows += [(name, "baseline_gap", gap, ""), (name, "slope", slope, ""), (name, "taken", slope * gap, "")]
        if is_same_score(model.sample.plan, model.sample.outcome):
            rows.append((name, "change_takes", gap, ""))
        known = errors.get(name, BaselineError())
        value = known.reliability
        if not math.isnan(known.variance):
            value = 1 - known.variance / float(model.data["baseline"].var(ddof=1))
        rows.append((name, "reliability", value, known.source))
    table = pd.DataFrame(rows, columns=list(ADJUSTMENT_COLUMNS))
    return table.astype({one: "float64" if one == "value" else "str" for one in ADJUSTMENT_COLUMNS})


def sensitivity(models: Mapping[str, TrialModel], estimates: pd.DataFrame) -> pd.DataFrame:
    """How strong something that nobody measured would have to be to explain the main difference away.

    Parameters
    ----------
    models : outcome -> primary model
    estimates : frame, disclosure-controlled: what is hidden there has no row here

    Returns
    -------
    frame, SENSITIVITY_COLUMNS
        `e_value` and `e_value_limit` (ratios of risks), `robustness_value` and `robustness_value_alpha` (shares of the
        residual variances of group and outcome), from least squares with the error of the main row.
    """
    rows: list[tuple[object, ...]] = []
    main = estimates[(estimates["inquiry"] == "effect") & estimates["estimator"].isin(MAIN_ESTIMATORS)]
    for name, model in models.items():
        row = main[(main["outcome"] == name) & (main["status"] == "ok")]
        if row.empty:
            continue
        found = row.iloc[0]
        if not math.isnan(found["effect_size"]):
            known = e_value(found["effect_size"], low=found["es_low"], high=found["es_high"])
            rows += [(name, "e_value", "", known.value), (name, "e_value_limit", "", known.limit)]
        rows += [(name, *one) for one in _robustness(model, found)]
    made = pd.DataFrame([(*one, math.nan, math.nan, "") for one in rows], columns=list(SENSITIVITY_COLUMNS))
    text = ("outcome", "quantity", "label", "note")
    return made.astype({one: "str" if one in text else "float64" for one in SENSITIVITY_COLUMNS})


def _robustness(model: TrialModel, found: pd.Series) -> list[tuple[str, str, float]]:
    plain = linear(fixed_part(model.formula), model.data).core
    place = plain.names.index(arm_term(model.sample.treated[0]))
    factor = 100.0 if model.sample.outcome.kind == "yes_no" else 1.0
    ratio = float(found["std_error"]) / factor / float(plain.std_errors[place])
    critical = float(stdtrit(float(found["df"]), (1 + model.sample.plan.conf_level) / 2))
    told = robustness_value(
        float(plain.t_values[place]), float(plain.df_residual), error_ratio=ratio, critical=critical
    )
    return [("robustness_value", "", told.value), ("robustness_value_alpha", "", told.value_alpha)]


def detectable(plan: Evaluation, estimates: pd.DataFrame) -> dict[str, DetectableEffect]:
    """By outcome: the difference that a comparison of this precision finds four times in five, in SDs.

    Notes
    -----
    (t_{1 - alpha/2, df} + t_{0.8, df}) SE / SD, as in a trial; SE / SD is that of the effect size.
    """
    found: dict[str, DetectableEffect] = {}
    main = estimates[(estimates["inquiry"] == "effect") & estimates["estimator"].isin(MAIN_ESTIMATORS)]
    for outcome, rows in main.groupby("outcome"):
        row = rows.iloc[0]
        half = (float(row["es_high"]) - float(row["es_low"])) / 2
        if half > 0 and float(row["df"]) > 0:
            critical = float(stdtrit(float(row["df"]), 1 - plan.alpha / 2))
            value = half / critical * (critical + float(stdtrit(float(row["df"]), POWER)))
            found[str(outcome)] = DetectableEffect(value, FROM_ERROR)
        else:
            found[str(outcome)] = DetectableEffect(math.nan, "the precision of this analysis is not known or not shown")
    return found


def designs(samples: Sequence[TrialSample], balance: pd.DataFrame, standards: WwcStandards) -> dict[str, str]:
    """By outcome: the design of the security rule; without a baseline, or with one too far apart, none_considered."""
    found: dict[str, str] = {}
    for sample in samples:
        gap = baseline_gap(balance, sample.outcome.id)
        held = sample.has_baseline and not gap > standards.baseline_adjustable.value
        found[sample.outcome.id] = SOME if held else NONE
    return found


def wwc_comparison(samples: Sequence[TrialSample], *, balance: pd.DataFrame, standards: WwcStandards) -> pd.DataFrame:
    """Rate every outcome: the baseline difference (0.05 and 0.25 SD), then the study.

    Returns
    -------
    frame, WWC_COLUMNS
        Steps `randomised` (not), `baseline` (satisfied, needs_adjustment, fails, unknown) and `rating`.
    """
    rows: list[tuple[object, ...]] = []
    for sample in samples:
        gap = baseline_gap(balance, sample.outcome.id)
        verdict = None
        if not math.isnan(gap):
            limits = {
                "satisfied": standards.baseline_satisfied.value,
                "adjustable": standards.baseline_adjustable.value,
            }
            verdict = baseline_verdict(gap, **limits)
        rating = wwc_rating("quasi_experiment", low_attrition=False, baseline=verdict, adjusted=sample.has_baseline)
        equivalence = (standards.baseline_adjustable.status, standards.baseline_adjustable.source)
        rows.append((sample.outcome.id, "randomised", math.nan, "not_randomised", "V", RULE))
        rows.append((sample.outcome.id, "baseline", gap, verdict or "unknown", *equivalence))
        rows.append((sample.outcome.id, "rating", math.nan, rating, "V", RULE))
    table = pd.DataFrame(rows, columns=list(WWC_COLUMNS))
    return table.astype({name: "float64" if name == "value" else "str" for name in WWC_COLUMNS})
