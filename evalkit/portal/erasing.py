"""Erase a pupil, a school or a programme from the portal: files and rows, in steps that can be looked at first.

Each step leaves the old state or the new one, and files go before the rows that name them: an erasure that was broken
off is finished by doing it again.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from hashlib import sha256
from pathlib import Path

from evalkit.custody.erase_mapping import decisions_about, erase_from_mapping
from evalkit.custody.release import load_release
from evalkit.custody.whole_folder import remove_folder
from evalkit.errors import SpecError
from evalkit.portal.decided import folder_of
from evalkit.portal.found import PUPILS_FILE
from evalkit.portal.jobs.queue import enqueue
from evalkit.portal.models import DataRelease, Job, Programme, Report, School, SurveyUpload
from evalkit.portal.models.outcomes import Making
from evalkit.portal.models.uploads import CHECK_FILE, MARKED_FILE
from evalkit.portal.online_answers import answers_of, deletion_of_answers, steps_for_answers
from evalkit.portal.place_pages import LEVELS, places_folder
from evalkit.portal.side_by_side import forget_pages
from evalkit.records.evaluation import Study
from evalkit.records.evaluation_parts import Data, DataFile
from evalkit.records.holding import Holding
from evalkit.records.mapping import MAPPINGS_FOLDER
from evalkit.road_custody import Step, deletion, steps_for_programme, steps_for_pupil, steps_for_school
from evalkit.road_retention import Due, retention

DERIVED = (CHECK_FILE, PUPILS_FILE, MARKED_FILE)
NOTHING = "Nothing is held about this pupil. Check the code and the school; capitals make no difference."


@dataclass(frozen=True, slots=True)
class Whom:
    """Whose data are meant: a pupil (by code, of a school or wherever the code stands), a school, or everybody."""

    code: str = ""
    school: School | None = None


def study_of(programme: Programme) -> Study:
    """The programme's study, with the files of all schools named, each with the decisions taken on it."""
    study = programme.study
    files = tuple(
        DataFile(path=_inside(study, one.path), wave=one.wave, mapping=_mapping(study, one))
        for one in programme.uploads.select_related("programme")
        if one.path.is_file()
    )
    listed = study.plan.data.schools if study.plan.data else None
    return replace(study, plan=study.plan.model_copy(update={"data": Data(files=files, schools=listed)}))


def place_of(programme: Programme, whom: Whom) -> dict[str, object]:
    """How the road back narrows a pupil down to one school: where its files are, its URN, its name in releases."""
    if whom.school is None:
        return {"own": None, "school": "", "also": ()}
    urn = whom.school.urn
    return {"own": uploads_of(programme, whom.school), "school": urn, "also": (f"{urn}-{whom.code}",)}


def uploads_of(programme: Programme, school: School | None = None) -> Path:
    """The folder of the files of a school, or of all."""
    folder = programme.folder / "uploads"
    return folder / str(school.pk) if school else folder


def steps_for(programme: Programme, whom: Whom) -> list[Step]:
    """What erasing takes, holding by holding. Raises SpecError when nothing is held."""
    study = study_of(programme)
    if whom.code:
        return _pupil(programme, study, whom)
    if whom.school:
        return _school(programme, study, whom.school)
    shared = Programme.objects.filter(plan_id=programme.plan_id).exclude(pk=programme.pk).exists()
    steps = [one for one in steps_for_programme(study) if not (shared and one.holding.kind == "key")]
    own = [*_files_of(programme, None), *_not_within(steps, programme), *_notes(programme)]
    return [*_pages_of_places(programme), *_own_reports(programme), *own]


def settle_releases(programme: Programme) -> None:
    """Say of every release what it holds now; one whose folder is gone is said to be erased."""
    for made in programme.releases.filter(state=Making.READY):
        if made.folder.is_dir():
            release = load_release(made.folder)
            counts = {**release.manifest.waves, "linked": release.manifest.linked, "files": made.counts.get("files", 0)}
            DataRelease.objects.filter(pk=made.pk).update(sha256=release.sha256, counts=counts)
        else:
            DataRelease.objects.filter(pk=made.pk).update(
                state=Making.FAILED, failure="Its data were erased.", sha256="", counts={}
            )


def due_of(programme: Programme, *, today: date) -> list[Due]:
    """What the plan's retention dates say is due. Raises SpecError when the plan names none."""
    found: list[Due] = []
    for one in retention(study_of(programme), today=today):
        steps = list(one.steps)
        if one.kind == "survey_files":
            steps = [*_files_of(programme, None), *_not_within(steps, programme), *_notes(programme)]
        elif one.kind == "results":
            steps += [_report_step(made) for made in programme.reports.all()]
        is_due = bool(one.until and steps) and date.fromisoformat(one.until) < today
        found.append(replace(one, steps=tuple(steps), is_due=is_due))
    return found


def _pupil(programme: Programme, study: Study, whom: Whom) -> list[Step]:
    try:
        steps = steps_for_pupil(study, whom.code, **place_of(programme, whom))  # type: ignore[arg-type]
    except SpecError:
        steps = []
    rows = {one.path: one for one in programme.uploads.select_related("programme")}
    own = uploads_of(programme, whom.school)
    kept: list[Step] = []
    touched: dict[Path, SurveyUpload] = {}
    for step in steps:
        at = step.holding.place
        if at in rows and step.holding.action == "by_hand":
            note = "evalkit cannot take rows out of this file, so all of it goes; the school may send it again"
            holding = replace(step.holding, action="delete", count=1, note=note)
            kept.append(Step(holding, partial(_delete_upload, rows[at])))
        elif at in rows:
            touched[at] = rows[at]
            kept.append(step)
        elif at.is_relative_to(own) and at.name in DERIVED:
            touched |= {path: row for path, row in rows.items() if path.parent == at.parent}
        elif step.holding.action != "by_hand" or at.parent == programme.folder:
            kept.append(step)
    kept += [Step(_left(one), partial(_look_again, one)) for one in touched.values()]
    kept += [*_remembered(programme, whom), *steps_for_answers(programme, whom.code, whom.school)]
    if not any(one.do for one in kept):
        raise SpecError(NOTHING)
    return [*kept, *_notes(programme)]


def _school(programme: Programme, study: Study, school: School) -> list[Step]:
    try:
        steps = steps_for_school(study, school.urn, own=uploads_of(programme, school))
    except SpecError:
        steps = []
    found = [*_own_reports(programme, school), *_files_of(programme, school), *_not_within(steps, programme)]
    if not any(one.do for one in found):
        raise SpecError("Nothing is held of this school's pupils.")
    return [*_pages_of_places(programme), *found, *_notes(programme)]


def _pages_of_places(programme: Programme) -> list[Step]:
    """The deletion of the pages of hubs and trusts, which may name schools with their figures."""
    folders = [places_folder(made, level) for made in programme.reports.filter(school=None) for level in LEVELS]
    return [deletion("results", folder) for folder in folders if folder.is_dir()]


def _own_reports(programme: Programme, school: School | None = None) -> list[Step]:
    """The deletion of a school's own reports, of all releases, or of every school's: they are about its pupils only."""
    own = programme.reports.filter(school=school) if school else programme.reports.exclude(school=None)
    return [_report_step(made) for made in own.select_related("programme")]


def _report_step(made: Report) -> Step:
    note = "the school's own report" if made.school_id else ""
    return Step(Holding("results", made.folder, 1, "delete", note), partial(_delete_report, made))


def _files_of(programme: Programme, school: School | None) -> list[Step]:
    """The deletion of all that a school sent, or all schools did: folders, decisions, rows."""
    rows = programme.uploads.filter(school=school) if school else programme.uploads.all()
    files = uploads_of(programme, school)
    decided = programme.folder / MAPPINGS_FOLDER / (str(school.pk) if school else "")
    steps: list[Step] = []
    count = rows.count()
    if count or files.exists():
        holding = Holding("survey file", files, count, "delete", "as sent, with what was found in them")
        steps.append(Step(holding, partial(_delete_files, programme, school, files)))
    if decided.exists():
        count = sum(1 for path in decided.rglob("*.yaml"))
        steps.append(Step(Holding("mapping", decided, count, "delete"), partial(remove_folder, decided)))
    return [*steps, *deletion_of_answers(programme, school)]


def _not_within(steps: Sequence[Step], programme: Programme) -> list[Step]:
    """The steps about other places than the folders that are deleted as a whole."""
    whole = (uploads_of(programme), programme.folder / MAPPINGS_FOLDER, answers_of(programme, None))
    return [one for one in steps if not any(one.holding.place.is_relative_to(folder) for folder in whole)]


def _notes(programme: Programme) -> list[Step]:
    """What was to be looked at before a release is used may name pupils; it goes."""
    return [deletion("leftover", path) for path in sorted((programme.folder / "releases").glob("*.problems.json"))]


def _remembered(programme: Programme, whom: Whom) -> list[Step]:
    """Decisions about the pupil's code that are remembered for later files."""
    folder = programme.folder / MAPPINGS_FOLDER
    folder = folder / str(whom.school.pk) if whom.school else folder
    codes = frozenset({whom.code.casefold()})
    named = {folder_of(one) / f"{one.pk}.yaml" for one in programme.uploads.select_related("programme")}
    found = [(path, decisions_about(path, codes, {})) for path in sorted(folder.rglob("*.yaml")) if path not in named]
    return [
        Step(Holding("mapping", path, count, "erase"), partial(erase_from_mapping, path, codes, {}))
        for path, count in found
        if count
    ]


def _left(upload: SurveyUpload) -> Holding:
    return Holding("leftover", upload.folder, 1, "delete", "what was found in the file; it is checked again")


def _look_again(upload: SurveyUpload) -> None:
    """What was found in a file goes, and the file is checked again without the pupil."""
    for name in DERIVED:
        (upload.folder / name).unlink(missing_ok=True)
    if not upload.path.is_file():
        _delete_upload(upload)
        return
    data = upload.path.read_bytes()
    SurveyUpload.objects.filter(pk=upload.pk).update(sha256=sha256(data).hexdigest(), size=len(data))
    enqueue(Job.Kind.CHECK, upload.pk, programme=upload.programme, school=upload.school)


def _delete_upload(upload: SurveyUpload) -> None:
    remove_folder(upload.folder)
    (folder_of(upload) / f"{upload.pk}.yaml").unlink(missing_ok=True)
    Job.objects.filter(target=upload.pk).delete()
    SurveyUpload.objects.filter(pk=upload.pk).delete()


def _delete_files(programme: Programme, school: School | None, files: Path) -> None:
    remove_folder(files)
    shutil.rmtree(files, ignore_errors=True)
    rows = SurveyUpload.objects.filter(programme=programme)
    rows = rows.filter(school=school) if school else rows
    Job.objects.filter(kind=Job.Kind.CHECK, target__in=list(rows.values_list("pk", flat=True))).delete()
    rows.delete()


def _delete_report(made: Report) -> None:
    remove_folder(made.folder)
    forget_pages()
    Report.objects.filter(pk=made.pk).delete()


def _inside(study: Study, path: Path) -> str:
    return str(path.relative_to(study.folder))


def _mapping(study: Study, upload: SurveyUpload) -> str | None:
    path = folder_of(upload) / f"{upload.pk}.yaml"
    return _inside(study, path) if path.is_file() else None
