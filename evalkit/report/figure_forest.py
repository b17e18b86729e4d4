"""Rows of estimates with their likely ranges: one drawing for changes, effects and checks of method."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
from evalkit.report.numbers import known

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW, TOP, BOTTOM = 0.39, 0.02, 0.36  # inches
BESIDE_ROW, LEFT, RIGHT = 0.235, 0.42, 0.74  # a row with its words at the sides, and the share of the width they leave


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One line of the picture.

    Attributes
    ----------
    label, numbers : text at the left and at the right, above the line
    estimate, low, high : NaN when not shown
    worthwhile : where the dashed marks stand, to both sides of "no difference"; NaN for none
    bold : for what the study was made to find
    firm : filled and dark: the range leaves "no difference" out, or lies within the marks
    marker : matplotlib's name of the marker
    inner : a part of the row above, set in
    """

    label: str
    numbers: str
    estimate: float
    low: float
    high: float
    worthwhile: float = float("nan")
    bold: bool = False
    firm: bool = False
    marker: str = "o"
    inner: bool = False


def forest(
    rows: Sequence[ForestRow],
    *,
    title: str,
    axis: str,
    sides: tuple[str, str],
    alt: str,
    caption: str,
    also: float = float("nan"),
    letters: int = 44,
    beside: bool = False,
) -> Figure:
    """Draw the rows; zero is a full line, `also` a dotted one.

    `beside` sets the words at both sides of the lines, which takes less height; zero then need not be in the middle.
    """
    lines = title_lines(title)
    drawn = TOP + (BESIDE_ROW if beside else ROW) * len(rows) + BOTTOM
    height = drawn + title_height(lines)
    with styled():
        figure = blank(height)
        draw_title(figure, lines)
        start, end = (LEFT, RIGHT) if beside else (0.02, 0.98)
        axes = figure.add_axes((start, BOTTOM / height, end - start, (drawn - BOTTOM) / height))
        left, right = _ends(rows, also, even=not beside)
        axes.set(xlim=(left, right), ylim=(len(rows) - 0.5 + 0.12, -0.5 - TOP / ROW), yticks=[], xlabel=axis)
        axes.spines["left"].set_visible(False)
        axes.axvline(0, color=INK, linewidth=1.1, zorder=1)
        if known(also):
            axes.axvline(also, color=AFTER, linewidth=1.1, linestyle=(0, (1, 1.4)), zorder=1)
        for place, side, text in ((0.0, "left", sides[0]), (1.0, "right", sides[1])):
            axes.text(place, 0.0, text, transform=figure.transFigure, ha=side, va="bottom", color=QUIET)
        for place, row in enumerate(rows):
            if beside:
                _draw_beside(axes, place, row, letters=letters)
            else:
                _draw_row(axes, place, row, letters=letters)
        _ticks(axes)
        return finish(figure, alt=alt, caption=caption)


def _draw_row(axes: "Axes", place: int, row: ForestRow, *, letters: int) -> None:
    left, right = axes.get_xlim()
    label = "\N{NO-BREAK SPACE}" * (4 * row.inner) + textwrap.shorten(row.label, letters, placeholder=" …")
    plate = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
    weight = "bold" if row.bold else "normal"
    axes.text(left, place - 0.24, label, va="center", ha="left", fontweight=weight, zorder=4, bbox=plate)
    axes.text(right, place - 0.24, row.numbers, va="center", ha="right", zorder=4, bbox=plate)
    if place:
        axes.axhline(place - 0.52, color=RULE, linewidth=0.6, zorder=0)
    _draw_line(axes, place + 0.18, row)


def _draw_beside(axes: "Axes", place: int, row: ForestRow, *, letters: int) -> None:
    from matplotlib.transforms import blended_transform_factory

    across = blended_transform_factory(axes.figure.transFigure, axes.transData)
    label = textwrap.shorten(row.label, letters, placeholder=" …")
    weight = "bold" if row.bold else "normal"
    axes.text(0.0, place, label, va="center", ha="left", fontweight=weight, transform=across)
    axes.text(1.0, place, row.numbers, va="center", ha="right", transform=across)
    _draw_line(axes, place, row)


def _draw_line(axes: "Axes", height: float, row: ForestRow) -> None:
    if not known(row.estimate):
        return
    colour = AFTER if row.firm else QUIET
    if known(row.worthwhile):
        for side in (-row.worthwhile, row.worthwhile):
            ends = [height - 0.24, height + 0.24]
            axes.plot([side, side], ends, color=INK, linewidth=1.3, linestyle=(0, (2, 1.4)), zorder=2)
    if known(row.low) and known(row.high):
        axes.plot([row.low, row.high], [height, height], color=colour, linewidth=2.4, solid_capstyle="butt", zorder=3)
        for edge in (row.low, row.high):
            axes.plot([edge, edge], [height - 0.09, height + 0.09], color=colour, linewidth=1.6, zorder=3)
    axes.plot(
        [row.estimate], [height], marker=row.marker, markersize=8.5, color=colour, markeredgecolor=colour,
        markerfacecolor=colour if row.firm else "white", markeredgewidth=1.6, zorder=5,
    )  # fmt: skip


def _ends(rows: Sequence[ForestRow], also: float, *, even: bool) -> tuple[float, float]:
    """Where the picture ends; zero is always inside."""
    values = [value for row in rows for value in (row.low, row.high, row.estimate, also) if known(value)]
    values += [side * row.worthwhile for row in rows for side in (-1, 1) if known(row.worthwhile)]
    low, high = min([0.0, *values]), max([0.0, *values])
    if even:
        high = max(-low, high)
        low = -high
    if low == high:
        return -5.0, 5.0
    pad = 0.075 * (high - low)
    return low - pad, high + pad


def _ticks(axes: "Axes") -> None:
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    axes.xaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.set_xticks([tick for tick in axes.get_xticks() if axes.get_xlim()[0] <= tick <= axes.get_xlim()[1]])
