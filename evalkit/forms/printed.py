"""A questionnaire on paper: PDF by typst and Word by pandoc, in ordinary print, large print, or easy-read spacing."""

import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

from evalkit.errors import ReportError
from evalkit.forms.wording import refuse_without_wording
from evalkit.records.form import Form, FormPart, Question

Print = Literal["ordinary", "large", "easy_read"]
TIMEOUT = 120


@dataclass(frozen=True, slots=True)
class _Layout:
    """Letter size in pt, space between lines and between questions in em, answers beside one another."""

    size: int
    leading: float
    between: float
    across: int


LAYOUTS: dict[Print, _Layout] = {
    "ordinary": _Layout(11, 0.65, 1.1, 5),
    "large": _Layout(18, 0.8, 1.6, 2),
    "easy_read": _Layout(14, 1.2, 2.4, 1),
}
EASY_TITLE = "There are no right or wrong answers. Tick one box in each row."


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
    os.environ.setdefault("SOURCE_DATE_EPOCH", "0")
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
    """Write the questionnaire as a Word document, one table for each instrument. Errors as `write_pdf`."""
    refuse_without_wording(form)
    import pypandoc

    text = _markdown(form, wide=style != "ordinary")
    done = subprocess.run(
        [str(pypandoc.get_pandoc_path()), "--from=markdown", "--to=docx", f"--output={path}", "--metadata=lang:en-GB"],
        input=text.encode("utf-8"),
        capture_output=True,
        timeout=TIMEOUT,
        check=False,
    )
    if done.returncode:
        raise ReportError("The questionnaire cannot be laid out as Word: pandoc refused it.")


def _typst(form: Form, layout: _Layout) -> str:
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


def _typst_question(number: int, question: Question, layout: _Layout) -> str:
    """The question and its boxes, kept together on a page."""
    box = "#box(width: 0.9em, height: 0.9em, stroke: 0.7pt, baseline: 0.1em)"
    across = min(layout.across, len(question.answers))
    cells = ", ".join(f"[{box} {_escaped(label)}]" for label in question.answers.values())
    grid = f"#grid(columns: (1fr,) * {across}, column-gutter: 0.6em, row-gutter: 0.8em, {cells})"
    return (
        f"#block(breakable: false, below: {layout.between}em)[*{number}.* {_escaped(question.text)}\n"
        f"#pad(left: 1.2em, top: -0.3em)[{grid}]]"
    )


def _markdown(form: Form, *, wide: bool) -> str:
    lines = [
        f"# {_plain(form.title)}",
        "",
        f"{_plain(form.pupil_header)}: \\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_",
        "",
        EASY_TITLE,
        "",
    ]
    number = 0
    for place, part in enumerate(form.parts, start=1):
        lines += [f"## Part {place}", "", *([_plain(part.stem), ""] if part.stem else [])]
        for question in part.questions:
            number += 1
            lines += [f"**{number}.** {_plain(question.text)}", "", _boxes(part, question, wide=wide), ""]
    return "\n".join(lines)


def _boxes(part: FormPart, question: Question, *, wide: bool) -> str:
    """The answers with a box before each: on one line, or on lines of their own where there is room to give."""
    found = [f"☐ {_plain(label)}" for label in question.answers.values()]
    return "\n\n".join(found) if wide else "\u2003".join(found)


def _escaped(text: str) -> str:
    """Text for typst: nothing in it is markup."""
    return re.sub(r"([\\#$*_`<>@\[\]~=+\-/])", r"\\\1", text)


def _string(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _plain(text: str) -> str:
    """Text for pandoc's Markdown: nothing in it is markup."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!<>|~$^@'\"])", r"\\\1", text)
