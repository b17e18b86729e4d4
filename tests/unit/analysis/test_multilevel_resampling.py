"""Bootstrap and randomisation tests of a fit: by the mechanism, in blocks, every draw counted."""

import itertools

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config

from evalkit.analysis.mechanism import Mechanism, declare_mechanism
from evalkit.analysis.multilevel import multilevel
from evalkit.analysis.multilevel_permutation import permute, wild_test
from evalkit.analysis.multilevel_resampling import bootstrap, refit
from evalkit.errors import DesignError, FitError, SpecError
from evalkit.progress import reporting_to

FORMULA = "post ~ treat + pre + (1 | school)"


def trial(seed=21, clusters=8, *, effect=0.6, between=0.5, size=15):
    """A synthetic cluster trial."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(size - 7, size + 8, clusters)
    school = np.repeat(np.arange(clusters), sizes)
    treat = school % 2
    pre = rng.normal(0, 1, school.size)
    post = effect * treat + 0.6 * pre + rng.normal(0, between, clusters)[school] + rng.normal(0, 1, school.size)
    return pd.DataFrame(
        {
            "school": [f"s{s:02d}" for s in school],
            "region": np.array(["north", "south"])[np.minimum(school // (clusters // 2), 1)],
            "pair": school // 2,
            "treat": treat,
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
    return multilevel(FORMULA, data)


def permuted(fit, draws=200, **options):
    return permute(fit.core, fit.sample, "treat", draws, seed=1, **options)


def boot(fit, draws=200, **options):
    return bootstrap(fit.core, fit.sample, draws, **{"seed": 1, **options})


# Bootstrap


@pytest.mark.parametrize("kind", ["parametric", "cluster", "residual"])
def test_bootstrap_of_many_schools_agrees_with_the_model(kind):
    fit = multilevel(FORMULA, trial(clusters=60, size=12))
    found = boot(fit, 1500, kind=kind).tidy().set_index("term")
    error = fit.tidy().set_index("term").loc["treat", "std_error"]
    assert found.loc["treat", "std_error"] == pytest.approx(error, rel=0.12)
    assert abs(found.loc["treat", "bias"]) < 0.1 * error
    assert found.loc["sigma", "conf_low"] < found.loc["sigma", "estimate"] < found.loc["sigma", "conf_high"]


def test_fault_1_schools_are_drawn_never_pupils_in_fixed_schools():
    fit = multilevel(FORMULA, trial(seed=4, clusters=22, between=0.9, size=12))
    row = boot(fit, 1500, kind="cluster").tidy().set_index("term").loc["treat"]
    own = fit.tidy().set_index("term").loc["treat"]
    # pupils drawn inside fixed schools would give about a third of this width
    assert row["conf_high"] - row["conf_low"] > 0.75 * (own["conf_high"] - own["conf_low"])


def test_cluster_bootstrap_keeps_the_number_of_schools_per_arm(data):
    found = boot(multilevel(FORMULA, data), kind="cluster")
    assert found.strata == "treat"
    assert found.failed == 0
    by_name = boot(multilevel(FORMULA, data), kind="cluster", treatment="treat")
    pd.testing.assert_frame_equal(by_name.draws, found.draws)
    assert "few_clusters" in set(found.caveats["kind"])


def test_cluster_bootstrap_asks_which_term_is_the_treatment():
    fit = multilevel("post ~ treat + region + pre + (1 | school)", trial())
    with pytest.raises(FitError, match="treatment='treat'"):
        boot(fit, 5, kind="cluster")
    assert boot(fit, 5, kind="cluster", treatment="treat").strata == "treat"
    lone = multilevel(
        "post ~ lone + pre + (1 | school)", trial().assign(lone=lambda d: (d["school"] == "s00").astype(int))
    )
    with pytest.raises(FitError, match="one school only"):
        boot(lone, 5, kind="cluster")


def test_cluster_bootstrap_of_a_multisite_trial_draws_sites(data):
    mixed = data.assign(treat=np.arange(len(data)) % 2)
    found = boot(multilevel("post ~ treat + pre + (1 | school)", mixed), 50, kind="cluster")
    assert (found.strata, found.failed) == ("none", 0)


def test_fault_9_failed_draws_are_counted_and_kept_as_rows():
    data = trial(seed=8, clusters=6).assign(rare=lambda d: (d["school"] == "s00") * (d.index % 2))
    found = boot(multilevel("post ~ treat + pre + rare + (1 | school)", data), 300, kind="cluster", treatment="treat")
    assert 0 < found.failed < 300
    assert len(found.draws) == 300
    assert found.draws.loc[~found.draws["converged"], "treat"].isna().all()
    assert (found.tidy()["failed"] == found.failed).all()
    assert "failed_draws" in set(found.caveats["kind"])


@pytest.mark.parametrize("kind", ["parametric", "cluster", "residual"])
@pytest.mark.parametrize("formula", [FORMULA, "post ~ treat + pre + (1 + pre | school)"])
def test_row_order_never_matters(data, formula, kind):
    one = boot(multilevel(formula, data), 25, kind=kind, treatment="treat")
    two = boot(multilevel(formula, data.sample(frac=1, random_state=2)), 25, kind=kind, treatment="treat")
    # the search of a random slope stops at a gain of 1e-10 in deviance, which leaves flat variances 1e-3 of play
    play = 1e-8 if formula == FORMULA else 1e-3
    pd.testing.assert_frame_equal(one.draws, two.draws, rtol=play, atol=play)


def test_basic_and_percentile_limits_mirror_each_other(fit):
    found = boot(fit)
    percentile, basic = found.tidy().iloc[1], found.tidy(interval="basic").iloc[1]
    assert basic["conf_low"] == pytest.approx(2 * basic["estimate"] - percentile["conf_high"])
    assert basic["conf_high"] == pytest.approx(2 * basic["estimate"] - percentile["conf_low"])


def test_general_models_are_refitted_honestly():
    data = trial(clusters=14, size=20)
    fit = multilevel("post ~ treat + pre + (1 + pre | school)", data)
    found = boot(fit, 60)
    assert list(found.draws.columns) == [*fit.terms, "sd_Intercept|school", "sd_pre|school", "sigma", "converged"]
    error = fit.tidy().set_index("term").loc["treat", "std_error"]
    assert found.tidy().set_index("term").loc["treat", "std_error"] == pytest.approx(error, rel=0.5)


def test_crossed_factors_refuse_whole_clusters(data):
    crossed = data.assign(teacher=np.arange(len(data)) % 6)
    fit = multilevel("post ~ treat + pre + (1 | school) + (1 | teacher)", crossed)
    with pytest.raises(FitError, match="crossed"):
        boot(fit, 5, kind="cluster")


def test_refit_equals_single_fits(data, fit):
    responses = fit.simulate(seed=3, draws=4)
    found = refit(fit.core, fit.sample, responses)
    for name in responses:
        single = multilevel(FORMULA, data.assign(post=responses[name])).tidy()["estimate"]
        np.testing.assert_allclose(found.loc[name, list(fit.terms)].to_numpy(float), single, rtol=1e-8)
    slope = multilevel("post ~ treat + pre + (1 + pre | school)", data)
    general = refit(slope.core, slope.sample, responses)
    assert general["converged"].all()
    with pytest.raises(FitError, match="rows"):
        refit(fit.core, fit.sample, responses.iloc[:-1])


# The same bytes with any number of workers


@pytest.mark.parametrize("formula", [FORMULA, "post ~ treat + pre + (1 + pre | school)"])
def test_one_two_or_eight_workers_give_the_same_bytes(data, formula):
    fit = multilevel(formula, data)
    alone = boot(fit, 45, kind="parametric").draws
    with parallel_config(backend="threading"):
        for workers in (2, 8):
            pd.testing.assert_frame_equal(boot(fit, 45, workers=workers).draws, alone, check_exact=True)


def test_worker_processes_give_the_same_bytes(fit):
    alone, shared = (permuted(fit, 1100, exact="never", workers=workers) for workers in (1, 2))
    assert alone.drawn.tobytes() == shared.drawn.tobytes()


def test_progress_is_ticked_between_blocks(fit):
    ticks = []
    with reporting_to(lambda label, done, total: ticks.append((label, done, total))):
        boot(fit, 1001)
    assert ticks == [("Bootstrap", at, 3) for at in range(4)]


# Permutation


def by_brute_force(data, fit, allocations):
    """|t| of the treatment under each allocation of the schools, one model at a time."""
    found = []
    for allocation in allocations:
        moved = data.assign(treat=data["school"].map(allocation))
        core = multilevel(FORMULA, moved).core
        found.append(core.beta[1] / np.sqrt(core.covariance[1, 1]))
    observed = fit.core.beta[1] / np.sqrt(fit.core.covariance[1, 1])
    return np.mean(np.abs(found) >= abs(observed) * (1 - 1e-9))


def test_eight_schools_are_enumerated(data, fit):
    schools = sorted(data["school"].unique())
    allocations = [
        {school: int(at in chosen) for at, school in enumerate(schools)}
        for chosen in itertools.combinations(range(8), 4)
    ]
    found = permuted(fit).tidy().iloc[0]
    assert (found["draws"], found["exact"], found["monte_carlo_error"]) == (70, True, 0.0)
    assert found["p_value"] == pytest.approx(by_brute_force(data, fit, allocations))


def test_strata_and_pairs_hold(data, fit):
    schools = sorted(data["school"].unique())
    region = data.drop_duplicates("school").set_index("school")["region"]
    allocations = [
        {school: int(school in {*north, *south}) for school in schools}
        for north in itertools.combinations(schools[:4], 2)
        for south in itertools.combinations(schools[4:], 2)
    ]
    stratified = declare_mechanism(data, "school", strata=["region"])
    assert stratified.strata == tuple(region[s] for s in stratified.units)
    found = permuted(fit, mechanism=stratified).tidy().iloc[0]
    assert found["draws"] == 36
    assert found["p_value"] == pytest.approx(by_brute_force(data, fit, allocations))
    assert found["assumed"] == ""
    paired = permuted(fit, mechanism=declare_mechanism(data, "school", pairs="pair")).tidy().iloc[0]
    assert paired["draws"] == 16


def test_without_a_mechanism_it_says_what_it_assumed(fit):
    found = permuted(fit)
    assert "4 of 8 school units were drawn" in found.tidy()["assumed"].iloc[0]
    assert "assumed_mechanism" in set(found.caveats["kind"])


def test_allowed_allocations_are_counted_out(data, fit):
    schools = tuple(sorted(data["school"].unique()))
    real = tuple(int(s[1:]) % 2 for s in schools)
    other = tuple(1 - arm for arm in real)
    mixed = (1, 1, 0, 0, 1, 1, 0, 0)
    found = permuted(fit, mechanism=Mechanism("school", units=schools, allowed=(real, other, mixed))).tidy().iloc[0]
    assert (found["draws"], found["exact"]) == (3, True)
    assert found["p_value"] >= 2 / 3  # the mirror image ties with the real one
    with pytest.raises(DesignError, match="not among the allowed ones"):
        permuted(fit, mechanism=Mechanism("school", units=schools, allowed=(mixed,)))


def test_the_trials_own_procedure_is_repeated(data, fit):
    schools = tuple(sorted(data["school"].unique()))
    means = data.groupby("school")["pre"].mean().reindex(schools).to_numpy()
    order = np.array([int(s[1:]) % 2 for s in schools])
    limit = abs(means[order == 1].mean() - means[order == 0].mean()) + 0.05
    seen = []

    def redraw(rng):
        while True:
            arms = rng.permutation(order)
            if abs(means[arms == 1].mean() - means[arms == 0].mean()) <= limit:
                seen.append(tuple(arms))
                return arms.tolist()

    found = permuted(fit, 300, mechanism=Mechanism("school", units=schools, redraw=redraw)).tidy().iloc[0]
    assert (found["draws"], found["exact"], len(seen)) == (300, False, 300)
    assert 0 < found["p_value"] <= 1
    with pytest.raises(SpecError, match="cannot be enumerated"):
        permuted(fit, mechanism=Mechanism("school", units=schools, redraw=redraw), exact="always")


def test_schools_that_left_stay_in_the_lottery(data, fit):
    units = (*sorted(data["school"].unique()), "s98", "s99")
    arms = (*(int(s[1:]) % 2 for s in units[:8]), 1, 0)
    found = permuted(fit, mechanism=Mechanism("school", units=units, arms=arms)).tidy().iloc[0]
    assert found["draws"] == 252
    with pytest.raises(DesignError, match="2 of 10 units"):
        permuted(fit, mechanism=Mechanism("school", units=units))


def test_pupils_allocated_inside_schools():
    rng = np.random.default_rng(6)
    data = trial(clusters=10).assign(treat=lambda d: rng.integers(0, 2, len(d)))
    data["post"] = data["post"] + 0.9 * data["treat"]
    fit = multilevel(FORMULA, data)
    found = permuted(fit, 400)
    assert "within each school" in found.tidy()["assumed"].iloc[0]
    assert found.tidy()["p_value"].iloc[0] < 0.02
    same = permuted(fit, 400, mechanism=declare_mechanism(data, "row", strata=["school"]))
    assert same.tidy()["p_value"].iloc[0] < 0.02
    shuffled = permuted(multilevel(FORMULA, data.sample(frac=1, random_state=1)), 400)
    np.testing.assert_allclose(shuffled.drawn, found.drawn, rtol=1e-7)


def test_interactions_and_slopes_follow_the_allocation(data):
    fit = multilevel("post ~ treat * girl + pre + (1 | school)", data)
    found = permuted(fit, 40)
    moved = data.assign(treat=1 - data["treat"])
    mirrored = multilevel("post ~ treat * girl + pre + (1 | school)", moved).core
    expected = mirrored.beta[1] / np.sqrt(mirrored.covariance[1, 1])
    exact = permuted(fit, 70)
    assert not found.tidy()["exact"].iloc[0]  # 70 refits are more than the 40 asked for
    assert len(exact.drawn) == 70
    assert np.isclose(exact.drawn[:, 0], expected, rtol=1e-6).any()


def test_three_arms_get_a_row_each():
    data = trial(clusters=9).assign(arm=lambda d: np.array(["a", "b", "c"])[d["school"].str[1:].astype(int) % 3])
    fit = multilevel("post ~ arm + pre + (1 | school)", data)
    found = permute(fit.core, fit.sample, "arm", 100, seed=1).tidy()
    assert found["contrast"].tolist() == ["arm[T.b]", "arm[T.c]"]
    assert (found["draws"] == 1680).all()
    with_labels = Mechanism("school", units=tuple(sorted(set(data["school"]))), arms=tuple("abcabcabc"))
    again = permute(fit.core, fit.sample, "arm", 100, seed=1, mechanism=with_labels).tidy()
    assert again["p_value"].tolist() == found["p_value"].tolist()


def test_wild_test_counts_every_pattern_of_signs(fit):
    found = wild_test(fit.core, fit.sample, "treat", 50, seed=1)
    row = found.tidy().iloc[0]
    assert (row["draws"], row["exact"]) == (256, True)
    assert row["p_value"] == np.mean(np.abs(found.drawn[:, 0]) >= abs(row["statistic"]) * (1 - 1e-9))
    assert wild_test(fit.core, fit.sample, "treat", 50, seed=1, exact="never").tidy()["draws"].iloc[0] == 50


@pytest.mark.parametrize(
    ("mechanism", "message"),
    [
        (Mechanism("class"), "no grouping factor"),
        (Mechanism("school", units=("s00", "s01")), "6 unit\\(s\\) of the data"),
        (Mechanism("school", units=tuple(f"s{i:02d}" for i in range(8)), arms=(0,) * 8), "another arm"),
        (Mechanism("school", units=tuple(f"s{i:02d}" for i in range(8)), arms=("x",) * 8), "do not have"),
    ],
)
def test_a_mechanism_that_does_not_fit_is_refused(fit, mechanism, message):
    with pytest.raises(DesignError, match=message):
        permuted(fit, mechanism=mechanism)


def test_a_mechanism_names_all_its_problems():
    with pytest.raises(DesignError) as caught:
        Mechanism("school", units=("a", "a"), strata=("n",), allowed=((0, 1, 1),), redraw=lambda rng: [0, 1])
    assert len(caught.value.problems) >= 4


def test_a_column_that_varies_in_a_unit_is_no_stratum(data):
    with pytest.raises(DesignError, match="several values of girl"):
        declare_mechanism(data, "school", strata=["girl"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "pupils"}, "parametric, cluster, residual"),
        ({"workers": 0}, "workers=0"),
        ({"draws": 0}, "at least one draw"),
        ({"seed": -1}, "seed=-1"),
    ],
)
def test_unknown_options(fit, options, message):
    with pytest.raises(SpecError, match=message):
        bootstrap(fit.core, fit.sample, **{"draws": 5, "seed": 1, **options})


def test_unknown_test_options(fit):
    with pytest.raises(SpecError) as caught:
        permuted(fit, statistic="g", exact="yes")
    assert len(caught.value.problems) == 2
    with pytest.raises(SpecError, match="interval='bca'"):
        boot(fit, 5).tidy(interval="bca")
    with pytest.raises(SpecError, match="at most 100,000"):
        permute(*_wide(), "treat", 10, seed=1, exact="always")


def _wide():
    fit = multilevel(FORMULA, trial(clusters=24, size=9))
    return fit.core, fit.sample
