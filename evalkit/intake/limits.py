"""How much a survey file may hold, and what the child that reads workbooks may use. Imports nothing heavy."""

from typing import NamedTuple

MAX_ROWS = 1_048_576
MAX_COLUMNS = 2_000
MAX_CELLS = 30_000_000
MAX_CELL_CHARACTERS = 131_072
LARGE_TEXT_BYTES = 150_000_000  # text beyond this is read in pieces
PIECE_BYTES = 64_000_000
MAX_TEXT_BYTES = 6_000_000_000

# A workbook: its zip directory before anything is unpacked, then what stands in its sheets.
MAX_WORKBOOK_BYTES = 50_000_000
MAX_ENTRIES = 200
MAX_ENTRY_BYTES = 100_000_000
MAX_TOTAL_BYTES = 200_000_000
RATIO_FROM_BYTES = 1_000_000
MAX_RATIO = 100
MAX_RATIO_ODS = 400  # LibreOffice's honest sheets of equal answers pack 101 times; Excel's and its own .xlsx 16 times
MAX_SHEETS = 100
MAX_WORKBOOK_CELLS = 6_000_000  # 200 MB of XML hold fewer, unless cells are repeated by a number
MAX_WORKBOOK_MARKS = 2_000_000  # dates, and formulas without a result
MAX_WORKBOOK_CHARACTERS = 200_000_000
MAX_ROW_CHARACTERS = 1_000_000
MAX_NESTING = 100

# How the child ends when it stops itself.
TOO_MUCH_MEMORY = 3
TOO_MUCH_TIME = 4


class Limits(NamedTuple):
    """What the child process may use.

    Attributes
    ----------
    memory_bytes : its address space on Linux, its resident memory elsewhere
    cpu_seconds, wall_seconds : its time; the parent ends it by the clock
    watched : a thread of the child watches memory and CPU time, where no kernel does it (macOS, Windows)
    """

    memory_bytes: int = 600_000_000
    cpu_seconds: int = 60
    wall_seconds: float = 180.0
    watched: bool = False
