"""What `evalkit form` makes: `evalkit check` reads the template back without a question; print holds everything."""

import io
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

from evalkit.errors import SpecError
from evalkit.forms.answer_template import answers_of, headings_of
from evalkit.forms.make_form import make_form
from evalkit.forms.print_layout import LAYOUTS
from evalkit.forms.word import make_word
from evalkit.intake.check import check_upload
from evalkit.records.evaluation import load_evaluation
from evalkit.records.form import MAP_SHEET, form_of_instruments
from evalkit.records.instrument import instrument_ids, load_instrument
from evalkit.records.new_plan import write_plan
from evalkit.shipped import shipped

KEYHAM = shipped("analyses") / "keyham-resilience"


def plan_with(instrument: str, folder: Path) -> Path:
    """A plan whose one outcome is the first score of an instrument."""
    loaded = load_instrument(instrument)
    path = write_plan("oak", design="single_group_prepost", folder=folder)
    score = next(one.id for one in loaded.scores if one.purpose == "outcome")
    version = f"\n    version: {loaded.version!r}" if "@" in instrument else ""
    text = path.read_text(encoding="utf-8").replace("instrument: gse10", f"instrument: {loaded.id}{version}")
    path.write_text(text.replace("score: total", f"score: {score}"), encoding="utf-8")
    return path.parent


def fill_in(path: Path, form: Any, pupils: int = 12) -> None:
    """Choose answers as a person would, each from the list of its column."""
    random = np.random.default_rng(1)
    book = openpyxl.load_workbook(path)
    sheet = book["Answers"]
    for pupil in range(pupils):
        sheet.cell(row=pupil + 2, column=1, value=f"P-{pupil:02d}")
        for column, question in enumerate(form.questions, start=2):
            answers = answers_of(question)
            chosen = answers[int(random.integers(len(answers)))]
            sheet.cell(row=pupil + 2, column=column, value=int(chosen) if chosen.isdigit() else chosen)
    book.save(path)


@pytest.mark.parametrize("instrument", instrument_ids())
def test_a_filled_in_template_is_read_back_without_a_question(instrument: str, tmp_path: Path) -> None:
    folder = plan_with(instrument, tmp_path)
    made = make_form((), folder, to=tmp_path / "form")
    fill_in(made.files[0], made.form)
    upload = check_upload(made.files[0], load_evaluation(folder), wave="pre")
    assert upload.ok, [one.message for one in upload.issues if one.severity in ("error", "ask")]
    assert len(upload.responses) == 12
    items = upload.responses[[question.target for question in made.form.questions]]
    assert items.notna().all(axis=None)


def test_the_template_lists_answers_hides_its_map_and_keeps_codes_as_text(tmp_path: Path) -> None:
    codes = tmp_path / "codes.csv"
    codes.write_text("Pupil code\n007\nK-02\n", encoding="utf-8")
    made = make_form(["ipip_learning10"], to=tmp_path, codes=codes)
    book = openpyxl.load_workbook(made.files[0])
    assert [one.title for one in book.worksheets if one.sheet_state == "visible"] == ["Answers"]
    assert book["Answers"]["A2"].value == "007"
    assert len(book["Answers"].data_validations.dataValidation) == 10
    assert book[MAP_SHEET]["B3"].value == "ipip_learning10.q1"


def test_shipped_wording_is_printed_in_three_formats(tmp_path: Path) -> None:
    made = make_form(["ipip_learning10"], to=tmp_path, style="large")
    assert [one.name for one in made.files] == [
        "answers.xlsx",
        "questionnaire.pdf",
        "questionnaire.docx",
        "questions.txt",
    ]
    text = (tmp_path / "questions.txt").read_text(encoding="utf-8")
    for heading, question in zip(headings_of(made.form), made.form.questions, strict=True):
        assert heading in text
        assert question.answers[5] in text
    assert (tmp_path / "questionnaire.pdf").read_bytes().startswith(b"%PDF")
    import pypandoc

    word = subprocess.run(
        [pypandoc.get_pandoc_path(), str(tmp_path / "questionnaire.docx"), "--to=plain", "--wrap=none"],
        capture_output=True,
        check=True,
    ).stdout.decode()
    assert all(question.text in word.replace("’", "'") for question in made.form.questions)


@pytest.mark.parametrize(("style", "size"), [("ordinary", 11), ("large", 18), ("easy_read", 14)])
def test_word_has_the_letters_that_were_asked_for_and_keeps_questions_together(style: Any, size: int) -> None:
    data = make_word(form_of_instruments([load_instrument("ipip_teamwork9")]), LAYOUTS[style])
    with zipfile.ZipFile(io.BytesIO(data)) as word:
        sheet, body = (word.read(f"word/{name}.xml").decode() for name in ("styles", "document"))
    defaults = sheet[sheet.index("<w:docDefaults>") : sheet.index("</w:docDefaults>")]
    assert f'<w:sz w:val="{2 * size}"/>' in defaults
    question = sheet[sheet.index('w:styleId="Question"') :]
    assert "<w:keepNext/>" in question[: question.index("</w:style>")]
    assert sheet.count('w:styleId="Question"') == sheet.count('w:styleId="LastAnswer"') == 1
    assert body.count('<w:pgSz w:w="11906"') == 1
    assert body.count('w:val="Question"') == body.count('w:val="LastAnswer"') == 9
    assert body.count('w:val="Answer"') == (0 if style == "ordinary" else 9 * 4)


def test_withheld_wording_is_not_printed_but_the_template_is_made(tmp_path: Path) -> None:
    made = make_form((), KEYHAM, to=tmp_path)
    assert [one.name for one in made.files] == ["answers.xlsx"]
    assert any("grit_s8" in line and "wording.yaml" in line for line in made.not_printed)


def test_a_heading_that_was_changed_is_asked_about_not_guessed(tmp_path: Path) -> None:
    folder = plan_with("ipip_learning10", tmp_path)
    made = make_form((), folder, to=tmp_path / "form")
    fill_in(made.files[0], made.form)
    book = openpyxl.load_workbook(made.files[0])
    book["Answers"]["C1"].value = "something else"
    book.save(made.files[0])
    upload = check_upload(made.files[0], load_evaluation(folder), wave="pre")
    assert not upload.ok


def test_a_code_twice_is_refused(tmp_path: Path) -> None:
    codes = tmp_path / "codes.csv"
    codes.write_text("K-01\nK-01\n", encoding="utf-8")
    with pytest.raises(SpecError, match="K-01 stand twice"):
        make_form(["ipip_learning10"], to=tmp_path, codes=codes)


def test_every_shipped_instrument_has_a_form() -> None:
    for name in instrument_ids():
        form = form_of_instruments([load_instrument(name)])
        assert len(set(headings_of(form))) == len(form.questions)
