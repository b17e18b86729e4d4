"""Which column holds the pupil codes: found, asked about, standing twice, or missing."""

from evalkit.intake.columns import Column
from evalkit.intake.findings import Findings
from evalkit.intake.header import Table
from evalkit.intake.normal import letter, quoted
from evalkit.records.evaluation import Study
from evalkit.records.responses import Choice, Question


def pupil_column(table: Table, study: Study, findings: Findings) -> Column | None:
    """The column of pupil codes; when there is none this is said, with a guess to confirm where one offers itself."""
    column = next((one for one in table.columns if one.role == "pupil"), None)
    if column is not None:
        _say_codes_twice(table, column, findings)
    if column is not None or study.plan.anonymous:
        return column
    wanted = study.plan.pupil_headers[0] if study.plan.pupil_headers else "Pupil code"
    likely = [
        one for one in table.columns if not one.role and not one.choices and one.header and _like_codes(table, one)
    ]
    if len(likely) == 1:
        findings.add(
            "ask",
            "which_pupil_column",
            "No heading says where the pupil codes are",
            f"Are they in this column? If so, change its heading to '{wanted}'. Or write it in a mapping file: "
            f"columns: {{'column {letter(likely[0].index)}': pupil}}.",
            columns=[likely[0].index],
            header=likely[0].header,
            questions=[
                Question(
                    f"Are the pupil codes in column {letter(likely[0].index)} ({quoted(likely[0].header)})?",
                    (Choice("Yes", column_is(likely[0], "pupil")),),
                )
            ],
        )
    else:
        names = any(one.role == "identity" for one in table.columns)
        findings.add(
            "error",
            "no_pupil_column",
            "There is no column with pupil codes" + (", and names or addresses are not kept" if names else ""),
            f"Add a column with the heading '{wanted}' and each pupil's code. Without it nobody's answers before and "
            "after can be put side by side.",
        )
    return None


def _say_codes_twice(table: Table, column: Column, findings: Findings) -> None:
    """Another column under the same heading, as two tables side by side have it."""
    own = table.cells(column.index)
    for other in table.columns:
        if column.decided or other.decided or (other.role, other.target) != ("ignore", "pupil"):
            continue
        codes = table.cells(other.index)
        if codes == own:
            findings.add(
                "fixed",
                "column_repeated",
                f"'{column.header}' stands over both columns, with the same codes",
                "evalkit uses the first one. Nothing to do.",
                columns=[column.index, other.index],
            )
        elif any(code.strip() for code in codes):
            findings.add(
                "ask",
                "codes_twice",
                f"'{column.header}' stands over both columns, with different codes",
                f"Which column counts? evalkit uses column {letter(column.index)}. If two tables stand side by side, "
                "move the second one below the first. Or write in a mapping file: columns: "
                f"{{'column {letter(other.index)}': ignore}}.",
                columns=[column.index, other.index],
                header=column.header,
                questions=[_which_codes(column, other)],
            )


def _like_codes(table: Table, column: Column) -> bool:
    """Short entries, in nearly every row and nearly all different."""
    cells = [cell.strip() for cell in table.cells(column.index)]
    filled = [cell for cell in cells if cell]
    return (
        len(filled) > 1
        and len(filled) >= 0.8 * len(cells)
        and len(set(filled)) >= 0.9 * len(filled)
        and max(map(len, filled)) <= 16
    )


def _which_codes(column: Column, other: Column) -> Question:
    choices = tuple(
        Choice(
            f"Column {letter(kept.index)}",
            {"columns": {f"column {letter(kept.index)}": "pupil", f"column {letter(left.index)}": "ignore"}},
        )
        for kept, left in ((column, other), (other, column))
    )
    return Question("Which of these columns holds the pupil codes that count?", choices)


def column_is(column: Column, target: str) -> dict[str, dict[str, str]]:
    """The decision that a column is something; by its letter, since its heading may stand twice."""
    return {"columns": {f"column {letter(column.index)}": target}}
