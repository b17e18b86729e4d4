"""When the answers were given: said by whoever sends the file, by a column, or by the headers."""

import re
from collections import defaultdict
from collections.abc import Sequence

from evalkit.errors import UploadError
from evalkit.intake.columns import Column
from evalkit.intake.findings import Findings
from evalkit.intake.header import Table
from evalkit.intake.known import Known
from evalkit.intake.normal import letter, listed, normal, quoted
from evalkit.records.evaluation import Study
from evalkit.records.responses import Choice, Question

_REDCAP_ARM = re.compile(r" arm \d+$")


def wave_asked(wave: str | None, study: Study, file: str) -> str:
    """The wave's id, or nothing. Raises UploadError when the plan has no such wave."""
    if wave is None:
        return ""
    for one in study.plan.waves:
        if normal(wave) in (normal(one.id), normal(one.label)):
            return one.id
    raise UploadError(f"{file}: The plan has no wave {quoted(wave)}. Use one of: {waves_listed(study)}.")


def waves_listed(study: Study) -> str:
    """The waves of the plan as a sentence names them."""
    return listed(
        [one.id if normal(one.id) == normal(one.label) else f"{one.id} ({one.label})" for one in study.plan.waves]
    )


def waves_of_rows(table: Table, wave: str, *, known: Known, study: Study, findings: Findings) -> list[str]:
    """The wave of each row; empty where it is not known, which is said.

    Raises
    ------
    UploadError
        Neither the caller nor a column nor any header says when the answers were given.
    """
    column = next((one for one in table.columns if one.role == "wave"), None)
    cells = table.cells(column.index) if column else []
    meant = {text: known.waves.get(_REDCAP_ARM.sub("", normal(text)), "") for text in set(cells)}
    if column is None or (wave and not any(meant.values())):
        side_by_side = any(one.wave for one in table.columns if one.role == "item")
        likely = _like_waves(table, known)
        if likely and not side_by_side:
            _ask_waves(likely, table.cells(likely.index), wave, findings)
        elif not wave and not side_by_side:
            raise UploadError(
                f"{findings.file}: It is not said when these answers were given. Name the wave of the file, or add a "
                f"column 'wave'. The plan has: {waves_listed(study)}."
            )
        return [wave] * len(table.rows)
    waves = [meant[text] for text in cells]
    _unknown(table, column, cells, waves, study=study, findings=findings)
    if wave:
        _disagrees(table, column, cells, waves, wave=wave, findings=findings)
        waves = [one if one == wave else "" for one in waves]
    return waves


def _like_waves(table: Table, known: Known) -> Column | None:
    """A column of which nothing is known and in which nothing but the names of several waves stands."""
    for column in table.columns:
        if not column.role and not column.choices:
            meant = {known.waves.get(normal(cell), "") for cell in table.cells(column.index) if cell.strip()}
            if len(meant) > 1 and "" not in meant:
                return column
    return None


def _ask_waves(column: Column, cells: Sequence[str], wave: str, findings: Findings) -> None:
    here = f"column {letter(column.index)}"
    says = listed([quoted(cell) for cell in dict.fromkeys(cell.strip() for cell in cells if cell.strip())])
    findings.add(
        "ask",
        "which_wave_column",
        f"This column holds {says}" + (f", though the file was sent as '{wave}'" if wave else ""),
        "Does it say when the answers were given? Then change its heading to 'wave'"
        + (", and send the file without naming a wave. " if wave else ". Until then no answer is used. ")
        + f"Or write it in a mapping file: columns: {{'{here}': wave}}.",
        columns=[column.index],
        header=column.header,
        questions=[
            Question(
                f"Does {here} ({quoted(column.header)}) say when the answers were given?",
                (
                    Choice("Yes", {"columns": {here: "wave"}}),
                    Choice("No: leave it out", {"columns": {here: "ignore"}}),
                ),
            )
        ],
    )


def _disagrees(
    table: Table, column: Column, cells: Sequence[str], waves: Sequence[str], *, wave: str, findings: Findings
) -> None:
    """Say that the column names other waves than whoever sent the file, in the column's own words."""
    wrong = [table.numbers[place] for place, one in enumerate(waves) if one and one != wave]
    if not wrong:
        return
    typed: dict[str, str] = {}
    for cell, one in zip(cells, waves, strict=True):
        if one:
            typed.setdefault(one, quoted(cell))
    says = listed(list(typed.values()))
    if len(typed) > 1:
        mend = "This file holds both times. " if len(typed) == 2 else "This file holds several times. "
        mend += "Send it without naming a wave (in the plan: without 'wave:'), and evalkit takes it from this column. "
    else:
        mend = f"Send it as '{next(iter(typed))}' if the column is right. If it is not, correct the column. "
    findings.add(
        "error",
        "wave_disagrees",
        f"The file was sent as '{wave}', but this column says {says}",
        f"{mend}Until then these rows are left out.",
        rows=wrong,
        columns=[column.index],
        header=column.header,
    )


def _unknown(
    table: Table, column: Column, cells: Sequence[str], waves: Sequence[str], *, study: Study, findings: Findings
) -> None:
    rows: dict[str, list[int]] = defaultdict(list)
    for number, text, wave in zip(table.numbers, cells, waves, strict=True):
        if not wave:
            rows[text.strip()].append(number)
    for text, numbers in rows.items():
        findings.add(
            "error",
            "unknown_wave",
            f"{quoted(text)} is no wave of the plan" if text else "It is not said when these answers were given",
            "Type the wave into the cells. These rows are left out.",
            allowed=waves_listed(study),
            rows=numbers,
            columns=[column.index],
            header=column.header,
        )
