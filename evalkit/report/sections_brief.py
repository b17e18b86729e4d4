"""The one-page brief of any design: the answer, who took part, one picture, how sure, what to do next."""

from evalkit.records.results import Results
from evalkit.report import blocks, sections, sections_comparison, sections_trial
from evalkit.report.blocks import Block, escape
from evalkit.report.figure_change import change_figure
from evalkit.report.figure_effects import effects_figure
from evalkit.report.numbers import short_hash
from evalkit.report.trial_effects import effects
from evalkit.report.words_change import changes
from evalkit.report.words_measure import not_validated_sentence
from evalkit.report.words_steps import next_steps
from evalkit.report.words_trial_steps import trial_steps

MOST_ROWS, MOST_STEPS = 4, 3  # what fits on a page beside the five checks
NO_PICTURE = "There is no picture, because no figure can be shown."
CLOSING = "A brief of one page. The whole report says what was measured, who was lost and how this was worked out."
MADE = "Made with evalkit {version} from plan {plan}, seed {seed}."


def banner(results: Results) -> list[Block]:
    """Says that the data are made up or simulated, when they are."""
    return sections_trial.banner(results) if results.plan.has_groups else sections.banner(results)


def answer_box(results: Results) -> Block:
    """The answer in one sentence."""
    return sections_trial.answer_box(results) if results.plan.has_groups else sections.answer_box(results)


def fact_boxes(results: Results) -> Block:
    """Who took part, in numbers."""
    if results.plan.is_comparison:
        return sections_comparison.fact_boxes(results)
    return sections_trial.fact_boxes(results) if results.plan.is_trial else sections.fact_boxes(results)


def picture(results: Results) -> Block:
    """The main picture with as many rows as fit, the primary outcomes first."""
    drawn = (effects_figure if results.plan.has_groups else change_figure)(results, most=MOST_ROWS)
    return drawn or sections.paragraph(NO_PICTURE)


def how_sure(results: Results) -> list[Block]:
    """The five checks; for a trial the padlocks too; and scales that nobody but their makers has tested."""
    told = sections_trial.how_sure(results) if results.plan.has_groups else [sections.how_sure(results)]
    marks = {not_validated_sentence(results, one.instrument): None for one in results.plan.outcomes}
    return [*told, *(sections.paragraph(mark) for mark in marks if mark)]


def steps(results: Results) -> Block:
    """The first next steps."""
    told = trial_steps(results, effects(results)) if results.plan.has_groups else next_steps(results, changes(results))
    return blocks.next_steps([escape(step) for step in told[:MOST_STEPS]])


def closing(results: Results) -> Block:
    """Where the rest stands."""
    source = results.provenance
    made = MADE.format(version=source.evalkit, plan=short_hash(source.plan_sha256), seed=source.seed)
    return blocks.small_print(escape(f"{CLOSING} {made}"))
