"""Workbooks written part by part, so that each part can be wrong in a way of its own. All synthetic."""

import io
import warnings
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from xml.sax.saxutils import escape

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_ODS = "application/vnd.oasis.opendocument.spreadsheet"
_NAMES = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{short}:1.0"'
    for short in ("office", "table", "text", "style")
)


def packed(parts: Mapping[str, bytes], *, stored: bool = False) -> bytes:
    """The parts in a zip archive."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name, content in parts.items():  # a ZipInfo has no time, so that the file is the same tomorrow
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED)
    return memory.getvalue()


def xlsx(
    rows: Iterable[Sequence[object]],
    *,
    more_rows: str = "",
    parts: Mapping[str, bytes] | None = None,
    doctype: str = "",
    dimension: str = "",
    date_column: int = -1,
    since_1904: bool = False,
    sheet_target: str = "worksheets/sheet1.xml",
    sheets: int = 1,
    shared: tuple[str, int] = ("", 0),
    twice: bool = False,
    stored: bool = False,
) -> bytes:
    """An Excel workbook.

    Parameters
    ----------
    rows : cells of the sheet; numbers as numbers, everything else as text
    more_rows : XML behind them
    parts : further parts of the archive
    doctype : a document type in front of the sheet
    dimension : what the sheet says about its size
    date_column : column (from 0) whose numbers have the format of a date
    since_1904 : whether dates are counted from 1904
    sheet_target : where the sheet is said to lie
    sheets : how many sheets of the same content there are
    shared : a text, and how many cells of a further column share it
    twice : whether the first sheet stands in the archive twice, the second time without rows
    """
    size = f'<dimension ref="{dimension}"/>' if dimension else ""
    body = "".join(_row(number, row, date_column) for number, row in enumerate(rows, start=1)) + more_rows
    long, times = shared
    body += "".join('<row><c t="s"><v>0</v></c></row>' for _ in range(times))
    sheet = f'{doctype}<worksheet xmlns="{_MAIN}">{size}<sheetData>{body}</sheetData></worksheet>'.encode()
    count = range(1, sheets + 1)
    names = "".join(f'<sheet name="Answers{n}" sheetId="{n}" r:id="rId{n}"/>' for n in count)
    links = f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="{sheet_target}"/>' + "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in count[1:]
    )
    links += f'<Relationship Id="s" Type="{_OFFICE}/styles" Target="styles.xml"/>'
    links += f'<Relationship Id="t" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
    book = f'<workbookPr date1904="{int(since_1904)}"/><sheets>{names}</sheets>'
    content = {
        "[Content_Types].xml": b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">{book}</workbook>'.encode(),
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}">{links}</Relationships>'.encode(),
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
        "</styleSheet>".encode(),
        "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}"><si><t>{long}</t></si></sst>'.encode(),
        **{f"xl/worksheets/sheet{n}.xml": sheet for n in count},
        **(parts or {}),
    }
    made = packed(content, stored=stored)
    return _doubled(made) if twice else made


def _doubled(made: bytes) -> bytes:
    memory = io.BytesIO(made)
    with warnings.catch_warnings(), zipfile.ZipFile(memory, "a") as archive:
        warnings.simplefilter("ignore", UserWarning)
        archive.writestr(
            zipfile.ZipInfo("xl/worksheets/sheet1.xml"), f'<worksheet xmlns="{_MAIN}"><sheetData/></worksheet>'
        )
    return memory.getvalue()


def _row(number: int, cells: Sequence[object], date_column: int) -> str:
    return f'<row r="{number}">{"".join(_cell(cell, column == date_column) for column, cell in enumerate(cells))}</row>'


def _cell(cell: object, is_date: bool) -> str:
    if isinstance(cell, int | float):
        return f'<c s="{int(is_date)}"><v>{cell}</v></c>'
    return f'<c t="inlineStr"><is><t xml:space="preserve">{_written(str(cell))}</t></is></c>'


def _written(cell: str) -> str:
    """Text as XML; what XML cannot hold is written as Excel does."""
    return "".join(f"_x{ord(one):04X}_" if one < " " else one for one in escape(cell))


def ods(
    rows: Iterable[Sequence[object]],
    *,
    more_rows: str = "",
    doctype: str = "",
    manifest: bytes = b"",
    content: str = "",
) -> bytes:
    """An OpenDocument spreadsheet; `content` instead of the rows is what stands in its one sheet."""
    body = content or "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows)
    sheet = f'<table:table table:name="Answers1">{body}{more_rows}</table:table>'
    document = (
        f"{doctype}<office:document-content {_NAMES}><office:body><office:spreadsheet>{sheet}</office:spreadsheet>"
        "</office:body></office:document-content>"
    )
    return packed(
        {"mimetype": _ODS.encode(), "content.xml": document.encode(), "META-INF/manifest.xml": manifest or b"<x/>"}
    )


def _ods_cell(cell: object) -> str:
    if isinstance(cell, int | float):
        return f'<table:table-cell office:value-type="float" office:value="{cell}"/>'
    return f'<table:table-cell office:value-type="string"><text:p>{escape(str(cell))}</text:p></table:table-cell>'
