"""Bad input through the command line: one clear message, exit code 1, no traceback, nothing half-written."""

import csv
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from evalkit.cli import main

HEADER = ["Pupil code", "q1", "q2", "q3", "q4"]
Rows = list[list[object]]


def answers(pupils: int, *, first: int = 1, shift: int = 0) -> Rows:
    return [
        [f"P{number:03d}", *((number * step + shift) % 5 + 1 for step in (1, 2, 3, 4))]
        for number in range(first, first + pupils)
    ]


def write(path: Path, rows: Rows, header: list[str] | None = None) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header or HEADER, *rows])
    return path


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    def run(*words: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["evalkit", *(str(word) for word in words)])
        with pytest.raises(SystemExit) as stopped:
            main()
        shown = capsys.readouterr()
        return int(stopped.value.code or 0), shown.out + shown.err

    return run


def everything_in(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def refuses(call: Callable[..., tuple[int, str]], folder: Path, words: list[object], *parts: str) -> None:
    before = everything_in(folder)
    code, shown = call(*words)
    assert code == 1, shown
    for part in parts:
        assert part in shown, shown
    assert "Traceback" not in shown
    assert everything_in(folder) == before


@pytest.fixture
def pre(tmp_path: Path) -> Path:
    return write(tmp_path / "pre.csv", answers(30))


@pytest.fixture
def post(tmp_path: Path) -> Path:
    return write(tmp_path / "post.csv", answers(30, shift=1))


def test_good_files_pass(call: Callable[..., tuple[int, str]], study_folder: Path, pre: Path, post: Path) -> None:
    code, shown = call("check", "-e", study_folder, f"pre={pre}", f"post={post}")
    assert code == 0, shown
    assert "Everything is in order" in shown


def test_a_missing_file(call: Callable[..., tuple[int, str]], study_folder: Path, tmp_path: Path) -> None:
    refuses(call, tmp_path, ["check", "-e", study_folder, f"pre={tmp_path}/none.csv"], "none.csv", "no such file")


def test_a_file_that_is_no_spreadsheet(
    call: Callable[..., tuple[int, str]], study_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "letter.pdf").write_bytes(b"%PDF-1.4 a letter")
    refuses(call, tmp_path, ["check", "-e", study_folder, f"pre={tmp_path}/letter.pdf"], "letter.pdf", "PDF", ".csv")


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\r\n\r\n"])
def test_an_empty_file(
    call: Callable[..., tuple[int, str]], study_folder: Path, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "empty.csv").write_bytes(content)
    refuses(call, tmp_path, ["check", "-e", study_folder, f"pre={tmp_path}/empty.csv"], "empty.csv", "empty")


def test_a_wave_that_the_plan_does_not_have(
    call: Callable[..., tuple[int, str]], study_folder: Path, tmp_path: Path, pre: Path
) -> None:
    refuses(call, tmp_path, ["check", "-e", study_folder, "-w", "during", pre], "during", "pre", "post")


def test_no_known_column(call: Callable[..., tuple[int, str]], study_folder: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "other.csv", [["1", "red"], ["2", "blue"]], ["Locker", "Colour"])
    refuses(call, tmp_path, ["check", "-e", study_folder, f"pre={path}"], "other.csv", "column")


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("instrument: tiny4", "instrument: nosuch", ["no instrument 'nosuch'"]),
        ("seed: 1", "sed: 1", ["line 21", "unknown key 'sed'"]),
    ],
)
def test_a_plan_that_is_wrong(
    call: Callable[..., tuple[int, str]], study_folder: Path, tmp_path: Path, old: str, new: str, parts: list[str]
) -> None:
    plan = study_folder / "evaluation.yaml"
    plan.write_text(plan.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    refuses(call, tmp_path, ["check", "-e", study_folder], *parts)


def test_an_instrument_with_an_impossible_key(
    call: Callable[..., tuple[int, str]], study_folder: Path, tmp_path: Path
) -> None:
    path = study_folder / "instruments" / "tiny4" / "instrument.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("-q2", "-q7"), encoding="utf-8")
    refuses(call, tmp_path, ["check", "-e", study_folder], "instrument.yaml", "'-q7'", "names no item")


def test_two_pupils_with_one_code(
    call: Callable[..., tuple[int, str]], study_folder: Path, tmp_path: Path, post: Path
) -> None:
    pre = write(tmp_path / "pre.csv", [*answers(30), ["P003", 5, 5, 5, 5]])
    words = ["release", tmp_path / "release", f"pre={pre}", f"post={post}", "-e", study_folder]
    refuses(call, tmp_path, words, "pre.csv", "P003", "4", "32")


@pytest.mark.parametrize("shared", [0, 1])
def test_hardly_any_pupil_in_both_files(
    call: Callable[..., tuple[int, str]], study_folder: Path, tmp_path: Path, pre: Path, shared: int
) -> None:
    post = write(tmp_path / "post.csv", answers(30, first=31 - shared))
    words = ["release", tmp_path / "release", f"pre={pre}", f"post={post}", "-e", study_folder]
    refuses(call, tmp_path, words, "pupil", "both")


def test_all_answers_equal(
    call: Callable[..., tuple[int, str]], study_folder: Path, tmp_path: Path, post: Path
) -> None:
    pre = write(tmp_path / "pre.csv", [[f"P{number:03d}", 3, 3, 3, 3] for number in range(1, 31)])
    words = ["release", tmp_path / "release", f"pre={pre}", f"post={post}", "-e", study_folder]
    refuses(call, tmp_path, words, "pre.csv", "same")


def test_no_change_differs_between_pupils(
    call: Callable[..., tuple[int, str]], study_folder: Path, tmp_path: Path, pre: Path
) -> None:
    rows = [[code, *given] for code, *given in answers(30)]
    post = write(tmp_path / "post.csv", rows)
    plan = study_folder / "evaluation.yaml"
    files = f"data: {{files: [{{path: {pre}, wave: pre}}, {{path: {post}, wave: post}}]}}\n"
    plan.write_text(plan.read_text(encoding="utf-8") + files, encoding="utf-8")
    refuses(call, tmp_path, ["run", study_folder], "same")


def test_wrong_use_is_exit_code_2(call: Callable[..., tuple[int, str]]) -> None:
    assert call("chekc")[0] == 2
    assert call("run", "--format", "odt")[0] == 2


def test_several_unreadable_files_are_told_together(
    call: Callable[..., tuple[int, str]], study_folder: Path, tmp_path: Path
) -> None:
    words = ["check", "-e", study_folder, f"pre={tmp_path}/one.csv", f"post={tmp_path}/two.csv"]
    refuses(call, tmp_path, words, "2 files", "one.csv", "two.csv")


def test_an_unforeseen_error_is_a_code_and_a_note_without_values(
    call: Callable[..., tuple[int, str]], study_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise RuntimeError("Sam scored 3")

    monkeypatch.setattr("evalkit.road.check_files", breaks)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code, shown = call("check", "-e", study_folder, "pre=x.csv")
    assert code == 1
    assert "Sam" not in shown
    (note,) = tmp_path.glob("evalkit-*.txt")
    assert "Sam" not in note.read_text(encoding="utf-8")
