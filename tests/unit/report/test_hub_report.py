"""The page of a hub or a trust: what its lead reads, and who is named on it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from evalkit.analysis.analyse import analyse
from evalkit.analysis.place_results import place_results
from evalkit.analysis.school_places import school_places
from evalkit.records.place_results import Level, PlaceFigure, PlaceResults
from evalkit.records.results import Results
from evalkit.report.execute_parent import CellChild
from evalkit.report.figure_place import place_figure
from evalkit.report.render_place import render_place
from evalkit.report.words_hub import cautions, hub_steps, kept_back, own_sentences, schools_intro, taking_part
from evalkit.report.words_school import STEPS, school_steps
from tests.unit.analysis.comparison_scores import comparison_plan, comparison_scores, hub_plan
from tests.unit.analysis.test_place_results import pupils
from tests.unit.report.test_school_report import text_of

Made = tuple[Results, dict[tuple[Level, str], PlaceResults]]


@pytest.fixture(scope="module")
def made() -> Made:
    sizes = [12, 20, 30, 15, 40, 16, 6, 11, 18, 14, 13, 22, 15, 17, 19]
    study, scores = comparison_scores(pupils(sizes), hub_plan())
    known = school_places(scores, study.plan)
    places = replace(known, trusts=dict.fromkeys(["S0", "S1", "S6", "S9"], "Oak Trust"))
    levels: tuple[Level, ...] = ("hub", "trust")
    records = [one for level in levels for one in place_results(scores, study, level=level, places=places)]
    return analyse(scores, study), {(one.level, one.place): one for one in records}


@pytest.fixture(scope="module")
def child():
    with CellChild() as process:
        yield process


def test_a_hubs_page_names_no_school(made: Made, child: CellChild, tmp_path: Path):
    results, places = made
    hub = places["hub", "H1"]
    assert len(hub.figures[0].members) == 5
    files = render_place(hub, results, folder=tmp_path, formats=["html"], renderer="embedded", child=child)
    assert [one.name for one in files] == ["report.html"]
    text = text_of(tmp_path / "report.html")
    assert "pupils of your 5 schools went from" in text
    assert "5 schools of your hub are in the data" in text
    assert "dots without names" in text
    assert "without a comparison group" in text
    assert not re.search(r"\bS\d", (tmp_path / "report.html").read_text())


def test_a_trusts_page_names_schools_with_enough_pupils(made: Made, child: CellChild, tmp_path: Path):
    results, places = made
    trust = places["trust", "Oak Trust"]
    assert [one.name for one in trust.figures[0].members] == ["S1", "S9"]
    assert trust.figures[0].kept_back == 2
    render_place(trust, results, folder=tmp_path, formats=["html"], renderer="embedded", child=child)
    text = text_of(tmp_path / "report.html")
    assert "Each school of your trust stands here as on its own page." in text
    assert re.search(r"\bS1\b", text)
    assert not re.search(r"\bS6\b|\bS0\b", text)
    assert kept_back(results, trust) == [
        "On reading, 2 of your schools stand here without figures: a school with fewer than 10 pupils, or one from "
        "which such a school's figures could be worked out."
    ]


def test_words_follow_the_interval_and_the_level(made: Made):
    results, places = made
    figure = PlaceFigure("reading", "change", 80, 50.0, 58.0, 6.0, 3.0, 9.0, 3.0, 0.5, 5.5, 52.0, 55.0, 3.0, schools=4)
    hub = replace(places["hub", "H1"], figures=(figure,))
    assert own_sentences(results, hub, figure) == (
        "On reading, the 80 pupils of 4 of your 5 schools went from 50.0 to 58.0 points. In all schools together, "
        "pupils went from 52.0 to 55.0. Allowing for chance, the change in your hub is about +6.0 points (likely range "
        "3.0 to 9.0). That is 3.0 points above that of the average hub (likely range 0.5 to 5.5 above). This change is "
        "above that of the average hub, by more than chance alone would explain."
    )
    assert any("what they did on reading" in one for one in hub_steps(results, hub))
    unclear = replace(figure, beside_low=-0.5)
    assert own_sentences(results, hub, unclear).endswith(
        "We cannot tell whether this change is above or below that of the average hub."
    )
    hidden = PlaceFigure("reading", "change", reason="Too few pupils.")
    assert own_sentences(results, hub, hidden) == "On reading there are no figures of your hub. Too few pupils."
    assert place_figure(results, replace(hub, figures=(hidden,))) is None
    few = replace(hub, figures=(replace(figure, members=()),))
    assert "fewer than 5 of them" in schools_intro(few)


def test_a_hub_in_both_groups_of_a_comparison():
    data = pupils([15, 20, 30, 15, 40, 16, 20, 20, 12, 12]).rename(columns={"pre": "before", "post": "after"})
    data["arm"] = (data["school"].str[1].astype(int) % 2).to_numpy()
    study, scores = comparison_scores(data[["arm", "before", "after", "school"]], comparison_plan())
    known = school_places(scores, study.plan)
    hubs = {f"S{one}": "Mixed" if one < 5 else f"Odd {one % 2}" for one in range(10)}
    found = {one.place: one for one in place_results(scores, study, level="hub", places=replace(known, hubs=hubs))}
    results = analyse(scores, study)
    mixed = found["Mixed"]
    assert taking_part(results, mixed).endswith("3 in “Comparison group” and 2 in “Programme”.")
    assert "Pupils of all schools reached" in own_sentences(results, mixed, mixed.figures[0])
    assert "schools in more than one group" in cautions(results, mixed)[0]
    odd = taking_part(results, found["Odd 1"])
    assert odd == "3 schools of your hub are in the data of this evaluation, all in “Programme”."


def test_a_school_reads_that_its_hub_sees_its_name(made: Made):
    results, places = made
    data = results.plan.data
    assert data is not None
    agreed = data.model_copy(update={"hubs": type(data).model_validate({"hubs": {"schools_named": True}}).hubs})
    told = replace(results, plan=results.plan.model_copy(update={"data": agreed}))
    school = replace(places["hub", "H1"], level="school")
    assert STEPS["own_and_hub"] in school_steps(told, school)
    assert STEPS["own"] in school_steps(results, school)
