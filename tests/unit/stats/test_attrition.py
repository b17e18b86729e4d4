"""Attrition by hand, and the published boundary."""

import pytest

from evalkit.errors import FitError
from evalkit.records.standards import load_standards
from evalkit.stats.attrition import attrition, attrition_boundary

WWC = load_standards().wwc


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


def test_refusals():
    with pytest.raises(FitError) as caught:
        attrition({"a": 10, "b": 10}, {"a": 11, "c": 1})
    assert len(caught.value.problems) == 3
    with pytest.raises(FitError, match="shares from 0 to 1"):
        attrition_boundary(10.5, 0.1, table=[1.0])
