"""Signing in, out and in vain goes into the portal's audit log."""

import time
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest
from django.urls import reverse

from evalkit.errors import SpecError
from evalkit.portal.accounts import SIGNED_IN_AT
from evalkit.portal.models import Person
from evalkit.portal.record import record


def password_link(email: str) -> str:
    """The path of a one-time link with which a person chooses a new password.

    Raises
    ------
    SpecError
        There is no such account.
    """
    person = Person.objects.filter(email=email.strip().lower(), is_active=True).first()
    if person is None:
        raise SpecError(f"{email}: there is no account with this address. Invite the person instead.")
    key = default_token_generator.make_token(person)
    record(None, "role_changed", target="a link for a new password was made on the server")
    return reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(person), "key": key})


@receiver(user_logged_in)
def signed_in(user: Person, request: HttpRequest, **_: Any) -> None:
    """A person signed in."""
    request.session[SIGNED_IN_AT] = time.time()
    record(user, "login")
