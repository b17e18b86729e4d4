"""Matched comparisons: what is matched and how, every row and display, what is refused, warned of and hidden."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evalkit.analysis.analyse import analyse
from evalkit.analysis.matched_comparison import matched_outcome
from evalkit.analysis.matched_displays import matching_table
from evalkit.analysis.matched_sample import matched_sample
from evalkit.analysis.matched_schools import matched_schools
from evalkit.analysis.trial_sample import trial_sample
from evalkit.errors import DesignError
from evalkit.records.results import Results
from evalkit.report.trial_effects import primary_effects
from evalkit.report.words_comparison import matched_lines
from tests.unit.analysis.comparison_scores import TEST, comparison_plan, comparison_scores
from tests.unit.analysis.trial_scores import ESTIMAND

WAVES = ("earlier", "before", "after", "later")
FSM = {"id": "fsm", "label": "Free school meals", "values": {"yes": "yes", "no": "no"}}
AGE = {"id": "age", "label": "Age", "kind": "number"}
READING = {
    "id": "reading", "label": "Reading", "instrument": "test", "score": "value", "role": "primary", "wave": "after",
    "estimand": ESTIMAND,
}  # fmt: skip
PLACEBO = {**READING, "id": "placebo", "label": "Reading a year earlier", "role": "placebo", "wave": "earlier"}


def pupils(schools: int = 40, size: int = 15, *, gain: float = 4.0, seed: int = 1, hidden: float = 0.0) -> pd.DataFrame:
    """Pupils in schools; weak schools with many on free meals took the programme more often. `hidden` biases it."""
    random = np.random.default_rng(seed)
    place = np.repeat(np.arange(schools), size)
    level, unseen = random.normal(0, 3, schools), random.normal(0, 1, schools)
    share = random.uniform(0.1, 0.6, schools)
    took = random.random(schools) < 1 / (1 + np.exp(level / 3 - 3 * (share - 0.35) - hidden * unseen))
    n = len(place)
    fsm, age = random.random(n) < share[place], random.normal(10, 0.3, n).round(2)
    true = 55 + level[place] - 4 * fsm + random.normal(0, 8, n)
    found = {
        "arm": took[place].astype(int),
        "school": [f"S{one:02d}" for one in place],
        "fsm": np.where(fsm, "yes", "no"),
        "age": np.where(random.random(n) < 0.05, np.nan, age),
    }
    for step, wave in enumerate(WAVES):
        effect = gain * took[place] + 2 * hidden * unseen[place] if wave in ("after", "later") else 0.0
        found[wave] = (true + 3 * step + effect + random.normal(0, 3, n)).clip(0, 120).round(1)
    return pd.DataFrame(found)


def plan(**changes: Any) -> Any:
    """The matched design; `matching` replaces keys of the matching block."""
    matching = {"caliper": 0.25} | changes.pop("matching", {})
    comparison = {"assigned": "school", "last_wave_before": "before", "matching": matching}
    defaults: dict[str, Any] = {
        "design": "matched_comparison",
        "waves": [{"id": one, "label": one.capitalize()} for one in WAVES],
        "measures": [{**TEST, "waves": {one: [one.capitalize()] for one in WAVES}}],
        "outcomes": [READING, PLACEBO],
        "covariates": [FSM, AGE],
        "subgroups": [FSM],
    }
    return comparison_plan(**(defaults | changes), comparison=comparison | changes.pop("comparison", {}))


def made(table: pd.DataFrame, **changes: Any) -> Results:
    own = changes.pop("own", {})
    made_plan = plan(**changes)
    if own:
        comparison = made_plan.comparison.model_copy(update=own)
        made_plan = made_plan.model_copy(update={"comparison": comparison})
    return analyse(*reversed(comparison_scores(table, made_plan)))


def row(results: Results, inquiry: str, estimator: str) -> pd.Series:
    found = results.estimates
    return found[(found["inquiry"] == inquiry) & (found["estimator"] == estimator)].iloc[0]


@pytest.fixture(scope="module")
def matched() -> Results:
    return made(pupils())


def test_every_row_is_there_and_near_the_truth(matched: Results) -> None:
    found = matched.estimates
    assert (found["status"] == "ok").all(), found.loc[found["status"] != "ok", ["inquiry", "estimator", "reason"]]
    assert set(found.loc[found["inquiry"] == "robustness", "estimator"]) == {
        "regression", "matched_unadjusted", "matched_set", "ipw", "overlap", "entropy", "doubly_robust", "multilevel",
    }  # fmt: skip
    first = row(matched, "effect", "matched")
    assert first["conf_low"] < 4 < first["conf_high"]
    assert abs(row(matched, "effect", "unadjusted")["estimate"] - 4) > abs(first["estimate"] - 4)
    robust = found[found["inquiry"] == "robustness"]
    assert ((robust["estimate"] - 4).abs() < 1.5).all()
    assert first["effect_size"] == pytest.approx(first["estimate"] / 8.4, abs=0.15)
    assert first["n_treated"] == first["n_control"]
    assert (first["es_low"] > 0) == (first["conf_low"] > 0)


def test_waves_before_and_after(matched: Results) -> None:
    did = row(matched, "difference_in_differences", "did_cr2")
    assert did["conf_low"] < 4 < did["conf_high"]
    trend = row(matched, "pre_trend", "did_cr2")
    assert (trend["wave"], abs(trend["estimate"]) < 1) == ("earlier", True)
    placebo = row(matched, "placebo", "matched")
    assert placebo["conf_low"] < 0 < placebo["conf_high"]
    later = row(matched, "follow_up", "matched")
    assert (later["wave"], later["conf_low"] < 4 < later["conf_high"]) == ("later", True)
    shown = matched.displays["trend"]
    assert set(shown["wave"]) == set(WAVES)
    assert set(shown.loc[shown["wave"] == "before", "when"]) == {"before"}
    assert set(shown["sample"]) == {"all", "matched"}


def test_differences_in_differences_by_hand(matched: Results) -> None:
    table = pupils()
    change = table["after"] - table["before"]
    means = change.groupby(table["arm"]).mean()
    everybody = row(matched, "difference_in_differences", "did_everybody")
    assert everybody["estimate"] == pytest.approx(means[1] - means[0])
    assert (everybody["n_treated"], everybody["n_control"]) == tuple(table["arm"].value_counts()[[1, 0]])


def test_the_flow_adds_up(matched: Results) -> None:
    flow = matched.displays["flow"]
    for level in ("school", "pupil"):
        for arm in ("programme", "comparison"):
            own = flow[(flow["level"] == level) & (flow["arm"] == arm)].set_index("step")["n"]
            assert own["in_data"] == own.drop("in_data").sum()
    used = flow[(flow["level"] == "pupil") & (flow["step"] == "matched")].set_index("arm")["n"]
    assert used["programme"] == row(matched, "effect", "matched")["n_treated"]


def test_matching_makes_the_groups_alike(matched: Results) -> None:
    love = matched.displays["love"].set_index("variable")
    assert love.loc["baseline", "after"] < 0.15 < love.loc["baseline", "before"]
    assert love.loc["propensity", "after"] < love.loc["propensity", "before"]
    assert set(love["verdict"]) <= {"satisfied", "needs_adjustment", "fails"}
    balance = matched.displays["balance"]
    weighted = balance[balance["sample"].isin(["overlap", "entropy"]) & balance["std_difference"].notna()]
    assert weighted["std_difference"].abs().max() < 1e-6
    overlap = matched.displays["overlap"]
    assert (overlap["count"].dropna() >= 10).all()
    assert overlap.groupby(["sample", "arm"])["percent"].sum().to_numpy() == pytest.approx([100] * 4)


def test_what_something_unseen_could_do(matched: Results) -> None:
    found = matched.displays["sensitivity"].set_index("quantity")["value"]
    assert float(found["e_value"]) > 1
    assert 0 < float(found["robustness_value_alpha"]) < float(found["robustness_value"]) < 1
    assert float(found["rosenbaum_gamma"]) > 1
    marks = matched.displays["sensitivity"].query("quantity == 'benchmark'")
    assert {"Reading test", "Free school meals", "Age"} == set(marks["label"])


def test_ratings_never_say_randomised(matched: Results) -> None:
    padlocks = matched.displays["padlocks"].set_index("column")
    assert padlocks.loc["design", "padlocks"] == 3, (
        "matched; a difference in differences beside it does not raise the headline"
    )
    wwc = dict(zip(matched.displays["wwc"]["step"], matched.displays["wwc"]["verdict"], strict=True))
    assert wwc["rating"] == "with_reservations"
    assert {one.kind for one in matched.caveats if one.level == "limit"} >= {"not_randomised", "unmeasured_differences"}
    assert Results.from_json(matched.to_json()).to_json() == matched.to_json()


@pytest.mark.parametrize(
    ("matching", "cluster"),
    [
        ({"method": "optimal", "ratio": 2}, "school"),
        ({"method": "full", "estimand": "ate"}, "school"),
        ({"method": "coarsened", "bins": 4}, "school"),
        ({"method": "nearest", "replacement": True, "distance": "mahalanobis"}, "school"),
        ({"estimand": "ato"}, "school"),
        ({"unit": "school", "method": "optimal", "caliper": None}, "matched_set"),
        ({"exact": ["fsm"]}, "school"),
    ],
)
def test_every_method_comes_near(matching: dict[str, Any], cluster: str) -> None:
    study, scores = comparison_scores(pupils(50, 8, seed=3), plan(matching=matching, subgroups=[], outcomes=[READING]))
    found = matched_outcome(scores, study, study.plan.outcomes[0])
    assert found.matched is not None
    first = found.rows[0]
    assert first.conf_low < 4 < first.conf_high
    assert abs(first.estimate - 4) < 2
    assert found.matched.cluster_by == cluster
    assert found.matched.units.estimand == matching.get("estimand", "att")


def test_schools_stand_side_by_side_by_their_matched_pupils() -> None:
    table = pupils(24, 20, seed=4)
    better = table["school"] == "S03"
    table.loc[better, "after"] += 9
    study, scores = comparison_scores(table, plan(matching={"method": "full"}, subgroups=[], outcomes=[READING]))
    found = matched_sample(trial_sample(scores, study, study.plan.outcomes[0]))
    shown = matched_schools([found], fewest=5)
    root = np.sqrt(found.weights[found.matched])
    design = np.column_stack([np.ones(len(root)), found.chosen[found.matched], found.covariates.values[found.matched]])
    y = found.rows.loc[found.matched, "outcome"].to_numpy()
    beyond = y - design @ np.linalg.lstsq(design * root[:, None], y * root, rcond=None)[0]
    means = pd.DataFrame({"w": root**2, "wb": root**2 * beyond}).groupby(found.rows["school"][found.matched].to_numpy())
    plain = (means["wb"].sum() / means["w"].sum()).sort_values()
    assert plain.index[-1] == "S03"
    assert set(shown["arm"]) == {"programme", "comparison"}
    assert shown["estimate"].is_monotonic_increasing
    assert 3 < shown["estimate"].iloc[-1] < plain.iloc[-1]
    assert shown["low"].iloc[-1] > 0
    assert np.corrcoef(shown["estimate"], plain - plain.mean())[0, 1] > 0.95
    assert matched_schools([], fewest=5).empty


@pytest.mark.parametrize(
    ("matching", "has", "has_not"),
    [
        ({}, {"distance", "caliper", "ratio", "replacement", "sets"}, {"exact"}),
        ({"caliper": None, "exact": ["fsm"]}, {"exact"}, {"caliper"}),
        ({"method": "full"}, {"distance", "caliper"}, {"ratio", "replacement"}),
        ({"method": "coarsened", "bins": 4}, {"sets"}, {"distance", "caliper", "ratio", "replacement"}),
        ({"estimand": "ato"}, {"cluster"}, {"distance", "caliper", "ratio", "replacement", "sets"}),
    ],
)
def test_the_table_of_matching_shows_only_what_applies(
    matching: dict[str, Any], has: set[str], has_not: set[str]
) -> None:
    study, scores = comparison_scores(pupils(20, 8, seed=3), plan(matching=matching, subgroups=[], outcomes=[READING]))
    found = matched_sample(trial_sample(scores, study, study.plan.outcomes[0]))
    shown = set(matching_table([found])["quantity"])
    assert has <= shown
    assert not has_not & shown


def test_pupils_who_chose_by_themselves_are_clustered_by_pair() -> None:
    table = pupils(20, 20, seed=5).drop(columns="school")
    results = made(table, own={"assigned": "pupil"}, outcomes=[READING], subgroups=[])
    first = row(results, "effect", "matched")
    assert first["clusters_treated"] == first["n_treated"]
    assert set(results.displays["flow"]["level"]) == {"pupil"}


def test_something_hidden_is_warned_of() -> None:
    """A confounder that nobody measured moves the scores after the programme: nothing in the data can mend that."""
    results = made(pupils(40, 8, gain=0.0, hidden=2.0, seed=2), subgroups=[], outcomes=[READING])
    assert row(results, "effect", "matched")["estimate"] > 1
    assert "unmeasured_differences" in {one.kind for one in results.caveats}


def test_bad_input_is_one_clear_sentence_each() -> None:
    table = pupils(20, 10, seed=4)
    programme = sorted(set(table.loc[table["arm"] == 0, "school"]))[0]
    with pytest.raises(
        DesignError, match=rf"The comparison school {programme} is among the schools with the programme"
    ):
        made(table, own={"programme_schools": (programme.lower(),)})
    with pytest.raises(DesignError, match="'Age' is missing for everybody, so nobody can be matched on it"):
        made(table.assign(age=""))
    with pytest.raises(DesignError, match="'Age' tells the groups apart perfectly"):
        made(table.assign(age=np.where(table["arm"] == 1, 11.0, 9.0) + np.arange(len(table)) / 1000))
    twice = table.assign(school=table["school"].where(table.index > 0, programme))
    twice.loc[0, "arm"] = 1
    with pytest.raises(DesignError, match=rf"The schools {programme} have pupils in more than one arm"):
        made(twice)
    with pytest.raises(DesignError, match="the groups do not overlap"):
        made(table, matching={"caliper": 1e-7})


def test_few_pupils_are_hidden() -> None:
    results = made(pupils(20, 6, seed=6), suppression_threshold=100)
    found = results.estimates
    main = found[found["inquiry"].isin(["effect", "robustness"])]
    assert (main["status"] == "suppressed").all()
    assert main["estimate"].isna().all()
    assert results.displays["balance"]["mean"].isna().all()
    assert results.displays["overlap"]["count"].isna().all()
    assert results.displays["sensitivity"].empty
    assert results.displays["trend"]["mean"].isna().all()


def test_the_report_says_by_what_pupils_were_found_alike(matched: Results) -> None:
    first = primary_effects(matched)[0]
    table = matched.displays["matching"]
    plain = replace(matched, displays={**matched.displays, "matching": table[table["quantity"] != "curves"]})
    likeness = matched_lines(plain, first)[1]
    assert likeness.startswith("Likeness was judged by scores before, ")
    assert "very low or very high" not in likeness
    added = {"outcome": first.outcome, "quantity": "curves", "value": "Reading test (curve), Size × Free meals: yes"}
    curved = pd.concat([plain.displays["matching"], pd.DataFrame([added | {"number": math.nan}])], ignore_index=True)
    likeness = matched_lines(replace(matched, displays={**matched.displays, "matching": curved}), first)[1]
    assert "had very low or very high values (reading test), so this was looked at too" in likeness
    assert "how two of these go together" in likeness
