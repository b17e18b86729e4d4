"""Padlocks, months, cost, WWC and reported percentages, with the thresholds that evalkit ships."""

import math

import pytest

from evalkit.errors import FitError
from evalkit.records.standards import load_standards
from evalkit.stats.costs import CostItem, cost_per_pupil, cost_rating
from evalkit.stats.ratings import Threat, final_padlocks, interim_padlocks, months_of_progress
from evalkit.stats.reported_share import fitting_counts, fitting_sizes
from evalkit.stats.rounding import round_half_up
from evalkit.stats.wwc import (
    baseline_verdict,
    cluster_bias,
    correct_for_clusters,
    cox_d,
    improvement_index,
    wwc_g,
    wwc_rating,
)

STANDARDS = load_standards()
SEVEN = tuple(threat.id for threat in STANDARDS.security_threats)
BOUNDS = {
    "mdes_bounds": STANDARDS.padlocks.mdes.values,
    "attrition_bounds": STANDARDS.padlocks.attrition.values,
}


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [(0.205, 2, 0.21), (0.2049999, 2, 0.20), (0.1 + 0.185, 2, 0.29), (-0.005, 2, -0.01), (10.5, 0, 11), (-0.001, 2, 0)],
)
def test_halves_go_away_from_zero(value, decimals, expected):
    assert round_half_up(value, decimals) == expected
    assert math.copysign(1, round_half_up(-0.001, 2)) == 1


@pytest.mark.parametrize(
    ("mdes", "padlocks"),
    [(0.2, 5), (0.2049, 5), (0.205, 4), (0.294, 4), (0.295, 3), (0.39, 3), (0.4, 2), (0.5, 1), (0.594, 1), (0.595, 0)],
)
def test_mdes_column(mdes, padlocks):
    assert interim_padlocks(5, mdes=mdes, attrition=0, **BOUNDS).mdes == padlocks


@pytest.mark.parametrize(
    ("lost", "padlocks"), [(0, 5), (0.104, 5), (0.105, 4), (0.2, 4), (0.31, 2), (0.5, 1), (0.504, 1), (0.505, 0)]
)
def test_attrition_column(lost, padlocks):
    assert interim_padlocks(5, mdes=0.1, attrition=lost, **BOUNDS).attrition == padlocks


def test_interim_is_the_lowest_column():
    found = interim_padlocks(5, mdes=0.25, attrition=0.25, **BOUNDS)
    assert (found.padlocks, found.limited_by) == (3, ("attrition",))
    assert interim_padlocks(0, mdes=0.1, attrition=0, **BOUNDS).padlocks == 0


def test_all_faults_of_the_interim_rating_at_once():
    with pytest.raises(FitError) as caught:
        interim_padlocks(6, mdes=-1, attrition=30, mdes_bounds=(1, 2), attrition_bounds=BOUNDS["attrition_bounds"])
    assert len(caught.value.problems) == 4


def rated(*levels):
    given = [Threat(*level.split()) for level in levels]
    return dict(zip(SEVEN, [*given, *[Threat("low")] * (7 - len(given))], strict=True))


@pytest.mark.parametrize(
    ("levels", "subtracted"),
    [
        ([], 0),
        (["moderate"], 0),
        (["moderate", "moderate"], 0),
        (["moderate upward", "moderate downward"], 0),
        (["moderate upward", "moderate upward"], 1),
        (["moderate upward"], 1),
        (["moderate downward"], 1),
        (["moderate"] * 3, 1),
        (["moderate"] * 4, 1),
        (["high"], 1),
        (["high", "moderate", "moderate"], 2),
        (["high", "moderate", "moderate", "moderate"], 2),
        (["high", "high"], 2),
        (["high", "high", "high", "moderate"], 2),
        (["moderate upward", "moderate"], None),
        (["moderate upward"] * 3, None),
        (["moderate"] * 5, None),
        (["high", "moderate"], None),
        (["moderate upward", "moderate downward", "moderate"], None),
    ],
)
def test_final_rating_and_its_gaps(levels, subtracted):
    found = final_padlocks(4, rated(*levels), required=SEVEN)
    assert found.subtracted == subtracted
    assert found.padlocks == (None if subtracted is None else 4 - subtracted)
    assert found.needs_reviewer_judgement == (subtracted is None)
    assert found.reason


def test_padlocks_never_fall_below_none():
    assert final_padlocks(1, rated("high", "high"), required=SEVEN).padlocks == 0


def test_threats_must_all_be_rated():
    threats = {**rated(), "weather": Threat("low"), SEVEN[1]: Threat("severe")}
    del threats[SEVEN[0]]
    with pytest.raises(FitError) as caught:
        final_padlocks(9, threats, required=SEVEN)
    assert len(caught.value.problems) == 4


PUBLISHED = {
    "toolkit": [
        (0, 0.01),
        (1, 0.02, 0.09),
        (2, 0.10, 0.18),
        (3, 0.19, 0.26),
        (4, 0.27, 0.35),
        (5, 0.36, 0.44),
        (6, 0.45, 0.52),
        (7, 0.53, 0.61),
        (8, 0.62, 0.69),
        (9, 0.70, 0.78),
        (10, 0.79, 0.87),
        (11, 0.88, 0.95),
        (12, 0.96, 1.00),
    ],
    "project": [(0, 0.0, 0.04), (1, 0.05, 0.09), (2, 0.10, 0.18), (12, 0.96, 1.00)],
}


@pytest.mark.parametrize(
    ("bands", "months", "effect"),
    [(bands, months, effect) for bands, rows in PUBLISHED.items() for months, *ends in rows for effect in ends],
)
def test_published_bands_of_months(bands, months, effect):
    bounds = getattr(STANDARDS.months, bands).values
    assert months_of_progress(effect, low=effect, high=effect, upper_bounds=bounds).months == months
    assert months_of_progress(-effect, low=-effect, high=-effect, upper_bounds=bounds).months == -months


def test_published_examples_of_months():
    project = STANDARDS.months.project.values
    assert months_of_progress(0.03, low=0, high=0.1, upper_bounds=project).months == 0  # Dialogic Teaching
    gap = months_of_progress(0.10, low=-0.10, high=0.10, upper_bounds=project)  # Challenge the Gap, both phases
    assert (gap.months, gap.low) == (2, -2)


def test_months_above_the_table_are_marked():
    found = months_of_progress(0.9, low=0.6, high=1.2, upper_bounds=STANDARDS.months.project.values)
    assert (found.months, found.high, found.beyond_scale) == (11, 12, True)
    with pytest.raises(FitError, match="inside"):
        months_of_progress(0.5, low=0.6, high=0.7, upper_bounds=(0.1, 0.2))
    with pytest.raises(FitError, match="ascending"):
        months_of_progress(0.5, low=0.5, high=0.7, upper_bounds=(0.2, 0.1))


def test_cost_by_hand():
    items = [
        CostItem("training", "start_up", (6000, 0, 600)),
        CostItem("books", "recurring", (1000, 2000, 3000)),
        CostItem("tablets", "prerequisite", (500, 0, 0)),
    ]
    found = cost_per_pupil(items, pupils=[100, 200, 300], staff_days=[30, 20, 10])
    assert found.per_pupil_year == 12600 / 600
    assert found.start_up_per_pupil_year + found.recurring_per_pupil_year == found.per_pupil_year
    assert found.cumulative_cost == (7000, 9000, 12600)
    assert found.per_pupil_year_so_far == (70, 30, 21)
    assert (found.prerequisites, found.staff_days_per_year) == (500, 20)
    assert found.shares[0] == ("training", 6600 / 12600)
    assert cost_rating(found.per_pupil_year, bounds=STANDARDS.cost.bounds.values) == 1
    assert cost_rating(170, bounds=STANDARDS.cost.older_bounds.values) == 2


def test_all_faults_of_a_cost_at_once():
    items = [CostItem("a", "recurring", (1.0,)), CostItem("b", "once", (1.0, -2.0, 3.0))]
    with pytest.raises(FitError) as caught:
        cost_per_pupil(items, pupils=[1, 0, 1], staff_days=[1])
    assert len(caught.value.problems) == 5
    with pytest.raises(FitError, match="prerequisites"):
        cost_per_pupil([CostItem("a", "prerequisite", (1, 1, 1))], pupils=[1, 1, 1])


def test_wwc_effect_sizes_by_hand():
    assert wwc_g(5, 10, n_total=40) == pytest.approx(0.5 * (1 - 3 / 151))
    assert cox_d(0.6, 0.5) == pytest.approx(math.log(1.5) / 1.65)
    assert cox_d(0.6, 0.5, n_total=40) == pytest.approx(math.log(1.5) / 1.65 * (1 - 3 / 151))
    assert cluster_bias(1000, cluster_size=25, icc=0.2) == pytest.approx(math.sqrt(1 - 2 * 24 * 0.2 / 998))
    assert improvement_index(0.25) == pytest.approx(9.87, abs=0.005)
    assert improvement_index(-0.25) == pytest.approx(-9.87, abs=0.005)
    with pytest.raises(FitError, match="percentage points"):
        cox_d(1.0, 0.5)


def test_cluster_correction_by_hand():
    found = correct_for_clusters(0.25, n_treated=500, n_control=500, cluster_size=25, icc=0.2)
    assert found.statistic_before == pytest.approx(0.25 / math.sqrt(0.00403125))
    assert found.statistic == pytest.approx(found.statistic_before * math.sqrt(988.4 / 5788.4))
    assert found.df == pytest.approx(988.4**2 / (638.72 + 950 + 304))
    alone = correct_for_clusters(0.25, n_treated=500, n_control=500, cluster_size=1, icc=0.2)
    assert alone.statistic == pytest.approx(alone.statistic_before)
    nothing = correct_for_clusters(0.25, n_treated=50, n_control=50, cluster_size=10, icc=0)
    assert (nothing.statistic, nothing.df) == (pytest.approx(nothing.statistic_before), pytest.approx(98))


@pytest.mark.parametrize(
    ("design", "low", "baseline", "adjusted", "rating"),
    [
        ("randomised", True, None, False, "without_reservations"),
        ("randomised", False, 0.04, False, "with_reservations"),
        ("randomised", False, 0.1, True, "with_reservations"),
        ("randomised", False, 0.1, False, "does_not_meet"),
        ("randomised", False, None, True, "does_not_meet"),
        ("quasi_experiment", True, 0.01, True, "with_reservations"),
        ("quasi_experiment", True, 0.3, True, "does_not_meet"),
    ],
)
def test_wwc_rating(design, low, baseline, adjusted, rating):
    limits = STANDARDS.wwc.baseline_satisfied.value, STANDARDS.wwc.baseline_adjustable.value
    verdict = None if baseline is None else baseline_verdict(baseline, satisfied=limits[0], adjustable=limits[1])
    assert wwc_rating(design, low_attrition=low, baseline=verdict, adjusted=adjusted) == rating


def test_percentages_and_the_sizes_they_fit():
    assert fitting_sizes("93.75 %", most=100) == tuple(range(16, 101, 16))
    assert fitting_counts("48", n=65) == (31,)
    assert fitting_counts("48.0", n=65) == ()
    assert fitting_sizes("50", most=6) == (2, 4, 6)
    assert fitting_sizes("0", most=3) == fitting_sizes("100", most=3) == (1, 2, 3)
    # Half a unit of the last digit may have been rounded up or down: 1 of 8 is 12.5.
    assert fitting_counts("12", n=8) == fitting_counts("13", n=8) == (1,)


@pytest.mark.parametrize("percent", ["", "many", "101", "-1", "NaN"])
def test_what_is_no_percentage_is_refused(percent):
    with pytest.raises(FitError, match="not a percentage"):
        fitting_sizes(percent)


def test_fitting_counts_equal_trying_every_count():
    for n in range(1, 60):
        for tenth in range(0, 1001, 7):
            tried = tuple(k for k in range(n + 1) if abs(1000 * k - tenth * n) * 2 <= n)
            assert fitting_counts(f"{tenth // 10}.{tenth % 10}", n=n) == tried
