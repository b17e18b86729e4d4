"""Cases 15 to 27: sheets, headings and columns. All answers are made up."""

from collections.abc import Sequence
from pathlib import Path

import openpyxl

from evalkit.records.evaluation import Study
from tests.intake_cases.cases import Sent, case
from tests.intake_cases.files import ITEMS, saved, table, text, workbook
from tests.intake_cases.study import make_study

Rows = Sequence[Sequence[object]]
PUPILS = 12
LABELS = ("", "Strongly disagree", "Disagree", "Neither agree nor disagree", "Agree", "Strongly agree")
QUESTIONS = (
    "I stay calm in tests.", "I breathe slowly when I'm cross.", "I sleep well before school.", "I worry a lot.",
    "I think before I act.", "I get upset quickly.", "I feel safe here.", "I can wait for my turn.",
)  # fmt: skip


def rows(pupils: int = PUPILS, *, headers: Sequence[str] = ITEMS) -> list[list[object]]:
    """A header row and a row per pupil."""
    return table(pupils, headers=headers)


def sent(
    folder: Path,
    content: Rows | str | bytes | openpyxl.Workbook,
    *,
    wave: str | None = "pre",
    study: Study | None = None,
    name: str = "survey",
    school: str | None = None,
) -> Sent:
    """One file for a study."""
    return Sent(study or make_study(folder), ((written(folder, content, name), wave),), school)


def written(folder: Path, content: Rows | str | bytes | openpyxl.Workbook, name: str) -> Path:
    """Write rows or text as CSV, a workbook as XLSX."""
    if isinstance(content, openpyxl.Workbook):
        data, ending = saved(content), "xlsx"
    elif isinstance(content, bytes):
        data, ending = content, "csv"
    else:
        data, ending = (content if isinstance(content, str) else text(content)).encode("utf-8"), "csv"
    path = folder / f"{name}.{ending}"
    path.write_bytes(data)
    return path


def sheets(tables: dict[str, Rows]) -> openpyxl.Workbook:
    """A workbook of several sheets."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, content in tables.items():
        sheet = book.create_sheet(name)
        for row in content:
            sheet.append(list(row))
    return book


@case("15", "F", "rows_above")
def titles(folder: Path) -> Sent:
    """A title and the date of the export stand above the headings."""
    return sent(folder, [["Calm survey, Year 5"], ["Exported on 3 March"], [], *rows()])


@case("16", "F", "several_heading_rows")
def three_heading_rows(folder: Path) -> Sent:
    """Three rows of headings, as Qualtrics exports them."""
    heads = [
        ["StartDate", "Q0", *(f"Q{n}" for n in range(1, 9))],
        ["Start Date", "What is your code?", *QUESTIONS],
        ['{"ImportId":"startDate"}', *(f'{{"ImportId":"QID{n}"}}' for n in range(9))],
    ]
    return sent(folder, [*heads, *(["2026-02-03 09:00:00", *row] for row in rows()[1:])])


@case("17", "F", "several_heading_rows")
def merged_headings(folder: Path) -> Sent:
    """A merged title over the questions of each questionnaire, and numbers under it."""
    numbers = [*map(str, range(1, 9)), "2", "4", "5", "9", "12"]
    heads: list[list[object]] = [
        ["", "Calm scale", *[""] * 7, "Wide questionnaire", *[""] * 4],
        ["Pupil code", *numbers],
    ]
    book = workbook([*heads, *([*row, *range(1, 6)] for row in rows()[1:])])
    book.active.merge_cells("B1:I1")
    book.active.merge_cells("J1:N1")
    return sent(folder, book, study=make_study(folder, instruments=("calm8", "wide12")))


@case("18", "A", "column_twice")
def heading_twice(folder: Path) -> Sent:
    """The same heading stands over two columns with different answers."""
    content = [[*row, row[1]] for row in rows()]
    content[1][-1] = 6 - int(str(content[1][1]))
    content[0][-1] = content[0][1]
    return sent(folder, content)


@case("18_codes", "A", "codes_twice")
def codes_twice(folder: Path) -> Sent:
    """Two tables stand side by side, each with its pupil codes."""
    content = rows()
    more = [["Pupil code", "Club"], *([f"P{place:03}", "chess"] for place in range(101, 113))]
    return sent(folder, [[*row, "", *other] for row, other in zip(content, more, strict=True)])


@case("19", "A", "no_heading")
def heading_blank(folder: Path) -> Sent:
    """One question has no heading."""
    content = rows()
    content[0][3] = ""
    return sent(folder, content)


@case("20", "F", "headings_cleaned")
def headings_unclean(folder: Path) -> Sent:
    """Headings with capitals, hard blanks and a zero-width sign."""
    return sent(folder, rows(headers=[f"\u00a0{one.upper()}\u200b" for one in QUESTIONS]))


@case("21", "F", "known_by_wording")
def headings_worded(folder: Path) -> Sent:
    """Each heading is the question's wording with its number in front."""
    return sent(folder, rows(headers=[f"{place}. {one}" for place, one in enumerate(QUESTIONS, start=1)]))


@case("21_withheld", "A", "which_in_order")
def headings_of_another_wording(folder: Path) -> Sent:
    """Headings in a wording that evalkit does not have, over as many columns as the questionnaire has questions."""
    words = (
        "wake early",
        "paint walls",
        "count birds",
        "mend shoes",
        "carry water",
        "write songs",
        "build",
        "grow beans",
    )
    return sent(folder, rows(headers=[f"Most days I {one}" for one in words]))


@case("22", "A", "total_row")
def total_row(folder: Path) -> Sent:
    """A row with averages stands below the pupils."""
    return sent(folder, [*rows(), ["Average", 3, 2.5, 3.1, 2, 4, 3, 3.5, 2.2]])


@case("22_unnamed", "A", "total_row")
def averages_unnamed(folder: Path) -> Sent:
    """Averages stand below the pupils under a word that evalkit does not know."""
    return sent(folder, [*rows(), ["Mittelwert", 3, 2.5, 3.1, 2.25, 4.2, 3.3, 3.5, 2.2]])


@case("22_tried", "A", "test_row")
def tried_out(folder: Path) -> Sent:
    """A teacher tried the form out under the code 'test'."""
    return sent(folder, [*rows(), ["test", *[3] * 8]])


@case("22_second", "W", "note_row")
def second_table(folder: Path) -> Sent:
    """Each class has a table of its own on one sheet, with its title and its headings."""
    content = rows()
    return sent(folder, [*content[:7], [], ["5B"], content[0], *content[7:]])


@case("23", "W", "hidden_rows")
def hidden_rows(folder: Path) -> Sent:
    """A filter hides two pupils."""
    book = workbook(rows())
    for row in (4, 7):
        book.active.row_dimensions[row].hidden = True
    return sent(folder, book)


@case("24", "A", "several_sheets")
def sheet_per_class(folder: Path) -> Sent:
    """Each class has a sheet of its own."""
    content = rows()
    return sent(folder, sheets({"5A": content[:7], "5B": [content[0], *content[7:]]}))


@case("24_waves", "F", "sheet_of_wave")
def sheet_per_wave(folder: Path) -> Sent:
    """The sheets of a workbook are named after the two times; it is sent for the second one."""
    content = rows()
    after = [content[0], *([row[0], *(6 - int(str(one)) for one in row[1:])] for row in content[1:])]
    return sent(folder, sheets({"Pre": content, "Post": after}), wave="post")


@case("25", "F", "waves_in_headings")
def side_by_side(folder: Path) -> Sent:
    """Before and after stand side by side in one file."""
    before, after = rows(headers=[f"{one} before" for one in ITEMS]), rows(headers=[f"{one} after" for one in ITEMS])
    content = [[*old, *new[1:]] for old, new in zip(before, after, strict=True)]
    for place, row in enumerate(content[1:]):
        row[9 + place % 8] = 3
    return sent(folder, content, wave=None)


@case("25_column", "A", "which_wave_column")
def unknown_wave_column(folder: Path) -> Sent:
    """Before and after stand below one another, and the form's own question says which is which."""
    content = rows()
    after = [[row[0], *(6 - int(str(one)) for one in row[1:])] for row in content[1:]]
    lines = [["Start", *row] for row in content[1:]] + [["End", *row] for row in after]
    return sent(folder, [["Is this the start or the end of the programme?", *content[0]], *lines], wave=None)


@case("26", "", "")
def two_files(folder: Path) -> Sent:
    """Before and after come in two files."""
    after = [[cell if place % 3 else 3 for place, cell in enumerate(row)] for row in rows()[1:]]
    after = [[old[0], *new[1:]] for old, new in zip(rows()[1:], after, strict=True)]
    first, last = written(folder, rows(), "autumn"), written(folder, [rows()[0], *after], "summer")
    return Sent(make_study(folder), ((first, "pre"), (last, "post")))


@case("27", "A", "turned_table")
def turned(folder: Path) -> Sent:
    """The questions run down the side and the pupils across the top."""
    return sent(folder, [list(row) for row in zip(*rows(), strict=True)])
