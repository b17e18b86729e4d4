"""Check a programme's list of schools by hub: a school is its URN, never its name."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from evalkit.errors import UploadError
from evalkit.intake.findings import Findings
from evalkit.intake.hub_list_problems import compare_with_before, say_counts, say_names, say_repeated
from evalkit.intake.normal import normal, plain
from evalkit.intake.raw import RawSheet
from evalkit.intake.read import read_file
from evalkit.records.hub_list import HUB_LIST_COLUMNS, HubList
from evalkit.records.identifiers import IdentifierReading, read_laestab, read_urn
from evalkit.records.responses import Source

HEADERS: dict[str, tuple[str, ...]] = {
    "urn": ("urn", "school urn", "unique reference number", "establishment urn"),
    "school_name": ("school", "school name", "name of school", "establishmentname", "establishment name", "name"),
    "hub": ("hub", "hub name", "name of hub", "partnership", "cluster", "lead school"),
    "trust": (
        "trust",
        "trust name",
        "name of trust",
        "multi academy trust",
        "mat",
        "trusts name",
        "trusts (name)",
    ),
    "laestab": ("laestab", "la estab", "dfe number", "dfe no", "dfes number", "school dfe number"),
    "claimed": ("schools in hub", "number of schools", "schools", "school count", "claimed", "says"),
}
_SEARCH_ROWS = 40
_CLAIM_IN_NAME = re.compile(r"(.*\S)\s*\(\s*([0-9]+)\s*(?:schools?)?\s*\)\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ListedRow:
    """One row of the list, tidied; `hub_key` and `trust_key` are hub and trust whatever the capitals and blanks."""

    number: int
    urn: str
    school_name: str
    hub: str
    laestab: str
    trust: str

    @property
    def hub_key(self) -> str:
        """What two spellings of one hub have in common."""
        return normal(self.hub)


def check_hub_list(
    path: str | Path, *, claims: str | Path | None = None, before: str | Path | None = None, sheet: str | None = None
) -> HubList:
    """Read a list of schools by hub and check everything in it.

    Parameters
    ----------
    path : CSV, TSV, XLSX or ODS file with a row per school: URN, school, and where there are any hub, trust and LAESTAB
    claims : a file with a row per hub: how many schools it says it has. It may also stand in the list, in a column
        'Schools in hub' or behind the hub's name: 'North Hub (8 schools)'
    before : an earlier list, to see what changed
    sheet : the sheet of a workbook; default: the first one with a URN column

    Returns
    -------
    HubList - each school once, and ALL problems

    Raises
    ------
    UploadError
        A file cannot be read, or has no column with URNs.
    """
    place = Path(path)
    readings, sha256 = read_file(place)
    found = [one for reading in readings for one in reading.sheets if sheet is None or one.name == sheet]
    chosen, columns, top = _table(found, place.name, needed=("urn", "school_name"))
    findings = Findings(place.name, chosen.name)
    claimed: dict[str, int] = {}
    rows = _rows(chosen, columns, top, claimed, findings)
    if claims is not None:
        claimed |= _read_claims(Path(claims))
    listed = [row for row in rows if row.urn]
    say_repeated(listed, columns, findings)
    say_names(listed, columns, findings)
    hubs = _hubs(rows, claimed)
    say_counts(hubs, columns, findings)
    if before is not None:
        compare_with_before(listed, check_hub_list(before).schools, Path(before).name, columns, findings)
    if not rows:
        findings.add("error", "no_rows", "There are headings but no schools under them", "Send the list of schools.")
    frame = pd.DataFrame(
        [(row.urn, row.school_name, row.hub, row.laestab, row.trust) for row in listed],
        columns=list(HUB_LIST_COLUMNS),
        dtype="str",
    ).drop_duplicates("urn")
    return HubList(
        frame.sort_values("urn").reset_index(drop=True),
        hubs,
        findings.ordered(),
        Source(place.name, sha256, chosen.name, len(rows)),
    )


def _table(sheets: Sequence[RawSheet], file: str, *, needed: tuple[str, ...]) -> tuple[RawSheet, dict[str, int], int]:
    """The first sheet with the columns needed, the place of each column, and the row of the headings."""
    for one in sheets:
        for top, cells in enumerate(one.rows[:_SEARCH_ROWS]):
            names = [normal(cell) for cell in cells]
            columns = {
                column: next(place for place, name in enumerate(names) if name in headers)
                for column, headers in HEADERS.items()
                if any(name in headers for name in names)
            }
            if all(column in columns for column in needed):
                return one, columns, top
    headings = " and ".join(f"'{HEADERS[column][0].upper() if column == 'urn' else column}'" for column in needed)
    words = headings.replace("school_name", "School").replace("hub", "Hub").replace("claimed", "Schools in hub")
    raise UploadError(f"{file}: The columns {words} were not found. Give the columns these headings.")


def _rows(
    sheet: RawSheet, columns: dict[str, int], top: int, claimed: dict[str, int], findings: Findings
) -> list[ListedRow]:
    rows: list[ListedRow] = []
    faults: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for number, cells in zip(sheet.numbers[top + 1 :], sheet.rows[top + 1 :], strict=True):
        values = {name: plain(cells[place]) if place < len(cells) else "" for name, place in columns.items()}
        if not values["urn"] and not values["school_name"]:
            continue
        urn = read_urn(values["urn"])
        _note_fault("urn", urn, values["urn"], number, faults)
        laestab = read_laestab(values["laestab"]) if values.get("laestab") else IdentifierReading("", "good")
        _note_fault("laestab", laestab, values.get("laestab", ""), number, faults)
        hub = _hub(values.get("hub", ""), values.get("claimed", ""), claimed)
        rows.append(ListedRow(number, urn.value, values["school_name"], hub, laestab.value, values.get("trust", "")))
    for (column, fault, suggestion), numbers in faults.items():
        name = column.upper()
        asked = f" Is {suggestion} meant?" if suggestion else ""
        mend = f"Look the school up in Get Information About Schools and correct the {name}.{asked}"
        findings.add(
            "error",
            f"{column}_pattern",
            f"{fault[:1].upper()}{fault[1:]}",
            mend,
            rows=numbers,
            columns=[columns[column]],
        )
    return rows


def _note_fault(
    column: str, reading: IdentifierReading, cell: str, number: int, faults: dict[tuple[str, str, str], list[int]]
) -> None:
    if not reading.ok:
        fault = reading.message if cell else f"the {column.upper()} is missing"
        faults[column, fault, reading.suggestion].append(number)


def _hub(cell: str, count: str, claimed: dict[str, int]) -> str:
    """The hub's name; what it says about its number of schools is noted in `claimed`."""
    named = _CLAIM_IN_NAME.match(cell)
    hub = named.group(1) if named else cell
    stated = named.group(2) if named else count.removesuffix(".0")
    if hub and stated.isdecimal():
        claimed.setdefault(normal(hub), int(stated))
    return hub


def _read_claims(path: Path) -> dict[str, int]:
    readings, _ = read_file(path)
    sheets = [one for reading in readings for one in reading.sheets]
    sheet, columns, top = _table(sheets, path.name, needed=("hub", "claimed"))
    claimed: dict[str, int] = {}
    problems: list[str] = []
    for number, cells in zip(sheet.numbers[top + 1 :], sheet.rows[top + 1 :], strict=True):
        hub, count = (plain(cells[columns[one]]) if columns[one] < len(cells) else "" for one in ("hub", "claimed"))
        if not hub:
            continue
        if not count.removesuffix(".0").isdecimal():
            problems.append(f"{path.name}, row {number}: the number of schools is missing or no whole number.")
        else:
            claimed[normal(hub)] = int(count.removesuffix(".0"))
    if problems:
        raise UploadError(f"{path.name}: the hubs' own numbers cannot be read.", problems=problems)
    return claimed


def _hubs(rows: Sequence[ListedRow], claimed: dict[str, int]) -> pd.DataFrame:
    names: dict[str, str] = {}
    counts: dict[str, int] = defaultdict(int)
    for row in rows:
        if row.hub:
            names.setdefault(row.hub_key, row.hub)
            counts[row.hub_key] += 1
    keys = sorted({*names, *claimed})
    return pd.DataFrame(
        {
            "hub": pd.Series([names.get(key, key) for key in keys], dtype="str"),
            "claimed": pd.Series([claimed.get(key) for key in keys], dtype="Int64"),
            "listed": pd.Series([counts[key] for key in keys], dtype="Int64"),
        }
    )
