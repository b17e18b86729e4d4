"""Make every file of a questionnaire in one folder."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evalkit.errors import SpecError
from evalkit.forms.answer_template import write_answer_template
from evalkit.forms.pasted import questions_text
from evalkit.forms.print_layout import Print
from evalkit.forms.printed import write_docx, write_pdf
from evalkit.records.evaluation import load_evaluation
from evalkit.records.form import Form, form_of_instruments, form_of_study
from evalkit.records.instrument import load_instrument

TEMPLATE, PDF, DOCX, TEXT = "answers.xlsx", "questionnaire.pdf", "questionnaire.docx", "questions.txt"


@dataclass(frozen=True, slots=True)
class MadeForm:
    """What was made.

    Attributes
    ----------
    form : Form
    files : the files, the answer template first
    not_printed : why there is nothing on paper, a sentence each; empty when there is
    """

    form: Form
    files: tuple[Path, ...]
    not_printed: tuple[str, ...] = ()


def make_form(
    instruments: Sequence[str],
    evaluation: str | Path | None = None,
    *,
    to: str | Path,
    codes: str | Path | None = None,
    style: Print = "ordinary",
) -> MadeForm:
    """Make the answer template, and where the wording is at hand the questionnaire in PDF, Word and plain text.

    Parameters
    ----------
    instruments : ids of whole instruments (`ipip_learning10`, `rses10@order-a`); none when a plan is given
    evaluation : a plan, whose outcomes say which items are asked; its wording.yaml is used
    to : folder for the files; those of the same name are replaced
    codes : file with the pupils' codes in its first column, which become rows of the template
    style : ordinary, large (print, 18 pt) or easy_read (14 pt, wide spacing)

    Raises
    ------
    SpecError
        An instrument or plan cannot be read, or `codes` holds a code twice.
    """
    form = (
        form_of_study(load_evaluation(evaluation))
        if evaluation is not None
        else form_of_instruments([load_instrument(name) for name in instruments])
    )
    folder = Path(to)
    folder.mkdir(parents=True, exist_ok=True)
    write_answer_template(form, folder / TEMPLATE, codes=_codes(codes))
    files = [folder / TEMPLATE]
    try:
        text = questions_text(form)
    except SpecError as error:
        return MadeForm(form, tuple(files), (error.message, *error.problems))
    (folder / TEXT).write_text(text, encoding="utf-8")
    write_pdf(form, folder / PDF, style=style)
    write_docx(form, folder / DOCX, style=style)
    return MadeForm(form, (*files, folder / PDF, folder / DOCX, folder / TEXT))


def _codes(path: str | Path | None) -> list[str]:
    if path is None:
        return []
    place = Path(path)
    if not place.is_file():
        raise SpecError(f"{place}: there is no such file. Name a text file with one pupil code a line.")
    with place.open(encoding="utf-8-sig", newline="") as file:
        found = [row[0].strip() for row in csv.reader(file) if row and row[0].strip()]
    if found and "code" in found[0].casefold():
        found = found[1:]
    twice = sorted({one for one in found if found.count(one) > 1})
    if twice:
        raise SpecError(f"{place}: the codes {', '.join(twice[:8])} stand twice. Each pupil needs a code of their own.")
    return found
