"""What kind of file it is, and what is said about files that are no survey. Case numbers are those of the case list."""

import io
import zipfile

import openpyxl
import pytest

from evalkit.errors import UploadError


def _zip(names: dict[str, bytes]) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in names.items():
            archive.writestr(name, content)
    return memory.getvalue()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600

REFUSED = {
    "empty": (b"", "empty"),
    "empty_bom": (b"\xef\xbb\xbf", "empty"),
    "empty_lines": (b"\r\n\r\n  \r\n", "empty"),
    "09_nuls": (b"Pupil code,calm8.q1\r\nP\x001,4\r\n", "damaged"),
    "10_unclosed_quote": (b'Pupil code,calm8.q1\r\nP1,"4\r\nP2,3\r\n', "row 2 and never closes"),
    "29_xls": (OLE + "Workbook".encode("utf-16-le"), ".xls"),
    "29_odt": (_zip({"mimetype": b"application/vnd.oasis.opendocument.text"}), "OpenDocument text"),
    "ods_without_content": (_zip({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}), "damaged"),
    "29_numbers": (_zip({"Index/Document.iwa": b"x"}), "Numbers"),
    "29_xlsb": (_zip({"xl/workbook.bin": b"x"}), ".xlsb"),
    "30_password": (OLE + "EncryptedPackage".encode("utf-16-le"), "password"),
    "31_xlsm": (_zip({"xl/workbook.xml": b"<x/>", "xl/vbaProject.bin": b"x"}), "macros"),
    "32_pdf": (b"%PDF-1.7\n...", "PDF"),
    "29_dif": (b'TABLE\r\n0,1\r\n"survey"\r\nVECTORS\r\n', ".dif"),
    "29_slk": (b"ID;PCALCOOO32\nB;X28;Y25\n", ".slk"),
    "32_ctf": (b'<?xml version="1.0"?><CTfile><Header/></CTfile>', "CTF"),
    "web_page": (b"<html><table><tr><td>Pupil code</td></tr></table></html>", "web page"),
    "json": (b'[{"pupil": "P1", "calm8.q1": 4}]', "JSON"),
    "word": (_zip({"word/document.xml": b"<x/>"}), "Word"),
    "other_zip": (_zip({"pre.csv": b"a,b"}), "zip archive"),
    "cut_zip": (_zip({"xl/workbook.xml": b"<x/>"})[:60], "damaged"),
    "picture": (b"\x89PNG\r\n\x1a\n" + b"\x00" * 40, "picture"),
    "spss": (b"$FL2@(#) SPSS DATA FILE", "SPSS"),
    "75_path_trick": (_zip({"xl/workbook.xml": b"<x/>", "../evil.xml": b"x"}), "not built as"),
    "80_many_parts": (_zip({"xl/workbook.xml": b"<x/>", **{f"xl/x{n}.xml": b"x" for n in range(300)}}), "301 parts"),
    "71_zip_bomb": (_zip({"xl/workbook.xml": b"<x/>", "xl/worksheets/sheet1.xml": b"0" * 5_000_000}), "far larger"),
    "74_entities": (
        _zip({"xl/workbook.xml": b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "[Content_Types].xml": b"<x/>"}),
        "damaged",
    ),
    "workbook_without_sheets": (_zip({"xl/workbook.xml": b"<x/>"}), "damaged"),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("name", ["survey.csv", "survey.xlsx"])
def test_file_that_is_no_survey_is_refused_with_help_whatever_its_name(desk, case, name) -> None:
    content, words = REFUSED[case]
    with pytest.raises(UploadError) as caught:
        desk.check(content, name=name)
    message = caught.value.message
    assert message.startswith(f"{name}: ")
    assert words in message
    assert "Traceback" not in message
    assert len(message) < 400


def test_missing_file_and_folder_are_named(desk, tmp_path) -> None:
    from evalkit.intake.check import check_upload

    with pytest.raises(UploadError, match=r"nothere\.csv: There is no such file"):
        check_upload(tmp_path / "nothere.csv", desk.study(), wave="pre")
    with pytest.raises(UploadError, match="This is a folder"):
        check_upload(tmp_path, desk.study(), wave="pre")


def test_xlsx_under_the_name_csv_is_read(desk) -> None:
    book = openpyxl.Workbook()
    for row in desk.table():
        book.active.append(row)
    memory = io.BytesIO()
    book.save(memory)
    upload = desk.check(memory.getvalue(), name="survey.csv")
    assert desk.values(upload) == desk.expected()


def test_file_too_large_is_refused(desk, monkeypatch) -> None:
    monkeypatch.setattr("evalkit.intake.read.LARGE_TEXT_BYTES", 50)
    with pytest.raises(UploadError, match="too large"):
        desk.check(desk.table())


def test_cell_far_away_is_refused_quickly(desk) -> None:
    """Case 73: one cell at XFD1048576."""
    book = openpyxl.Workbook()
    book.active["A1"] = "Pupil code"
    book.active["XFD1048576"] = 1
    memory = io.BytesIO()
    book.save(memory)
    with pytest.raises(UploadError, match="column XFD"):
        desk.check(memory.getvalue(), name="far.xlsx")


def test_row_number_beyond_any_sheet_is_refused(desk) -> None:
    """Case 72: a row that claims to stand at 10^12."""
    book = openpyxl.Workbook()
    book.active["A1"] = "Pupil code"
    memory = io.BytesIO()
    book.save(memory)
    changed = io.BytesIO()
    with zipfile.ZipFile(memory) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith("sheet1.xml"):
                content = content.replace(b'r="1"', b'r="1000000000000"').replace(b'r="A1"', b"")
            new.writestr(name, content)
    with pytest.raises(UploadError, match="larger than any survey"):
        desk.check(changed.getvalue(), name="far.xlsx")
