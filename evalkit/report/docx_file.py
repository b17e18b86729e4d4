"""The Word file: pandoc's reference document with evalkit's styles, page and footer, and the last touches."""

import re
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from io import BytesIO

from evalkit.errors import ReportError
from evalkit.report.brand import Brand
from evalkit.report.docx_styles import letter_defaults, style_sheet
from evalkit.report.pandoc import TIMEOUT, pandoc_path

STAMP = (2000, 1, 1, 0, 0, 0)  # of the parts inside the file: equal bytes each time
TEXT_WIDTH = 11906 - 2 * 1191  # twentieths of a point: A4 without the margins
MODE_BEFORE = r"(?=<w:rsids|<m:mathPr|</w:settings>)"
MODE = (
    '<w:compat><w:compatSetting w:name="compatibilityMode" '
    'w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat>'
)
BREAK = re.compile(
    r'<w:p><w:r><w:br w:type="page"\s*/></w:r></w:p>(?P<between>(?:\s*<w:bookmark[^>]*>)*\s*)'
    r"(?P<style><w:p>\s*<w:pPr>\s*<w:pStyle[^>]*>)"
)
STYLE = r'<w:style\b[^>]*w:styleId="{identifier}".*?</w:style>'
WORD_XML = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
PAGE = (
    '<w:footerReference xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'w:type="default" r:id="rId90"/>',
    '<w:pgSz w:w="11906" w:h="16838"/>'
    '<w:pgMar w:top="907" w:right="1191" w:bottom="964" w:left="1191" w:header="482" w:footer="482" w:gutter="0"/>',
)


@cache
def reference_docx(brand: Brand) -> bytes:
    """Pandoc's reference document with evalkit's styles, A4 and a numbered footer; equal brands give equal bytes.

    Raises
    ------
    ReportError
        Pandoc's own reference document is not what this code knows.
    """
    done = subprocess.run(
        [pandoc_path(), "--print-default-data-file", "reference.docx"],
        capture_output=True,
        timeout=TIMEOUT,
        check=False,
    )
    if done.returncode != 0:
        raise ReportError(
            "pandoc cannot give its reference document. Install evalkit's own: pip install pypandoc-binary"
        )
    changes: Mapping[str, Callable[[str], str]] = {
        "word/styles.xml": lambda text: restyled(text, brand),
        "word/document.xml": with_page,
        "word/settings.xml": lambda text: text.replace(
            'w:themeFontLang w:val="en-US"', 'w:themeFontLang w:val="en-GB"'
        ),
        "word/_rels/document.xml.rels": with_footer_relation,
        "[Content_Types].xml": with_footer_type,
    }
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(done.stdout)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name in changes:
                data = changes[name](data.decode("utf-8")).encode("utf-8")
            new.writestr(zipfile.ZipInfo(name, STAMP), data, zipfile.ZIP_DEFLATED)
        new.writestr(zipfile.ZipInfo("word/footer1.xml", STAMP), footer().encode("utf-8"), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def restyled(text: str, brand: Brand) -> str:
    """Pandoc's styles with ours in the place of those of the same name."""
    ours = style_sheet(brand)
    for name in re.findall(r'w:styleId="([^"]+)"', ours):
        text = re.sub(STYLE.format(identifier=re.escape(name)), "", text, flags=re.DOTALL)
    text, found = re.subn(r"<w:rPrDefault>.*?</w:rPrDefault>", letter_defaults(), text, flags=re.DOTALL)
    if found != 1 or "</w:styles>" not in text:
        raise ReportError(
            "pandoc's reference document has another form than evalkit knows. Install pypandoc-binary 1.15-1.17."
        )
    return text.replace("</w:styles>", f"{ours}</w:styles>")


def with_page(text: str) -> str:
    """The page: A4, its margins, its footer."""
    reference, size = PAGE
    text = text.replace("<w:sectPr>", f"<w:sectPr>{reference}", 1)
    return text.replace("</w:sectPr>", f"{size}</w:sectPr>", 1)


def with_footer_relation(text: str) -> str:
    """The document's link to its footer."""
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footer"
    return text.replace(
        "</Relationships>", f'<Relationship Type="{kind}" Id="rId90" Target="footer1.xml"/></Relationships>'
    )


def with_footer_type(text: str) -> str:
    """The footer's entry in the list of parts."""
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.footer+xml"
    return text.replace("</Types>", f'<Override PartName="/word/footer1.xml" ContentType="{kind}"/></Types>')


def finished_docx(data: bytes) -> bytes:
    """Mend what pandoc leaves open: column widths in full, whole rows, no margins around pictures, Word's present mode.

    Without its mode Word shows "Compatibility Mode"; without zero margins LibreOffice shifts pictures.
    """
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            part = old.read(entry)
            if entry.filename == "word/document.xml":
                part = mended(part.decode("utf-8")).encode("utf-8")
            elif entry.filename == "word/settings.xml":
                part = re.sub(MODE_BEFORE, MODE, part.decode("utf-8"), count=1).encode("utf-8")
            new.writestr(zipfile.ZipInfo(entry.filename, STAMP), part, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def mended(text: str) -> str:
    """The document's text with full table grids, rows that stay whole and pictures without margins.

    A page break becomes a property of the paragraph after it: on a line of its own it could make an empty page.
    """
    text = text.replace("<wp:inline>", '<wp:inline distT="0" distB="0" distL="0" distR="0">')
    text = text.replace("<w:tr>", "<w:tr><w:trPr><w:cantSplit/></w:trPr>")
    text = text.replace("<w:cantSplit/></w:trPr><w:trPr>", "<w:cantSplit/>")
    text = BREAK.sub(r"\g<between>\g<style><w:pageBreakBefore/>", text)
    return re.sub(r"<w:tblGrid>.*?</w:tblGrid>", full_grid, text, flags=re.DOTALL)


def full_grid(found: re.Match[str]) -> str:
    """A table grid stretched to the width of the text."""
    widths = [int(width) for width in re.findall(r'w:w="(\d+)"', found.group())]
    total = sum(widths)
    if not total:
        return found.group()
    columns = "".join(f'<w:gridCol w:w="{round(width * TEXT_WIDTH / total)}"/>' for width in widths)
    return f"<w:tblGrid>{columns}</w:tblGrid>"


def footer() -> str:
    """`Page 1 of 3`, right-aligned."""

    def counted(name: str) -> str:
        return f'<w:fldSimple w:instr=" {name} "><w:r><w:t>1</w:t></w:r></w:fldSimple>'

    def words(text: str) -> str:
        return f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'

    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:ftr {WORD_XML}><w:p><w:pPr>'
        f'<w:pStyle w:val="Footer"/><w:jc w:val="right"/></w:pPr>{words("Page ")}{counted("PAGE")}{words(" of ")}'
        f"{counted('NUMPAGES')}</w:p></w:ftr>"
    )
