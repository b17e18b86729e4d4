"""Rows that are no pupil: blank ones, repeated headings, totals, notes."""

import re
from collections.abc import Collection, Mapping

from evalkit.intake.columns import Column
from evalkit.intake.findings import Findings
from evalkit.intake.header import Table
from evalkit.intake.normal import normal, plain, quoted, yaml_text
from evalkit.intake.usual_names import TEST_CODES, TOTALS
from evalkit.records.responses import Choice, Question

_DIGIT = re.compile(r"\d")
_LONG_CODE = 12
_MUCH_LONGER = 1.5
_DECIMALS = re.compile(r"\d+[.,]\d*[1-9]\d*")
_FEWEST_AVERAGES = 3
_LOOKS = {"total": "a total or an average", "test": "somebody who tried the form out"}


def totals_of(table: Table) -> dict[int, str]:
    """Row number -> first entry, where that is a word such as 'Average'; before names are taken out of the table."""
    first = [next((cell for cell in row if cell.strip()), "") for row in table.rows]
    return {number: cell for number, cell in zip(table.numbers, first, strict=True) if _is_total(cell)}


def drop_rows(
    table: Table, pupil: Column | None, findings: Findings, *, totals: Mapping[int, str], whole: Collection[int] = ()
) -> None:
    """Leave out rows that are no pupil, and say so of all but blank ones.

    Parameters
    ----------
    totals : what `totals_of` found
    whole : columns of answers, which are whole numbers
    """
    unused = ("", "ignore", "identity", "form")
    used = [column.index for column in table.columns if column.role not in unused or column.choices]
    filled = [_filled(row, used, pupil) for row in table.rows]
    usual = _usual_code(table, filled, pupil)
    # Where the heading holds no digit, a row with answers and a digit in its code is a pupil, as nearly all rows are.
    sure = pupil.index if pupil and not _DIGIT.search(pupil.header) else -1
    wanted: list[bool] = []
    dropped: list[tuple[str, int, str]] = []
    averages = _averages(table, whole)
    for number, row, answered in zip(table.numbers, table.rows, filled, strict=True):
        if number in averages:
            wanted.append(False)
            first = next((cell for cell in row if cell.strip()), "")
            dropped.append(("total", number, totals.get(number) or first))
            continue
        if answered and 0 <= sure < len(row) and _DIGIT.search(row[sure]):
            wanted.append(True)
            continue
        reason = "note" if not answered and _is_note(row, pupil, usual) else _reason(row, used, pupil)
        if number in totals and reason != "blank" and not (answered and _has_digit(row, pupil)):
            reason = "total"
        wanted.append(not reason)
        if reason not in ("", "blank"):
            text = totals.get(number) or _code(row, pupil) or next((cell for cell in row if cell.strip()), "")
            dropped.append((reason, number, text))
    _drop_titles(table, wanted, dropped)
    table.keep(wanted)
    _say(dropped, findings)


def _averages(table: Table, whole: Collection[int]) -> set[int]:
    """Numbers of the last rows that hold averages: numbers with decimals in most columns of answers."""
    found: set[int] = set()
    for number, row in zip(reversed(table.numbers), reversed(table.rows), strict=True):
        cells = [row[index].strip() for index in whole if index < len(row) and row[index].strip()]
        if cells and 2 * sum(bool(_DECIMALS.fullmatch(cell)) for cell in cells) <= len(cells):
            break
        if len(cells) >= _FEWEST_AVERAGES:
            found.add(number)
    return found if 4 * len(found) < len(table.rows) else set()


def _drop_titles(table: Table, wanted: list[bool], dropped: list[tuple[str, int, str]]) -> None:
    """The title of a second table stands alone in its row, right above headings that are repeated."""
    headings = {number for reason, number, _ in dropped if reason == "heading"}
    for place in range(len(table.rows) - 1) if headings else ():
        filled = [cell for cell in table.rows[place] if cell.strip()]
        if wanted[place] and len(filled) == 1 and table.numbers[place + 1] in headings:
            wanted[place] = False
            dropped.append(("note", table.numbers[place], filled[0]))


def _usual_code(table: Table, filled: list[bool], pupil: Column | None) -> tuple[int, int]:
    """The most letters and the most words that the code of a row with answers has."""
    if pupil is None:
        return 0, 0
    codes = {
        plain(row[pupil.index])
        for row, answered in zip(table.rows, filled, strict=True)
        if answered and pupil.index < len(row) and not _is_total(row[pupil.index])
    }
    return max(map(len, codes), default=_LONG_CODE), max((len(code.split()) for code in codes), default=1)


def _is_total(cell: str) -> bool:
    """Whether the cell says 'total' or the like; no such word holds a digit."""
    return not _DIGIT.search(cell) and normal(cell) in TOTALS


def _code(row: list[str], pupil: Column | None) -> str:
    return row[pupil.index].strip() if pupil is not None and pupil.index < len(row) else ""


def _has_digit(row: list[str], pupil: Column | None) -> bool:
    return pupil is not None and pupil.index < len(row) and bool(_DIGIT.search(row[pupil.index]))


def _is_note(row: list[str], pupil: Column | None, usual: tuple[int, int]) -> bool:
    """Whether a sentence stands where a code should, in a row without answers: longer than any code of the file."""
    if pupil is None or pupil.index >= len(row):
        return False
    code = plain(row[pupil.index])
    letters, words = usual
    return len(code) > _MUCH_LONGER * letters and len(code.split()) > words and not _is_total(code)


def _filled(row: list[str], used: list[int], pupil: Column | None) -> bool:
    """Whether anything but a code stands in the columns that are used."""
    code = pupil.index if pupil else -1
    return any(index != code and index < len(row) and row[index].strip() for index in used)


def _reason(row: list[str], used: list[int], pupil: Column | None) -> str:
    """Why the row is no pupil; empty when it is one."""
    if not any(row[index].strip() for index in used if index < len(row)):
        return "blank"
    code = row[pupil.index] if pupil and pupil.index < len(row) else ""
    if pupil is not None and pupil.header and plain(code).casefold() == pupil.header.casefold():
        return "heading"
    if _DIGIT.search(code) or any(character.isdigit() for character in code):
        return ""
    filled = [cell for cell in row if cell.strip()]
    first = normal(code) or normal(filled[0])
    if first in TOTALS:
        return "total"
    if pupil is not None and normal(code) in TEST_CODES:
        return "test"
    words = len(first.split())
    if pupil is not None and not code.strip() and len(filled) == 1 and words > 2 and not first[0].isdigit():
        return "note"
    return ""


def _say(dropped: list[tuple[str, int, str]], findings: Findings) -> None:
    repeated = [number for reason, number, _ in dropped if reason == "heading"]
    notes = [number for reason, number, _ in dropped if reason == "note"]
    if repeated:
        findings.add(
            "fixed",
            "heading_repeated",
            "The headings stand here again",
            "evalkit leaves this out. Nothing to do.",
            rows=repeated,
        )
    if notes:
        findings.add(
            "warn",
            "note_row",
            "This looks like a note and not like a pupil: there are words but no answers",
            "evalkit leaves this out. If it is a pupil, type only the pupil's code into the column of codes.",
            rows=notes,
        )
    for reason, number, text in dropped:
        if reason in ("total", "test"):
            findings.add(
                "ask",
                f"{reason}_row",
                f"{quoted(text)} looks like {_LOOKS[reason]}, not a pupil",
                "If so, delete the row. It is left out meanwhile. Or write it in a mapping file: corrections: [{row: "
                f"{number}, found: {yaml_text(text)}, action: leave_out_row, reason: not a pupil}}].",
                rows=[number],
                questions=[_spare_question(number, text, _LOOKS[reason])],
            )


def _spare_question(number: int, text: str, looks: str) -> Question:
    line = {"row": number, "found": text, "action": "leave_out_row", "reason": "not a pupil"}
    return Question(
        f"Is row {number} ({quoted(text)}) {looks}, and no pupil?",
        (Choice("Yes: leave it out", {"corrections": [line]}),),
    )
