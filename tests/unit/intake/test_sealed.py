"""The child process that reads workbooks: what it may use, how it ends, and what is said then."""

import resource
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

import evalkit
from evalkit.intake import limits
from evalkit.intake.limits import Limits
from evalkit.intake.raw import RawFile, Refusal
from evalkit.intake.read_workbook import gathered
from evalkit.intake.sealed import parent
from evalkit.intake.sealed.parent import sealed_messages
from evalkit.intake.sealed.workbook import workbook_messages
from tests.intake_cases import files
from tests.intake_cases.workbooks import ods, xlsx

ROOT = Path(evalkit.__file__).parents[1]
CHILD = Path(parent.__file__).with_name("child.py")
LIMITS = Limits(memory_bytes=200_000_000, cpu_seconds=1, wall_seconds=20)
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux' kernel holds these limits")
WAYS = [pytest.param(False, id="kernel", marks=linux), pytest.param(True, id="watched")]
UNSAFE = "The workbook cannot be read safely"
TOO_LONG = "Reading the workbook takes far longer than any survey file does"
TOO_MUCH = "Reading the workbook takes far more memory than any survey file does"


@pytest.fixture
def instead(monkeypatch, tmp_path):
    """Put a child of a few lines in the place of the real one."""

    def put(lines: str) -> None:
        script = tmp_path / "child.py"
        script.write_text(f"import os, sys, time\n{lines}\n", encoding="utf-8")
        monkeypatch.setattr(parent, "_CHILD", script)

    return put


@pytest.fixture
def reader(instead):
    """The real child, but for what it does with the workbook."""

    def put(lines: str) -> None:
        body = "\n".join(f"    {line}" for line in lines.splitlines())
        instead(
            f"sys.path.append({str(ROOT)!r})\nfrom evalkit.intake.sealed import confined\n"
            f"def work(data, kind):\n{body}\nconfined.workbook_messages = work\nconfined.main()"
        )

    return put


def read(data: bytes = b"x", *, within: Limits = LIMITS) -> RawFile | Refusal:
    return gathered(sealed_messages(data, "xlsx", limits=within))


def refusal(data: bytes = b"x", *, within: Limits = LIMITS) -> str:
    content = read(data, within=within)
    assert isinstance(content, Refusal)
    assert content.mend.startswith("Copy the answers alone into a new workbook")
    assert not psutil.Process().children(recursive=True)
    return content.found


@pytest.mark.parametrize("watched", WAYS)
def test_both_ways_of_holding_limits_read_the_same(watched) -> None:
    for kind, data in (("xlsx", xlsx(files.table())), ("ods", ods(files.table()))):
        content = gathered(sealed_messages(data, kind, limits=Limits(watched=watched)))
        assert content == gathered(workbook_messages(data, kind))
        assert isinstance(content, RawFile)
        assert len(content.sheets[0].rows) == 7


@pytest.mark.parametrize("watched", WAYS)
def test_a_child_that_never_ends_is_ended_by_its_cpu_time(reader, watched) -> None:
    reader("while True:\n    pass\nyield")
    start = time.monotonic()
    assert refusal(within=LIMITS._replace(watched=watched)) == TOO_LONG
    assert time.monotonic() - start < 15


@pytest.mark.parametrize("watched", WAYS)
def test_a_child_that_takes_memory_without_end_is_ended(reader, watched) -> None:
    reader("held = []\nwhile True:\n    held.append(bytearray(10_000_000))\nyield")
    assert refusal(within=LIMITS._replace(watched=watched, cpu_seconds=10)) == TOO_MUCH


def test_a_child_that_waits_for_ever_is_ended_by_the_clock(reader) -> None:
    reader("time.sleep(60)\nyield")
    start = time.monotonic()
    assert refusal(within=LIMITS._replace(wall_seconds=0.5)) == TOO_LONG
    assert time.monotonic() - start < 10


@linux
def test_the_child_can_neither_write_files_nor_open_many(reader, tmp_path) -> None:
    reader(
        f"with open({str(tmp_path / 'out')!r}, 'wb') as out:\n    try:\n        out.write(b'x'); out.flush()\n"
        "    except OSError:\n        yield ['refused', 'no file', 'x']; return\nyield ['done']"
    )
    assert read() == Refusal("no file", "x")
    reader("held = [os.dup(0) for _ in range(100)]\nyield ['done']")
    assert refusal() == UNSAFE


@pytest.mark.parametrize(
    "lines",
    [
        "sys.exit(0)",
        "sys.exit(7)",
        "os.kill(os.getpid(), 9)",
        "os.abort()",
        "raise ValueError('P001 ticked 3')",
        'print(\'["sheet", "A", false]\', flush=True); os.kill(os.getpid(), 9)',
        "print('no JSON')",
        "print('{}')",
        "print('[]')",
        'print(\'["rows", [1], [["a"]]]\')',
        'print(\'["sheet", "A", false]\\n["rows", [1], [[1]]]\\n["done"]\')',
        'print(\'["sheet", "A", false]\\n["rows", [1, 2], [["a"]]]\\n["done"]\')',
        "print('[\"done\"')",
        "os.close(1); time.sleep(60)",
    ],
)
@pytest.mark.parametrize("size", [1, 1_000_000], ids=["small", "large"])
def test_a_child_that_dies_or_lies_is_a_refusal(instead, capfd, lines, size) -> None:
    instead(lines)
    assert refusal(b"x" * size) == UNSAFE
    assert capfd.readouterr() == ("", "")


def test_a_child_that_cannot_be_started_is_a_refusal(monkeypatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert read() == Refusal(
        "The process that reads workbooks cannot be started on this computer just now",
        "Try again, or save the sheet with the answers as CSV (.csv), and send that.",
    )


@pytest.mark.parametrize("stop", [0, 1, 2, 3])
def test_whoever_stops_listening_leaves_no_child_behind(stop) -> None:
    messages = sealed_messages(xlsx(files.table(3_000)), "xlsx")
    for _ in range(stop):
        next(messages)
    messages.close()
    assert not psutil.Process().children(recursive=True)


def test_a_parent_that_dies_leaves_no_child_behind() -> None:
    """The child gets half a workbook and then nothing: it reads nothing and says nothing."""
    half = b'{"size": 1000, "kind": "xlsx", "limits": [1000000000, 10, 10, false]}\nPK'
    done = subprocess.run([sys.executable, "-I", "-S", str(CHILD)], input=half, capture_output=True, timeout=20)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_the_child_imports_python_and_the_readers_alone_and_starts_quickly() -> None:
    command = [sys.executable, "-I", "-S", "-X", "importtime", str(CHILD)]
    half = b'{"size": 1, "kind": "xlsx", "limits": [1000000000, 10, 10, false]}\n'
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, input=half, capture_output=True, timeout=20)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    modules = {line.rpartition("|")[2].strip() for line in done.stderr.decode().splitlines()}
    assert "evalkit.intake.sealed.workbook" in modules
    roots = {name.partition(".")[0] for name in modules} - set(sys.stdlib_module_names) - {"imported package"}
    assert {name for name in roots if not name.startswith("_")} == {"evalkit"}
    ours = {name for name in modules if name.startswith("evalkit.") and "sealed" not in name}
    assert ours == {"evalkit.intake", "evalkit.intake.limits", "evalkit.intake.normal"}
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.3  # 0.06 s on a quiet machine


def test_the_documented_limits_are_the_real_ones() -> None:
    page = (ROOT / "docs" / "explanation" / "sealed-reading.md").read_text(encoding="utf-8")
    real = Limits()
    for told in (
        f"| {real.memory_bytes // 1_000_000} MB |", f"| {real.cpu_seconds} s |", f"| {real.wall_seconds:.0f} s |",
        f"| {limits.MAX_ROWS:,}; {limits.MAX_COLUMNS:,} |", f"| {limits.MAX_WORKBOOK_CELLS:,} |",
        f"| {limits.MAX_CELL_CHARACTERS:,}; {limits.MAX_ROW_CHARACTERS:,}; {limits.MAX_WORKBOOK_CHARACTERS:,} |",
        f"| {limits.MAX_WORKBOOK_MARKS:,} |", f"| {limits.MAX_NESTING} |",
        f"| {limits.MAX_ENTRIES}; sheets {limits.MAX_SHEETS} |",
        f"| {limits.MAX_RATIO} times (`.ods` {limits.MAX_RATIO_ODS} times) |",
    ):  # fmt: skip
        assert told in page, told
