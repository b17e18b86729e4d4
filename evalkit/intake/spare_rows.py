"""Rows that are no pupil: blank ones, repeated headings, totals, notes."""

from evalkit.intake.columns import Column
from evalkit.intake.findings import Findings
from evalkit.intake.header import Table
from evalkit.intake.normal import normal, plain, quoted
from evalkit.intake.usual_names import TOTALS


def drop_rows(table: Table, pupil: Column | None, findings: Findings) -> None:
    """Leave out rows that are no pupil, and say so of all but blank ones."""
    unused = ("", "ignore", "identity", "form")
    used = [column.index for column in table.columns if column.role not in unused or column.choices]
    wanted: list[bool] = []
    dropped: list[tuple[str, int, str]] = []
    for number, row in zip(table.numbers, table.rows, strict=True):
        reason = _reason(row, used, pupil)
        wanted.append(not reason)
        if reason not in ("", "blank"):
            dropped.append((reason, number, next((cell for cell in row if cell.strip()), "")))
    table.keep(wanted)
    _say(dropped, findings)


def _reason(row: list[str], used: list[int], pupil: Column | None) -> str:
    """Why the row is no pupil; empty when it is one."""
    if not any(row[index].strip() for index in used if index < len(row)):
        return "blank"
    code = row[pupil.index] if pupil and pupil.index < len(row) else ""
    if pupil is not None and pupil.header and plain(code).casefold() == pupil.header.casefold():
        return "heading"
    if any(character.isdigit() for character in code):
        return ""
    filled = [cell for cell in row if cell.strip()]
    first = normal(code) or normal(filled[0])
    if first in TOTALS:
        return "total"
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
            "There is only a note here, no pupil code and no answers",
            "evalkit leaves this out. Check that it is no pupil.",
            rows=notes,
        )
    for reason, number, text in dropped:
        if reason == "total":
            findings.add(
                "ask",
                "total_row",
                f"{quoted(text)} looks like a total or an average, not a pupil",
                f"If so, delete the row, or say it in the mapping file: corrections: [{{row: {number}, "
                f"found: {quoted(text)}, action: leave_out_row, reason: not a pupil}}]. It is left out meanwhile.",
                rows=[number],
            )
