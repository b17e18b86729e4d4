"""Make the report of a release, read it, and publish it to leads and schools."""

from uuid import UUID

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from evalkit.portal.access import Visit, page
from evalkit.portal.making import progress_of, promise, promise_again
from evalkit.portal.models import DataRelease, Job, Report, Role
from evalkit.portal.models.outcomes import Making
from evalkit.portal.once import changing, new_id, reading, sent_id
from evalkit.portal.own_pages import own_pages
from evalkit.portal.place_pages import place_pages, places_folder, zip_target
from evalkit.portal.record import record
from evalkit.portal.served import report_file, zip_of
from evalkit.portal.side_by_side import forget_pages

TO = {"leads": "to_leads_at", "schools": "to_schools_at"}


@page(Role.EVALUATOR)
def reports(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The reports; on POST promise one of a release."""
    programme = visit.the_programme
    ready = programme.releases.filter(state=Making.READY)
    if request.method == "POST":
        made = _promise(visit, sent_id(request), request.POST.get("release", ""))
        return redirect("report", programme=programme.pk, report=made.pk)
    context = {
        "programme": programme, "reports": programme.reports.filter(school=None).select_related("release"),
        "releases": ready, "tab": "reports", "id": new_id(),
    }  # fmt: skip
    return render(request, "portal/programme/reports.html", context)


def _promise(visit: Visit, id: UUID, of: str) -> Report:
    """The report of this id, and the promise to make it, once."""
    programme = visit.the_programme
    try:
        release = DataRelease.objects.filter(pk=UUID(of), programme=programme, state=Making.READY).first()
    except ValueError:
        release = None
    if release is None:
        raise Http404
    given = {"release": release}
    return promise(Report, Job.Kind.REPORT, id, programme=programme, by=visit.person, given=given)


@page(Role.EVALUATOR)
def report(request: HttpRequest, visit: Visit, *, report: UUID) -> HttpResponse:
    """One report: how far it is, its answer, its files, who may read it; on POST try again."""
    programme, made = visit.the_programme, _of(visit, report)
    now = progress_of(made, Job.Kind.REPORT)
    if request.method == "POST":
        if now.is_failed:
            promise_again(made, Job.Kind.REPORT)
        return redirect("report", programme=programme.pk, report=made.pk)
    if now.is_ready:
        record(visit.person, "view", programme=programme, target=f"report {made.pk}")
    own = programme.reports.filter(release=made.release_id, school__isnull=False).select_related("school")
    own = [] if made.school_id else list(own.order_by("school__name"))
    told = own_pages(made)
    context = {
        "programme": programme, "report": made, "now": now, "tab": "reports", "own": own, "no_own": told.failure,
        "held": [one.school for one in own if one.school.urn in told.held],
        "places": place_pages(made) if now.is_ready else [],
    }  # fmt: skip
    return render(request, "portal/programme/report.html", context)


@page(Role.EVALUATOR)
@reading
def file(request: HttpRequest, visit: Visit, *, report: UUID, name: str) -> HttpResponseBase:
    """One file of a report."""
    made = _of(visit, report)
    if made.state != Making.READY:
        raise Http404
    answer = report_file(made.folder, name, title=visit.the_programme.plan_id)
    record(visit.person, "download", programme=visit.the_programme, target=f"report {made.pk} {name}")
    return answer


@page(Role.EVALUATOR)
@reading
def places(request: HttpRequest, visit: Visit, *, report: UUID, level: str) -> StreamingHttpResponse:
    """The pages of all hubs, or of all trusts, as a zip file with a folder for each."""
    made = _of(visit, report)
    found = next((one for one in place_pages(made) if one.level == level and one.count), None)
    if made.state != Making.READY or found is None:
        raise Http404
    record(visit.person, "download", programme=visit.the_programme, target=zip_target(made, found.level))
    return zip_of(places_folder(made, found.level), name=f"{visit.the_programme.plan_id}-{found.plural}")


@page(Role.EVALUATOR)
@changing
def publish(request: HttpRequest, visit: Visit, *, report: UUID) -> HttpResponse:
    """Let leads or schools read a report, or no longer. What is so already changes nothing."""
    programme, made = visit.the_programme, _of(visit, report)
    to, wanted = request.POST.get("to", ""), request.POST.get("wanted")
    if to not in TO or made.state != Making.READY:
        raise Http404
    is_open = getattr(made, TO[to]) is not None
    if wanted == "published" and not is_open:
        _with_own(made, to).update(**{TO[to]: timezone.now()})
        record(visit.person, "report_published", programme=programme, target=f"report {made.pk} to {to}")
        messages.success(request, f"Published: {to} of this programme can read the report.")
    elif wanted == "withdrawn" and is_open:
        _with_own(made, to).update(**{TO[to]: None})
        forget_pages()
        record(visit.person, "report_withdrawn", programme=programme, target=f"report {made.pk} from {to}")
        messages.success(request, f"Withdrawn: {to} no longer see the report. Copies they took stay with them.")
    return redirect("report", programme=programme.pk, report=made.pk)


def _with_own(made: Report, to: str) -> QuerySet[Report]:
    """The report and, where schools are to read it, every school's own of the same release."""
    one = Q(pk=made.pk)
    if to == "schools" and made.school_id is None:
        one |= Q(release=made.release_id, school__isnull=False, state=Making.READY)
    return Report.objects.filter(one, programme=made.programme_id)


def _of(visit: Visit, report: UUID) -> Report:
    made = Report.objects.filter(pk=report, programme=visit.the_programme).select_related("release").first()
    if made is None:
        raise Http404
    return made
