"""The static document: a `.qmd` without code, and its figure files. Both layouts start from it."""

import html
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import yaml

from evalkit.errors import ReportError
from evalkit.report.blocks import Block, Div, Figure, Markdown, Table
from evalkit.report.execute import CellOutput, Executed
from evalkit.report.figure_png import draw_dots
from evalkit.report.lint import IMAGE
from evalkit.report.parse import SHORTCODE, Prose

Format = Literal["html", "pdf", "docx"]
FRONT = ("title", "subtitle", "author", "date", "description", "keywords", "number-sections", "one-page")
LANGUAGE = "en-GB"
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
SVG_ID = re.compile(r'\bid="([^"]+)"')
SVG_LINK = re.compile(r'(="#|url\(#)([^")]+)')
REFERENCE = re.compile(r"(?<![\w\\`@])@((?:fig|tbl|sec)-[a-z0-9-]*[a-z0-9])")
TARGET = re.compile(r"\{[^}]*#((?:fig|tbl|sec)-[a-z0-9-]+)[^}]*\}")
SHOWN_CODE = re.compile(r"^(`{3,}|~{3,}).*?^\1[`~]*\s*$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
PROLOGUE = re.compile(rb"<\?xml.*?\?>|<!DOCTYPE.*?>|<metadata>.*?</metadata>|<!--.*?-->", re.DOTALL)


@dataclass(frozen=True, slots=True)
class StaticDoc:
    """A finished document for one format.

    Parameters
    ----------
    text : str
        Quarto markdown with YAML front matter and no code to run.
    files : mapping of str to bytes
        What the text refers to, by path relative to it.
    fmt : "html", "pdf" or "docx"
    day : date or None
        The document's date, which stands for the time of making.
    name : str
        The template's name, for messages.
    """

    text: str
    files: Mapping[str, bytes]
    fmt: Format
    day: date | None
    name: str


@dataclass(slots=True)
class Writer:
    """Writes parts as markdown and gathers the files they need."""

    fmt: Format
    name: str
    files: dict[str, bytes] = field(default_factory=dict)
    in_dots: dict[str, bytes] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    unlabelled: int = 0

    def cell(self, output: CellOutput, *, echo: bool) -> str:
        """What a cell shows: its code if echoed, then its blocks."""
        options = output.cell.options
        if not options.get("include", True) or output.cell.is_parameters:
            return ""
        shown = [self.echo(output)] if echo else []
        if options.get("output", True):
            shown.extend(self.outputs(output))
        columns = options.get("layout-ncol")
        text = "\n\n".join(shown)
        return f"::: {{layout-ncol={columns}}}\n{text}\n:::" if columns and text else text

    def echo(self, output: CellOutput) -> str:
        """The cell's code."""
        return f"```{{.python}}\n{output.cell.source.strip()}\n```"

    def outputs(self, output: CellOutput) -> Iterator[str]:
        """The cell's blocks; a labelled figure or table must be the only one of its kind."""
        label = output.cell.label
        for prefix, kind, word in (("fig-", Figure, "figure"), ("tbl-", Table, "table")):
            count = sum(isinstance(block, kind) for block in output.blocks)
            if label.startswith(prefix) and count != 1:
                self.problems.append(f"{output.cell.name()} gives {count} {word}s. A cell labelled {prefix} gives one.")
        for block in output.blocks:
            yield self.block(block, output)

    def block(self, block: Block, output: CellOutput) -> str:
        """A block as markdown."""
        if isinstance(block, Markdown):
            return block.text
        if isinstance(block, Div):
            inner = "\n\n".join(self.block(item, output) for item in block.content)
            colons = ":" * (3 + depth(block))
            return f"{colons} {{.{block.name}}}\n{inner}\n{colons}"
        if isinstance(block, Figure):
            return self.figure(block, output)
        return self.table(block, output)

    def figure(self, block: Figure, output: CellOutput) -> str:
        """A figure and its file."""
        label = output.cell.label
        alt = " ".join((output.captions.get("fig-alt") or block.alt).split())
        caption = output.captions.get("fig-cap") or block.caption
        if not alt:
            self.problems.append(
                f"{output.cell.name()}: its figure has no words for those who cannot see it. Add `#| fig-alt:`."
            )
        if label.startswith("fig-") and not caption:
            self.problems.append(f"{output.cell.name()}: its figure has no caption. Add `#| fig-cap:`.")
        self.unlabelled += not label.startswith("fig-")
        name = label if label.startswith("fig-") else f"figure-{self.unlabelled}"
        path = f"figures/{name}.{'png' if self.fmt == 'docx' else 'svg'}"
        if self.fmt == "docx":
            self.in_dots[path] = block.svg
        else:
            self.files[path] = tidy_svg(block.svg, name=name, alt=alt)
        image = f"![]({path}){{fig-alt={quoted(alt)}}}"
        if not caption:
            return image
        anchor = f"#{label}" if label.startswith("fig-") else ".figure"
        return f"::: {{{anchor}}}\n{image}\n\n{caption}\n:::"

    def table(self, block: Table, output: CellOutput) -> str:
        """A table with its caption."""
        label = output.cell.label
        caption = output.captions.get("tbl-cap") or block.caption
        if not caption:
            self.problems.append(f"{output.cell.name()}: its table has no caption. Add `#| tbl-cap:`.")
        widths = output.cell.options.get("tbl-colwidths") or list(block.widths)
        anchor = f"#{label}" if label.startswith("tbl-") else ".table"
        size = f' tbl-colwidths="{list_text(widths)}"' if widths else ""
        return f"::: {{{anchor}{size}}}\n{block.markdown}\n\n{caption}\n:::"


def static_document(executed: Executed, fmt: Format) -> StaticDoc:
    """Write an executed template as a static document for one format.

    Raises
    ------
    ReportError
        A figure without alternative text or caption, a picture that is missing, a reference to nothing: all at once.
    """
    writer = Writer(fmt, executed.template.path.name)
    front = {"lang": LANGUAGE} | {key: executed.front[key] for key in FRONT if executed.front.get(key) is not None}
    day = read_day(front.get("date"))
    if "date" in front:
        front["date"] = spoken(day) if day else str(front["date"])
    texts = [part_text(part, writer, executed) for part in executed.parts]
    body = fill_shortcodes("\n\n".join(text for text in texts if text.strip()), executed.front, writer)
    copy_pictures(body, executed, writer)
    writer.problems.extend(reference_problems(body, writer.name))
    if writer.problems:
        raise ReportError(f"{writer.name} cannot be laid out:", problems=writer.problems)
    writer.files |= dict(zip(writer.in_dots, draw_dots(list(writer.in_dots.values())), strict=True))
    head = yaml.safe_dump({**front, "engine": "markdown"}, allow_unicode=True, sort_keys=False, width=10_000)
    return StaticDoc(f"---\n{head}---\n\n{body}\n", writer.files, fmt, day, writer.name)


def read_day(value: object) -> date | None:
    """A front matter date as a day; None when it is written in words."""
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None


def spoken(day: date) -> str:
    """A day as people write it, such as 14 July 2026, whatever the computer's language."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def part_text(part: Prose | CellOutput, writer: Writer, executed: Executed) -> str:
    """A part as markdown."""
    if isinstance(part, Prose):
        return part.text
    execute = executed.front.get("execute")
    default = execute.get("echo", False) if isinstance(execute, dict) else False
    return writer.cell(part, echo=bool(part.cell.options.get("echo", default)))


def fill_shortcodes(body: str, front: Mapping[str, object], writer: Writer) -> str:
    """Fill in `meta` and turn `pagebreak` into a box."""

    def fill(found: re.Match[str]) -> str:
        if found["name"] == "pagebreak":
            return "\n\n::: {.pagebreak}\n:::\n\n"
        if found["name"] != "meta":
            return found.group()
        value = front.get(found["rest"].strip())
        if value is None:
            writer.problems.append(f"{writer.name}: {found.group()} names nothing in the front matter.")
        return str(value)

    return outside_code(body, lambda text: SHORTCODE.sub(fill, text))


def outside_code(body: str, change: Callable[[str], str]) -> str:
    """Apply a change to the text that is not shown as code."""
    pieces: list[str] = []
    end = 0
    for code in SHOWN_CODE.finditer(body):
        pieces.extend((change(body[end : code.start()]), code.group()))
        end = code.end()
    return "".join((*pieces, change(body[end:])))


def reference_problems(body: str, name: str) -> Iterator[str]:
    """References to a figure, table or section that is not there."""
    text = SHOWN_CODE.sub("", body)
    targets = Counter(TARGET.findall(text))
    for target, count in targets.items():
        if count > 1:
            yield f"{name}: the label {target} is used {count} times. Give each figure, table and section its own."
    for reference in dict.fromkeys(REFERENCE.findall(text)):
        if reference not in targets:
            has = ", ".join(f"@{target}" for target in sorted(targets)) or "none"
            yield f"{name}: @{reference} refers to nothing. The document has: {has}."


def copy_pictures(body: str, executed: Executed, writer: Writer) -> None:
    """Take along the pictures that lie beside the template."""
    root = executed.template.path.parent.resolve()
    for image in IMAGE.finditer(SHOWN_CODE.sub("", body)):
        target = image["target"]
        if target in writer.files or target in writer.in_dots:
            continue
        path = (root / target).resolve()
        if not path.is_relative_to(root) or not path.is_file():
            writer.problems.append(f"{writer.name}: the picture {target} is missing. Put it in the template's folder.")
        else:
            data = path.read_bytes()
            alt = image["alt"] or " ".join(re.findall(r'fig-alt="([^"]*)"', image["attributes"] or ""))
            writer.files[target] = tidy_svg(data, name=path.stem, alt=alt) if path.suffix == ".svg" else data


def tidy_svg(svg: bytes, *, name: str, alt: str) -> bytes:
    """Make an SVG fit to stand inside a page: no prologue, ids of its own, a name for screen readers."""
    text = PROLOGUE.sub(b"", svg).decode("utf-8").strip()
    known = set(SVG_ID.findall(text))
    text = SVG_ID.sub(lambda found: f'id="{name}-{found[1]}"', text)
    text = SVG_LINK.sub(lambda found: f"{found[1]}{name}-{found[2]}" if found[2] in known else found[0], text)
    label = html.escape(alt, quote=True)
    opening = f'<svg role="img" aria-label="{label}" focusable="false" '
    return re.sub(r"<svg\s+", lambda _: opening, text, count=1).encode("utf-8")


def quoted(text: str) -> str:
    """Text as the value of a markdown attribute."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def list_text(widths: object) -> str:
    """Column widths as Quarto writes them, such as `[40,60]`."""
    values = widths if isinstance(widths, (list, tuple)) else str(widths).strip("[]").split(",")
    return "[" + ",".join(str(value).strip() for value in values) + "]"


def depth(block: Block) -> int:
    """How many boxes a block holds inside one another; the outer fence needs more colons."""
    return 1 + max((depth(item) for item in block.content), default=0) if isinstance(block, Div) else 0
