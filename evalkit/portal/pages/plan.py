"""The plan of a programme: look at it, take it, put a corrected one in its place."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from evalkit.errors import EvalkitError
from evalkit.portal.access import Visit, page
from evalkit.portal.adding import add_programme, change_plan
from evalkit.portal.models import Role
from evalkit.portal.once import new_id, reading, sent_id
from evalkit.portal.pages.downloads import attachment
from evalkit.portal.plan_files import read_plan, without_folder
from evalkit.portal.record import record
from evalkit.records.evaluation import EVALUATION_FILE

TOO_LARGE = "The selected file is too large for a plan. Send the folder without survey files and results"


class PlanForm(forms.Form):
    """A plan, or its folder."""

    plan = forms.FileField(
        label="The plan of the evaluation",
        help_text="evaluation.yaml, or the plan’s folder as a zip file where it names other files: a list of schools, "
        "the certificate of a draw, own questionnaires. Survey files and results in it are left out.",
        allow_empty_file=True,
        error_messages={"required": "Select the plan, evaluation.yaml"},
        widget=forms.FileInput(attrs={"accept": ".yaml,.yml,.zip"}),
    )


def may_add(visit: Visit) -> bool:
    """Whether this evaluator may add programmes: their role names none."""
    return any(one.role == Role.EVALUATOR and one.programme_id is None for one in visit.memberships)


@page(Role.EVALUATOR)
def add(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Add a programme from its plan; a plan with problems is not kept, and every problem is told with its line."""
    if not may_add(visit):
        messages.warning(request, "Your role is for single programmes. Ask the operator if you should add others.")
        return redirect("programmes")
    form = PlanForm(request.POST or None, request.FILES or None)
    problems: tuple[str, ...] = ()
    if request.method == "POST" and getattr(request, "too_large", False):
        problems = (TOO_LARGE,)
    elif request.method == "POST" and form.is_valid():
        try:
            study, files = read_plan(form.cleaned_data["plan"].read())
            programme = add_programme(study, files, id=sent_id(request), by=visit.person)
        except EvalkitError as error:
            problems = error.problems
        else:
            if not any(one.programme_id == programme.pk for one in visit.memberships):
                record(visit.person, "programme_added", programme=programme, target=programme.plan_id)
            messages.success(request, "The programme was added. Invite its schools next.")
            return redirect("programme", programme=programme.pk)
    context = {"form": form, "problems": problems, "id": request.POST.get("id") or new_id()}
    return render(request, "portal/programme/add.html", context, status=422 if problems or form.errors else 200)


@page(Role.EVALUATOR)
def plan(request: HttpRequest, visit: Visit) -> HttpResponse:
    """What the plan says, and a form to correct it until the data are locked."""
    programme = visit.the_programme
    form = PlanForm(request.POST or None, request.FILES or None)
    problems: tuple[str, ...] = ()
    if request.method == "POST" and getattr(request, "too_large", False):
        problems = (TOO_LARGE,)
    elif request.method == "POST" and form.is_valid():
        try:
            change_plan(programme, *read_plan(form.cleaned_data["plan"].read()))
        except EvalkitError as error:
            problems = tuple(without_folder(one, programme.folder) for one in error.problems)
        else:
            record(visit.person, "plan_changed", programme=programme, target=EVALUATION_FILE)
            messages.success(request, "The plan was changed. Earlier releases and reports stay as they were made.")
            return redirect("plan", programme=programme.pk)
    text = (programme.folder / EVALUATION_FILE).read_text(encoding="utf-8-sig", errors="replace")
    context = {"programme": programme, "form": form, "problems": problems, "text": text, "tab": "plan"}
    return render(request, "portal/programme/plan.html", context, status=422 if problems or form.errors else 200)


@page(Role.EVALUATOR)
@reading
def download(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The plan as a file."""
    programme = visit.the_programme
    record(visit.person, "download", programme=programme, target=EVALUATION_FILE)
    return attachment((programme.folder / EVALUATION_FILE).read_bytes(), EVALUATION_FILE, "application/yaml")
