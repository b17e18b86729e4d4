"""Releases and reports that a worker makes: promise one, promise it again, say how far it is."""

from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction
from django.http import Http404

from evalkit.portal.jobs.queue import enqueue
from evalkit.portal.models import DataRelease, Job, Person, Programme, Report
from evalkit.portal.models.outcomes import Making

Made = TypeVar("Made", DataRelease, Report)


@dataclass(frozen=True, slots=True)
class Progress:
    """State in words, and how far it is.

    Attributes
    ----------
    state : waiting (nobody has begun), running, ready, failed
    step, done, total : what is being done, as the work itself says
    failure : why it failed; empty otherwise
    """

    state: str
    step: str = ""
    done: int = 0
    total: int = 0
    failure: str = ""

    @property
    def is_ready(self) -> bool:
        """Whether it is there."""
        return self.state == "ready"

    @property
    def is_failed(self) -> bool:
        """Whether it will not come by itself."""
        return self.state == "failed"

    @property
    def is_running(self) -> bool:
        """Whether the page should look again."""
        return self.state in ("waiting", "running")


def promise(
    model: type[Made],
    kind: Job.Kind,
    id: UUID,
    *,
    programme: Programme,
    by: Person,
    given: dict[str, Any] | None = None,
) -> Made:
    """The release or report of this id, and the promise to make it, once. Raises Http404 for another programme's id."""
    with transaction.atomic():
        asked = {"programme": programme, "made_by": by, **(given or {})}
        made, fresh = model.objects.get_or_create(pk=id, defaults=asked)
        if made.programme_id != programme.pk:
            raise Http404
        if fresh:
            enqueue(kind, made.pk, programme=programme)
    return made


def promise_again(made: DataRelease | Report, kind: Job.Kind) -> None:
    """Have what failed made once more."""
    type(made).objects.filter(pk=made.pk).update(state=Making.WAITING, failure="")
    enqueue(kind, made.pk, programme=made.programme)


def progress_of(made: DataRelease | Report, kind: Job.Kind) -> Progress:
    """How far it is: its own state where it ended, else what its newest job says."""
    if made.state == Making.READY:
        return Progress("ready")
    job = Job.objects.filter(kind=kind, target=made.pk).order_by("-made_at").first()
    if made.state == Making.FAILED:
        return Progress("failed", failure=made.failure or "It could not be made.")
    if job is None or job.state in (Job.State.FAILED, Job.State.DONE):
        return Progress("failed", failure=(job.failure if job else "") or "It was not made. Try again.")
    if job.state == Job.State.LEASED:
        return Progress("running", job.step, job.done, job.total)
    return Progress("waiting")
