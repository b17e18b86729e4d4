"""The parts of the trial report for its evaluator, in the EEF's order; a part without data says "not supplied"."""

import re
from collections.abc import Sequence
from typing import Literal

from evalkit.records.results import Results
from evalkit.report import (
    tables_delivery,
    tables_distribution,
    tables_methods,
    tables_missing,
    tables_participants,
    tables_rating,
    tables_trial,
)
from evalkit.report.blocks import Block, Figure, Markdown, Table
from evalkit.report.figure_arms import arms_figure
from evalkit.report.figure_balance import balance_figure
from evalkit.report.figure_delivery import delivery_figure
from evalkit.report.figure_loadings import loadings_figure
from evalkit.report.figure_missing import missing_figure
from evalkit.report.figure_robust import robust_figure
from evalkit.report.figure_schools import schools_figure
from evalkit.report.sections import bullets, paragraph, sealed_plan
from evalkit.report.table_cells import table
from evalkit.report.tables_factor import fit_table, groups_table, invariance_table
from evalkit.report.tables_measure import reliability_table
from evalkit.report.trial_effects import display, primary_effects
from evalkit.report.words_measure import fit_sentence, invariance_sentence
from evalkit.report.words_names import measured_facts
from evalkit.report.words_trial_method import (
    MULTIPLICITY,
    design_rows,
    estimand_rows,
    model_words,
    outcome_rows,
)

NOT_SUPPLIED = {
    "mdes": "What the trial could have detected at each stage was not supplied.",
    "attrition": "How many were lost from each group was not supplied.",
    "balance": "How alike the groups were at the start was not supplied.",
    "spread": "How scores were spread is not shown, because too few pupils stand behind each band.",
    "questionnaires": "No outcome comes from a questionnaire, so there are no questions to look at.",
    "arms": "The groups' means were not supplied.",
    "subgroups": "No groups of pupils were planned to be looked at.",
    "follow_up": "There is no later outcome.",
    "schools": (
        "Schools are not shown side by side: there are none that could be told apart, too few pupils in each, or the "
        "list of schools does not say which belong together."
    ),
    "icc": "Schools are no level of this analysis, so there is no share of variance between them.",
    "robust": "No other analysis of the main outcome was run.",
    "missing": "Which data are missing together was not supplied.",
    "delivery": "How much of the programme was delivered was not supplied.",
    "security": "The trial was not rated, so there are no padlocks, and months of progress are not shown.",
    "threats": "The threats to the findings were not rated.",
    "wwc": "The rating by the What Works Clearinghouse's standards was not worked out.",
    "cost": "The cost was not supplied.",
    "context": "Nothing that was published elsewhere is shown.",
    "seal": "The plan was not sealed, so this report cannot show what was changed in it.",
    "checklist": "The CONSORT checklist was not supplied.",
    "logic_model": "How the programme is meant to work (its logic model) was not supplied.",
    "ethics": "Who approved the trial was not supplied.",
    "personnel": "Who delivered and who evaluated the programme was not supplied.",
    "timeline": "The timeline was not supplied.",
    "process_evaluation": "The implementation and process evaluation was not supplied.",
    "data_protection": "Who answers for the pupils' data was not supplied.",
}
TextName = Literal["logic_model", "ethics", "personnel", "timeline", "process_evaluation"]
OTHERS = "The same analyses of the other outcomes stand in the results file."
OUTCOMES = "The outcomes as planned. By developer: whether those who made the programme made the measure."
NO_MEASURE = "The plan names no measure of how much was taken up, so there is no complier effect."


def design(results: Results) -> list[Block]:
    """The trial in brief, its outcomes, and what exactly is estimated."""
    study = "trial" if results.plan.is_trial else "comparison"
    brief = table(
        results, ("What", "How"), [list(row) for row in design_rows(results)], align="ll",
        caption=f"The {study} in brief.", widths=(26, 74),
    )  # fmt: skip
    header = ("Outcome", "Role", "Kind", "When", "Baseline", "Pupils", "By developer")
    outcomes = table(
        results, header, outcome_rows(results), align="lllllll", caption=OUTCOMES,
        widths=(19, 14, 11, 15, 15, 14, 12),
    )  # fmt: skip
    asked = table(
        results, ("Part", f"In this {study}"), [list(row) for row in estimand_rows(results)], align="ll",
        caption="What exactly is estimated for the primary outcome (the estimand).", widths=(26, 74),
    )  # fmt: skip
    return [brief, outcomes, asked]


def told(results: Results, name: TextName) -> list[Block]:
    """What the evaluator wrote for a place of the report: paragraphs and lists."""
    trial = results.plan.trial
    text = str(getattr(trial.texts, name)).strip() if trial is not None else ""
    found: list[Block] = []
    for part in re.split(r"\n\s*\n", text) if text else ():
        lines = [line.strip() for line in part.splitlines()]
        is_list = all(line.startswith("- ") for line in lines)
        found.append(bullets(line[2:] for line in lines) if is_list else paragraph(" ".join(lines)))
    return found or [paragraph(NOT_SUPPLIED[name])]


def data_protection(results: Results) -> list[Block]:
    """Who answers for the pupils' data, and on what ground."""
    plan = results.plan.data_protection
    if plan is None:
        return [paragraph(NOT_SUPPLIED["data_protection"])]
    parts = (
        ("Who decides about the data", plan.controller),
        ("Who handles them", plan.processor),
        ("Lawful basis", plan.lawful_basis),
        ("Purpose", plan.purpose),
        ("Where to ask", plan.contact),
        ("Pseudonyms in place of pupils' codes", "yes" if plan.pseudonymise else "no"),
    )
    return [bullets(f"{what}: {words}." for what, words in parts if words)]


def sample_size(results: Results) -> list[Block]:
    """The EEF's table of detectable effects."""
    return _or("mdes", [tables_methods.mdes_table(results)])


def participants(results: Results) -> list[Block]:
    """Flow, reasons and attrition in numbers."""
    found: list[Table | None] = [
        tables_participants.reasons_table(results),
        tables_participants.attrition_table(results),
        tables_participants.boundary_table(results),
    ]
    return _or("attrition", found)


def balance(results: Results) -> list[Block]:
    """The groups at the start."""
    return _or("balance", [balance_figure(results), tables_participants.balance_table(results)])


def scores(results: Results) -> list[Block]:
    """Scores by group: their spread, means, and what the effect sizes are made of."""
    drawn = [arms_figure(results, one) for one in _primary(results)]
    means = [tables_trial.arms_table(results)] if "arms" in results.displays else []
    return [
        *_or("spread", drawn),
        *_or("arms", means),
        tables_trial.effect_size_table(results),
        paragraph(MULTIPLICITY[results.plan.multiplicity.method]),
    ]


def questionnaires(results: Results) -> list[Block]:
    """How well the questions of each questionnaire worked together."""
    if "quality" not in results.displays:
        return [paragraph(NOT_SUPPLIED["questionnaires"])]
    asked = {one.scale: one for one in results.plan.outcomes if measured_facts(results, one.id) is None}
    told = [sentence(results, scale) for scale in asked for sentence in (fit_sentence, invariance_sentence)]
    drawn = [loadings_figure(results, scale) for scale in asked]
    tables = [build(results) for build in (reliability_table, fit_table, invariance_table, groups_table)]
    return [bullets(one for one in told if one), *_kept([*drawn, *tables])]


def subgroups(results: Results) -> list[Block]:
    """Groups of pupils: interactions and separate models."""
    return _or("subgroups", tables_trial.subgroup_tables(results))


def follow_up(results: Results) -> list[Block]:
    """Later outcomes."""
    return _or("follow_up", [tables_trial.follow_up_table(results)])


def schools(results: Results) -> list[Block]:
    """Schools side by side, and how alike pupils of one school are."""
    drawn = [schools_figure(results, one) for one in _primary(results)]
    return [*_or("schools", drawn), *_or("icc", [tables_methods.icc_table(results)])]


def robustness(results: Results) -> list[Block]:
    """Other analyses of the same question."""
    drawn = [robust_figure(results, one) for one in primary_effects(results)]
    found = _or("robust", [*drawn, *tables_methods.robust_tables(results)])
    others = any(one.role == "secondary" for one in results.plan.outcomes)
    return [*found, *([paragraph(OTHERS)] if others and len(found) > 1 else [])]


def missing(results: Results) -> list[Block]:
    """What is missing, what foretells it, and what that does to the answer."""
    drawn = [missing_figure(results, one) for one in _primary(results)]
    patterns = _or("missing", [*drawn, tables_missing.pattern_table(results)])
    without = [f"{name}: {reason}" for name, reason in tables_missing.dropout_reasons(results)]
    models = _kept([*tables_missing.dropout_tables(results), tables_missing.imputed_table(results)])
    told = [*without, *tables_missing.tipping_sentences(results)]
    return [*patterns, *models, *([bullets(told)] if told else [])]


def delivery(results: Results) -> list[Block]:
    """How much was delivered, and what the programme did where it was taken up."""
    trial = results.plan.groups
    measures = trial.compliance if trial is not None else ()
    drawn = [delivery_figure(results, one.id) for one in measures]
    tables = [tables_delivery.delivery_summary(results), tables_delivery.delivery_table(results)]
    found = _or("delivery", [*drawn, *tables])
    effect = _kept([*tables_delivery.compliance_tables(results), tables_delivery.dose_table(results)])
    notes = tables_delivery.compliance_notes(results)
    return [*found, *(effect or [paragraph(NO_MEASURE)]), *([bullets(notes)] if notes else [])]


def security(results: Results) -> list[Block]:
    """Padlocks, threats and months."""
    rated = _or("security", tables_rating.padlocks_tables(results))
    sources = tables_rating.rule_sources(results, "padlocks")
    return [
        *rated,
        *([bullets(sources)] if sources else []),
        *_or("threats", [tables_rating.threats_table(results)]),
        *_kept([tables_rating.months_table(results)]),
    ]


def wwc(results: Results) -> list[Block]:
    """The What Works Clearinghouse's rating."""
    sources = tables_rating.rule_sources(results, "wwc")
    return [*_or("wwc", [tables_rating.wwc_table(results)]), *([bullets(sources)] if sources else [])]


def cost(results: Results) -> list[Block]:
    """What delivery costs."""
    found = _or("cost", [tables_rating.cost_summary_table(results), tables_rating.cost_table(results)])
    planned = results.plan.groups.cost if results.plan.groups else None
    return [*found, *([paragraph(f"Source: {planned.source}.")] if planned else [])]


def context(results: Results) -> list[Block]:
    """What was published elsewhere."""
    return _or("context", [tables_rating.context_table(results)])


def model(results: Results) -> list[Block]:
    """The main model in words and signs, with its formula, variances and fit."""
    words: list[Block] = [Markdown(text) for text in model_words(results)]
    main = tables_trial.models_of(results, "primary")
    formulas = {f"{row['outcome']}: `{row['formula']}`": None for row in main if row.get("formula")}
    lines = Markdown("As fitted, in the language of lme4:\n\n" + "\n".join(f"- {line}" for line in formulas))
    fitted: list[Block] = [lines] if formulas else []
    return [*words, *fitted, tables_methods.variance_table(results), tables_methods.fit_table(results)]


def deviations(results: Results) -> list[Block]:
    """When the plan was fixed and what was changed since."""
    found = sealed_plan(results)[1:] if _has_seal(results) else []
    return found or [paragraph(NOT_SUPPLIED["seal"])]


def _has_seal(results: Results) -> bool:
    return bool(display(results, "seal")) and "deviations" in results.displays


def checklist(results: Results) -> list[Block]:
    """The CONSORT checklist."""
    return _or("checklist", [tables_rating.checklist_table(results)])


def numbers(results: Results) -> list[Block]:
    """The numbers behind the pictures that stand in no other table."""
    found = [
        tables_participants.flow_table(results) if "flow" in results.displays else None,
        tables_distribution.spread_table(results),
        tables_distribution.schools_table(results),
    ]
    return _or("spread", found)


def _primary(results: Results) -> list[str]:
    return list(dict.fromkeys(one.outcome for one in primary_effects(results)))


def _or(key: str, found: Sequence[Figure | Table | None]) -> list[Block]:
    """The blocks that there are, or the sentence that they were not supplied."""
    kept = _kept(found)
    return kept or [paragraph(NOT_SUPPLIED[key])]


def _kept(found: Sequence[Figure | Table | None]) -> list[Block]:
    return [one for one in found if one is not None]
