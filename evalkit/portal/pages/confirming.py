"""Confirming a file, its receipt, and taking it back until the data are locked."""

import secrets
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from evalkit.custody.data_lock import data_lock
from evalkit.portal.access import Visit, page
from evalkit.portal.found import read_found
from evalkit.portal.jobs.queue import enqueue
from evalkit.portal.models import Job, Role, SurveyUpload
from evalkit.portal.pages.uploading import upload_of
from evalkit.portal.record import record
from evalkit.portal.replacing import counted_beside, seen_by, settle_replaced
from evalkit.portal.standing import standing

State = SurveyUpload.State
_CHECKED = (State.READY, State.QUESTIONS, State.PROBLEMS)
_SIGNS = "23456789ABCDEFGHJKMNPQRTUVWXYZ"  # nothing that looks like something else


@page(Role.UPLOADER, Role.SCHOOL_LEAD)
@require_POST
def confirm(request: HttpRequest, visit: Visit, upload: UUID) -> HttpResponse:
    """Confirm a file as the person saw it. Sent twice it changes nothing the second time."""
    one = upload_of(visit, upload, lock=True)
    parts = {"school": visit.the_school.pk, "programme": visit.the_programme.pk, "upload": one.pk}
    if one.state in (State.CONFIRMED, State.REPLACED):
        return redirect("school_receipt", **parts)
    lock = data_lock(visit.the_programme.study)
    if lock is not None:
        messages.error(request, f"The data were locked by {lock.locked_by}, so nothing can be confirmed any more.")
    elif request.POST.get("seen") != seen_by(one):
        _say_who_was_faster(request, one)
    elif one.state != State.READY:
        messages.warning(request, "This file is not ready to confirm. Nothing was changed.")
    else:
        _confirm(visit, one)
        return redirect("school_receipt", **parts)
    return redirect("school_uploaded", **parts)


def _say_who_was_faster(request: HttpRequest, upload: SurveyUpload) -> None:
    """Tell who confirmed another file since the page was opened, and check this one beside it."""
    newest = max(counted_beside(upload), key=lambda one: one.confirmed_at or one.at, default=None)
    if newest is None or newest.confirmed_at is None:
        messages.warning(request, "What was found in this file has changed since you opened it. Look at it once more.")
        return
    when = timezone.localtime(newest.confirmed_at).strftime("%H:%M on %d %B %Y").replace(" 0", " ")
    who = newest.confirmed_by or "Somebody who has left"
    messages.warning(
        request,
        f"{who} confirmed the file “{newest.file_name}” at {when}, after you opened this page. Nothing of "
        "yours is lost. Look at what your file would replace now, and confirm it again if it is the right one.",
    )


def _confirm(visit: Visit, upload: SurveyUpload) -> None:
    upload.state, upload.receipt = State.CONFIRMED, _receipt_number()
    upload.confirmed_by, upload.confirmed_at = visit.person, timezone.now()
    upload.save(update_fields=["state", "receipt", "confirmed_by", "confirmed_at"])
    settle_replaced([*counted_beside(upload), upload])
    _check_beside(upload)
    record(
        visit.person, "upload", programme=visit.the_programme, sha256=upload.sha256,
        target=f"confirmed upload {upload.pk} of school {visit.the_school.urn}, receipt {upload.receipt}",
        counts={"pupils": int(upload.counts.get("pupils", 0))},
    )  # fmt: skip


def _receipt_number() -> str:
    """Three times four signs; the chance that two are equal is none that matters (30 to the power 12)."""
    signs = [secrets.choice(_SIGNS) for _ in range(12)]
    return "-".join("".join(signs[start : start + 4]) for start in (0, 4, 8))


def _check_beside(upload: SurveyUpload) -> None:
    """Have the school's other open files checked again: other codes stand beside theirs now."""
    mine = SurveyUpload.objects.filter(programme=upload.programme, school=upload.school, state__in=_CHECKED)
    for one in mine.exclude(pk=upload.pk).select_for_update():
        one.state = State.LANDED
        one.save(update_fields=["state"])
        enqueue(Job.Kind.CHECK, one.pk, programme=upload.programme, school=upload.school)


@page(Role.UPLOADER, Role.SCHOOL_LEAD)
@require_safe
def receipt(request: HttpRequest, visit: Visit, upload: UUID) -> HttpResponse:
    """What was confirmed, by whom and when; to print or keep."""
    one = upload_of(visit, upload)
    if not one.receipt:
        raise Http404
    record(visit.person, "view", programme=visit.the_programme, target=f"receipt of upload {one.pk}")
    return render(
        request, "portal/school/receipt.html",
        {"upload": one, "found": read_found(one), "at": standing(visit.the_programme, visit.the_school)},
    )  # fmt: skip


@page(Role.UPLOADER, Role.SCHOOL_LEAD)
@require_POST
def undo(request: HttpRequest, visit: Visit, upload: UUID) -> HttpResponse:
    """Take a confirmed file back, until the data are locked. What it replaced counts again."""
    one = upload_of(visit, upload, lock=True)
    lock = data_lock(visit.the_programme.study)
    if lock is not None:
        messages.error(request, f"The data were locked by {lock.locked_by}, so nothing can be taken back any more.")
    elif one.state == State.CONFIRMED:
        one.state, one.undone_at = State.UNDONE, timezone.now()
        one.save(update_fields=["state", "undone_at"])
        settle_replaced(counted_beside(one))
        _check_beside(one)
        record(visit.person, "upload", programme=visit.the_programme, target=f"took back upload {one.pk}")
        messages.success(request, f"“{one.file_name}” was taken back. Its answers do not count any more.")
    return redirect("school_programme", school=visit.the_school.pk, programme=visit.the_programme.pk)
