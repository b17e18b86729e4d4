"""How strongly each question goes with its scale: dots for the loadings before and after, one figure per scale."""

import pandas as pd

from evalkit.records.results import Results
from evalkit.report.blocks import Figure
from evalkit.report.figure_style import (
    AFTER,
    BEFORE,
    QUIET,
    RULE,
    SMALL,
    blank,
    draw_title,
    finish,
    styled,
    title_height,
    title_lines,
)
from evalkit.report.numbers import count, fixed, known

LINE = 0.24  # inches for each question
STRONG = 0.4  # from here on a question is commonly said to belong to its scale
TITLE = "{label}: {strong} of {all} questions go clearly with the scale"
CAPTION = (
    "Loadings of a one-factor model, before (light) and after (dark). At 1 a question goes with the scale as closely "
    "as it can, at 0 not at all. The line at 0.4 is a custom, not a law."
)


def loadings_data(results: Results, scale: str) -> pd.DataFrame:
    """The numbers drawn: a row per question with its standardised loading before and after."""
    frame = results.displays.get("loadings", pd.DataFrame(columns=["scale", "wave", "item", "label", "loading"]))
    frame = frame[frame["scale"] == scale]
    before, after = (wave.id for wave in results.plan.waves[:2])
    rows = [
        (
            str(label),
            *(group.loc[group["wave"] == wave, "loading"].astype(float).max() for wave in (before, after)),
        )
        for (_, label), group in frame.groupby(["item", "label"], sort=False)
    ]
    return pd.DataFrame(rows, columns=["label", "before", "after"])


def loadings_figure(results: Results, scale: str) -> Figure | None:
    """Draw one scale's loadings; None where there is no factor model of it."""
    data = loadings_data(results, scale)
    if data.empty or data[["before", "after"]].isna().all(axis=None):
        return None
    outcome = next(one for one in results.plan.outcomes if one.scale == scale)
    best = data[["before", "after"]].min(axis="columns")
    title = TITLE.format(label=outcome.label, strong=count(int((best >= STRONG).sum())), all=count(len(data)))
    lines = title_lines(title)
    drawn = LINE * len(data) + 0.3
    height = drawn + title_height(lines) + 0.3
    low = min(0.0, float(data[["before", "after"]].min().min())) - 0.05
    with styled():
        figure = blank(height)
        draw_title(figure, lines)
        axes = figure.add_axes((0.44, 0.3 / height, 0.54, drawn / height))
        axes.set_xlim(low, 1.02)
        axes.set_ylim(len(data) - 0.4, -0.6)
        axes.axvline(STRONG, color=QUIET, linewidth=0.8, linestyle=(0, (4, 3)))
        for place, (before, after) in enumerate(zip(data["before"], data["after"], strict=True)):
            axes.axhline(place, color=RULE, linewidth=0.5, zorder=0)
            axes.plot([before], [place], "D", color=BEFORE, markeredgecolor=AFTER, markersize=5, label="Before")
            axes.plot([after], [place], "o", color=AFTER, markersize=5, label="After")
        axes.set_yticks(range(len(data)), data["label"], fontsize=SMALL)
        axes.tick_params(length=0)
        handles, names = axes.get_legend_handles_labels()
        axes.legend(handles[:2], names[:2], loc="lower left", frameon=False, fontsize=SMALL, handlelength=1.0)
        return finish(figure, alt=_alt(title, data), caption=CAPTION)


def _alt(title: str, data: pd.DataFrame) -> str:
    said = [
        f"{label}: {_value(before)} before, {_value(after)} after"
        for label, before, after in zip(data["label"], data["before"], data["after"], strict=True)
    ]
    return f"{title}. Loadings: {'; '.join(said)}."


def _value(value: float) -> str:
    return fixed(value, 2) if known(value) else "none"
