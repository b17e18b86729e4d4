"""The report on measures: every questionnaire has its part; factor pictures where there are models, else reasons."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from evalkit.records.results import Caveat, Results, load_results
from evalkit.report.figure_loadings import loadings_data, loadings_figure
from evalkit.report.render import render
from evalkit.report.sections_brief import how_sure
from evalkit.report.sections_measures import meaning, models
from evalkit.report.tables_factor import fit_table, groups_table, invariance_table
from evalkit.report.tables_measure import norms_table
from evalkit.shipped import shipped


@pytest.fixture(scope="module")
def results() -> Results:
    return load_results(shipped("analyses") / "keyham-resilience" / "results.json")


@pytest.fixture(scope="module")
def with_models(results: Results) -> Results:
    """The same with a factor model of grit, as a larger sample would give it."""
    items = [(f"q{n}", f"Question {n}") for n in range(1, 5)]
    loadings = pd.DataFrame(
        [
            ("grit_s8.total", wave, "total", item, label, value + step)
            for wave, step in (("pre", 0.0), ("post", 0.05))
            for (item, label), value in zip(items, (0.7, 0.62, 0.31, 0.55), strict=True)
        ],
        columns=["scale", "wave", "factor", "item", "label", "loading"],
    )
    factors = results.displays["factors"].copy()
    grit = factors["scale"] == "grit_s8.total"
    factors.loc[grit, ["cfi", "tli", "rmsea", "rmsea_low", "rmsea_high", "srmr"]] = [0.961, 0.94, 0.05, 0.0, 0.09, 0.04]
    factors.loc[grit, ["estimator", "reason"]] = ["ML", ""]
    return replace(results, displays={**results.displays, "loadings": loadings, "factors": factors})


def test_the_picture_shows_the_loadings_and_says_how_many_are_clear(with_models: Results) -> None:
    data = loadings_data(with_models, "grit_s8.total")
    assert data["before"].tolist() == [0.7, 0.62, 0.31, 0.55]
    figure = loadings_figure(with_models, "grit_s8.total")
    assert figure is not None
    assert figure.alt.startswith("Grit: 3 of 4 questions go clearly with the scale")
    assert "Question 3: 0.31 before, 0.36 after" in figure.alt


def test_without_a_model_there_is_no_picture_but_a_reason(results: Results) -> None:
    assert loadings_figure(results, "grit_s8.total") is None
    table = fit_table(results)
    assert table is not None
    assert "a factor model needs at least" in table.markdown
    assert invariance_table(results) is not None
    assert groups_table(results) is None


def test_fit_is_told_to_three_places(with_models: Results) -> None:
    told = "".join(table.markdown for table in models(with_models))
    assert "0.961" in told
    assert "0.050" in told


def test_every_questionnaire_has_a_sentence_on_what_follows(results: Results) -> None:
    told = meaning(results).text
    assert all(word in told.casefold() for word in ("efficacy", "grit", "motivation"))


def test_doubts_take_back_that_figures_can_be_read_as_they_stand(with_models: Results) -> None:
    clean = replace(with_models, caveats=())
    assert "Answers to grit fit together well enough to compare groups, so its figures" in meaning(clean).text
    row = with_models.displays["invariance"].query("scale == 'grit_s8.total'").iloc[:1]
    moved = pd.concat([with_models.displays["invariance"], row.assign(step="scalar", holds="no")], ignore_index=True)
    marks = [
        Caveat("ceiling_reached", "warning", "grit", {"wave": "post", "percent": 24.0}),
        Caveat("not_validated", "warning", facts={"instrument": "grit_s8"}),
    ]
    told = meaning(replace(clean, caveats=tuple(marks), displays={**clean.displays, "invariance": moved})).text
    grit = next(line for line in told.splitlines() if "grit" in line)
    assert "well enough to compare groups. But its questions did not work in the same way" in grit
    assert "highest score" in grit
    assert "Not validated: nobody but its makers" in grit


def test_a_scale_that_nobody_has_tested_is_marked_in_the_brief(results: Results) -> None:
    mark = Caveat("not_validated", "warning", facts={"instrument": "grit_s8"})
    marked = how_sure(replace(results, caveats=(*results.caveats, mark)))
    assert any("Not validated" in getattr(one, "text", "") for one in marked)
    assert not any("Not validated" in getattr(one, "text", "") for one in how_sure(results))


@pytest.mark.parametrize("ending", ["html", "pdf"])
def test_the_report_is_made(with_models: Results, tmp_path: Path, ending: str) -> None:
    made = tmp_path / f"measures.{ending}"
    render(with_models, to=made, template="measures")
    assert made.stat().st_size > 20_000
    if ending == "html":
        text = made.read_text(encoding="utf-8")
        assert "How well the measures worked" in text
        assert "nan" not in text.split("</style>")[-1].casefold().split()


def test_published_means_stand_beside_ours_with_their_population(results: Results) -> None:
    table = norms_table(results)
    assert table is not None
    row = next(line for line in table.markdown.splitlines() if "German high schools" in line)
    mean = results.displays["means"].set_index(["outcome", "wave"]).loc[("self_efficacy", "pre"), "mean"]
    assert f"−{abs((mean - 29.68) / 4.03):.2f}" in row
    assert "29.7 (SD 4.0)" in row
