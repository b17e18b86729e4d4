"""Work that is done behind the pages: checks, releases, reports. A row is the promise that it will be done."""

import uuid

from django.db import models
from django.utils import timezone

from evalkit.portal.models.programmes import Programme, School


class Job(models.Model):
    """One piece of work.

    `target` is the id of the upload, release or report; `lease_until` is when another worker may take it over, should
    this one have died.
    """

    class Kind(models.TextChoices):
        """What is to be done."""

        CHECK = "check", "Check a file"
        RELEASE = "release", "Make a data release"
        REPORT = "report", "Make a report"

    class State(models.TextChoices):
        """How far it is."""

        WAITING = "waiting", "Waiting"
        LEASED = "leased", "Being done"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    target = models.UUIDField()
    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="jobs")
    school = models.ForeignKey(School, on_delete=models.CASCADE, null=True, blank=True, related_name="jobs")
    state = models.CharField(max_length=20, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=80, blank=True)
    step = models.CharField(max_length=200, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    failure = models.TextField(blank=True)
    made_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["state", "not_before"], name="job_next")]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "target"], condition=models.Q(state__in=["waiting", "leased"]), name="one_open_job"
            )
        ]
