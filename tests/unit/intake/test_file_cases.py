"""The cases of the case list that are about files, each with its outcome: F mended and said, W warned, E refused."""

import inspect
import re

import pytest

from evalkit.errors import UploadError
from evalkit.intake.check import check_upload
from evalkit.intake.read import read_file
from tests.intake_cases import files

MENDED = {  # kind of what is said; the answers are all read
    "01": "byte_order_mark", "02": "encoding", "02_unmarked": "encoding", "03": "encoding", "04": "scrambled_text",
    "05": "separator", "05_tab": "separator", "06": "sep_line", "07": "decimal_comma", "08": "line_ends",
    "11": "line_breaks", "12": "text_marks", "14": "empty_space", "14_rows": "empty_space",
}  # fmt: skip
READ = ("29_ods", "63", "63_1904", "72_dimension", "74_links")  # nothing is wrong with the answers
CODES = {  # codes that must come through as the text they are
    "51": files.CODES, "70": files.FORMULAS, "70_workbook": files.FORMULAS, "77": files.MARKUP, "78": files.TEMPLATES,
    "79": (files.CONTROLS, "P002", "P003"), "79_workbook": (files.CONTROLS, "P002", "P003"),
}  # fmt: skip
REFUSED = {
    "09": "characters that no text file holds", "10": "A quotation mark opens in row 4 and never closes",
    "27_long": "a row for each answer", "27_summary": "a summary", "28_empty": "The file is empty",
    "29": "an old Excel file (.xls)", "29_numbers": "an Apple Numbers file",
    "29_xlsb": "a binary Excel workbook (.xlsb)", "30": "protected by a password",
    "30_ods": "protected by a password", "31": "carries macros (.xlsm)", "32": "a PDF document", "32_ctf": "a CTF file",
    "71": "far larger inside", "71_overlapping": "far larger inside", "72": "damaged",
    "72_row": "larger than any survey",
    "73": "row 1,048,576 has something in column XFD",
    "73_ods": "row 1,048,576 has something in column XFD", "73_repeated": "larger than any survey",
    "74": "damaged", "74_external": "damaged", "74_ods": "damaged", "74_outside": "damaged", "74_nested": "damaged",
    "75": "not built as", "75_html": "a web page", "75_polyglot": "a PDF document", "75_twice": "not built as",
    "76": "too large (51 MB)", "76_parts": "2,000 parts or more", "80": "500 sheets",
    "80_columns": "something in column XFD", "80_columns_text": "Row 8 has 16,384 columns",
    "80_cell": "one cell holds more than 131,072 characters",
    "80_cell_ods": "one cell holds more than 131,072 characters",
    "80_cell_text": "One cell holds more than 131,072 characters", "80_shared": "larger than any survey",
}  # fmt: skip
OTHERS = ("13", "28", "51_shown")  # each with a test of its own


@pytest.fixture
def check(desk, tmp_path):
    """Write the file of a case and check it."""
    return lambda case: check_upload(getattr(files, f"case_{case}")(tmp_path), desk.study(), wave="pre")


def test_every_file_has_its_outcome_here() -> None:
    made = {name.removeprefix("case_") for name, _ in inspect.getmembers(files, inspect.isfunction) if "case_" in name}
    assert made == {*MENDED, *READ, *CODES, *REFUSED, *OTHERS}


@pytest.mark.parametrize("case", [*MENDED, *READ])
def test_answers_are_read_and_what_was_mended_is_said(check, desk, case) -> None:
    upload = check(case)
    assert desk.values(upload) == desk.expected()
    assert list(upload.responses["pupil"]) == [f"P{pupil:03}" for pupil in range(1, 7)]
    assert upload.ok
    said = [(one.severity, one.kind) for one in upload.issues]
    if case in MENDED:
        assert ("fixed", MENDED[case]) in said
    assert {severity for severity, _ in said} <= {"fixed", "warn"}


@pytest.mark.parametrize("case", CODES)
def test_codes_stay_text_and_do_nothing(check, case, tmp_path) -> None:
    readings, _ = read_file(getattr(files, f"case_{case}")(tmp_path))
    assert tuple(row[0] for row in next(readings).sheets[0].rows[1:]) == CODES[case]
    upload = check(case)
    assert len(upload.source.sha256) == 64
    for problem in upload.issues:
        assert not re.search("[\x00-\x08\u200b\u202e\u2066]", problem.message)


@pytest.mark.parametrize("case", REFUSED)
def test_refused_in_one_sentence_with_help(check, case) -> None:
    with pytest.raises(UploadError) as caught:
        check(case)
    message = caught.value.message
    assert REFUSED[case] in message
    assert re.match(r"case_\d\d[\w.]*: [A-Z]", message)
    assert message.endswith(".")
    assert message.count(". ") >= 1  # what it is, and then the way out
    assert len(message) < 400
    assert "Traceback" not in message


def test_13_rows_of_another_length_are_warned_of(check, only) -> None:
    upload = check("13")
    assert only(upload, "row_too_long").rows == (4,)
    assert only(upload, "row_too_short").rows == (6,)
    assert only(upload, "row_too_short").severity == "warn"


def test_28_headings_without_answers(check, only) -> None:
    assert only(check("28"), "no_rows").severity == "error"


def test_51_numbers_in_place_of_codes(check, only) -> None:
    upload = check("51_shown")
    assert list(upload.responses["pupil"]) == ["007", "100000", "0012"]
    assert only(upload, "noughts_kept").severity == "fixed"
    turned = only(upload, "code_turned_into_number")
    assert (turned.severity, turned.rows, turned.column) == ("warn", (3,), "A")


def test_63_dates_are_dates_in_both_ways_of_counting(tmp_path) -> None:
    for case in (files.case_63, files.case_63_1904):
        readings, _ = read_file(case(tmp_path))
        sheet = next(readings).sheets[0]
        assert [row[-1] for row in sheet.rows[1:]] == [f"2026-02-0{day}" for day in range(1, 7)]
        assert sheet.dates == [(row, 9) for row in range(2, 8)]


def test_73_the_far_cell_is_a_small_file(tmp_path) -> None:
    assert files.case_73(tmp_path).stat().st_size < 5_000
