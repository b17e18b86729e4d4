"""Cells as they stand in a file, before anything is understood: what every reader returns."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # the readers may run in a child process that loads no data frames
    from evalkit.records.responses import Severity


class Note(NamedTuple):
    """Something a reader mended or noticed, in the words of a `Problem`."""

    severity: "Severity"
    kind: str
    found: str
    mend: str
    sheet: str = ""
    rows: tuple[int, ...] = ()


class Refusal(NamedTuple):
    """Why a file cannot be read at all, and what to do. The door turns it into an UploadError that names the file."""

    found: str
    mend: str


@dataclass(frozen=True, slots=True)
class RawSheet:
    """One sheet as text.

    Attributes
    ----------
    name : the sheet's name; empty for text files
    numbers : the row number that the spreadsheet shows, for each row kept; rows without any content are not kept
    rows : the cells of each row as text, blanks at the end cut off; "" is an empty cell
    hidden : whether the sheet is hidden
    hidden_rows : row numbers that the spreadsheet does not show
    dates : cells that the spreadsheet holds as dates: row number and column (0-based)
    uncalculated : cells with a formula but no value
    scientific : numbers that the spreadsheet shows as 1.00E+05, which is what it makes of a code such as 1E5
    last : the number of the last row, be it blank; 0 where that is not known (workbooks)
    ragged : whether differing row lengths mean something (true for text files)
    """

    name: str
    numbers: list[int]
    rows: list[list[str]]
    hidden: bool = False
    hidden_rows: list[int] = field(default_factory=list)
    dates: list[tuple[int, int]] = field(default_factory=list)
    uncalculated: list[tuple[int, int]] = field(default_factory=list)
    scientific: list[tuple[int, int]] = field(default_factory=list)
    ragged: bool = False
    last: int = 0


@dataclass(frozen=True, slots=True)
class RawFile:
    """All sheets of a file, and what the reader has to say about them."""

    sheets: list[RawSheet]
    notes: list[Note]
