"""Columns that were read -> a row per pupil and wave; rows that cannot be used are left out, and that is said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import pandas as pd

from evalkit.intake.answers import Codes
from evalkit.intake.column_problems import ItemColumns
from evalkit.intake.columns import Column
from evalkit.intake.findings import Findings
from evalkit.intake.header import Table
from evalkit.intake.known import Known
from evalkit.intake.normal import counted, listed
from evalkit.intake.number_column import Values
from evalkit.intake.pupils import code_key, in_two_schools, same_pupil_twice, shown_code
from evalkit.records.evaluation import Study

_MOST_NAMED = 12
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Parts:
    """What was read, column by column, before it becomes rows of responses.

    Attributes
    ----------
    codes, waves : a text per row of the table; "" where it is not known
    columns : (item, wave that the header names or "") -> its column
    answers : the same keys -> a value per row
    texts : characteristics and places of pupils, a text per row
    amounts : compliance measures, a number per row
    """

    table: Table
    study: Study
    codes: list[str]
    waves: list[str]
    columns: ItemColumns
    answers: Mapping[tuple[str, str], Sequence[float | None]]
    texts: Mapping[str, list[str]]
    amounts: Mapping[str, Values]
    pupil: Column | None


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of responses: place in the table, pupil, wave; and the values of every item."""

    places: list[int]
    keys: list[tuple[str, str]]
    values: dict[str, list[float | None]]


def responses_of(parts: Parts, known: Known, findings: Findings) -> pd.DataFrame:
    """Put the rows together. A file whose headers name waves gives several rows for each row of the table."""
    rows = _rows(parts, known, findings)
    texts = {name: _taken(column, rows.places) for name, column in parts.texts.items()}
    amounts = {name: _taken(column, rows.places) for name, column in parts.amounts.items()}
    numbers = _taken(parts.table.numbers, rows.places)
    left_out: set[int] = set()
    if parts.pupil is not None and len({(code_key(code), wave) for code, wave in rows.keys}) < len(rows.keys):
        content = list(zip(*rows.values.values(), *texts.values(), *amounts.values(), strict=True)) or [()] * len(
            rows.keys
        )
        labels = {wave.id: wave.label for wave in parts.study.plan.waves}
        facts = list(zip(*texts.values(), strict=True))
        schools = texts.get("school", ())
        left_out = in_two_schools(rows.keys, schools, numbers, parts.pupil, findings)
        left_out |= same_pupil_twice(
            rows.keys,
            content,
            numbers,
            parts.pupil,
            wave_labels=labels,
            facts=facts,
            settled=left_out,
            findings=findings,
        )
    stay = [place for place in range(len(rows.keys)) if place not in left_out]
    _report_answers(rows, numbers, stay, parts, known, findings)
    frame: dict[str, pd.Series] = {
        "pupil": pd.Series([rows.keys[place][0] for place in stay], dtype="str"),
        "wave": pd.Series([rows.keys[place][1] for place in stay], dtype="str"),
    }
    for item, column in rows.values.items():
        dtype = "Float64" if item in known.measured else "Int16"
        frame[item] = pd.Series(_taken(column, stay), dtype=dtype)  # pyright: ignore[reportArgumentType]
    for name, column in texts.items():
        frame[name] = pd.Series(_taken(column, stay), dtype="str")
    for name, column in amounts.items():
        frame[name] = pd.Series(_taken(column, stay), dtype="Float64")
    return pd.DataFrame(frame)


def _taken(column: Sequence[Value], places: list[int]) -> list[Value]:
    """The values at these places; mostly these are all places in their order."""
    return list(column) if places == list(range(len(column))) else [column[place] for place in places]


def _rows(parts: Parts, known: Known, findings: Findings) -> _Rows:
    blocks = list(dict.fromkeys(wave for _, wave in parts.columns))
    places: list[int] = []
    keys: list[tuple[str, str]] = []
    carried: list[int] = []
    seen: set[tuple[int, str]] = set()
    for block in blocks:
        for place, code in enumerate(parts.codes):
            wave = block or parts.waves[place]
            if not code or not wave or (place, wave) in seen:
                continue
            if len(blocks) > 1:
                seen.add((place, wave))
            if block and parts.waves[place] not in ("", wave):
                carried.append(len(keys))
            places.append(place)
            keys.append((code, wave))
    if blocks == [""]:  # every row has its own wave
        nothing: list[float | None] = [None] * len(parts.codes)
        values = {item: _taken(parts.answers.get((item, ""), nothing), places) for item in known.needed}
    else:
        values = {item: _values(parts, item, places, keys) for item in known.needed}
    rows = _Rows(places, keys, values)
    return _settle_carried(rows, carried, parts, known, findings) if carried else rows


def _values(parts: Parts, item: str, places: Sequence[int], keys: Sequence[tuple[str, str]]) -> list[float | None]:
    """An item's values: from the column whose header names the row's wave, else from the one that names none."""
    mine = {wave: column for (name, wave), column in parts.answers.items() if name == item}
    bare = mine.get("")
    if not mine:
        return [None] * len(places)
    found: list[float | None] = []
    for place, (_, wave) in zip(places, keys, strict=True):
        value = mine[wave][place] if wave in mine else None
        if value is None and bare is not None and parts.waves[place] == wave:
            value = bare[place]
        found.append(value)
    return found


def _settle_carried(rows: _Rows, carried: list[int], parts: Parts, known: Known, findings: Findings) -> _Rows:
    """A measure whose header names one wave stands in the rows of other waves too: it goes to the pupil's own row.

    Where a pupil has no row of that wave, one is made. Different numbers for one pupil are asked about and not used.
    """
    aside = set(carried)
    own = {(code_key(code), wave): place for place, (code, wave) in enumerate(rows.keys) if place not in aside}
    values = {item: list(column) for item, column in rows.values.items()}
    clashes: dict[str, set[int]] = {}
    for place in carried:
        code, wave = rows.keys[place]
        target = own.setdefault((code_key(code), wave), place)
        for item in values if target != place else ():
            here, there = values[item][place], values[item][target]
            if there is None:
                values[item][target] = here
            elif here is not None and here != there:
                clashes.setdefault(item, set()).update((place, target))
    for item, where in clashes.items():
        named = dict.fromkeys(shown_code(rows.keys[place][0]) for place in sorted(where))
        codes = listed(list(named), limit=_MOST_NAMED)
        column = next(column for (name, _), column in parts.columns.items() if name == item)
        findings.add(
            "ask",
            "several_values",
            f"{known.names[item]}: more than one number stands here for {codes}",
            "Which one is right? Type the same number in all rows of the pupil, or leave the others blank.",
            rows=[parts.table.numbers[rows.places[place]] for place in where],
            columns=[column.index],
            header=column.header,
            item=item,
        )
        for place in where:
            values[item][own[code_key(rows.keys[place][0]), rows.keys[place][1]]] = None
    stay = sorted(own.values())
    return _Rows(
        [rows.places[place] for place in stay],
        [rows.keys[place] for place in stay],
        {item: [column[place] for place in stay] for item, column in values.items()},
    )


def _report_answers(
    rows: _Rows, numbers: Sequence[int], stay: list[int], parts: Parts, known: Known, findings: Findings
) -> None:
    """Pupils without any answer, nobody at all, or the same answer everywhere."""
    silent = list(stay)
    for column in rows.values.values():
        silent = [place for place in silent if column[place] is None]
    asked: list[list[float | None] | Codes] = [rows.values[item] for item in known.asked]
    given = set[float | None]().union(*(_taken(column, stay) for column in asked)) - {None}
    if parts.study.plan.has_groups and len(silent) < len(stay):
        _note_without_number(rows, silent, stay, parts, known, findings)
    elif silent and len(silent) < len(stay):
        what = "answered no question" if known.asked else "has no number" if len(silent) == 1 else "have no number"
        findings.add(
            "warn",
            "no_answers",
            f"{counted(len(silent), 'pupil')} {what}",
            "If the answers were lost, add them. Otherwise these pupils count as not having answered.",
            rows=[numbers[place] for place in silent],
        )
    if any(one.severity in ("error", "ask") for one in findings.problems):
        return  # what is wrong with the answers is said already
    if stay and len(silent) == len(stay):
        findings.add(
            "error",
            "no_usable_answers",
            "There is not one answer in this file",
            "Check that the answers were exported with the questions, and send the file again.",
        )
    if len(given) == 1 and len(stay) > 1 and len(asked) > 1:
        findings.add(
            "error",
            "all_answers_equal",
            f"Every pupil gave the same answer ({given.pop()}) to every question",
            "That is no survey result. Check that the right column was copied, and export the answers again.",
        )


def _note_without_number(
    rows: _Rows, silent: Sequence[int], stay: Sequence[int], parts: Parts, known: Known, findings: Findings
) -> None:
    """How many pupils lack each number, or any answer: in a trial they stay on the list, for they were randomised."""
    plan = parts.study.plan
    labels = {one.item: one.label for one in plan.measures}
    counts: list[str] = []
    for wave in plan.waves:
        there = [place for place in stay if rows.keys[place][1] == wave.id]
        gaps = {
            labels[item]: sum(rows.values[item][place] is None for place in there)
            for item, waves in known.measured.items()
            if wave.id in waves and item in rows.values and item in labels
        }
        if not gaps:
            gaps = {"": sum(rows.keys[place][1] == wave.id for place in silent)}
        for label, without in gaps.items():
            where = f"'{wave.label}'" if not label else f"'{label}' ({wave.label})"
            if without:
                counts.append(f"{without:,} of {counted(len(there), 'pupil')} at {where}")
    if not counts:
        return
    findings.add(
        "warn",
        "without_number",
        f"There is no number for {listed(counts)}",
        f"That is usual{' in a trial' if parts.study.plan.is_trial else ''}: these pupils stay on the list, "
        f"{'because they were randomised' if parts.study.plan.is_trial else 'so that the report can count them'}. "
        "Nothing to do, unless numbers were lost.",
    )
