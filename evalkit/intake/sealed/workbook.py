"""The bytes of a workbook -> messages: sheets, rows, facts, and at the end that all was read or why not.

Runs in the child (`child.py`); tests also call it directly.
"""

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import Literal
from xml.parsers import expat

from evalkit.intake.sealed.markup import Unreadable, damaged
from evalkit.intake.sealed.ods import ods_messages
from evalkit.intake.sealed.sheet import Message
from evalkit.intake.sealed.xlsx import xlsx_messages

WorkbookKind = Literal["xlsx", "ods"]
_BROKEN = (
    zipfile.BadZipFile, zlib.error, expat.ExpatError, EOFError, OSError, ValueError, LookupError, NotImplementedError,
    RuntimeError,
)  # fmt: skip


def workbook_messages(data: bytes, kind: WorkbookKind) -> Iterator[Message]:
    """Read a workbook whose zip directory was checked.

    Yields
    ------
    ["sheet", name, hidden], then its ["rows", numbers, rows] in blocks and its ["facts", ...]; last ["done"], or at any
    moment ["refused", what was found, how to mend it].
    """
    messages = {"xlsx": xlsx_messages, "ods": ods_messages}[kind]
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield from messages(archive)
        yield ["done"]
    except Unreadable as refusal:
        yield ["refused", refusal.found, refusal.mend]
    except _BROKEN:
        yield ["refused", damaged().found, damaged().mend]
