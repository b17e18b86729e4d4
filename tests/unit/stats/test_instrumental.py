"""CACE by hand: ratios, shapes of confidence sets, refusals."""

import math

import numpy as np
import pytest

from evalkit.errors import FitError
from evalkit.stats.instrumental import complier_effect
from evalkit.stats.instrumental_ratio import ratio_effect
from evalkit.stats.ratio_set import ratio_set


def trial(seed=3, *, schools=12, size=8, moved=0.6):
    rng = np.random.default_rng(seed)
    school = np.repeat(np.arange(schools), size)
    z = (school % 2).astype(float)
    dose = z * (rng.random(len(school)) < moved)
    pre = rng.normal(size=len(school))
    y = 0.5 * dose + 0.6 * pre + rng.normal(0, 0.3, schools)[school] + rng.normal(size=len(school))
    return y, dose, z, school, np.column_stack([np.ones(len(school)), pre])


def test_without_covariates_it_is_the_ratio_of_differences():
    y, dose, z, school, _ = trial()
    found = complier_effect(y, dose, assignment=z, clusters=school, covariates=np.ones((len(y), 1)))
    itt = y[z == 1].mean() - y[z == 0].mean()
    share = dose[z == 1].mean() - dose[z == 0].mean()
    assert found.estimate == pytest.approx(itt / share, rel=1e-12)
    assert (found.df, found.n_school_columns, found.two_sided, found.dose_is_binary) == (10.0, 2, False, True)


def test_degrees_of_freedom_count_schools_and_their_columns():
    y, dose, z, school, w = trial()
    size = np.column_stack([w, school * 1.0, school * 2.0 + 1])
    found = complier_effect(y, dose, assignment=z, clusters=school, covariates=size)
    assert found.df == 12 - 3
    assert found.dropped == ("column 4",)
    other = complier_effect(y, dose, assignment=z, clusters=school, covariates=size, df="satterthwaite")
    assert other.df == found.df_satterthwaite != found.df
    assert other.std_error == found.std_error


def test_pupils_randomised_alone_have_the_usual_degrees_of_freedom():
    y, dose, _, _, w = trial()
    z = np.tile([0.0, 1.0], len(y) // 2)
    dose = z * (dose + 1)
    assert complier_effect(y, dose, assignment=z, clusters=np.arange(len(y)), covariates=w).df == len(y) - 3


def test_assignment_inside_schools_counts_schools():
    y, _, _, school, w = trial()
    z = np.tile([0.0, 1.0], len(y) // 2)
    found = complier_effect(y, z * (1 + (w[:, 1] > 0)), assignment=z, clusters=school, covariates=w)
    assert found.df == 11


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_the_unit_of_the_dose_only_rescales(scale):
    y, dose, z, school, w = trial()
    one = complier_effect(y, dose, assignment=z, clusters=school, covariates=w)
    other = complier_effect(y, dose * scale, assignment=z, clusters=school, covariates=w)
    assert other.estimate * scale == pytest.approx(one.estimate, rel=1e-9)
    assert other.std_error * scale == pytest.approx(one.std_error, rel=1e-9)
    assert other.first_stage.f_value == pytest.approx(one.first_stage.f_value, rel=1e-9)
    ends = np.array(other.anderson_rubin.parts) * scale
    assert ends == pytest.approx(np.array(one.anderson_rubin.parts), rel=1e-8)


def test_full_compliance_is_the_effect_of_assignment():
    y, _, z, school, w = trial()
    found = complier_effect(y, z, assignment=z, clusters=school, covariates=w)
    assert found.full_compliance
    assert not found.weak
    assert found.estimate == pytest.approx(found.itt, rel=1e-12)
    assert found.anderson_rubin.parts[0] == pytest.approx((found.conf_low, found.conf_high), rel=1e-9)


def test_fieller_on_the_two_regressions_is_the_anderson_rubin_set():
    y, dose, z, school, w = trial()
    found = complier_effect(y, dose, assignment=z, clusters=school, covariates=w)
    low, high = found.anderson_rubin.parts[0]
    # The sum of the two ends gives the covariance, which the product of the ends then must repeat.
    t2 = 2.228138851964939**2
    vf, vi = found.first_stage.std_error**2, found.itt_std_error**2
    a = found.first_stage.coefficient**2 - t2 * vf
    cov = (found.itt * found.first_stage.coefficient - a * (low + high) / 2) / t2
    again = ratio_effect(
        found.itt,
        found.first_stage.coefficient,
        itt_std_error=math.sqrt(vi),
        first_stage_std_error=math.sqrt(vf),
        df=found.df,
        correlation=cov / math.sqrt(vi * vf),
    )
    assert again.fieller.parts[0] == pytest.approx((low, high), rel=1e-8)
    assert again.estimate == pytest.approx(found.estimate, rel=1e-12)


def test_two_sided_non_compliance_is_said():
    y, dose, z, school, w = trial()
    dose = dose.copy()
    dose[np.flatnonzero(z == 0)[:6]] = 1
    found = complier_effect(y, dose, assignment=z, clusters=school, covariates=w)
    assert found.two_sided
    assert found.first_stage.share_crossed == 6 / 48


def test_a_weak_first_stage_is_called_weak():
    y, dose, z, school, w = trial(moved=0.08)
    found = complier_effect(y, dose, assignment=z, clusters=school, covariates=w)
    assert found.weak == (found.first_stage.f_value < 10)
    assert complier_effect(y, dose, assignment=z, clusters=school, covariates=w, weak_below=1e9).weak


def test_a_dose_far_from_zero_and_hardly_moved_is_still_solved():
    y, dose, z, school, w = trial()
    one = complier_effect(y, dose, assignment=z, clusters=school, covariates=w)
    far = complier_effect(y, 1e8 + dose + 1e3 * w[:, 1], assignment=z, clusters=school, covariates=w)
    assert far.estimate == pytest.approx(one.estimate, rel=1e-5)
    assert far.std_error == pytest.approx(one.std_error, rel=1e-5)


def test_refusals_name_the_cause():
    y, dose, z, school, w = trial()
    given = {"assignment": z, "clusters": school, "covariates": w}
    with pytest.raises(FitError, match="The dose is 0 for every pupil") as caught:
        complier_effect(y, dose * 0, **{**given, "assignment": z * 0 + 1})
    assert len(caught.value.problems) == 2
    same = np.tile([0.0, 1.0], len(y) // 2)
    with pytest.raises(FitError, match="same dose"):
        complier_effect(y, same, assignment=z, clusters=school, covariates=np.ones((len(y), 1)))
    with pytest.raises(FitError, match="determine assignment"):
        complier_effect(y, dose, **{**given, "covariates": np.column_stack([w, 1 - z])})
    many = np.column_stack([w, np.random.default_rng(1).normal(size=(12, 10))[school]])
    with pytest.raises(FitError, match="no degree of freedom"):
        complier_effect(y, dose, **{**given, "covariates": many})
    with pytest.raises(FitError, match="missing"):
        complier_effect(np.where(y > 1, np.nan, y), dose, **given)
    with pytest.raises(FitError, match="CR2, CR3"):
        complier_effect(y, dose, **given, kind="HC1")


@pytest.mark.parametrize(
    ("denominator", "spread", "numerator", "shape"),
    [
        (1.0, 0.01, 0.3, "interval"),
        (0.1, 0.01, 3.0, "two_rays"),
        (0.1, 0.01, 0.1, "everything"),
        (0.5, 0.0625, 2.0, "ray"),
    ],
)
def test_shapes_of_a_ratio_set_by_trying_every_ratio(denominator, spread, numerator, shape):
    found = ratio_set(
        numerator, denominator, variance_numerator=0.04, variance_denominator=spread, covariance=0.001, critical=2.0
    )
    assert found.shape == shape
    assert found.bounded == (shape == "interval")
    for ratio in np.concatenate([np.linspace(-80, 80, 3001), [numerator / denominator]]):
        variance = 0.04 - 2 * ratio * 0.001 + ratio**2 * spread
        assert found.holds(ratio) == ((numerator - ratio * denominator) ** 2 <= 4 * variance * (1 + 1e-12))


def test_ratio_by_hand():
    found = ratio_effect(0.12, 0.8, itt_std_error=0.05, first_stage_std_error=0.0, df=67)
    assert found.std_error == pytest.approx(0.05 / 0.8)
    assert found.fieller.parts[0] == pytest.approx((found.conf_low, found.conf_high))
    assert found.p_value == pytest.approx(0.01916, abs=5e-5)
    with pytest.raises(FitError, match="other than 0"):
        ratio_effect(0.1, 0.0, itt_std_error=0.1, first_stage_std_error=0.1, df=5)
    with pytest.raises(FitError, match="below 0"):
        ratio_effect(0.1, 0.5, itt_std_error=-0.1, first_stage_std_error=0.1, df=5)
    with pytest.raises(FitError, match="-1 to 1"):
        ratio_effect(0.1, 0.5, itt_std_error=0.1, first_stage_std_error=0.1, df=5, correlation=2)
