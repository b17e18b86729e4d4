"""Each school's own record: its means, what is hidden, and that no other school can be told from it."""

import math

import numpy as np
import pandas as pd
import pytest

from evalkit.analysis.place_results import FEW, FEW_SCHOOLS, LINKED, NOBODY, place_results
from evalkit.errors import DesignError, SpecError
from evalkit.records.place_results import PlaceResults
from tests.unit.analysis.comparison_scores import comparison_plan, comparison_scores, hub_plan


def pupils(sizes: list[int], *, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    school = np.repeat(np.arange(len(sizes)), sizes)
    pre = rng.normal(60, 12, school.size)
    post = pre + 3 + rng.normal(0, 4, len(sizes))[school] + rng.normal(0, 8, school.size)
    return pd.DataFrame(
        {"arm": 1, "pre": pre, "post": post, "school": [f"S{one}" for one in school],
         "hub": [f"H{one % 3}" for one in school], "target": np.where(school % 2, "yes", "no")}
    )  # fmt: skip


def records_of(data: pd.DataFrame) -> dict[str, PlaceResults]:
    study, scores = comparison_scores(data, hub_plan())
    return {one.place: one for one in place_results(scores, study)}


def test_a_school_has_its_own_means_and_is_drawn_towards_the_average():
    data = pupils([12, 20, 30, 15, 40, 6])
    data.loc[80, "post"] = np.nan  # a pupil of S4 who left
    found = records_of(data)
    own = data[(data["school"] == "S1")]
    figure = found["S1"].figures[0]
    assert (figure.n, figure.kind) == (20, "change")
    assert figure.before == pytest.approx(own["pre"].mean())
    assert figure.after == pytest.approx(own["post"].mean())
    linked = data.dropna()
    assert figure.schools_after == pytest.approx(linked["post"].mean())
    raw = figure.after - figure.before
    assert min(raw, figure.average) < figure.value < max(raw, figure.average)
    assert figure.low < figure.value < figure.high
    assert figure.value - figure.average == pytest.approx(figure.beside)
    assert found["S4"].figures[0].n == 39


def test_what_would_tell_about_few_pupils_is_hidden():
    found = records_of(pupils([12, 20, 30, 15, 40, 6]))
    small = found["S5"].figures[0]
    assert small.reason == FEW.format(threshold=10)
    assert all(math.isnan(value) for value in (small.n, small.before, small.after, small.value, small.schools_after))
    four = records_of(pupils([12, 20, 30, 15]))
    assert {one.figures[0].reason for one in four.values()} == {FEW_SCHOOLS.format(fewest=5)}
    lone = records_of(pupils([40, 2, 2, 2, 2]))
    assert lone["S0"].figures[0].reason == LINKED


def test_a_school_without_linked_pupils_has_a_record_too():
    data = pupils([12, 20, 30, 15, 40, 12])
    data.loc[data["school"] == "S5", "post"] = np.nan
    assert records_of(data)["S5"].figures[0].reason == NOBODY.format(level="school")


def test_rows_in_another_order_give_the_same_records():
    data = pupils([12, 20, 30, 15, 40, 16])
    study, scores = comparison_scores(data, hub_plan())
    first = [one.to_json() for one in place_results(scores, study)]
    frame, roster = scores.frame.sample(frac=1, random_state=1), scores.roster.sample(frac=1, random_state=2)
    turned = type(scores)(frame, scores.quality, roster, scores.release_sha256, scores.sources)
    assert [one.to_json() for one in place_results(turned, study)] == first
    assert PlaceResults.from_json(first[0]).to_json() == first[0]


def test_a_comparison_sets_schools_beside_what_is_expected():
    data = pupils([15, 20, 30, 15, 40, 16, 20, 20]).rename(columns={"pre": "before", "post": "after"})
    data["arm"] = (data["school"].str[1].astype(int) % 2).to_numpy()
    study, scores = comparison_scores(data[["arm", "before", "after", "school"]], comparison_plan())
    found = {one.place: one for one in place_results(scores, study, names={"S1": "Oak School"})}
    assert (found["S1"].name, found["S1"].arm, found["S2"].arm) == ("Oak School", "programme", "comparison")
    figure = found["S1"].figures[0]
    own, peers = data[data["school"] == "S1"], data[data["arm"] == 1]
    assert figure.kind == "level"
    assert figure.after == pytest.approx(own["after"].mean())
    assert figure.schools_after == pytest.approx(peers["after"].mean())
    gaps = {school: one.figures[0].beside for school, one in found.items()}
    change = (data["after"] - data["before"]).groupby([data["arm"], data["school"]]).mean()
    assert max(gaps, key=lambda school: gaps[school] if found[school].arm == "programme" else -99) == change[1].idxmax()


def test_a_plan_without_schools_is_refused():
    study, scores = comparison_scores(pupils([12, 12]), hub_plan(clusters=None))
    with pytest.raises(DesignError, match="no report for every school"):
        place_results(scores, study)
    with pytest.raises(SpecError, match="not a place"):
        PlaceResults.from_json('{"schema": "evalkit-results/1"}')
