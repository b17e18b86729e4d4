"""What a template cell can hand to the page: markdown, a figure, a table, or a box of these.

A cell's last expression is a `str` (markdown), a block, a list of blocks, or an object whose method `_evalkit_block_()`
returns a block. Blocks carry finished content only, so that every layout shows the same thing.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from evalkit.errors import ReportError

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MatplotlibFigure

BoxName = Literal["answer", "facts", "fact", "checks", "note", "next-steps", "small-print"]
Rating = Literal["good", "fair", "poor", "unknown"]


@dataclass(frozen=True, slots=True)
class Markdown:
    """Text in Quarto's markdown, shown as it is."""

    text: str

    def _repr_markdown_(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture with the words that replace it.

    Parameters
    ----------
    svg : bytes
        The picture; Word gets it in dots, see `figure_png`.
    alt : str
        What the picture shows, in a sentence or two, made from the data.
    caption : str
        Shown under the picture unless the cell has the option `fig-cap`.
    """

    svg: bytes
    alt: str
    caption: str = ""

    def _repr_svg_(self) -> str:
        return self.svg.decode("utf-8")


@dataclass(frozen=True, slots=True)
class Table:
    """A table as a markdown pipe table, with its caption unless the cell has the option `tbl-cap`.

    `widths` are relative column widths (any positive numbers, one per column); empty: from the lengths of the cells.
    """

    markdown: str
    caption: str = ""
    widths: tuple[float, ...] = ()

    def _repr_markdown_(self) -> str:
        return self.markdown


@dataclass(frozen=True, slots=True)
class Div:
    """A box that the theme knows, such as `answer` or `facts`, around other blocks."""

    name: BoxName
    content: "tuple[Block, ...]"


Block = Markdown | Figure | Table | Div


@runtime_checkable
class ShowsBlock(Protocol):
    """Anything that can turn itself into a block."""

    def _evalkit_block_(self) -> Block: ...


def answer(text: str) -> Div:
    """Put the one sentence that answers the question into the big box at the top."""
    return Div("answer", (Markdown(text),))


def facts(items: Sequence[tuple[str, str]]) -> Div:
    """Set (number, label) pairs side by side, such as `("52", "pupils answered twice")`; two to four read best."""
    return Div("facts", tuple(Div("fact", (Markdown(f"**{number}** {label}"),)) for number, label in items))


def checks(items: Sequence[tuple[str, Rating, str, str]]) -> Div:
    """List named checks: (name, level, the word shown for it, one sentence why).

    The word carries the meaning; the level only adds a colour.
    """
    lines = [f"- **{name}** [{word}]{{.rating .{level}}} {why}" for name, level, word, why in items]
    return Div("checks", (Markdown("\n".join(lines)),))


def note(text: str) -> Div:
    """Put a remark into a quiet box."""
    return Div("note", (Markdown(text),))


def next_steps(items: Sequence[str]) -> Div:
    """Number what to do next."""
    return Div("next-steps", (Markdown("\n".join(f"{rank}. {item}" for rank, item in enumerate(items, start=1))),))


def small_print(text: str) -> Div:
    """Set how the report was made in small type."""
    return Div("small-print", (Markdown(text),))


def pipe_table(header: Sequence[str], rows: Sequence[Sequence[str]], *, align: str) -> str:
    """Write a markdown pipe table; every cell is text and is escaped.

    Parameters
    ----------
    header : sequence of str
        One name per column, none empty (a screen reader reads them out).
    rows : sequence of sequences of str
        As many cells each as there are columns.
    align : str
        One letter per column: `l`, `r` or `c`. Numbers go right.

    Raises
    ------
    ReportError
        A header is empty, or a row or `align` has another length.
    """
    if not all(name.strip() for name in header):
        raise ReportError("A table has an empty column name. Name every column: screen readers read the names out.")
    if any(len(row) != len(header) for row in rows) or len(align) != len(header) or set(align) - set("lrc"):
        raise ReportError(f"A table has {len(header)} columns; every row and `align` ({align!r}) need as many.")
    rules = {"l": ":---", "r": "---:", "c": ":--:"}
    lines = [
        table_line([escape(name) for name in header]),
        table_line([rules[letter] for letter in align]),
        *(table_line([escape(cell) for cell in row]) for row in rows),
    ]
    return "\n".join(lines)


def table_line(cells: Sequence[str]) -> str:
    """Join cells to one line of a pipe table."""
    return "| " + " | ".join(cells) + " |"


SPECIAL = frozenset("\\`*_{}[]<>#+-=|~^@$&!")
LIST_START = re.compile(r"^(\(?\w{1,9})([.)])(?=\s|$)")


def escape(text: str) -> str:
    """Make text safe inside markdown: shown letter by letter, never read as markup, always one line."""
    flat = " ".join(text.split())
    marked = "".join(f"\\{letter}" if letter in SPECIAL else letter for letter in flat)
    if marked.startswith((":", "%")):
        return f"\\{marked}"
    return LIST_START.sub(r"\1\\\2", marked)


def from_matplotlib(figure: "MatplotlibFigure", *, alt: str, caption: str = "") -> Figure:
    """Draw a matplotlib figure as SVG, the same bytes each time, and close it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    alt : str
        What the picture shows; never empty.
    caption : str
    """
    import matplotlib as mpl
    from matplotlib import pyplot

    vector = BytesIO()
    undated: Mapping[str, None] = {"Date": None, "Creator": None}
    with mpl.rc_context({"svg.hashsalt": "evalkit", "svg.fonttype": "path"}):
        figure.savefig(vector, format="svg", metadata=dict(undated), bbox_inches="tight", pad_inches=0.03)
    pyplot.close(figure)
    return Figure(svg=vector.getvalue(), alt=alt, caption=caption)
