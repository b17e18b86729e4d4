"""Columns under a wording that evalkit does not have: blocks that may be whole questionnaires, in their order.

A form shows the full wording of its questions, which many questionnaires do not allow to be shipped.
"""

from collections.abc import Sequence

from evalkit.intake.columns import Column
from evalkit.intake.known import Known
from evalkit.intake.labels import read_answer
from evalkit.records.instrument import ResponseScale

_FEWEST = 3
_FIT = 0.9  # of a column's entries must be answers of the questionnaire


def blocks_in_order(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], missing: Sequence[str], known: Known
) -> dict[str, list[Column]]:
    """The block of unknown columns, side by side, that may be a questionnaire; no entry where none offers itself.

    A block has as many columns as the plan needs questions and holds the questionnaire's answers. Where several
    questionnaires are missing, a block may also hold all of them, in the order of the plan.

    Parameters
    ----------
    columns, rows : the table, from below its headings
    missing : ids of the questionnaires of which no question is known
    """
    sizes = {one: len(known.needed_of(one)) for one in missing}
    free = [one for one in columns if not one.role and not one.choices and one.header]
    fits = {
        one: {column.index for column in free if _holds_answers(column, rows, known.scales[one])} for one in missing
    }
    found: dict[str, list[Column]] = {}
    for whole in _runs([column for column in free if any(column.index in some for some in fits.values())]):
        if len(whole) == sum(sizes.values()):
            for one in missing:
                found[one], whole = whole[: sizes[one]], whole[sizes[one] :]
            if all({column.index for column in found[one]} <= fits[one] for one in missing):
                return {one: found[one] for one in missing if sizes[one] >= _FEWEST}
            found = {}
    for one in missing:
        runs = [run for run in _runs([column for column in free if column.index in fits[one]])]
        likely = [run for run in runs if len(run) == sizes[one] >= _FEWEST]
        if len(likely) == 1:
            found[one] = likely[0]
    taken = [column.index for block in found.values() for column in block]
    return found if len(taken) == len(set(taken)) else {}


def _runs(columns: Sequence[Column]) -> list[list[Column]]:
    """Columns that stand side by side."""
    runs: list[list[Column]] = []
    for column in columns:
        if runs and column.index == runs[-1][-1].index + 1:
            runs[-1].append(column)
        else:
            runs.append([column])
    return runs


def _holds_answers(column: Column, rows: Sequence[Sequence[str]], scale: ResponseScale) -> bool:
    cells = (row[column.index] for row in rows if column.index < len(row))
    filled = [cell for cell in cells if cell.strip()]
    read = {cell: read_answer(cell, scale).reading for cell in set(filled)}
    return len(filled) > 1 and sum(read[cell] in ("code", "label") for cell in filled) >= _FIT * len(filled)
