"""The queue: promise a piece of work, take the next one on a lease, say how it ended."""

from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone

from evalkit.portal.models import Job, Programme, School

LEASE = timedelta(seconds=90)
MOST_ATTEMPTS = 3


def enqueue(kind: Job.Kind, target: UUID, *, programme: Programme, school: School | None = None) -> Job:
    """Promise a piece of work; one that is open already for the same target is that promise."""
    try:
        with transaction.atomic():
            return Job.objects.create(kind=kind, target=target, programme=programme, school=school)
    except IntegrityError:
        return Job.objects.get(kind=kind, target=target, state__in=[Job.State.WAITING, Job.State.LEASED])


def take(worker: str) -> Job | None:
    """Take the next piece of work on a lease: checks before releases and reports, then the oldest.

    A lease that ran out belonged to a worker that died; the work is taken again, and after `MOST_ATTEMPTS` it failed.
    Call it within `tenancy.everything()`.
    """
    now = timezone.now()
    free = models.Q(state=Job.State.WAITING, not_before__lte=now) | models.Q(
        state=Job.State.LEASED, lease_until__lt=now
    )
    rows = Job.objects.select_for_update(skip_locked=True) if connection.vendor == "postgresql" else Job.objects
    first = models.Case(models.When(kind=Job.Kind.CHECK, then=0), default=1)
    job = rows.filter(free).order_by(first, "made_at").first()
    if job is None:
        return None
    if job.attempts >= MOST_ATTEMPTS:
        end(job, failure="The work was begun three times and did not end. Try again, or ask the operator.")
        return take(worker)
    job.state, job.worker, job.attempts, job.lease_until = Job.State.LEASED, worker, job.attempts + 1, now + LEASE
    job.save(update_fields=["state", "worker", "attempts", "lease_until"])
    return job


def renew(job: Job, *, step: str = "", done: int = 0, total: int = 0) -> bool:
    """Say that the work goes on, and how far it is; False when the lease was lost to another worker."""
    fresh = {"lease_until": timezone.now() + LEASE} | ({"step": step, "done": done, "total": total} if step else {})
    held = Job.objects.filter(pk=job.pk, state=Job.State.LEASED, worker=job.worker, attempts=job.attempts)
    return held.update(**fresh) == 1


def end(job: Job, *, failure: str = "") -> bool:
    """Say how the work ended; False when the lease was lost to another worker, whose ending then counts."""
    held = Job.objects.filter(pk=job.pk, worker=job.worker, attempts=job.attempts).exclude(state=Job.State.DONE)
    return (
        held.update(
            state=Job.State.FAILED if failure else Job.State.DONE, failure=failure, lease_until=None,
            ended_at=timezone.now(),
        )
        == 1
    )  # fmt: skip


def again_later(job: Job, *, seconds: float) -> None:
    """Put the work back, for something that may be better in a while: a full disk, a lost connection."""
    Job.objects.filter(pk=job.pk, worker=job.worker, attempts=job.attempts).update(
        state=Job.State.WAITING, lease_until=None, not_before=timezone.now() + timedelta(seconds=seconds)
    )
