"""What PostgreSQL itself refuses: rows of others, even to a page that forgot to ask."""

import uuid

import pytest
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from evalkit.portal.access import scope_of
from evalkit.portal.models import AnsweringRound, DataRelease, Job, Participation, Report, Role, SurveyUpload
from evalkit.portal.tenancy import GUARDED, Scope, everything, set_scope

from .conftest import World

pytestmark = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no row-level security")
MODELS = {
    model._meta.db_table: model for model in (Participation, SurveyUpload, Job, DataRelease, Report, AnsweringRound)
}


@pytest.fixture
def full(world: World) -> World:
    """A row in every guarded table, for each school of each programme."""
    for at in Participation.objects.all():
        place = {"programme": at.programme, "school": at.school}
        SurveyUpload.objects.create(**place, wave="pre", file_name="a.csv", suffix=".csv", sha256="0", size=1)
        Job.objects.create(**place, kind=Job.Kind.CHECK, target=uuid.uuid4())
        release = DataRelease.objects.create(programme=at.programme)
        Report.objects.create(**place, release=release)
        AnsweringRound.objects.create(**place, place=at, wave="pre", closes_at=timezone.now())
    set_scope(Scope())
    return world


def test_the_role_may_not_pass_by_the_policies(full: World) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False,)


@pytest.mark.parametrize("table", sorted(GUARDED))
def test_a_page_that_says_nothing_sees_nothing_and_changes_nothing(full: World, table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        assert cursor.fetchone() == (0,)
        cursor.execute(f"DELETE FROM {table}")
        assert cursor.rowcount == 0


@pytest.mark.parametrize("role", list(Role))
def test_each_role_sees_its_own_rows(full: World, role: Role) -> None:
    set_scope(scope_of(full.people[role].memberships.all()))
    seen = {
        name: {getattr(row, "school_id", row.programme_id) for row in model.objects.all()}
        for name, model in MODELS.items()
    }
    school = role in (Role.UPLOADER, Role.SCHOOL_LEAD)
    for name, found in seen.items():
        of_school = "school_id" in GUARDED[name]
        if role == Role.OFFICER or (role == Role.OPERATOR and "queue" in GUARDED[name]):
            expected = 3 if of_school else 2
        elif role == Role.EVALUATOR or (role == Role.PROGRAMME_LEAD and "led" in GUARDED[name]):
            expected = 2 if of_school else 1
        elif school and of_school:
            assert found == {full.mine.pk}
            continue
        else:
            expected = 0
        assert len(found) == expected, name


def test_a_school_sees_a_programmes_report_once_it_is_out_and_cannot_change_it(full: World) -> None:
    with everything():
        rows = [Report.objects.create(programme=at, release=at.releases.first()) for at in (full.one, full.other)]
        hidden = Report.objects.create(programme=full.one, release=full.one.releases.first())
        Report.objects.filter(pk__in=[row.pk for row in rows]).update(to_schools_at=timezone.now())
    set_scope(Scope(schools=frozenset({str(full.mine.pk)})))
    seen = set(Report.objects.filter(school=None).values_list("pk", flat=True))
    assert seen == {rows[0].pk}
    assert hidden.pk not in seen
    assert Report.objects.filter(pk=rows[0].pk).update(answer="x") == 0
    assert Report.objects.filter(pk=rows[0].pk).delete()[0] == 0


def test_nobody_writes_a_row_for_another_school(full: World) -> None:
    set_scope(Scope(schools=frozenset({str(full.mine.pk)})))
    with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        SurveyUpload.objects.create(
            programme=full.one, school=full.beside, wave="pre", file_name="a.csv", suffix=".csv", sha256="0", size=1
        )


def test_the_scope_ends_with_its_transaction(transactional_db) -> None:
    with everything():
        pass
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting('evalkit.everything', true), '')")
        assert cursor.fetchone() != ("on",)


def test_a_rounds_link_shows_that_round_alone(full: World) -> None:
    set_scope(Scope(everything=True))
    token = AnsweringRound.objects.filter(school=full.mine).values_list("token", flat=True)[0]
    set_scope(Scope(token=token))
    assert AnsweringRound.objects.get().token == token
    assert not Participation.objects.exists()
