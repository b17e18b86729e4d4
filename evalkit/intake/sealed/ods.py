"""An OpenDocument spreadsheet -> rows of text. Values only: formulas, macros, links and notes are never touched."""

import re
from collections.abc import Iterator
from xml.parsers import expat
from zipfile import ZipFile

from evalkit.intake.limits import MAX_CELL_CHARACTERS, MAX_COLUMNS, MAX_SHEETS
from evalkit.intake.sealed.markup import Names, Nesting, Unreadable, damaged, listen
from evalkit.intake.sealed.numbers import shown_number
from evalkit.intake.sealed.sheet import Message, Room, Sheet

_CELLS = ("table-cell", "covered-table-cell")
_INLINE = ("p", "span", "a", "s", "tab", "line-break")
_BLANKS = re.compile("[ \t\r\n]+")
_TIME = re.compile(r"(-?)PT(\d{1,6})H(\d{1,2})M(\d{1,2})(?:[.,]\d+)?S")
_NOUGHTS = re.compile(r"0\d{1,19}")
_SCIENTIFIC = re.compile(r"-?\d(?:[.,]\d+)?E[+-]\d+", re.IGNORECASE)
_OWN_ERROR = re.compile(r"Err:\d{3}")


def ods_messages(archive: ZipFile) -> Iterator[Message]:
    """Every sheet of the document: its name, its rows in blocks, and what is to be said about it."""
    tables = _Tables()
    for _ in listen(archive, "content.xml", tables):
        yield from tables.ready()
    yield from tables.ready()


class _Tables:
    """All sheets stand in one part, one after the other."""

    parser: expat.XMLParserType

    def __init__(self) -> None:
        self.names = Names()
        self.nesting = Nesting()
        self.room = Room()
        self.hidden_styles: set[str] = set()
        self.style = ""
        self.count = 0
        self.messages: list[Message] = []
        self.inside = 0  # 1: spreadsheet, 2: sheet, 3: row, 4: cell
        self.depth = 0
        self.sheet = Sheet("", self.room)
        self.calculated = False
        self.number = 1
        self.times = 1
        self.row: list[str] = []
        self.column = 0
        self.cell: dict[str, str] = {}
        self.pieces: list[str] = []
        self.size = 0
        self.paragraph = False
        self.foreign = 0

    def ready(self) -> Iterator[Message]:
        """What can be handed on by now."""
        yield from self.messages
        self.messages.clear()
        if self.inside > 1:
            yield from self.sheet.blocks()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        name = self.names[name]
        if self.inside == 4:
            self.nesting.down()
            self._start_inline(name, attributes)
        elif self.inside == 3 and name in _CELLS:
            self.inside = 4
            self.cell = {self.names[key]: value for key, value in attributes.items()} if attributes else attributes
        elif self.inside == 2 and name == "table-row":
            self.inside = 3
            self._start_row(attributes)
        elif self.inside == 1 and name == "table" and self.nesting.depth == self.depth:
            self.inside = 2
            self._start_sheet(attributes)
        else:
            self.nesting.down()
            self._start_other(name, attributes)

    def end(self, name: str) -> None:
        name = self.names[name]
        if self.inside == 4 and name in _CELLS and not self.foreign:
            self._end_cell()
            self.inside = 3
        elif self.inside == 4:
            self.nesting.up()
            self._end_inline(name)
        elif self.inside == 3 and name == "table-row":
            self.sheet.add(self.number, self.row, times=self.times)
            self.number += self.times
            self.inside = 2
        elif self.inside == 2 and name == "table":
            if self.calculated:
                # LibreOffice stores a formula that says "" like one without a result. Where others have one, it is "".
                self.sheet.uncalculated.clear()
            self.messages += [*self.sheet.blocks(all_of_it=True), self.sheet.facts()]
            self.inside = 1
        else:
            self.nesting.up()
            if name == "spreadsheet" and self.inside == 1:
                self.inside = 0

    def _start_other(self, name: str, attributes: dict[str, str]) -> None:
        """The styles that hide a sheet, and where the sheets begin."""
        if name == "spreadsheet" and self.inside == 0:
            self.inside = 1
            self.depth = self.nesting.depth
        elif name == "style":
            self.style = attributes.get("style:name", "")
        elif name == "table-properties" and attributes.get("table:display") == "false":
            self.hidden_styles.add(self.style)

    def _start_sheet(self, attributes: dict[str, str]) -> None:
        named = {self.names[key]: value for key, value in attributes.items()}
        self.count += 1
        if self.count > MAX_SHEETS:
            raise Unreadable(f"The workbook has more than {MAX_SHEETS} sheets", "Send only the sheet with the answers.")
        self.sheet = Sheet(named.get("name", ""), self.room)
        self.calculated = False
        self.number = 1
        self.messages.append(["sheet", self.sheet.name, named.get("style-name", "") in self.hidden_styles])

    def _start_row(self, attributes: dict[str, str]) -> None:
        named = {self.names[key]: value for key, value in attributes.items()}
        self.times = _times(named.get("number-rows-repeated", "1"))
        self.row = []
        self.column = 0
        if named.get("visibility", "visible") != "visible":
            self.sheet.hide(self.number, rows=self.times)

    def _start_inline(self, name: str, attributes: dict[str, str]) -> None:
        """Text of a cell; what else stands in it (notes, drawings, tables) is passed over."""
        if self.foreign or name not in _INLINE:
            self.foreign += 1
        elif name == "p":
            if self.pieces:
                self._write("\n")
            self.paragraph = True
        elif name == "s":
            self._write(" " * min(_times(attributes.get("text:c", "1")), MAX_CELL_CHARACTERS))
        elif name == "tab":
            self._write("\t")
        elif name == "line-break":
            self._write("\n")
        self._listen()

    def _listen(self) -> None:
        self.parser.CharacterDataHandler = self._hear if self.paragraph and not self.foreign else None

    def _end_inline(self, name: str) -> None:
        if self.foreign:
            self.foreign -= 1
        elif name == "p":
            self.paragraph = False
        self._listen()

    def _hear(self, text: str) -> None:
        self._write(_BLANKS.sub(" ", text) if "  " in text or "\n" in text or "\t" in text else text)

    def _write(self, text: str) -> None:
        if self.size <= MAX_CELL_CHARACTERS:  # one sign more than allowed is enough to refuse the cell
            self.pieces.append(text)
            self.size += len(text)

    def _end_cell(self) -> None:
        text = "".join(self.pieces)
        self.pieces.clear()
        self.size = 0
        cell = self.cell
        times = _times(cell["number-columns-repeated"]) if "number-columns-repeated" in cell else 1
        kind = cell.get("value-type", "")
        if "formula" in cell and _OWN_ERROR.fullmatch(text):
            text = "#VALUE!"
        elif kind != "string" and (kind or "formula" in cell):
            text = self._value(kind, text, cell, times)
        elif not text and kind:
            text = cell.get("string-value", "")
        if text:
            for place in range(self.column, self.column + (min(times, MAX_COLUMNS + 1) if text.strip() else 1)):
                self.sheet.put(self.number, self.row, place, text)
        self.column += times

    def _value(self, kind: str, text: str, cell: dict[str, str], times: int) -> str:
        """The value of a cell that is no text."""
        value = cell.get(f"{kind}-value" if kind in ("date", "time", "boolean") else "value", "")
        if "formula" in cell:
            self.calculated = self.calculated or bool(value or text)
        if not value:
            if "formula" in cell and not text:
                self._mark(self.sheet.uncalculated, times)
            return text
        if kind == "date":
            self._mark(self.sheet.dates, times)
            return value.removesuffix("T00:00:00").partition(".")[0].replace("T", " ")
        if kind == "time":
            self._mark(self.sheet.dates, times)
            return _TIME.sub(lambda part: f"{part[1]}{part[2]:0>2}:{part[3]:0>2}:{part[4]:0>2}", value)
        if kind == "boolean":
            return "TRUE" if value == "true" else "FALSE"
        if text in ("TRUE", "FALSE"):
            return text
        shown = shown_number(value)
        if _NOUGHTS.fullmatch(text) and text.lstrip("0") == shown.lstrip("0"):
            self.sheet.noughts += self.times * times
            return text
        if _SCIENTIFIC.fullmatch(text):
            self._mark(self.sheet.scientific, times)
        return shown

    def _mark(self, where: list[tuple[int, int]], times: int) -> None:
        """Note every cell that this one stands for."""
        columns = min(times, MAX_COLUMNS)
        self.sheet.mark(where, self.number, self.column, rows=self.times, columns=columns)


def _times(written: str) -> int:
    if not (written.isdecimal() and 0 < len(written) < 10 and int(written)):
        raise damaged()
    return int(written)
