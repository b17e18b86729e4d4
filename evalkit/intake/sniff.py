"""What kind of file it is, by its content: the name may say anything."""

import re
from collections.abc import Callable
from typing import Literal

from evalkit.intake.archive import SAVE, archive_kind
from evalkit.intake.raw import Refusal

Kind = Literal["text", "xlsx", "ods"]
_SEND = "Send the answers as a spreadsheet, .xlsx or .csv."
_UNPACK = "Unpack it and send the spreadsheet inside, .xlsx or .csv."
_EXPORT = "Export the table as CSV or Excel and send that."
_FIND = "Find the workbook itself, close it in Excel, and send that."
_SHEETS = "Open it in Google Sheets, choose File, Download, Microsoft Excel (.xlsx), and send that file."
_LOCK_BYTES = 165
_AGAIN = "Sign in, download the answers again, and open the file once to see that they are there."
_TABLE = re.compile(rb"<\x00?t\x00?a\x00?b\x00?l\x00?e", re.IGNORECASE)

_SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF", "This is a PDF document", "Send the spreadsheet that the PDF was made from, as .xlsx or .csv."),
    (b"{\\rtf", "This is a text document (RTF)", _SEND),
    (b"\x89PNG", "This is a picture", _SEND),
    (b"\xff\xd8\xff", "This is a photograph", _SEND),
    (b"GIF87a", "This is a picture", _SEND),
    (b"GIF89a", "This is a picture", _SEND),
    (b"II*\x00", "This is a picture", _SEND),
    (b"MM\x00*", "This is a picture", _SEND),
    (b"\x1f\x8b", "This is a compressed file", _UNPACK),
    (b"BZh", "This is a compressed file", _UNPACK),
    (b"\xfd7zXZ", "This is a compressed file", _UNPACK),
    (b"7z\xbc\xaf", "This is a 7-Zip archive", _UNPACK),
    (b"Rar!\x1a", "This is a RAR archive", _UNPACK),
    (b"$FL2@(#)", "This is an SPSS file (.sav)", "In SPSS choose 'Save as' and save it as CSV or Excel."),
    (b"$FL3@(#)", "This is an SPSS file (.zsav)", "In SPSS choose 'Save as' and save it as CSV or Excel."),
    (b"<stata_dta>", "This is a Stata file (.dta)", "In Stata use 'export delimited' and send the CSV file."),
    (b"HEADER RECORD*******", "This is a SAS file", _EXPORT),
    (b"\x00" * 12 + b"\xc2\xea\x81\x60", "This is a SAS file", _EXPORT),
    (b"RDX2\n", "This is an R data file", _EXPORT),
    (b"RDX3\n", "This is an R data file", _EXPORT),
    (b"SQLite format 3\x00", "This is a database", _EXPORT),
    (b"\x00\x01\x00\x00Standard ", "This is an Access database", _EXPORT),
    (b"ARROW1\x00\x00", "This is an Arrow file", _EXPORT),
    (b"\x09\x00\x04\x00", "This is a very old Excel file (.xls), which evalkit does not read", SAVE),
    (b"\x09\x02\x06\x00", "This is a very old Excel file (.xls), which evalkit does not read", SAVE),
    (b"\x09\x04\x06\x00", "This is a very old Excel file (.xls), which evalkit does not read", SAVE),
    (b"L\x00\x00\x00\x01\x14\x02\x00", "This is a shortcut to a file and not the file itself", _FIND),
    (b"[InternetShortcut]", "This is a link to a page and not a file with answers", _EXPORT),
    (b"MIME-Version:", "This is a web page saved as one file, even if its name says Excel", SAVE),
    (b"\x7fELF", "This is a program, not a spreadsheet", _SEND),
)  # fmt: skip


def kind_of(data: bytes) -> Kind | Refusal:
    """Say whether the bytes are delimited text, an Excel workbook or an OpenDocument one, or why they are neither."""
    head = data[:4096]
    if not data.strip(b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"):
        return Refusal("The file is empty", "Check that you exported the answers, and send the file again.")
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return archive_kind(data)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return _old_office(data)
    for signature, found, mend in _SIGNATURES:
        if head.startswith(signature):
            return Refusal(found, mend)
    other = _binary(data, head) or _markup(_narrow(head), has_table=lambda: bool(_TABLE.search(data)))
    if other:
        return other
    return "text"


def _binary(data: bytes, head: bytes) -> Refusal | None:
    """Files whose first letters could also begin a table, told by what follows."""
    if head.startswith(b"PAR1") and data.endswith(b"PAR1"):
        return Refusal("This is a Parquet file", _EXPORT)
    if head.startswith(b"MZ") and b"\x00" in head[:64]:
        return Refusal("This is a program, not a spreadsheet", _SEND)
    if head.startswith(b"BM") and b"\x00" in head[:16]:
        return Refusal("This is a picture", _SEND)
    if head[4:8] == b"ftyp" or (head.startswith(b"RIFF") and head[8:12] == b"WEBP"):
        return Refusal("This is a picture or a film", _SEND)
    if head[:1] in b"rsqpno" and head[1:3] in (b"\x01\x01", b"\x02\x01") and b"\x00" in head[:110]:
        return Refusal("This is a Stata file (.dta)", "In Stata use 'export delimited' and send the CSV file.")
    if b"ASCII SPSS PORT FILE" in head[:240]:
        return Refusal("This is an SPSS file (.por)", "In SPSS choose 'Save as' and save it as CSV or Excel.")
    if len(data) == _LOCK_BYTES and 0 < head[0] < 55 and head.count(b"\x00") > 50:
        return Refusal("This is the hidden file (~$...) that Excel keeps while a workbook is open", _FIND)
    if re.match(rb"TABLE\r?\n0,1\r?\n", head):
        return Refusal("This is a data interchange file (.dif), which evalkit does not read", SAVE)
    if re.match(rb"ID;P[^\r\n]*\r?\n[BCFP];", head):
        return Refusal("This is a symbolic link file (.slk), which evalkit does not read", SAVE)
    return None


def _narrow(head: bytes) -> bytes:
    """Text stored as UTF-16 in one byte for each plain letter, so that markup is seen in it too."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", "replace").encode("ascii", "replace")
    return head


def _old_office(data: bytes) -> Refusal:
    def holds(name: str) -> bool:
        return name.encode("utf-16-le") in data

    if holds("EncryptedPackage"):
        return Refusal(
            "The file is protected by a password",
            "Open it, choose File, Info, Protect Workbook, Encrypt with Password, empty the box, and save it.",
        )
    if holds("WordDocument"):
        return Refusal("This is a Word document", _SEND)
    if holds("PowerPoint Document"):
        return Refusal("This is a PowerPoint document", _SEND)
    if holds("__substg1.0_"):
        return Refusal("This is an e-mail message", "Save the spreadsheet that is attached to it, and send that.")
    return Refusal("This is an old Excel file (.xls), which evalkit does not read", SAVE)


def _markup(head: bytes, *, has_table: Callable[[], bool]) -> Refusal | None:
    start = head.lstrip(b"\xef\xbb\xbf? \t\r\n").lower()
    if b"<ctfile" in start:
        return Refusal(
            "This is a CTF file from your pupil records system, not a survey",
            "Send the survey's answers, .xlsx or .csv. They come from the form, not from SIMS, Arbor or Bromcom.",
        )
    if b'progid="excel.sheet"' in start:
        return Refusal("This is an Excel file of 2003 (XML Spreadsheet), which evalkit does not read", SAVE)
    if b"<office:document" in start:
        return Refusal("This is a flat OpenDocument file (.fods), which evalkit does not read", SAVE)
    tagged = start.startswith((b"<?xml", b"<!", b"<")) and re.match(rb"<[a-z!?]", start)
    if tagged and re.search(rb"<(?:!doctype html|html|table|head|meta|body|tr|div|style)\b", start):
        if not has_table():
            return Refusal("This is a web page without a table, such as one that asks you to sign in", _AGAIN)
        return Refusal("This is a web page, even if its name says Excel", SAVE)
    if start.startswith(b"<?xml") or re.match(rb"<[a-z][a-z0-9:_-]*[ >/]", start):
        return Refusal("This is an XML file, not a spreadsheet", SAVE)
    if start.startswith(b"{") and (b'"doc_id"' in start or b"docs.google.com" in start):
        return Refusal("This is only a link to a Google Sheet, without its answers", _SHEETS)
    if re.match(rb'[{\[]\s*[{"]', start):
        return Refusal("This is a JSON file, not a spreadsheet", "Export the answers from the form as Excel or CSV.")
    return None
