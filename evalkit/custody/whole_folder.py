"""Put a folder in its place in one step: after a crash at any moment the old folder or the new one is there.

Beside `release` two names are used on the way: `.release.new` is filled first; then `release` becomes `.release.old`,
`.release.new` becomes `release`, and the old one is deleted. What a crash leaves, the next writer puts right, so that
no copy of pupils' data stays behind unseen; a reader only brings back an old folder that lost its name.
"""

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from evalkit.records.whole_file import cannot_write, settle_folder


@contextmanager
def folder_in_making(folder: Path) -> Generator[Path]:
    """Fill a new folder; when the block ends well it takes the place of the old one, else nothing changes.

    Parameters
    ----------
    folder : the place; what stands there is replaced as a whole

    Yields
    ------
    Path - an empty folder to fill

    Raises
    ------
    EvalkitError
        The disk is full, or the place cannot be written; the old folder then stands as it was.
    """
    place = folder.absolute()
    fresh, old = _beside(place, "new"), _beside(place, "old")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with _alone(place.parent):
            settle(place)
            fresh.mkdir()
            try:
                yield fresh
                _keep_on_disk(fresh)
                if place.exists():
                    os.replace(place, old)
                try:
                    os.replace(fresh, place)
                finally:
                    bring_back(place)
            finally:
                shutil.rmtree(fresh, ignore_errors=True)
            settle_folder(place.parent)
            settle(place)
    except OSError as error:
        raise cannot_write(folder, error) from None


def remove_folder(folder: Path) -> None:
    """Delete a folder, if it is still there: first its name, in one step, then what was in it."""
    place = folder.absolute()
    if not place.exists():
        return
    waste = place if place.suffix == ".waste" else _beside(place, "waste")
    if waste != place:
        shutil.rmtree(waste, ignore_errors=True)
        os.replace(place, waste)
    shutil.rmtree(waste)
    settle_folder(place.parent)


def bring_back(folder: Path) -> None:
    """Give an old folder its name again, if a crash took it away before the new one had it."""
    old = _beside(folder.absolute(), "old")
    if not folder.exists() and old.exists():
        os.replace(old, folder)


def settle(folder: Path) -> None:
    """Finish or undo what a crash broke off; for writers only, because it deletes what another one may be filling."""
    place = folder.absolute()
    fresh, old, waste = (_beside(place, word) for word in ("new", "old", "waste"))
    bring_back(place)
    for remains in (fresh, waste):
        if remains.exists():
            shutil.rmtree(remains)
    if old.exists():
        # Deleting takes many steps: under another name what is left of it is never taken for the old folder.
        os.replace(old, waste)
        shutil.rmtree(waste)


def _beside(place: Path, word: str) -> Path:
    return place.with_name(f".{place.name}.{word}")


def _keep_on_disk(folder: Path) -> None:
    """Have the disk keep every file, before the folder gets its name."""
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            with file.open("rb+") as handle:
                os.fsync(handle.fileno())
    settle_folder(folder)


@contextmanager
def _alone(folder: Path) -> Generator[None]:
    """Let no other writer into the folder at the same time, where the system can lock a folder."""
    if os.name != "posix":
        yield
        return
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
