"""Ledgers and logs: a line of JSON for each entry, chained by hashes, only ever added to.

An entry counts once its line is whole. A line that a crash cut off is no entry: reading passes over it, and the next
entry takes its place.
"""

import hashlib
import io
import json
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from pydantic import Field

from evalkit.errors import SpecError
from evalkit.records.spec_file import Spec, SpecFile, validate_spec
from evalkit.records.whole_file import cannot_write, settle_folder

FIRST = "0" * 64
_PIECE = 65536
_LOCKED_BYTE = 2**40  # on Windows a lock covers bytes; this one is never written


class ChainedEntry(Spec):
    """One line: its number, the hash of the line before, and its own hash over all the rest."""

    number: int = Field(ge=1)
    previous_sha256: str
    sha256: str

    @property
    def own_sha256(self) -> str:
        """What `sha256` must be."""
        return sha256_of(canonical_json(self.model_dump(mode="json", exclude={"sha256"})))


EntryType = TypeVar("EntryType", bound=ChainedEntry)


def canonical_json(content: object) -> str:
    """JSON that is the same for equal content: sorted keys, no spaces."""
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def sha256_of(text: str) -> str:
    """SHA-256 of a text in UTF-8."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def read_chain(path: str | Path, model: type[EntryType]) -> tuple[EntryType, ...]:
    """Read a ledger or log and check its chain. A file that is not there yet is an empty one.

    Raises
    ------
    SpecError
        A line is no entry, was changed, or one before it was taken out; the message names the line. That lines were
        taken off the END shows only where the last hash is kept elsewhere.
    """
    file = Path(path)
    return _checked(file, file.read_bytes(), model) if file.exists() else ()


def append_to_chain(
    path: str | Path,
    model: type[EntryType],
    make: Callable[[tuple[EntryType, ...]], dict[str, object]],
    *,
    whole: bool = True,
) -> EntryType:
    """Add one entry at the end; nothing that stands there is touched, and two writers wait for one another.

    Parameters
    ----------
    path : the file; it is made when it is not there
    model : the kind of entry
    make : what the entry says, without `number` and hashes, given the entries before; what it raises is passed on and
        nothing is written
    whole : check the whole chain first. A log that grows long checks its last line only (and `make` is given no more
        than that), so that the hundred-thousandth entry costs what the first did; `read_chain` finds what was changed

    Raises
    ------
    SpecError
        The chain is broken.
    EvalkitError
        The disk is full or the file may not be written; it then stands as before.
    """
    place = Path(path)
    is_new = not place.exists()
    try:
        file = place.open("a+b", buffering=0)  # nothing may wait in a buffer when writing fails
    except OSError as error:
        raise cannot_write(place, error) from None
    with file, _alone(file):
        if whole:
            file.seek(0)
            content = file.read()
            entries, end = _checked(place, content, model), content.rfind(b"\n") + 1
        else:
            entries, end = _last(file, place, model)
        chained = {
            **make(entries),
            "number": entries[-1].number + 1 if entries else 1,
            "previous_sha256": entries[-1].sha256 if entries else FIRST,
        }
        draft = model.model_validate({**chained, "sha256": ""})
        entry = draft.model_copy(update={"sha256": draft.own_sha256})
        _add_line(file, place, end, canonical_json(entry.model_dump(mode="json")) + "\n")
    if is_new:
        settle_folder(place.parent)
    return entry


def _add_line(file: io.FileIO, place: Path, whole: int, line: str) -> None:
    """Write after the last whole line; when that fails, leave the file as it was."""
    try:
        if file.seek(0, os.SEEK_END) != whole:
            file.truncate(whole)
        rest = line.encode("utf-8")
        while rest:
            rest = rest[file.write(rest) :]
        os.fsync(file.fileno())
    except OSError as error:
        os.truncate(place, whole)
        raise cannot_write(place, error) from None


@contextmanager
def _alone(file: io.FileIO) -> Generator[None]:
    """Hold the file's lock; the system lets go of it when the process ends, however it ends."""
    if os.name == "nt":
        import msvcrt

        file.seek(_LOCKED_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)  # pyright: ignore[reportAttributeAccessIssue]
        try:
            yield
        finally:
            file.seek(_LOCKED_BYTE)
            msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)  # pyright: ignore[reportAttributeAccessIssue]
        return
    import fcntl

    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def _checked(file: Path, content: bytes, model: type[EntryType]) -> tuple[EntryType, ...]:
    entries: list[EntryType] = []
    problems: list[str] = []
    previous = FIRST
    for number, line in enumerate(_whole_lines(file, content), start=1):
        entry = _entry(line, f"{file}, line {number}", model)
        if entry.sha256 != entry.own_sha256:
            problems.append(f"{file}, line {number}: the entry was changed after it was written.")
        elif entry.previous_sha256 != previous or entry.number != number:
            problems.append(
                f"{file}, line {number}: the entry does not follow the one before; a line is missing or moved."
            )
        previous = entry.sha256
        entries.append(entry)
    if problems:
        raise SpecError(f"{file}: the ledger is not whole. Restore it from a copy.", problems=problems)
    return tuple(entries)


def _last(file: io.FileIO, place: Path, model: type[EntryType]) -> tuple[tuple[EntryType, ...], int]:
    """The last entry, if there is one, and where its line ends."""
    size = file.seek(0, os.SEEK_END)
    tail, start = b"", size
    while start > 0 and tail.count(b"\n") < 2:
        start = max(0, start - _PIECE)
        file.seek(start)
        tail = file.read(size - start)
    lines = _whole_lines(place, tail[tail.find(b"\n") + 1 if start else 0 :])
    if not lines:
        return (), 0
    entry = _entry(lines[-1], f"{place}, the last line", model)
    if entry.sha256 != entry.own_sha256:
        raise SpecError(f"{place}: the last entry was changed after it was written. Restore the file from a copy.")
    return (entry,), start + tail.rfind(b"\n") + 1


def _whole_lines(file: Path, content: bytes) -> list[str]:
    try:
        return content[: content.rfind(b"\n") + 1].decode("utf-8").split("\n")[:-1]
    except UnicodeDecodeError:
        raise SpecError(f"{file}: the ledger is not UTF-8 text. Restore it from a copy.") from None


def _entry(line: str, name: str, model: type[EntryType]) -> EntryType:
    try:
        data = json.loads(line)
    except json.JSONDecodeError:
        raise SpecError(f"{name}: this line is not JSON. Restore the ledger from a copy.") from None
    return validate_spec(SpecFile(name, data, {(): 1}), model)
