"""The main picture of a trial: the difference on each outcome and in each group of pupils."""

import pandas as pd

from evalkit.records.results import Results
from evalkit.report.blocks import Figure
from evalkit.report.figure_forest import ForestRow, forest
from evalkit.report.numbers import effect, interval, known
from evalkit.report.trial_effects import Effect, effects, subgroup_effects
from evalkit.report.words_arms import group_of, short_arm, treated_arms
from evalkit.report.words_change import DOWN, UP
from evalkit.report.words_names import opening
from evalkit.report.words_trial import effects_finding

AXIS = "Standard deviations (g)"
SIDES = ("◀ comparison higher", "programme higher ▶")
LOWER = " (lower is better)"
CAPTION = (
    "Arrow or dot: the difference. Line: its likely range. Dark: the range leaves 0 out. 0: both groups scored the "
    "same."
)
WORTHWHILE = "Dashed: the smallest difference that matters, from the plan."
NO_WORTHWHILE = "The plan does not say how large a difference would matter."


def drawn_effects(results: Results) -> tuple[Effect, ...]:
    """Every outcome, primary ones followed by their groups of pupils."""
    found: list[Effect] = []
    groups = subgroup_effects(results)
    for one in effects(results):
        found.append(one)
        own = [group for group in groups if (group.outcome, group.arm) == (one.outcome, one.arm)]
        found += own if one.primary else []
    return tuple(found)


def effects_data(results: Results) -> pd.DataFrame:
    """The numbers drawn."""
    found = drawn_effects(results)
    return pd.DataFrame(
        {
            "label": [row_label(results, one) for one in found],
            "size": [one.size for one in found],
            "low": [one.size_low for one in found],
            "high": [one.size_high for one in found],
            "worthwhile": [one.worthwhile for one in found],
            "verdict": [one.verdict for one in found],
        }
    )


def effects_figure(results: Results, *, most: int | None = None) -> Figure | None:
    """Draw the differences as Hedges' g; None when none may be shown.

    With `most`, only so many outcomes, the primary ones first, and no groups of pupils.
    """
    found = drawn_effects(results)
    if most is not None:
        found = tuple(sorted(effects(results), key=lambda one: not one.primary))[:most]
    if not any(known(one.size) for one in found):
        return None
    title = effects_finding(results, effects(results))
    rows = [_row(results, one) for one in found]
    smallest = WORTHWHILE if any(known(one.worthwhile) for one in found) else NO_WORTHWHILE
    alt = f"{title}. {AXIS}. {'; '.join(_alt(row) for row in zip(rows, found, strict=True))}."
    return forest(rows, title=title, axis=AXIS, sides=SIDES, alt=alt, caption=f"{CAPTION} {smallest}", letters=50)


def _row(results: Results, one: Effect) -> ForestRow:
    return ForestRow(
        row_label(results, one), size_numbers(one), one.size, one.size_low, one.size_high, worthwhile=one.worthwhile,
        bold=one.primary and one.subgroup == "all", firm=is_firm(one), marker=_marker(one), inner=one.subgroup != "all",
    )  # fmt: skip


def row_label(results: Results, one: Effect) -> str:
    """Outcome, group and arm of a row, as far as they are needed to tell rows apart."""
    arm = f", {short_arm(results.plan, one.arm)}" if len(treated_arms(results.plan)) > 1 else ""
    if one.subgroup != "all":
        return f"{opening(group_of(results, one.outcome, one.subgroup))}{arm}"
    return f"{one.label}{arm}{LOWER if one.lower_is_better else ''}{'' if one.primary else ', secondary'}"


def size_numbers(one: Effect) -> str:
    """An effect size with its interval, or why there is none."""
    if known(one.size):
        return f"{effect(one.size)} ({interval(one.size_low, one.size_high, digits=2)})"
    return (
        "not shown"
        if one.row["status"] == "suppressed"
        else "see the table"
        if known(one.estimate)
        else "not worked out"
    )


def is_firm(one: Effect) -> bool:
    """Whether the verdict says something definite."""
    return one.verdict in UP | DOWN or one.verdict == "same"


def _marker(one: Effect) -> str:
    if one.verdict in UP:
        return ">"
    return "<" if one.verdict in DOWN else "o"


def _alt(row: tuple[ForestRow, Effect]) -> str:
    drawn, one = row
    mark = f", smallest difference that matters {effect(drawn.worthwhile)}" if known(drawn.worthwhile) else ""
    return f"{drawn.label.strip()}: {drawn.numbers}{mark if known(one.size) else ''}"
