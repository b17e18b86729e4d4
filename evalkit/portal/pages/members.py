"""Who works on a programme: evaluators, leads and the people of schools; invite, and take a role away."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from evalkit.portal.access import Visit, page
from evalkit.portal.models import Invitation, Membership, Programme, Role
from evalkit.portal.once import changing
from evalkit.portal.pages.inviting import can_mail, fresh_link, mail
from evalkit.portal.record import record

MAIL = """Hello,

you are invited to the evaluation “{programme}” as {role}.

Open this link to take the role on. It works once, within 14 days:
{link}
"""


class MemberForm(forms.Form):
    """One more evaluator or lead."""

    email = forms.EmailField(
        label="E-mail address",
        error_messages={
            "required": "Enter an e-mail address",
            "invalid": "Enter an e-mail address in the correct format, like name@example.com",
        },
        widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    role = forms.ChoiceField(
        label="Role",
        help_text="A lead reads published reports, never rows. An evaluator sees everything of this programme.",
        choices=[(one.value, one.label) for one in (Role.PROGRAMME_LEAD, Role.EVALUATOR)],
    )


@page(Role.EVALUATOR)
def members(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The people of the programme; on POST invite one more, whose link is shown once."""
    programme = visit.the_programme
    form = MemberForm(request.POST or None)
    link = ""
    if request.method == "POST" and form.is_valid():
        email, role = form.cleaned_data["email"].lower(), Role(form.cleaned_data["role"])
        if Membership.objects.filter(person__email=email, role=role, programme=programme).exists():
            form.add_error("email", f"{email} has this role already")
        else:
            link = fresh_link(request, visit.person, email=email, role=role, programme=programme)
            record(visit.person, "role_changed", programme=programme, target=f"{role} offered by invitation")
            words = MAIL.format(programme=programme.title, role=role.label.lower(), link=link)
            if mail(email, f"Invitation: {programme.title}", words):
                messages.success(request, f"The invitation was mailed to {email}.")
    record(visit.person, "view", programme=programme, target="people")
    context = {
        "programme": programme, "form": form if form.errors else MemberForm(), "link": link,
        "email": form.cleaned_data.get("email", "") if link else "", "mailed": can_mail(),
        "people": _people(programme), "open": _open(programme), "me": visit.person, "tab": "members",
    }  # fmt: skip
    return render(request, "portal/programme/members.html", context, status=422 if form.errors else 200)


@page(Role.EVALUATOR)
@changing
def take_role(request: HttpRequest, visit: Visit, *, membership: UUID) -> HttpResponse:
    """Take a role away; the last evaluator of a programme stays."""
    programme = visit.the_programme
    held = Membership.objects.select_for_update().filter(programme=programme)
    one = held.filter(pk=membership).select_related("person").first()
    if one is None:
        raise Http404
    if one.role == Role.EVALUATOR and held.filter(role=Role.EVALUATOR).count() == 1:
        messages.error(request, "A programme keeps at least one evaluator. Invite another one first.")
    else:
        one.delete()
        record(visit.person, "role_changed", programme=programme, target=f"{one.role} taken from {one.person.email}")
        messages.success(request, f"{one.person} no longer has this role.")
        if one.person == visit.person:
            return redirect("home")
    return redirect("members", programme=programme.pk)


@page(Role.EVALUATOR)
@changing
def withdraw(request: HttpRequest, visit: Visit, *, invitation: UUID) -> HttpResponse:
    """Withdraw an invitation that was not used."""
    programme = visit.the_programme
    one = Invitation.objects.filter(pk=invitation, programme=programme, used_at=None).first()
    if one is None:
        raise Http404
    one.delete()
    record(visit.person, "role_changed", programme=programme, target=f"invitation as {one.role} withdrawn")
    messages.success(request, f"The link sent to {one.email} no longer works.")
    return redirect("members", programme=programme.pk)


def _people(programme: Programme) -> list[Membership]:
    found = programme.memberships.select_related("person", "school")
    order = [Role.EVALUATOR, Role.PROGRAMME_LEAD, Role.SCHOOL_LEAD, Role.UPLOADER]
    return sorted(found, key=lambda one: (order.index(Role(one.role)), str(one.school or ""), one.person.email))


def _open(programme: Programme) -> list[Invitation]:
    found = Invitation.objects.filter(programme=programme, used_at=None).select_related("school")
    return list(found.order_by("role", "school__name", "email"))
