"""Text files as tools write them. Case numbers are those of the case list."""

import codecs

import pytest

from evalkit.intake.raw import RawFile
from evalkit.intake.read_csv import csv_readings


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_05_08_separators_and_line_ends(desk, separator, end) -> None:
    upload = desk.check(desk.text(desk.table(), separator=separator, end=end))
    assert desk.values(upload) == desk.expected()
    assert upload.ok


@pytest.mark.parametrize(
    ("encode", "kind"),
    [
        (lambda text: codecs.BOM_UTF8 + text.encode(), "byte_order_mark"),
        (lambda text: text.encode("utf-16"), "encoding"),
        (lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"), "encoding"),
        (lambda text: text.encode("utf-16-le"), "encoding"),
        (lambda text: text.encode("cp1252"), "encoding"),
        (lambda text: text.encode().decode("cp1252").encode(), "scrambled_text"),
    ],
    ids=["01_bom", "02_utf16", "02_utf16_be", "02_utf16_no_bom", "03_cp1252", "04_mojibake"],
)  # fmt: skip
def test_encodings_are_read_and_said(desk, encode, kind) -> None:
    headers = list(desk.items)
    headers[1] = "I breathe slowly when I’m cross."
    upload = desk.check(encode(desk.text(desk.table(headers=headers))))
    assert desk.values(upload) == desk.expected()
    assert [issue.kind for issue in upload.issues if issue.kind != "known_by_wording"] == [kind]


def test_06_sep_line_is_no_row(desk) -> None:
    upload = desk.check("sep=;\r\n" + desk.text([*desk.table(2), ["P9", 9, *[1] * 7]], separator=";"))
    assert upload.issues[0].rows == (4,)


def test_07_decimal_comma(desk) -> None:
    rows = [[str(cell).replace(".", ",") for cell in row] for row in desk.table(3)]
    rows[0] = [str(cell) for cell in desk.table()[0]]
    rows[1][1:] = [f"{cell},0" for cell in rows[1][1:]]
    upload = desk.check(desk.text(rows, separator=";"))
    assert desk.values(upload) == desk.expected(3)


def test_11_line_break_in_a_cell_keeps_row_numbers(desk) -> None:
    rows = desk.table(3)
    rows[0][1] = "calm8\nq1"
    rows[2][3] = 9
    upload = desk.check(rows)
    assert upload.issues[0].kind == "out_of_range"
    assert upload.issues[0].rows == (3,)


def test_blank_lines_count_as_rows(desk) -> None:
    rows = desk.table(2)
    rows[2][3] = 9
    upload = desk.check("\r\n\r\n" + desk.text(rows[:2]) + "\r\n" + desk.text(rows[2:]))
    assert upload.issues[0].rows == (6,)


def test_12_51_excel_text_marks(desk, only) -> None:
    upload = desk.check(
        f"Pupil code,{','.join(desk.items)}\r\n" + '"=""007""",1,2,3,4,5,4,3,2\r\n' + "'008,1,2,3,4,5,4,3,3"
    )
    assert list(upload.responses["pupil"]) == ["007", "008"]
    only(upload, "text_marks")


def test_13_row_with_too_many_cells(desk, only) -> None:
    rows = desk.table(5)
    rows[3].append(4)
    problem = only(desk.check(rows), "row_too_long")
    assert (problem.severity, problem.rows) == ("warn", (4,))


def test_14_empty_columns_and_rows(desk) -> None:
    rows = [[*row, *[""] * 900] for row in desk.table()] + [[""] * 909] * 2_000
    upload = desk.check(rows)
    assert desk.values(upload) == desk.expected()
    assert [issue.kind for issue in upload.issues] == ["empty_space"]
    assert "2,000 empty rows and 900 empty columns" in upload.issues[0].message


def test_44_nothing_is_eaten_or_guessed() -> None:
    raw = next(csv_readings(b"code,a\r\n007,NA\r\n1E5,None\r\n 1 ,TRUE\r\n"))
    assert isinstance(raw, RawFile)
    assert raw.sheets[0].rows == [["code", "a"], ["007", "NA"], ["1E5", "None"], [" 1 ", "TRUE"]]
    assert raw.sheets[0].numbers == [1, 2, 3, 4]


def test_very_long_cell_is_refused() -> None:
    raw = next(csv_readings(b"code,a\r\nP1," + b"x" * 200_000))
    assert not isinstance(raw, RawFile)
    assert "131,072" in raw.found


def test_the_headings_decide_which_separator_is_right(desk) -> None:
    """Free text full of semicolons under headings parted by commas."""
    rows = [[*row, "a;b" if place else "Comment"] for place, row in enumerate(desk.table(1))]
    upload = desk.check([*rows, ["a;b"], ["c;d"], ["e;f"]])
    assert desk.values(upload)[:1] == desk.expected(1)
