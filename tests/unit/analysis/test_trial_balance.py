"""Balance by hand, and what is hidden of it."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evalkit.analysis.trial_balance import balance, baseline_gap
from evalkit.analysis.trial_sample import trial_sample
from tests.unit.analysis.trial_by_hand import sample_of
from tests.unit.analysis.trial_scores import make_trial

NAN = math.nan
FSM = [{"id": "fsm", "label": "Free school meals", "values": {"yes": "yes", "no": "no"}}]


def pupils(n: int, **row: Any) -> list[dict[str, Any]]:
    return [row] * n


def of(table: pd.DataFrame, sample: str, variable: str, arm: str, category: str = "") -> pd.Series:
    rows = table[
        (table["sample"] == sample) & (table["variable"] == variable) & (table["arm"] == arm)
        & (table["category"] == category)
    ]  # fmt: skip
    assert len(rows) == 1
    return rows.iloc[0]


def test_numbers_by_hand() -> None:
    rows = [
        *(row for value in (90.0, 100.0, 110.0, 120.0) for row in pupils(5, arm="intervention", baseline=value)),
        *(row for value in (80.0, 100.0, 120.0) for row in pupils(4, arm="control", baseline=value)),
        *pupils(3, arm="control", baseline=NAN),
    ]
    table = balance([sample_of(rows, design="individual", schools=[])], rounding=5)
    treated, control = (of(table, "analysed", "baseline", arm) for arm in ("intervention", "control"))
    assert (treated["n"], treated["n_missing"], treated["mean"]) == (20, 0, 105)
    assert (control["n"], control["n_missing"], control["mean"]) == (12, 3, 100)
    # Squares within: 5 (15^2 + 5^2 + 5^2 + 15^2) = 2500; 4 (20^2 + 0 + 20^2) = 3200; J = 1 - 3 / (4 * 30 - 1) nearly.
    assert treated["sd"] == pytest.approx(math.sqrt(2500 / 19))
    assert treated["std_difference"] == pytest.approx(0.97475 * 5 / math.sqrt(5700 / 30), abs=1e-4)
    assert math.isnan(control["std_difference"])


def test_categories_by_hand() -> None:
    rows = [
        *pupils(20, arm="intervention", fsm="yes"), *pupils(30, arm="intervention", fsm="no"),
        *pupils(15, arm="control", fsm="yes"), *pupils(45, arm="control", fsm="no"),
        *pupils(4, arm="control", fsm="not recorded"),
    ]  # fmt: skip
    table = balance([sample_of(rows, design="individual", schools=[], subgroups=FSM)], rounding=5)
    treated, control = (of(table, "randomised", "fsm", arm, "yes") for arm in ("intervention", "control"))
    assert (treated["count"], treated["percent"], treated["n"], treated["n_missing"]) == (20, 40, 50, 0)
    assert (control["count"], control["percent"], control["n"], control["n_missing"]) == (15, 25, 60, 4)
    pooled = math.sqrt((50 * 0.4 * 0.6 + 60 * 0.25 * 0.75) / 108)
    assert treated["std_difference"] == pytest.approx((1 - 3 / (4 * 108 - 1)) * 0.15 / pooled, rel=1e-4)
    other = of(table, "randomised", "fsm", "intervention", "no")
    assert other["std_difference"] == pytest.approx(-treated["std_difference"])
    assert table["variable"].tolist().count("left") == 0


def test_small_groups_are_hidden_with_their_complement() -> None:
    rows = [
        *pupils(6, arm="intervention", fsm="yes"), *pupils(30, arm="intervention", fsm="no"),
        *pupils(15, arm="control", fsm="yes"), *pupils(45, arm="control", fsm="no"),
    ]  # fmt: skip
    table = balance([sample_of(rows, design="individual", schools=[], subgroups=FSM)], rounding=5)
    for category in ("yes", "no"):
        treated = of(table, "analysed", "fsm", "intervention", category)
        assert treated[["count", "percent", "std_difference"]].isna().all()
    assert of(table, "analysed", "fsm", "control", "yes")["count"] == 15


def test_nobody_in_a_category_is_hidden_too() -> None:
    rows = [*pupils(40, arm="intervention", fsm="no"), *pupils(15, arm="control", fsm="yes")]
    table = balance([sample_of(rows, design="individual", schools=[], subgroups=FSM)], rounding=5)
    assert table[table["variable"] == "fsm"][["count", "percent"]].isna().all(axis=None)


def test_the_few_who_were_lost_cannot_be_told_apart() -> None:
    rows = [
        *pupils(20, arm="intervention", fsm="yes"), *pupils(30, arm="intervention", fsm="no"),
        *pupils(2, arm="intervention", fsm="yes", outcome=NAN), *pupils(1, arm="intervention", fsm="no", outcome=NAN),
        *pupils(15, arm="control", fsm="yes"), *pupils(45, arm="control", fsm="no"),
    ]  # fmt: skip
    for place, row in enumerate(rows):
        rows[place] = row | {"baseline": 90.0 + place % 7}
    table = balance([sample_of(rows, design="individual", schools=[], subgroups=FSM)], rounding=5)
    assert of(table, "analysed", "baseline", "intervention")["mean"] > 0
    hidden = of(table, "randomised", "baseline", "intervention")
    assert hidden["n"] == 53
    assert hidden[["mean", "sd", "std_difference"]].isna().all()
    yes, no = (of(table, "randomised", "fsm", "intervention", one) for one in ("yes", "no"))
    assert (yes["count"], yes["rounded_to"], no["count"]) == (20, 5, 33), "22 to the nearest 5, and the rest of 53"
    assert of(table, "randomised", "fsm", "control", "yes")["rounded_to"] == 1


def test_outcomes_with_nearly_the_same_pupils_show_one_mean() -> None:
    study, scores = make_trial(design="individual", schools=8)
    passed = scores.frame["scale"] == "passed.value"
    first = scores.frame[passed].head(3).index
    scores.frame.loc[first, "value"] = NAN
    samples = [trial_sample(scores, study, outcome) for outcome in study.plan.outcomes]
    table = balance(samples, rounding=5)
    rows = table[(table["sample"] == "analysed") & (table["variable"] == "baseline")].set_index(["outcome", "arm"])
    assert rows.loc["attainment", "mean"].notna().all()
    assert rows.loc["passed", "mean"].isna().any()
    assert rows.loc["grade", "mean"].notna().all()


def test_facts_about_schools_count_schools() -> None:
    study, scores = make_trial(schools=10, lost_schools=2, empty_schools=1)
    table = balance([trial_sample(scores, study, study.plan.outcomes[0])], rounding=5)
    schools = table[table["level"] == "school"]
    assert set(schools["variable"]) == {"area", "school_size"}
    randomised = schools[(schools["variable"] == "area") & (schools["sample"] == "randomised")]
    assert randomised.groupby("arm")["count"].sum().to_dict() == {"control": 5, "intervention": 6}
    analysed = schools[(schools["variable"] == "area") & (schools["sample"] == "analysed")]
    assert analysed.groupby("arm")["count"].sum().to_dict() == {"control": 4, "intervention": 4}
    size = of(table, "randomised", "school_size", "intervention")
    assert (size["n"], size["n_missing"]) == (5, 1)


def test_schools_with_both_arms_have_no_rows() -> None:
    study, scores = make_trial(design="multisite")
    table = balance([trial_sample(scores, study, study.plan.outcomes[0])], rounding=5)
    assert set(table["level"]) == {"pupil"}


def test_every_treated_arm_is_compared_with_the_control() -> None:
    study, scores = make_trial(arms=3)
    sample = trial_sample(scores, study, study.plan.outcomes[0])
    table = balance([sample], rounding=5)
    frame = sample.frame
    for arm in ("intervention", "light"):
        x, y = (frame.loc[frame["arm"] == one, "baseline"].dropna() for one in (arm, "control"))
        df = len(x) + len(y) - 2
        pooled = np.sqrt(((len(x) - 1) * x.var() + (len(y) - 1) * y.var()) / df)
        expected = (1 - 3 / (4 * df - 1)) * (x.mean() - y.mean()) / pooled
        assert of(table, "randomised", "baseline", arm)["std_difference"] == pytest.approx(expected, rel=1e-5)
    gaps = [of(table, "analysed", "baseline", arm)["std_difference"] for arm in ("intervention", "light")]
    assert baseline_gap(table, "attainment") == max(map(abs, gaps))
    assert math.isnan(baseline_gap(table, "passed"))


def test_the_group_that_an_outcome_is_about_is_not_compared_with_itself() -> None:
    study, scores = make_trial(design="individual", schools=10)
    outcome = type(study.plan.outcomes[0]).model_validate(
        study.plan.outcomes[0].model_dump() | {"pupils": {"subgroup": "eal", "values": ["yes"]}}
    )
    table = balance([trial_sample(scores, study, outcome)], rounding=5)
    assert set(table["variable"]) == {"baseline", "age", "area", "fsm"}
