"""Opening an invitation: one link, one role, once."""

from django import forms
from django.contrib.auth import login
from django.contrib.auth.password_validation import validate_password
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from evalkit.portal.access import open_page
from evalkit.portal.models import Invitation, Membership, Person, Programme, Role
from evalkit.portal.record import record

SIGN_IN_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


class NewAccount(forms.Form):
    """A name and a password."""

    name = forms.CharField(
        label="Your name", max_length=100, error_messages={"required": "Enter your name"},
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )  # fmt: skip
    password = forms.CharField(
        label="Choose a password", help_text="At least 12 characters. Three random words are easy to remember.",
        error_messages={"required": "Choose a password"},
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip

    def __init__(self, *args: object, email: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.email = email

    def clean_password(self) -> str:
        """Not too short, not common, not the address."""
        password = str(self.cleaned_data["password"])
        validate_password(password, Person(email=self.email))
        return password


@open_page
def open_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show an invitation; on POST make the account (or use the one there is) and give it the role."""
    invitation = Invitation.open_one(token)
    if invitation is None:
        return render(request, "portal/invitation_gone.html", status=404)
    known = Person.objects.filter(email=invitation.email, is_active=True).first()
    if known is not None:
        return _join(request, invitation, known)
    form = NewAccount(request.POST or None, email=invitation.email)
    if request.method == "POST" and form.is_valid():
        person = Person.objects.create_user(
            invitation.email, form.cleaned_data["password"], name=form.cleaned_data["name"]
        )
        _give(invitation, person)
        login(request, person, backend=SIGN_IN_BACKEND)
        return redirect("home")
    return render(request, "portal/invitation.html", {"invitation": invitation, "form": form, **_place(invitation)})


def _join(request: HttpRequest, invitation: Invitation, person: Person) -> HttpResponse:
    """Somebody with an account signs in, and takes the role on."""
    if request.user != person:
        return render(request, "portal/invitation_sign_in.html", {"invitation": invitation, **_place(invitation)})
    if request.method == "POST":
        _give(invitation, person)
        return redirect("home")
    return render(request, "portal/invitation.html", {"invitation": invitation, "form": None, **_place(invitation)})


def _give(invitation: Invitation, person: Person) -> None:
    Membership.objects.get_or_create(
        person=person, role=invitation.role, school=invitation.school, programme=invitation.programme
    )
    if invitation.role == Role.EVALUATOR and invitation.programme is None:
        for demo in Programme.objects.filter(is_demo=True):  # the demonstration is everybody's who may add programmes
            Membership.objects.get_or_create(person=person, role=Role.EVALUATOR, programme=demo, school=None)
    invitation.used_at, invitation.used_by = timezone.now(), person
    invitation.save(update_fields=["used_at", "used_by"])
    record(person, "role_changed", programme=invitation.programme, target=f"{invitation.role} given by invitation")


def _place(invitation: Invitation) -> dict[str, object]:
    return {"role": Role(invitation.role).label, "place": invitation.school or invitation.programme or "the portal"}
