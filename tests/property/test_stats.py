"""What must hold for any numbers: of change, effect sizes, reliability, adjusted p-values and suppression."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import linprog

from evalkit.errors import FitError
from evalkit.stats.change import normalised_gain, percent_change
from evalkit.stats.disclosure import proportion_is_safe, suppress_table
from evalkit.stats.effect_size import d_av, d_rm, d_z, independent_groups
from evalkit.stats.items import item_statistics, straight_lining
from evalkit.stats.multiplicity import benjamini_hochberg, hochberg, holm
from evalkit.stats.noncentral_t import noncentrality_limits
from evalkit.stats.paired import paired_change
from evalkit.stats.proportions import wilson
from evalkit.stats.reliability import alpha, omega
from evalkit.stats.reliable_change import reliable_change

# Shared machines are slow at times: a deadline would fail for no fault of the code.
UNHURRIED = settings(deadline=None)
FEWER = settings(deadline=None, max_examples=40)

ANSWERS = st.integers(1, 5).map(float)
PAIRS = st.lists(st.tuples(ANSWERS, ANSWERS), min_size=4, max_size=30).filter(
    lambda pairs: len({post - pre for pre, post in pairs}) > 1
)
ITEMS = hnp.arrays(float, st.tuples(st.integers(5, 25), st.integers(3, 6)), elements=ANSWERS).filter(
    lambda items: bool(np.all(np.ptp(items, axis=0) > 0)) and np.ptp(items.sum(axis=1)) > 0
)
P_VALUES = st.lists(st.one_of(st.floats(0, 1), st.just(math.nan)), max_size=12)
TABLES = hnp.arrays(int, st.tuples(st.integers(1, 4), st.integers(1, 4)), elements=st.integers(0, 40))


def split(pairs):
    return np.array(pairs).T


@FEWER
@given(PAIRS, st.randoms(use_true_random=False))
def test_row_order_never_matters(pairs, random):
    shuffled = list(pairs)
    random.shuffle(shuffled)
    one, other = paired_change(*split(pairs)), paired_change(*split(shuffled))
    assert (one.n, one.df) == (other.n, other.df)
    assert one.p_value == pytest.approx(other.p_value)
    assert d_av(one).low == pytest.approx(d_av(other).low)


@FEWER
@given(PAIRS, st.floats(-50, 50), st.floats(0.1, 10))
def test_a_shifted_and_stretched_score_keeps_its_effect(pairs, shift, stretch):
    pre, post = split(pairs)
    one, other = paired_change(pre, post), paired_change(pre * stretch + shift, post * stretch + shift)
    for size in (d_av, d_z):
        assert size(other).value == pytest.approx(size(one).value, abs=1e-8)
        assert size(other).high == pytest.approx(size(one).high, abs=1e-7)


@FEWER
@given(PAIRS)
def test_swapping_the_waves_turns_everything_round(pairs):
    pre, post = split(pairs)
    there, back = paired_change(pre, post), paired_change(post, pre)
    assert back.mean_change == pytest.approx(-there.mean_change)
    assert back.p_value == pytest.approx(there.p_value)
    for size in (d_av, d_z):
        assert (size(back).low, size(back).high) == pytest.approx((-size(there).high, -size(there).low), abs=1e-9)


@FEWER
@given(PAIRS)
def test_effect_sizes_agree_with_the_test_and_contain_their_value(pairs):
    found = paired_change(*split(pairs))
    sizes = [d_av(found), d_z(found)]
    if found.r < 0.999:
        sizes.append(d_rm(found))
    for size in sizes:
        assert size.low <= size.value <= size.high
        assert (size.low <= 0 <= size.high) == (found.p_value >= 0.05) or abs(found.p_value - 0.05) < 1e-9


@UNHURRIED
@given(st.floats(-40, 40), st.integers(2, 500), st.floats(0.5, 0.99))
def test_noncentral_limits_bracket_and_mirror(statistic, df, conf_level):
    low, high = noncentrality_limits(statistic, df, conf_level=conf_level)
    assert low < high
    assert noncentrality_limits(-statistic, df, conf_level=conf_level) == pytest.approx((-high, -low), abs=1e-8)


@FEWER
@given(st.lists(ANSWERS, min_size=2, max_size=12), st.lists(ANSWERS, min_size=2, max_size=12))
def test_two_groups_swap_sign(first, second):
    try:
        one = independent_groups(first, second)
    except FitError:
        assert len(set(first)) == len(set(second)) == 1
        return
    other = independent_groups(second, first)
    assert other.mean_diff == pytest.approx(-one.mean_diff)
    assert other.effect.low == pytest.approx(-one.effect.high, abs=1e-9)


@UNHURRIED
@given(PAIRS)
def test_percentages_and_gains_stay_in_range(pairs):
    pre, post = split(pairs)
    found = percent_change(pre, post, minimum=1, maximum=5)
    assert -100 <= found.points_of_range.value <= 100
    for part in (found.points_of_range, found.change_of_means, found.mean_of_ratios):
        assert part.n + part.n_dropped == len(pre)
        assert part.reason is not None or part.low <= part.value <= part.high
    gain = normalised_gain(pre, post, minimum=1, maximum=5)
    assert math.isnan(gain.change) or -1 <= gain.change <= 1
    assert gain.n + gain.n_dropped == len(pre)


@UNHURRIED
@given(PAIRS, st.floats(0.05, 0.95), st.floats(0.3, 3))
def test_reliable_change_counts_everyone_once_and_turns_with_direction(pairs, reliability, sd_pre):
    pre, post = split(pairs)
    up = reliable_change(pre, post, reliability=reliability, sd_pre=sd_pre)
    down = reliable_change(pre, post, reliability=reliability, sd_pre=sd_pre, higher_is="worse")
    assert up.improved + up.unchanged + up.declined == up.n == len(pre)
    assert (up.improved, up.declined) == (down.declined, down.improved)
    assert up.improved == sum(1 for one, other in zip(pre, post, strict=True) if other - one > up.threshold)


@UNHURRIED
@given(ITEMS)
def test_alpha_stays_below_one_and_ignores_reversing_everything(items):
    try:
        one = alpha(items)
    except FitError:
        return
    reversed_all = alpha(6 - items)
    assert one.low <= one.value <= min(one.high, 1 + 1e-12)
    assert reversed_all.value == pytest.approx(one.value, abs=1e-9)


@UNHURRIED
@given(ITEMS)
def test_alpha_if_dropped_is_the_alpha_of_the_other_items(items):
    for place, row in enumerate(item_statistics(items, minimum=1, maximum=5)):
        rest = np.delete(items, place, axis=1)
        if np.ptp(rest.sum(axis=1)) > 0:
            assert row.alpha_if_dropped == pytest.approx(alpha(rest).value, abs=1e-8)
            assert row.item_rest_r == pytest.approx(np.corrcoef(items[:, place], rest.sum(axis=1))[0, 1], abs=1e-8)


@FEWER
@given(ITEMS)
def test_omega_is_a_share_or_flagged_or_refused(items):
    try:
        found = omega(items)
    except FitError:
        return
    assert math.isfinite(found.std_error)
    assert found.low <= found.value <= found.high
    assert found.is_heywood or 0 <= found.value < 1


@UNHURRIED
@given(hnp.arrays(float, st.tuples(st.integers(1, 10), st.integers(1, 9)), elements=st.sampled_from([1, 2, math.nan])))
def test_straight_lining_equals_a_plain_loop(items):
    expected = []
    for row in items:
        given_answers = [value for value in row if not math.isnan(value)]
        expected.append(len(given_answers) >= 6 and len(set(given_answers)) == 1)
    assert straight_lining(items).tolist() == expected


@UNHURRIED
@given(P_VALUES)
def test_adjusted_p_values_are_ordered_and_never_smaller(p):
    p = np.array(p, dtype=float)
    strict, sharper, false_discovery = holm(p), hochberg(p), benjamini_hochberg(p)
    for adjusted in (strict, sharper, false_discovery):
        assert np.array_equal(np.isnan(adjusted), np.isnan(p))
        kept = ~np.isnan(p)
        assert np.all((adjusted[kept] >= p[kept] - 1e-12) & (adjusted[kept] <= 1))
        assert np.all(np.diff(adjusted[kept][np.argsort(p[kept], kind="stable")]) >= -1e-12)
    assert np.all((strict >= sharper - 1e-12) | np.isnan(p))
    assert np.all((sharper >= false_discovery - 1e-12) | np.isnan(p))


@UNHURRIED
@given(st.integers(1, 500), st.data())
def test_wilson_contains_the_share_and_mirrors(n, data):
    count = data.draw(st.integers(0, n))
    found, rest = wilson(count, n), wilson(n - count, n)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low == pytest.approx(1 - rest.high)


@UNHURRIED
@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 20))
def test_a_safe_proportion_can_be_subtracted_from_its_total(numerator, rest, threshold):
    safe = proportion_is_safe(numerator, numerator + rest, threshold)
    assert safe == (numerator >= threshold and rest >= threshold)
    assert safe == proportion_is_safe(rest, numerator + rest, threshold)


def reader_range(counts, mask, cell, *, floor):
    """Smallest and largest value that a reader of the masked table with its totals can prove for an inner cell.

    Written from the reader's side, with the inner cells alone as unknowns, so that it shares nothing with the code.
    """
    rows, columns = counts.shape
    known, values = [], []

    def learn(places, value):
        line = np.zeros(counts.shape)
        for place in places:
            line[place] = 1
        known.append(line.ravel())
        values.append(value)

    every = [(row, column) for row in range(rows) for column in range(columns)]
    for place in every:
        if not mask.cells[place]:
            learn([place], counts[place])
    for row in range(rows):
        if not mask.row_totals[row]:
            learn([(row, column) for column in range(columns)], counts[row].sum())
    for column in range(columns):
        if not mask.column_totals[column]:
            learn([(row, column) for row in range(rows)], counts[:, column].sum())
    if not mask.grand_total:
        learn(every, counts.sum())
    bounds = [(min(floor, counts[place]) if mask.cells[place] else 0, None) for place in every]
    goal = np.zeros(len(every))
    goal[every.index(cell)] = 1
    equations = {"A_eq": np.array(known), "b_eq": np.array(values)} if known else {}
    low = linprog(goal, bounds=bounds, **equations)
    high = linprog(-goal, bounds=bounds, **equations)
    return low.fun, math.inf if high.status == 3 else -high.fun


@FEWER
@given(TABLES, st.sampled_from([5, 10]), st.booleans())
def test_no_small_count_can_be_worked_out(counts, threshold, zeros):
    mask = suppress_table(counts, threshold=threshold, zeros=zeros)
    small = (counts < threshold) & ((counts > 0) | zeros)
    assert np.all(mask.cells[small])
    assert np.all(mask.row_totals[(counts.sum(axis=1) > 0) & (counts.sum(axis=1) < threshold)])
    assert np.all(mask.column_totals[(counts.sum(axis=0) > 0) & (counts.sum(axis=0) < threshold)])
    for cell in [(int(row), int(column)) for row, column in np.argwhere(small)]:
        low, high = reader_range(counts, mask, cell, floor=0 if zeros else 1)
        assert high - low > 2
