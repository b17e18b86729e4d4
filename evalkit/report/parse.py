"""A Quarto template as a list of prose and cells, each with the file and line it comes from."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from evalkit.errors import ReportError

FENCE = re.compile(r"^(?P<indent> {0,3})(?P<marks>`{3,}|~{3,})(?P<rest>.*)$")
CELL = re.compile(r"^\{(?P<language>[A-Za-z]\w*)(?P<extra>[^}]*)\}\s*$")
OPTION = re.compile(r"^\s*#\| ?(?P<text>.*)$")
INCLUDE = re.compile(r"^\s*\{\{<\s*include\s+(?P<path>\S+)\s*>\}\}\s*$")
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
INLINE = re.compile(r"(?<!`)`\{python\}\s+(?P<code>[^`]+?)\s*`(?!`)")
SHORTCODE = re.compile(r"\{\{<\s*(?P<name>[\w-]+)(?P<rest>[^>]*)>\}\}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: the file's name and the line, from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}"


@dataclass(frozen=True, slots=True)
class Prose:
    """Text between cells; `is_code` marks a fenced block that is shown and never run."""

    text: str
    place: Place
    is_code: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A fenced block that is run: its language, its `#|` options and its source (option lines blanked)."""

    language: str
    source: str
    options: Mapping[str, object]
    place: Place
    extra: str = ""

    @property
    def label(self) -> str:
        """The cell's label, or an empty text."""
        return str(self.options.get("label", ""))

    @property
    def is_parameters(self) -> bool:
        """Whether the cell is tagged as the one that holds the parameters."""
        tags = self.options.get("tags", ())
        return isinstance(tags, list) and "parameters" in tags

    def name(self) -> str:
        """How to name the cell in a message."""
        return f'{self.place.file}, cell "{self.label}"' if self.label else f"{self.place}, cell without a label"


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template."""

    path: Path
    front: Mapping[str, object]
    parts: tuple[Prose | Cell, ...]

    def cells(self) -> Iterator[Cell]:
        """The cells, in order."""
        return (part for part in self.parts if isinstance(part, Cell))

    def prose(self) -> Iterator[Prose]:
        """The prose that is not shown code, in order."""
        return (part for part in self.parts if isinstance(part, Prose) and not part.is_code)


@dataclass(slots=True)
class Reader:
    """Splits lines into parts; one per file."""

    file: str
    parts: list[Prose | Cell] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    start: int = 1

    def flush(self, next_line: int) -> None:
        """Close the prose gathered so far."""
        if any(line.strip() for line in self.pending):
            self.parts.append(Prose("\n".join(self.pending), Place(self.file, self.start)))
        self.pending = []
        self.start = next_line


def parse_template(path: Path) -> Template:
    """Read a `.qmd` template with the files that it includes.

    Raises
    ------
    ReportError
        The file is missing or not text, its YAML is broken, a fence is left open, or an included file is missing, lies
        outside the template's folder or includes itself.
    """
    text = read_text(path)
    front, body, line = split_front(text, path.name)
    parts = read_parts(body, line=line, path=path, root=path.parent.resolve(), seen=(path.resolve(),))
    return Template(path, front, tuple(parts))


def read_text(path: Path) -> str:
    """Read a text file, or say why not."""
    try:
        return path.read_text(encoding="utf-8-sig").replace("\r\n", "\n").replace("\t", "    ")
    except FileNotFoundError:
        raise ReportError(f"{path}: there is no such template. Give the path of a .qmd file.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ReportError(f"{path}: this template cannot be read as UTF-8 text ({type(error).__name__}).") from None


def split_front(text: str, file: str) -> tuple[Mapping[str, object], str, int]:
    """Separate the YAML front matter; returns it, the body and the line the body starts on."""
    lines = text.split("\n")
    if lines[0].strip() != "---":
        return {}, text, 1
    for end, line in enumerate(lines[1:], start=1):
        if line.strip() in ("---", "..."):
            return read_yaml("\n".join(lines[1:end]), Place(file, 2)), "\n".join(lines[end + 1 :]), end + 2
    raise ReportError(f"{file}, line 1: the front matter opens with --- and never closes. End it with a line of ---.")


def read_yaml(text: str, place: Place) -> Mapping[str, object]:
    """Read YAML that must be a mapping; `place` is that of its first line."""
    try:
        loaded = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = place.line + (mark.line if mark else 0)
        reason = getattr(error, "problem", None) or "cannot be read"
        raise ReportError(f"{place.file}, line {line}: this YAML is broken ({reason}). Write `key: value`.") from None
    if loaded is None:
        return {}
    if not isinstance(loaded, dict) or not all(isinstance(key, str) for key in loaded):
        raise ReportError(f"{place}: expected lines of `key: value`.")
    return loaded


def read_parts(body: str, *, line: int, path: Path, root: Path, seen: tuple[Path, ...]) -> list[Prose | Cell]:
    """Split a body into prose, shown code and cells, following includes."""
    body = COMMENT.sub(lambda found: "\n" * found.group().count("\n"), body)
    reader = Reader(path.name, start=line)
    lines = body.split("\n")
    at = 0
    while at < len(lines):
        fence, include = FENCE.match(lines[at]), INCLUDE.match(lines[at])
        if fence and (fence["marks"][0] == "~" or "`" not in fence["rest"]):
            end = fence_end(lines, at, fence["marks"], place=Place(path.name, line + at))
            reader.flush(line + end + 1)
            reader.parts.append(fenced(lines[at : end + 1], fence["rest"].strip(), Place(path.name, line + at)))
            at = end
        elif include:
            reader.flush(line + at + 1)
            reader.parts.extend(included(include["path"], Place(path.name, line + at), root=root, seen=seen))
        else:
            reader.pending.append(lines[at])
        at += 1
    reader.flush(line + at)
    return reader.parts


def fence_end(lines: list[str], at: int, marks: str, *, place: Place) -> int:
    """Index of the line that closes the fence opened at `at`."""
    for end in range(at + 1, len(lines)):
        closing = lines[end].strip()
        if len(closing) >= len(marks) and set(closing) == {marks[0]}:
            return end
    raise ReportError(f"{place}: this code block never closes. End it with a line of {marks}.")


def fenced(lines: list[str], rest: str, place: Place) -> Prose | Cell:
    """A fenced block: a cell when its braces name a language, else shown code."""
    header = CELL.match(rest)
    if not header:
        return Prose("\n".join(lines), place, is_code=True)
    source = lines[1:-1]
    options: list[str] = []
    for row, text in enumerate(source):
        option = OPTION.match(text)
        if not option:
            break
        options.append(option["text"])
        source[row] = ""
    return Cell(
        language=header["language"],
        source="\n".join(source),
        options=read_yaml("\n".join(options), Place(place.file, place.line + 1)),
        place=place,
        extra=header["extra"].strip(),
    )


def included(name: str, place: Place, *, root: Path, seen: tuple[Path, ...]) -> list[Prose | Cell]:
    """The parts of an included file, which must lie in the template's folder."""
    target = (root / name).resolve()
    if not target.is_relative_to(root):
        raise ReportError(f"{place}: {name} lies outside the template's folder. Include files from that folder only.")
    if target in seen:
        raise ReportError(f"{place}: {name} includes itself. Take the include out.")
    if not target.is_file():
        raise ReportError(f"{place}: the included file {name} is missing. Put it beside the template.")
    _, body, line = split_front(read_text(target), target.name)
    return read_parts(body, line=line, path=target, root=root, seen=(*seen, target))
