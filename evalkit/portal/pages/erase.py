"""Erase a pupil, a school or a programme: first what it takes, then a typed confirmation. And give a pupil's data out.

A pupil's code travels in the body of a form only: it stands in no address, log or database.
"""

from pathlib import Path
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from evalkit.custody.audit import Action
from evalkit.custody.export_page import export_html, export_json
from evalkit.errors import EvalkitError, SpecError
from evalkit.portal.access import Visit, page
from evalkit.portal.erasing import NOTHING, Whom, place_of, settle_releases, steps_for, study_of
from evalkit.portal.models import Programme, Role, School
from evalkit.portal.online_answers import rows_of_answers
from evalkit.portal.plan_files import without_folder
from evalkit.portal.record import record
from evalkit.portal.served import closed
from evalkit.road_custody import Step, carry_out

ANYWHERE = "anywhere"
DONE: dict[str, Action] = {"pupil": "pupil_erased", "school": "school_erased", "programme": "programme_erased"}
WORDS = {
    "survey file": "Survey file", "release": "Data release", "mapping": "Decisions about files", "codes": "Pupil codes",
    "key": "Key of pseudonyms", "leftover": "Other", "results": "Results",
}  # fmt: skip
ACTIONS = {
    "erase": "These rows are erased", "delete": "Deleted as a whole", "destroy": "Destroyed", "keep": "Kept",
    "by_hand": "To do by hand",
}  # fmt: skip


class PupilForm(forms.Form):
    """One pupil of the programme."""

    code = forms.CharField(
        label="Pupil code", max_length=60, help_text="As the school’s files have it. Capitals make no difference.",
        error_messages={"required": "Enter the pupil’s code"},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    school = forms.ChoiceField(
        label="School",
        help_text="Two schools may have given the same code to two pupils. Choose “wherever it stands” only for codes "
        "that evalkit issued, and for UPNs.",
        error_messages={"required": "Choose the school"},
    )

    def __init__(self, *args: object, programme: Programme, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.schools = {str(one.pk): one for one in programme.schools.all()}
        choices = [("", "Choose a school"), *((key, f"{one.name} ({one.urn})") for key, one in self.schools.items())]
        self.fields["school"].choices = [*choices, (ANYWHERE, "Wherever it stands")]  # type: ignore[attr-defined]

    @property
    def whom(self) -> Whom:
        """The pupil that is meant."""
        given = self.cleaned_data
        return Whom(given["code"].strip(), self.schools.get(given["school"]))


@page(Role.OFFICER)
def erase_pupil(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Name a pupil, look at what is held, erase it."""
    form = PupilForm(request.POST or None, programme=visit.the_programme)
    if request.method != "POST" or not form.is_valid():
        context = {"programme": visit.the_programme, "form": form, "what": "pupil"}
        return render(request, "portal/officer/pupil.html", context, status=422 if form.errors else 200)
    hidden = {"code": form.cleaned_data["code"], "school": form.cleaned_data["school"]}
    return _erasure(request, visit, form.whom, what="pupil", typed="ERASE", hidden=hidden)


@page(Role.OFFICER)
def erase_school(request: HttpRequest, visit: Visit, *, of: UUID) -> HttpResponse:
    """Look at what is held of a school's pupils, erase it."""
    school = _school(visit, of)
    if school is None:
        raise Http404
    return _erasure(request, visit, Whom(school=school), what="school", typed=school.urn, hidden={})


@page(Role.OFFICER)
def erase_programme(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Look at what is held of all pupils, erase it. The plan, the log and reports about groups stay."""
    return _erasure(request, visit, Whom(), what="programme", typed=visit.the_programme.plan_id, hidden={})


@page(Role.OFFICER)
def export_pupil(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Everything that is held about one pupil, as a file to hand on."""
    programme = visit.the_programme
    form = PupilForm(request.POST or None, programme=programme)
    problems: tuple[str, ...] = ()
    if request.method == "POST" and form.is_valid():
        whom = form.whom
        from evalkit.road_export import pupil_data  # it scores, and statistics are loaded only when they are used

        try:
            more = rows_of_answers(programme, whom.code, whom.school)
            place = place_of(programme, whom)
            held = pupil_data(study_of(programme), whom.code, called=_names(programme), more=more, **place)  # type: ignore[arg-type]
        except EvalkitError as error:
            problems = _said(error, programme, whom)
        else:
            counts = {name: len(table) for name, table in held.tables.items()}
            record(visit.person, "pupil_exported", programme=programme, counts=counts)
            as_json = request.POST.get("format") == "json"
            answer = HttpResponse(
                export_json(held) if as_json else export_html(held),
                content_type="application/json" if as_json else "text/html; charset=utf-8",
                headers={"Content-Disposition": f'attachment; filename="pupil.{"json" if as_json else "html"}"'},
            )
            return closed(answer)
    context = {"programme": programme, "form": form, "what": "export", "problems": problems}
    return render(request, "portal/officer/pupil.html", context, status=422 if problems or form.errors else 200)


def _erasure(
    request: HttpRequest, visit: Visit, whom: Whom, *, what: str, typed: str, hidden: dict[str, str]
) -> HttpResponse:
    """Show the steps; with the confirmation typed and a reason given, carry them out."""
    programme = visit.the_programme
    problems: tuple[str, ...] = ()
    steps: list[Step] = []
    try:
        steps = steps_for(programme, whom)
    except EvalkitError as error:
        problems = _said(error, programme, whom)
    wrong: dict[str, str] = {}
    if "typed" not in request.POST:
        record(visit.person, "view", programme=programme, target=f"what erasing a {what} takes")
    if "typed" in request.POST and steps:
        reason = " ".join(request.POST.get("reason", "").split())[:300]
        if request.POST["typed"].strip() != typed:
            wrong["typed"] = f"Type {typed} to confirm"
        if not reason:
            wrong["reason"] = "Enter the reason. No names, no codes"
        elif whom.code and whom.code.casefold() in reason.casefold():
            wrong["reason"] = "The reason holds the pupil’s code. Leave it out: the log keeps reasons"
        if not wrong:
            target = whom.school.urn if whom.school and not whom.code else "" if whom.code else programme.plan_id
            carry_out(
                study_of(programme), steps, action=DONE[what], target=target, reason=reason, who=visit.person.email
            )
            settle_releases(programme)
            record(visit.person, DONE[what], target=f"programme {programme.pk} {target}".strip(), reason=reason)
            messages.success(
                request, "Erased. Copies elsewhere (e-mails, backups, the list in school) are not known to the portal."
            )
            return redirect("officer_programme", programme=programme.pk)
    context = {
        "programme": programme, "what": what, "school": whom.school, "hidden": hidden, "typed": typed,
        "steps": [_shown(one, programme) for one in steps], "problems": problems, "wrong": wrong,
        "reason": request.POST.get("reason", ""), "nothing": not any(one.do for one in steps),
    }  # fmt: skip
    return render(request, "portal/officer/erase.html", context, status=422 if wrong else 200)


def _shown(step: Step, programme: Programme) -> dict[str, object]:
    """A step in words; whose file it is, not where it lies on the server."""
    holding = step.holding
    parts = holding.place.relative_to(programme.folder).parts if holding.place.is_relative_to(programme.folder) else ()
    schools = {str(one.pk): one.name for one in programme.schools.all()}
    own = programme.reports.exclude(school=None).select_related("school")
    schools |= {str(one.pk): one.school.name for one in own if one.school}
    whose = next((schools[part] for part in parts if part in schools), "")
    upload = next((one for one in programme.uploads.all() if str(one.pk) in parts), None)
    return {
        "kind": WORDS[holding.kind], "whose": whose, "file": upload.file_name if upload else "",
        "count": holding.count, "action": ACTIONS[holding.action], "note": holding.note,
        "by_hand": holding.action == "by_hand",
    }  # fmt: skip


def _said(error: EvalkitError, programme: Programme, whom: Whom) -> tuple[str, ...]:
    """What is wrong, without folders of the server."""
    if whom.code and isinstance(error, SpecError) and "nothing is held" in error.message:
        return (NOTHING,)
    return tuple(without_folder(one, programme.folder) for one in error.problems)


def _names(programme: Programme) -> dict[Path, str]:
    """Under which names schools sent their files."""
    rows = programme.uploads.select_related("programme", "school")
    return {one.path: f"{one.file_name} ({one.school.name}, {one.wave})" for one in rows}


def _school(visit: Visit, of: UUID) -> School | None:
    return visit.the_programme.schools.filter(pk=of).first()
