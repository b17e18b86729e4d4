"""A workbook to type answers into: a row per pupil, answers to choose from, and a hidden map of its columns."""

from collections.abc import Sequence
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from evalkit.records.cells import harmless_cell
from evalkit.records.form import MAP_HEADER, MAP_SHEET, Form, Question

ANSWERS, KEY = "Answers", "Answers allowed"
EMPTY_ROWS = 200
HEAD = PatternFill("solid", fgColor="DCE6F1")


def write_answer_template(form: Form, path: Path, *, codes: Sequence[str] = ()) -> None:
    """Write the workbook.

    Parameters
    ----------
    form : Form
    path : the new .xlsx file
    codes : the pupils' codes, a row each; empty rows where there are none

    Notes
    -----
    Headings are the questions with their numbers; columns for facts and numbers of tests stand before them, headed as
    the plan says. The hidden sheet says which heading is which item, so that `evalkit check` asks nothing as long as
    the headings stay.
    """
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = ANSWERS
    headings = headings_of(form)
    sheet.append([form.pupil_header, *(harmless_cell(one) for one in (*form.details, *headings))])
    for code in codes:
        sheet.append([harmless_cell(code)])
    rows = len(codes) or EMPTY_ROWS
    _dress(sheet, rows, len(form.details) + len(headings))
    _choices(book, sheet, form, rows)
    _map(book, form, headings)
    book.save(path)


def headings_of(form: Form) -> list[str]:
    """A heading for each question: its number and text."""
    return [f"{number}. {question.text}" for number, question in enumerate(form.questions, start=1)]


def _dress(sheet: Worksheet, rows: int, questions: int) -> None:
    sheet.freeze_panes = "B2"
    sheet.row_dimensions[1].height = 75
    sheet.column_dimensions["A"].width = 16
    for column in range(1, questions + 2):
        cell = sheet.cell(row=1, column=column)
        cell.font, cell.fill = Font(bold=True), HEAD
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        if column > 1:
            sheet.column_dimensions[get_column_letter(column)].width = 24
    for row in range(2, rows + 2):
        sheet.cell(row=row, column=1).number_format = "@"  # 007 stays 007


def _choices(book: Workbook, sheet: Worksheet, form: Form, rows: int) -> None:
    """A list of answers to choose from in each column; the lists stand on a sheet of their own."""
    key = book.create_sheet(KEY)
    places: dict[tuple[str, ...], str] = {}
    for column, question in enumerate(form.questions, start=2 + len(form.details)):
        answers = answers_of(question)
        if answers not in places:
            letter = get_column_letter(len(places) + 1)
            for row, answer in enumerate(answers, start=1):
                cell = key[f"{letter}{row}"]
                cell.value = int(answer) if answer.lstrip("-").isdigit() else harmless_cell(answer)
            key.column_dimensions[letter].width = 34
            places[answers] = f"'{KEY}'!${letter}$1:${letter}${len(answers)}"
        rule = DataValidation(type="list", formula1=places[answers], allow_blank=True)
        rule.error = "Choose one of the answers in the list, or leave the cell empty."
        rule.errorTitle = "Not one of the answers"
        rule.showErrorMessage = True
        sheet.add_data_validation(rule)
        letter = get_column_letter(column)
        rule.add(f"{letter}2:{letter}{rows + 1}")
    key.sheet_state = "hidden"


def answers_of(question: Question) -> tuple[str, ...]:
    """The answers as they are chosen: in words where every answer has a label, else as numbers."""
    labelled = all(label != str(code) for code, label in question.answers.items())
    return tuple(label if labelled else str(code) for code, label in question.answers.items())


def _map(book: Workbook, form: Form, headings: Sequence[str]) -> None:
    sheet = book.create_sheet(MAP_SHEET)
    sheet.append(list(MAP_HEADER))
    sheet.append([form.pupil_header, "pupil"])
    for heading, question in zip(headings, form.questions, strict=True):
        sheet.append([harmless_cell(heading), question.target])
    sheet.sheet_state = "hidden"
