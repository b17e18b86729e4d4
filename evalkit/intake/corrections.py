"""Carry out what a mapping file decided about cells and rows, each only where the file still says the same."""

from evalkit.intake.findings import Findings
from evalkit.intake.header import Table
from evalkit.intake.normal import column_index, plain, quoted
from evalkit.records.mapping import Correction, Mapping


def apply_corrections(table: Table, mapping: Mapping | None, findings: Findings, *, quiet: bool = False) -> list[str]:
    """Change the table as the mapping file says.

    Parameters
    ----------
    quiet : say nothing of corrections that do not fit; they were made for an earlier file of the same form

    Returns
    -------
    A sentence for every correction that was applied, without the pupil's answer or code. Those that no longer fit are
    problems and change nothing.
    """
    decisions: list[str] = []
    left_out: set[int] = set()
    for correction in mapping.corrections if mapping else ():
        place = _place(table, correction, Findings(findings.file) if quiet else findings)
        if place is None:
            continue
        column = column_index(correction.column or "")
        reason = f" Reason: {correction.reason.rstrip('.')}."
        if correction.action == "leave_out_row":
            left_out.add(place)
            decisions.append(f"{findings.file}, row {correction.row}: left out.{reason}")
            continue
        row = [*table.rows[place], *[""] * (column + 1 - len(table.rows[place]))]
        table.rows[place] = row
        row[column] = "" if correction.action == "blank" else correction.to or ""
        done = "taken out" if correction.action == "blank" else "corrected"
        decisions.append(
            f"{findings.file}, row {correction.row}, column {correction.column}: the entry was {done}.{reason}"
        )
    if left_out:
        table.keep([place not in left_out for place in range(len(table.rows))])
    return decisions


def _place(table: Table, correction: Correction, findings: Findings) -> int | None:
    """The place of the row in the table, when `found` still stands there."""
    place = table.numbers.index(correction.row) if correction.row in table.numbers else None
    if correction.column is not None:
        column = column_index(correction.column)
        cells = [table.cells(column)[place]] if place is not None and column >= 0 else []
    else:
        column = -1
        cells = table.rows[place] if place is not None else []
    if place is not None and plain(correction.found) in [plain(cell) for cell in cells]:
        return place
    here = quoted(cells[0]) if column >= 0 and cells else "something else" if place is not None else "no answers"
    findings.add(
        "warn",
        "decision_not_used",
        f"The mapping file corrects {quoted(correction.found)} here, but {here} stands there now",
        "The correction was not carried out. Take it out of the mapping file, or correct its row and column.",
        rows=[correction.row],
        columns=[column] if column >= 0 else [],
    )
    return None
