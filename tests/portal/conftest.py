"""The portal under test: its own data folder, two programmes, three schools, and one person for each role."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from django.test import Client

from evalkit.custody.data_lock import LOCK_FILE
from evalkit.portal.models import Membership, Participation, Person, Programme, Role, School, programmes
from evalkit.portal.tenancy import Scope, set_scope
from evalkit.records.evaluation import EVALUATION_FILE, Study, load_evaluation
from evalkit.shipped import shipped

PASSWORD = "three random words"


@dataclass(frozen=True)
class World:
    """Everything that the tests walk through.

    `mine` and `beside` are schools of programme `one`; `foreign` is a school of programme `other`. `people` holds one
    person for each role: school roles at `mine`, programme roles at `one`.
    """

    one: Programme
    other: Programme
    mine: School
    beside: School
    foreign: School
    people: dict[Role, Person]

    def client(self, role: Role) -> Client:
        """A browser in which the person of a role is signed in."""
        client = Client()
        client.force_login(self.people[role], backend="allauth.account.auth_backends.AuthenticationBackend")
        return client


@pytest.fixture(autouse=True)
def scoped(db, monkeypatch: pytest.MonkeyPatch) -> None:
    """On PostgreSQL a test sees every row, and a page only what it asks for, though both share one transaction."""
    asked = Client.request

    def request(client: Client, **environment: object) -> object:
        set_scope(Scope())
        try:
            return asked(client, **environment)
        finally:
            set_scope(Scope(everything=True))

    monkeypatch.setattr(Client, "request", request)
    set_scope(Scope(everything=True))


READ: dict[bytes, Study] = {}


@pytest.fixture(autouse=True)
def plan_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan that stands by itself is read once for all tests; each world has its own folder."""

    def read(folder: Path, changed: int) -> Study:
        beside = {path.name for path in folder.iterdir() if path.suffix == ".yaml" or path.name == "instruments"}
        if beside - {EVALUATION_FILE, LOCK_FILE}:
            return load_evaluation(folder)
        text = (folder / EVALUATION_FILE).read_bytes()
        if text not in READ:
            READ[text] = load_evaluation(folder)
        return replace(READ[text], folder=folder)

    monkeypatch.setattr(programmes, "_study", read)


@pytest.fixture
def data(tmp_path: Path, settings) -> Path:
    """A data folder of the test's own."""
    settings.DATA = tmp_path / "portal"
    settings.DATA.mkdir()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return settings.DATA


@pytest.fixture
def world(db, data: Path) -> World:
    """Two programmes, three schools, six people."""
    one, other = add_programme("Programme one"), add_programme("Programme other")
    schools = [School.objects.create(urn=urn, name=name) for urn, name in SCHOOLS]
    for programme, school in ((one, schools[0]), (one, schools[1]), (other, schools[2])):
        Participation.objects.create(programme=programme, school=school)
    people: dict[Role, Person] = {}
    for role in Role:
        person = Person.objects.create_user(f"{role.value}@example.org", PASSWORD, name=role.label)
        at_school = role in (Role.UPLOADER, Role.SCHOOL_LEAD)
        at_programme = role in (Role.EVALUATOR, Role.PROGRAMME_LEAD)
        Membership.objects.create(
            person=person, role=role, school=schools[0] if at_school else None, programme=one if at_programme else None
        )
        people[role] = person
    return World(one, other, *schools, people)


SCHOOLS = (("100001", "Mine Academy"), ("100002", "Beside Primary"), ("100003", "Foreign School"))


def add_programme(title: str) -> Programme:
    """A programme with the plan of the shipped example."""
    programme = Programme.objects.create(plan_id="keyham-resilience", title=title)
    programme.folder.mkdir(parents=True)
    shutil.copyfile(shipped("analyses") / "keyham-resilience" / EVALUATION_FILE, programme.folder / EVALUATION_FILE)
    return programme
