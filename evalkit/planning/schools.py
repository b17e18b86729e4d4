"""Read the list of schools (or classes, or pupils' codes) to be allocated, and name all that is wrong with it."""

import csv
import io
import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from evalkit.errors import DesignError, SpecError
from evalkit.records.allocation import Exclusion, RandomisationPlan
from evalkit.records.chain import canonical_json, sha256_of

Values = dict[str, str | float]
MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class UnitList:
    """The list, in order of IDs, without those excluded.

    Attributes
    ----------
    name : what messages call it
    units : IDs, sorted as text
    values : of each unit, what the draw depends on: text for strata, factors and pairs, numbers for the rest
    shown : frame - the columns of the balance table, a row per unit: numbers (NaN: missing) or text ("": missing)
    excluded : those on the list that are not allocated, and why
    sha256 : hash of all IDs and what the draw depends on, whatever the file's format, row order and other columns
    """

    name: str
    units: tuple[str, ...]
    values: tuple[Values, ...] = field(repr=False)
    shown: pd.DataFrame = field(repr=False)
    excluded: tuple[Exclusion, ...]
    sha256: str


def read_schools(schools: str | Path | pd.DataFrame, plan: RandomisationPlan) -> UnitList:
    """Read and check the list that is to be allocated.

    Parameters
    ----------
    schools : a CSV or XLSX file with a header row, or a frame
    plan : RandomisationPlan - which names the columns

    Returns
    -------
    UnitList

    Raises
    ------
    SpecError
        The file cannot be read, or has not the columns that the plan names.
    DesignError
        An ID is blank or stands twice, a stratum is blank or unknown, a number is none, an exclusion names nobody; all
        problems at once, with the schools' IDs.
    """
    name, table = (
        ("the list", _as_text(schools, "the list")) if isinstance(schools, pd.DataFrame) else _read(Path(schools), plan)
    )
    _need_columns(name, table, plan)
    table = table.loc[(table != "").any(axis="columns")].reset_index(drop=True)
    ids = table[plan.id_column].tolist()
    problems = [*_id_problems(ids, plan.unit), *_exclusion_problems(ids, plan)]
    excluded = {one.school for one in plan.exclude}
    kept = table.loc[~table[plan.id_column].isin(excluded)]
    problems += _text_problems(kept, plan)
    numbers: dict[str, list[float]] = {}
    for column in plan.number_columns:
        numbers[column], found = _numbers(table, column, kept.index.tolist(), plan)
        problems += found
    if not len(kept) and not problems:
        problems.append(f"There is no {plan.unit} to allocate. Add at least one for each arm.")
    if problems:
        heading = "one problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise DesignError(f"{name}: the list cannot be allocated, {heading} to mend.", problems=problems)
    return _make(name, table, numbers, excluded, plan)


def some(names: Sequence[str]) -> str:
    """A list of names for a message, cut where it gets long."""
    shown = ", ".join(names[:MOST_NAMED])
    return shown if len(names) <= MOST_NAMED else f"{shown} and {len(names) - MOST_NAMED} more"


def _make(
    name: str, table: pd.DataFrame, numbers: dict[str, list[float]], excluded: set[str], plan: RandomisationPlan
) -> UnitList:
    rows: dict[str, Values] = {}
    for place, unit in enumerate(table[plan.id_column].tolist()):
        rows[unit] = {
            column: numbers[column][place] if column in numbers else str(table[column].iloc[place])
            for column in plan.drawn_columns
        }
    order = sorted(unit for unit in rows if unit not in excluded)
    # A column may be a stratum and a number at once; numbers win. An excluded school's values play no part.
    listed = [[unit, None if unit in excluded else rows[unit]] for unit in sorted(rows)]
    indexed = table.set_index(plan.id_column).loc[order]
    shown = pd.DataFrame({column: _shown(indexed[column]) for column in plan.shown_columns}, index=order)
    return UnitList(
        name, tuple(order), tuple(rows[unit] for unit in order), shown, plan.exclude, sha256_of(canonical_json(listed))
    )


def _shown(column: pd.Series) -> pd.Series:
    """Numbers where every cell is a number or blank, else text."""
    numbers = [_number(text) if text else math.nan for text in column.tolist()]
    filled = [one for one in numbers if one is not None]
    is_number = len(filled) == len(numbers) and not all(math.isnan(one) for one in filled)
    return pd.Series(filled, index=column.index, dtype=float) if is_number else column


def _read(path: Path, plan: RandomisationPlan) -> tuple[str, pd.DataFrame]:
    if not path.is_file():
        raise SpecError(f"{path}: there is no such file. Check the spelling and the folder.")
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        return path.name, _as_text(_read_workbook(path, plan), path.name)
    if path.suffix.lower() not in (".csv", ".txt", ".tsv"):
        raise SpecError(f"{path.name}: the list must be a .csv or .xlsx file. Save it as one of these.")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SpecError(
            f"{path.name}: the file is not UTF-8 text. Save it again as 'CSV UTF-8', or as .xlsx."
        ) from None
    return path.name, _as_text(_parse(text, path.name), path.name)


def _parse(text: str, name: str) -> pd.DataFrame:
    """Cells by the csv module: pandas takes a row that is too long for one with an index, and shifts its cells."""
    first = text.partition("\n")[0]
    separator = max((",", ";", "\t"), key=first.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error:
        raise SpecError(f"{name}: this is not a table of text. Save it again as 'CSV UTF-8', or as .xlsx.") from None
    if not rows:
        raise SpecError(f"{name}: the file is empty. Save the list again, with one header row.")
    header = rows[0]
    uneven = [str(number) for number, row in enumerate(rows[1:], start=2) if row and len(row) != len(header)]
    if uneven:
        raise SpecError(
            f"{name}: the header has {len(header)} columns, and row {some(uneven)} has more or fewer. Put cells that "
            f"hold a '{separator}' in quotes, or save the list as .xlsx."
        )
    return pd.DataFrame([row or [""] * len(header) for row in rows[1:]], columns=header, dtype=str)


def _read_workbook(path: Path, plan: RandomisationPlan) -> pd.DataFrame:
    from zipfile import BadZipFile

    try:
        with pd.ExcelFile(path, engine="openpyxl") as book:
            sheets = [str(one) for one in book.sheet_names]
            if plan.sheet is not None and plan.sheet not in sheets:
                raise SpecError(f"{path.name}: there is no sheet '{plan.sheet}'. It has: {', '.join(sheets)}.")
            if plan.sheet is None and len(sheets) > 1:
                raise SpecError(
                    f"{path.name}: the workbook has the sheets {', '.join(sheets)}. Name one in the plan under 'sheet'."
                )
            return pd.read_excel(book, sheet_name=plan.sheet or sheets[0], dtype=str, keep_default_na=False)
    except (BadZipFile, KeyError, ValueError):
        raise SpecError(f"{path.name}: the workbook cannot be opened. Save it again as .xlsx.") from None


def _as_text(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Every cell as text, blanks cut off, one form of accented letters; 12.0 in a column of IDs is 12."""
    headers = [str(header).strip() for header in frame.columns]
    twice = sorted({one for one in headers if one and headers.count(one) > 1})
    if twice:
        raise SpecError(f"{name}: the column '{twice[0]}' stands twice. Rename or take out one of the two.")
    columns = {header: [_text(cell) for cell in frame.iloc[:, at].tolist()] for at, header in enumerate(headers)}
    return pd.DataFrame(columns, dtype=str)


def _text(cell: object) -> str:
    if cell is None or cell is pd.NA or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return unicodedata.normalize("NFC", str(cell).strip())


def _need_columns(name: str, table: pd.DataFrame, plan: RandomisationPlan) -> None:
    wanted = dict.fromkeys((plan.id_column, *plan.drawn_columns, *plan.shown_columns))
    missing = [one for one in wanted if one not in table.columns]
    if missing:
        raise SpecError(
            f"{name}: the list has no column {' or '.join(repr(one) for one in missing)}, which the plan names. "
            f"It has: {', '.join(table.columns)}. Rename the column, or mend the plan."
        )


def _id_problems(ids: list[str], unit: str) -> list[str]:
    places: dict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(ids):
        places[one].append(place + 2)
    blank = places.pop("", [])
    problems = [
        f"The {unit} '{one}' stands in rows {' and '.join(map(str, rows))}. Each may stand once; take out the others."
        for one, rows in sorted(places.items())
        if len(rows) > 1
    ]
    if blank:
        problems.append(
            f"Row {some([str(one) for one in blank])} has no ID of a {unit}. Give one, or take the row out."
        )
    return problems


def _exclusion_problems(ids: list[str], plan: RandomisationPlan) -> list[str]:
    known = set(ids)
    return [
        f"The plan excludes the {plan.unit} '{one.school}', which is not on the list. Check the ID under 'exclude'."
        for one in plan.exclude
        if one.school not in known
    ]


def _text_problems(kept: pd.DataFrame, plan: RandomisationPlan) -> list[str]:
    problems: list[str] = []
    allowed = {one.column: one.values for one in plan.strata}
    for column in plan.text_columns:
        kind = "stratum" if column in allowed else "pair"
        cells = list(zip(kept[plan.id_column].tolist(), kept[column].tolist(), strict=True))
        blank = sorted(unit for unit, value in cells if not value)
        if blank:
            problems.append(
                f"Column '{column}': the {kind} is blank for {some(blank)}. Fill it in, or exclude them with a reason."
            )
        listed = allowed.get(column, ())
        strange = sorted(f"{unit} ('{value}')" for unit, value in cells if value and listed and value not in listed)
        if strange:
            problems.append(
                f"Column '{column}': unknown stratum for {some(strange)}. Allowed are: {', '.join(listed)}. Mend "
                "the list, or add the value to the plan."
            )
        spellings: dict[str, set[str]] = defaultdict(set)
        for _, value in cells:
            spellings[" ".join(value.casefold().split())].add(value)
        for written in sorted(sorted(one) for one in spellings.values() if len(one) > 1):
            problems.append(
                f"Column '{column}': {' and '.join(repr(one) for one in written)} look like one {kind} in several "
                "spellings. Write it in one way."
            )
    return problems


def _numbers(
    table: pd.DataFrame, column: str, kept: list[int], plan: RandomisationPlan
) -> tuple[list[float], list[str]]:
    """The column as numbers; units left out of the draw need none."""
    texts, ids, inside = table[column].tolist(), table[plan.id_column].tolist(), set(kept)
    values = [_number(text) for text in texts]
    bad = Counter({ids[place]: place for place in inside if values[place] is None})
    problems: list[str] = []
    if bad:
        shown = [f"{unit} ('{texts[place]}')" for unit, place in sorted(bad.items())]
        problems.append(
            f"Column '{column}': no number for {some(shown)}. Write a plain number such as 12.5, or exclude them "
            "with a reason."
        )
    return [math.nan if one is None else one for one in values], problems


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
