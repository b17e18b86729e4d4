"""The main chart: each outcome's change with its likely range, zero, and the smallest change that matters."""

import textwrap
from typing import TYPE_CHECKING

import pandas as pd

from evalkit.records.results import Results
from evalkit.report.blocks import Figure
from evalkit.report.figure_style import (
    AFTER,
    INK,
    QUIET,
    RULE,
    blank,
    draw_title,
    finish,
    styled,
    title_height,
    title_lines,
)
from evalkit.report.numbers import change as change_text
from evalkit.report.numbers import fixed, interval, known
from evalkit.report.words import worthwhile_sentence
from evalkit.report.words_change import DOWN, UP, Change, changes, finding

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW, TOP, BOTTOM = 0.39, 0.02, 0.36  # inches
LETTERS_IN_LABEL = 44
CAPTION = (
    "Arrow or dot: mean change. Line: its likely range. 0: same mean before and after. 100: a move from the lowest "
    "possible score to the highest."
)
AXIS = "Change in percentage points of the scale's range"
SIDES = ((0.0, "left", "◀ fell"), (1.0, "right", "rose ▶"))


def change_data(results: Results) -> pd.DataFrame:
    """The numbers drawn, a row per outcome."""
    found = changes(results)
    return pd.DataFrame(
        {
            "label": [one.label for one in found],
            "estimate": [one.estimate for one in found],
            "low": [one.low for one in found],
            "high": [one.high for one in found],
            "worthwhile": [one.worthwhile for one in found],
            "marker": [_marker(one) for one in found],
        }
    )


def change_figure(results: Results) -> Figure | None:
    """Draw the changes from the display `change`; None when none may be shown."""
    found = changes(results)
    if not any(known(one.estimate) for one in found):
        return None
    title = finding(found)
    lines = title_lines(title)
    drawn = TOP + ROW * len(found) + BOTTOM
    height = drawn + title_height(lines)
    with styled():
        figure = blank(height)
        draw_title(figure, lines)
        axes = figure.add_axes((0.02, BOTTOM / height, 0.96, (drawn - BOTTOM) / height))
        limit = _limit(found)
        axes.set(xlim=(-limit, limit), ylim=(len(found) - 0.5 + 0.12, -0.5 - TOP / ROW), yticks=[], xlabel=AXIS)
        axes.spines["left"].set_visible(False)
        axes.axvline(0, color=INK, linewidth=1.1, zorder=1)
        for place, side, text in SIDES:
            axes.text(place, 0.0, text, transform=figure.transFigure, ha=side, va="bottom", color=QUIET)
        for row, one in enumerate(found):
            _draw_row(axes, row, one, limit)
        _ticks(axes)
        caption = f"{CAPTION} {worthwhile_sentence(found)}"
        return finish(figure, alt=_alt(title, found), caption=caption)


def _draw_row(axes: "Axes", row: int, one: Change, limit: float) -> None:
    numbers = (
        "not shown"
        if not known(one.estimate)
        else f"{change_text(one.estimate)} ({interval(one.low, one.high, digits=1)})"
    )
    role = "" if one.primary else " (secondary)"
    label = textwrap.shorten(one.label, LETTERS_IN_LABEL - len(role), placeholder=" …") + role
    plate = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
    weight = "bold" if one.primary else "normal"
    axes.text(-limit, row - 0.24, label, va="center", ha="left", fontweight=weight, zorder=4, bbox=plate)
    axes.text(limit, row - 0.24, numbers, va="center", ha="right", zorder=4, bbox=plate)
    if row:
        axes.axhline(row - 0.52, color=RULE, linewidth=0.6, zorder=0)
    if not known(one.estimate):
        return
    firm = one.verdict != "unclear"
    colour = AFTER if firm else QUIET
    height = row + 0.18
    if known(one.worthwhile):
        for side in (-one.worthwhile, one.worthwhile):
            axes.plot(
                [side, side],
                [height - 0.24, height + 0.24],
                color=INK,
                linewidth=1.3,
                linestyle=(0, (2, 1.4)),
                zorder=2,
            )
    axes.plot([one.low, one.high], [height, height], color=colour, linewidth=2.4, solid_capstyle="butt", zorder=3)
    for edge in (one.low, one.high):
        axes.plot([edge, edge], [height - 0.09, height + 0.09], color=colour, linewidth=1.6, zorder=3)
    axes.plot(
        [one.estimate], [height], marker=_marker(one), markersize=8.5, color=colour, markeredgecolor=colour,
        markerfacecolor=colour if firm else "white", markeredgewidth=1.6, zorder=5,
    )  # fmt: skip


def _marker(one: Change) -> str:
    if one.verdict in UP:
        return ">"
    return "<" if one.verdict in DOWN else "o"


def _limit(found: tuple[Change, ...]) -> float:
    ends = [abs(value) for one in found for value in (one.low, one.high, one.worthwhile) if known(value)]
    return 1.15 * max(ends, default=5.0)


def _ticks(axes: "Axes") -> None:
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    axes.xaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.set_xticks([tick for tick in axes.get_xticks() if axes.get_xlim()[0] <= tick <= axes.get_xlim()[1]])


def _alt(title: str, found: tuple[Change, ...]) -> str:
    parts = [
        f"{one.label}: {change_text(one.estimate)}, likely range {interval(one.low, one.high, digits=1)}"
        + (f", smallest change that matters {fixed(one.worthwhile, 1)}" if known(one.worthwhile) else "")
        if known(one.estimate)
        else f"{one.label}: not shown"
        for one in found
    ]
    return f"{title}. Change in percentage points of the scale's range. {'; '.join(parts)}."
