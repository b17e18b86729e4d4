"""Examples with comparison groups: data from the seeded script, results reproduced, notebooks that run."""

import runpy
import sys
from pathlib import Path

import nbformat
import pytest

from evalkit.records.evaluation import load_evaluation
from evalkit.records.results import load_results
from evalkit.road import verify
from evalkit.shipped import shipped

ANALYSES = shipped("analyses")
PLANS = (
    "bengeworth-programmes/talkabout",
    "bengeworth-programmes/top-dog",
    "bengeworth-programmes/rapid-read",
    "knowsley-literacy",
    "excellence-for-everyone",
)
FOLDERS = ("bengeworth-programmes", "knowsley-literacy", "excellence-for-everyone")


@pytest.mark.parametrize("name", PLANS)
def test_the_kept_results_are_reproduced(name: str) -> None:
    outcome = verify(ANALYSES / name)
    assert outcome.reproduced, outcome.differences[:5]
    assert outcome.changed_input == ""


@pytest.mark.parametrize("name", FOLDERS)
def test_the_script_makes_the_committed_files_again(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["make_data.py", str(tmp_path)])
    runpy.run_path(str(ANALYSES / name / "make_data.py"), run_name="__main__")
    made = sorted(tmp_path.rglob("*.csv"))
    assert made
    for file in made:
        kept = ANALYSES / name / file.relative_to(tmp_path)
        kept = kept if kept.exists() else ANALYSES / name / "data" / file.name
        assert file.read_text(encoding="utf-8") == kept.read_text(encoding="utf-8"), file.name


@pytest.mark.parametrize("name", FOLDERS)
def test_it_says_that_the_data_are_simulated(name: str) -> None:
    assert "**The data in this folder are simulated.**" in (ANALYSES / name / "README.md").read_text(encoding="utf-8")
    for plan in (one for one in PLANS if one.startswith(name)):
        data = load_evaluation(ANALYSES / plan).plan.data
        assert data is not None
        assert "A computer program drew every" in (data.synthetic or "")


@pytest.mark.parametrize("name", FOLDERS)
def test_the_notebook_is_committed_without_output_and_runs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = nbformat.read(ANALYSES / name / "notebook.ipynb", as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not [cell for cell in cells if cell.outputs or cell.execution_count]
    monkeypatch.chdir(ANALYSES / name)
    names: dict[str, object] = {}
    for cell in cells:
        if "ek.render" in cell.source:
            continue  # seconds for each report; the report has its own tests
        exec(cell.source, names)  # as a notebook would, without the seconds that a kernel takes


def test_talkabout_shows_lords_paradox_and_knowsley_cannot_tell() -> None:
    talkabout = load_results(ANALYSES / "bengeworth-programmes" / "talkabout" / "results.json")
    assert {"baseline_too_far", "lord_paradox"} <= {one.kind for one in talkabout.caveats}
    knowsley = load_results(ANALYSES / "knowsley-literacy" / "results.json")
    main = knowsley.estimates.query("inquiry == 'effect' and estimator == 'ancova'").iloc[0]
    assert main["conf_low"] < 0 < main["conf_high"]
    assert (main["clusters_treated"], main["clusters_control"]) == (29, 29)
