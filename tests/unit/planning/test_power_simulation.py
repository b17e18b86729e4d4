"""Power by simulation: the trials it draws, that each is analysed as the engine would, and what it says of a design."""

import numpy as np
import pandas as pd
import pytest

import evalkit as ek
from evalkit.errors import DesignError
from evalkit.planning.power_simulation import draw_trial, simulate_designs
from evalkit.stats.power_designs import TrialDesign
from evalkit.stats.power_simulated import diagnose
from evalkit.stats.trial_fits import ANALYSES, analyse_trials

LOSSES = {"attrition_pupils": 0.1, "attrition_schools": 0.1, "subgroup_share": 0.6}
DESIGNS = {
    "individual": TrialDesign(
        "individual", pupils=90, r2_pupil=0.5, covariates=2, attrition_pupils=0.1, share_treated=0.4
    ),
    "multisite_constant": TrialDesign("multisite_constant", schools=8, pupils=30, icc=0.1, covariates=1, **LOSSES),
    "multisite_fixed": TrialDesign("multisite_fixed", schools=8, pupils=30, icc=0.1, r2_pupil=0.4, **LOSSES),
    "multisite_random": TrialDesign(
        "multisite_random", schools=16, pupils=30, icc=0.2, r2_pupil=0.4, effect_variation=0.5, **LOSSES
    ),
    "cluster": TrialDesign(
        "cluster", schools=31, pupils=30, icc=0.15, r2_pupil=0.4, r2_school=0.6, covariates=2, size_cv=0.6, **LOSSES
    ),
    "cluster_three_level": TrialDesign(
        "cluster_three_level", schools=20, classes=3, pupils=12, icc=0.1, icc_class=0.1, r2_pupil=0.4, covariates=1,
        size_cv=0.3, **LOSSES,
    ),
    "blocked_cluster_fixed": TrialDesign(
        "blocked_cluster_fixed", blocks=4, schools=6, pupils=20, icc=0.1, icc_block=0.05, r2_school=0.3, covariates=1,
        **LOSSES,
    ),
    "blocked_cluster_random": TrialDesign(
        "blocked_cluster_random", blocks=8, schools=6, pupils=20, icc=0.1, icc_block=0.1, effect_variation=0.3, **LOSSES
    ),
}  # fmt: skip


def by_the_engine(kind: str, trial: pd.DataFrame) -> tuple[float, float, float]:
    """Estimate, standard error and df of the same analysis through the public formula door."""
    more = "".join(f" + {name}" for name in trial if name == "pre" or name.startswith("x"))
    strata = " + C(stratum)" if "stratum" in trial else ""
    if kind in ("individual", "multisite_constant"):
        groups = strata if kind == "individual" else " + C(school)"
        row = ek.linear(f"post ~ treat{more}{groups}", trial).tidy().set_index("term").loc["treat"]
        return row["estimate"], row["std_error"], row["df"]
    if kind == "multisite_fixed":
        both = trial.groupby("school")["treat"].transform("nunique") == 2
        assert both.all()
        # with schools coded by sums, the coefficient of the arm is the plain mean of the schools' effects
        fit = ek.linear(f"post ~ treat * C(school, contr.sum){more}", trial)
        row = fit.tidy().set_index("term").loc["treat"]
        return row["estimate"], row["std_error"], row["df"]
    formula = {
        "multisite_random": f"post ~ treat{more} + (1 + treat | school)",
        "cluster": f"post ~ treat{more}{strata} + (1 | school)",
        "cluster_three_level": f"post ~ treat{more}{strata} + (1 | school) + (1 | class)",
        "blocked_cluster_fixed": f"post ~ treat * C(block, contr.sum){more} + (1 | school)",
        "blocked_cluster_random": f"post ~ treat{more} + (1 + treat | block) + (1 | school)",
    }[kind]
    row = ek.multilevel(formula, trial).tidy().set_index("term").loc["treat"]
    return row["estimate"], row["std_error"], row["df"]


@pytest.mark.parametrize("kind", sorted(ANALYSES))
@pytest.mark.parametrize("seed", [3, 4])
def test_each_drawn_trial_is_analysed_as_the_engine_does(kind: str, seed: int) -> None:
    trial = draw_trial(DESIGNS[kind], effect=0.3, seed=seed)
    found = analyse_trials(DESIGNS[kind], effect=0.3, draws=1, seed=np.random.SeedSequence(seed))
    ours = found.estimate[0], found.std_error[0], found.df[0]
    assert ours == pytest.approx(by_the_engine(kind, trial), rel=1e-6)


@pytest.mark.parametrize("kind", sorted(ANALYSES))
def test_the_formula_and_the_simulation_agree(kind: str) -> None:
    """In balanced designs without losses the formula is right, so the two differ by the simulation's error alone."""
    balanced = {
        "individual": TrialDesign("individual", pupils=200, r2_pupil=0.5),
        "multisite_constant": TrialDesign("multisite_constant", schools=10, pupils=30, icc=0.1, r2_pupil=0.4),
        "multisite_fixed": TrialDesign("multisite_fixed", schools=10, pupils=30, icc=0.1),
        "multisite_random": TrialDesign("multisite_random", schools=30, pupils=20, icc=0.2, effect_variation=1),
        "cluster": TrialDesign("cluster", schools=30, pupils=20, icc=0.15, r2_pupil=0.4, r2_school=0.6, covariates=3),
        "cluster_three_level": TrialDesign(
            "cluster_three_level", schools=30, classes=2, pupils=10, icc=0.15, icc_class=0.1
        ),
        "blocked_cluster_fixed": TrialDesign("blocked_cluster_fixed", blocks=5, schools=6, pupils=15, icc=0.15),
        "blocked_cluster_random": TrialDesign(
            "blocked_cluster_random", blocks=20, schools=4, pupils=8, icc=0.2, icc_block=0.2, effect_variation=1
        ),
    }[kind]
    effect = float(ek.mdes(balanced, power=0.7)["mdes"].iloc[0])
    draws = 400 if kind in ("multisite_random", "cluster_three_level", "blocked_cluster_fixed") else 1000
    draws = 100 if kind == "blocked_cluster_random" else draws
    found = ek.power(balanced, effect=effect, method="simulation", draws=draws, seed=11).iloc[0]
    assert found["power_formula"] == pytest.approx(0.7, abs=0.01)
    assert found["power"] == pytest.approx(0.7, abs=4 * np.sqrt(0.7 * 0.3 / draws))
    assert abs(found["bias"]) < 4 * found["bias_error"]
    assert found["coverage"] == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / draws))
    assert found["std_error"] == pytest.approx(found["std_error_reported"], rel=4 / np.sqrt(2 * draws))
    assert found["failed"] == 0


def test_one_and_two_workers_give_the_same_numbers() -> None:
    frames = [
        ek.power_curve(DESIGNS["cluster"], effect=0.3, values=[20, 30], method="simulation", draws=300, workers=workers)
        for workers in (1, 2)
    ]
    pd.testing.assert_frame_equal(*frames, check_exact=True)
    assert frames[0]["value"].tolist() == [20, 30]
    assert frames[0]["power"].is_monotonic_increasing
    assert frames[0].columns.tolist()[:9] == [
        "size", "value", "power", "mdes", "std_error", "df", "effect", "target", "method",
    ]  # fmt: skip


def test_equal_seeds_equal_numbers_other_seeds_others() -> None:
    one, same, other = (
        ek.power(DESIGNS["cluster"], effect=0.3, method="simulation", draws=200, seed=seed) for seed in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(one, same, check_exact=True)
    assert one["std_error"].iloc[0] != other["std_error"].iloc[0]


def test_the_smallest_detectable_effect_is_where_the_power_is_reached() -> None:
    """One set of drawn trials answers both questions: the same seed gives the power asked at the effect found."""
    found = ek.mdes(DESIGNS["cluster"], power=0.8, method="simulation", draws=500, seed=5).iloc[0]
    assert found["mdes_low"] < found["mdes"] < found["mdes_high"]

    def power(effect: float) -> float:
        return ek.power(DESIGNS["cluster"], effect=effect, method="simulation", draws=500, seed=5)["power"].iloc[0]

    assert power(found["mdes"] + 1e-9) == pytest.approx(0.8)
    assert power(found["mdes"] - 1e-4) < 0.8
    one_sided = TrialDesign("cluster", schools=30, pupils=20, icc=0.1, sides=1)
    two_sided = TrialDesign("cluster", schools=30, pupils=20, icc=0.1)
    effects = [ek.mdes(one, method="simulation", draws=200)["mdes"].iloc[0] for one in (one_sided, two_sided)]
    assert effects[0] < effects[1]


def test_no_effect_gives_the_rate_of_false_positives() -> None:
    found = ek.power(DESIGNS["cluster"], effect=0, method="simulation", draws=2000, seed=9).iloc[0]
    assert found["power"] == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 2000))
    assert np.isnan(found["power_formula"])


def test_two_outcomes_share_alpha() -> None:
    one = TrialDesign("cluster", schools=40, pupils=20, icc=0.1)
    two = TrialDesign("cluster", schools=40, pupils=20, icc=0.1, outcomes=2)
    (effects,) = simulate_designs([one], effect=0.25, draws=500, seed=1, workers=1)
    assert diagnose(effects, two, effect=0.25).power < diagnose(effects, one, effect=0.25).power
    assert diagnose(effects, two, effect=0.25).coverage > diagnose(effects, one, effect=0.25).coverage


def test_losses_and_the_subgroup_leave_whom_they_should() -> None:
    trial = draw_trial(TrialDesign("cluster", schools=200, pupils=50, icc=0.1, **LOSSES), effect=0, seed=1)
    assert trial["school"].nunique() == pytest.approx(180, abs=4 * np.sqrt(200 * 0.1 * 0.9))
    assert len(trial) / trial["school"].nunique() == pytest.approx(50 * 0.9 * 0.6, rel=0.03)
    whole = draw_trial(TrialDesign("cluster", schools=60, pupils=75, icc=0.1, size_cv=0.5), effect=0, seed=1)
    sizes = whole.groupby("school").size()
    assert (sizes.mean(), sizes.std(ddof=0) / sizes.mean()) == pytest.approx((75, 0.5), rel=0.01)
    arms = whole.groupby("school")["treat"]
    assert (arms.nunique() == 1).all()
    assert arms.first().sum() == 30


def test_outcomes_have_the_variances_of_the_design() -> None:
    """Large draws: total variance 1, shares at each level and what the pre-test explains of them."""
    design = TrialDesign("cluster", schools=3000, pupils=20, icc=0.2, r2_pupil=0.5, r2_school=0.3)
    trial = draw_trial(design, effect=0, seed=2)
    assert trial["post"].var() == pytest.approx(1, rel=0.02)
    fit = ek.multilevel("post ~ pre + (1 | school)", trial)
    assert fit.tidy().set_index("term").loc["pre", "estimate"] == pytest.approx(1, abs=0.01)
    variances = fit.variances().set_index("group")["variance"]
    assert variances["school"] == pytest.approx(0.2 * 0.7, rel=0.06)
    assert variances["Residual"] == pytest.approx(0.8 * 0.5, rel=0.02)


def test_what_cannot_be_simulated_is_told() -> None:
    trial = TrialDesign("cluster", schools=20, pupils=20, icc=0.1)
    with pytest.raises(DesignError, match="whole number of schools"):
        ek.power(TrialDesign("cluster", schools=20.5, pupils=20, icc=0.1), effect=0.2, method="simulation")
    design = TrialDesign("multisite_random", schools=20, pupils=20, icc=0.1, covariates=1)
    with pytest.raises(DesignError, match="covariates of the level at which effects vary"):
        ek.power(design, effect=0.2, method="simulation")
    with pytest.raises(DesignError, match="too large to be drawn"):
        ek.mdes(TrialDesign("individual", pupils=10_000_000), method="simulation")
    with pytest.raises(DesignError, match=r"method: found 'exact'\. Use one of: central, noncentral, simulation"):
        ek.power(trial, effect=0.2, method="exact")
    with pytest.raises(DesignError, match="Simulate a power curve around it"):
        ek.sample_size(trial, effect=0.2, method="simulation")
    lost = TrialDesign("cluster", schools=3, pupils=20, icc=0.1, attrition_schools=0.999)
    with pytest.raises(DesignError, match="0 of 100 drawn trials could be analysed"):
        ek.power(lost, effect=0.2, method="simulation", draws=100)


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(ANALYSES))
def test_intervals_cover_in_awkward_trials(kind: str) -> None:
    draws = 20_000 if kind in ("individual", "multisite_constant", "multisite_fixed", "cluster") else 2000
    found = ek.power(DESIGNS[kind], effect=0.3, method="simulation", draws=draws, seed=21, workers=2).iloc[0]
    error = np.sqrt(0.95 * 0.05 / draws)
    assert 0.95 - 4 * error - 0.005 < found["coverage"] < 0.985
    assert abs(found["bias"]) < 4 * found["bias_error"]
