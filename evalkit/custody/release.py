"""Make and read data releases: the frozen folder of tidy tables that analyses read."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from evalkit import __version__
from evalkit.custody.release_privacy import pseudonymised, refuse_private, shown_code
from evalkit.custody.release_tables import (
    RESPONSES,
    ROSTER,
    SCHOOLS,
    identity,
    manifest_text,
    participation,
    read_table,
    sha256_of_file,
    write_documents,
    write_table,
)
from evalkit.custody.whole_folder import bring_back, folder_in_making
from evalkit.errors import DesignError, SpecError, UploadError
from evalkit.records.evaluation import Study
from evalkit.records.release import MANIFEST_FILE, RELEASE_SCHEMA, Manifest, Release, ReleasedFile, SourceFile
from evalkit.records.responses import SchoolList, Upload
from evalkit.records.spec_file import read_spec
from evalkit.records.trial_tables import TrialTables, certificate_of, frames_of, join_trial, joined_responses


def make_release(
    uploads: Sequence[Upload],
    study: Study,
    *,
    to: str | Path,
    schools: SchoolList | None = None,
    replaces: str | None = None,
) -> Release:
    """Freeze checked uploads into a release folder.

    Parameters
    ----------
    uploads : one per survey file, all without open problems
    study : the evaluation with its instruments
    schools : in a trial the list of schools, from `check_schools`, where the plan has one
    to : the folder to make; one that holds an earlier release is replaced in one step
    replaces : the hash (`Release.sha256`) of the release that was there when the files were looked at, "" for none:
        when somebody else has made another one since, this one is refused. Without it any is replaced

    Returns
    -------
    Release - as `load_release` would read it back

    Raises
    ------
    UploadError
        A file still has problems that must be mended or answered, two files hold the same pupil in the same wave,
        a wave is missing, `to` is a folder that is not a release, the release would hold UPNs or e-mail addresses, or
        somebody else was faster.
    SpecError
        The plan asks for pseudonyms and there is no key.
    DesignError
        A trial whose files do not fit its design; the message names schools or pupils' codes, and all faults.
    """
    folder = Path(to)
    bring_back(folder)
    _refuse_open_problems([*uploads, *([schools] if schools else [])])
    _refuse_foreign_folder(folder)
    responses = _join(uploads, study)
    trial = _trial_tables(uploads, schools, study) if study.plan.has_groups else None
    roster = _roster(responses, uploads, study) if trial is None else _trial_roster(responses, trial, study)
    tables = {RESPONSES: _split_off_characteristics(responses, study), ROSTER: roster}
    if trial is not None:
        tables |= {SCHOOLS: trial.schools}
    tables = pseudonymised(tables, study)
    refuse_private(tables)
    return _write(folder, tables, study, [*uploads, *([schools] if schools else [])], replaces)


def load_release(place: str | Path) -> Release:
    """Read a release folder and check every table against the manifest.

    Raises
    ------
    SpecError
        The folder is no release, a table is missing, or a table's bytes are not those that the manifest names.
    """
    folder = Path(place)
    bring_back(folder)
    path = folder / MANIFEST_FILE
    if not path.is_file():
        raise SpecError(
            f"{folder}: this folder is no data release (it has no {MANIFEST_FILE}). Make one with 'evalkit release'."
        )
    manifest = read_spec(path, Manifest)
    problems: list[str] = []
    frames: dict[str, pd.DataFrame] = {}
    for table in (*manifest.tables, *(manifest.documents or ())):
        file = folder / table.name
        if not file.is_file():
            problems.append(f"{file}: the table is missing.")
        elif sha256_of_file(file) != table.sha256:
            problems.append(f"{file}: the table was changed after the release was made.")
        elif table in manifest.tables:
            frames[Path(table.name).stem] = read_table(file, table.numbers or ())
    if problems:
        raise SpecError(f"{folder}: this release is damaged. Make it again from the survey files.", problems=problems)
    schools = frames.get(SCHOOLS, pd.DataFrame())
    return Release(frames[RESPONSES], frames[ROSTER], manifest, identity(manifest), schools)


def release_sha256(place: str | Path) -> str:
    """The hash of the release in a folder, without reading its tables; "" when there is none."""
    path = Path(place) / MANIFEST_FILE
    return identity(read_spec(path, Manifest)) if path.is_file() else ""


def _refuse_open_problems(uploads: Sequence[Upload | SchoolList]) -> None:
    if not uploads:
        raise UploadError("There is no survey file to release. Name at least one file per wave.")
    still_open = [one.message for upload in uploads for one in upload.issues if one.severity in ("error", "ask")]
    if still_open:
        count = len(still_open)
        heading = "1 problem is" if count == 1 else f"{count} problems are"
        raise UploadError(f"The data cannot be released: {heading} still open.", problems=still_open)


def _refuse_foreign_folder(folder: Path) -> None:
    if folder.is_file():
        raise UploadError(f"{folder}: this is a file. Name a folder for the release.")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MANIFEST_FILE).is_file():
        raise UploadError(f"{folder}: this folder holds other files. Name a new folder for the release.")


def _join(uploads: Sequence[Upload], study: Study) -> pd.DataFrame:
    responses = pd.concat([upload.responses for upload in uploads], ignore_index=True)
    if study.plan.has_groups:
        items = [column for column in responses.columns if "." in column]
        responses = responses[responses[items].notna().any(axis="columns")]
    waves = [wave.id for wave in study.plan.waves]
    missing = [wave for wave in waves if not (responses["wave"] == wave).any()]
    if missing:
        raise UploadError(
            f"There are no answers for the wave {' and '.join(missing)}. Add that file and release again."
        )
    order = {wave: position for position, wave in enumerate(waves)}
    responses = _one_spelling(responses.assign(_order=responses["wave"].map(order)))
    twice = responses.duplicated(["pupil", "wave"], keep=False)
    if twice.any():
        codes = sorted(set(responses.loc[twice, "pupil"]))
        shown = ", ".join(shown_code(code) for code in codes[:8]) + (" ..." if len(codes) > 8 else "")
        names = ", ".join(dict.fromkeys(upload.source.file for upload in uploads))
        count = "1 pupil code stands" if len(codes) == 1 else f"{len(codes)} pupil codes stand"
        raise UploadError(
            f"{names}: {count} in two files for the same wave ({shown}). "
            "Keep each pupil's answers of a wave in one file."
        )
    ordered = responses.sort_values(["_order", "pupil"], kind="stable")
    return ordered.drop(columns="_order").reset_index(drop=True)


def _one_spelling(responses: pd.DataFrame) -> pd.DataFrame:
    """Codes that differ only in capitals are one pupil's; the first wave's spelling is kept."""
    keys = responses["pupil"].str.casefold()
    spelled = responses[["pupil", "_order"]].assign(_key=keys).sort_values(["_order", "pupil"])
    first = spelled.drop_duplicates("_key").set_index("_key")["pupil"]
    return responses.assign(pupil=keys.map(first))


def _characteristics(study: Study, responses: pd.DataFrame) -> list[str]:
    ids = [one.id for one in (*study.plan.covariates, *study.plan.subgroups, *study.plan.pupil_facts)]
    return [one for one in dict.fromkeys(ids) if one in responses.columns]


def _roster(responses: pd.DataFrame, uploads: Sequence[Upload], study: Study) -> pd.DataFrame:
    """A row per pupil who answered: each characteristic as first given, and in which waves the pupil answered.

    Lists of pupils come last: what a survey file says counts first.
    """
    spelled = {str(code).casefold(): code for code in responses["pupil"]}
    lists = [
        upload.roster.assign(pupil=upload.roster["pupil"].str.casefold()) for upload in uploads if len(upload.roster)
    ]
    facts = pd.concat([responses.assign(pupil=responses["pupil"].str.casefold()), *lists], ignore_index=True)
    facts = facts[facts["pupil"].isin(spelled)].assign(pupil=lambda one: one["pupil"].map(spelled))
    characteristics = _characteristics(study, facts)
    pupils = facts[["pupil", *characteristics]].replace("", pd.NA).groupby("pupil", sort=True).first()
    for wave in study.plan.waves:
        pupils[f"in_{wave.id}"] = pupils.index.isin(responses.loc[responses["wave"] == wave.id, "pupil"])
    return pupils.reset_index()


def _trial_tables(uploads: Sequence[Upload], schools: SchoolList | None, study: Study) -> TrialTables:
    """Pupils and schools that were randomised. Raises DesignError with all that does not fit the design."""
    if schools is None and study.plan.data is not None and study.plan.data.schools is not None:
        raise UploadError(
            f"The plan names a list of schools ({study.plan.data.schools.path}). Check it with check_schools and give "
            "it as 'schools'."
        )
    tables = join_trial(
        joined_responses(frames_of(uploads), study.plan),
        schools.schools if schools is not None else None,
        study.plan,
        certificate=certificate_of(study),
    )
    if tables.errors:
        what = "trial" if study.plan.is_trial else "comparison"
        raise DesignError(f"The files do not fit the design of the {what}.", problems=tables.errors)
    return tables


def _trial_roster(responses: pd.DataFrame, trial: TrialTables, study: Study) -> pd.DataFrame:
    """The pupils randomised, and in which waves each has a value."""
    roster = trial.pupils.replace("", pd.NA).astype({"pupil": "str"})
    for wave in study.plan.waves:
        roster[f"in_{wave.id}"] = roster["pupil"].isin(responses.loc[responses["wave"] == wave.id, "pupil"])
    return roster


def _split_off_characteristics(responses: pd.DataFrame, study: Study) -> pd.DataFrame:
    items = {
        f"{one.id}.{item}": "Float64" if one.is_measure else "Int16"
        for one in study.instruments
        for item in study.items(one.id)
    }
    return responses.reindex(columns=["pupil", "wave", *items]).astype(items)


def _write(
    folder: Path,
    tables: dict[str, pd.DataFrame],
    study: Study,
    uploads: Sequence[Upload | SchoolList],
    replaces: str | None,
) -> Release:
    """Write into a new folder beside the place, then put it there in one step: never half a release."""
    with folder_in_making(folder) as fresh:
        if replaces is not None and release_sha256(folder) != replaces:
            raise UploadError(
                f"{folder}: Somebody else has made a release here while you were looking at your files. Yours was not "
                "made. Check your files beside the new release, then make it again."
            )
        written = tuple(write_table(fresh, name, frame) for name, frame in tables.items())
        manifest = _manifest(study, uploads, tables[ROSTER], written)
        manifest = manifest.model_copy(update={"documents": write_documents(fresh, tables, study)})
        (fresh / MANIFEST_FILE).write_text(manifest_text(manifest), encoding="utf-8")
        return load_release(fresh)


def _manifest(
    study: Study, uploads: Sequence[Upload | SchoolList], roster: pd.DataFrame, tables: tuple[ReleasedFile, ...]
) -> Manifest:
    took_part = participation(roster, [wave.id for wave in study.plan.waves])
    return Manifest(
        schema=RELEASE_SCHEMA,
        evaluation=study.plan.id,
        evalkit=__version__,
        instruments=tuple(one.identity for one in study.instruments),
        waves=took_part.waves,
        linked=took_part.linked,
        only_in=took_part.only_in,
        tables=tables,
        sources=tuple(
            SourceFile(
                name=upload.source.file,
                sha256=upload.source.sha256,
                rows=upload.source.rows,
                problems=dict(sorted(Counter(one.severity for one in upload.issues).items())),
                decisions=upload.decisions,
            )
            for upload in uploads
        ),
    )
