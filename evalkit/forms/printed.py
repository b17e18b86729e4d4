"""A questionnaire on paper: PDF by typst and Word by pandoc, in ordinary print, large print, or easy-read spacing."""

import re
import tempfile
from importlib.resources import files
from pathlib import Path

from evalkit.errors import ReportError
from evalkit.forms.print_layout import EASY_TITLE, LAYOUTS, Layout, Print
from evalkit.forms.word import make_word
from evalkit.forms.wording import refuse_without_wording
from evalkit.records.form import Form, Question


def write_pdf(form: Form, path: Path, *, style: Print = "ordinary") -> None:
    """Write the questionnaire as a tagged PDF.

    Raises
    ------
    SpecError
        An instrument's wording is not at hand.
    ReportError
        It cannot be laid out.
    """
    refuse_without_wording(form)
    import typst

    fonts = files("evalkit") / "report" / "theme" / "fonts"
    with tempfile.TemporaryDirectory(prefix="evalkit-form-") as scratch:
        source = Path(scratch) / "form.typ"
        source.write_text(_typst(form, LAYOUTS[style]), encoding="utf-8")
        try:
            made = typst.compile(str(source), font_paths=[str(fonts)], pdf_standards=["ua-1"], timestamp=0)
        except typst.TypstError as error:
            raise ReportError(f"The questionnaire cannot be laid out as PDF: {error}") from None
    assert made is not None
    path.write_bytes(made)


def write_docx(form: Form, path: Path, *, style: Print = "ordinary") -> None:
    """Write the questionnaire as a Word document. Errors as `write_pdf`."""
    refuse_without_wording(form)
    path.write_bytes(make_word(form, LAYOUTS[style]))


def _typst(form: Form, layout: Layout) -> str:
    head = [
        f"#set document(title: {_string(form.title)})",
        '#set page(paper: "a4", margin: 2cm, numbering: "1")',
        f'#set text(font: "Inter", lang: "en", region: "GB", size: {layout.size}pt)',
        f"#set par(leading: {layout.leading}em)",
        f"= {_escaped(form.title)}",
        f"{_escaped(form.pupil_header)}: #box(width: 6cm, stroke: (bottom: 0.6pt), height: 1em)",
        _escaped(EASY_TITLE),
    ]
    number = 0
    body: list[str] = []
    for place, part in enumerate(form.parts, start=1):
        body.append(f"== Part {place}")
        if part.stem:
            body.append(_escaped(part.stem))
        for question in part.questions:
            number += 1
            body.append(_typst_question(number, question, layout))
    return "\n\n".join([*head, *body]) + "\n"


def _typst_question(number: int, question: Question, layout: Layout) -> str:
    """The question and its boxes, kept together on a page."""
    box = "#box(width: 0.9em, height: 0.9em, stroke: 0.7pt, baseline: 0.1em)"
    # The box has a column of its own, so that a label of two lines does not run under it.
    across = min(layout.across, len(question.answers))
    cells = ", ".join(
        f"grid(columns: (auto, 1fr), column-gutter: 0.4em, [{box}], [{_escaped(label)}])"
        for label in question.answers.values()
    )
    grid = f"#grid(columns: (1fr,) * {across}, column-gutter: 0.6em, row-gutter: 0.8em, {cells})"
    return (
        f"#block(breakable: false, below: {layout.between}em)[*{number}.* {_escaped(question.text)}\n"
        f"#pad(left: 1.2em, top: -0.3em)[{grid}]]"
    )


def _escaped(text: str) -> str:
    """Text for typst: nothing in it is markup."""
    return re.sub(r"([\\#$*_`<>@\[\]~=+\-/])", r"\\\1", text)


def _string(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
