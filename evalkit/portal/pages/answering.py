"""What a pupil sees: a field for the pupil code, the questionnaire on one page, and thanks.

There is no account and no session. The page itself carries who answers, signed, so that nobody who opens this browser
later finds answers by going back: no address leads to them.
"""

from dataclasses import dataclass, replace

from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from evalkit.custody.data_lock import data_lock
from evalkit.errors import EvalkitError
from evalkit.portal.access import open_page
from evalkit.portal.answered import Answered, answered_by, class_list, keep_answers, read_code
from evalkit.portal.models import AnsweringRound
from evalkit.portal.tenancy import Scope, set_scope
from evalkit.records.form import Form, Question, form_of_wave

SALT = "evalkit.portal.answering"
HOURS = 6


@dataclass(frozen=True, slots=True)
class Asked:
    """One question as the page shows it. `stem` : what stands above it, where a new part begins."""

    number: int
    question: Question
    given: int | None
    stem: str

    @property
    def id(self) -> str:
        """Its name in the form."""
        return f"q{self.number}"


@open_page
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """A round's link: ask for the code, show the questions, keep the answers."""
    shown = _shown(request, token)
    shown["Cache-Control"] = "no-store"
    return shown


def _shown(request: HttpRequest, token: str) -> HttpResponse:
    is_post = request.method == "POST"
    one = round_of(token, lock=is_post)
    if not one.takes_answers or data_lock(one.programme.study):
        return render(request, "portal/answer/closed.html", status=410)
    form = form_of_wave(one.programme.study, one.wave)
    if not is_post:
        return _code_page(request, form)
    if "pupil" in request.POST:
        return _answers(request, one, form)
    if one.is_paused:
        return render(request, "portal/answer/paused.html", status=429)
    reading = read_code(request.POST.get("code", "")[:200], class_list(one))
    if not reading.code:
        if request.POST.get("code", "").strip():
            one.count_wrong_code()
        return _code_page(request, form, error=reading.message)
    return _questions(request, form, one, answered_by(one, reading.code))


def round_of(token: str, *, lock: bool) -> AnsweringRound:
    """The round of a link. Raises Http404. `lock` : nobody else changes or closes it until the answer is made."""
    set_scope(Scope(token=token))
    rows = AnsweringRound.objects.filter(token=token)
    found = (rows.select_for_update() if lock else rows).first()
    if found is None:
        raise Http404
    return found


def _code_page(request: HttpRequest, form: Form, *, error: str = "") -> HttpResponse:
    typed = request.POST.get("code", "")[:60]
    context = {"form": form, "count": len(form.questions), "error": error, "typed": typed}
    return render(request, "portal/answer/code.html", context, status=400 if error else 200)


def _answers(request: HttpRequest, one: AnsweringRound, form: Form) -> HttpResponse:
    """Keep what was sent; tell what was left out before the pupil is done."""
    try:
        signed = signing.loads(request.POST["pupil"], salt=SALT, max_age=HOURS * 3600)
        if signed["round"] != str(one.pk):
            raise signing.BadSignature
    except signing.BadSignature:
        return _code_page(request, form, error="You were away for a long time. Type your pupil code again")
    before = answered_by(one, signed["code"])
    if before.finished:  # sent twice, or from another screen: what was finished stays
        return render(request, "portal/answer/thanks.html", {"finished": True})
    action = request.POST.get("do", "save")
    given = Answered(signed["code"], _read(request, form))
    left_out = len(form.questions) - len(given.answers)
    done = action == "finish all the same" or (action == "finish" and not left_out)
    try:
        keep_answers(one, replace(given, finished=done))
    except EvalkitError:
        return _questions(request, form, one, given, failed=True)
    if action == "finish" and left_out:
        return _questions(request, form, one, given, left_out=left_out)
    return render(request, "portal/answer/thanks.html", {"finished": done, "left_out": left_out, "round": one})


def _read(request: HttpRequest, form: Form) -> dict[str, int]:
    """The answers that may be given, of those that were sent."""
    found: dict[str, int] = {}
    for number, question in enumerate(form.questions, start=1):
        sent = request.POST.get(f"q{number}", "")
        code = next((one for one in question.answers if str(one) == sent), None)
        if code is not None:
            found[question.target] = code
    return found


def _questions(
    request: HttpRequest, form: Form, one: AnsweringRound, given: Answered, *, left_out: int = 0, failed: bool = False
) -> HttpResponse:
    """The questionnaire with what the pupil answered so far; of one who finished, thanks and no answers."""
    if given.finished:
        return render(request, "portal/answer/thanks.html", {"finished": True})
    asked: list[Asked] = []
    for part in form.parts:
        for place, question in enumerate(part.questions):
            stem = "" if place else part.stem
            asked.append(Asked(len(asked) + 1, question, given.answers.get(question.target), stem))
    context = {
        "round": one, "form": form, "asked": asked, "code": given.code, "left_out": left_out, "failed": failed,
        "pupil": signing.dumps({"round": str(one.pk), "code": given.code}, salt=SALT),
        "first_open": next((each.id for each in asked if each.given is None), ""),
    }  # fmt: skip
    return render(request, "portal/answer/questions.html", context, status=507 if failed else 200)
