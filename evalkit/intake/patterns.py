"""Patterns over a whole questionnaire: the same answer throughout, and questions that seem turned round already."""

import math

import numpy as np

from evalkit.intake.findings import Findings
from evalkit.intake.known import Known
from evalkit.intake.normal import counted, listed
from evalkit.intake.responses import Parts
from evalkit.records.instrument import Instrument
from evalkit.records.responses import Choice, Question
from evalkit.records.standards import load_standards

_FEWEST_PUPILS = 20
_NORMAL_975 = 1.959964


def report_patterns(parts: Parts, known: Known, findings: Findings) -> None:
    """Say what shows only when all answers to a questionnaire are looked at together."""
    for instrument in parts.study.instruments:
        if instrument.is_measure:
            continue
        for wave in dict.fromkeys(wave for _, wave in parts.columns):
            items = [name for name, when in parts.columns if when == wave and name.startswith(f"{instrument.id}.")]
            if _say_nobody(parts, items, wave, instrument, findings):
                continue
            table = _table(parts, items, wave)
            if table.size:
                _same_throughout(table, items, instrument, parts, findings)
                _turned_already(table, items, instrument, known, findings)


def _say_nobody(parts: Parts, items: list[str], wave: str, instrument: Instrument, findings: Findings) -> bool:
    """Say when nobody answered one question of a questionnaire, though its columns and other answers are there."""
    mine = [parts.columns[item, wave].index for item in items]
    others = [column.index for (item, _), column in parts.columns.items() if item not in items]
    rows = parts.table.rows
    blank = not any(index < len(row) and row[index].strip() for row in rows for index in mine)
    there = any(index < len(row) and row[index].strip() for row in rows for index in others)
    if not (items and blank and there):
        return False
    findings.add(
        "warn",
        "nobody_answered",
        f"{instrument.title}: the columns are here, but not one answer stands in them",
        "Were the answers lost on the way? Then add them. Otherwise nobody has a score, and the report says so.",
        columns=mine,
    )
    return True


def _table(parts: Parts, items: list[str], wave: str) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    columns = [[math.nan if one is None else one for one in parts.answers.get((item, wave), ())] for item in items]
    if not columns or any(len(column) != len(columns[0]) for column in columns):
        return np.empty((0, 0))
    return np.column_stack([np.asarray(column, dtype=np.float64) for column in columns])


def _same_throughout(
    table: "np.ndarray[tuple[int, int], np.dtype[np.float64]]",
    items: list[str],
    instrument: Instrument,
    parts: Parts,
    findings: Findings,
) -> None:
    if len(items) < load_standards().intake.same_answer_items.value:
        return
    complete = ~np.isnan(table).any(axis=1)
    same = complete & (np.nanmax(table, axis=1, initial=-math.inf) == np.nanmin(table, axis=1, initial=math.inf))
    rows = [parts.table.numbers[place] for place in np.flatnonzero(same)]
    if rows and len(rows) < int(complete.sum()):
        findings.add(
            "warn",
            "same_answer_throughout",
            f"{counted(len(rows), 'pupil')} gave one and the same answer to all {len(items)} questions of "
            f"{instrument.title}",
            "They may have ticked without reading. Nothing to do: the report says how many there are.",
            rows=rows,
        )


def _turned_already(
    table: "np.ndarray[tuple[int, int], np.dtype[np.float64]]",
    items: list[str],
    instrument: Instrument,
    known: Known,
    findings: Findings,
) -> None:
    """Reversed questions whose answers go with the others before they are turned round.

    All of them must correlate (after turning) with the mean of the others below -1.96 / sqrt(n).
    """
    asked = [item.partition(".")[2] for item in items]
    reverse = sorted({item for score in instrument.scores for item in score.reversed_items} & set(asked))
    straight = [place for place, item in enumerate(asked) if item not in reverse]
    complete = table[~np.isnan(table).any(axis=1)]
    if not reverse or len(straight) < 2 or len(complete) < _FEWEST_PUPILS:
        return
    others = complete[:, straight].mean(axis=1)
    limit = _NORMAL_975 / math.sqrt(len(complete))
    for item in reverse:
        column = complete[:, asked.index(item)]
        if column.std() == 0 or others.std() == 0 or np.corrcoef(column, others)[0, 1] < limit:
            return
    names = listed([f"'{known.names[f'{instrument.id}.{item}']}'" for item in reverse])
    keys = [f"{instrument.id}.{item}" for item in reverse]
    ask = Question(
        f"Were the answers to {names} turned round before the file was sent?",
        (Choice("Yes: turn them back", {"reversed": keys}),),
    )
    findings.add(
        "warn",
        "turned_already",
        f"{instrument.title}: the answers to {names} go up with those to the other questions, though they are worded "
        "the other way",
        "Were they turned round already? evalkit turns them itself. Send them as pupils gave them, or write in a "
        f"mapping file: reversed: [{', '.join(keys)}].",
        questions=[ask],
    )
