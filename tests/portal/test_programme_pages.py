"""The evaluator's pages: programmes from plans, the list of schools, invitations, people. And the operator's page."""

import json
import re
import uuid
from pathlib import Path

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone

from evalkit.custody.audit import read_audit
from evalkit.portal.invite_list import read_invite_list
from evalkit.portal.models import (
    Invitation,
    Job,
    Membership,
    Participation,
    Person,
    Programme,
    Role,
    School,
    SurveyUpload,
)
from evalkit.records.evaluation import EVALUATION_FILE
from evalkit.shipped import shipped

from .conftest import World

PLAN = (shipped("analyses") / "keyham-resilience" / EVALUATION_FILE).read_bytes()
State = SurveyUpload.State


@pytest.fixture
def adder(world: World) -> Client:
    """An evaluator who may add programmes."""
    Membership.objects.create(person=world.people[Role.EVALUATOR], role=Role.EVALUATOR)
    return world.client(Role.EVALUATOR)


def plan_file(content: bytes = PLAN) -> SimpleUploadedFile:
    return SimpleUploadedFile("my plan.yaml", content)


def test_a_programme_comes_from_its_plan_once(adder: Client, world: World) -> None:
    form = {"id": str(uuid.uuid4())}
    for _ in range(2):
        answer = adder.post("/programmes/add/", {**form, "plan": plan_file()})
        assert answer["Location"] == f"/programmes/{form['id']}/"
    programme = Programme.objects.get(pk=form["id"])
    assert (programme.folder / EVALUATION_FILE).read_bytes() == PLAN
    assert Membership.objects.filter(programme=programme).count() == 1
    assert [one.action for one in read_audit(programme.folder)] == ["programme_added"]
    assert adder.get(f"/programmes/{programme.pk}/plan/evaluation.yaml").content == PLAN


def test_every_problem_of_a_plan_is_told_with_its_line_and_nothing_is_kept(adder: Client, world: World) -> None:
    wrong = PLAN.replace(b"alpha: 0.05", b"alpha: 5").replace(b"sides: 2", b"sidez: 2").replace(b"grit_s8", b"no_such")
    before = set((world.one.folder.parent).iterdir())
    answer = adder.post("/programmes/add/", {"id": str(uuid.uuid4()), "plan": plan_file(wrong)})
    assert answer.status_code == 422
    page = answer.text
    assert "<title>Error: " in page
    assert re.search(r"evaluation.yaml, line \d+, key &#x27;alpha&#x27;", page)
    assert "sidez" in page
    assert "evalkit-plan-" not in page
    assert set((world.one.folder.parent).iterdir()) == before
    assert Programme.objects.count() == 2
    for nothing in (b"", b"\xff\xfe", b"- a\n- b\n", b"<html>"):
        answer = adder.post("/programmes/add/", {"id": str(uuid.uuid4()), "plan": plan_file(nothing)})
        assert answer.status_code == 422
        assert "problem" in answer.text


def test_an_evaluator_of_one_programme_adds_none_and_sees_none_of_others(world: World) -> None:
    client = world.client(Role.EVALUATOR)
    assert "Add a programme" not in client.get("/programmes/").text
    client.post("/programmes/add/", {"id": str(uuid.uuid4()), "plan": plan_file()})
    assert Programme.objects.count() == 2
    page = client.get("/programmes/").text
    assert "Programme one" in page
    assert "Programme other" not in page


def test_a_form_without_its_id_changes_nothing(adder: Client) -> None:
    assert adder.post("/programmes/add/", {"plan": plan_file()}).status_code == 400


def add_upload(world: World, wave: str, state: str, pupils: list[str]) -> None:
    upload = SurveyUpload.objects.create(
        programme=world.one, school=world.mine, wave=wave, state=state, file_name="a.csv", suffix=".csv",
        sha256=uuid.uuid4().hex, size=1, counts={"pupils": len(pupils)},
    )  # fmt: skip
    upload.folder.mkdir(parents=True)
    (upload.folder / "pupils.json").write_text(json.dumps([{"key": one, "wave": wave} for one in pupils]))


def test_the_dashboard_counts_schools_and_pupils(world: World) -> None:
    add_upload(world, "pre", State.CONFIRMED, ["a", "b", "c", "d"])
    add_upload(world, "post", State.CONFIRMED, ["b", "c", "e"])
    add_upload(world, "post", State.PROBLEMS, ["a"])
    Participation.objects.filter(school=world.beside).update(due={"pre": "2020-01-01"})
    page = re.sub(r"<[^>]+>|\s+", " ", world.client(Role.EVALUATOR).get(f"/programmes/{world.one.pk}/").text)
    page = re.sub(r"\s+", " ", page)
    assert "1 of 2 schools confirmed, 4 pupils" in page
    assert "50% (2 of 4 pupils of the first wave are in the last one)" in page
    assert "Needs mending An earlier file is confirmed" in page
    assert "Late 1 school" in page
    assert "Joined" in page
    assert "Not invited" in page
    assert "Foreign School" not in page


def test_a_reminder_names_those_who_have_not_confirmed(world: World) -> None:
    add_upload(world, "pre", State.CONFIRMED, ["a"])
    add_upload(world, "post", State.CONFIRMED, ["a"])
    Participation.objects.update(due={"post": "2026-12-05"})
    _, _ = Invitation.make(email="b@example.org", role=Role.UPLOADER, school=world.beside, programme=world.one)
    page = world.client(Role.EVALUATOR).get(f"/programmes/{world.one.pk}/reminder/").text
    assert "Beside Primary" in page
    assert "Mine Academy" not in page
    assert "due on 5 December 2026" in page
    assert "b@example.org" in page


LIST = "URN;School;E-mail;Role\n100001;;head@example.org;lead\n100009;New School;New@Example.org;\n"


def test_links_are_shown_once_and_work_once(world: World, settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    client, at = world.client(Role.EVALUATOR), f"/programmes/{world.one.pk}/schools/"
    first = client.post(at, {"text": LIST}).text
    links = re.findall(r"http://testserver(/invitations/[^<]+)", first)
    assert len(links) == 2
    again = re.findall(r"http://testserver(/invitations/[^<]+)", client.post(at, {"text": LIST}).text)
    assert Invitation.objects.filter(programme=world.one).count() == 2
    assert Client().get(links[1]).status_code == 404  # the new link took its place
    new = Client()
    assert "New School" in new.get(again[1]).text
    new.post(again[1], {"name": "New", "password": "three random words"})
    member = Membership.objects.get(person__email="new@example.org")
    assert (member.role, member.school.urn, member.programme) == (Role.UPLOADER, "100009", world.one)
    assert "Has this role already" in client.post(at, {"text": LIST}).text
    assert not mail.outbox
    text = (world.one.folder / "audit.jsonl").read_text()
    assert "example.org/invitations" not in text
    assert links[0] not in text


def test_invitations_are_mailed_where_mail_is_set_up(world: World, settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    listed = SimpleUploadedFile("list.csv", "100001,Mine Academy,a@example.org,uploader\n".encode("utf-8-sig"))
    page = world.client(Role.EVALUATOR).post(f"/programmes/{world.one.pk}/schools/", {"file": listed}).text
    assert "Mailed" in page
    (sent,) = mail.outbox
    assert sent.to == ["a@example.org"]
    assert re.search(r"http://testserver/invitations/\S+/", sent.body)[0] in page


def test_all_problems_of_a_list_are_told_at_once_and_nobody_is_invited(world: World) -> None:
    text = (
        "12345,A School,a@example.org,uploader\n100001,Other Name,b@example.org\n"
        "100002,Beside Primary,no address,boss\n\n100004,,c@example.org\n100002,,d@example.org\n100002,,D@example.org\n"
    )
    answer = world.client(Role.EVALUATOR).post(f"/programmes/{world.one.pk}/schools/", {"text": text})
    assert answer.status_code == 422
    for line in ("Line 1: ", "Line 2: ", "Line 3: ", "Line 5: ", "Line 7: "):
        assert line in answer.text
    assert "there is no role" in answer.text
    assert not Invitation.objects.exists()
    assert not School.objects.filter(urn="100004").exists()


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_lists_are_read_with_and_without_headings(separator: str) -> None:
    rows = [
        ["E-mail", "URN", "School"],
        ["a@example.org", "100001", "St Mary’s, Old Town" if separator != "," else "B"],
    ]
    text = "\n".join(separator.join(row) for row in rows)
    (row,) = read_invite_list(text, known={}).rows
    assert (row.urn, row.email, row.role) == ("100001", "a@example.org", Role.UPLOADER)
    plain = separator.join(["100001", "B", "a@example.org", "School lead"])
    (row,) = read_invite_list(plain, known={}).rows
    assert row.role == Role.SCHOOL_LEAD


def test_a_list_of_schools_is_looked_at_before_it_is_added(world: World) -> None:
    client, at = world.client(Role.EVALUATOR), f"/programmes/{world.one.pk}/roster/"
    wrong = client.post(at, {"file": SimpleUploadedFile("hub list.csv", b"URN,School\n1000,A\n100009,New School\n")})
    assert "hub list.csv" in wrong.text
    assert "Nothing was added" in wrong.text
    good = client.post(at, {"file": SimpleUploadedFile("list.csv", b"URN,School\n100001,Mine\n100009,New <b>School\n")})
    assert "100009 New &lt;b&gt;School" in good.text
    assert Participation.objects.filter(programme=world.one).count() == 2
    for _ in range(2):
        client.post(f"{at}add/", {"school": ["100009 New School", "nonsense", "1000099 Too long"]})
    assert set(world.one.schools.values_list("urn", flat=True)) == {"100001", "100002", "100009"}
    assert client.post(at, {"file": SimpleUploadedFile("list.pdf", b"%PDF")}).status_code == 422
    assert client.post(at, {"file": SimpleUploadedFile("list.xlsx", b"PK not really")}).status_code == 422


def test_days_are_set_for_every_school_or_for_none(world: World) -> None:
    client, at = world.client(Role.EVALUATOR), f"/programmes/{world.one.pk}/due/"
    client.post(at, {"due-pre": "2026-10-01", "due-post": ""})
    assert all(one.due == {"pre": "2026-10-01"} for one in Participation.objects.filter(programme=world.one))
    client.post(at, {"due-pre": "soon", "due-post": ""})
    assert Participation.objects.filter(programme=world.one).first().due == {"pre": "2026-10-01"}
    assert Participation.objects.get(programme=world.other).due == {}


def test_a_school_that_sent_nothing_can_be_taken_out(world: World) -> None:
    client, at = world.client(Role.EVALUATOR), f"/programmes/{world.one.pk}/roster/"
    add_upload(world, "pre", State.CONFIRMED, ["a"])
    place = {one.school_id: one.pk for one in Participation.objects.filter(programme=world.one)}
    client.post(f"{at}{place[world.mine.pk]}/take-out/")
    client.post(f"{at}{place[world.beside.pk]}/take-out/")
    assert list(world.one.schools.all()) == [world.mine]
    other = Participation.objects.get(programme=world.other)
    assert client.post(f"{at}{other.pk}/take-out/").status_code == 404


def test_roles_are_offered_taken_and_the_last_evaluator_stays(world: World) -> None:
    client, at = world.client(Role.EVALUATOR), f"/programmes/{world.one.pk}/members/"
    page = client.post(at, {"email": "Second@example.org", "role": "evaluator"}).text
    link = re.search(r"http://testserver(/invitations/[^<]+)", page)[1]
    Client().post(link, {"name": "Second", "password": "three random words"})
    assert Membership.objects.get(person__email="second@example.org").programme == world.one
    assert client.post(at, {"email": "second@example.org", "role": "evaluator"}).status_code == 422
    assert client.post(at, {"email": "x@example.org", "role": "officer"}).status_code == 422
    lead = Membership.objects.get(role=Role.PROGRAMME_LEAD)
    client.post(f"{at}{lead.pk}/take/")
    assert world.client(Role.PROGRAMME_LEAD).get(f"/lead/{world.one.pk}/").status_code == 404
    first = Membership.objects.get(person=world.people[Role.EVALUATOR])
    assert client.post(f"{at}{first.pk}/take/").status_code == 302
    assert client.get(at).status_code == 404
    second = Client()
    second.force_login(Person.objects.get(email="second@example.org"))
    last = Membership.objects.get(role=Role.EVALUATOR)
    second.post(f"{at}{last.pk}/take/")
    assert Membership.objects.filter(role=Role.EVALUATOR).count() == 1
    invitation, token = Invitation.make(email="z@example.org", role=Role.PROGRAMME_LEAD, programme=world.one)
    second.post(f"/programmes/{world.one.pk}/invitations/{invitation.pk}/withdraw/")
    assert Client().get(f"/invitations/{token}/").status_code == 404


def test_the_audit_log_is_shown_and_a_changed_line_is_seen(world: World) -> None:
    client, at = world.client(Role.EVALUATOR), f"/programmes/{world.one.pk}/audit/"
    client.get(f"/programmes/{world.one.pk}/")
    assert "evaluator@example.org" in client.get(at).text
    log = world.one.folder / "audit.jsonl"
    log.write_text(log.read_text().replace("evaluator@", "somebody@", 1))
    page = client.get(at).text
    assert "tampered" in page
    assert str(world.one.folder) not in page


def test_the_operator_sees_work_and_no_data(world: World, settings) -> None:
    for state, failure in (("waiting", ""), ("failed", "Went wrong (code 1A2B3C4D). Mine Academy, pupil Q7X")):
        Job.objects.create(
            kind=Job.Kind.CHECK, target=uuid.uuid4(), programme=world.one, school=world.mine, state=state,
            failure=failure, ended_at=timezone.now(),
        )  # fmt: skip
    (Path(settings.DATA) / "last-backup.txt").write_text("2026-11-01T04:00:00+00:00")
    page = world.client(Role.OPERATOR).get("/operator/").text
    for words in ("Check a file", "1A2B3C4D", "1 November 2026", connection.vendor):
        assert words.casefold() in page.casefold()
    for hidden in ("Mine", "Q7X", "Programme one", "100001"):
        assert hidden not in page
