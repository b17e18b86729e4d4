"""What a programme lead reads: the answer, the report, and all programmes side by side. Groups only, never rows."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from evalkit.portal.access import Visit, page
from evalkit.portal.models import Programme, Role
from evalkit.portal.once import reading
from evalkit.portal.record import record
from evalkit.portal.served import REPORT_FILES, report_file
from evalkit.portal.side_by_side import newest, page_of, published, side_by_side
from evalkit.report.words_portfolio import portfolio_answer


@page(Role.PROGRAMME_LEAD)
@reading
def portfolio(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Every programme that this person leads, with its answer."""
    led = [one.programme_id for one in visit.memberships if one.role == Role.PROGRAMME_LEAD]
    rows = [(one, published(one).first()) for one in Programme.objects.filter(pk__in=led)]
    reports = [made for _, made in rows if made]
    for made in reports:
        record(visit.person, "view", programme=made.programme, target=f"answer of report {made.pk}")
    found = side_by_side(reports)
    together = portfolio_answer(found) if found else ""
    return render(request, "portal/lead/portfolio.html", {"rows": rows, "together": together})


@page(Role.PROGRAMME_LEAD)
@reading
def together(request: HttpRequest, visit: Visit, *, name: str) -> HttpResponseBase:
    """One file of the page that lays the newest published reports side by side."""
    led = [one.programme_id for one in visit.memberships if one.role == Role.PROGRAMME_LEAD]
    reports = newest(Programme.objects.filter(pk__in=led))
    found = side_by_side(reports) if name in REPORT_FILES else None
    if found is None:
        raise Http404
    answer = report_file(page_of(reports, found), name, title="portfolio")
    for made in reports:
        record(visit.person, "download", programme=made.programme, target=f"report {made.pk} in {name}")
    return answer


@page(Role.PROGRAMME_LEAD)
@reading
def programme(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The newest published report, and earlier ones."""
    programme = visit.the_programme
    found = list(published(programme))
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
    made = published(visit.the_programme).filter(pk=report).first()
    if made is None:
        raise Http404
    answer = report_file(made.folder, name, title=visit.the_programme.plan_id)
    record(visit.person, "download", programme=visit.the_programme, target=f"report {made.pk} {name}")
    return answer
