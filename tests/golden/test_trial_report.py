"""Results of a trial give frozen words, table cells and figure data. `make_trial_report.py` freezes them anew."""

import json

import pytest

from tests.golden.make_trial_report import FROZEN, report_content

EXPECTED = json.loads(FROZEN.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def content() -> dict:
    return report_content()


@pytest.mark.parametrize("part", sorted(EXPECTED))
def test_content_is_frozen(content: dict, part: str) -> None:
    assert content[part] == EXPECTED[part]


def test_nothing_new_is_left_unfrozen(content: dict) -> None:
    assert set(content) == set(EXPECTED)
