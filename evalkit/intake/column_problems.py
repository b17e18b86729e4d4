"""What is said about columns: dropped for privacy, not known, asked about, standing twice, missing."""

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace

from evalkit.intake.code_column import column_is
from evalkit.intake.columns import Column
from evalkit.intake.findings import Findings, short_header
from evalkit.intake.header import Table
from evalkit.intake.known import Known
from evalkit.intake.missing_columns import say_missing
from evalkit.intake.normal import letter, listed, quoted
from evalkit.records.mapping import Mapping
from evalkit.records.responses import Choice, Question

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z")
_NO_NAME = re.compile(r"|unnamed: \d+(?:\.\d+)?|\.\.\.\d+|x|#|no\.?|nr\.?|row|index|rownames|row names", re.IGNORECASE)
_FEW_LINES = 6
ItemColumns = dict[tuple[str, str], Column]


def drop_private(table: Table, findings: Findings) -> None:
    """Take names, addresses and what the form itself wrote out of the table, and say so."""
    for column in table.columns:
        if not column.role and not column.choices and _holds_addresses(table, column):
            table.columns[column.index] = Column(column.index, column.header, role="identity")
    _leave_out_row_numbers(table, findings)
    personal = [column for column in table.columns if column.role == "identity"]
    if personal:
        findings.add(
            "fixed",
            "personal_columns_dropped",
            f"{_named(personal)} may tell who the pupils are",
            f"evalkit dropped {'this' if len(personal) == 1 else 'these'} at the door and keeps nothing of "
            f"{'it' if len(personal) == 1 else 'them'}. Nothing to do.",
            columns=[column.index for column in personal],
        )
    form = [column for column in table.columns if column.role == "form"]
    if form:
        findings.add(
            "fixed",
            "form_columns_left_out",
            f"{_named(form, limit=3)} {'comes' if len(form) == 1 else 'come'} from the survey form and not from pupils",
            f"evalkit leaves {'this' if len(form) == 1 else 'these'} out. Nothing to do.",
            columns=[column.index for column in form],
        )
    if personal or form:
        dropped = {column.index for column in (*personal, *form)}
        table.rows = [["" if place in dropped else cell for place, cell in enumerate(row)] for row in table.rows]


def _leave_out_row_numbers(table: Table, findings: Findings) -> None:
    """R, pandas and people number the rows of a table in a column without a name of its own."""
    counting = [
        column
        for column in table.columns
        if not column.role and not column.choices and _NO_NAME.fullmatch(column.header) and _counts(table, column)
    ]
    for column in counting:
        table.columns[column.index] = replace(column, role="ignore", target="row")
    if counting:
        findings.add(
            "fixed",
            "row_numbers",
            f"{'This column only numbers' if len(counting) == 1 else 'These columns only number'} the rows",
            f"evalkit leaves {'it' if len(counting) == 1 else 'them'} out. Nothing to do.",
            columns=[column.index for column in counting],
        )


def _counts(table: Table, column: Column) -> bool:
    """Whether the cells are 0, 1, 2, ... or 1, 2, 3, ..."""
    cells = [cell.strip() for cell in table.cells(column.index)]
    return len(cells) > 2 and any(cells == [str(place + first) for place in range(len(cells))] for first in (0, 1))


def _holds_addresses(table: Table, column: Column) -> bool:
    cells = [cell.strip() for cell in table.cells(column.index) if cell.strip()]
    return bool(cells) and 2 * sum(bool(_EMAIL.match(cell)) for cell in cells) > len(cells)


def item_columns(
    table: Table,
    known: Known,
    *,
    waves: Sequence[str],
    rows: Sequence[str],
    mapping: Mapping | None,
    findings: Findings,
) -> ItemColumns:
    """The column of each item for each wave that headers name ("" where they name none).

    Parameters
    ----------
    waves : the waves of headers that are used, "" for headers that name none
    rows : the wave of each row; "" where only headers name it
    mapping : says which items the form did not ask
    """
    chosen: ItemColumns = {}
    twice: dict[tuple[str, str], list[Column]] = defaultdict(list)
    for column in table.columns:
        if column.role == "item" and column.target in known.needed and column.wave in waves:
            twice[column.target, column.wave].append(column)
    for key, columns in twice.items():
        first = table.cells(columns[0].index) if len(columns) > 1 else []
        if all(table.cells(column.index) == first for column in columns[1:]):
            chosen[key] = columns[0]
    _ask(table.columns, known, findings)
    asked = {choice for column in table.columns for choice in column.choices}
    for key, columns in twice.items():
        if len(columns) > 1:
            lost = "" if key in chosen else _one_lost(key, twice, asked, known)
            asked |= {lost} - {""}
            _say_twice(columns, lost, known, findings, equal=key in chosen)
    _report_other_waves(table, known, waves, findings)
    named = {wave for wave in waves if wave}
    for wave in [one for one in known.needed_at if one in named or one in rows] or [""]:
        found = {item for item, when in twice if when == wave or (when == "" and (wave in rows or not wave))}
        settled = found | asked | (set(mapping.absent) if mapping else set())
        say_missing(settled, wave, table, known, findings, by_header=wave in named)
    return chosen


def _report_other_waves(table: Table, known: Known, waves: Sequence[str], findings: Findings) -> None:
    """Columns of a wave that the file was not sent for."""
    others = [
        column
        for column in table.columns
        if column.role == "item" and column.target in known.needed and column.wave not in waves
    ]
    if others:
        findings.add(
            "warn",
            "other_wave",
            f"{_named(others)}: not from the time for which the file was sent",
            "evalkit leaves this out. If the file holds all times, send it without naming a wave (in the plan: "
            "without 'wave:').",
            columns=[column.index for column in others],
        )


def _one_lost(key: tuple[str, str], found: Collection[tuple[str, str]], asked: Collection[str], known: Known) -> str:
    """The one question of the same questionnaire that no column is; empty when there is none, or more than one."""
    item, wave = key
    needed = known.needed_of(item.partition(".")[0])
    lost = [one for one in needed if (one, wave) not in found and one not in asked]
    return lost[0] if len(lost) == 1 else ""


def _say_twice(columns: Sequence[Column], lost: str, known: Known, findings: Findings, *, equal: bool) -> None:
    """One question in two columns: repeated, to be chosen from, or (`lost`) one of them under another one's heading."""
    name = known.names[columns[0].target]
    letters = listed([letter(column.index) for column in columns])
    if lost:
        findings.add(
            "ask",
            "column_twice",
            f"Columns {letters} have the same heading, with different answers",
            f"Is one of them '{known.names[lost]}' ({lost}), which is missing? Correct the heading of that column. "
            "Until then neither is used.",
            columns=[column.index for column in columns],
            header=columns[0].header,
            questions=[
                Question(
                    f"Which of the columns {letters} is '{known.names[lost]}'?",
                    tuple(Choice(f"Column {letter(column.index)}", column_is(column, lost)) for column in columns),
                )
            ],
        )
        return
    findings.add(
        "fixed" if equal else "ask",
        "column_repeated" if equal else "column_twice",
        f"{_named(columns)} are the same question ('{name}')"
        + (" with the same answers" if equal else ", with different answers"),
        "evalkit uses the first one. Nothing to do."
        if equal
        else "Which one counts? Delete the other. Until then neither is used. Or name the other in a mapping file, "
        f"for example columns: {{'column {letter(columns[-1].index)}': ignore}}.",
        columns=[column.index for column in columns],
        item=columns[0].target,
        questions=() if equal else [_which_column(columns, name)],
    )


def _which_column(columns: Sequence[Column], name: str) -> Question:
    choices = tuple(
        Choice(
            f"Column {letter(kept.index)}",
            {"columns": {f"column {letter(one.index)}": "ignore" for one in columns if one is not kept}},
        )
        for kept in columns
    )
    return Question(f"Which of these columns counts for '{name}'?", choices)


def _ask(columns: Sequence[Column], known: Known, findings: Findings) -> None:
    """Questions about headers: one for each that resembles a known one, one for all that are only numbers."""
    for column in columns:
        if column.reason in ("like", "several"):
            names = listed([f"'{known.names[one]}' ({one})" for one in column.choices], last="or")
            findings.add(
                "ask",
                "which_question",
                "This heading is not quite one that the plan knows",
                f"Is it the question {names}? If so, change the heading to '{column.choices[0]}'. Until then this "
                f"column is not used. Or write it in a mapping file: columns: {{'column {letter(column.index)}': "
                f"{column.choices[0]}}}.",
                columns=[column.index],
                header=column.header,
                questions=[
                    Question(
                        f"What is column {letter(column.index)} ({quoted(column.header)})?",
                        (
                            *(
                                Choice(f"'{known.names[one]}' ({one})", column_is(column, one))
                                for one in column.choices
                            ),
                            Choice("None of the questions: leave it out", column_is(column, "ignore")),
                        ),
                    )
                ],
            )
    _ask_reversed([column for column in columns if column.reason == "reversed"], findings)
    numbered = [column for column in columns if column.reason == "numbers"]
    if numbered:
        instruments = dict.fromkeys(one.partition(".")[0] for column in numbered for one in column.choices)
        titles = listed([known.titles[one] for one in instruments], last="and")
        findings.add(
            "ask",
            "which_numbers",
            f"The headings are only numbers ({_named(numbered)}), and the questions of {titles} do not have these "
            "numbers",
            f"If the questions stand in this order, change the headings: {_changes(numbered)}. Until then these are "
            f"not used.{_in_mapping(numbered)}",
            columns=[column.index for column in numbered],
            questions=[
                Question(
                    f"Do the columns {letter(numbered[0].index)} to {letter(numbered[-1].index)} hold the questions in "
                    f"the order {_changes(numbered)}?",
                    (
                        Choice("Yes", _columns_are(numbered, [column.choices[0] for column in numbered])),
                        Choice("No: leave them out", _columns_are(numbered, ["ignore"] * len(numbered))),
                    ),
                )
            ],
        )


def _columns_are(columns: Sequence[Column], targets: Sequence[str]) -> dict[str, dict[str, str]]:
    return {"columns": {f"column {letter(one.index)}": to for one, to in zip(columns, targets, strict=True)}}


def _changes(columns: Sequence[Column]) -> str:
    """Which headings become which, one part for each questionnaire."""
    blocks: dict[str, list[Column]] = defaultdict(list)
    for column in columns:
        blocks[column.choices[0].partition(".")[0]].append(column)
    return listed(
        [
            f"'{some[0].header}' to '{some[-1].header}' (columns {letter(some[0].index)} to {letter(some[-1].index)}) "
            f"into {_items_named([column.choices[0] for column in some])}"
            for some in blocks.values()
        ]
    )


def _items_named(items: Sequence[str]) -> str:
    """The first and the last of items that follow one another; else all of them."""
    numbers = [int(end.group()) for item in items if (end := re.search(r"\d+$", item))]
    straight = len(numbers) == len(items) > 2 and numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    return f"'{items[0]}' to '{items[-1]}'" if straight else listed([f"'{item}'" for item in items], limit=25)


def _in_mapping(columns: Sequence[Column]) -> str:
    """The lines of a mapping file that say the same, where they are few."""
    lines = ", ".join(f"'column {letter(column.index)}': {column.choices[0]}" for column in columns)
    return f" Or write it in a mapping file: columns: {{{lines}}}." if len(columns) <= _FEW_LINES else ""


def _ask_reversed(columns: Sequence[Column], findings: Findings) -> None:
    if columns:
        one = len(columns) == 1
        findings.add(
            "ask",
            "turned_round",
            f"{_named(columns)} {'is' if one else 'are'} marked as reversed",
            "(R) often means that the answers were already turned round. evalkit turns them itself, so send them as "
            f"pupils gave them, and take the mark off the {'heading' if one else 'headings'}. Until then "
            f"{'this column is' if one else 'these columns are'} not used.",
            columns=[column.index for column in columns],
            questions=[_turned_question(columns)],
        )


def _turned_question(columns: Sequence[Column]) -> Question:
    plain = _columns_are(columns, [column.choices[0] for column in columns])
    items = [column.choices[0] for column in columns]
    return Question(
        f"{_named(columns)}: are these the answers as pupils gave them?",
        (
            Choice("Yes: as pupils gave them", plain),
            Choice("No: they were turned round already, so turn them back", plain | {"reversed": items}),
        ),
    )


def report_unused(table: Table, known: Known, findings: Findings, *, is_list: bool = False) -> None:
    """Say which columns are not used: unknown ones, and questions that the plan does not need."""
    asked = {
        where.removeprefix("column ")
        for one in findings.problems
        for question in one.questions
        for choice in question.choices
        for where in choice.decision.get("columns", ())
    }
    spare = [
        column
        for column in table.columns
        if (not column.role and not column.choices and column.header and letter(column.index) not in asked)
        or (column.role == "item" and column.target not in known.needed)
    ]
    if spare:
        it = "it" if len(spare) == 1 else "them"
        findings.add(
            "fixed" if is_list else "warn",
            "columns_not_used",
            f"{_named(spare)}: the plan does not use {'this column' if len(spare) == 1 else 'these columns'}",
            f"evalkit keeps nothing of {it}. Nothing to do."
            if is_list
            else "If a question of the survey is among them, correct its heading. Otherwise there is nothing to do.",
            columns=[column.index for column in spare],
        )
    blank = [
        column
        for column in table.columns
        if not column.header and not column.role and any(cell.strip() for cell in table.cells(column.index))
    ]
    missing = any(one.kind in ("missing_column", "no_pupil_column") for one in findings.problems)
    for column in blank:
        findings.add(
            "ask" if missing else "warn",
            "no_heading",
            "There are entries here but no heading",
            "Type a heading, or delete the column. evalkit does not use it as it is. Or write in a mapping file what "
            f"it is: columns: {{'column {letter(column.index)}': ignore}}.",
            rows=[table.header_row],
            columns=[column.index],
            questions=[_blank_heading_question(column, findings)],
        )


def _blank_heading_question(column: Column, findings: Findings) -> Question:
    """What a column without a heading is: a question that is missing, or nothing."""
    lost = [
        item
        for one in findings.problems
        for question in one.questions
        for choice in question.choices
        for item in choice.decision.get("absent", ())
    ]
    return Question(
        f"What is column {letter(column.index)}, which has no heading?",
        (
            *(Choice(item, column_is(column, item)) for item in lost),
            Choice("Nothing that counts: leave it out", column_is(column, "ignore")),
        ),
    )


def report_mapping(table: Table, decided: dict[str, str], known: Known, findings: Findings) -> None:
    """Say when a mapping file gives a column a meaning that does not exist."""
    allowed = {"pupil", "wave", "ignore", *known.names, *known.characteristics.values(), *known.usual_places.values()}
    allowed |= {target for role, target in known.places.values() if role == "compliance"}
    for header, target in decided.items():
        if target.partition("@")[0].strip() not in allowed:
            findings.add(
                "error",
                "mapping_target",
                f"The mapping file says that {quoted(header)} is {quoted(target)}, which the plan does not know",
                "Correct the mapping file.",
                allowed=f"an item such as {known.needed[0]}, pupil, wave, a characteristic of the plan, or ignore",
            )


def _named(columns: Sequence[Column], *, limit: int = 12) -> str:
    """Headers with what a person needs to find them."""
    names = [f"'{short_header(column.header)}'" if column.header else "no heading" for column in columns]
    return listed(names, limit=limit)
