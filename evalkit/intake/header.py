"""Find the sheet and the row in which the headers stand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evalkit.errors import UploadError
from evalkit.intake.columns import Column, columns_of, score_of
from evalkit.intake.known import Known
from evalkit.intake.no_headings import no_columns
from evalkit.intake.normal import listed, normal, quoted
from evalkit.intake.raw import RawFile, RawSheet, Refusal
from evalkit.intake.read import refused
from evalkit.intake.usual_names import SUB_HEADINGS
from evalkit.records.mapping import Mapping

_SEARCH_ROWS = 40


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
    """

    sheet: str
    header_row: int
    columns: list[Column]
    numbers: list[int]
    rows: list[list[str]]
    raw: RawSheet
    others: tuple[str, ...] = ()

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


def choose_reading(
    readings: Iterable[RawFile], known: Known, file: str, *, sheet: str | None, mapping: Mapping | None
) -> tuple[RawFile, Table]:
    """Take the first way of reading the file in which the plan's columns are found; else raise as `find_table` does."""
    refusal: UploadError | None = None
    for raw in readings:
        try:
            return raw, find_table(raw, known, file, sheet=sheet, mapping=mapping)
        except UploadError as error:
            refusal = refusal or error
    assert refusal is not None
    raise refusal


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
    if _is_turned(chosen, row, known):
        raise refused(
            file,
            Refusal(
                "The questions run down the side and the pupils across the top",
                "Turn the table round: copy it, then 'Paste special', 'Transpose'. Each pupil needs one row.",
            ),
        )
    if score == 0:
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


def _table(sheet: RawSheet, index: int, known: Known, mapping: Mapping | None, others: Sequence[str]) -> Table:
    above = sheet.rows[index - 1] if index else []
    first = index + 1
    extra: list[list[str]] = []
    for later in range(index + 1, min(index + 3, len(sheet.rows))):
        # Qualtrics writes the questions into a second and its own ids into a third header row.
        if any(cell.lstrip().startswith('{"ImportId"') for cell in sheet.rows[later]):
            extra, first = sheet.rows[index + 1 : later], later + 1
    if first < len(sheet.rows) and _is_sub_row(sheet.rows[first]):
        first += 1
    width = max((len(row) for row in sheet.rows[index:]), default=0)
    headers = [*sheet.rows[index], *[""] * (width - len(sheet.rows[index]))]
    return Table(
        sheet=sheet.name,
        header_row=sheet.numbers[index],
        columns=columns_of(headers, above, known, mapping, alternatives=extra),
        numbers=sheet.numbers[first:],
        rows=sheet.rows[first:],
        raw=sheet,
        others=tuple(others),
    )


def _is_sub_row(row: Sequence[str]) -> bool:
    """Whether this is the second header row of SurveyMonkey: nothing but 'Response' and 'Open-Ended Response'."""
    names = [normal(cell) for cell in row if cell.strip()]
    return bool(names) and all(name in SUB_HEADINGS for name in names)


def _is_turned(sheet: RawSheet, header: int, known: Known) -> bool:
    """Whether more questions stand in one of the first columns than in the best row."""
    across = sum(any(role == "item" for role, _ in known.roles(cell)) for cell in sheet.rows[header])
    for column in range(3):
        cells = [row[column] for row in sheet.rows[:400] if column < len(row)]
        if sum(any(role == "item" for role, _ in known.roles(cell)) for cell in cells) > max(2, across):
            return True
    return False
