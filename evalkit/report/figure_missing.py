"""What is missing and for how many: a bar for each pattern of gaps, by group."""

from typing import TYPE_CHECKING

import pandas as pd

from evalkit.records.results import Results
from evalkit.report.blocks import Figure
from evalkit.report.figure_arms import LOOKS
from evalkit.report.figure_style import (
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
from evalkit.report.numbers import fixed, known, tenths
from evalkit.report.trial_effects import display
from evalkit.report.words_arms import short_arm, treated_arms
from evalkit.report.words_names import outcome_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BAR, BETWEEN, LEGEND, LEFT = 0.17, 0.12, 0.24, 0.34  # inches; LEFT is a share of the width
COMPLETE = "Nothing is missing"
TITLE = "{label}: nothing is missing for {percent} of pupils with the programme and {control} in the comparison group"
TITLE_PLAIN = "{label}: what is missing"
CAPTION = "Percent of the pupils of each group with this pattern of gaps; c: too few pupils to show."


def pattern_name(pattern: str) -> str:
    """A pattern of gaps in words.

    >>> pattern_name(""), pattern_name("outcome, baseline")
    ('Nothing is missing', 'Missing: outcome, baseline')
    """
    plain = pattern.strip().casefold()
    if plain in ("", "complete"):
        return COMPLETE
    return f"Missing: {pattern.replace('other', 'other gaps')}"


def missing_data(results: Results, outcome: str) -> pd.DataFrame:
    """The numbers drawn, a row per pattern and arm."""
    rows = [
        (outcome, pattern_name(str(row["pattern"])), str(row["arm"]), float(row["percent"]))
        for row in display(results, "missing_pattern", outcome=outcome)
        if row["arm"] != "all"
    ]
    return pd.DataFrame(rows, columns=["outcome", "pattern", "arm", "percent"])


def missing_figure(results: Results, outcome: str) -> Figure | None:
    """Draw one outcome's display `missing_pattern`; None when nothing of it may be shown."""
    data = missing_data(results, outcome)
    if data.empty or data["percent"].isna().all():
        return None
    title = _title(results, outcome, data)
    lines = title_lines(title)
    patterns = list(dict.fromkeys(data["pattern"]))
    arms = [arm for arm in (*treated_arms(results.plan), results.plan.control.id) if arm in set(data["arm"])]
    drawn = LEGEND + len(patterns) * (BAR * len(arms) + BETWEEN)
    height = drawn + title_height(lines)
    with styled():
        figure = blank(height)
        draw_title(figure, lines)
        axes = figure.add_axes((LEFT, 0.01, 0.98 - LEFT, (drawn - LEGEND) / height))
        bare(axes)
        axes.set(xlim=(0, 118), ylim=(len(patterns) * (BAR * len(arms) + BETWEEN), 0), xticks=[])
        for rank, arm in enumerate(arms):
            _draw_bars(results, axes, data, patterns, arm, rank, len(arms))
        middles = [
            place * (BAR * len(arms) + BETWEEN) + (BAR * len(arms) + BETWEEN) / 2 for place in range(len(patterns))
        ]
        axes.set_yticks(middles, [name if len(name) < 28 else name.replace(", ", ",\n") for name in patterns])
        axes.legend(
            loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=len(arms), frameon=False, fontsize=SMALL,
            borderaxespad=0.1, handlelength=1.4,
        )  # fmt: skip
        return finish(figure, alt=_alt(results, title, data, patterns, arms), caption=CAPTION)


def _draw_bars(
    results: Results, axes: "Axes", data: pd.DataFrame, patterns: list[str], arm: str, rank: int, arms: int
) -> None:
    control = arm == results.plan.control.id
    colour, hatch = (BEFORE, BEFORE_HATCH) if control else LOOKS[rank % len(LOOKS)]
    shares = data[data["arm"] == arm].set_index("pattern")["percent"]
    for place, pattern in enumerate(patterns):
        share = float(shares.get(pattern, 0.0))
        middle = place * (BAR * arms + BETWEEN) + BETWEEN / 2 + BAR * (rank + 0.5)
        axes.barh(
            [middle], [share if known(share) else 0], height=BAR * 0.9, color=colour, hatch=hatch, linewidth=0.6,
            edgecolor="white" if hatch else colour, label=short_arm(results.plan, arm) if place == 0 else None,
        )  # fmt: skip
        axes.annotate(
            f"{tenths(share)}%" if known(share) else "c", (share if known(share) else 0, middle), xytext=(3, 0),
            textcoords="offset points", va="center", ha="left", fontsize=SMALL,
        )  # fmt: skip


def _title(results: Results, outcome: str, data: pd.DataFrame) -> str:
    whole = data[data["pattern"] == COMPLETE].set_index("arm")["percent"]
    treated = treated_arms(results.plan)
    values = [float(whole.get(arm, float("nan"))) for arm in (treated[0], results.plan.control.id)]
    label = outcome_label(results, outcome)
    if len(treated) > 1 or not all(map(known, values)):
        return TITLE_PLAIN.format(label=label)
    return TITLE.format(label=label, percent=f"{fixed(values[0], 0)}%", control=f"{fixed(values[1], 0)}%")


def _alt(results: Results, title: str, data: pd.DataFrame, patterns: list[str], arms: list[str]) -> str:
    shares = {(row["pattern"], row["arm"]): row["percent"] for row in data.to_dict("records")}
    told = [
        f"{pattern}: "
        + ", ".join(
            f"{short_arm(results.plan, arm)} "
            + (f"{tenths(shares[pattern, arm])}%" if known(shares.get((pattern, arm))) else "not shown")
            for arm in arms
        )
        for pattern in patterns
    ]
    return f"{title}. {'; '.join(told)}."
