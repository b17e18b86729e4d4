"""Signing in, out and in vain goes into the portal's audit log."""

from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver

from evalkit.portal.models import Person
from evalkit.portal.record import record


@receiver(user_logged_in)
def signed_in(user: Person, **_: Any) -> None:
    """A person signed in."""
    record(user, "login")
