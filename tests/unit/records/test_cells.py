"""Text that a spreadsheet program could take for a formula is marked on the way out and bare again on the way in."""

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.records.cells import bare_cell, harmless_cell

RISKY = [
    "=1+1", "+44 7700", "-2+3", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1", "  =1", "\u200b=1", "\xa0=1", "＝1+1",
    "＋1x", "－x",
    "＠A1", "=cmd|' /C calc'!A0", "=", "+", "\ttext", "﹣1", "\u202e=1",
]  # fmt: skip


@pytest.mark.parametrize("text", RISKY)
def test_what_looks_like_a_formula_is_marked(text) -> None:
    assert harmless_cell(text) == f"'{text}"
    assert bare_cell(harmless_cell(text)) == text


@pytest.mark.parametrize("text", ["", "4", "-99", "+3", "-3,5", "-", "--", "Agree", "3 - Agree", "a=b", "'tis", "x@y"])
def test_everything_else_stays(text) -> None:
    assert harmless_cell(text) == text
    assert bare_cell(text) == text


def test_a_number_that_is_no_plain_number_is_marked() -> None:
    assert harmless_cell("-99\n").startswith("'")
    assert harmless_cell("-1-1").startswith("'")
    assert harmless_cell("-" + "9" * 40).startswith("'")


def test_signs_that_no_workbook_holds_are_left_out_first() -> None:
    assert harmless_cell("\x00=1") == "'=1"
    assert harmless_cell("a\x07b\ud800") == "ab"


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_the_way_there_and_back_changes_nothing(text) -> None:
    kept = text.replace("\ufffe", "").replace("\uffff", "")
    assert bare_cell(harmless_cell(text)) == kept
    assert harmless_cell(text) == kept or harmless_cell(text) == f"'{kept}"


@given(st.lists(st.sampled_from([*"'=+-@ \t\r\n＝a1\u200b"]), max_size=6).map("".join))
def test_marks_on_marks(text) -> None:
    out = harmless_cell(text)
    assert bare_cell(out) == text
    assert not out.startswith(("=", "+", "@", "\t", "\r", "\n", "＝"))


@pytest.mark.parametrize("text", RISKY)
def test_a_workbook_holds_it_as_text(text) -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = harmless_cell(text)
    assert book.active["A1"].data_type == "s"


@pytest.mark.parametrize("name", ["back.csv", "back.xlsx"])
def test_a_file_that_comes_back_is_read_as_before(tmp_path, name) -> None:
    from evalkit.intake.read import read_file
    from tests.intake_cases.files import saved, text, workbook

    texts = [one for one in RISKY if one[0] not in "\r\n"]
    rows = [["Code", "x"], *([harmless_cell(one), 4] for one in texts)]
    content = text(rows).encode() if name.endswith("csv") else saved(workbook(rows))
    (tmp_path / name).write_bytes(content)
    readings, _ = read_file(tmp_path / name)
    raw = next(readings)
    assert [row[0] for row in raw.sheets[0].rows[1:]] == texts
    assert "text_marks" in [note.kind for note in raw.notes]
