"""How scores were spread before and after: paired bars for each band of scores, one figure per outcome."""

from typing import TYPE_CHECKING

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
from evalkit.report.numbers import count, fixed, known, score
from evalkit.report.words_names import outcome_label, score_facts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DRAWN, LINE_OF_LABEL = 0.88, 0.15  # inches
TITLE = "{label}: mean {before} before, {after} after ({n} pupils)"
TITLE_HIDDEN = "{label}: how scores were spread"
CAPTION = "Pupils with scores in each band, before (light, striped) and after (dark)."


def distribution_data(results: Results, outcome: str) -> pd.DataFrame:
    """The numbers drawn: a row per band with the counts before and after (NaN: not shown)."""
    frame = results.displays["distribution"]
    frame = frame[frame["outcome"] == outcome]
    before, after = (wave.id for wave in results.plan.waves)
    facts = score_facts(results, outcome)
    whole = facts["high"] - facts["low"] >= 10 and all(float(edge).is_integer() for edge in frame["low"])
    bands: list[tuple[float, float, float, float]] = []
    for low, high in sorted(set(zip(frame["low"].astype(float), frame["high"].astype(float), strict=True))):
        group = frame[(frame["low"] == low) & (frame["high"] == high)]
        counts = dict(zip(group["wave"], group["count"].astype(float), strict=True))
        pair = (counts.get(before, float("nan")), counts.get(after, float("nan")))
        if bands and pair == (0.0, 0.0) == bands[-1][2:]:
            low = bands.pop()[0]  # empty neighbours read better as one band
        bands.append((low, high, *pair))
    rows = [
        (band(low, high, whole=whole, last=high >= facts["high"]), first, second) for low, high, first, second in bands
    ]
    return pd.DataFrame(rows, columns=["band", "before", "after"])


def band(low: float, high: float, *, whole: bool, last: bool) -> str:
    """The name of a band of scores; bands hold their lower edge, and the last one its upper edge too."""
    if whole:
        top = high if last else high - 1
        return fixed(low, 0) if top == low else f"{fixed(low, 0)}–{fixed(top, 0)}"
    return f"{fixed(low, 1)}–{fixed(high, 1)}" if last else f"{fixed(low, 1)} to\nunder {fixed(high, 1)}"


def distribution_figure(results: Results, outcome: str) -> Figure | None:
    """Draw one outcome's display `distribution`; None when nothing of it may be shown."""
    data = distribution_data(results, outcome)
    if data.empty or data[["before", "after"]].isna().all().all():
        return None
    title = distribution_title(results, outcome)
    lines = title_lines(title)
    bottom = 0.06 + LINE_OF_LABEL * (1 + data["band"].str.contains("\n").any())
    height = DRAWN + bottom + title_height(lines)
    with styled():
        figure = blank(height)
        draw_title(figure, lines)
        axes = figure.add_axes((0.02, bottom / height, 0.96, DRAWN / height))
        bare(axes)
        axes.set_yticks([])
        axes.spines["bottom"].set_visible(True)
        top = max(1.0, float(data[["before", "after"]].max().max()))
        axes.set_ylim(0, top * 1.55)
        for place, wave, colour, hatch in ((-0.2, "before", BEFORE, BEFORE_HATCH), (0.2, "after", AFTER, "")):
            _draw_bars(axes, data[wave], place, colour=colour, hatch=hatch, label=wave.capitalize())
        axes.set_xticks(range(len(data)), data["band"])
        axes.legend(loc="upper left", ncols=2, frameon=False, fontsize=SMALL, borderaxespad=0.1, handlelength=1.4)
        return finish(figure, alt=_alt(title, data), caption=CAPTION)


def _draw_bars(axes: "Axes", counts: "pd.Series", shift: float, *, colour: str, hatch: str, label: str) -> None:
    places = [index + shift for index in range(len(counts))]
    heights = [value if known(value) else 0 for value in counts]
    axes.bar(
        places,
        heights,
        width=0.37,
        color=colour,
        edgecolor="white" if hatch else colour,
        hatch=hatch,
        linewidth=0.6,
        label=label,
    )
    for place, value in zip(places, counts, strict=True):
        axes.annotate(
            count(value) if known(value) else "c", (place, value if known(value) else 0), xytext=(0, 2.5),
            textcoords="offset points", ha="center", va="bottom", fontsize=SMALL,
        )  # fmt: skip


def distribution_title(results: Results, outcome: str) -> str:
    """The finding: the means before and after."""
    frame = results.displays["means"]
    frame = frame[frame["outcome"] == outcome].set_index("wave")
    facts = score_facts(results, outcome)
    label = outcome_label(results, outcome)
    means = [frame["mean"].get(wave.id, float("nan")) for wave in results.plan.waves]
    if not all(known(mean) for mean in means):
        return TITLE_HIDDEN.format(label=label)
    texts = [score(mean, low=facts["low"], high=facts["high"]) for mean in means]
    return TITLE.format(label=label, before=texts[0], after=texts[1], n=count(frame["n"].iloc[0]))


def _alt(title: str, data: pd.DataFrame) -> str:
    bands = [
        f"{str(row['band']).replace(chr(10), ' ')}: {_or_c(row['before'])} before, {_or_c(row['after'])} after"
        for row in data.to_dict("records")
    ]
    return f"{title}. Pupils in each band of scores: {'; '.join(bands)}."


def _or_c(value: float) -> str:
    return count(value) if known(value) else "not shown"
