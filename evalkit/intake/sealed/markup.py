"""The XML of a workbook, piece by piece: no entities, no document types, nothing that nests or runs on without end."""

from collections.abc import Iterator
from typing import Protocol
from xml.parsers import expat
from zipfile import ZipFile

from evalkit.intake.limits import MAX_NESTING

_PIECE = 262_144
_LONGEST_TAG = 1_000_000
_MOST_NAMES = 2_000


class Unreadable(Exception):
    """Why a workbook cannot be read, and what to do."""

    def __init__(self, found: str, mend: str) -> None:
        super().__init__(found)
        self.found = found
        self.mend = mend


def damaged() -> Unreadable:
    """The workbook is broken, or built as no spreadsheet program builds one."""
    return Unreadable(
        "The workbook is damaged, or was not made by a spreadsheet program",
        "Open it in your spreadsheet program, save it as a new Excel Workbook (.xlsx) or as CSV, and send that.",
    )


class Listener(Protocol):
    """What hears of the elements of one part. It says itself, by `parser`, when it wants to hear text."""

    parser: expat.XMLParserType

    def start(self, name: str, attributes: dict[str, str]) -> None: ...
    def end(self, name: str) -> None: ...


class Names(dict[str, str]):
    """An element's name as it is written -> its name without a prefix; the names of one file are few."""

    def __missing__(self, name: str) -> str:
        if len(self) > _MOST_NAMES:
            raise damaged()
        self[name] = local = name.rpartition(":")[2]
        return local


class Nesting:
    """Counts the open elements that nobody knows, so that a part cannot nest without end."""

    __slots__ = ("depth",)

    def __init__(self) -> None:
        self.depth = 0

    def down(self) -> None:
        """One more is open."""
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise damaged()

    def up(self) -> None:
        """One less is open."""
        self.depth -= 1


def listen(archive: ZipFile, part: str, listener: Listener) -> Iterator[None]:
    """Let the listener hear one part of the archive; comes back after every piece, so that rows can be handed on.

    Raises
    ------
    Unreadable
        The part is not there, declares a document type or entities, or holds a tag without end.
    """
    if part not in archive.NameToInfo:
        raise damaged()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.buffer_size = 65_536
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.StartElementHandler = listener.start
    parser.EndElementHandler = listener.end
    listener.parser = parser
    fed = 0
    with archive.open(part) as stream:
        while piece := stream.read(_PIECE):
            parser.Parse(piece, False)
            fed += len(piece)
            if fed - parser.CurrentByteIndex > _LONGEST_TAG:
                raise damaged()  # expat scans an unfinished tag again with every piece
            yield
    parser.Parse(b"", True)
    yield


def _refuse(*_: object) -> None:
    raise damaged()
