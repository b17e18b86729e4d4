"""A school's own pages: its programmes with what is due, one programme with its files, the answer template."""

import tempfile
from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from evalkit.forms.answer_template import write_answer_template
from evalkit.portal.access import Visit, page
from evalkit.portal.models import Programme, Role
from evalkit.portal.pages.downloads import attachment
from evalkit.portal.pages.school_reports import reports_for
from evalkit.portal.record import record
from evalkit.portal.standing import standing
from evalkit.records.evaluation_parts import Wave
from evalkit.records.form import form_of_wave

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@page(Role.UPLOADER, Role.SCHOOL_LEAD)
@require_safe
def school_home(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The programmes that a school takes part in, and what each still wants."""
    school = visit.the_school
    mine = Programme.objects.filter(participations__school=school)
    here = [one for one in visit.memberships if one.school_id == school.pk]
    if not any(one.programme_id is None for one in here):
        mine = mine.filter(pk__in=[one.programme_id for one in here])
    record(visit.person, "view", target=f"school {school.urn}")
    return render(
        request, "portal/school/home.html", {"school": school, "programmes": [standing(one, school) for one in mine]}
    )


@page(Role.UPLOADER, Role.SCHOOL_LEAD)
@require_safe
def school_programme(request: HttpRequest, visit: Visit) -> HttpResponse:
    """One programme: each wave with its files, who is matched, reports once they are out."""
    programme, school = visit.the_programme, visit.the_school
    record(visit.person, "view", programme=programme, target=f"files of school {school.urn}")
    rounds = programme.rounds.filter(school=school, closed_at=None)
    return render(
        request, "portal/school/programme.html",
        {
            "at": standing(programme, school), "reports": reports_for(visit),
            "may_read": Role.SCHOOL_LEAD in visit.roles, "answering": set(rounds.values_list("wave", flat=True)),
        },
    )  # fmt: skip


@page(Role.UPLOADER, Role.SCHOOL_LEAD)
@require_safe
def template(request: HttpRequest, visit: Visit, wave: str) -> HttpResponse:
    """A workbook to type the answers of a wave into."""
    programme = visit.the_programme
    one = wave_of(programme, wave)
    with tempfile.TemporaryDirectory(prefix="evalkit-") as scratch:
        path = Path(scratch) / "answers.xlsx"
        write_answer_template(form_of_wave(programme.study, one.id), path)
        content = path.read_bytes()
    record(visit.person, "download", programme=programme, target=f"answer template {one.id}")
    return attachment(content, f"answers {one.label}.xlsx", WORKBOOK)


def wave_of(programme: Programme, wave: str) -> Wave:
    """The wave of an address. Raises Http404 when the plan has none of this name."""
    found = next((one for one in programme.study.plan.waves if one.id == wave), None)
    if found is None:
        raise Http404
    return found
