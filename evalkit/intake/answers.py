"""The columns of one instrument -> codes, and everything in them that is no plain answer."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from evalkit.intake.answer_problems import Odd, allowed_answers, report_odd, report_scale
from evalkit.intake.columns import Column
from evalkit.intake.findings import Findings
from evalkit.intake.header import Table
from evalkit.intake.labels import Answer, answer_key, read_answer
from evalkit.intake.normal import quoted
from evalkit.records.instrument import Instrument, ResponseScale
from evalkit.records.mapping import Mapping

Codes = list[int | None]


@dataclass(slots=True)
class _Read:
    """What reading the columns brought together."""

    values: list[Codes] = field(default_factory=list)
    odd: dict[str, Odd] = field(default_factory=dict)
    labelled: list[int] = field(default_factory=list)
    readings: Counter[str] = field(default_factory=Counter)


def read_answers(
    table: Table, instrument: Instrument, columns: Sequence[Column], *, mapping: Mapping | None, findings: Findings
) -> tuple[list[Codes], int]:
    """Read the columns of one instrument.

    Returns
    -------
    The codes of each column, a value per row of the table, None where there is no valid answer; and the number of cells
    that were read as the mapping file says. Problems go to `findings`.
    """
    decided = decided_texts(instrument.id, mapping)
    _report_decided(findings, instrument, _scale(instrument, columns[0]), decided)
    scales = [_scale(instrument, column) for column in columns]
    values: dict[int, Codes] = {}
    for scale in [one for place, one in enumerate(scales) if one not in scales[:place]]:
        mine = [column for column, own in zip(columns, scales, strict=True) if own == scale]
        found = _read_scale(table, instrument, scale, mine, decided, findings)
        values |= dict(zip((column.index for column in mine), found, strict=True))
    used = (
        sum(sum(answer_key(cell) in decided for cell in table.cells(column.index)) for column in columns)
        if decided
        else 0
    )
    return [values[column.index] for column in columns], used


def _read_scale(
    table: Table,
    instrument: Instrument,
    scale: ResponseScale,
    columns: Sequence[Column],
    decided: dict[str, float | None],
    findings: Findings,
) -> list[Codes]:
    """The codes of those columns whose questions share one answer scale."""
    read = _Read()
    for column in columns:
        _read_column(read, table, column, scale, decided)
    if report_scale(findings, instrument, scale, columns, read.values, list(read.odd.values())):
        return [[None] * len(table.rows) for _ in columns]
    report_odd(findings, instrument, scale, columns, list(read.odd.values()))
    if read.labelled:
        findings.add(
            "fixed",
            "labels_read",
            f"{instrument.title}: the answers stand as words",
            f"evalkit reads them as numbers from {scale.min} to {scale.max}. Nothing to do.",
            columns=read.labelled,
        )
    return read.values


def decided_texts(instrument: str, mapping: Mapping | None) -> dict[str, float | None]:
    """What the mapping file says the texts of an instrument mean; None is no answer. Keys made by `answer_key`."""
    return {answer_key(text): code for text, code in (mapping.labels.get(instrument, {}) if mapping else {}).items()}


def _report_decided(
    findings: Findings, instrument: Instrument, scale: ResponseScale, decided: dict[str, float | None]
) -> None:
    """Take decisions out that no answer scale of the instrument allows."""
    values = {value for one in instrument.responses.values() for value in one.values}
    for text in [text for text, code in decided.items() if code is not None and code not in values]:
        findings.add(
            "error",
            "mapping_label",
            f"The mapping file says that {quoted(text)} is {decided.pop(text)}, which is none of its answers",
            "Correct the mapping file.",
            allowed=allowed_answers(scale),
        )


def _scale(instrument: Instrument, column: Column) -> ResponseScale:
    return instrument.response_of(column.target.partition(".")[2])


def _read_column(
    read: _Read, table: Table, column: Column, scale: ResponseScale, decided: dict[str, float | None]
) -> None:
    cells = table.cells(column.index)
    meant = {text: int(code) for text, code in decided.items() if code is not None}
    silent = {text for text, code in decided.items() if code is None}
    answers = {
        text: Answer("blank") if answer_key(text) in silent else read_answer(text, scale, meant) for text in set(cells)
    }
    codes = {text: answer.value for text, answer in answers.items()}
    values = [codes[text] for text in cells]
    plain_readings = ("code", "label", "blank")
    strange = {text for text, answer in answers.items() if answer.reading not in plain_readings}
    if any(answer.reading == "label" for answer in answers.values()):
        read.labelled.append(column.index)
    special = {
        **{place: Answer("uncalculated") for place in places_of(table, column.index, table.raw.uncalculated)},
        **{place: Answer("date") for place in places_of(table, column.index, table.raw.dates)},
    }
    if strange or special:
        for place, text in enumerate(cells):
            answer = special.get(place) if place in special else answers[text] if text in strange else None
            if answer is not None:
                values[place] = None
                odd = read.odd.setdefault(f"{answer.reading} {answer_key(text)}", Odd(text, answer))
                odd.cells.append((table.numbers[place], column.index))
    read.values.append(values)


def places_of(table: Table, column: int, cells: Sequence[tuple[int, int]]) -> list[int]:
    """The places in the table of those cells that stand in the column."""
    rows = {row for row, where in cells if where == column}
    return [place for place, number in enumerate(table.numbers) if number in rows] if rows else []
