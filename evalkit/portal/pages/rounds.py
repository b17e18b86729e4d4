"""A school opens a round in which its pupils answer online, hands out the link, and closes it: then it is a file."""

from datetime import datetime, time, timedelta
from functools import partial
from shutil import rmtree

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from evalkit.custody.data_lock import data_lock
from evalkit.errors import EvalkitError
from evalkit.intake.pupils import code_key, is_private
from evalkit.portal.access import Visit, page
from evalkit.portal.answered import LONGEST_CODE, everything_answered, keep_class_list, survey_file
from evalkit.portal.models import AnsweringRound, Participation, Role
from evalkit.portal.pages.school import wave_of
from evalkit.portal.record import record
from evalkit.portal.storing import keep_upload
from evalkit.records.evaluation import Study
from evalkit.records.evaluation_parts import Wave
from evalkit.records.form import Form, form_of_wave

USUAL_DAYS = 14
MOST_DAYS = 92
MOST_CODES = 5000


class RoundForm(forms.Form):
    """How long pupils may answer, and which codes may."""

    until = forms.DateField(
        label="The last day on which pupils may answer",
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"required": "Enter the last day", "invalid": "The last day must be a real date"},
    )  # fmt: skip
    codes = forms.CharField(
        label="The pupils’ codes (you may leave this empty)", required=False, strip=True,
        help_text="Paste the column of codes of your class list, a code in each line. A pupil who mistypes is then "
        "told at once. Left empty, every code with a number in it is taken.",
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "autocomplete": "off"}),
    )  # fmt: skip

    def clean_until(self) -> object:
        """From today, and not for ever."""
        until, today = self.cleaned_data["until"], timezone.localdate()
        if not today <= until <= today + timedelta(days=MOST_DAYS):
            raise forms.ValidationError(f"The last day must be between today and {MOST_DAYS} days from now")
        return until

    def clean_codes(self) -> list[str]:
        """A code in each line, each once, none of them a name or a number that belongs to a person."""
        lines = [" ".join(line.split()) for line in str(self.cleaned_data["codes"]).splitlines()]
        codes = list({code_key(line): line for line in lines if line}.values())
        if len(codes) > MOST_CODES:
            raise forms.ValidationError(f"Paste at most {MOST_CODES:,} codes")
        if any(is_private(code) for code in codes):
            raise forms.ValidationError("The codes must not be UPNs or e-mail addresses. Give each pupil another code")
        if any(len(code) > LONGEST_CODE for code in codes):
            raise forms.ValidationError(f"A code has at most {LONGEST_CODE} characters. Paste the codes alone")
        return codes


@page(Role.UPLOADER, Role.SCHOOL_LEAD)
@require_http_methods(["GET", "HEAD", "POST"])
def online(request: HttpRequest, visit: Visit, wave: str) -> HttpResponse:
    """The round of a wave: open one, see its link and how many have answered."""
    programme, school = visit.the_programme, visit.the_school
    chosen = wave_of(programme, wave)
    lock, reasons = data_lock(programme.study), why_not(programme.study, chosen)
    running = AnsweringRound.objects.filter(programme=programme, school=school, wave=chosen.id, closed_at=None).first()
    usual = timezone.localdate() + timedelta(days=USUAL_DAYS)
    form = RoundForm(request.POST or None, initial={"until": usual})
    if request.method == "POST" and not (lock or reasons or running) and form.is_valid():
        _open(visit, chosen, form.cleaned_data)
    if request.method == "POST" and (running or not form.errors):
        return redirect("school_online", school=school.pk, programme=programme.pk, wave=chosen.id)
    record(visit.person, "view", programme=programme, target=f"answering online {chosen.id} of school {school.urn}")
    context: dict[str, object] = {
        "programme": programme, "school": school, "wave": chosen, "lock": lock, "reasons": reasons, "round": running,
        "form": form, "asked": None if reasons else form_of_wave(programme.study, chosen.id),
    }  # fmt: skip
    if running:
        running.programme = programme
        given = everything_answered(running)
        context |= {
            "link": request.build_absolute_uri(reverse("answer", args=[running.token])),
            "finished": sum(1 for one in given if one.finished), "begun": sum(1 for one in given if not one.finished),
        }  # fmt: skip
    return render(request, "portal/school/online.html", context, status=400 if form.errors else 200)


def why_not(study: Study, wave: Wave) -> list[str]:
    """Why pupils cannot answer a wave in the browser; nothing when they can."""
    parts = form_of_wave(study, wave.id).parts
    if not parts:
        return ["No questionnaire is asked at this time."]
    return [f"The wording of “{part.title}” belongs to its authors." for part in parts if not part.worded]


def _open(visit: Visit, wave: Wave, given: dict[str, object]) -> None:
    """Open a round, unless somebody was faster."""
    programme, school = visit.the_programme, visit.the_school
    place = Participation.objects.select_for_update().get(programme=programme, school=school)
    if AnsweringRound.objects.filter(programme=programme, school=school, wave=wave.id, closed_at=None).exists():
        return
    until = timezone.make_aware(datetime.combine(given["until"], time(23, 59, 59)))  # type: ignore[arg-type]
    one = AnsweringRound.objects.create(
        place=place, programme=programme, school=school, wave=wave.id, opened_by=visit.person, closes_at=until
    )
    codes = given["codes"]
    assert isinstance(codes, list)
    if codes:
        keep_class_list(one, codes)
    record(
        visit.person, "answering_opened", programme=programme, target=f"{wave.id} of school {school.urn}",
        counts={"codes": len(codes)},
    )  # fmt: skip


@page(Role.UPLOADER, Role.SCHOOL_LEAD)
@require_POST
def close(request: HttpRequest, visit: Visit, wave: str) -> HttpResponse:
    """Close the round and have the answers checked like a file. Sent twice it changes nothing the second time."""
    programme, school = visit.the_programme, visit.the_school
    chosen = wave_of(programme, wave)
    place = Participation.objects.select_for_update().get(programme=programme, school=school)
    rounds = AnsweringRound.objects.filter(programme=programme, school=school, wave=chosen.id)
    one = rounds.select_for_update().filter(closed_at=None).first()
    if one is None:
        last = rounds.order_by("-closed_at").first()
        return _onward(visit, chosen, last)
    if data_lock(programme.study):
        messages.error(request, "The data are locked, so nothing can be sent any more. Write to the evaluator.")
        return _onward(visit, chosen, None)
    one.programme = programme
    form = form_of_wave(programme.study, chosen.id)
    try:
        _become_a_file(one, form, place, chosen, visit)
    except EvalkitError as error:
        messages.error(request, error.message)
        return _onward(visit, chosen, None)
    if one.upload is None:
        messages.info(request, "The round is closed. Nobody had answered anything.")
    return _onward(visit, chosen, one)


def _become_a_file(one: AnsweringRound, form: Form, place: Participation, wave: Wave, visit: Visit) -> None:
    """Keep the answers as an upload of the school; the pupils' own files go once that is certain."""
    given = everything_answered(one)
    if given:
        name = f"Answers online, {wave.label}.csv"
        file = SimpleUploadedFile(name.replace("/", "-"), survey_file(form, given))
        one.upload, _ = keep_upload(file, place, wave=wave.id, by=visit.person)
    one.closed_at = timezone.now()
    one.save(update_fields=["closed_at", "upload"])
    record(
        visit.person, "answering_closed", programme=visit.the_programme,
        target=f"{wave.id} of school {visit.the_school.urn}", counts={"pupils": len(given)},
        sha256=one.upload.sha256 if one.upload else "",
    )  # fmt: skip
    transaction.on_commit(partial(rmtree, one.folder, ignore_errors=True))


def _onward(visit: Visit, wave: Wave, one: AnsweringRound | None) -> HttpResponse:
    parts = {"school": visit.the_school.pk, "programme": visit.the_programme.pk}
    if one is not None and one.upload_id:
        return redirect("school_uploaded", upload=one.upload_id, **parts)
    return redirect("school_online", wave=wave.id, **parts)
