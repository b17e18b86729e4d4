"""The example trials: data from the script, published counts, results reproduced; STAR without its rows says so."""

import filecmp
import subprocess
import sys
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

from evalkit.errors import UploadError
from evalkit.records.evaluation import load_evaluation
from evalkit.records.results import load_results
from evalkit.road import check_files, verify
from evalkit.shipped import shipped

EAL = shipped("analyses") / "eal-mainstream-classroom"
STAR = shipped("analyses") / "project-star"
MADE = ("data/pupils.csv", "data/schools.csv", "randomisation/schools.csv", "randomisation/allocation-batch-1.csv")


def test_the_script_makes_the_committed_files_again(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(EAL / "make_data.py"), str(tmp_path)], check=True, timeout=120)
    for name in MADE:
        assert filecmp.cmp(tmp_path / name, EAL / name, shallow=False), name


def test_the_counts_are_the_published_ones() -> None:
    pupils = pd.read_csv(EAL / "data" / "pupils.csv", dtype=str, keep_default_na=False)
    schools = pd.read_csv(EAL / "data" / "schools.csv", dtype=str, keep_default_na=False)
    assert (len(pupils), int((pupils["EAL"] == "Yes").sum()), len(schools)) == (5340, 1505, 71)
    assert (schools["Arm"] == "Training").sum() == 38
    assert schools["Science teachers"].astype(int).sum() == 223


def test_it_says_that_the_data_are_simulated() -> None:
    plan = load_evaluation(EAL).plan
    assert plan.data is not None
    assert "made up by a computer program" in (plan.data.synthetic or "")
    assert "simulated" in (EAL / "README.md").read_text(encoding="utf-8")


def test_the_files_are_in_order() -> None:
    study = load_evaluation(EAL)
    assert study.plan.data is not None
    checked = check_files(study, study.plan.data.files)
    assert checked.ok, [issue.message for issue in checked.issues]


def test_the_kept_results_are_reproduced() -> None:
    outcome = verify(EAL)
    assert outcome.reproduced, outcome.differences[:5]


def test_the_notebook_is_committed_without_output_and_runs(tmp_path: Path) -> None:
    notebook = nbformat.read(EAL / "notebook.ipynb", as_version=4)
    assert not [cell for cell in notebook.cells if cell.cell_type == "code" and (cell.outputs or cell.execution_count)]
    long = "ek.analyse(scores, evaluation)"  # ten seconds, and made again by the test above
    assert sum(long in cell.source for cell in notebook.cells) == 1
    for cell in notebook.cells:
        cell.source = cell.source.replace(long, 'ek.load_results("results.json")')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path))
        NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(EAL)}}).execute()
    shown = str([output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs])
    assert "report.html" in shown


def test_star_lands_on_the_published_magnitude() -> None:
    rows = load_results(STAR / "results.json").estimates
    small = rows[(rows["contrast"] == "small - regular") & (rows["outcome"] == "total")]
    primary = small[(small["inquiry"] == "effect") & (small["estimator"] == "multilevel")].iloc[0]
    assert 0.15 < primary["effect_size"] < 0.25
    assert primary["es_low"] > 0
    ordinary = small[small["estimator"] == "ols_cr2"].iloc[0]
    assert round(ordinary["estimate"], 2) == 13.90  # Stock and Watson (2007), table 13.1


def test_star_without_its_rows_says_how_to_get_them(tmp_path: Path) -> None:
    for name in ("evaluation.yaml", "results.json"):
        (tmp_path / name).write_bytes((STAR / name).read_bytes())
    with pytest.raises(UploadError, match=r"export_data\.R"):
        verify(tmp_path)
