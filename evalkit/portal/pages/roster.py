"""The schools of a programme, known by URN: check a list, add what it names, take a school out."""

import tempfile
from pathlib import Path
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from evalkit.errors import UploadError
from evalkit.intake.hub_list import check_hub_list
from evalkit.portal.access import Visit, page
from evalkit.portal.models import Invitation, Membership, Participation, Role
from evalkit.portal.once import changing
from evalkit.portal.pages.inviting import take_part
from evalkit.portal.record import record
from evalkit.records.hub_list import HubList

SUFFIXES = (".csv", ".tsv", ".xlsx", ".ods")


class RosterForm(forms.Form):
    """A list of schools."""

    file = forms.FileField(
        label="A list of schools",
        help_text="A row per school with its URN and name, and where there are any its hub and LAESTAB. CSV or XLSX.",
        error_messages={"required": "Select a list of schools", "empty": "The selected file is empty"},
        widget=forms.FileInput(attrs={"accept": ",".join(SUFFIXES)}),
    )

    def clean_file(self) -> object:
        """One of the kinds that can be read."""
        file = self.cleaned_data["file"]
        if Path(file.name or "").suffix.lower() not in SUFFIXES:
            raise forms.ValidationError("The selected file must be a CSV or XLSX")
        return file


@page(Role.EVALUATOR)
def roster(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The schools; a list that is sent is checked, shown, and added once it is confirmed."""
    programme = visit.the_programme
    form = RosterForm(request.POST or None, request.FILES or None)
    listed: HubList | None = None
    problems: tuple[str, ...] = ()
    if request.method == "POST" and form.is_valid():
        try:
            listed = _checked(form.cleaned_data["file"])
        except UploadError as error:
            problems = error.problems
    elif request.method == "GET":
        form = RosterForm()
    places = programme.participations.select_related("school").order_by("school__name", "school__urn")
    context = {
        "programme": programme, "form": form, "problems": problems, "tab": "roster", "places": places,
        "listed": listed, "issues": _said(listed), "fresh": _fresh(listed, {one.school.urn for one in places}),
        "waves": [(wave, places[0].due.get(wave.id, "") if places else "") for wave in programme.study.plan.waves],
    }  # fmt: skip
    return render(request, "portal/programme/roster.html", context, status=422 if problems or form.errors else 200)


@page(Role.EVALUATOR)
@changing
def add_schools(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Add the schools of a list that was checked. They are not invited by it."""
    programme = visit.the_programme
    before = programme.participations.count()
    for line in request.POST.getlist("school"):
        urn, _, name = line.partition(" ")
        if len(urn) == 6 and urn.isascii() and urn.isdigit() and name.strip():
            take_part(programme, urn=urn, name=name.strip()[:200])
    added = programme.participations.count() - before
    if added:
        record(visit.person, "schools_changed", programme=programme, target="list", counts={"added": added})
    messages.success(request, "1 school was added." if added == 1 else f"{added} schools were added.")
    return redirect("roster", programme=programme.pk)


@page(Role.EVALUATOR)
@changing
def take_out(request: HttpRequest, visit: Visit, *, place: UUID) -> HttpResponse:
    """Take a school out of the programme; not one that has sent files: erasing those is another matter."""
    programme = visit.the_programme
    one = Participation.objects.filter(pk=place, programme=programme).select_related("school").first()
    if one is None:
        raise Http404
    if programme.uploads.filter(school=one.school).exists():
        messages.error(
            request, f"{one.school.name} has sent files. A data protection officer can erase them; then it can go."
        )
        return redirect("roster", programme=programme.pk)
    if programme.rounds.filter(school=one.school, closed_at=None).exists():
        messages.error(request, f"Pupils of {one.school.name} may answer online now. The school must close that first.")
        return redirect("roster", programme=programme.pk)
    Invitation.objects.filter(programme=programme, school=one.school, used_at=None).delete()
    Membership.objects.filter(programme=programme, school=one.school).delete()
    record(visit.person, "schools_changed", programme=programme, target=one.school.urn, counts={"taken_out": 1})
    one.delete()
    messages.success(request, f"{one.school.name} was taken out.")
    return redirect("roster", programme=programme.pk)


def _checked(file: object) -> HubList:
    """Check the list in a scratch folder of its own."""
    name = str(getattr(file, "name", "list.csv"))
    with tempfile.TemporaryDirectory(prefix="evalkit-list-") as scratch:
        path = Path(scratch) / Path(name).name
        path.write_bytes(file.read())  # type: ignore[attr-defined]
        try:
            return check_hub_list(path)
        except UploadError as error:
            said = [one.replace(str(path), path.name) for one in error.problems]
            raise UploadError(said[0], problems=said) from None


def _said(listed: HubList | None) -> list[tuple[str, str]]:
    """The severity and the sentence of every problem of a list."""
    return [(one.severity, one.message) for one in listed.issues] if listed else []


def _fresh(listed: HubList | None, there: set[str]) -> list[tuple[str, str]]:
    """URN and name of the schools of a list in order that do not take part yet."""
    if listed is None or not listed.ok:
        return []
    rows = listed.schools[["urn", "school_name"]].itertuples(index=False, name=None)
    return [(urn, name or f"School {urn}") for urn, name in rows if urn not in there]
