"""The figure of schools: shrunken effects without a sign of which school is which."""

import numpy as np
import pytest
from scipy.stats import norm

from evalkit.analysis.trial_model import TrialModel, fit_trial
from evalkit.analysis.trial_sample import trial_sample
from evalkit.analysis.trial_schools import schools
from tests.unit.analysis.trial_scores import MadeDesign, make_trial


def model(design: MadeDesign = "cluster", **made: float) -> TrialModel:
    study, scores = make_trial(design=design, **made)
    return fit_trial(trial_sample(scores, study, study.plan.outcomes[0]))


def test_schools_in_order_of_their_effects() -> None:
    fitted = model(lost_schools=0)
    table = schools([fitted], fewest=5)
    effects = fitted.fit.random_effects().set_index("level")
    assert table["place"].tolist() == list(range(1, 25))
    assert table["estimate"].is_monotonic_increasing
    # The model's own predictions have one spread, these are averaged over what it may be.
    assert np.corrcoef(table["estimate"], np.sort(effects["estimate"]))[0, 1] > 0.995
    assert 0.75 < table["estimate"].std() / effects["estimate"].std() < 1.33
    assert set(table.columns) == {"outcome", "arm", "place", "estimate", "low", "high"}
    assert table["arm"].value_counts().to_dict() == {"intervention": 12, "control": 12}
    half = (table["high"] - table["low"]) / 2 / norm.ppf(0.975)
    assert np.sqrt((half**2).mean()) == pytest.approx(np.sqrt((effects["std_error"] ** 2).mean()), rel=0.25)


def test_schools_do_not_collapse_where_their_spread_is_estimated_as_zero() -> None:
    fitted = model(lost_schools=0, icc=0.0, seed=2)
    assert fitted.fit.variances().iloc[0]["variance"] == pytest.approx(0, abs=1e-9)
    table = schools([fitted], fewest=5)
    assert np.ptp(table["estimate"]) > 0
    assert ((table["low"] < 0) & (table["high"] > 0)).all()


def test_classes_make_the_mean_of_a_school_less_sure() -> None:
    fitted = model("classes", lost_schools=0, seed=4)
    widths = schools([fitted], fewest=5)
    sizes = fitted.data.groupby("school").size()
    variances = fitted.fit.variances().set_index("group")["variance"]
    assert variances["classroom"] > 0
    if_alone = 2 * norm.ppf(0.975) * np.sqrt(variances["Residual"] / sizes.mean())
    assert (widths["high"] - widths["low"]).mean() > if_alone
    alone = fitted.data.assign(classroom=fitted.data["school"])  # a class in each school: school and class are one
    assert len(schools([fit_trial(fitted.sample, rows=alone)], fewest=5)) == fitted.data["school"].nunique()


def test_the_width_of_an_interval_does_not_tell_the_school() -> None:
    table = schools([model(lost_schools=0)], fewest=5)
    widths = (table["high"] - table["low"]).round(9)
    assert widths.value_counts().min() >= 5


def test_small_schools_are_left_out_and_never_a_single_one() -> None:
    fitted = model(schools=20, lost_schools=0, pupils=20)
    first = fitted.data["school"].iloc[0]
    kept = fitted.data[(fitted.data["school"] != first) | (fitted.data.groupby("school").cumcount() < 4)]
    table = schools([fit_trial(fitted.sample, rows=fitted.sample.analysed.loc[kept.index])], fewest=5)
    assert table["arm"].value_counts().to_dict() == {"control": 10, "intervention": 8}


def test_few_schools_of_an_arm_are_not_shown() -> None:
    assert schools([model(schools=8, lost_schools=0)], fewest=5).empty
    assert len(schools([model(schools=10, lost_schools=0)], fewest=5)) == 10


def test_arms_within_schools_and_pupils_without_schools() -> None:
    assert set(schools([model("multisite")], fewest=5)["arm"]) == {"all"}
    assert schools([model("individual")], fewest=5).empty
