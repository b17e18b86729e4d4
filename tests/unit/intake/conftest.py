"""A study with two made-up questionnaires, and files as schools send them (all answers are made up here)."""

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from evalkit.intake.check import check_upload
from evalkit.records.evaluation import Study, load_evaluation
from evalkit.records.mapping import Mapping
from evalkit.records.responses import Problem, Upload

CALM = """\
schema: evalkit-instrument/1
id: calm8
version: '1'
title: Calm scale
construct: calm
respondent: pupil
class: A
wording: shipped
licence: {holder: evalkit contributors, terms: written for tests, open_licence: true}
citation: evalkit
responses:
  five:
    min: 1
    max: 5
    anchors: {1: Strongly disagree, 2: Disagree, 3: Neither agree nor disagree, 4: Agree, 5: Strongly agree}
    missing_codes: ['88']
default_response: five
items:
  - {id: q1, label: Stays calm, text: I stay calm in tests.}
  - {id: q2, label: Breathes slowly, text: I breathe slowly when I'm cross.}
  - {id: q3, label: Sleeps well, text: I sleep well before school.}
  - {id: q4, label: Worries a lot, text: I worry a lot.}
  - {id: q5, label: Thinks first, text: I think before I act.}
  - {id: q6, label: Gets upset, text: I get upset quickly.}
  - {id: q7, label: Feels safe, text: I feel safe here.}
  - {id: q8, label: Can wait, text: I can wait for my turn.}
scores:
  - id: total
    label: Calm
    keys: [q1, q2, q3, -q4, q5, -q6, q7, q8]
    method: mean
    range: [1, 5]
    higher_is: better
    missing: {rule: complete, min_items: 8}
"""

WIDE = """\
schema: evalkit-instrument/1
id: wide12
version: '1'
title: Wide questionnaire
construct: interest
respondent: pupil
class: B
wording: withheld
licence: {holder: someone, terms: written for tests, open_licence: false}
citation: evalkit
responses:
  seven: {min: 1, max: 7, anchors: {1: Not at all true, 7: Very true}}
default_response: seven
items:
  - {id: q1, label: Likes reading}
  - {id: q2, label: Likes sums}
  - {id: q3, label: Likes art}
  - {id: q4, label: Likes music}
  - {id: q5, label: Likes sport}
  - {id: q6, label: Likes drama}
  - {id: q7, label: Likes coding}
  - {id: q8, label: Likes maps}
  - {id: q9, label: Likes science}
  - {id: q10, label: Likes history}
  - {id: q11, label: Likes cooking}
  - {id: q12, label: Likes gardens}
scores:
  - id: value
    label: Interest
    keys: [q2, q4, q5, q9, q12]
    method: mean
    range: [1, 7]
    higher_is: better
    missing: {rule: complete, min_items: 5}
"""

OUTCOME = """\
  - id: {id}
    label: {id}
    instrument: {instrument}
    score: {score}
    role: primary
    estimand: &{id}
      population: all
      contrast: after and before
      measure: mean change
      non_compliance: as observed
      drop_out: left out
"""

PLAN = """\
schema: evalkit-evaluation/1
id: calm-study
title: Calm study
programme: {name: Calm programme, description: For tests.}
design: single_group_prepost
arms: [{id: programme, label: Pupils}]
waves: [{id: pre, label: Autumn term}, {id: post, label: Summer term}]
suppression_threshold: 3
seed: 1
"""

FSM = """\
subgroups:
  - id: fsm
    label: Free school meals
    headers: [FSM, FSM6]
    values: {Y: eligible, '1': eligible, N: not eligible, '0': not eligible}
"""

WORDING = """\
schema: evalkit-wording/1
instruments:
  wide12:
    version: '1'
    permission: made up for tests
    items:
      q2: I enjoy doing sums, even hard ones.
      q4: I enjoy “making” music.
"""

CALM_ITEMS = tuple(f"calm8.q{number}" for number in range(1, 9))
WIDE_ITEMS = ("wide12.q2", "wide12.q4", "wide12.q5", "wide12.q9", "wide12.q12")
LABELS = ("", "Strongly disagree", "Disagree", "Neither agree nor disagree", "Agree", "Strongly agree")
QUESTIONS = (
    "I stay calm in tests.", "I breathe slowly when I'm cross.", "I sleep well before school.", "I worry a lot.",
    "I think before I act.", "I get upset quickly.", "I feel safe here.", "I can wait for my turn.",
)  # fmt: skip

Row = Sequence[object]


def make_study(folder: Path, *, instruments: Sequence[str] = ("calm8",), fsm: bool = False) -> Study:
    outcomes = {"calm8": ("calm8", "total", CALM), "wide12": ("wide12", "value", WIDE)}
    plan = PLAN + "outcomes:\n"
    for name in instruments:
        _, score, text = outcomes[name]
        place = folder / "instruments" / name
        place.mkdir(parents=True, exist_ok=True)
        (place / "instrument.yaml").write_text(text, encoding="utf-8")
        plan += OUTCOME.format(id=name, instrument=name, score=score)
    (folder / "evaluation.yaml").write_text(plan + (FSM if fsm else ""), encoding="utf-8")
    if "wide12" in instruments:
        (folder / "wording.yaml").write_text(WORDING, encoding="utf-8")
    return load_evaluation(folder)


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
