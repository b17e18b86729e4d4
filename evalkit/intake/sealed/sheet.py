"""One sheet while it is read: rows are gathered, counted and handed on in blocks, as plain lists."""

from collections.abc import Iterator

from evalkit.intake.limits import (
    MAX_CELL_CHARACTERS,
    MAX_COLUMNS,
    MAX_ROW_CHARACTERS,
    MAX_ROWS,
    MAX_WORKBOOK_CELLS,
    MAX_WORKBOOK_CHARACTERS,
    MAX_WORKBOOK_MARKS,
)
from evalkit.intake.normal import letter
from evalkit.intake.sealed.markup import Unreadable, damaged

Message = list[object]
_BLOCK_CELLS = 20_000
_BLOCK_CHARACTERS = 4_000_000


class Room:
    """How many cells, characters and marked cells (dates, formulas without a result) the workbook may still hold."""

    __slots__ = ("cells", "characters", "marks")

    def __init__(self) -> None:
        self.cells = MAX_WORKBOOK_CELLS
        self.characters = MAX_WORKBOOK_CHARACTERS
        self.marks = MAX_WORKBOOK_MARKS


class Sheet:
    """The rows of one sheet that were not handed on yet, and what is known about its cells.

    Attributes
    ----------
    dates, scientific, uncalculated : cells (row number, column from 0) that are dates; numbers shown as 1.00E+05;
        formulas without their result
    hidden_rows : row numbers that the spreadsheet does not show
    noughts : how many numbers are shown with noughts in front
    shown_as_dates : how many small numbers are shown as dates of the year 1900
    emptied : the furthest column (counted from 1) in which an empty cell is stored
    """

    __slots__ = (
        "_blank", "_blocks", "_last", "_numbers", "_room", "_rows", "_spoken", "_waiting", "_wide", "dates", "emptied",
        "hidden_rows", "name", "noughts", "scientific", "shown_as_dates", "uncalculated",
    )  # fmt: skip

    def __init__(self, name: str, room: Room) -> None:
        self.name = name
        self.dates: list[tuple[int, int]] = []
        self.scientific: list[tuple[int, int]] = []
        self.uncalculated: list[tuple[int, int]] = []
        self.hidden_rows: list[int] = []
        self.noughts = 0
        self.shown_as_dates = 0
        self.emptied = 0
        self._room = room
        self._numbers: list[int] = []
        self._rows: list[list[str]] = []
        self._blocks: list[Message] = []
        self._waiting = 0
        self._spoken = 0
        self._last = 0
        self._blank = 0
        self._wide = 0

    def put(self, number: int, row: list[str], column: int, text: str) -> None:
        """Set one cell of a row; refuses texts and places that no survey has."""
        if len(text) > MAX_CELL_CHARACTERS:
            raise Unreadable(
                f"Sheet {self.name}, row {number}: one cell holds more than {MAX_CELL_CHARACTERS:,} characters",
                "Delete what is in it, or copy the answers alone into a new workbook.",
            )
        place = len(row)
        if column == place:
            row.append(text)
        elif column < place:
            row[column] = text
        elif text.strip():
            if column >= MAX_COLUMNS:
                raise self._too_wide(number, column + 1)
            row.extend([""] * (column - place))
            row.append(text)

    def add(self, number: int, row: list[str], *, times: int = 1) -> None:
        """Keep a row, unless nothing stands in it. `times` is how often it is repeated."""
        if number <= self._last:
            raise damaged()
        self._last = number + times - 1
        while row and not row[-1].strip():
            row.pop()
        if not row:
            self._blank += times == 1  # LibreOffice stores all the rows there can be, as one
            return
        if len(row) > MAX_COLUMNS:
            raise self._too_wide(number, len(row))
        characters = sum(map(len, row))
        self._room.cells -= len(row) * times
        self._room.characters -= characters * times
        spent = self._room.cells < 0 or self._room.characters < 0
        if spent or self._last > MAX_ROWS or characters > MAX_ROW_CHARACTERS:
            raise self._too_large()
        self._blank = 0
        self._wide = max(self._wide, len(row))
        for place in range(times):
            self._numbers.append(number + place)
            self._rows.append(row)
            self._waiting += len(row)
            self._spoken += characters
            if self._waiting > _BLOCK_CELLS or self._spoken > _BLOCK_CHARACTERS:
                self._close_block()

    def mark(self, where: list[tuple[int, int]], number: int, column: int, *, rows: int = 1, columns: int = 1) -> None:
        """Note a cell, or a block of equal cells, in one of the lists of the sheet."""
        self._room.marks -= rows * columns
        if self._room.marks < 0:
            raise self._too_large()
        where.extend((number + down, column + right) for down in range(rows) for right in range(columns))

    def hide(self, number: int, *, rows: int = 1) -> None:
        """Note rows that the spreadsheet does not show."""
        self.hidden_rows.extend(range(number, min(number + rows, MAX_ROWS + 1)))

    def _too_wide(self, number: int, column: int) -> Unreadable:
        return Unreadable(
            f"Sheet {self.name}, row {number:,} has something in column {letter(column - 1)}",
            f"Delete it, or copy the answers alone into a new workbook. Up to {MAX_COLUMNS:,} columns are read.",
        )

    def _too_large(self) -> Unreadable:
        return Unreadable(
            f"Sheet {self.name} is larger than any survey",
            "Something may stand far to the right or far below. Copy the answers alone into a new workbook.",
        )

    def blocks(self, *, all_of_it: bool = False) -> Iterator[Message]:
        """The blocks of rows that are full; with `all_of_it` also the last one."""
        if all_of_it and self._rows:
            self._close_block()
        yield from self._blocks
        self._blocks.clear()

    def _close_block(self) -> None:
        self._blocks.append(["rows", self._numbers, self._rows])
        self._numbers, self._rows = [], []
        self._waiting = self._spoken = 0

    def facts(self) -> Message:
        """What is to be said about the sheet at its end."""
        empty = [self._blank, max(self.emptied - self._wide, 0)] if self._wide else [0, 0]
        return ["facts", {
            "hidden_rows": self.hidden_rows, "dates": self.dates, "uncalculated": self.uncalculated,
            "scientific": self.scientific, "noughts": [self.noughts], "empty": empty,
            "shown_as_dates": [self.shown_as_dates],
        }]  # fmt: skip
