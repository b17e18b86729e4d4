"""What an operator sees: whether the machinery works. No school, no file, no data."""

import platform
import shutil
from datetime import datetime
from pathlib import Path

import django
from django.conf import settings
from django.db import connection
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from evalkit import __version__
from evalkit.portal.access import Visit, page
from evalkit.portal.backup import LAST_BACKUP
from evalkit.portal.models import Job, Role
from evalkit.portal.once import reading
from evalkit.portal.record import record

MOST_FAILED = 50
OPEN = (Job.State.WAITING, Job.State.LEASED)


@page(Role.OPERATOR)
@reading
def state(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The queue, failed work, the disk, versions, the last backup."""
    record(visit.person, "view", target="state of the portal")
    context = {
        "queue": _queue(), "failed": _failed(), "disk": _disk(), "versions": _versions(), "backup": _backup(),
        "now": timezone.now(), "mail": not settings.EMAIL_BACKEND.endswith("dummy.EmailBackend"),
    }  # fmt: skip
    return render(request, "portal/operator/state.html", context)


def _queue() -> list[dict[str, object]]:
    """Open work by kind and state, with the oldest."""
    found = Job.objects.filter(state__in=OPEN).values("kind", "state").annotate(count=Count("pk"), since=Min("made_at"))
    return [
        {**one, "kind": Job.Kind(one["kind"]).label, "state": Job.State(one["state"]).label}
        for one in found.order_by("kind", "state")
    ]


def _failed() -> list[dict[str, object]]:
    """Failed work, newest first: kind and time, and the code of what was not foreseen; no sentence about data."""
    found = Job.objects.filter(state=Job.State.FAILED).order_by("-ended_at")[:MOST_FAILED]
    return [
        {
            "kind": Job.Kind(one.kind).label, "ended_at": one.ended_at, "attempts": one.attempts,
            "code": one.failure.partition("(code ")[2].partition(")")[0],
        }
        for one in found
    ]  # fmt: skip


def _disk() -> dict[str, object]:
    """Room on the disk of the data folder."""
    usage = shutil.disk_usage(settings.DATA)
    share = usage.free / usage.total
    return {"free": usage.free, "total": usage.total, "percent": round(100 * share), "is_low": share < 0.1}


def _versions() -> list[tuple[str, str]]:
    kind = "PostgreSQL" if connection.vendor == "postgresql" else "SQLite"
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version" if kind == "PostgreSQL" else "SELECT sqlite_version()")
        (version,) = cursor.fetchone() or ("unknown",)
    return [
        ("evalkit", __version__), ("Python", platform.python_version()), ("Django", django.get_version()),
        ("Database", f"{kind} {version}"),
    ]  # fmt: skip


def _backup() -> datetime | None:
    """When the last backup was made, as `evalkit portal backup` notes it."""
    path = Path(settings.DATA) / LAST_BACKUP
    if not path.is_file():
        return None
    try:
        return datetime.fromisoformat(path.read_text(encoding="utf-8").strip())
    except ValueError:
        return None
