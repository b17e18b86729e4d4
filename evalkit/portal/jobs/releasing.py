"""The work `release`: every confirmed file, checked once more, becomes a frozen data release."""

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from evalkit.custody.release import make_release
from evalkit.errors import EvalkitError, UploadError
from evalkit.intake.linking import link_problems
from evalkit.intake.schools import check_schools
from evalkit.intake.trial_linking import trial_problems
from evalkit.portal.confirmed import confirmed_uploads
from evalkit.portal.models import DataRelease, Job, SurveyUpload
from evalkit.portal.models.outcomes import Making
from evalkit.portal.plan_files import without_folder
from evalkit.portal.record import record
from evalkit.portal.tenancy import everything
from evalkit.progress import tick
from evalkit.records.evaluation import Study
from evalkit.records.mapping import load_mapping
from evalkit.records.release import Release
from evalkit.records.responses import SchoolList, Upload
from evalkit.records.whole_file import write_whole

STEPS = 3
# What cannot be right. All else is told beside the release: a school that has not sent every wave, or whose pupils all
# changed, does not hold up the others.
BLOCKING = ("same_file_twice", "pupil_in_two_files")
Confirmed = Sequence[tuple[SurveyUpload, Upload]]


def make_programme_release(job: Job) -> None:
    """Make the data release of a job. What is wrong goes into a file beside it: the database holds no pupil codes.

    Raises
    ------
    EvalkitError
        The files cannot be released; the sentence says how many problems there are, `problems_of` which.
    """
    with everything():
        made = DataRelease.objects.select_related("programme", "made_by").get(pk=job.target)
    if made.state == Making.READY:
        return
    made.folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        release = _release(made)
    except EvalkitError as error:
        said = [without_folder(one, made.programme.folder) for one in error.problems]
        _keep_problems(made, said)
        count = "1 problem" if len(said) == 1 else f"{len(said)} problems"
        sentence = f"The release was not made: {count} to settle first."
        with everything():
            DataRelease.objects.filter(pk=made.pk).update(state=Making.FAILED, failure=sentence)
        raise type(error)(sentence) from None
    manifest = release.manifest
    counts = {**manifest.waves, "linked": manifest.linked, "files": len(manifest.sources)}
    with everything():
        DataRelease.objects.filter(pk=made.pk).update(
            state=Making.READY, failure="", sha256=release.sha256, counts=counts
        )
    record(
        made.made_by, "release_made", programme=made.programme, target=str(made.pk), sha256=release.sha256,
        counts={name: count for name, count in counts.items() if isinstance(count, int)},
    )  # fmt: skip


def problems_path(made: DataRelease) -> Path:
    """The file that says why a release was not made, or what to look at before it is used."""
    return made.folder.with_name(f"{made.pk}.problems.json")


def problems_of(made: DataRelease) -> list[str]:
    """The sentences of that file."""
    path = problems_path(made)
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []


def _release(made: DataRelease) -> Release:
    programme = made.programme
    tick("Checking the confirmed files again", 0, STEPS)
    confirmed = confirmed_uploads(programme)
    if not confirmed:
        raise UploadError("No school has confirmed a file yet. Wait for the first one, or remind the schools.")
    study = programme.study
    tick("Putting the files side by side", 1, STEPS)
    wrong, notes = _beside_one_another(confirmed, study)
    uploads, schools = [upload for _, upload in confirmed], _school_list(study)
    if study.plan.has_groups:
        found = trial_problems(uploads, schools, study)
        wrong += [one.message for one in found if one.severity in ("error", "ask")]
    if wrong:
        raise UploadError("The files do not belong together yet.", problems=wrong)
    tick("Freezing the release", 2, STEPS)
    release = make_release(uploads, study, to=made.folder, schools=schools)
    _keep_problems(made, notes)
    tick("Done", STEPS, STEPS)
    return release


def _school_list(study: Study) -> SchoolList | None:
    """The list of a trial's schools, where the plan names one."""
    listed = study.plan.data.schools if study.plan.data else None
    if listed is None:
        return None
    mapping = load_mapping(study.folder / listed.mapping) if listed.mapping else None
    return check_schools(study.folder / listed.path, study, sheet=listed.sheet, mapping=mapping)


def _keep_problems(made: DataRelease, said: Sequence[str]) -> None:
    write_whole(problems_path(made), json.dumps(list(said), ensure_ascii=False), secret=True)


def _beside_one_another(confirmed: Confirmed, study: Study) -> tuple[list[str], list[str]]:
    """What is wrong with the files of a school when they are looked at together, and what is only to be looked at."""
    hidden = study.plan.data_protection is not None and study.plan.data_protection.pseudonymise
    by_school: dict[str, list[Upload]] = defaultdict(list)
    for row, upload in confirmed:
        by_school[f"{row.school.name} ({row.school.urn})"].append(upload)
    wrong: list[str] = []
    notes: list[str] = []
    for name, uploads in sorted(by_school.items()):
        for one in link_problems(uploads, study):
            words = f"{one.file}: {one.mend}" if hidden else one.message
            (wrong if one.kind in BLOCKING else notes).append(f"{name}: {words}")
    return wrong, notes
