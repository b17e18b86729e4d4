"""A survey file that a school sent, and how far it came."""

import uuid
from pathlib import Path

from django.db import models
from django.utils import timezone

from evalkit.portal.models.people import Person
from evalkit.portal.models.programmes import Programme, School

CHECK_FILE = "check.json"
MARKED_FILE = "marked.xlsx"


class SurveyUpload(models.Model):
    """One file of one school for one wave.

    The file, what was found in it (`check.json`) and the marked file lie in `folder`; the database holds counts only,
    no codes, no cells. `counts` : rows, pupils, error, ask, warn, fixed (numbers of problems of each severity).
    """

    class State(models.TextChoices):
        """How far a file came."""

        LANDED = "landed", "Being checked"
        UNREADABLE = "unreadable", "Cannot be read"
        QUESTIONS = "questions", "Has questions for you"
        PROBLEMS = "problems", "Needs mending"
        READY = "ready", "Ready to confirm"
        CONFIRMED = "confirmed", "Confirmed"
        REPLACED = "replaced", "Replaced by a later file"
        UNDONE = "undone", "Taken back"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="uploads")
    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="uploads")
    wave = models.CharField(max_length=60)
    state = models.CharField(max_length=20, choices=State.choices, default=State.LANDED)
    file_name = models.CharField(max_length=200)
    suffix = models.CharField(max_length=10)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    form = models.CharField(max_length=64, blank=True)
    counts = models.JSONField(default=dict, blank=True)
    by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    receipt = models.CharField(max_length=20, blank=True)
    confirmed_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-at"]
        indexes = [models.Index(fields=["programme", "school", "wave", "state"], name="upload_place")]

    @property
    def is_open(self) -> bool:
        """Whether it was never confirmed: somebody must still do something about it, or remove it."""
        return self.state not in (self.State.CONFIRMED, self.State.REPLACED, self.State.UNDONE)

    @property
    def folder(self) -> Path:
        """Where the file lies, under a name that nobody chose."""
        return self.programme.folder / "uploads" / str(self.school_id) / str(self.id)

    @property
    def path(self) -> Path:
        """The file as it was sent."""
        return self.folder / f"survey{self.suffix}"
