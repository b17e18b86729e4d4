"""With a programme's report every school's own: a page and a letter, a row for each school that the portal knows."""

import shutil
import tempfile
from pathlib import Path

from django.db.models import QuerySet

from evalkit.analysis.school_pupils import knows_schools
from evalkit.custody.whole_folder import folder_in_making, remove_folder
from evalkit.portal.models import Report, School
from evalkit.portal.models.outcomes import Making
from evalkit.portal.tenancy import everything
from evalkit.records.release import Release
from evalkit.records.results import Results
from evalkit.report.any_design import any_answer
from evalkit.report.render import FORMAT_NAMES
from evalkit.road_places import make_place_reports


def make_own_reports(made: Report, release: Release, results: Results) -> None:
    """Make them anew for a release; nothing where the plan or the data know no schools.

    They are published to schools with the programme's report. A school whose reports cannot be made has a row that
    says why.

    Raises
    ------
    EvalkitError
        The release cannot be scored as the plan asks.
    """
    study = made.programme.study
    if not knows_schools(study.plan) or "school" not in release.roster.columns:
        return
    with everything():
        schools = {one.urn: one for one in made.programme.schools.all()}
    names = {urn: one.name for urn, one in schools.items()}
    with tempfile.TemporaryDirectory(prefix="evalkit-schools-") as name:
        found = make_place_reports(release, study, results, to=Path(name), formats=FORMAT_NAMES, names=names)
        _forget(made)
        for urn in found.made:
            if urn in schools:
                _keep(made, schools[urn], Path(name) / urn, answer=any_answer(results))
        for urn, why in found.failed.items():
            if urn in schools:
                _row(made, schools[urn], state=Making.FAILED, failure=why)


def own_reports(made: Report) -> QuerySet[Report]:
    """The schools' own reports of the same release."""
    return Report.objects.filter(release=made.release_id, school__isnull=False).select_related("school", "programme")


def _forget(made: Report) -> None:
    with everything():
        before = list(own_reports(made))
        own_reports(made).delete()
    for one in before:
        remove_folder(one.folder)


def _keep(made: Report, school: School, files: Path, *, answer: str) -> None:
    row = _row(made, school, state=Making.WAITING, answer=answer)
    with folder_in_making(row.folder) as fresh:
        shutil.copytree(files, fresh, dirs_exist_ok=True)
    with everything():
        Report.objects.filter(pk=row.pk).update(state=Making.READY)


def _row(made: Report, school: School, *, state: Making, answer: str = "", failure: str = "") -> Report:
    with everything():
        return Report.objects.create(
            programme=made.programme, school=school, release=made.release, made_by=made.made_by, state=state,
            answer=answer, failure=failure,
        )  # fmt: skip
