"""The directory of a zip archive: which spreadsheet it is, and whether it may be unpacked. Here nothing is."""

import io
import re
import zipfile
import zlib
from typing import Literal

from evalkit.intake.limits import (
    MAX_ENTRIES,
    MAX_ENTRY_BYTES,
    MAX_RATIO,
    MAX_RATIO_ODS,
    MAX_SHEETS,
    MAX_TOTAL_BYTES,
    MAX_WORKBOOK_BYTES,
    RATIO_FROM_BYTES,
)
from evalkit.intake.raw import Refusal
from evalkit.intake.sealed.xlsx import is_workbook

SAVE = (
    "Open it in your spreadsheet program, choose 'Save as' and save it as Excel Workbook (.xlsx) or CSV UTF-8 (.csv)."
)
_COPY = "Copy the answers alone into a new workbook, or save the sheet with the answers as CSV."
_UNPACK = "Unpack it and send the spreadsheet inside, .xlsx or .csv."
_SEND = "Send the answers as a spreadsheet, .xlsx or .csv."
_SHORT_PART = 100_000
_BROKEN = (zipfile.BadZipFile, zipfile.LargeZipFile, ValueError, NotImplementedError, OSError, EOFError, RuntimeError)


def archive_kind(data: bytes) -> Literal["xlsx", "ods"] | Refusal:
    """Say which spreadsheet a zip archive is; or why it is none, or holds more than a survey file can."""
    if len(data) > MAX_WORKBOOK_BYTES:
        return Refusal(
            f"The workbook is too large ({megabytes(len(data))})",
            f"Delete sheets and pictures that are not needed, or save the answers as CSV. A workbook may have "
            f"{megabytes(MAX_WORKBOOK_BYTES)}.",
        )
    if data.count(b"PK\x01\x02") > 10 * MAX_ENTRIES:
        return _too_many(10 * MAX_ENTRIES)  # before a directory of a million entries is read
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            names = {entry.filename for entry in entries}
            mimetype, manifest = (_start(archive, name) for name in ("mimetype", "META-INF/manifest.xml"))
    except _BROKEN:
        return Refusal("The file is damaged or cut short", f"{SAVE} If it came by e-mail, download it once more.")
    kind = _kind(names, mimetype, manifest)
    return kind if isinstance(kind, Refusal) else _unsafe(entries, kind) or kind


def _start(archive: zipfile.ZipFile, name: str) -> str:
    """The first letters of a part; empty when there is none."""
    if name not in archive.NameToInfo:
        return ""
    with archive.open(name) as part:
        try:
            return part.read(_SHORT_PART).decode("utf-8", "replace")
        except zlib.error:
            return ""


def _kind(names: set[str], mimetype: str, manifest: str) -> Literal["xlsx", "ods"] | Refusal:
    if "opendocument" in mimetype or "opendocument" in manifest:
        return _open_document(names, mimetype or manifest, manifest)
    if any(name.startswith("Index/") or name == "Index.zip" for name in names):
        return Refusal(
            "This is an Apple Numbers file, which evalkit does not read",
            "In Numbers choose File, Export To, Excel or CSV, and send that file.",
        )
    if "xl/workbook.bin" in names:
        return Refusal("This is a binary Excel workbook (.xlsb), which evalkit does not read", SAVE)
    if any(name.endswith("vbaProject.bin") or name.startswith("xl/macrosheets/") for name in names):
        return Refusal("This workbook carries macros (.xlsm), which evalkit does not open", SAVE)
    if any(map(is_workbook, names)):
        return "xlsx"
    if "word/document.xml" in names or any(name.startswith("ppt/") for name in names):
        return Refusal("This is a Word or PowerPoint document", _SEND)
    inside = [name for name in names if name.casefold().endswith((".xlsx", ".ods", ".csv", ".tsv", ".xls"))]
    if inside:
        return Refusal(f"This is a zip archive with {len(inside)} spreadsheet{'s' * (len(inside) > 1)} in it", _UNPACK)
    return Refusal("This is a zip archive and not a spreadsheet", _UNPACK)


def _open_document(names: set[str], mimetype: str, manifest: str) -> Literal["ods"] | Refusal:
    if "encryption-data" in manifest or "encrypted-package" in names:
        return Refusal(
            "The file is protected by a password",
            "Open it, choose File, Save As, take the tick off 'Save with password', and save it.",
        )
    if "opendocument.spreadsheet" not in mimetype:
        return Refusal("This is an OpenDocument text, drawing or presentation and not a spreadsheet", _SEND)
    return "ods"


def _unsafe(entries: list[zipfile.ZipInfo], kind: str) -> Refusal | None:
    """Refuse a workbook whose directory promises more than a survey file can hold, or lies."""
    sheets = sum(bool(re.fullmatch(r"xl/worksheets/[^/]+\.xml", entry.filename)) for entry in entries)
    if sheets > MAX_SHEETS:
        return Refusal(f"The workbook has {sheets} sheets", "Send only the sheet with the answers.")
    if len(entries) > MAX_ENTRIES:
        return _too_many(len(entries))
    sizes = [entry.file_size for entry in entries]
    most, ratio = (MAX_TOTAL_BYTES, MAX_RATIO_ODS) if kind == "ods" else (MAX_ENTRY_BYTES, MAX_RATIO)
    swollen = any(
        entry.file_size > RATIO_FROM_BYTES and entry.file_size > ratio * max(entry.compress_size, 1)
        for entry in entries
    )
    if max(sizes) > most or sum(sizes) > MAX_TOTAL_BYTES or swollen:
        return Refusal("The workbook is far larger inside than a survey file can be", _COPY)
    strange = any(
        _leads_outside(entry.filename)
        or entry.flag_bits & 0x1
        or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        for entry in entries
    )
    if strange or len({entry.filename for entry in entries}) < len(entries):
        return Refusal("The workbook is not built as a spreadsheet program builds one", SAVE)
    return None


def _too_many(parts: int) -> Refusal:
    return Refusal(f"The workbook holds {parts:,} parts or more, such as pictures, charts and notes", _COPY)


def _leads_outside(name: str) -> bool:
    parts = re.split(r"[/\\]", name)
    return name.startswith(("/", "\\")) or ".." in parts or "\\" in name or ":" in name


def megabytes(count: int) -> str:
    """A number of bytes as people say it."""
    return f"{count / 1_000_000:,.0f} MB"
