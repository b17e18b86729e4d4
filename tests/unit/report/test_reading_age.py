"""A report must be readable at the age of 14: Flesch-Kincaid grade + 5, over the whole bank and over a whole page."""

import html
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from evalkit.report.render import render, template_path
from tests.golden.branches import every_sentence
from tests.golden.sample import sample

OLDEST = 14.0
textstat = pytest.importorskip("textstat")


def reading_age(sentences: Sequence[str]) -> float:
    """Flesch-Kincaid grade + 5 of sentences taken together, each closed by a full stop."""
    text = "\n".join(one if one.rstrip().endswith((".", "”")) else f"{one}." for one in sentences)
    return float(textstat.textstat.flesch_kincaid_grade(text)) + 5


def test_reading_age_of_the_bank() -> None:
    assert reading_age(every_sentence()) <= OLDEST


def test_reading_age_rises_with_hard_words() -> None:
    hard = "Notwithstanding methodological heterogeneity, psychometric operationalisation necessitates triangulation."
    assert reading_age([hard]) > OLDEST


def test_reading_age_of_a_whole_page(tmp_path: Path) -> None:
    page = render(sample(), to=tmp_path / "report.html", renderer="embedded").read_text(encoding="utf-8")
    prose = page_prose(page)
    assert len(prose) > 50
    assert reading_age(prose) <= OLDEST


def page_prose(page: str) -> list[str]:
    """Paragraphs, list items and captions of a page; the list of sources quotes other people's titles and stays out."""
    body = page.split('<main id="report"')[1]
    body = re.sub(r"<svg.*?</svg>|<tbody.*?</tbody>|<thead.*?</thead>", " ", body, flags=re.DOTALL)
    body = re.sub(r">Where the measures come from</h3>.*?</ul>", " ", body, flags=re.DOTALL)
    found = re.findall(
        r"<(?:p|li|figcaption|caption)\b[^>]*>(.*?)</(?:p|li|figcaption|caption)>", body, flags=re.DOTALL
    )
    texts = [" ".join(html.unescape(re.sub(r"<[^>]+>", " ", one)).split()) for one in found]
    return [one for one in texts if one]


def template_prose(path: Path) -> list[str]:
    """The paragraphs that stand in a template itself."""
    body = path.read_text(encoding="utf-8").split("---\n", 2)[2]
    body = re.sub(r"^```.*?^```", "", body, flags=re.MULTILINE | re.DOTALL)
    paragraphs = [" ".join(part.split()) for part in body.split("\n\n")]
    return [part for part in paragraphs if part and not part.startswith(("#", "{{<", ":::"))]


def test_reading_age_of_the_template() -> None:
    prose = template_prose(template_path("programme"))
    assert len(prose) > 4
    assert reading_age(prose) <= OLDEST
