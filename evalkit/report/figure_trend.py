"""The two groups at every wave: were they moving alike before the programme began?"""

from typing import TYPE_CHECKING

import pandas as pd

from evalkit.records.results import Results
from evalkit.report.blocks import Figure
from evalkit.report.figure_style import (
    AFTER,
    BEFORE,
    QUIET,
    SMALL,
    blank,
    draw_title,
    finish,
    styled,
    title_height,
    title_lines,
)
from evalkit.report.numbers import fixed, known
from evalkit.report.rows import records
from evalkit.report.trial_effects import display
from evalkit.report.words_arms import short_arm, treated_arms
from evalkit.report.words_names import outcome_label
from evalkit.report.words_trial import unit_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DRAWN, BOTTOM, LEGEND = 1.9, 0.28, 0.24  # inches
ASIDE = 0.012  # so that the ranges of the groups do not cover each other
TITLE = "{label}: the groups at every time"
CAPTION = (
    "Average score of each group, with likely ranges. Dashed: the programme began. Before it, the lines should run "
    "alike."
)


def trend_data(results: Results, outcome: str) -> pd.DataFrame:
    """The numbers drawn: those after matching, where there are any."""
    rows = [row for row in display(results, "trend", outcome=outcome) if known(row["mean"])]
    matched = [row for row in rows if row["sample"] == "matched"] or rows
    columns = ["arm", "wave", "place", "mean", "mean_low", "mean_high", "when"]
    return pd.DataFrame([[row[name] for name in columns] for row in matched], columns=columns)


def trend_figure(results: Results, outcome: str) -> Figure | None:
    """Draw the display `trend`; None with fewer than three waves."""
    data = trend_data(results, outcome)
    if data.empty or data["place"].nunique() < 3:
        return None
    title = TITLE.format(label=outcome_label(results, outcome))
    heading = title_lines(title)
    height = DRAWN + BOTTOM + LEGEND + title_height(heading)
    labels = {wave.id: wave.label for wave in results.plan.waves}
    with styled():
        figure = blank(height)
        draw_title(figure, heading)
        axes = figure.add_axes((0.1, BOTTOM / height, 0.88, DRAWN / height))
        _draw(axes, results, data)
        waves = data.drop_duplicates("place").sort_values("place")
        axes.set_xticks(waves["place"], [labels.get(str(one), str(one)) for one in waves["wave"]])
        axes.set_ylabel(unit_of(results, outcome))
        told = [
            f"{short_arm(results.plan, str(arm))}: "
            + ", ".join(
                f"{labels.get(str(row['wave']), str(row['wave']))} {fixed(row['mean'], 1)}" for row in records(own)
            )
            for arm, own in data.sort_values("place").groupby("arm", sort=False)
        ]
        return finish(figure, alt=f"{title}. {'; '.join(told)}.", caption=CAPTION)


def _draw(axes: "Axes", results: Results, data: pd.DataFrame) -> None:
    for arm in (*treated_arms(results.plan), results.plan.control.id):
        own = data[data["arm"] == arm].sort_values("place")
        control = arm == results.plan.control.id
        colour = BEFORE if control else AFTER
        places = own["place"] + (ASIDE if control else -ASIDE)
        axes.plot(
            places, own["mean"], color=colour, linewidth=2.0, marker="o" if control else "D", markersize=6,
            markerfacecolor="white" if control else colour, label=short_arm(results.plan, arm),
        )  # fmt: skip
        axes.vlines(places, own["mean_low"], own["mean_high"], color=colour, linewidth=1.1)
    before = data.loc[data["when"] == "before", "place"]
    if len(before):
        axes.axvline(float(before.max()) + 0.5, color=QUIET, linewidth=1.0, linestyle=(0, (4, 2)))
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, frameon=False, fontsize=SMALL, borderaxespad=0.1)
