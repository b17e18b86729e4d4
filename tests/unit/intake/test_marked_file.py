"""The same file back: what is wrong is marked, nothing personal returns, and evalkit reads past its own marks."""

from pathlib import Path

import openpyxl
import pytest

from evalkit.errors import EvalkitError
from evalkit.intake.check import check_upload
from evalkit.intake.header import MARKED_SHEETS
from evalkit.intake.marked_file import refuse_wrong_name
from tests.intake_cases.files import FORMULAS, saved, workbook
from tests.intake_cases.study import make_study
from tests.intake_cases.tables import rows, sheets, written


def marked(folder: Path, content: object, **asked: str) -> tuple[openpyxl.Workbook, Path]:
    path = written(folder, content, "survey")  # pyright: ignore[reportArgumentType]
    to = folder / "marked.xlsx"
    check_upload(path, make_study(folder), wave="pre", marked=to, **asked)
    return openpyxl.load_workbook(to), to


def test_bad_cells_are_marked_and_told_in_the_last_column(tmp_path: Path) -> None:
    content = [["Calm survey"], [], *rows()]
    content[5][2], content[6][3] = 9, "Agre"
    book, _ = marked(tmp_path, content)
    sheet = book.worksheets[0]
    assert sheet.title == "Answers"
    assert sheet["A1"].value == "Calm survey"
    assert [cell.value for cell in sheet[3]][:2] == ["Pupil code", "calm8.q1"]
    assert sheet["J3"].value == "Errors"
    assert (sheet["C6"].value, sheet["C6"].fill.fgColor.rgb) == (9, "00F4B6B0")
    assert "Column C: '9' is not one of the answers" in sheet["J6"].value
    assert (sheet["D7"].value, sheet["D7"].fill.fgColor.rgb) == ("Agre", "00FBE3A1")
    assert sheet["J5"].value is None
    assert sheet["A4"].value == "P001"


def test_the_second_sheet_has_the_bad_rows_alone_and_the_third_all_problems(tmp_path: Path) -> None:
    content = rows()
    content[5][2] = 9
    book, _ = marked(tmp_path, content)
    assert book.sheetnames[1:] == list(MARKED_SHEETS)
    bad = [[cell.value for cell in row] for row in book[MARKED_SHEETS[0]]]
    assert bad[0][:2] == ["Row", "Pupil code"]
    assert [row[0] for row in bad[1:]] == [6]
    assert "is not one of the answers" in bad[1][-1]
    found = [[cell.value for cell in row] for row in book[MARKED_SHEETS[1]]]
    assert found[0] == ["Kind", "Where", "What was found", "What to do"]
    assert found[1][0] == "To mend"


def test_the_marked_file_comes_back_mended(tmp_path: Path) -> None:
    content = rows()
    content[5][2] = 9
    book, to = marked(tmp_path, content)
    book.worksheets[0]["C6"] = 4
    book.save(to)
    study = make_study(tmp_path)
    upload = check_upload(to, study, wave="pre")
    assert upload.ok
    assert {one.severity for one in upload.issues} <= {"fixed"}
    assert len(upload.responses) == len(rows()) - 1
    assert upload.responses.loc[4, "calm8.q2"] == 4
    again = tmp_path / "again.xlsx"
    check_upload(to, study, wave="pre", marked=again)
    assert [cell.value for cell in openpyxl.load_workbook(again).worksheets[0][1]].count("Errors") == 1


def test_a_form_is_the_same_before_and_after_marking(tmp_path: Path) -> None:
    path = written(tmp_path, rows(), "survey")
    study = make_study(tmp_path)
    upload = check_upload(path, study, wave="pre", marked=tmp_path / "marked.xlsx")
    assert check_upload(tmp_path / "marked.xlsx", study, wave="pre").form == upload.form


def test_names_and_own_words_do_not_go_back(tmp_path: Path) -> None:
    content = [["Name", *rows()[0], "Comment"]]
    for place, row in enumerate(rows()[1:]):
        content.append([f"Zedric{place} Test", *row, f"I was very sad on day {place} of the week"])
    content[3][3] = 9
    book, _ = marked(tmp_path, content)
    everything = " ".join(str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row)
    assert "Zedric" not in everything
    assert "very sad" not in everything
    assert "(not kept by evalkit)" in everything


def test_no_cell_of_the_marked_file_is_a_formula(tmp_path: Path) -> None:
    content = [rows()[0], *([text, *row[1:]] for text, row in zip(FORMULAS, rows()[1:], strict=False))]
    content[1][2] = "=1+1"
    book, to = marked(tmp_path, content)
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                assert not str(cell.value or "").startswith(("=", "@", "\t", "\r"))
    study = make_study(tmp_path)
    again = check_upload(to, study, wave="pre")
    first = check_upload(tmp_path / "survey.csv", study, wave="pre")
    assert again.responses["pupil"].tolist() == first.responses["pupil"].tolist()


def test_every_sheet_that_was_named_is_marked(tmp_path: Path) -> None:
    content = rows()
    content[2][1], content[8][1] = 9, 9
    book = sheets({"5A": content[:7], "5B": [content[0], *content[7:]]})
    path = tmp_path / "classes.xlsx"
    path.write_bytes(saved(book))
    from evalkit.records.mapping import MAPPING_SCHEMA, Mapping

    mapping = Mapping(schema=MAPPING_SCHEMA, sheets=("5A", "5B"))
    upload = check_upload(path, make_study(tmp_path), wave="pre", mapping=mapping, marked=tmp_path / "marked.xlsx")
    assert len(upload.responses) == len(rows()) - 1
    made = openpyxl.load_workbook(tmp_path / "marked.xlsx")
    assert made.sheetnames == ["5A", "5B", *MARKED_SHEETS]
    assert "is not one of the answers" in made["5A"]["J3"].value
    assert "is not one of the answers" in made["5B"]["J3"].value


def test_one_file_is_never_written_over(tmp_path: Path) -> None:
    with pytest.raises(EvalkitError, match="Excel workbook"):
        refuse_wrong_name(tmp_path / "marked.csv")
    (tmp_path / "there.xlsx").write_bytes(saved(workbook(rows())))
    with pytest.raises(EvalkitError, match="a file already"):
        refuse_wrong_name(tmp_path / "there.xlsx")
