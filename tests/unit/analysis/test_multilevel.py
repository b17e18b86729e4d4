"""`multilevel`: the formula language, missing rows, refusals, and every method of its Fit."""

import numpy as np
import pandas as pd
import pytest

from evalkit.analysis.formula import parse_formula, read_plain
from evalkit.analysis.multilevel import Fit, multilevel
from evalkit.errors import FitError, SpecError


def schools(seed=1, count=12, pupils=15):
    rng = np.random.default_rng(seed)
    school = np.repeat(np.arange(count), pupils)
    klass = np.arange(school.size) // 5 % 3
    frame = pd.DataFrame(
        {
            "school": [f"s{s:02d}" for s in school],
            "klass": [f"k{k}" for k in klass],
            "treat": school % 2,
            "arm": np.array(["control", "online", "tutor"])[school % 3],
            "girl": rng.integers(0, 2, school.size),
            "pre": rng.normal(50, 10, school.size),
            "w": rng.uniform(0.5, 2, school.size),
        }
    )
    noise = (
        rng.normal(0, 2, count)[school]
        + rng.normal(0, 5, school.size)
        + rng.normal(0, 1.5, count * 3)[3 * school + klass]
    )
    frame["post"] = 10 + 2 * frame["treat"] + 0.5 * frame["pre"] + noise
    return frame


DATA = schools()


@pytest.mark.parametrize(
    ("formula", "terms"),
    [
        ("post ~ (1 | school)", ["Intercept"]),
        ("post ~ 1 + treat + (1 | school)", ["Intercept", "treat"]),
        ("post ~ treat*pre + (1 | school)", ["Intercept", "treat", "pre", "treat:pre"]),
        ("post ~ C(treat) + pre + (1 | school)", ["Intercept", "C(treat)[T.1]", "pre"]),
        ("post ~ factor(girl) + log(pre) + (1 | school)", ["Intercept", "C(girl)[T.1]", "log(pre)"]),
        ("post ~ arm + (1 | school)", ["Intercept", "arm[T.online]", "arm[T.tutor]"]),
        ("post ~ 0 + arm + (1 | school)", ["arm[control]", "arm[online]", "arm[tutor]"]),
        ("post ~ np.log(pre) + I(girl^2) + (1 | school)", ["Intercept", "np.log(pre)", "I(girl ** 2)"]),
        ("np.log(post) ~ treat + (1 | school)", ["Intercept", "treat"]),
    ],
)
def test_fixed_part(formula, terms):
    assert multilevel(formula, DATA).tidy()["term"].tolist() == terms


@pytest.mark.parametrize(
    ("random", "groups", "names"),
    [
        ("(1 | school)", ["school"], [("Intercept",)]),
        ("(1 | school/klass)", ["klass:school", "school"], [("Intercept",), ("Intercept",)]),
        ("(1 + pre | school)", ["school"], [("Intercept", "pre")]),
        ("(pre | school)", ["school"], [("Intercept", "pre")]),
        ("(1 + pre || school)", ["school", "school"], [("Intercept",), ("pre",)]),
        ("(0 + treat | school)", ["school"], [("treat",)]),
        ("(0 + arm | school:klass)", ["school:klass"], [("arm[control]", "arm[online]", "arm[tutor]")]),
    ],
)
def test_random_part(random, groups, names):
    sample = multilevel(f"post ~ treat + {random}", DATA).sample
    assert [term.group for term in sample.terms] == groups
    assert [term.names for term in sample.terms] == names


def test_nesting_is_found_without_being_written():
    frame = DATA.assign(room=DATA["school"] + DATA["klass"])
    written, found = (
        multilevel("post ~ treat + (1 | school/klass)", DATA),
        multilevel("post ~ treat + (1 | school) + (1 | room)", frame),
    )
    assert found.core.loglik == pytest.approx(written.core.loglik, abs=1e-9)
    assert "crossed" not in set(found.caveats["kind"])


def test_reused_labels_count_as_crossed_and_are_said_to():
    caveats = multilevel("post ~ treat + (1 | school) + (1 | klass)", DATA).caveats
    message = caveats.set_index("kind")["message"]["crossed"]
    assert "(1 | klass/school)" in message or "(1 | school/klass)" in message


def test_missing_rows_are_left_out_and_counted():
    frame = DATA.copy()
    frame.loc[[0, 5], "pre"] = np.nan
    frame.loc[[5, 9], "school"] = None
    fit = multilevel("post ~ treat + pre + (1 | school)", frame)
    glance = fit.glance().iloc[0]
    assert (glance["n_obs"], glance["n_missing"]) == (len(DATA) - 3, 3)
    assert "3 of 180 rows" in fit.caveats.set_index("kind")["message"]["complete_cases"]
    same = multilevel("post ~ treat + pre + (1 | school)", frame.dropna())
    pd.testing.assert_frame_equal(fit.tidy(), same.tidy())
    assert fit.fitted().index.tolist() == frame.dropna().index.tolist()


@pytest.mark.parametrize("kind", ["str", "category", "object", "int", "Int64", "float"])
def test_grouping_columns_of_any_kind(kind):
    labels = DATA["school"] if kind in ("str", "category", "object") else DATA["school"].str[1:].astype(int)
    frame = DATA.assign(school=labels.astype(kind))
    fit = multilevel("post ~ treat + (1 | school)", frame)
    assert fit.core.loglik == pytest.approx(multilevel("post ~ treat + (1 | school)", DATA).core.loglik, abs=1e-10)


def test_a_categorys_own_order_sets_the_reference_and_unused_levels_vanish():
    order = pd.CategoricalDtype(["tutor", "none", "control", "online"])
    for formula in ("post ~ arm + (1 | school)", "post ~ arm + np.log(pre) + (1 | school)"):
        terms = multilevel(formula, DATA.assign(arm=DATA["arm"].astype(order))).terms
        assert terms[:3] == ("Intercept", "arm[T.control]", "arm[T.online]")


@pytest.mark.parametrize("kind", ["object", "Float64", "float32"])
def test_numbers_of_any_kind(kind):
    frame = DATA.assign(pre=DATA["pre"].round(2))
    expected = multilevel("post ~ pre + (1 | school)", frame).core.beta
    found = multilevel("post ~ pre + (1 | school)", frame.assign(pre=frame["pre"].astype(kind))).core.beta
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_slope_of_a_column_that_is_constant_in_schools():
    frame = DATA.assign(size=DATA["school"].str[1:].astype(int) * 3.0)
    fit = multilevel("post ~ size + (1 + size | school)", frame)
    assert fit.glance()["converged"].iloc[0]
    with pytest.raises(FitError, match="'level' is 2 in every row"):
        multilevel("post ~ pre + (1 + level | school)", frame.assign(level=2))


def test_booleans_are_zero_and_one():
    fit = multilevel("post ~ treat + (1 | school)", DATA.assign(treat=DATA["treat"] == 1))
    np.testing.assert_allclose(fit.core.beta, multilevel("post ~ treat + (1 | school)", DATA).core.beta)


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("post", "one ~"),
        ("post ~ treat", r"\+ \(1 \| school\)"),
        ("post ~ treat + 1 | school", "own parentheses"),
        ("post ~ treat + (1 | school", "parenthesis"),
        ("post ~ treat + (1 | school + klass)", "school/class"),
        ("post ~ treat - (1 | school)", "Leave it out"),
    ],
)
def test_unreadable_formulas(formula, message):
    with pytest.raises(SpecError, match=message):
        multilevel(formula, DATA)


@pytest.mark.parametrize(
    ("formula", "change", "message"),
    [
        ("post ~ treatment + (1 | school)", {}, "'treatment' is not in the data. Did you mean 'treat'"),
        ("post ~ treat + (1 | skool)", {}, "Did you mean 'school'"),
        ("post ~ treat + (1 | school)", {"treat": 1}, "'treat' is 1 in every row"),
        ("post ~ arm + (1 | school)", {"arm": "control"}, "only the value 'control'"),
        ("post ~ treat + (1 | school)", {"school": "one"}, "only one level"),
        ("post ~ treat + (1 | pupil)", {"pupil": range(180)}, "level for every row"),
        ("post ~ treat + (1 | school) + (1 | urn)", {"urn": DATA["school"].str.upper()}, "neither nested nor crossed"),
        ("post ~ treat + (1 | school)", {"post": "high"}, "outcome 'post' holds text"),
        ("post ~ treat + (1 | school)", {"post": 7.0}, "7 in every row"),
        ("post ~ pre + (1 | school)", {"pre": np.inf}, "infinite in 180"),
        ("post ~ pre + (1 | school)", {"pre": DATA["pre"].astype(str)}, "stored as text"),
        ("post ~ pre + (1 | school)", {"pre": ["absent", *DATA["pre"].astype(str)[1:]]}, r"1 value\(s\) are text"),
        ("post ~ treat + (1 | school)", {"treat": [1, "no"] * 90}, "mixes numbers and text"),
        ("post ~ day + (1 | school)", {"day": pd.Timestamp("2026-01-01")}, "holds dates"),
        ("post ~ pre + (1 | school)", {"pre": np.nan}, "No row has a value"),
        ("post ~ np.log(pre) + (1 | school)", {"pre": 0.0}, "not a finite number"),
        ("post ~ treat + frobnicate(pre) + (1 | school)", {}, r"frobnicate\(\) is no function"),
        ("post ~ ns(pre, 3) + (1 | school)", {}, "natural cubic spline is cr"),
        ("post ~ log(pre) + (1 | school)", {"pre": -1.0}, r"log\(pre\) has no value in some rows"),
        ("post ~ . + (1 | school)", {}, "the . for all other columns is not read"),
        ("post ~ treat + pre:: girl + (1 | school)", {}, "cannot be read"),
    ],
)
def test_data_that_do_not_fit(formula, change, message):
    with pytest.raises(FitError, match=message):
        multilevel(formula, DATA.assign(**change))


def test_some_words_of_r_are_read():
    fit = multilevel("post ~ poly(pre, 2, raw=TRUE) + sqrt(pre^2) + factor(treat) + (1 | school)", DATA)
    again = multilevel("post ~ poly(pre, 2, raw=True) + np.sqrt(pre**2) + C(treat) + (1 | school)", DATA)
    assert fit.tidy().equals(again.tidy())


def test_new_data_of_another_kind():
    fit = multilevel("post ~ pre + (1 | school)", DATA)
    with pytest.raises(FitError, match="'pre' holds text, where the model was fitted to numbers"):
        fit.predict(DATA.head(3).assign(pre="low"))
    with pytest.raises(FitError, match="The new data are a list"):
        fit.predict([1, 2])  # type: ignore[arg-type]
    with pytest.raises(FitError, match="Give the weight of each coefficient"):
        fit.contrast("pre")  # type: ignore[arg-type]
    assert repr(fit.sample).startswith("<Sample for 'post ~ pre + (1 | school)'")


def test_names_with_blanks_stand_in_backticks():
    named = DATA.rename(columns={"post": "post test", "pre": "Pre (%)", "school": "my school"})
    fit = multilevel("`post test` ~ treat + `Pre (%)` + (1 + `Pre (%)` | `my school`)", named)
    plain = multilevel("post ~ treat + pre + (1 + pre | school)", DATA)
    assert list(fit.tidy()["estimate"]) == pytest.approx(list(plain.tidy()["estimate"]), rel=1e-9)


def test_questions_that_cannot_be_asked_of_a_fit():
    fit = multilevel("post ~ arm + (1 | school)", DATA[DATA["arm"] != "online"])
    assert fit.effect_size("arm[T.tutor]").equals(fit.effect_size("arm"))
    for ask, words in (
        (lambda: fit.anova(3), "takes another fit"),
        (lambda: fit.test([]), "Name what to test: Intercept"),
        (lambda: fit.refit([1, 2]), "The responses are a list"),
        (lambda: fit.permute("arm", 9, seed=1, mechanism="school"), "Make one: declare_mechanism"),
        (lambda: fit.bootstrap(9.5, seed=1), "a whole number such as 1000"),
        (lambda: fit.treatment_effect("pre"), r"Use one of: arm\[T.tutor\]\."),
    ):
        with pytest.raises((FitError, SpecError), match=words):
            ask()


def test_data_that_are_no_frame():
    with pytest.raises(FitError, match="are a dict"):
        multilevel("post ~ treat + (1 | school)", DATA.to_dict("list"))  # type: ignore[arg-type]


def test_too_few_groups_for_the_effects_between_them():
    with pytest.raises(FitError, match=r"2 levels and the model has 2 effects .*Intercept, treat"):
        multilevel("post ~ treat + pre + (1 | school)", DATA[DATA["school"].isin(["s00", "s01"])])
    assert len(multilevel("post ~ pre + (1 | school)", DATA[DATA["school"].isin(["s00", "s01"])]).tidy()) == 2


def test_an_outcome_without_variation_in_schools():
    with pytest.raises(FitError, match="does not vary within the groups"):
        multilevel("post ~ 1 + (1 | school)", DATA.assign(post=DATA["school"].str[1:].astype(float) ** 2))


def test_all_unknown_columns_are_named_at_once():
    with pytest.raises(FitError) as caught:
        multilevel("postt ~ treet + (1 | school)", DATA)
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(("value", "message"), [(0.0, "not above 0"), (-1.0, "not above 0"), ("a", "hold text")])
def test_bad_weights(value, message):
    with pytest.raises(FitError, match=message):
        multilevel("post ~ treat + (1 | school)", DATA.assign(w=value), weights="w")


def test_an_unknown_option_lists_the_allowed():
    with pytest.raises(SpecError, match="kenward-roger, satterthwaite, normal"):
        multilevel("post ~ treat + (1 | school)", DATA, df="kr")


def test_collinear_columns_are_named():
    frame = DATA.assign(double=2 * DATA["pre"])
    fit = multilevel("post ~ pre + double + treat + (1 | school)", frame)
    assert fit.terms == ("Intercept", "pre", "treat")
    assert "double" in fit.caveats.set_index("kind")["message"]["dropped_columns"]


def test_weights_scale_nothing_but_sigma():
    fit = multilevel("post ~ treat + (1 | school)", DATA, weights="w")
    scaled = multilevel("post ~ treat + (1 | school)", DATA.assign(w=10 * DATA["w"]), weights="w")
    pd.testing.assert_frame_equal(fit.tidy(), scaled.tidy(), rtol=1e-6)
    assert scaled.core.sigma2 == pytest.approx(10 * fit.core.sigma2, rel=1e-6)
    pd.testing.assert_frame_equal(fit.icc(), scaled.icc(), rtol=1e-6)
    assert fit.glance()["icc"].iloc[0] == pytest.approx(scaled.glance()["icc"].iloc[0], rel=1e-6)
    assert "weighted" in set(fit.caveats["kind"])


FIT = multilevel("post ~ treat + pre + (1 + pre | school)", DATA)


def test_frames_have_the_promised_columns():
    assert FIT.tidy().columns.tolist() == [
        "term", "estimate", "std_error", "df", "statistic", "p_value", "conf_low", "conf_high",
    ]  # fmt: skip
    assert FIT.variances().columns.tolist() == ["group", "term", "variance", "sd", "correlation"]
    assert {"n_obs", "n_groups", "loglik", "reml", "sigma", "icc", "is_singular", "converged"} <= set(FIT.glance())
    assert len(FIT.glance()) == 1


def test_fit_is_frozen():
    with pytest.raises(AttributeError):
        FIT.df = "normal"  # type: ignore[misc]


def test_interval_and_p_value_agree():
    wide = FIT.tidy(conf_level=0.99)
    tidy = FIT.tidy()
    assert (wide["conf_low"] < tidy["conf_low"]).all()
    outside = (tidy["conf_low"] > 0) | (tidy["conf_high"] < 0)
    assert (outside == (tidy["p_value"] < 0.05)).all()
    with pytest.raises(FitError, match="conf_level"):
        FIT.tidy(conf_level=95)


def test_fitted_residuals_and_prediction_belong_together():
    np.testing.assert_allclose(FIT.fitted() + FIT.residuals(), DATA["post"])
    np.testing.assert_allclose(FIT.predict(DATA), FIT.fitted(), rtol=1e-10)
    np.testing.assert_allclose(FIT.predict(), FIT.fitted())
    fixed = FIT.predict(DATA, random=False)
    np.testing.assert_allclose(fixed, np.c_[np.ones(180), DATA["treat"], DATA["pre"]] @ FIT.core.beta)


def test_prediction_for_unknown_groups_and_categories():
    new = DATA.head(3).assign(school=["s00", "s99", "s01"])
    with pytest.raises(FitError, match="'s99'"):
        FIT.predict(new)
    allowed = FIT.predict(new, new_levels=True)
    assert allowed.iloc[1] == pytest.approx(FIT.predict(new, random=False).iloc[1])
    arms = multilevel("post ~ arm + (1 | school)", DATA)
    with pytest.raises(FitError, match="'robot'"):
        arms.predict(DATA.head(1).assign(arm="robot"))
    one = arms.predict(DATA.head(1))
    assert one.iloc[0] == pytest.approx(arms.fitted().iloc[0])
    with pytest.raises(FitError, match="'pre' is missing in 1"):
        FIT.predict(DATA.head(2).assign(pre=[1.0, np.nan]))
    with pytest.raises(FitError, match="'pre' is not in the data"):
        FIT.predict(DATA.drop(columns="pre"))


def test_prediction_with_a_calculated_column_and_nested_groups():
    fit = multilevel("post ~ np.log(pre) + C(treat) + (1 | school/klass)", DATA)
    np.testing.assert_allclose(fit.predict(DATA), fit.fitted(), rtol=1e-10)


def test_simulation_repeats_by_seed_and_has_the_models_spread():
    fit = multilevel("post ~ treat + (1 | school/klass)", DATA)
    one, two = fit.simulate(seed=3, draws=2), fit.simulate(seed=3, draws=400)
    pd.testing.assert_frame_equal(one, two.iloc[:, :2])
    expected = sum(fit.variances()["variance"])
    assert two.sub(fit.predict(random=False), axis=0).to_numpy().var() == pytest.approx(expected, rel=0.1)
    with pytest.raises(FitError, match="draws=0"):
        fit.simulate(seed=1, draws=0)


def test_random_effects_shrink_towards_zero():
    effects = FIT.random_effects()
    assert effects.columns.tolist() == ["group", "level", "term", "estimate", "std_error"]
    assert len(effects) == 24
    sd = FIT.variances().set_index("term")["sd"]
    assert (effects.loc[effects["term"] == "Intercept", "std_error"] <= sd["Intercept"] + 1e-9).all()


def test_joint_tests_and_contrasts():
    fit = multilevel("post ~ arm * girl + pre + (1 | school)", DATA)
    by_term, by_name = fit.test("arm"), fit.test(["arm[T.online]", "arm[T.tutor]"])
    assert by_term["statistic"].iloc[0] == by_name["statistic"].iloc[0]
    assert by_term["num_df"].iloc[0] == 2
    assert fit.f_tests()["terms"].tolist() == ["arm", "girl", "pre", "arm:girl"]
    contrast = fit.contrast({"arm[T.tutor]": 1, "arm[T.online]": -1}).iloc[0]
    beta = dict(zip(fit.terms, fit.core.beta, strict=True))
    assert contrast["estimate"] == pytest.approx(beta["arm[T.tutor]"] - beta["arm[T.online]"])
    for wrong in (lambda: fit.test("arms"), lambda: fit.contrast({"arms": 1})):
        with pytest.raises(FitError, match=r"arm\[T.online\]"):
            wrong()


def test_comparing_fits():
    small = multilevel("post ~ treat + pre + (1 | school)", DATA)
    table = FIT.anova(small)
    assert table["n_parameters"].tolist() == [5, 7]
    assert table["reference"].iloc[1] == "half chi-square(1), half chi-square(2)"
    other = multilevel("post ~ treat + (1 | school)", DATA)
    with pytest.raises(FitError, match="different fixed parts"):
        small.anova(other)
    with pytest.raises(FitError, match="other by ML"):
        small.anova(multilevel("post ~ treat + (1 | school)", DATA, reml=False))
    with pytest.raises(FitError, match="different rows"):
        small.anova(multilevel("post ~ treat + pre + (1 | school)", DATA.head(170)))
    with pytest.raises(FitError, match="weight"):
        small.anova(multilevel("post ~ treat + pre + (1 | school)", DATA, weights="w"))
    ml = [multilevel(f, DATA, reml=False) for f in ("post ~ treat + (1 | school)", "post ~ treat + pre + (1 | school)")]
    assert ml[0].anova(ml[1])["reference"].iloc[1] == "chi-square(1)"


def test_test_of_a_variance_halves_the_naive_p_value():
    from scipy import stats

    row = multilevel("post ~ treat + (1 | school)", DATA).test_variances().iloc[0]
    assert row["p_value"] == pytest.approx(stats.chi2.sf(row["statistic"], 1) / 2)
    nested = multilevel("post ~ treat + (1 | school/klass)", DATA).test_variances()
    assert nested["group"].tolist() == ["klass:school", "school"]


def test_icc_and_its_interval():
    fit = multilevel("post ~ treat + pre + (1 | school)", DATA)
    row = fit.icc().iloc[0]
    between, within = fit.variances()["variance"]
    assert row["icc"] == pytest.approx(between / (between + within))
    assert row["conf_low"] < row["icc"] < row["conf_high"]
    assert row["design_effect"] == pytest.approx(1 + 14 * row["icc"])
    nested = multilevel("post ~ treat + (1 | school/klass)", DATA)
    assert nested.icc()["icc"].sum() == pytest.approx(nested.glance()["icc"].iloc[0])
    zero, sure = nested.icc().to_dict("records")
    assert zero["icc"] == 0.0
    assert np.isnan(zero["conf_low"])
    assert sure["conf_low"] < sure["icc"] < sure["conf_high"]


def test_r_squared_orders():
    r2 = FIT.r_squared().iloc[0]
    assert 0 < r2["marginal"] < r2["conditional"] < 1


def test_profile_intervals_hold_the_estimate():
    table = FIT.variance_intervals()
    known = table[table["parameter"] == "sd"]
    assert (known["conf_low"] <= known["estimate"] + 1e-6).all()
    assert (known["conf_high"] > known["estimate"]).all()


def test_profile_bound_is_where_the_deviance_has_risen_by_a_chi_square_quantile():
    fit = multilevel("post ~ treat + (1 | school)", DATA)
    low, high = fit.icc()[["conf_low", "conf_high"]].iloc[0]
    from evalkit.stats.mixed.two_level import profile_value

    assert low == 0.0  # these data allow no variance
    for share in (high,):
        rise = profile_value(fit.core.statistics, share / (1 - share), reml=True) + 2 * fit.core.loglik
        scale = profile_value(fit.core.statistics, float(fit.core.sigmas[0][0, 0]), reml=True) + 2 * fit.core.loglik
        assert rise - scale == pytest.approx(3.841459, abs=1e-4)


def test_summary_and_html_say_the_same():
    text, page = FIT.summary(), FIT._repr_html_()
    order = ["Formula:", "REML criterion", "Scaled residuals", "Random effects", "Number of obs: 180", "Fixed effects"]
    assert sorted(order, key=text.index) == order
    for value in ("treat", "Kenward-Roger", f"{FIT.core.beta[1]:.5g}"):
        assert value in text
        assert value in page
    assert str(FIT) == text
    assert "post ~ treat" in repr(FIT)
    assert len(repr(FIT)) < 100


def test_maximum_likelihood_with_kenward_roger_says_so():
    assert "ml_kenward_roger" in set(multilevel("post ~ treat + (1 | school)", DATA, reml=False).caveats["kind"])


def test_no_pupils_value_in_a_refusal():
    frame = DATA.assign(pre=DATA["pre"].where(DATA.index != 4, np.inf))
    with pytest.raises(FitError) as caught:
        multilevel("post ~ pre + (1 | school)", frame)
    assert "s00" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["a*b", "a + b:c", "0 + a + b", "a - 1", "C(a):b + C(a) + b", "a:a", "np.log(a)", "a**2"]
)
def test_plain_formulas_are_told_from_others(text):
    simple = {"a*b", "0 + a + b", "a - 1", "C(a):b + C(a) + b"}
    assert (read_plain(text, text) is not None) == (text in simple)


def test_slash_makes_every_level():
    parts = parse_formula("y ~ (1 | la/school/class)").random
    assert [part.label for part in parts] == ["class:school:la", "school:la", "la"]


def test_fit_is_what_is_exported():
    assert isinstance(FIT, Fit)


@pytest.mark.parametrize("formula", ["post ~ treat + (1 + pre | school)", "post ~ treat + pre + (1 | school)"])
def test_a_search_cut_short_says_so(formula, monkeypatch):
    from evalkit.stats.mixed import search, two_level

    for module in (search, two_level):
        monkeypatch.setattr(module, "MAX_STEPS", 1)
    monkeypatch.setattr(search, "SCORING", 0)
    monkeypatch.setattr(search, "RESTARTS", 0)
    fit = multilevel(formula, schools(5))
    assert not fit.glance()["converged"].iloc[0]
    assert fit.caveats["kind"].iloc[0] == "not_converged"
