"""Gather everything that an evaluation holds about one pupil: the answer to a subject access request."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from evalkit.custody.erase_mapping import decisions_about
from evalkit.custody.erase_release import pupils_in_release
from evalkit.custody.release import load_release
from evalkit.errors import SpecError
from evalkit.intake.normal import letter
from evalkit.records.evaluation import Study
from evalkit.records.pupil_data import ABOUT_COLUMNS, PupilData
from evalkit.records.release import Release
from evalkit.road_custody import Places, Wanted, find_places, names_at, names_of
from evalkit.scoring.score import score

Rows = list[tuple[object, ...]]


def pupil_data(
    study: Study,
    code: str,
    *,
    own: Path | None = None,
    school: str = "",
    also: Sequence[str] = (),
    called: Mapping[Path, str] | None = None,
    more: Sequence[tuple[object, ...]] = (),
) -> PupilData:
    """Everything held about a pupil.

    Parameters
    ----------
    study : the evaluation with its instruments
    code : the pupil's code, as the files have it
    own, school, also : as in `road_custody.steps_for_pupil`
    called : under which names the files were sent, where they are kept under others
    more : rows of answers that are in no survey file yet

    Raises
    ------
    SpecError
        Nothing is held about this pupil.
    """
    places = find_places(study, own=own)
    notes = [f"{path.name}: this file cannot be read. Look into it yourself." for path in places.unread]
    rows: dict[str, Rows] = {name: [] for name in ABOUT_COLUMNS}
    rows["survey_rows"] += more
    _survey_rows(places, Wanted(frozenset({code.casefold()})), rows, called or {})
    for place in places.releases:
        release = load_release(place)
        names = names_at(release, names_of(study, [code, *also]), school)
        found = pupils_in_release(release, names).pupils
        _facts(place.name, release, found, study, rows["facts"])
        _answers(place.name, release, found, study, rows["answers"])
        if found:
            notes += _scores(place.name, release, found, study, rows["scores"])
    tables = {
        name: pd.DataFrame(rows[name], columns=list(columns), dtype="str") for name, columns in ABOUT_COLUMNS.items()
    }
    held = PupilData(code, study.plan.title, study.plan.data_protection, tables, tuple(notes))
    if held.is_empty:
        raise SpecError(
            f"{study.folder}: nothing is held about this pupil. Check the code; capitals make no difference."
        )
    return held


def _survey_rows(places: Places, wanted: Wanted, rows: dict[str, Rows], called: Mapping[Path, str]) -> None:
    decided: dict[Path, dict[int, tuple[str, ...]]] = {path: {} for path in places.mappings}
    for one in places.files:
        mine: dict[int, tuple[str, ...]] = {}
        for row in wanted.rows(one.found):
            mine[row.number] = (*mine.get(row.number, ()), *row.cells)
            headings = [
                *row.headings,
                *(f"column {letter(place)}" for place in range(len(row.headings), len(row.cells))),
            ]
            rows["survey_rows"] += [
                (called.get(one.path, one.path.name), row.sheet, row.number, heading, cell)
                for heading, cell in zip(headings, row.cells, strict=False)
                if cell
            ]
        if one.mapping:
            known = decided.setdefault(one.mapping, {})
            known |= {number: (*known.get(number, ()), *cells) for number, cells in mine.items()}
    for path, about in decided.items():
        count = decisions_about(path, wanted.pupils, about)
        if count:
            rows["decisions"].append((path.name, count))


def _facts(name: str, release: Release, pupils: Sequence[str], study: Study, rows: Rows) -> None:
    labels = {one.id: one.label for one in (*study.plan.pupil_facts, *study.plan.school_facts)}
    labels |= {f"in_{wave.id}": f"answered: {wave.label}" for wave in study.plan.waves}
    mine = release.roster[release.roster["pupil"].isin(pupils)]
    for record in mine.to_dict("records"):
        rows += [(name, labels.get(str(key), str(key)), value) for key, value in record.items() if not pd.isna(value)]


def _answers(name: str, release: Release, pupils: Sequence[str], study: Study, rows: Rows) -> None:
    waves = {wave.id: wave.label for wave in study.plan.waves}
    for _, record in release.responses[release.responses["pupil"].isin(pupils)].iterrows():
        for instrument in study.instruments:
            for item in study.items(instrument.id):
                answer = record.get(f"{instrument.id}.{item}")
                if answer is None or pd.isna(answer):
                    continue
                anchors = instrument.response_of(item).anchors
                meaning = anchors.get(int(answer), "") if not instrument.is_measure else ""
                label = instrument.item(item).label
                rows.append((name, waves[record["wave"]], instrument.title, label, f"{answer:g}", meaning))


def _scores(name: str, release: Release, pupils: Sequence[str], study: Study, rows: Rows) -> list[str]:
    """Add the scores; a sentence where the release no longer fits the plan."""
    try:
        frame = score(release, study).frame
    except SpecError:
        return [f"{name}: the plan has changed since, so no scores can be made of this release."]
    mine = frame[frame["pupil"].isin(pupils)]
    for wave, scale, value, reason in mine[["wave", "scale", "value", "reason"]].itertuples(index=False, name=None):
        rows.append((name, wave, scale, "" if pd.isna(value) else f"{value:.15g}", reason))
    return []
