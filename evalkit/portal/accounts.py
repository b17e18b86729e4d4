"""How accounts come about: by invitation only."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class InvitedOnly(DefaultAccountAdapter):
    """Nobody signs up; who was invited opens the link of the invitation."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False
