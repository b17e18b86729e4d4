"""The example of docs/how-to/add-an-instrument.md is a file that loads and scores as it says."""

import re
from pathlib import Path

import pandas as pd
import pytest

import evalkit
from evalkit.records.instrument import Instrument, load_instrument
from evalkit.scoring.score import score_items

PAGE = Path(evalkit.__file__).parent.parent / "docs" / "how-to" / "add-an-instrument.md"


@pytest.fixture
def example(tmp_path: Path) -> Instrument:
    found = re.search(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert found
    folder = tmp_path / "instruments" / "school_climate5"
    folder.mkdir(parents=True)
    (folder / "instrument.yaml").write_text(found.group(1), encoding="utf-8")
    return load_instrument("school_climate5", beside=tmp_path)


def test_the_example_loads_and_its_case_comes_out(example: Instrument) -> None:
    (case,) = example.tests
    assert score_items(pd.DataFrame([case.answers]), example)["total"].tolist() == [case.expect["total"]]
    assert example.range_of("total") == (1, 5)
    assert example.items_of("total") == ("q1", "q2", "q3", "q4", "q5")
    assert not example.validated


def test_the_example_follows_its_own_advice(example: Instrument) -> None:
    assert all(2 <= len(item.label.split()) <= 5 for item in example.items)
