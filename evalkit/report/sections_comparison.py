"""The parts of the comparison report that a trial does not have, as blocks: what a template's cells call."""

from evalkit.records.results import Results
from evalkit.report import blocks, tables_comparison, tables_participants
from evalkit.report.blocks import Block, Markdown, escape
from evalkit.report.figure_balance import balance_figure
from evalkit.report.figure_groups import groups_figure
from evalkit.report.figure_overlap import overlap_figure
from evalkit.report.figure_trend import trend_figure
from evalkit.report.numbers import count, known
from evalkit.report.rows import rows_of
from evalkit.report.sections import bullets, paragraph
from evalkit.report.trial_effects import effects, primary_effects
from evalkit.report.words_arms import arm_label, treated_arms
from evalkit.report.words_caveats import caveat_sentences
from evalkit.report.words_comparison import (
    LORD_INTRO,
    lord_lines,
    lord_verdict,
    matched_lines,
    placebo_sentences,
    start_sentences,
    unseen_sentences,
)
from evalkit.report.words_rating import padlocks
from evalkit.report.words_took_part import total
from evalkit.report.words_trial import STANDARD, describe_effect, likely_sentence
from evalkit.report.words_trial_groups import subgroup_sentences

NO_BASELINE = "Nothing was measured before, so there is one way to compare only: scores afterwards."
NO_UNSEEN = "How strong something that nobody measured would have to be was not worked out for this analysis."
NO_PLACEBO = (
    "The plan names no outcome that the programme cannot have changed, so the comparison was not tested in this way."
)
NO_WAVES = "There are two times only, so there is nothing to show over time."
NOTHING_DRAWN = "There is no picture of the groups, because it may not be shown or they were not measured twice alike."


def fact_boxes(results: Results) -> Block:
    """How many pupils the groups had, how many are in the main result, and the padlocks."""
    first = next(iter(primary_effects(results)), None)
    found: list[tuple[str, str]] = []
    everybody = total(results, "pupil", "randomised")
    if known(everybody):
        found.append((count(everybody), "pupils in the two groups"))
    if first is not None and known(first.row["n_treated"]) and known(first.row["n_control"]):
        found.append((count(first.row["n_treated"]), "with the programme in the main result"))
        found.append((count(first.row["n_control"]), "to compare with"))
    rated = padlocks(results, first.outcome) if first else None
    if rated:
        found.append((f"{rated.number} of 5", f"padlocks{'' if rated.final else ' so far'} (status {rated.status})"))
    return blocks.facts(found) if found else paragraph("How many took part was not supplied.")


def groups(results: Results) -> list[Block]:
    """The groups before and after, a picture for each primary outcome."""
    drawn = [groups_figure(results, one) for one in dict.fromkeys(one.outcome for one in primary_effects(results))]
    return [one for one in drawn if one is not None] or [paragraph(NOTHING_DRAWN)]


def findings(results: Results) -> list[Block]:
    """What was found on each outcome, in sentences."""
    told: list[Block] = [
        bullets(describe_effect(results, one) for one in effects(results)),
        paragraph(f"{likely_sentence(results)} {STANDARD}"),
    ]
    if rows_of(results, "subgroup_interaction"):
        told += [Markdown("### Groups of pupils"), bullets(subgroup_sentences(results))]
    return told


def start(results: Results) -> list[Block]:
    """How alike the groups were before, in words and as a picture; where they were matched, whether they overlap."""
    told: list[Block] = [bullets(start_sentences(results))]
    first = next(iter(primary_effects(results)), None)
    drawn = [balance_figure(results), overlap_figure(results, first.outcome) if first else None]
    return [*told, *(one for one in drawn if one is not None)]


def lord(results: Results) -> list[Block]:
    """How like was compared with like; or Lord's paradox: three ways to compare groups that did not start alike."""
    told: list[Block] = []
    if results.plan.design == "matched_comparison":
        for one in primary_effects(results):
            named = f"{one.label}: " if len(primary_effects(results)) > 1 else ""
            told.append(bullets(f"{named}{line}" for line in matched_lines(results, one)))
        return [Markdown("### Like with like"), *told]
    for one in primary_effects(results):
        lines = lord_lines(results, one)
        if lines:
            told += [Markdown(f"**{escape(one.label)}**")] if len(primary_effects(results)) > 1 else []
            told += [Markdown("\n".join(f"- {line}" for line in lines)), Markdown(lord_verdict(results, one))]
    return [Markdown("### Three ways to compare"), paragraph(LORD_INTRO), *told] if told else [paragraph(NO_BASELINE)]


def unseen(results: Results) -> list[Block]:
    """What nobody measured: how strong it would have to be, and a test with an outcome that cannot have changed."""
    told: list[str] = []
    for one in primary_effects(results):
        sentences = unseen_sentences(results, one)
        named = f"{one.label}: " if len(primary_effects(results)) > 1 else ""
        told += [f"{named}{sentences[0]}", *sentences[1:]] if sentences else []
    placebo = placebo_sentences(results)
    return [
        bullets(told) if told else paragraph(NO_UNSEEN),
        paragraph(" ".join(placebo) if placebo else NO_PLACEBO),
    ]


def trends(results: Results) -> list[Block]:
    """The groups at every wave, where there are several before or after; starts one after the other."""
    drawn = [trend_figure(results, one) for one in dict.fromkeys(one.outcome for one in primary_effects(results))]
    tables = [tables_comparison.starts_table(results), tables_comparison.change_table(results)]
    return [one for one in (*drawn, *tables) if one is not None] or [paragraph(NO_WAVES)]


def ways(results: Results) -> list[Block]:
    """What each way takes off, what nobody measured, outcomes that cannot have changed, partners: in numbers."""
    found = [
        tables_comparison.adjustment_table(results),
        *tables_comparison.sensitivity_tables(results),
        tables_comparison.placebo_table(results),
        tables_comparison.matching_table(results),
    ]
    return [one for one in found if one is not None]


def limits(results: Results) -> Block:
    """What holds of every comparison without a draw."""
    return bullets(dict.fromkeys(caveat_sentences(results, "limit")))


def groups_named(results: Results) -> Block:
    """Who is in which group, and how they came there."""
    plan = results.plan
    told = [f"{arm_label(plan, arm)} (programme)" for arm in treated_arms(plan)] + [
        f"{plan.control.label} (comparison)"
    ]
    how = plan.selection.description if plan.selection and plan.selection.description else ""
    text = f"The groups are: {'; '.join(told)}."
    return paragraph(f"{text} How they came about: {how}." if how else text)


def balance_tables(results: Results) -> list[Block]:
    """The groups at the start in numbers."""
    matched = tables_comparison.matched_balance_table(results)
    found = matched if matched is not None else tables_participants.balance_table(results)
    return [found] if found is not None else [paragraph("How alike the groups were at the start was not supplied.")]
