"""One school, hub or trust among the others: its distance from the average one; nobody else is named."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from evalkit.records.place_results import Level, PlaceFigure, PlaceResults
from evalkit.records.results import Results
from evalkit.report.blocks import Figure
from evalkit.report.figure_style import (
    AFTER,
    INK,
    QUIET,
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
TITLE = "How far your {level} lies from the average {level}"
EXPECTED_TITLE = "How far your {level} lies from what we would expect"
DIAMOND = "Diamond: your {level}, allowing for chance, with its likely range."
LINE = {"change": "Line at 0: the average {level}.", "level": "Line at 0: what we would expect."}
OTHERS = "Rings: other {level}s, none is named."
ALONE = "Other {level}s are not drawn, because they are too few or too small to stay unnamed."
MEMBERS = "Small dark dots: your schools, each allowing for chance."


def place_data(results: Results, place: PlaceResults) -> list[PlaceFigure]:
    """What is drawn: up to four outcomes with numbers."""
    return in_order(results, with_numbers(place))[:MOST_ROWS]


def place_figure(results: Results, place: PlaceResults) -> Figure | None:
    """Draw the place among the others; None where no figure of it may be shown."""
    rows = place_data(results, place)
    if not rows:
        return None
    lines = title_lines((TITLE if rows[0].kind == "change" else EXPECTED_TITLE).format(level=place.level))
    height = title_height(lines) + ROW * len(rows) + FOOT
    with styled():
        figure = blank(height)
        draw_title(figure, lines)
        for number, own in enumerate(rows):
            top = height - title_height(lines) - ROW * (number + 1)
            _draw(results, figure, own, bottom=(top + 0.25) / height, size=0.32 / height)
        return finish(figure, alt=_alt(results, lines, rows, place.level), caption=_caption(rows, place.level))


def _caption(rows: Sequence[PlaceFigure], level: Level) -> str:
    told = [DIAMOND]
    told += [MEMBERS] if any(own.members for own in rows) else []
    line = LINE[rows[0].kind]
    told += [OTHERS, line] if any(own.others for own in rows) else [line, ALONE]
    return " ".join(told).format(level=level)


def _draw(
    results: Results, figure: "MatplotlibFigure", own: PlaceFigure, *, bottom: float,
    size: float,
) -> None:  # fmt: skip
    shown = shown_as(results, own.outcome)
    axes: Axes = figure.add_axes((0.01, bottom, 0.98, size))
    values = [value * shown.factor for value in (own.beside, own.beside_low, own.beside_high)]
    spread = [value * shown.factor for value in own.others]
    schools = [one.beside * shown.factor for one in own.members]
    reach = 1.08 * max(map(abs, [*values, *spread, *schools]))
    axes.axvline(0, color=INK, linewidth=1.0, zorder=1)
    axes.scatter(spread, [-0.55] * len(spread), s=18, facecolors="none", edgecolors=QUIET, linewidths=0.8, zorder=2)
    axes.scatter(schools, [-0.1] * len(schools), s=13, color=AFTER, alpha=0.7, linewidths=0, zorder=2)
    axes.plot(values[1:], [0.4, 0.4], color=AFTER, linewidth=2.0, zorder=3)
    axes.plot(values[:1], [0.4], marker="D", markersize=7, color=AFTER, markeredgecolor="white", zorder=4)
    axes.set(xlim=(-reach, reach), ylim=(-1, 1), yticks=[])
    axes.locator_params(axis="x", nbins=7)
    bare(axes)
    numbers = f"{shown.difference(own.beside)} ({shown.range(own.beside_low, own.beside_high)})"
    label = f"{outcome_label(results, own.outcome)}, {shown.gap_unit}: {numbers}"
    axes.set_title(label, loc="left", fontsize=SMALL, pad=1.5)


def _alt(results: Results, lines: Sequence[str], rows: Sequence[PlaceFigure], level: Level) -> str:
    told: list[str] = []
    for own in rows:
        shown = shown_as(results, own.outcome)
        spread = shown.range(own.beside_low, own.beside_high)
        text = f"{outcome_label(results, own.outcome)}: {shown.difference(own.beside)} {shown.gap_unit}, range {spread}"
        if own.others:
            lowest, highest = shown.difference(min(own.others)), shown.difference(max(own.others))
            text += f"; {count(len(own.others))} other {level}s, unnamed, lie from {lowest} to {highest}"
        if own.members:
            lowest, highest = (shown.difference(end(one.beside for one in own.members)) for end in (min, max))
            text += f"; {count(len(own.members))} of your schools lie from {lowest} to {highest}"
        told.append(text)
    return f"{' '.join(lines)}. {'. '.join(told)}."
