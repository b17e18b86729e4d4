"""How accounts come about: by invitation only."""

import time

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from django.http import HttpRequest

SIGNED_IN_AT = "signed_in_at"
RECENT_SECONDS = 10 * 60


class InvitedOnly(DefaultAccountAdapter):
    """Nobody signs up; who was invited opens the link of the invitation."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def is_reauthentication_required(self, *, app: str, **_: object) -> bool:
        """Something important asks for the password once more, unless the person has signed in just now."""
        request = context.request
        return request is None or time.time() - request.session.get(SIGNED_IN_AT, 0) > RECENT_SECONDS
