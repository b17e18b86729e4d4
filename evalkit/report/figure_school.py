"""One school among the others: its distance from the average school with its likely range; nobody else is named."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from evalkit.records.results import Results
from evalkit.records.school_results import SchoolFigure, SchoolResults
from evalkit.report.blocks import Figure
from evalkit.report.figure_style import (
    AFTER,
    BEFORE,
    INK,
    SMALL,
    bare,
    blank,
    draw_title,
    finish,
    styled,
    title_height,
    title_lines,
)
from evalkit.report.numbers import count
from evalkit.report.words_names import outcome_label
from evalkit.report.words_school import in_order, shown_as, with_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as MatplotlibFigure

MOST_ROWS = 4
ROW, FOOT = 0.78, 0.05  # inches
TITLE = "How far your school lies from the average school"
EXPECTED_TITLE = "How far your school lies from what we expect of pupils like yours"
CAPTION = (
    "Diamond: your school, allowing for chance, with its likely range. Pale dots: other schools, none is named. "
    "Line at 0: the average school."
)
ALONE = (
    "Diamond: your school, allowing for chance, with its likely range. Line at 0: the average school. Other schools "
    "are not drawn, because they are too few or too small to stay unnamed."
)


def school_data(results: Results, school: SchoolResults) -> list[SchoolFigure]:
    """What is drawn: up to four outcomes with numbers."""
    return in_order(results, with_numbers(school))[:MOST_ROWS]


def school_figure(results: Results, school: SchoolResults) -> Figure | None:
    """Draw the school among the others; None where no figure of it may be shown."""
    rows = school_data(results, school)
    if not rows:
        return None
    lines = title_lines(TITLE if rows[0].kind == "change" else EXPECTED_TITLE)
    height = title_height(lines) + ROW * len(rows) + FOOT
    with styled():
        figure = blank(height)
        draw_title(figure, lines)
        for place, own in enumerate(rows):
            top = height - title_height(lines) - ROW * (place + 1)
            _draw(results, figure, own, bottom=(top + 0.25) / height, size=0.32 / height)
        caption = CAPTION if any(own.others for own in rows) else ALONE
        return finish(figure, alt=_alt(results, lines, rows), caption=caption)


def _draw(
    results: Results, figure: "MatplotlibFigure", own: SchoolFigure, *, bottom: float,
    size: float,
) -> None:  # fmt: skip
    shown = shown_as(results, own.outcome)
    axes: Axes = figure.add_axes((0.01, bottom, 0.98, size))
    values = [value * shown.factor for value in (own.beside, own.beside_low, own.beside_high)]
    spread = [value * shown.factor for value in own.others]
    reach = 1.08 * max(map(abs, [*values, *spread]))
    axes.axvline(0, color=INK, linewidth=1.0, zorder=1)
    axes.scatter(spread, [-0.55] * len(spread), s=22, color=BEFORE, alpha=0.45, linewidths=0, zorder=2)
    axes.plot(values[1:], [0.4, 0.4], color=AFTER, linewidth=2.0, zorder=3)
    axes.plot(values[:1], [0.4], marker="D", markersize=7, color=AFTER, markeredgecolor="white", zorder=4)
    axes.set(xlim=(-reach, reach), ylim=(-1, 1), yticks=[])
    axes.locator_params(axis="x", nbins=7)
    bare(axes)
    numbers = f"{shown.difference(own.beside)} ({shown.range(own.beside_low, own.beside_high)})"
    label = f"{outcome_label(results, own.outcome)}, {shown.gap_unit}: {numbers}"
    axes.set_title(label, loc="left", fontsize=SMALL, pad=1.5)


def _alt(results: Results, lines: Sequence[str], rows: Sequence[SchoolFigure]) -> str:
    told: list[str] = []
    for own in rows:
        shown = shown_as(results, own.outcome)
        spread = shown.range(own.beside_low, own.beside_high)
        text = f"{outcome_label(results, own.outcome)}: {shown.difference(own.beside)} {shown.gap_unit}, range {spread}"
        if own.others:
            lowest, highest = shown.difference(min(own.others)), shown.difference(max(own.others))
            text += f"; {count(len(own.others))} other schools, unnamed, lie from {lowest} to {highest}"
        told.append(text)
    return f"{' '.join(lines)}. {'. '.join(told)}."
