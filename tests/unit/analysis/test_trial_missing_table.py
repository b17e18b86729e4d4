"""Patterns of missing data, counted by hand."""

import math
from typing import Any

from evalkit.analysis.trial_missing_table import missing_pattern
from tests.unit.analysis.trial_by_hand import sample_of

NAN = math.nan
NOTHING_ELSE: dict[str, Any] = {"subgroups": [], "covariates": []}


def pupils(n: int, **row: Any) -> list[dict[str, Any]]:
    return [row] * n


def found(rows: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    table = missing_pattern([sample_of(rows, design="individual", schools=[], **NOTHING_ELSE)])
    return {arm: dict(zip(own["pattern"], own["n"], strict=True)) for arm, own in table.groupby("arm")}


def test_patterns_by_arm() -> None:
    rows = [
        *pupils(50, arm="intervention"), *pupils(12, arm="intervention", outcome=NAN),
        *pupils(10, arm="intervention", baseline=NAN), *pupils(11, arm="intervention", baseline=NAN, outcome=NAN),
        *pupils(60, arm="control"), *pupils(20, arm="control", outcome=NAN),
        *pupils(10, arm="control", baseline=NAN),
    ]  # fmt: skip
    assert found(rows) == {
        "intervention": {"complete": 50, "outcome": 12, "baseline": 10, "outcome, baseline": 11},
        "control": {"complete": 60, "outcome": 20, "baseline": 10, "outcome, baseline": 0},
    }


def test_rare_patterns_are_put_together() -> None:
    rows = [
        *pupils(50, arm="intervention"), *pupils(14, arm="intervention", outcome=NAN),
        *pupils(4, arm="intervention", baseline=NAN), *pupils(7, arm="intervention", baseline=NAN, outcome=NAN),
        *pupils(60, arm="control"), *pupils(20, arm="control", outcome=NAN), *pupils(12, arm="control", baseline=NAN),
    ]  # fmt: skip
    assert found(rows) == {
        "intervention": {"complete": 50, "outcome": 14, "baseline, other": 11},
        "control": {"complete": 60, "outcome": 20, "baseline, other": 12},
    }


def test_few_gaps_show_nothing() -> None:
    rows = [
        *pupils(50, arm="intervention"), *pupils(4, arm="intervention", outcome=NAN),
        *pupils(60, arm="control"), *pupils(20, arm="control", outcome=NAN), *pupils(11, arm="control", baseline=NAN),
    ]  # fmt: skip
    table = found(rows)
    assert all(math.isnan(n) for n in table["intervention"].values())
    assert table["control"] == {"complete": 60, "other": 31}
