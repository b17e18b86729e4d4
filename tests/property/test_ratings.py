"""Ratings at the edges of their bands: one step below an edge, on it, and one step above."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.records.standards import load_standards
from evalkit.stats.attrition import attrition_boundary
from evalkit.stats.costs import cost_rating
from evalkit.stats.ratings import Threat, final_padlocks, interim_padlocks, months_of_progress
from evalkit.stats.rounding import round_half_up
from evalkit.stats.wwc import baseline_verdict, wwc_rating

STANDARDS = load_standards()
PADLOCKS = STANDARDS.padlocks
SEVEN = tuple(threat.id for threat in STANDARDS.security_threats)
BANDS = {"project": STANDARDS.months.project.values, "toolkit": STANDARDS.months.toolkit.values}
HALF = st.floats(0, 0.4999)  # of the last digit kept


def interim(design: int = 5, *, mdes: float = 0.01, attrition: float = 0.0):
    return interim_padlocks(
        design, mdes=mdes, attrition=attrition, mdes_bounds=PADLOCKS.mdes.values,
        attrition_bounds=PADLOCKS.attrition.values,
    )  # fmt: skip


def test_decimals_are_those_of_the_standards() -> None:
    assert (PADLOCKS.mdes_decimals.value, PADLOCKS.attrition_decimals.value) == (2, 0)
    assert STANDARDS.months.decimals.value == 2
    exact = interim_padlocks(
        5, mdes=0.204, attrition=0.104, mdes_bounds=PADLOCKS.mdes.values, attrition_bounds=PADLOCKS.attrition.values,
        mdes_decimals=3, attrition_decimals=1,
    )  # fmt: skip
    assert (exact.mdes, exact.attrition, exact.mdes_read, exact.attrition_read) == (4, 4, 0.204, 10.4)


@pytest.mark.parametrize(("place", "edge"), list(enumerate(PADLOCKS.mdes.values)))
@given(part=HALF)
def test_the_mdes_changes_its_padlocks_half_a_hundredth_above_each_edge(place: int, edge: float, part: float) -> None:
    assert interim(mdes=edge - 0.01 * part).mdes == 5 - place
    assert interim(mdes=edge + 0.01 * part).mdes == 5 - place
    assert interim(mdes=edge + 0.005).mdes == 4 - place
    assert interim(mdes=edge + 0.005 + 0.01 * part).mdes == 4 - place


@pytest.mark.parametrize(("place", "edge"), list(enumerate(PADLOCKS.attrition.values)))
@given(part=HALF)
def test_attrition_changes_its_padlocks_half_a_percent_above_each_edge(place: int, edge: float, part: float) -> None:
    assert interim(attrition=(edge - part) / 100).attrition == 5 - place
    assert interim(attrition=(edge + part) / 100).attrition == 5 - place
    assert interim(attrition=(edge + 0.5) / 100).attrition == 4 - place
    assert interim(attrition=(edge + 0.5 + part) / 100).attrition == 4 - place


@given(
    design=st.integers(0, 5), mdes=st.floats(0.001, 2), attrition=st.floats(0, 1), more=st.floats(0, 0.5),
)  # fmt: skip
def test_a_weaker_trial_never_has_more_padlocks(design: int, mdes: float, attrition: float, more: float) -> None:
    found = interim(design, mdes=mdes, attrition=attrition)
    assert found.padlocks == min(found.design, found.mdes, found.attrition)
    assert interim(design, mdes=mdes + more, attrition=attrition).padlocks <= found.padlocks
    assert interim(design, mdes=mdes, attrition=min(1.0, attrition + more)).padlocks <= found.padlocks


@pytest.mark.parametrize(
    ("bands", "months", "edge"), [(name, k, edge) for name, values in BANDS.items() for k, edge in enumerate(values)]
)
@given(part=HALF)
def test_months_change_half_a_hundredth_above_each_edge(bands: str, months: int, edge: float, part: float) -> None:
    bounds = BANDS[bands]

    def read(value: float) -> int:
        found = months_of_progress(value, low=value, high=value, upper_bounds=bounds)
        assert found.low == found.months == found.high
        assert found.beyond_scale == (abs(round_half_up(value, 2)) > bounds[-1])
        mirrored = months_of_progress(-value, low=-value, high=-value, upper_bounds=bounds)
        assert mirrored.months == -found.months
        return found.months

    last = len(bounds) - 1
    assert read(edge + 0.01 * part) == months
    assert read(edge + 0.005) == min(months + 1, last)
    assert read(edge + 0.005 + 0.01 * part) == min(months + 1, last)


@given(values=st.lists(st.floats(-1.5, 1.5), min_size=3, max_size=3), bands=st.sampled_from(sorted(BANDS)))
def test_the_ends_of_an_interval_are_read_as_the_effect_is(values: list[float], bands: str) -> None:
    low, effect, high = sorted(values)
    found = months_of_progress(effect, low=low, high=high, upper_bounds=BANDS[bands])
    assert found.low <= found.months <= found.high
    for value, months in ((low, found.low), (effect, found.months), (high, found.high)):
        alone = months_of_progress(value, low=value, high=value, upper_bounds=BANDS[bands])
        assert alone.months == months


@pytest.mark.parametrize("bounds", [STANDARDS.cost.bounds.values, STANDARDS.cost.older_bounds.values])
@given(part=st.floats(0.01, 0.99))
def test_cost_changes_its_rating_at_each_edge(bounds: tuple[float, ...], part: float) -> None:
    assert [cost_rating(edge, bounds=bounds) for edge in bounds] == [2, 2, 3, 4]
    assert [cost_rating(edge - part, bounds=bounds) for edge in bounds] == [1, 2, 3, 4]
    assert [cost_rating(edge + part, bounds=bounds) for edge in bounds] == [2, 3, 4, 5]


@pytest.mark.parametrize("table", [STANDARDS.wwc.attrition_cautious.values, STANDARDS.wwc.attrition_optimistic.values])
def test_attrition_is_low_up_to_the_published_difference_at_every_percent(table: tuple[float, ...]) -> None:
    for percent, limit in enumerate(table):
        for overall in (percent / 100, (percent + 0.49) / 100, max(percent - 0.5, 0) / 100):
            assert attrition_boundary(overall, limit / 100, table=table).low
            assert not attrition_boundary(overall, limit / 100 + 1e-6, table=table).low
    assert not attrition_boundary((len(table) - 0.5) / 100, 0.0, table=table).low
    assert attrition_boundary((len(table) - 0.51) / 100, 0.0, table=table).low == (table[-1] >= 0)


@given(step=st.floats(1e-9, 0.04), sign=st.sampled_from([-1.0, 1.0]))
def test_baseline_verdicts_change_at_their_two_edges(step: float, sign: float) -> None:
    limits = {
        "satisfied": STANDARDS.wwc.baseline_satisfied.value,
        "adjustable": STANDARDS.wwc.baseline_adjustable.value,
    }
    for edge, below, above in ((0.05, "satisfied", "needs_adjustment"), (0.25, "needs_adjustment", "fails")):
        assert baseline_verdict(sign * edge, **limits) == below
        assert baseline_verdict(sign * (edge - step), **limits) == below
        assert baseline_verdict(sign * (edge + step), **limits) == above


@given(
    low=st.booleans(), adjusted=st.booleans(),
    baseline=st.sampled_from(["satisfied", "needs_adjustment", "fails", None]),
)  # fmt: skip
def test_only_a_trial_with_low_attrition_meets_the_standard_without_reservations(low, baseline, adjusted) -> None:
    trial = wwc_rating("randomised", low_attrition=low, baseline=baseline, adjusted=adjusted)
    other = wwc_rating("quasi_experiment", low_attrition=low, baseline=baseline, adjusted=adjusted)
    assert (trial == "without_reservations") == low
    assert other != "without_reservations"
    equivalent = baseline == "satisfied" or (baseline == "needs_adjustment" and adjusted)
    assert (other == "with_reservations") == equivalent
    if not low:
        assert trial == other


THREATS = st.builds(
    Threat, st.sampled_from(["low", "moderate", "high"]), st.sampled_from(["unknown", "upward", "downward"])
)


@given(rated=st.lists(THREATS, min_size=7, max_size=7), start=st.integers(0, 5), order=st.permutations(range(7)))
def test_threats_take_off_two_at_most_and_their_order_does_not_matter(rated, start: int, order: list[int]) -> None:
    found = final_padlocks(start, dict(zip(SEVEN, rated, strict=True)), required=SEVEN)
    turned = final_padlocks(start, dict(zip(SEVEN, (rated[k] for k in order), strict=True)), required=SEVEN)
    assert (found.padlocks, found.subtracted) == (turned.padlocks, turned.subtracted)
    assert found.subtracted in (0, 1, 2, None)
    if found.subtracted is not None:
        assert found.padlocks == max(0, start - found.subtracted)
    levels = [threat.level for threat in rated]
    if levels.count("high") >= 2 or (levels.count("high") == 1 and levels.count("moderate") >= 2):
        assert found.subtracted == 2
    if set(levels) == {"low"}:
        assert found.subtracted == 0
    assert found.needs_reviewer_judgement == (found.padlocks is None)
    assert not math.isnan(found.n_high + found.n_moderate)
