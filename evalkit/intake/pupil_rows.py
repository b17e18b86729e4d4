"""Whose row is it? A survey file as sent, each row with the pupil's code and school; and the file without some rows."""

import csv
import io
from codecs import BOM_UTF8
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from evalkit.intake.decode import Decoded, decode
from evalkit.intake.findings import Findings
from evalkit.intake.header import choose_reading
from evalkit.intake.known import known_names
from evalkit.intake.normal import plain
from evalkit.intake.pupils import read_codes
from evalkit.intake.raw import RawSheet, Refusal
from evalkit.intake.read import read_file
from evalkit.intake.read_csv import SEPARATORS, csv_readings, sep_line
from evalkit.intake.read_workbook import read_workbook
from evalkit.intake.sniff import kind_of
from evalkit.records.evaluation import Study
from evalkit.records.mapping import Mapping


@dataclass(frozen=True, slots=True)
class FileRow:
    """One row of answers: its number in the spreadsheet, the pupil's code, the school ("" where none), all cells."""

    number: int
    code: str
    school: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileRows:
    """The rows under the headings of one sheet; `raw` is the whole sheet as read."""

    sheet: str
    headings: tuple[str, ...]
    rows: tuple[FileRow, ...]
    raw: RawSheet


def rows_of_pupils(
    path: str | Path, study: Study, *, sheet: str | None = None, mapping: Mapping | None = None
) -> FileRows:
    """Read a file and say whose each row is; nothing is checked or left out.

    Raises
    ------
    UploadError
        The file cannot be read, or no column is known.
    """
    place = Path(path)
    readings, _ = read_file(place)
    table = choose_reading(readings, known_names(study), place.name, sheet=sheet, mapping=mapping).table
    pupil = next((one for one in table.columns if one.role == "pupil"), None)
    school = next((one for one in table.columns if one.role == "school"), None)
    nothing = [""] * len(table.rows)
    codes, schools = nothing, nothing
    if pupil is not None:
        cells = table.cells(pupil.index)
        codes, _ = read_codes(cells, table.numbers, pupil, mapping=mapping, findings=Findings(place.name))
    if school is not None:
        schools = [plain(cell).removesuffix(".0") for cell in table.cells(school.index)]
    rows = zip(table.numbers, codes, schools, table.rows, strict=True)
    return FileRows(
        table.sheet,
        tuple(column.header for column in table.columns),
        tuple(FileRow(number, code, at, tuple(cells)) for number, code, at, cells in rows),
        table.raw,
    )


def without_rows(data: bytes, found: FileRows, rows: Collection[int]) -> bytes | None:
    """The file with these rows blank: all other rows keep their numbers and what they hold.

    Parameters
    ----------
    data : the file's bytes
    found : what `rows_of_pupils` read in it
    rows : numbers as the spreadsheet shows them

    Returns
    -------
    bytes - of the new file; None where it would not be the same but for these rows, or is of a kind that evalkit does
    not write
    """
    kind = kind_of(data)
    if kind == "xlsx":
        candidates = [_blank_workbook(data, found.sheet, rows)]
    elif kind == "text":
        candidates = _blank_texts(data, rows)
    else:
        return None
    wanted = {
        number: cells for number, cells in zip(found.raw.numbers, found.raw.rows, strict=True) if number not in rows
    }
    for blanked in candidates:
        for sheet in _sheets(blanked):
            if sheet.name == found.sheet and dict(zip(sheet.numbers, sheet.rows, strict=True)) == wanted:
                return blanked
    return None


def _sheets(data: bytes) -> Iterator[RawSheet]:
    kind = kind_of(data)
    if isinstance(kind, Refusal):
        return
    for content in csv_readings(data) if kind == "text" else [read_workbook(data, kind)]:
        if not isinstance(content, Refusal):
            yield from content.sheets


def _blank_workbook(data: bytes, sheet: str, rows: Collection[int]) -> bytes:
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(data))
    for number in rows:
        for cell in book[sheet][number]:
            cell.value = cell.comment = cell.hyperlink = None
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _blank_texts(data: bytes, rows: Collection[int]) -> Iterator[bytes]:
    """For each character that may part the columns: the text with a blank line in place of each record."""
    source = decode(data, [])
    if not isinstance(source, Decoded):
        return
    text = source.data.decode(source.encoding)
    encoding = source.encoding if source.data.startswith(BOM_UTF8) else source.encoding.removesuffix("-sig")
    mark, skip = sep_line(text)
    for separator in [mark] if mark else SEPARATORS:
        lines = list(io.StringIO(text[skip:], newline=""))
        kept = _kept_lines(lines, separator, rows)
        if kept is not None:
            yield (text[:skip] + kept).encode(encoding)


def _kept_lines(lines: list[str], separator: str, rows: Collection[int]) -> str | None:
    reader = csv.reader(iter(lines), delimiter=separator)
    kept: list[str] = []
    done = 0
    try:
        for number, _ in enumerate(reader, start=1):
            record = lines[done : reader.line_num]
            done = reader.line_num
            kept += [record[-1][len(record[-1].rstrip("\r\n")) :]] if number in rows else record
    except csv.Error:
        return None
    return "".join(kept)
