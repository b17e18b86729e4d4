"""The analyses of published figures: reproduced from the plan alone, and what their README says."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from evalkit.records.evaluation import load_evaluation
from evalkit.records.results import load_results
from evalkit.road import verify
from evalkit.shipped import shipped

PUBLISHED = (
    "challenge-partners-2018",
    "challenge-partners-2019",
    "challenge-the-gap-staff",
    "getting-ahead-london",
    "growing-the-top",
    "mat-peer-review",
    "sharing-leading-practice",
)


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_kept_results_are_reproduced_from_the_plan(name):
    folder = shipped("analyses") / name
    outcome = verify(folder)
    assert outcome.reproduced, outcome.differences[:5]
    assert load_evaluation(folder).plan.only_figures
    assert (folder / "README.md").is_file()


def test_the_annual_report_of_2018():
    results = load_results(shipped("analyses") / "challenge-partners-2018" / "results.json")
    national = results.estimates[results.estimates["inquiry"] == "national"].set_index("outcome")
    row = national.loc["ofsted_improved"]
    assert (row["n_treated"], round(row["p_value"], 3)) == (65, 0.025)
    assert national.drop(index="ofsted_improved")["p_value"].isna().all()
    kinds = results.displays["findings"]["kind"].tolist()
    assert kinds.count("points_printed_as_percent") == kinds.count("counts_differ") == 2
    assert "count_is_another" in kinds


def test_what_staff_of_challenge_the_gap_said_needs_at_least_61_answers():
    results = load_results(shipped("analyses") / "challenge-the-gap-staff" / "results.json")
    assert set(results.displays["figures"]["fit_from"]) == {61}


def test_getting_ahead_london_prints_what_16_32_or_48_answers_give():
    results = load_results(shipped("analyses") / "getting-ahead-london" / "results.json")
    table = results.displays["figures"].set_index("outcome")
    assert set(table.loc[["motivated", "skills", "styles", "opportunities", "knowledge"], "fits"]) == {"16 32 48"}
    assert table.loc[["headship", "promoted"], "count"].tolist() == [12, 5]


def test_the_notebook_is_committed_without_output_and_runs(tmp_path: Path) -> None:
    folder = shipped("analyses") / "challenge-partners-2018"
    notebook = nbformat.read(folder / "notebook.ipynb", as_version=4)
    assert not [cell for cell in notebook.cells if cell.cell_type == "code" and (cell.outputs or cell.execution_count)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path))
        NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    shown = str([output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs])
    assert "points_printed_as_percent" in shown
    assert "report.html" in shown
