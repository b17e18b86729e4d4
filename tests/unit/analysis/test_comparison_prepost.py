"""Comparisons without a draw: which model, starts one after the other, what is warned of, refused and hidden."""

import numpy as np
import pandas as pd
import pytest

from evalkit.analysis.analyse import analyse
from evalkit.errors import DesignError
from evalkit.records.results import Results
from tests.unit.analysis.comparison_scores import TEST, comparison_plan, comparison_scores


def made(pupils: pd.DataFrame, **changes: object) -> Results:
    plan = comparison_plan(**changes)
    return analyse(*reversed(comparison_scores(pupils, plan)))


def pupils(n: int = 60, *, gap: float = 0.0, gain: float = 4.0, seed: int = 1) -> pd.DataFrame:
    """Half in the programme; the programme's pupils start `gap` points higher and gain `gain` points more."""
    random = np.random.default_rng(seed)
    arm = np.arange(n) % 2
    true = 50 + gap * arm + random.normal(0, 8, n)
    before = true + random.normal(0, 4, n)
    return pd.DataFrame({"arm": arm, "before": before, "after": true + gain * arm + random.normal(0, 4, n)})


def rows(results: Results, inquiry: str) -> pd.DataFrame:
    return results.estimates[results.estimates["inquiry"] == inquiry].set_index("estimator")


def kinds(results: Results) -> set[str]:
    return {one.kind for one in results.caveats}


def verdicts(results: Results) -> dict[str, str]:
    return dict(zip(results.displays["wwc"]["step"], results.displays["wwc"]["verdict"], strict=True))


@pytest.fixture(scope="module")
def apart() -> Results:
    """Groups far apart before, and a small gain: ancova, change scores and true baselines do not agree."""
    return made(pupils(200, gap=-9, gain=0.0), suppression_threshold=10)


def test_the_adjustment_adds_up(apart: Results) -> None:
    table = apart.displays["adjustment"].set_index("quantity")["value"]
    plain, held = (rows(apart, "effect").loc[name, "estimate"] for name in ("unadjusted", "ancova"))
    change = rows(apart, "robustness").loc["change_score", "estimate"]
    assert held == pytest.approx(plain - table["taken"], rel=1e-9)
    assert change == pytest.approx(plain - table["change_takes"], rel=1e-9)
    assert table["taken"] == pytest.approx(table["slope"] * table["baseline_gap"], rel=1e-12)


def test_true_baselines_lie_nearer_to_no_difference(apart: Results) -> None:
    held = rows(apart, "effect").loc["ancova", "estimate"]
    corrected = rows(apart, "robustness").loc["reliability_corrected", "estimate"]
    assert held < corrected < -held
    assert {"baseline_too_far", "lord_paradox"} <= kinds(apart)
    assert verdicts(apart) == {"randomised": "not_randomised", "baseline": "fails", "rating": "does_not_meet"}
    design = apart.displays["padlocks"].set_index("column").loc["design"]
    assert (design["padlocks"], design["status"]) == (1, "V")


def test_alike_groups_have_two_padlocks_at_most() -> None:
    results = made(pupils(200, gap=0.3))
    assert verdicts(results)["rating"] == "with_reservations"
    assert results.displays["padlocks"].set_index("column").loc["design", "padlocks"] == 2
    assert next(one for one in results.checks if one.name == "comparison").rating == "fair"


def test_without_a_baseline_scores_afterwards_are_all_there_is() -> None:
    table = pupils()
    table["before"] = np.nan
    table.loc[:1, "before"] = np.nan
    measure = {**TEST, "waves": {"after": ["After"]}}
    baseline = {"id": "reading", "label": "Reading", "instrument": "test", "score": "value", "role": "primary"}
    plan = comparison_plan(
        measures=[measure], outcomes=[{**baseline, "estimand": comparison_plan().outcomes[0].estimand}]
    )
    results = analyse(*reversed(comparison_scores(table, plan)))
    assert list(rows(results, "effect").index) == ["post_only"]
    assert rows(results, "robustness").empty
    assert "post_only" in kinds(results)
    assert next(one for one in results.checks if one.name == "comparison").rating == "weak"


@pytest.mark.parametrize(
    ("schools", "assigned", "formula"),
    [
        (1, "pupil", "outcome ~ arm + baseline"),
        (4, "pupil", "outcome ~ arm + baseline + C(school)"),
        (24, "pupil", "outcome ~ arm + baseline + (1 | school)"),
        (6, "school", "outcome ~ arm + baseline"),
        (24, "school", "outcome ~ arm + baseline + (1 | school)"),
    ],
)
def test_schools_decide_the_model(schools: int, assigned: str, formula: str) -> None:
    table = pupils(240)
    place = np.arange(240)
    table["school"] = place // 2 % schools if assigned == "pupil" else place % schools
    results = made(table, comparison={"assigned": assigned})
    assert results.models["formula"].iloc[0] == formula
    found = rows(results, "effect").loc["ancova"]
    assert found["df"] < 239 if schools == 1 or assigned == "pupil" else found["df"] < schools


def test_one_school_each_is_said() -> None:
    table = pupils()
    results = made(table.assign(school=table["arm"]), comparison={"assigned": "school"})
    assert "one_unit_each" in kinds(results)
    assert results.models["formula"].iloc[0] == "outcome ~ arm + baseline"


def test_a_school_in_both_groups_is_refused() -> None:
    table = pupils()
    with pytest.raises(DesignError, match="have pupils in more than one arm"):
        made(table.assign(school=0), comparison={"assigned": "school"})


def test_few_pupils_are_hidden() -> None:
    results = made(pupils(30).iloc[:, :].assign(arm=lambda one: (one.index < 6).astype(int)))
    assert (rows(results, "effect")["status"] == "suppressed").all()
    assert results.displays["adjustment"].empty
    assert not np.isfinite(results.displays["padlocks"].set_index("column").loc["mdes", "value"])


def test_a_placebo_is_no_finding_but_a_test_of_the_comparison() -> None:
    table = pupils(200, gap=-9)
    one = comparison_plan().outcomes[0].model_dump(mode="json", exclude_none=True)
    placebo = {**one, "id": "placebo", "label": "Reading before", "role": "placebo", "wave": "before"}
    results = made(table, outcomes=[one, placebo])
    row = rows(results, "placebo").loc["post_only"]
    assert row["estimate"] == pytest.approx(table["before"].groupby(table["arm"]).mean().diff().iloc[1], rel=1e-9)
    assert set(rows(results, "effect")["outcome"]) == {"reading"}
    assert ("placebo_differs", "placebo") in {(one.kind, one.outcome) for one in results.caveats}


WAVES = ("before", "after", "later")


@pytest.fixture(scope="module")
def starts() -> pd.DataFrame:
    """Three groups of 40: one starts at `after`, one at `later`, one never; each start gives 5 points at once."""
    random = np.random.default_rng(3)
    group = np.repeat(["after", "later", "never"], 40)
    home = 50 + random.normal(0, 6, 120)
    scores = {wave: home + 2 * place + random.normal(0, 3, 120) for place, wave in enumerate(WAVES)}
    scores["after"] = scores["after"] + 5 * (group == "after")
    scores["later"] = scores["later"] + 5 * (group == "later") + 25 * (group == "after")
    return pd.DataFrame({"arm": (group != "never").astype(int), **scores, "start": group})


def test_a_start_is_compared_with_those_not_yet_started(starts: pd.DataFrame) -> None:
    results = made(
        starts,
        waves=[{"id": one, "label": one.capitalize()} for one in WAVES],
        measures=[TEST],
        comparison={"start": {"level": "pupil", "values": {}}},
    )
    own = results.estimates.query("inquiry == 'start_group'").set_index("subgroup")
    # those who started first are 30 points up at `later`; as a comparison group they would turn the sign round
    first = np.linalg.lstsq(
        np.column_stack([np.ones(120), starts["start"] == "after", starts["before"]]), starts["after"], rcond=None
    )[0]
    late = starts[starts["start"] != "after"]
    second = np.linalg.lstsq(
        np.column_stack([np.ones(80), late["start"] == "later", late["after"]]), late["later"], rcond=None
    )[0]
    assert own.loc["start: after", "estimate"] == pytest.approx(first[1], rel=1e-9)
    assert own.loc["start: later", "estimate"] == pytest.approx(second[1], rel=1e-9)
    assert own["n_control"].tolist() == [80, 40]
    main = rows(results, "effect").loc["ancova"]
    assert 2 < main["conf_low"] < 5 < main["conf_high"] < 8
    assert results.models["formula"].iloc[0] == "outcome ~ arm + baseline + start_wave"
    assert "staggered" in kinds(results)
