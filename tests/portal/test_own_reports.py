"""Every school's own report in the portal: made and published with the programme's, each seen by its school only."""

from pathlib import Path

import pytest

from evalkit import road_places
from evalkit.custody.release import load_release
from evalkit.portal.jobs import releasing, school_reporting
from evalkit.portal.jobs.school_reporting import make_own_reports
from evalkit.portal.models import DataRelease, Job, Report, Role
from evalkit.portal.models.outcomes import Making
from evalkit.records.place_results import PlaceResults
from evalkit.road import results_of

from .conftest import World
from .school_files import place
from .small_survey import CODES, give_small_plan, sent, survey


@pytest.fixture
def reports(world: World, monkeypatch: pytest.MonkeyPatch) -> Report:
    """The programme's report of a release with two schools, and their own ones, made at once."""

    def render(school: PlaceResults, results: object, *, folder: Path, formats: list[str], **_: object) -> list[Path]:
        (folder / "report.html").write_text(f"<!doctype html><title>{school.name}</title>{school.to_json()}")
        return [folder / "report.html"]

    monkeypatch.setattr(road_places, "render_place", render)
    give_small_plan(world.one, clusters={"school": {"headers": ["School"]}})
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
