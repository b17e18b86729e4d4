"""Planted UPNs, names and addresses come out nowhere: not in releases, results, reports, logs, messages or traces."""

import csv
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evalkit.cli import app
from evalkit.custody.keys import make_key, read_keys
from evalkit.errors import EvalkitError
from evalkit.records.evaluation import load_evaluation
from evalkit.records.identifiers import upn_check_letter
from evalkit.road import check_files, report_all, run
from evalkit.trace import save_trace

BODIES = [f"8012000{number:05d}" for number in range(1, 46)]
UPNS = [upn_check_letter(body) + body for body in BODIES]
NAMES = [f"Zebedee{number} Quillfeather" for number in range(len(UPNS))]
ADDRESSES = [f"zeb{number}@quillfeather.example" for number in range(len(UPNS))]
CANARIES = ("Zebedee", "Quillfeather", *UPNS, *(upn[1:] for upn in UPNS))
PLAN = """\
data_protection: {controller: Oakfield, lawful_basis: public task, pseudonymise: true}
data:
  files:
    - {path: data/pre.csv, wave: pre}
    - {path: data/post.csv, wave: post}
"""


def write(path: Path, *, first: int, codes: list[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["Pupil code", "Name", "Email", "tiny4.q1", "tiny4.q2", "tiny4.q3", "tiny4.q4", "Anything else?"])
        for number, code in enumerate(codes):
            answers = [1 + (first + number * step) % 5 for step in (1, 2, 3, 4)]
            out.writerow([code, NAMES[number], ADDRESSES[number], *answers, f"{NAMES[number]} was ill"])


@pytest.fixture
def folder(study_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EVALKIT_KEYS", str(tmp_path / "keys"))
    plan = study_folder / "evaluation.yaml"
    plan.write_text(plan.read_text(encoding="utf-8") + PLAN, encoding="utf-8")
    (study_folder / "data").mkdir()
    write(study_folder / "data" / "pre.csv", first=0, codes=UPNS)
    write(study_folder / "data" / "post.csv", first=2, codes=UPNS)
    make_key(read_keys("tiny-study", data=study_folder))
    return study_folder


def sing(text: str) -> list[str]:
    return [canary for canary in CANARIES if canary.casefold() in text.casefold()]


def birds_in(place: Path) -> list[str]:
    files = [path for path in place.rglob("*") if path.is_file()]
    assert files
    return [f"{path.name}: {bird}" for path in files for bird in sing(path.read_bytes().decode("latin-1"))]


def test_nothing_made_on_the_road_names_a_pupil(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    results = run(folder, to=out)
    reports = report_all(results, folder=out, formats=["html", "docx"])
    assert len(reports) == 2
    assert birds_in(out) == []
    assert sing(repr(results) + results.to_json()) == []


def test_commands_say_and_log_nothing_of_them(folder: Path) -> None:
    said = ""
    for words in (
        ["check", "-e", str(folder)],
        ["check", "-e", str(folder), "--json"],
        ["release", str(folder / "release"), "-e", str(folder)],
        ["score", str(folder / "release"), "-e", str(folder)],
        ["erase", "--pupil", UPNS[3], "-e", str(folder)],
        ["erase", "--pupil", UPNS[3], "-e", str(folder), "--yes", "--reason", "asked for"],
        ["audit", str(folder)],
    ):
        outcome = CliRunner().invoke(app, words)
        assert outcome.exit_code == 0, (words, outcome.output, outcome.exception)
        said += outcome.output
    assert sing(said) == []
    assert birds_in(folder / "release") == []
    assert sing((folder / "audit.jsonl").read_text()) == []


@pytest.mark.parametrize(
    "change",
    ["twice", "other wave", "half", "bad answer", "no protection"],
)
def test_errors_and_problems_name_nobody(folder: Path, change: str) -> None:
    post = folder / "data" / "post.csv"
    if change == "twice":
        write(post, first=1, codes=[UPNS[0], *UPNS[:-1]])
    elif change == "other wave":
        write(post, first=1, codes=[upn[:-1] + str((int(upn[-1]) + 1) % 10) for upn in UPNS])
    elif change == "half":
        write(post, first=1, codes=[*UPNS[:20], *NAMES[20:30], *ADDRESSES[30:]])
    elif change == "bad answer":
        post.write_text(post.read_text().replace(",1,", ",Zebedee,"))
    else:
        plan = folder / "evaluation.yaml"
        plan.write_text(plan.read_text().replace("pseudonymise: true", "pseudonymise: false"))
    study = load_evaluation(folder)
    assert study.plan.data is not None
    checked = check_files(study, study.plan.data.files)
    texts = [issue.message for issue in checked.issues if issue.kind not in ("not_an_answer", "unknown_label")]
    try:
        run(folder)
    except EvalkitError as error:
        texts += error.problems
        _, note = save_trace(error)
        texts.append(note.read_text())
    known = {"bad answer": {"Zebedee"}, "half": {"Zebedee", "Quillfeather"}}.get(change, set())
    assert set(sing(" ".join(texts))) <= known
