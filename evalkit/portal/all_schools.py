"""How every school of a programme stands, and how far its people are: what an evaluator looks at."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from evalkit.portal.models import Invitation, Membership, Programme, SurveyUpload
from evalkit.portal.standing import Standing, from_rows

_NOBODY = ("Not invited", "", ())


@dataclass(frozen=True, slots=True)
class SchoolRow:
    """One school: how far its people are (words, colour, e-mails), and where it stands."""

    people: str
    people_tag: str
    emails: tuple[str, ...]
    standing: Standing

    @property
    def is_complete(self) -> bool:
        """Whether every wave is confirmed."""
        return all(one.is_done for one in self.standing.waves)

    @property
    def is_late(self) -> bool:
        """Whether a day has passed and nothing is confirmed."""
        return any(one.late for one in self.standing.waves)


@dataclass(frozen=True, slots=True)
class Totals:
    """Over all schools: label, schools done and pupils of each wave; matched pupils and those of the first wave."""

    waves: tuple[tuple[str, int, int], ...]
    matched: int
    first: int
    late: int
    complete: int

    @property
    def matched_percent(self) -> int | None:
        """Of the pupils of the first wave in a hundred; None before both waves are there."""
        return round(100 * self.matched / self.first) if self.first else None


def all_schools(programme: Programme) -> list[SchoolRow]:
    """Every school of a programme, by name. Raises SpecError when the plan cannot be read."""
    files: dict[object, list[SurveyUpload]] = {}
    for upload in programme.uploads.order_by("-at"):
        upload.programme = programme
        files.setdefault(upload.school_id, []).append(upload)
    people = _people(programme)
    found: list[SchoolRow] = []
    for taken in programme.participations.select_related("school").order_by("school__name", "school__urn"):
        taken.programme = programme
        words, tag, emails = people.get(taken.school_id, _NOBODY)
        found.append(SchoolRow(words, tag, emails, from_rows(taken, files.get(taken.school_id, []))))
    return found


def totals(programme: Programme, schools: Sequence[SchoolRow]) -> Totals:
    """What all schools together have. Pupils of schools with both waves count as matched or not."""
    waves = tuple(
        (
            wave.label,
            sum(one.standing.waves[place].is_done for one in schools),
            sum(one.standing.waves[place].pupils for one in schools),
        )
        for place, wave in enumerate(programme.study.plan.waves)
    )
    both = [one.standing.completeness for one in schools if one.standing.completeness.has_both]
    matched = sum(one.matched for one in both)
    return Totals(
        waves, matched, matched + sum(one.only_first for one in both), sum(one.is_late for one in schools),
        sum(one.is_complete for one in schools),
    )  # fmt: skip


def _people(programme: Programme) -> dict[object, tuple[str, str, tuple[str, ...]]]:
    """How far the people of each school are, and their e-mails."""
    schools = list(programme.participations.values_list("school_id", flat=True))
    found: dict[object, tuple[str, str, tuple[str, ...]]] = {}
    for one in Invitation.objects.filter(programme=programme, school__in=schools, used_at=None).order_by("expires_at"):
        words, tag = ("Invited", "wait") if one.expires_at > timezone.now() else ("Invitation ran out", "bad")
        emails = found.get(one.school_id, _NOBODY)[2]
        found[one.school_id] = (words, tag, tuple(dict.fromkeys([*emails, one.email])))
    here = Q(programme=programme) | Q(programme=None)
    for one in Membership.objects.filter(here, school__in=schools).select_related("person"):
        emails = found.get(one.school_id, _NOBODY)[2]
        found[one.school_id] = ("Joined", "good", tuple(dict.fromkeys([*emails, one.person.email])))
    return found
