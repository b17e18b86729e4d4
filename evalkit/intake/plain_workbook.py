"""A new workbook of the cells that the sealed child read: values as text, each where it stood, nothing else.

It takes the place of an upload of which rows are erased, so that no upload is ever opened outside of the child.
"""

import io
import re
import zipfile
from collections.abc import Sequence
from typing import Literal
from xml.sax.saxutils import escape, quoteattr

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.utils.exceptions import IllegalCharacterError

from evalkit.intake.raw import RawSheet
from evalkit.records.cells import harmless_cell

_ODS = "application/vnd.oasis.opendocument.spreadsheet"
_SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text", "style")
)
_MANIFEST = (
    '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.2">'
    f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{_ODS}"/>'
    '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
)
_BLANKS = re.compile(r"(?<= ) +|^ | $|\t")


def plain_workbook(sheets: Sequence[RawSheet], kind: Literal["xlsx", "ods"]) -> bytes | None:
    """The workbook's bytes; None where a name or a character cannot stand in a workbook.

    Parameters
    ----------
    sheets : with the rows to be written; what was hidden stays hidden
    """
    return _ods(sheets) if kind == "ods" else _xlsx(sheets)


def _xlsx(sheets: Sequence[RawSheet]) -> bytes | None:
    book = Workbook(write_only=True)
    memory = io.BytesIO()
    try:
        for one in sheets:
            sheet = book.create_sheet(one.name)
            sheet.sheet_state = "hidden" if one.hidden and not all(other.hidden for other in sheets) else "visible"
            for number in one.hidden_rows:
                sheet.row_dimensions[number].hidden = True
            last = 0
            for number, row in zip(one.numbers, one.rows, strict=True):
                for _ in range(number - last - 1):
                    sheet.append([])
                last = number
                cells = [WriteOnlyCell(sheet, harmless_cell(text) or None) for text in row]
                for cell in cells:
                    if cell.value is not None:
                        cell.data_type, cell.number_format = "s", "@"
                sheet.append(cells)
        book.save(memory)
    except (ValueError, IllegalCharacterError):
        return None
    return memory.getvalue()


def _ods(sheets: Sequence[RawSheet]) -> bytes:
    hidden = '<style:style style:name="h" style:family="table"><style:table-properties table:display="false"/>'
    content = (
        f"<?xml version='1.0' encoding='UTF-8'?><office:document-content {_SPACES} office:version='1.2'>"
        f"<office:automatic-styles>{hidden}</style:style></office:automatic-styles><office:body><office:spreadsheet>"
        f"{''.join(map(_ods_table, sheets))}</office:spreadsheet></office:body></office:document-content>"
    )
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", _ODS, zipfile.ZIP_STORED)
        archive.writestr("META-INF/manifest.xml", _MANIFEST)
        archive.writestr("content.xml", content)
    return memory.getvalue()


def _ods_table(sheet: RawSheet) -> str:
    unseen = set(sheet.hidden_rows)
    rows: list[str] = []
    last = 0
    for number, row in zip(sheet.numbers, sheet.rows, strict=True):
        gap = number - last - 1
        if gap:
            rows.append(f'<table:table-row table:number-rows-repeated="{gap}"><table:table-cell/></table:table-row>')
        last = number
        seen = ' table:visibility="filter"' if number in unseen else ""
        rows.append(f"<table:table-row{seen}>{''.join(map(_ods_cell, row))}</table:table-row>")
    style = ' table:style-name="h"' if sheet.hidden else ""
    return f"<table:table table:name={quoteattr(sheet.name)}{style}>{''.join(rows)}</table:table>"


def _ods_cell(text: str) -> str:
    if not text:
        return "<table:table-cell/>"
    lines = "".join(f"<text:p>{_BLANKS.sub(_blank, escape(line))}</text:p>" for line in harmless_cell(text).split("\n"))
    return f'<table:table-cell office:value-type="string">{lines}</table:table-cell>'


def _blank(found: re.Match[str]) -> str:
    """Blanks that a reader of OpenDocument would take for layout."""
    return "<text:tab/>" if found.group() == "\t" else f'<text:s text:c="{len(found.group())}"/>'
