"""The CONSORT flow: schools and pupils from the draw to the result, a column for each arm."""

import textwrap
from typing import TYPE_CHECKING

import pandas as pd

from evalkit.records.results import Results
from evalkit.report.blocks import Figure
from evalkit.report.figure_style import (
    AFTER,
    INK,
    NORMAL,
    QUIET,
    SMALL,
    WIDTH,
    blank,
    draw_title,
    finish,
    styled,
    title_height,
    title_lines,
)
from evalkit.report.numbers import SUPPRESSED, known
from evalkit.report.trial_flow import Stream, arm_heading, people, step_words, streams, whole
from evalkit.report.words_arms import begun
from evalkit.report.words_names import opening

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LINE, PAD, GAP = 0.158, 0.16, 0.2  # inches: a line of text, the inside of a box, the space between boxes
LETTER, SMALL_LETTER = 0.074, 0.069  # inches that a letter takes
TITLE = "{analysed} of {randomised} are in the main result"
TITLE_HIDDEN = "Who was {begun} and who is in the main result"
NOBODY = "Nobody was lost"
CAPTION = "From {first} to the main result. What is lost between two boxes stands in the box between them."
HIDDEN = f" {SUPPRESSED}: not shown, because it is a small number of pupils."


def consort_data(results: Results) -> pd.DataFrame:
    """The numbers drawn."""
    rows = []
    for one in streams(results):
        steps = [("randomised", one.randomised), *one.lost, ("analysed", one.analysed)]
        rows += [(one.level, one.arm, step, number) for step, number in steps]
    return pd.DataFrame(rows, columns=["level", "arm", "step", "n"])


def consort_figure(results: Results) -> Figure | None:
    """Draw the display `flow`; None when there is none."""
    found = streams(results)
    if not found:
        return None
    columns = _columns(results, found)
    title = _title(results, found)
    lines = title_lines(title)
    top = _box_height(1)
    heights = [max(_box_height(_lines(column[row])) for column in columns) for row in range(3)]
    drawn = top + sum(heights) + 3 * GAP + 0.04
    height = drawn + title_height(lines)
    with styled():
        figure = blank(height)
        draw_title(figure, lines)
        axes = figure.add_axes((0.0, 0.0, 1.0, drawn / height))
        axes.set(xlim=(0, WIDTH), ylim=(0, drawn))
        axes.axis("off")
        _draw(axes, columns, heights, top=top, drawn=drawn, drawn_words=_drawn_words(results, found))
        first = "the draw" if results.plan.is_trial else "the start"
        caption = CAPTION.format(first=first) + (
            HIDDEN if any(not known(number) for one in found for _, number in one.lost) else ""
        )
        return finish(figure, alt=_alt(results, found, title), caption=caption)


def _columns(results: Results, found: tuple[Stream, ...]) -> list[list[list[str]]]:
    """For each arm the lines of its three boxes: drawn, lost, analysed."""
    arms = list(dict.fromkeys(one.arm for one in found if one.arm != "all")) or ["all"]
    width = (WIDTH - GAP * (len(arms) - 1)) / len(arms) - PAD
    columns = []
    for arm in arms:
        own = [one for one in found if one.arm == arm]
        drawn = [arm_heading(results, arm), _both([people(one.level, one.randomised) for one in own])]
        lost = [step_words(one.level, step, number) for one in own for step, number in one.lost] or [NOBODY]
        kept = ["In the main result", _both([people(one.level, one.analysed) for one in own])]
        boxes = ((drawn, LETTER), (lost, SMALL_LETTER), (kept, LETTER))
        columns.append([[_wrapped(line, width, letter) for line in box] for box, letter in boxes])
    return columns


def _wrapped(line: str, width: float, letter: float) -> str:
    return "\n".join(textwrap.wrap(line, int(width / letter)))


def _lines(box: list[str]) -> int:
    return sum(text.count("\n") + 1 for text in box)


def _both(words: list[str]) -> str:
    return " with ".join(words)


def _box_height(lines: int) -> float:
    return LINE * lines + PAD


def _draw(
    axes: "Axes", columns: list[list[list[str]]], heights: list[float], *, top: float, drawn: float, drawn_words: str
) -> None:
    width = (WIDTH - 0.02 - GAP * (len(columns) - 1)) / len(columns)
    centres = [0.01 + width / 2 + place * (width + GAP) for place in range(len(columns))]
    upper = drawn - top - 0.02
    _box(axes, WIDTH / 2, upper, min(WIDTH - 0.02, 3.4), top, [drawn_words], main=False, bold=True)
    bus = upper - GAP / 2
    axes.plot([WIDTH / 2, WIDTH / 2], [upper, bus], color=QUIET, linewidth=1.1, zorder=1)
    axes.plot([centres[0], centres[-1]], [bus, bus], color=QUIET, linewidth=1.1, zorder=1)
    for centre, column in zip(centres, columns, strict=True):
        level = upper
        for place, (lines, tall) in enumerate(zip(column, heights, strict=True)):
            start = bus if place == 0 else level
            axes.annotate(
                "", (centre, level - GAP), (centre, start),
                arrowprops={"arrowstyle": "-|>", "color": QUIET, "linewidth": 1.1, "shrinkA": 0, "shrinkB": 0},
            )  # fmt: skip
            level -= GAP + tall
            _box(axes, centre, level, width, tall, lines, main=place == 2, bold=place == 0, quiet=place == 1)


def _box(
    axes: "Axes", centre: float, bottom: float, width: float, tall: float, lines: list[str], *, main: bool,
    bold: bool = False, quiet: bool = False,
) -> None:  # fmt: skip
    from matplotlib.patches import FancyBboxPatch

    box = FancyBboxPatch(
        (centre - width / 2, bottom), width, tall, boxstyle="round,pad=0,rounding_size=0.05",
        facecolor=AFTER if main else "white", edgecolor=AFTER if main else QUIET, linewidth=1.2,
        linestyle="--" if quiet else "-", zorder=2,
    )  # fmt: skip
    axes.add_patch(box)
    top = bottom + tall / 2 + LINE * _lines(lines) / 2
    for place, text in enumerate(lines):
        deep = LINE * (text.count("\n") + 1)
        axes.text(
            centre, top - deep / 2, text, ha="center", va="center", linespacing=1.25,
            color="white" if main else INK, fontsize=SMALL if quiet else NORMAL,
            fontweight="bold" if (bold and place == 0) or (main and place > 0) else "normal", zorder=3,
        )  # fmt: skip
        top -= deep


def _drawn_words(results: Results, found: tuple[Stream, ...]) -> str:
    levels = list(dict.fromkeys(one.level for one in found))
    return f"{opening(begun(results.plan))}: {_both([people(level, whole(found, level)[0]) for level in levels])}"


def _title(results: Results, found: tuple[Stream, ...]) -> str:
    randomised, analysed = whole(found, "pupil")
    if not (known(randomised) and known(analysed)):
        return TITLE_HIDDEN.format(begun=begun(results.plan))
    return TITLE.format(analysed=people("pupil", analysed).split(" ")[0], randomised=people("pupil", randomised))


def _alt(results: Results, found: tuple[Stream, ...], title: str) -> str:
    told = []
    for one in found:
        lost = "; ".join(step_words(one.level, step, number) for step, number in one.lost) or NOBODY.lower()
        told.append(
            f"{arm_heading(results, one.arm)}: {people(one.level, one.randomised)} {begun(results.plan)}; {lost}; "
            f"{people(one.level, one.analysed)} in the main result"
        )
    return f"{title}. {'. '.join(told)}."
