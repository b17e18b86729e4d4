"""Check a survey file as a school sends it: file -> `Upload`, with all that must be mended, asked or known."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from evalkit.intake.answers import Codes, read_answers
from evalkit.intake.characteristics import characteristics_of, read_characteristic
from evalkit.intake.column_problems import (
    ItemColumns,
    drop_private,
    item_columns,
    pupil_column,
    report_mapping,
    report_ragged,
    report_unused,
)
from evalkit.intake.columns import Column
from evalkit.intake.corrections import apply_corrections
from evalkit.intake.findings import Findings
from evalkit.intake.header import Table, choose_reading
from evalkit.intake.known import Known, known_names
from evalkit.intake.normal import counted, listed, quoted
from evalkit.intake.pupils import read_codes, report_codes_as_numbers, report_dated_codes, same_pupil_twice
from evalkit.intake.read import read_file
from evalkit.intake.spare_rows import drop_rows
from evalkit.intake.waves import wave_asked, waves_of_rows
from evalkit.records.evaluation import Study
from evalkit.records.mapping import Mapping
from evalkit.records.responses import Source, Upload


def check_upload(
    path: str | Path, study: Study, *, wave: str | None = None, sheet: str | None = None, mapping: Mapping | None = None
) -> Upload:
    """Read a survey file and check everything in it.

    Parameters
    ----------
    path : CSV, TSV or XLSX file, as exported from a form or typed in
    study : the evaluation, from `load_evaluation`
    wave : when these answers were given, by the wave's id or label in the plan; may be left out when the file has a
        wave column or names waves in its headings
    sheet : the sheet of a workbook; without it the sheet with the plan's questions is found
    mapping : what a person decided about the file, from `load_mapping`

    Returns
    -------
    Upload - the valid responses, and ALL problems: errors, questions, warnings and what was mended without asking

    Raises
    ------
    UploadError
        Only when nothing can be read at all: no such file, not a spreadsheet, empty, too large, no such sheet or wave,
        no known column. The message says what to do.
    """
    place = Path(path)
    wanted = wave_asked(wave, study, place.name)
    readings, sha256 = read_file(place)
    known = known_names(study)
    raw, table = choose_reading(readings, known, place.name, sheet=sheet, mapping=mapping)
    findings = Findings(place.name, table.sheet)
    findings.add_notes(raw.notes)
    decisions = apply_corrections(table, mapping, findings)
    _report_sheet(table, findings, asked=sheet)
    report_mapping(table, mapping.columns if mapping else {}, known, findings)
    drop_private(table, findings)
    report_ragged(table, findings)
    pupil = pupil_column(table, study, findings)
    drop_rows(table, pupil, findings)
    count = len(table.rows)
    waves = waves_of_rows(table, wanted, known=known, study=study, findings=findings)
    columns = item_columns(table, known, waves=_wave_blocks(table, wanted), findings=findings)
    report_unused(table, known, findings)
    codes, joined = ([""] * count, 0)
    if pupil is not None:
        codes, joined = read_codes(table.cells(pupil.index), table.numbers, pupil, mapping=mapping, findings=findings)
        report_dated_codes(table.raw.dates, table.numbers, pupil, findings)
        report_codes_as_numbers(
            table.cells(pupil.index), table.numbers, pupil, scientific=table.raw.scientific, findings=findings
        )
    answers, read = _read_items(table, study, columns, mapping, findings)
    decisions += _say_mapped(findings.file, joined, read, mapping)
    characteristics = _read_characteristics(table, study, findings)
    if count == 0:
        findings.add(
            "error", "no_rows", "There are headings but no answers under them", "Check that the answers were exported."
        )
    responses = _responses(
        _Parts(table, study, codes, waves, columns, answers, characteristics, pupil), known, findings
    )
    return Upload(responses, findings.ordered(), Source(place.name, sha256, table.sheet, count), tuple(decisions))


@dataclass(frozen=True, slots=True)
class _Parts:
    """What was read, column by column, before it becomes rows of responses."""

    table: Table
    study: Study
    codes: list[str]
    waves: list[str]
    columns: ItemColumns
    answers: dict[tuple[str, str], Codes]
    characteristics: dict[str, list[str]]
    pupil: Column | None


def _report_sheet(table: Table, findings: Findings, *, asked: str | None) -> None:
    if table.others and asked is None:
        names = listed([quoted(name) for name in (table.sheet, *table.others)])
        findings.add(
            "ask",
            "several_sheets",
            f"The sheets {names} all look like answers. Only {quoted(table.sheet)} was read",
            "Copy all answers into one sheet. Or list each sheet as its own file in the plan (the same path, with "
            "'sheet:'). If only one sheet counts, name that one.",
        )
    if table.raw.hidden:
        findings.add(
            "warn",
            "hidden_sheet",
            "The answers were found in a hidden sheet",
            "Check that this is the sheet you meant to send.",
        )
    unseen = set(table.raw.hidden_rows)
    hidden = [number for number in table.numbers if number in unseen]
    if hidden:
        findings.add(
            "warn",
            "hidden_rows",
            f"{counted(len(hidden), 'row')} of answers {'is' if len(hidden) == 1 else 'are'} hidden in the sheet "
            "(often by a filter)",
            "evalkit reads hidden rows too. If they should not count, delete them.",
            rows=hidden,
        )


def _wave_blocks(table: Table, wanted: str) -> list[str]:
    """Which waves the headings name; "" for headings that name none."""
    named = list(dict.fromkeys(column.wave for column in table.columns if column.role == "item"))
    if wanted and wanted in named:
        return [wanted]
    return [one for one in named if not wanted or one == ""] or [""]


def _read_items(
    table: Table, study: Study, columns: ItemColumns, mapping: Mapping | None, findings: Findings
) -> tuple[dict[tuple[str, str], Codes], int]:
    answers: dict[tuple[str, str], Codes] = {}
    used = 0
    for instrument in study.instruments:
        mine = [(key, column) for key, column in columns.items() if key[0].partition(".")[0] == instrument.id]
        if mine:
            codes, read = read_answers(
                table, instrument, [column for _, column in mine], mapping=mapping, findings=findings
            )
            answers |= dict(zip([key for key, _ in mine], codes, strict=True))
            used += read
    return answers, used


def _read_characteristics(table: Table, study: Study, findings: Findings) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in characteristics_of(study):
        column = next((c for c in table.columns if c.role == "characteristic" and c.target == one.id), None)
        found[one.id] = read_characteristic(table, one, column, findings)
    return found


def _say_mapped(file: str, joined: int, read: int, mapping: Mapping | None) -> list[str]:
    """Decisions of the mapping file in words, without codes or answers."""
    decisions: list[str] = []
    who = f" Decided by: {mapping.decided_by.rstrip('.')}." if mapping and mapping.decided_by else ""
    if joined:
        decisions.append(
            f"{file}: {counted(joined, 'pupil code')} typed wrongly {'was' if joined == 1 else 'were'} corrected.{who}"
        )
    if read:
        decisions.append(
            f"{file}: {counted(read, 'answer')} {'was' if read == 1 else 'were'} read as the mapping file says.{who}"
        )
    return decisions


def _responses(parts: _Parts, known: Known, findings: Findings) -> pd.DataFrame:
    """A row per pupil and wave: rows that cannot be used are left out, what is wrong with them is said."""
    table = parts.table
    places: list[int] = []
    keys: list[tuple[str, str]] = []
    waves: list[str] = []
    for block in dict.fromkeys(wave for _, wave in parts.columns):
        for place, code in enumerate(parts.codes):
            wave = block or parts.waves[place]
            if code and wave:
                places.append(place)
                keys.append((code, wave))
                waves.append(block)
    values = {
        item: [
            parts.answers[item, block][place] if (item, block) in parts.answers else None
            for place, block in zip(places, waves, strict=True)
        ]
        for item in known.needed
    }
    texts = {name: [column[place] for place in places] for name, column in parts.characteristics.items()}
    numbers = [table.numbers[place] for place in places]
    if parts.pupil is not None and keys:
        rows = list(zip(*values.values(), *texts.values(), strict=True))
        labels = {wave.id: wave.label for wave in parts.study.plan.waves}
        left_out = same_pupil_twice(keys, rows, numbers, parts.pupil, wave_labels=labels, findings=findings)
    else:
        left_out = set()
    stay = [place for place in range(len(keys)) if place not in left_out]
    _report_answers(values, numbers, stay, table, findings)
    content: dict[str, pd.Series] = {
        "pupil": pd.Series([keys[place][0] for place in stay], dtype="str"),
        "wave": pd.Series([keys[place][1] for place in stay], dtype="str"),
    }
    for item, column in values.items():
        content[item] = pd.Series([column[place] for place in stay], dtype="Int16")
    for name, column in texts.items():
        content[name] = pd.Series([column[place] for place in stay], dtype="str")
    return pd.DataFrame(content)


def _report_answers(
    values: dict[str, Codes], numbers: Sequence[int], stay: Sequence[int], table: Table, findings: Findings
) -> None:
    """Pupils without any answer, nobody at all, or the same answer everywhere."""
    silent = [numbers[place] for place in stay if all(column[place] is None for column in values.values())]
    given = {column[place] for column in values.values() for place in stay} - {None}
    if silent and len(silent) < len(stay):
        findings.add(
            "warn",
            "no_answers",
            f"{counted(len(silent), 'pupil')} answered no question",
            "If the answers were lost, add them. Otherwise these pupils count as not having answered.",
            rows=silent,
        )
    if stay and not given:
        findings.add(
            "error",
            "no_usable_answers",
            "Not one answer in this file can be used",
            "Mend the other problems of this list first, then check the file again.",
        )
    if len(given) == 1 and len(stay) > 1 and len(values) > 1:
        findings.add(
            "error",
            "all_answers_equal",
            f"Every pupil gave the same answer ({given.pop()}) to every question",
            "That is no survey result. Check that the right column was copied, and export the answers again.",
        )
