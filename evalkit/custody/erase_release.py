"""Take pupils out of a release: the same release without their rows, put in place in one step."""

import shutil
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from evalkit.custody.release import load_release
from evalkit.custody.release_tables import RESPONSES, ROSTER, SCHOOLS, manifest_text, participation, write_table
from evalkit.custody.whole_folder import folder_in_making, settle
from evalkit.records.release import MANIFEST_FILE, Release


class PupilsInRelease(NamedTuple):
    """The pupils looked for that a release holds, as it writes them, and their rows in all tables."""

    pupils: tuple[str, ...]
    rows: int


def pupils_in_release(release: Release, wanted: Collection[str]) -> PupilsInRelease:
    """Find pupils by code or pseudonym; capitals make no difference."""
    keys = {code.casefold() for code in wanted}
    found = [code for code in release.roster["pupil"].astype("str") if code.casefold() in keys]
    rows = int(release.responses["pupil"].astype("str").str.casefold().isin(keys).sum())
    return PupilsInRelease(tuple(found), rows + len(found))


def erase_from_release(place: Path, pupils: Collection[str]) -> int:
    """Put the same release there without these pupils' rows.

    Parameters
    ----------
    place : the release's folder
    pupils : codes or pseudonyms, as `pupils_in_release` found them

    Returns
    -------
    int - rows taken out of all tables

    Raises
    ------
    SpecError
        The release is damaged.
    """
    settle(place)  # what a crash left may hold these very rows
    release = load_release(place)
    keys = {code.casefold() for code in pupils}
    tables = {RESPONSES: _without(release.responses, keys), ROSTER: _without(release.roster, keys)}
    removed = len(release.responses) + len(release.roster) - sum(map(len, tables.values()))
    if not removed:
        return 0
    if len(release.schools.columns):
        tables[SCHOOLS] = release.schools
    took_part = participation(tables[ROSTER], list(release.manifest.waves))
    documents = release.manifest.documents or ()
    with folder_in_making(place) as fresh:
        written = tuple(write_table(fresh, name, table) for name, table in tables.items())
        for one in documents:
            shutil.copyfile(place / one.name, fresh / one.name)
        manifest = release.manifest.model_copy(
            update={
                "waves": took_part.waves,
                "linked": took_part.linked,
                "only_in": took_part.only_in,
                "tables": written,
            }
        )
        (fresh / MANIFEST_FILE).write_text(manifest_text(manifest), encoding="utf-8")
        load_release(fresh)
    return removed


def _without(table: pd.DataFrame, keys: Collection[str]) -> pd.DataFrame:
    return table[~table["pupil"].astype("str").str.casefold().isin(keys)].reset_index(drop=True)
