"""What a lead of several programmes reads: each newest answer, and the programmes side by side."""

import shutil
from html import unescape

import pytest
from django.utils import timezone

from evalkit.portal.models import DataRelease, Membership, Programme, Report, Role
from evalkit.portal.models.outcomes import Making
from evalkit.shipped import shipped

from .conftest import World


def reported(programme: Programme, example: str) -> Report:
    """A published report with the results of a shipped example."""
    release = DataRelease.objects.create(programme=programme, state=Making.READY, sha256="0" * 64)
    made = Report.objects.create(
        programme=programme, release=release, state=Making.READY, to_leads_at=timezone.now(), answer=f"As {example}."
    )
    made.folder.mkdir(parents=True)
    shutil.copyfile(shipped("analyses") / example / "results.json", made.folder / "results.json")
    return made


@pytest.fixture
def leading(world: World) -> World:
    """A lead of two programmes, each with a published report."""
    Membership.objects.create(person=world.people[Role.PROGRAMME_LEAD], role=Role.PROGRAMME_LEAD, programme=world.other)
    reported(world.one, "keyham-resilience")
    reported(world.other, "project-star")
    return world


@pytest.mark.sqlite_only
def test_programmes_stand_side_by_side_until_one_is_withdrawn(leading: World, data) -> None:
    client = leading.client(Role.PROGRAMME_LEAD)
    assert client.get("/home/")["Location"] == "/lead/"
    page = unescape(client.get("/lead/").text)
    assert "As keyham-resilience." in page
    assert "As project-star." in page
    assert "Each answer below stands by itself" in page
    answer = client.get("/lead/together/portfolio.html")
    assert b"Project STAR" in b"".join(answer.streaming_content)
    assert answer["Content-Security-Policy"].endswith("sandbox")
    pdf = client.get("/lead/together/portfolio.pdf")
    assert b"".join(pdf.streaming_content).startswith(b"%PDF")
    assert client.get("/lead/together/results.json").status_code == 404
    report = Report.objects.get(programme=leading.one)
    at = f"/programmes/{leading.one.pk}/reports/{report.pk}/publish/"
    leading.client(Role.EVALUATOR).post(at, {"to": "leads", "wanted": "withdrawn"})
    assert not list(data.glob("portfolios/*"))
    assert client.get("/lead/together/portfolio.html").status_code == 404
    assert "As keyham-resilience." not in client.get("/lead/").text


def test_a_lead_sees_no_report_of_one_school_and_none_of_a_programme_of_others(world: World) -> None:
    client = world.client(Role.PROGRAMME_LEAD)
    reported(world.other, "project-star")
    made = reported(world.one, "keyham-resilience")
    Report.objects.filter(pk=made.pk).update(school=world.mine)
    assert "As " not in client.get("/lead/").text
    assert client.get(f"/lead/{world.one.pk}/reports/{made.pk}/report.html").status_code == 404
    assert client.get("/lead/together/portfolio.html").status_code == 404
