"""The parts of the trial report that every reader reads, as blocks: what a template's cells call."""

from evalkit.records.results import Rating, Results
from evalkit.report import blocks, tables_trial, words_comparison
from evalkit.report.blocks import Block, Markdown, escape
from evalkit.report.figure_consort import consort_figure
from evalkit.report.figure_effects import effects_figure
from evalkit.report.numbers import count, known
from evalkit.report.rows import rows_of
from evalkit.report.sections import bullets, paragraph, rounding_note
from evalkit.report.trial_effects import display, effects, primary_effects, subgroup_effects
from evalkit.report.words_arms import units
from evalkit.report.words_caveats import caveat_sentences
from evalkit.report.words_checks import RATINGS, check_name
from evalkit.report.words_rating import (
    months_sentence,
    padlocks,
    security_sentence,
    status_note,
)
from evalkit.report.words_took_part import took_part, total
from evalkit.report.words_trial import (
    CONTEXT,
    SIMULATED,
    STANDARD,
    describe_effect,
    likely_sentence,
    trial_answer,
)
from evalkit.report.words_trial_caveats import limit_sentences
from evalkit.report.words_trial_checks import trial_check_sentence
from evalkit.report.words_trial_groups import subgroup_sentences
from evalkit.report.words_trial_steps import trial_steps

LEVELS: dict[Rating, blocks.Rating] = {"strong": "good", "fair": "fair", "weak": "poor", "unknown": "unknown"}
NO_PICTURE = "There is no picture of the differences, because none of them can be shown."
NO_FLOW = "How many schools and pupils were drawn was not supplied."


def banner(results: Results) -> list[Block]:
    """Says that the data are simulated, and that published figures are context only."""
    data = results.plan.data
    if data is None or not data.synthetic:
        return rounding_note()
    context = CONTEXT if results.plan.is_trial else words_comparison.CONTEXT
    told = [data.synthetic.strip().removeprefix(SIMULATED).strip(), context if display(results, "context") else ""]
    return [blocks.note(f"**{escape(SIMULATED)}** {escape(' '.join(told))}"), *rounding_note()]


def answer_box(results: Results) -> Block:
    """The answer in one sentence."""
    return blocks.answer(escape(trial_answer(results)))


def fact_boxes(results: Results) -> Block:
    """How many schools and pupils were drawn, how many are in the main result, and the padlocks."""
    unit = units(results.plan)
    schools, pupils = total(results, "school", "randomised"), total(results, "pupil", "randomised")
    found: list[tuple[str, str]] = []
    if known(schools) and unit != "pupils":
        found.append((count(schools), f"{unit} drawn by chance"))
    if known(pupils):
        found.append((count(pupils), "pupils in them" if found else "pupils drawn by chance"))
    analysed = total(results, "pupil", "analysed")
    if known(analysed):
        found.append((count(analysed), "pupils in the main result"))
    first = next(iter(primary_effects(results)), None)
    rated = padlocks(results, first.outcome) if first else None
    if rated:
        found.append((f"{rated.number} of 5", f"padlocks{'' if rated.final else ' so far'} (status {rated.status})"))
    return blocks.facts(found) if found else paragraph(NO_FLOW)


def taking_part(results: Results) -> Block:
    """Who took part, in sentences."""
    return paragraph(" ".join(took_part(results)))


def main_chart(results: Results) -> Block:
    """The difference on each outcome and in each group of pupils."""
    return effects_figure(results) or paragraph(NO_PICTURE)


def how_sure(results: Results) -> list[Block]:
    """The five checks, then the padlocks with their status."""
    checks = blocks.checks(
        [
            (check_name(one), LEVELS[one.rating], RATINGS[one.rating], escape(trial_check_sentence(results, one)))
            for one in results.checks
        ]
    )
    return [checks, paragraph(" ".join(rating_words(results)))]


def rating_words(results: Results) -> list[str]:
    """Padlocks and months with the status of their rules, and what a status is."""
    first = next(iter(primary_effects(results)), None)
    told = [security_sentence(results, first.outcome)] if first else []
    told += [text] if (text := months_sentence(results)) else []
    statuses = {letter for text in told for letter in "VDM" if f"status {letter}" in text}
    return [*told, *([note] if (note := status_note(statuses)) else [])]


def finding_list(results: Results) -> list[Block]:
    """What happened on each outcome and in each group of pupils, in sentences."""
    told: list[Block] = [bullets(describe_effect(results, one) for one in effects(results))]
    told.append(paragraph(f"{likely_sentence(results)} {STANDARD}"))
    if rows_of(results, "subgroup_interaction") or subgroup_effects(results):
        told += [Markdown("### Groups of pupils"), bullets(subgroup_sentences(results))]
    return told


def headline(results: Results) -> Block:
    """The EEF's headline table."""
    return tables_trial.headline_table(results)


def flow(results: Results) -> Block:
    """The CONSORT flow."""
    return consort_figure(results) or paragraph(NO_FLOW)


def steps(results: Results) -> Block:
    """What to do next."""
    return blocks.next_steps([escape(step) for step in trial_steps(results, effects(results))])


def limits(results: Results) -> Block:
    """What holds for every trial of this kind."""
    own = caveat_sentences(results, "limit")
    return bullets(dict.fromkeys([*limit_sentences(results), *own]))


def warnings(results: Results) -> list[Block]:
    """What a reader must know about these data; says so when there is nothing."""
    told = [*caveat_sentences(results, "warning"), *caveat_sentences(results, "note")]
    return [bullets(told)] if told else [paragraph("Nothing in these data calls for a warning.")]
