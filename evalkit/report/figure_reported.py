"""Published percentages with their likely ranges, and the national ones beside them."""

from typing import TYPE_CHECKING

from evalkit.records.results import Results
from evalkit.report.blocks import Figure
from evalkit.report.figure_style import (
    AFTER,
    INK,
    QUIET,
    RULE,
    SMALL,
    bare,
    blank,
    draw_title,
    finish,
    styled,
    title_height,
    title_lines,
)
from evalkit.report.numbers import count, known, percent
from evalkit.report.reported import Reported, reported_figures

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW, TOP, BOTTOM = 0.46, 0.05, 0.38  # inches
NATIONAL = "#b35900"
CAPTION = (
    "Filled: it is known how many the figure rests on, and the line is its likely range. Hollow: not known, so there "
    "is no range.{national}"
)
NATIONAL_CAPTION = " Diamond: the national figure."


def reported_figure(results: Results) -> Figure | None:
    """Draw the published percentages; None when there is none to show."""
    drawn = [one for one in reported_figures(results) if one.figure.kind == "percent" and not one.suppressed]
    if not drawn:
        return None
    title = reported_title(drawn)
    lines = title_lines(title)
    body = TOP + ROW * len(drawn) + BOTTOM
    height = body + title_height(lines)
    with styled():
        figure = blank(height)
        draw_title(figure, lines)
        axes = figure.add_axes((0.02, BOTTOM / height, 0.96, (body - BOTTOM) / height))
        bare(axes)
        axes.set(xlim=(0, 102), ylim=(len(drawn) - 0.4, -0.6), yticks=[])
        for tick in (0, 25, 50, 75, 100):
            axes.axvline(tick, color=RULE, linewidth=0.7, zorder=0)
        for row, one in enumerate(drawn):
            _draw_row(axes, row, one)
        axes.set_xticks([0, 25, 50, 75, 100], ["0%", "25%", "50%", "75%", "100%"])
        axes.tick_params(axis="x", colors=QUIET)
        beside = NATIONAL_CAPTION if any(one.national for one in drawn) else ""
        return finish(figure, alt=_alt(title, drawn), caption=CAPTION.format(national=beside))


def reported_title(drawn: list[Reported]) -> str:
    """The finding of the picture."""
    beside = [one for one in drawn if one.national]
    if not beside:
        without = sum(not one.n_known for one in drawn)
        if len(drawn) == 1:
            return f"What was reported: one percentage, {'without' if without else 'with'} the number it rests on"
        if without == len(drawn):
            return f"What was reported: {count(without)} percentages, none with the number it rests on"
        if not without:
            return f"What was reported: {count(len(drawn))} percentages with their likely ranges"
        return f"What was reported: of {count(len(drawn))} percentages {count(without)} without the number they rest on"
    if len(beside) == 1:
        return "What was reported, and the one national percentage there is"
    apart = sum(one.verdict in ("higher", "lower") for one in beside)
    unknown = sum(one.verdict == "unknown" for one in beside)
    number = count(apart) if apart else "None"
    told = f"{number} of {count(len(beside))} percentages can be told apart from the national one"
    return f"{told}; for {count(unknown)} we cannot tell" if unknown else told


def _draw_row(axes: "Axes", row: int, one: Reported) -> None:
    height, value = row + 0.16, float(one.own["estimate"])
    axes.text(0, row - 0.24, one.figure.label, ha="left", va="center", fontweight="bold", zorder=6)
    if one.n_known:
        axes.plot([one.own["conf_low"], one.own["conf_high"]], [height, height], color=AFTER, linewidth=2.4, zorder=3)
    face = AFTER if one.n_known else "white"
    axes.plot([value], [height], "o", color=AFTER, markerfacecolor=face, markersize=7, markeredgewidth=1.4, zorder=5)
    label = percent(value, n=one.figure.n)
    if one.figure.national is not None:
        national = float(str(one.figure.national.percent))
        axes.plot([national], [height], "D", color=NATIONAL, markersize=6, zorder=4)
        left = national < value
        _number(axes, national, height, f"{one.figure.national.percent}%", left=left, colour=NATIONAL)
        _number(axes, _end(one, left=not left), height, label, left=not left, colour=INK)
        return
    _number(axes, _end(one, left=value > 85), height, label, left=value > 85, colour=INK)


def _end(one: Reported, *, left: bool) -> float:
    """Where a number stands clear of the range."""
    if not one.n_known:
        return float(one.own["estimate"])
    national = float(str(one.figure.national.percent)) if one.figure.national else float("nan")
    edge = float(one.own["conf_low"] if left else one.own["conf_high"])
    return edge if not known(national) or (edge < national) == left else float(one.own["estimate"])


def _number(axes: "Axes", x: float, y: float, text: str, *, left: bool, colour: str) -> None:
    axes.annotate(
        text, (x, y), xytext=(-8 if left else 8, 0), textcoords="offset points", ha="right" if left else "left",
        va="center", fontsize=SMALL, color=colour, zorder=7,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.4},
    )  # fmt: skip


def _alt(title: str, drawn: list[Reported]) -> str:
    texts = [
        f"{one.figure.label}: {percent(float(one.own['estimate']), n=one.figure.n)}"
        + (f", nationally {one.figure.national.percent}%" if one.figure.national else "")
        for one in drawn
    ]
    return f"{title}. {'; '.join(texts)}."
