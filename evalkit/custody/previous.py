"""The release before this one, kept beside it for as long as somebody may want to go back."""

import shutil
from pathlib import Path

from evalkit.custody.whole_folder import folder_in_making, remove_folder
from evalkit.errors import UploadError
from evalkit.records.release import MANIFEST_FILE
from evalkit.records.whole_file import cannot_write

SUFFIX = ".before"


def previous_of(folder: Path) -> Path:
    """Where the release before is kept."""
    return folder.with_name(f"{folder.name}{SUFFIX}")


def keep_previous(folder: Path) -> Path | None:
    """Copy a release beside itself, in one step; None when there is none yet. Raises EvalkitError on a full disk."""
    if not (folder / MANIFEST_FILE).is_file():
        return None
    place = previous_of(folder)
    with folder_in_making(place) as fresh:
        shutil.copytree(folder, fresh, dirs_exist_ok=True)
    return place


def put_previous_back(folder: Path) -> None:
    """Put the release that was kept in the place of the present one.

    Raises
    ------
    UploadError
        None was kept.
    EvalkitError
        The folder cannot be written; both releases then stand as they were.
    """
    place = previous_of(folder)
    if not (place / MANIFEST_FILE).is_file():
        raise UploadError(
            f"{folder}: no release before this one was kept, so there is nothing to go back to. It is kept with "
            "'evalkit release ... --replace --keep'."
        )
    try:
        with folder_in_making(folder) as fresh:
            shutil.copytree(place, fresh, dirs_exist_ok=True)
        remove_folder(place)
    except OSError as error:
        raise cannot_write(folder, error) from None
