"""Power against the number of schools: one line, or one for each of several assumptions."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from evalkit.errors import ReportError
from evalkit.records.whole_file import write_whole
from evalkit.report.blocks import Figure
from evalkit.report.brand import PALETTE
from evalkit.report.figure_png import draw_dots
from evalkit.report.figure_style import (
    INK,
    QUIET,
    RULE,
    blank,
    draw_title,
    finish,
    styled,
    title_height,
    title_lines,
)
from evalkit.report.numbers import count, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHT, LEFT, RIGHT, BOTTOM = 2.9, 0.55, 1.05, 0.42  # inches
LINES = ((PALETTE["primary"], "-"), (PALETTE["teal"], (0, (5, 1.5))), (PALETTE["purple"], (0, (1.5, 1.2))),
         (PALETTE["ink"], (0, (6, 1.5, 1.5, 1.5))))  # fmt: skip
NEEDED = ("size", "value", "power", "effect", "target", "method")
LEAST_GAP = 0.055  # of the axis, between two labels at the ends of lines
METHODS = {
    "central": "by the published formula",
    "noncentral": "by the exact formula",
    "simulation": "in simulated trials; the band holds the error of the simulation at 95%",
}


def power_plot(curves: pd.DataFrame | Mapping[str, pd.DataFrame], *, to: str | Path | None = None) -> Figure:
    """Draw power against the number of schools (or whatever varies).

    Parameters
    ----------
    curves : a frame from `power_curve`, or a label -> frame mapping of up to four, such as one for each ICC
    to : a file to write, .svg or .png

    Returns
    -------
    Figure
        With `svg` and `alt`, the picture in words; a notebook shows it.

    Raises
    ------
    ReportError
        When a frame is none of `power_curve`, the curves do not belong together, or `to` has another ending.

    Examples
    --------
    >>> from evalkit.planning.power import power_curve
    >>> from evalkit.stats.power_designs import TrialDesign
    >>> trial = TrialDesign("cluster", schools=1, pupils=75, icc=0.15, r2_pupil=0.5, r2_school=0.5)
    >>> power_plot(power_curve(trial, effect=0.2, values=[40, 60, 80])).alt
    'Power to find an effect of 0.2 SD, by number of schools: 58% with 40 to 87% with 80; 80% is reached with 80.'
    """
    named = {"": curves} if isinstance(curves, pd.DataFrame) else dict(curves)
    _check(named, to)
    first = next(iter(named.values()))
    size, effect, target = str(first["size"].iloc[0]), float(first["effect"].iloc[0]), float(first["target"].iloc[0])
    title = f"Power to find an effect of {effect:g} SD, by number of {size}"
    told = [_told(name, curve, target) for name, curve in named.items()]
    lines = title_lines(title)
    height = HEIGHT + title_height(lines)
    with styled():
        figure = blank(height)
        width = figure.get_figwidth()
        draw_title(figure, lines)
        box = (LEFT / width, BOTTOM / height, (width - LEFT - RIGHT) / width, (HEIGHT - BOTTOM - 0.1) / height)
        axes = figure.add_axes(box)
        _draw(axes, named, size, target)
        how = listed([METHODS[method] for method in dict.fromkeys(_methods(named))])
        caption = f"Line: chance that the trial finds the effect, {how}. Dashed: the power wanted."
        made = finish(figure, alt=f"{title}: {' '.join(told)}", caption=caption)
    if to is not None:
        write_whole(to, made.svg if Path(to).suffix == ".svg" else draw_dots([made.svg])[0])
    return made


def _draw(axes: "Axes", named: Mapping[str, pd.DataFrame], size: str, target: float) -> None:
    axes.set(ylim=(0, 1), xlabel=f"Number of {size}", ylabel="Power")
    axes.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1], ["0%", "20%", "40%", "60%", "80%", "100%"])
    axes.yaxis.grid(True, color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.axhline(target, color=INK, linewidth=1.1, linestyle=(0, (3, 2)))
    ends: list[tuple[float, str, str]] = []
    for (name, curve), (colour, dash) in zip(named.items(), LINES, strict=False):
        place, power = curve["value"].to_numpy(dtype=float), curve["power"].to_numpy(dtype=float)
        if "power_low" in curve:
            axes.fill_between(place, curve["power_low"], curve["power_high"], color=colour, alpha=0.15, linewidth=0)
        axes.plot(place, power, color=colour, linestyle=dash, linewidth=2, marker="o", markersize=4)
        if name:
            ends.append((float(power[-1]), name, colour))
    for height, name, colour in _apart(ends):
        text_place = {"xy": (1.02, height), "xycoords": "axes fraction", "va": "center", "ha": "left"}
        axes.annotate(name, color=colour, annotation_clip=False, **text_place)
    if not ends:
        axes.annotate(f"{target:.0%} wanted", (1.02, target), xycoords="axes fraction", va="center", color=QUIET)


def _apart(ends: list[tuple[float, str, str]]) -> list[tuple[float, str, str]]:
    """Heights for the labels at the lines' ends, pushed down where they would touch."""
    placed: list[tuple[float, str, str]] = []
    for height, name, colour in sorted(ends, reverse=True):
        free = placed[-1][0] - LEAST_GAP if placed else 1.0
        placed.append((min(height, free), name, colour))
    return placed


def _told(name: str, curve: pd.DataFrame, target: float) -> str:
    """A line in words: both its ends, and the first number tried that reaches the power wanted."""
    ends = [f"{curve['power'].iloc[k]:.0%} with {count(curve['value'].iloc[k])}" for k in (0, -1)]
    enough = curve.loc[curve["power"] >= target, "value"]
    reached = f"is reached with {count(enough.iloc[0])}" if len(enough) else "is not reached"
    return f"{name + ': ' if name else ''}{' to '.join(dict.fromkeys(ends))}; {target:.0%} {reached}."


def _methods(named: Mapping[str, pd.DataFrame]) -> list[str]:
    return [str(curve["method"].iloc[0]) for curve in named.values()]


def _check(named: Mapping[str, pd.DataFrame], to: str | Path | None) -> None:
    problems: list[str] = []
    for name, curve in named.items():
        missing = [column for column in NEEDED if column not in curve]
        if missing or curve.empty:
            problems.append(
                f"{name or 'curves'}: this is no frame of power_curve (without {', '.join(missing) or 'rows'})."
            )
    if not 1 <= len(named) <= len(LINES):
        problems.append(f"curves: found {len(named)}. One to {len(LINES)} lines can be told apart.")
    if (
        not problems
        and len({(one["size"].iloc[0], one["effect"].iloc[0], one["target"].iloc[0]) for one in named.values()}) > 1
    ):
        problems.append("curves: what varies, the effect and the power wanted must be the same in all of them.")
    if to is not None and Path(to).suffix not in (".svg", ".png"):
        problems.append(f"{to}: a plot is written as .svg or .png. Give the file one of these endings.")
    if problems:
        raise ReportError("The power cannot be drawn.", problems=problems)
