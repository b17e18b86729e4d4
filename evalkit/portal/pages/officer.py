"""What a data protection officer does: look at each programme's data, keep to its dates, read the logs."""

from pathlib import Path

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from evalkit.errors import EvalkitError, SpecError
from evalkit.portal.access import Visit, page
from evalkit.portal.erasing import due_of, settle_releases, study_of
from evalkit.portal.models import Participation, Programme, Role, SurveyUpload
from evalkit.portal.once import reading
from evalkit.portal.pages.audit_log import read_log
from evalkit.portal.plan_files import without_folder
from evalkit.portal.record import record
from evalkit.records.data_protection import DataProtection
from evalkit.road_retention import Due, sweep

KINDS = {
    "survey_files": "Files as schools sent them",
    "releases": "Data releases",
    "codes": "Pupil codes issued",
    "keys": "Keys of pseudonyms",
    "results": "Results and reports (groups only)",
}
# What the assessment says of each risk: what this portal does about it. The controller says what remains.
RISKS = (
    (
        "Somebody else reads a school’s data",
        "Roles with default deny; every page checks whose it is; where PostgreSQL is used, the database checks each "
        "row too; invitations work once; two-step sign-in; 30 minutes without a click sign out",
    ),
    (
        "A pupil is recognised in the answers",
        "Codes in place of names; UPNs and e-mail addresses never reach a release; columns that are not needed are "
        "dropped; free text is not taken over",
    ),
    (
        "A pupil is recognised in a report",
        "Groups only; small numbers are left out, and with them what they could be worked out from",
    ),
    ("Two studies are joined", "The key of pseudonyms belongs to one programme and is kept apart from the data"),
    ("Data are kept too long", "Dates for each kind of data in the plan; a page says what is due and deletes it"),
    (
        "Data are lost or changed",
        "Confirmed files are kept as sent, with a hash; a data lock; releases cannot be changed unnoticed",
    ),
    (
        "Nobody knows who did what",
        "A log of sign-ins, views, downloads, uploads and erasures, each line chained to the one before",
    ),
)


@page(Role.OFFICER)
@reading
def programmes(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Every programme: who answers for it, what it holds, what is due to be deleted."""
    record(visit.person, "view", target="data protection")
    rows = [_row(one) for one in Programme.objects.all()]
    return render(request, "portal/officer/programmes.html", {"rows": rows})


def _row(programme: Programme) -> dict[str, object]:
    uploads = programme.uploads.exclude(state=SurveyUpload.State.UNDONE).count()
    row: dict[str, object] = {
        "programme": programme, "schools": Participation.objects.filter(programme=programme).count(),
        "uploads": uploads, "releases": programme.releases.exclude(sha256="").count(),
    }  # fmt: skip
    try:
        protection = programme.study.plan.data_protection
        due = [KINDS[one.kind] for one in due_of(programme, today=timezone.localdate()) if one.is_due]
        return {**row, "controller": protection.controller if protection else "", "due": due}
    except EvalkitError:
        return row


@page(Role.OFFICER)
@reading
def programme(request: HttpRequest, visit: Visit) -> HttpResponse:
    """One programme: what its plan says of the data, and what can be done about them."""
    programme = visit.the_programme
    record(visit.person, "view", programme=programme, target="data protection")
    protection, problems = protection_of(programme)
    context = {"programme": programme, "protection": protection, "problems": problems, **_row(programme)}
    return render(request, "portal/officer/programme.html", context)


@page(Role.OFFICER)
def keeping(request: HttpRequest, visit: Visit) -> HttpResponse:
    """How long each kind of data may be kept, what is due, and on POST its deletion."""
    programme, today = visit.the_programme, timezone.localdate()
    wrong, problems = "", ()
    due: list[Due] = []
    try:
        due = due_of(programme, today=today)
    except SpecError as error:
        problems = tuple(without_folder(one, programme.folder) for one in error.problems)
    if request.method == "POST" and not problems:
        if request.POST.get("typed", "").strip() != programme.plan_id:
            wrong = f"Type {programme.plan_id} to delete what is due"
        else:
            count = sum(one.is_due for one in due)
            sweep(study_of(programme), due, today=today, who=visit.person.email)
            settle_releases(programme)
            if count:
                record(visit.person, "retention_swept", target=f"programme {programme.pk}", counts={"kinds": count})
            messages.success(request, "What was due was deleted." if count else "Nothing was due. Nothing was changed.")
            return redirect("officer_keeping", programme=programme.pk)
    context = {
        "programme": programme, "due": [(KINDS[one.kind], one) for one in due], "problems": problems, "wrong": wrong,
        "any_due": any(one.is_due for one in due), "today": today,
    }  # fmt: skip
    return render(request, "portal/officer/keeping.html", context, status=422 if wrong else 200)


@page(Role.OFFICER)
@reading
def audit_log(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The log of a programme."""
    programme = visit.the_programme
    log = read_log(programme.folder, request.GET.get("page"))
    if not log.problems:
        record(visit.person, "view", programme=programme, target="audit log")
    return render(request, "portal/officer/audit.html", {"programme": programme, "log": log})


@page(Role.OFFICER)
@reading
def portal_log(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The log of the portal itself: who signed in, and what was done beside programmes."""
    log = read_log(Path(settings.DATA), request.GET.get("page"))
    if not log.problems:
        record(visit.person, "view", target="audit log")
    return render(request, "portal/officer/audit.html", {"programme": None, "log": log})


@page(Role.OFFICER, Role.EVALUATOR)
@reading
def assessment(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The data protection impact assessment, filled in as far as the plan goes, to print."""
    return _document(request, visit, "portal/officer/assessment.html")


@page(Role.OFFICER, Role.EVALUATOR)
@reading
def notice(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The privacy notice for pupils and parents, filled in as far as the plan goes, to print."""
    return _document(request, visit, "portal/officer/notice.html")


def _document(request: HttpRequest, visit: Visit, template: str) -> HttpResponse:
    programme = visit.the_programme
    protection, problems = protection_of(programme)
    record(visit.person, "view", programme=programme, target=template.rsplit("/", 1)[1].removesuffix(".html"))
    if problems:
        context = {"programme": programme, "problems": problems}
        return render(request, "portal/programme/unreadable.html", context)
    study = programme.study
    kept = [(KINDS[kind], day) for kind, day in protection.retention if day] if protection else []
    context = {
        "programme": programme, "plan": study.plan, "protection": protection, "kept": kept,
        "instruments": study.instruments, "facts": [*study.plan.pupil_facts, *study.plan.school_facts],
        "schools": programme.participations.count(), "officer": Role.OFFICER in visit.roles, "risks": RISKS,
    }  # fmt: skip
    return render(request, template, context)


def protection_of(programme: Programme) -> tuple[DataProtection | None, tuple[str, ...]]:
    """What the plan says of data protection, and why it cannot be read where it cannot."""
    try:
        return programme.study.plan.data_protection, ()
    except SpecError as error:
        return None, tuple(without_folder(one, programme.folder) for one in error.problems)
