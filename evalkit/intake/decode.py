"""The bytes of a text file -> the encoding in which they are text, and what is to be said about it."""

import re
from typing import NamedTuple

from evalkit.intake.raw import Note, Refusal

_MOJIBAKE = re.compile("Ã[\x80-\xbf\u0192\u201a\u0160]|â€|Â[\xa0-\xbf]")
_NOTHING = "evalkit reads it. Nothing to do."
_CONTROLS = bytes((*range(1, 9), *range(14, 32)))
_SAMPLE = 4096
_MAC = re.compile(rb"[a-z][\x87-\x90\x9f\xd5](?=[a-z ,.\r\n])|[a-z] \xd0 [a-z]")
_WINDOWS = re.compile(rb"[a-z][\x92\xdf-\xff]|[a-z] \x96 [a-z]")
_FEW = 4


class Decoded(NamedTuple):
    """Bytes, and the encoding in which they are text."""

    data: bytes
    encoding: str


def decode(data: bytes, notes: list[Note]) -> Decoded | Refusal:
    """Find the encoding: a byte order mark, strict UTF-8, then Windows-1252 or Mac Roman; UTF-16 also without its
    mark.

    What was found is added to `notes`. Text that a program scrambled on the way is put right, where that explains every
    character.
    """
    wide = _utf16(data)
    if wide:
        notes.append(Note("fixed", "encoding", "The text is stored as UTF-16", _NOTHING))
        try:
            data = data.decode(wide).removeprefix("\ufeff").encode("utf-8")
        except UnicodeError:
            return _damaged()
    sample = data[:_SAMPLE]
    if b"\x00" in data or len(sample) - len(sample.translate(None, _CONTROLS)) > _FEW:
        return _damaged()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _windows(data, notes)
    if data.startswith(b"\xef\xbb\xbf"):
        notes.append(Note("fixed", "byte_order_mark", "An invisible mark stands in front of the text", _NOTHING))
    return _unscrambled(text, notes) or Decoded(data, "utf-8-sig")


def _windows(data: bytes, notes: list[Note]) -> Decoded | Refusal:
    try:
        data.decode("cp1252")
    except UnicodeDecodeError:
        return _mac(data, notes) if _is_mac(data) else _damaged()
    if _is_mac(data):
        return _mac(data, notes)
    found = "The text is stored in the older Windows way (Windows-1252)"
    notes.append(Note("fixed", "encoding", found, _NOTHING))
    return Decoded(data, "cp1252")


def _mac(data: bytes, notes: list[Note]) -> Decoded:
    notes.append(Note("fixed", "encoding", "The text is stored in the older Mac way (Mac Roman)", _NOTHING))
    return Decoded(data, "mac_roman")


def _is_mac(data: bytes) -> bool:
    """Whether signs behind small letters make sense as Mac Roman: there 0xD5 is an apostrophe and 0x8E is \u00e9.

    As Windows-1252 the same bytes are capitals (\u00d5, \u017d), which do not stand within a word.
    """
    return len(_MAC.findall(data)) > len(_WINDOWS.findall(data))


def _utf16(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    sample = data[:2000]
    for encoding, zeros, others in (("utf-16-le", sample[1::2], sample[::2]), ("utf-16-be", sample[::2], sample[1::2])):
        if len(sample) > 7 and zeros.count(0) > 0.7 * len(zeros) and others.count(0) == 0:
            return encoding
    return ""


def _unscrambled(text: str, notes: list[Note]) -> Decoded | None:
    """Undo UTF-8 that a program took for Windows-1252, where that explains every character."""
    if text.isascii() or not _MOJIBAKE.search(text):
        return None
    try:
        data = text.encode("cp1252")
        data.decode("utf-8")
    except UnicodeError:
        return None
    found = "Quotation marks and accents were scrambled on the way (such as â€™ for an apostrophe)"
    notes.append(Note("fixed", "scrambled_text", found, "evalkit put them right. Nothing to do."))
    return Decoded(data, "utf-8-sig")


def _damaged() -> Refusal:
    return Refusal(
        "The file holds characters that no text file holds, so it is damaged or not a spreadsheet at all",
        "Export the answers again, as Excel Workbook (.xlsx) or CSV UTF-8 (.csv).",
    )
