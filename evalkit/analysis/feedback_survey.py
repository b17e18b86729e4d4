"""What staff say of a programme: shares who agree, net recommendation, themes; from files, or figures as printed."""

import math
from collections.abc import Sequence

import pandas as pd

from evalkit.analysis.checks import drop_out_rating, size_rating
from evalkit.analysis.estimate import Estimate, estimate_table
from evalkit.analysis.feedback_displays import answers_table, response_table, theme_table
from evalkit.analysis.feedback_groups import Answers, all_answers, answered
from evalkit.analysis.feedback_rows import answer_rows, group_rows, occasion_rows
from evalkit.analysis.figure_findings import finding_table
from evalkit.analysis.instrument_facts import instrument_facts
from evalkit.analysis.national_comparison import figure_caveats, figure_rows, figure_table
from evalkit.analysis.provenance import provenance
from evalkit.analysis.reported_figures import refuse_impossible
from evalkit.errors import DesignError
from evalkit.records.evaluation import Evaluation, Study
from evalkit.records.results import Caveat, Check, Rating, Results
from evalkit.records.scores import Scores
from evalkit.records.standards import CheckStandards, load_standards

SURVEY_MODEL_COLUMNS = ("outcome", "wave", "n", "schools")
SURVEY_LIMITS = ("opinions_only", "no_comparison_group", "those_who_answer", "social_desirability")
SURVEY_WARNINGS = (
    "response_unknown",
    "low_response",
    "in_schools",
    "other_people",
    "not_validated",
    "one_or_more_suppressed",
)


def analyse_feedback_survey(scores: Scores | None, study: Study) -> Results:
    """Analyse a survey of staff.

    Raises
    ------
    DesignError
        Nobody answered one question of the plan, or a printed percentage cannot come from the number it rests on.
    """
    plan = study.plan
    refuse_impossible(plan)
    answers = all_answers(scores, study) if scores is not None else []
    if scores is not None and not answers:
        raise DesignError(f"{plan.id}: nobody answered any question of the plan. Check the files and the outcomes.")
    given = answered(scores, plan) if scores is not None else {}
    rows = [row for one in answers for row in answer_rows(one, plan)]
    rows += [*group_rows(answers, plan), *occasion_rows(answers, plan), *figure_rows(plan)]
    displays = {"figures": figure_table(plan), "findings": finding_table(plan), "themes": theme_table(plan)}
    if scores is not None:
        displays |= {"response": response_table(given, plan), "answers": answers_table(scores, answers, study)}
    made_from, notes = provenance(scores, study)
    standards = load_standards()
    return Results(
        plan=plan,
        instruments=instrument_facts(study),
        estimates=estimate_table(rows),
        models=_models(answers, plan),
        checks=_checks(plan, rows, given, standards.checks),
        caveats=_caveats(study, rows, answers, given, standards.checks),
        displays=displays,
        notes=(*(scores.notes if scores else ()), *notes),
        provenance=made_from,
    )


def _models(answers: Sequence[Answers], plan: Evaluation) -> pd.DataFrame:
    """A row per question and wave: what it rests on."""
    rows = [
        (one.outcome.id, one.wave.id, float(one.n), math.nan if one.schools is None else float(len(set(one.schools))))
        for one in answers
    ]
    rows += [
        (one.id, one.wave or "", float(one.n or math.nan), math.nan)
        for one in (plan.figures.reported if plan.figures else ())
    ]
    frame = pd.DataFrame(rows, columns=list(SURVEY_MODEL_COLUMNS))
    return frame.astype({"outcome": "str", "wave": "str", "n": "float64", "schools": "float64"})


def _checks(
    plan: Evaluation, rows: Sequence[Estimate], given: dict[str, int], standards: CheckStandards
) -> tuple[Check, ...]:
    sized = [row for row in rows if row.inquiry in ("agreement", "reported") and row.subgroup == "all"]
    known = [row for row in sized if not math.isnan(row.conf_low) and row.estimator != "logit_clustered"]
    least = min((row.n_treated for row in known), default=math.nan)
    widest = max(((row.conf_high - row.conf_low) / 2 for row in known), default=math.nan)
    size: Rating = size_rating(least, widest, standards) if known else "unknown"
    response = lowest_response(plan, given)
    drop_out: Rating = "unknown" if math.isnan(response) else drop_out_rating(1 - response, standards)
    delivery = plan.delivery.share_delivered if plan.delivery else None
    return (
        Check("comparison", standards.comparison.without_comparison_group.rating, {}),
        Check("size", size, {"n": _number(least), "half_width": _number(widest)}),
        Check("drop_out", drop_out, {"response": _number(response)}),
        Check("measure", "weak" if plan.outcomes else "unknown", {}),
        Check("delivery", "unknown", {"share": delivery}),
    )


def lowest_response(plan: Evaluation, given: dict[str, int]) -> float:
    """The lowest response rate of all occasions, 0 to 1; NaN where at one it is not known how many were asked."""
    asked = plan.feedback.asked if plan.feedback else {}
    rates = [given[wave] / asked[wave] if wave in asked else math.nan for wave in given]
    for figure in plan.figures.reported if plan.figures else ():
        rates.append(figure.n / figure.asked if figure.n and figure.asked else math.nan)
    return math.nan if not rates or any(math.isnan(rate) for rate in rates) else min(rates)


def _caveats(
    study: Study,
    rows: Sequence[Estimate],
    answers: Sequence[Answers],
    given: dict[str, int],
    standards: CheckStandards,
) -> tuple[Caveat, ...]:
    plan = study.plan
    found = [Caveat(kind, "limit") for kind in SURVEY_LIMITS]
    response = lowest_response(plan, given)
    if math.isnan(response):
        found.append(Caveat("response_unknown", "warning"))
    elif response < 1 - standards.drop_out.fair_share_lost.value:
        found.append(Caveat("low_response", "warning", facts={"response": response}))
    schools = [len(set(one.schools)) for one in answers if one.schools is not None]
    if schools:
        found.append(Caveat("in_schools", "warning", facts={"count": min(schools)}))
    if plan.anonymous and sum(count > 0 for count in given.values()) > 1:
        found.append(Caveat("other_people", "warning"))
    found += [
        Caveat("not_validated", "warning", facts={"instrument": one.title})
        for one in study.instruments
        if not one.validated and not one.is_measure
    ]
    found += [one for one in figure_caveats(plan, list(rows)) if one.kind != "many_figures"]
    if any(row.status == "suppressed" for row in rows):
        found.append(Caveat("one_or_more_suppressed", "note"))
    return tuple(found)


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
