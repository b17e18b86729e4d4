"""Published figures beside national ones: what can be said of each, what cannot, and what does not hang together."""

import math

import pandas as pd

from evalkit.analysis.estimate import Estimate, estimate_table
from evalkit.analysis.figure_findings import finding_table
from evalkit.analysis.instrument_facts import instrument_facts
from evalkit.analysis.national_rows import national_rows, rise_rows
from evalkit.analysis.provenance import provenance
from evalkit.analysis.reported_figures import (
    disclosed,
    fitting_n,
    most_asked,
    refuse_impossible,
    reported_rows,
    share_of,
)
from evalkit.analysis.transitions import graded, transition_rows, transition_table
from evalkit.records.evaluation import Evaluation, Study
from evalkit.records.results import Caveat, Check, Rating, Results

FIGURE_COLUMNS = ("outcome", "label", "count", "n", "asked", "response_percent", "fit_from", "fits")
FIGURE_MODEL_COLUMNS = ("outcome", "n", "count")
NATIONAL_LIMITS = ("no_comparison_group", "chose_to_join", "other_mix", "national_includes_them")
FIGURE_WARNINGS = ("n_unknown", "many_figures", "able_unknown")
SEVERAL = 2


def analyse_national_comparison(study: Study) -> Results:
    """Hold published figures against national ones.

    Raises
    ------
    DesignError
        When a percentage cannot come from the number of people it is said to rest on.
    """
    plan = study.plan
    assert plan.figures is not None
    refuse_impossible(plan)
    tables = [graded(one, plan) for one in plan.figures.transitions]
    rows = [*figure_rows(plan), *(row for one in tables for row in transition_rows(one, plan))]
    made_from, notes = provenance(None, study)
    displays = {"figures": figure_table(plan), "findings": finding_table(plan)}
    if tables:
        displays["transitions"] = transition_table(tables, plan)
    return Results(
        plan=plan,
        instruments=instrument_facts(study),
        estimates=estimate_table(rows),
        models=figure_models(plan),
        checks=_checks(plan, rows),
        caveats=(*(Caveat(kind, "limit") for kind in NATIONAL_LIMITS), *figure_caveats(plan, rows)),
        displays=displays,
        notes=notes,
        provenance=made_from,
    )


def figure_rows(plan: Evaluation) -> list[Estimate]:
    """Every row about the figures of a plan, in its order."""
    rows: list[Estimate] = []
    for figure in plan.figures.reported if plan.figures else ():
        made = [*reported_rows(figure, plan), *national_rows(figure, plan), *rise_rows(figure, plan)]
        rows += disclosed(made, figure, plan)
    return rows


def figure_table(plan: Evaluation) -> pd.DataFrame:
    """What each figure rests on: count and n, who was asked, and where n is unknown what it can have been."""
    rows: list[tuple[object, ...]] = []
    for figure in plan.figures.reported if plan.figures else ():
        hidden = disclosed([_blank()], figure, plan)[0].status != "ok"
        counts = share_of(figure).counts if figure.kind == "percent" and not hidden else ()
        sizes = fitting_n(figure, plan) if figure.kind == "percent" and figure.n is None else ()
        rate = 100 * figure.n / figure.asked if figure.n is not None and figure.asked is not None else math.nan
        rows.append(
            (
                figure.id, figure.label, float(counts[0]) if len(counts) == 1 else math.nan, figure.n or math.nan,
                figure.asked or math.nan, rate, float(sizes[0]) if sizes else math.nan,
                " ".join(str(n) for n in sizes if n <= most_asked(figure)) if figure.asked else "",
            )
        )  # fmt: skip
    texts = ("outcome", "label", "fits")
    frame = pd.DataFrame(rows, columns=list(FIGURE_COLUMNS))
    return frame.astype({name: "str" if name in texts else "float64" for name in FIGURE_COLUMNS})


def figure_models(plan: Evaluation) -> pd.DataFrame:
    """A row per figure: what it rests on."""
    table = figure_table(plan)
    return table.loc[:, list(FIGURE_MODEL_COLUMNS)]


def figure_caveats(plan: Evaluation, rows: list[Estimate]) -> list[Caveat]:
    """What these figures in particular make a reader mind."""
    reported = plan.figures.reported if plan.figures else ()
    found: list[Caveat] = []
    unknown = [one for one in rows if one.inquiry == "reported" and one.estimator == "as_printed"]
    if unknown:
        found.append(Caveat("n_unknown", "warning", facts={"count": len(unknown), "n": len(reported)}))
    tested = sum(not math.isnan(one.p_value) for one in rows if one.inquiry == "national")
    if tested >= SEVERAL:
        found.append(Caveat("many_figures", "warning", facts={"count": tested}))
    if any(one.inquiry == "rise_of_able" and one.status == "not_estimated" for one in rows):
        found.append(Caveat("able_unknown", "warning"))
    return found


def _checks(plan: Evaluation, rows: list[Estimate]) -> tuple[Check, ...]:
    """The five questions: only the size can be judged from printed figures."""
    beside = [one for one in rows if one.inquiry == "national"]
    known = [one for one in beside if not math.isnan(one.conf_low)]
    size: Rating = "unknown" if not known else "weak" if len(known) < len(beside) else "fair"
    facts = {"known": len(known), "n": len(beside)}
    return (
        Check("comparison", "weak", {"national": len(beside)}),
        Check("size", size, facts),
        Check("drop_out", "unknown", {}),
        Check("measure", "unknown", {}),
        Check("delivery", "unknown", {"share": plan.delivery.share_delivered if plan.delivery else None}),
    )


def _blank() -> Estimate:
    return Estimate(inquiry="reported", outcome="", wave="", contrast="", estimator="", unit="")
