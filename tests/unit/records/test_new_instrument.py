"""The recipe for a scale of one's own: it loads as it is, and refuses what cannot be."""

from pathlib import Path

import pandas as pd
import pytest

from evalkit.errors import SpecError
from evalkit.records.instrument import Instrument, load_instrument
from evalkit.records.new_instrument import AnsweredBy, write_instrument
from evalkit.scoring.cases import case_problems
from evalkit.scoring.score import score_items


@pytest.mark.parametrize(
    ("items", "lowest", "highest", "answered_by"),
    [(5, 1, 5, "pupil"), (1, 0, 10, "staff"), (12, 1, 4, "student"), (200, -2, 2, "adult")],
)
def test_a_new_scale_loads_as_it_is_and_its_case_comes_out(
    tmp_path: Path, items: int, lowest: int, highest: int, answered_by: AnsweredBy
) -> None:
    path = write_instrument(
        "own_scale", folder=tmp_path, items=items, lowest=lowest, highest=highest, answered_by=answered_by
    )
    assert path == tmp_path / "instruments" / "own_scale" / "instrument.yaml"
    scale = load_instrument("own_scale", beside=tmp_path)
    assert (len(scale.items), scale.range_of("total"), scale.respondent) == (items, (lowest, highest), answered_by)
    assert not scale.validated
    assert all(2 <= len(item.label.split()) <= 5 for item in scale.items)
    assert case_problems(scale) == ()


def test_a_teacher_rated_scale_of_a_school_is_scored(tmp_path: Path) -> None:
    write_instrument("focus_at_work3", folder=tmp_path, items=3, lowest=1, highest=4, answered_by="staff")
    scale = load_instrument("focus_at_work3", beside=tmp_path)
    # (2 + 3 + 4) / 3 = 3; a blank leaves no score.
    table = pd.DataFrame({"q1": [2, 1], "q2": [3, 1], "q3": [4, None]})
    assert score_items(table, scale)["total"].tolist()[0] == 3
    assert score_items(table, scale)["total"].isna().tolist() == [False, True]


def edited(tmp_path: Path, old: str, new: str) -> Instrument:
    path = write_instrument("own_scale", folder=tmp_path)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return load_instrument("own_scale", beside=tmp_path)


def test_a_case_that_does_not_come_out_is_told(tmp_path: Path) -> None:
    # q3 reversed: 5 + 5 + 1 + 5 + 5 = 21, 21 / 5 = 4.2, and the file still says 5.
    (problem,) = case_problems(edited(tmp_path, "q2, q3, q4", "q2, -q3, q4"))
    assert problem.startswith("own_scale, case 1, score total: the file expects 5, evalkit finds 4.2.")


def test_a_case_that_should_give_no_score_is_told(tmp_path: Path) -> None:
    (problem,) = case_problems(edited(tmp_path, "expect: {total: 5}", "expect: {total: null}"))
    assert "the file expects no score, evalkit finds 5." in problem


def test_nothing_is_overwritten_and_all_problems_come_at_once(tmp_path: Path) -> None:
    path = write_instrument("own_scale", folder=tmp_path)
    before = path.read_text(encoding="utf-8")
    with pytest.raises(SpecError, match="there is such a folder already"):
        write_instrument("own_scale", folder=tmp_path, items=3)
    assert path.read_text(encoding="utf-8") == before
    with pytest.raises(SpecError) as caught:
        write_instrument("Own scale", folder=tmp_path, items=0, lowest=5, highest=5)
    assert len(caught.value.problems) == 3
    with pytest.raises(SpecError, match="rses10 is an instrument that comes with evalkit"):
        write_instrument("rses10", folder=tmp_path)
    assert not (tmp_path / "instruments" / "rses10").exists()
