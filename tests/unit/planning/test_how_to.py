"""The how-to pages are true: their examples run and print what they say."""

import doctest
import re
from pathlib import Path

import pandas as pd

import evalkit
from evalkit.planning.randomise import randomise
from evalkit.records.allocation import RandomisationPlan
from evalkit.records.spec_file import parse_yaml, validate_spec

PAGES = Path(evalkit.__file__).parent.parent / "docs" / "how-to"


def test_the_numbers_on_the_page_of_planning_are_real():
    with pd.option_context("display.width", 200, "display.max_columns", 20):
        found = doctest.testfile(
            str(PAGES / "plan-a-trial.md"), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE
        )
    assert found.attempted > 8
    assert found.failed == 0


def test_the_plan_on_the_page_of_randomising_can_be_drawn(tmp_path):
    page = (PAGES / "randomise.md").read_text(encoding="utf-8")
    text = re.search(r"```yaml\n(.*?)```", page, flags=re.DOTALL)
    assert text is not None
    plan = validate_spec(parse_yaml(text.group(1), name="randomise.md"), RandomisationPlan)
    schools = pd.DataFrame(
        {
            "urn": [f"{place:06d}" for place in range(12)],
            "centre": ["North", "South", "West"] * 4,
            "ks2_mean": [100.0 + place for place in range(12)],
            "fsm_percent": [5.0 * place for place in range(12)],
        }
    )
    made = randomise(schools, plan, to=tmp_path)
    assert made.certificate.arms == {"programme": 6, "control": 6}
    assert set(made.balance["variable"]) == {"ks2_mean", "fsm_percent"}
