"""Where a school stands in a programme: its files of each wave, who is matched, what is still missing."""

from collections import Counter
from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from evalkit.custody.data_lock import DataLock, data_lock
from evalkit.portal.confirmed import COUNTED
from evalkit.portal.found import pupils_of
from evalkit.portal.models import Participation, Programme, School, SurveyUpload
from evalkit.records.evaluation_parts import Wave

State = SurveyUpload.State
TAGS = {
    State.LANDED: "wait", State.UNREADABLE: "bad", State.PROBLEMS: "bad", State.QUESTIONS: "ask", State.READY: "ask",
    State.CONFIRMED: "good", State.REPLACED: "", State.UNDONE: "",
}  # fmt: skip


_WAITING = (State.LANDED, State.READY)


@dataclass(frozen=True, slots=True)
class WaveStanding:
    """One wave of a school.

    Attributes
    ----------
    uploads : its files, newest first
    due : when the answers are wanted; None where nobody said
    pupils : how many stand in confirmed files
    late : whether nothing is confirmed and the day is over
    """

    wave: Wave
    uploads: tuple[SurveyUpload, ...]
    due: date | None
    pupils: int
    late: bool

    @property
    def is_done(self) -> bool:
        """Whether a file is confirmed."""
        return any(one.state == State.CONFIRMED for one in self.uploads)

    @property
    def open_upload(self) -> SurveyUpload | None:
        """The file that somebody must still do something about: the newest, or an older one that only waits.

        An older file with problems was most likely sent again; one that is ready may be another class, forgotten.
        """
        waiting = [
            one for place, one in enumerate(self.uploads) if one.is_open and (place == 0 or one.state in _WAITING)
        ]
        return next(iter(waiting), None)

    @property
    def word(self) -> str:
        """How far the wave is."""
        upload = self.open_upload
        if upload is not None:
            return State(upload.state).label
        return "Confirmed" if self.is_done else ("Overdue" if self.late else "Nothing sent yet")

    @property
    def tag(self) -> str:
        """The colour of the word."""
        upload = self.open_upload
        if upload is not None:
            return TAGS[State(upload.state)]
        return "good" if self.is_done else ("bad" if self.late else "")


@dataclass(frozen=True, slots=True)
class ClassMissing:
    """Pupils of one class who answered the first time, and how many of them are missing the last time."""

    name: str
    first: int
    missing: int


@dataclass(frozen=True, slots=True)
class Completeness:
    """Who is in which wave, from confirmed files.

    Attributes
    ----------
    pupils : wave -> pupils
    matched : pupils in the first and in the last wave
    only_first, only_last : pupils in one of them alone
    classes : where the file has classes, those in which somebody is missing the last time
    """

    pupils: dict[str, int]
    matched: int
    only_first: int
    only_last: int
    classes: tuple[ClassMissing, ...] = ()

    @property
    def has_any(self) -> bool:
        """Whether anything is confirmed."""
        return any(self.pupils.values())

    @property
    def has_both(self) -> bool:
        """Whether the first and the last wave have pupils."""
        return bool((self.matched or self.only_first) and (self.matched or self.only_last))

    @property
    def matched_percent(self) -> int | None:
        """Of the pupils of the first wave, how many are in the last one; None before both are there."""
        return round(100 * self.matched / (self.matched + self.only_first)) if self.has_both else None


@dataclass(frozen=True, slots=True)
class Standing:
    """A school in a programme."""

    programme: Programme
    school: School
    waves: tuple[WaveStanding, ...]
    completeness: Completeness
    lock: DataLock | None


def standing(programme: Programme, school: School) -> Standing:
    """Where a school stands. Raises SpecError when the plan cannot be read."""
    rows = list(
        SurveyUpload.objects.filter(programme=programme, school=school).select_related("by", "confirmed_by", "school")
    )
    for row in rows:
        row.programme = programme
    return from_rows(Participation.objects.select_related("school").get(programme=programme, school=school), rows)


def from_rows(taken: Participation, rows: list[SurveyUpload]) -> Standing:
    """Where a school stands, from its files in a programme, newest first."""
    study = taken.programme.study
    whole = completeness([one for one in rows if one.state in COUNTED], [wave.id for wave in study.plan.waves])
    waves = tuple(
        _wave(wave, [one for one in rows if one.wave == wave.id], taken, whole.pupils.get(wave.id, 0))
        for wave in study.plan.waves
    )
    return Standing(taken.programme, taken.school, waves, whole, data_lock(study))


def completeness(confirmed: list[SurveyUpload], waves: list[str]) -> Completeness:
    """Who is in which wave.

    Parameters
    ----------
    confirmed : files of one school in one programme
    waves : ids in the plan's order
    """
    keys: dict[str, set[str]] = {wave: set() for wave in waves}
    classes: dict[str, str] = {}
    for upload in sorted(confirmed, key=lambda one: one.confirmed_at or one.at):
        for one in pupils_of(upload):
            keys.setdefault(one["wave"], set()).add(one["key"])
            if one.get("class") and one["wave"] == waves[0]:
                classes[one["key"]] = one["class"]
    first, last = keys[waves[0]], keys[waves[-1]]
    sizes = Counter(classes[key] for key in first if key in classes)
    gone = Counter(classes[key] for key in first - last if key in classes)
    missing = tuple(ClassMissing(name, sizes[name], gone[name]) for name in sorted(gone)) if last else ()
    counts = {wave: len(found) for wave, found in keys.items()}
    return Completeness(counts, len(first & last), len(first - last), len(last - first), missing)


def _wave(wave: Wave, uploads: list[SurveyUpload], taken: Participation, pupils: int) -> WaveStanding:
    due = _day(taken.due.get(wave.id))
    done = any(one.state == State.CONFIRMED for one in uploads)
    late = due is not None and due < timezone.localdate() and not done
    return WaveStanding(wave, tuple(uploads), due, pupils, late)


def _day(text: object) -> date | None:
    try:
        return date.fromisoformat(str(text)) if text else None
    except ValueError:
        return None
