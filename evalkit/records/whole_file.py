"""Write a file in one step: whoever looks, now or after a power cut, finds the old one or the new one."""

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from evalkit.errors import EvalkitError


def write_whole(path: str | Path, content: str | bytes, *, secret: bool = False) -> None:
    """Put a file in its place in one step.

    Parameters
    ----------
    path : where; its folder must exist
    content : text (written as UTF-8, line ends as they are) or bytes
    secret : nobody but the owner may read it

    Raises
    ------
    EvalkitError
        The disk is full, or the place cannot be written. The old file then stands as it was.
    """
    with file_in_making(path, secret=secret) as (file, _):
        file.write(content.encode("utf-8") if isinstance(content, str) else content)


@contextmanager
def file_in_making(path: str | Path, *, secret: bool = False) -> Generator[tuple[BinaryIO, Path]]:
    """Fill a new file; when the block ends well it takes the place of the old one, else nothing changes.

    Parameters, errors: as for `write_whole`.

    Yields
    ------
    tuple - the new file, open for writing, and where it lies meanwhile
    """
    place = Path(path)
    part = ""
    try:
        handle, part = tempfile.mkstemp(prefix=f".{place.name}.", suffix=".part", dir=place.parent)
        with os.fdopen(handle, "wb") as file:
            yield file, Path(part)
            file.flush()
            os.fsync(file.fileno())
        if not secret:  # a scratch file is its owner's alone
            os.chmod(part, _mode(place))
        os.replace(part, place)
    except OSError as error:
        raise cannot_write(place, error) from None
    finally:
        if part:
            Path(part).unlink(missing_ok=True)
    settle_folder(place.parent)


def settle_folder(folder: Path) -> None:
    """Have the disk keep the folder's list of names, where the system can be asked to."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def cannot_write(place: Path, error: OSError) -> EvalkitError:
    """The sentence for a file that the system did not let us write."""
    return EvalkitError(
        f"{place}: this cannot be written ({error.strerror or 'the disk refused'}). What stood there before still "
        "does. Make room, or check that you may write there, and try again."
    )


def _mode(place: Path) -> int:
    """The rights of the file that is replaced; of a new one those that any new file gets."""
    if place.exists():
        return place.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
