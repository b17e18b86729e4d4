"""Whether the groups overlap: how likely pupils of each group were to be in the programme, by what was known before."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from evalkit.records.results import Results
from evalkit.report.blocks import Figure
from evalkit.report.figure_style import (
    AFTER,
    BEFORE,
    BEFORE_HATCH,
    SMALL,
    bare,
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

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DRAWN, BOTTOM = 1.7, 0.42  # inches
TITLE = "How alike the groups were in what was known before"
AXIS = "Chance of being in the programme, by what was known before"
CAPTION = (
    "How each group is spread, everybody before matching: areas show shares of the group. Where only one group has "
    "bars, its pupils have nobody alike to be compared with. c: too few pupils to show."
)


def overlap_data(results: Results, outcome: str) -> pd.DataFrame:
    """The numbers drawn."""
    rows = [row for row in display(results, "overlap", outcome=outcome) if row["sample"] == "all"]
    return pd.DataFrame(
        [(outcome, str(row["arm"]), row["low"], row["high"], row["percent"]) for row in rows],
        columns=["outcome", "arm", "low", "high", "percent"],
    )


def overlap_figure(results: Results, outcome: str) -> Figure | None:
    """Draw the display `overlap`; None where groups were not matched, or nothing may be shown."""
    data = overlap_data(results, outcome)
    if data.empty or data["percent"].isna().all():
        return None
    heading = title_lines(TITLE)
    height = DRAWN + BOTTOM + title_height(heading)
    arms = (treated_arms(results.plan)[0], results.plan.control.id)
    with styled():
        figure = blank(height)
        draw_title(figure, heading)
        axes = figure.add_axes((0.02, BOTTOM / height, 0.96, DRAWN / height))
        _draw(axes, results, data, arms)
        told = [
            f"{short_arm(results.plan, arm)}: "
            + "; ".join(
                f"{fixed(row['low'], 2)} to {fixed(row['high'], 2)} {_percent(row['percent'])}"
                for row in records(data[data["arm"] == arm])
            )
            for arm in arms
        ]
        return finish(figure, alt=f"{TITLE}. {AXIS}. {'. '.join(told)}.", caption=CAPTION)


def _draw(axes: "Axes", results: Results, data: pd.DataFrame, arms: tuple[str, str]) -> None:
    bare(axes)
    axes.set_yticks([])
    axes.spines["bottom"].set_visible(True)
    looks: tuple[dict[str, Any], ...] = (
        {"color": AFTER, "edgecolor": AFTER},
        {"color": BEFORE, "edgecolor": "white", "hatch": BEFORE_HATCH},
    )
    for place, (arm, look) in enumerate(zip(arms, looks, strict=True)):
        own = data[data["arm"] == arm]
        width = (own["high"] - own["low"]) * 0.42
        left = own["low"] + (own["high"] - own["low"]) * (0.06 + 0.46 * place)
        tall = (own["percent"] / (own["high"] - own["low"])).fillna(0)
        axes.bar(left, tall, width=width, align="edge", label=short_arm(results.plan, arm), **look)
        for start, wide, share in zip(left, width, own["percent"], strict=True):
            if not known(share):
                axes.text(start + wide / 2, 0, "c", ha="center", va="bottom", fontsize=SMALL)
    axes.set_xlabel(AXIS)
    axes.legend(loc="upper right", ncols=2, frameon=False, fontsize=SMALL, borderaxespad=0.1)


def _percent(value: Any) -> str:
    return f"{fixed(float(value), 0)}%" if known(float(value)) else "not shown"
