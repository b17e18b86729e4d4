"""What only a person can say about a file: all questions on one page, answers remembered for the next file."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from evalkit.custody.data_lock import data_lock
from evalkit.portal.access import Visit, page
from evalkit.portal.decided import keep_decisions
from evalkit.portal.found import Found, read_found
from evalkit.portal.jobs.queue import enqueue
from evalkit.portal.models import Job, Role, SurveyUpload
from evalkit.portal.pages.uploading import upload_of
from evalkit.portal.record import record
from evalkit.portal.repairs import where_in_file
from evalkit.records.responses import Choice

State = SurveyUpload.State
_LONG = 200  # what to mend instead of answering is left out when it is longer than the question
_ANSWERABLE = (State.QUESTIONS, State.PROBLEMS, State.READY)


@dataclass(frozen=True, slots=True)
class Asked:
    """One question as the page shows it: where it arises, what to mend instead, its words, its choices."""

    key: str
    where: str
    found: str
    mend: str
    words: str
    choices: tuple[Choice, ...]


@page(Role.UPLOADER, Role.SCHOOL_LEAD)
@require_http_methods(["GET", "HEAD", "POST"])
def answer_questions(request: HttpRequest, visit: Visit, upload: UUID) -> HttpResponse:
    """All questions about a file. On POST the answers are kept and the file is checked again."""
    is_answer = request.method == "POST"
    one = upload_of(visit, upload, lock=is_answer)
    found = read_found(one)
    back = redirect("school_uploaded", school=visit.the_school.pk, programme=visit.the_programme.pk, upload=one.pk)
    if one.state not in _ANSWERABLE or not found.asked or data_lock(visit.the_programme.study):
        return back
    error = ""
    if is_answer:
        decisions = _decisions(request, found)
        if decisions:
            _answered(request, visit, one, decisions, len(found.asked))
            return back
        error = "Choose an answer to at least one question"
    record(visit.person, "view", programme=visit.the_programme, target=f"questions of upload {one.pk}")
    return render(
        request, "portal/school/questions.html",
        {
            "programme": visit.the_programme, "school": visit.the_school, "upload": one, "error": error,
            "asked": _asked(found, one.file_name),
        },
        status=400 if error else 200,
    )  # fmt: skip


def _asked(found: Found, file: str) -> list[Asked]:
    return [
        Asked(
            key, where_in_file(problem, file=file), problem.found.rstrip("."),
            problem.mend if len(problem.mend) < _LONG else "", question.words, question.choices,
        )
        for key, problem, question in found.asked
    ]  # fmt: skip


def _decisions(request: HttpRequest, found: Found) -> list[dict[str, object]]:
    """The decisions of the ticked choices; answers to questions that are no longer asked count for nothing."""
    decisions: list[dict[str, object]] = []
    for key, _, question in found.asked:
        place = request.POST.get(key, "")
        if place.isascii() and place.isdigit() and int(place) < len(question.choices):
            decisions.append(dict(question.choices[int(place)].decision))
    return decisions


def _answered(
    request: HttpRequest, visit: Visit, upload: SurveyUpload, decisions: list[dict[str, object]], asked: int
) -> None:
    keep_decisions(upload, decisions, by=visit.person.email)
    upload.state = State.LANDED
    upload.save(update_fields=["state"])
    enqueue(Job.Kind.CHECK, upload.pk, programme=visit.the_programme, school=visit.the_school)
    record(
        visit.person, "upload", programme=visit.the_programme, target=f"answers about upload {upload.pk}",
        counts={"answers": len(decisions)},
    )  # fmt: skip
    left = asked - len(decisions)
    said = "Your answer is kept" if len(decisions) == 1 else f"Your {len(decisions)} answers are kept"
    messages.success(request, f"{said}, also for your next file with these headings." + _still_open(left))


def _still_open(left: int) -> str:
    return "" if left < 1 else f" {left} {'question is' if left == 1 else 'questions are'} still open."
