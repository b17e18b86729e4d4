"""Delimited text -> cells. Everything stays text; what had to be mended is said."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator

from evalkit.intake.raw import MAX_CELLS, MAX_COLUMNS, MAX_ROWS, Note, RawFile, RawSheet, Refusal

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "upright bars"}
_SEP_LINE = re.compile(r"\A\s*\"?sep=([^\w\s\"]|\t)\"?[ \t]*(?:\r\n|\r|\n|\Z)", re.IGNORECASE)
_MOJIBAKE = re.compile("Ã[\x80-\xbf\u0192\u201a\u0160]|â€|Â[\xa0-\xbf]")
_END = "\x02end of the file\x02"
_SAMPLE = 400


def csv_readings(data: bytes) -> Iterator[RawFile | Refusal]:
    """Read the bytes of a text file, once for each character that may part its columns, the likeliest first.

    Row numbers are those a spreadsheet shows when it opens the file: a line break inside quotes starts no row, a `sep=`
    line is none, blank lines count. Only the headings can tell which reading is right, so the caller chooses.
    """
    notes: list[Note] = []
    text = _decode(data, notes)
    if isinstance(text, Refusal):
        yield text
        return
    line = _SEP_LINE.match(text)
    if line:
        yield _read(text[line.end() :], line.group(1), notes)
        return
    for separator in sorted(SEPARATORS, key=lambda one: _regularity(text, one), reverse=True):
        found = f"The columns are parted by {SEPARATORS[separator]}"
        said = [Note("fixed", "separator", found, "evalkit reads them. Nothing to do.")] if separator in "|;" else []
        yield _read(text, separator, [*notes, *said])


def _read(text: str, separator: str, notes: list[Note]) -> RawFile | Refusal:
    try:
        records = list(csv.reader(io.StringIO(f"{text}\n{_END}", newline=""), delimiter=separator))
    except csv.Error:
        return Refusal(
            "One cell holds more than 131,000 characters",
            "Usually a quotation mark is missing. Open the file in your spreadsheet program and save it as CSV again.",
        )
    if not records or records[-1] != [_END]:
        return Refusal(
            f"A quotation mark opens in row {len(records)} and never closes, so the rest of the file is one cell",
            "Take the quotation mark out of that row, or open the file in your spreadsheet program and save it again.",
        )
    records.pop()
    return _sheet(records, notes)


def _sheet(records: list[list[str]], notes: list[Note]) -> RawFile | Refusal:
    if len(records) > MAX_ROWS or sum(map(len, records)) > MAX_CELLS:
        return Refusal(f"The file has {len(records):,} rows", "Split it into several files, for example one per year.")
    numbers: list[int] = []
    rows: list[list[str]] = []
    tidied = 0
    for number, record in enumerate(records, start=1):
        if not any(record):
            continue
        if any(cell[:1] in "='" for cell in record if cell):
            unwrapped = [_unwrap(cell) for cell in record]
            tidied += sum(new != old for new, old in zip(unwrapped, record, strict=True))
            record = unwrapped
        if len(record) > MAX_COLUMNS:
            while record and not record[-1].strip():
                record.pop()
        if len(record) > MAX_COLUMNS:
            return Refusal(
                f"Row {number} has {len(record):,} columns", "Send only the columns of the survey, then try again."
            )
        numbers.append(number)
        rows.append(record)
    if tidied:
        found = f"{tidied} cells were wrapped as ='...' or began with an apostrophe, a trick to keep noughts in front"
        notes.append(Note("fixed", "text_marks", found, "evalkit took the marks off. Nothing to do."))
    return RawFile([RawSheet("", numbers, rows, ragged=True)], notes)


def _unwrap(cell: str) -> str:
    """`="007"` and `'007`, by which people make a spreadsheet keep text, become 007."""
    if cell.startswith('="') and cell.endswith('"') and len(cell) > 2:
        return cell[2:-1]
    return cell[1:] if cell.startswith("'") and cell[1:2].isdigit() else cell


def _decode(data: bytes, notes: list[Note]) -> str | Refusal:
    wide = _utf16(data)
    if wide:
        notes.append(Note("fixed", "encoding", "The text is stored as UTF-16", "evalkit reads it. Nothing to do."))
        try:
            return data.decode(wide).removeprefix("\ufeff")
        except UnicodeDecodeError:
            return _damaged()
    if b"\x00" in data:
        return _damaged()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("cp1252")
        except UnicodeDecodeError:
            return _damaged()
        found = "The text is stored in the older Windows way (Windows-1252)"
        notes.append(Note("fixed", "encoding", found, "evalkit reads it. Nothing to do."))
    if sum(text[:4096].count(chr(code)) for code in (*range(1, 9), *range(14, 32))) > 4:
        return _damaged()
    return _unscramble(text, notes)


def _utf16(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    sample = data[:2000]
    for encoding, zeros, others in (("utf-16-le", sample[1::2], sample[::2]), ("utf-16-be", sample[::2], sample[1::2])):
        if len(sample) > 7 and zeros.count(0) > 0.7 * len(zeros) and others.count(0) == 0:
            return encoding
    return ""


def _unscramble(text: str, notes: list[Note]) -> str:
    """Undo UTF-8 that a program took for Windows-1252, where that explains every character."""
    if not _MOJIBAKE.search(text):
        return text
    try:
        mended = text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return text
    found = "Quotation marks and accents were scrambled on the way (such as â€™ for an apostrophe)"
    notes.append(Note("fixed", "scrambled_text", found, "evalkit put them right. Nothing to do."))
    return mended


def _damaged() -> Refusal:
    return Refusal(
        "The file holds characters that no text file holds, so it is damaged or not a spreadsheet at all",
        "Export the answers again, as Excel Workbook (.xlsx) or CSV UTF-8 (.csv).",
    )


def _regularity(text: str, separator: str) -> tuple[float, int]:
    """How many of the first rows have the commonest width of at least two, and that width."""
    widths: Counter[int] = Counter()
    try:
        for record in csv.reader(io.StringIO(text[:200_000], newline=""), delimiter=separator):
            if any(record):
                widths[len(record)] += 1
            if widths.total() >= _SAMPLE:
                break
    except csv.Error:
        return (0.0, 0)
    wide = [(count, width) for width, count in widths.items() if width > 1]
    if not wide:
        return (0.0, 0)
    count, width = max(wide)
    return (round(count / widths.total(), 2), width)
