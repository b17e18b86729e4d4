"""The effect-size table of a fit, and the ten faults of the EEF's R package that it must not have."""

import numpy as np
import pandas as pd
import pytest

from evalkit.analysis.multilevel import multilevel
from evalkit.analysis.multilevel_arms import find_arms, moved_columns, reallocate
from evalkit.analysis.multilevel_effects import COLUMNS, effect_size
from evalkit.errors import FitError, SpecError
from evalkit.stats.cluster_effect_variants import ArmSizes, hedges_variance


def table(fit, treatment="treat", **options):
    return effect_size(fit.core, fit.sample, fit.inference(), treatment, **options)


def trial(seed=31, clusters=16, *, effect=0.5, pre_weight=0.8, between=0.5, arms=2):
    """A synthetic cluster trial, outcome in points of standard deviation about 10."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(10, 30, clusters)
    school = np.repeat(np.arange(clusters), sizes)
    arm = school % arms
    pre = rng.normal(0, 1, school.size)
    post = pre_weight * pre + effect * (arm == 1) + rng.normal(0, between, clusters)[school]
    post = 10 * (post + rng.normal(0, 0.6, school.size))
    return pd.DataFrame(
        {
            "school": school,
            "treat": (arm == 1).astype(int),
            "arm": np.array(["a", "b", "c"])[arm],
            "pre": pre,
            "girl": rng.integers(0, 2, school.size),
            "post": post,
        }
    )


@pytest.fixture(scope="module")
def data():
    return trial()


@pytest.fixture(scope="module")
def fit(data):
    return multilevel("post ~ treat + pre + (1 | school)", data)


def test_headline_first_and_columns_in_order(fit):
    found = table(fit)
    assert list(found.columns) == COLUMNS
    assert found["variant"].iloc[:2].tolist() == ["g_total", "g_within"]
    assert (found["reason"] == "").all()


def test_headline_is_the_effect_over_the_sd_of_the_arm_only_model(fit, data):
    arm_only = multilevel("post ~ treat + (1 | school)", data).variances()["variance"]
    row = table(fit).iloc[0]
    assert row["sd"] == pytest.approx(np.sqrt(arm_only.sum()), rel=1e-8)
    effect = fit.tidy().set_index("term").loc["treat"]
    factor = row["correction"] / row["sd"]
    expected = (effect["estimate"] * factor, effect["conf_low"] * factor, effect["conf_high"] * factor)
    assert (row["estimate"], row["conf_low"], row["conf_high"]) == pytest.approx(expected, rel=1e-10)
    assert 0.97 < row["correction"] < 1


@pytest.mark.parametrize("seed", range(8))
def test_interval_agrees_with_p(seed):
    found = table(multilevel("post ~ treat + pre + (1 | school)", trial(seed, effect=0.35)))
    tested = found[found["p_value"].notna()]
    assert len(tested) == 6
    excludes = (tested["conf_low"] > 0) | (tested["conf_high"] < 0)
    assert (excludes == (tested["p_value"] < 0.05)).all()


def test_other_rows_or_unit_change_nothing(fit, data):
    shuffled = data.sample(frac=1, random_state=3).assign(post=lambda d: 3 * d["post"] - 40)
    other = table(multilevel("post ~ treat + pre + (1 | school)", shuffled))
    numbers = ["estimate", "conf_low", "conf_high", "df"]
    np.testing.assert_allclose(other[numbers].astype(float), table(fit)[numbers].astype(float), rtol=1e-6)


def test_any_two_numbers_may_name_the_arms(fit, data):
    coded = multilevel("post ~ treat + pre + (1 | school)", data.assign(treat=data["treat"] * 2 + 1))
    np.testing.assert_allclose(table(coded)["estimate"], table(fit)["estimate"], rtol=1e-6)


def test_three_levels_add_up_and_formulas_say_why_not(data):
    nested = data.assign(klass=data.groupby("school").cumcount() % 2)
    found = table(multilevel("post ~ treat + pre + (1 | school/klass)", nested)).set_index("variant")
    assert np.isfinite(found.loc["g_total", "estimate"])
    assert "two levels" in found.loc["hedges_2007_total", "reason"]
    assert found.loc["g_total", "clusters_treated"] == 8


def test_headline_alone_is_the_same(fit):
    pd.testing.assert_frame_equal(table(fit, variants="headline"), table(fit).iloc[:2])


def test_subgroup_of_its_own_uses_its_own_sd(data):
    wide = data.assign(post=np.where(data["girl"] == 1, 3 * data["post"], data["post"]))
    girls = table(multilevel("post ~ treat + pre + (1 | school)", wide[wide["girl"] == 1])).iloc[0]
    everyone = table(multilevel("post ~ treat + pre + (1 | school)", wide)).iloc[0]
    assert girls["sd"] > 1.2 * everyone["sd"]


def test_interaction_uses_the_full_samples_sd(data):
    fit = multilevel("post ~ treat * girl + pre + (1 | school)", data)
    found = table(fit, interaction="girl")
    main = table(fit)
    assert found["contrast"].unique().tolist() == ["treat:girl"]
    assert found.iloc[0]["sd"] == pytest.approx(main.iloc[0]["sd"], rel=1e-10)
    assert found.iloc[0]["p_value"] == pytest.approx(fit.tidy().set_index("term").loc["treat:girl", "p_value"])
    assert main["contrast"].iloc[0] == "treat where girl is 0 or the reference"


# The faults of the EEF's package that concern formulas; 1, 2, 8 and 9 are in test_multilevel_resampling.py.


def test_fault_3_another_treated_arm_is_not_counted_as_control():
    data = trial(arms=3, clusters=18)
    found = table(multilevel("post ~ arm + pre + (1 | school)", data), "arm")
    sizes = data["arm"].value_counts()
    for label in ("b", "c"):
        own = found[found["contrast"] == f"arm[T.{label}]"]
        assert set(own["n_treated"]) == {sizes[label]}
        assert set(own["n_control"]) == {sizes["a"]}
        assert set(own["clusters_control"]) == {6}
    own = found[found["contrast"] == "arm[T.b]"].set_index("variant")
    schools = data.groupby(["arm", "school"]).size()
    sizes = ArmSizes(schools["b"].to_numpy(float), schools["a"].to_numpy(float))
    icc = 1 - (own.loc["g_within", "sd"] / own.loc["g_total", "sd"]) ** 2
    row = own.loc["hedges_2007_total"]
    expected = 1.959964 * np.sqrt(hedges_variance(row["estimate"], icc, sizes, reach="total"))
    assert row["conf_high"] - row["estimate"] == pytest.approx(expected, rel=1e-6)


def multisite(seed=41):
    rng = np.random.default_rng(seed)
    site = np.repeat(np.arange(15), 24)
    treat = np.tile([0, 1], 180)
    post = rng.normal(0.3, 0.3, 15)[site] * treat + rng.normal(0, 1.2, 15)[site] + rng.normal(0, 1, 360)
    return pd.DataFrame({"site": site, "treat": treat, "post": post})


def test_fault_4_multisite_intervals_never_use_the_cluster_formula():
    found = table(multilevel("post ~ treat + (1 + treat | site)", multisite())).set_index("variant")
    assert "hedges_2007_total" not in found.index
    assert found.loc["multisite_total", "interval"] == "multisite"
    assert "not a cluster trial" in found.loc["eef_package_total", "reason"]
    width = found["conf_high"] - found["conf_low"]
    assert width["eef_null_total"] == pytest.approx(width["conditional_total"], rel=0.1)


def test_fault_5_the_effect_does_not_inflate_its_own_denominator():
    small, large = trial(effect=0.0), trial(effect=3.0)
    sds = [table(multilevel("post ~ treat + pre + (1 | school)", d)).set_index("variant")["sd"] for d in (small, large)]
    assert sds[1]["g_total"] == pytest.approx(sds[0]["g_total"], rel=1e-6)
    assert sds[1]["eef_null_total"] > 1.3 * sds[0]["eef_null_total"]  # the variant keeps the fault, by name


def test_fault_6_the_headline_interval_uses_what_the_pretest_explains():
    data = trial(pre_weight=1.5, between=0.2, clusters=30)
    found = table(multilevel("post ~ treat + pre + (1 | school)", data)).set_index("variant")
    width = found["conf_high"] - found["conf_low"]
    assert width["g_total"] < 0.8 * width["hedges_2007_total"]


def test_fault_7_the_share_between_sites_counts_the_share_treated():
    data = multisite()
    fit = multilevel("post ~ treat + (1 + treat | site)", data)
    arms = find_arms(fit.core.coordinates.dropped, fit.sample, "treat")
    assert arms.group is None
    covariance = fit.core.components[0].covariance
    share = covariance[0, 0] + 0.5 * (covariance[1, 1] + 2 * covariance[0, 1])
    sd = table(fit).iloc[0]["sd"]
    assert sd**2 == pytest.approx(share + fit.core.sigma2, rel=1e-6)


def test_fault_8_few_schools_get_wide_limits():
    few = table(multilevel("post ~ treat + pre + (1 | school)", trial(clusters=4))).iloc[0]
    se = (few["estimate"] - few["conf_low"]) / few["correction"] * few["sd"]
    fit = multilevel("post ~ treat + pre + (1 | school)", trial(clusters=4))
    assert se > 2.5 * fit.tidy().set_index("term").loc["treat", "std_error"]


def test_fault_10_what_cannot_be_had_says_why_in_words():
    data = trial(clusters=3)
    found = table(multilevel("post ~ treat + pre + (1 | school)", data)).set_index("variant")
    assert "two clusters in each arm" in found.loc["hedges_2007_total", "reason"]
    assert np.isnan(found.loc["hedges_2007_total", "estimate"])


# A yes/no outcome


def test_yes_or_no_outcome_gets_shares_and_odds(data):
    fit = multilevel("good ~ treat + pre + (1 | school)", data.assign(good=(data["post"] > 2).astype(int)))
    found = table(fit).set_index("variant")
    assert found.index.tolist() == ["risk_difference", "cox_d", "marginal_odds_ratio", "conditional_odds_ratio"]
    odds = found["estimate"]
    assert abs(np.log(odds["conditional_odds_ratio"])) >= abs(np.log(odds["marginal_odds_ratio"]))
    assert odds["cox_d"] == pytest.approx(np.log(odds["marginal_odds_ratio"]) / 1.65)
    assert (found["df"] == 14).all()
    assert (found["conf_low"] < found["estimate"]).all()


def test_yes_or_no_outcome_with_an_interaction_averages_over_it(data):
    fit = multilevel("good ~ treat * girl + pre + (1 | school)", data.assign(good=(data["post"] > 2).astype(int)))
    found = table(fit).set_index("variant")
    assert np.isfinite(found.loc["risk_difference", "estimate"])
    assert "interaction" in found.loc["conditional_odds_ratio", "reason"]


# What is refused


def test_reallocation_rebuilds_interactions_and_slopes(data):
    fit = multilevel("post ~ arm * girl + pre + (1 | school)", trial(arms=3, clusters=12))
    arms = find_arms(fit.core.coordinates.dropped, fit.sample, "arm")
    assert len(moved_columns(fit.sample, arms)) == 4
    same = reallocate(fit.sample, arms, arms.codes)
    np.testing.assert_array_equal(same.columns, fit.sample.columns)
    other = reallocate(fit.sample, arms, np.zeros_like(arms.codes))
    assert other.columns[[m.place for m in moved_columns(fit.sample, arms)]].max() == 0


def test_reallocation_moves_random_slopes_of_the_treatment():
    fit = multilevel("post ~ treat + (1 + treat | site)", multisite())
    arms = find_arms(fit.core.coordinates.dropped, fit.sample, "treat")
    moved = reallocate(fit.sample, arms, 1 - arms.codes)
    np.testing.assert_array_equal(moved.terms[0].rows()[1], 1 - fit.sample.terms[0].rows()[1])
    np.testing.assert_array_equal(moved.columns[1], 1 - fit.sample.columns[1])


@pytest.mark.parametrize(
    ("formula", "treatment", "message"),
    [
        ("post ~ treat + pre + (1 | school)", "group", "not a term"),
        ("post ~ treat + pre + (1 | school)", "pre", "names no arms"),
        ("post ~ 0 + treat + pre + (1 | school)", "treat", "no intercept"),
        ("post ~ girl + treat + treat2 + (1 | school)", "treat2", "left out of the model"),
    ],
)
def test_what_is_no_treatment_is_refused(data, formula, treatment, message):
    fit = multilevel(formula, data.assign(treat2=data["treat"] * 2))
    with pytest.raises(FitError, match=message):
        table(fit, treatment)


def test_unknown_interaction_and_option(fit):
    with pytest.raises(FitError, match="no interaction"):
        table(fit, interaction="girl")
    with pytest.raises(SpecError, match="Use 'all' or 'headline'"):
        table(fit, variants="some")
