"""The synthetic trials of the tests have what they promise."""

import pytest

from evalkit.analysis.trial_sample import trial_sample
from tests.unit.analysis.trial_scores import MadeDesign, make_trial


@pytest.mark.parametrize("design", ["cluster", "classes", "multisite", "individual"])
def test_a_made_trial_becomes_a_sample(design: MadeDesign) -> None:
    study, scores = make_trial(design=design)
    for outcome in study.plan.outcomes:
        sample = trial_sample(scores, study, outcome)
        assert 0.7 < sample.frame["analysed"].mean() < 0.95
        assert sample.frame["arm"].value_counts().min() > 200
        assert sample.frame["baseline"].isna().any()
        assert {"baseline", "baseline_missing", "area", "age", "age_missing"} == set(sample.terms)
        assert "sessions" in sample.frame.columns


def test_a_made_cluster_trial_loses_schools() -> None:
    study, scores = make_trial(schools=10, lost_schools=2, empty_schools=1)
    sample = trial_sample(scores, study, study.plan.outcomes[0])
    assert len(sample.schools) == 11
    assert sample.frame["school"].nunique() == 10
    assert sample.analysed["school"].nunique() == 8


def test_equal_seeds_give_equal_trials() -> None:
    one, other = make_trial(seed=4)[1], make_trial(seed=4)[1]
    assert one.frame.equals(other.frame)
    assert one.roster.equals(other.roster)
    assert not one.frame["value"].equals(make_trial(seed=5)[1].frame["value"])


def test_three_arms() -> None:
    study, scores = make_trial(arms=3)
    sample = trial_sample(scores, study, study.plan.outcomes[0])
    assert sample.treated == ("intervention", "light")
    assert sample.frame["arm"].cat.categories[0] == "control"
