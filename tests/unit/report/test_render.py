"""The verbs render and render_all, with the template that comes with evalkit."""

import re
import zipfile
from pathlib import Path

import pytest

from evalkit.errors import ReportError
from evalkit.records.results import Results
from evalkit.report.render import render, render_all, template_names, template_path
from tests.golden.sample import sample

SMALL = 400_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("report")
    places = render_all(sample(), folder=folder, renderer="embedded")
    return {path.suffix[1:]: path for path in places}


def text_of(page: Path) -> str:
    """The page's text without markup."""
    body = page.read_text(encoding="utf-8").split("<body>")[1]
    body = re.sub(r"<svg.*?</svg>", " ", body, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def test_all_three_formats(made: dict[str, Path]) -> None:
    assert made["html"].read_bytes().startswith(b"<!DOCTYPE html>")
    assert made["pdf"].read_bytes().startswith(b"%PDF")
    assert zipfile.is_zipfile(made["docx"])


def test_the_page_is_one_small_file_that_needs_no_network(made: dict[str, Path]) -> None:
    page = made["html"].read_text(encoding="utf-8")
    assert len(page.encode()) < SMALL
    assert not re.search(r'(?:src|href)="https?://', page.split("<body>")[0])
    assert not re.search(r'<(?:img|script|link|iframe)[^>]+(?:src|href)="http', page)


def test_the_page_opens_with_the_answer_and_then_the_checks(made: dict[str, Path]) -> None:
    text = text_of(made["html"])
    order = [
        "These data are made up", "cannot say that the programme caused this", "pupils answered before",
        "How sure are we?", "What changed", "What to do next", "For the evaluator", "How this report was made",
    ]  # fmt: skip
    places = [text.index(one) for one in order]
    assert places == sorted(places)


def test_the_page_claims_nothing_the_design_cannot_bear(made: dict[str, Path]) -> None:
    text = text_of(made["html"])
    assert not re.search(
        r"\bimpact\b|effect of the programme|\bproved\b|months of progress|\bnan\b", text, re.IGNORECASE
    )


def test_no_heading_stands_without_text_under_it(made: dict[str, Path]) -> None:
    page = made["html"].read_text(encoding="utf-8")
    assert re.search(r"</h3>", page)
    assert not re.search(r"</h2>\s*(?:</section>|<h[12]\b)|</h3>\s*(?:</section>|<h[123]\b)", page)


@pytest.mark.usefixtures("cells_in_their_own_process")
def test_same_bytes_on_a_second_run(made: dict[str, Path], tmp_path: Path) -> None:
    for again in render_all(sample(), folder=tmp_path, renderer="embedded"):
        assert again.read_bytes() == made[again.suffix[1:]].read_bytes(), again.suffix


def test_one_format(tmp_path: Path) -> None:
    place = render(sample(synthetic=None), to=tmp_path / "mine.html", renderer="embedded")
    assert place == tmp_path / "mine.html"
    assert "made up" not in text_of(place)


def every_kind_of_gap() -> Results:
    """Results in which much may not be shown and pupils were chosen by their scores."""
    return sample(
        n=12, lost=2, hidden=("grit", "self_efficacy", "motivation"), ratings={"measure": "weak", "size": "weak"}
    )


def test_a_report_full_of_gaps_still_reads(tmp_path: Path) -> None:
    text = text_of(render(every_kind_of_gap(), to=tmp_path / "gaps.html", renderer="embedded"))
    assert "Too few pupils answered both times to show how their self-efficacy and grit changed." in text


def test_an_unknown_template_lists_those_there_are() -> None:
    assert "programme" in template_names()
    with pytest.raises(ReportError, match=r"There is no template 'glossy'\. Use brief, .*programme"):
        template_path("glossy")


def test_a_template_of_ones_own(tmp_path: Path) -> None:
    own = tmp_path / "own.qmd"
    own.write_text(
        "---\ntitle: Mine\n---\n\n## Answer\n\n```{python}\nfrom evalkit.report.sections import answer_box\n"
        "answer_box(results)\n```\n",
        encoding="utf-8",
    )
    assert "self-efficacy rose" in text_of(
        render(sample(), to=tmp_path / "own.html", template=own, renderer="embedded")
    )


@pytest.mark.parametrize(("formats", "found"), [(["odt"], "'odt' is no format"), ([], "no format was named")])
def test_unknown_formats_are_refused(formats: list, found: str, tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=found):
        render_all(sample(), folder=tmp_path, formats=formats)
    assert list(tmp_path.iterdir()) == []
