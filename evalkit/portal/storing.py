"""Keep a file that a school sent: whole on the disk first, then its row and the promise to check it, together."""

import hashlib
import os
import shutil
from pathlib import Path, PurePosixPath

from django.core.files.uploadedfile import UploadedFile

from evalkit.errors import EvalkitError
from evalkit.intake.normal import plain
from evalkit.portal.decided import own_file
from evalkit.portal.jobs.queue import enqueue
from evalkit.portal.models import Job, Participation, Person, SurveyUpload
from evalkit.records.whole_file import settle_folder

SUFFIXES = (".csv", ".xlsx", ".ods", ".tsv")
_LONGEST_NAME = 120
_OVER = (SurveyUpload.State.UNDONE, SurveyUpload.State.REPLACED)


def keep_upload(
    file: UploadedFile, participation: Participation, *, wave: str, by: Person
) -> tuple[SurveyUpload, bool]:
    """Keep a file for a wave.

    Returns
    -------
    The upload, and whether it is new: the same bytes sent again for the same wave are the earlier upload, unless that
    one was taken back or replaced.

    Raises
    ------
    EvalkitError
        The disk did not take it. Nothing is left behind.
    """
    sha256 = _sha256(file)
    place = Participation.objects.select_for_update().get(pk=participation.pk)
    mine = SurveyUpload.objects.filter(programme=place.programme, school=place.school, wave=wave)
    earlier = mine.filter(sha256=sha256).exclude(state__in=_OVER).first()
    if earlier is not None:
        return earlier, False
    name = shown_name(file.name or "")
    upload = SurveyUpload(
        programme=place.programme, school=place.school, wave=wave, file_name=name, suffix=Path(name).suffix.lower(),
        sha256=sha256, size=file.size or 0, by=by,
    )  # fmt: skip
    _write(file, upload)
    upload.save(force_insert=True)
    enqueue(Job.Kind.CHECK, upload.pk, programme=place.programme, school=place.school)
    return upload, True


def remove_upload(upload: SurveyUpload) -> None:
    """Delete a file, what was found in it and what was decided about it alone, and its row."""
    shutil.rmtree(upload.folder, ignore_errors=True)
    own_file(upload).unlink(missing_ok=True)
    Job.objects.filter(kind=Job.Kind.CHECK, target=upload.pk).delete()
    SurveyUpload.objects.filter(pk=upload.pk).delete()


def shown_name(name: str) -> str:
    """The file's name without folders and invisible signs, its ending kept when it is cut."""
    kept = plain(PurePosixPath(name.replace("\\", "/")).name)
    suffix = Path(kept).suffix
    return kept if len(kept) <= _LONGEST_NAME else kept[: _LONGEST_NAME - len(suffix) - 1] + "…" + suffix


def _sha256(file: UploadedFile) -> str:
    digest = hashlib.sha256()
    for piece in file.chunks():
        digest.update(piece)
    return digest.hexdigest()


def _write(file: UploadedFile, upload: SurveyUpload) -> None:
    """The bytes on the disk, and the disk told to keep them."""
    try:
        upload.folder.mkdir(parents=True, mode=0o700)
        with upload.path.open("xb") as kept:
            for piece in file.chunks():
                kept.write(piece)
            kept.flush()
            os.fsync(kept.fileno())
        settle_folder(upload.folder)
        settle_folder(upload.folder.parent)
    except OSError:
        shutil.rmtree(upload.folder, ignore_errors=True)
        raise EvalkitError("The selected file could not be uploaded – try again") from None
