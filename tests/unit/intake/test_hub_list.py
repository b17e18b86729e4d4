import csv
import importlib.util
from collections import Counter
from pathlib import Path

import pytest
from openpyxl import Workbook

from evalkit.errors import UploadError
from evalkit.intake.hub_list import check_hub_list
from evalkit.records.hub_list import HubList

_SPEC = importlib.util.spec_from_file_location("make_hub_list", Path(__file__).with_name("make_hub_list.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
fixture = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(fixture)

HEADINGS = ("URN", "School", "Hub", "LAESTAB")


def write(path: Path, rows: list[tuple[str, ...]], headings: tuple[str, ...] = HEADINGS) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([headings, *rows])
    return path


def kinds(found: HubList) -> list[str]:
    return [one.kind for one in found.issues]


def messages(found: HubList, kind: str) -> list[str]:
    return [one.message for one in found.issues if one.kind == kind]


SCHOOLS = [
    ("100001", "Oakfield Primary", "North", "8012001"),
    ("100002", "Elmwood Primary", "North", "8012002"),
    ("100003", "Ashton Academy", "South", "8014003"),
]


def test_the_list_of_the_programme_and_its_traps(tmp_path: Path) -> None:
    rows, claims = fixture.make_hub_list()
    assert (len(rows), len(claims), sum(claims.values()), len({row[0] for row in rows})) == (432, 35, 431, 430)
    write(tmp_path / "hubs.csv", [(hub, str(count)) for hub, count in claims.items()], ("Hub", "Schools in hub"))
    found = check_hub_list(write(tmp_path / "list.csv", rows), claims=tmp_path / "hubs.csv")
    assert Counter(kinds(found)) == {
        "count_differs": 1,
        "school_twice": 1,
        "school_in_two_hubs": 1,
        "name_of_two_schools": 1,
    }
    assert "'Hub 01' says it has 8 schools and lists 9" in messages(found, "count_differs")[0]
    assert "2 schools are called 'St Mary's CE Primary School'" in messages(found, "name_of_two_schools")[0]
    assert "is listed by 'Hub 04' and 'Hub 22'" in messages(found, "school_in_two_hubs")[0]
    assert "is listed 2 times" in messages(found, "school_twice")[0]
    assert len(found.schools) == 430
    assert found.schools["urn"].is_unique
    assert (int(found.hubs["claimed"].sum()), int(found.hubs["listed"].sum()), len(found.hubs)) == (431, 432, 35)
    assert not found.ok


def test_a_clean_list_is_in_order(tmp_path: Path) -> None:
    found = check_hub_list(write(tmp_path / "list.csv", SCHOOLS))
    assert found.ok
    assert found.issues == ()
    assert found.schools["urn"].tolist() == ["100001", "100002", "100003"]
    assert found.problems.empty


def test_bad_numbers_are_named_with_their_rows(tmp_path: Path) -> None:
    rows = [
        *SCHOOLS,
        ("1OOOO4", "Rowan", "South", "801"),
        ("", "Birch", "South", ""),
        ("8012000", "Holly", "South", ""),
    ]
    found = check_hub_list(write(tmp_path / "list.csv", rows))
    assert Counter(kinds(found)) == {"urn_pattern": 3, "laestab_pattern": 1}
    texts = " | ".join(messages(found, "urn_pattern"))
    assert "row 5" in texts
    assert "Is 100004 meant?" in texts
    assert "The URN is missing" in texts
    assert "Is it the LAESTAB?" in texts
    assert len(found.schools) == 3


def test_counts_in_the_list_itself(tmp_path: Path) -> None:
    rows = [(urn, name, f"{hub} (2 schools)", laestab) for urn, name, hub, laestab in SCHOOLS]
    found = check_hub_list(write(tmp_path / "named.csv", rows))
    assert "'South' says it has 2 schools and lists 1" in messages(found, "count_differs")[0]
    column = [(*row, "2" if row[2] == "North" else "") for row in SCHOOLS]
    found = check_hub_list(write(tmp_path / "column.csv", column, (*HEADINGS, "Schools in hub")))
    assert kinds(found) == ["hub_without_count"]
    assert "'South' does not say" in messages(found, "hub_without_count")[0]


def test_one_urn_for_two_schools_and_two_urns_for_one(tmp_path: Path) -> None:
    rows = [*SCHOOLS, ("100001", "Rowan Primary", "South", "8012009"), ("100009", "Ashton College", "South", "8014003")]
    found = check_hub_list(write(tmp_path / "list.csv", rows))
    assert set(kinds(found)) == {"urn_of_two_names", "two_laestabs", "laestab_of_two_schools"}
    assert "'Oakfield Primary' and 'Rowan Primary'" in messages(found, "urn_of_two_names")[0]
    assert "became an academy" in messages(found, "laestab_of_two_schools")[0]


def test_what_changed_since_an_earlier_list(tmp_path: Path) -> None:
    earlier = write(tmp_path / "2024.csv", SCHOOLS)
    now = [
        ("100001", "Oakfield Primary", "North", "8022001"),
        ("100022", "Elmwood Primary", "North", "8012002"),
        ("100007", "Willow Academy", "South", "8014007"),
    ]
    found = check_hub_list(write(tmp_path / "2025.csv", now), before=earlier)
    assert set(kinds(found)) == {"laestab_changed", "urn_changed", "schools_changed"}
    assert "was 8012001 in 2024.csv and is 8022001 now" in messages(found, "laestab_changed")[0]
    assert "2024.csv has 100002" in messages(found, "urn_changed")[0]
    assert "2 schools came and 2 left (left: 100002 and 100003)" in messages(found, "schools_changed")[0]


def test_a_workbook_with_a_title_and_spelled_hubs(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ["Our schools"],
        [],
        ["Hub name", "School name", "URN"],
        ["North ", "Oakfield", 100001],
        ["NORTH", "Elm", 100002],
    ):
        sheet.append(row)
    book.save(tmp_path / "list.xlsx")
    found = check_hub_list(tmp_path / "list.xlsx")
    assert found.ok
    assert (found.hubs["hub"].tolist(), found.hubs["listed"].tolist()) == (["North"], [2])
    assert found.schools["urn"].tolist() == ["100001", "100002"]


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(UploadError, match="The columns 'URN' and 'School' were not found"):
        check_hub_list(write(tmp_path / "list.csv", SCHOOLS, ("a", "b", "c", "d")))
    good = write(tmp_path / "good.csv", SCHOOLS)
    with pytest.raises(UploadError, match="row 2: the number of schools is missing"):
        check_hub_list(good, claims=write(tmp_path / "hubs.csv", [("North", "eight")], ("Hub", "Schools in hub")))
    with pytest.raises(UploadError, match="'Hub' and 'Schools in hub' were not found"):
        check_hub_list(good, claims=write(tmp_path / "hubs2.csv", [("North", "8")], ("x", "y")))
    assert kinds(check_hub_list(write(tmp_path / "empty.csv", []))) == ["no_rows"]


def test_trusts_are_read_and_a_school_is_in_one(tmp_path: Path) -> None:
    rows = [("900001", "Oak", "North", "8012001", "Elm Trust"), ("900002", "Ash", "South", "8012002", "")]
    headings = (*HEADINGS, "Multi-academy trust")
    found = check_hub_list(write(tmp_path / "list.csv", rows, headings))
    assert found.schools["trust"].tolist() == ["Elm Trust", ""]
    twice = check_hub_list(
        write(tmp_path / "twice.csv", [*rows, ("900001", "Oak", "North", "8012001", "Yew")], headings)
    )
    assert kinds(twice) == ["school_in_two_trusts"]
    assert (
        "'Oak' (URN 900001) is listed with the trusts 'Elm Trust' and 'Yew'"
        in messages(twice, "school_in_two_trusts")[0]
    )
