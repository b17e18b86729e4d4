"""How alike the groups were at the start: a dot per characteristic, as drawn and as analysed."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from evalkit.records.results import Results
from evalkit.records.standards import load_standards
from evalkit.report.blocks import Figure
from evalkit.report.figure_style import (
    AFTER,
    INK,
    QUIET,
    RULE,
    SMALL,
    WIDTH,
    blank,
    draw_title,
    finish,
    styled,
    title_height,
    title_lines,
)
from evalkit.report.numbers import effect, known
from evalkit.report.rows import Row
from evalkit.report.trial_effects import display, primary_effects
from evalkit.report.words_arms import short_arm, treated_arms
from evalkit.report.words_names import opening

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW, TWO_LINES, BOTTOM, LEGEND = 0.23, 0.33, 0.42, 0.24  # inches
LEFT = 0.40  # share of the width that the labels take
SAMPLES = ("randomised", "analysed")
CROWDED = 0.6  # beyond this the inner marks of the axis would run into each other
ANALYSED = ("analysed", "matched")
AXIS = "Difference in standard deviations"
TITLE = "At the start of the analysis the groups differed by {g} of a standard deviation on {label}"
CIRCLES = {"trial": "drawn", "comparison": "at the start", "matched": "before matching"}
DIAMONDS = {"trial": "in the analysis", "comparison": "in the analysis", "matched": "after matching"}
CAPTIONS = {
    "trial": ("all who were drawn", "those in the analysis"),
    "comparison": ("everybody in the two groups", "those in the analysis"),
    "matched": ("before matching", "after matching"),
}
TITLE_ALL = "How far apart the groups were at the start"
CAPTION = (
    "Hollow circle: {hollow}. Full diamond: {full}. Dotted lines: {small} and {large} (status "
    "{status}). Dashed lines: {far}, where the What Works Clearinghouse stops counting groups as alike (status "
    "{far_status})."
)


@dataclass(frozen=True, slots=True)
class BalanceLine:
    """One characteristic: how far apart the groups were, as drawn and as analysed (NaN: not shown)."""

    label: str
    randomised: float
    analysed: float
    heading: bool = False  # names the group that the next lines are about


def balance_lines(results: Results) -> tuple[BalanceLine, ...]:
    """The lines drawn, for the main outcome; of two categories only the first, as the other mirrors it."""
    first = next(iter(primary_effects(results)), None)
    if first and display(results, "love"):
        return tuple(
            BalanceLine(_love_label(row), float(row["before"]), float(row["after"]))
            for row in display(results, "love", outcome=first.outcome)
            if known(row["before"]) or known(row["after"])
        )
    rows = display(results, "balance", outcome=first.outcome) if first else []
    several = len(treated_arms(results.plan)) > 1
    lines: list[BalanceLine] = []
    for arm in treated_arms(results.plan):
        own = _of_arm([row for row in rows if row["arm"] == arm and not _is_mirror(rows, row)])
        lines += [BalanceLine(short_arm(results.plan, arm), float("nan"), float("nan"), heading=True)] * several
        lines += [line for line in own if known(line.randomised) or known(line.analysed)]
    return tuple(lines) if any(not line.heading for line in lines) else ()


def _kind(results: Results) -> str:
    """Which words the samples take."""
    if display(results, "love"):
        return "matched"
    return "trial" if results.plan.is_trial else "comparison"


def _of_arm(rows: Sequence[Row]) -> list[BalanceLine]:
    found: dict[tuple[str, str, str], dict[str, float]] = {}
    labels: dict[tuple[str, str, str], str] = {}
    for row in rows:
        key = (str(row.get("level") or ""), str(row["variable"]), str(row["category"]))
        found.setdefault(key, {})[str(row["sample"])] = float(row["std_difference"])
        labels[key] = opening(str(row["label"])) + (f": {row['category']}" if row["category"] else "")
    return [
        BalanceLine(labels[key], values.get("randomised", float("nan")), values.get("analysed", float("nan")))
        for key, values in found.items()
    ]


def _love_label(row: Row) -> str:
    return opening(str(row["label"])) + (f": {row['category']}" if row.get("category") else "")


def _is_mirror(rows: Sequence[Row], row: Row) -> bool:
    """Whether it is the second of two categories."""
    same = [one for one in rows if one["variable"] == row["variable"] and one.get("level") == row.get("level")]
    categories = list(dict.fromkeys(str(one["category"]) for one in same))
    return len(categories) == 2 and row["category"] == categories[1]


def balance_data(results: Results) -> pd.DataFrame:
    """The numbers drawn."""
    lines = [line for line in balance_lines(results) if not line.heading]
    return pd.DataFrame([(line.label, line.randomised, line.analysed) for line in lines], columns=["label", *SAMPLES])


def balance_figure(results: Results) -> Figure | None:
    """Draw the display `balance`; None when nothing of it may be shown."""
    lines = balance_lines(results)
    if not lines:
        return None
    title = _title(results)
    heading = title_lines(title)
    row = TWO_LINES if any("\n" in _name(line) for line in lines) else ROW
    drawn = LEGEND + row * len(lines) + BOTTOM
    height = drawn + title_height(heading)
    standards = load_standards()
    small, large = standards.padlocks.imbalance_small, standards.padlocks.imbalance_large
    far = standards.wwc.baseline_adjustable
    with styled():
        figure = blank(height)
        draw_title(figure, heading)
        axes = figure.add_axes((LEFT, BOTTOM / height, 0.98 - LEFT, row * len(lines) / height))
        values = [abs(value) for line in lines for value in (line.randomised, line.analysed) if known(value)]
        limit = max(1.12 * max(values), 1.12 * far.value)
        axes.set(xlim=(-limit, limit), ylim=(len(lines) - 0.5, -0.5), xlabel=AXIS)
        axes.axvline(0, color=INK, linewidth=1.1, zorder=1)
        for bound, style in ((small.value, (0, (1, 1.6))), (large.value, (0, (1, 1.6))), (far.value, (0, (4, 2)))):
            for side in (-bound, bound):
                axes.axvline(side, color=QUIET, linewidth=0.9, linestyle=style, zorder=1)
        kind = _kind(results)
        _draw(axes, lines, circle=opening(CIRCLES[kind]), diamond=opening(DIAMONDS[kind]))
        marks = [-far.value, -large.value, 0, large.value, far.value] if limit < CROWDED else [-far.value, 0, far.value]
        axes.set_xticks(marks)
        caption = CAPTION.format(
            hollow=CAPTIONS[kind][0], full=CAPTIONS[kind][1],
            small=effect(small.value), large=effect(large.value), status=small.status, far=effect(far.value),
            far_status=far.status,
        )  # fmt: skip
        return finish(figure, alt=_alt(title, lines, circle=CIRCLES[kind], diamond=DIAMONDS[kind]), caption=caption)


def _draw(axes: "Axes", lines: Sequence[BalanceLine], *, circle: str, diamond: str) -> None:
    labelled: set[str] = set()
    for place, line in enumerate(lines):
        if place % 2:
            axes.axhspan(place - 0.5, place + 0.5, color=RULE, alpha=0.25, linewidth=0, zorder=0)
        if known(line.randomised):
            axes.plot(
                [line.randomised], [place], marker="o", markersize=8, color=QUIET, markerfacecolor="white",
                markeredgewidth=1.5, linestyle="none", zorder=3, label=None if "drawn" in labelled else circle,
            )  # fmt: skip
            labelled.add("drawn")
        if known(line.analysed):
            axes.plot(
                [line.analysed], [place], marker="D", markersize=5, color=AFTER, linestyle="none", zorder=4,
                label=None if "analysed" in labelled else diamond,
            )  # fmt: skip
            labelled.add("analysed")
    axes.set_yticks(range(len(lines)), [_name(line) for line in lines])
    for line, text in zip(lines, axes.get_yticklabels(), strict=True):
        text.set_fontweight("bold" if line.heading else "normal")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.legend(
        loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, frameon=False, fontsize=SMALL, borderaxespad=0.1,
        handletextpad=0.2,
    )  # fmt: skip


def _name(line: BalanceLine) -> str:
    """A label of one or two lines."""
    return "\n".join(textwrap.wrap(line.label, int(LEFT * WIDTH / 0.075), max_lines=2, placeholder=" …"))


def _title(results: Results) -> str:
    first = primary_effects(results)[0]
    rows = [
        row
        for row in display(results, "balance", outcome=first.outcome)
        if row["variable"] == "baseline" and row["sample"] in ANALYSED and known(row["std_difference"])
    ]
    if not rows:
        return TITLE_ALL
    widest = max(rows, key=lambda row: abs(float(row["std_difference"])))
    return TITLE.format(g=effect(abs(float(widest["std_difference"]))), label=str(widest["label"]))


def _alt(title: str, lines: Sequence[BalanceLine], *, circle: str, diamond: str) -> str:
    told = [
        line.label
        if line.heading
        else f"{line.label}: {circle} {_or_c(line.randomised)}, {diamond} {_or_c(line.analysed)}"
        for line in lines
    ]
    return f"{title}. Difference in standard deviations: {'; '.join(told)}."


def _or_c(value: float) -> str:
    return effect(value) if known(value) else "not shown"
