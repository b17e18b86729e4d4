"""What the file says about the pupils (year, sex, free school meals, ...), as the plan wants it written."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from evalkit.intake.columns import Column
from evalkit.intake.findings import Findings
from evalkit.intake.header import Table
from evalkit.intake.normal import counted, listed, normal, plain, quoted, yaml_text
from evalkit.intake.number_column import read_number_column
from evalkit.intake.numbers import NumberRules
from evalkit.records.characteristic import Characteristic
from evalkit.records.responses import Choice, Question

_FEW_BLANKS = 5  # a blank in five cells or more
_YES = ("yes", "y", "true", "t", "1")
_NO = ("no", "n", "false", "f", "0")


def read_characteristic(
    table: Table, one: Characteristic, column: Column | None, decided: Mapping[str, str], findings: Findings
) -> list[str]:
    """The characteristic of each row as text; "" where nothing stands or it is not understood, which is said.

    Parameters
    ----------
    decided : what a mapping file says texts mean; "" is a blank cell
    """
    if column is None:
        findings.add(
            "warn",
            "no_characteristic",
            f"There is no column for '{one.label}', which the plan uses",
            f"Add a column '{(*one.headers, one.label)[0]}' if you have it. Without it this file leaves it blank.",
            item=one.id,
        )
        return [""] * len(table.rows)
    if one.kind == "number":
        numbers, _ = read_number_column(table, column, NumberRules(), name=one.label, decided={}, findings=findings)
        return ["" if number is None else f"{number:.15g}" for number in numbers]
    cells = [plain(cell) for cell in table.cells(column.index)]
    given = one.values | dict(decided)
    if not one.values:
        return [decided.get(cell, cell) for cell in cells]
    meant = {normal(value): value for value in one.values.values()}
    meant |= {normal(typed): value for typed, value in given.items() if normal(typed)}
    years = _year_names(meant)
    spelled = _yes_and_no(meant)
    unknown: dict[str, list[int]] = defaultdict(list)
    tidied: list[int] = []
    answered: list[int] = []
    for number, cell in zip(table.numbers, cells, strict=True):
        words = normal(cell)
        if words and words not in meant and _year(words) in years:
            meant[words] = years[_year(words)]
            tidied.append(number)
        elif words in spelled:
            answered.append(number)
        elif cell and words not in meant:
            unknown[cell].append(number)
    meant |= spelled
    _say_spelled("year_group_read", "Year groups", "Y5 for 5", tidied, column, findings)
    _say_spelled("yes_no_read", "Yes and no", "Y for yes", answered, column, findings)
    _say_unknown(unknown, one, column, findings)
    blank = given.get("", "")
    if not blank and "" not in given:
        _ask_blanks(table, one, column, [meant.get(normal(cell), "") if cell else "" for cell in cells], findings)
    return [meant.get(normal(cell), "") if cell else blank for cell in cells]


def _say_spelled(kind: str, what: str, such: str, rows: Sequence[int], column: Column, findings: Findings) -> None:
    if rows:
        findings.add(
            "fixed",
            kind,
            f"{what} are written in another way than in the plan (such as {such})",
            "evalkit reads them as the plan writes them. Nothing to do.",
            rows=rows,
            columns=[column.index],
            header=column.header,
        )


def _yes_and_no(meant: Mapping[str, str]) -> dict[str, str]:
    """Other words for yes and no -> value, where the plan's two values are these."""
    yes, no = ({meant[word] for word in words if word in meant} for words in (_YES, _NO))
    if len(yes) != 1 or len(no) != 1 or yes == no or len(set(meant.values())) != 2:
        return {}
    found = dict.fromkeys(_YES, yes.pop()) | dict.fromkeys(_NO, no.pop())
    return {word: value for word, value in found.items() if word not in meant}


def _year_names(meant: Mapping[str, str]) -> dict[str, str]:
    """Year group without the word for it -> value, where the plan's values are year groups."""
    found: dict[str, str] = {}
    for words, value in meant.items():
        key = _year(words)
        if key:
            found.setdefault(key, value)
    return found


def _year(words: str) -> str:
    """5 for y5, yr 5, year 5 and 5; r for r, rec, yr, reception and year r; "" for anything else."""
    match = re.fullmatch(r"(?:y|yr|year|year group)? ?(\d{1,2}|r|rec|reception)", words)
    return "" if match is None else "r" if match.group(1)[0] == "r" else str(int(match.group(1)))


def _ask_blanks(table: Table, one: Characteristic, column: Column, values: Sequence[str], findings: Findings) -> None:
    """Only one value is ever given, and many cells are blank: does blank mean the other?"""
    kinds = set(values) - {""}
    others = sorted(set(one.values.values()) - kinds)
    blank = sum(not cell.strip() for cell in table.cells(column.index))
    if len(kinds) != 1 or len(others) != 1 or blank * _FEW_BLANKS < len(values):
        return
    given = kinds.pop()
    ask = Question(
        f"What does a blank cell in '{one.label}' mean?",
        (
            Choice(f"'{others[0]}'", {"values": {one.id: {"": others[0]}}}),
            Choice("That it is not known", {"values": {one.id: {"": ""}}}),
        ),
    )
    findings.add(
        "ask",
        "blank_value",
        f"Only {quoted(given)} is ever given here, and {counted(blank, 'cell')} {'is' if blank == 1 else 'are'} blank",
        f"Does blank mean {quoted(others[0])}? Then type it, or say so in the plan (values of '{one.id}': {{'': "
        f"{yaml_text(others[0])}}}) or in a mapping file: values: {{{one.id}: {{'': {yaml_text(others[0])}}}}}. If it "
        f"is not known, write '' there: values: {{{one.id}: {{'': ''}}}}.",
        allowed=listed([quoted(value) for value in one.values if value], last="or"),
        columns=[column.index],
        header=column.header,
        questions=[ask],
    )


def _say_unknown(unknown: Mapping[str, list[int]], one: Characteristic, column: Column, findings: Findings) -> None:
    meanings = list(dict.fromkeys(one.values.values()))
    for cell, rows in unknown.items():
        choices = [Choice(f"It means '{value}'", {"values": {one.id: {cell: value}}}) for value in meanings]
        choices.append(Choice("It is not known", {"values": {one.id: {cell: ""}}}))
        findings.add(
            "ask",
            "unknown_value",
            f"{quoted(cell)} is not one of the values the plan knows"
            + (f" ({counted(len(rows), 'row')})" if len(rows) > 1 else ""),
            f"Correct the cells, or say what it means: add {quoted(cell)} to the values of '{one.id}' in the plan, or "
            f"write in a mapping file: values: {{{one.id}: {{{yaml_text(cell)}: VALUE}}}}.",
            allowed=listed([quoted(value) for value in one.values], last="or"),
            rows=rows,
            columns=[column.index],
            header=column.header,
            questions=[Question(f"What does {quoted(cell)} mean in '{one.label}'?", tuple(choices))],
        )
