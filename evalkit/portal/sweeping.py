"""Take away what a crash left: half an upload; files of an upload, a release or a report without a row."""

import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from django.conf import settings

from evalkit.custody.whole_folder import remove_folder
from evalkit.portal.models import DataRelease, Report, SurveyUpload
from evalkit.portal.tenancy import everything

OLD_SECONDS = 3600.0


def sweep() -> int:
    """Remove what is older than an hour and belongs to nothing. Returns how many files and folders."""
    with everything():
        known = {
            str(one)
            for model in (SurveyUpload, DataRelease, Report)
            for one in model.objects.values_list("pk", flat=True)
        }
    swept = 0
    for folder in _made_folders(Path(settings.DATA) / "programmes"):
        if folder.name not in known and time.time() - folder.stat().st_mtime > OLD_SECONDS:
            remove_folder(folder)
            swept += 1
    for file in Path(settings.FILE_UPLOAD_TEMP_DIR).glob("*.upload*"):
        if time.time() - file.stat().st_mtime > OLD_SECONDS:
            file.unlink(missing_ok=True)
            swept += 1
    return swept


def _made_folders(programmes: Path) -> Iterator[Path]:
    """Every folder that is named by the id of its row."""
    for pattern in ("*/uploads/*/*", "*/releases/*", "*/reports/*"):
        for folder in programmes.glob(pattern):
            if folder.is_dir() and _is_id(folder.name):
                yield folder


def _is_id(name: str) -> bool:
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False
