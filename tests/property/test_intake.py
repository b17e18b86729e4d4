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
from evalkit.intake import read
from evalkit.intake.check import check_upload
from evalkit.intake.read_workbook import gathered
from evalkit.intake.sealed.workbook import workbook_messages
from evalkit.records.evaluation import Study
from evalkit.records.responses import Upload
from tests.property.calm import LABELS, make_study

ITEMS = ("calm4.q1", "calm4.q2", "calm4.q3", "calm4.q4")
WRITING = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
HOSTILE = settings(deadline=10_000, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    return make_study(tmp_path_factory.mktemp("plan"))


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch) -> None:
    """Workbooks are read without the child: whatever the readers raise is seen, and hundreds take seconds."""
    monkeypatch.setattr(read, "read_workbook", lambda data, kind: gathered(workbook_messages(data, kind)))


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
