"""A report for every school: each in its folder, only what changed is made again, one failure stops nobody."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from dask.distributed import Client, LocalCluster
from joblib import parallel_config
from typer.testing import CliRunner

from evalkit import road_schools
from evalkit.analysis.analyse import analyse
from evalkit.analysis.school_results import school_results
from evalkit.cli import app
from evalkit.errors import ReportError, SpecError
from evalkit.records.school_results import SchoolResults
from evalkit.road import run
from evalkit.road_schools import folder_names, write_reports
from tests.unit.analysis.comparison_scores import comparison_scores, hub_plan
from tests.unit.analysis.test_school_results import pupils


@pytest.fixture(scope="module")
def made():
    study, scores = comparison_scores(pupils([12, 20, 30, 15, 40]), hub_plan())
    return analyse(scores, study), school_results(scores, study)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Reports that are made at once, and the list of the schools for which they were; S1 fails while it is told to."""
    done: list[str] = []

    def render(school: SchoolResults, results: object, *, folder: Path, formats: list[str], **_: object) -> list[Path]:
        done.append(school.school)
        if school.name == "broken":
            raise ReportError("no font can show its name")
        if school.name == "unforeseen":
            raise ZeroDivisionError
        places = [folder / f"report.{one}" for one in formats]
        for place in places:
            place.write_text(school.to_json())
        return places

    monkeypatch.setattr(road_schools, "render_school", render)
    return done


def test_only_what_changed_is_made_again(made, quick: list[str], tmp_path: Path):
    results, schools = made
    first = write_reports(schools, results, to=tmp_path, formats=["html"])
    assert (first.made, first.kept, first.failed) == (("S0", "S1", "S2", "S3", "S4"), (), {})
    manifest = (tmp_path / "manifest.json").read_bytes()
    quick.clear()
    again = write_reports(schools, results, to=tmp_path, formats=["html"])
    assert (again.made, len(again.kept), quick) == ((), 5, [])
    assert (tmp_path / "manifest.json").read_bytes() == manifest
    (tmp_path / "S2/report.html").write_text("spoilt")
    changed = [replace(one, name="Oak") if one.school == "S4" else one for one in schools]
    assert write_reports(changed, results, to=tmp_path, formats=["html"]).made == ("S2", "S4")
    assert write_reports(changed, results, to=tmp_path, formats=["html", "pdf"]).made == first.made


def test_one_failure_stops_nobody_and_is_tried_again(made, quick: list[str], tmp_path: Path):
    results, schools = made
    bad = [replace(one, name={"S1": "broken", "S3": "unforeseen"}.get(one.school, one.name)) for one in schools]
    found = write_reports(bad, results, to=tmp_path, formats=["html"])
    assert found.made == ("S0", "S2", "S4")
    assert found.failed["S1"] == "no font can show its name"
    assert "Something went wrong inside evalkit (code" in found.failed["S3"]
    assert not (tmp_path / "S1").exists()
    assert json.loads((tmp_path / "manifest.json").read_text())["schools"]["S1"]["failure"]
    assert write_reports(schools, results, to=tmp_path, formats=["html"]).made == ("S1", "S3")


def test_what_was_made_before_a_kill_stands(made, monkeypatch: pytest.MonkeyPatch, quick: list[str], tmp_path: Path):
    results, schools = made
    monkeypatch.setattr(road_schools, "BLOCK", 2)
    killed = road_schools.make_block

    def dies(block: road_schools.Block) -> list[road_schools.Made]:
        if block.schools[0].school == "S2":
            raise KeyboardInterrupt
        return killed(block)

    monkeypatch.setattr(road_schools, "make_block", dies)
    with pytest.raises(KeyboardInterrupt):
        write_reports(schools, results, to=tmp_path, formats=["html"])
    monkeypatch.setattr(road_schools, "make_block", killed)
    found = write_reports(schools, results, to=tmp_path, formats=["html"])
    assert (found.kept, found.made) == (("S0", "S1"), ("S2", "S3", "S4"))


def test_a_school_that_left_has_no_folder_any_more(made, quick: list[str], tmp_path: Path):
    results, schools = made
    write_reports(schools, results, to=tmp_path, formats=["html"])
    (tmp_path / "notes").mkdir()
    write_reports(schools[:-1], results, to=tmp_path, formats=["html"])
    assert sorted(one.name for one in tmp_path.iterdir() if one.is_dir()) == ["S0", "S1", "S2", "S3", "notes"]
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(SpecError, match="not the list of schools' reports"):
        write_reports(schools, results, to=tmp_path, formats=["html"])


PLAN = """
schema: evalkit-evaluation/1
id: schools
title: Reading (synthetic data)
programme: {name: Reading programme, description: Twelve sessions}
design: single_group_prepost
arms: [{id: programme, label: Pupils in the programme}]
waves: [{id: pre, label: Before}, {id: post, label: After}]
measures:
  - {id: reading, label: Reading test, low: 0, high: 120, waves: {pre: [Before], post: [After]}, source: made up}
outcomes:
  - {id: reading, label: Reading, instrument: reading, score: value, role: primary, estimand: {
     population: pupils, contrast: after - before, measure: mean change, non_compliance: all, drop_out: left out,
     average: pupil}}
clusters: {school: {headers: [School]}}
data: {synthetic: Invented pupils, files: [{path: pupils.csv}]}
seed: 1
"""


def test_the_command_goes_the_whole_way(quick: list[str], tmp_path: Path):
    data = pupils([12, 20, 30, 15, 40]).rename(columns={"pre": "Before", "post": "After", "school": "School"})
    data.insert(0, "Pupil code", [f"P{one:03d}" for one in range(len(data))])
    data[["Pupil code", "School", "Before", "After"]].round(1).to_csv(tmp_path / "pupils.csv", index=False)
    (tmp_path / "evaluation.yaml").write_text(PLAN)
    command = ["report", str(tmp_path), "--all-schools"]
    assert "results" in str(CliRunner().invoke(app, command).exception)
    run(tmp_path, to=tmp_path)
    done = CliRunner().invoke(app, [*command, "--format", "html"])
    assert (done.exit_code, quick) == (0, ["S0", "S1", "S2", "S3", "S4"])
    assert "Schools: 5 made, 0 unchanged, 0 failed" in done.output
    assert "your" not in (tmp_path / "results.json").read_text()
    own = json.loads((tmp_path / "schools/S2/report.html").read_text())
    assert own["figures"][0]["n"] == 30
    (tmp_path / "evaluation.yaml").write_text(PLAN.replace("seed: 1", "seed: 2"))
    assert "another plan" in str(CliRunner().invoke(app, command).exception)
    assert "Leave --template out" in str(CliRunner().invoke(app, [*command, "--template", "brief"]).exception)


def test_folders_have_plain_names_and_never_the_same_one():
    names = folder_names(["123456", "St Mary's", "st marys", "ST MARY'S", "../..", "École"])
    assert names["123456"] == "123456"
    assert len({one.casefold() for one in names.values()}) == 6
    assert all(road_schools.PLAIN.fullmatch(one) for one in names.values())


@pytest.mark.filterwarnings("ignore")
def test_dask_makes_the_same_bytes(made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Dask's client as it is: whoever has one names it as joblib's backend, and nothing else changes."""
    results, schools = made
    monkeypatch.setattr(road_schools, "BLOCK", 1)
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None) as cluster,
        Client(cluster),
        parallel_config(backend="dask"),
    ):
        found = write_reports(schools[:2], results, to=tmp_path / "there", formats=["html"], workers=2)
    assert found.made == ("S0", "S1")
    monkeypatch.setattr(road_schools, "BLOCK", 20)
    write_reports(schools[:1], results, to=tmp_path / "here", formats=["html"])
    for name in ("report.html", "letter.html"):
        assert (tmp_path / "there/S0" / name).read_bytes() == (tmp_path / "here/S0" / name).read_bytes()
