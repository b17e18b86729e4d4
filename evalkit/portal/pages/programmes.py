"""An evaluator's programmes: the list, a new one from its plan, and how every school stands."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from evalkit.errors import EvalkitError, SpecError
from evalkit.portal.access import Visit, page
from evalkit.portal.adding import add_programme, read_plan
from evalkit.portal.all_schools import SchoolRow, all_schools, totals
from evalkit.portal.models import Programme, Role
from evalkit.portal.once import new_id, reading, sent_id
from evalkit.portal.record import record
from evalkit.records.evaluation import EVALUATION_FILE


class PlanForm(forms.Form):
    """The plan of a new programme."""

    plan = forms.FileField(
        label="The plan of the evaluation",
        help_text="The file evaluation.yaml. 'evalkit new' on your machine makes one to fill in.",
        allow_empty_file=True,
        error_messages={"required": "Select the plan, evaluation.yaml"},
        widget=forms.FileInput(attrs={"accept": ".yaml,.yml"}),
    )


def may_add(visit: Visit) -> bool:
    """Whether this evaluator may add programmes: their role names none."""
    return any(one.role == Role.EVALUATOR and one.programme_id is None for one in visit.memberships)


@page(Role.EVALUATOR)
@reading
def programmes(request: HttpRequest, visit: Visit) -> HttpResponse:
    """My programmes, and how many schools are complete in each."""
    mine = [one.programme_id for one in visit.memberships if one.role == Role.EVALUATOR and one.programme_id]
    rows = []
    for one in Programme.objects.filter(pk__in=mine):
        found = schools_of(one)
        rows.append({"programme": one, "schools": len(found), "complete": sum(each.is_complete for each in found)})
    return render(request, "portal/programme/list.html", {"rows": rows, "may_add": may_add(visit)})


@page(Role.EVALUATOR)
def add(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Add a programme from its plan; a plan with problems is not kept, and every problem is told with its line."""
    if not may_add(visit):
        messages.warning(request, "Your role is for single programmes. Ask the operator if you should add others.")
        return redirect("programmes")
    form = PlanForm(request.POST or None, request.FILES or None)
    problems: tuple[str, ...] = ()
    too_large = getattr(request, "too_large", False)
    if request.method == "POST" and too_large:
        problems = ("The selected file is too large for a plan",)
    elif request.method == "POST" and form.is_valid():
        content = form.cleaned_data["plan"].read()
        try:
            programme = add_programme(read_plan(content), content, id=sent_id(request), by=visit.person)
        except SpecError as error:
            problems = error.problems
        else:
            if not visit_has(visit, programme):
                record(visit.person, "programme_added", programme=programme, target=programme.plan_id)
            messages.success(request, "The programme was added. Invite its schools next.")
            return redirect("programme", programme=programme.pk)
    context = {"form": form, "problems": problems, "id": request.POST.get("id") or new_id()}
    return render(request, "portal/programme/add.html", context, status=422 if problems or form.errors else 200)


def visit_has(visit: Visit, programme: Programme) -> bool:
    """Whether the programme was theirs before."""
    return any(one.programme_id == programme.pk for one in visit.memberships)


@page(Role.EVALUATOR)
@reading
def dashboard(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Every school of the programme: invited, uploaded, problems, confirmed, matched."""
    programme = visit.the_programme
    record(visit.person, "view", programme=programme, target="dashboard")
    try:
        plan = programme.study.plan
    except EvalkitError as error:
        return render(request, "portal/programme/unreadable.html", {"programme": programme, "problems": error.problems})
    found = all_schools(programme)
    context = {
        "programme": programme, "plan": plan, "schools": found, "totals": totals(programme, found), "tab": "schools",
    }  # fmt: skip
    return render(request, "portal/programme/dashboard.html", context)


@page(Role.EVALUATOR)
@reading
def plan(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The plan as a file."""
    programme = visit.the_programme
    record(visit.person, "download", programme=programme, target=EVALUATION_FILE)
    content = (programme.folder / EVALUATION_FILE).read_bytes()
    return HttpResponse(
        content, content_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{EVALUATION_FILE}"'},
    )  # fmt: skip


def schools_of(programme: Programme) -> list[SchoolRow]:
    """How the schools of a programme stand; nothing when its plan cannot be read."""
    try:
        return all_schools(programme)
    except EvalkitError:
        return []
