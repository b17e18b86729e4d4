"""An Excel workbook -> rows of text. Values only: formulas, macros, links and embedded things are never touched."""

import posixpath
import re
from collections.abc import Iterator
from xml.parsers import expat
from zipfile import ZipFile

from evalkit.intake.limits import MAX_CELL_CHARACTERS, MAX_SHEETS
from evalkit.intake.sealed.markup import Listener, Names, Nesting, Unreadable, damaged, listen
from evalkit.intake.sealed.numbers import Shape, dated, lasted, noughts, shape_of, shown_number, small_number
from evalkit.intake.sealed.sheet import Message, Room, Sheet

_ESCAPED = re.compile("_x((?![Dd][89A-Fa-f])[0-9A-Fa-f]{4})_")
_TRUE = ("1", "true")


def xlsx_messages(archive: ZipFile) -> Iterator[Message]:
    """Every sheet of the workbook: its name, its rows in blocks, and what is to be said about it."""
    book = _Book()
    part = min(filter(is_workbook, archive.NameToInfo), default="")
    _hear(archive, part, book)
    if len(book.sheets) > MAX_SHEETS:
        raise Unreadable(f"The workbook has {len(book.sheets)} sheets", "Send only the sheet with the answers.")
    links = _Links(part)
    _hear(archive, f"xl/_rels/{posixpath.basename(part)}.rels", links)
    styles, texts = _Styles(), _SharedTexts()
    for kind, listener in (("styles", styles), ("sharedStrings", texts)):
        if links.targets.get(kind) in archive.NameToInfo:
            _hear(archive, links.targets[kind], listener)
    shapes = styles.shapes()
    room = Room()
    for name, hidden, link in book.sheets:
        if link in links.sheets:
            yield ["sheet", name, hidden]
            sheet = Sheet(name, room)
            for _ in listen(archive, links.sheets[link], _Rows(sheet, texts.texts, shapes, since_1904=book.since_1904)):
                yield from sheet.blocks()
            yield from sheet.blocks(all_of_it=True)
            yield sheet.facts()


def is_workbook(name: str) -> bool:
    """Whether the part is the list of the sheets: xl/workbook.xml, from some servers xl/workbook22.xml."""
    return re.fullmatch(r"xl/workbook\d{0,3}\.xml", name) is not None


def _hear(archive: ZipFile, part: str, listener: Listener) -> None:
    for _ in listen(archive, part, listener):
        pass


class _Part:
    """What all listeners share."""

    parser: expat.XMLParserType

    def __init__(self) -> None:
        self.names = Names()
        self.nesting = Nesting()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.nesting.down()
        self.open(self.names[name], attributes)

    def end(self, name: str) -> None:
        self.nesting.up()
        self.close(self.names[name])

    def open(self, name: str, attributes: dict[str, str]) -> None: ...
    def close(self, name: str) -> None: ...


class _Book(_Part):
    """The names of the sheets, whether they are hidden, the links to their parts, and how dates are counted."""

    def __init__(self) -> None:
        super().__init__()
        self.sheets: list[tuple[str, bool, str]] = []
        self.since_1904 = False

    def open(self, name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            link = next((value for key, value in attributes.items() if key.endswith(":id")), "")
            hidden = attributes.get("state", "visible") != "visible"
            self.sheets.append((attributes.get("name", ""), hidden, link))
        elif name == "workbookPr":
            self.since_1904 = attributes.get("date1904", "") in _TRUE


class _Links(_Part):
    """The parts of the archive that hold the sheets, the styles and the texts. What leads out of it is not kept."""

    def __init__(self, workbook: str) -> None:
        super().__init__()
        self.folder = posixpath.dirname(workbook)
        self.sheets: dict[str, str] = {}
        self.targets: dict[str, str] = {}

    def open(self, name: str, attributes: dict[str, str]) -> None:
        if name != "Relationship" or attributes.get("TargetMode", "Internal") != "Internal":
            return
        target = posixpath.normpath(posixpath.join("/", self.folder, attributes.get("Target", ""))).lstrip("/")
        kind = attributes.get("Type", "").rpartition("/")[2]
        if kind == "worksheet":
            self.sheets[attributes.get("Id", "")] = target
        else:
            self.targets.setdefault(kind, target)


class _Styles(_Part):
    """The number format of every cell style."""

    def __init__(self) -> None:
        super().__init__()
        self.codes: dict[int, str] = {}
        self.formats: list[int] = []
        self.inside = False

    def open(self, name: str, attributes: dict[str, str]) -> None:
        if name == "numFmt":
            self.codes[_whole(attributes.get("numFmtId", ""))] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            self.inside = True
        elif name == "xf" and self.inside:
            self.formats.append(_whole(attributes.get("numFmtId", "0")))

    def close(self, name: str) -> None:
        if name == "cellXfs":
            self.inside = False

    def shapes(self) -> dict[str, tuple[Shape, int]]:
        """Style of a cell, as the cell names it -> what it makes of a number; plain styles are left out."""
        known = {number: shape_of(number, self.codes) for number in set(self.formats)}
        return {str(place): known[one] for place, one in enumerate(self.formats) if known[one][0] != "plain"}


class _SharedTexts(_Part):
    """The texts that cells share; how they sound in Japanese is left out."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.pieces: list[str] = []
        self.sounds = 0

    def open(self, name: str, attributes: dict[str, str]) -> None:
        if name == "t" and not self.sounds:
            self.parser.CharacterDataHandler = self.pieces.append
        elif name == "rPh":
            self.sounds += 1

    def close(self, name: str) -> None:
        if name == "t":
            self.parser.CharacterDataHandler = None
        elif name == "si":
            self.texts.append(_text(self.pieces))
            self.pieces.clear()
        elif name == "rPh":
            self.sounds -= 1


class _Rows:
    """The cells of one sheet."""

    parser: expat.XMLParserType

    def __init__(
        self, sheet: Sheet, texts: list[str], shapes: dict[str, tuple[Shape, int]], *, since_1904: bool
    ) -> None:
        self.sheet = sheet
        self.texts = texts
        self.shapes = shapes
        self.since_1904 = since_1904
        self.names = Names()
        self.nesting = Nesting()
        self.columns: dict[str, int] = {}
        self.pieces: list[str] = []
        self.number = 0
        self.row: list[str] = []
        self.inside = 0  # 1: sheetData, 2: row, 3: cell
        self.attributes: dict[str, str] = {}
        self.column = -1
        self.formula = False
        self.valued = False
        self.sounds = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        name = self.names[name]
        if name == "c" and self.inside == 2:
            self.inside = 3
            self.attributes = attributes
        elif name == "v" and self.inside == 3:
            self.valued = True
            self.parser.CharacterDataHandler = self.pieces.append
        elif name == "row" and self.inside == 1:
            self.inside = 2
            self._start_row(attributes)
        elif name == "sheetData" and self.inside == 0:
            self.inside = 1
        else:
            self.nesting.down()
            if self.inside == 3:
                self._start_inner(name)

    def end(self, name: str) -> None:
        name = self.names[name]
        if name == "c" and self.inside == 3:
            self._end_cell()
            self.inside = 2
        elif name == "v" and self.inside == 3:
            self.parser.CharacterDataHandler = None
        elif name == "row" and self.inside == 2:
            self.sheet.add(self.number, self.row)
            self.inside = 1
        elif name == "sheetData" and self.inside == 1:
            self.inside = 0
        else:
            self.nesting.up()
            if name == "t":
                self.parser.CharacterDataHandler = None
            elif name == "rPh":
                self.sounds = False

    def _start_inner(self, name: str) -> None:
        """A formula, or a text that stands in the cell itself."""
        if name == "f":
            self.formula = True
        elif name == "t" and not self.sounds:
            self.parser.CharacterDataHandler = self.pieces.append
        elif name == "rPh":
            self.sounds = True

    def _start_row(self, attributes: dict[str, str]) -> None:
        written = attributes.get("r")
        self.number = self.number + 1 if written is None else _whole(written)
        self.row = []
        self.column = -1
        if attributes.get("hidden") in _TRUE:
            self.sheet.hide(self.number)

    def _end_cell(self) -> None:
        attributes = self.attributes
        reference = attributes.get("r")
        self.column = column = self.column + 1 if reference is None else self._column(reference)
        kind = attributes.get("t", "n")
        if self.pieces:
            text = _text(self.pieces)
            self.pieces.clear()
            if kind == "s":
                text = self._shared(text)
            elif kind == "n":
                shape = self.shapes.get(attributes.get("s", ""))
                text = self._shaped(text.strip(), *shape) if shape else shown_number(text.strip())
            elif kind == "b":
                text = {"1": "TRUE", "0": "FALSE"}.get(text.strip(), text)
            elif kind == "d":
                text = text.strip().removesuffix("T00:00:00").replace("T", " ")
                self.sheet.mark(self.sheet.dates, self.number, column)
        else:
            text = ""
        if text:
            self.sheet.put(self.number, self.row, column, text)
        elif self.formula and not (kind == "str" and self.valued):
            # A formula may say "" (kind str, with an empty value); without any value it was never calculated.
            self.sheet.mark(self.sheet.uncalculated, self.number, column)
        else:
            self.sheet.emptied = max(self.sheet.emptied, column + 1)
        self.formula = self.valued = False

    def _shaped(self, written: str, shape: Shape, digits: int) -> str:
        if shape == "noughts":
            text = noughts(written, digits)
            self.sheet.noughts += text != shown_number(written)
            return text
        if shape == "scientific":
            self.sheet.mark(self.sheet.scientific, self.number, self.column)
            return shown_number(written)
        small = small_number(written) if shape == "date" else ""
        if small:
            self.sheet.shown_as_dates += 1
            return small
        text = lasted(written) if shape == "duration" else dated(written, since_1904=self.since_1904)
        if text:
            self.sheet.mark(self.sheet.dates, self.number, self.column)
        return text or shown_number(written)

    def _shared(self, written: str) -> str:
        place = _whole(written)
        if place >= len(self.texts):
            raise damaged()
        return self.texts[place]

    def _column(self, reference: str) -> int:
        letters = reference.rstrip("0123456789")
        column = self.columns.get(letters)
        if column is None:
            if not re.fullmatch("[A-Z]{1,3}", letters):
                raise damaged()
            column = 0
            for one in letters:
                column = column * 26 + ord(one) - 64
            column -= 1
            self.columns[letters] = column
        return column


def _whole(written: str) -> int:
    """A row or format number; a thousand million stands for all beyond, so that a number without end costs nothing."""
    if not written.isdecimal():
        raise damaged()
    return int(written) if len(written) < 10 else 1_000_000_000


def _text(pieces: list[str]) -> str:
    """The pieces together; signs that XML cannot hold are written as _x000D_."""
    text = pieces[0] if len(pieces) == 1 else "".join(pieces)
    if "_x" in text and len(text) <= MAX_CELL_CHARACTERS:
        text = _ESCAPED.sub(lambda found: chr(int(found.group(1), 16)), text)
    return text
