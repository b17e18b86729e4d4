"""A randomised trial (schools, classes or pupils): from scores to results, as the plan says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from evalkit.analysis.adjustment import adjusted
from evalkit.analysis.estimate import Estimate, estimate_table, not_estimated, refuse_if_nothing
from evalkit.analysis.instrument_facts import instrument_facts
from evalkit.analysis.mechanism import Mechanism
from evalkit.analysis.provenance import provenance
from evalkit.analysis.school_places import places_in
from evalkit.analysis.trial_balance import balance
from evalkit.analysis.trial_caveats import trial_caveats
from evalkit.analysis.trial_checks import trial_checks, trial_reliabilities
from evalkit.analysis.trial_compliance import compliance_rows, dose_rows
from evalkit.analysis.trial_context import context
from evalkit.analysis.trial_cost import cost, cost_summary
from evalkit.analysis.trial_disclosure import disclosed
from evalkit.analysis.trial_distributions import arms, distribution
from evalkit.analysis.trial_dropout import dropout_table
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
from evalkit.analysis.trial_mdes import detectable_at_randomisation
from evalkit.analysis.trial_missing import missing_rows
from evalkit.analysis.trial_missing_table import missing_pattern
from evalkit.analysis.trial_model import TrialModel, Yardstick, fit_trial, yardsticks
from evalkit.analysis.trial_models import outcome_models
from evalkit.analysis.trial_months import months
from evalkit.analysis.trial_problems import refuse_bad_trial
from evalkit.analysis.trial_questionnaires import questionnaire_displays
from evalkit.analysis.trial_robustness import robustness_rows
from evalkit.analysis.trial_sample import TrialSample, trial_sample
from evalkit.analysis.trial_schools import schools
from evalkit.analysis.trial_security import padlocks, threats_table
from evalkit.analysis.trial_subgroups import subgroup_rows
from evalkit.analysis.trial_wwc import wwc
from evalkit.errors import FitError
from evalkit.progress import tick
from evalkit.records.evaluation import Evaluation, Study
from evalkit.records.outcome import Outcome
from evalkit.records.results import Results
from evalkit.records.scores import Scores
from evalkit.records.standards import Standards, load_standards


@dataclass(frozen=True, slots=True, eq=False)
class AnalysedOutcome:
    """One outcome after its analysis.

    Attributes
    ----------
    sample : TrialSample
    everyone : the same outcome for all who were randomised (equal to `sample` where the outcome is about all pupils)
    model : the primary model; None when it cannot be fitted
    alone : the arm-only model on the same pupils; None with it
    scales : yardsticks of the primary model by arm
    rows : estimates, not yet adjusted or disclosure-controlled
    """

    sample: TrialSample
    everyone: TrialSample
    model: TrialModel | None
    alone: TrialModel | None
    scales: Mapping[str, Yardstick]
    rows: tuple[Estimate, ...]


def analyse_trial(scores: Scores, study: Study, *, mechanism: Mechanism | None = None) -> Results:
    """Analyse a randomised trial by intention to treat.

    Parameters
    ----------
    scores : Scores
    study : Study
    mechanism : how the arms were drawn, from the certificate of the randomisation; without it the randomisation test
        draws again within strata (and schools, where pupils were randomised)

    Raises
    ------
    DesignError
        Naming the schools and pupils' codes that do not fit a trial (all at once), or, when not one outcome can be
        estimated, why.
    """
    plan, standards = study.plan, load_standards()
    refuse_bad_trial(scores, study)
    found: list[AnalysedOutcome] = []
    for place, outcome in enumerate(plan.outcomes):
        tick(f"Analysing {outcome.label}", place, len(plan.outcomes))
        found.append(analyse_outcome(scores, study, outcome, standards, mechanism))
    tick("Analysed", len(plan.outcomes), len(plan.outcomes))
    refuse_if_nothing(plan, [one.rows[0] for one in found])
    rows = adjusted([row for one in found for row in one.rows], plan)
    estimates = estimate_table(disclosed(rows, threshold=plan.suppression_threshold))
    displays = _displays(scores, study, found, standards)
    displays |= _ratings(plan, found, estimates, displays, standards)
    models, samples = outcome_models(found), [one.sample for one in found]
    reliabilities = trial_reliabilities(scores, samples)
    made_from, notes = provenance(scores, study)
    return Results(
        plan=plan,
        instruments=instrument_facts(study),
        estimates=estimates,
        models=models,
        checks=trial_checks(
            plan, displays=displays, estimates=estimates, reliabilities=reliabilities, standards=standards
        ),
        caveats=trial_caveats(
            study,
            samples,
            estimates=estimates,
            models=models,
            displays=displays,
            reliabilities=reliabilities,
            standards=standards,
        ),
        displays=displays,
        notes=(*scores.notes, *notes),
        provenance=made_from,
    )


def analyse_outcome(
    scores: Scores, study: Study, outcome: Outcome, standards: Standards, mechanism: Mechanism | None
) -> AnalysedOutcome:
    """Everything about one outcome; a primary model that cannot be fitted gives rows with the reason."""
    plan = study.plan
    sample = trial_sample(scores, study, outcome)
    everyone = sample
    if outcome.pupils is not None:
        everyone = trial_sample(scores, study, outcome.model_copy(update={"pupils": None}))
    try:
        model = fit_trial(sample)
        alone = fit_trial(sample, terms=())
        scales = yardsticks(model) if outcome.kind == "number" else {}
        rows = primary_rows(model, scales)
    except FitError as error:
        reason = " ".join(error.problems) if len(error.problems) > 1 else error.message
        blanks = [blank(sample, arm, inquiry="effect", estimator=main_estimator(sample)) for arm in sample.treated]
        return AnalysedOutcome(sample, everyone, None, None, {}, tuple(not_estimated(row, reason) for row in blanks))
    rows += unadjusted_rows(sample)
    rows += icc_rows(sample)
    for subgroup in plan.subgroups:
        rows += subgroup_rows(sample, everyone, subgroup)
    rows += robustness_rows(model, scales, mechanism=mechanism, outlier_sd=standards.methods.outlier_residual.value)
    rows += missing_rows(model, scales)
    for measure in plan.trial.compliance if plan.trial else ():
        rows += compliance_rows(model, scales, measure, weak_below=standards.compliance.weak_first_stage.value)
        rows += dose_rows(model, measure)
    for wave in later_waves(scores, study, sample):
        rows += follow_up_rows(trial_sample(scores, study, outcome, wave=wave))
    return AnalysedOutcome(sample, everyone, model, alone, scales, tuple(rows))


def later_waves(scores: Scores, study: Study, sample: TrialSample) -> list[str]:
    """Waves after the outcome's own at which its scale was measured."""
    waves = [wave.id for wave in study.plan.waves]
    frame = scores.frame
    with_scores = set(frame.loc[(frame["scale"] == sample.outcome.scale) & frame["value"].notna(), "wave"])
    return [wave for wave in waves[waves.index(sample.wave) + 1 :] if wave in with_scores]


def _displays(
    scores: Scores, study: Study, found: Sequence[AnalysedOutcome], standards: Standards
) -> dict[str, pd.DataFrame]:
    """Who took part, how alike the arms were, how scores were spread, who is missing: disclosure-controlled."""
    plan, samples = study.plan, [one.sample for one in found]
    labels = {one.id: one.label for one in (*plan.subgroups, *plan.arms)}
    about_all = next((one for one in samples if one.outcome.pupils is None), samples[0])
    return {
        "flow": flow(samples[0]),
        "reasons": reasons(samples[0]),
        "attrition": attrition(samples),
        "wwc_attrition": wwc_attrition(samples, standards.wwc),
        "balance": balance(samples, rounding=int(standards.methods.count_rounding.value)),
        "distribution": distribution(samples),
        "arms": arms(samples),
        "schools": schools(
            [one.model for one in found if one.model is not None],
            fewest=int(standards.methods.fewest_schools_shown.value),
            places=places_in(scores, study.plan),
        ),
        "missing_pattern": missing_pattern(samples),
        "dropout": pd.concat([dropout_table(one, labels) for one in samples], ignore_index=True),
        "fidelity": fidelity(about_all),
        "fidelity_summary": fidelity_summary(about_all),
        **questionnaire_displays(scores, study),
    }


def _ratings(
    plan: Evaluation,
    found: Sequence[AnalysedOutcome],
    estimates: pd.DataFrame,
    displays: Mapping[str, pd.DataFrame],
    standards: Standards,
) -> dict[str, pd.DataFrame]:
    """What published rules make of the numbers: months, padlocks, WWC, cost; and what the evaluator added."""
    samples = [one.sample for one in found]
    detectable = {one.sample.outcome.id: detectable_at_randomisation(one.sample, one.model, one.alone) for one in found}
    return {
        "months": months(estimates, plan, standards.months),
        "padlocks": padlocks(
            plan,
            mdes=detectable,
            attrition=displays["attrition"],
            standards=standards.padlocks,
            threats=standards.security_threats,
        ),
        "threats": threats_table(plan, standards.security_threats),
        "wwc": wwc(
            samples,
            attrition=displays["wwc_attrition"],
            balance=displays["balance"],
            estimates=estimates,
            standards=standards.wwc,
        ),
        "cost": cost(plan),
        "cost_summary": cost_summary(plan, standards.cost),
        "context": context(plan),
    }
