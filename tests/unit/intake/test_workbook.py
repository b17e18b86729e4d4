"""Cells of workbooks as text: what openpyxl reads, what LibreOffice wrote, and what each kind of cell becomes."""

import datetime
from pathlib import Path

import openpyxl
import pytest

from evalkit.intake.raw import RawFile, RawSheet, Refusal
from evalkit.intake.read_workbook import gathered
from evalkit.intake.sealed.numbers import dated, lasted, shape_of, shown_number
from evalkit.intake.sealed.workbook import WorkbookKind, workbook_messages
from tests.intake_cases import files
from tests.intake_cases.workbooks import ods, xlsx

MADE = Path(files.__file__).parent / "made"
HEADINGS = ["Pupil code", "calm8.q1", "Filled in", "At", "Took", "Mean", "Done", "Note", "Share"]


def sheet_of(data: bytes, kind: WorkbookKind, *, place: int = 0) -> RawSheet:
    content = gathered(workbook_messages(data, kind))
    assert isinstance(content, RawFile), content
    return content.sheets[place]


def cell_of(cell: str, *, kind: WorkbookKind = "xlsx") -> RawSheet:
    """A sheet with one row: x, then the cell."""
    if kind == "ods":
        first = '<table:table-cell office:value-type="string"><text:p>x</text:p></table:table-cell>'
        return sheet_of(ods([], content=f"<table:table-row>{first}{cell}</table:table-row>"), "ods")
    return sheet_of(xlsx([], more_rows=f'<row><c t="str"><v>x</v></c>{cell}</row>'), "xlsx")


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_a_workbook_that_libreoffice_wrote(kind) -> None:
    data = (MADE / f"answers.{kind}").read_bytes()
    sheet = sheet_of(data, kind)
    assert sheet.name == "Answers 7A"
    assert dict(zip(sheet.numbers, sheet.rows, strict=True)) == {
        1: ["Keep calm survey"],
        3: HEADINGS,
        4: ["007", "4", "2026-02-01", "2026-02-01 09:30:00", "26:05:00", "4.5", "TRUE", "two\nlines", "0.25"],
        5: ["P002", "5", "2026-02-01 09:30:00", "09:30:00", "26:05:00", "", "FALSE", "  two  blanks ", "1"],
        6: ["P003", "3.5", "", "", "", "#DIV/0!", "", "<b>&amp;</b>"],
        7: ["100000", "1", "", "", "", "2"],
        8: ["P005", "2", "", "", "", "", "", "hidden"],
        9: ["P005", "2"],
    }
    assert sheet.dates == [(row, column) for row in (4, 5) for column in (2, 3, 4)]
    assert (sheet.hidden_rows, sheet.scientific, sheet.uncalculated, sheet.hidden) == ([8], [(7, 0)], [], False)
    hidden = sheet_of(data, kind, place=2)
    assert (hidden.name, hidden.hidden, hidden.rows) == ("Hidden", True, [["Pupil code", "1"]])


def test_an_old_workbook_that_libreoffice_wrote_is_refused(desk) -> None:
    from evalkit.intake.sniff import kind_of

    refusal = kind_of((MADE / "answers.xls").read_bytes())
    assert isinstance(refusal, Refusal)
    assert "old Excel file (.xls)" in refusal.found


def test_openpyxl_reads_the_same_cells() -> None:
    book = openpyxl.load_workbook(MADE / "answers.xlsx", data_only=True)
    for place, theirs in enumerate(book.worksheets):
        ours = sheet_of((MADE / "answers.xlsx").read_bytes(), "xlsx", place=place)
        for number, row in zip(ours.numbers, ours.rows, strict=True):
            values = [theirs.cell(number, column).value for column in range(1, len(row) + 1)]
            for value, text in zip(values, row, strict=True):
                if isinstance(value, int | float) and not isinstance(value, bool):
                    assert float(text) == value
                elif isinstance(value, datetime.datetime | datetime.time):
                    assert text in (str(value), str(value).removesuffix(" 00:00:00"))
                elif not isinstance(value, datetime.timedelta):
                    assert text == ({True: "TRUE", False: "FALSE", None: ""}.get(value, value))


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("<c><v>4</v></c>", "4"),
        ("<c><v>4.0</v></c>", "4"),
        ("<c><v> 4 </v></c>", "4"),
        ("<c><v>1E5</v></c>", "100000"),
        ("<c><v>0.1</v></c>", "0.1"),
        ("<c><v>0.30000000000000004</v></c>", "0.3"),
        ("<c><v>-3.5</v></c>", "-3.5"),
        ("<c><v>12345678901234567890</v></c>", "12345678901234567890"),
        ("<c><v>nan</v></c>", "nan"),
        ('<c t="b"><v>1</v></c>', "TRUE"),
        ('<c t="e"><v>#REF!</v></c>', "#REF!"),
        ('<c t="str"><f>A1</f><v>Agree</v></c>', "Agree"),
        ('<c t="inlineStr"><is><r><t>Ag</t></r><r><t>ree</t></r><rPh><t>no</t></rPh></is></c>', "Agree"),
        ('<c t="inlineStr"><is><t>a_x000D_b_x005F_x0041_</t></is></c>', "a\rb_x0041_"),
        ('<c t="inlineStr"><is><t>_xD800_</t></is></c>', "_xD800_"),
        ('<c t="d"><v>2026-02-01T00:00:00</v></c>', "2026-02-01"),
        ("<c><f>1+1</f><v>2</v></c>", "2"),
        ('<x:c xmlns:x="u"><x:v>5</x:v></x:c>', "5"),
    ],
)
def test_cells_of_excel(cell, text) -> None:
    assert cell_of(cell).rows == [["x", text]]


@pytest.mark.parametrize("cell", ["<c><f>1+2</f></c>", "<c><f>1+2</f><v/></c>", '<c t="str"><f>A1</f></c>'])
def test_formula_without_a_result(cell) -> None:
    sheet = cell_of(cell)
    assert (sheet.rows, sheet.uncalculated) == ([["x"]], [(1, 1)])


def test_formula_that_says_nothing_has_a_result() -> None:
    sheet = cell_of('<c t="str"><f>IF(A1="","",A1)</f><v></v></c>')
    assert (sheet.rows, sheet.uncalculated) == ([["x"]], [])


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('<table:table-cell office:value-type="float" office:value="4"><text:p>4.00</text:p></table:table-cell>', "4"),
        ('<table:table-cell office:value-type="float" office:value="7"><text:p>007</text:p></table:table-cell>', "007"),
        ('<table:table-cell office:value-type="boolean" office:boolean-value="true"/>', "TRUE"),
        ('<table:table-cell office:value-type="date" office:date-value="2026-02-01T00:00:00"/>', "2026-02-01"),
        ('<table:table-cell office:value-type="time" office:time-value="PT1H2M3S"/>', "01:02:03"),
        ('<table:table-cell office:value-type="string" office:string-value="Agree"/>', "Agree"),
        (
            '<table:table-cell office:value-type="string"><text:p>A<text:s text:c="2"/>b</text:p></table:table-cell>',
            "A  b",
        ),
        ('<table:table-cell office:value-type="string"><text:p>A\n  b</text:p></table:table-cell>', "A b"),
        (
            '<table:table-cell office:value-type="string"><office:annotation><text:p>note</text:p></office:annotation>'
            "<text:p>Agree</text:p></table:table-cell>",
            "Agree",
        ),
        ('<table:table-cell table:formula="of:=1/0"><text:p>Err:508</text:p></table:table-cell>', "#VALUE!"),
    ],
)
def test_cells_of_opendocument(cell, text) -> None:
    assert cell_of(cell, kind="ods").rows == [["x", text]]


def test_repeated_cells_and_rows_of_opendocument() -> None:
    five = '<table:table-cell table:number-columns-repeated="3" office:value-type="float" office:value="5"/>'
    rows = (
        f'<table:table-row table:number-rows-repeated="2" table:visibility="filter">{five}</table:table-row>'
        '<table:table-row table:number-rows-repeated="7"><table:table-cell/></table:table-row>'
        f"<table:table-row-group><table:table-row>{five}</table:table-row></table:table-row-group>"
    )
    sheet = sheet_of(ods([], content=rows), "ods")
    assert (sheet.numbers, sheet.rows, sheet.hidden_rows) == ([1, 2, 10], [["5"] * 3] * 3, [1, 2])


def test_formulas_of_opendocument_that_nobody_calculated() -> None:
    formula = '<table:table-cell table:formula="of:=1+2"/>'
    assert cell_of(formula, kind="ods").uncalculated == [(1, 1)]
    done = '<table:table-cell table:formula="of:=1+2" office:value-type="float" office:value="3"/>'
    assert cell_of(formula + done, kind="ods").uncalculated == []


@pytest.mark.parametrize(
    ("serial", "since_1904", "text"),
    [  # Microsoft's documentation of the two date systems: 5 July 1998 is 35981 and 34519
        ("35981", False, "1998-07-05"), ("34519", True, "1998-07-05"), ("1", False, "1900-01-01"),
        ("59", False, "1900-02-28"), ("61", False, "1900-03-01"), ("0.5", False, "12:00:00"), ("0", False, "00:00:00"),
        ("45000.75", False, "2023-03-15 18:00:00"), ("45000.999999", False, "2023-03-16"),
        ("2958465", False, "9999-12-31"), ("2958466", False, ""), ("-1", False, ""), ("1e400", False, ""),
        ("nan", False, ""), ("x", False, ""), ("0", True, "1904-01-01"),
    ],
)  # fmt: skip
def test_serial_numbers(serial, since_1904, text) -> None:
    assert dated(serial, since_1904=since_1904) == text


@pytest.mark.parametrize(
    ("code", "shape"),
    [
        ("General", "plain"), ("0", "plain"), ("0.00", "plain"), ("0%", "plain"), ("000", "noughts"),
        ("dd/mm/yyyy", "date"), ("[$-809]d mmmm yyyy;@", "date"), ("hh:mm", "date"), ("[h]:mm:ss", "duration"),
        ('0" days"', "plain"), ("[Red]0", "plain"), (r"0\d", "plain"), ("0.00E+00", "scientific"),
        ("##0.0E+0", "scientific"),
        ('"' * 5000, "plain"), ("[" * 5000, "plain"),
    ],
)  # fmt: skip
def test_number_formats(code, shape) -> None:
    assert shape_of(164, {164: code})[0] == shape
    assert shape_of(14, {})[0] == "date"


def test_durations_and_long_numbers() -> None:
    assert lasted("1.0868055555555556") == "26:05:00"
    assert lasted("-0.5") == "-12:00:00"
    assert lasted("x") == ""
    assert shown_number("9" * 400) == "9" * 400
    assert shown_number("1e400") == "inf"
