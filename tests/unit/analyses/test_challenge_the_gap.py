"""The matched example: data from the script, published counts, results reproduced, the notebook runs."""

import filecmp
import subprocess
import sys
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

from evalkit.records.evaluation import load_evaluation
from evalkit.records.results import load_results
from evalkit.report.tables_comparison import matched_balance_table, matching_table
from evalkit.report.words_caveats import caveat_sentences
from evalkit.report.words_trial_groups import subgroup_sentences
from evalkit.road import verify
from evalkit.shipped import shipped

FOLDER = shipped("analyses") / "challenge-the-gap"


def test_the_script_makes_the_committed_file_again(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(FOLDER / "make_data.py"), str(tmp_path)], check=True, timeout=120)
    assert filecmp.cmp(tmp_path / "pupils.csv", FOLDER / "data" / "pupils.csv", shallow=False)


def test_the_counts_are_the_published_ones() -> None:
    pupils = pd.read_csv(FOLDER / "data" / "pupils.csv", dtype=str)
    own = pupils[pupils["Group"] == "Challenge the Gap"]
    assert (len(own), own["School"].nunique(), own["Cluster"].nunique()) == (1125, 75, 13)
    assert set(own.groupby("School").size()) == {15}


def test_it_says_that_the_data_are_simulated() -> None:
    plan = load_evaluation(FOLDER).plan
    assert plan.data is not None
    assert "made up by a computer program" in (plan.data.synthetic or "")
    assert "simulated" in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_the_kept_results_are_reproduced_and_hold_what_was_put_in() -> None:
    outcome = verify(FOLDER)
    assert outcome.reproduced, outcome.differences[:5]
    found = load_results(FOLDER / "results.json").estimates
    pupils = pd.read_csv(FOLDER / "data" / "pupils.csv", dtype=str)
    own = pupils[pupils["Group"] == "Challenge the Gap"]
    of = {"primary": 1.1, "secondary": -1.1}
    gains = own["Phase"].str.lower().map(of) * (own["FSM"] == "Yes")
    put_in = {f"phase: {name}": gains[own["Phase"].str.lower() == name].mean() for name in of}
    put_in |= {f"fsm: {name}": gains[own["FSM"].str.lower() == name].mean() for name in ("yes", "no")}
    put_in["all"] = gains.mean()
    for group, value in put_in.items():
        row = found[(found["subgroup"] == group) & found["inquiry"].isin(["effect", "subgroup"])].iloc[0]
        assert row["conf_low"] < value < row["conf_high"], group
    plain = found[found["estimator"] == "unadjusted"].iloc[0]
    assert plain["estimate"] < -0.5 < put_in["all"]  # those who joined had lower scores: matching takes that off


def test_its_report_speaks_in_words() -> None:
    results = load_results(FOLDER / "results.json")
    told = " ".join(caveat_sentences(results, "note"))
    assert "Nobody alike was found, or was still free, for 129 pupils (12%) with the programme." in told
    matching, balance = matching_table(results), matched_balance_table(results)
    assert matching is not None
    assert balance is not None
    assert "The same in partners | phase, free school meals" in " ".join(matching.markdown.split())
    assert balance.markdown.index("Everybody") < balance.markdown.index("Matched") < balance.markdown.index("Inverse")
    told = " ".join(subgroup_sentences(results))
    assert "above that of the comparison group for pupils whose phase is primary and below it for pupils whose" in told


def test_the_notebook_is_committed_without_output_and_runs(tmp_path: Path) -> None:
    notebook = nbformat.read(FOLDER / "notebook.ipynb", as_version=4)
    assert not [cell for cell in notebook.cells if cell.cell_type == "code" and (cell.outputs or cell.execution_count)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path))
        NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(FOLDER)}}).execute()
