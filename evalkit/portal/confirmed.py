"""The confirmed files of a programme, read again from the disk: what a data release is made of."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from evalkit.intake.check import check_upload
from evalkit.intake.pupils import code_key
from evalkit.portal.decided import adopt, own_mapping
from evalkit.portal.models import Programme, School, SurveyUpload
from evalkit.portal.tenancy import everything
from evalkit.progress import tick
from evalkit.records.identifiers import is_upn, read_pupil_code
from evalkit.records.mapping import Mapping
from evalkit.records.responses import Upload

COUNTED = (SurveyUpload.State.CONFIRMED, SurveyUpload.State.REPLACED)


def confirmed_uploads(programme: Programme) -> list[tuple[SurveyUpload, Upload]]:
    """Every confirmed file of a programme, checked again with the decisions that were taken on it.

    Where two files of a school hold the same pupil in the same wave, the one confirmed later counts. The frames have a
    column `school` with the URN. Codes that two schools gave to different pupils are told apart by the URN in front.

    Raises
    ------
    UploadError
        A file can no longer be read.
    """
    with everything():
        rows = list(
            SurveyUpload.objects.filter(programme=programme, state__in=COUNTED)
            .select_related("programme", "school")
            .order_by("confirmed_at")
        )
    read: list[tuple[SurveyUpload, Upload]] = []
    for done, row in enumerate(rows):
        tick("Reading the confirmed files", done, len(rows))
        read.append((row, _of_school(checked_again(row), row.school)))
    return told_apart(later_wins(read))


def checked_again(upload: SurveyUpload, *, marked: Path | None = None) -> Upload:
    """The file as its check read it; it goes by the name under which the school sent it.

    Parameters
    ----------
    marked : a file to write: the cells as they were read, with what is wrong marked
    """
    mapping = own_mapping(upload)
    read = _checked(upload, mapping, marked)
    if mapping is None and (mapping := adopt(upload, read.form)) is not None:
        read = _checked(upload, mapping, marked)
    return named(read, upload.file_name)


def _checked(upload: SurveyUpload, mapping: Mapping | None, marked: Path | None) -> Upload:
    study, urn = upload.programme.study, upload.school.urn
    return check_upload(upload.path, study, wave=upload.wave, mapping=mapping, school=urn, marked=marked)


def named(upload: Upload, name: str) -> Upload:
    """The upload under another file name."""
    issues = tuple(replace(one, file=name) for one in upload.issues)
    return replace(upload, issues=issues, source=replace(upload.source, file=name))


def later_wins(read: Sequence[tuple[SurveyUpload, Upload]]) -> list[tuple[SurveyUpload, Upload]]:
    """Leave out rows of pupils whom a later file of the same school holds in the same wave, and files left empty."""
    seen: set[tuple[str, str, str]] = set()
    kept: list[tuple[SurveyUpload, Upload]] = []
    for row, upload in reversed(read):
        frame = upload.responses
        keys = [
            (str(row.school_id), str(wave), code_key(str(code)))
            for code, wave in zip(frame["pupil"], frame["wave"], strict=True)
        ]
        fresh = [key not in seen for key in keys]
        seen.update(keys)
        if any(fresh) or len(upload.roster):
            kept.append((row, replace(upload, responses=frame.loc[fresh].reset_index(drop=True))))
    return kept[::-1]


def told_apart(read: Sequence[tuple[SurveyUpload, Upload]]) -> list[tuple[SurveyUpload, Upload]]:
    """Put the URN in front of codes that two schools use for different pupils.

    A code that evalkit issued, or a UPN, is one pupil's wherever it stands: that pupil moved.
    """
    holders: dict[str, set[str]] = {}
    for row, upload in read:
        for code in upload.responses["pupil"]:
            holders.setdefault(code_key(str(code)), set()).add(str(row.school_id))
    shared = {key for key, schools in holders.items() if len(schools) > 1 and not _is_unique(key)}
    return [(row, _with_urn(upload, row.school, shared)) for row, upload in read] if shared else list(read)


def _is_unique(key: str) -> bool:
    return is_upn(key.upper()) or read_pupil_code(key).ok


def _with_urn(upload: Upload, school: School, shared: set[str]) -> Upload:
    def renamed(codes: Sequence[str]) -> list[str]:
        return [f"{school.urn}-{code}" if code_key(str(code)) in shared else str(code) for code in codes]

    frames = {
        name: frame.assign(pupil=renamed(list(frame["pupil"])))
        for name, frame in (("responses", upload.responses), ("roster", upload.roster))
        if len(frame)
    }
    return replace(upload, **frames)


def _of_school(upload: Upload, school: School) -> Upload:
    """The URN in each row: a school may leave it out of its own file."""
    frames = {
        name: frame.assign(school=school.urn)
        for name, frame in (("responses", upload.responses), ("roster", upload.roster))
        if len(frame)
    }
    return replace(upload, **frames)
