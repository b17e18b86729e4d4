"""The commands, as a person runs them."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from evalkit.cli import app
from evalkit.custody.audit import read_audit
from evalkit.errors import EvalkitError
from evalkit.records.evaluation import Study


def run(*words: str | Path, fails: type[BaseException] | None = None) -> Result:
    outcome = CliRunner().invoke(app, [str(word) for word in words])
    if fails is None:
        assert outcome.exit_code == 0, (outcome.output, outcome.exception)
    else:
        assert isinstance(outcome.exception, fails), outcome.output
    return outcome


@pytest.fixture(autouse=True)
def keys_elsewhere(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path_factory.mktemp("keys")
    monkeypatch.setenv("EVALKIT_KEYS", str(place))
    return place


def test_codes_from_the_plan(study: Study, tmp_path: Path) -> None:
    at = ("-e", study.folder)
    outcome = run("codes", "7B=3", "7C=2", *at, "--to", tmp_path / "list.csv", "--slips", tmp_path / "slips.html")
    assert "5 codes issued" in outcome.output
    assert (study.folder / "codes.jsonl").is_file()
    assert "<strong>" in (tmp_path / "slips.html").read_text(encoding="utf-8")
    outcome = run("codes", "7B=1", *at, "--to", tmp_path / "more.xlsx")
    assert "1 code issued, 3 written once more" in outcome.output
    assert run("codes", "7B", *at, "--to", tmp_path / "again.csv").output.startswith("0 codes issued")
    assert [one.counts for one in read_audit(study.folder)] == [{"codes": 5}, {"codes": 1}]


def test_codes_are_not_issued_when_the_list_cannot_be_written(study: Study, tmp_path: Path) -> None:
    run("codes", "7B=3", "-e", study.folder, "--to", tmp_path / "list.pdf", fails=EvalkitError)
    assert not (study.folder / "codes.jsonl").exists()
    for bad in ("7B=x", "7B=-2"):
        assert run("codes", bad, "-e", study.folder, "--to", tmp_path / "a.csv", fails=SystemExit).exit_code == 2
    assert run("codes", "7B=1", "7B=2", "-e", study.folder, "--to", tmp_path / "a.csv", fails=SystemExit).exit_code == 2


def test_keys_are_made_rotated_and_destroyed(study: Study, keys_elsewhere: Path) -> None:
    at = ("-e", study.folder)
    assert "No key yet" in run("keys", *at).output
    run("keys", "make", *at)
    run("keys", "make", *at, fails=EvalkitError)
    shown = run("keys", "rotate", *at).output
    assert "2\tmakes new pseudonyms" in shown
    assert "1\tfinds older ones" in shown
    run("keys", "destroy", *at, fails=SystemExit)
    refused = run("keys", "destroy", "--version", "1", *at, fails=EvalkitError)
    assert "Say --yes" in str(refused.exception)
    assert "1\tdestroyed" in run("keys", "destroy", "--version", "1", "--yes", *at).output
    secret = (keys_elsewhere / study.plan.id / "2.key").read_text().strip()
    assert secret not in shown
    log = run("audit", study.folder).output
    assert [one.action for one in read_audit(study.folder)] == ["key_made", "key_made", "key_destroyed"]
    assert "3 entries, the chain is whole" in log
    assert secret not in (study.folder / "audit.jsonl").read_text()


def test_an_empty_log_says_so(study: Study) -> None:
    assert "nothing has been done yet" in run("audit", study.folder).output
    assert run("audit", study.folder, "--json").output.strip() == "[]"


def test_a_list_of_schools_is_checked_and_written(tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("URN,School,Hub (name)\n100001,Oak,\n10000,Elm,\n", encoding="utf-8")
    outcome = run("schools", bad, "--to", tmp_path / "clean.csv", fails=SystemExit)
    assert outcome.exit_code == 1
    assert "To mend (1)" in outcome.output
    assert not (tmp_path / "clean.csv").exists()
    good = tmp_path / "good.csv"
    good.write_text("URN,School,Hub\n100002,Elm,North (2 schools)\n100001,Oak,North\n", encoding="utf-8")
    outcome = run("schools", good, "--to", tmp_path / "clean.csv")
    assert "1 hub says it has 2 schools. Listed: 2 rows, 2 schools." in outcome.output
    assert (tmp_path / "clean.csv").read_text().splitlines()[1] == "100001,Oak,North,,"
    assert '"claimed": 2' in run("schools", good, "--json").output
