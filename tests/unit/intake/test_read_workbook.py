"""Workbooks as forms and people make them. Case numbers are those of the case list."""

import datetime
import io
import zipfile

import openpyxl
import pytest

from evalkit.errors import UploadError


def _bytes(book: openpyxl.Workbook) -> bytes:
    memory = io.BytesIO()
    book.save(memory)
    return memory.getvalue()


def _book(rows) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    return book


def test_plain_sheet(desk) -> None:
    upload = desk.check({"Answers": desk.table()})
    assert desk.values(upload) == desk.expected()
    assert upload.ok
    assert upload.source.sheet == "Answers"
    assert upload.source.rows == 6


def test_numbers_are_text_as_shown(desk) -> None:
    rows = desk.table(2)
    rows[1] = [7.0, *[float(value) for value in rows[1][1:]]]
    book = _book(rows)
    book.active["A3"] = 8
    book.active["A3"].number_format = "000"
    upload = desk.check(_bytes(book), name="a.xlsx")
    assert list(upload.responses["pupil"]) == ["7", "008"]
    assert desk.values(upload) == desk.expected(2)


def test_45_date_in_an_answer(desk, only) -> None:
    rows = desk.table(3)
    rows[2][4] = datetime.datetime(2026, 2, 1)
    problem = only(desk.check({"S": rows}), "turned_into_date")
    assert (problem.severity, problem.rows, problem.column, problem.item) == ("error", (3,), "E", "calm8.q4")
    assert "spreadsheet program turned" in problem.message


def test_50_formula_without_a_value(desk, only) -> None:
    rows = desk.table(3)
    rows[2][4] = "=1+2"
    problem = only(desk.check({"S": rows}), "formula_without_value")
    assert (problem.severity, problem.rows, problem.column) == ("error", (3,), "E")


def test_15_17_title_rows_and_merged_cells(desk) -> None:
    book = _book([["Keep calm survey, autumn"], [], *desk.table()])
    book.active.merge_cells("A1:I1")
    upload = desk.check(_bytes(book), name="a.xlsx")
    assert desk.values(upload) == desk.expected()
    assert upload.ok


def test_23_hidden_rows_and_sheet(desk, only) -> None:
    book = _book(desk.table(4))
    book.active.row_dimensions[3].hidden = True
    assert only(desk.check(_bytes(book), name="a.xlsx"), "hidden_rows").rows == (3,)
    book = _book(desk.table(4))
    book.create_sheet("Front")
    book.worksheets[0].sheet_state = "hidden"
    only(desk.check(_bytes(book), name="a.xlsx"), "hidden_sheet")


def test_sheet_with_known_headers_is_found(desk) -> None:
    upload = desk.check({"Notes": [["Dear all"], ["thank you"]], "Data": desk.table(), "Empty": []})
    assert upload.source.sheet == "Data"
    assert upload.ok


def test_24_two_sheets_that_fit_are_asked_about(desk, only) -> None:
    sheets = {"7A": desk.table(3), "7B": desk.table(5)}
    problem = only(desk.check(sheets), "several_sheets")
    assert problem.severity == "ask"
    assert "'7A' and '7B'" in problem.message
    named = desk.check(sheets, sheet="7b")
    assert (named.source.sheet, named.ok, len(named.responses)) == ("7B", True, 5)


def test_unknown_sheet_is_refused(desk) -> None:
    with pytest.raises(UploadError, match=r"no sheet 'Data'\. The sheets are '7A' and '7B'"):
        desk.check({"7A": desk.table(), "7B": []}, sheet="Data")
    with pytest.raises(UploadError, match="'7B' is empty"):
        desk.check({"7A": desk.table(), "7B": []}, sheet="7B")


def test_declared_size_of_a_sheet_is_not_trusted(desk) -> None:
    """Case 72."""
    old = zipfile.ZipFile(io.BytesIO(_bytes(_book(desk.table()))))
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith("sheet1.xml"):
                content = content.replace(b'<dimension ref="A1:I7"', b'<dimension ref="A1:A2"')
                assert b"A1:A2" in content
            new.writestr(name, content)
    assert desk.values(desk.check(memory.getvalue(), name="a.xlsx")) == desk.expected()
