"""What the file says about the pupils (year, sex, free school meals, ...), as the plan wants it written."""

from collections import defaultdict

from evalkit.intake.columns import Column
from evalkit.intake.findings import Findings
from evalkit.intake.header import Table
from evalkit.intake.normal import counted, listed, normal, plain, quoted
from evalkit.intake.number_column import read_number_column
from evalkit.intake.numbers import NumberRules
from evalkit.records.characteristic import Characteristic


def read_characteristic(table: Table, one: Characteristic, column: Column | None, findings: Findings) -> list[str]:
    """The characteristic of each row as text; "" where nothing stands or it is not understood, which is said."""
    if column is None:
        findings.add(
            "warn",
            "no_characteristic",
            f"There is no column for '{one.label}', which the plan uses",
            f"Add a column '{(*one.headers, one.label)[0]}' if you have it. Without it this file leaves it blank.",
        )
        return [""] * len(table.rows)
    if one.kind == "number":
        numbers, _ = read_number_column(table, column, NumberRules(), name=one.label, decided={}, findings=findings)
        return ["" if number is None else f"{number:.15g}" for number in numbers]
    cells = [plain(cell) for cell in table.cells(column.index)]
    if not one.values:
        return cells
    meant = {normal(value): value for value in one.values.values()}
    meant |= {normal(typed): value for typed, value in one.values.items()}
    unknown: dict[str, list[int]] = defaultdict(list)
    for number, cell in zip(table.numbers, cells, strict=True):
        if cell and normal(cell) not in meant:
            unknown[cell].append(number)
    for cell, rows in unknown.items():
        findings.add(
            "ask",
            "unknown_value",
            f"{quoted(cell)} is not one of the values the plan knows"
            + (f" ({counted(len(rows), 'row')})" if len(rows) > 1 else ""),
            f"Correct the cells, or say in the plan what it means: add {quoted(cell)} to the values of '{one.id}'.",
            allowed=listed([quoted(value) for value in one.values], last="or"),
            rows=rows,
            columns=[column.index],
            header=column.header,
        )
    return [meant.get(normal(cell), "") if cell else "" for cell in cells]
