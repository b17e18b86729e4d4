"""How much of the programme schools or pupils got: a bar for each amount, one figure per measure of delivery."""

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
from evalkit.report.numbers import count, fixed, known
from evalkit.report.trial_effects import display
from evalkit.report.words_arms import short_arm, treated_arms

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evalkit.records.trial import Compliance

DRAWN, LABELS = 0.95, 0.26  # inches
TITLE = "{label}: {percent} of programme {units} got as much as planned"
TITLE_MEAN = "{label}: {mean} {unit} on average with the programme"
TITLE_PLAIN = "{label}: how much was delivered"
CAPTION = "How many {units} got this much; c: too few to show."


def measure_of(results: Results, name: str) -> "Compliance | None":
    """The plan's measure of delivery with this id."""
    trial = results.plan.groups
    return next((one for one in (trial.compliance if trial else ()) if one.id == name), None)


def counted(results: Results, name: str) -> str:
    """Which column holds the units of a measure: schools or pupils."""
    measure = measure_of(results, name)
    return "pupils" if measure is not None and measure.level == "pupil" else "schools"


def delivery_data(results: Results, name: str) -> pd.DataFrame:
    """The numbers drawn: a row per arm and amount, only arms that got any."""
    unit = counted(results, name)
    rows = [
        (name, str(row["band"]), str(row["arm"]), float(row[unit]))
        for row in display(results, "fidelity")
        if row["compliance"] == name
    ]
    return pd.DataFrame(rows, columns=["compliance", "band", "arm", "n"])


def delivery_figure(results: Results, name: str) -> Figure | None:
    """Draw one measure of the display `fidelity`; None when nothing of it may be shown."""
    data = delivery_data(results, name)
    arms = [arm for arm in treated_arms(results.plan) if arm in set(data["arm"])]
    control = results.plan.control.id
    if control in set(data["arm"]) and data.loc[data["arm"] == control, "n"].fillna(1).gt(0).sum() > 1:
        arms.append(control)  # some of the comparison group got the programme too
    data = data[data["arm"].isin(arms)]
    if data.empty or data["n"].isna().all():
        return None
    title = _title(results, name)
    lines = title_lines(title)
    height = DRAWN + LABELS + title_height(lines)
    with styled():
        figure = blank(height)
        draw_title(figure, lines)
        axes = figure.add_axes((0.02, LABELS / height, 0.96, DRAWN / height))
        bare(axes)
        axes.set_yticks([])
        axes.spines["bottom"].set_visible(True)
        bands = list(dict.fromkeys(data["band"]))
        axes.set_ylim(0, 1.45 * max(1.0, float(data["n"].max())))
        for rank, arm in enumerate(arms):
            _draw_bars(results, axes, data[data["arm"] == arm], bands, rank, len(arms))
        axes.set_xticks(range(len(bands)), bands)
        if len(arms) > 1:
            axes.legend(loc="upper left", ncols=len(arms), frameon=False, fontsize=SMALL, borderaxespad=0.1)
        caption = CAPTION.format(units=counted(results, name))
        return finish(figure, alt=_alt(results, title, data, bands, arms), caption=caption)


def _draw_bars(results: Results, axes: "Axes", own: pd.DataFrame, bands: list[str], rank: int, arms: int) -> None:
    arm = str(own["arm"].iloc[0])
    colour, hatch = (BEFORE, BEFORE_HATCH) if arm == results.plan.control.id else LOOKS[rank % len(LOOKS)]
    width = 0.8 / arms
    numbers = own.set_index("band")["n"]
    for place, band in enumerate(bands):
        number = float(numbers.get(band, 0.0))
        middle = place + (rank - (arms - 1) / 2) * width
        axes.bar(
            [middle], [number if known(number) else 0], width=width * 0.9, color=colour, hatch=hatch, linewidth=0.6,
            edgecolor="white" if hatch else colour, label=short_arm(results.plan, arm) if place == 0 else None,
        )  # fmt: skip
        axes.annotate(
            count(number) if known(number) else "c", (middle, number if known(number) else 0), xytext=(0, 2.5),
            textcoords="offset points", ha="center", va="bottom", fontsize=SMALL,
        )  # fmt: skip


def _title(results: Results, name: str) -> str:
    measure = measure_of(results, name)
    label = measure.label if measure else name
    arms = treated_arms(results.plan)
    rows = [row for row in display(results, "fidelity_summary") if row["compliance"] == name and row["arm"] == arms[0]]
    if len(arms) > 1 or not rows:
        return TITLE_PLAIN.format(label=label)
    if known(rows[0]["complied_percent"]):
        percent = f"{fixed(rows[0]['complied_percent'], 0)}%"
        return TITLE.format(label=label, percent=percent, units=counted(results, name))
    if known(rows[0]["mean"]) and measure is not None:
        return TITLE_MEAN.format(label=label, mean=fixed(rows[0]["mean"], 1), unit=measure.unit)
    return TITLE_PLAIN.format(label=label)


def _alt(results: Results, title: str, data: pd.DataFrame, bands: list[str], arms: list[str]) -> str:
    numbers = {(row["band"], row["arm"]): row["n"] for row in data.to_dict("records")}
    told = [
        f"{band}: "
        + ", ".join(
            f"{short_arm(results.plan, arm)} "
            + (count(numbers[band, arm]) if known(numbers.get((band, arm))) else "not shown")
            for arm in arms
        )
        for band in bands
    ]
    return f"{title}. {'; '.join(told)}."
