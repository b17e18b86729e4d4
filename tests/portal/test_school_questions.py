"""Questions: all on one page, answered in part or whole, remembered for the next file, for this school alone."""

import re

from evalkit.portal.decided import own_mapping
from evalkit.portal.jobs import worker
from evalkit.portal.models import Role, SurveyUpload

from .conftest import World
from .school_files import DATA, ITEMS, answers, codes, confirm, place, send

State = SurveyUpload.State


def _radio_groups(page: str) -> dict[str, list[str]]:
    """Name of each group of radios -> the values that may be ticked."""
    groups: dict[str, list[str]] = {}
    for name, value in re.findall(r'type="radio" id="[^"]+" name="([^"]+)" value="(\d+)"', page):
        groups.setdefault(name, []).append(value)
    return groups


def test_an_odd_answer_is_asked_and_remembered(world: World) -> None:
    client = world.client(Role.UPLOADER)
    first = send(world, "pre", answers(codes(0, 12), wrong="Exactly tru"), client=client)
    assert first.state == State.QUESTIONS
    address = place(world, f"uploads/{first.pk}/questions/")
    page = client.get(address).text
    groups = _radio_groups(page)
    assert len(groups) == 1
    assert page.count("<h1>") == 1
    (key,) = groups
    assert "Choose an answer" in client.post(address, {}).text
    assert "Choose an answer" in client.post(address, {key: "99"}).text
    assert client.post(address, {key: "0", "q-of-another-page": "0"}).status_code == 302
    worker.work(until_idle=True)
    first.refresh_from_db()
    assert first.state == State.READY
    assert own_mapping(first).decided_by == "uploader@example.org"
    again = send(world, "pre", answers(codes(0, 13), wrong="Exactly tru"), client=client)
    assert again.state == State.READY
    confirm(world, again, client=client)
    assert again.state == State.CONFIRMED


def test_headings_that_nobody_knows_are_asked(world: World) -> None:
    client = world.client(Role.UPLOADER)
    text = answers(codes(0, 12)).decode().replace(ITEMS[0], "Q one of the first page", 1)
    upload = send(world, "pre", text.encode(), client=client)
    groups = _radio_groups(client.get(place(world, f"uploads/{upload.pk}/questions/")).text)
    assert upload.state == State.QUESTIONS
    assert groups


def test_corrections_of_rows_are_not_carried_to_the_next_file(world: World) -> None:
    client = world.client(Role.UPLOADER)
    upload = send(world, "post", DATA / "post.csv", client=client)
    address = place(world, f"uploads/{upload.pk}/questions/")
    (key,) = _radio_groups(client.get(address).text)
    client.post(address, {key: "1"})
    worker.work(until_idle=True)
    upload.refresh_from_db()
    assert upload.state == State.PROBLEMS
    assert len(own_mapping(upload).corrections) == 1
    mended = (DATA / "post.csv").read_bytes().replace(b",1,7,3,", b",1,,3,")
    later = send(world, "post", mended + b"\n", client=client)
    assert own_mapping(later) is None or own_mapping(later).corrections == ()
    folder = world.one.folder / "mappings"
    assert {path.parent.name for path in folder.rglob("*.yaml")} == {str(world.mine.pk)}


def test_questions_are_for_a_file_that_has_some(world: World) -> None:
    client = world.client(Role.UPLOADER)
    upload = send(world, "pre", answers(codes(0, 12)), client=client)
    assert client.get(place(world, f"uploads/{upload.pk}/questions/")).status_code == 302
    assert client.post(place(world, f"uploads/{upload.pk}/questions/"), {"q": "0"}).status_code == 302
    upload.refresh_from_db()
    assert upload.state == State.READY


def test_a_question_that_need_not_be_answered_holds_nothing_up(world: World) -> None:
    client = world.client(Role.UPLOADER)
    lines = answers(codes(0, 12)).decode().splitlines()
    text = "\n".join(f"{line},{extra}" for line, extra in zip(lines, ["", *["note"] * 12], strict=True))
    upload = send(world, "pre", text.encode(), client=client)
    assert upload.state == State.READY
    page = client.get(place(world, f"uploads/{upload.pk}/")).text
    assert "1 question you may answer" in page
    assert "Confirm this file" in page
    (key,) = _radio_groups(client.get(place(world, f"uploads/{upload.pk}/questions/")).text)
    client.post(place(world, f"uploads/{upload.pk}/questions/"), {key: "0"})
    worker.work(until_idle=True)
    upload.refresh_from_db()
    assert upload.state == State.READY
