"""Cost, uptake and context of a trial, by hand."""

import math
from typing import Any

import pytest

from evalkit.analysis.trial_context import context
from evalkit.analysis.trial_cost import cost, cost_summary
from evalkit.analysis.trial_fidelity import fidelity, fidelity_summary
from evalkit.records.standards import load_standards
from tests.unit.analysis.trial_by_hand import sample_of
from tests.unit.analysis.trial_scores import make_trial_plan

COST = {
    "source": "the delivery team",
    "pupils": [200, 200, 200],
    "items": [
        {"name": "Training", "timing": "start_up", "amounts": [9000, 0, 0]},
        {"name": "Books", "timing": "recurring", "amounts": [1000, 1000, 1000]},
        {"name": "Tablets", "timing": "prerequisite", "amounts": [40000, 0, 0]},
    ],
    "staff_days": [10, 5, 3],
}
STANDARDS = load_standards().cost


def test_cost_item_by_item() -> None:
    table = cost(make_trial_plan("cluster", ["intervention", "control"], {"trial": {"cost": COST}}))
    assert table["name"].tolist() == ["Training", "Books", "Tablets"]
    assert table["total"].tolist() == [9000, 3000, 40000]
    assert table["share"].tolist()[:2] == [0.75, 0.25]
    assert math.isnan(table["share"].iloc[2])


def test_cost_per_pupil_and_year() -> None:
    table = cost_summary(make_trial_plan("cluster", ["intervention", "control"], {"trial": {"cost": COST}}), STANDARDS)
    found = {row["quantity"]: row for row in table.to_dict("records")}
    assert found["per_pupil_year"]["value"] == 20
    assert found["start_up_per_pupil_year"]["value"] == 15
    assert [found[f"per_pupil_year_{year}"]["value"] for year in (1, 2, 3)] == [50, 27.5, 20]
    assert found["staff_days_per_year"]["value"] == 6
    assert (found["rating"]["value"], found["rating"]["status"]) == (1, "V")


def test_no_cost_no_rows() -> None:
    plan = make_trial_plan("cluster", ["intervention", "control"], {})
    assert cost(plan).empty
    assert cost_summary(plan, STANDARDS).empty
    only = COST | {"items": [COST["items"][2]]}
    plan = make_trial_plan("cluster", ["intervention", "control"], {"trial": {"cost": only}})
    assert cost_summary(plan, STANDARDS).empty


def school(code: str, arm: str, sessions: float, pupils: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    return {"school": code, "arm": arm, "sessions": sessions}, [{"arm": arm, "school": code}] * pupils


def test_uptake_by_school() -> None:
    made = [
        school("A", "intervention", 12, 20), school("B", "intervention", 9, 30), school("C", "intervention", 4, 25),
        school("D", "intervention", 0, 4), school("E", "intervention", math.nan, 11),
        school("F", "control", 0, 50), school("G", "control", 3, 8),
    ]  # fmt: skip
    sample = sample_of([row for _, rows in made for row in rows], schools=[one for one, _ in made])
    table = fidelity(sample)
    own = table[table["arm"] == "intervention"].set_index("band")
    assert own["schools"].to_dict() == {"0": 1, "more than 0, below 9": 1, "9 or more": 2, "not known": 1}
    assert math.isnan(own.loc["0", "pupils"])
    assert math.isnan(own.loc["not known", "pupils"]), "else 4 could be worked out"
    assert own.loc["9 or more", "pupils"] == 50
    summary = fidelity_summary(sample).set_index("arm")
    assert summary.loc["intervention", ["n_schools", "mean", "complied_percent"]].tolist() == [4, 6.25, 50]
    assert summary.loc["control", ["n_schools", "mean", "complied_percent"]].tolist() == [2, 1.5, 0]


def test_uptake_by_pupil_hides_few() -> None:
    rows = [
        *[{"arm": "intervention", "sessions": 10.0}] * 25, *[{"arm": "intervention", "sessions": 2.0}] * 15,
        *[{"arm": "control", "sessions": 0.0}] * 38, *[{"arm": "control", "sessions": 9.0}] * 2,
    ]  # fmt: skip
    sample = sample_of(rows, design="individual", schools=[])
    table = fidelity(sample).set_index(["arm", "band"])["pupils"]
    assert table["intervention", "9 or more"] == 25
    assert math.isnan(table["control", "9 or more"])
    assert math.isnan(table["control", "0"])
    summary = fidelity_summary(sample).set_index("arm")
    assert summary.loc["intervention", "complied_percent"] == pytest.approx(62.5)
    assert math.isnan(summary.loc["control", "complied_percent"])
    assert summary.loc["control", ["n_pupils", "mean"]].tolist() == [40, 18 / 40]


def test_yes_or_no_and_a_dose_without_a_level() -> None:
    compliance = [
        {"id": "trained", "label": "A teacher was trained", "kind": "yes_no"},
        {"id": "hours", "label": "Hours", "high": 6},
    ]
    schools = [
        {"school": "A", "arm": "intervention", "trained": 1.0, "hours": 6.0},
        {"school": "B", "arm": "intervention", "trained": 0.0, "hours": 2.0},
        {"school": "C", "arm": "control", "trained": 0.0, "hours": 0.0},
    ]
    rows = [{"arm": one["arm"], "school": one["school"]} for one in schools for _ in range(12)]
    sample = sample_of(rows, schools=schools, trial={"compliance": compliance})
    table = fidelity(sample)
    own = table[table["arm"] == "intervention"].groupby("compliance", sort=False)
    assert own.get_group("trained").set_index("band")["schools"].to_dict() == {"no": 1, "yes": 1}
    assert own.get_group("hours").set_index("band")["schools"].to_dict() == {
        "0": 0, "more than 0, below 2": 0, "2 or more, below 4": 1, "4 or more": 1,
    }  # fmt: skip
    summary = fidelity_summary(sample).set_index(["compliance", "arm"])
    assert summary.loc[("trained", "intervention"), "complied_percent"] == 50
    assert math.isnan(summary.loc[("hours", "intervention"), "complied_percent"])


def test_context() -> None:
    trial = {"context": [{"what": "Months", "value": "+1", "source": "the published report"}]}
    plan = make_trial_plan("cluster", ["intervention", "control"], {"trial": trial})
    assert context(plan).to_numpy().tolist() == [["Months", "+1", "the published report"]]
