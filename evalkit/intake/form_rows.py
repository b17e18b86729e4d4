"""Rows as survey tools write them: tests of the form among the answers, and a code that was asked only once."""

from evalkit.intake.columns import Column
from evalkit.intake.findings import Findings
from evalkit.intake.header import Table
from evalkit.intake.normal import counted, normal
from evalkit.intake.usual_names import TRIED_OUT

_RESPONSE_KIND = ("status", "response type")


def leave_out_tests(table: Table, findings: Findings) -> None:
    """Leave out rows that Qualtrics marks as answers of somebody who tried the form out."""
    kinds = [column.index for column in table.columns if column.role == "form" and _is_kind(column)]
    if not kinds:
        return
    tried = [any(normal(cell) in TRIED_OUT for cell in _cells(row, kinds)) for row in table.rows]
    rows = [number for number, one in zip(table.numbers, tried, strict=True) if one]
    if rows:
        findings.add(
            "fixed",
            "form_tried_out",
            f"{counted(len(rows), 'row')} {'comes' if len(rows) == 1 else 'come'} from trying the form out: the survey "
            f"tool calls {'it' if len(rows) == 1 else 'them'} a preview or a test",
            f"evalkit leaves {'it' if len(rows) == 1 else 'them'} out. Nothing to do.",
            rows=rows,
            columns=kinds,
        )
        table.keep([not one for one in tried])


def _is_kind(column: Column) -> bool:
    return normal(column.header) in _RESPONSE_KIND


def _cells(row: list[str], columns: list[int]) -> list[str]:
    return [row[index] for index in columns if index < len(row)]


def fill_codes_of_records(table: Table, findings: Findings) -> None:
    """Give each REDCap record its pupil's code at every event: REDCap asks for it at one, and repeats the record ID."""
    names = {normal(column.header): column for column in table.columns}
    record, event = names.get("record id"), names.get("redcap event name")
    pupil = next((column for column in table.columns if column.role == "pupil"), None)
    if record is None or event is None or pupil is None or pupil.index == record.index:
        return
    codes: dict[str, set[str]] = {}
    for row in table.rows:
        if max(record.index, pupil.index) < len(row) and row[pupil.index].strip():
            codes.setdefault(row[record.index].strip(), set()).add(row[pupil.index].strip())
    filled: list[int] = []
    for place, row in enumerate(table.rows):
        if max(record.index, pupil.index) >= len(row) or row[pupil.index].strip():
            continue
        own = codes.get(row[record.index].strip(), set())
        if row[record.index].strip() and len(own) == 1:
            table.rows[place] = [*row[: pupil.index], next(iter(own)), *row[pupil.index + 1 :]]
            filled.append(table.numbers[place])
    if filled:
        findings.add(
            "fixed",
            "code_of_record",
            f"{counted(len(filled), 'row')} without a pupil code: the same record has one at another event",
            "evalkit takes that one. Nothing to do.",
            rows=filled,
            columns=[pupil.index],
            header=pupil.header,
        )
