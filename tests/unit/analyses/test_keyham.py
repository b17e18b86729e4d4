"""The example: its data come from the seeded script, its notebook runs, its results are reproduced."""

import csv
import subprocess
import sys
from pathlib import Path

import nbformat
import openpyxl
import pytest
from nbclient import NotebookClient

from evalkit.records.evaluation import load_evaluation
from evalkit.records.mapping import load_mapping
from evalkit.road import check_files, run, verify
from evalkit.shipped import shipped

FOLDER = shipped("analyses") / "keyham-resilience"


def sheet_cells(path: Path) -> list[tuple[object, ...]]:
    return list(openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True))


def text_rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_the_script_makes_the_committed_files_again(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(FOLDER / "make_data.py"), str(tmp_path)], check=True, timeout=120)
    assert sheet_cells(tmp_path / "pre.xlsx") == sheet_cells(FOLDER / "data" / "pre.xlsx")
    assert text_rows(tmp_path / "post.csv") == text_rows(FOLDER / "data" / "post.csv")


def test_it_says_that_the_data_are_synthetic() -> None:
    study = load_evaluation(FOLDER)
    assert study.plan.data is not None
    assert "made up by a computer program" in (study.plan.data.synthetic or "")
    assert "synthetic" in (FOLDER / "README.md").read_text(encoding="utf-8")
    assert "synthetic" in str(sheet_cells(FOLDER / "data" / "pre.xlsx")[0][0])


def test_without_the_decisions_the_planted_mistakes_are_found() -> None:
    study = load_evaluation(FOLDER)
    assert study.plan.data is not None
    files = [file.model_copy(update={"mapping": None}) for file in study.plan.data.files]
    checked = check_files(study, files)
    assert not checked.ok
    told = "\n".join(issue.message for issue in checked.issues)
    for part in ("row 18", "column O", "1 to 5", "KL-027", "KL-O14", "KL-014"):
        assert part in told


def test_with_the_decisions_everything_is_in_order() -> None:
    study = load_evaluation(FOLDER)
    assert study.plan.data is not None
    checked = check_files(study, study.plan.data.files)
    assert checked.ok, [issue.message for issue in checked.issues]
    mapping = load_mapping(FOLDER / "mappings" / "post.yaml")
    assert len(checked.uploads[1].decisions) == len(mapping.corrections) + len(mapping.codes)


def test_the_kept_results_are_reproduced() -> None:
    outcome = verify(FOLDER)
    assert outcome.reproduced, outcome.differences[:5]
    assert outcome.changed_input == ""


def test_the_figures_of_the_example_are_what_it_says() -> None:
    results = run(FOLDER)
    models = results.glance().set_index("outcome")
    assert models["n_linked"].between(38, 50).all()
    assert {outcome.id for outcome in results.plan.outcomes} == {"self_efficacy", "grit", "motivation"}


def test_the_notebook_is_committed_without_output_and_runs(tmp_path: Path) -> None:
    notebook = nbformat.read(FOLDER / "notebook.ipynb", as_version=4)
    assert not [cell for cell in notebook.cells if cell.cell_type == "code" and (cell.outputs or cell.execution_count)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path))
        NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(FOLDER)}}).execute()
    shown = str([output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs])
    assert "report.html" in shown
