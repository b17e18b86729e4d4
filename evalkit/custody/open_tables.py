"""Results as tables that anybody can download: CSV with metadata in the DfE's form, by a disclosure profile."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from evalkit.custody.codebook import META_COLUMNS
from evalkit.custody.whole_folder import folder_in_making
from evalkit.errors import ReportError
from evalkit.records.cells import harmless_cell
from evalkit.records.columns import GLOSSARY
from evalkit.records.published import COUNTS, FROM_THE_PLAN, MEANS, OF_SCHOOLS, published
from evalkit.records.results import Results
from evalkit.records.standards import load_standards
from evalkit.records.standards_disclosure import DisclosureProfile, ProfileName

SUPPRESSED, NOT_AVAILABLE, NOT_APPLICABLE = "c", "x", "z"


def open_tables(results: Results, profile: ProfileName) -> dict[str, pd.DataFrame]:
    """Every table of the results, by the profile's rules.

    Parameters
    ----------
    results : already without small groups, by the plan's threshold; the profile can only take more away
    profile : as for `published`, and counts below its smallest one are left out

    Returns
    -------
    name -> frame, all text: c suppressed, x not available, z not applicable. Counts of schools are not rounded

    Raises
    ------
    ReportError
        As `published`.
    """
    shown, rules = published(results, profile), load_standards().disclosure.profile(profile)
    tables = {"estimates": shown.estimates, "models": shown.models, **shown.displays}
    return {
        name: _opened(table, rules, from_plan=results.plan.only_figures or name in FROM_THE_PLAN)
        for name, table in tables.items()
        if len(table)
    }


def write_open_tables(results: Results, profile: ProfileName, *, to: str | Path) -> list[str]:
    """Write NAME.csv and NAME.meta.csv for every table into a folder, in one step. Returns the names of the tables.

    Raises
    ------
    ReportError
        The folder holds something else, or as `published`.
    """
    folder = Path(to)
    if folder.is_file() or (folder.is_dir() and any(path.suffix != ".csv" for path in folder.iterdir())):
        raise ReportError(f"{folder}: this folder holds other files. Name a new one for the tables.")
    tables = open_tables(results, profile)
    with folder_in_making(folder) as fresh:
        for name, table in tables.items():
            table.map(harmless_cell).to_csv(fresh / f"{name}.csv", index=False, lineterminator="\n")
            _metadata(table).to_csv(fresh / f"{name}.meta.csv", index=False, lineterminator="\n")
    return list(tables)


def _opened(table: pd.DataFrame, rules: DisclosureProfile, *, from_plan: bool) -> pd.DataFrame:
    frame = table.reset_index(drop=True)
    status = frame["status"].astype("str") if "status" in frame and "estimate" in frame else None
    digits = "15g" if rules.rounding == 1 else "3f"
    shown: dict[str, pd.Series] = {}
    for column in map(str, frame.columns):
        pupils = pd.Series(column in COUNTS and not from_plan, index=frame.index)
        if "level" in frame:
            pupils &= ~frame["level"].isin(OF_SCHOOLS)
        if column == "estimate" and "unit" in frame and not from_plan:
            pupils |= frame["unit"] == "pupils"
        values = frame[column].where(~pupils, _large_enough(frame[column], rules)) if pupils.any() else frame[column]
        shown[column] = _texts(column, values, status, digits)
    return pd.DataFrame(shown)


def _large_enough(values: pd.Series, rules: DisclosureProfile) -> pd.Series:
    """Counts that reach the smallest one; half a step goes, see `published`."""
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    return (numbers // rules.rounding * rules.rounding).mask((numbers > 0) & (numbers < rules.threshold))


def _texts(column: str, values: pd.Series, status: pd.Series | None, digits: str) -> pd.Series:
    """Cells as text. A mean to the last digit tells how many pupils it rests on: rounded counts go with few digits."""
    gaps = values.isna()
    if status is not None:
        empty = status.map({"suppressed": SUPPRESSED, "not_estimated": NOT_AVAILABLE}).fillna(NOT_APPLICABLE)
    else:
        is_about_pupils = column in COUNTS or column == "percent" or column.endswith("_percent") or column in MEANS
        empty = pd.Series(SUPPRESSED if is_about_pupils else NOT_APPLICABLE, index=values.index)
    shown = [_cell(value, digits) for value in values]
    return pd.Series(shown, index=values.index, dtype="str").mask(gaps, empty)


def _cell(value: object, digits: str) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:.15g}" if value.is_integer() else f"{value:.{digits}}"


def _metadata(table: pd.DataFrame) -> pd.DataFrame:
    rows: list[Sequence[str]] = []
    for column in map(str, table.columns):
        known = GLOSSARY.get(column)
        number = known is not None and known.dtype != "text"
        meaning = known.meaning if known is not None else column.replace("_", " ")
        label = meaning if meaning not in [row[2] for row in rows] else f"{meaning} ({column})"
        percent = column == "percent" or column.endswith("_percent")
        unit, decimals = ("%" if percent else "", "0" if column in COUNTS else "2") if number else ("", "")
        rows.append((column, "Indicator" if number else "Filter", label, "", unit, decimals, "", ""))
    return pd.DataFrame(rows, columns=list(META_COLUMNS), dtype="str")
