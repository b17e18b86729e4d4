"""The compare helper must fail where numbers are wrong, or every oracle test is worth nothing."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from tests.oracle.compare import compare

EXPECTED = {"term": ["(Intercept)", "treat"], "estimate": [1.25, 0.5], "std_error": [0.1, 0.2]}


def frame(**changes):
    return pd.DataFrame({**EXPECTED, **changes})


@dataclass(frozen=True, slots=True)
class Record:
    value: float
    n: int


def test_equal_numbers_pass_in_any_container():
    compare(frame(extra=[1, 2]), EXPECTED)
    compare(EXPECTED, frame())
    compare(Record(0.5, 10), {"value": 0.5, "n": 10})
    compare(Record(np.float64(0.5), np.int64(10)), Record(0.5, 10))
    compare({"matrix": np.eye(2)}, {"matrix": [[1, 0], [0, 1]]})


def test_a_wrong_standard_error_fails_and_is_named():
    with pytest.raises(AssertionError, match=r"std_error\.1: expected 0.2, got 0.20001"):
        compare(frame(std_error=[0.1, 0.20001]), EXPECTED)


def test_a_difference_inside_the_tolerance_passes():
    compare(frame(std_error=[0.1, 0.2 * (1 + 5e-7)]), EXPECTED)


@pytest.mark.parametrize("column", list(EXPECTED))
def test_a_missing_column_fails(column):
    with pytest.raises(AssertionError, match=f"{column}: missing"):
        compare(frame().drop(columns=column), EXPECTED)


@pytest.mark.parametrize(("actual", "expected"), [(math.nan, 0.2), (0.2, math.nan), (0.2, None), (None, 0.2)])
def test_missing_never_equals_a_number(actual, expected):
    with pytest.raises(AssertionError, match="se: expected"):
        compare({"se": actual}, {"se": expected})


def test_missing_equals_missing():
    compare({"se": math.nan}, {"se": None})


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        ([1.0, 2.0], [1.0, 2.0, 3.0]),
        ([1.0, 2.0, 3.0], [1.0, 2.0]),
        (1.0, [1.0]),
        ([1.0], 1.0),
        (math.inf, 1e300),
        (True, 1),
        (1, True),
        ("1", 1),
        (1, "1"),
        ("treat", "Treat"),
        (-0.5, 0.5),
    ],
)
def test_another_shape_type_or_sign_fails(actual, expected):
    with pytest.raises(AssertionError):
        compare({"x": actual}, {"x": expected})


def test_nothing_expected_is_not_a_pass():
    with pytest.raises(AssertionError, match="nothing would be compared"):
        compare({"x": 1.0}, {})


@pytest.mark.parametrize("loose", [{"rtol": 1e-3}, {"atol": 1e-3}])
def test_a_looser_tolerance_needs_a_reason(loose):
    with pytest.raises(AssertionError, match="needs a reason"):
        compare({"x": 1.0}, {"x": 1.0}, **loose)
    with pytest.raises(AssertionError, match="needs a reason"):
        compare({"x": 1.0}, {"x": 1.0}, **loose, reason=" ")
    compare({"x": 1.0005}, {"x": 1.0}, **loose, reason="the oracle prints three digits")


def test_all_differences_are_listed():
    with pytest.raises(AssertionError) as caught:
        compare({"a": 1.0, "b": 2.0}, {"a": 1.5, "b": 2.5, "c": 3.0})
    assert all(text in str(caught.value) for text in ("c: missing", "a: expected 1.5", "b: expected 2.5"))
