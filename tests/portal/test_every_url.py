"""Every address x every role x every foreign object: 404, and a page that is open to nobody signs nobody in."""

import uuid
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from evalkit.portal.access import SIGN_IN_PAGES
from evalkit.portal.models import DataRelease, Job, Participation, Programme, Report, Role, School, SurveyUpload

from .conftest import World

OPEN = {"front", "privacy", "invitation", "answer"}
TEXT = {
    "wave": "pre", "token": "no-such-token", "file": "report.html", "name": "report.html", "kind": "survey_files",
    "level": "hub",
}  # fmt: skip


def own_patterns(resolver: URLResolver | None = None) -> Iterator[URLPattern]:
    """Every address whose view is evalkit's."""
    for one in (resolver or get_resolver()).url_patterns:
        if isinstance(one, URLResolver):
            yield from own_patterns(one)
        elif one.name not in SIGN_IN_PAGES and one.callback.__module__.startswith("evalkit."):
            yield one


PATTERNS = {str(one.name): one for one in own_patterns()}


@pytest.fixture(autouse=True)
def sessions_in_memory(settings) -> None:
    """Thousands of requests; how a session is kept in the database is nothing that they are about."""
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"


def foreign_objects(programme: Programme, school: School) -> dict[str, uuid.UUID]:
    """One object of each kind at a place."""
    place = {"programme": programme, "school": school}
    upload = SurveyUpload.objects.create(**place, wave="pre", file_name="a.csv", suffix=".csv", sha256="0", size=1)
    release = DataRelease.objects.create(programme=programme)
    report = Report.objects.create(**place, release=release)
    job = Job.objects.create(**place, kind=Job.Kind.CHECK, target=upload.pk)
    return {"upload": upload.pk, "release": release.pk, "report": report.pk, "job": job.pk}


def address(name: str, values: dict[str, object]) -> str:
    """The address with its parts filled in."""
    needed = _parts(PATTERNS[name])
    filled = {part: values.get(part) or TEXT.get(part) or uuid.uuid4() for part in needed}
    return reverse(name, kwargs=filled)


def _parts(pattern: URLPattern) -> set[str]:
    found: set[str] = set()
    for possibilities, *_ in get_resolver().reverse_dict.getlist(pattern.name):
        for _, parts in possibilities:
            found |= set(parts)
    return found


def _absent(answer) -> bool:
    """404; or, before anything was looked up, 405 for an address that takes no GET, or no POST."""
    return answer.status_code in (404, 405)


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_every_page_says_who_may_open_it(name: str) -> None:
    access = getattr(PATTERNS[name].callback, "access", None)
    assert access is not None, f"{name}: open to nobody"
    assert bool(access) == (name not in OPEN)


@pytest.mark.parametrize("name", sorted(set(PATTERNS) - OPEN))
def test_strangers_are_sent_to_sign_in(world: World, name: str) -> None:
    values = {"programme": world.one.pk, "school": world.mine.pk}
    for ask in (Client().get, Client().post):
        answer = ask(address(name, values))
        assert answer.status_code == 302
        assert "/accounts/login/" in answer["Location"]


PLACED = sorted(name for name in set(PATTERNS) - OPEN if _parts(PATTERNS[name]) & {"programme", "school"})


@pytest.mark.parametrize("role", [role for role in Role if role != Role.OFFICER])
def test_what_is_foreign_is_not_there(world: World, role: Role) -> None:
    client = world.client(role)
    foreign = foreign_objects(world.other, world.foreign)
    beside = foreign_objects(world.one, world.beside)
    places: list[dict[str, object]] = [
        {"programme": world.other.pk, "school": world.foreign.pk, **foreign},
        {"programme": world.other.pk, "school": world.mine.pk, **foreign},
        {"programme": world.one.pk, "school": world.foreign.pk, **foreign},
        {"programme": uuid.uuid4(), "school": uuid.uuid4(), **foreign},
    ]
    if role != Role.EVALUATOR:
        places.append({"programme": world.one.pk, "school": world.beside.pk, **beside})
    for name in PLACED:
        parts = _parts(PATTERNS[name])
        for place in places:
            if (
                role in (Role.EVALUATOR, Role.PROGRAMME_LEAD)
                and "school" not in parts
                and place["programme"] == world.one.pk
            ):
                continue
            if (
                role in (Role.UPLOADER, Role.SCHOOL_LEAD)
                and "programme" not in parts
                and place["school"] == world.mine.pk
            ):
                continue
            for ask in (client.get, client.post):
                assert _absent(ask(address(name, place))), (name, place)


@pytest.mark.parametrize("role", list(Role))
def test_at_the_own_place_foreign_objects_and_other_roles_pages_are_not_there(world: World, role: Role) -> None:
    client = world.client(role)
    own = {"programme": world.one.pk, "school": world.mine.pk}
    for other in (foreign_objects(world.other, world.foreign), foreign_objects(world.one, world.beside)):
        for name in PLACED:
            parts, allowed = _parts(PATTERNS[name]), role in PATTERNS[name].callback.access
            objects = parts & set(other)
            if allowed and (not objects or "school" not in parts):
                continue
            for ask in (client.get, client.post):
                assert _absent(ask(address(name, {**own, **other}))), name


@pytest.mark.parametrize("role", list(Role))
def test_pages_of_other_roles_without_a_place_are_refused(world: World, role: Role) -> None:
    client = world.client(role)
    for name in set(PATTERNS) - OPEN - set(PLACED):
        if role not in PATTERNS[name].callback.access:
            assert client.get(address(name, {})).status_code in (403, 404), name


def test_the_foreign_programmes_objects_are_not_there_for_the_evaluator(world: World) -> None:
    client = world.client(Role.EVALUATOR)
    foreign = foreign_objects(world.other, world.foreign)
    for name in PLACED:
        parts = _parts(PATTERNS[name])
        if "school" in parts or not parts & set(foreign):
            continue
        for ask in (client.get, client.post):
            assert _absent(ask(address(name, {"programme": world.one.pk, **foreign}))), name
    assert Participation.objects.count() == 3
