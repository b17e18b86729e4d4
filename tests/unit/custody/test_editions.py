"""A later edition: what is remembered of the earlier ones, what is hidden beside them, what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from evalkit.cli import app
from evalkit.custody.editions import EDITIONS_FILE, edition_of, keep_edition, later_edition, read_editions
from evalkit.errors import ReportError, SpecError
from evalkit.records.results import Results, load_results

ANALYSES = Path(__file__).parents[3] / "analyses"


@pytest.fixture(scope="module")
def results() -> Results:
    kept = load_results(ANALYSES / "keyham-resilience" / "results.json")
    displays = {name: kept.displays[name] for name in ("answers", "means", "distribution")}
    return replace(kept, estimates=kept.estimates.head(30), displays=displays)


def more(results: Results, joined: int, *, of: str = "grit") -> Results:
    """So many pupils more with scores of one outcome."""
    models = results.models.copy()
    mine = models["outcome"] == of
    models.loc[mine, ["n_pre", "n_post", "n_linked"]] += joined
    return replace(results, models=models)


def test_the_same_again_is_shown_as_it_is_and_remembered_once(results: Results, tmp_path: Path) -> None:
    for _ in range(2):
        keep_edition(tmp_path, "public", edition_of(results, "public"))
    (before,) = read_editions(tmp_path, "public")
    again = later_edition(results, "public", [before])
    assert again.estimates.equals(results.estimates)
    assert all(again.displays[name].equals(results.displays[name]) for name in results.displays)
    assert read_editions(tmp_path, "standard") == ()


def test_what_is_remembered_are_numbers_of_pupils_as_they_were_printed(results: Results, tmp_path: Path) -> None:
    keep_edition(tmp_path, "public", edition_of(results, "public"))
    text = (tmp_path / EDITIONS_FILE).read_text(encoding="utf-8")
    tables = json.loads(text)["editions"][0]["tables"]
    assert not {"mean", "sd", "percent", "std_error", "reason"} & {one for t in tables.values() for one in t["columns"]}
    counts = {
        value
        for table in tables.values()
        for row in table["rows"]
        for name, value in zip(table["columns"], row, strict=True)
        if name in ("n", "count", "n_linked", "n_treated") and value is not None
    }
    assert counts
    assert all(value % 5 == 0 or value == 2.5 for value in counts)
    (tmp_path / EDITIONS_FILE).write_text("{}")
    with pytest.raises(SpecError, match="not the list of published numbers"):
        read_editions(tmp_path, "public")


@pytest.mark.parametrize("joined", [1, -2, 9])
def test_a_few_who_joined_or_left_stop_the_edition(results: Results, joined: int) -> None:
    before = [edition_of(results, "standard")]
    with pytest.raises(ReportError, match="Fewer than 10 pupils joined or left \\(grit\\)"):
        later_edition(more(results, joined), "standard", before)


def test_enough_who_joined_do_not_but_no_edition_of_long_ago_is_forgotten(results: Results) -> None:
    before = [edition_of(results, "standard"), edition_of(more(results, 12), "standard")]
    later_edition(more(results, 30), "standard", before)
    with pytest.raises(ReportError, match="joined or left"):
        later_edition(more(results, 1), "standard", before[::-1])


def test_a_row_on_a_few_more_pupils_loses_its_numbers(results: Results) -> None:
    estimates = results.estimates.copy()
    row = int(np.flatnonzero((estimates["inquiry"] == "change") & (estimates["status"] == "ok"))[0])
    estimates.loc[row, "n_treated"] += 2
    means = results.displays["means"].copy()
    one, other = means.index[means["mean"].notna()][:2]
    means.loc[one, "n"] += 1
    now = replace(results, estimates=estimates, displays={**results.displays, "means": means})
    shown = later_edition(now, "standard", [edition_of(results, "standard")])
    assert shown.estimates.loc[row, "status"] == "suppressed"
    assert "joined or left" in shown.estimates.loc[row, "reason"]
    assert shown.estimates.loc[row, ["estimate", "std_error", "conf_low", "p_value"]].isna().all()
    assert (shown.estimates["status"] == "suppressed").sum() == (estimates["status"] == "suppressed").sum() + 1
    assert np.isnan(shown.displays["means"].loc[one, "mean"])
    assert shown.displays["means"].loc[one, "n"] == means.loc[one, "n"]
    assert shown.displays["means"].loc[other, "mean"] == means.loc[other, "mean"]


def test_bands_that_one_pupil_left_are_hidden_together(results: Results) -> None:
    bands = results.displays["distribution"].copy()
    mine = bands.index[(bands["outcome"] == "self_efficacy") & (bands["wave"] == "pre")]
    bands.loc[mine[0], "count"] -= 1
    now = replace(results, displays={**results.displays, "distribution": bands})
    shown = later_edition(now, "standard", [edition_of(results, "standard")]).displays["distribution"]
    assert shown.loc[mine, ["count", "percent"]].isna().all(axis=None)
    others = bands.index.difference(mine)
    pd.testing.assert_frame_equal(shown.loc[others], bands.loc[others])


def test_the_commands_remember_beside_the_results(results: Results, tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(results.to_json(), encoding="utf-8")
    call = ["tables", str(tmp_path), "--to", str(tmp_path / "tables"), "--profile", "public"]
    assert CliRunner().invoke(app, call).exit_code == 0
    assert (tmp_path / EDITIONS_FILE).is_file()
    one = load_results(tmp_path / "results.json")
    (tmp_path / "results.json").write_text(more(one, 9).to_json(), encoding="utf-8")
    written = (tmp_path / "tables" / "models.csv").read_bytes()
    outcome = CliRunner().invoke(app, call)
    assert isinstance(outcome.exception, ReportError)
    assert "Let the earlier edition stand" in str(outcome.exception)
    assert (tmp_path / "tables" / "models.csv").read_bytes() == written
    (tmp_path / EDITIONS_FILE).unlink()
    assert CliRunner().invoke(app, call).exit_code == 0
