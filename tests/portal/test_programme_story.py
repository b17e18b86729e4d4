"""The evaluator's whole story: confirmed files, lock, data release into Jupyter, report, published to the lead."""

import io
import json
import uuid
import zipfile
from html import unescape
from pathlib import Path

import pytest

from evalkit.custody.audit import read_audit
from evalkit.custody.release import load_release
from evalkit.portal.jobs import worker
from evalkit.portal.jobs.releasing import problems_of
from evalkit.portal.models import DataRelease, Job, Report, Role, SurveyUpload
from evalkit.portal.models.outcomes import Making

from .conftest import World
from .small_survey import CODES, give_small_plan, sent, survey


@pytest.fixture
def confirmed(world: World) -> World:
    """Both files of one school, confirmed."""
    give_small_plan(world.one)
    for wave in ("pre", "post"):
        sent(world.one, world.mine, wave)
    return world


def test_from_confirmed_files_to_the_leads_report(confirmed: World, tmp_path: Path) -> None:
    world, evaluator, lead = confirmed, confirmed.client(Role.EVALUATOR), confirmed.client(Role.PROGRAMME_LEAD)
    at, led = f"/programmes/{world.one.pk}/", f"/lead/{world.one.pk}/"
    assert "1 of 2 schools confirmed" in evaluator.get(at).text

    form = {"id": str(uuid.uuid4())}
    for _ in range(2):
        assert evaluator.post(f"{at}releases/", form).status_code == 302
    release = DataRelease.objects.get()
    page = evaluator.get(f"{at}releases/{release.pk}/").text
    assert 'http-equiv="refresh"' in page
    assert worker.work(until_idle=True) == 1
    release.refresh_from_db()
    assert release.state == Making.READY
    page = evaluator.get(f"{at}releases/{release.pk}/").text
    assert 'http-equiv="refresh"' not in page
    assert f"{release.counts['linked']} pupils in every wave" in page

    answer = evaluator.get(f"{at}releases/{release.pk}/download/")
    assert answer["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path)
    (unpacked,) = tmp_path.glob("keyham-resilience-release-*")
    assert load_release(unpacked).sha256 == release.sha256

    form = {"id": str(uuid.uuid4()), "release": str(release.pk)}
    for _ in range(2):
        assert evaluator.post(f"{at}reports/", form).status_code == 302
    assert worker.work(until_idle=True) == 1
    report = Report.objects.get()
    assert report.state == Making.READY, Job.objects.get(target=report.pk).failure
    assert report.answer in unescape(evaluator.get(f"{at}reports/{report.pk}/").text)
    assert json.loads((report.folder / "results.json").read_text())["provenance"]

    hidden = f"{led}reports/{report.pk}/report.html"
    assert lead.get(hidden).status_code == 404
    assert "No report is published yet" in lead.get(led).text
    for _ in range(2):
        evaluator.post(f"{at}reports/{report.pk}/publish/", {"to": "leads", "wanted": "published"})
    assert report.answer in unescape(lead.get(led).text)
    for name, start in (("report.html", b"<!"), ("report.pdf", b"%PDF"), ("report.docx", b"PK")):
        for answer in (lead.get(f"{led}reports/{report.pk}/{name}"), evaluator.get(f"{at}reports/{report.pk}/{name}")):
            assert b"".join(answer.streaming_content).lower().startswith(start.lower())
            assert answer["X-Content-Type-Options"] == "nosniff"
            policy = answer["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "script-src" not in policy
            assert policy.endswith("sandbox")
    assert lead.get(f"{led}reports/{report.pk}/results.json").status_code == 404
    evaluator.post(f"{at}reports/{report.pk}/publish/", {"to": "leads", "wanted": "withdrawn"})
    assert lead.get(hidden).status_code == 404

    done = [one.action for one in read_audit(world.one.folder)]
    assert done.count("release_made") == done.count("report_made") == 1
    assert done.count("report_published") == done.count("report_withdrawn") == 1
    assert done.count("download") >= 7


def test_a_release_that_cannot_be_made_says_why_beside_the_database(confirmed: World) -> None:
    world, client = confirmed, confirmed.client(Role.EVALUATOR)
    at = f"/programmes/{world.one.pk}/releases/"
    pre = SurveyUpload.objects.get(wave="pre")
    pre.path.write_text(survey("post"))  # the same file for both waves
    client.post(at, {"id": str(uuid.uuid4())})
    assert worker.work(until_idle=True) == 1
    release, job = DataRelease.objects.get(), Job.objects.get()
    assert (release.state, job.state) == (Making.FAILED, Job.State.FAILED)
    assert problems_of(release)
    page = client.get(f"{at}{release.pk}/").text
    assert "Error: " in page
    assert "What to settle first" in page
    assert str(world.one.folder) not in page
    assert not [code for code in CODES if code in job.failure or code in release.failure]
    assert client.post(f"{at}{release.pk}/").status_code == 302
    assert DataRelease.objects.get().state == Making.WAITING
    assert Job.objects.filter(state=Job.State.WAITING).count() == 1


def test_nothing_confirmed_nothing_released(world: World) -> None:
    client = world.client(Role.EVALUATOR)
    at = f"/programmes/{world.one.pk}/releases/"
    assert "nothing to release" in client.get(at).text
    client.post(at, {"id": str(uuid.uuid4())})
    worker.work(until_idle=True)
    assert "No school has confirmed a file yet" in problems_of(DataRelease.objects.get())[0]


def test_a_worker_that_died_three_times_leaves_a_release_that_can_be_tried_again(confirmed: World) -> None:
    client = confirmed.client(Role.EVALUATOR)
    at = f"/programmes/{confirmed.one.pk}/releases/"
    client.post(at, {"id": str(uuid.uuid4())})
    Job.objects.update(state=Job.State.FAILED, failure="The work was begun three times and did not end.")
    made = DataRelease.objects.get()
    assert "three times" in client.get(f"{at}{made.pk}/").text
    client.post(f"{at}{made.pk}/")
    assert Job.objects.filter(state=Job.State.WAITING).count() == 1


def test_lock_and_unlock_need_a_reason_and_change_once(world: World) -> None:
    client, at = world.client(Role.EVALUATOR), f"/programmes/{world.one.pk}/lock/"
    assert client.post(at, {"wanted": "locked", "reason": " "}).status_code == 422
    for _ in range(2):
        assert client.post(at, {"wanted": "locked", "reason": "last file is in"}).status_code == 302
    assert "last file is in" in client.get(at).text
    for _ in range(2):
        client.post(at, {"wanted": "unlocked", "reason": "one more school"})
    assert "Schools may still send" in client.get(at).text
    assert [one.action for one in read_audit(world.one.folder)] == ["data_locked", "data_unlocked"]


def test_pseudonyms_need_a_key_first(confirmed: World, tmp_path: Path, monkeypatch) -> None:
    world, client = confirmed, confirmed.client(Role.EVALUATOR)
    monkeypatch.setenv("EVALKIT_KEYS", str(tmp_path / "keys"))
    protection = {"controller": "The schools", "lawful_basis": "public task", "pseudonymise": True}
    give_small_plan(world.one, data_protection=protection)
    at = f"/programmes/{world.one.pk}/"
    assert "there is no key yet" in client.get(f"{at}releases/").text
    for _ in range(2):
        client.post(f"{at}key/")
    client.post(f"{at}releases/", {"id": str(uuid.uuid4())})
    worker.work(until_idle=True)
    release = DataRelease.objects.get()
    assert release.state == Making.READY, problems_of(release)
    assert all(code.startswith("p1-") for code in load_release(release.folder).roster["pupil"])
    assert [one.action for one in read_audit(world.one.folder)].count("key_made") == 1
