"""Pupils answer in the browser with their pupil code: nothing is lost, nothing leaks, and it ends as a survey file."""

import json
import logging
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from evalkit.custody.audit import read_audit
from evalkit.custody.codes import issue_codes
from evalkit.custody.data_lock import lock_data
from evalkit.portal.answered import class_list, everything_answered, read_code
from evalkit.portal.erasing import Whom, steps_for
from evalkit.portal.jobs import worker
from evalkit.portal.models import AnsweringRound, Role, SurveyUpload
from evalkit.portal.models.rounds import MOST_WRONG_CODES
from evalkit.portal.pages import answering
from evalkit.portal.quiet_log import WithoutValues

from .answering_plan import with_wording
from .conftest import World
from .school_files import place

ITEMS = [f"q{number}" for number in range(1, 9)]
ALL = {name: str(number % 5 + 1) for number, name in enumerate(ITEMS)}


def opened(world: World, *, codes: str = "", wave: str = "pre") -> AnsweringRound:
    """A round that the school opened on its page."""
    with_wording(world.one)
    until = (timezone.localdate() + timedelta(days=7)).isoformat()
    answer = world.client(Role.UPLOADER).post(place(world, f"online/{wave}/"), {"until": until, "codes": codes})
    assert answer.status_code == 302, answer.text
    return AnsweringRound.objects.get(closed_at=None)


def begin(link: str, code: str) -> str:
    """Type a code; what the page carries about the pupil."""
    page = Client().post(link, {"code": code})
    assert page.status_code == 200, page.text
    return re.search(r'name="pupil" value="([^"]+)"', page.text)[1]


def link_of(one: AnsweringRound) -> str:
    return f"/answer/{one.token}/"


def test_from_the_link_to_a_confirmed_file(world: World, django_capture_on_commit_callbacks) -> None:
    captured = django_capture_on_commit_callbacks
    one = opened(world)
    link = link_of(one)
    school = world.client(Role.UPLOADER)
    assert link in school.get(place(world, "online/pre/")).text
    tag = '<span class="tag good">Open</span>'
    assert school.get(place(world)).text.count(tag) == 1
    page = Client().get(link)
    assert "8 questions for you" in page.text
    assert set(page.cookies) <= {"csrftoken"}
    assert "no-store" in page["Cache-Control"]
    for number, code in enumerate(["KL-001", "kl-002", "KL-003"]):
        pupil = begin(link, code)
        given = {name: str((number + place) % 5 + 1) for place, name in enumerate(ITEMS)}
        done = Client().post(link, {"pupil": pupil, "do": "finish", **given})
        assert "You are done" in done.text
    assert "3 pupils" in school.get(place(world, "online/pre/")).text
    for _ in range(2):
        with captured(execute=True):
            answer = school.post(place(world, "online/pre/close/"))
        assert answer.status_code == 302
    worker.work(until_idle=True)
    upload = SurveyUpload.objects.get()
    assert str(upload.pk) in answer["Location"]
    assert upload.state == SurveyUpload.State.READY, (upload.state, (upload.folder / "check.json").read_text())
    assert upload.counts["pupils"] == 3
    lines = upload.path.read_text(encoding="utf-8").splitlines()
    assert lines[1] == "KL-001,1,2,3,4,5,1,2,3"
    assert lines[2].startswith("kl-002,2,3,4")
    assert tag not in school.get(place(world)).text
    one.refresh_from_db()
    assert one.upload_id == upload.pk
    assert not one.folder.exists()
    assert Client().get(link).status_code == 410
    assert Client().post(link, {"code": "KL-001"}).status_code == 410
    sent = school.get(place(world, f"uploads/{upload.pk}/file/"))
    assert sent.content == upload.path.read_bytes()
    done = [each.action for each in read_audit(world.one.folder)]
    assert (done.count("answering_opened"), done.count("answering_closed")) == (1, 1)


def test_saved_answers_are_there_again_and_finished_ones_are_not_shown(world: World) -> None:
    one = opened(world)
    link = link_of(one)
    saved = Client().post(link, {"pupil": begin(link, "KL-007"), "do": "save", "q1": "4", "q3": "2"})
    assert "6 questions still open" in saved.text
    again = Client().post(link, {"code": "kl-007"}).text
    assert re.findall(r'name="(q\d)" value="(\d)" checked', again) == [("q1", "4"), ("q3", "2")]
    pupil = begin(link, "KL-007")
    told = Client().post(link, {"pupil": pupil, "do": "finish", "q1": "5"})
    assert "You left out 7 questions" in told.text
    assert 'href="#q2"' in told.text
    done = Client().post(link, {"pupil": pupil, "do": "finish all the same", "q1": "5"})
    assert "You are done" in done.text
    (given,) = everything_answered(one)
    assert (given.code, given.answers, given.finished) == ("KL-007", {"ipip_perseverance8.q1": 5}, True)
    assert "You are done" in Client().post(link, {"code": "KL-007"}).text
    Client().post(link, {"pupil": pupil, "do": "save", "q1": "1"})  # the earlier screen, sent again
    assert everything_answered(one) == [given]


def test_answers_that_may_not_be_given_are_not_kept(world: World) -> None:
    one = opened(world)
    Client().post(link_of(one), {"pupil": begin(link_of(one), "A1"), "q1": "6", "q2": "x", "q3": "3", "q99": "1"})
    assert everything_answered(one)[0].answers == {"ipip_perseverance8.q3": 3}


def test_nobody_answers_with_a_page_that_is_forged_old_or_of_another_round(world: World, monkeypatch) -> None:
    one = opened(world)
    pupil = begin(link_of(one), "A1")
    for forged in ("x", pupil[:-2] + "zz", ""):
        page = Client().post(link_of(one), {"pupil": forged, "do": "finish", **ALL})
        assert page.status_code == 400
    world.client(Role.UPLOADER).post(place(world, "online/pre/close/"))
    other = opened(world, wave="post")
    assert Client().post(link_of(other), {"pupil": pupil, "do": "finish", **ALL}).status_code == 400
    mine = begin(link_of(other), "A1")
    monkeypatch.setattr(answering, "HOURS", -1)
    assert "long time" in Client().post(link_of(other), {"pupil": mine, **ALL}).text
    assert everything_answered(other) == []


def test_csrf_is_asked_of_pupils_too(world: World) -> None:
    one = opened(world)
    assert Client(enforce_csrf_checks=True).post(link_of(one), {"code": "A1"}).status_code == 403


def test_a_class_list_takes_its_codes_only(world: World, tmp_path) -> None:
    issued = issue_codes({"7B": 3}, programme="p", seed=1, ledger=tmp_path / "codes.jsonl").frame["pupil"].tolist()
    one = opened(world, codes="\n".join(issued))
    link, code = link_of(one), issued[0]
    begin(link, f"{code[:3].lower()}-{code[3:]}")
    swapped = code[:-1] + ("C" if code[-1] != "C" else "D")
    page = Client().post(link, {"code": swapped})
    assert page.status_code == 400
    assert "One letter or number in this code is not right" in page.text
    assert "<title>Error: " in page.text
    assert f'value="{swapped}"' in page.text
    assert "not on the class list" in Client().post(link, {"code": "KL-001"}).text


def test_codes_that_were_issued_for_the_programme_are_a_class_list(world: World) -> None:
    one = opened(world)
    issued = issue_codes({"7B": 2}, programme="p", seed=1, ledger=world.one.folder / "codes.jsonl").frame["pupil"]
    begin(link_of(one), issued[0])
    assert Client().post(link_of(one), {"code": "KL-001"}).status_code == 400


@pytest.mark.parametrize(
    ("typed", "said"),
    [("", "Type your pupil code"), ("Oliver", "Do not type your name"), ("a@b.org", "e-mail"), ("=1+1", "letters"),
     ("B801200005001", "UPN"), ("<b>1</b>", "letters"), ("A1" * 16, "letters")],
)  # fmt: skip
def test_what_is_no_code_is_told_as_one_tells_a_child(typed: str, said: str) -> None:
    reading = read_code(typed, {})
    assert reading.code == ""
    assert said in reading.message


def test_a_code_is_kept_as_it_was_meant() -> None:
    assert read_code(" kx7-m4rj ", {}).code == "KX7M4RJ"
    assert read_code("KL  014", {}).code == "KL 014"
    assert read_code("kl-1", {"kl-1": "KL-1"}).code == "KL-1"


def test_who_guesses_codes_must_wait(world: World) -> None:
    one = opened(world, codes="K1\nK2")
    for number in range(MOST_WRONG_CODES):
        assert Client().post(link_of(one), {"code": f"X{number}"}).status_code == 400
    assert Client().post(link_of(one), {"code": "K1"}).status_code == 429
    assert "no code is taken" in world.client(Role.UPLOADER).get(place(world, "online/pre/")).text
    AnsweringRound.objects.update(wrong_since=timezone.now() - timedelta(minutes=61))
    begin(link_of(one), "K1")
    Client().post(link_of(one), {"code": "X"})
    one.refresh_from_db()
    assert one.wrong_codes == 1


def test_nothing_of_a_pupil_is_in_the_database_or_the_log(world: World, caplog) -> None:
    one = opened(world, codes="ZEBRA77\nZEBRA78")
    Client().post(link_of(one), {"pupil": begin(link_of(one), "ZEBRA77"), "do": "save", **ALL})
    Client().post(link_of(one), {"code": "ZEBRA99"})
    from django.core import serializers

    rows = serializers.serialize("json", AnsweringRound.objects.all())
    assert "ZEBRA" not in rows + caplog.text + (world.one.folder / "audit.jsonl").read_text()
    names = [path.name for path in one.folder.iterdir()]
    assert not any("zebra" in name.casefold() for name in names)
    assert {oct(path.stat().st_mode)[-3:] for path in one.folder.iterdir()} == {"600"}
    kept = next(path for path in one.folder.glob("*.json") if len(path.stem) == 64)
    assert set(json.loads(kept.read_text())) == {"pupil", "answers", "finished"}


def test_an_erased_pupil_is_gone_from_the_answers_and_an_erased_school_answers_no_more(world: World) -> None:
    one = opened(world, codes="K1\nK2")
    for code in ("K1", "K2"):
        Client().post(link_of(one), {"pupil": begin(link_of(one), code), "do": "save", **ALL})
    for step in steps_for(world.one, Whom(code="k1", school=world.mine)):
        if step.do:
            step.do()
    assert [each.code for each in everything_answered(one)] == ["K2"]
    assert list(class_list(one).values()) == ["K2"]
    for step in steps_for(world.one, Whom(school=world.mine)):
        if step.do:
            step.do()
    assert not one.folder.exists()
    assert Client().get(link_of(one)).status_code == 404


def test_a_school_whose_pupils_are_answering_is_not_taken_out(world: World) -> None:
    one = opened(world)
    page = world.client(Role.EVALUATOR).post(f"/programmes/{world.one.pk}/roster/{one.place_id}/take-out/", follow=True)
    assert "must close that first" in page.text
    assert AnsweringRound.objects.exists()


def test_only_wording_that_is_at_hand_is_shown(world: World) -> None:
    client, at = world.client(Role.UPLOADER), place(world, "online/pre/")
    page = client.get(at)
    assert "cannot be answered in the browser" in page.text
    assert "Open and show the link" not in page.text
    client.post(at, {"until": timezone.localdate().isoformat()})
    assert not AnsweringRound.objects.exists()


def test_a_round_ends_by_itself_and_with_the_data_lock(world: World) -> None:
    one = opened(world)
    lock_data(world.one.study, by="evaluator@example.org", reason="done")
    assert Client().get(link_of(one)).status_code == 410
    client = world.client(Role.UPLOADER)
    assert "locked" in client.post(place(world, "online/pre/close/"), follow=True).text
    AnsweringRound.objects.update(closes_at=timezone.now())
    one.refresh_from_db()
    assert not one.takes_answers


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"until": ""}, "Enter the last day"), ({"until": "2020-01-01"}, "between today"),
     ({"until": "now", "codes": "A1\nb@c.org"}, "UPNs"), ({"until": "now", "codes": "A1 " * 20}, "Paste the codes")],
)  # fmt: skip
def test_what_is_wrong_with_a_round_is_told(world: World, fields: dict[str, str], said: str) -> None:
    with_wording(world.one)
    fields = {key: timezone.localdate().isoformat() if value == "now" else value for key, value in fields.items()}
    page = world.client(Role.UPLOADER).post(place(world, "online/pre/"), fields)
    assert page.status_code == 400
    assert said in page.text
    assert page.text.index("Error: ") < page.text.index("<body")


def test_the_usual_last_day_stands_in_its_field(world: World) -> None:
    with_wording(world.one)
    usual = (timezone.localdate() + timedelta(days=14)).isoformat()
    assert (
        f'type="date" name="until" value="{usual}"' in world.client(Role.UPLOADER).get(place(world, "online/pre/")).text
    )


def test_a_round_opened_twice_is_one_and_an_empty_one_leaves_no_file(world: World) -> None:
    one = opened(world)
    assert opened(world).pk == one.pk
    client = world.client(Role.UPLOADER)
    page = client.post(place(world, "online/pre/close/"), follow=True)
    assert "Nobody had answered" in page.text
    assert not SurveyUpload.objects.exists()
    assert opened(world).pk != one.pk


def test_a_link_that_nobody_gave_out_is_not_there(world: World) -> None:
    assert Client().get("/answer/none/").status_code == 404
    assert Client().post("/answer/none/", {"code": "A1"}).status_code == 404


def test_a_log_line_does_not_give_the_link_away() -> None:
    line = logging.LogRecord("x", logging.WARNING, "", 0, "Bad Request: %s", ("/answer/secret-token/",), None)
    assert WithoutValues("{message}", style="{").format(line) == "Bad Request: /answer/.../"
