"""Invite schools from a list, remind those who are late, and say by when each wave is wanted."""

import smtplib
from datetime import date

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.mail import send_mail
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from evalkit.portal.access import Visit, page
from evalkit.portal.all_schools import all_schools
from evalkit.portal.invite_list import Invited, read_invite_list
from evalkit.portal.models import Invitation, Membership, Participation, Person, Programme, Role, School
from evalkit.portal.once import changing, reading
from evalkit.portal.record import record

MAIL = """Hello,

you are invited to send survey files for {school} to the evaluation “{programme}”.

Open this link to make your account. It works once, within 14 days:
{link}

If you did not expect this, you need not do anything.
"""
REMINDER = """Hello,

we still need survey files for the evaluation “{programme}”{due}. Please sign in at
{address}, upload your file, mend what the page tells you, and confirm it.
It takes about ten minutes.

Thank you.
"""


class ListForm(forms.Form):
    """A list of people to invite, pasted or as a file."""

    text = forms.CharField(
        label="Paste the list", required=False,
        help_text="A line for each person: URN, school, e-mail, role. The role is uploader (when left out) or lead; a "
        "lead also reads the school’s report. Commas, semicolons or tabs, so you can paste from a spreadsheet.",
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
    )  # fmt: skip
    file = forms.FileField(
        label="Or select a CSV file", required=False, widget=forms.FileInput(attrs={"accept": ".csv,.txt"})
    )

    def clean(self) -> dict[str, object]:
        """One of the two, as text in `list`."""
        given = self.cleaned_data
        file = given.get("file")
        given["list"] = _decoded(file.read()) if file else given.get("text", "")
        if not str(given["list"]).strip():
            raise forms.ValidationError("Paste the list or select a CSV file")
        return given


@page(Role.EVALUATOR)
def invite(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Invite schools; the links are shown once and, where mail is set up, mailed."""
    programme = visit.the_programme
    form = ListForm(request.POST or None, request.FILES or None)
    problems: tuple[str, ...] = ()
    if request.method == "POST" and form.is_valid():
        known = dict(School.objects.filter(programmes=programme).values_list("urn", "name"))
        read = read_invite_list(str(form.cleaned_data["list"]), known=known | _known_elsewhere(form))
        problems = read.problems
        if not problems:
            links = [_invited(request, visit, one) for one in read.rows]
            record(visit.person, "school_invited", programme=programme, counts={"people": len(links)})
            context = {"programme": programme, "links": links, "mailed": can_mail(), "tab": "schools"}
            return render(request, "portal/programme/links.html", context)
    context = {"programme": programme, "form": form, "problems": problems, "tab": "schools", "can_mail": can_mail()}
    return render(request, "portal/programme/invite.html", context, status=422 if problems or form.errors else 200)


def _known_elsewhere(form: ListForm) -> dict[str, str]:
    """Names of the schools that the portal knows already by the URNs of the list: the list must agree with them."""
    digits = {one for one in str(form.cleaned_data["list"]).replace(",", " ").replace(";", " ").split()}
    return dict(School.objects.filter(urn__in=digits).values_list("urn", "name"))


def _invited(request: HttpRequest, visit: Visit, one: Invited) -> dict[str, object]:
    """Make the invitation of one row; an unused one of the same person for the same place is replaced."""
    programme = visit.the_programme
    school = take_part(programme, urn=one.urn, name=one.name)
    Participation.objects.filter(programme=programme, school=school, invited_at=None).update(invited_at=timezone.now())
    place = {"email": one.email, "role": one.role, "school": school, "programme": programme}
    if Membership.objects.filter(person__email=one.email, role=one.role, school=school, programme=programme).exists():
        return {"row": one, "school": school, "link": "", "joined": True, "mailed": False}
    link = fresh_link(request, visit.person, **place)
    words = MAIL.format(school=school.name, programme=programme.title, link=link)
    mailed = mail(one.email, f"Survey files for {programme.title}", words)
    return {"row": one, "school": school, "link": link, "joined": False, "mailed": mailed}


def take_part(programme: Programme, *, urn: str, name: str) -> School:
    """The school of a URN, taking part in the programme from now on."""
    school, _ = School.objects.get_or_create(urn=urn, defaults={"name": name})
    Participation.objects.get_or_create(programme=programme, school=school)
    return school


def fresh_link(
    request: HttpRequest, by: Person, *, email: str, role: Role, programme: Programme, school: School | None = None
) -> str:
    """A new one-time link; earlier unused ones for the same person and role no longer work."""
    Invitation.objects.filter(email=email, role=role, school=school, programme=programme, used_at=None).delete()
    _, token = Invitation.make(email=email, role=role, school=school, programme=programme, made_by=by)
    return request.build_absolute_uri(reverse("invitation", args=[token]))


def can_mail() -> bool:
    """Whether a mail server is set up."""
    return not settings.EMAIL_BACKEND.endswith("dummy.EmailBackend")


def mail(to: str, subject: str, words: str) -> bool:
    """Send a mail; False when there is no server, or it did not take the mail."""
    if not can_mail():
        return False
    try:
        return send_mail(subject.replace("\n", " "), words, None, [to]) == 1
    except (OSError, smtplib.SMTPException):
        return False


@page(Role.EVALUATOR)
@reading
def reminder(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The text of a reminder, and the addresses of those who have not confirmed every wave."""
    programme = visit.the_programme
    record(visit.person, "view", programme=programme, target="reminder")
    found = [one for one in all_schools(programme) if not one.is_complete]
    days = sorted({wave.due for one in found for wave in one.standing.waves if wave.due and not wave.is_done})
    due = f", due on {days[0]:%-d %B %Y}" if days else ""
    address = request.build_absolute_uri(reverse("front"))
    context = {
        "programme": programme, "schools": found, "tab": "schools",
        "emails": "; ".join(dict.fromkeys(email for one in found for email in one.emails)),
        "text": REMINDER.format(programme=programme.title, due=due, address=address),
    }  # fmt: skip
    return render(request, "portal/programme/reminder.html", context)


@page(Role.EVALUATOR)
@changing
def due(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Say by when each wave is wanted of every school; an empty field takes the day away."""
    programme = visit.the_programme
    days: dict[str, str] = {}
    for wave in programme.study.plan.waves:
        given = request.POST.get(f"due-{wave.id}", "").strip()
        try:
            days |= {wave.id: date.fromisoformat(given).isoformat()} if given else {}
        except ValueError:
            messages.error(request, f"{wave.label}: the day must be a date, like 2027-03-27. Nothing was changed.")
            return redirect("roster", programme=programme.pk)
    programme.participations.update(due=days)
    record(visit.person, "schools_changed", programme=programme, target="due days")
    messages.success(request, "The days are set for every school.")
    return redirect("roster", programme=programme.pk)


def _decoded(data: bytes) -> str:
    """The text of a CSV file: UTF-8, else Windows-1252 as older spreadsheet programs write."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")
