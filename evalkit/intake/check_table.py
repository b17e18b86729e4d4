"""One table of a file -> `Upload`: columns, waves, codes, answers and what is said about pupils, step by step."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from evalkit.intake.answers import decided_texts, read_answers
from evalkit.intake.belonging import leave_out_other_schools
from evalkit.intake.characteristics import read_characteristic
from evalkit.intake.code_column import pupil_column
from evalkit.intake.column_problems import (
    ItemColumns,
    drop_private,
    item_columns,
    report_mapping,
    report_unused,
)
from evalkit.intake.columns import Column
from evalkit.intake.corrections import apply_corrections
from evalkit.intake.findings import Findings
from evalkit.intake.form_rows import fill_codes_of_records, leave_out_tests
from evalkit.intake.form_times import FormTimes, form_times, report_fast, report_other_year
from evalkit.intake.free_text import report_free_text
from evalkit.intake.header import Chosen, Table
from evalkit.intake.known import Known
from evalkit.intake.normal import counted, letter, plain
from evalkit.intake.number_column import NO_WORDS, YES_NO_WORDS, Values, read_number_column
from evalkit.intake.numbers import NumberRules
from evalkit.intake.patterns import report_patterns
from evalkit.intake.pupils import code_key, in_two_schools, read_codes, report_codes_as_numbers, report_dated_codes
from evalkit.intake.responses import Parts, responses_of
from evalkit.intake.sheet_problems import report_headings, report_ragged, report_sheet
from evalkit.intake.small_groups import report_small_groups
from evalkit.intake.spare_rows import drop_rows, totals_of
from evalkit.intake.staff_words import about_people
from evalkit.intake.trial_columns import TrialColumns, read_trial
from evalkit.intake.turned_answers import turn_back
from evalkit.intake.waves import waves_of_rows
from evalkit.records.evaluation import Study
from evalkit.records.mapping import Mapping
from evalkit.records.measure import Measure
from evalkit.records.responses import ColumnRead, Problem, Source, Upload


@dataclass(frozen=True, slots=True)
class Doorway:
    """What is known of a file before its table is looked at.

    Attributes
    ----------
    file, sha256 : its name and the hash of its bytes
    study, known : the evaluation and the names of all that it needs
    wave : when the answers were given, if whoever sends the file says so; else ""
    school : the URN of the school that sends it, if that is known
    remembered : whether decisions were remembered from an earlier file of the form
    """

    file: str
    sha256: str
    study: Study
    known: Known
    wave: str
    school: str | None
    remembered: bool = False


def check_table(chosen: Chosen, table: Table, door: Doorway, *, sheet_named: bool) -> Upload:
    """Go through one table. `sheet_named` says that a person chose the sheet."""
    study, known, mapping = door.study, door.known, chosen.mapping
    findings = Findings(door.file, table.sheet)
    findings.add_notes(chosen.raw.notes)
    decisions = _recalled(chosen, door) + apply_corrections(table, mapping, findings, quiet=door.remembered)
    report_sheet(table, findings, asked=sheet_named, decided=bool(mapping and mapping.turned))
    report_mapping(table, mapping.columns if mapping else {}, known, findings)
    leave_out_tests(table, findings)
    fill_codes_of_records(table, findings)
    totals = totals_of(table)
    times = form_times(table)
    report_free_text(table, findings)
    drop_private(table, findings)
    report_ragged(table, findings)
    pupil = pupil_column(table, study, findings)
    drop_rows(table, pupil, findings, totals=totals, whole=_columns_of_answers(table, known))
    times = times.kept(table.numbers)
    report_headings(table, known, findings)
    leave_out_other_schools(table, door.school, findings)
    if _is_roster(table, known):
        return _roster(chosen, table, door, pupil, decisions, findings)
    waves = waves_of_rows(table, door.wave, known=known, study=study, findings=findings)
    columns = item_columns(
        table, known, waves=_wave_blocks(table, door.wave), rows=waves, mapping=mapping, findings=findings
    )
    report_unused(table, known, findings)
    codes, joined = _codes(table, study, pupil, mapping, findings)
    if study.plan.anonymous:
        codes = [f"{door.sha256[:8]}-{number}" for number in table.numbers]
    answers, read = _read_items(table, study, columns, mapping, findings)
    decisions += _say_mapped(findings.file, joined, read, mapping)
    who = _read_who(table, study, mapping, findings)
    if not table.rows:
        findings.add(
            "error", "no_rows", "There are headings but no answers under them", "Check that the answers were exported."
        )
    report_fast(times, len([item for item in columns if item[0] not in known.measured]), findings)
    report_other_year(times, study, findings)
    parts = Parts(table, study, codes, waves, columns, answers, who.texts, who.amounts, pupil)
    report_patterns(parts, known, findings)
    responses = responses_of(parts, known, findings)
    report_small_groups(responses, study, findings)
    return _upload(chosen, table, door, responses, decisions, findings, times=times)


def _columns_of_answers(table: Table, known: Known) -> list[int]:
    """The columns of questionnaires; a measure may have decimals."""
    return [one.index for one in table.columns if one.role == "item" and one.target not in known.measured]


def _upload(
    chosen: Chosen,
    table: Table,
    door: Doorway,
    responses: pd.DataFrame,
    decisions: Sequence[str],
    findings: Findings,
    *,
    times: FormTimes | None = None,
    roster: pd.DataFrame | None = None,
) -> Upload:
    codes = chosen.mapping.codes if chosen.mapping else {}
    return Upload(
        responses,
        _issues(door, findings),
        Source(door.file, door.sha256, table.sheet, len(table.rows)),
        tuple(decisions),
        columns=tuple(_column_read(column) for column in table.columns),
        form=chosen.form,
        roster=pd.DataFrame() if roster is None else roster,
        days=times.days if times else (),
        settled_codes=frozenset(code_key(typed) for typed in codes),
    )


def _issues(door: Doorway, findings: Findings) -> tuple[Problem, ...]:
    """What was found, in words that fit those who were asked."""
    found = findings.ordered()
    return tuple(about_people(one) for one in found) if door.study.plan.design == "feedback_survey" else found


def _recalled(chosen: Chosen, door: Doorway) -> list[str]:
    """That decisions of an earlier file were used."""
    if not door.remembered:
        return []
    return [
        f"{door.file}: answers given earlier about files with these headings were used (mappings/{chosen.form}.yaml)."
    ]


def _column_read(column: Column) -> ColumnRead:
    kind = "asked" if column.choices and not column.role else column.role
    return ColumnRead(letter(column.index), column.header, kind, column.target, column.wave)


def _codes(
    table: Table, study: Study, pupil: Column | None, mapping: Mapping | None, findings: Findings
) -> tuple[list[str], int]:
    if pupil is None:
        return [""] * len(table.rows), 0
    cells = table.cells(pupil.index)
    protection = study.plan.data_protection
    codes, joined = read_codes(
        cells,
        table.numbers,
        pupil,
        mapping=mapping,
        pseudonyms=protection is not None and protection.pseudonymise,
        findings=findings,
    )
    report_dated_codes(table.raw.dates, table.numbers, pupil, findings)
    report_codes_as_numbers(cells, table.numbers, pupil, scientific=table.raw.scientific, findings=findings)
    return codes, joined


def _is_roster(table: Table, known: Known) -> bool:
    """Whether the file says who the pupils are, and holds no answers and no time."""
    roles = {column.role for column in table.columns}
    asked = any(column.choices for column in table.columns)
    return "pupil" in roles and bool(roles & {"characteristic", "school", "class"}) and not asked and not (
        roles & {"item", "wave"}
    )  # fmt: skip


def _roster(
    chosen: Chosen, table: Table, door: Doorway, pupil: Column | None, decisions: list[str], findings: Findings
) -> Upload:
    """A list of pupils from the school's own system: characteristics alone are kept."""
    report_unused(table, door.known, findings, is_list=True)
    codes, joined = _codes(table, door.study, pupil, chosen.mapping, findings)
    who = _read_who(table, door.study, chosen.mapping, findings, is_roster=True)
    decisions += _say_mapped(findings.file, joined, 0, chosen.mapping)
    parts = Parts(table, door.study, codes, [""] * len(codes), {}, {}, who.texts, who.amounts, pupil)
    nobody = responses_of(parts, door.known, findings)
    frame = pd.DataFrame({"pupil": codes, **who.texts, **who.amounts})
    frame = frame[frame["pupil"] != ""]
    if pupil is not None and "school" in frame:
        numbers = [table.numbers[place] for place in frame.index]
        keys = [(code, "") for code in frame["pupil"]]
        moved = in_two_schools(keys, frame["school"].tolist(), numbers, pupil, findings)
        frame = frame.drop(index=frame.index[sorted(moved)])
    _say_twice(frame, table, pupil, findings)
    return _upload(
        chosen, table, door, nobody, decisions, findings, roster=frame.drop_duplicates("pupil").reset_index(drop=True)
    )


def _say_twice(frame: pd.DataFrame, table: Table, pupil: Column | None, findings: Findings) -> None:
    """Pupils who stand twice on a list, with different entries."""
    keys = frame["pupil"].map(lambda code: code_key(str(code)))
    different = ~frame.drop(columns="pupil").assign(key=keys).duplicated(keep="first")
    clash = keys[different].duplicated(keep=False)
    places = clash[clash].index.tolist()
    if places and pupil is not None:
        findings.add(
            "ask",
            "pupil_twice",
            "The same pupil code stands here again with different entries",
            "Which row is right? Delete the other one, or correct its code if it belongs to another pupil.",
            rows=[table.numbers[place] for place in places],
            columns=[pupil.index],
            header=pupil.header,
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
            turned = turn_back(instrument, [key[0] for key, _ in mine], codes, mapping)
            answers |= dict(zip([key for key, _ in mine], turned, strict=True))
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
        words=YES_NO_WORDS if _is_yes_no(study, one) else NO_WORDS,
    )


def _is_yes_no(study: Study, measure: Measure) -> bool:
    """Whether the measure holds 0 and 1 alone, and an outcome takes them for no and yes."""
    asked = any(one.instrument == measure.id and one.kind == "yes_no" for one in study.plan.outcomes)
    return asked and (measure.low, measure.high) == (0, 1)


def _read_who(
    table: Table, study: Study, mapping: Mapping | None, findings: Findings, *, is_roster: bool = False
) -> TrialColumns:
    """Characteristics of pupils; in a trial also school, class, arm and compliance, and facts that no list holds."""
    plan = study.plan
    values = mapping.values if mapping else {}
    if plan.groups is None:
        texts: dict[str, list[str]] = {}
        for one in (*plan.pupil_facts, *plan.school_facts):
            column = next((c for c in table.columns if c.role == "characteristic" and c.target == one.id), None)
            if column is not None or not is_roster:
                texts[one.id] = read_characteristic(table, one, column, values.get(one.id, {}), findings)
        class_ = next((one for one in table.columns if one.role == "class"), None)
        if class_ is not None:
            texts["class"] = [plain(cell) for cell in table.cells(class_.index)]
        return TrialColumns(texts)
    with_list = plan.data is not None and plan.data.schools is not None
    facts = plan.pupil_facts if with_list else (*plan.pupil_facts, *plan.school_facts)
    compliance = tuple(one for one in plan.groups.compliance if one.level == "pupil" or not with_list)
    return read_trial(table, study, facts, compliance, values, findings)


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
