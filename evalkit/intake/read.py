"""A file -> raw cells, or one sentence that says why it cannot be read."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from evalkit.errors import UploadError
from evalkit.intake.limits import LARGE_TEXT_BYTES
from evalkit.intake.raw import RawFile, Refusal
from evalkit.intake.read_csv import Place, csv_readings
from evalkit.intake.read_workbook import read_workbook
from evalkit.intake.sniff import kind_of


def read_file(path: Path) -> tuple[Iterator[RawFile], str]:
    """Read a survey file.

    Returns
    -------
    The ways in which the file can be read, the likeliest first (a workbook has one, a text file one for each character
    that may part its columns), each only made when asked for; and the SHA-256 of the file's bytes.

    Raises
    ------
    UploadError
        There is no such file, or it is no spreadsheet that can be read. The message names the file and the way out.
    """
    data = _bytes(path)
    kind = kind_of(data)
    if isinstance(kind, Refusal):
        raise refused(path.name, kind)
    contents = csv_readings(data) if kind == "text" else _workbook(data, kind)
    return _readings(contents, path.name), hashlib.sha256(data).hexdigest()


def text_readings(data: bytes, name: str, place: Place) -> Iterator[RawFile]:
    """The ways in which a piece of a text file can be read, as `read_file` gives those of a whole one."""
    return _readings(csv_readings(data, place), name)


def _workbook(data: bytes, kind: Literal["xlsx", "ods"]) -> Iterator[RawFile | Refusal]:
    yield read_workbook(data, kind)


def _readings(contents: Iterator[RawFile | Refusal], name: str) -> Iterator[RawFile]:
    """Every reading that can be made; when the likeliest cannot, its refusal is the file's."""
    for place, content in enumerate(contents):
        if isinstance(content, Refusal):
            if place == 0:
                raise refused(name, content)
        elif any(sheet.rows for sheet in content.sheets):
            yield content
        elif place == 0:
            raise refused(
                name, Refusal("The file holds no answers", "Check that you exported them, and send it again.")
            )


def refused(name: str, refusal: Refusal) -> UploadError:
    """The refusal as an error that names the file."""
    return UploadError(f"{name}: {refusal.found}. {refusal.mend}")


def _bytes(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise UploadError(f"{path}: This is a folder. Name the file with the answers in it.")
        if not path.exists():
            raise UploadError(f"{path}: There is no such file. Check the spelling and the folder.")
        if not path.is_file():
            raise UploadError(f"{path}: This is not a file. Name the file with the answers.")
        if path.stat().st_size > LARGE_TEXT_BYTES:
            megabytes = path.stat().st_size / 1_000_000
            raise refused(path.name, Refusal(f"The file is too large ({megabytes:,.0f} MB)", "Split it and try again."))
        return path.read_bytes()
    except (OSError, ValueError):
        raise UploadError(
            f"{path}: The file cannot be opened. Close it in other programs and check that you may read it."
        ) from None
