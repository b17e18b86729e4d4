"""The parts of the programme report, as blocks: what a template's cells call."""

from collections.abc import Iterable

from evalkit.records.results import Rating, Results
from evalkit.report import blocks, figures, tables, tables_evaluator, tables_measure
from evalkit.report.blocks import Block, Markdown, escape
from evalkit.report.numbers import count, counts_rounded_to, short_hash
from evalkit.report.rows import participation, records, rows_of
from evalkit.report.words import (
    SYNTHETIC,
    answer,
    likely_sentence,
    report_subtitle,
    report_title,
    synthetic_banner,
)
from evalkit.report.words_caveats import caveat_sentences
from evalkit.report.words_change import changes, describe_change
from evalkit.report.words_checks import RATINGS, check_name, check_sentence
from evalkit.report.words_measure import (
    caution_sentences,
    exactness_sentence,
    fit_sentence,
    invariance_sentence,
    published_sentences,
)
from evalkit.report.words_names import answered, asks_questions, measured_facts, outcome_name, together
from evalkit.report.words_pupils import (
    leavers_sentence,
    regression_sentence,
    reliable_sentence,
)
from evalkit.report.words_steps import next_steps

LEVELS: dict[Rating, blocks.Rating] = {"strong": "good", "fair": "fair", "weak": "poor", "unknown": "unknown"}
FACTS = (
    ("answered_pre", "pupils {answered} before"),
    ("answered_post", "{answered} after"),
    ("linked", "{answered} both times"),
)
ROUNDED = (
    "Numbers of people are rounded to the nearest {step}, so they may not add up or fit the percentages beside them; a "
    "smaller number is told as “fewer than {step}”."
)
NOTHING_CHANGED = "There is no picture of the changes, because none of them can be shown."
NOTHING_SPREAD = "How scores were spread is not shown, because too few pupils answered both times."
NOTHING_ANSWERED = "Answers to single questions are not shown, because too few pupils gave each answer."
QUESTIONS_HEADING = "### How each question was answered"
PUBLISHED_HEADING = "### What others found"
CAUTIONS_HEADING = "### Cautions"
FIT_INTRO = (
    "A measure works well when the answers to its questions fit together. Two figures show this, alpha and omega. Both "
    "run from 0 to 1. A value of 0.7 or more is often called good enough to compare groups."
)
EXACT_INTRO = (
    "The outcomes are numbers that were measured, not answers to questions. How exact they are, only those who made "
    "the measures can say."
)
MADE_FROM = "Made with evalkit {version} from plan {plan} and data release {release}, seed {seed}."
SEALED = "Seal of the plan: {date}. The seal's hash begins with {hash}."
SEALED_LATE = "Outcome data were there already ({files}), so the seal cannot show that the plan came first."
UNCHANGED = "Nothing in the plan was changed since."
CHANGED = "These parts were changed since:"
REGRESSION_HEADING = "### What would have happened anyway"
REGRESSION_INTRO = (
    "Pupils were chosen for this programme by their scores. Scores that are very low or very high tend to move towards "
    "the middle the next time, with or without a programme."
)


def title(results: Results) -> str:
    """The report's title."""
    return report_title(results)


def subtitle(results: Results) -> str:
    """The report's second line."""
    return report_subtitle(results)


def banner(results: Results) -> list[Block]:
    """The warning that the data are made up, when they are; and that counts are rounded, when they are."""
    text = synthetic_banner(results)
    made_up = [blocks.note(f"**{escape(SYNTHETIC)}** {escape(text.removeprefix(SYNTHETIC).strip())}")] if text else []
    return [*made_up, *rounding_note()]


def rounding_note() -> list[Block]:
    """What readers of rounded counts must know; nothing where counts are exact."""
    step = counts_rounded_to()
    return [blocks.note(escape(ROUNDED.format(step=step)))] if step > 1 else []


def answer_box(results: Results) -> Block:
    """The answer in one sentence."""
    return blocks.answer(escape(answer(results)))


def fact_boxes(results: Results) -> Block:
    """How many pupils answered before, after and both times."""
    numbers = participation(results)
    verb = answered(results)
    return blocks.facts([(count(numbers[step]), label.format(answered=verb)) for step, label in FACTS])


def how_sure(results: Results) -> Block:
    """The five checks with their rating words and sentences."""
    return blocks.checks(
        [
            (check_name(one), LEVELS[one.rating], RATINGS[one.rating], escape(check_sentence(results, one)))
            for one in results.checks
        ]
    )


def change_list(results: Results) -> Block:
    """What happened to each outcome, in sentences."""
    return bullets(describe_change(one) for one in changes(results))


def likely_range(results: Results) -> Markdown:
    """What the likely range is."""
    return Markdown(escape(likely_sentence(results)))


def main_chart(results: Results) -> Block:
    """The change of each outcome with its likely range."""
    return figures.change(results) or paragraph(NOTHING_CHANGED)


def spread(results: Results) -> list[Block]:
    """How scores were spread before and after."""
    drawn = figures.distributions(results)
    return [*drawn] if drawn else [paragraph(NOTHING_SPREAD)]


def questions(results: Results) -> list[Block]:
    """How each question was answered before and after."""
    if not asks_questions(results):
        return []
    drawn = figures.answers(results)
    return [Markdown(QUESTIONS_HEADING), *(drawn or [paragraph(NOTHING_ANSWERED)])]


def answer_tables(results: Results) -> list[Block]:
    """The answers to every question in numbers, a table per scale."""
    return [tables.answers_table(results, scale) for scale in _questionnaires(results)]


def item_tables(results: Results) -> list[Block]:
    """The quality of every question in numbers, a table per scale."""
    return [tables_measure.items_table(results, scale) for scale in _questionnaires(results)]


def _questionnaires(results: Results) -> list[str]:
    """The scales that come from questions."""
    return [one.scale for one in results.plan.outcomes if measured_facts(results, one.id) is None]


def measures(results: Results) -> list[Block]:
    """How well the measures worked, in sentences and tables."""
    asked = _questionnaires(results)
    sentences = [
        exactness_sentence(results, one.id) if measured_facts(results, one.id) else fit_sentence(results, one.scale)
        for one in results.plan.outcomes
    ]
    told = [(outcome_name(results, one.id), invariance_sentence(results, one.scale)) for one in results.plan.outcomes]
    sentences += together([(name, sentence) for name, sentence in told if sentence])
    found: list[Block] = [paragraph(FIT_INTRO if asked else EXACT_INTRO), bullets(sentences)]
    found += [tables_measure.reliability_table(results)] if asked else []
    return [*found, tables_measure.answering_table(results)]


def published(results: Results) -> list[Block]:
    """What others found with the same questionnaires; nothing where there is none."""
    lines = [
        f"**{escape(outcome.label)}.** {escape(' '.join(published_sentences(results, outcome.id)))}"
        for outcome in results.plan.outcomes
        if measured_facts(results, outcome.id) is None
    ]
    if not lines:
        return []
    norms = tables_measure.norms_table(results)
    told: list[Block] = [Markdown(PUBLISHED_HEADING), Markdown("\n".join(f"- {line}" for line in lines))]
    return [*told, *([norms] if norms is not None else [])]


def cautions(results: Results) -> list[Block]:
    """What the measures' own files warn of; nothing where they do not."""
    sentences = caution_sentences(results)
    return [Markdown(CAUTIONS_HEADING), bullets(sentences)] if sentences else []


def reliable_change(results: Results) -> list[Block]:
    """How many pupils moved by more than the measure's own error."""
    told = [(outcome_name(results, one.id), reliable_sentence(results, one.id)) for one in results.plan.outcomes]
    return [bullets(together(told)), tables.reliable_table(results)]


def leavers(results: Results) -> list[Block]:
    """How those who left differed at the start."""
    told = [(outcome_name(results, one.id), leavers_sentence(results, one.id)) for one in results.plan.outcomes]
    some = any(row["status"] == "ok" for row in rows_of(results, "leavers"))
    return [bullets(together(told)), *([tables.leavers_table(results)] if some else [])]


def regression(results: Results) -> list[Block]:
    """Regression to the mean, only where pupils were chosen by their scores."""
    if not rows_of(results, "regression_to_mean"):
        return []
    sentences = [regression_sentence(results, outcome.id) for outcome in results.plan.outcomes]
    return [
        Markdown(REGRESSION_HEADING),
        paragraph(REGRESSION_INTRO),
        bullets(one for one in sentences if one),
        tables.regression_table(results),
    ]


def limits(results: Results) -> Block:
    """What a reader must know about any study of this kind."""
    return bullets(caveat_sentences(results, "limit"))


def warnings(results: Results) -> list[Block]:
    """What a reader must know about these data; nothing when there is nothing."""
    sentences = [*caveat_sentences(results, "warning"), *caveat_sentences(results, "note")]
    return [bullets(sentences)] if sentences else []


def steps(results: Results) -> Block:
    """What to do next."""
    return blocks.next_steps([escape(step) for step in next_steps(results, changes(results))])


def decisions(results: Results) -> list[Block]:
    """The decisions taken on the data before the analysis; nothing when there were none."""
    return [Markdown("### Decisions taken on the data"), bullets(results.notes)] if results.notes else []


def sealed_plan(results: Results) -> list[Block]:
    """When the plan was fixed and every change since; nothing when it was not sealed."""
    if "seal" not in results.displays:
        return []
    seal = records(results.displays["seal"])[0]
    changes = results.displays["deviations"]
    told = [SEALED.format(date=seal["sealed"], hash=short_hash(seal["sha256"]))]
    if seal["outcome_files"]:
        told.append(SEALED_LATE.format(files=seal["outcome_files"]))
    told.append(UNCHANGED if changes.empty else CHANGED)
    found: list[Block] = [Markdown("### The plan and what was changed"), paragraph(" ".join(told))]
    return found if changes.empty else [*found, tables_evaluator.deviation_table(results)]


def citations(results: Results) -> Block:
    """Where the measures come from."""
    return bullets(dict.fromkeys(str(facts["citation"]) for facts in results.instruments.values()))


def made_from(results: Results) -> list[Block]:
    """Versions, seed and hashes: a line with the short ones, then both in tables."""
    source = results.provenance
    line = MADE_FROM.format(
        version=source.evalkit, plan=short_hash(source.plan_sha256), release=short_hash(source.release_sha256),
        seed=source.seed,
    )  # fmt: skip
    return [paragraph(line), tables_evaluator.hash_table(results), tables_evaluator.environment_table(results)]


def paragraph(text: str) -> Markdown:
    """A sentence or two as a paragraph."""
    return Markdown(escape(text))


def bullets(lines: Iterable[str]) -> Markdown:
    """Sentences as a list."""
    return Markdown("\n".join(f"- {escape(line)}" for line in lines))
