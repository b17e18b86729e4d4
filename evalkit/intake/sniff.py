"""What kind of file it is, by its content: the name may say anything."""

import io
import re
import zipfile
from typing import Literal

from evalkit.intake.raw import Refusal

MAX_TEXT_BYTES = 400_000_000
MAX_WORKBOOK_BYTES = 50_000_000
MAX_ENTRIES = 200
MAX_ENTRY_BYTES = 100_000_000
MAX_TOTAL_BYTES = 200_000_000
MAX_RATIO = 100
RATIO_FROM_BYTES = 1_000_000

Kind = Literal["text", "workbook"]
_SAVE = (
    "Open it in your spreadsheet program, choose 'Save as' and save it as Excel Workbook (.xlsx) or CSV UTF-8 (.csv)."
)

_SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF", "This is a PDF document", "Send the spreadsheet that the PDF was made from, as .xlsx or .csv."),
    (b"{\\rtf", "This is a text document (RTF)", "Send the answers as a spreadsheet, .xlsx or .csv."),
    (b"\x89PNG", "This is a picture", "Send the answers as a spreadsheet, .xlsx or .csv."),
    (b"\xff\xd8\xff", "This is a photograph", "Send the answers as a spreadsheet, .xlsx or .csv."),
    (b"GIF8", "This is a picture", "Send the answers as a spreadsheet, .xlsx or .csv."),
    (b"\x1f\x8b", "This is a compressed file", "Unpack it and send the spreadsheet inside, .xlsx or .csv."),
    (b"7z\xbc\xaf", "This is a 7-Zip archive", "Unpack it and send the spreadsheet inside, .xlsx or .csv."),
    (b"Rar!", "This is a RAR archive", "Unpack it and send the spreadsheet inside, .xlsx or .csv."),
    (b"$FL2", "This is an SPSS file", "In SPSS choose 'Save as' and save it as CSV or Excel."),
    (b"PAR1", "This is a Parquet file", "Export the table as CSV and send that."),
    (b"SQLite format 3", "This is a database", "Export the table as CSV and send that."),
    (b"MZ", "This is a program, not a spreadsheet", "Send the answers as a spreadsheet, .xlsx or .csv."),
)  # fmt: skip


def kind_of(data: bytes) -> Kind | Refusal:
    """Say whether the bytes are delimited text or an Excel workbook, or why they are neither."""
    head = data[:4096]
    if not data.strip(b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"):
        return Refusal("The file is empty", "Check that you exported the answers, and send the file again.")
    if head.startswith(b"PK"):
        return _archive(data)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return _old_office(data)
    for signature, found, mend in _SIGNATURES:
        if head.startswith(signature):
            return Refusal(found, mend)
    markup = _markup(head)
    if markup:
        return markup
    if len(data) > MAX_TEXT_BYTES:
        return Refusal(
            f"The file is too large ({_megabytes(len(data))})",
            f"Split it into files under {_megabytes(MAX_TEXT_BYTES)}.",
        )
    return "text"


def _archive(data: bytes) -> Kind | Refusal:
    if len(data) > MAX_WORKBOOK_BYTES:
        return Refusal(
            f"The workbook is too large ({_megabytes(len(data))})",
            f"Delete sheets and pictures that are not needed, or save the answers as CSV. A workbook may have "
            f"{_megabytes(MAX_WORKBOOK_BYTES)}.",
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            names = {entry.filename for entry in entries}
            mimetype = _mimetype(archive, names)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, ValueError, NotImplementedError, OSError, EOFError):
        return Refusal("The file is damaged or cut short", f"{_SAVE} If it came by e-mail, download it once more.")
    other = _other_archive(names, mimetype)
    return other or _unsafe(entries) or "workbook"


def _mimetype(archive: zipfile.ZipFile, names: set[str]) -> str:
    if "mimetype" not in names or archive.getinfo("mimetype").file_size > 200:
        return ""
    try:
        return archive.read("mimetype").decode("ascii", "replace")
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, ValueError):
        return ""


def _other_archive(names: set[str], mimetype: str) -> Refusal | None:
    if "opendocument" in mimetype:
        return Refusal("This is an OpenDocument file (.ods), which evalkit does not read", _SAVE)
    if any(name.startswith("Index/") or name == "Index.zip" for name in names):
        return Refusal(
            "This is an Apple Numbers file, which evalkit does not read",
            "In Numbers choose File, Export To, Excel or CSV, and send that file.",
        )
    if "xl/workbook.bin" in names:
        return Refusal("This is a binary Excel workbook (.xlsb), which evalkit does not read", _SAVE)
    if "xl/vbaProject.bin" in names:
        return Refusal("This workbook carries macros (.xlsm), which evalkit does not open", _SAVE)
    if "xl/workbook.xml" in names:
        return None
    if "word/document.xml" in names or any(name.startswith("ppt/") for name in names):
        return Refusal("This is a Word or PowerPoint document", "Send the answers as a spreadsheet, .xlsx or .csv.")
    return Refusal(
        "This is a zip archive and not a spreadsheet", "Unpack it and send the spreadsheet inside, .xlsx or .csv."
    )


def _unsafe(entries: list[zipfile.ZipInfo]) -> Refusal | None:
    """Refuse a workbook whose directory promises more than a survey file can hold."""
    sizes = [entry.file_size for entry in entries]
    swollen = any(
        entry.file_size > RATIO_FROM_BYTES and entry.file_size > MAX_RATIO * max(entry.compress_size, 1)
        for entry in entries
    )
    if len(entries) > MAX_ENTRIES or max(sizes) > MAX_ENTRY_BYTES or sum(sizes) > MAX_TOTAL_BYTES or swollen:
        return Refusal(
            "The workbook is far larger inside than a survey file can be",
            "Copy the answers alone into a new workbook, or save the sheet with the answers as CSV.",
        )
    strange = [entry for entry in entries if _leads_outside(entry.filename)]
    if strange or any(entry.flag_bits & 0x1 for entry in entries):
        return Refusal("The workbook is not built as a spreadsheet program builds one", _SAVE)
    return None


def _leads_outside(name: str) -> bool:
    parts = re.split(r"[/\\]", name)
    return name.startswith(("/", "\\")) or ".." in parts or "\\" in name or ":" in name


def _old_office(data: bytes) -> Refusal:
    if "EncryptedPackage".encode("utf-16-le") in data:
        return Refusal(
            "The file is protected by a password",
            "Open it, choose File, Info, Protect Workbook, Encrypt with Password, empty the box, and save it.",
        )
    if "WordDocument".encode("utf-16-le") in data:
        return Refusal("This is a Word document", "Send the answers as a spreadsheet, .xlsx or .csv.")
    return Refusal("This is an old Excel file (.xls), which evalkit does not read", _SAVE)


def _markup(head: bytes) -> Refusal | None:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<ctfile" in start:
        return Refusal(
            "This is a CTF file from your pupil records system, not a survey",
            "Send the survey's answers, .xlsx or .csv. They come from the form, not from SIMS, Arbor or Bromcom.",
        )
    if start.startswith((b"<!doctype html", b"<html", b"<table", b"<head", b"<meta")):
        return Refusal("This is a web page, even if its name says Excel", _SAVE)
    if start.startswith(b"<?xml") or re.match(rb"<[a-z][a-z0-9:]*[ >]", start):
        return Refusal("This is an XML file, not a spreadsheet", _SAVE)
    if re.match(rb'[{\[]\s*[{"]', start):
        return Refusal("This is a JSON file, not a spreadsheet", "Export the answers from the form as Excel or CSV.")
    return None


def _megabytes(count: int) -> str:
    return f"{count / 1_000_000:,.0f} MB"
