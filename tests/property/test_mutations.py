"""No mutation of a survey file ends in a crash, a traceback or more than ten seconds of work; all ends are counted.

Time is CPU time, of the sealed children too, so that a busy machine fails nobody; a child that waits is ended by its
own clock (tests/unit/intake/test_sealed.py).

Many at once, as `mutations.log` tells of:

    EVALKIT_MUTATIONS=200000,5000 pytest -s -m slow tests/property/test_mutations.py
"""

import hashlib
import os
import platform
import re
import time
from collections import Counter
from pathlib import Path

import pytest

from evalkit.errors import UploadError
from evalkit.intake import read
from evalkit.intake.check import check_upload
from evalkit.intake.read_workbook import gathered
from evalkit.intake.sealed.workbook import workbook_messages
from evalkit.records.evaluation import Study
from tests.intake_cases.files import ITEMS
from tests.property.calm import make_study
from tests.property.mutations import mutated, starts

MOST_SECONDS = 10
HERE, SEALED = map(int, os.environ.get("EVALKIT_MUTATIONS", "200000,5000").split(","))
FIRST_SEED = 1_000_000  # of the many; CI begins at 0


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    return make_study(tmp_path_factory.mktemp("plan"), items=8)


@pytest.fixture
def in_this_process(monkeypatch) -> None:
    """Workbooks are read without the child, so that whatever the readers raise is seen."""
    monkeypatch.setattr(read, "read_workbook", lambda data, kind: gathered(workbook_messages(data, kind)))


def ending(seed: int, study: Study, folder: Path) -> str:
    """Check the file of the seed; how it ended: read, or the sentence that refused it, without its places."""
    name, content = mutated(seed)
    return ending_of(content, folder / name, study, seed)


def ending_of(content: bytes, path: Path, study: Study, seed: object) -> str:
    """Check a file of this content, as `ending` does; `seed` is named where something is wrong."""
    path.write_bytes(content)
    try:
        upload = check_upload(path, study, wave="pre")
    except UploadError as refusal:
        message = refusal.message
    else:
        assert all(issue.message for issue in upload.issues), seed
        answers = upload.responses[list(ITEMS)].stack().dropna()
        assert answers.between(1, 5).all(), seed
        assert not upload.responses.duplicated(["pupil", "wave"]).any(), seed
        return "read, in order" if upload.ok else "read, with problems"
    finally:
        path.unlink()
    assert message.startswith(path.name), seed
    assert message.endswith("."), seed
    return re.sub(r"'[^']*'|\d[\d,]*", "#", message.removeprefix(f"{path.name}: ")).partition(".")[0][:70]


def endings(count: int, first: int, study: Study, folder: Path) -> tuple[Counter[str], tuple[float, int]]:
    """How often each end came; the longest time that one took, and its seed."""
    ends: Counter[str] = Counter()
    slowest = (0.0, first)
    for seed in range(first, first + count):
        start = cpu_seconds()
        ends[ending(seed, study, folder)] += 1
        slowest = max(slowest, (cpu_seconds() - start, seed))
    return ends, slowest


def cpu_seconds() -> float:
    """CPU time of this process and of its children that have ended."""
    return sum(os.times()[:4])


@pytest.mark.usefixtures("in_this_process")
def test_a_thousand_mutations_in_this_process(study, tmp_path) -> None:
    ends, slowest = endings(1_000, 0, study, tmp_path)
    assert slowest[0] < MOST_SECONDS, slowest
    assert ends["read, in order"] > 30  # some changes do no harm,
    assert ends["read, with problems"] > 100  # many are found by their rows,
    assert len(ends) > 20  # and the others are refused for many reasons


def test_fifty_mutations_through_the_sealed_child(study, tmp_path) -> None:
    ends, slowest = endings(50, 0, study, tmp_path)
    assert slowest[0] < MOST_SECONDS, slowest
    assert len(ends) > 5


def test_a_seed_makes_the_same_file() -> None:
    made = hashlib.sha256(b"".join(mutated(seed)[1] for seed in range(200)))
    time.sleep(2.1)  # zip counts time in steps of two seconds
    starts.cache_clear()
    assert hashlib.sha256(b"".join(mutated(seed)[1] for seed in range(200))).digest() == made.digest()


def test_the_child_changes_no_end(study, tmp_path, monkeypatch) -> None:
    sealed = [ending(seed, study, tmp_path) for seed in range(100, 110)]
    monkeypatch.setattr(read, "read_workbook", lambda data, kind: gathered(workbook_messages(data, kind)))
    assert sealed == [ending(seed, study, tmp_path) for seed in range(100, 110)]


@pytest.mark.slow
@pytest.mark.usefixtures("in_this_process")
def test_many_mutations_in_this_process(study, tmp_path) -> None:
    _tell("in this process", HERE, study, tmp_path)


@pytest.mark.slow
def test_many_mutations_through_the_sealed_child(study, tmp_path) -> None:
    _tell("through the sealed child", SEALED, study, tmp_path)


def _tell(way: str, count: int, study: Study, folder: Path) -> None:
    start = cpu_seconds()
    ends, (slowest, seed) = endings(count, FIRST_SEED, study, folder)
    lines = [
        f"{count:,} mutations {way}, seeds {FIRST_SEED:,} to {FIRST_SEED + count - 1:,}",
        f"Python {platform.python_version()}: no crash, no traceback; the slowest took {slowest:.1f} s (seed {seed:,});"
        f" {cpu_seconds() - start:.0f} s of CPU time",
        *(f"{number:8,}  {end}" for end, number in ends.most_common()),
    ]
    print("\n" + "\n".join(lines))  # noqa: T201
    assert slowest < MOST_SECONDS, seed
