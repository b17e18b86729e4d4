"""How each question was answered before and after: bars that part at the middle of the answer scale."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalkit.records.results import Results
from evalkit.report.blocks import Figure
from evalkit.report.figure_style import (
    INK,
    QUIET,
    RULE,
    SMALL,
    bare,
    blank,
    draw_title,
    finish,
    styled,
    title_height,
    title_lines,
)
from evalkit.report.numbers import fixed, known, percent
from evalkit.report.words_names import wave_word

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PAIR, TOP, BOTTOM = 0.58, 0.05, 0.45  # inches
LEFT = 0.12  # share of the width that the names of the waves take
BARS = {"before": -0.03, "after": 0.27}
LOWER, MIDDLE, UPPER = ("#c79abf", "#7a2e6e"), "#d5d9e0", ("#8fb5d9", "#1f4e79")
HATCHES = {"lower": "\\\\\\\\", "across": "", "upper": ""}
SHOW_FROM, SHOW_CODES_FROM = 8.0, 22.0  # percent; narrower pieces carry no text, or the share alone
CAPTION = (
    "Answers before and after, of the pupils who answered both times. Upper answers lie to the right of the line, a "
    "middle answer across it. Where few pupils gave an answer, it is put together with its neighbour (“1–2” means 1 "
    "and 2)."
)
TITLE = "{label}: upper answers became more common on {more} of {all} questions and less common on {less}"
TITLE_HIDDEN = "{label}: answers to each question"
LOWER_SIDE, UPPER_SIDE = "◀ lower answers (“{low}”)", "upper answers (“{high}”) ▶"


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a bar: answers from `low` to `high`, their share in percent (NaN: not shown)."""

    item: str
    label: str
    wave: str
    low: int
    high: int
    share: float
    n: float


def answers_data(results: Results, scale: str) -> tuple[Piece, ...]:
    """The pieces drawn, in order. One piece that holds every answer tells nothing and counts as not shown."""
    frame = results.displays["answers"]
    frame = frame[frame["scale"] == scale]
    grouped = "answer_low" in frame.columns
    low, high, share = ("answer_low", "answer_high", "group_percent") if grouped else ("answer", "answer", "percent")
    codes = (frame["answer"].min(), frame["answer"].max())
    return tuple(
        Piece(
            str(row["item"]), str(row["label"]), wave_word(results, str(row["wave"])), int(row[low]), int(row[high]),
            float("nan") if (row[low], row[high]) == codes else float(row[share]), float(row["n"]),
        )
        for row in frame.drop_duplicates(["item", "wave", low]).to_dict("records")
    )  # fmt: skip


def middle_of(results: Results, scale: str) -> float:
    """The middle of a scale's answers."""
    frame = results.displays["answers"]
    codes = frame[frame["scale"] == scale]["answer"]
    return (float(codes.min()) + float(codes.max())) / 2


def answers_figure(results: Results, scale: str) -> Figure | None:
    """Draw the display `answers` for one scale; None when no question may be shown."""
    pieces = answers_data(results, scale)
    if not any(known(piece.share) for piece in pieces):
        return None
    middle = middle_of(results, scale)
    labels = list(dict.fromkeys((piece.item, piece.label) for piece in pieces))
    title = answers_title(results, scale)
    lines = title_lines(title)
    drawn = TOP + PAIR * len(labels) + BOTTOM
    height = drawn + title_height(lines)
    with styled():
        figure = blank(height)
        draw_title(figure, lines)
        axes = figure.add_axes((LEFT, BOTTOM / height, 0.98 - LEFT, (drawn - BOTTOM) / height))
        bare(axes)
        limit = _limit(pieces, middle)
        axes.set(xlim=(-limit, limit), ylim=(len(labels) - 0.45, -0.55), yticks=[])
        axes.axvline(0, color=INK, linewidth=1.0, zorder=4)
        for row, (item, label) in enumerate(labels):
            _draw_item(axes, [piece for piece in pieces if piece.item == item], row, label, middle)
        axes.set_xticks([-50, 0, 50], ["50%", "0", "50%"])
        axes.tick_params(axis="x", colors=QUIET)
        low_text, high_text = answer_ends(results, scale)
        for place, side, text in (
            (0.0, "left", LOWER_SIDE.format(low=low_text)),
            (1.0, "right", UPPER_SIDE.format(high=high_text)),
        ):
            figure.text(place, 0.0, text, ha=side, va="bottom", fontsize=SMALL)
        return finish(figure, alt=_alt(title, pieces, labels, middle), caption=CAPTION)


def _draw_item(axes: "Axes", pieces: list[Piece], row: int, label: str, middle: float) -> None:
    """One question: its name, and a bar for each wave."""
    beside = axes.get_yaxis_transform()
    start = -LEFT / (0.98 - LEFT)
    axes.text(start, row - 0.36, label, transform=beside, va="center", ha="left", fontweight="bold", zorder=6)
    for wave, shift in BARS.items():
        name = {"va": "center", "ha": "right", "fontsize": SMALL, "color": QUIET}
        axes.text(-0.01, row + shift, wave, transform=beside, **name)
        _draw_bar(axes, [piece for piece in pieces if piece.wave == wave], row + shift, middle)


def side_of(piece: Piece, middle: float) -> str:
    """Where a piece is drawn: left of the line, right of it, or across it, by the mean of its answers."""
    mean = (piece.low + piece.high) / 2
    return "across" if mean == middle else "lower" if mean < middle else "upper"


def upper_shares(pieces: tuple[Piece, ...], middle: float) -> dict[str, dict[str, float]]:
    """Item -> wave -> share of answers right of the line, for the questions shown both times."""
    shares: dict[str, dict[str, float]] = {}
    for piece in pieces:
        waves = shares.setdefault(piece.item, {"before": 0.0, "after": 0.0})
        waves[piece.wave] += piece.share if side_of(piece, middle) == "upper" or not known(piece.share) else 0.0
    return {item: waves for item, waves in shares.items() if all(known(share) for share in waves.values())}


def answers_title(results: Results, scale: str) -> str:
    """The finding: on how many questions upper answers became more, or less, common."""
    outcome = next(one for one in results.plan.outcomes if one.scale == scale)
    shares = upper_shares(answers_data(results, scale), middle_of(results, scale))
    more = sum(waves["after"] > waves["before"] for waves in shares.values())
    less = sum(waves["after"] < waves["before"] for waves in shares.values())
    if not shares:
        return TITLE_HIDDEN.format(label=outcome.label)
    return TITLE.format(label=outcome.label, more=more or "none", less=less or "none", all=len(shares))


def _draw_bar(axes: "Axes", bar: list[Piece], height: float, middle: float) -> None:
    if not bar or not all(known(piece.share) for piece in bar):
        low, high = axes.get_xlim()
        axes.barh(
            [height],
            [high - low],
            left=[low],
            height=0.28,
            color="white",
            edgecolor=RULE,
            linewidth=0.9,
            linestyle=(0, (3, 2)),
        )
        axes.text(
            0, height, "c (not shown)", ha="center", va="center", fontsize=SMALL, zorder=6,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )  # fmt: skip
        return
    left = start_of(bar, middle)
    for piece in (one for one in bar if one.share > 0):
        colour = _colour(piece, bar, middle)
        axes.barh(
            [height], [piece.share], left=[left], height=0.28, color=colour, edgecolor="white",
            hatch=HATCHES[side_of(piece, middle)], linewidth=0.7, zorder=3,
        )  # fmt: skip
        if piece.share >= SHOW_FROM:
            dark = colour in (LOWER[1], UPPER[1])
            axes.text(
                left + piece.share / 2, height, _piece_text(piece), ha="center", va="center", fontsize=SMALL, zorder=5,
                color="white" if dark else INK, bbox={"facecolor": colour, "edgecolor": "none", "pad": 0.1},
            )  # fmt: skip
        left += piece.share


def start_of(bar: list[Piece], middle: float) -> float:
    """Where a bar begins, so that its lower pieces end at the line and a piece across it is halved by it."""
    weights = {"lower": 1.0, "across": 0.5, "upper": 0.0}
    return -sum(piece.share * weights[side_of(piece, middle)] for piece in bar)


def _piece_text(piece: Piece) -> str:
    share = percent(piece.share, n=piece.n)
    codes = str(piece.low) if piece.low == piece.high else f"{piece.low}–{piece.high}"
    return f"{codes}: {share}" if piece.share >= SHOW_CODES_FROM else share


def _colour(piece: Piece, bar: list[Piece], middle: float) -> str:
    side = side_of(piece, middle)
    if side == "across":
        return MIDDLE
    if side == "upper":
        return UPPER[1] if piece.high == max(one.high for one in bar if one.share > 0) else UPPER[0]
    return LOWER[1] if piece.low == min(one.low for one in bar if one.share > 0) else LOWER[0]


def _limit(pieces: tuple[Piece, ...], middle: float) -> float:
    """How far the axis reaches to both sides, in percent."""
    reach = [50.0]
    for item, wave in dict.fromkeys((piece.item, piece.wave) for piece in pieces):
        bar = [piece for piece in pieces if (piece.item, piece.wave) == (item, wave)]
        if all(known(piece.share) for piece in bar):
            start = start_of(bar, middle)
            reach += [-start, start + sum(piece.share for piece in bar)]
    return 1.03 * max(reach)


def answer_ends(results: Results, scale: str) -> tuple[str, str]:
    """The words of the lowest and the highest answer."""
    outcome = next(one for one in results.plan.outcomes if one.scale == scale)
    anchors = results.instruments[outcome.instrument].get("anchors") or {}
    frame = results.displays["answers"]
    codes = frame[frame["scale"] == scale]["answer"]
    low, high = (str(anchors.get(str(int(code)), int(code))) for code in (codes.min(), codes.max()))
    return low, high


def _alt(title: str, pieces: tuple[Piece, ...], labels: list[tuple[str, str]], middle: float) -> str:
    shares = upper_shares(pieces, middle)
    texts = [
        f"{label}: {fixed(shares[item]['before'], 0)}% before, {fixed(shares[item]['after'], 0)}% after"
        if item in shares
        else f"{label}: not shown"
        for item, label in labels
    ]
    return f"{title}. Share of upper answers. {'; '.join(texts)}."
