"""Would another reasonable analysis of an unmatched comparison say the same: change scores, true baselines, draws."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from evalkit.analysis.comparison_structure import Structure, structure_of
from evalkit.analysis.estimate import Estimate
from evalkit.analysis.linear_model import LinearModel, linear
from evalkit.analysis.multilevel import multilevel
from evalkit.analysis.trial_effects import blank, estimated
from evalkit.analysis.trial_model import (
    PERCENT,
    TrialModel,
    Yardstick,
    arm_term,
    coefficients,
    fit_trial,
    fixed_part,
    with_counts,
    with_effect,
    with_test,
)
from evalkit.errors import FitError
from evalkit.records.evaluation import Evaluation
from evalkit.records.outcome import Outcome
from evalkit.stats.errors_in_variables import fit_errors_in_variables
from evalkit.stats.permuted_residuals import permute_residuals
from evalkit.stats.vectors import IntArray

Build = Callable[[Estimate, TrialModel, str], Estimate]
OTHER_MEASURE = "The baseline is another measure than the outcome, so there is no change of a score."


@dataclass(frozen=True, slots=True)
class BaselineError:
    """What is known of the baseline's error of measurement.

    Attributes
    ----------
    reliability : in this sample (alpha, omega); NaN where it is not known
    variance : square of a published standard error of measurement; NaN where there is none
    source : where it is from, in a few words
    """

    reliability: float = math.nan
    variance: float = math.nan
    source: str = ""

    @property
    def is_known(self) -> bool:
        """Whether either is known."""
        return not (math.isnan(self.reliability) and math.isnan(self.variance))


def comparison_robustness(
    model: TrialModel, scales: dict[str, Yardstick], *, baseline_error: BaselineError
) -> list[Estimate]:
    """A row for each other analysis of the same pupils, on the scale of the primary one.

    Parameters
    ----------
    model : the primary model; without a baseline in it there is nothing to vary
    scales : its yardsticks
    baseline_error : for the row at equal true baselines
    """
    if not model.sample.has_baseline:
        return []
    found = structure_of(model.sample.plan, model.data)
    rows: list[Estimate] = []
    for name, build in _analyses(model, found, baseline_error).items():
        for arm in model.sample.treated:
            row = blank(model.sample, arm, inquiry="robustness", estimator=name)
            rows += estimated(
                [row], lambda row=row, arm=arm, build=build: [_scaled(build(row, model, arm), scales, arm)]
            )
    return rows


def _scaled(row: Estimate, scales: dict[str, Yardstick], arm: str) -> Estimate:
    return with_effect(row, scales.get(arm), es_type="g_total", interval="over the SD of the primary analysis")


def _analyses(model: TrialModel, found: Structure, baseline_error: BaselineError) -> dict[str, Build]:
    sample = model.sample
    analyses: dict[str, Build] = {
        "change_score": _change_score,
        "reliability_corrected": _reliability_corrected(baseline_error),
        "separate_slopes": _separate_slopes,
    }
    if set(sample.terms) != {"baseline"}:
        analyses["baseline_only"] = lambda row, model, arm: _from(row, fit_trial(model.sample, terms=["baseline"]), arm)
    if found.kind == "multilevel":
        analyses["ols_cr2"] = _least_squares(found.unit)
    elif found.kind == "robust" and found.unit != "pupil":
        analyses["multilevel"] = _random_intercept(found.unit)
    elif found.kind == "within_schools":
        analyses["multilevel"] = _random_intercept("school")
    draws = sample.plan.comparison.permutations if sample.plan.comparison else 0
    if found.kind in ("pupils", "within_schools") and draws:
        analyses["permutation"] = _permutation(draws)
    return analyses


def _factor(model: TrialModel) -> float:
    return PERCENT if model.sample.outcome.kind == "yes_no" else 1.0


def _from(row: Estimate, found: TrialModel, arm: str) -> Estimate:
    table = coefficients(found)
    if arm_term(arm) not in table:
        raise FitError(f"No pupil of the arm '{arm}' can be analysed.")
    return with_test(with_counts(row, found, arm), table[arm_term(arm)], found, factor=_factor(found))


def is_same_score(plan: Evaluation, outcome: Outcome) -> bool:
    """Whether the baseline is the outcome's own score, so that a change can be taken."""
    return plan.baseline_of(outcome).scale == outcome.scale


def _change_score(row: Estimate, model: TrialModel, arm: str) -> Estimate:
    """Difference of the mean changes: the arm alone explains the change."""
    sample = model.sample
    if not is_same_score(sample.plan, sample.outcome):
        raise FitError(OTHER_MEASURE)
    rows = sample.analysed.assign(change=sample.analysed["outcome"] - sample.analysed["baseline"])
    terms = [term for term in sample.terms if term != "baseline"]
    return _from(row, fit_trial(sample, rows=rows, terms=terms, outcome="change"), arm)


def _separate_slopes(row: Estimate, model: TrialModel, arm: str) -> Estimate:
    """The baseline may count differently in the two groups: the difference at the average baseline of both [1]_.

    References
    ----------
    .. [1] Lin (2013). Agnostic notes on regression adjustments. Ann. Appl. Stat. 7, 295-318. doi:10.1214/12-AOAS583
    """
    sample = model.sample
    rows = sample.analysed.assign(centred=sample.analysed["baseline"] - sample.analysed["baseline"].mean())
    terms = [term for term in sample.terms if term != "baseline"]
    return _from(row, fit_trial(sample, rows=rows, terms=terms, arm="arm * centred"), arm)


def _least_squares(unit: str) -> Build:
    def build(row: Estimate, model: TrialModel, arm: str) -> Estimate:
        fitted = linear(fixed_part(model.formula), model.data, clusters=unit)
        return _from(row, replace(model, fit=fitted), arm)

    return build


def _random_intercept(unit: str) -> Build:
    def build(row: Estimate, model: TrialModel, arm: str) -> Estimate:
        fixed = fixed_part(model.formula).replace(" + C(school)", "")
        fitted = multilevel(f"{fixed} + (1 | {unit})", model.data, df="kenward-roger")
        return _from(row, replace(model, fit=fitted), arm)

    return build


def _reliability_corrected(known: BaselineError) -> Build:
    """The difference at equal TRUE baselines (errors in variables)."""

    def build(row: Estimate, model: TrialModel, arm: str) -> Estimate:
        if not known.is_known:
            raise FitError(known.source)
        found = structure_of(model.sample.plan, model.data)
        fitted = linear(fixed_part(model.formula), model.data).core
        codes: IntArray | None = None
        if found.kind in ("robust", "multilevel"):
            codes = np.asarray(pd.factorize(model.data[found.unit], sort=True)[0], dtype=np.int64)
        place, baseline = fitted.names.index(arm_term(arm)), fitted.names.index("baseline")
        y = model.data["outcome"].to_numpy(dtype="float64")
        error = {"error_variance": known.variance} if math.isnan(known.reliability) else {}
        reliability = None if error else known.reliability
        true = fit_errors_in_variables(
            fitted.design, y, column=baseline, reliability=reliability, clusters=codes, **error
        )
        low, high = true.interval(place, model.sample.plan.conf_level)
        table = {
            "estimate": true.coefficients[place],
            "std_error": true.std_errors[place],
            "df": true.df,
            "p_value": true.p_values[place],
            "conf_low": low,
            "conf_high": high,
        }
        row = replace(with_counts(row, model, arm), reason=f"Error of the baseline: {known.source}.")
        return with_test(row, table, model, factor=_factor(model))

    return build


def _permutation(draws: int) -> Build:
    """The residuals of the model without the arm, permuted over the pupils."""

    def build(row: Estimate, model: TrialModel, arm: str) -> Estimate:
        assert isinstance(model.fit, LinearModel)
        core = model.fit.core
        place = core.names.index(arm_term(arm))
        y = model.data["outcome"].to_numpy(dtype="float64")
        found = permute_residuals(core.design, y, column=place, draws=draws, seed=model.sample.plan.seed)
        return replace(
            with_counts(row, model, arm),
            estimate=_factor(model) * found.estimate,
            statistic=found.statistic,
            p_value=found.p_value,
            reason=f"{found.draws:,} random orders of the pupils' residuals; two-sided.",
        )

    return build
