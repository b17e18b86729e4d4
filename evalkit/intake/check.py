"""Check a survey file as a school sends it: file -> `Upload`, with all that must be mended, asked or known."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from evalkit.errors import SpecError
from evalkit.intake.check_table import Doorway, check_table
from evalkit.intake.findings import Findings, ordered
from evalkit.intake.form_map import with_form_map
from evalkit.intake.header import Chosen, choose_reading, find_table
from evalkit.intake.known import known_names
from evalkit.intake.large_text import is_large, mapping_of, put_together, tables_of
from evalkit.intake.marked_file import write_marked
from evalkit.intake.normal import counted, listed
from evalkit.intake.pupils import code_key, shown_code
from evalkit.intake.raw import RawFile
from evalkit.intake.read import read_file
from evalkit.intake.uncollected import uncollected
from evalkit.intake.waves import wave_asked
from evalkit.records.evaluation import Study
from evalkit.records.mapping import MAPPINGS_FOLDER, Mapping, load_mapping
from evalkit.records.responses import Problem, Source, Upload

_MOST_NAMED = 12


@uncollected()
def check_upload(
    path: str | Path,
    study: Study,
    *,
    wave: str | None = None,
    sheet: str | None = None,
    mapping: Mapping | None = None,
    school: str | None = None,
    marked: str | Path | None = None,
) -> Upload:
    """Read a survey file and check everything in it.

    Parameters
    ----------
    path : CSV, TSV, XLSX or ODS file, as exported from a form or typed in
    study : the evaluation, from `load_evaluation`
    wave : when these answers were given, by the wave's id or label in the plan; may be left out when the file has a
        wave column or names waves in its headings
    sheet : the sheet of a workbook; without it the sheet with the plan's questions is found
    mapping : what a person decided about the file, from `load_mapping`; without it, what was decided earlier about
        files with the same headings (`mappings/` beside the plan)
    school : the URN of the school that sends the file: rows of another school are an error
    marked : a new .xlsx file to write: the cells as they were read, with what is wrong marked and said

    Returns
    -------
    Upload - the valid responses, and ALL problems: errors, questions, warnings and what was mended without asking

    Raises
    ------
    UploadError
        Only when nothing can be read at all: no such file, not a spreadsheet, empty, too large, no such sheet or wave,
        no known column. The message says what to do.
    SpecError
        The decisions that are kept for this form cannot be read.
    EvalkitError
        The marked file cannot be written.
    """
    place = Path(path)
    asked = _Asked(
        Doorway(place.name, "", study, known_names(study, with_school=school is not None), "", school),
        wave_asked(wave, study, place.name),
        sheet,
        mapping,
    )
    if is_large(place):
        return put_together(_pieces(place, asked), place, study)
    readings, sha256 = read_file(place)
    readings, templated = with_form_map(readings, mapping, asked.door.known)
    asked = replace(asked, templated=templated if mapping is None else None, mapping=templated if mapping else None)
    chosen = asked.choose(readings)
    door = asked.door_of(chosen, sha256)
    several = chosen.mapping.sheets if chosen.mapping and sheet is None and len(chosen.mapping.sheets) > 1 else ()
    tables = [chosen.table]
    if several:
        tables = [find_table(chosen.raw, door.known, door.file, sheet=one, mapping=chosen.mapping) for one in several]
        upload = _joined([check_table(chosen, table, door, sheet_named=True) for table in tables], door)
    else:
        named = sheet is not None or bool(chosen.mapping and chosen.mapping.sheets)
        upload = check_table(chosen, chosen.table, door, sheet_named=named)
    if marked is not None:
        write_marked(tables, upload.issues, Path(marked))
    return upload


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked about a file: the study, the wave and the sheet that were named, and what was decided.

    `templated` is what the hidden map of an answer template says; it goes behind what was remembered.
    """

    door: Doorway
    wave: str
    sheet: str | None
    mapping: Mapping | None
    templated: Mapping | None = None

    def choose(self, readings: Iterator[RawFile]) -> Chosen:
        """The reading in which the plan's columns are found."""
        return choose_reading(
            readings,
            self.door.known,
            self.door.file,
            sheet=self.sheet,
            mapping=self.mapping,
            wave=self.wave,
            recall=self.recall,
        )

    def recall(self, form: str) -> Mapping | None:
        """What was decided earlier about files of this form, and what their template says."""
        kept, map_ = recall(self.door.study, form), self.templated
        if kept is None or map_ is None:
            return kept or map_
        return kept.model_copy(update={"columns": map_.columns | kept.columns})

    def door_of(self, chosen: Chosen, sha256: str) -> Doorway:
        """What is known of the file, now that its form is."""
        remembered = self.mapping is None and mapping_file(self.door.study, chosen.form).is_file()
        return replace(self.door, sha256=sha256, wave=self.wave, remembered=remembered)


def _pieces(place: Path, asked: _Asked) -> Iterator[Upload]:
    """The pieces of a large text file, each checked."""
    first = True
    for chosen in tables_of(place, asked.choose):
        mine = replace(chosen, mapping=mapping_of(chosen.mapping, chosen.table, first=first))
        yield check_table(mine, mine.table, asked.door_of(chosen, ""), sheet_named=False)
        first = False


def mapping_file(study: Study, form: str) -> Path:
    """Where the decisions about files of one form are kept."""
    return study.folder / MAPPINGS_FOLDER / f"{form}.yaml"


def recall(study: Study, form: str) -> Mapping | None:
    """What was decided earlier about files of this form; None where nothing was."""
    path = mapping_file(study, form)
    try:
        return load_mapping(path) if path.is_file() else None
    except SpecError as error:
        raise SpecError(f"{error.message} Mend the file, or delete it to be asked again.") from None


def _joined(parts: list[Upload], door: Doorway) -> Upload:
    """The sheets of a file that a person named, as one."""
    issues = [issue for part in parts for issue in part.issues]
    frames = [part.responses for part in parts if len(part.responses)]
    responses = pd.concat(frames, ignore_index=True) if frames else parts[0].responses
    twice, responses = _in_two_sheets(responses, door)
    sheets, rows = listed([part.source.sheet for part in parts]), sum(part.source.rows for part in parts)
    return Upload(
        responses,
        ordered([*_once(issues), *twice]),
        Source(door.file, door.sha256, sheets, rows),
        tuple(dict.fromkeys(decision for part in parts for decision in part.decisions)),
        columns=parts[0].columns,
        form=parts[0].form,
        roster=pd.concat([part.roster for part in parts], ignore_index=True),
        days=_span([day for part in parts for day in part.days]),
        settled_codes=frozenset().union(*(part.settled_codes for part in parts)),
    )


def _once(issues: list[Problem]) -> list[Problem]:
    """Notes on the whole file come with every sheet; one is enough."""
    return list(
        {(one.kind, one.sheet if one.rows else "", one.rows, one.column, one.found): one for one in issues}.values()
    )


def _in_two_sheets(responses: pd.DataFrame, door: Doorway) -> tuple[list[Problem], pd.DataFrame]:
    """Pupils who stand in two sheets in one wave: none of their rows is used."""
    keys = [f"{code_key(str(code))} {wave}" for code, wave in zip(responses["pupil"], responses["wave"], strict=True)]
    twice = pd.Series(keys, index=responses.index).duplicated(keep=False)
    if not twice.any():
        return [], responses
    codes = list(dict.fromkeys(shown_code(str(code)) for code in responses.loc[twice, "pupil"]))
    findings = Findings(door.file)
    findings.add(
        "error",
        "pupil_in_two_sheets",
        f"More than one sheet holds the {'pupil' if len(codes) == 1 else 'pupils'} {listed(codes, limit=_MOST_NAMED)}",
        f"Each pupil may stand once in each wave. Take {counted(len(codes), 'pupil')} out of the other sheet.",
    )
    return findings.problems, responses[~twice].reset_index(drop=True)


def _span(days: list[str]) -> tuple[str, ...]:
    return (min(days), max(days)) if days else ()
