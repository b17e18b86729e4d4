"""A report must be readable at the age of 14: Flesch-Kincaid grade + 5, over the whole bank and over a whole page."""

import re
from pathlib import Path

import pytest

from evalkit.report.render import template_path
from tests.golden.branches import every_sentence

OLDEST = 14.0
textstat = pytest.importorskip("textstat")


def reading_age(sentences: list[str]) -> float:
    """Flesch-Kincaid grade + 5 of sentences taken together, each closed by a full stop."""
    text = "\n".join(one if one.rstrip().endswith((".", "”")) else f"{one}." for one in sentences)
    return float(textstat.textstat.flesch_kincaid_grade(text)) + 5


def test_reading_age_of_the_bank() -> None:
    assert reading_age(every_sentence()) <= OLDEST


def test_reading_age_rises_with_hard_words() -> None:
    hard = "Notwithstanding methodological heterogeneity, psychometric operationalisation necessitates triangulation."
    assert reading_age([hard]) > OLDEST


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
