import csv
import re
from pathlib import Path

import pytest
from openpyxl import load_workbook

from evalkit.custody.code_files import write_code_list, write_slips
from evalkit.custody.codes import issue_codes
from evalkit.errors import SpecError


def issue(ledger: Path, **groups: int):
    return issue_codes(groups, programme="oakfield", seed=7, ledger=ledger)


def test_a_class_keeps_its_prefix_and_numbers_go_on(tmp_path: Path) -> None:
    ledger = tmp_path / "codes.jsonl"
    first = issue(ledger, A=3, B=2)
    more = issue(ledger, A=2)
    assert (first.issued, more.issued) == (5, 2)
    assert more.frame["number"].tolist() == [1, 2, 3, 4, 5]
    assert more.frame["pupil"].tolist()[:3] == first.frame["pupil"].tolist()[:3]
    assert len({code[:3] for code in first.frame["pupil"]}) == 2
    assert all(code[0].isalpha() for code in first.frame["pupil"])


def test_a_class_alone_is_printed_again(tmp_path: Path) -> None:
    ledger = tmp_path / "codes.jsonl"
    first = issue(ledger, A=3)
    again = issue(ledger, A=0)
    assert again.issued == 0
    assert again.frame.equals(first.frame)
    with pytest.raises(SpecError, match=r"No codes were issued for 'C' yet.*Issued: A"):
        issue(ledger, C=0)


def test_other_programmes_get_other_codes_and_their_own_ledger(tmp_path: Path) -> None:
    ours = issue(tmp_path / "one.jsonl", A=30)
    theirs = issue_codes({"A": 30}, programme="elmwood", seed=7, ledger=tmp_path / "two.jsonl")
    assert not set(ours.frame["pupil"]) & set(theirs.frame["pupil"])
    with pytest.raises(SpecError, match="this ledger is of 'oakfield', not of 'elmwood'"):
        issue_codes({"A": 1}, programme="elmwood", seed=7, ledger=tmp_path / "one.jsonl")


def test_all_that_is_wrong_with_a_request_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        issue_codes({"=cmd": 3, "7A": 9_999}, programme="x", seed=1, ledger=tmp_path / "codes.jsonl")
    assert len(caught.value.problems) == 2
    assert not (tmp_path / "codes.jsonl").exists()
    with pytest.raises(SpecError, match="at least one class"):
        issue_codes({}, programme="x", seed=1, ledger=tmp_path / "codes.jsonl")


def test_the_lists_hold_text_and_room_for_names(tmp_path: Path) -> None:
    codes = issue(tmp_path / "codes.jsonl", A=3).frame
    write_code_list(codes, tmp_path / "list.csv")
    with (tmp_path / "list.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["Class", "Number", "Pupil code", "Name (stays in school)"]
    assert [row[2] for row in rows[1:]] == codes["pupil"].tolist()
    write_code_list(codes, tmp_path / "list.xlsx")
    sheet = load_workbook(tmp_path / "list.xlsx").active
    assert sheet is not None
    assert [row[2].value for row in sheet.iter_rows(min_row=2)] == codes["pupil"].tolist()
    assert {cell.number_format for cell in sheet["C"]} == {"@"}


def test_a_list_with_names_is_never_overwritten(tmp_path: Path) -> None:
    codes = issue(tmp_path / "codes.jsonl", A=1).frame
    (tmp_path / "list.csv").write_text("names")
    with pytest.raises(SpecError, match="it may hold names"):
        write_code_list(codes, tmp_path / "list.csv")
    with pytest.raises(SpecError, match=r"ends in \.csv or \.xlsx"):
        write_code_list(codes, tmp_path / "list.pdf")
    with pytest.raises(SpecError, match="Make it first"):
        write_code_list(codes, tmp_path / "none" / "list.csv")


def test_slips_hold_every_code_and_no_markup_of_others(tmp_path: Path) -> None:
    codes = issue(tmp_path / "codes.jsonl", A=4).frame
    write_slips(codes, tmp_path / "slips.html", title="<b>Keyham</b>")
    text = (tmp_path / "slips.html").read_text(encoding="utf-8")
    assert re.findall(r"<strong>(.*?)</strong>", text) == codes["pupil"].tolist()
    assert "<b>Keyham" not in text
