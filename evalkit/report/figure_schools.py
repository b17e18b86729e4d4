"""Schools side by side: each one's result, drawn towards the mean as far as its pupils are few; unnamed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from evalkit.records.results import Results
from evalkit.report.blocks import Figure
from evalkit.report.figure_arms import LOOKS
from evalkit.report.figure_style import (
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
from evalkit.report.numbers import count, fixed, known, signed
from evalkit.report.trial_effects import display
from evalkit.report.words_arms import short_arm, treated_arms
from evalkit.report.words_names import outcome_label
from evalkit.report.words_trial import unit_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DRAWN, BOTTOM = 1.9, 0.3  # inches
MARKS = ("D", "^", "s")
TITLE_PLAIN = "{label}: how far each of {n} schools lies from the middle"
CAPTION = (
    "Each dot is a school, lowest first; no school is named. The line is its likely range. Results of schools with few "
    "pupils are drawn towards the middle, because they move most by chance."
)


def schools_data(results: Results, outcome: str) -> pd.DataFrame:
    """The numbers drawn."""
    columns = ["outcome", "arm", "place", "estimate", "low", "high"]
    return pd.DataFrame(_rows(results, outcome), columns=columns)


def _rows(results: Results, outcome: str) -> list[dict[str, Any]]:
    rows = [row for row in display(results, "schools", outcome=outcome) if known(row["estimate"])]
    return sorted(rows, key=lambda row: float(row["place"]))


def schools_figure(results: Results, outcome: str) -> Figure | None:
    """Draw one outcome's display `schools`; None when none may be shown."""
    rows = _rows(results, outcome)
    if not rows:
        return None
    title = TITLE_PLAIN.format(label=outcome_label(results, outcome), n=count(len(rows)))
    lines = title_lines(title)
    height = DRAWN + BOTTOM + title_height(lines)
    with styled():
        figure = blank(height)
        draw_title(figure, lines)
        axes = figure.add_axes((0.11, BOTTOM / height, 0.87, DRAWN / height))
        axes.axhline(0, color=INK, linewidth=1.1, zorder=1)
        _draw(results, axes, rows)
        axes.set(xlim=(0, len(rows) + 1), xticks=[], xlabel="Schools, lowest to highest")
        is_share = results.plan.outcome(outcome).kind == "yes_no"
        unit = "percentage points" if is_share else unit_of(results, outcome)
        axes.set_ylabel(f"{unit.capitalize()} from the middle")
        axes.margins(y=0.08)
        return finish(figure, alt=_alt(results, title, rows), caption=CAPTION)


def _draw(results: Results, axes: "Axes", rows: Sequence[dict[str, Any]]) -> None:
    arms = [*treated_arms(results.plan), results.plan.control.id]
    for rank, arm in enumerate(arms):
        own = [(place, row) for place, row in enumerate(rows, start=1) if row["arm"] == arm]
        control = arm == results.plan.control.id
        colour, mark = (BEFORE, "o") if control else (LOOKS[rank % len(LOOKS)][0], MARKS[rank % len(MARKS)])
        places = [place for place, _ in own]
        axes.vlines(
            places, [row["low"] for _, row in own], [row["high"] for _, row in own], color=QUIET, linewidth=0.8,
            zorder=2,
        )  # fmt: skip
        axes.plot(
            places, [row["estimate"] for _, row in own], linestyle="none", marker=mark, markersize=5, color=colour,
            markerfacecolor="white" if control else colour, markeredgewidth=1.3, zorder=3,
            label=short_arm(results.plan, arm),
        )  # fmt: skip
    if any(row["arm"] not in arms for row in rows):
        own = [(place, row) for place, row in enumerate(rows, start=1) if row["arm"] not in arms]
        places = [place for place, _ in own]
        axes.vlines(places, [row["low"] for _, row in own], [row["high"] for _, row in own], color=QUIET, linewidth=0.8)
        axes.plot(places, [row["estimate"] for _, row in own], linestyle="none", marker="D", markersize=5)
        return
    axes.legend(loc="upper left", frameon=False, fontsize=SMALL, borderaxespad=0.1, handletextpad=0.2)


def _alt(results: Results, title: str, rows: Sequence[dict[str, Any]]) -> str:
    values = [float(row["estimate"]) for row in rows]
    arms = [*treated_arms(results.plan), results.plan.control.id]
    upper = [row for row in rows if float(row["estimate"]) > 0]
    told = [
        f"{short_arm(results.plan, arm)}: {sum(row['arm'] == arm for row in upper)} of "
        f"{sum(row['arm'] == arm for row in rows)} above the middle"
        for arm in arms
        if any(row["arm"] == arm for row in rows)
    ]
    spread = f"The lowest lies {signed(min(values), 2)} from the middle, the highest {signed(max(values), 2)}"
    clear = sum(float(row["low"]) > 0 or float(row["high"]) < 0 for row in rows)
    by_arm = f" {'; '.join(told)}." if told else ""
    return f"{title}. {spread}; for {fixed(clear, 0)} the likely range leaves the middle out.{by_arm}"
