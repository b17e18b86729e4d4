"""The parts of the report on published figures beside national ones: what a template's cells call."""

from evalkit.records.results import Results
from evalkit.report import blocks
from evalkit.report.blocks import Block, Markdown, escape
from evalkit.report.figure_reported import reported_figure
from evalkit.report.numbers import count, short_hash
from evalkit.report.reported import reported_figures
from evalkit.report.sections import LEVELS, bullets, paragraph
from evalkit.report.tables_evaluator import environment_table, hash_table
from evalkit.report.tables_figures import figures_table, if_table, national_table, transition_tables
from evalkit.report.words_checks import RATINGS, check_name
from evalkit.report.words_figures import (
    answer,
    describe,
    figure_caveat,
    figure_check,
    finding_sentences,
    likely_sentence,
    next_steps,
    transition_sentences,
)

NOTHING_FOUND = "Nothing was found that does not hang together."
MADE_FROM = "Made with evalkit {version} from plan {plan}. The figures stand in the plan; there are no data files."


def answer_box(results: Results) -> Block:
    """The answer in a sentence or two."""
    found = transition_sentences(results)
    return blocks.answer(escape(answer(results) if reported_figures(results) else " ".join(found)))


def fact_boxes(results: Results) -> Block:
    """How many figures, how many with a number behind them, how many findings."""
    found = reported_figures(results)
    with_n = sum(one.n_known for one in found)
    return blocks.facts(
        [
            (count(len(found)), "published figures"),
            (count(with_n), "with the number they rest on published"),
            (count(len(finding_sentences(results))), "things that do not hang together"),
        ]
    )


def picture(results: Results) -> list[Block]:
    """The percentages beside the national ones."""
    drawn = reported_figure(results)
    return [drawn] if drawn is not None else []


def figure_list(results: Results) -> list[Block]:
    """What each figure says, and each table of moves."""
    lines = [*(describe(one) for one in reported_figures(results)), *transition_sentences(results)]
    return [bullets(lines), paragraph(likely_sentence(results))]


def how_sure(results: Results) -> Block:
    """The five checks."""
    return blocks.checks(
        [
            (check_name(one), LEVELS[one.rating], RATINGS[one.rating], escape(figure_check(one)))
            for one in results.checks
        ]
    )


def findings(results: Results) -> Block:
    """What does not hang together in the figures."""
    found = finding_sentences(results)
    return bullets(found) if found else paragraph(NOTHING_FOUND)


def steps(results: Results) -> Block:
    """What to do next."""
    return blocks.next_steps([escape(step) for step in next_steps(results)])


def limits(results: Results) -> Block:
    """What a reader must know."""
    return bullets(figure_caveat(results, one) for one in results.caveats)


def number_tables(results: Results) -> list[Block]:
    """The numbers, with what they rest on."""
    found: list[Block] = [figures_table(results)] if reported_figures(results) else []
    for made in (national_table(results), if_table(results)):
        found += [made] if made is not None else []
    return [*found, *transition_tables(results)]


def sources(results: Results) -> Block:
    """Where the figures come from."""
    figures = results.plan.figures
    assert figures is not None
    lines = [f"{one.label}: {one.source}." for one in (*figures.reported, *figures.transitions)]
    lines += [
        f"{one.label}, national: {one.national.source}."
        for one in (*figures.reported, *figures.transitions)
        if one.national is not None and one.national.source
    ]
    return bullets(dict.fromkeys(lines))


def made_from(results: Results) -> list[Block]:
    """Versions and hashes."""
    source = results.provenance
    line = MADE_FROM.format(version=source.evalkit, plan=short_hash(source.plan_sha256))
    tables: list[Block] = [hash_table(results), environment_table(results)]
    return [Markdown(escape(line)), *tables]
