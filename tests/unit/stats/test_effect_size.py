"""Effect sizes by hand and against published numbers, and what they refuse."""

import math

import pytest

from evalkit.errors import FitError
from evalkit.stats.effect_size import (
    d_av,
    d_baseline,
    d_rm,
    d_z,
    hedges_correction,
    hedges_g,
    independent_groups,
)
from evalkit.stats.noncentral_t import noncentrality_limits
from evalkit.stats.paired import paired_change, summarised_change


def test_exact_correction_by_hand():
    # m = 4: Gamma(2) / (sqrt(2) Gamma(1.5)) = 1 / (1.414214 * 0.886227) = 0.797885
    assert hedges_correction(4) == pytest.approx(0.797885, abs=1e-6)
    # Hedges 1981 gives 1 - 3/(4m - 1) as its approximation: 0.9866 at m = 55.
    assert hedges_correction(55) == pytest.approx(1 - 3 / 219, abs=1e-4)
    assert hedges_correction(300_000) == pytest.approx(1, abs=1e-5)


def test_ten_ratings_by_hand():
    # Changes 0 1 1 1 1 0 1 2 1 2: mean 1, squares 4, variance 4/9, d_z = 1 / (2/3) = 1.5.
    # Means 7.7 and 8.7, squares 8.1 and 6.1, variances .9 and .677778: d_av = 1 / sqrt(.788889) = 1.125872.
    # r = (.9 + .677778 - .444444) / (2 sqrt(.9 * .677778)) = .725543, d_rm = 1.5 sqrt(2 * .274457) = 1.111332.
    found = paired_change([9, 6, 7, 8, 7, 9, 8, 8, 8, 7], [9, 7, 8, 9, 8, 9, 9, 10, 9, 9])
    correction = hedges_correction(9)
    assert d_z(found).value / correction == pytest.approx(1.5)
    assert d_av(found).value / correction == pytest.approx(1.125872, abs=1e-5)
    assert d_rm(found).value / correction == pytest.approx(1.111332, abs=1e-5)


def test_paired_values_by_hand():
    # s1 3, s2 4, r .5: s_d^2 = 9 + 16 - 12 = 13; m 2; n 25; J(24) = .968365
    found = summarised_change((10, 12), (3, 4), r=0.5, n=25)
    correction = 0.968365
    assert d_z(found).value == pytest.approx(correction * 2 / math.sqrt(13), abs=1e-5)
    assert d_av(found).value == pytest.approx(correction * 2 / math.sqrt(12.5), abs=1e-5)
    assert d_rm(found).value == pytest.approx(correction * 2 / math.sqrt(13), abs=1e-5)  # sqrt(2 (1 - .5)) = 1
    baseline = d_baseline(found)
    assert baseline.value == pytest.approx(correction * 2 / 3, abs=1e-5)
    # variance 13/(9*24) + (2/3)^2/48 = .060185 + .009259 = .069444, root .263523, times 1.959964 J = .500157
    assert baseline.high - baseline.value == pytest.approx(0.500157, abs=1e-5)


def test_names_and_intervals_are_always_said():
    found = summarised_change((10, 12), (3, 4), r=0.5, n=25)
    said = [(size(found).kind, size(found).interval) for size in (d_av, d_z, d_rm, d_baseline)]
    assert said == [
        ("d_av", "algina_keselman"),
        ("d_z", "noncentral_t"),
        ("d_rm", "noncentral_t"),
        ("d_baseline", "bonett"),
    ]


@pytest.mark.parametrize("size", [d_z, d_av, d_rm])
def test_interval_holds_zero_exactly_when_the_test_does_not_reject(size):
    for shift in (0.2, 0.4, 0.41, 0.42, 0.45, 0.6):
        found = summarised_change((0, shift), (1, 1), r=0.5, n=25)
        assert (size(found).low <= 0) == (found.p_value >= 0.05)


def test_published_g_interval():
    # A g of .8485 from groups of 19 and 21 has the non-central limits [.206, 1.481]; a normal-type interval is wider.
    correction = hedges_correction(38)
    found = hedges_g(0.8485 / correction, 1, n_treated=19, n_control=21)
    assert (round(found.value, 4), round(found.low, 3), round(found.high, 3)) == (0.8485, 0.206, 1.481)


def test_independent_groups_by_hand():
    # 1 3 5: mean 3, squares 8; 2 4: mean 3 ... shifted by 2 -> 4 6: mean 5, squares 2; pooled sqrt(10/3) = 1.825742
    found = independent_groups([1, 3, 5], [4, 6])
    assert (found.mean_diff, found.df) == (-2, 3)
    assert found.sd_pooled == pytest.approx(1.825742, abs=1e-6)
    assert found.std_error == pytest.approx(1.825742 * math.sqrt(1 / 3 + 1 / 2), abs=1e-6)
    # J(3) = Gamma(1.5) / (sqrt(1.5) Gamma(1)) = .886227 / 1.224745 = .723602
    assert found.effect.value == pytest.approx(-2 / 1.825742 * 0.723602, abs=1e-5)


def test_one_leaver_has_a_difference_but_no_spread():
    found = independent_groups([9], [4, 6, 8, 5])
    assert math.isnan(found.sd_first)
    assert found.mean_diff == 3.25
    assert found.effect.low < found.effect.value < found.effect.high


@pytest.mark.parametrize(("t", "df"), [(0.0, 2), (1e-9, 2), (50, 2), (1000, 2), (200, 55), (120, 300_000), (-80, 9)])
def test_noncentral_limits_hold_out_at_the_extremes(t, df):
    low, high = noncentrality_limits(t, df)
    mirrored = noncentrality_limits(-t, df)
    assert low < t < high or df == 2
    assert low < high
    assert mirrored == pytest.approx((-high, -low))


def test_noncentral_limits_narrow_with_the_level():
    wide, narrow = noncentrality_limits(2.5, 20, conf_level=0.99), noncentrality_limits(2.5, 20, conf_level=0.8)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_refuses_with_a_sentence():
    pair = summarised_change((1, 2), (1, 1), r=0.5, n=2)
    for size in (d_z, d_av, d_rm, d_baseline):
        with pytest.raises(FitError, match="needs 3 pupils"):
            size(pair)
    flat = paired_change([5, 5, 5], [6, 7, 9])
    with pytest.raises(FitError, match="correlation"):
        d_rm(flat)
    with pytest.raises(FitError, match="All baseline scores are equal"):
        d_baseline(flat)
    with pytest.raises(FitError, match="0 and 5 pupils"):
        independent_groups([], [1, 2, 3, 4, 5])
    with pytest.raises(FitError, match="no spread"):
        independent_groups([2, 2, 2], [3, 3])
    with pytest.raises(FitError, match="degrees of freedom"):
        independent_groups([2], [3, 4])
    with pytest.raises(FitError, match="above 0"):
        hedges_g(1, 0, n_treated=10, n_control=10)
    with pytest.raises(FitError, match="at least 1"):
        hedges_g(1, 1, n_treated=0, n_control=10)
    with pytest.raises(FitError, match="finite"):
        noncentrality_limits(math.inf, 4)
