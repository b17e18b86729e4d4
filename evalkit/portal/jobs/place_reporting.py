"""With a programme's report a page for every hub and trust that the plan or the data know, in the report's folder."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from evalkit.analysis.school_pupils import knows_schools
from evalkit.custody.audit import read_audit
from evalkit.custody.whole_folder import folder_in_making
from evalkit.errors import EvalkitError
from evalkit.portal.jobs.school_reporting import said_of
from evalkit.portal.models import Report
from evalkit.portal.models.outcomes import Making
from evalkit.portal.place_pages import LEVELS, PlaceLevel, PlacePages, keep_place_pages, places_folder, zip_target
from evalkit.portal.plan_files import without_folder
from evalkit.portal.tenancy import everything
from evalkit.records.evaluation import Evaluation
from evalkit.records.release import Release
from evalkit.records.results import Results
from evalkit.report.static import Format
from evalkit.road_hub_list import places_of
from evalkit.road_places import PlaceReports, make_place_reports
from evalkit.scoring.score import score

FORMATS: tuple[Format, ...] = ("html", "pdf")
HELD = "Only few pupils joined or left since pages of an earlier report were taken. The earlier page stands: {places}."
NOWHERE = (
    "Neither the data nor the list of schools say in which hub or trust a school of this release is. The list needs "
    "the schools' URNs, and a column Hub or Trust."
)
NO_PAGE = "{place} has no page: {why}"


def make_place_pages(made: Report, release: Release, results: Results) -> None:
    """Make them; nothing where the plan knows no hubs and no trusts. What cannot be made is written down beside.

    Raises
    ------
    EvalkitError
        The release cannot be scored as the plan asks.
    """
    study = made.programme.study
    if not _knows_places(study.plan) or "school" not in release.roster.columns:
        return
    scores = score(release, study)
    try:
        places = places_of(scores, study)
    except EvalkitError as error:
        keep_place_pages(made, [PlacePages("hub", failure=said_of(error, made))])
        return
    with everything():
        names = {one.urn: one.name for one in made.programme.schools.all()}
    found = [_pages(made, release, results, level=level, names=names) for level in LEVELS if places.of(level)]
    found = found or [PlacePages("hub", failure=NOWHERE)]
    keep_place_pages(made, [replace(one, named=places.named or one.level == "trust") for one in found])


def _knows_places(plan: Evaluation) -> bool:
    listed = plan.data.hubs if plan.data else None
    column = plan.clusters.hub if plan.clusters else None
    return knows_schools(plan) and (column is not None or bool(listed and listed.path))


def _pages(
    made: Report, release: Release, results: Results, *, level: PlaceLevel, names: Mapping[str, str]
) -> PlacePages:
    study = made.programme.study
    try:
        with folder_in_making(places_folder(made, level)) as fresh:
            _lay_out_taken(made, level, fresh)
            found = make_place_reports(
                release, study, results, level=level, to=fresh, formats=FORMATS, names=names
            )  # fmt: skip
    except EvalkitError as error:
        return PlacePages(level, failure=said_of(error, made))
    count = len(found.made) + len(found.kept) + len(found.held)
    return PlacePages(level, count, told=[without_folder(one, made.programme.folder) for one in _told(found)])


def _told(found: PlaceReports) -> list[str]:
    held = [HELD.format(places=", ".join(found.held))] if found.held else []
    return [*(NO_PAGE.format(place=place, why=why) for place, why in found.failed.items()), *held, *found.told]


def _lay_out_taken(made: Report, level: PlaceLevel, folder: Path) -> None:
    """Begin with the newest pages that somebody took: new ones must not tell about the few who joined or left since."""
    taken = {one.target for one in read_audit(made.programme.folder) if one.action == "download"}
    with everything():
        others = made.programme.reports.filter(school=None, state=Making.READY).exclude(pk=made.pk)
        earlier = list(others.select_related("programme").order_by("-made_at"))
    for one in earlier:
        if zip_target(one, level) in taken and places_folder(one, level).is_dir():
            shutil.copytree(places_folder(one, level), folder, dirs_exist_ok=True)
            return
