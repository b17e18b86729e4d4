"""Two groups before and after, neither drawn by lot nor matched: the difference at equal baselines, and its limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from evalkit.analysis.adjustment import adjusted
from evalkit.analysis.comparison_caveats import COMPARISON_LIMITS, comparison_caveats
from evalkit.analysis.comparison_displays import adjustment, designs, detectable, sensitivity, wwc_comparison
from evalkit.analysis.comparison_robustness import BaselineError, comparison_robustness
from evalkit.analysis.comparison_starts import stacked_sample, start_rows
from evalkit.analysis.estimate import Estimate, estimate_table, not_estimated, refuse_if_nothing
from evalkit.analysis.instrument_facts import instrument_facts
from evalkit.analysis.provenance import provenance
from evalkit.analysis.quality_facts import reliability_of
from evalkit.analysis.school_places import places_in
from evalkit.analysis.trial_balance import balance
from evalkit.analysis.trial_caveats import trial_caveats
from evalkit.analysis.trial_checks import trial_checks, trial_reliabilities
from evalkit.analysis.trial_context import context
from evalkit.analysis.trial_cost import cost, cost_summary
from evalkit.analysis.trial_disclosure import disclosed
from evalkit.analysis.trial_distributions import arms, distribution
from evalkit.analysis.trial_effects import (
    blank,
    follow_up_rows,
    icc_rows,
    main_estimator,
    primary_rows,
    unadjusted_rows,
)
from evalkit.analysis.trial_fidelity import fidelity, fidelity_summary
from evalkit.analysis.trial_flow import attrition, flow, reasons, wwc_attrition
from evalkit.analysis.trial_missing_table import missing_pattern
from evalkit.analysis.trial_model import TrialModel, Yardstick, fit_trial, yardsticks
from evalkit.analysis.trial_models import outcome_models
from evalkit.analysis.trial_problems import refuse_bad_trial
from evalkit.analysis.trial_sample import TrialSample, trial_sample
from evalkit.analysis.trial_schools import schools
from evalkit.analysis.trial_security import padlocks, threats_table
from evalkit.analysis.trial_subgroups import subgroup_rows
from evalkit.errors import FitError
from evalkit.progress import tick
from evalkit.records.evaluation import Study
from evalkit.records.outcome import Outcome
from evalkit.records.results import Results
from evalkit.records.scores import Scores
from evalkit.records.standards import Standards, load_standards

UNKNOWN_ERROR = (
    "The error of the baseline is not known: it is a number without a published error ('error' of the measure in the "
    "plan), or a questionnaire without a reliability in these data."
)


@dataclass(frozen=True, slots=True, eq=False)
class ComparedOutcome:
    """One outcome after its analysis.

    Attributes
    ----------
    sample : everybody in the two groups
    model : the primary model; None when it cannot be fitted
    alone : the arm-only model on the same pupils; None with it
    scales : yardsticks of the primary model
    error : what is known of the baseline's error
    rows : estimates, not yet adjusted or disclosure-controlled
    """

    sample: TrialSample
    model: TrialModel | None
    alone: TrialModel | None
    scales: Mapping[str, Yardstick]
    error: BaselineError
    rows: tuple[Estimate, ...]


def analyse_comparison(scores: Scores, study: Study) -> Results:
    """Compare two groups that nobody drew by lot.

    Raises
    ------
    DesignError
        Naming what in the data does not fit the design (all at once), or, when not one outcome can be estimated, why.

    Notes
    -----
    The main row compares scores after at equal scores before (analysis of covariance); change scores and true baselines
    (errors in variables) stand beside it, for without a draw they answer different questions (Lord 1967,
    doi:10.1037/h0025105). Pupils stand for themselves in one school; in several, schools (or classes) are a level of
    their own where they are many, and errors are clustered by them (CR2) where they are few.
    """
    plan, standards = study.plan, load_standards()
    refuse_bad_trial(scores, study)
    found: list[ComparedOutcome] = []
    for place, outcome in enumerate(plan.outcomes):
        tick(f"Analysing {outcome.label}", place, len(plan.outcomes))
        found.append(compare_outcome(scores, study, outcome))
    tick("Analysed", len(plan.outcomes), len(plan.outcomes))
    refuse_if_nothing(plan, [one.rows[0] for one in found])
    rows = adjusted([row for one in found for row in one.rows], plan)
    estimates = estimate_table(disclosed(rows, threshold=plan.suppression_threshold))
    samples = [one.sample for one in found]
    displays = _displays(scores, study, found, estimates, standards)
    models = outcome_models(found)
    reliabilities = trial_reliabilities(scores, samples)
    fitted = {one.sample.outcome.id: one.model for one in found if one.model is not None}
    made_from, notes = provenance(scores, study)
    caveats = trial_caveats(
        study,
        samples,
        estimates=estimates,
        models=models,
        displays=displays,
        reliabilities=reliabilities,
        standards=standards,
        limits=COMPARISON_LIMITS,
    )
    own = comparison_caveats(samples, fitted, estimates=estimates, balance=displays["balance"], standards=standards)
    return Results(
        plan=plan,
        instruments=instrument_facts(study),
        estimates=estimates,
        models=models,
        checks=trial_checks(
            plan, displays=displays, estimates=estimates, reliabilities=reliabilities, standards=standards
        ),
        caveats=(*caveats, *own),
        displays=displays,
        notes=(*scores.notes, *notes),
        provenance=made_from,
    )


def compare_outcome(scores: Scores, study: Study, outcome: Outcome) -> ComparedOutcome:
    """Everything about one outcome; a main model that cannot be fitted gives rows with the reason."""
    plan = study.plan
    sample = trial_sample(scores, study, outcome)
    staggered = plan.comparison is not None and plan.comparison.start is not None
    compared = stacked_sample(scores, study, outcome) if staggered else sample
    error = baseline_error(scores, study, outcome)
    try:
        model = fit_trial(compared)
        alone = fit_trial(compared, terms=())
        scales = yardsticks(model) if outcome.kind == "number" else {}
        rows = primary_rows(model, scales)
    except FitError as problem:
        reason = " ".join(problem.problems) if len(problem.problems) > 1 else problem.message
        blanks = [blank(sample, arm, inquiry="effect", estimator=main_estimator(sample)) for arm in sample.treated]
        failed = tuple(not_estimated(row, reason) for row in blanks)
        return ComparedOutcome(sample, None, None, {}, error, failed)
    if outcome.role == "placebo":
        told = tuple(replace(row, inquiry="placebo", family="") for row in rows)
        return ComparedOutcome(sample, model, alone, scales, error, told)
    if sample.has_baseline:
        rows += unadjusted_rows(compared)
    rows += comparison_robustness(model, scales, baseline_error=error)
    if staggered:
        rows += start_rows(compared)
        return ComparedOutcome(sample, model, alone, scales, error, tuple(rows))
    rows += icc_rows(sample)
    for subgroup in plan.subgroups:
        rows += subgroup_rows(sample, sample, subgroup)
    waves = [wave.id for wave in plan.waves]
    scored = set(scores.frame.loc[(scores.frame["scale"] == outcome.scale) & scores.frame["value"].notna(), "wave"])
    for wave in waves[waves.index(sample.wave) + 1 :]:
        if wave in scored:
            rows += follow_up_rows(trial_sample(scores, study, outcome, wave=wave))
    return ComparedOutcome(sample, model, alone, scales, error, tuple(rows))


def baseline_error(scores: Scores, study: Study, outcome: Outcome) -> BaselineError:
    """What these data, or whoever made the measure, say of the baseline's error."""
    before = study.plan.baseline_of(outcome)
    measure = next((one for one in study.plan.measures if one.id == before.instrument), None)
    if measure is not None and measure.error is not None:
        return BaselineError(variance=measure.error.value**2, source=f"published: {measure.error.source}")
    found = reliability_of(scores, outcome.id, scale=before.scale, wave=study.plan.baseline_wave)
    if found is None or found.n < study.plan.suppression_threshold:
        return BaselineError(source=UNKNOWN_ERROR)
    return BaselineError(found.value, source=f"{found.stat} {found.value:.2f} in these data, before")


def _displays(
    scores: Scores, study: Study, found: Sequence[ComparedOutcome], estimates: pd.DataFrame, standards: Standards
) -> dict[str, pd.DataFrame]:
    """Who took part, how alike the groups were, how scores were spread, how secure it is: disclosure-controlled."""
    plan, samples = study.plan, [one.sample for one in found]
    models = {one.sample.outcome.id: one.model for one in found if one.model is not None}
    about_all = next((one for one in samples if one.outcome.pupils is None), samples[0])
    made = {
        "flow": flow(samples[0]),
        "reasons": reasons(samples[0]),
        "attrition": attrition(samples),
        "wwc_attrition": wwc_attrition(samples, standards.wwc),
        "balance": balance(samples, rounding=int(standards.methods.count_rounding.value)),
        "distribution": distribution(samples),
        "arms": arms(samples),
        "schools": schools(
            list(models.values()),
            fewest=int(standards.methods.fewest_schools_shown.value),
            places=places_in(scores, plan),
        ),
        "missing_pattern": missing_pattern(samples),
        "fidelity": fidelity(about_all),
        "fidelity_summary": fidelity_summary(about_all),
        "adjustment": adjustment(
            models, {one.sample.outcome.id: one.error for one in found}, threshold=plan.suppression_threshold
        ),
    }
    made["sensitivity"] = sensitivity(models, estimates)
    rated = {
        "padlocks": padlocks(
            plan,
            mdes=detectable(plan, estimates),
            attrition=made["attrition"],
            standards=standards.padlocks,
            threats=standards.security_threats,
            designs=designs(samples, made["balance"], standards.wwc),
        ),
        "threats": threats_table(plan, standards.security_threats),
        "wwc": wwc_comparison(samples, balance=made["balance"], standards=standards.wwc),
        "cost": cost(plan),
        "cost_summary": cost_summary(plan, standards.cost),
        "context": context(plan),
    }
    return made | rated
