"""The matched example against R: MatchIt's nearest neighbours, lm and clubSandwich, on the same file of pupils."""

import json
from functools import cache
from pathlib import Path

import pytest

from evalkit.records.results import Results, load_results
from tests.oracle.compare import compare

ROOT = Path(__file__).parents[2]
EXPECTED = json.loads((Path(__file__).parent / "expected" / "challenge_the_gap.json").read_text(encoding="utf-8"))
SUBGROUPS = {
    "primary": "phase: primary",
    "secondary": "phase: secondary",
    "fsm_yes": "fsm: yes",
    "fsm_no": "fsm: no",
}
WHOLE = (
    "matched",
    "unadjusted",
    "regression",
    "matched_unadjusted",
    "matched_set",
    "ipw",
    "overlap",
)


@cache
def results() -> Results:
    return load_results(ROOT / "analyses" / "challenge-the-gap" / "results.json")


def row(inquiry: tuple[str, ...], estimator: str, subgroup: str = "all") -> dict[str, object]:
    frame = results().estimates
    chosen = frame["inquiry"].isin(inquiry) & (frame["estimator"] == estimator) & (frame["subgroup"] == subgroup)
    assert chosen.sum() == 1, (inquiry, estimator, subgroup)
    return {str(name): value for name, value in frame[chosen].iloc[0].items()}


@pytest.mark.parametrize("estimator", WHOLE)
def test_differences_are_those_of_matchit_and_clubsandwich(estimator: str) -> None:
    compare(row(("effect", "robustness"), estimator), EXPECTED[estimator])


@pytest.mark.parametrize("name", SUBGROUPS)
def test_groups_of_pupils(name: str) -> None:
    compare(row(("subgroup",), "matched", SUBGROUPS[name]), EXPECTED[name])


@pytest.mark.parametrize("inquiry", ["did_cr2", "pre_trend"])
def test_change_minus_change_and_the_trend_before(inquiry: str) -> None:
    named = "difference_in_differences" if inquiry == "did_cr2" else inquiry
    compare(row((named,), "did_cr2"), EXPECTED[inquiry])


def test_as_many_are_matched() -> None:
    table = results().displays["matching"].set_index("quantity")["number"]
    expected = EXPECTED["counts"]
    compare(table.to_dict(), {"n_treated": expected["n_treated"], "n_control": expected["n_control"]})
    assert table["matched_treated"] == table["matched_control"] == expected["matched"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_gaps_before_and_after_matching(when: str) -> None:
    love = results().displays["love"].set_index("variable")[when]
    compare(love.to_dict(), {name: abs(value) for name, value in EXPECTED["gaps"][when].items()})
