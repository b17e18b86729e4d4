"""A study with two made-up questionnaires, and files as schools send them (all answers are made up here)."""

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from evalkit.intake.check import check_upload
from evalkit.records.evaluation import Study
from evalkit.records.mapping import Mapping
from evalkit.records.responses import Problem, Upload
from tests.intake_cases.study import make_study

CALM_ITEMS = tuple(f"calm8.q{number}" for number in range(1, 9))
WIDE_ITEMS = ("wide12.q2", "wide12.q4", "wide12.q5", "wide12.q9", "wide12.q12")
LABELS = ("", "Strongly disagree", "Disagree", "Neither agree nor disagree", "Agree", "Strongly agree")
QUESTIONS = (
    "I stay calm in tests.", "I breathe slowly when I'm cross.", "I sleep well before school.", "I worry a lot.",
    "I think before I act.", "I get upset quickly.", "I feel safe here.", "I can wait for my turn.",
)  # fmt: skip

Row = Sequence[object]


def answers(pupil: int) -> list[int]:
    """Eight answers from 1 to 5 that differ between pupils."""
    return [(pupil * 3 + item * item) % 5 + 1 for item in range(8)]


def codes_table(pupils: int = 6, *, headers: Sequence[str] = CALM_ITEMS) -> list[list[object]]:
    """A header row and a row per pupil: P001 and the eight answers as numbers."""
    return [["Pupil code", *headers], *([f"P{pupil:03}", *answers(pupil)] for pupil in range(1, pupils + 1))]


def csv_text(rows: Sequence[Row], *, separator: str = ",", end: str = "\r\n") -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, lineterminator=end).writerows(rows)
    return text.getvalue()


def save_xlsx(path: Path, sheets: dict[str, Sequence[Row]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return path


class Desk:
    """Checks files in a folder of their own, as a school's data lead would."""

    items = CALM_ITEMS
    wide_items = WIDE_ITEMS
    labels = LABELS
    questions = QUESTIONS

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def study(self, *instruments: str, fsm: bool = False) -> Study:
        place = self.folder / "plan"
        place.mkdir(exist_ok=True)
        return make_study(place, instruments=instruments or ("calm8",), fsm=fsm)

    def table(self, pupils: int = 6, *, headers: Sequence[str] = CALM_ITEMS) -> list[list[object]]:
        """A header row and a row per pupil: P001 and eight answers as numbers."""
        return codes_table(pupils, headers=headers)

    def expected(self, pupils: int = 6) -> list[list[int]]:
        """The answers that `table` holds."""
        return [answers(pupil) for pupil in range(1, pupils + 1)]

    def text(self, rows: Sequence[Row], *, separator: str = ",", end: str = "\r\n") -> str:
        return csv_text(rows, separator=separator, end=end)

    def values(self, upload: Upload) -> list[list[int | None]]:
        """The answers of the first questionnaire, as plain lists."""
        rows = upload.responses[list(CALM_ITEMS)].itertuples(index=False)
        return [[None if value is pd.NA else int(value) for value in row] for row in rows]

    def check(
        self, content: bytes | str | Sequence[Row] | dict[str, Sequence[Row]], *, name: str = "",
        study: Study | None = None, wave: str | None = "pre", sheet: str | None = None, mapping: Mapping | None = None,
    ) -> Upload:  # fmt: skip
        """Write bytes, text, rows (CSV) or sheets (XLSX) to a file and check it."""
        path = self.folder / (name or ("survey.xlsx" if isinstance(content, dict) else "survey.csv"))
        if isinstance(content, dict):
            save_xlsx(path, content)
        elif isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_bytes((content if isinstance(content, str) else csv_text(content)).encode("utf-8"))
        return check_upload(path, study or self.study(), wave=wave, sheet=sheet, mapping=mapping)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def only() -> Callable[[Upload, str], Problem]:
    """The one problem of a kind; fails when there are none or several."""

    def find(upload: Upload, kind: str) -> Problem:
        found = [issue for issue in upload.issues if issue.kind == kind]
        assert len(found) == 1, f"{kind}: {[(issue.kind, issue.message) for issue in upload.issues]}"
        return found[0]

    return find
