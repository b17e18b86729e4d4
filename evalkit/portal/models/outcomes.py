"""Data releases and reports that were made of a programme."""

import uuid
from pathlib import Path

from django.db import models
from django.utils import timezone

from evalkit.portal.models.people import Person
from evalkit.portal.models.programmes import Programme, School


class Making(models.TextChoices):
    """How far a release or a report is."""

    WAITING = "waiting", "Being made"
    READY = "ready", "Ready"
    FAILED = "failed", "Could not be made"


class DataRelease(models.Model):
    """A frozen folder of tidy tables, as `evalkit release` makes it. `counts` : pupils of each wave, linked."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="releases")
    state = models.CharField(max_length=20, choices=Making.choices, default=Making.WAITING)
    sha256 = models.CharField(max_length=64, blank=True)
    counts = models.JSONField(default=dict, blank=True)
    failure = models.TextField(blank=True)
    made_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-made_at"]

    @property
    def folder(self) -> Path:
        """Where the tables lie."""
        return self.programme.folder / "releases" / str(self.id)


class Report(models.Model):
    """A report of a programme, or of one school in it. Leads and schools see it once it is published to them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="reports")
    school = models.ForeignKey(School, on_delete=models.CASCADE, null=True, blank=True, related_name="reports")
    release = models.ForeignKey(DataRelease, on_delete=models.CASCADE, related_name="reports")
    state = models.CharField(max_length=20, choices=Making.choices, default=Making.WAITING)
    answer = models.TextField(blank=True)
    failure = models.TextField(blank=True)
    made_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    to_leads_at = models.DateTimeField(null=True, blank=True)
    to_schools_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-made_at"]

    @property
    def folder(self) -> Path:
        """Where results.json and the report's files lie."""
        return self.programme.folder / "reports" / str(self.id)
