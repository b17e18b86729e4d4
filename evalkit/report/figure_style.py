"""One look for every figure: width, type sizes, colours, and how titles break into lines."""

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any

from evalkit.report.blocks import Figure
from evalkit.report.brand import PALETTE
from evalkit.report.figure_svg import lighten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as MatplotlibFigure

WIDTH = 5.6  # inches; a page sets figures about 6.6 inches wide, so that 9 points print as 10.6
SMALL, NORMAL, TITLE = 8.5, 9.0, 10.0
LETTERS_IN_TITLE = 70
BEFORE, AFTER, QUIET, INK, RULE = PALETTE["sky"], PALETTE["primary"], PALETTE["grey"], PALETTE["ink"], PALETTE["rule"]
BEFORE_HATCH = "////"


@contextmanager
def styled() -> Iterator[None]:
    """Settings that make a figure look the same on every computer."""
    import matplotlib as mpl

    settings: dict[Any, Any] = {
        "font.family": ["DejaVu Sans"],
        "font.size": NORMAL,
        "text.color": INK,
        "axes.edgecolor": RULE,
        "axes.labelcolor": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "xtick.color": INK,
        "ytick.color": INK,
        "xtick.labelsize": SMALL,
        "ytick.labelsize": SMALL,
        "hatch.linewidth": 0.6,
        "axes.unicode_minus": True,
        "path.simplify": False,
        "svg.hashsalt": "evalkit",
    }
    with mpl.rc_context(settings):
        yield


def blank(height: float) -> "MatplotlibFigure":
    """A figure of the common width that keeps its full width when it is cut to its content."""
    from matplotlib.figure import Figure as Canvas
    from matplotlib.patches import Rectangle

    figure = Canvas(figsize=(WIDTH, height))
    figure.add_artist(Rectangle((0, 0), 1, 1, transform=figure.transFigure, fill=False, linewidth=0, edgecolor="none"))
    return figure


def title_lines(title: str, *, letters: int = LETTERS_IN_TITLE) -> list[str]:
    """A title broken into lines that fit and are about equally long, so that no word is left alone."""
    lines = textwrap.wrap(title, letters)
    width = letters
    while width > 20 and len(textwrap.wrap(title, width - 1)) == len(lines):
        width -= 1
    return textwrap.wrap(title, width)


def draw_title(figure: "MatplotlibFigure", lines: list[str]) -> None:
    """Set the title at the top left."""
    figure.text(
        0.0,
        1.0,
        "\n".join(lines),
        fontsize=TITLE,
        fontweight="bold",
        va="top",
        ha="left",
        linespacing=1.25,
        color=AFTER,
    )


def title_height(lines: list[str]) -> float:
    """Inches that a title takes, with the space under it."""
    return 0.18 * len(lines) + 0.08


def bare(axes: "Axes") -> None:
    """Take away the frame and the ticks."""
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0)


def finish(figure: "MatplotlibFigure", *, alt: str, caption: str) -> Figure:
    """Draw a figure as SVG, with text as text so that it stays small; the same bytes each time."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    vector = BytesIO()
    undated = {"Date": None, "Creator": None}
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "evalkit"}):
        # Cut to its content; the other canvas knows how wide text is.
        cut = figure.get_tightbbox(FigureCanvasAgg(figure).get_renderer()).padded(0.02)
        FigureCanvasSVG(figure).print_figure(vector, format="svg", metadata=undated, bbox_inches=cut)
    return Figure(svg=lighten(vector.getvalue()), alt=alt, caption=caption)
