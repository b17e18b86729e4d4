"""One group, measured before and after: linked pupils' change, its limits, and what a reader must know."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from evalkit.analysis.adjustment import adjusted
from evalkit.analysis.caveats import caveats
from evalkit.analysis.change_rows import UNFLAGGED, change_inquiry, change_rows, family_of
from evalkit.analysis.checks import checks
from evalkit.analysis.cluster_change import (
    ClusteredChange,
    cluster_rows,
    clustered_change,
    funnel,
    school_changes,
)
from evalkit.analysis.displays import change_table, distribution_table, flow_table, means_table
from evalkit.analysis.estimate import Estimate, estimate_table, refuse_if_nothing, suppressed, too_few_reason
from evalkit.analysis.expected_regression import regression_rows
from evalkit.analysis.instrument_facts import instrument_facts
from evalkit.analysis.leavers import leavers_row
from evalkit.analysis.measure_displays import answer_table, item_table, quality_table
from evalkit.analysis.measure_shares import measure_shares
from evalkit.analysis.measurement_displays import measurement_tables
from evalkit.analysis.models import model_table
from evalkit.analysis.paired_sample import PairedSample, Participation, paired_samples, participation
from evalkit.analysis.provenance import provenance
from evalkit.analysis.quality_facts import Reliability, reliability_by_error, reliability_of
from evalkit.analysis.reliable_change import reliable_change_rows
from evalkit.analysis.school_places import places_in
from evalkit.records.evaluation import Study
from evalkit.records.results import Results
from evalkit.records.scores import Scores
from evalkit.records.standards import Standards, load_standards
from evalkit.stats.disclosure import mean_is_safe


def analyse_single_group_prepost(scores: Scores, study: Study) -> Results:
    """Analyse one group before and after.

    Raises
    ------
    DesignError
        When fewer than two pupils can be linked, when a pupil has two scores in one wave, or when not one outcome can
        be estimated (with the reason for each).
    """
    plan, standards = study.plan, load_standards()
    took_part = participation(scores, plan)
    samples = paired_samples(scores, study)
    reliabilities = _reliabilities(scores, study, samples)
    in_schools = [clustered_change(scores, plan, one) for one in samples] if plan.clusters is not None else []
    rows = _estimates(study, samples, reliabilities, standards, in_schools)
    displays = _displays(scores, study, samples, rows, took_part)
    if in_schools:
        fewest, rounding = (
            int(standards.methods.fewest_schools_shown.value),
            int(standards.methods.count_rounding.value),
        )
        places = places_in(scores, plan)
        displays["schools"] = school_changes(in_schools, plan, fewest=fewest, places=places)
        displays["funnel"] = funnel(in_schools, plan, fewest=fewest, rounding=rounding, places=places)
    models = model_table(samples, threshold=plan.suppression_threshold)
    made_from, notes = provenance(scores, study)
    return Results(
        plan=plan,
        instruments=instrument_facts(study),
        estimates=estimate_table(rows),
        models=models,
        checks=checks(
            plan, samples, rows, took_part=took_part, reliabilities=reliabilities, standards=standards.checks
        ),
        caveats=caveats(
            study,
            samples,
            rows,
            took_part=took_part,
            reliabilities=reliabilities,
            shares=measure_shares(
                scores,
                displays["quality"],
                displays["distribution"],
                samples,
                threshold=plan.suppression_threshold,
                straight_line_limit=standards.warnings.straight_lining.value,
            ),
            items=displays["items"],
            anything_suppressed=_anything_suppressed(rows, displays),
            standards=standards.warnings,
        ),
        displays=displays,
        notes=(*scores.notes, *notes),
        provenance=made_from,
    )


def _reliabilities(scores: Scores, study: Study, samples: Sequence[PairedSample]) -> tuple[Reliability, ...]:
    """Omega or alpha of questionnaires; of measured numbers what their published error says, where there is one."""
    errors = {one.id: one.error.value for one in study.plan.measures if one.error}
    found: list[Reliability | None] = []
    for sample in samples:
        outcome = sample.outcome
        for wave, values in ((sample.wave_pre, sample.pre), (sample.wave_post, sample.post)):
            if outcome.instrument in errors:
                error, threshold = errors[outcome.instrument], study.plan.suppression_threshold
                found.append(
                    reliability_by_error(outcome.id, wave=wave, scores=values, error=error, threshold=threshold)
                )
            else:
                found.append(reliability_of(scores, outcome.id, scale=outcome.scale, wave=wave))
    return tuple(one for one in found if one is not None)


def _estimates(
    study: Study,
    samples: Sequence[PairedSample],
    reliabilities: Sequence[Reliability],
    standards: Standards,
    in_schools: Sequence[ClusteredChange],
) -> list[Estimate]:
    """All rows in the plan's order, adjusted for the number of tests, then disclosure-controlled."""
    plan, inquiry = study.plan, change_inquiry(study.plan, standards)
    criterion = standards.methods.reliable_change_criterion.value
    before = {one.outcome: one for one in reliabilities if one.wave == plan.waves[0].id}
    rows: list[Estimate] = []
    for sample in samples:
        rows += change_rows(sample, inquiry, family=family_of(plan, sample))
        rows += reliable_change_rows(sample, plan, measured=before.get(sample.outcome.id), criterion=criterion)
        rows += regression_rows(sample, plan)
        rows.append(leavers_row(sample, plan))
    for one in in_schools:
        rows += cluster_rows(one, plan)
    refuse_if_nothing(plan, [row for row in rows if row.estimator == "paired_t"])
    return _disclosed(adjusted(rows, plan), samples, threshold=plan.suppression_threshold)


def _disclosed(rows: Sequence[Estimate], samples: Sequence[PairedSample], *, threshold: int) -> list[Estimate]:
    """Hide every row about the change of too few pupils; a refusal goes too, for its words may quote their scores."""
    few = {sample.outcome.id: sample for sample in samples if _is_small(sample, threshold)}
    return [
        suppressed(replace(row, n_treated=few[row.outcome].n_linked), too_few_reason(threshold))
        if row.outcome in few and row.inquiry != "leavers"
        else row
        for row in rows
    ]


def _is_small(sample: PairedSample, threshold: int) -> bool:
    return not sample.problem and not mean_is_safe(sample.n_linked, threshold)


def _displays(
    scores: Scores,
    study: Study,
    samples: Sequence[PairedSample],
    rows: Sequence[Estimate],
    took_part: Participation,
) -> dict[str, pd.DataFrame]:
    threshold = study.plan.suppression_threshold
    distribution = distribution_table(samples, threshold=threshold)
    answers = answer_table(scores, samples, study, threshold=threshold)
    return {
        "flow": flow_table(took_part),
        "change": change_table(samples, rows, threshold=threshold),
        "means": means_table(samples, threshold=threshold),
        "distribution": distribution,
        "answers": answers,
        "quality": quality_table(scores, samples, study, distribution, threshold=threshold),
        "items": item_table(scores, samples, study, answers, threshold=threshold),
        **measurement_tables(scores, [one.outcome for one in samples], study, threshold=threshold),
    }


def _anything_suppressed(rows: Sequence[Estimate], displays: dict[str, pd.DataFrame]) -> bool:
    ends = displays["quality"][["floor_percent", "ceiling_percent"]]
    # In most studies few pupils are flagged, and the row without them is hidden: that alone needs no caveat.
    if any(row.status == "suppressed" and row.estimator != UNFLAGGED for row in rows) or bool(
        ends.isna().any(axis=None)
    ):
        return True
    return any(bool(displays[name]["count"].isna().any()) for name in ("distribution", "answers"))
