"""Who took part: two boxes for those who answered, three for how they were matched; the numbers add up."""

from evalkit.records.results import Results
from evalkit.report.blocks import Figure
from evalkit.report.figure_style import (
    AFTER,
    INK,
    NORMAL,
    QUIET,
    SMALL,
    blank,
    draw_title,
    finish,
    styled,
    title_height,
    title_lines,
)
from evalkit.report.numbers import count
from evalkit.report.rows import participation
from evalkit.report.words import flow_title
from evalkit.report.words_names import answered

ALT = (
    "{title}. {answered_pre} pupils {answered} before: {pre_only} of them only before and {linked} both times. "
    "{answered_post} {answered} after: {post_only} of them only after and {linked} both times."
)
BOXES = {
    "answered_pre": (0.00, 0.6, 0.46, "{answered} before"),
    "answered_post": (0.54, 0.6, 0.46, "{answered} after"),
    "pre_only": (0.00, 0.0, 0.29, "only before"),
    "linked": (0.355, 0.0, 0.29, "both times"),
    "post_only": (0.71, 0.0, 0.29, "only after"),
}
LINES = ((0.145, 0.145), (0.39, 0.43), (0.61, 0.57), (0.855, 0.855))  # from the upper boxes down to the lower ones
BOX_HEIGHT = 0.36
DRAWN = 0.98  # inches


def flow_data(results: Results) -> dict[str, str]:
    """The numbers drawn."""
    return {step: count(number) for step, number in participation(results).items()}


def flow_figure(results: Results) -> Figure:
    """Draw the participant flow from the display `flow`."""
    numbers = flow_data(results)
    lines = title_lines(flow_title(results))
    height = DRAWN + title_height(lines)
    with styled():
        from matplotlib.patches import FancyBboxPatch

        figure = blank(height)
        draw_title(figure, lines)
        axes = figure.add_axes((0.005, 0.01, 0.99, DRAWN / height - 0.02))
        axes.set(xlim=(-0.005, 1.005), ylim=(-0.02, DRAWN + 0.02))
        axes.axis("off")
        for ends in LINES:
            axes.plot(ends, (BOXES["answered_pre"][1], BOX_HEIGHT), color=QUIET, linewidth=1.1, zorder=1)
        for step, (left, bottom, width, label) in BOXES.items():
            main = step == "linked"
            box = FancyBboxPatch(
                (left, bottom), width, BOX_HEIGHT, boxstyle="round,pad=0,rounding_size=0.02", mutation_aspect=5,
                facecolor=AFTER if main else "white", edgecolor=AFTER if main else QUIET, linewidth=1.2, zorder=2,
            )  # fmt: skip
            axes.add_patch(box)
            colour = "white" if main else INK
            middle = left + width / 2
            few = numbers[step].startswith("fewer")
            between = "\n" if few else " "
            words = f"{numbers[step]}{between}{label.format(answered=answered(results))}"
            axes.text(
                middle, bottom + BOX_HEIGHT / 2, words, ha="center", va="center", color=colour,
                fontsize=SMALL if few else NORMAL + 1, fontweight="bold" if main else "normal", linespacing=1.05,
            )  # fmt: skip
        alt = ALT.format(title=flow_title(results), answered=answered(results), **numbers)
        return finish(figure, alt=alt, caption="")
