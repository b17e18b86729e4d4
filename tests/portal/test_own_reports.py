"""Every school's own report in the portal: made and published with the programme's, each seen by its school only.

The pages of hubs and trusts go with it too: the evaluator takes them and hands them out, nobody else finds them.
"""

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from django.utils import timezone

from evalkit import road, road_places
from evalkit.custody.audit import read_audit
from evalkit.custody.release import load_release
from evalkit.errors import ReportError
from evalkit.portal.jobs import releasing, reporting, school_reporting
from evalkit.portal.jobs.place_reporting import make_place_pages
from evalkit.portal.jobs.school_reporting import make_own_reports
from evalkit.portal.models import DataRelease, Job, Report, Role
from evalkit.portal.models.outcomes import Making
from evalkit.portal.place_pages import place_pages
from evalkit.records.place_manifest import PlaceEntry, load_place_manifest
from evalkit.records.place_results import PlaceResults
from evalkit.road import results_of

from .conftest import World
from .school_files import place
from .small_survey import CODES, give_small_plan, sent, survey

HUBS = "URN,School,Hub,Trust\n100001,Mine Academy,North,Oak Trust\n100002,Beside Primary,North,\n"


@pytest.fixture
def reports(world: World, monkeypatch: pytest.MonkeyPatch) -> Report:
    """The programme's report of a release with two schools, and their own ones, made at once."""

    def render(school: PlaceResults, results: object, *, folder: Path, formats: list[str], **_: object) -> list[Path]:
        (folder / "report.html").write_text(f"<!doctype html><title>{school.name}</title>{school.to_json()}")
        return [folder / "report.html"]

    monkeypatch.setattr(road_places, "render_place", render)
    listed = {"synthetic": "Made up for a test.", "hubs": {"path": "hubs.csv"}}
    give_small_plan(world.one, clusters={"school": {"headers": ["School"]}}, data=listed)
    (world.one.folder / "hubs.csv").write_text(HUBS)
    for school in (world.mine, world.beside):
        codes = [f"{school.urn[-1]}{code}" for code in CODES]
        for wave in ("pre", "post"):
            sent(world.one, school, wave, survey(wave, codes))
    release = DataRelease.objects.create(programme=world.one)
    releasing.make_programme_release(Job(kind=Job.Kind.RELEASE, target=release.pk))
    release.refresh_from_db()
    assert release.state == Making.READY, release.failure
    made = Report.objects.create(programme=world.one, release=release, state=Making.READY)
    data = load_release(release.folder)
    results = results_of(data, world.one.study)
    for _ in range(2):  # made again, they take the place of the old ones
        make_own_reports(made, data, results)
        make_place_pages(made, data, results)
    return made


def test_they_go_out_with_the_programmes_and_each_to_its_school(world: World, reports: Report) -> None:
    evaluator, head = world.client(Role.EVALUATOR), world.client(Role.SCHOOL_LEAD)
    at = f"/programmes/{world.one.pk}/reports/"
    own = {one.school: one for one in school_reporting.own_reports(reports)}
    assert set(own) == {world.mine, world.beside}
    assert all(one.state == Making.READY for one in own.values())
    assert evaluator.get(at).text.count('<th scope="row">') == 1
    page = evaluator.get(f"{at}{reports.pk}/").text
    assert "Mine Academy" in page
    assert "Beside Primary" in page
    mine, beside = (place(world, f"reports/{own[one].pk}/report.html") for one in (world.mine, world.beside))
    assert head.get(mine).status_code == 404
    evaluator.post(f"{at}{reports.pk}/publish/", {"to": "schools", "wanted": "published"})
    found = head.get(mine)
    assert found.status_code == 200
    assert b"Mine Academy" in found.content
    assert head.get(beside).status_code == 404
    evaluator.post(f"{at}{reports.pk}/publish/", {"to": "schools", "wanted": "withdrawn"})
    assert head.get(mine).status_code == 404


def test_pages_of_hubs_and_trusts_are_the_evaluators_to_hand_out(world: World, reports: Report) -> None:
    evaluator = world.client(Role.EVALUATOR)
    at = f"/programmes/{world.one.pk}/reports/{reports.pk}/"
    evaluator.post(f"{at}publish/", {"to": "schools", "wanted": "published"})
    evaluator.post(f"{at}publish/", {"to": "leads", "wanted": "published"})
    page = evaluator.get(at).text
    assert "Download the pages of 1 hub (zip)" in page
    assert "its schools have no names on it" in page
    assert "Download the pages of 1 trust (zip)" in page
    assert "Not in any trust, so on no trust&#x27;s page: Beside Primary." in page
    for level, place_name, inside in (("hub", "North", "North"), ("trust", "Oak Trust", "Oak-Trust")):
        answer = evaluator.get(f"{at}{level}s.zip")
        assert answer["Cache-Control"] == "no-store"
        with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
            folder = f"keyham-resilience-{level}s"
            assert set(archive.namelist()) == {f"{folder}/manifest.json", f"{folder}/{inside}/report.html"}
            assert f"<title>{place_name}</title>" in archive.read(f"{folder}/{inside}/report.html").decode()
        for role in set(Role) - {Role.EVALUATOR}:
            assert world.client(role).get(f"{at}{level}s.zip").status_code == 404
            beside = f"/lead/{world.one.pk}/reports/{reports.pk}/{level}s.zip"
            assert world.client(role).get(beside).status_code == 404
            assert world.client(role).get(place(world, f"reports/{reports.pk}/{level}s.zip")).status_code == 404
    assert evaluator.get(f"{at}schools.zip").status_code == 404
    assert evaluator.get(f"{at}manifest.json").status_code == 404
    taken = [one.target for one in read_audit(world.one.folder) if one.action == "download"]
    assert taken == [f"report {reports.pk} hubs.zip", f"report {reports.pk} trusts.zip"]


def test_pages_that_cannot_be_made_are_told_and_stop_nothing(
    world: World, reports: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluator, at = world.client(Role.EVALUATOR), f"/programmes/{world.one.pk}/reports/{reports.pk}/"
    data = load_release(reports.release.folder)
    results = results_of(data, world.one.study)
    later = Report.objects.create(programme=world.one, release=reports.release)

    def broken(place_: PlaceResults, *_: object, folder: Path, **__: object) -> list[Path]:
        if place_.level == "hub":
            raise ReportError("The page has no room.")
        (folder / "report.html").write_text("<!doctype html>")
        return [folder / "report.html"]

    monkeypatch.setattr(road_places, "render_place", broken)
    make_place_pages(reports, data, results)
    page = evaluator.get(at).text
    assert "North has no page: The page has no room." in page
    assert "Download the pages of 1 trust (zip)" in page
    assert evaluator.get(f"{at}hubs.zip").status_code == 404
    (world.one.folder / "hubs.csv").write_text(HUBS.replace("10000", "10009").replace("Academy", "Infants"))
    make_place_pages(reports, data, results)
    page = evaluator.get(at).text
    assert "They could not be made. Neither the data nor the list" in page
    assert "Download the pages" not in page
    (world.one.folder / "hubs.csv").write_text(f"{HUBS}100001,Mine Academy,South,Oak Trust\n")
    monkeypatch.setattr(reporting, "report_all", lambda results, **_: [])
    reporting.make_report(Job(kind=Job.Kind.REPORT, target=later.pk))
    later.refresh_from_db()
    assert later.state == Making.READY
    page = evaluator.get(at.replace(str(reports.pk), str(later.pk))).text
    assert page.count("They could not be made. hubs.csv: this list does not say where each school belongs.") == 2
    assert page.count("listed by &#x27;North&#x27; and &#x27;South&#x27;") == 2
    assert "leaves out its pictures of schools" in page
    assert not later.release.reports.filter(school__isnull=False).exists()


def test_erasing_a_school_takes_the_pages_and_a_pupils_leaves_them(world: World, reports: Report) -> None:
    officer, at = world.client(Role.OFFICER), f"/officer/{world.one.pk}/"
    own = {one.school: one for one in school_reporting.own_reports(reports)}
    mine, beside = own[world.mine], own[world.beside]
    older = DataRelease.objects.create(programme=world.one)
    failed = Report.objects.create(programme=world.one, school=world.mine, release=older, state=Making.FAILED)
    folders = [reports.folder / "hubs", reports.folder / "trusts"]
    whom = {"code": "1KL-002", "school": str(world.mine.pk), "typed": "ERASE", "reason": "asked by a parent"}
    assert officer.post(f"{at}pupil/", whom).status_code == 302
    assert all(one.is_dir() for one in [*folders, mine.folder, beside.folder])  # about groups
    assert officer.get(f"{at}erase-school/{world.mine.pk}/").text.count("own report") == 2
    erased = {"typed": "100001", "reason": "asked by the school"}
    assert officer.post(f"{at}erase-school/{world.mine.pk}/", erased).status_code == 302
    assert not any(one.exists() for one in [*folders, mine.folder])
    left = set(world.one.reports.values_list("pk", flat=True))
    assert left == {reports.pk, beside.pk}, f"{failed.pk} and {mine.pk} are the school's own"
    assert beside.folder.is_dir()
    assert read_audit(world.one.folder)[-1].counts["results"] == 4  # hubs, trusts, two own reports
    assert (world.one.folder / "hubs.csv").is_file()
    evaluator, page = world.client(Role.EVALUATOR), f"/programmes/{world.one.pk}/reports/{reports.pk}/"
    assert "Pages of hubs" not in evaluator.get(page).text
    assert evaluator.get(f"{page}trusts.zip").status_code == 404
    everybody = {"typed": world.one.plan_id, "reason": "the programme is over"}
    assert officer.post(f"{at}erase/", everybody).status_code == 302
    assert list(world.one.reports.all()) == [reports]
    assert not beside.folder.exists()


def test_new_pages_mind_those_that_were_taken(world: World, reports: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    evaluator, at = world.client(Role.EVALUATOR), f"/programmes/{world.one.pk}/reports/"
    evaluator.get(f"{at}{reports.pk}/hubs.zip")
    told = PlaceEntry("North", "earlier", told={"grit": (23.0,)})
    before = load_place_manifest(reports.folder / "hubs", level="hub")
    assert before is not None
    replace(before, places={"North": told}).write(reports.folder / "hubs")
    later = Report.objects.create(programme=world.one, release=reports.release)
    later.folder.mkdir()
    monkeypatch.setattr(road_places, "pupils_told", lambda _: {"grit": 24.0})
    data = load_release(reports.release.folder)
    make_place_pages(later, data, results_of(data, world.one.study))
    found = {one.level: one for one in place_pages(later)}
    assert "The earlier page stands: North." in found["hub"].told[0], found
    assert not [one for one in found["trust"].told if "earlier" in one]  # nobody took those


def test_a_school_that_few_joined_keeps_the_page_that_it_may_read(
    world: World, reports: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {one.school: one for one in school_reporting.own_reports(reports)}
    for school, one in own.items():
        before = load_place_manifest(one.folder, level="school")
        assert before is not None
        told = replace(before.places[school.urn], told={"grit": (23.0,)})
        replace(before, places={school.urn: told}).write(one.folder)
        (one.folder / "report.html").write_text("earlier")
    Report.objects.filter(pk=own[world.mine].pk).update(to_schools_at=timezone.now(), answer="Before.")
    monkeypatch.setattr(road_places, "pupils_told", lambda _: {"grit": 24.0})
    release = DataRelease.objects.create(programme=world.one, state=Making.READY)
    later = Report.objects.create(programme=world.one, release=release, state=Making.READY)
    data = load_release(reports.release.folder)
    results = results_of(data, world.one.study)
    make_own_reports(later, data, results)
    now = {one.school: one for one in school_reporting.own_reports(later)}
    pages = {school: (one.folder / "report.html").read_text() for school, one in now.items()}
    assert pages[world.mine] == "earlier"
    assert "Beside Primary" in pages[world.beside]  # nobody could read the earlier one
    assert (now[world.mine].answer, now[world.mine].to_schools_at) == ("Before.", None)
    make_own_reports(reports, data, results)  # again: what is read stays out
    again = {one.school: one for one in school_reporting.own_reports(reports)}
    assert again[world.mine].to_schools_at is not None
    assert again[world.beside].to_schools_at is None
    evaluator, at = world.client(Role.EVALUATOR), f"/programmes/{world.one.pk}/reports/{later.pk}/"
    assert "They keep the earlier page: Mine Academy." in evaluator.get(at).text
    evaluator.post(f"{at}publish/", {"to": "schools", "wanted": "published"})
    head, mine = world.client(Role.SCHOOL_LEAD), f"reports/{now[world.mine].pk}/"
    assert head.get(place(world, f"{mine}report.html")).content == b"earlier"
    assert head.get(place(world, f"{mine}manifest.json")).status_code == 404


def test_results_without_the_list_of_schools_show_no_school(reports: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    data, study = load_release(reports.release.folder), reports.programme.study
    found = replace(results_of(data, study), displays={"schools": pd.DataFrame({"outcome": ["grit"]})})
    monkeypatch.setattr(road, "analyse", lambda *_, **__: found)
    assert len(results_of(data, study).displays["schools"]) == 1
    assert results_of(data, study, listed=False).displays["schools"].empty
