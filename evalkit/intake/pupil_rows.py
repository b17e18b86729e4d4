"""Whose row is it? A survey file as sent, each row with the pupil's code and school; and the file without some rows."""

import csv
import io
from codecs import BOM_UTF8
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from evalkit.intake.check import recall
from evalkit.intake.decode import Decoded, decode
from evalkit.intake.findings import Findings
from evalkit.intake.form_rows import fill_codes_of_records
from evalkit.intake.header import Table, choose_reading, find_table
from evalkit.intake.known import known_names
from evalkit.intake.normal import plain
from evalkit.intake.plain_workbook import plain_workbook
from evalkit.intake.pupils import read_codes
from evalkit.intake.raw import RawFile, Refusal
from evalkit.intake.read import read_file
from evalkit.intake.read_csv import SEPARATORS, csv_readings, sep_line
from evalkit.intake.read_workbook import read_workbook
from evalkit.intake.sniff import kind_of
from evalkit.records.evaluation import Study
from evalkit.records.mapping import Mapping


@dataclass(frozen=True, slots=True)
class FileRow:
    """One row of a file.

    Attributes
    ----------
    number : as the spreadsheet shows it
    code, school : as the row's cells say; "" where none
    cells : all of them
    sheet : "" for text
    headings : of the columns; none for rows of sheets in which the plan's columns are not found
    """

    number: int
    code: str
    school: str
    cells: tuple[str, ...]
    sheet: str = ""
    headings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileRows:
    """The rows of a file, sheet by sheet.

    Attributes
    ----------
    rows : those under the headings of the sheets with answers
    others : those of other sheets, which may name pupils too
    raw : all that was read, but for the sheets that evalkit itself adds to a marked file
    form : the hash of the headings, under which decisions are kept
    """

    rows: tuple[FileRow, ...]
    others: tuple[FileRow, ...]
    raw: RawFile
    form: str


def rows_of_pupils(
    path: str | Path, study: Study, *, sheet: str | None = None, mapping: Mapping | None = None
) -> FileRows:
    """Read a file and say whose each row is; nothing is checked or left out.

    Parameters
    ----------
    sheet : the one that holds answers; without it every sheet that looks like answers
    mapping : what was decided about the file; without it, what is kept for files of its form

    Raises
    ------
    UploadError
        The file cannot be read, or no column is known.
    """
    place = Path(path)
    readings, _ = read_file(place)
    known = known_names(study)
    chosen = choose_reading(
        readings, known, place.name, sheet=sheet, mapping=mapping, recall=lambda form: recall(study, form)
    )
    decided = chosen.mapping
    first = chosen.table
    more = [] if sheet else (decided.sheets if decided and decided.sheets else first.others)
    tables = [first]
    tables += [
        find_table(chosen.raw, known, place.name, sheet=name, mapping=decided) for name in more if name != first.sheet
    ]
    read = {table.sheet for table in tables}
    others = [
        FileRow(number, "", "", tuple(cells), one.name)
        for one in chosen.raw.sheets
        if one.name not in read
        for number, cells in zip(one.numbers, one.rows, strict=True)
    ]
    rows = [row for table in tables for row in _rows(table, decided, place.name)]
    return FileRows(tuple(rows), tuple(others), chosen.raw, chosen.form)


def _rows(table: Table, mapping: Mapping | None, file: str) -> Iterator[FileRow]:
    pupil = next((one for one in table.columns if one.role == "pupil"), None)
    school = next((one for one in table.columns if one.role == "school"), None)
    nothing = [""] * len(table.rows)
    codes, schools = nothing, nothing
    if pupil is not None:
        fill_codes_of_records(table, Findings(file))
        cells = table.cells(pupil.index)
        codes, _ = read_codes(cells, table.numbers, pupil, mapping=mapping, findings=Findings(file))
    if school is not None:
        schools = [plain(cell).removesuffix(".0") for cell in table.cells(school.index)]
    headings = tuple(column.header for column in table.columns)
    for number, code, at, cells in zip(table.numbers, codes, schools, table.rows, strict=True):
        yield FileRow(number, code, at, tuple(cells), table.sheet, headings)


def without_rows(data: bytes, found: FileRows, rows: Collection[tuple[str, int]]) -> bytes | None:
    """The file with these rows blank: all other rows keep their numbers and what they hold.

    Parameters
    ----------
    data : the file's bytes
    found : what `rows_of_pupils` read in it
    rows : sheet and number of each, as the spreadsheet shows them

    Returns
    -------
    bytes - of the new file. Text keeps every other byte; a workbook is written anew from the values read, as text,
    without formulas and formats. None where it would not read the same but for these rows
    """
    kind = kind_of(data)
    if isinstance(kind, Refusal):
        return None
    wanted = {
        one.name: {
            number: cells
            for number, cells in zip(one.numbers, one.rows, strict=True)
            if (one.name, number) not in rows and any(cells)
        }
        for one in found.raw.sheets
    }
    if kind == "text":
        candidates = _blank_texts(data, {number for _, number in rows})
    else:
        left = [
            replace(one, numbers=list(wanted[one.name]), rows=list(wanted[one.name].values()))
            for one in found.raw.sheets
        ]
        candidates = [plain_workbook(left, kind)]
    for blanked in candidates:
        if blanked is not None and any(_same(content, wanted) for content in _contents(blanked)):
            return blanked
    return None


def _same(content: RawFile, wanted: dict[str, dict[int, list[str]]]) -> bool:
    read = {one.name: dict(zip(one.numbers, one.rows, strict=True)) for one in content.sheets}
    return {name: rows for name, rows in read.items() if rows} == {name: rows for name, rows in wanted.items() if rows}


def _contents(data: bytes) -> Iterator[RawFile]:
    kind = kind_of(data)
    if isinstance(kind, Refusal):
        return
    for content in csv_readings(data) if kind == "text" else [read_workbook(data, kind)]:
        if not isinstance(content, Refusal):
            yield content


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
