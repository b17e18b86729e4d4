"""What a programme lead reads: the answer, the report, and all programmes side by side. Groups only, never rows."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from evalkit.portal.access import Visit, page
from evalkit.portal.models import Programme, Report, Role
from evalkit.portal.models.outcomes import Making
from evalkit.portal.once import reading
from evalkit.portal.record import record
from evalkit.portal.served import report_file


@page(Role.PROGRAMME_LEAD)
@reading
def portfolio(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Every programme that this person leads, with its answer."""
    led = [one.programme_id for one in visit.memberships if one.role == Role.PROGRAMME_LEAD]
    rows = [(one, _published(one).first()) for one in Programme.objects.filter(pk__in=led)]
    for programme, made in rows:
        if made:
            record(visit.person, "view", programme=programme, target=f"answer of report {made.pk}")
    return render(request, "portal/lead/portfolio.html", {"rows": rows})


@page(Role.PROGRAMME_LEAD)
@reading
def programme(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The newest published report, and earlier ones."""
    programme = visit.the_programme
    found = list(_published(programme))
    if found:
        record(visit.person, "view", programme=programme, target=f"answer of report {found[0].pk}")
    led = sum(one.role == Role.PROGRAMME_LEAD for one in visit.memberships)
    context = {
        "programme": programme, "report": found[0] if found else None, "earlier": found[1:], "several": led > 1,
    }  # fmt: skip
    return render(request, "portal/lead/programme.html", context)


@page(Role.PROGRAMME_LEAD)
@reading
def file(request: HttpRequest, visit: Visit, *, report: UUID, name: str) -> HttpResponseBase:
    """One file of a published report."""
    made = _published(visit.the_programme).filter(pk=report).first()
    if made is None:
        raise Http404
    answer = report_file(made.folder, name, title=visit.the_programme.plan_id)
    record(visit.person, "download", programme=visit.the_programme, target=f"report {made.pk} {name}")
    return answer


def _published(programme: Programme):
    """Reports of the whole programme that leads may read, the newest first."""
    found = Report.objects.filter(programme=programme, school=None, state=Making.READY, to_leads_at__isnull=False)
    return found.select_related("release").order_by("-made_at")
