"""The officer's pages: erase a pupil, a school, a programme; give a pupil's data out; dates; logs; documents."""

import json
import re
import uuid
from datetime import date, timedelta
from html import unescape
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from evalkit.custody.audit import read_audit
from evalkit.custody.release import load_release
from evalkit.intake.check import check_upload
from evalkit.portal.erasing import Whom, due_of, steps_for
from evalkit.portal.jobs import worker
from evalkit.portal.models import AnsweringRound, DataRelease, Job, Participation, Role, School, SurveyUpload
from evalkit.portal.models.outcomes import Making
from evalkit.records.evaluation import EVALUATION_FILE

from .conftest import World
from .small_survey import give_small_plan, sent

PROTECTION = {
    "controller": "The schools", "processor": "The evaluators", "lawful_basis": "public task",
    "purpose": "to learn whether it helps", "contact": "privacy@example.org",
    "retention": {"survey_files": "2020-01-01", "releases": "2999-01-01"},
}  # fmt: skip


@pytest.fixture
def held(world: World) -> World:
    """Two schools that use the same codes: both files of one, the first of the other."""
    give_small_plan(world.one, data_protection=PROTECTION)
    for school, wave in ((world.mine, "pre"), (world.mine, "post"), (world.beside, "pre")):
        sent(world.one, school, wave)
    return world


def release_of(world: World) -> DataRelease:
    """A release made by the worker."""
    world.client(Role.EVALUATOR).post(f"/programmes/{world.one.pk}/releases/", {"id": str(uuid.uuid4())})
    worker.work(until_idle=True)
    made = DataRelease.objects.latest("made_at")
    assert made.state == Making.READY
    return made


def codes_in(upload: SurveyUpload) -> set[str]:
    """The pupil codes that stand in a file."""
    return {str(one) for one in check_upload(upload.path, upload.programme.study, wave=upload.wave).responses["pupil"]}


def erase(client: Client, at: str, **form: str):
    """Confirm an erasure."""
    return client.post(at, {"reason": "asked by a parent", **form})


def test_a_pupil_is_erased_at_one_school_only(held: World) -> None:
    client, at = held.client(Role.OFFICER), f"/officer/{held.one.pk}/pupil/"
    release = release_of(held)
    mine, beside = f"{held.mine.urn}-KL-002", f"{held.beside.urn}-KL-002"
    assert {mine, beside} <= set(load_release(release.folder).roster["pupil"])
    whom = {"code": "kl-002", "school": str(held.mine.pk)}

    page = client.post(at, whom).text
    assert "pre.csv" in page
    assert "post.csv" in page
    assert str(held.one.folder) not in page
    assert all("KL-002" in codes_in(one) for one in SurveyUpload.objects.all())  # only looked at so far
    assert erase(client, at, **whom, typed="erase").status_code == 422
    assert erase(client, at, **whom, typed="ERASE", reason="it is KL-002").status_code == 422
    assert erase(client, at, **whom, typed="ERASE").status_code == 302

    for one in SurveyUpload.objects.all():
        assert ("KL-002" in codes_in(one)) == (one.school == held.beside)
    left = set(load_release(release.folder).roster["pupil"])
    assert mine not in left
    assert beside in left
    release.refresh_from_db()
    assert release.sha256 == load_release(release.folder).sha256
    assert Job.objects.filter(kind=Job.Kind.CHECK, state=Job.State.WAITING).count() == 2
    entries = read_audit(held.one.folder)
    assert [one.action for one in entries][-2:] == ["erasure_begun", "pupil_erased"]
    for log in (held.one.folder / "audit.jsonl", held.one.folder.parent.parent / "audit.jsonl"):
        assert "kl-002" not in log.read_text().lower()
    again = client.post(at, whom)
    assert "Nothing is held about this pupil" in again.text


def test_a_school_is_erased_with_its_files_rows_and_decisions(held: World) -> None:
    client = held.client(Role.OFFICER)
    release = release_of(held)
    at = f"/officer/{held.one.pk}/erase-school/{held.mine.pk}/"
    assert "Type 100001 to confirm" in client.get(at).text
    for upload in SurveyUpload.objects.filter(school=held.mine):
        (upload.folder / "check.json").write_text("{}")
    assert erase(client, at, typed="100001").status_code == 302
    assert set(SurveyUpload.objects.values_list("school", flat=True)) == {held.beside.pk}
    assert not (held.one.folder / "uploads" / str(held.mine.pk)).exists()
    assert not (held.one.folder / "mappings" / str(held.mine.pk)).exists()
    pupils = set(load_release(release.folder).roster["pupil"])
    assert pupils
    assert not [one for one in pupils if one.startswith("100001")]
    assert "Nothing is held of this school" in client.get(at).text
    assert School.objects.filter(pk=held.mine.pk).exists()


def test_an_erasure_that_was_broken_off_is_finished_by_doing_it_again(held: World, monkeypatch) -> None:
    client, at = held.client(Role.OFFICER), f"/officer/{held.one.pk}/erase-school/{held.mine.pk}/"
    monkeypatch.setattr("evalkit.portal.erasing.Job.objects", None)  # after the files, before the rows
    client.raise_request_exception = False
    assert erase(client, at, typed="100001").status_code == 500
    monkeypatch.undo()
    assert not (held.one.folder / "uploads" / str(held.mine.pk)).exists()
    assert SurveyUpload.objects.filter(school=held.mine).count() == 2
    assert erase(client, at, typed="100001").status_code == 302
    assert not SurveyUpload.objects.filter(school=held.mine).exists()


def test_a_programme_is_erased_and_its_plan_and_log_stay(held: World) -> None:
    client, at = held.client(Role.OFFICER), f"/officer/{held.one.pk}/erase/"
    release = release_of(held)
    assert erase(client, at, typed="something else").status_code == 422
    assert erase(client, at, typed="keyham-resilience").status_code == 302
    assert not SurveyUpload.objects.exists()
    files = {str(one.relative_to(held.one.folder)) for one in held.one.folder.rglob("*") if one.is_file()}
    assert files == {EVALUATION_FILE, "audit.jsonl"}
    release.refresh_from_db()
    assert release.failure == "Its data were erased."
    assert held.client(Role.EVALUATOR).get(f"/programmes/{held.one.pk}/").status_code == 200
    assert "programme_erased" in [one.action for one in read_audit(held.one.folder)]


def test_a_file_that_cannot_be_read_goes_with_the_pupil(held: World) -> None:
    pre = SurveyUpload.objects.get(school=held.mine, wave="pre")
    pre.path.write_bytes(b"PK\x03\x04 broken")
    steps = steps_for(held.one, Whom("KL-002", held.mine))
    assert [one.holding.action for one in steps if one.holding.place == pre.path] == ["delete"]


def test_what_is_held_about_a_pupil_is_given_out_and_nothing_of_others(held: World) -> None:
    client, at = held.client(Role.OFFICER), f"/officer/{held.one.pk}/export/"
    whom = {"code": "KL-002", "school": str(held.mine.pk)}
    answer = client.post(at, {**whom, "format": "json"})
    assert "attachment" in answer["Content-Disposition"]
    assert answer["Cache-Control"] == "no-store"
    content = json.loads(answer.content)
    assert len({one["file"] for one in content["survey_rows"]}) == 2
    assert "KL-003" not in answer.text
    assert len(content["answers"]) == 0  # nothing is released yet
    page = client.post(at, {**whom, "format": "html"})
    assert "<h1>What is held about pupil KL-002</h1>" in page.text
    missing = client.post(at, {"code": "KL-999", "school": "anywhere"})
    assert missing.status_code == 422
    assert "Nothing is held about this pupil" in missing.text
    assert client.post(at, {"code": "", "school": str(held.foreign.pk)}).status_code == 422
    assert [one.action for one in read_audit(held.one.folder)].count("pupil_exported") == 2


def test_answers_given_online_are_found_given_out_and_erased(held: World) -> None:
    client, at = held.client(Role.OFFICER), f"/officer/{held.one.pk}/"
    opened = AnsweringRound.objects.create(
        place=Participation.objects.get(programme=held.one, school=held.mine), programme=held.one, school=held.mine,
        wave="post", closes_at=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    place = opened.folder
    place.mkdir(parents=True)
    for name, content in (
        ("1.json", {"pupil": "KL-900", "answers": {"grit_s8.q1": 4}, "finished": False}),
        ("2.json", {"pupil": "KL-901", "answers": {"grit_s8.q1": 2}, "finished": True}),
        ("class list.json", ["KL-900", "KL-901"]),
    ):
        (place / name).write_text(json.dumps(content))
    whom = {"code": "kl-900", "school": str(held.mine.pk)}
    given = json.loads(client.post(f"{at}export/", {**whom, "format": "json"}).content)
    assert [one["cell"] for one in given["survey_rows"]] == ["4"]
    assert erase(client, f"{at}pupil/", **whom, typed="ERASE").status_code == 302
    assert not (place / "1.json").exists()
    assert json.loads((place / "class list.json").read_text()) == ["KL-901"]
    assert erase(client, f"{at}erase-school/{held.mine.pk}/", typed="100001").status_code == 302
    assert not place.exists()
    assert not AnsweringRound.objects.exists()


def test_what_is_due_is_shown_first_and_deleted_once(held: World) -> None:
    client, at = held.client(Role.OFFICER), f"/officer/{held.one.pk}/keeping/"
    release = release_of(held)
    assert "Files as schools sent them" in client.get("/officer/").text
    assert "Delete what is due" in client.get(at).text
    assert client.post(at, {"typed": "no"}).status_code == 422
    assert SurveyUpload.objects.count() == 3
    for _ in range(2):
        assert client.post(at, {"typed": "keyham-resilience"}).status_code == 302
    assert not SurveyUpload.objects.exists()
    assert not (held.one.folder / "uploads").exists()
    assert release.folder.is_dir()
    swept = [one for one in read_audit(held.one.folder) if one.action == "retention_swept"]
    assert [one.who for one in swept] == ["officer@example.org"]
    assert [one.kind for one in due_of(held.one, today=date(3000, 1, 1)) if one.is_due] == ["releases"]


def test_the_documents_are_filled_from_the_plan(held: World) -> None:
    for role in (Role.OFFICER, Role.EVALUATOR):
        for name in ("assessment", "notice"):
            page = unescape(held.client(role).get(f"/officer/{held.one.pk}/{name}/").text)
            assert "The schools" in page
            assert "public task" in page
            assert "2020-01-01" in page
            assert not re.search(r"\{[{%]|None", page)
    plain = held.client(Role.OFFICER).get(f"/officer/{held.other.pk}/notice/").text
    assert "To be filled in" in plain


def test_the_portals_own_log_names_erasures_and_no_pupil(held: World, settings) -> None:
    client = held.client(Role.OFFICER)
    erase(client, f"/officer/{held.one.pk}/pupil/", code="KL-002", school=str(held.mine.pk), typed="ERASE")
    page = client.get("/officer/audit/").text
    assert "Pupil erased" in page
    assert "KL-002" not in (Path(settings.DATA) / "audit.jsonl").read_text()
    log = Path(settings.DATA) / "audit.jsonl"
    log.write_text(log.read_text().replace("officer@", "nobody@", 1))
    assert "tampered" in client.get("/officer/audit/").text
