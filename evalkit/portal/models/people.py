"""People, what they may do and where, and the invitations by which they came."""

import hashlib
import secrets
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils import timezone

INVITATION_DAYS = 14


class Role(models.TextChoices):
    """What a person may do. A role holds at one place: a school, a programme, or (officer, operator) the portal."""

    UPLOADER = "uploader", "School uploader"
    SCHOOL_LEAD = "school_lead", "School lead"
    PROGRAMME_LEAD = "programme_lead", "Programme lead"
    EVALUATOR = "evaluator", "Evaluator"
    OFFICER = "officer", "Data protection officer"
    OPERATOR = "operator", "Operator"


SCHOOL_ROLES = (Role.UPLOADER, Role.SCHOOL_LEAD)
PROGRAMME_ROLES = (Role.PROGRAMME_LEAD, Role.EVALUATOR)


class People(BaseUserManager["Person"]):
    """Makes accounts; an e-mail address stands for one person, whatever its capitals."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "Person":
        """Make an account; without a password nobody can sign in to it."""
        person = self.model(email=email.strip().lower(), **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def get_by_natural_key(self, email: str) -> "Person":
        """The account of an address."""
        return self.get(email=email.strip().lower())


class Person(AbstractBaseUser):
    """An account. It may do nothing until it has a membership."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=100, blank=True)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(default=timezone.now)

    objects = People()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: list[str] = []

    def __str__(self) -> str:
        return self.name or self.email


class Membership(models.Model):
    """One role of one person at one place.

    School roles name a school, and a programme where the role is for that one only. An evaluator without a programme
    may add programmes, and sees none that others added.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)
    school = models.ForeignKey("School", on_delete=models.CASCADE, null=True, blank=True, related_name="memberships")
    programme = models.ForeignKey(
        "Programme", on_delete=models.CASCADE, null=True, blank=True, related_name="memberships"
    )
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "role", "school", "programme"], name="one_role_at_both"),
            models.UniqueConstraint(
                fields=["person", "role", "school"], condition=models.Q(programme=None), name="one_role_at_school"
            ),
            models.UniqueConstraint(
                fields=["person", "role", "programme"], condition=models.Q(school=None), name="one_role_at_programme"
            ),
            models.UniqueConstraint(
                fields=["person", "role"], condition=models.Q(school=None, programme=None), name="one_role_anywhere"
            ),
            models.CheckConstraint(
                condition=(
                    models.Q(role__in=[Role.UPLOADER, Role.SCHOOL_LEAD], school__isnull=False)
                    | models.Q(role=Role.PROGRAMME_LEAD, school__isnull=True, programme__isnull=False)
                    | models.Q(role=Role.EVALUATOR, school__isnull=True)
                    | models.Q(role__in=[Role.OFFICER, Role.OPERATOR], school__isnull=True, programme__isnull=True)
                ),
                name="role_at_its_place",
            ),
        ]


class Invitation(models.Model):
    """A link that makes one account one role, once. Only the hash of its token is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    token_sha256 = models.CharField(max_length=64, unique=True)
    email = models.EmailField()
    role = models.CharField(max_length=20, choices=Role.choices)
    school = models.ForeignKey("School", on_delete=models.CASCADE, null=True, blank=True, related_name="invitations")
    programme = models.ForeignKey(
        "Programme", on_delete=models.CASCADE, null=True, blank=True, related_name="invitations"
    )
    made_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    used_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    @classmethod
    def make(
        cls, *, email: str, role: Role, school: Any = None, programme: Any = None, made_by: Person | None = None
    ) -> tuple["Invitation", str]:
        """Keep an invitation; returns it with the token, which is shown once and kept nowhere."""
        token = secrets.token_urlsafe(32)
        made = cls.objects.create(
            token_sha256=hash_of(token), email=email.strip().lower(), role=role, school=school, programme=programme,
            made_by=made_by, expires_at=timezone.now() + timedelta(days=INVITATION_DAYS),
        )  # fmt: skip
        return made, token

    @classmethod
    def open_one(cls, token: str, *, now: datetime | None = None) -> "Invitation | None":
        """The invitation of a token, unless it was used or is too old. Locks its row until the transaction ends."""
        found = cls.objects.select_for_update().filter(token_sha256=hash_of(token), used_at__isnull=True)
        return found.filter(expires_at__gt=now or timezone.now()).first()


def hash_of(token: str) -> str:
    """What is kept of a token: 256 random bits need no salt."""
    return hashlib.sha256(token.encode()).hexdigest()
