"""Uploading: what is taken in, what is refused with which sentence, what the page of a file says."""

import json
from pathlib import Path

from django.core.files.uploadedfile import SimpleUploadedFile

from evalkit.custody.audit import read_audit
from evalkit.custody.data_lock import lock_data
from evalkit.portal.found import pupils_of, read_found
from evalkit.portal.jobs import worker
from evalkit.portal.models import Job, Role, SurveyUpload
from evalkit.records.whole_file import write_whole

from .conftest import World
from .school_files import DATA, answers, codes, confirm, place, send

State = SurveyUpload.State


def test_the_examples_file_goes_from_upload_to_receipt(world: World) -> None:
    client = world.client(Role.UPLOADER)
    upload = send(world, "pre", DATA / "pre.xlsx", client=client)
    assert upload.state == State.READY
    assert upload.counts["pupils"] == 54
    assert upload.path.read_bytes() == (DATA / "pre.xlsx").read_bytes()
    page = client.get(place(world, f"uploads/{upload.pk}/")).text
    assert "Confirm this file" in page
    assert "General Self-Efficacy Scale" in page
    assert "Mean" not in page
    confirm(world, upload, client=client)
    assert upload.state == State.CONFIRMED
    receipt = client.get(place(world, f"uploads/{upload.pk}/receipt/")).text
    assert upload.receipt in receipt
    assert upload.sha256 in receipt
    actions = [(one.action, one.target.split()[0]) for one in read_audit(world.one.folder)]
    assert ("upload", "upload") in actions
    assert ("upload", "confirmed") in actions


def test_the_database_and_the_log_hold_no_codes(world: World) -> None:
    upload = send(world, "post", DATA / "post.csv")
    assert "KL-027" in (upload.folder / "check.json").read_text()
    assert "KL-0" not in json.dumps([list(map(str, row)) for row in SurveyUpload.objects.values_list()])
    assert "KL-0" not in json.dumps([list(map(str, row)) for row in Job.objects.values_list()])
    assert "KL-0" not in (world.one.folder / "audit.jsonl").read_text()


def test_a_file_with_problems_says_where_and_comes_back_marked(world: World) -> None:
    client = world.client(Role.UPLOADER)
    upload = send(world, "post", DATA / "post.csv", client=client)
    assert upload.state == State.QUESTIONS
    page = client.get(place(world, f"uploads/{upload.pk}/")).text
    assert "1 question only you can answer" in page
    assert "Column O (grit_s8.q4), row 18" in page
    assert "mapping file" not in page
    assert "post.csv" in page
    assert "survey.csv" not in page
    marked = client.get(place(world, f"uploads/{upload.pk}/marked/"))
    assert marked["Content-Disposition"].startswith("attachment")
    assert marked["X-Content-Type-Options"] == "nosniff"
    assert marked.content[:2] == b"PK"


REFUSED = (
    ("answers.csv", b"", "The selected file is empty"),
    ("answers.pdf", b"%PDF-1.7", "The selected file must be an XLSX, CSV, ODS or TSV. A PDF holds no table."),
    ("answers.csv.html", b"<p>", "The selected file must be an XLSX, CSV, ODS or TSV"),
    ("answers", b"a,b", "The selected file must be an XLSX, CSV, ODS or TSV"),
    ("", b"", "Select a file"),
)


def test_what_is_refused_at_once(world: World) -> None:
    client = world.client(Role.UPLOADER)
    for name, content, sentence in REFUSED:
        sent = {"file": SimpleUploadedFile(name, content)} if name else {}
        answer = client.post(place(world, "upload/pre/"), sent)
        assert answer.status_code == 400
        assert "<title>Error: " in answer.text
        assert "There is a problem" in answer.text
        assert sentence in answer.text
    assert not SurveyUpload.objects.exists()


def test_a_large_file_is_cut_off_while_it_comes_in(world: World, settings) -> None:
    settings.MAX_UPLOAD_BYTES = 1024 * 1024
    file = SimpleUploadedFile("answers.csv", b"a" * (1024 * 1024 + 1))
    answer = world.client(Role.UPLOADER).post(place(world, "upload/pre/"), {"file": file})
    assert "The selected file must be smaller than 1MB" in answer.text
    assert not SurveyUpload.objects.exists()
    assert not (world.one.folder / "uploads").exists()


UNREADABLE = (
    ("answers.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "answers.xlsx"),
    ("answers.csv", b"%PDF-1.7 not a table", "PDF"),
    ("answers.csv", b"name,colour\nx,red\n", "answers.csv"),
    ("odd name.csv", b"\0\0\0\0" * 50, "odd name.csv"),
)


def test_a_file_that_cannot_be_read_is_said_kindly(world: World) -> None:
    client = world.client(Role.UPLOADER)
    for name, content, said in UNREADABLE:
        upload = send(world, "pre", content, name=name, client=client)
        assert upload.state == State.UNREADABLE
        page = client.get(place(world, f"uploads/{upload.pk}/")).text
        assert "This file cannot be read" in page
        assert said in page
        assert str(world.one.folder) not in page
        assert "survey." not in page
        assert "Traceback" not in page


def test_the_same_bytes_sent_twice_are_the_earlier_upload(world: World) -> None:
    content = answers(codes(0, 20))
    first = send(world, "pre", content)
    assert send(world, "pre", content, name="another name.csv") == first
    assert send(world, "post", content) != first
    assert SurveyUpload.objects.filter(wave="pre").count() == 1
    client = world.client(Role.UPLOADER)
    confirm(world, first, client=client)
    client.post(place(world, f"uploads/{first.pk}/undo/"))
    assert send(world, "pre", content) != first


def test_while_the_worker_is_slow_the_page_waits_by_itself(world: World) -> None:
    client = world.client(Role.UPLOADER)
    sent = client.post(place(world, "upload/pre/"), {"file": SimpleUploadedFile("a.csv", answers(codes(0, 12)))})
    waiting = client.get(sent["Location"]).text
    assert "is being checked" in waiting
    assert 'http-equiv="refresh"' in waiting
    assert client.get(sent["Location"] + "state/").json() == {"waiting": True, "step": ""}
    worker.work(until_idle=True)
    assert client.get(sent["Location"] + "state/").json()["waiting"] is False
    assert "Confirm this file" in client.get(sent["Location"]).text


def test_a_check_that_failed_can_be_tried_again(world: World, monkeypatch) -> None:
    def broken(upload, **options):
        raise ValueError("pupil KL-001")

    client = world.client(Role.UPLOADER)
    with monkeypatch.context() as patch:
        patch.setattr("evalkit.portal.jobs.checking.checked_again", broken)
        upload = send(world, "pre", DATA / "pre.xlsx", client=client)
    page = client.get(place(world, f"uploads/{upload.pk}/")).text
    assert "The check did not end" in page
    assert "KL-001" not in page
    client.post(place(world, f"uploads/{upload.pk}/again/"))
    client.post(place(world, f"uploads/{upload.pk}/again/"))
    worker.work(until_idle=True)
    upload.refresh_from_db()
    assert upload.state == State.READY


def test_nothing_is_taken_in_once_the_data_are_locked(world: World) -> None:
    client = world.client(Role.UPLOADER)
    ready = send(world, "pre", DATA / "pre.xlsx", client=client)
    done = confirm(world, send(world, "post", answers(codes(0, 12)), client=client), client=client)
    sign = "x"
    lock_data(world.one.study, by="the evaluator", stated_date="2026-11-29")
    page = client.post(place(world, "upload/pre/"), {"file": SimpleUploadedFile("a.csv", answers(codes(0, 5)))})
    assert "The data are locked" in page.text
    client.post(place(world, f"uploads/{ready.pk}/confirm/"), {"seen": sign})
    client.post(place(world, f"uploads/{done.pk}/undo/"))
    ready.refresh_from_db()
    done.refresh_from_db()
    assert ready.state == State.READY
    assert done.state == State.CONFIRMED
    assert SurveyUpload.objects.count() == 2
    assert "The data are locked" in client.get(place(world)).text


def test_a_full_disk_leaves_nothing_behind(world: World, monkeypatch) -> None:
    monkeypatch.setattr("evalkit.portal.storing.settle_folder", _no_space)
    file = SimpleUploadedFile("a.csv", answers(codes(0, 5)))
    answer = world.client(Role.UPLOADER).post(place(world, "upload/pre/"), {"file": file})
    assert "The selected file could not be uploaded" in answer.text
    assert not SurveyUpload.objects.exists()
    assert not [path for path in (world.one.folder / "uploads").rglob("*") if path.is_file()]


def _no_space(folder: Path) -> None:
    raise OSError(28, "No space left on device")


def test_rows_of_another_school_are_refused(world: World) -> None:
    lines = answers(codes(0, 12)).decode().splitlines()
    urns = ["URN", *["100001"] * 10, "100002", "100002"]
    text = "\n".join(f"{line},{urn}" for line, urn in zip(lines, urns, strict=True))
    upload = send(world, "pre", text.encode())
    assert upload.state == State.PROBLEMS
    assert any(one.kind == "other_school" for one in read_found(upload).to_mend)
    assert len(pupils_of(upload)) == 10


def test_what_was_found_survives_its_file(world: World) -> None:
    upload = send(world, "post", DATA / "post.csv")
    found = read_found(upload)
    assert {one.severity for one in found.problems} >= {"error", "ask", "warn"}
    assert found.asked[0][2].choices[0].decision["corrections"][0]["action"] == "leave_out_row"
    assert found.of("error")[0].rows == (18,)
    (upload.folder / "check.json").unlink()
    assert read_found(upload).problems == ()
    empty = {"problems": [], "scales": [], "columns": [], "decisions": [], "unreadable": "x"}
    write_whole(upload.folder / "check.json", json.dumps(empty))
    assert read_found(upload).unreadable == "x"


def test_a_file_that_was_never_confirmed_can_be_removed(world: World) -> None:
    client = world.client(Role.UPLOADER)
    wrong = send(world, "post", DATA / "post.csv", client=client)
    kept = confirm(world, send(world, "pre", DATA / "pre.xlsx", client=client), client=client)
    for upload in (wrong, kept):
        assert client.post(place(world, f"uploads/{upload.pk}/remove/")).status_code == 302
    assert list(SurveyUpload.objects.all()) == [kept]
    assert not wrong.folder.exists()
    assert kept.path.is_file()
    assert client.post(place(world, f"uploads/{wrong.pk}/remove/")).status_code == 404


def test_the_schools_own_name_in_the_file_is_no_other_school(world: World) -> None:
    lines = answers(codes(0, 12)).decode().splitlines()
    for names, state in ((["Mine Academy"] * 12, State.READY), (["100001"] * 11 + ["Beside Primary"], State.PROBLEMS)):
        text = "\n".join(f"{line},{name}" for line, name in zip(lines, ["School", *names], strict=True))
        assert send(world, "pre", text.encode()).state == state


def test_a_list_of_pupils_without_answers_is_not_taken_for_a_survey(world: World) -> None:
    listed = "\n".join(["Pupil code,Class", *(f"{code},5A" for code in codes(0, 12))])
    upload = send(world, "pre", listed.encode())
    assert upload.state == State.PROBLEMS
    page = world.client(Role.UPLOADER).get(place(world, f"uploads/{upload.pk}/")).text
    assert "This is a list of 12 pupils without answers" in page
    assert "Send the file with the answers." in page
