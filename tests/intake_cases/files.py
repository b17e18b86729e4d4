"""The files of the case list that are about files: `case_NN(folder)` writes the one of that number.

All answers are made up. The tables have the headings of the test questionnaire calm8 (tests/unit/intake/conftest.py).
A case of several kinds has one function for each, `case_NN_kind`.
"""

import csv
import datetime
import io
import random
import struct
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import openpyxl

from tests.intake_cases.workbooks import ods, packed, xlsx

ITEMS = tuple(f"calm8.q{number}" for number in range(1, 9))
FORMULAS = (
    "=1+1",
    "+44 7700",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "＝1+1",
    "＋1",
    "－1",
    "＠A1",
    "=cmd|' /C calc'!A0",
)
MARKUP = ("<script>alert(1)</script>", "<b>P2</b>", "P3")
TEMPLATES = ("{{< include /etc/hostname >}}", "`r 1+1`", "---\ntitle: x\n---", "P4")
CODES = ("007", "1E5", "0012", "00000000001", "1e10", "3-4")
LONG = random.Random(80).randbytes(2_500_000).hex()
CONTROLS = "P\u202e001\u200b\x07\u2066x"


def answers(pupil: int) -> list[int]:
    """Eight answers from 1 to 5 that differ between pupils."""
    return [(pupil * 3 + item * item) % 5 + 1 for item in range(8)]


def table(pupils: int = 6, *, headers: Sequence[str] = ITEMS) -> list[list[object]]:
    """A header row and a row per pupil: P001 and the eight answers as numbers."""
    return [["Pupil code", *headers], *([f"P{pupil:03}", *answers(pupil)] for pupil in range(1, pupils + 1))]


def text(rows: Iterable[Sequence[object]], *, separator: str = ",", end: str = "\r\n") -> str:
    """The rows as delimited text."""
    memory = io.StringIO(newline="")
    csv.writer(memory, delimiter=separator, lineterminator=end).writerows(rows)
    return memory.getvalue()


def workbook(rows: Iterable[Sequence[object]]) -> openpyxl.Workbook:
    """The rows in a workbook of one sheet."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    return book


def saved(book: openpyxl.Workbook) -> bytes:
    """The workbook as the bytes of its file."""
    memory = io.BytesIO()
    book.save(memory)
    return memory.getvalue()


def _write(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


def _with_quote() -> str:
    return text(table(headers=("I’m calm – mostly", "I breathe slowly when I’m cross.", *ITEMS[2:])))


def case_01(folder: Path) -> Path:
    """A byte order mark, as Excel's CSV UTF-8 has it."""
    return _write(folder, "case_01.csv", b"\xef\xbb\xbf" + text(table()).encode())


def case_02(folder: Path) -> Path:
    """UTF-16, as Excel's Unicode Text (.txt) has it: tabs, and a mark at the start."""
    return _write(folder, "case_02.txt", text(table(), separator="\t").encode("utf-16"))


def case_02_unmarked(folder: Path) -> Path:
    """UTF-16 without its mark."""
    return _write(folder, "case_02_unmarked.csv", text(table()).encode("utf-16-le"))


def case_03(folder: Path) -> Path:
    """Windows-1252 with curly quotation marks."""
    return _write(folder, "case_03.csv", _with_quote().replace("I’m calm – mostly", ITEMS[0]).encode("cp1252"))


def case_04(folder: Path) -> Path:
    """UTF-8 that a program took for Windows-1252 and saved again."""
    content = _with_quote().replace("I’m calm – mostly", ITEMS[0]).encode().decode("cp1252")
    return _write(folder, "case_04.csv", content)


def case_05(folder: Path) -> Path:
    """Semicolons, as Excel writes CSV in much of Europe."""
    return _write(folder, "case_05.csv", text(table(), separator=";"))


def case_05_tab(folder: Path) -> Path:
    """Tabs."""
    return _write(folder, "case_05_tab.tsv", text(table(), separator="\t"))


def case_06(folder: Path) -> Path:
    """A first line that says sep=; to Excel."""
    return _write(folder, "case_06.csv", "sep=;\r\n" + text(table(), separator=";"))


def case_07(folder: Path) -> Path:
    """Decimal commas."""
    rows = [[cell if isinstance(cell, str) else f"{cell},0" for cell in row] for row in table()]
    return _write(folder, "case_07.csv", text(rows, separator=";"))


def case_08(folder: Path) -> Path:
    """Lines that end with a carriage return alone, as old Mac programs write them."""
    return _write(folder, "case_08.csv", text(table(), end="\r"))


def case_09(folder: Path) -> Path:
    """NUL bytes in the text."""
    return _write(folder, "case_09.csv", text(table()).encode().replace(b"P003", b"P\x0003"))


def case_10(folder: Path) -> Path:
    """A quotation mark that never closes, in row 4."""
    return _write(folder, "case_10.csv", text(table()).replace("P003", '"P003'))


def case_11(folder: Path) -> Path:
    """A line break inside a heading and inside a cell."""
    rows = table()
    rows[0][1] = "calm8\nq1"
    return _write(
        folder, "case_11.csv", text([[*row, "two\nlines" if at else "Comment"] for at, row in enumerate(rows)])
    )


def case_12(folder: Path) -> Path:
    """="P001", by which people make Excel keep text, and an apostrophe in front."""
    rows = [[f'="{row[0]}"' if place else row[0], *row[1:]] for place, row in enumerate(table())]
    return _write(folder, "case_12.csv", text(rows))


def case_13(folder: Path) -> Path:
    """A row with a cell too many and a row that stops too soon."""
    rows = table()
    rows[3].append(4)
    rows[5] = rows[5][:5]
    return _write(folder, "case_13.csv", text(rows))


def case_14(folder: Path) -> Path:
    """900 empty columns and 5,000 empty rows in text."""
    return _write(folder, "case_14.csv", text([*([*row, *[""] * 900] for row in table()), *[[""] * 909] * 5_000]))


def case_14_rows(folder: Path) -> Path:
    """A workbook with a format on a million empty rows."""
    rows = "".join(f'<row r="{number}"/>' for number in range(8, 1_048_577))
    return _write(folder, "case_14_rows.xlsx", xlsx(table(), more_rows=rows))


def case_27_long(folder: Path) -> Path:
    """A row for each answer: the questions stand in a column, again for every pupil."""
    heads, *pupils = table()
    answers = [[row[0], head, cell] for row in pupils for head, cell in zip(heads[1:], row[1:], strict=True)]
    return _write(folder, "case_27_long.csv", text([["Pupil code", "Question", "Answer"], *answers]))


def case_27_summary(folder: Path) -> Path:
    """A summary: questions down the side, answers across the top, the share of pupils in each cell."""
    lines = [[head, "45%", "40%", "10%", "3%", "2%"] for head in table()[0][1:]]
    heads = ["Question", "Strongly agree", "Agree", "Neither", "Disagree", "Strongly disagree"]
    return _write(folder, "case_27_summary.csv", text([heads, *lines]))


def case_28(folder: Path) -> Path:
    """Headings and no answers under them."""
    return _write(folder, "case_28.csv", text(table(0)))


def case_28_empty(folder: Path) -> Path:
    """Nothing at all."""
    return _write(folder, "case_28_empty.csv", b"")


_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600


def case_29(folder: Path) -> Path:
    """An old Excel file that was renamed .xlsx."""
    return _write(folder, "case_29.xlsx", _OLE + "Workbook".encode("utf-16-le"))


def case_29_ods(folder: Path) -> Path:
    """An OpenDocument spreadsheet that was renamed .xlsx: the content decides, so it is read."""
    return _write(folder, "case_29_ods.xlsx", ods(table()))


def case_29_numbers(folder: Path) -> Path:
    """An Apple Numbers file that was renamed .xlsx."""
    return _write(folder, "case_29_numbers.xlsx", packed({"Index/Document.iwa": b"x", "preview.jpg": b"x"}))


def case_29_xlsb(folder: Path) -> Path:
    """A binary workbook that was renamed .xlsx."""
    return _write(folder, "case_29_xlsb.xlsx", packed({"[Content_Types].xml": b"<x/>", "xl/workbook.bin": b"x"}))


def case_30(folder: Path) -> Path:
    """A workbook with a password: its zip lies encrypted in an OLE container."""
    return _write(folder, "case_30.xlsx", _OLE + "EncryptedPackage".encode("utf-16-le"))


def case_30_ods(folder: Path) -> Path:
    """An OpenDocument spreadsheet with a password."""
    sealed = b'<m:file-entry m:media-type="application/vnd.oasis.opendocument.spreadsheet"><m:encryption-data/>'
    return _write(folder, "case_30_ods.ods", ods(table(), manifest=sealed))


def case_31(folder: Path) -> Path:
    """A workbook with macros, whatever its name says."""
    return _write(folder, "case_31.xlsx", xlsx(table(), parts={"xl/vbaProject.bin": b"x"}))


def case_32(folder: Path) -> Path:
    """A PDF."""
    return _write(folder, "case_32.csv", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n")


def case_32_ctf(folder: Path) -> Path:
    """A file from a pupil records system."""
    return _write(
        folder, "case_32_ctf.xml", '<?xml version="1.0" encoding="UTF-8"?>\r\n<CTfile>\r\n <Header/></CTfile>'
    )


def _codes(codes: Sequence[object]) -> list[list[object]]:
    return [table(0)[0], *([code, *answers(place)] for place, code in enumerate(codes, start=1))]


def case_51(folder: Path) -> Path:
    """Codes that programs take for numbers or dates, in text: they stay as they are."""
    return _write(folder, "case_51.csv", text(_codes(CODES)))


def case_51_shown(folder: Path) -> Path:
    """The number 7 in the format 000, and 1E5 that Excel turned into 1.00E+05."""
    book = workbook(_codes([7, 100_000, 12]))
    for row, shown in ((2, "000"), (3, "0.00E+00"), (4, "0000")):
        book.active.cell(row, 1).number_format = shown
    return _write(folder, "case_51_shown.xlsx", saved(book))


def case_63(folder: Path) -> Path:
    """Dates as a workbook keeps them, in a column of their own."""
    book = workbook(
        [[*row, datetime.date(2026, 2, place) if place else "Filled in on"] for place, row in enumerate(table())]
    )
    return _write(folder, "case_63.xlsx", saved(book))


def case_63_1904(folder: Path) -> Path:
    """The same dates counted from 1904, as Excel on old Macs does."""
    first = (datetime.date(2026, 2, 1) - datetime.date(1904, 1, 1)).days
    rows = [[*row, first + place - 1 if place else "Filled in on"] for place, row in enumerate(table())]
    return _write(folder, "case_63_1904.xlsx", xlsx(rows, date_column=9, since_1904=True))


def case_70(folder: Path) -> Path:
    """Codes that a spreadsheet would take for formulas."""
    return _write(folder, "case_70.csv", text(_codes(FORMULAS)))


def case_70_workbook(folder: Path) -> Path:
    """The same in a workbook, as text."""
    return _write(folder, "case_70_workbook.xlsx", xlsx(_codes(FORMULAS)))


def case_71(folder: Path) -> Path:
    """A zip bomb: half a megabyte that unpacks to 500."""
    return _write(folder, "case_71.xlsx", xlsx(table(), parts={"xl/media/image1.png": b"\x00" * 120_000_000}))


def case_71_overlapping(folder: Path) -> Path:
    """A zip whose entries all point at the same packed bytes."""
    names = [f"xl/media/image{number}.png" for number in range(150)]
    content = xlsx(table(), parts=dict.fromkeys(names, b"\x00" * 2_000_000))
    return _write(folder, "case_71_overlapping.xlsx", content)


def case_72(folder: Path) -> Path:
    """A directory that says the sheet is a hundred bytes long, when it is far longer."""
    content = bytearray(xlsx(table()))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entry = archive.getinfo("xl/worksheets/sheet1.xml")
        place = content.index(b"PK\x01\x02" + b"", archive.start_dir)
        while content[place + 46 : place + 46 + len(entry.filename)] != entry.filename.encode():
            place = content.index(b"PK\x01\x02", place + 4)
    content[place + 24 : place + 28] = struct.pack("<I", 100)
    return _write(folder, "case_72.xlsx", bytes(content))


def case_72_dimension(folder: Path) -> Path:
    """A sheet that says it ends at A2, when it does not: it is read as it is."""
    return _write(folder, "case_72_dimension.xlsx", xlsx(table(), dimension="A1:A2"))


def case_72_row(folder: Path) -> Path:
    """A row that says it is number 1,000,000,000,000."""
    row = '<row r="1000000000000"><c t="inlineStr"><is><t>x</t></is></c></row>'
    return _write(folder, "case_72_row.xlsx", xlsx(table(), more_rows=row))


def case_73(folder: Path) -> Path:
    """One cell at XFD1048576, in a file of a few kilobytes."""
    row = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    return _write(folder, "case_73.xlsx", xlsx(table(), more_rows=row))


def case_73_ods(folder: Path) -> Path:
    """The same as OpenDocument: 1,048,575 rows and 16,383 columns are skipped by numbers."""
    far = (
        '<table:table-row table:number-rows-repeated="1048568"><table:table-cell/></table:table-row><table:table-row>'
        '<table:table-cell table:number-columns-repeated="16383"/><table:table-cell office:value-type="float" '
        'office:value="1"/></table:table-row>'
    )
    return _write(folder, "case_73_ods.ods", ods(table(), more_rows=far))


def case_73_repeated(folder: Path) -> Path:
    """OpenDocument that repeats a filled row a million times and its cell a thousand times."""
    wide = (
        '<table:table-row table:number-rows-repeated="1000000"><table:table-cell table:number-columns-repeated="1000" '
        'office:value-type="float" office:value="1"/></table:table-row>'
    )
    return _write(folder, "case_73_repeated.ods", ods(table(), more_rows=wide))


_LAUGHS = "<!DOCTYPE x [{}]>".format(
    '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
)


def case_74(folder: Path) -> Path:
    """Entities that blow each other up a thousand million times."""
    return _write(folder, "case_74.xlsx", xlsx(table(), doctype=_LAUGHS, more_rows="<row><c><v>&a9;</v></c></row>"))


def case_74_external(folder: Path) -> Path:
    """An entity that names a file of the machine."""
    doctype = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
    cell = '<row><c t="inlineStr"><is><t>&e;</t></is></c></row>'
    return _write(folder, "case_74_external.xlsx", xlsx(table(), doctype=doctype, more_rows=cell))


def case_74_ods(folder: Path) -> Path:
    """The same in OpenDocument."""
    return _write(folder, "case_74_ods.ods", ods(table(), doctype=_LAUGHS))


def case_74_links(folder: Path) -> Path:
    """Links to other workbooks, pages and pictures: none is followed, the answers are read."""
    link = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLinkPath" '
        'Target="http://127.0.0.1:9/secret.xlsx" TargetMode="External"/></Relationships>'
    )
    parts = {
        "xl/externalLinks/externalLink1.xml": b"<x/>",
        "xl/externalLinks/_rels/externalLink1.xml.rels": link.encode(),
    }
    return _write(folder, "case_74_links.xlsx", xlsx(table(), parts=parts))


def case_74_outside(folder: Path) -> Path:
    """A sheet that is said to lie outside of the archive."""
    return _write(folder, "case_74_outside.xlsx", xlsx(table(), sheet_target="../../../../../../etc/hostname"))


def case_74_nested(folder: Path) -> Path:
    """Elements in elements, a hundred thousand deep."""
    deep = "<x>" * 100_000 + "</x>" * 100_000
    return _write(folder, "case_74_nested.xlsx", xlsx(table(), more_rows=deep))


def case_75(folder: Path) -> Path:
    """Parts whose names climb out of the archive."""
    return _write(folder, "case_75.xlsx", xlsx(table(), parts={"../../evil.xml": b"<x/>"}))


def case_75_html(folder: Path) -> Path:
    """A page with a table, named .csv.html and then .xls, as many systems export it."""
    page = "<html><head><meta charset='utf-8'></head><table><tr><td>Pupil code</td></tr></table></html>"
    return _write(folder, "case_75.csv.html.xls", page)


def case_75_polyglot(folder: Path) -> Path:
    """A file that is a PDF at the start and a workbook at the end."""
    return _write(folder, "case_75_polyglot.xlsx", b"%PDF-1.7\n" + xlsx(table()))


def case_75_twice(folder: Path) -> Path:
    """A workbook that holds two sheets under one name, so that two programs would read two different files."""
    return _write(folder, "case_75_twice.xlsx", xlsx(table(), twice=True))


def case_76(folder: Path) -> Path:
    """A workbook of 51 MB."""
    noise = random.Random(76).randbytes(51_000_000)
    return _write(folder, "case_76.xlsx", xlsx(table(), parts={"xl/media/film.mp4": noise}, stored=True))


def case_76_parts(folder: Path) -> Path:
    """A workbook of 10,000 parts."""
    parts = {f"xl/media/image{number}.png": b"x" for number in range(10_000)}
    return _write(folder, "case_76_parts.xlsx", xlsx(table(), parts=parts, stored=True))


def case_77(folder: Path) -> Path:
    """HTML in a code."""
    return _write(folder, "case_77.csv", text(_codes(MARKUP)))


def case_78(folder: Path) -> Path:
    """What Quarto or YAML would carry out, in a code."""
    return _write(folder, "case_78.csv", text(_codes(TEMPLATES)))


def case_79(folder: Path) -> Path:
    """Letters that turn the writing round, take no room or ring a bell."""
    return _write(folder, "case_79.csv", text(_codes([CONTROLS, "P002", "P003"])))


def case_79_workbook(folder: Path) -> Path:
    """The same in a workbook, which writes the bell as _x0007_."""
    return _write(folder, "case_79_workbook.xlsx", xlsx(_codes([CONTROLS, "P002", "P003"])))


def case_80(folder: Path) -> Path:
    """500 sheets."""
    return _write(folder, "case_80.xlsx", xlsx(table(), sheets=500))


def case_80_columns(folder: Path) -> Path:
    """16,384 columns, all of them filled."""
    return _write(folder, "case_80_columns.xlsx", xlsx([*table(), list(range(16_384))]))


def case_80_columns_text(folder: Path) -> Path:
    """16,384 columns in text."""
    return _write(folder, "case_80_columns.csv", text([*table(), list(range(16_384))]))


def case_80_cell(folder: Path) -> Path:
    """A cell of 5 MB."""
    return _write(folder, "case_80_cell.xlsx", xlsx(_codes([LONG])))


def case_80_cell_ods(folder: Path) -> Path:
    """A cell of 5 MB in OpenDocument."""
    return _write(folder, "case_80_cell.ods", ods(_codes([LONG])))


def case_80_cell_text(folder: Path) -> Path:
    """A cell of 5 MB in text."""
    return _write(folder, "case_80_cell.csv", text(_codes([LONG])))


def case_80_shared(folder: Path) -> Path:
    """A text of 130,000 letters that 20,000 cells share: 2.6 GB, if each had its own."""
    return _write(folder, "case_80_shared.xlsx", xlsx(table(), shared=("x" * 130_000, 20_000)))
