"""How staff answered: bars that part where agreeing begins, a bar for each occasion."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalkit.records.results import Results
from evalkit.report.blocks import Figure
from evalkit.report.figure_style import (
    INK,
    QUIET,
    SMALL,
    bare,
    blank,
    draw_title,
    finish,
    styled,
    title_height,
    title_lines,
)
from evalkit.report.numbers import percent
from evalkit.report.rows import records
from evalkit.report.staff_answers import last_wave, questions
from evalkit.report.words_feedback import MOST_AGREED, MOST_OF_SHOWN

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEAD, BAR, TOP, BOTTOM = 0.26, 0.25, 0.05, 0.52  # inches
OTHERS, AGREES = ("#c79abf", "#7a2e6e"), ("#8fb5d9", "#1f4e79")
HATCH = "\\\\"
SHOW_FROM, SHOW_CODES_FROM = 9.0, 20.0
CAPTION = (
    "Right of the line: those who agreed. Left: those who did not, the middle answer among them. Where few people gave "
    "an answer it is put together with its neighbour (“1–3” means 1, 2 and 3). Questions that may not be shown are "
    "left out."
)


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a bar: answers from `low` to `high`, and their share in percent."""

    outcome: str
    label: str
    wave: str
    low: int
    high: int
    share: float
    n: float
    agrees: bool


def feedback_pieces(results: Results) -> tuple[Piece, ...]:
    """The pieces drawn, in order."""
    if "answers" not in results.displays:
        return ()
    waves = {one.id: one.label for one in results.plan.waves}
    return tuple(
        Piece(
            str(row["outcome"]), str(row["label"]), waves[row["wave"]], int(row["answer_low"]), int(row["answer_high"]),
            float(row["group_percent"]), float(row["n"]), row["agrees"] == 1,
        )
        for row in records(results.displays["answers"])
    )  # fmt: skip


def feedback_figure(results: Results) -> Figure | None:
    """Draw how every question was answered; None when none may be shown."""
    pieces = feedback_pieces(results)
    if not pieces:
        return None
    title = feedback_title(results, pieces)
    lines = title_lines(title)
    bars = [(outcome, list(dict.fromkeys(one.wave for one in pieces if one.outcome == outcome)))
            for outcome in dict.fromkeys(one.outcome for one in pieces)]  # fmt: skip
    body = TOP + sum(HEAD + BAR * len(waves) for _, waves in bars) + BOTTOM
    height = body + title_height(lines)
    with styled():
        figure = blank(height)
        draw_title(figure, lines)
        left = 0.16
        axes = figure.add_axes((left, BOTTOM / height, 0.97 - left, (body - BOTTOM) / height))
        bare(axes)
        reach = _reach(pieces)
        axes.set(xlim=(-reach[0], reach[1]), ylim=(body - BOTTOM - TOP, 0), yticks=[])
        axes.axvline(0, color=INK, linewidth=1.0, zorder=4)
        place = 0.0
        for outcome, waves in bars:
            mine = [one for one in pieces if one.outcome == outcome]
            axes.text(-left / (0.97 - left), place + HEAD / 2, mine[0].label, va="center", fontweight="bold",
                      transform=axes.get_yaxis_transform(), zorder=6)  # fmt: skip
            for number, wave in enumerate(waves):
                bar = [one for one in mine if one.wave == wave]
                _draw_bar(axes, bar, place + HEAD + BAR * (number + 0.4))
            place += HEAD + BAR * len(waves)
        ticks = [tick for tick in (-100, -75, -50, -25, 0, 25, 50, 75, 100) if -reach[0] <= tick <= reach[1]]
        axes.set_xticks(ticks, [f"{abs(tick)}%" if tick else "0" for tick in ticks])
        axes.tick_params(axis="x", colors=QUIET)
        figure.text(0.0, 0.0, "◀ did not agree", ha="left", va="bottom", fontsize=SMALL)
        figure.text(1.0, 0.0, "agreed ▶", ha="right", va="bottom", fontsize=SMALL)
        return finish(figure, alt=_alt(title, pieces), caption=CAPTION)


def feedback_title(results: Results, pieces: Sequence[Piece]) -> str:
    """The finding: where most and least agreed at the last occasion."""
    labels = {one.id: one.label for one in results.plan.waves}
    last = labels[last_wave(results)]
    shares = _agreed([one for one in pieces if one.wave == last] or pieces)
    most, least = max(shares, key=lambda name: shares[name]), min(shares, key=lambda name: shares[name])
    if len(shares) == 1:
        return f"{most}: {percent(shares[most], n=None)} agreed"
    asked = {one.outcome for one in questions(results, wave=last_wave(results)) if one.kind == "agreement"}
    all_shown = len(asked) == len(shares)
    told = MOST_AGREED if all_shown else MOST_OF_SHOWN
    return f"{told}: {most} ({percent(shares[most], n=None)}). Least: {least} ({percent(shares[least], n=None)})"


def _agreed(pieces: Sequence[Piece]) -> dict[str, float]:
    shares = dict.fromkeys((one.label for one in pieces), 0.0)
    for one in pieces:
        shares[one.label] += one.share if one.agrees else 0.0
    return shares


def _reach(pieces: Sequence[Piece]) -> tuple[float, float]:
    """How far the axis goes to the left and to the right, in percent."""
    sides = {True: [25.0], False: [25.0]}
    for key in {(one.outcome, one.wave) for one in pieces}:
        for agrees in (True, False):
            mine = [one.share for one in pieces if (one.outcome, one.wave) == key and one.agrees == agrees]
            sides[agrees].append(sum(mine))
    return 1.03 * max(sides[False]), 1.03 * max(sides[True])


def _draw_bar(axes: "Axes", bar: Sequence[Piece], height: float) -> None:
    axes.text(-0.01, height, bar[0].wave, transform=axes.get_yaxis_transform(), ha="right", va="center",
              fontsize=SMALL, color=QUIET)  # fmt: skip
    for agrees in (False, True):
        mine = [one for one in bar if one.agrees == agrees]
        start = 0.0 if agrees else -sum(one.share for one in mine)
        for number, one in enumerate(mine):
            dark = len(mine) > 1 and number == (len(mine) - 1 if agrees else 0)
            colour = (AGREES if agrees else OTHERS)[int(dark)]
            axes.barh([height], [one.share], left=[start], height=BAR * 0.78, color=colour, edgecolor="white",
                      linewidth=0.7, hatch=HATCH if dark and not agrees else "", zorder=3)  # fmt: skip
            if one.share >= SHOW_FROM:
                axes.text(
                    start + one.share / 2, height, _text(one), ha="center", va="center", fontsize=SMALL, zorder=5,
                    color="white" if dark else INK, bbox={"facecolor": colour, "edgecolor": "none", "pad": 1.0},
                )  # fmt: skip
            start += one.share


def _text(one: Piece) -> str:
    share = percent(one.share, n=one.n)
    codes = str(one.low) if one.low == one.high else f"{one.low}–{one.high}"
    return f"{codes}: {share}" if one.share >= SHOW_CODES_FROM else share


def _alt(title: str, pieces: Sequence[Piece]) -> str:
    texts: list[str] = []
    for label in dict.fromkeys(one.label for one in pieces):
        mine = [one for one in pieces if one.label == label]
        shares = [
            f"{percent(sum(one.share for one in mine if one.wave == wave and one.agrees), n=None)} ({wave})"
            for wave in dict.fromkeys(one.wave for one in mine)
        ]
        texts.append(f"{label}: {', '.join(shares)}")
    return f"{title}. Share who agreed. {'; '.join(texts)}."
