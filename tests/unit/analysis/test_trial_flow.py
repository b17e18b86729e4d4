"""Flow and attrition of small trials, counted by hand."""

import math
from typing import Any

import pytest

from evalkit.analysis.trial_flow import attrition, flow, reasons, wwc_attrition
from evalkit.analysis.trial_sample import trial_sample
from evalkit.records.standards import load_standards
from tests.unit.analysis.trial_by_hand import sample_of
from tests.unit.analysis.trial_scores import make_trial

NAN = math.nan
WWC = load_standards().wwc


def pupils(n: int, **row: Any) -> list[dict[str, Any]]:
    return [row] * n


def steps(table, level: str) -> dict[str, dict[str, float]]:
    rows = table[table["level"] == level]
    return {step: dict(zip(own["arm"], own["n"], strict=True)) for step, own in rows.groupby("step", sort=False)}


# 100 pupils in two intervention schools, 100 in two control schools; school B left with 40 pupils.
ROWS = [
    *pupils(50, arm="intervention", school="A"),
    *pupils(4, arm="intervention", school="A", outcome=NAN, left="moved away"),
    *pupils(6, arm="intervention", school="A", outcome=NAN),
    *pupils(40, arm="intervention", school="B", outcome=NAN, left="moved away"),
    *pupils(48, arm="control", school="C"),
    *pupils(2, arm="control", school="C", outcome=NAN),
    *pupils(50, arm="control", school="D"),
]
SCHOOLS = [
    {"school": "A", "arm": "intervention", "school_left": "not recorded"},
    {"school": "B", "arm": "intervention", "school_left": "no time"},
    {"school": "C", "arm": "control", "school_left": "not recorded"},
    {"school": "D", "arm": "control", "school_left": "not recorded"},
    {"school": "E", "arm": "control", "school_left": "no cover"},
]


def test_flow_of_schools_and_pupils() -> None:
    table = flow(sample_of(ROWS, schools=SCHOOLS))
    assert steps(table, "school") == {
        "randomised": {"intervention": 2, "control": 3},
        "left": {"intervention": 1, "control": 1},
        "analysed": {"intervention": 1, "control": 2},
    }
    assert steps(table, "pupil") == {
        "randomised": {"intervention": 100, "control": 100},
        "left_with_school": {"intervention": 40, "control": 0},
        "left": {"intervention": 4, "control": 0},
        "no_outcome": {"intervention": 6, "control": 2},
        "analysed": {"intervention": 50, "control": 98},
    }
    assert list(steps(table, "pupil")) == ["randomised", "left_with_school", "left", "no_outcome", "analysed"]


def test_reasons_of_schools_are_counted_and_those_of_few_pupils_are_not() -> None:
    table = reasons(sample_of(ROWS, schools=SCHOOLS))
    shown = [tuple(row) for row in table[table["level"] == "school"].itertuples(index=False)]
    assert shown == [("school", "intervention", "no time", 1), ("school", "control", "no cover", 1)]
    own = table[table["level"] == "pupil"]
    assert own["n"].isna().all(), "4 and 6 of 10, 0 and 2 of 2"
    assert set(own["reason"]) == {"moved away", "not recorded"}


def test_reasons_of_many_pupils_are_counted() -> None:
    rows = [
        *pupils(30, arm="intervention", school="A", outcome=NAN, left="moved away"),
        *pupils(12, arm="intervention", school="A", outcome=NAN, left="absent"),
        *pupils(3, arm="intervention", school="A", outcome=NAN),
        *pupils(20, arm="intervention", school="A"),
        *pupils(15, arm="control", school="B", outcome=NAN, left="absent"),
        *pupils(20, arm="control", school="B"),
    ]
    table = reasons(sample_of(rows)).query("level == 'pupil'")
    found = {(row.arm, row.reason): row.n for row in table.itertuples()}
    assert found["intervention", "moved away"] == 30
    assert math.isnan(found["intervention", "not recorded"])
    assert math.isnan(found["intervention", "absent"]), "else 3 could be worked out"
    assert found["control", "absent"] == 15


def test_attrition_as_the_eef_and_as_the_wwc_count_it() -> None:
    sample = sample_of(ROWS, schools=SCHOOLS)
    table = attrition([sample]).set_index(["level", "arm"])
    assert table.loc[("pupil", "intervention"), "lost"] == 50
    assert table.loc[("pupil", "all"), "lost_percent"] == pytest.approx(26.0)  # 52 of 200
    assert table.loc[("school", "all"), "lost_percent"] == pytest.approx(40.0)  # B and E of 5
    wwc = wwc_attrition([sample], WWC).set_index("level")
    # Schools: 1 of 2 against 1 of 3 lost. Pupils of A, C, D: 10 of 60 against 2 of 100 lost.
    assert wwc.loc["school", "overall"] == pytest.approx(40.0)
    assert wwc.loc["school", "differential"] == pytest.approx(100 * (1 / 2 - 1 / 3))
    assert wwc.loc["pupil", "overall"] == pytest.approx(7.5)
    assert wwc.loc["pupil", "differential"] == pytest.approx(100 * (10 / 60 - 2 / 100))
    assert wwc["cautious"].tolist() == wwc["optimistic"].tolist() == ["high", "high"]
    assert wwc["status"].tolist() == ["V", "V"]


def test_cautious_and_optimistic_boundaries_differ() -> None:
    rows = [
        *pupils(90, arm="intervention"), *pupils(10, arm="intervention", outcome=NAN),
        *pupils(98, arm="control"), *pupils(2, arm="control", outcome=NAN),
    ]  # fmt: skip
    table = wwc_attrition([sample_of(rows, design="individual", schools=[])], WWC)
    assert table[["level", "cautious", "optimistic"]].to_numpy().tolist() == [["pupil", "high", "low"]]
    assert table["overall"].tolist() == [pytest.approx(6.0)]
    assert table["differential"].tolist() == [pytest.approx(8.0)]


def test_pupils_outside_the_population_are_a_step_and_no_loss() -> None:
    rows = [
        *pupils(30, arm="intervention", school="A"), *pupils(20, arm="intervention", school="A", in_population=False),
        *pupils(25, arm="control", school="B"), *pupils(25, arm="control", school="B", in_population=False),
        *pupils(5, arm="control", school="B", outcome=NAN),
        *pupils(12, arm="control", school="C", in_population=False),
    ]  # fmt: skip
    sample = sample_of(rows)
    table = flow(sample)
    assert steps(table, "pupil")["not_in_population"] == {"intervention": 20, "control": 37}
    assert steps(table, "school")["no_pupils_in_population"] == {"intervention": 0, "control": 1}
    lost = attrition([sample]).set_index(["level", "arm"])
    assert lost.loc[("pupil", "all")].drop("outcome").tolist() == [60, 55, 5, pytest.approx(100 * 5 / 60)]
    assert lost.loc[("school", "all"), "randomised"] == 2


def test_a_small_population_hides_its_counts() -> None:
    rows = [
        *pupils(30, arm="intervention", school="A"), *pupils(4, arm="intervention", school="A", in_population=False),
        *pupils(25, arm="control", school="B"), *pupils(25, arm="control", school="B", in_population=False),
    ]  # fmt: skip
    sample = sample_of(rows)
    found = steps(flow(sample), "pupil")
    assert found["randomised"] == {"intervention": 34, "control": 50}
    assert math.isnan(found["not_in_population"]["intervention"])
    assert math.isnan(found["analysed"]["intervention"])
    assert found["not_in_population"]["control"] == 25
    assert attrition([sample]).set_index(["level", "arm"]).loc[("pupil", "intervention"), "randomised":].isna().all()
    assert wwc_attrition([sample], WWC)["overall"].isna().tolist() == [True, True]


def test_pupils_without_a_baseline_are_a_step_where_the_plan_leaves_them_out() -> None:
    study, scores = make_trial(changes={"missing_data": {"baseline": "leave_out"}})
    sample = trial_sample(scores, study, study.plan.outcomes[0])
    found = steps(flow(sample), "pupil")
    frame = sample.frame
    wanted = frame["outcome"].notna() & frame["baseline"].isna()
    assert found["no_baseline"] == frame[wanted].groupby("arm", observed=True).size().to_dict()
    no_age = frame["outcome"].notna() & frame["baseline"].notna() & frame["age"].isna()
    assert found["no_covariate"] == frame[no_age].groupby("arm", observed=True).size().to_dict()


def test_classes_are_a_level_of_their_own() -> None:
    study, scores = make_trial(design="classes", lost_schools=2)
    sample = trial_sample(scores, study, study.plan.outcomes[0])
    found = steps(flow(sample), "class")
    assert found["randomised"] == {"intervention": 24, "control": 24}
    assert found["left"] == {"intervention": 2, "control": 2}
    assert set(steps(flow(sample), "school")["randomised"]) == {"all"}
    assert wwc_attrition([sample], WWC)["level"].tolist() == ["class", "pupil"]


def test_nobody_analysed_is_an_attrition_of_100_percent() -> None:
    rows = [
        *pupils(20, arm="intervention", school="A", outcome=NAN),
        *pupils(20, arm="control", school="B", outcome=NAN),
    ]
    sample = sample_of(rows)
    assert attrition([sample])["lost_percent"].tolist() == [100.0] * 6
    assert wwc_attrition([sample], WWC)[["level", "overall", "cautious"]].to_numpy().tolist() == [
        ["school", 100.0, "high"]
    ]
