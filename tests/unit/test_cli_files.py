"""The commands check and release: what they print, what they ask on a terminal, and what they keep."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evalkit import cli_files
from evalkit.cli import app
from evalkit.intake.check import check_upload, mapping_file
from evalkit.records.mapping import load_mapping
from tests.intake_cases.study import make_study
from tests.intake_cases.tables import QUESTIONS, rows, written

RUN = CliRunner()


def later() -> list[list[object]]:
    return [rows()[0], *([row[0], *(6 - int(str(one)) for one in row[1:])] for row in rows()[1:])]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person sits there: the runner's streams say that they are a terminal."""

    class Stream:
        def __init__(self, real: object) -> None:
            self.real = real

        def isatty(self) -> bool:
            return True

        def __getattr__(self, name: str) -> object:
            return getattr(self.real, name)

    class System:
        stdin, stdout = Stream(None), Stream(None)

    monkeypatch.setattr(cli_files, "sys", System)


def check(folder: Path, *arguments: str, answers: str = "") -> tuple[int, str]:
    result = RUN.invoke(app, ["check", *arguments, "-e", str(folder)], input=answers)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result.exit_code, result.output


def test_in_a_pipe_questions_are_listed_and_the_exit_code_is_1(tmp_path: Path) -> None:
    make_study(tmp_path)
    content = rows()
    content[3][2] = "maybe"
    path = written(tmp_path, content, "survey")
    code, said = check(tmp_path, f"pre={path}")
    assert code == 1
    assert "To decide (1)" in said
    assert "Used: pupil codes (A), calm8, 8 questions (B to I)." in said
    assert not (tmp_path / "mappings").exists()
    code, said = check(tmp_path, f"pre={path}", "--json")
    (problem,) = [one for one in json.loads(said)["problems"] if one["severity"] == "ask"]
    question = problem["questions"][0]
    assert question["question"] == "Calm scale: what does 'maybe' mean?"
    assert question["choices"][2]["decision"] == {"labels": {"calm8": {"maybe": 3}}}


def test_answers_given_at_the_prompt_are_kept_for_the_form(terminal: None, tmp_path: Path) -> None:
    study = make_study(tmp_path)
    content = rows()
    content[0] = ["Code", *QUESTIONS]
    content[3][2], content[4][2] = "maybe", "dunno"
    path = written(tmp_path, content, "survey")
    code, said = check(tmp_path, f"pre={path}", "--by", "Data lead", answers="3\n6\n")
    assert "2 questions that only you can answer" in said
    assert "Everything is in order." in said
    assert code == 0
    form = check_upload(path, study, wave="pre").form
    kept = load_mapping(mapping_file(study, form))
    assert kept.labels == {"calm8": {"maybe": 3, "dunno": None}}
    assert kept.decided_by == "Data lead"
    upload = check_upload(path, study, wave="pre")
    assert upload.ok
    assert upload.responses.loc[2, "calm8.q2"] == 3
    other = rows()
    other[0], other[5][4] = ["Code", *QUESTIONS], "MAYBE"
    second = check_upload(written(tmp_path, other, "next"), study, wave="post")
    assert second.ok
    assert any("earlier about files with these headings" in one for one in second.decisions)


def test_a_question_may_stay_open(terminal: None, tmp_path: Path) -> None:
    make_study(tmp_path)
    content = rows()
    content[3][2] = "maybe"
    code, said = check(tmp_path, f"pre={written(tmp_path, content, 'survey')}", answers="9\n0\n")
    assert code == 1
    assert "Mend these and check again." in said
    assert not (tmp_path / "mappings").exists()


def test_answers_go_into_the_mapping_file_that_is_named(terminal: None, tmp_path: Path) -> None:
    make_study(tmp_path)
    content = [*rows(), ["Average", *[3] * 8]]
    path, mapping = written(tmp_path, content, "survey"), tmp_path / "mine.yaml"
    mapping.write_text("schema: evalkit-mapping/1\ncodes: {P0O1: P001}\n", encoding="utf-8")
    code, _ = check(tmp_path, f"pre={path}", "--mapping", str(mapping), answers="1\n")
    assert code == 0
    kept = load_mapping(mapping)
    assert kept.codes == {"P0O1": "P001"}
    assert kept.corrections[0].row == len(content)


def test_codes_that_look_alike_are_asked_about_and_the_answer_is_kept(terminal: None, tmp_path: Path) -> None:
    make_study(tmp_path)
    first, last = rows(), later()
    for place, row in enumerate(first[1:]):
        row[0] = last[place + 1][0] = f"KX{place}{place * 7 % 10}A"
    last[1][0] = "KXO0A"
    files = [f"pre={written(tmp_path, first, 'pre')}", f"post={written(tmp_path, last, 'post')}"]
    code, said = check(tmp_path, *files, answers="1\n")
    assert "Is 'KXO0A' of post.csv the pupil 'KX00A' of pre.csv?" in said
    assert code == 0
    code, said = check(tmp_path, *files)
    assert code == 0
    assert "To decide" not in said


def test_the_marked_file_is_written(tmp_path: Path) -> None:
    make_study(tmp_path)
    content = rows()
    content[3][2] = 9
    code, said = check(tmp_path, f"pre={written(tmp_path, content, 'survey')}", "--mark", str(tmp_path / "back.xlsx"))
    assert code == 1
    assert (tmp_path / "back.xlsx").is_file()
    assert "The file with its problems marked" in said


def test_a_release_gives_a_receipt_and_can_go_back(tmp_path: Path) -> None:
    make_study(tmp_path)
    files = [f"pre={written(tmp_path, rows(), 'pre')}", f"post={written(tmp_path, later(), 'post')}"]
    place = tmp_path / "release"
    made = RUN.invoke(app, ["release", str(place), *files, "-e", str(tmp_path)])
    assert made.exit_code == 0, made.output
    assert "12 pupils pre, 12 pupils post; 12 in every wave." in made.output
    assert "pre.csv: 12 rows, file " in made.output
    before = (place / "manifest.json").read_bytes()
    content = later()
    content[1][1] = 3
    written(tmp_path, content, "post")
    again = RUN.invoke(app, ["release", str(place), *files, "-e", str(tmp_path), "--replace", "--keep"])
    assert "is kept in" in again.output
    assert (place / "manifest.json").read_bytes() != before
    back = RUN.invoke(app, ["release", str(place), "-e", str(tmp_path), "--undo"])
    assert back.exit_code == 0
    assert (place / "manifest.json").read_bytes() == before


def test_locked_data_take_no_release(tmp_path: Path) -> None:
    make_study(tmp_path)
    files = [f"pre={written(tmp_path, rows(), 'pre')}", f"post={written(tmp_path, later(), 'post')}"]
    assert RUN.invoke(app, ["lock", "--by", "the statistician", "-e", str(tmp_path)]).exit_code == 0
    refused = RUN.invoke(app, ["release", str(tmp_path / "release"), *files, "-e", str(tmp_path)])
    assert "locked by the statistician" in str(refused.exception)
    assert RUN.invoke(app, ["lock", "--by", "the statistician", "--undo", "-e", str(tmp_path)]).exit_code == 0
    assert RUN.invoke(app, ["release", str(tmp_path / "release"), *files, "-e", str(tmp_path)]).exit_code == 0
