"""With a programme's report every school's own: a page and a letter, a row for each school that the portal knows."""

import shutil
import tempfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from django.db.models import QuerySet

from evalkit.analysis.school_pupils import knows_schools
from evalkit.custody.whole_folder import folder_in_making, remove_folder
from evalkit.errors import EvalkitError
from evalkit.portal.models import Report, School
from evalkit.portal.models.outcomes import Making
from evalkit.portal.own_pages import OwnPages, keep_own_pages
from evalkit.portal.plan_files import without_folder
from evalkit.portal.tenancy import everything
from evalkit.records.place_manifest import MANIFEST_NAME, PlaceEntry, PlaceManifest, load_place_manifest
from evalkit.records.release import Release
from evalkit.records.results import Results
from evalkit.report.any_design import any_answer
from evalkit.report.render import FORMAT_NAMES
from evalkit.road_places import make_place_reports

NO_PICTURES = " The programme's report leaves out its pictures of schools. Correct the list and make the report again."


def make_own_reports(made: Report, release: Release, results: Results) -> None:
    """Make them anew for a release; nothing where the plan or the data know no schools.

    They are published to schools with the programme's report. A school whose reports cannot be made has a row that
    says why; one that only few pupils joined or left keeps the page that it may read. What cannot be made at all (the
    list of hubs is wrong) is written down beside the programme's report, and stops nothing.
    """
    study = made.programme.study
    if not knows_schools(study.plan) or "school" not in release.roster.columns:
        return
    with everything():
        schools = {one.urn: one for one in made.programme.schools.all()}
    names = {urn: one.name for urn, one in schools.items()}
    with tempfile.TemporaryDirectory(prefix="evalkit-schools-") as name:
        folder = Path(name)
        try:
            earlier = _lay_out_published(made, folder)
            found = make_place_reports(release, study, results, to=folder, formats=FORMAT_NAMES, names=names)
        except EvalkitError as error:
            _forget(own_reports(made).filter(to_schools_at=None))
            hubs = study.plan.data.hubs if study.plan.data else None
            keep_own_pages(made, OwnPages(failure=said_of(error, made) + (NO_PICTURES if hubs and hubs.path else "")))
            return
        since = _forget(own_reports(made))
        for urn in [urn for urn in (*found.made, *found.kept, *found.held) if urn in schools]:
            _keep_entry(folder, urn)
            answer = earlier[urn].answer if urn in found.held else any_answer(results)
            out = None if urn in found.made else since.get(urn)  # the page that they read already
            _keep(made, schools[urn], folder / urn, answer=answer, out=out)
        for urn, why in found.failed.items():
            if urn in schools:
                _row(made, schools[urn], state=Making.FAILED, failure=why)
        keep_own_pages(made, OwnPages(held=found.held))


def own_reports(made: Report) -> QuerySet[Report]:
    """The schools' own reports of the same release."""
    return Report.objects.filter(release=made.release_id, school__isnull=False).select_related("school", "programme")


def said_of(error: EvalkitError, made: Report) -> str:
    """What is wrong, in sentences for the evaluator, without the server's folders."""
    said = " ".join([error.message, *(one for one in error.problems if one != error.message)])
    return without_folder(said, made.programme.folder)


def _lay_out_published(made: Report, folder: Path) -> dict[str, Report]:
    """Begin with the newest page that each school may read, and every number of pupils that its pages have told.

    Returns URN -> the report that is laid out. What no school may read does not count: it must not hold a correction.
    """
    with everything():
        out = made.programme.reports.filter(school__isnull=False, state=Making.READY, to_schools_at__isnull=False)
        rows = list(out.select_related("school", "programme").order_by("made_at"))
    newest: dict[str, Report] = {}
    entries: dict[str, PlaceEntry] = {}
    manifest: PlaceManifest | None = None
    for row in rows:
        urn, found = row.school.urn, load_place_manifest(row.folder, level="school")
        if found is None or urn not in found.places:
            continue
        entry, before = found.places[urn], entries[urn].told if urn in entries else {}
        told = {name: sorted({*before.get(name, ()), *entry.told.get(name, ())}) for name in {*before, *entry.told}}
        newest[urn], entries[urn], manifest = row, replace(entry, told=told), found
    for urn, row in newest.items():
        shutil.copytree(row.folder, folder / urn, ignore=shutil.ignore_patterns(MANIFEST_NAME))
    if manifest is not None:
        replace(manifest, places=entries).write(folder)
    return newest


def _keep_entry(folder: Path, urn: str) -> None:
    """Put what is known about a school's page beside it, for the next one to mind; it is erased with the page."""
    manifest = load_place_manifest(folder, level="school")
    if manifest is not None:
        replace(manifest, places={urn: manifest.places[urn]}).write(folder / urn)


def _forget(rows: QuerySet[Report]) -> dict[str, datetime | None]:
    """Delete reports of schools. Returns URN -> since when the school could read its own."""
    with everything():
        before = list(rows)
        rows.delete()
    for one in before:
        remove_folder(one.folder)
    return {one.school.urn: one.to_schools_at for one in before if one.school}


def _keep(made: Report, school: School, files: Path, *, answer: str, out: datetime | None) -> None:
    row = _row(made, school, state=Making.WAITING, answer=answer)
    with folder_in_making(row.folder) as fresh:
        shutil.copytree(files, fresh, dirs_exist_ok=True)
    with everything():
        Report.objects.filter(pk=row.pk).update(state=Making.READY, to_schools_at=out)


def _row(made: Report, school: School, *, state: Making, answer: str = "", failure: str = "") -> Report:
    with everything():
        return Report.objects.create(
            programme=made.programme, school=school, release=made.release, made_by=made.made_by, state=state,
            answer=answer, failure=failure,
        )  # fmt: skip
