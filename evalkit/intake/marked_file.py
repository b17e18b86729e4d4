"""The same file back: a new workbook made of the cells that were read, with what is wrong marked and said."""

import io
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from evalkit.errors import EvalkitError
from evalkit.intake.header import MARKED_SHEETS, Table
from evalkit.intake.usual_names import ERRORS_HEADING
from evalkit.records.cells import harmless_cell
from evalkit.records.responses import Problem, Severity
from evalkit.records.whole_file import write_whole

_FILLS: dict[Severity, str] = {"error": "F4B6B0", "ask": "FBE3A1", "warn": "E3E8EF"}
_WORDS: dict[Severity, str] = {"error": "To mend", "ask": "To decide", "warn": "Please look at", "fixed": "Put right"}
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,10})?\Z")
_BAD: tuple[Severity, ...] = ("error", "ask")
_LONGEST = 32_000
_SHEET_NAME = re.compile(r"[\[\]:*?/\\]")
_LEFT_OUT = "(not kept by evalkit)"


def write_marked(tables: Sequence[Table], problems: Sequence[Problem], to: Path) -> None:
    """Write a workbook with the sheets that were read, and what is wrong in them.

    Parameters
    ----------
    tables : the tables that were read
    problems : everything that was found in them
    to : the file to write, .xlsx

    Notes
    -----
    Each cell stands where it stood. A last column `Errors` says what is wrong in a row; cells to mend are red, cells to
    decide on are yellow. A second sheet holds the bad rows alone, a third one all problems; evalkit reads past these
    three when the file comes back. Columns that say who pupils are, and what somebody wrote in own words, are left out.
    No cell can be taken for a formula.

    Raises
    ------
    EvalkitError
        The file cannot be written.
    """
    book = Workbook(write_only=True)
    bad: list[tuple[Table, int]] = []
    texts: dict[tuple[str, int], str] = {}
    for table in tables:
        mine = [one for one in problems if one.sheet == table.sheet]
        words = _row_words(mine)
        texts |= {(table.sheet, row): text for row, text in words.items()}
        bad += [(table, row) for row in sorted(_rows_of(mine, _BAD))]
        _write_sheet(book.create_sheet(_sheet_name(table.sheet)), table, mine, words)
    _write_bad_rows(book.create_sheet(MARKED_SHEETS[0]), bad, texts)
    _write_problems(book.create_sheet(MARKED_SHEETS[1]), problems)
    memory = io.BytesIO()
    book.save(memory)
    write_whole(to, memory.getvalue())


def _sheet_name(name: str) -> str:
    return _SHEET_NAME.sub(" ", name)[:31] or "Answers"


def _rows_of(problems: Iterable[Problem], severities: Sequence[Severity]) -> set[int]:
    return {row for one in problems if one.severity in severities for row in one.rows}


def _row_words(problems: Sequence[Problem]) -> dict[int, str]:
    """What is said of each row, worst first; what was put right is left out."""
    words: dict[int, list[str]] = defaultdict(list)
    for one in problems:
        if one.severity == "fixed":
            continue
        for row in one.rows:
            where = sorted({column for number, column in one.cells if number == row})
            letters = ", ".join(get_column_letter(column + 1) for column in where) or one.column
            place = f"Column {letters}: " if letters else ""
            words[row].append(f"{place}{one.found.rstrip('.')}. {one.mend}")
    return {row: " | ".join(some)[:_LONGEST] for row, some in words.items()}


def _write_sheet(sheet: Worksheet, table: Table, problems: Sequence[Problem], words: dict[int, str]) -> None:
    raw, hidden = table.raw, _left_out(table)
    errors = _errors_column(table)
    sheet.column_dimensions[get_column_letter(errors + 1)].width = 80
    sheet.freeze_panes = f"A{table.header_row + 1}"
    fills = _fills(problems)
    last = 0
    for number, row in zip(raw.numbers, raw.rows, strict=True):
        for _ in range(number - last - 1):
            sheet.append([])
        last = number
        below = number > table.header_row
        cells = [
            _cell(sheet, _LEFT_OUT if below and text else text, None)
            if below and column in hidden
            else _cell(sheet, text, fills.get((number, column)), is_text=column in _text_columns(table))
            for column, text in enumerate(row[:errors])
        ]
        cells += [_cell(sheet, "", None)] * (errors - len(cells))
        said = ERRORS_HEADING if number == table.header_row else words.get(number, "")
        sheet.append([*cells, _cell(sheet, said, None, wrap=True)])


def _errors_column(table: Table) -> int:
    """The column for the errors: the one from an earlier time, else the first free one."""
    old = [column.index for column in table.columns if column.header.casefold() == ERRORS_HEADING.casefold()]
    return old[0] if old else max(map(len, table.raw.rows), default=0)


def _left_out(table: Table) -> set[int]:
    """Columns whose cells do not go back: what says who pupils are, and free text."""
    return {
        column.index
        for column in table.columns
        if column.role == "identity"
        or (column.role == "ignore" and not (column.decided or column.target) and column.header)
    }


def _text_columns(table: Table) -> set[int]:
    return {column.index for column in table.columns if column.role in ("pupil", "school", "class", "")}


def _fills(problems: Sequence[Problem]) -> dict[tuple[int, int], str]:
    """Colour of each cell; the worst problem decides."""
    fills: dict[tuple[int, int], str] = {}
    for severity in reversed(_FILLS):
        for one in problems:
            if one.severity == severity:
                fills |= dict.fromkeys(one.cells, _FILLS[severity])
    return fills


def _cell(sheet: Worksheet, text: str, fill: str | None, *, is_text: bool = False, wrap: bool = False) -> Cell:
    value: str | int | float | None = harmless_cell(text)[:_LONGEST] or None
    if not is_text and _NUMBER.match(text) and len(text) < 16:
        value = float(text) if "." in text else int(text)
    cell = WriteOnlyCell(sheet, value)
    if isinstance(value, str):
        cell.data_type = "s"
        cell.number_format = "@"
    if fill:
        cell.fill = PatternFill("solid", fgColor=fill)
    if wrap:
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    return cell


def _write_bad_rows(sheet: Worksheet, bad: Sequence[tuple[Table, int]], texts: dict[tuple[str, int], str]) -> None:
    """The rows with errors or questions alone, with their number and their heading."""
    shown: str | None = None
    for table, number in bad:
        rows = dict(zip(table.raw.numbers, table.raw.rows, strict=True))
        errors, hidden = _errors_column(table), _left_out(table)
        if table.sheet != shown:
            shown = table.sheet
            heads = rows.get(table.header_row, [])[:errors]
            heads = [*heads, *[""] * (errors - len(heads))]
            sheet.append([_bold(sheet, text) for text in ("Row", *heads, ERRORS_HEADING)])
        cells = [_LEFT_OUT if column in hidden and text else text for column, text in enumerate(rows.get(number, []))]
        cells = [*cells[:errors], *[""] * (errors - len(cells))]
        line = [_cell(sheet, text, None, is_text=column in _text_columns(table)) for column, text in enumerate(cells)]
        said = texts.get((table.sheet, number), "")
        sheet.append([_cell(sheet, str(number), None), *line, _cell(sheet, said, None, wrap=True)])


def _write_problems(sheet: Worksheet, problems: Sequence[Problem]) -> None:
    for letter, width in (("A", 16), ("B", 34), ("C", 70), ("D", 90)):
        sheet.column_dimensions[letter].width = width
    sheet.append([_bold(sheet, text) for text in ("Kind", "Where", "What was found", "What to do")])
    for one in problems:
        texts = (_WORDS[one.severity], one.where, one.found, one.mend)
        sheet.append([_cell(sheet, text, None, is_text=True, wrap=True) for text in texts])


def _bold(sheet: Worksheet, text: str) -> Cell:
    cell = _cell(sheet, text, None, is_text=True)
    cell.font = Font(bold=True)
    return cell


def refuse_wrong_name(path: Path) -> None:
    """The marked file is a workbook. Raises EvalkitError for another name, or when the file is there."""
    if path.suffix.casefold() != ".xlsx":
        raise EvalkitError(f"{path}: the marked file is an Excel workbook. Give it a name that ends in .xlsx.")
    if path.exists():
        raise EvalkitError(f"{path}: there is a file already. Name a new one, or delete it.")
