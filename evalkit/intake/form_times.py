"""When a form was filled in and how long it took, from the columns that the form itself writes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from evalkit.intake.findings import Findings
from evalkit.intake.header import Table
from evalkit.intake.known import form_name
from evalkit.intake.normal import counted, plain
from evalkit.records.evaluation import Study
from evalkit.records.standards import load_standards

_STARTS = frozenset(
    (
        "start time", "startdate", "start date", "created", "started", "datestarted", "start date utc", "time started",
    )
)  # fmt: skip
_ENDS = frozenset(
    (
        "completion time", "enddate", "end date", "submitdate", "submit date", "timestamp", "recorded date",
        "recordeddate", "ended", "date last action", "datestamp", "submit date utc", "date submitted",
        "survey timestamp",
    )
)  # fmt: skip
_SECONDS = frozenset(("duration in seconds", "duration", "interviewtime", "total time", "time taken in seconds"))
_STAMP = re.compile(
    r"\s*(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?\s*([ap]m)?)?",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(20\d\d)(?:\s*[/–-]\s*(?:20)?(\d\d))?\Z")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_FEWEST_ITEMS = 5
_ANONYMOUS = datetime(1980, 1, 1)  # what LimeSurvey writes where answers are anonymous
_AUTUMN = 9  # the school year begins in September


@dataclass(frozen=True, slots=True)
class FormTimes:
    """Times of each row.

    Attributes
    ----------
    numbers : rows as the spreadsheet shows them
    stamps : when each was sent off (or begun, where only that is known); None where it is not known
    seconds : how long each took; None where it is not known
    """

    numbers: tuple[int, ...] = ()
    stamps: tuple[datetime | None, ...] = ()
    seconds: tuple[float | None, ...] = ()

    def kept(self, numbers: Sequence[int]) -> "FormTimes":
        """Those of some rows only."""
        wanted = set(numbers)
        kept = [place for place, number in enumerate(self.numbers) if number in wanted]
        return FormTimes(
            tuple(self.numbers[place] for place in kept),
            tuple(self.stamps[place] for place in kept),
            tuple(self.seconds[place] for place in kept),
        )

    @property
    def days(self) -> tuple[str, ...]:
        """First and last day, year-month-day; empty when no row says."""
        known = sorted(stamp for stamp in self.stamps if stamp is not None)
        return (known[0].date().isoformat(), known[-1].date().isoformat()) if known else ()


def form_times(table: Table) -> FormTimes:
    """Read the times before the form's own columns are left out."""
    names = {form_name(column.header): column.index for column in table.columns if column.role == "form"}
    first = next((_stamps(table.cells(index)) for name, index in names.items() if name in _STARTS), None)
    last = next((_stamps(table.cells(index)) for name, index in names.items() if name in _ENDS), None)
    told = next((table.cells(index) for name, index in names.items() if name in _SECONDS), None)
    if first is None and last is None and told is None:
        return FormTimes()
    nothing: list[datetime | None] = [None] * len(table.rows)
    begun, ended = first or nothing, last or nothing
    seconds = [
        (end - start).total_seconds() if start is not None and end is not None and end >= start else None
        for start, end in zip(begun, ended, strict=True)
    ]
    if told is not None:
        seconds = [
            float(cell) if re.fullmatch(r"\d+(?:\.\d+)?", cell) else old
            for cell, old in zip(map(plain, told), seconds, strict=True)
        ]
    stamps = [end or start for start, end in zip(begun, ended, strict=True)]
    return FormTimes(tuple(table.numbers), tuple(stamps), tuple(seconds))


def report_fast(times: FormTimes, items: int, findings: Findings) -> None:
    """Warn of pupils who were faster than anybody can read the questions."""
    limit = load_standards().intake.fast_seconds.value * items
    if items < _FEWEST_ITEMS:
        return
    rows = [
        number
        for number, seconds in zip(times.numbers, times.seconds, strict=True)
        if seconds is not None and 0 < seconds < limit
    ]
    if rows:
        findings.add(
            "warn",
            "answered_fast",
            f"{counted(len(rows), 'pupil')} answered {items} questions in less than {limit:.0f} seconds",
            "They may not have read the questions. If somebody only tried the form out, delete the row. Otherwise "
            "there is nothing to do.",
            rows=rows,
        )


def report_other_year(times: FormTimes, study: Study, findings: Findings) -> None:
    """Warn when all answers were given outside of the programme's year."""
    span = _school_year(study.plan.programme.year or "")
    if not times.days or not span:
        return
    first, last = times.days
    if last < span[0] or first > span[1]:
        findings.add(
            "warn",
            "other_year",
            f"The answers were given {_span_words(first, last)}, but the programme ran in {study.plan.programme.year}",
            "Is this the file of another year? Check that you exported the right form.",
        )


def day_words(day: str) -> str:
    """2026-02-03 as a person writes it: 3 February 2026."""
    date = datetime.fromisoformat(day)
    return f"{date.day} {MONTHS[date.month - 1]} {date.year}"


def _span_words(first: str, last: str) -> str:
    return f"on {day_words(first)}" if first == last else f"between {day_words(first)} and {day_words(last)}"


def _school_year(text: str) -> tuple[str, str] | None:
    """First and last day of 2025/26, or of 2026; None when it is written otherwise."""
    match = _YEAR.fullmatch(text.strip())
    if not match:
        return None
    year = int(match.group(1))
    if match.group(2):
        return f"{year}-0{_AUTUMN}-01", f"{year + 1}-0{_AUTUMN - 1}-31"
    return f"{year}-01-01", f"{year}-12-31"


def _stamps(cells: Sequence[str]) -> list[datetime | None]:
    """Dates with times. 3/4/2026 is the third of April, unless another cell shows that months come first."""
    found = [_STAMP.match(cell) for cell in cells]
    month_first = any(
        one is not None and len(one.group(1)) < 3 and int(one.group(2)) > 12 for one in found
    )  # fmt: skip
    return [_stamp(one, month_first=month_first) if one else None for one in found]


def _stamp(found: re.Match[str], *, month_first: bool) -> datetime | None:
    a, b, c, hour, minute, second, half = found.groups()
    if len(a) == 4:
        year, month, day = int(a), int(b), int(c)
    else:
        year = int(c) + (2000 if len(c) < 3 else 0)
        month, day = (int(a), int(b)) if month_first else (int(b), int(a))
    hours = int(hour or 0) % 12 + (12 if half.casefold() == "pm" else 0) if half else int(hour or 0)
    try:
        stamp = datetime(year, month, day, hours, int(minute or 0), int(second or 0))
    except ValueError:
        return None
    return None if stamp == _ANONYMOUS else stamp
