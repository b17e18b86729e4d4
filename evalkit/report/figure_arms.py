"""How scores were spread in each group, before and after: bars for each band of scores, one figure per outcome."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from evalkit.records.results import Results
from evalkit.report.blocks import Figure
from evalkit.report.brand import PALETTE
from evalkit.report.figure_distribution import band
from evalkit.report.figure_style import (
    AFTER,
    BEFORE,
    BEFORE_HATCH,
    NORMAL,
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
from evalkit.report.trial_effects import display
from evalkit.report.words_arms import short_arm, treated_arms
from evalkit.report.words_names import outcome_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANEL, NAME, LABELS = 0.92, 0.2, 0.32  # inches: bars, the panel's name above them, bands under them
FEW_BANDS = 7  # more do not leave room for whole names
WHEN = {"baseline": "At the start", "outcome": "At the end"}
LOOKS = ((AFTER, ""), (PALETTE["teal"], "\\\\\\\\"), (PALETTE["purple"], "----"))
TITLE = "{label}: average {treated} with the programme, {control} in the comparison group"
TITLE_SEVERAL = "{label}: how scores were spread in each group"
CAPTION = (
    "Percent of the pupils of each group with scores in each band, before any adjustment. A band holds its lower end "
    "and not its upper one, but for the last. c: too few pupils to show."
)


@dataclass(frozen=True, slots=True)
class Panel:
    """The bars of one measure: a share in percent for each arm and band (NaN: not shown)."""

    when: str
    label: str
    bands: tuple[str, ...]
    shares: dict[str, tuple[float, ...]]


def arms_panels(results: Results, outcome: str) -> tuple[Panel, ...]:
    """The panels drawn, the baseline first; those of which nothing may be shown are left out."""
    rows = display(results, "distribution", outcome=outcome)
    arms = [*treated_arms(results.plan), results.plan.control.id]
    panels: list[Panel] = []
    for measure in ("baseline", "outcome"):
        own = [row for row in rows if row["measure"] == measure]
        edges = sorted({(float(row["low"]), float(row["high"])) for row in own})
        shares = {(str(row["arm"]), float(row["low"])): float(row["percent"]) for row in own}
        if not any(known(value) for value in shares.values()):
            continue
        whole = all(low.is_integer() and high.is_integer() for low, high in edges) and edges[-1][1] - edges[0][0] >= 10
        names = tuple(_band(edges, place, whole=whole) for place in range(len(edges)))
        found = {arm: tuple(shares.get((arm, low), float("nan")) for low, _ in edges) for arm in arms}
        panels.append(Panel(measure, str(own[0]["label"]), names, found))
    return tuple(panels)


def _band(edges: Sequence[tuple[float, float]], place: int, *, whole: bool) -> str:
    """The name of a band; a band around one whole number is named by it, and many bands are named shortly."""
    low, high = edges[place]
    last = place == len(edges) - 1
    if all(high - low == 1 and not low.is_integer() for low, high in edges):
        return fixed((low + high) / 2, 0)
    if whole or len(edges) <= FEW_BANDS:
        return band(low, high, whole=whole, last=last)
    digits = 0 if all(low.is_integer() and high.is_integer() for low, high in edges) else 1
    return f"{fixed(low, digits)} to\n{fixed(high, digits)}"


def arms_data(results: Results, outcome: str) -> pd.DataFrame:
    """The numbers drawn."""
    rows = [
        (outcome, panel.when, name, arm, share)
        for panel in arms_panels(results, outcome)
        for arm, shares in panel.shares.items()
        for name, share in zip(panel.bands, shares, strict=True)
    ]
    return pd.DataFrame(rows, columns=["outcome", "measure", "band", "arm", "percent"])


def arms_figure(results: Results, outcome: str) -> Figure | None:
    """Draw one outcome's display `distribution`; None when nothing of it may be shown."""
    panels = arms_panels(results, outcome)
    if not panels:
        return None
    title = _title(results, outcome)
    lines = title_lines(title)
    deep = [LABELS + 0.15 * any("\n" in name for name in panel.bands) for panel in panels]
    drawn = sum(NAME + PANEL + one for one in deep)
    height = drawn + title_height(lines)
    with styled():
        figure = blank(height)
        draw_title(figure, lines)
        top = drawn
        for panel, under in zip(panels, deep, strict=True):
            axes = figure.add_axes((0.02, (top - NAME - PANEL) / height, 0.96, PANEL / height))
            figure.text(0.0, top / height, _panel_name(panel), va="top", fontsize=NORMAL, fontweight="bold")
            _draw_panel(results, axes, panel, legend=panel is panels[0])
            top -= NAME + PANEL + under
        return finish(figure, alt=_alt(results, title, panels), caption=CAPTION)


def _panel_name(panel: Panel) -> str:
    return f"{WHEN[panel.when]}: {panel.label}"


def _draw_panel(results: Results, axes: "Axes", panel: Panel, *, legend: bool) -> None:
    bare(axes)
    axes.set_yticks([])
    axes.spines["bottom"].set_visible(True)
    top = max([1.0, *(share for shares in panel.shares.values() for share in shares if known(share))])
    axes.set_ylim(0, top * (1.75 if legend else 1.3))
    width = 0.8 / len(panel.shares)
    for place, (arm, shares) in enumerate(panel.shares.items()):
        control = arm == results.plan.control.id
        colour, hatch = (BEFORE, BEFORE_HATCH) if control else LOOKS[place % len(LOOKS)]
        shift = (place - (len(panel.shares) - 1) / 2) * width
        _draw_bars(axes, shares, shift, width, colour=colour, hatch=hatch, label=short_arm(results.plan, arm))
    axes.set_xticks(range(len(panel.bands)), panel.bands)
    if legend:
        axes.legend(
            loc="upper right", ncols=len(panel.shares), frameon=False, fontsize=SMALL, borderaxespad=0.1,
            handlelength=1.4,
        )  # fmt: skip


def _draw_bars(
    axes: "Axes", shares: Sequence[float], shift: float, width: float, *, colour: str, hatch: str, label: str
) -> None:
    heights = [share if known(share) else 0 for share in shares]
    places = [place + shift for place in range(len(shares))]
    axes.bar(
        places, heights, width=width * 0.94, color=colour, edgecolor="white" if hatch else colour, hatch=hatch,
        linewidth=0.6, label=label,
    )  # fmt: skip
    for place, share in zip(places, shares, strict=True):
        axes.annotate(
            fixed(share, 0) if known(share) else "c", (place, share if known(share) else 0), xytext=(0, 2.5),
            textcoords="offset points", ha="center", va="bottom", fontsize=SMALL,
        )  # fmt: skip


def _title(results: Results, outcome: str) -> str:
    rows = {str(row["arm"]): row for row in display(results, "arms", outcome=outcome) if row["measure"] == "outcome"}
    treated, control = treated_arms(results.plan), rows.get(results.plan.control.id, {})
    means = [float(rows.get(treated[0], {}).get("mean", float("nan"))), float(control.get("mean", float("nan")))]
    label = outcome_label(results, outcome)
    if len(treated) > 1 or not all(map(known, means)):
        return TITLE_SEVERAL.format(label=label)
    return TITLE.format(label=label, treated=fixed(means[0], 2), control=fixed(means[1], 2))


def _alt(results: Results, title: str, panels: Sequence[Panel]) -> str:
    told = []
    for panel in panels:
        bands = [
            f"{name.replace(chr(10), ' ')}: "
            + ", ".join(
                f"{short_arm(results.plan, arm)} {fixed(shares[place], 0) if known(shares[place]) else 'not shown'}"
                for arm, shares in panel.shares.items()
            )
            for place, name in enumerate(panel.bands)
        ]
        told.append(f"{_panel_name(panel)}, percent of pupils in each band: {'; '.join(bands)}")
    return f"{title}. {'. '.join(told)}."
