"""The trial report as a whole: every kind of trial, in every format, with the same numbers."""

import html
import re
import shutil
import subprocess
import zipfile
import zlib
from pathlib import Path

import pytest

from evalkit.errors import ReportError
from evalkit.records.checklist import load_checklists
from evalkit.report.render import own_template, render, render_all, report_name, template_path
from tests.golden.sample import sample
from tests.golden.trial_branches import CASES, case
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


def words_of(place: Path) -> str:
    """All the text of a document of any format, with single spaces."""
    if place.suffix == ".html":
        return text_of(place)
    if place.suffix == ".docx":
        with zipfile.ZipFile(place) as packed:
            xml = packed.read("word/document.xml").decode("utf-8")
        return " ".join(html.unescape(re.sub(r"<[^>]+>", "", re.sub(r"</w:p>|</w:tc>", " ", xml))).split())
    return " ".join(pdf_text(place).split())


def pdf_text(place: Path) -> str:
    program = shutil.which("pdftotext")
    if program is None:
        pytest.skip("no pdftotext on the path")
    return subprocess.run([program, "-raw", str(place), "-"], capture_output=True, text=True, check=True).stdout


def pdf_pages(place: Path) -> int:
    """Pages of a PDF whose objects may be packed."""
    packed = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", place.read_bytes(), flags=re.DOTALL)
    parts = [place.read_bytes()]
    for one in packed:
        try:
            parts.append(zlib.decompress(one))
        except zlib.error:
            continue
    return sum(len(re.findall(rb"/Type\s*/Page\b", part)) for part in parts)


def test_numbers_are_equal_in_all_formats(made: dict[str, Path]) -> None:
    texts = {name: words_of(place).replace("\u200b", "") for name, place in made.items()}
    body = re.sub(r"(?s)^.*How sure are we\?", "", texts["html"])
    body = body[: body.index("Technical appendix")]
    numbers = set(re.findall(r"[−+]?\d[\d,]*\.\d+|\d+,\d{3}|\d+%", body))
    assert len(numbers) > 200
    for name in ("pdf", "docx"):
        squeezed = texts[name].replace(" ", "").replace("\xad", "")
        assert [one for one in sorted(numbers) if one not in squeezed] == [], name


def test_no_heading_stands_without_text_under_it(made: dict[str, Path]) -> None:
    page = made["html"].read_text(encoding="utf-8")
    assert not re.search(r"</h3>\s*(?:</section>|<h[123]\b)", page)


def test_formulas_are_shown_as_formulas(made: dict[str, Path]) -> None:
    page = made["html"].read_text(encoding="utf-8")
    assert page.count("<math") > 10
    assert "$$" not in text_of(made["html"])
    with zipfile.ZipFile(made["docx"]) as packed:
        assert b"<m:oMath>" in packed.read("word/document.xml")


def test_every_picture_of_the_page_has_words(made: dict[str, Path]) -> None:
    page = made["html"].read_text(encoding="utf-8")
    pictures = re.findall(r"<svg [^>]*>", page)
    assert len(pictures) == 8
    assert all(re.search(r'role="img" aria-label="[^"]{40,}"', one) for one in pictures)
    with zipfile.ZipFile(made["docx"]) as packed:
        xml = packed.read("word/document.xml").decode("utf-8")
    assert len(re.findall(r'<wp:docPr [^>]*descr="[^"]{40,}"', xml)) == 8


def test_the_eef_headings_are_there_in_order(made: dict[str, Path]) -> None:
    page = made["html"].read_text(encoding="utf-8")
    headings = re.findall(r"<h[23][^>]*>(.*?)</h[23]>", page)
    order = [
        "For the evaluator: the trial", "Sample size", "Who was lost", "The groups at the start", "Scores by group",
        "Groups of pupils", "Later outcomes", "Would another method say the same?", "What is missing",
        "What was delivered, and what it did where it was taken up", "Security", "What Works Clearinghouse", "Cost",
        "Published elsewhere",
        "Technical appendix", "The plan and what was changed", "The CONSORT checklist", "Files and versions",
    ]  # fmt: skip
    after = headings[headings.index(order[0]) :]
    places = [after.index(one) for one in order]
    assert places == sorted(places)


def test_what_was_not_handed_in_is_said(tmp_path: Path) -> None:
    text = text_of(render(trial(bare=True), to=tmp_path / "bare.html", renderer="embedded"))
    assert text.count("not supplied") > 5
    assert "No padlocks, because the trial has not been rated." in text
    assert not re.search(r"\bmonths? of progress \(", text)


@pytest.mark.parametrize("kind", ["all hidden", "bare, individual, three arms"])
def test_other_kinds_of_trial_are_laid_out(kind: str, tmp_path: Path) -> None:
    for place in render_all(case(kind), folder=tmp_path, renderer="embedded"):
        assert place.stat().st_size > 20_000


@pytest.mark.parametrize("kind", ["three arms", "all hidden", "before and after"])
def test_the_brief_is_one_page(kind: str, tmp_path: Path) -> None:
    results = case(kind) if kind in CASES else sample()
    place = render(results, to=tmp_path / "brief.pdf", template="brief", renderer="embedded")
    assert pdf_pages(place) == 1


def test_the_count_of_pages_can_tell(made: dict[str, Path]) -> None:
    assert pdf_pages(made["pdf"]) > 10


def test_a_brief_that_cannot_fit_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "own.qmd"
    own.write_text(f"---\ntitle: Long\none-page: true\n---\n\n{'Far too many words for a page. ' * 1500}\n")
    with pytest.raises(ReportError, match="one page cannot hold this document"):
        render(trial(), to=tmp_path / "own.pdf", template=own, renderer="embedded")


def test_reading_age_of_the_plain_part(made: dict[str, Path]) -> None:
    from tests.unit.report.test_reading_age import OLDEST, page_prose, reading_age, template_prose

    page = made["html"].read_text(encoding="utf-8")
    plain = page[: page.index("For the evaluator: the trial")]
    prose = page_prose(plain)
    assert len(prose) > 30
    assert reading_age(prose) <= OLDEST
    assert reading_age(template_prose(template_path("trial"))) <= OLDEST


def test_technical_words_stay_out_of_the_plain_part(made: dict[str, Path]) -> None:
    page = made["html"].read_text(encoding="utf-8")
    plain = " ".join(re.sub(r"<[^>]+>", " ", page[: page.index("For the evaluator: the trial")]).split()).lower()
    plain = plain[plain.index("<body") if "<body" in plain else 0 :]
    for word in (
        "intention to treat",
        "kenward",
        "random effect",
        "covariate",
        "odds ratio",
        "imputation",
        "regression",
    ):
        assert word not in plain, word


def test_every_place_that_the_checklist_names_is_a_heading() -> None:
    template = template_path("trial").read_text(encoding="utf-8")
    headings = set(re.findall(r"^#{2,3} (.*)$", template, flags=re.MULTILINE))
    lists = load_checklists()
    places = {item.place for one in (lists.consort, lists.tidier) for item in one.items if item.place}
    assert places - headings <= {"Groups of pupils"}  # a heading that the findings bring along
    assert len(places) > 8
