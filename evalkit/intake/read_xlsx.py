"""An Excel workbook -> cells as text. Values only; formulas, macros and links are never followed.

The zip directory has been checked (`sniff.py`) before. Bytes in, plain lists out: it can run in a child process.
"""

import datetime
import io
import re
import warnings
import zipfile
import zlib
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.workbook.workbook import Workbook

from evalkit.intake.raw import MAX_CELLS, MAX_COLUMNS, MAX_ROWS, RawFile, RawSheet, Refusal

# What openpyxl, zipfile and expat are known to raise on workbooks that are damaged or made to harm.
_BROKEN = (
    zipfile.BadZipFile, zlib.error, ParseError, InvalidFileException, EOFError, OSError, KeyError, ValueError,
    TypeError, IndexError, AttributeError, ArithmeticError, AssertionError, RecursionError, MemoryError,
    NotImplementedError, RuntimeError,
)  # fmt: skip
_HIDDEN_ROW = re.compile(rb"<(?:\w+:)?row\b(?=[^>]*\shidden=\"(?:1|true)\")[^>]*\sr=\"(\d{1,7})\"")
_CELL = re.compile(rb"<(?:\w+:)?c\s([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
_REFERENCE = re.compile(rb"\br=\"([A-Z]{1,3})(\d{1,7})\"")
_MAX_SHEETS = 100


def read_xlsx(data: bytes) -> RawFile | Refusal:
    """Read the bytes of an .xlsx workbook: every sheet, every value as text."""
    try:
        with warnings.catch_warnings(), zipfile.ZipFile(io.BytesIO(data)) as archive:
            warnings.simplefilter("ignore")
            if any(_declares_entities(archive, name) for name in archive.namelist()):
                return _damaged()
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
            return _sheets(book, archive)
    except _BROKEN:
        return _damaged()


def _sheets(book: Workbook, archive: zipfile.ZipFile) -> RawFile | Refusal:
    sheets: list[RawSheet] = []
    worksheets = book.worksheets
    if len(worksheets) > _MAX_SHEETS:
        return Refusal(f"The workbook has {len(worksheets)} sheets", "Send only the sheet with the answers.")
    room = MAX_CELLS
    for sheet in worksheets:
        read = _sheet(sheet, room)
        if isinstance(read, Refusal):
            return read
        room -= sum(map(len, read.rows))
        _look_behind(archive, getattr(sheet, "_worksheet_path", ""), read)
        sheets.append(read)
    return RawFile(sheets, [])


def _sheet(sheet: object, room: int) -> RawSheet | Refusal:
    """One sheet. The size that the file declares is not trusted; rows and columns are counted while reading."""
    sheet.reset_dimensions()  # type: ignore[attr-defined]
    read = RawSheet(str(sheet.title), [], [], hidden=sheet.sheet_state != "visible")  # type: ignore[attr-defined]
    for number, cells in enumerate(sheet.iter_rows(), start=1):  # type: ignore[attr-defined]
        room -= len(cells)
        if number > MAX_ROWS or room < 0:
            return Refusal(
                f"Sheet {read.name} is larger than any survey",
                "Something may stand far to the right or far below. Copy the answers alone into a new workbook.",
            )
        row: list[str] = []
        for column, cell in enumerate(cells):
            value = cell.value
            if value is None:
                row.append("")
            elif isinstance(value, str):
                row.append(value)
            else:
                row.append(_text(value, cell.number_format))
                if isinstance(value, datetime.date | datetime.time | datetime.timedelta):
                    read.dates.append((number, column))
        while row and not row[-1].strip():
            row.pop()
        if len(row) > MAX_COLUMNS:
            return Refusal(
                f"Sheet {read.name}, row {number} has something in column number {len(row):,}",
                f"Delete it, or copy the answers alone into a new workbook. Up to {MAX_COLUMNS:,} columns are read.",
            )
        if row:
            read.numbers.append(number)
            read.rows.append(row)
    return read


def _text(value: object, number_format: str | None) -> str:
    """A value as the spreadsheet would show it: 4.0 is 4, and 7 in the format 000 is 007."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    if isinstance(value, int) and number_format and re.fullmatch("0{2,20}", number_format):
        return str(value).zfill(len(number_format))
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    return str(value)


def _look_behind(archive: zipfile.ZipFile, path: str, read: RawSheet) -> None:
    """Find what openpyxl does not tell when it reads values only: hidden rows, and formulas that hold no value."""
    if not path:
        return
    source = archive.read(path.lstrip("/"))
    read.hidden_rows.extend(int(number) for number in _HIDDEN_ROW.findall(source))
    if not re.search(rb"<(?:\w+:)?f\b", source):
        return
    for attributes, content in _CELL.findall(source):
        if re.search(rb"<(?:\w+:)?f\b", content) and not re.search(rb"<(?:\w+:)?v>[^<]", content):
            reference = _REFERENCE.search(attributes)
            if reference:
                column = 0
                for one in reference.group(1):
                    column = column * 26 + one - 64
                read.uncalculated.append((int(reference.group(2)), column - 1))


def _declares_entities(archive: zipfile.ZipFile, name: str) -> bool:
    if not name.endswith((".xml", ".rels")):
        return False
    with archive.open(name) as part:
        return b"<!" in part.read(65_536).replace(b"<!--", b"").replace(b"<![CDATA[", b"")


def _damaged() -> Refusal:
    return Refusal(
        "The workbook is damaged, or was not made by a spreadsheet program",
        "Open it in your spreadsheet program, save it as a new Excel Workbook (.xlsx) or as CSV, and send that.",
    )
