"""Delimited text -> cells. Everything stays text; what had to be mended is said."""

import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from evalkit.intake.decode import Decoded, decode
from evalkit.intake.limits import MAX_CELL_CHARACTERS, MAX_CELLS, MAX_COLUMNS, MAX_ROWS
from evalkit.intake.marks import marks_note, unmarked
from evalkit.intake.raw import Note, RawFile, RawSheet, Refusal

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "upright bars"}
_SEP_LINE = re.compile(r"\A\s*\"?sep=([^\w\s\"]|\t)\"?[ \t]*(?:\r\n|\r|\n|\Z)", re.IGNORECASE)
_DECIMAL_COMMA = re.compile(rb"(?:^|[;\t\r\n])\"?-?\d+,\d+\"?(?=[;\t\r\n])")
_QUOTED_LINE = re.compile(r'"(?:[^"]|"")*[,;\t](?:[^"]|"")*"[,;]*\s*\Z')
_NOTHING = "evalkit reads them. Nothing to do."
_END = "\x02end of the file\x02"
_SAMPLE_ROWS = 400
_SAMPLE_CHARACTERS = 200_000
_MOST_TEXTS = 200_000
_MANY_ROWS = 1_000
_MANY_COLUMNS = 50


class Place(NamedTuple):
    """Where a piece of a file stands: behind so many rows of the file's head, and so many rows that are not here."""

    head: int = 0
    skipped: int = 0


def csv_readings(data: bytes, place: Place = Place()) -> Iterator[RawFile | Refusal]:  # noqa: B008 - it cannot change
    """Read the bytes of a text file, once for each character that may part its columns, the likeliest first.

    Row numbers are those a spreadsheet shows when it opens the file: a line break inside quotes starts no row, a `sep=`
    line is none, blank lines count. Only the headings can tell which reading is right, so the caller chooses.
    """
    notes: list[Note] = []
    source = decode(data, notes)
    if isinstance(source, Refusal):
        yield source
        return
    sample = _lines(source).read(_SAMPLE_CHARACTERS)
    separator, skip = sep_line(sample)
    if separator:
        found = f"The first line says that columns are parted by '{separator}'"
        notes.append(Note("fixed", "sep_line", found, "evalkit follows it. Nothing to do."))
        yield _read(source, separator, notes, place=place, skip=skip)
        return
    if "\r" in sample and "\n" not in sample:
        found = "The lines end as old Mac programs write them"
        notes.append(Note("fixed", "line_ends", found, _NOTHING))
    inner = _within_quotes(source, sample)
    if inner:
        found = "Each line stands in quotation marks, as if it were one cell"
        notes.append(Note("fixed", "quoted_lines", found, _NOTHING))
        source = inner
        sample = _lines(source).read(_SAMPLE_CHARACTERS)
    for separator in sorted(SEPARATORS, key=lambda one: _regularity(sample, one), reverse=True):
        said = [_separator_note(separator)] if separator != "," else []
        if separator in ";\t" and b"," in source.data and _DECIMAL_COMMA.search(source.data):
            said.append(Note("fixed", "decimal_comma", "Numbers have a decimal comma, as in 4,0", _NOTHING))
        yield _read(source, separator, [*notes, *said], place=place)


def _within_quotes(source: Decoded, sample: str) -> Decoded | None:
    """The text without the quotation marks that a program put round every line; None where there are none."""
    lines = sample.splitlines()[:_SAMPLE_ROWS]
    if len(lines) < 2 or not all(_QUOTED_LINE.match(line) for line in lines if line.strip()):
        return None
    if any(_regularity(sample, separator)[0] for separator in SEPARATORS):
        return None
    try:
        cells = [record[0] if record else "" for record in csv.reader(_lines(source))]
    except csv.Error:
        return None
    if any("\n" in cell or "\r" in cell for cell in cells):
        return None
    return Decoded("\r\n".join(cells).encode(), "utf-8")


def sep_line(text: str) -> tuple[str, int]:
    """The separator that a first line such as `sep=;` names, and where the text goes on; "" and 0 without such line."""
    line = _SEP_LINE.match(text)
    return (line.group(1), line.end()) if line else ("", 0)


def _separator_note(separator: str) -> Note:
    return Note("fixed", "separator", f"The columns are parted by {SEPARATORS[separator]}", _NOTHING)


def _lines(source: Decoded) -> io.TextIOWrapper:
    """The text, line by line with its line ends; decoded piece by piece, so that no second copy of it is made."""
    return io.TextIOWrapper(io.BytesIO(source.data), encoding=source.encoding, newline="")


def _read(source: Decoded, separator: str, notes: list[Note], *, place: Place, skip: int = 0) -> RawFile | Refusal:
    lines = _lines(source)
    lines.read(skip)
    reader = csv.reader(itertools.chain(lines, ("\n", _END)), delimiter=separator)
    rows = _Rows(place, marks=b"'" in source.data or b'="' in source.data)
    record: list[str] = []
    try:
        for record in reader:
            if record == [_END]:
                break
            refusal = rows.add(record)
            if refusal:
                return refusal
    except csv.Error:
        return Refusal(
            f"One cell holds more than {MAX_CELL_CHARACTERS:,} characters",
            "Usually a quotation mark is missing. Open the file in your spreadsheet program and save it as CSV again.",
        )
    if record != [_END]:
        return Refusal(
            f"A quotation mark opens in row {rows.number} and never closes, so the rest of the file is one cell",
            "Take the quotation mark out of that row, or open the file in your spreadsheet program and save it again.",
        )
    broken = reader.line_num > rows.count + 1
    sheet = RawSheet("", rows.numbers, rows.rows, ragged=True, last=rows.number - 1)  # without the line end put behind
    return RawFile([sheet], [*notes, *rows.notes(line_breaks=broken)])


class _Rows:
    """The rows that are kept, while the file is read."""

    __slots__ = ("_blank", "_long", "_marks", "_place", "_texts", "_tidied", "cells", "count", "numbers", "rows")

    def __init__(self, place: Place, *, marks: bool) -> None:
        self._place = place
        self.numbers: list[int] = []
        self.rows: list[list[str]] = []
        self.count = 0
        self.cells = 0
        self._marks = marks
        self._tidied = 0
        self._texts: dict[str, str] = {}
        self._blank = 0
        self._long = 0

    @property
    def number(self) -> int:
        """The number of the row that was read last, as the file counts."""
        return self.count + (self._place.skipped if self.count > self._place.head else 0)

    def add(self, record: list[str]) -> Refusal | None:
        """Count the record as a row and keep it, unless it is blank; None when all is well."""
        self.count += 1
        if self.count > MAX_ROWS + 1 or self.cells > MAX_CELLS:
            found = f"The file has more than {min(self.count - 1, MAX_ROWS):,} rows"
            return Refusal(found, "Split it into several files, for example one per year.")
        if not any(record):
            self._blank += 1
            self._long = max(self._long, len(record))
            return None
        self._blank = 0
        self.cells += len(record)
        if self._marks and any(cell[:1] in "='" for cell in record if cell):
            bare = [unmarked(cell) for cell in record]
            self._tidied += sum(new != old for new, old in zip(bare, record, strict=True))
            record = bare
        if len(record) > MAX_COLUMNS:
            while record and not record[-1].strip():
                record.pop()
        if len(record) > MAX_COLUMNS:
            found = f"Row {self.number:,} has {len(record):,} columns"
            return Refusal(found, "Send only the columns of the survey, then try again.")
        if len(self._texts) < _MOST_TEXTS:  # labels stand thousands of times in a file: one object for equal ones
            record = [self._texts.setdefault(cell, cell) for cell in record]
        self.numbers.append(self.number)
        self.rows.append(record)
        return None

    def notes(self, *, line_breaks: bool) -> Iterator[Note]:
        """What was mended on the way."""
        if self._tidied:
            yield marks_note(self._tidied)
        if line_breaks:
            mend = "evalkit counts rows as your spreadsheet does. Nothing to do."
            yield Note("fixed", "line_breaks", "Some cells hold line breaks", mend)
        columns = self._empty_columns()
        rows = self._blank - 1 if self._blank - 1 >= _MANY_ROWS else 0
        if columns or rows:
            much = [f"{rows:,} empty rows"] * bool(rows) + [f"{columns:,} empty columns"] * bool(columns)
            found = f"The file has {' and '.join(much)} beside the answers"
            yield Note("fixed", "empty_space", found, "evalkit leaves them out. Nothing to do.")

    def _empty_columns(self) -> int:
        longest = max(self._long, max(map(len, self.rows), default=0))
        if longest <= _MANY_COLUMNS:
            return 0
        used = max((place for row in self.rows for place, cell in enumerate(row, start=1) if cell.strip()), default=0)
        return longest - used if longest - used >= _MANY_COLUMNS else 0


def _regularity(text: str, separator: str) -> tuple[float, int]:
    """How many of the first rows have the commonest width of at least two, and that width."""
    widths: Counter[int] = Counter()
    try:
        for record in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            if any(record):
                widths[len(record)] += 1
            if widths.total() >= _SAMPLE_ROWS:
                break
    except csv.Error:
        return (0.0, 0)
    wide = [(count, width) for width, count in widths.items() if width > 1]
    if not wide:
        return (0.0, 0)
    count, width = max(wide)
    return (round(count / widths.total(), 2), width)
