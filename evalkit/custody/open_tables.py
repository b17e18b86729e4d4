"""Results as tables that anybody can download: CSV with metadata in the DfE's form, by a disclosure profile."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from evalkit.custody.codebook import META_COLUMNS
from evalkit.custody.whole_folder import folder_in_making
from evalkit.errors import ReportError
from evalkit.records.cells import harmless_cell
from evalkit.records.columns import GLOSSARY
from evalkit.records.results import Results
from evalkit.records.standards_disclosure import DisclosureProfile
from evalkit.stats.disclosure import rounded_counts

SUPPRESSED, NOT_AVAILABLE, NOT_APPLICABLE = "c", "x", "z"
COUNTS = frozenset(
    {
        "n", "count", "group_count", "pupils", "randomised", "analysed", "lost", "n_treated", "n_control", "n_pre",
        "n_post", "n_linked", "n_pupils", "n_missing", "n_reference", "n_focal",
    }
)  # fmt: skip
MEANS = ("mean", "sd", "mean_pre", "mean_post", "sd_pre", "sd_post", "mean_low", "mean_high", "variance")
_BASES = ("n", "n_linked", "n_pupils", "randomised")


def open_tables(results: Results, profile: DisclosureProfile) -> dict[str, pd.DataFrame]:
    """Every table of the results, by the profile's rules.

    Parameters
    ----------
    results : already without small groups, by the plan's threshold; the profile can only take more away
    profile : counts of pupils are rounded; percentages and means on too few pupils are left out

    Returns
    -------
    name -> frame, all text: c suppressed, x not available, z not applicable. Counts of schools are not rounded
    """
    tables = {"estimates": results.estimates, "models": results.models, **results.displays}
    if profile.rounding > 1 and results.plan.design != "cluster_trial":
        tables = {name: _without_exact_df(table, profile.rounding) for name, table in tables.items()}
    return {name: _opened(table, profile) for name, table in tables.items() if len(table)}


def write_open_tables(results: Results, profile: DisclosureProfile, *, to: str | Path) -> list[str]:
    """Write NAME.csv and NAME.meta.csv for every table into a folder, in one step. Returns the names of the tables.

    Raises
    ------
    ReportError
        The folder holds something else.
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


def _without_exact_df(table: pd.DataFrame, to: int) -> pd.DataFrame:
    """Degrees of freedom of pupils, rounded as counts are: 49 beside "50 pupils" says that 50 is exact."""
    if "df" not in table:
        return table
    return table.assign(df=(pd.to_numeric(table["df"], errors="coerce") / to).round() * to)


def _opened(table: pd.DataFrame, profile: DisclosureProfile) -> pd.DataFrame:
    frame = table.reset_index(drop=True)
    base = _base(frame)
    numbers = {column: _numbers(frame, column, base, profile) for column in frame.columns}
    status = frame["status"].astype("str") if "status" in frame and "estimate" in frame else None
    digits = "15g" if profile.rounding == 1 else "3f"
    return pd.DataFrame({column: _texts(column, values, status, digits) for column, values in numbers.items()})


def _base(frame: pd.DataFrame) -> pd.Series:
    """The pupils that a row rests on; no number where the table does not say."""
    for column in _BASES:
        if column in frame:
            return pd.to_numeric(frame[column], errors="coerce")
    if {"n_treated", "n_control"} <= set(frame.columns):
        return frame[["n_treated", "n_control"]].apply(pd.to_numeric, errors="coerce").sum(axis="columns", min_count=1)
    return pd.Series(np.nan, index=frame.index)


def _numbers(frame: pd.DataFrame, column: str, base: pd.Series, profile: DisclosureProfile) -> pd.Series:
    values = frame[column]
    if column == "estimate" and "unit" in frame:
        pupils = frame["unit"] == "pupils"
        return pd.concat([values[~pupils], _ruled(values[pupils], "count", base, profile)]).sort_index()
    if column in COUNTS:
        schools = frame["level"].isin(["school", "class"]) if "level" in frame else pd.Series(False, index=frame.index)
        return pd.concat([values[schools], _ruled(values[~schools], "count", base, profile)]).sort_index()
    if column == "percent" or column.endswith("_percent"):
        return _ruled(values, "percent", base, profile)
    return values.mask(base < profile.mean_base) if column in MEANS else values


def _ruled(values: pd.Series, kind: str, base: pd.Series, profile: DisclosureProfile) -> pd.Series:
    """Numbers of one kind, rounded, and left out where they or the pupils they rest on are too few."""
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    base = base[numbers.index]
    if kind == "count":
        known = numbers.notna()
        rounded = numbers.copy()
        rounded[known] = rounded_counts(numbers[known].to_numpy(), profile.rounding)
        return rounded.mask((numbers > 0) & (numbers < profile.threshold))
    kept = numbers.mask(base < profile.share_base)
    return kept.round(0) if profile.rounding > 1 else kept


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
