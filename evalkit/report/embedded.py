"""The built-in layout: pandoc for HTML and Word, pandoc and typst for PDF."""

import base64
import html
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import evalkit
from evalkit.errors import ReportError
from evalkit.report.brand import FONT_FAMILY, FONTS, THEME, Brand
from evalkit.report.docx_file import finished_docx, reference_docx
from evalkit.report.fonts import copy_fallback_fonts
from evalkit.report.pandoc import TIMEOUT, pandoc_path, pandoc_version
from evalkit.report.renderer import Availability
from evalkit.report.static import Format, StaticDoc

READER = "markdown-raw_html-raw_tex-raw_attribute-example_lists"
WRITERS: Mapping[Format, str] = {"html": "html5", "pdf": "typst", "docx": "docx"}
UNDATED = 946_684_800  # 1 January 2000, for a document without a date: equal inputs give equal bytes
MAX_HTML = 400_000  # bytes; a school's mail system must carry it
GLYPH = re.compile(r"the text `?[\"'“](?P<text>.+?)[\"'”]`? could not be displayed")
SPELLED = re.compile(r"\\u\{([0-9a-f]+)\}")  # how typst writes a letter that it thinks unprintable
MARK = "EVALKIT "


class EmbeddedRenderer:
    """Lays out with the pandoc and typst that are installed with evalkit."""

    name = "embedded"

    def available(self) -> Availability:
        """Whether both tools answer."""
        try:
            return Availability(True, f"pandoc {pandoc_version()}, typst {metadata.version('typst')}")
        except (ImportError, OSError, subprocess.SubprocessError):
            reason = "the packages pypandoc-binary and typst are missing: pip install pypandoc-binary typst"
            return Availability(False, "", reason)

    def render(self, doc: StaticDoc, out: Path, *, brand: Brand) -> None:
        """Lay a static document out.

        Raises
        ------
        ReportError
            Pandoc or typst refuses the document; the message says what to mend.
        """
        with tempfile.TemporaryDirectory(prefix="evalkit-layout-") as name:
            folder = Path(name)
            write_sources(doc, folder, brand, made_by=self.available().version)
            makers = {"html": make_html, "pdf": make_pdf, "docx": make_docx}
            out.write_bytes(makers[doc.fmt](doc, folder, brand))


def make_html(doc: StaticDoc, folder: Path, brand: Brand) -> bytes:
    """One page with everything inside."""
    page = write_html_template(folder, brand)
    run_pandoc(doc, folder, brand, [f"--template={page}", "--mathml", "--embed-resources"])
    made = (folder / "report.html5").read_bytes()
    if len(made) > MAX_HTML:
        raise ReportError(
            f"{doc.name}: the page has {len(made) / 1000:.0f} kB; the limit is {MAX_HTML / 1000:.0f} kB. Show fewer "
            "points or figures."
        )
    return made


def make_pdf(doc: StaticDoc, folder: Path, brand: Brand) -> bytes:
    """An accessible PDF; its sections are its first level of headings, as the title is none."""
    page = write_typst_template(folder)
    run_pandoc(doc, folder, brand, [f"--template={page}", "--shift-heading-level-by=-1"])
    return compile_pdf(folder, doc)


def make_docx(doc: StaticDoc, folder: Path, brand: Brand) -> bytes:
    """A Word document; its sections are its first level of headings, as the title has a style of its own."""
    (folder / "reference.docx").write_bytes(reference_docx(brand))
    run_pandoc(doc, folder, brand, ["--reference-doc=reference.docx", "--shift-heading-level-by=-1"])
    return finished_docx((folder / "report.docx").read_bytes())


def write_sources(doc: StaticDoc, folder: Path, brand: Brand, *, made_by: str) -> None:
    """Put the document and its files into the folder; its last line says which tools laid it out."""
    note = f"Made with evalkit {evalkit.__version__}; laid out by {made_by}."
    (folder / "report.qmd").write_text(f"{doc.text}\n::: {{.layout-note}}\n{note}\n:::\n", encoding="utf-8")
    for path, data in doc.files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    if brand.logo:
        (folder / brand.logo[0]).write_bytes(brand.logo[1])


def write_html_template(folder: Path, brand: Brand) -> str:
    """The page with the style sheet and the brand's colours inside."""
    variables = "".join(f"--{name}: {value}; " for name, value in brand.colours().items())
    style = f"{(THEME / 'report.css').read_text(encoding='utf-8')}:root {{ {variables}}}"
    page = (THEME / "report.html").read_text(encoding="utf-8").replace("/*EVALKIT-CSS*/", style.replace("$", "$$"))
    (folder / "page.html").write_text(page, encoding="utf-8")
    return "page.html"


def write_typst_template(folder: Path) -> str:
    """The typst page with evalkit's boxes inside."""
    boxes = (THEME / "blocks.typ").read_text(encoding="utf-8").replace("$", "$$")
    page = (THEME / "report.typ").read_text(encoding="utf-8").replace("/*EVALKIT-BLOCKS*/", boxes)
    (folder / "page.typ").write_text(page, encoding="utf-8")
    return "page.typ"


def run_pandoc(doc: StaticDoc, folder: Path, brand: Brand, options: Sequence[str]) -> None:
    """Run pandoc on the document; its refusals become a `ReportError`."""
    writer = WRITERS[doc.fmt]
    command = [
        pandoc_path(),
        "report.qmd",
        f"--from={READER}",
        f"--to={writer}",
        "--standalone",
        "--data-dir=.",
        "--wrap=none",
        "--columns=10000",  # else wide pipe tables get widths from their dashes
        f"--lua-filter={THEME / 'embed.lua'}",
        f"--lua-filter={THEME / 'blocks.lua'}",
        f"--output=report.{writer}",
        *(f"--variable={name}:{value}" for name, value in variables(doc, brand).items()),
        *(f"--variable=font:{family}" for family in (FONT_FAMILY, "DejaVu Sans")),
        *(f"--metadata={name}:{value}" for name, value in word_logo(doc, brand).items()),
        *options,
    ]
    environment = fixed_environment(doc)
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        raise ReportError(f"{doc.name}: pandoc took more than {TIMEOUT} seconds and was stopped.") from None
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").splitlines()
        problems = [f"{doc.name}: {line.removeprefix(MARK)}" for line in lines if line.startswith(MARK)]
        if problems:
            raise ReportError(f"{doc.name} cannot be laid out as {doc.fmt}:", problems=list(dict.fromkeys(problems)))
        raise ReportError(f"{doc.name}: pandoc could not lay it out as {doc.fmt}: {' '.join(lines[:3])}")


def variables(doc: StaticDoc, brand: Brand) -> dict[str, str]:
    """What the page templates fill in besides the document's own front matter."""
    filled = {f"brand-{name}": value for name, value in brand.colours().items()}
    if brand.logo:
        name, data, alt = brand.logo
        kind = {".svg": "svg+xml", ".png": "png"}.get(Path(name).suffix, "jpeg")
        inline = f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
        words = html.escape(alt) if doc.fmt == "html" else alt.replace("\\", "\\\\").replace('"', '\\"')
        filled |= {"brand-logo": inline if doc.fmt == "html" else name, "brand-logo-alt": words}
    return filled


def word_logo(doc: StaticDoc, brand: Brand) -> dict[str, str]:
    """The logo for Word, which shows PNG and JPEG only; an SVG logo is left out there."""
    if doc.fmt != "docx" or brand.logo is None or brand.logo[0].endswith(".svg"):
        return {}
    return {"word-logo": brand.logo[0], "word-logo-alt": brand.logo[2]}


def fixed_environment(doc: StaticDoc) -> dict[str, str]:
    """The environment with the document's date as the clock."""
    return {**os.environ, "SOURCE_DATE_EPOCH": str(epoch(doc))}


def epoch(doc: StaticDoc) -> int:
    """Seconds since 1970 that stand for the time of making: given, else the document's date, else a fixed day."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    if given.isdigit():
        return int(given)
    day = doc.day
    return int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp()) if day else UNDATED


def compile_pdf(folder: Path, doc: StaticDoc) -> bytes:
    """Make the accessible PDF (PDF/UA-1) with evalkit's fonts; with the system's too when a letter is missing.

    Raises
    ------
    ReportError
        No font has a letter, or typst refuses for another reason.
    """
    import typst

    fonts = [str(FONTS), str(copy_fallback_fonts(folder))]
    letters = ""
    for only_ours in (True, False):
        try:
            made = typst.compile(
                str(folder / "report.typst"),
                root=str(folder),
                font_paths=fonts,
                ignore_system_fonts=only_ours,
                format="pdf",
                pdf_standards=["ua-1"],
                timestamp=epoch(doc),
            )
        except typst.TypstError as error:
            letters = missing_letters(error)
            if not letters:
                raise ReportError(f"{doc.name}: typst could not make the PDF: {error.message}") from None
        else:
            return made if isinstance(made, bytes) else b"".join(made or [])
    raise ReportError(
        f"{doc.name}: no font on this computer can show {letters}. Install a font for that script (the Noto fonts "
        "cover most), or write the text in other letters."
    )


def missing_letters(error: Exception) -> str:
    """The letters that typst found no glyph for, each with its code; an empty text when the error is another one."""
    text = f"{error} {getattr(error, 'message', '')} {getattr(error, 'diagnostic', '')}"
    shown = "".join(found["text"] for found in GLYPH.finditer(text))
    letters = dict.fromkeys(SPELLED.sub(lambda code: chr(int(code[1], 16)), shown))
    return ", ".join(f"{letter} (U+{ord(letter):04X})" for letter in letters)
