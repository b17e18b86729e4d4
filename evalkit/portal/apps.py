"""The portal as a Django application."""

from django.apps import AppConfig


class Portal(AppConfig):
    """Registers the models under the label `portal`, and the audit of signing in and out."""

    name = "evalkit.portal"
    label = "portal"
    verbose_name = "evalkit portal"

    def ready(self) -> None:
        """Listen to sign-ins."""
        from evalkit.portal import signing  # noqa: F401 - its receivers register themselves
