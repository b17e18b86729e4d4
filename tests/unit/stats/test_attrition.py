"""Attrition by hand, the published boundary, and balance before and after loss."""

import numpy as np
import pytest

from evalkit.errors import FitError
from evalkit.records.standards import load_standards
from evalkit.stats.attrition import attrition, attrition_boundary, attrition_levels, baseline_difference

WWC = load_standards().wwc


def pupils():
    """Four schools of ten pupils, two per arm; school d is lost, b and c lose two and one pupils."""
    clusters = np.repeat(["a", "b", "c", "d"], 10)
    arms = np.where(np.isin(clusters, ["a", "b"]), "treated", "control")
    analysed = clusters != "d"
    analysed[[10, 11, 20]] = False
    return arms, clusters, analysed


def test_counts_of_both_levels():
    arms, clusters, analysed = pupils()
    found = attrition_levels(arms, clusters=clusters, analysed=analysed)
    assert found.schools.arms == ("control", "treated")
    assert (found.schools.randomised, found.schools.analysed) == ((2, 2), (1, 2))
    assert (found.schools.overall, found.schools.differential) == (0.25, 0.5)
    assert (found.pupils_of_all.randomised, found.pupils_of_all.analysed) == ((20, 20), (9, 18))
    assert found.pupils_of_all.overall == pytest.approx(13 / 40)
    assert found.pupils_of_all.differential == pytest.approx(0.45)
    assert found.pupils_of_stayers.randomised == (10, 20)
    assert found.pupils_of_stayers.overall == pytest.approx(3 / 30)
    assert found.pupils_of_stayers.differential == pytest.approx(0.0)


def test_three_arms_compare_the_extremes():
    found = attrition({"a": 100, "b": 100, "c": 100}, {"a": 90, "b": 70, "c": 80})
    assert found.differential == pytest.approx(0.2)
    assert found.shares == pytest.approx((0.1, 0.3, 0.2))


@pytest.mark.parametrize(
    ("overall", "points", "cautious", "optimistic"),
    [
        (0.10, 6.3, True, True),
        (0.10, 6.4, False, True),
        (0.104, 6.3, True, True),
        (0.105, 6.3, False, True),
        (0.20, 10.0, False, True),
        (0.57, 0.0, True, True),
        (0.575, 0.0, False, True),
        (0.65, 0.3, False, True),
        (0.66, 0.0, False, False),
        (0.0, 5.7, True, True),
    ],
)
def test_published_boundary(overall, points, cautious, optimistic):
    for table, low in ((WWC.attrition_cautious, cautious), (WWC.attrition_optimistic, optimistic)):
        assert attrition_boundary(overall, points / 100, table=table.values).low == low


def test_boundary_shows_what_it_read():
    found = attrition_boundary(0.105, 0.05, table=WWC.attrition_cautious.values)
    assert (found.overall_percent, found.most_differential) == (11, 6.2)
    assert attrition_boundary(0.9, 0.05, table=WWC.attrition_cautious.values).most_differential is None


def test_balance_before_and_after_loss():
    values = np.array([1.0, 2.0, 3.0, np.nan, 2.0, 3.0, 4.0, 9.0])
    treated = np.array([1, 1, 1, 1, 0, 0, 0, 0])
    analysed = np.array([1, 1, 1, 1, 1, 1, 1, 0])
    found = baseline_difference(values, treated=treated, analysed=analysed)
    assert found.randomised.mean_diff == pytest.approx(2 - 4.5)
    assert found.analysed.mean_diff == pytest.approx(-1)
    assert found.analysed.sd_pooled == pytest.approx(1)
    assert found.analysed.effect.value == pytest.approx(-0.7979, abs=1e-4)
    assert (found.n_missing_randomised, found.n_missing_analysed) == (1, 1)


def test_refusals():
    with pytest.raises(FitError) as caught:
        attrition({"a": 10, "b": 10}, {"a": 11, "c": 1})
    assert len(caught.value.problems) == 3
    arms, clusters, analysed = pupils()
    with pytest.raises(FitError, match="true or false"):
        attrition_levels(arms, clusters=clusters, analysed=analysed[:-1])
    with pytest.raises(FitError, match="at least one analysed"):
        attrition_levels(arms, clusters=clusters, analysed=analysed & False)
    with pytest.raises(FitError, match="shares from 0 to 1"):
        attrition_boundary(10.5, 0.1, table=[1.0])
