"""A school's page and letter: what a head reads, and that no other school is named."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from evalkit.analysis.analyse import analyse
from evalkit.analysis.place_results import place_results
from evalkit.errors import ReportError
from evalkit.records.place_results import PlaceFigure
from evalkit.report.execute_parent import CellChild
from evalkit.report.figure_place import place_data, place_figure
from evalkit.report.render import render
from evalkit.report.render_place import render_place
from evalkit.report.words_school import cautions, own_sentences, school_steps, short_sentences
from tests.unit.analysis.comparison_scores import comparison_scores, hub_plan
from tests.unit.analysis.test_place_results import pupils


@pytest.fixture(scope="module")
def made():
    data = pupils([12, 20, 30, 15, 40, 16, 6, 5, 18, 11, 11, 22])
    data["school"] = data["school"].replace({"S1": "St Mary's", "S2": "Oakfield"})
    study, scores = comparison_scores(data, hub_plan())
    return analyse(scores, study), {one.place: one for one in place_results(scores, study)}


def text_of(page: Path) -> str:
    body = re.sub(r"(?s)<style.*?</style>|<head.*?</head>", "", page.read_text(encoding="utf-8"))
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


@pytest.fixture(scope="module")
def child():
    with CellChild() as process:
        yield process


def test_the_page_has_the_school_beside_the_others_and_names_none_of_them(made, child: CellChild, tmp_path: Path):
    results, schools = made
    files = render_place(
        schools["St Mary's"], results, folder=tmp_path, formats=["html", "pdf"], renderer="embedded", child=child
    )
    assert [one.name for one in files] == ["report.html", "report.pdf", "letter.html", "letter.pdf"]
    for page in (tmp_path / "report.html", tmp_path / "letter.html"):
        text = text_of(page)
        assert "St Mary’s" in text or "St Mary's" in text
        assert "Oakfield" not in text
        assert "your 20 pupils went from" in text
        assert "without a comparison group" in text
    assert "no league table" in text_of(tmp_path / "report.html")
    assert (tmp_path / "letter.pdf").read_bytes().count(b"/Type /Page\n") <= 1


def test_a_school_after_another_gives_the_same_bytes(made, child: CellChild, tmp_path: Path):
    results, schools = made
    for name, school in (("a", "S0"), ("other", "S3"), ("b", "S0")):
        (tmp_path / name).mkdir()
        folder = tmp_path / name
        render_place(schools[school], results, folder=folder, formats=["html"], renderer="embedded", child=child)
    assert (tmp_path / "a/report.html").read_bytes() != (tmp_path / "other/report.html").read_bytes()
    assert (tmp_path / "a/report.html").read_bytes() == (tmp_path / "b/report.html").read_bytes()


def test_a_school_below_the_threshold_reads_why_there_are_no_figures(made):
    results, schools = made
    small = schools["S7"]
    told = own_sentences(results, small, small.figures[0])
    assert told == (
        "On reading there are no figures of your school. Too few pupils: numbers are shown only when they rest on 10 "
        "pupils or more."
    )
    assert place_figure(results, small) is None
    assert any("10 or more" in step for step in school_steps(results, small))
    told = " ".join([*cautions(results, small), *school_steps(results, small)])
    assert "likely range" not in told
    assert "by your own figures" not in told


def test_words_follow_the_interval(made):
    results, schools = made
    figure = PlaceFigure("reading", "change", 20, 50.0, 58.0, 6.0, 3.0, 9.0, 3.0, 0.5, 5.5, 52.0, 55.0, 3.0)
    told = own_sentences(results, schools["S0"], figure)
    assert told == (
        "On reading, your 20 pupils went from 50.0 to 58.0 points. In all schools together, pupils went from 52.0 to "
        "55.0. Allowing for chance, the change at your school is about +6.0 points (likely range 3.0 to 9.0). That is "
        "3.0 points above that of the average school (likely range 0.5 to 5.5 above). This change is above that of the "
        "average school, by more than chance alone would explain."
    )
    unclear = replace(figure, beside_low=-0.5)
    assert "cannot tell whether this change is above or below" in short_sentences(results, schools["S0"], unclear)
    less = replace(figure, beside=-3.5, beside_low=-6, beside_high=-1)
    assert "This change is below that of the average school" in short_sentences(results, schools["S0"], less)
    assert "3.5 points below that of the average school (likely range 1.0 to 6.0 below)" in own_sentences(
        results, schools["S0"], less
    )
    level = replace(figure, kind="level")
    assert "your pupils are 3.0 points above what we would expect" in own_sentences(results, schools["S0"], level)
    nowhere = replace(level, beside=0.02, beside_low=-0.6, beside_high=0.6)
    assert "in line with what we would expect of them (likely range 0.6 below to 0.6 above)" in own_sentences(
        results, schools["S0"], nowhere
    )
    above = replace(schools["S0"], figures=(figure,))
    assert any("Ask your staff what they did on reading" in one for one in school_steps(results, above))
    assert any("grow older" in one for one in cautions(results, above))


def test_the_picture_shows_the_school_and_unnamed_dots(made):
    results, schools = made
    [own] = place_data(results, schools["S0"])
    assert own.outcome == "reading"
    assert list(own.others) == sorted(own.others)
    assert own.beside not in own.others
    assert len(own.others) == sum(not one.figures[0].reason for one in schools.values()) - 1 == 7
    drawn = place_figure(results, schools["S0"])
    assert drawn is not None
    assert f"{len(own.others)} other schools, unnamed" in drawn.alt
    assert not re.search(r"S\d|Oakfield|Mary", drawn.alt + drawn.caption)


def test_the_templates_are_not_for_a_programme(made, tmp_path: Path):
    for template in ("school", "letter"):
        with pytest.raises(ReportError, match="--all-schools"):
            render(made[0], to=tmp_path / "a.html", template=template)
