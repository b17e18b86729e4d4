"""What goes into the audit logs: who did what to which object; never a code, a name of a pupil, or a cell."""

from pathlib import Path

from django.conf import settings

from evalkit.custody.audit import Action, audit
from evalkit.portal.models import Person, Programme


def record(
    person: Person | None,
    action: Action,
    *,
    programme: Programme | None = None,
    target: str = "",
    sha256: str = "",
    counts: dict[str, int] | None = None,
    reason: str = "",
) -> None:
    """Write one line into the log of a programme, or of the portal where no programme is meant."""
    folder = programme.folder if programme else Path(settings.DATA)
    audit(
        folder, action, target=target, sha256_of_target=sha256, counts=counts, reason=reason,
        who=person.email if person else "nobody",
    )  # fmt: skip
