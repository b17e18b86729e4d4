"""Who may open what: default deny, foreign places do not exist, invitations work once."""

import pytest
from django.http import Http404
from django.test import Client, RequestFactory

from evalkit.errors import EvalkitError
from evalkit.portal.access import DefaultDeny, visit_of
from evalkit.portal.models import Invitation, Membership, Person, Role

from .conftest import PASSWORD, World

PLACE_ROLES = {
    "school": {Role.UPLOADER, Role.SCHOOL_LEAD},
    "programme": {Role.EVALUATOR, Role.PROGRAMME_LEAD},
}


@pytest.mark.parametrize("role", list(Role))
def test_a_role_holds_only_at_its_own_place(world: World, role: Role) -> None:
    person, both = world.people[role], (world.one.pk, world.mine.pk)
    anywhere, evaluator = role == Role.OFFICER, role == Role.EVALUATOR
    reached = {
        "own school in the programme": _opens(person, role, *both),
        "own programme": _opens(person, role, world.one.pk, None),
        "own school": _opens(person, role, None, world.mine.pk),
        "other school": _opens(person, role, world.one.pk, world.beside.pk),
        "foreign school": _opens(person, role, None, world.foreign.pk),
        "foreign programme": _opens(person, role, world.other.pk, None),
        "own school in the foreign programme": _opens(person, role, world.other.pk, world.mine.pk),
    }
    at_school, at_programme = role in PLACE_ROLES["school"], role in PLACE_ROLES["programme"]
    assert reached == {
        "own school in the programme": at_school or evaluator or anywhere,
        "own programme": at_programme or anywhere,
        "own school": at_school or anywhere,
        "other school": evaluator or anywhere,
        "foreign school": anywhere,
        "foreign programme": anywhere,
        "own school in the foreign programme": False,
    }


def _opens(person: Person, role: Role, programme, school) -> bool:
    try:
        visit_of(person, [role], programme=programme, school=school)
    except Http404:
        return False
    return True


def test_a_view_that_says_nothing_opens_to_nobody() -> None:
    def view(request):
        raise AssertionError

    with pytest.raises(Http404):
        DefaultDeny(lambda request: None).process_view(RequestFactory().get("/"), view, (), {})  # type: ignore[arg-type]


@pytest.mark.parametrize("address", ["/accounts/signup/", "/accounts/email/", "/admin/", "/nowhere/"])
def test_what_is_not_used_is_not_there(world: World, address: str) -> None:
    assert world.client(Role.EVALUATOR).get(address).status_code == 404


def test_an_invitation_works_once(world: World) -> None:
    _, token = Invitation.make(email="New@Example.org", role=Role.UPLOADER, school=world.beside)
    client, address = Client(), f"/invitations/{token}/"
    assert "Beside Primary" in client.get(address).text
    weak = client.post(address, {"name": "New Person", "password": "short"})
    assert "There is a problem" in weak.text
    assert client.post(address, {"name": "New Person", "password": PASSWORD}).status_code == 302
    person = Person.objects.get(email="new@example.org")
    assert Membership.objects.get(person=person).school == world.beside
    assert client.get("/home/").status_code == 302  # signed in; the only place is the school's page
    again = Client().get(address)
    assert again.status_code == 404
    assert "does not work any more" in again.text


def test_an_invitation_needs_the_account_it_was_sent_to(world: World) -> None:
    _, token = Invitation.make(email="officer@example.org", role=Role.EVALUATOR, programme=world.other)
    address = f"/invitations/{token}/"
    wrong = world.client(Role.UPLOADER)
    assert "Sign in to take" in wrong.post(address).text
    assert not Membership.objects.filter(programme=world.other).exists()
    assert world.client(Role.OFFICER).post(address).status_code == 302
    assert Membership.objects.get(programme=world.other).person == world.people[Role.OFFICER]


def test_a_wrong_password_six_times_pauses_signing_in(world: World) -> None:
    client = Client()
    for _ in range(6):
        client.post("/accounts/login/", {"login": "uploader@example.org", "password": "wrong guess again"})
    answer = client.post("/accounts/login/", {"login": "uploader@example.org", "password": PASSWORD})
    assert "paused" in answer.text


def test_two_steps_are_demanded_on_a_server(world: World, settings) -> None:
    settings.MFA_DEMANDED = True
    answer = world.client(Role.EVALUATOR).get("/home/")
    assert answer.status_code == 302
    assert answer["Location"].endswith("/accounts/2fa/totp/activate/")


def test_a_full_disk_is_a_page_and_changes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise EvalkitError("audit.jsonl: this cannot be written (No space left on device).")

    client = world.client(Role.UPLOADER)
    monkeypatch.setattr("evalkit.portal.record.audit", full)
    answer = client.get(f"/schools/{world.mine.pk}/")
    assert answer.status_code == 503
    assert "Nothing was changed" in answer.text
    assert "audit.jsonl" not in answer.text
