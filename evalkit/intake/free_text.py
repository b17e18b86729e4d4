"""What pupils wrote in their own words: never kept, and said, for it may name a child."""

from collections.abc import Sequence

from evalkit.intake.columns import Column
from evalkit.intake.findings import Findings, short_header
from evalkit.intake.header import Table
from evalkit.intake.normal import counted, listed, normal

_FEWEST_WORDS = 4
_FEWEST_ENTRIES = 2
_SHORTEST_NAME = 3


def report_free_text(table: Table, findings: Findings) -> None:
    """Take columns with sentences out of the table; say so, and whether they name a pupil of the same file."""
    columns = [
        column
        for column in table.columns
        if not column.role and not column.choices and _is_free_text(table.cells(column.index))
    ]
    if not columns:
        return
    names = _names(table)
    entries = sum(bool(cell.strip()) for column in columns for cell in table.cells(column.index))
    rows = [
        number
        for number, row in zip(table.numbers, table.rows, strict=True)
        if any(names & set(normal(row[column.index]).split()) for column in columns if column.index < len(row))
    ]
    told = (
        f", and {counted(len(rows), 'entry', 'entries')} {'names' if len(rows) == 1 else 'name'} a pupil"
        if rows
        else ""
    )
    headings = listed([f"'{short_header(column.header)}'" for column in columns])
    findings.add(
        "warn",
        "free_text",
        f"{headings} {'holds' if len(columns) == 1 else 'hold'} what somebody wrote in their own words "
        f"({counted(entries, 'entry', 'entries')}){told}",
        "Such words can say who a child is, or that a child is not safe: read them in school. evalkit keeps nothing of "
        "them.",
        rows=rows,
        columns=[column.index for column in columns],
    )
    for column in columns:
        table.columns[column.index] = Column(column.index, column.header, role="ignore")
    for row in table.rows:
        for column in columns:
            if column.index < len(row):
                row[column.index] = ""


def _is_free_text(cells: Sequence[str]) -> bool:
    """Sentences, most of them different."""
    filled = [normal(cell) for cell in cells if cell.strip()]
    long = [cell for cell in filled if len([word for word in cell.split() if not word.isdecimal()]) >= _FEWEST_WORDS]
    return len(long) >= _FEWEST_ENTRIES and 2 * len(long) >= len(filled) and 2 * len(set(filled)) > len(filled)


def _names(table: Table) -> set[str]:
    """The words of columns that say who pupils are, and are dropped."""
    personal = [
        column.index for column in table.columns if column.role == "identity" and "name" in normal(column.header)
    ]
    words = {word for index in personal for cell in table.cells(index) for word in normal(cell).split()}
    return {word for word in words if len(word) >= _SHORTEST_NAME and not word.isdigit()}
