"""Sending a file, and the page that says how far it came."""

from pathlib import Path
from uuid import UUID

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from evalkit.custody.data_lock import DataLock, data_lock
from evalkit.errors import EvalkitError
from evalkit.portal.access import Visit, page
from evalkit.portal.context import portal
from evalkit.portal.found import Found, read_found
from evalkit.portal.jobs.queue import enqueue
from evalkit.portal.models import Job, Participation, Role, SurveyUpload
from evalkit.portal.models.uploads import MARKED_FILE
from evalkit.portal.pages.downloads import attachment
from evalkit.portal.pages.school import WORKBOOK, wave_of
from evalkit.portal.record import record
from evalkit.portal.repairs import Repair, repairs_of
from evalkit.portal.replacing import replaced_by, seen_by
from evalkit.portal.standing import TAGS
from evalkit.portal.storing import SUFFIXES, keep_upload, remove_upload

State = SurveyUpload.State
HINTS = {
    ".xls": "It is an old Excel file. Open it and save it as an Excel workbook (XLSX).",
    ".numbers": "Open it in Numbers and export it as Excel (XLSX).",
    ".pdf": "A PDF holds no table. Send the spreadsheet that it was made from.",
    ".docx": "Copy the table into a spreadsheet and send that.",
    ".xlsm": "Save it as an Excel workbook without macros (XLSX).",
    ".zip": "Unpack it and send the spreadsheet.",
}


@page(Role.UPLOADER, Role.SCHOOL_LEAD)
@require_http_methods(["GET", "HEAD", "POST"])
def upload_file(request: HttpRequest, visit: Visit, wave: str) -> HttpResponse:
    """Choose a file for a wave; on POST keep it and go to its page."""
    programme = visit.the_programme
    chosen = wave_of(programme, wave)
    lock = data_lock(programme.study)
    errors: list[str] = []
    if request.method == "POST" and lock is None:
        errors = file_errors(request)
        if not errors:
            answer = _keep(request, visit, chosen.id)
            if isinstance(answer, HttpResponse):
                return answer
            errors = [answer]
    record(visit.person, "view", programme=programme, target=f"upload page {chosen.id}")
    found = {"programme": programme, "school": visit.the_school, "wave": chosen, "lock": lock, "errors": errors}
    return render(request, "portal/school/upload.html", found, status=400 if errors else 200)


def file_errors(request: HttpRequest) -> list[str]:
    """What is wrong with what was sent, in GOV.UK's sentences; nothing when it is a file that can be kept."""
    megabytes = portal(request)["max_megabytes"]
    sent = request.FILES.get("file")
    if getattr(request, "too_large", False):
        return [f"The selected file must be smaller than {megabytes}MB"]
    if not isinstance(sent, UploadedFile):
        return ["Select a file"]
    suffix = Path(sent.name or "").suffix.lower()
    if suffix not in SUFFIXES:
        hint = HINTS.get(suffix, "")
        return [f"The selected file must be an XLSX, CSV, ODS or TSV. {hint}".strip()]
    return [] if sent.size else ["The selected file is empty"]


def _keep(request: HttpRequest, visit: Visit, wave: str) -> HttpResponse | str:
    """The way to the file's page, or why the file could not be kept."""
    programme, school = visit.the_programme, visit.the_school
    sent = request.FILES["file"]
    assert isinstance(sent, UploadedFile)
    place = Participation.objects.get(programme=programme, school=school)
    try:
        upload, is_new = keep_upload(sent, place, wave=wave, by=visit.person)
    except EvalkitError as error:
        return error.message
    if is_new:
        record(
            visit.person, "upload", programme=programme, target=f"upload {upload.pk} of school {school.urn}",
            sha256=upload.sha256,
        )  # fmt: skip
    else:
        messages.info(request, "This file was sent before. Here is what was found in it.")
    return redirect("school_uploaded", school=school.pk, programme=programme.pk, upload=upload.pk)


@page(Role.UPLOADER, Role.SCHOOL_LEAD)
@require_safe
def upload_page(request: HttpRequest, visit: Visit, upload: UUID) -> HttpResponse:
    """How far a file came, and what to do next."""
    one = upload_of(visit, upload)
    record(visit.person, "view", programme=visit.the_programme, target=f"upload {one.pk}")
    return render(request, "portal/school/uploaded.html", upload_context(visit, one))


def upload_context(visit: Visit, upload: SurveyUpload) -> dict[str, object]:
    """What the page of a file shows."""
    found = read_found(upload)
    programme = visit.the_programme
    return {
        "programme": programme, "school": visit.the_school, "upload": upload, "found": found,
        "wave": next((one for one in programme.study.plan.waves if one.id == upload.wave), None),
        "tag": TAGS[State(upload.state)], "sections": _sections(found, upload.file_name), "lock": _lock(visit),
        "job": job_of(upload), "replaced": replaced_by(upload),
        "seen": seen_by(upload), "has_marked": bool(found.to_mend or found.asked) and marked_exists(upload),
    }  # fmt: skip


def _sections(found: Found, file: str) -> dict[str, list[Repair]]:
    parts = {"mend": found.to_mend, "look": found.of("warn"), "fixed": found.of("fixed")}
    return {name: repairs_of(problems, file=file) for name, problems in parts.items()}


def _lock(visit: Visit) -> DataLock | None:
    return data_lock(visit.the_programme.study)


def job_of(upload: SurveyUpload) -> Job | None:
    """The newest check of a file, while the file waits for it."""
    if upload.state != State.LANDED:
        return None
    return Job.objects.filter(kind=Job.Kind.CHECK, target=upload.pk).order_by("-made_at").first()


@page(Role.UPLOADER, Role.SCHOOL_LEAD)
@require_safe
def upload_state(request: HttpRequest, visit: Visit, upload: UUID) -> HttpResponse:
    """How far a file came, for the script that waits for it. Asked every second, so not in the audit log."""
    one = upload_of(visit, upload)
    job = job_of(one)
    waiting = one.state == State.LANDED and (job is None or job.state != Job.State.FAILED)
    answer = JsonResponse({"waiting": waiting, "step": job.step if job else ""})
    answer["Cache-Control"] = "no-store"
    return answer


@page(Role.UPLOADER, Role.SCHOOL_LEAD)
@require_POST
def check_again(request: HttpRequest, visit: Visit, upload: UUID) -> HttpResponse:
    """Check a file once more whose check failed."""
    one = upload_of(visit, upload, lock=True)
    if one.state == State.LANDED:
        enqueue(Job.Kind.CHECK, one.pk, programme=visit.the_programme, school=visit.the_school)
        record(visit.person, "view", programme=visit.the_programme, target=f"check again upload {one.pk}")
    return redirect("school_uploaded", school=visit.the_school.pk, programme=visit.the_programme.pk, upload=one.pk)


@page(Role.UPLOADER, Role.SCHOOL_LEAD)
@require_safe
def marked(request: HttpRequest, visit: Visit, upload: UUID) -> HttpResponse:
    """The file back, with its cells marked."""
    one = upload_of(visit, upload)
    if not marked_exists(one):
        raise Http404
    record(visit.person, "download", programme=visit.the_programme, target=f"marked file of upload {one.pk}")
    name = f"{Path(one.file_name).stem} – cells marked.xlsx"
    return attachment((one.folder / MARKED_FILE).read_bytes(), name, WORKBOOK)


@page(Role.UPLOADER, Role.SCHOOL_LEAD)
@require_safe
def sent_file(request: HttpRequest, visit: Visit, upload: UUID) -> HttpResponse:
    """The file as it was sent, or as pupils' answers online became it."""
    one = upload_of(visit, upload)
    if not one.path.is_file():
        raise Http404
    record(visit.person, "download", programme=visit.the_programme, target=f"upload {one.pk}", sha256=one.sha256)
    return attachment(one.path.read_bytes(), one.file_name, "application/octet-stream")


@page(Role.UPLOADER, Role.SCHOOL_LEAD)
@require_POST
def remove(request: HttpRequest, visit: Visit, upload: UUID) -> HttpResponse:
    """Delete a file that was never confirmed, and all that was found in it."""
    one = upload_of(visit, upload, lock=True)
    if one.is_open:
        record(
            visit.person, "upload", programme=visit.the_programme, target=f"removed upload {one.pk}", sha256=one.sha256
        )
        remove_upload(one)
        messages.success(request, f"“{one.file_name}” was deleted from the portal.")
    return redirect("school_programme", school=visit.the_school.pk, programme=visit.the_programme.pk)


def marked_exists(upload: SurveyUpload) -> bool:
    """Whether the marked file of an upload was made."""
    return (upload.folder / MARKED_FILE).is_file()


def upload_of(visit: Visit, upload: UUID, *, lock: bool = False) -> SurveyUpload:
    """The file of an address, which must be of this school and programme. Raises Http404.

    Parameters
    ----------
    lock : nobody else may change it, or any other file of the school, until the answer is made
    """
    programme, school = visit.the_programme, visit.the_school
    if lock:
        Participation.objects.select_for_update().get(programme=programme, school=school)
    mine = SurveyUpload.objects.filter(programme=programme, school=school)
    found = get_object_or_404(
        mine.select_for_update() if lock else mine.select_related("by", "confirmed_by"), pk=upload
    )
    found.programme, found.school = programme, school
    return found
