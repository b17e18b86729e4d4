"""A programme group beside pupils (or schools) who were alike before: from scores to results, as the plan says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from evalkit.analysis.adjustment import adjusted
from evalkit.analysis.comparison_displays import detectable, wwc_comparison
from evalkit.analysis.estimate import Estimate, estimate_table, not_estimated, refuse_if_nothing
from evalkit.analysis.instrument_facts import instrument_facts
from evalkit.analysis.matched_caveats import MATCHED_LIMITS, matched_caveats
from evalkit.analysis.matched_displays import love, matched_balance, matched_flow, matching_table, overlap
from evalkit.analysis.matched_models import matched_models
from evalkit.analysis.matched_problems import refuse_bad_match
from evalkit.analysis.matched_rows import MATCHED, outcome_rows
from evalkit.analysis.matched_sample import MatchedSample, complete_sample, matched_sample
from evalkit.analysis.matched_schools import matched_schools
from evalkit.analysis.matched_sensitivity import sensitivity
from evalkit.analysis.matched_subgroups import subgroup_rows
from evalkit.analysis.matched_waves import placebo_row, trend, wave_rows
from evalkit.analysis.provenance import provenance
from evalkit.analysis.school_places import places_in
from evalkit.analysis.trial_balance import baseline_gap
from evalkit.analysis.trial_caveats import trial_caveats
from evalkit.analysis.trial_checks import trial_checks, trial_reliabilities
from evalkit.analysis.trial_context import context
from evalkit.analysis.trial_cost import cost, cost_summary
from evalkit.analysis.trial_disclosure import disclosed
from evalkit.analysis.trial_distributions import arms, distribution
from evalkit.analysis.trial_effects import blank
from evalkit.analysis.trial_fidelity import fidelity, fidelity_summary
from evalkit.analysis.trial_flow import attrition, reasons, wwc_attrition
from evalkit.analysis.trial_missing_table import missing_pattern
from evalkit.analysis.trial_months import months
from evalkit.analysis.trial_sample import TrialSample, trial_sample
from evalkit.analysis.trial_security import padlocks, threats_table
from evalkit.errors import FitError
from evalkit.progress import tick
from evalkit.records.evaluation import Study
from evalkit.records.outcome import Outcome
from evalkit.records.results import Results
from evalkit.records.scores import Scores
from evalkit.records.standards import Standards, load_standards
from evalkit.records.standards_trial import WwcStandards

CONFOUNDERS, NONE = "all_confounders", "none_considered"


@dataclass(frozen=True, slots=True, eq=False)
class MatchedOutcome:
    """One outcome after its analysis.

    Attributes
    ----------
    sample : TrialSample - both groups before matching; its analysed pupils are complete
    matched : None when nobody can be matched
    rows : estimates, not yet adjusted or disclosure-controlled; the first is the primary one
    """

    sample: TrialSample
    matched: MatchedSample | None
    rows: tuple[Estimate, ...]


def analyse_matched(scores: Scores, study: Study) -> Results:
    """Compare like with like: match, look at the balance, and only then at the outcomes.

    Raises
    ------
    DesignError
        Naming what in the data does not fit the design (all at once); groups that do not overlap, or that what is
        known tells apart, so that not one outcome can be estimated.
    """
    plan, standards = study.plan, load_standards()
    refuse_bad_match(scores, study)
    wanted = [one for one in plan.outcomes if one.role != "placebo"]
    found: list[MatchedOutcome] = []
    for place, outcome in enumerate(wanted):
        tick(f"Matching for {outcome.label}", place, len(wanted))
        found.append(matched_outcome(scores, study, outcome))
    tick("Matched", len(wanted), len(wanted))
    refuse_if_nothing(plan, [one.rows[0] for one in found])
    matched = [one.matched for one in found if one.matched is not None]
    rows = [row for one in found for row in one.rows]
    rows += [
        placebo_row(matched[0], trial_sample(scores, study, one)) for one in plan.outcomes if one.role == "placebo"
    ]
    estimates = estimate_table(disclosed(adjusted(rows, plan), threshold=plan.suppression_threshold))
    displays = _displays(scores, study, found, estimates, standards)
    samples, models = [one.sample for one in found], matched_models(matched)
    reliabilities = trial_reliabilities(scores, samples)
    seen = displays | {"balance": _as_analysed(displays["balance"])}
    made_from, notes = provenance(scores, study)
    caveats = trial_caveats(
        study,
        samples,
        estimates=estimates,
        models=models,
        displays=seen,
        reliabilities=reliabilities,
        standards=standards,
        limits=MATCHED_LIMITS,
    )
    # How many have an outcome is no part of it: the result rests on the matched.
    shared = [one for one in caveats if one.kind != "complete_cases"]
    own = matched_caveats(matched, estimates=estimates, displays=displays, standards=standards)
    return Results(
        plan=plan,
        instruments=instrument_facts(study),
        estimates=estimates,
        models=models,
        checks=trial_checks(plan, displays=seen, estimates=estimates, reliabilities=reliabilities, standards=standards),
        caveats=(*shared, *own),
        displays=displays,
        notes=(*scores.notes, *notes),
        provenance=made_from,
    )


def matched_outcome(scores: Scores, study: Study, outcome: Outcome) -> MatchedOutcome:
    """Everything about one outcome; where nobody can be matched, one row with the reason."""
    sample = complete_sample(trial_sample(scores, study, outcome))
    try:
        matched = matched_sample(sample)
        rows = outcome_rows(matched)
    except FitError as error:
        row = blank(sample, sample.treated[0], inquiry="effect", estimator=MATCHED)
        return MatchedOutcome(sample, None, (not_estimated(row, error.message),))
    rows += wave_rows(matched, scores)
    for subgroup in study.plan.subgroups:
        rows += subgroup_rows(matched, subgroup)
    return MatchedOutcome(matched.sample, matched, tuple(rows))


def _as_analysed(balance: pd.DataFrame) -> pd.DataFrame:
    """The balance table with the matched pupils under the name that other designs give to the analysed ones."""
    return balance.assign(sample=balance["sample"].replace({"matched": "analysed", "all": "randomised"}))


def _displays(
    scores: Scores, study: Study, found: Sequence[MatchedOutcome], estimates: pd.DataFrame, standards: Standards
) -> dict[str, pd.DataFrame]:
    """Who was matched, how alike the groups are, how scores were spread, how sure it is: disclosure-controlled."""
    samples = [one.sample for one in found]
    matched = [one.matched for one in found if one.matched is not None]
    about_all = next((one for one in samples if one.outcome.pupils is None), samples[0])
    balance = matched_balance(matched)
    primary = [(one.matched, one.rows[0]) for one in found if one.matched is not None]
    made = {
        "flow": matched_flow(matched[0]),
        "reasons": reasons(samples[0]),
        "attrition": attrition(samples),
        "wwc_attrition": wwc_attrition(samples, standards.wwc),
        "matching": matching_table(matched),
        "balance": balance,
        "love": love(balance, standards.wwc),
        "overlap": overlap(matched),
        "trend": trend(matched, scores),
        "sensitivity": sensitivity(primary),
        "distribution": distribution(samples),
        "arms": arms(samples),
        "schools": matched_schools(
            matched,
            fewest=int(standards.methods.fewest_schools_shown.value),
            places=places_in(scores, study.plan),
        ),
        "missing_pattern": missing_pattern(samples),
        "fidelity": fidelity(about_all),
        "fidelity_summary": fidelity_summary(about_all),
    }
    return made | _ratings(study, samples, made, estimates, standards)


def _ratings(
    study: Study,
    samples: Sequence[TrialSample],
    made: Mapping[str, pd.DataFrame],
    estimates: pd.DataFrame,
    standards: Standards,
) -> dict[str, pd.DataFrame]:
    """What published rules make of the numbers."""
    plan, analysed = study.plan, _as_analysed(made["balance"])
    return {
        "months": months(estimates, plan, standards.months),
        "padlocks": padlocks(
            plan,
            mdes=detectable(plan, estimates),
            attrition=made["attrition"],
            standards=standards.padlocks,
            threats=standards.security_threats,
            designs=_designs(samples, analysed, standards.wwc),
        ),
        "threats": threats_table(plan, standards.security_threats),
        "wwc": wwc_comparison(samples, balance=analysed, standards=standards.wwc),
        "cost": cost(plan),
        "cost_summary": cost_summary(plan, standards.cost),
        "context": context(plan),
    }


def _designs(samples: Sequence[TrialSample], balance: pd.DataFrame, standards: WwcStandards) -> dict[str, str]:
    """By outcome: the design of the security rule.

    The headline is the difference after matching, which takes measured differences into account and no others; that a
    difference in differences stands beside it does not raise the headline's rating. Without a baseline, or with one
    still too far apart, none.
    """
    return {
        sample.outcome.id: CONFOUNDERS
        if sample.has_baseline and baseline_gap(balance, sample.outcome.id) <= standards.baseline_adjustable.value
        else NONE
        for sample in samples
    }
