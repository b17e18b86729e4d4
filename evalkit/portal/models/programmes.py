"""Programmes, schools, and which school takes part in which programme."""

import uuid
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils import timezone

if TYPE_CHECKING:
    from evalkit.records.evaluation import Study


@lru_cache(maxsize=32)
def _study(folder: Path, changed: int) -> "Study":
    """A plan, kept in memory until one of the YAML files beside it changes."""
    from evalkit.records.evaluation import load_evaluation  # heavy: most pages need no plan

    return load_evaluation(folder)


class School(models.Model):
    """A school, known by its URN."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    urn = models.CharField(max_length=6, unique=True)
    name = models.CharField(max_length=200)

    class Meta:
        ordering = ["name", "urn"]

    def __str__(self) -> str:
        return self.name


class Programme(models.Model):
    """A programme that is evaluated. Its plan, uploads, releases and reports lie in its own folder.

    `title` and `plan_id` repeat the plan, so that a list of programmes opens no file.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    plan_id = models.CharField(max_length=60)
    title = models.CharField(max_length=200)
    is_demo = models.BooleanField(default=False)
    made_at = models.DateTimeField(default=timezone.now)
    schools = models.ManyToManyField(School, through="Participation", related_name="programmes")

    class Meta:
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title

    @property
    def folder(self) -> Path:
        """Where the plan and all data of the programme lie."""
        return Path(settings.DATA) / "programmes" / str(self.id)

    @cached_property
    def study(self) -> "Study":
        """The plan with its instruments. Raises SpecError when it cannot be read."""
        files = [path for path in self.folder.glob("*.yaml") if path.is_file()]
        return _study(self.folder, max((path.stat().st_mtime_ns for path in files), default=0))


class Participation(models.Model):
    """A school takes part in a programme. `due` is the day by which each wave is wanted, by the wave's id."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="participations")
    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="participations")
    invited_at = models.DateTimeField(null=True, blank=True)
    due = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["programme", "school"], name="takes_part_once")]
