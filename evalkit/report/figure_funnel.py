"""The funnel: each school's change against its number of pupils, with the limits that chance alone would give."""

from typing import TYPE_CHECKING

import pandas as pd

from evalkit.records.results import Results
from evalkit.report.blocks import Figure
from evalkit.report.figure_style import (
    AFTER,
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
from evalkit.report.numbers import count, fixed
from evalkit.report.trial_effects import display
from evalkit.report.words_names import outcome_label
from evalkit.report.words_trial import unit_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DRAWN, BOTTOM = 2.1, 0.42  # inches
TITLE = "{label}: {inside} of {all} schools lie where chance alone would put them"
CAPTION = (
    "Each dot is a school, unnamed; its number of pupils is rounded. Full line: the average change. Dashed and dotted: "
    "limits within which 95 and 99.8 of 100 schools would lie if all were alike."
)


def funnel_data(results: Results, outcome: str) -> pd.DataFrame:
    """The numbers drawn: schools and limits."""
    columns = ["kind", "n", "estimate", "low", "high", "outer_low", "outer_high"]
    rows = display(results, "funnel", outcome=outcome)
    return pd.DataFrame([[row[name] for name in columns] for row in rows], columns=columns)


def funnel_figure(results: Results, outcome: str) -> Figure | None:
    """Draw one outcome's display `funnel`; None when no school may be shown."""
    data = funnel_data(results, outcome)
    schools, limits = (data[data["kind"] == kind].sort_values("n") for kind in ("school", "limit"))
    if schools.empty:
        return None
    inside = _inside(schools, limits)
    title = TITLE.format(label=outcome_label(results, outcome), inside=count(inside), all=count(len(schools)))
    heading = title_lines(title)
    height = DRAWN + BOTTOM + title_height(heading)
    with styled():
        figure = blank(height)
        draw_title(figure, heading)
        axes = figure.add_axes((0.1, BOTTOM / height, 0.88, DRAWN / height))
        _draw(axes, schools, limits)
        axes.set_xlabel("Pupils in the school")
        axes.set_ylabel(f"Change in {unit_of(results, outcome)}", fontsize=SMALL)
        ends = f"from {fixed(schools['estimate'].min(), 1)} to {fixed(schools['estimate'].max(), 1)}"
        alt = f"{title}. Average change {fixed(limits['estimate'].iloc[0], 1)}; schools' changes reach {ends}."
        return finish(figure, alt=alt, caption=CAPTION)


def _inside(schools: pd.DataFrame, limits: pd.DataFrame) -> int:
    """Schools between the inner limits at their (rounded) size."""
    import numpy as np

    low = np.interp(schools["n"], limits["n"], limits["low"])
    high = np.interp(schools["n"], limits["n"], limits["high"])
    return int(((schools["estimate"] >= low) & (schools["estimate"] <= high)).sum())


def _draw(axes: "Axes", schools: pd.DataFrame, limits: pd.DataFrame) -> None:
    axes.axhline(float(limits["estimate"].iloc[0]), color=INK, linewidth=1.1)
    for names, style in ((("low", "high"), (0, (4, 2))), (("outer_low", "outer_high"), (0, (1, 1.6)))):
        for name in names:
            axes.plot(limits["n"], limits[name], color=QUIET, linewidth=1.1, linestyle=style)
    axes.plot(
        schools["n"], schools["estimate"], linestyle="none", marker="o", markersize=5.5, color=AFTER,
        markerfacecolor="white", markeredgewidth=1.3,
    )  # fmt: skip
