"""One hub's or trust's own figures beside the programmes in which its schools take part."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from evalkit.analysis.place_results import place_results
from evalkit.cli import app
from evalkit.errors import DesignError, SpecError
from evalkit.portfolio.own_figures import NO_PART
from evalkit.records.portfolio import Portfolio
from evalkit.records.published import published_portfolio
from evalkit.report.sections_own_figures import own_figures
from evalkit.road import run
from evalkit.road_hub_list import places_of
from evalkit.road_own_figures import compare_for
from evalkit.road_places import load_run
from evalkit.scoring.score import score
from tests.unit.analysis.test_place_results import pupils
from tests.unit.test_road_places import PLAN

HUBS = ("URN,School,Hub,Trust", *(f"90000{one},S{one},{'North' if one < 3 else 'South'},Oak" for one in range(7)))


@pytest.fixture(scope="module")
def programmes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made: dict[str, Path] = {}
    for name, sizes in (("one", [12, 20, 30, 15, 40, 14, 6, 11]), ("two", [15, 15, 15, 15, 15, 15])):
        folder = tmp_path_factory.mktemp(name)
        data = pupils(sizes).rename(columns={"pre": "Before", "post": "After", "school": "School"})
        if name == "two":
            data["School"] = data["School"].replace({"S0": "A", "S1": "B", "S2": "C"})
        data.insert(0, "Pupil code", [f"P{one:03d}" for one in range(len(data))])
        data[["Pupil code", "School", "Before", "After"]].round(1).to_csv(folder / "pupils.csv", index=False)
        (folder / "hubs.csv").write_text("\n".join(HUBS))
        plan = PLAN.replace("id: schools", f"id: {name}").replace("name: Reading programme", f"name: Programme {name}")
        (folder / "evaluation.yaml").write_text(plan.replace("data: {", "data: {hubs: {path: hubs.csv}, "))
        run(folder, to=folder)
        made[name] = folder
    return made


@pytest.fixture(scope="module")
def north(programmes: dict[str, Path]) -> Portfolio:
    return compare_for(list(programmes.values()), level="hub", place="north")


def test_a_place_stands_where_its_schools_take_part(north: Portfolio):
    assert (north.level, north.place) == ("hub", "North")
    one, two = north.own.to_dict("records")
    assert (one["status"], one["n"], one["schools"], one["outcome"]) == ("ok", 62, 3, "reading")
    assert one["group"] == north.rows["group"].iloc[0]
    assert (two["status"], two["reason"]) == ("takes_no_part", NO_PART)
    again = Portfolio.from_json(north.to_json())
    assert again.to_json() == north.to_json()
    assert published_portfolio(north, "internal").own.equals(north.own)


def test_figures_are_in_the_programmes_standard_deviations(programmes: dict[str, Path], north: Portfolio):
    ran = load_run(programmes["one"])
    scores = score(ran.release, ran.study)
    records = place_results(scores, ran.study, level="hub", places=places_of(scores, ran.study))
    figure = next(one for one in records if one.place == "North").figures[0]
    row, whole = north.own.iloc[0], north.rows.iloc[0]
    assert row["size"] == pytest.approx(figure.value / figure.spread)
    assert row["beside_low"] == pytest.approx(figure.beside_low / figure.spread)
    table = ran.results.estimates
    change = float(table.loc[table["inquiry"] == "change", "estimate"].iloc[0])
    assert change / figure.spread == pytest.approx(whole["effect_size"], rel=0.03)  # Hedges' correction apart


def test_the_page_says_what_may_be_read_and_why_nothing_is_averaged(north: Portfolio, programmes: dict[str, Path]):
    told = " ".join(str(block) for block in own_figures(north))
    assert "## Your hub in these programmes" in told
    assert "Programme two: None of your schools is in the data of this programme." in told.replace("\\", "")
    both = compare_for(list(programmes.values()), level="trust", place="Oak")
    told = " ".join(str(block) for block in own_figures(both))
    assert "These figures are not averaged over programmes" in told
    assert "your trust beside the programme" in told


def test_names_and_options(programmes: dict[str, Path]):
    folders = [str(one) for one in programmes.values()]
    with pytest.raises(DesignError, match=r"in a hub called Nort\. Is North meant\?"):
        compare_for(folders, level="hub", place="Nort")
    with pytest.raises(SpecError, match="Give one of them"):
        CliRunner().invoke(app, ["compare", *folders, "--hub", "a", "--trust", "b"], catch_exceptions=False)
    with pytest.raises(SpecError, match="goes with --hub or --trust"):
        CliRunner().invoke(app, ["compare", *folders, "--list", "hubs.csv"], catch_exceptions=False)
    done = CliRunner().invoke(app, ["compare", *folders, "--hub", "North"])
    assert done.exit_code == 0
    assert "North, in standard deviations beside the average hub:" in done.output
