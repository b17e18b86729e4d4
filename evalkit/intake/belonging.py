"""Whether the rows of a file belong to the school that sends it."""

from collections import defaultdict
from collections.abc import Iterable

from evalkit.intake.findings import Findings
from evalkit.intake.header import Table
from evalkit.intake.normal import counted, plain, quoted
from evalkit.records.trial_notes import key_of


def leave_out_other_schools(table: Table, school: str | None, findings: Findings) -> None:
    """Leave out the rows of schools other than the one that sends the file, and say so.

    Parameters
    ----------
    school : the URN (or the code that the evaluation uses) of the school that sends the file; None when any may. Where
        one and the same name stands in the column, and no number, it is that school's
    """
    column = next((one for one in table.columns if one.role == "school"), None)
    if school is None or column is None:
        return
    rows: dict[str, list[int]] = defaultdict(list)
    wanted: list[bool] = []
    by_number = False
    for number, cell in zip(table.numbers, table.cells(column.index), strict=True):
        named = plain(cell).removesuffix(".0")
        mine = not named or key_of(named) == key_of(school)
        by_number |= bool(named) and mine
        wanted.append(mine)
        if not mine:
            rows[named].append(number)
    if all(wanted) or (not by_number and _is_one_name(rows)):
        return
    for named, numbers in rows.items():
        findings.add(
            "error",
            "other_school",
            f"{counted(len(numbers), 'row')} {'is' if len(numbers) == 1 else 'are'} of the school {quoted(named)}, but "
            f"the file was sent for {quoted(school)}",
            "Send each school's pupils by that school. If the number is mistyped, correct it. These rows are left out.",
            rows=numbers,
            columns=[column.index],
            header=column.header,
        )
    table.keep(wanted)


def _is_one_name(named: Iterable[str]) -> bool:
    """Whether the schools are one, written as a name and not as a number."""
    different = {key_of(one) for one in named}
    return len(different) == 1 and not any(sign.isdigit() for one in different for sign in one)
