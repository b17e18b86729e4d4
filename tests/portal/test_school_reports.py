"""Reports on a school's page: only once they are out, only its own, only to its lead; the template of a wave."""

import io

import openpyxl
import pytest
from django.utils import timezone

from evalkit.custody.audit import read_audit
from evalkit.portal.models import DataRelease, Report, Role
from evalkit.portal.models.outcomes import Making

from .conftest import World
from .school_files import ITEMS, answers, codes, confirm, place, send

PAGE = b"<!doctype html><title>Report</title><p>Hello"


@pytest.fixture
def reports(world: World) -> dict[str, Report]:
    """Four reports of the programme: of my school, of all, of the school beside, and one that is not out."""
    release = DataRelease.objects.create(programme=world.one, state=Making.READY)
    now = timezone.now()
    made: dict[str, Report] = {}
    for name, school, out in (
        ("mine", world.mine, now), ("all", None, now), ("beside", world.beside, now), ("hidden", world.mine, None),
    ):  # fmt: skip
        report = Report.objects.create(
            programme=world.one, school=school, release=release, state=Making.READY, to_schools_at=out
        )
        report.folder.mkdir(parents=True)
        for file in ("report.html", "report.pdf", "letter.docx", "results.json"):
            (report.folder / file).write_bytes(PAGE)
        made[name] = report
    return made


WHO = (
    (Role.SCHOOL_LEAD, "mine", "report.pdf", 200),
    (Role.SCHOOL_LEAD, "all", "report.html", 200),
    (Role.SCHOOL_LEAD, "beside", "report.pdf", 404),
    (Role.SCHOOL_LEAD, "hidden", "report.pdf", 404),
    (Role.SCHOOL_LEAD, "mine", "results.json", 404),
    (Role.SCHOOL_LEAD, "mine", "..", 404),
    (Role.UPLOADER, "mine", "report.pdf", 404),
    (Role.EVALUATOR, "mine", "report.pdf", 404),
)


def test_who_gets_which_file(world: World, reports) -> None:
    for role, which, file, status in WHO:
        answer = world.client(role).get(place(world, f"reports/{reports[which].pk}/{file}"))
        assert answer.status_code == status, (role, which, file)
        if status == 200:
            assert answer["Content-Disposition"] == f'attachment; filename="{file}"'
            assert answer["X-Content-Type-Options"] == "nosniff"
            assert answer.content == PAGE


def test_the_lead_reads_a_report_shut_off_from_the_portal(world: World, reports) -> None:
    client = world.client(Role.SCHOOL_LEAD)
    page = client.get(place(world)).text
    assert str(reports["mine"].pk) in page
    assert str(reports["all"].pk) in page
    assert "Letter, Word" in page
    assert str(reports["beside"].pk) not in page
    assert str(reports["hidden"].pk) not in page
    assert "Reports" not in world.client(Role.UPLOADER).get(place(world)).text
    answer = client.get(place(world, f"reports/{reports['mine'].pk}/report.html?read"))
    assert answer["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert "Content-Disposition" not in answer
    assert read_audit(world.one.folder)[-1].action == "view"


def test_the_template_comes_back_filled_without_a_question(world: World) -> None:
    client = world.client(Role.UPLOADER)
    answer = client.get(place(world, "template/pre/"))
    assert answer["Content-Disposition"] == 'attachment; filename="answers Before.xlsx"'
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    sheet = book.worksheets[0]
    lists = {
        str(rule.sqref).split(":")[0].rstrip("0123456789"): rule.formula1
        for rule in sheet.data_validations.dataValidation
    }
    assert len(lists) == len(ITEMS)
    for row, code in enumerate(codes(0, 12), start=2):
        sheet.cell(row=row, column=1).value = code
        for column in range(2, len(ITEMS) + 2):
            sheet.cell(row=row, column=column).value = (row + column * column) % 4 + 1
    memory = io.BytesIO()
    book.save(memory)
    upload = send(world, "pre", memory.getvalue(), name="answers Before.xlsx")
    assert upload.state == "ready"
    assert upload.counts["pupils"] == 12
    assert client.get(place(world, "template/never/")).status_code == 404


def test_a_class_in_the_file_shows_where_pupils_are_missing(world: World) -> None:
    client = world.client(Role.UPLOADER)
    for wave, there, shift in (("pre", codes(0, 12), 0), ("post", codes(0, 8), 2)):
        lines = answers(there, shift=shift).decode().splitlines()
        classes = ["Class", *("5A" if number < 6 else "5B" for number in range(len(there)))]
        text = "\n".join(f"{line},{one}" for line, one in zip(lines, classes, strict=True))
        confirm(world, send(world, wave, text.encode(), client=client), client=client)
    page = client.get(place(world)).text
    assert '<th scope="row">5B</th><td class="number">6</td><td class="number">4</td>' in page
    assert "5A" not in page
