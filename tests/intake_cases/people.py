"""Cases 51 to 69: pupils, schools and times. No pupil or school exists; all answers are made up."""

import datetime
from pathlib import Path

from evalkit.records.identifiers import upn_check_letter
from tests.intake_cases.cases import Sent, case
from tests.intake_cases.study import make_study
from tests.intake_cases.tables import Rows, rows, sent, written

PSEUDONYMS = """\
data_protection: {controller: A school, lawful_basis: public task, pseudonymise: true}
"""
CLASS = """\
subgroups: [{id: class_group, label: Class, headers: [Class]}]
"""
YEAR = """\
subgroups: [{id: year_group, label: Year group, headers: [Year], values: {R: Reception, '1': Year 1, '2': Year 2}}]
"""
SCHOOL = """\
subgroups: [{id: urn, label: School, headers: [URN]}]
"""


def coded(codes: list[str]) -> list[list[object]]:
    """The table with other codes."""
    content = rows(len(codes))
    return [content[0], *([code, *row[1:]] for code, row in zip(codes, content[1:], strict=True))]


def with_column(heading: str, cells: list[object], *, content: Rows | None = None) -> list[list[object]]:
    """The table with one more column."""
    table = content or rows(len(cells))
    return [[*row, cell] for row, cell in zip(table, [heading, *cells], strict=True)]


def both(folder: Path, first: Rows, last: Rows, *, more: str = "", year: str = "") -> Sent:
    """A file for each wave."""
    before, after = written(folder, first, "autumn"), written(folder, last, "summer")
    return Sent(make_study(folder, more=more, year=year), ((before, "pre"), (after, "post")))


def later(content: Rows) -> list[list[object]]:
    """The same pupils with other answers."""
    return [list(content[0]), *([row[0], *(6 - int(str(one)) for one in row[1:9]), *row[9:]] for row in content[1:])]


def upns(count: int) -> list[str]:
    """Made-up UPNs with right check letters."""
    bodies = [f"8012000050{place:02}" for place in range(count)]
    return [f"{upn_check_letter(body)}{body}" for body in bodies]


@case("52", "E", "upn_pattern")
def upn_wrong(folder: Path) -> Sent:
    """A UPN has the letter O in place of a zero."""
    codes = upns(12)
    codes[4] = codes[4][:5] + "O" + codes[4][6:]
    return sent(folder, coded(codes), study=make_study(folder, more=PSEUDONYMS))


@case("52_letter", "W", "upn_letter")
def upn_letter(folder: Path) -> Sent:
    """The check letter of a UPN does not go with its digits."""
    codes = upns(12)
    codes[4] = ("A" if codes[4][0] != "A" else "B") + codes[4][1:]
    return sent(folder, coded(codes), study=make_study(folder, more=PSEUDONYMS))


@case("53", "A", "pupil_twice")
def twice(folder: Path) -> Sent:
    """One pupil stands twice, with different answers."""
    content = rows()
    content[6][0] = content[2][0]
    return sent(folder, content)


@case("54", "W", "only_in_one_wave")
def one_wave(folder: Path) -> Sent:
    """Two pupils answered only the first time."""
    return both(folder, rows(), later(rows())[:-2])


@case("55", "A", "codes_alike")
def mistyped(folder: Path) -> Sent:
    """A code is mistyped the second time: the letter O for a zero."""
    codes = [f"KL{place}{place * 7 % 10}X{place * 3 % 10}" for place in range(12)]
    last = later(coded(codes))
    last[1][0] = str(last[1][0]).replace("0", "O", 1)
    return both(folder, coded(codes), last)


@case("56", "A", "pupil_twice")
def siblings(folder: Path) -> Sent:
    """Two siblings in two classes use one code."""
    content = with_column("Class", ["5A", "6B"] * 6, content=rows())
    content[2][0] = content[1][0]
    return sent(folder, content, study=make_study(folder, more=CLASS))


@case("57", "W", "fact_differs")
def moved(folder: Path) -> Sent:
    """A pupil moved to another school between the two times."""
    first = with_column("URN", ["100001", "100002"] * 6, content=rows())
    last = later(first)
    last[1][9] = "100002"
    return both(folder, first, last, more=SCHOOL)


@case("58", "E", "other_school")
def another_school(folder: Path) -> Sent:
    """Three rows have the URN of another school than the one that sends the file."""
    content = with_column("URN", ["100001"] * 9 + ["100002"] * 3, content=rows())
    return sent(folder, content, school="100001")


@case("59", "F", "personal_columns_dropped")
def names(folder: Path) -> Sent:
    """Names and e-mail addresses stand in the file."""
    content = [["Name", "Email", *rows()[0]]]
    content += [[f"Test Pupil{place}", f"p{place}@school.example", *row] for place, row in enumerate(rows()[1:])]
    return sent(folder, content)


@case("60", "W", "free_text")
def free_text(folder: Path) -> Sent:
    """A comment names a child of the list."""
    words = [
        "I like it when we read together outside", "Zedric was mean to me at lunch again", "nothing more to say today",
        "the calm corner helps me a lot", "I would like more time for drawing", "we should do this every week please",
    ]  # fmt: skip
    content = with_column("Anything else?", words, content=rows(6))
    named = [[f"Zedric{place or ''} Test", *row] for place, row in enumerate(content[1:])]
    return sent(folder, [["Name", *content[0]], *named])


@case("61", "W", "small_groups")
def small_class(folder: Path) -> Sent:
    """One class has two pupils."""
    content = with_column("Class", ["5A"] * 10 + ["5C"] * 2, content=rows())
    return sent(folder, content, study=make_study(folder, more=CLASS))


@case("62", "W", "group_absent")
def class_absent(folder: Path) -> Sent:
    """A whole class is missing the second time."""
    first = with_column("Class", ["5A", "5B", "5C"] * 4, content=rows())
    return both(folder, first, [row for row in later(first) if row[9] != "5C"], more=CLASS)


@case("64", "F", "year_group_read")
def year_groups(folder: Path) -> Sent:
    """Year groups stand as Y1, Yr 2 and Reception where the plan has 1, 2 and R."""
    content = with_column("Year", ["Y1", "Yr 2", "Reception"] * 4, content=rows())
    return sent(folder, content, study=make_study(folder, more=YEAR))


@case("65", "A", "blank_value")
def fsm_blank(folder: Path) -> Sent:
    """Free school meals are marked with Y or 1, and else left blank."""
    content = with_column("FSM", ["Y", "", "1", ""] * 3, content=rows())
    return sent(folder, content, study=make_study(folder, fsm=True))


@case("65_words", "A", "unknown_value")
def fsm_words(folder: Path) -> Sent:
    """Free school meals are written in words that the plan does not know."""
    content = with_column("FSM", ["Ever 6", "N", "Y", "N"] * 3, content=rows())
    return sent(folder, content, study=make_study(folder, fsm=True))


@case("65_yes", "F", "yes_no_read")
def fsm_yes(folder: Path) -> Sent:
    """Free school meals are written with other words for yes and no than the plan's."""
    content = with_column("FSM", ["TRUE", "FALSE", "T", "F"] * 3, content=rows())
    return sent(folder, content, study=make_study(folder, fsm=True))


@case("66", "A", "same_file_twice")
def same_file(folder: Path) -> Sent:
    """The file of the first time was sent for the second time too."""
    return both(folder, rows(), rows())


@case("66_days", "A", "waves_exchanged")
def exchanged(folder: Path) -> Sent:
    """The files of the two times were exchanged: the form's own dates say so."""
    first, last = _stamped(rows(), datetime.date(2026, 6, 8)), _stamped(later(rows()), datetime.date(2025, 10, 6))
    return both(folder, first, last)


@case("67", "W", "other_year")
def last_year(folder: Path) -> Sent:
    """Last year's file was sent."""
    content = _stamped(rows(), datetime.date(2024, 10, 7))
    return sent(folder, content, study=make_study(folder, year="2025/26"))


def _stamped(content: Rows, day: datetime.date) -> list[list[object]]:
    """With the time stamps of a form."""
    lines = [[f"{day:%d/%m/%Y} 09:{place:02}:00", *row] for place, row in enumerate(content[1:])]
    return [["Timestamp", *content[0]], *lines]
