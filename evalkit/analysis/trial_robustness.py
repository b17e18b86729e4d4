"""Would another reasonable analysis say the same: a row for each, on the scale of the primary one."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pandas as pd

from evalkit.analysis.estimate import Estimate
from evalkit.analysis.linear_model import linear
from evalkit.analysis.linear_resampling import bootstrap_pupils, permute_pupils
from evalkit.analysis.mechanism import Mechanism
from evalkit.analysis.multilevel import Fit
from evalkit.analysis.trial_effects import blank, estimated
from evalkit.analysis.trial_model import (
    PERCENT,
    Record,
    TrialModel,
    Yardstick,
    arm_term,
    coefficients,
    fit_trial,
    fixed_part,
    mechanism_of,
    records,
    residual_outliers,
    with_counts,
    with_effect,
    with_test,
)
from evalkit.analysis.trial_sample import GAP

Build = Callable[[Estimate, TrialModel, str], Estimate]
TESTS = {
    "cr2": "CR2",
    "satterthwaite": "satterthwaite",
    "kenward_roger": "kenward-roger",
    "between_schools_t": "between_clusters",
}


def robustness_rows(
    model: TrialModel, scales: dict[str, Yardstick], *, mechanism: Mechanism | None, outlier_sd: float
) -> list[Estimate]:
    """A row for each other analysis and treated arm; for outcomes that are numbers or yes/no.

    Parameters
    ----------
    model : the primary model
    scales : its yardsticks by arm, so that every row stands on one scale of Hedges' g
    mechanism : how the arms were drawn; read from strata and schools when left out
    outlier_sd : residuals beyond this many standard deviations are trimmed
    """
    rows: list[Estimate] = []
    for name, build in _analyses(model, mechanism, outlier_sd).items():
        for arm in model.sample.treated:
            row = blank(model.sample, arm, inquiry="robustness", estimator=name)
            rows += estimated(
                [row], lambda row=row, arm=arm, build=build: [_scaled(build(row, model, arm), scales, arm)]
            )
    return rows


def _scaled(row: Estimate, scales: dict[str, Yardstick], arm: str) -> Estimate:
    return with_effect(row, scales.get(arm), es_type="g_total", interval="over the SD of the primary analysis")


def _analyses(model: TrialModel, mechanism: Mechanism | None, outlier_sd: float) -> dict[str, Build]:
    sample = model.sample
    own_baseline = [term for term in sample.terms if term in ("baseline", f"baseline{GAP}")]
    fewer = {"design_only": _strata(model), "baseline_only": own_baseline}
    found: dict[str, Build] = {
        name: _with_terms(terms) for name, terms in fewer.items() if set(terms) != set(sample.terms) and terms
    }
    if any(name == "baseline" for name, _ in sample.fills):
        found["complete_baseline"] = _complete_baseline
    if isinstance(model.fit, Fit):
        tests = {name: row for name, row in TESTS.items() if row != model.fit.df}
        found |= {name: _other_test(row) for name, row in tests.items()}
        found["ols_cr2"] = _least_squares
        found["school_average"] = _school_average
        if sample.plan.design == "cluster_trial" and sample.unit == "school":
            found["school_means"] = _school_means
    found["trimmed"] = _trimmed(outlier_sd)
    analysis = sample.plan.trial.analysis if sample.plan.trial else None
    if analysis is not None and analysis.permutations:
        found["permutation"] = _permutation(analysis.permutations, mechanism)
    if analysis is not None and analysis.bootstrap:
        found["bootstrap"] = _bootstrap(analysis.bootstrap)
    return found


def _strata(model: TrialModel) -> list[str]:
    plan = model.sample.plan
    ids = {one.id for one in plan.trial.strata} if plan.trial else set()
    return [term for term in model.sample.terms if term.removesuffix(GAP) in ids]


def _factor(model: TrialModel) -> float:
    return PERCENT if model.sample.outcome.kind == "yes_no" else 1.0


def _from(row: Estimate, found: TrialModel, arm: str) -> Estimate:
    row = with_counts(row, found, arm)
    return with_test(row, coefficients(found)[arm_term(arm)], found, factor=_factor(found))


def _with_terms(terms: Sequence[str]) -> Build:
    return lambda row, model, arm: _from(row, fit_trial(model.sample, terms=terms), arm)


def _complete_baseline(row: Estimate, model: TrialModel, arm: str) -> Estimate:
    """Only pupils who have a baseline."""
    sample = model.sample
    terms = [term for term in sample.terms if term != f"baseline{GAP}"]
    return _from(row, fit_trial(sample, rows=sample.analysed[sample.analysed["baseline"].notna()], terms=terms), arm)


def _trimmed(limit: float) -> Build:
    def build(row: Estimate, model: TrialModel, arm: str) -> Estimate:
        far = residual_outliers(model, limit)
        kept = model.sample.frame.loc[model.data.index[~far]]
        row = replace(row, reason=f"Pupils more than {limit:g} SD from what the model expects of them are left out.")
        return _from(row, fit_trial(model.sample, rows=kept), arm)

    return build


def _other_test(method: str) -> Build:
    def build(row: Estimate, model: TrialModel, arm: str) -> Estimate:
        assert isinstance(model.fit, Fit)
        table = records(model.fit.treatment_effect("arm", conf_level=model.sample.plan.conf_level))
        found = next(one for one in table if one["term"] == arm_term(arm) and one["method"] == method)
        return with_test(with_counts(row, model, arm), found, model, factor=_factor(model))

    return build


def _linear_row(row: Estimate, model: TrialModel, arm: str, table: pd.DataFrame) -> Estimate:
    found: dict[str, Record] = {str(one["term"]): one for one in records(table)}
    return with_test(with_counts(row, model, arm), found[arm_term(arm)], model, factor=_factor(model))


def _least_squares(row: Estimate, model: TrialModel, arm: str) -> Estimate:
    """Every pupil counts alike; errors clustered by school (CR2)."""
    fitted = linear(fixed_part(model.formula), model.data, clusters="school")
    return _linear_row(row, model, arm, fitted.tidy(conf_level=model.sample.plan.conf_level))


def _school_average(row: Estimate, model: TrialModel, arm: str) -> Estimate:
    """Every school counts alike, however large it is: does the effect go with the size of the school?"""
    sizes = model.data.groupby("school")["outcome"].transform("size")
    fitted = linear(
        fixed_part(model.formula), model.data.assign(weight=1.0 / sizes), clusters="school", weights="weight"
    )
    return _linear_row(row, model, arm, fitted.tidy(conf_level=model.sample.plan.conf_level))


def _school_means(row: Estimate, model: TrialModel, arm: str) -> Estimate:
    """One row a school: mean outcome on the arm and the means of the model's terms."""
    data = model.data
    terms = fixed_part(model.formula).partition("~ arm")[2].split(" + ")
    terms = [term for term in terms if term.strip()]
    numbers = [term for term in terms if pd.api.types.is_numeric_dtype(data[term])]
    constant = [t for t in terms if t not in numbers and bool((data.groupby("school")[t].nunique() == 1).all())]
    means = data.groupby("school", sort=True)[["outcome", *numbers]].mean()
    firsts = data.groupby("school", sort=True)[["arm", *constant]].first()
    table = means.join(firsts).reset_index()
    kept = [term for term in (*numbers, *constant) if table[term].nunique() > 1]
    fitted = linear(" + ".join(["outcome ~ arm", *kept]), table)
    return _linear_row(row, model, arm, fitted.tidy(conf_level=model.sample.plan.conf_level))


def _permutation(draws: int, mechanism: Mechanism | None) -> Build:
    """The share of allocations, drawn as the real one was, that give a t at least as large."""

    def build(row: Estimate, model: TrialModel, arm: str) -> Estimate:
        plan, how = model.sample.plan, mechanism_of(model, mechanism)
        if isinstance(model.fit, Fit):
            test = model.fit.permute("arm", draws, seed=plan.seed, mechanism=how)
        else:
            test = permute_pupils(model.fit, "arm", draws, seed=plan.seed, mechanism=how)
        found = next(one for one in records(test.tidy()) if one["contrast"] == arm_term(arm))
        made = f"{int(found['draws']):,}"
        words = f"all {made} allocations" if found["exact"] else f"{made} random allocations"
        return replace(
            with_counts(row, model, arm),
            estimate=_factor(model) * float(found["estimate"]),
            statistic=float(found["statistic"]),
            p_value=float(found["p_value"]),
            reason=f"{words}: {found['mechanism']}.".capitalize(),
        )

    return build


def _bootstrap(draws: int) -> Build:
    """Whole schools (or single pupils, where these were drawn) drawn again within their arm; percentile interval."""

    def build(row: Estimate, model: TrialModel, arm: str) -> Estimate:
        plan, what = model.sample.plan, "whole schools"
        if isinstance(model.fit, Fit):
            drawn = model.fit.bootstrap(draws, seed=plan.seed, kind="cluster", treatment="arm")
        else:
            drawn, what = bootstrap_pupils(model.fit, "arm", draws, seed=plan.seed), "pupils"
        found = {str(one["term"]): one for one in records(drawn.tidy(conf_level=plan.conf_level))}[arm_term(arm)]
        factor = _factor(model)
        failed = int(found["failed"])
        return replace(
            with_counts(row, model, arm),
            estimate=factor * float(found["estimate"]),
            std_error=factor * float(found["std_error"]),
            conf_low=factor * float(found["conf_low"]),
            conf_high=factor * float(found["conf_high"]),
            reason=f"{draws} draws of {what}" + (f", {failed} could not be fitted." if failed else "."),
        )

    return build
