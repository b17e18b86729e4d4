"""Check the list of the schools of a trial: file -> `SchoolList`, with all that must be mended, asked or known."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from evalkit.errors import UploadError
from evalkit.intake.column_problems import drop_private, report_mapping, report_unused
from evalkit.intake.columns import Column
from evalkit.intake.corrections import apply_corrections
from evalkit.intake.findings import Findings
from evalkit.intake.header import Table, choose_reading
from evalkit.intake.known import known_names
from evalkit.intake.normal import listed, quoted
from evalkit.intake.read import read_file
from evalkit.intake.sheet_problems import report_ragged
from evalkit.intake.spare_rows import drop_rows, totals_of
from evalkit.intake.trial_columns import TrialColumns, read_trial
from evalkit.records.evaluation import Study
from evalkit.records.mapping import Mapping
from evalkit.records.responses import SchoolList, Source
from evalkit.records.trial_notes import key_of


def check_schools(
    path: str | Path, study: Study, *, sheet: str | None = None, mapping: Mapping | None = None
) -> SchoolList:
    """Read the list of the schools that were randomised and check everything in it.

    Parameters
    ----------
    path : CSV, TSV or XLSX file with a row per school: those that left and those without a pupil belong there too
    study : an evaluation whose design is a trial or a comparison
    sheet, mapping : as for `check_upload`

    Returns
    -------
    SchoolList - the schools with their arm, characteristics and compliance, and ALL problems

    Raises
    ------
    UploadError
        Nothing can be read at all: no such file, not a spreadsheet, no column with the schools.
    """
    place = Path(path)
    if study.plan.groups is None:
        raise UploadError(f"{place.name}: The plan compares no groups, so it has no list of schools.")
    readings, sha256 = read_file(place)
    known = known_names(study)
    chosen = choose_reading(readings, known, place.name, sheet=sheet, mapping=mapping)
    table = chosen.table
    findings = Findings(place.name, table.sheet)
    findings.add_notes(chosen.raw.notes)
    decisions = apply_corrections(table, mapping, findings)
    report_mapping(table, mapping.columns if mapping else {}, known, findings)
    totals = totals_of(table)
    drop_private(table, findings)
    report_ragged(table, findings)
    column = next((one for one in table.columns if one.role == "school"), None)
    if column is None:
        heading = (*study.plan.groups.school.headers, "School")[0]
        raise UploadError(
            f"{place.name}: No column says which school a row is about. Give that column the heading '{heading}'."
        )
    drop_rows(table, column, findings, totals=totals)
    report_unused(table, known, findings, is_list=True)
    read = read_trial(
        table,
        study,
        study.plan.school_facts,
        tuple(one for one in study.plan.groups.compliance if one.level == "school"),
        mapping.values if mapping else {},
        findings,
    )
    count = len(table.rows)
    schools = _frame(table, column, read, findings)
    if count == 0:
        findings.add("error", "no_rows", "There are headings but no schools under them", "Send the list of schools.")
    return SchoolList(schools, findings.ordered(), Source(place.name, sha256, table.sheet, count), tuple(decisions))


def _frame(table: Table, column: Column, read: TrialColumns, findings: Findings) -> pd.DataFrame:
    """A row per school; rows without a school and schools that stand twice are said."""
    names = read.texts["school"]
    blank = [number for number, name in zip(table.numbers, names, strict=True) if not name]
    if blank:
        findings.add(
            "error", "no_school", "The school is missing", "Type the school, or delete the row.",
            rows=blank, columns=[column.index], header=column.header,
        )  # fmt: skip
    content = list(zip(*read.texts.values(), *read.amounts.values(), strict=True))
    stay = _each_once(names, read.texts.get("arm", []), content, table.numbers, column, findings)
    frame = {name: pd.Series([texts[place] for place in stay], dtype="str") for name, texts in read.texts.items()}
    frame |= {
        name: pd.Series([values[place] for place in stay], dtype="Float64") for name, values in read.amounts.items()
    }
    order = ["school", *(name for name in frame if name not in ("school", "class"))]
    return pd.DataFrame(frame, columns=order)


def _each_once(
    names: Sequence[str], arms: Sequence[str], content: Sequence[tuple[object, ...]], numbers: Sequence[int],
    column: Column, findings: Findings,
) -> list[int]:  # fmt: skip
    places: dict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(names):
        if name:
            places[key_of(name)].append(place)
    repeated = {key: some for key, some in places.items() if len(some) > 1}
    equal = {key for key, some in repeated.items() if all(content[place] == content[some[0]] for place in some)}
    again = [numbers[place] for key in equal for place in repeated[key][1:]]
    if again:
        findings.add(
            "fixed", "school_repeated", "The same school stands here again with the same entries",
            "evalkit keeps one row. Nothing to do.", rows=again, columns=[column.index], header=column.header,
        )  # fmt: skip
    for key, some in repeated.items():
        if key not in equal:
            findings.add(
                "error",
                "school_twice",
                f"The school {quoted(names[some[0]])} stands here {len(some)} times, "
                + _what_differs([arms[place] for place in some] if arms else []),
                "A school was allocated once. Keep the row that is right. If they are two schools, give each its own "
                "number: the URN tells schools of one name apart.",
                rows=[numbers[place] for place in some],
                columns=[column.index],
                header=column.header,
            )
    return [some[0] for some in places.values()]


def _what_differs(arms: Sequence[str]) -> str:
    given = list(dict.fromkeys(arm for arm in arms if arm))
    return f"in the groups {listed(given)}" if len(given) > 1 else "with different entries"
