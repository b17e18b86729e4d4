"""A time in which the pupils of a school answer a wave's questionnaire in the browser."""

import secrets
import uuid
from datetime import datetime, timedelta
from pathlib import Path

from django.db import models
from django.utils import timezone

from evalkit.portal.models.people import Person
from evalkit.portal.models.programmes import Participation, Programme, School
from evalkit.portal.models.uploads import SurveyUpload

MOST_WRONG_CODES = 30
WRONG_WITHIN = timedelta(hours=1)


def new_token() -> str:
    """The random part of a round's link."""
    return secrets.token_urlsafe(16)


class AnsweringRound(models.Model):
    """One round of one school for one wave.

    The database holds no codes and no answers: those lie in `folder`, a file for each pupil, until the round is closed
    and they become a survey file like any other. The link is shown again on the school's page, so its token is kept.

    `upload` : the file that the answers became; `wrong_codes`, `wrong_since` : how many codes were mistyped within the
    running hour.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    place = models.ForeignKey(Participation, on_delete=models.CASCADE, related_name="+")
    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="rounds")
    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="rounds")
    wave = models.CharField(max_length=60)
    token = models.CharField(max_length=40, unique=True, default=new_token)
    opened_at = models.DateTimeField(default=timezone.now)
    opened_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    closes_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    upload = models.ForeignKey(SurveyUpload, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    wrong_codes = models.PositiveIntegerField(default=0)
    wrong_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["programme", "school", "wave"], condition=models.Q(closed_at=None), name="one_open_round"
            )
        ]

    @property
    def folder(self) -> Path:
        """Where the answers lie while the round is open."""
        return self.programme.folder / "answers" / str(self.school_id) / str(self.id)

    @property
    def takes_answers(self) -> bool:
        """Whether pupils may answer now."""
        return self.closed_at is None and timezone.now() < self.closes_at

    @property
    def is_paused(self) -> bool:
        """Whether so many codes were wrong that somebody may be guessing."""
        return self.wrong_codes >= MOST_WRONG_CODES and not self._hour_is_over(timezone.now())

    def count_wrong_code(self) -> None:
        """Count one more wrong code; the count begins anew an hour after its first."""
        now = timezone.now()
        if self._hour_is_over(now):
            self.wrong_codes, self.wrong_since = 0, now
        self.wrong_codes += 1
        self.save(update_fields=["wrong_codes", "wrong_since"])

    def _hour_is_over(self, now: datetime) -> bool:
        return self.wrong_since is None or now - self.wrong_since > WRONG_WITHIN
