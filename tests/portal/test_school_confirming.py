"""Confirming: once, as seen, two people at once, replacing earlier answers, taking back; who is matched."""

from evalkit.portal.confirmed import confirmed_uploads
from evalkit.portal.jobs import worker
from evalkit.portal.models import Membership, Person, Role, SurveyUpload
from evalkit.portal.standing import standing

from .conftest import World
from .school_files import answers, codes, confirm, look, place, send

State = SurveyUpload.State


def test_a_replayed_confirmation_changes_nothing(world: World) -> None:
    client = world.client(Role.UPLOADER)
    upload = send(world, "pre", answers(codes(0, 12)), client=client)
    sign = look(world, upload, client=client)
    first = confirm(world, upload, client=client, seen=sign)
    receipt, when = first.receipt, first.confirmed_at
    for seen in (sign, "", "something else"):
        assert client.post(place(world, f"uploads/{upload.pk}/confirm/"), {"seen": seen}).status_code == 302
    upload.refresh_from_db()
    assert (upload.state, upload.receipt, upload.confirmed_at) == (State.CONFIRMED, receipt, when)
    assert len(receipt) == 14


def test_get_changes_nothing(world: World) -> None:
    client = world.client(Role.UPLOADER)
    upload = send(world, "pre", answers(codes(0, 12)), client=client)
    for rest in ("confirm/", "undo/", "again/"):
        assert client.get(place(world, f"uploads/{upload.pk}/{rest}")).status_code == 405
    upload.refresh_from_db()
    assert upload.state == State.READY


def test_the_second_of_two_people_is_told_and_loses_nothing(world: World) -> None:
    colleague = Person.objects.create_user("colleague@example.org", "three random words", name="A Colleague")
    Membership.objects.create(person=colleague, role=Role.UPLOADER, school=world.mine)
    client = world.client(Role.UPLOADER)
    mine = send(world, "pre", answers(codes(0, 12)), client=client)
    theirs = send(world, "pre", answers(codes(4, 20), shift=1), name="theirs.csv", client=client)
    seen = look(world, mine, client=client)
    other = type(client)()
    other.force_login(colleague, backend="allauth.account.auth_backends.AuthenticationBackend")
    confirm(world, theirs, client=other)
    mine = confirm(world, mine, client=client, seen=seen)
    assert mine.state == State.READY
    page = client.get(place(world, f"uploads/{mine.pk}/")).text
    assert "A Colleague confirmed the file “theirs.csv” at" in page
    assert "<strong>8 pupils</strong> of “theirs.csv”" in page
    assert confirm(world, mine, client=client).state == State.CONFIRMED
    theirs.refresh_from_db()
    assert theirs.state == State.CONFIRMED  # eight of its pupils still count


def test_a_corrected_file_replaces_by_pupil_and_undo_brings_them_back(world: World) -> None:
    client = world.client(Role.UPLOADER)
    whole = confirm(world, send(world, "pre", answers(codes(0, 12)), client=client), client=client)
    half = confirm(world, send(world, "pre", answers(codes(0, 6), shift=1), client=client), client=client)
    rest = send(world, "pre", answers(codes(6, 14), shift=1), client=client)
    page = client.get(place(world, f"uploads/{rest.pk}/")).text
    assert "<strong>6 pupils</strong>" in page
    assert "That is all that still counts of it." in page
    confirm(world, rest, client=client)
    whole.refresh_from_db()
    assert whole.state == State.REPLACED
    counted = {row.pk: len(upload.responses) for row, upload in confirmed_uploads(world.one)}
    assert counted == {half.pk: 6, rest.pk: 8}
    client.post(place(world, f"uploads/{half.pk}/undo/"))
    whole.refresh_from_db()
    half.refresh_from_db()
    assert (whole.state, half.state) == (State.CONFIRMED, State.UNDONE)
    counted = {row.pk: len(upload.responses) for row, upload in confirmed_uploads(world.one)}
    assert counted == {whole.pk: 6, rest.pk: 8}


def test_the_files_of_the_programme_carry_the_school(world: World) -> None:
    client = world.client(Role.UPLOADER)
    row = confirm(world, send(world, "pre", answers(codes(0, 12)), client=client), client=client)
    SurveyUpload.objects.filter(pk=row.pk).update(school=world.beside)
    row.refresh_from_db()
    row.folder.parent.mkdir(parents=True)
    (row.programme.folder / "uploads" / str(world.mine.pk) / str(row.pk)).rename(row.folder)
    again = confirm(world, send(world, "pre", answers(codes(6, 18)), client=client), client=client)
    found = dict(confirmed_uploads(world.one))
    assert set(found[row].responses["school"]) == {"100002"}
    assert set(found[again].responses["school"]) == {"100001"}
    both = set(codes(6, 12))
    assert {f"100001-{code}" for code in both} <= set(found[again].responses["pupil"])
    assert {f"100002-{code}" for code in both} <= set(found[row].responses["pupil"])
    assert set(codes(0, 6)) <= set(found[row].responses["pupil"])


def test_who_is_matched_and_what_is_missing(world: World) -> None:
    client = world.client(Role.UPLOADER)
    assert "Nothing is confirmed yet" in client.get(place(world)).text
    confirm(world, send(world, "pre", answers(codes(0, 12)), client=client), client=client)
    assert standing(world.one, world.mine).completeness.matched_percent is None
    confirm(world, send(world, "post", answers(codes(3, 14), shift=2), client=client), client=client)
    whole = standing(world.one, world.mine).completeness
    assert (whole.matched, whole.only_first, whole.only_last, whole.matched_percent) == (9, 3, 2, 75)
    page = client.get(place(world)).text
    assert "9 pupils (75% of those in “Before”)" in page
    assert codes(0, 1)[0] not in page


def test_due_days_are_shown(world: World) -> None:
    world.one.participations.filter(school=world.mine).update(due={"pre": "2020-01-31", "post": "2099-07-01"})
    client = world.client(Role.UPLOADER)
    home = client.get(f"/schools/{world.mine.pk}/").text
    assert "was due 31 January 2020" in home
    assert "due 1 July 2099" in home
    assert "Overdue" in home
    assert "Programme other" not in home


def test_codes_nearly_alike_are_asked_beside_the_other_file(world: World) -> None:
    client = world.client(Role.UPLOADER)
    confirm(world, send(world, "pre", answers(["P1O4", *codes(1, 12)]), client=client), client=client)
    post = send(world, "post", answers(["P104", *codes(1, 12)], shift=1), client=client)
    assert post.state == State.QUESTIONS
    page = client.get(place(world, f"uploads/{post.pk}/questions/")).text
    assert "Is &#x27;P104&#x27; of answers.csv the pupil &#x27;P1O4&#x27; of answers.csv (Before)?" in page
    key = page.partition('name="q')[2].partition('"')[0]
    client.post(place(world, f"uploads/{post.pk}/questions/"), {f"q{key}": "0"})
    worker.work(until_idle=True)
    confirm(world, post, client=client)
    assert post.state == State.CONFIRMED
    assert standing(world.one, world.mine).completeness.matched == 12


def test_the_same_file_for_both_times_is_refused(world: World) -> None:
    client = world.client(Role.UPLOADER)
    content = answers(codes(0, 12))
    confirm(world, send(world, "pre", content, client=client), client=client)
    twice = send(world, "post", content, client=client)
    assert twice.state == State.PROBLEMS
    assert "The same file was sent as" in client.get(place(world, f"uploads/{twice.pk}/")).text


def test_a_file_that_only_waits_for_its_confirmation_is_not_forgotten(world: World) -> None:
    client = world.client(Role.UPLOADER)
    class_a = send(world, "pre", answers(codes(0, 12)), name="5A.csv", client=client)
    class_b = send(world, "pre", answers(codes(12, 24)), name="5B.csv", client=client)
    confirm(world, class_b, client=client)
    wave = standing(world.one, world.mine).waves[0]
    assert (wave.word, wave.pupils) == ("Ready to confirm", 12)
    confirm(world, class_a, client=client)
    wave = standing(world.one, world.mine).waves[0]
    assert (wave.word, wave.pupils) == ("Confirmed", 24)
