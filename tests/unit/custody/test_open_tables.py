"""Results as tables to download: what the public profile rounds and leaves out."""

import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from evalkit.cli import app
from evalkit.custody.open_tables import open_tables, write_open_tables
from evalkit.errors import ReportError, SpecError
from evalkit.records.evaluation import load_evaluation
from evalkit.records.published import COUNTS
from evalkit.records.results import Results, load_results

ROOT = Path(__file__).parent.parent.parent.parent
PUBLIC = "public"
STANDARD = "standard"
EXAMPLES = ("keyham-resilience", "eal-mainstream-classroom")


@pytest.fixture(params=EXAMPLES)
def results(request: pytest.FixtureRequest) -> Results:
    return load_results(ROOT / "analyses" / request.param / "results.json")


def test_public_counts_of_pupils_are_multiples_of_five(results: Results) -> None:
    seen = 0
    for table in open_tables(results, PUBLIC).values():
        pupils = table
        if "level" in table:
            pupils = table[~table["level"].isin(["school", "class"])]
        for column in COUNTS & set(table.columns):
            numbers = pd.to_numeric(pupils[column], errors="coerce").dropna()
            assert (numbers % 5 == 0).all(), column
            seen += len(numbers)
    assert seen > 20


def test_public_degrees_of_freedom_do_not_tell_the_number_of_pupils(results: Results) -> None:
    shown = pd.to_numeric(open_tables(results, PUBLIC)["estimates"]["df"], errors="coerce").dropna()
    exact = results.estimates["df"].dropna()
    schools = results.estimates[["clusters_treated", "clusters_control"]].sum(axis=1)[exact.index]
    of_schools = (exact <= schools).to_numpy()  # a cluster trial's; interactions of pupils have thousands all the same
    assert shown[of_schools].round(3).tolist() == exact[of_schools].round(3).tolist()
    assert (shown[~of_schools] % 5 == 0).all()
    assert (exact[~of_schools] % 5 != 0).any()
    assert of_schools.any() == (results.plan.design == "cluster_trial")


def test_public_percentages_are_whole_and_rest_on_enough(results: Results) -> None:
    for name, table in open_tables(results, PUBLIC).items():
        for column in table.columns:
            if column == "percent" or column.endswith("_percent"):
                numbers = pd.to_numeric(table[column], errors="coerce").dropna()
                assert (numbers == numbers.round()).all(), (name, column)


def test_public_numbers_have_three_decimals(results: Results) -> None:
    for table in open_tables(results, PUBLIC).values():
        numbers = [cell for cell in table.to_numpy().ravel() if cell.replace(".", "").lstrip("-").isdigit()]
        assert all(len(cell.partition(".")[2]) <= 3 for cell in numbers)


def test_standard_tables_hold_the_results_as_they_are(results: Results) -> None:
    shown = open_tables(results, STANDARD)["estimates"]
    for column in ("estimate", "conf_low"):
        ok = results.estimates["status"] == "ok"
        numbers = pd.to_numeric(shown.loc[ok.to_numpy(), column], errors="coerce")
        expected = results.estimates.loc[ok, column].reset_index(drop=True)
        pd.testing.assert_series_equal(numbers.reset_index(drop=True), expected, check_names=False, rtol=1e-12)


def test_what_is_missing_has_its_symbol(results: Results) -> None:
    shown = open_tables(results, PUBLIC)["estimates"]
    for status, symbol in (("suppressed", "c"), ("not_estimated", "x")):
        rows = (results.estimates["status"] == status).to_numpy()
        assert set(shown.loc[rows, "estimate"]) <= {symbol}
    assert not {"nan", "None", "<NA>"} & set(shown.to_numpy().ravel())


def test_means_and_shares_on_few_are_withheld() -> None:
    table = pd.DataFrame(
        {"n": [7.0, 8.0, 22.0, 23.0], "mean": [1.0, 2.0, 3.0, 4.0], "percent": [50.0, 50.0, 50.4, 50.6],
         "count": [3.0, 4.0, 11.0, 12.0]}
    )  # fmt: skip
    results = replace(load_results(ROOT / "analyses" / EXAMPLES[0] / "results.json"), displays={"few": table})
    shown = open_tables(results, PUBLIC)["few"]
    assert shown["mean"].tolist() == ["c", "2", "3", "4"]
    assert shown["percent"].tolist() == ["c", "c", "c", "51"]
    assert shown["count"].tolist() == ["c", "c", "10", "10"]
    assert shown["n"].tolist() == ["5", "10", "20", "25"]


def test_the_folder_is_written_with_its_metadata(results: Results, tmp_path: Path) -> None:
    names = write_open_tables(results, PUBLIC, to=tmp_path / "tables")
    for name in names:
        table, meta = (pd.read_csv(tmp_path / "tables" / f"{name}{end}", dtype=str) for end in (".csv", ".meta.csv"))
        assert meta["col_name"].tolist() == list(table.columns)
        assert meta["label"].is_unique
    write_open_tables(results, PUBLIC, to=tmp_path / "tables")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("keep")
    with pytest.raises(ReportError, match="holds other files"):
        write_open_tables(results, PUBLIC, to=tmp_path / "other")


def test_the_command(tmp_path: Path) -> None:
    shutil.copy(ROOT / "analyses" / EXAMPLES[0] / "results.json", tmp_path)
    outcome = CliRunner().invoke(app, ["tables", str(tmp_path), "--to", str(tmp_path / "t"), "--profile", "public"])
    assert outcome.exit_code == 0, outcome.exception
    assert "anybody can download" in outcome.output
    assert (tmp_path / "t" / "estimates.meta.csv").is_file()


@pytest.mark.parametrize(("profile", "threshold"), [("internal", 5), ("standard", 10), ("public", 12)])
def test_a_profile_brings_its_threshold(study_folder: Path, profile: str, threshold: int) -> None:
    plan = study_folder / "evaluation.yaml"
    text = plan.read_text(encoding="utf-8")
    plan.write_text(text.replace("suppression_threshold: 10", f"disclosure_profile: {profile}"), encoding="utf-8")
    assert load_evaluation(study_folder).plan.suppression_threshold == threshold
    plan.write_text(f"{text}disclosure_profile: {profile}\n", encoding="utf-8")
    if threshold <= 10:
        assert load_evaluation(study_folder).plan.suppression_threshold == 10
    else:
        with pytest.raises(SpecError, match="The profile public needs at least 12"):
            load_evaluation(study_folder)
