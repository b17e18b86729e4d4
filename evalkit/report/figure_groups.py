"""The two groups before and after: a line each, and where the programme group would be with the other's gain."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from evalkit.records.results import Results
from evalkit.report.blocks import Figure
from evalkit.report.figure_style import (
    AFTER,
    BEFORE,
    INK,
    QUIET,
    SMALL,
    blank,
    draw_title,
    finish,
    styled,
    title_height,
    title_lines,
)
from evalkit.report.numbers import fixed, interval, known
from evalkit.report.trial_effects import display
from evalkit.report.words_arms import short_arm, treated_arms
from evalkit.report.words_names import outcome_label
from evalkit.report.words_trial import unit_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DRAWN, BOTTOM = 1.95, 0.28  # inches
TITLE = "{label}: the groups before and after"
MATCHED = "Everybody, before matching. "
CAPTION = (
    "Average score of each group before and after, nothing held equal; lines show likely ranges. Dotted: where the "
    "programme group would have been with the same change as the comparison group."
)


@dataclass(frozen=True, slots=True)
class GroupLine:
    """One group: its mean before and after, with likely ranges (NaN: not known)."""

    arm: str
    means: tuple[float, float]
    lows: tuple[float, float]
    highs: tuple[float, float]


def group_lines(results: Results, outcome: str) -> tuple[GroupLine, ...]:
    """The lines drawn; none unless both groups were measured twice with the same score and may be shown."""
    plan = results.plan
    planned = plan.outcome(outcome)
    if plan.baseline_of(planned).scale != planned.scale:
        return ()
    rows = {(str(row["arm"]), str(row["measure"])): row for row in display(results, "arms", outcome=outcome)}
    found: list[GroupLine] = []
    for arm in (*treated_arms(plan), plan.control.id):
        both = [rows.get((arm, measure)) for measure in ("baseline", "outcome")]
        if any(row is None or not known(row["mean"]) for row in both):
            return ()
        means, lows, highs = (
            tuple(float(row[name]) for row in both if row is not None) for name in ("mean", "mean_low", "mean_high")
        )
        found.append(GroupLine(arm, means, lows, highs))  # pyright: ignore[reportArgumentType]
    return tuple(found)


def groups_data(results: Results, outcome: str) -> pd.DataFrame:
    """The numbers drawn."""
    rows = [
        (outcome, line.arm, when, line.means[place], line.lows[place], line.highs[place])
        for line in group_lines(results, outcome)
        for place, when in enumerate(("baseline", "outcome"))
    ]
    return pd.DataFrame(rows, columns=["outcome", "arm", "measure", "mean", "low", "high"])


def groups_figure(results: Results, outcome: str) -> Figure | None:
    """Draw one outcome's groups; None when they may not be shown or were not measured twice alike."""
    lines = group_lines(results, outcome)
    if not lines:
        return None
    title = TITLE.format(label=outcome_label(results, outcome))
    heading = title_lines(title)
    height = DRAWN + BOTTOM + title_height(heading)
    with styled():
        figure = blank(height)
        draw_title(figure, heading)
        axes = figure.add_axes((0.09, BOTTOM / height, 0.6, DRAWN / height))
        _draw(axes, results, lines)
        axes.set_ylabel(unit_of(results, outcome))
        before = MATCHED if display(results, "matching", outcome=outcome) else ""
        return finish(figure, alt=_alt(results, title, lines), caption=f"{before}{CAPTION}")


def _draw(axes: "Axes", results: Results, lines: tuple[GroupLine, ...]) -> None:
    control = next(line for line in lines if line.arm == results.plan.control.id)
    gain = control.means[1] - control.means[0]
    ends: list[tuple[float, str, str]] = []
    for line in lines:
        colour = BEFORE if line is control else AFTER
        shift = -0.012 if line is control else 0.012
        places = [shift, 1 + shift]
        axes.plot(
            places, line.means, color=colour, linewidth=2.2, marker="o" if line is control else "D", markersize=6.5,
            markerfacecolor="white" if line is control else colour, markeredgewidth=1.6, zorder=3,
        )  # fmt: skip
        for place, low, high in zip(places, line.lows, line.highs, strict=True):
            if known(low) and known(high):
                axes.plot([place, place], [low, high], color=colour, linewidth=1.2, zorder=2)
        ends.append((line.means[1], f"{short_arm(results.plan, line.arm)} {fixed(line.means[1], 1)}", INK))
        if line is not control:
            expected = line.means[0] + gain
            axes.plot(
                [shift, 1 + shift], [line.means[0], expected], color=QUIET, linewidth=1.3, linestyle=(0, (1, 1.6))
            )
            ends.append((expected, f"with the same change {fixed(expected, 1)}", QUIET))
    axes.set(xlim=(-0.12, 1.04), xticks=[0, 1])
    axes.set_xticklabels(["Before", "After"])
    _label(axes, ends)


def _label(axes: "Axes", ends: list[tuple[float, str, str]]) -> None:
    """Names at the right of the lines, pushed apart so that none covers another."""
    low, high = axes.get_ylim()
    step = 0.105 * (high - low)
    places: list[float] = []
    for value, _, _ in sorted(ends):
        places.append(max(value, places[-1] + step) if places else value)
    over = max(0.0, places[-1] - (high - 0.02 * (high - low)))
    for place, (_, text, colour) in zip(places, sorted(ends), strict=True):
        axes.text(1.07, place - over, text, va="center", ha="left", color=colour, fontsize=SMALL, clip_on=False)


def _alt(results: Results, title: str, lines: tuple[GroupLine, ...]) -> str:
    told = [
        f"{short_arm(results.plan, line.arm)}: {fixed(line.means[0], 1)} before "
        f"({interval(line.lows[0], line.highs[0], digits=1)}), {fixed(line.means[1], 1)} after "
        f"({interval(line.lows[1], line.highs[1], digits=1)})"
        for line in lines
    ]
    return f"{title}. {'; '.join(told)}."
