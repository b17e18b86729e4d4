"""Find the sheet and the row in which the headers stand."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from evalkit.errors import UploadError
from evalkit.intake.columns import Column, columns_of, score_of, with_codes
from evalkit.intake.in_order import blocks_in_order
from evalkit.intake.known import Known
from evalkit.intake.no_headings import no_columns
from evalkit.intake.normal import letter, listed, normal, quoted
from evalkit.intake.raw import Note, RawFile, RawSheet, Refusal
from evalkit.intake.read import refused
from evalkit.intake.usual_names import ERRORS_HEADING, SUB_HEADINGS
from evalkit.records.mapping import Mapping

MARKED_SHEETS = ("To mend (evalkit)", "Problems (evalkit)")
MAX_TURNED = 2_000
_SEARCH_ROWS = 40
_FORM_LETTERS = 16
_FIRST_COLUMNS = 12
_LONG_ROWS = 400
_FEW_ROWS = 5


_SHARE = re.compile(r"\d{1,3}(?:[.,]\d+)? ?%|0?[.,]\d+")
_SUMMARY = Refusal(
    "This is a summary, with the share of people who gave each answer, and not their answers",
    "Export the answers from the form, with a row for each person, as Excel or CSV.",
)


@dataclass(slots=True)
class Table:
    """The chosen sheet from its header down.

    `rows` may be replaced, by what a mapping file corrects and without what is dropped at the door; a row itself is the
    sheet's own and is never changed.

    Attributes
    ----------
    sheet : name of the sheet; empty for text files
    header_row : its number as the spreadsheet shows it
    columns : what each column is taken for
    numbers, rows : number and cells of every row under the header
    raw : the sheet as read
    others : names of sheets that hold the same kind of table
    above : numbers of the rows above the headings that hold something else
    headings : how many rows hold headings
    is_turned : whether rows and columns of the file changed places
    """

    sheet: str
    header_row: int
    columns: list[Column]
    numbers: list[int]
    rows: list[list[str]]
    raw: RawSheet
    others: tuple[str, ...] = ()
    above: tuple[int, ...] = ()
    headings: int = 1
    is_turned: bool = False

    def cells(self, column: int) -> list[str]:
        """A column's cells."""
        try:
            return [row[column] for row in self.rows]
        except IndexError:
            return [row[column] if column < len(row) else "" for row in self.rows]

    def keep(self, wanted: Sequence[bool]) -> None:
        """Leave out the rows that are not wanted."""
        self.numbers = [number for number, keep in zip(self.numbers, wanted, strict=True) if keep]
        self.rows = [row for row, keep in zip(self.rows, wanted, strict=True) if keep]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A way of reading a file, the table found in it, and what was decided about such files.

    Attributes
    ----------
    raw : the whole file
    table : the sheet with the answers from its headings down
    form : a short hash of the headings
    mapping : decisions that were given, else those that `recall` gave
    """

    raw: RawFile
    table: Table
    form: str
    mapping: Mapping | None


def choose_reading(
    readings: Iterable[RawFile],
    known: Known,
    file: str,
    *,
    sheet: str | None,
    mapping: Mapping | None,
    wave: str = "",
    recall: Callable[[str], Mapping | None] = lambda _: None,
) -> Chosen:
    """Take the first way of reading the file in which the plan's columns are found; else raise as `find_table` does.

    Parameters
    ----------
    wave : for which the file was sent, if that was said: where sheets are named after waves, its sheet is taken
    recall : gives the decisions kept for a form
    """
    refusal: UploadError | None = None
    for read in readings:
        raw = RawFile([one for one in read.sheets if one.name not in MARKED_SHEETS], [*read.notes])
        form = form_of(raw, sheet)
        kept = recall(form) if mapping is None else None
        used = mapping or kept
        named = sheet or (used.sheets[0] if used and used.sheets else None)
        if named is None and wave:
            named = _sheet_of(wave, raw, known)
        try:
            table = find_table(raw, known, file, sheet=named, mapping=used)
            return Chosen(raw, table, form, used)
        except UploadError as error:
            refusal = refusal or error
    assert refusal is not None
    raise refusal


def _sheet_of(wave: str, raw: RawFile, known: Known) -> str | None:
    """The one sheet that is named after the wave, where another one is named after another wave; that is noted."""
    waves = {one.name: known.waves.get(normal(one.name), "") for one in raw.sheets if one.rows and not one.hidden}
    mine = [name for name, meant in waves.items() if meant == wave]
    if len(mine) != 1 or not set(waves.values()) - {wave, ""}:
        return None
    found = f"The sheets are named after the times. The file was sent for '{wave}', so {quoted(mine[0])} is read"
    raw.notes.append(Note("fixed", "sheet_of_wave", found, "Nothing to do, if the other sheet is sent too.", mine[0]))
    return mine[0]


def form_of(raw: RawFile, sheet: str | None = None) -> str:
    """A short hash of the headings of a file, the same for every file of one form.

    The headings are taken to be the first row of each sheet with three entries or more.
    """
    rows: list[str] = []
    for one in raw.sheets:
        if sheet is None or not one.name or one.name.strip().casefold() == sheet.strip().casefold():
            first = next((row for row in one.rows[:_SEARCH_ROWS] if sum(map(bool, map(normal, row))) > 2), [])
            rows.append("|".join(name for name in map(normal, first) if name not in ("", normal(ERRORS_HEADING))))
    return hashlib.sha256("\n".join(filter(None, rows)).encode()).hexdigest()[:_FORM_LETTERS]


def find_table(raw: RawFile, known: Known, file: str, *, sheet: str | None, mapping: Mapping | None) -> Table:
    """Choose the sheet and the header row that name most of what the plan knows.

    Raises
    ------
    UploadError
        There is no such sheet, or no row of any sheet names a column that is known.
    """
    candidates = _sheets_asked(raw, file, sheet)
    found = [(*_best_row(one, known, mapping), one) for one in candidates]
    score, row, chosen = max(found, key=lambda one: (one[0], not one[2].hidden))
    repeated = _repeated_questions(chosen, known)
    if repeated >= 0 and not (mapping and mapping.turned):
        raise refused(file, _row_for_each_answer(repeated))
    if (mapping and mapping.turned) or _is_turned(chosen, row, known):
        if _holds_shares(chosen, row):
            raise refused(file, _SUMMARY)
        chosen = turned(chosen)
        score, row = _best_row(chosen, known, mapping)
        if score:
            return _table(chosen, row, known, mapping, (), is_turned=True)
    if score == 0:
        worded = _in_another_wording(candidates, known, mapping)
        if worded:
            return worded
        raise refused(file, no_columns(candidates, known))
    others = tuple(one.name for count, _, one in found if one is not chosen and count >= score and not one.hidden)
    return _table(chosen, row, known, mapping, others)


def _sheets_asked(raw: RawFile, file: str, sheet: str | None) -> list[RawSheet]:
    filled = [one for one in raw.sheets if one.rows]
    if sheet is None or not raw.sheets[0].name:
        return filled
    named = [one for one in raw.sheets if one.name.strip().casefold() == sheet.strip().casefold()]
    names = listed([quoted(one.name) for one in raw.sheets])
    if not named:
        raise UploadError(f"{file}: There is no sheet {quoted(sheet)}. The sheets are {names}. Name one of them.")
    if not named[0].rows:
        raise UploadError(f"{file}: The sheet {quoted(sheet)} is empty. The sheets are {names}. Name another one.")
    return named[:1]


def _best_row(sheet: RawSheet, known: Known, mapping: Mapping | None) -> tuple[int, int]:
    """The best score and the first row that has it."""
    best, where = 0, 0
    for index, row in enumerate(sheet.rows[:_SEARCH_ROWS]):
        above = sheet.rows[index - 1] if index else []
        score = score_of(row, above, known, mapping)
        if score > best:
            best, where = score, index
    return best, where


def turned(sheet: RawSheet) -> RawSheet:
    """The sheet with rows and columns changed round, as 'Paste special', 'Transpose' does from cell A1."""
    places = {number: place for place, number in enumerate(sheet.numbers)}
    width = max(map(len, sheet.rows), default=0)
    height = min(sheet.numbers[-1], MAX_TURNED)
    rows: list[list[str]] = []
    for column in range(width):
        cells = [sheet.rows[places[number]] if number in places else [] for number in range(1, height + 1)]
        rows.append([row[column] if column < len(row) else "" for row in cells])
    kept = [place for place, row in enumerate(rows) if any(row)]
    return RawSheet(
        sheet.name,
        [place + 1 for place in kept],
        [rows[place] for place in kept],
        hidden=sheet.hidden,
        dates=[(column + 1, row - 1) for row, column in sheet.dates],
        uncalculated=[(column + 1, row - 1) for row, column in sheet.uncalculated],
        scientific=[(column + 1, row - 1) for row, column in sheet.scientific],
    )


def _table(
    sheet: RawSheet,
    index: int,
    known: Known,
    mapping: Mapping | None,
    others: Sequence[str],
    *,
    is_turned: bool = False,
) -> Table:
    above = sheet.rows[index - 1] if index else []
    first = index + 1
    extra: list[list[str]] = []
    for later in range(index + 1, min(index + 3, len(sheet.rows))):
        # Qualtrics writes the questions into a second and its own ids into a third header row.
        if any(cell.lstrip().startswith('{"ImportId"') for cell in sheet.rows[later]):
            extra, first = sheet.rows[index + 1 : later], later + 1
    if first < len(sheet.rows) and _is_sub_row(sheet.rows[first]):
        first += 1
    heads = int(sum(bool(cell.strip()) for cell in above) > 1)  # a row of titles over several columns
    width = max((len(row) for row in sheet.rows[index:]), default=0)
    headers = [*sheet.rows[index], *[""] * (width - len(sheet.rows[index]))]
    return Table(
        sheet=sheet.name,
        header_row=sheet.numbers[index],
        columns=with_codes(columns_of(headers, above, known, mapping, alternatives=extra), sheet.rows[first:], known),
        numbers=sheet.numbers[first:],
        rows=sheet.rows[first:],
        raw=sheet,
        others=tuple(others),
        above=tuple(
            sheet.numbers[place]
            for place in range(index)
            if any(cell.strip() for cell in sheet.rows[place]) and not (place == index - 1 and heads)
        ),
        headings=first - index + heads,
        is_turned=is_turned,
    )


def _in_another_wording(sheets: Sequence[RawSheet], known: Known, mapping: Mapping | None) -> Table | None:
    """The table in which the pupil codes have a heading and the questions one that evalkit does not know."""
    for sheet in sheets:
        for index, row in enumerate(sheet.rows[:_FEW_ROWS]):
            if any(role == "pupil" for cell in row for role, _ in known.roles(cell)):
                table = _table(sheet, index, known, mapping, ())
                return table if blocks_in_order(table.columns, table.rows, [*known.order], known) else None
    return None


def _is_sub_row(row: Sequence[str]) -> bool:
    """Whether this is the second header row of SurveyMonkey: nothing but 'Response' and 'Open-Ended Response'."""
    names = [normal(cell) for cell in row if cell.strip()]
    return bool(names) and all(name in SUB_HEADINGS for name in names)


def _holds_shares(sheet: RawSheet, header: int) -> bool:
    """Whether most of the cells are shares (45%, 0.45): a summary by question and answer."""
    cells = [cell for row in sheet.rows[header + 1 : header + 1 + _LONG_ROWS] for cell in row[1:] if cell.strip()]
    return len(cells) > 1 and 2 * sum(bool(_SHARE.fullmatch(cell.strip())) for cell in cells) > len(cells)


def _repeated_questions(sheet: RawSheet, known: Known) -> int:
    """The column in which the questions stand again for every pupil, beside the pupils' codes; -1 if there is none."""
    rows = sheet.rows[:_LONG_ROWS]
    codes = {
        place
        for row in rows[:_FEW_ROWS]
        for place, cell in enumerate(row)
        if any(role == "pupil" for role, _ in known.roles(cell))
    }
    for column in range(min(max(map(len, rows)), _FIRST_COLUMNS)) if codes else ():
        cells = Counter(row[column] for row in rows if column < len(row) and row[column])
        if 3 * len(cells) > 2 * cells.total():
            continue  # hardly anything stands here again
        asked = {cell: times for cell, times in cells.items() if any(role == "item" for role, _ in known.roles(cell))}
        times = sum(asked.values())
        if len(asked) > 2 and times >= 2 * len(asked) and 2 * times > cells.total() and codes - {column}:
            return column
    return -1


def _row_for_each_answer(column: int) -> Refusal:
    return Refusal(
        f"The file has a row for each answer: column {letter(column)} holds the questions, again for every pupil",
        "Each pupil needs one row, with a column for each question. Export it so from your survey tool. Or in Excel: "
        "Data, From Table/Range, select the column of questions, Transform, Pivot Column, values: the answers, "
        "Advanced options: Don't Aggregate.",
    )


def _is_turned(sheet: RawSheet, header: int, known: Known) -> bool:
    """Whether more questions stand in one of the first columns than in the best row.

    Each counts once: a group may be called like a measure (Vocabulary), and stand in the cell of every pupil.
    """
    across = len(_asked(sheet.rows[header], known))
    columns = ([row[place] for row in sheet.rows[:400] if place < len(row)] for place in range(3))
    return any(len(_asked(cells, known)) > max(2, across) for cells in columns)


def _asked(cells: Sequence[str], known: Known) -> set[str]:
    return {normal(cell) for cell in cells if any(role == "item" for role, _ in known.roles(cell))}
