"""No file crashes the reader, and the way a file is written never changes the answers."""

import csv
import io
import random
import zipfile
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalkit.errors import UploadError
from evalkit.intake.check import check_upload
from evalkit.records.evaluation import Study, load_evaluation
from evalkit.records.responses import Upload

INSTRUMENT = """\
schema: evalkit-instrument/1
id: calm4
version: '1'
title: Calm scale
construct: calm
respondent: pupil
class: A
wording: shipped
licence: {holder: evalkit contributors, terms: written for tests, open_licence: true}
citation: evalkit
responses:
  five: {min: 1, max: 5, anchors: {1: Never, 2: Rarely, 3: Sometimes, 4: Often, 5: Always}}
default_response: five
items:
  - {id: q1, label: Stays calm, text: I stay calm.}
  - {id: q2, label: Breathes slowly, text: I breathe slowly.}
  - {id: q3, label: Worries a lot, text: I worry a lot.}
  - {id: q4, label: Can wait, text: I can wait.}
scores:
  - {id: total, label: Calm, keys: [q1, q2, -q3, q4], method: mean, missing: {rule: complete, min_items: 4}}
"""

PLAN = """\
schema: evalkit-evaluation/1
id: calm-study
title: Calm study
programme: {name: Calm programme, description: For tests.}
design: single_group_prepost
arms: [{id: programme, label: Pupils}]
waves: [{id: pre, label: Before}, {id: post, label: After}]
outcomes:
  - id: calm
    label: Calm
    instrument: calm4
    score: total
    role: primary
    estimand: {population: all, contrast: change, measure: mean, non_compliance: as is, drop_out: left out}
seed: 1
"""

ITEMS = ("calm4.q1", "calm4.q2", "calm4.q3", "calm4.q4")
LABELS = ("", "Never", "Rarely", "Sometimes", "Often", "Always")
WRITING = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
HOSTILE = settings(deadline=10_000, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    folder = tmp_path_factory.mktemp("plan")
    (folder / "instruments" / "calm4").mkdir(parents=True)
    (folder / "instruments" / "calm4" / "instrument.yaml").write_text(INSTRUMENT, encoding="utf-8")
    (folder / "evaluation.yaml").write_text(PLAN, encoding="utf-8")
    return load_evaluation(folder)


def _check(content: bytes, study: Study, folder: Path, *, name: str = "survey.csv") -> Upload | None:
    """The upload, or None when the file was refused in one sentence."""
    path = folder / name
    path.write_bytes(content)
    try:
        upload = check_upload(path, study, wave="pre")
    except UploadError as refusal:
        message = refusal.message
        upload = None
    if upload is None:
        assert message.startswith(name)
        return None
    for issue in upload.issues:
        assert issue.message
    assert list(upload.responses.columns) == ["pupil", "wave", *ITEMS]
    values = upload.responses[list(ITEMS)].stack().dropna()
    assert values.between(1, 5).all()
    assert not upload.responses.duplicated(["pupil", "wave"]).any()
    return upload


def _csv(rows: Sequence[Sequence[object]], *, separator: str = ",", end: str = "\r\n") -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, lineterminator=end).writerows(rows)
    return text.getvalue()


def _xlsx(rows: Sequence[Sequence[object]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    memory = io.BytesIO()
    book.save(memory)
    return memory.getvalue()


GOOD_ROWS = [["Pupil code", *ITEMS], ["P1", 1, 2, 3, 4], ["P2", 5, 4, 3, 2], ["P3", 1, 1, 2, 2]]
GOOD_CSV = _csv(GOOD_ROWS).encode()
GOOD_XLSX = _xlsx(GOOD_ROWS)
ODD_CELLS = ["4", "Often", "P1", "Total", "", "9", "3,4", "0", '"', "=1+1", "\u202e", "\ufeff", "a;b"]
PARTS = [
    "xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml", "xl/sharedStrings.xml", "[Content_Types].xml",
    "xl/_rels/workbook.xml.rels",
]  # fmt: skip


@HOSTILE
@given(content=st.binary(max_size=2_000))
def test_any_bytes_end_in_an_upload_or_one_sentence(content, study, tmp_path) -> None:
    _check(content, study, tmp_path)
    _check(content, study, tmp_path, name="survey.xlsx")


@HOSTILE
@given(
    rows=st.lists(
        st.lists(
            st.one_of(
                st.sampled_from(ODD_CELLS),
                st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6),
            ),
            max_size=7,
        ),
        max_size=8,
    )
)
def test_any_cells_under_good_headings(rows, study, tmp_path) -> None:
    assert _check(_csv([["Pupil code", *ITEMS], *rows]).encode("utf-8", "replace"), study, tmp_path) is not None


@HOSTILE
@given(
    content=st.sampled_from([GOOD_CSV, GOOD_XLSX]),
    changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=12),
    cut=st.integers(0, 10_000),
)
def test_changed_and_cut_files(content, changes, cut, study, tmp_path) -> None:
    broken = bytearray(content)
    for place, value in changes:
        broken[place % len(broken)] = value
    _check(bytes(broken[: cut or None]), study, tmp_path, name="survey.xlsx")


@HOSTILE
@given(
    seed=st.integers(0, 2**32),
    part=st.sampled_from(PARTS),
)
def test_workbooks_broken_inside(seed, part, study, tmp_path) -> None:
    """The zip is whole; one of its parts has bits cut out, doubled or changed."""
    chance = random.Random(seed)
    memory = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(GOOD_XLSX)) as old, zipfile.ZipFile(memory, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == part:
                for _ in range(chance.randint(1, 4)):
                    start = chance.randrange(len(content))
                    stop = min(len(content), start + chance.randint(0, 30))
                    piece = chance.choice([b"", content[start:stop] * 2, b"9", b'"', b"<", b"NaN", b"999999999999"])
                    content = content[:start] + piece + content[stop:]
            new.writestr(name, content)
    _check(memory.getvalue(), study, tmp_path, name="survey.xlsx")


@st.composite
def tables(draw) -> list[list[int]]:
    """Answers of 3 to 12 pupils, not all of them the same, the scale's ends used."""
    rows = draw(st.lists(st.lists(st.integers(1, 5), min_size=4, max_size=4), min_size=2, max_size=11))
    return [[1, 5, 2, 4], *rows]


@WRITING
@given(
    table=tables(),
    seed=st.integers(0, 2**32),
    separator=st.sampled_from([",", ";", "\t", "|"]),
    end=st.sampled_from(["\r\n", "\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    labels=st.booleans(),
    workbook=st.booleans(),
    titles=st.integers(0, 3),
)
def test_the_way_a_file_is_written_never_changes_the_answers(
    table, seed, separator, end, encoding, labels, workbook, titles, study, tmp_path
) -> None:
    chance = random.Random(seed)
    columns = list(range(5))
    chance.shuffle(columns)
    headers = ["Pupil code", *ITEMS]
    body = [[f"P{pupil:03}", *(LABELS[code] if labels else code for code in row)] for pupil, row in enumerate(table)]
    chance.shuffle(body)
    rows = [["Calm survey"]] * titles + [[row[column] for column in columns] for row in [headers, *body]]
    content = _xlsx(rows) if workbook else _csv(rows, separator=separator, end=end).encode(encoding)
    upload = _check(content, study, tmp_path)
    assert upload is not None
    assert upload.ok, upload.issues
    frame = upload.responses.sort_values("pupil")
    assert frame["pupil"].tolist() == [f"P{pupil:03}" for pupil in range(len(table))]
    assert frame[list(ITEMS)].to_numpy(dtype=int).tolist() == table
