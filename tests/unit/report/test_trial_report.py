"""The trial report as a whole: every kind of trial, in every format, with the same numbers."""

from pathlib import Path

import pytest

from evalkit.errors import ReportError
from evalkit.report.render import own_template, render, render_all, report_name
from tests.golden.sample import sample
from tests.golden.trial_sample import trial
from tests.unit.report.test_render import text_of

SMALL = 400_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("trial")
    return {path.suffix[1:]: path for path in render_all(trial(), folder=folder, renderer="embedded")}


def test_the_design_chooses_the_template() -> None:
    assert own_template(trial()) == "trial"
    assert own_template(sample()) == "programme"
    assert report_name(trial(), "brief") == "brief"
    assert report_name(trial(), "trial") == "report"
    assert report_name(trial(), "own/mine.qmd") == "mine"


def test_a_template_of_another_design_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"'trial' is not made for the design single_group_prepost\. Use programme"):
        render(sample(), to=tmp_path / "x.html", template="trial", renderer="embedded")
    with pytest.raises(ReportError, match="'programme' is not made for the design cluster_trial"):
        render(trial(), to=tmp_path / "x.html", template="programme", renderer="embedded")


def test_the_page_is_small_and_opens_with_what_matters(made: dict[str, Path]) -> None:
    assert made["html"].stat().st_size < SMALL
    text = text_of(made["html"])
    order = [
        "These data are simulated", "shown as context only", "scored higher on GCSE science", "schools drawn by chance",
        "How sure are we?", "What the trial found", "Who took part", "What to do next",
    ]  # fmt: skip
    places = [text.index(one) for one in order]
    assert places == sorted(places)
