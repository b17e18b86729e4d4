"""Whose row is it? A survey file as sent, each row with the pupil's code and school; and the file without some rows."""

import csv
import io
from codecs import BOM_UTF8
from collections.abc import Collection, Iterator
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from evalkit.intake.check import recall
from evalkit.intake.decode import Decoded, decode
from evalkit.intake.findings import Findings
from evalkit.intake.form_rows import fill_codes_of_records
from evalkit.intake.header import MARKED_SHEETS, Chosen, Table, choose_reading, find_table
from evalkit.intake.known import known_names
from evalkit.intake.large_rows import LargeRows
from evalkit.intake.large_text import Choose, is_large, tables_of
from evalkit.intake.normal import normal, plain
from evalkit.intake.plain_workbook import plain_workbook
from evalkit.intake.pupils import read_codes
from evalkit.intake.raw import RawFile, Refusal
from evalkit.intake.read import read_file
from evalkit.intake.read_csv import SEPARATORS, csv_readings, sep_line
from evalkit.intake.read_workbook import read_workbook
from evalkit.intake.sniff import kind_of
from evalkit.intake.usual_names import ERRORS_HEADING
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
    raw : all that was read, but for the sheets that evalkit itself adds to a marked file; nothing of a large file
    form : the hash of the headings, under which decisions are kept
    own : column of `Errors` in each sheet that has one, as a marked file does
    said : what evalkit itself wrote into a marked file: there, and in sheets of its own
    choose : of a large file: takes the right reading of each piece
    """

    rows: Collection[FileRow]
    others: tuple[FileRow, ...]
    raw: RawFile
    form: str
    own: MappingType[str, int] = field(default_factory=dict)
    said: tuple[str, ...] = ()
    choose: Choose | None = None


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
    known = known_names(study)
    choose = partial(
        choose_reading,
        known=known,
        file=place.name,
        sheet=sheet,
        mapping=mapping,
        recall=lambda form: recall(study, form),
    )
    if is_large(place):
        return _of_large(place, choose)
    readings, _ = read_file(place)
    seen: list[RawFile] = []
    chosen = choose(_noted(readings, seen))
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
    own = {table.sheet: one.index for table in tables for one in table.columns if is_errors(one.header)}
    said = [table.cells(own[table.sheet]) for table in tables if table.sheet in own]
    said += [row for one in seen[-1].sheets if one.name in MARKED_SHEETS for row in one.rows]
    return FileRows(
        tuple(rows), tuple(others), chosen.raw, chosen.form, own, tuple(cell for cells in said for cell in cells)
    )


def _noted(readings: Iterator[RawFile], seen: list[RawFile]) -> Iterator[RawFile]:
    """The readings, each kept: the last one that was asked for is the one that was chosen."""
    for one in readings:
        seen.append(one)
        yield one


def _of_large(place: Path, choose: Choose) -> FileRows:
    """Of a file too large to be held at once: its rows are read when somebody goes through them."""

    def rows_of(chosen: Chosen) -> Iterator[FileRow]:
        return _rows(chosen.table, chosen.mapping, place.name)

    form = next(tables_of(place, choose)).form
    return FileRows(LargeRows(place, choose, rows_of), (), RawFile([], []), form, choose=choose)


def is_errors(heading: str) -> bool:
    """Whether a heading is that of the column that evalkit adds to a marked file."""
    return normal(heading) == normal(ERRORS_HEADING)


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

    What evalkit itself wrote into a marked workbook goes with them: it may quote the codes of other rows.

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
    own = {} if kind == "text" else found.own
    wanted = {
        one.name: {
            number: kept
            for number, cells in zip(one.numbers, one.rows, strict=True)
            if (one.name, number) not in rows and any(kept := _without_own(cells, own.get(one.name, -1)))
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


def _without_own(cells: list[str], column: int) -> list[str]:
    """The cells of a row without what evalkit wrote into its column, but for the heading; no blanks at the end."""
    if not 0 <= column < len(cells) or is_errors(cells[column]):
        return cells
    kept = [*cells[:column], "", *cells[column + 1 :]]
    while kept and not kept[-1]:
        kept.pop()
    return kept


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
