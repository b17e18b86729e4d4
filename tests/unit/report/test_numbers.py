"""Rounding: what a reader sees of a number."""

import math

import pytest

from evalkit.report import numbers


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [(0.04, 1, "0.0"), (-0.04, 1, "0.0"), (-1.05, 2, "−1.05"), (1234.5, 1, "1,234.5"), (math.inf, 1, "–")],
)
def test_fixed(value: float, digits: int, expected: str) -> None:
    assert numbers.fixed(value, digits) == expected


def test_no_hyphen_stands_for_minus() -> None:
    shown = (
        numbers.fixed(-3, 1), numbers.signed(-3, 1), numbers.change(-3), numbers.interval(-3, -1, digits=1),
        numbers.effect(-0.3), numbers.signed_percent(-3, n=10),
    )  # fmt: skip
    assert not any("-" in one for one in shown)
    assert all("−" in one for one in shown)


@pytest.mark.parametrize(
    ("some", "of", "expected"),
    [
        (1, 3, "33% (1 of 3)"),
        (66, 199, "33% (66 of 199)"),
        (66, 200, "33.0% (66 of 200)"),
        (0, 12, "0% (0 of 12)"),
        (math.nan, 12, "c"),
        (5, math.nan, "5 (of how many is not known)"),
    ],
)
def test_a_percentage_has_its_fraction_beside_it(some: float, of: float, expected: str) -> None:
    assert numbers.part(some, of) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "p < 0.001"), (0.00099, "p < 0.001"), (0.001, "p = 0.0010"), (0.0499, "p = 0.050"), (0.0501, "p = 0.050"),
        (0.0512, "p = 0.051"), (0.06, "p = 0.060"), (0.018, "p = 0.018"), (0.0994, "p = 0.099"), (0.0996, "p = 0.10"),
        (0.00996, "p = 0.010"), (0.36, "p = 0.36"), (1.0, "p > 0.99"), (math.nan, "–"),
    ],
)  # fmt: skip
def test_p_values(value: float, expected: str) -> None:
    assert numbers.p_value(value) == expected


def test_an_end_of_an_interval_never_reads_zero_unless_it_is() -> None:
    assert numbers.interval(0.02, 4.0, digits=1) == "0.02 to 4.0"
    assert numbers.interval(-0.004, 4.0, digits=1) == "−0.004 to 4.0"
    assert numbers.interval(0.0, 4.0, digits=1) == "0.0 to 4.0"
