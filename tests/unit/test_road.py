"""The road from Python: run, keep, verify."""

import csv
import shutil
from pathlib import Path

import pandas as pd
import pytest

from evalkit.errors import SpecError, UploadError
from evalkit.planning.seal import seal
from evalkit.records.evaluation import load_evaluation
from evalkit.records.results import load_results
from evalkit.road import report_all, run, verify
from evalkit.shipped import shipped


def copied(folder: Path) -> Path:
    """The shipped example without its results."""
    for name in ("data", "mappings"):
        shutil.copytree(shipped("analyses") / "keyham-resilience" / name, folder / name)
    shutil.copyfile(shipped("analyses") / "keyham-resilience" / "evaluation.yaml", folder / "evaluation.yaml")
    return folder


@pytest.fixture
def example(tmp_path: Path) -> Path:
    return copied(tmp_path / "keyham")


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copied(tmp_path_factory.mktemp("once") / "keyham")
    run(folder, to=folder)
    return folder


@pytest.fixture
def ran(once: Path, tmp_path: Path) -> Path:
    """The example after a run, to be changed."""
    return Path(shutil.copytree(once, tmp_path / "keyham"))


def change_an_answer(folder: Path) -> str:
    path = folder / "data" / "post.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    rows[1][1] = "1" if rows[1][1] != "1" else "4"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)
    return rows[1][0]


def test_run_keeps_what_verify_reproduces_and_names_what_changed(ran: Path) -> None:
    example = ran
    assert verify(example).verdict == "same_bytes"
    pupil = change_an_answer(example)
    outcome = verify(example)
    assert outcome.verdict == "changed"
    assert outcome.changed_input == "the survey file post.csv has other content"
    assert outcome.changed_rows == (f"pupil {pupil}, wave post: differs in gse10.q1",)
    assert all(
        line.startswith(("estimates", "models", "displays", "checks", "caveats")) for line in outcome.differences
    )


def test_a_sealed_plan_shows_what_was_changed(example: Path) -> None:
    made = seal(load_evaluation(example), stated_date="2026-01-05", after_data=True)
    plan = example / "evaluation.yaml"
    plan.write_text(plan.read_text(encoding="utf-8").replace("alpha: 0.05", "alpha: 0.1"), encoding="utf-8")
    results = run(example, to=example)
    assert (example / "results.json").read_text(encoding="utf-8") == results.to_json()
    assert results.displays["seal"]["sha256"].tolist() == [made.sha256]
    changes = results.displays["deviations"]
    assert changes[["what", "kind", "sealed", "now"]].to_numpy().tolist() == [["Alpha", "changed", "0.05", "0.1"]]
    (report,) = report_all(results, folder=example / "report", formats=["html"], renderer="embedded")
    text = report.read_text(encoding="utf-8")
    assert "The plan and what was changed" in text
    assert "2026-01-05 (as stated; no registry or deposit confirms it)" in text


def test_a_release_that_was_edited_is_told(ran: Path) -> None:
    table = ran / "release" / "responses.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("KL-001", "KL-999", 1), encoding="utf-8")
    with pytest.raises(SpecError, match="damaged"):
        verify(ran)


def test_run_from_a_release(ran: Path) -> None:
    first = load_results(ran / "results.json")
    plan = ran / "evaluation.yaml"
    head, _, _ = plan.read_text(encoding="utf-8").partition("\ndata:\n")
    plan.write_text(head + "\ndata:\n  release: release\n", encoding="utf-8")
    pd.testing.assert_frame_equal(run(ran).tidy(), first.tidy(), check_dtype=False)


def test_a_plan_without_data_says_so(example: Path) -> None:
    plan = example / "evaluation.yaml"
    plan.write_text(plan.read_text(encoding="utf-8").partition("\ndata:\n")[0], encoding="utf-8")
    with pytest.raises(SpecError, match="does not say where the data are"):
        run(example)


def test_a_file_that_the_plan_names_and_is_not_there_says_who_named_it(example: Path) -> None:
    (example / "data" / "post.csv").unlink()
    with pytest.raises(UploadError, match=r"post\.csv.*evaluation\.yaml"):
        run(example)


def test_verify_needs_results(example: Path) -> None:
    with pytest.raises(SpecError, match="no results file"):
        verify(example)
