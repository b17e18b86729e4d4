"""The commands: what they print, and their exit codes."""

import json
import re
import subprocess
import sys

import pandas as pd
import pytest
from typer.testing import CliRunner

from evalkit.cli import app
from evalkit.errors import DesignError

RUN = CliRunner()


def out(*words: object) -> str:
    found = RUN.invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found.output


def test_power():
    trial = ("power", "cluster", "--pupils", 15, "--icc", 0.17, "--json")
    assert round(json.loads(out(*trial, "--schools", 20))[0]["mdes"], 3) == 0.629
    assert round(json.loads(out(*trial, "--schools", 20, "--effect", 0.629))[0]["power"], 2) == 0.8
    assert json.loads(out(*trial, "--effect", 0.63, "--solve", "schools"))[0]["value"] == 20
    assert RUN.invoke(app, ["power", "cluster", "--solve", "schools"]).exit_code == 2
    with pytest.raises(DesignError):
        RUN.invoke(app, ["power", "cluster"], catch_exceptions=False)


def test_power_by_simulation_in_words_and_as_json():
    trial = (
        "power",
        "cluster",
        "--pupils",
        15,
        "--icc",
        0.17,
        "--schools",
        20,
        "--method",
        "simulation",
        "--draws",
        200,
    )
    trial = (*trial, "--method", "simulation")
    text = out(*trial, "--effect", 0.6)
    assert re.search(r"Power: \d\d\.\d% \(\d\d\.\d% to \d\d\.\d%\); by formula 76\.\d%", text)
    assert "200 simulated trials, seed 1." in text
    row = json.loads(out(*trial, "--effect", 0.6, "--json"))[0]
    assert f"Power: {row['power']:.1%}" in text
    assert f"Intervals that hold the true effect: {row['coverage']:.1%}" in text
    assert out(*trial).startswith("Smallest detectable effect: 0.")


def test_power_curve_and_its_plot(tmp_path):
    trial = ("power", "cluster", "--pupils", 15, "--icc", 0.17, "--effect", 0.4)
    rows = json.loads(out(*trial, "--curve", "20:60:20", "--json"))
    assert [row["value"] for row in rows] == [20, 40, 60]
    by_pupils = json.loads(out(*trial, "--schools", 40, "--solve", "pupils", "--curve", "10,30", "--json"))
    assert [(row["size"], row["value"]) for row in by_pupils] == [("pupils", 10), ("pupils", 30)]
    text = out(*trial, "--plot", tmp_path / "power.svg")
    assert f"{tmp_path / 'power.svg'}: Power to find an effect of 0.4 SD, by number of schools" in text
    assert (tmp_path / "power.svg").read_bytes().startswith(b"<?xml")
    for words in (("--curve", "20;30"), ("--curve", "a:b:c")):
        assert RUN.invoke(app, [str(word) for word in (*trial, *words)]).exit_code == 2
    assert RUN.invoke(app, ["power", "cluster", "--curve", "20"]).exit_code == 2
    assert RUN.invoke(app, ["power"]).exit_code == 2


def test_the_mdes_table_of_a_plan(tmp_path):
    out("new", "reading", "--design", "cluster_trial", "--to", tmp_path)
    path = tmp_path / "reading" / "evaluation.yaml"
    assumed = "  assumed:\n    - {stage: protocol, schools: 80, pupils: 60, icc: 0.15, covariates: 2}\n"
    path.write_text(path.read_text().replace("  analysis:", f"{assumed}  analysis:", 1))
    rows = {row["row"]: row["protocol_all"] for row in json.loads(out("power", "--table", path.parent, "--json"))}
    assert rows["schools"] == 80
    single = ("power", "cluster", "--schools", 80, "--pupils", 60, "--icc", 0.15, "--covariates", 2, "--json")
    assert rows["mdes"] == json.loads(out(*single))[0]["mdes"]
    assert "Minimum detectable effect size (MDES)" in out("power", "--table", path.parent)


def test_randomise_and_verify(schools, plan_file, tmp_path):
    schools.to_csv(tmp_path / "schools.csv", index=False)
    text = out("randomise", tmp_path / "schools.csv", "--plan", plan_file, "--to", tmp_path / "draw")
    assert "Drawn: 12 programme, 12 control." in text
    again = json.loads(
        out("randomise", tmp_path / "schools.csv", "--plan", plan_file, "--to", tmp_path / "draw", "--json")
    )
    assert again["draw"] == 2
    certificate = tmp_path / "draw" / "certificate-batch-1.json"
    listed = ("--schools", tmp_path / "schools.csv")
    same = "certificate-batch-1.json (batch 1: 12 programme, 12 control): the same allocation."
    assert same in out("verify", certificate, *listed)
    assert same in out("verify", tmp_path / "draw")
    schools.iloc[1:].to_csv(tmp_path / "schools.csv", index=False)
    found = RUN.invoke(app, ["verify", str(certificate), "--schools", str(tmp_path / "schools.csv"), "--json"])
    assert found.exit_code == 1
    changed = json.loads(found.output)["certificate-batch-1.json"]
    assert changed == {"verdict": "changed", "differences": ["The list has lost schools: 100000."]}
    assert RUN.invoke(app, ["verify", str(tmp_path), "--schools", str(certificate)]).exit_code == 2


def test_verify_reads_the_allocation_and_the_ledger_beside(schools, plan_file, tmp_path):
    folder = tmp_path / "draw"
    schools.to_csv(tmp_path / "schools.csv", index=False)
    out("randomise", tmp_path / "schools.csv", "--plan", plan_file, "--to", folder)
    file = folder / "allocation-batch-1.csv"
    allocation = pd.read_csv(file, dtype=str)
    first = allocation["school"] == "100000"
    allocation.loc[first, "arm"] = "control" if allocation.loc[first, "arm"].item() == "programme" else "programme"
    allocation.to_csv(file, index=False)
    found = RUN.invoke(app, ["verify", str(folder)])
    assert found.exit_code == 1
    assert "school that is in another arm: 100000" in found.output
    (folder / "certificate-batch-1.json").unlink()
    with pytest.raises(DesignError, match=r"the ledger names certificate-batch-1\.json, which"):
        RUN.invoke(app, ["verify", str(folder)], catch_exceptions=False)


def test_seal(study_folder):
    assert "as stated" in out("seal", study_folder, "--date", "2026-03-01")
    assert "The plan is as sealed." in out("seal", study_folder, "--check")
    path = study_folder / "evaluation.yaml"
    path.write_text(path.read_text().replace("seed: 1", "seed: 2"))
    assert json.loads(out("seal", study_folder, "--check", "--json")) == [
        {"key": "seed", "what": "Seed", "kind": "changed", "sealed": "1", "now": "2"}
    ]


def test_help_is_light():
    script = (
        "import sys\nfrom typer.testing import CliRunner\nfrom evalkit.cli import app\n"
        "assert CliRunner().invoke(app, ['power', '--help']).exit_code == 0\n"
        "assert not {'numpy', 'pandas', 'scipy'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], timeout=60).returncode == 0
