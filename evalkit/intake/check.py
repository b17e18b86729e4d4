"""Check a survey file as a school sends it: file -> `Upload`, with all that must be mended, asked or known."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evalkit.intake.answers import decided_texts, read_answers
from evalkit.intake.characteristics import read_characteristic
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
from evalkit.intake.form_map import with_form_map
from evalkit.intake.header import Table, choose_reading
from evalkit.intake.known import Known, known_names
from evalkit.intake.large_text import is_large, mapping_of, put_together, tables_of
from evalkit.intake.normal import counted, listed, quoted
from evalkit.intake.number_column import Values, read_number_column
from evalkit.intake.numbers import NumberRules
from evalkit.intake.pupils import read_codes, report_codes_as_numbers, report_dated_codes
from evalkit.intake.raw import RawFile
from evalkit.intake.read import read_file
from evalkit.intake.responses import Parts, responses_of
from evalkit.intake.spare_rows import drop_rows
from evalkit.intake.trial_columns import TrialColumns, read_trial
from evalkit.intake.uncollected import uncollected
from evalkit.intake.waves import wave_asked, waves_of_rows
from evalkit.records.evaluation import Study
from evalkit.records.mapping import Mapping
from evalkit.records.responses import Source, Upload


@uncollected()
def check_upload(
    path: str | Path, study: Study, *, wave: str | None = None, sheet: str | None = None, mapping: Mapping | None = None
) -> Upload:
    """Read a survey file and check everything in it.

    Parameters
    ----------
    path : CSV, TSV, XLSX or ODS file, as exported from a form or typed in
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
    asked = _Asked(place.name, study, known_names(study), wave_asked(wave, study, place.name), sheet, mapping)
    if is_large(place):
        return put_together(_pieces(place, asked), place)
    readings, sha256 = read_file(place)
    readings, mapping = with_form_map(readings, mapping, asked.known)
    asked = replace(asked, mapping=mapping)
    return _checked(*asked.choose(readings), asked, sha256=sha256)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked about a file: its name, the study, the wave and sheet that were named, and what was decided."""

    file: str
    study: Study
    known: Known
    wave: str
    sheet: str | None
    mapping: Mapping | None

    def choose(self, readings: Iterator[RawFile]) -> tuple[RawFile, Table]:
        """The reading in which the plan's columns are found."""
        return choose_reading(readings, self.known, self.file, sheet=self.sheet, mapping=self.mapping)


def _pieces(place: Path, asked: _Asked) -> Iterator[Upload]:
    """The pieces of a large text file, each checked."""
    first = True
    for raw, table in tables_of(place, asked.choose):
        mapping = mapping_of(asked.mapping, table, first=first)
        yield _checked(raw, table, replace(asked, mapping=mapping), sha256="")
        first = False


def _checked(raw: RawFile, table: Table, asked: _Asked, *, sha256: str) -> Upload:
    """Check everything in the table that was found in the file."""
    study, known, wanted, sheet, mapping = asked.study, asked.known, asked.wave, asked.sheet, asked.mapping
    findings = Findings(asked.file, table.sheet)
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
    columns = item_columns(table, known, waves=_wave_blocks(table, wanted), rows=waves, findings=findings)
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
    who = _read_who(table, study, findings)
    if count == 0:
        findings.add(
            "error", "no_rows", "There are headings but no answers under them", "Check that the answers were exported."
        )
    parts = Parts(table, study, codes, waves, columns, answers, who.texts, who.amounts, pupil)
    responses = responses_of(parts, known, findings)
    return Upload(responses, findings.ordered(), Source(asked.file, sha256, table.sheet, count), tuple(decisions))


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
    return [one for one in named if not wanted or one in ("", wanted)] or [""]


def _read_items(
    table: Table, study: Study, columns: ItemColumns, mapping: Mapping | None, findings: Findings
) -> tuple[dict[tuple[str, str], Sequence[float | None]], int]:
    answers: dict[tuple[str, str], Sequence[float | None]] = {}
    used = 0
    for instrument in study.instruments:
        mine = [(key, column) for key, column in columns.items() if key[0].partition(".")[0] == instrument.id]
        if mine and instrument.is_measure:
            for key, column in mine:
                answers[key], read = _read_measure(table, study, instrument.id, column, mapping, findings)
                used += read
        elif mine:
            codes, read = read_answers(
                table, instrument, [column for _, column in mine], mapping=mapping, findings=findings
            )
            answers |= dict(zip([key for key, _ in mine], codes, strict=True))
            used += read
    return answers, used


def _read_measure(
    table: Table, study: Study, measure_id: str, column: Column, mapping: Mapping | None, findings: Findings
) -> tuple[Values, int]:
    one = next(one for one in study.plan.measures if one.id == measure_id)
    return read_number_column(
        table,
        column,
        NumberRules(one.low, one.high, one.unit, one.missing),
        name=one.label,
        decided=decided_texts(one.id, mapping),
        findings=findings,
        measure=one.id,
    )


def _read_who(table: Table, study: Study, findings: Findings) -> TrialColumns:
    """Characteristics of pupils; in a trial also school, class, arm and compliance, and facts that no list holds."""
    plan = study.plan
    if plan.trial is None:
        texts: dict[str, list[str]] = {}
        for one in (*plan.pupil_facts, *plan.school_facts):
            column = next((c for c in table.columns if c.role == "characteristic" and c.target == one.id), None)
            texts[one.id] = read_characteristic(table, one, column, findings)
        return TrialColumns(texts)
    with_list = plan.data is not None and plan.data.schools is not None
    facts = plan.pupil_facts if with_list else (*plan.pupil_facts, *plan.school_facts)
    compliance = tuple(one for one in plan.trial.compliance if one.level == "pupil" or not with_list)
    return read_trial(table, study, facts, compliance, findings)


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
