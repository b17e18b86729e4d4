"""Rows of pupils in a text file too large to be held at once: read piece by piece, and left out line by line."""

import csv
import itertools
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import BinaryIO, TypeVar

from evalkit.errors import UploadError
from evalkit.intake.header import Chosen
from evalkit.intake.large_text import Choose, tables_of
from evalkit.intake.read_csv import SEPARATORS, sep_line

Row = TypeVar("Row")

_HEAD = 200


class LargeRows(Collection[Row]):
    """The rows of a large file, read anew each time that somebody goes through them.

    Attributes
    ----------
    path, choose : as `tables_of` takes them
    rows_of : the rows of a piece
    """

    def __init__(self, path: Path, choose: Choose, rows_of: Callable[[Chosen], Iterator[Row]]) -> None:
        self.path = path
        self.choose = choose
        self.rows_of = rows_of
        self._count = -1

    def __iter__(self) -> Iterator[Row]:
        for chosen in tables_of(self.path, self.choose):
            yield from self.rows_of(chosen)

    def __contains__(self, row: object) -> bool:
        return any(one == row for one in self)

    def __len__(self) -> int:
        if self._count < 0:
            self._count = sum(1 for _ in self)
        return self._count


def leave_out(source: Path, target: BinaryIO, place: Path, *, rows: Collection[int], choose: Choose) -> bool:
    """Write the text of `source` into `target` with a blank line in place of each of these rows.

    Every other byte stays. False where no reading of the rows leaves the rest as it was; `target` is then of no use.

    Parameters
    ----------
    target, place : a file open for writing, and where it lies
    rows : their numbers, as the spreadsheet shows them
    choose : as `tables_of` takes it
    """
    for separator in _separators(source):
        target.seek(0)
        target.truncate()
        if _copied(source, target, separator, rows):
            target.flush()
            if _is_the_rest(source, place, rows, choose):
                return True
    return False


def _separators(source: Path) -> tuple[str, ...]:
    with source.open("rb") as file:
        separator, _ = sep_line(file.read(_HEAD).removeprefix(b"\xef\xbb\xbf").decode("latin-1"))
    return (separator,) if separator else tuple(SEPARATORS)


def _copied(source: Path, target: BinaryIO, separator: str, rows: Collection[int]) -> bool:
    """Copy record by record; Latin-1 gives each byte a sign of its own, and what parts records is ASCII."""
    with source.open("r", encoding="latin-1", newline="") as file:
        head = file.read(_HEAD)
        mark = head[:3] if head.startswith("ï»¿") else ""
        start = len(mark) + sep_line(head[len(mark) :])[1]
        file.seek(0)
        target.write(file.read(start).encode("latin-1"))
        record: list[str] = []
        reader = csv.reader(_noted(file, record), delimiter=separator)
        try:
            for number, _ in enumerate(reader, start=1):
                text = "".join(record)
                target.write((text[len(text.rstrip("\r\n")) :] if number in rows else text).encode("latin-1"))
                record.clear()
        except csv.Error:
            return False
    return True


def _noted(lines: Iterator[str], record: list[str]) -> Iterator[str]:
    """The lines, each put into `record` on its way to the reader."""
    for line in lines:
        record.append(line)
        yield line


def _is_the_rest(source: Path, target: Path, rows: Collection[int], choose: Choose) -> bool:
    old = (line for line in _lines(source, choose) if line[0] not in rows)
    try:
        return all(one == other for one, other in itertools.zip_longest(old, _lines(target, choose)))
    except UploadError:
        return False


def _lines(path: Path, choose: Choose) -> Iterator[tuple[int, list[str]]]:
    for chosen in tables_of(path, choose):
        for number, cells in zip(chosen.table.numbers, chosen.table.rows, strict=True):
            if any(cells):
                yield number, cells
