"""A report for every school: each in its folder, only what changed is made again, one failure stops nobody."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from dask.distributed import Client, LocalCluster
from joblib import parallel_config
from typer.testing import CliRunner

from evalkit import road_places
from evalkit.analysis.analyse import analyse
from evalkit.analysis.place_results import place_results
from evalkit.cli import app
from evalkit.custody.release import load_release
from evalkit.errors import ReportError, SpecError, UploadError
from evalkit.records.evaluation import load_evaluation
from evalkit.records.place_results import PlaceResults
from evalkit.road import run
from evalkit.road_hub_list import places_of
from evalkit.road_places import folder_names, write_reports
from evalkit.scoring.score import score
from tests.unit.analysis.comparison_scores import comparison_scores, hub_plan
from tests.unit.analysis.test_place_results import pupils


@pytest.fixture(scope="module")
def made():
    study, scores = comparison_scores(pupils([12, 20, 30, 15, 40]), hub_plan())
    return analyse(scores, study), place_results(scores, study)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Reports that are made at once, and the list of the schools for which they were; S1 fails while it is told to."""
    done: list[str] = []

    def render(school: PlaceResults, results: object, *, folder: Path, formats: list[str], **_: object) -> list[Path]:
        done.append(school.place)
        if school.name == "broken":
            raise ReportError("no font can show its name")
        if school.name == "unforeseen":
            raise ZeroDivisionError
        places = [folder / f"report.{one}" for one in formats]
        for place in places:
            place.write_text(school.to_json())
        return places

    monkeypatch.setattr(road_places, "render_place", render)
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
    changed = [replace(one, name="Oak") if one.place == "S4" else one for one in schools]
    assert write_reports(changed, results, to=tmp_path, formats=["html"]).made == ("S2", "S4")
    assert write_reports(changed, results, to=tmp_path, formats=["html", "pdf"]).made == first.made


def test_a_school_that_a_few_pupils_joined_keeps_its_earlier_reports(made, quick: list[str], tmp_path: Path):
    results, schools = made

    def joined(number: int, school: str = "S1"):
        grown = [tuple(replace(figure, n=figure.n + number) for figure in one.figures) for one in schools]
        return [
            replace(one, figures=figures) if one.place == school else one
            for one, figures in zip(schools, grown, strict=True)
        ]

    write_reports(schools, results, to=tmp_path, formats=["html"])
    page = (tmp_path / "S1/report.html").read_bytes()
    quick.clear()
    found = write_reports(joined(1), results, to=tmp_path, formats=["html"])
    assert (found.held, found.made, quick) == (("S1",), (), [])
    assert (tmp_path / "S1/report.html").read_bytes() == page
    assert write_reports(joined(10), results, to=tmp_path, formats=["html"]).made == ("S1",)
    assert write_reports(joined(1), results, to=tmp_path, formats=["html"]).held == ("S1",)  # the first page is known
    assert write_reports(joined(30), results, to=tmp_path, formats=["html"]).made == ("S1",)


def test_one_failure_stops_nobody_and_is_tried_again(made, quick: list[str], tmp_path: Path):
    results, schools = made
    bad = [replace(one, name={"S1": "broken", "S3": "unforeseen"}.get(one.place, one.name)) for one in schools]
    found = write_reports(bad, results, to=tmp_path, formats=["html"])
    assert found.made == ("S0", "S2", "S4")
    assert found.failed["S1"] == "no font can show its name"
    assert "Something went wrong inside evalkit (code" in found.failed["S3"]
    assert not (tmp_path / "S1").exists()
    assert json.loads((tmp_path / "manifest.json").read_text())["places"]["S1"]["failure"]
    assert write_reports(schools, results, to=tmp_path, formats=["html"]).made == ("S1", "S3")


def test_what_was_made_before_a_kill_stands(made, monkeypatch: pytest.MonkeyPatch, quick: list[str], tmp_path: Path):
    results, schools = made
    monkeypatch.setattr(road_places, "BLOCK", 2)
    killed = road_places.make_block

    def dies(block: road_places.Block) -> list[road_places.Made]:
        if block.places[0].place == "S2":
            raise KeyboardInterrupt
        return killed(block)

    monkeypatch.setattr(road_places, "make_block", dies)
    with pytest.raises(KeyboardInterrupt):
        write_reports(schools, results, to=tmp_path, formats=["html"])
    monkeypatch.setattr(road_places, "make_block", killed)
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


def test_pages_of_hubs_and_trusts_by_a_list(quick: list[str], tmp_path: Path):
    data = pupils([12, 20, 30, 15, 40, 14]).rename(columns={"pre": "Before", "post": "After", "school": "School"})
    data.insert(0, "Pupil code", [f"P{one:03d}" for one in range(len(data))])
    data[["Pupil code", "School", "Before", "After"]].round(1).to_csv(tmp_path / "pupils.csv", index=False)
    rows = [f"90000{one},S{one},{'North' if one < 3 else 'South'},{'Oak' if one in (1, 4) else ''}" for one in range(5)]
    listed = tmp_path / "list.csv"
    listed.write_text("\n".join(["URN,School,Hub,Trust", *rows]))
    (tmp_path / "evaluation.yaml").write_text(PLAN)
    run(tmp_path, to=tmp_path)
    command = ["report", str(tmp_path), "--format", "html"]
    assert "nobody says which hub" in str(CliRunner().invoke(app, [*command, "--all-hubs"]).exception)
    CliRunner().invoke(app, [*command, "--all-schools"])
    quick.clear()
    done = CliRunner().invoke(app, [*command, "--all-hubs", "--all-trusts", "--list", str(listed)])
    assert (done.exit_code, quick) == (0, ["North", "South", "Oak"])
    assert "Hubs: 2 made, 0 unchanged, 0 failed" in done.output
    assert "Not in any hub, so on no hub's page: S5." in done.output
    assert "were made when schools were in other hubs" in done.output
    south = json.loads((tmp_path / "hubs/South/report.html").read_text())
    assert (south["level"], south["figures"][0]["reason"][:22]) == ("hub", "Fewer than 3 schools o")
    oak = json.loads((tmp_path / "trusts/Oak/report.html").read_text())
    assert [one["name"] for one in oak["figures"][0]["members"]] == ["S1", "S4"]
    again = CliRunner().invoke(app, [*command, "--all-schools", "--list", str(listed)])
    assert again.exit_code == 0
    assert "other hubs" not in CliRunner().invoke(app, [*command, "--all-hubs", "--list", str(listed)]).output
    both = [*command, "--all-hubs", "--all-trusts", "--to", str(tmp_path / "hubs")]
    assert "--to names one folder" in str(CliRunner().invoke(app, both).exception)
    wrong = [*command, "--all-trusts", "--list", str(listed), "--to", str(tmp_path / "hubs")]
    assert "not the list of trusts' reports" in str(CliRunner().invoke(app, wrong).exception)
    listed.write_text("\n".join(["URN,School,Hub,Trust", *rows, "900001,S1,South,Oak"]))
    with pytest.raises(UploadError, match="does not say where each school belongs") as caught:
        places_of(
            score(load_release(tmp_path / "release"), load_evaluation(tmp_path)), load_evaluation(tmp_path), listed
        )
    assert "'S1' (URN 900001) is listed by 'North' and 'South'" in caught.value.problems[0]


def test_folders_have_plain_names_and_never_the_same_one():
    names = folder_names(["123456", "St Mary's", "st marys", "ST MARY'S", "../..", "École"])
    assert names["123456"] == "123456"
    assert len({one.casefold() for one in names.values()}) == 6
    assert all(road_places.PLAIN.fullmatch(one) for one in names.values())


@pytest.mark.filterwarnings("ignore")
def test_dask_makes_the_same_bytes(made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Dask's client as it is: whoever has one names it as joblib's backend, and nothing else changes."""
    results, schools = made
    monkeypatch.setattr(road_places, "BLOCK", 1)
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None) as cluster,
        Client(cluster),
        parallel_config(backend="dask"),
    ):
        found = write_reports(schools[:2], results, to=tmp_path / "there", formats=["html"], workers=2)
    assert found.made == ("S0", "S1")
    monkeypatch.setattr(road_places, "BLOCK", 20)
    write_reports(schools[:1], results, to=tmp_path / "here", formats=["html"])
    for name in ("report.html", "letter.html"):
        assert (tmp_path / "there/S0" / name).read_bytes() == (tmp_path / "here/S0" / name).read_bytes()
