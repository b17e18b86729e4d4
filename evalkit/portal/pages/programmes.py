"""An evaluator's programmes: the list, and how every school of one stands."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from evalkit.errors import EvalkitError
from evalkit.portal.access import Visit, page
from evalkit.portal.all_schools import SchoolRow, all_schools, totals
from evalkit.portal.models import Programme, Role
from evalkit.portal.once import reading
from evalkit.portal.pages.plan import may_add
from evalkit.portal.record import record


@page(Role.EVALUATOR)
@reading
def programmes(request: HttpRequest, visit: Visit) -> HttpResponse:
    """My programmes, and how many schools are complete in each."""
    mine = [one.programme_id for one in visit.memberships if one.role == Role.EVALUATOR and one.programme_id]
    rows = []
    for one in Programme.objects.filter(pk__in=mine):
        found = schools_of(one)
        rows.append({"programme": one, "schools": len(found), "complete": sum(each.is_complete for each in found)})
    return render(request, "portal/programme/list.html", {"rows": rows, "may_add": may_add(visit)})


@page(Role.EVALUATOR)
@reading
def dashboard(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Every school of the programme: invited, uploaded, problems, confirmed, matched."""
    programme = visit.the_programme
    record(visit.person, "view", programme=programme, target="dashboard")
    try:
        plan = programme.study.plan
    except EvalkitError as error:
        return render(request, "portal/programme/unreadable.html", {"programme": programme, "problems": error.problems})
    found = all_schools(programme)
    context = {
        "programme": programme, "plan": plan, "schools": found, "totals": totals(programme, found), "tab": "schools",
    }  # fmt: skip
    return render(request, "portal/programme/dashboard.html", context)


def schools_of(programme: Programme) -> list[SchoolRow]:
    """How the schools of a programme stand; nothing when its plan cannot be read."""
    try:
        return all_schools(programme)
    except EvalkitError:
        return []
