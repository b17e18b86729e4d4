"""What is said about a sheet and its headings: which sheet, hidden rows, titles above, how headings were known."""

import unicodedata

from evalkit.intake.findings import Findings
from evalkit.intake.header import Table
from evalkit.intake.known import Known
from evalkit.intake.normal import counted, listed, normal, quoted
from evalkit.records.responses import Choice, Question

_FEW_SHORT = 5  # where more than one row in five is short, the program that wrote the file writes them so
_WORDS_OF_A_QUESTION = 4


def report_sheet(table: Table, findings: Findings, *, asked: bool, decided: bool) -> None:
    """Say which sheet was read and what is odd about it.

    Parameters
    ----------
    asked : whether a person named the sheet
    decided : whether a person said that rows and columns change places
    """
    if table.others and not asked:
        _ask_sheets(table, findings)
    if table.raw.hidden:
        findings.add(
            "warn",
            "hidden_sheet",
            "The answers were found in a hidden sheet",
            "Check that this is the sheet you meant to send.",
        )
    if table.is_turned:
        _say_turned(findings, decided=decided)
    _say_above(table, findings)
    unseen = set(table.raw.hidden_rows)
    hidden = [number for number in table.numbers if number in unseen]
    if hidden:
        findings.add(
            "warn",
            "hidden_rows",
            f"{counted(len(hidden), 'row')} of answers {'is' if len(hidden) == 1 else 'are'} hidden in the sheet "
            "(often by a filter)",
            "evalkit reads hidden rows too. If they should not count, delete them.",
            rows=hidden,
        )


def _ask_sheets(table: Table, findings: Findings) -> None:
    every = [table.sheet, *table.others]
    choices = [Choice("All of them hold answers of this time: read them together", {"sheets": every})]
    choices += [Choice(f"Only {quoted(name)} counts", {"sheets": [name]}) for name in every]
    findings.add(
        "ask",
        "several_sheets",
        f"The sheets {listed([quoted(name) for name in every])} all look like answers. Only {quoted(table.sheet)} was "
        "read",
        "Copy all answers into one sheet. Or list each sheet as its own file in the plan (the same path, with "
        "'sheet:'). If only one sheet counts, name that one. If all count, you can write in a mapping file: sheets: "
        f"[{', '.join(quoted(name) for name in every)}].",
        questions=[Question("Which sheets hold the answers of this time?", tuple(choices))],
    )


def _say_turned(findings: Findings, *, decided: bool) -> None:
    told = "Rows and columns of this list are those of the turned table (as 'Paste special', 'Transpose' makes it)."
    if decided:
        findings.add("fixed", "turned_table", "Rows and columns changed places, as the mapping file says", told)
        return
    findings.add(
        "ask",
        "turned_table",
        "The questions run down the side and the pupils across the top",
        "Turn the table round: copy it, then 'Paste special', 'Transpose'. Each pupil needs one row. Or write in a "
        f"mapping file: turned: true. {told}",
        questions=[
            Question(
                "Do the questions run down the side, and does each column hold one pupil?",
                (Choice("Yes: turn the table round", {"turned": True}),),
            )
        ],
    )


def _say_above(table: Table, findings: Findings) -> None:
    """Titles above the headings, and headings in several rows."""
    if table.above:
        findings.add(
            "fixed",
            "rows_above",
            f"{counted(len(table.above), 'row')} above the headings {'holds' if len(table.above) == 1 else 'hold'} a "
            "title or a note",
            f"evalkit begins with the headings in row {table.header_row}. Nothing to do.",
            rows=table.above,
        )
    if table.headings > 1:
        findings.add(
            "fixed",
            "several_heading_rows",
            f"The headings stand in {table.headings} rows",
            "evalkit reads them together. Nothing to do.",
        )


def report_headings(table: Table, known: Known, findings: Findings) -> None:
    """Say how headings were known, where that is more than their name."""
    items = [column for column in table.columns if column.role == "item" and not column.decided]
    worded = [
        column
        for column in items
        if column.target not in known.measured and len(normal(column.header).split()) >= _WORDS_OF_A_QUESTION
    ]
    if worded:
        findings.add(
            "fixed",
            "known_by_wording",
            f"{counted(len(worded), 'heading')} {'is' if len(worded) == 1 else 'are'} the wording of a question",
            "evalkit knows which question each is. Nothing to do.",
            columns=[column.index for column in worded],
        )
    waves = list(dict.fromkeys(one.wave for one in items if one.wave and one.target not in known.measured))
    if waves:
        findings.add(
            "fixed",
            "waves_in_headings",
            f"The headings say when the answers were given ({listed(waves)})",
            "evalkit reads each row once for each time. Nothing to do.",
        )
    if table.is_turned:
        return
    heads = dict(zip(table.raw.numbers, table.raw.rows, strict=True)).get(table.header_row, [])
    unclean = [
        column.index
        for column in table.columns
        if column.role and column.index < len(heads) and _is_unclean(heads[column.index])
    ]
    if unclean:
        findings.add(
            "fixed",
            "headings_cleaned",
            f"{counted(len(unclean), 'heading')} {'has' if len(unclean) == 1 else 'have'} hidden characters, hard "
            "blanks or line breaks",
            "evalkit reads past them. Nothing to do.",
            columns=unclean,
        )


def _is_unclean(text: str) -> bool:
    return any((sign.isspace() and sign != " ") or unicodedata.category(sign) == "Cf" for sign in text)


def report_ragged(table: Table, findings: Findings) -> None:
    """Rows of a text file that run on beyond the headings, where answers may have slipped, and rows cut off."""
    if not table.raw.ragged:
        return
    headed = max((column.index for column in table.columns if column.header), default=-1) + 1
    rows = [
        number
        for number, row in zip(table.numbers, table.rows, strict=True)
        if any(cell.strip() for cell in row[headed:])
    ]
    if rows and len(rows) * 2 < max(len(table.rows), 1) + 1:
        findings.add(
            "warn",
            "row_too_long",
            f"The row has more entries than the {headed} headings, so answers may stand under the wrong question",
            "Look at the row: often one entry holds a comma and is not in quotation marks.",
            rows=rows,
        )
    short = [
        number
        for number, row in zip(table.numbers, table.rows, strict=True)
        if len(row) < headed and sum(bool(cell.strip()) for cell in row) > 1
    ]
    if short and len(short) * _FEW_SHORT <= len(table.rows):
        findings.add(
            "warn",
            "row_too_short",
            f"The row has fewer entries than the {headed} headings",
            "Look at the row: it may have been cut off. What is missing at its end counts as not answered.",
            rows=short,
        )
