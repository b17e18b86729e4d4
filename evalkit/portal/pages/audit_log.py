"""The audit log of a programme: who did what and when, and whether a line was tampered with."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from evalkit.custody.audit import read_audit
from evalkit.errors import SpecError
from evalkit.portal.access import Visit, page
from evalkit.portal.models import Role
from evalkit.portal.once import reading
from evalkit.portal.plan_files import without_folder
from evalkit.portal.record import record

A_PAGE = 100


@dataclass(frozen=True, slots=True)
class Log:
    """A page of a log, newest first; `problems` says what does not hold together, and then no line is shown."""

    page: Page | None
    count: int
    problems: tuple[str, ...]


def read_log(folder: Path, number: str | None) -> Log:
    """Read a log and check its chain."""
    try:
        entries = read_audit(folder)
    except SpecError as error:
        return Log(None, 0, tuple(without_folder(one, folder) for one in error.problems))
    shown = [
        (datetime.fromisoformat(one.at), one.action.replace("_", " ").capitalize(), one) for one in reversed(entries)
    ]
    return Log(Paginator(shown, A_PAGE).get_page(number), len(entries), ())


@page(Role.EVALUATOR)
@reading
def audit_log(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The log of the programme."""
    programme = visit.the_programme
    log = read_log(programme.folder, request.GET.get("page"))
    if not log.problems:
        record(visit.person, "view", programme=programme, target="audit log")
    context = {"programme": programme, "log": log, "tab": "audit"}
    return render(request, "portal/programme/audit.html", context)
