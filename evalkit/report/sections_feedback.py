"""The parts of the report on a survey of staff: what a template's cells call."""

from evalkit.records.results import Results
from evalkit.report import blocks, sections, sections_national
from evalkit.report.blocks import Block, Markdown, escape
from evalkit.report.figure_feedback import feedback_figure
from evalkit.report.figure_reported import reported_figure
from evalkit.report.numbers import count, known, share
from evalkit.report.reported import reported_figures
from evalkit.report.rows import records
from evalkit.report.sections import LEVELS, bullets, paragraph
from evalkit.report.staff_answers import last_wave, questions
from evalkit.report.tables_feedback import group_table, occasion_table, question_table, response_table, theme_table
from evalkit.report.tables_figures import figures_table, if_table
from evalkit.report.words_checks import RATINGS, check_name
from evalkit.report.words_feedback import (
    NET,
    answer,
    describe,
    feedback_caveat,
    feedback_check,
    next_steps,
    occasion_sentences,
    range_sentence,
    response_sentences,
    theme_sentences,
)
from evalkit.report.words_figures import describe as describe_figure
from evalkit.report.words_figures import finding_sentences

NOTHING_SHOWN = "There is no picture, because too few people answered."


def answer_box(results: Results) -> Block:
    """The answer in a sentence or two."""
    return blocks.answer(escape(answer(results)))


def fact_boxes(results: Results) -> Block:
    """Who answered; of printed figures, how many have a number behind them."""
    if "response" not in results.displays:
        return _figure_facts(results)
    row = next(one for one in records(results.displays["response"]) if one["wave"] == last_wave(results))
    rate = share(row["response_percent"] / 100) if known(row["response_percent"]) else "not known"
    asked = len({one.outcome for one in questions(results)})
    return blocks.facts([(count(row["n"]), "people answered"), (rate, "response"), (count(asked), "questions")])


def _figure_facts(results: Results) -> Block:
    found = reported_figures(results)
    with_n = sum(one.n_known for one in found)
    printed = "printed percentage" if len(found) == 1 else "printed percentages"
    return blocks.facts([(count(len(found)), printed), (count(with_n), "with the number they rest on published")])


def picture(results: Results) -> list[Block]:
    """Diverging bars of the answers; the printed percentages."""
    drawn = [one for one in (feedback_figure(results), reported_figure(results)) if one is not None]
    return [*drawn] if drawn else [paragraph(NOTHING_SHOWN)]


def how_sure(results: Results) -> Block:
    """The five checks."""
    return blocks.checks(
        [
            (check_name(one), LEVELS[one.rating], RATINGS[one.rating], escape(feedback_check(one)))
            for one in results.checks
        ]
    )


def steps(results: Results) -> Block:
    """What to do next."""
    return blocks.next_steps([escape(step) for step in next_steps(results)])


def said(results: Results) -> list[Block]:
    """What staff said at the last occasion, and what was printed."""
    wave = last_wave(results)
    lines = [describe(one) for one in questions(results, wave=wave)] if wave else []
    lines += [describe_figure(one) for one in reported_figures(results)]
    found: list[Block] = [bullets(lines), paragraph(range_sentence(results))]
    net = any(one.kind == "recommend" for one in questions(results))
    return [*found, *([paragraph(NET)] if net else [])]


def changed(results: Results) -> list[Block]:
    """What changed from occasion to occasion; nothing with one."""
    told = occasion_sentences(results)
    made = occasion_table(results)
    return [Markdown("## What changed"), bullets(told), *([made] if made else [])] if told else []


def comments(results: Results) -> list[Block]:
    """Themes of comments; nothing where none were coded."""
    told = theme_sentences(results)
    made = theme_table(results)
    return [Markdown("## What comments were about"), bullets(told), *([made] if made else [])] if told else []


def findings(results: Results) -> list[Block]:
    """What does not hang together in printed figures; nothing where all does."""
    told = finding_sentences(results)
    return [Markdown("## What does not hang together"), bullets(told)] if told else []


def limits(results: Results) -> Block:
    """What a reader must know."""
    return bullets(feedback_caveat(results, one) for one in results.caveats)


def number_tables(results: Results) -> list[Block]:
    """All numbers with what they rest on."""
    found: list[Block] = []
    if "response" in results.displays:
        found += [bullets(response_sentences(results)), response_table(results), question_table(results)]
        by_group = group_table(results)
        found += [by_group] if by_group else []
    if reported_figures(results):
        conditional = if_table(results)
        found += [figures_table(results), *([conditional] if conditional else [])]
    return found


def sources(results: Results) -> list[Block]:
    """Where questions and printed figures come from."""
    found: list[Block] = [sections.citations(results)] if results.instruments else []
    return [*found, *([sections_national.sources(results)] if results.plan.figures else [])]


def made_from(results: Results) -> list[Block]:
    """Versions and hashes."""
    if not results.provenance.release_sha256:
        return sections_national.made_from(results)
    return sections.made_from(results)
