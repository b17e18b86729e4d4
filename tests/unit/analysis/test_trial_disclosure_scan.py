"""A walk over the results of small trials: no number about fewer pupils than the threshold stands anywhere."""

import math
from typing import Any

import pandas as pd
import pytest

from evalkit.analysis.analyse import analyse
from evalkit.records.results import Results
from tests.unit.analysis.trial_scores import make_trial

SMALL: dict[str, dict[str, Any]] = {
    "two small arms": {"design": "individual", "schools": 2, "pupils": 9, "seed": 3},
    "arms of about 30": {"design": "individual", "schools": 6, "pupils": 10, "seed": 4},
    "few schools": {"design": "cluster", "schools": 6, "pupils": 9, "seed": 5, "empty_schools": 0, "lost_schools": 1},
    "three arms within schools": {"design": "multisite", "schools": 6, "pupils": 12, "arms": 3, "seed": 6},
}
ABOUT_PUPILS = ("mean_treated", "mean_control", "sd_treated", "sd_control", "sd_total", "variance_pupil", "icc")


@pytest.fixture(scope="module", params=list(SMALL), ids=list(SMALL))
def results(request: pytest.FixtureRequest) -> Results:
    return analyse(*reversed(make_trial(**SMALL[request.param])))


def few(results: Results, numbers: pd.Series) -> bool:
    return bool(((numbers > 0) & (numbers < results.plan.suppression_threshold)).any())


def test_no_estimate_rests_on_few_pupils(results: Results) -> None:
    shown = results.estimates[results.estimates["estimate"].notna()]
    assert not few(results, shown["n_treated"])
    assert not few(results, shown["n_control"])
    assert not few(results, results.estimates["n_treated"])


def test_no_model_describes_few_pupils(results: Results) -> None:
    models = results.models
    small = models[(models[["n_treated", "n_control"]] < results.plan.suppression_threshold).any(axis="columns")]
    assert small[list(ABOUT_PUPILS)].isna().all(axis=None)


def test_no_display_is_about_few_pupils(results: Results) -> None:
    shown = results.displays
    pupils = shown["balance"][shown["balance"]["level"] == "pupil"]
    assert not few(results, pupils.loc[pupils["mean"].notna(), "n"])
    assert not few(results, pupils["count"] + pupils["rounded_to"].where(pupils["rounded_to"] > 1, 0))
    assert not few(results, shown["distribution"]["count"])
    assert not few(results, shown["arms"].loc[shown["arms"]["mean"].notna(), "n"])
    assert not few(results, shown["missing_pattern"]["n"])
    assert not few(results, shown["reasons"].loc[shown["reasons"]["level"] == "pupil", "n"])
    assert not few(results, shown["fidelity"]["pupils"])


def test_means_of_few_pupils_are_nowhere(results: Results) -> None:
    """An outcome whose arm is too small shows no number of that arm in any table."""
    means = results.displays["arms"]
    for row in means[(means["measure"] == "outcome") & (means["n"] < results.plan.suppression_threshold)].itertuples():
        bins = results.displays["distribution"]
        own = bins[(bins["outcome"] == row.outcome) & (bins["measure"] == "outcome")]
        assert own["count"].isna().all()
        months = results.displays.get("months", pd.DataFrame({"outcome": []}))
        assert row.outcome not in set(months["outcome"])


def test_rating_does_not_come_from_few_pupils(results: Results) -> None:
    rows = results.displays["padlocks"].set_index(["outcome", "column"])
    analysed = (
        results.displays["attrition"].query("level == 'pupil' and arm != 'all'").groupby("outcome")["analysed"].min()
    )
    for outcome in rows.index.get_level_values("outcome").unique():
        if analysed[outcome] < results.plan.suppression_threshold:
            assert math.isnan(rows.loc[(outcome, "mdes"), "value"])


def test_results_are_read_back(results: Results) -> None:
    assert Results.from_json(results.to_json()).to_json() == results.to_json()
