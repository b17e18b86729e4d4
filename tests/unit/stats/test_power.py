"""Power by formula: what goes in, what is refused, and what must hold between the three questions."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import ttest_ind

from evalkit.errors import DesignError
from evalkit.stats.power import detectable_effect, power_for, required_size
from evalkit.stats.power_designs import TrialDesign, precision

CLUSTER = TrialDesign("cluster", schools=71, pupils=75, icc=0.15, r2_pupil=0.5, r2_school=0.5, covariates=4)
DESIGNS = (
    TrialDesign("individual", pupils=300, r2_pupil=0.3),
    TrialDesign("multisite_random", schools=15, pupils=40, icc=0.2, effect_variation=0.2),
    CLUSTER,
    TrialDesign("cluster_three_level", schools=40, classes=2, pupils=25, icc=0.1, icc_class=0.1),
    TrialDesign(
        "blocked_cluster_random", blocks=10, schools=6, pupils=30, icc=0.1, icc_block=0.05, effect_variation=0.3
    ),
)


@pytest.mark.parametrize("method", ["central", "noncentral"])
@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.kind)
def test_power_at_the_smallest_effect_is_the_power_asked(design, method):
    for wanted in (0.3, 0.8, 0.95):
        smallest = detectable_effect(design, power=wanted, method=method).effect
        assert power_for(design, effect=smallest, method=method).power == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.kind)
def test_the_required_size_is_the_first_that_is_enough(design):
    found = required_size(design, effect=0.2)
    assert found.achieved.power >= 0.8
    one_less = replace(design, **{found.size: float(found.value - 1)})
    assert power_for(one_less, effect=0.2).power < 0.8
    assert found.value - 1 < found.exact <= found.value


def test_the_smallest_possible_trial_may_be_enough():
    found = required_size(TrialDesign("individual", pupils=1), effect=50.0)
    assert found.value == 3
    assert found.achieved.df == 1


def test_attrition_and_subgroup_take_pupils_and_schools_away():
    lost = replace(CLUSTER, attrition_pupils=0.2, attrition_schools=0.1, subgroup_share=0.25)
    by_hand = replace(CLUSTER, pupils=75 * 0.8 * 0.25, schools=71 * 0.9)
    assert precision(lost) == precision(by_hand)
    assert precision(lost).df == pytest.approx(71 * 0.9 - 4 - 2)


def test_cluster_by_hand():
    """.15 x .5 / (.25 x 71) + .85 x .5 / (.25 x 71 x 75) = .0042254 + .0003192; root .067414; df 71 - 4 - 2."""
    found = precision(CLUSTER)
    assert found.std_error == pytest.approx(0.067414, abs=1e-6)
    assert found.df == 65


def test_the_design_effect_of_unequal_schools():
    """1 + ((1 + .6^2) 75 - 1) .15 = 16.15 where 1 + 74 x .15 = 12.1."""
    equal = TrialDesign("cluster", schools=71, pupils=75, icc=0.15)
    ratio = precision(replace(equal, size_cv=0.6)).std_error ** 2 / precision(equal).std_error ** 2
    assert ratio == pytest.approx((1 + ((1 + 0.6**2) * 75 - 1) * 0.15) / (1 + 74 * 0.15))


def test_unequal_arms_need_more():
    assert precision(replace(CLUSTER, share_treated=0.3)).std_error > precision(CLUSTER).std_error
    other = precision(replace(CLUSTER, share_treated=0.7)).std_error
    assert precision(replace(CLUSTER, share_treated=0.3)).std_error == pytest.approx(other)


def test_a_subgroup_of_less_than_one_pupil():
    with pytest.raises(DesignError, match=r"0\.6 pupils per group are left on average"):
        detectable_effect(TrialDesign("cluster", schools=20, pupils=6, icc=0.1, subgroup_share=0.1))


def test_two_outcomes_share_alpha():
    found = detectable_effect(replace(CLUSTER, outcomes=2))
    assert found.alpha == 0.025
    assert found.effect == detectable_effect(replace(CLUSTER, alpha=0.025)).effect


def test_no_number_of_pupils_makes_up_for_too_few_schools():
    few = TrialDesign("cluster", schools=10, pupils=20, icc=0.2)
    with pytest.raises(
        DesignError, match=r"No number of pupils is enough .* stays above 0\.\d+\. Recruit more schools"
    ):
        required_size(few, effect=0.2, size="pupils")


def test_all_problems_of_a_design_at_once():
    with pytest.raises(DesignError) as error:
        TrialDesign("cluster", pupils=-3, icc=1.2, r2_pupil=2, share_treated=1, sides=3, classes=2, attrition_pupils=1)
    assert [problem.partition(":")[0] for problem in error.value.problems] == [
        "schools", "classes", "pupils", "icc", "r2_pupil", "attrition_pupils", "share_treated", "sides",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"kind": "clusters"}, "There is no design 'clusters'. Use one of: individual, multisite_constant"),
        ({"kind": "cluster", "schools": 10, "pupils": 5}, "icc: is missing"),
        ({"kind": "individual", "pupils": 50, "icc": 0.1}, "pupils are not in schools"),
        ({"kind": "cluster", "schools": 10, "pupils": 5, "icc": -0.1}, "icc: found -0.1"),
        ({"kind": "cluster", "schools": 10, "pupils": 5, "icc": 0.1, "effect_variation": 0.2}, "has no part"),
        ({"kind": "cluster", "schools": 10, "pupils": float("nan"), "icc": 0.1}, "Give a number of at least 1"),
        (
            {"kind": "cluster_three_level", "schools": 9, "classes": 2, "pupils": 5, "icc": 0.6, "icc_class": 0.6},
            "add up to 1.2",
        ),
    ],
)
def test_a_design_that_cannot_be(given, words):
    kind = given.pop("kind")
    with pytest.raises(DesignError) as error:
        TrialDesign(kind, **given)
    assert words in str(error.value)


def test_fewer_clusters_than_degrees_of_freedom_need():
    small = TrialDesign("cluster", schools=5, pupils=30, icc=0.1, covariates=3)
    with pytest.raises(DesignError, match=r"too few schools .* 3 covariates: .* 0 degrees of freedom, and needs"):
        detectable_effect(small)


@pytest.mark.parametrize("power", [0, 1, -0.2, 1.4])
def test_power_outside_its_range(power):
    with pytest.raises(DesignError, match=r"power: found .*\. Give a number between 0 and 1"):
        detectable_effect(CLUSTER, power=power)


def test_other_bad_questions():
    with pytest.raises(DesignError, match="no more than alpha"):
        detectable_effect(CLUSTER, power=0.05)
    with pytest.raises(DesignError, match="effect: found 0"):
        power_for(CLUSTER, effect=0)
    with pytest.raises(DesignError, match="Use one of: central, noncentral"):
        power_for(CLUSTER, effect=0.2, method="exact")
    with pytest.raises(DesignError, match=r"has no blocks\. Use one of: schools, pupils"):
        required_size(CLUSTER, effect=0.2, size="blocks")


def test_exact_power_equals_simulated_trials():
    """In a balanced cluster trial the t test of the schools' means is the analysis; 20,000 synthetic trials, seeded."""
    design = TrialDesign("cluster", schools=12, pupils=20, icc=0.2)
    rng = np.random.default_rng(20260301)
    sd = np.sqrt(0.2 + 0.8 / 20)
    treated, control = (rng.normal(mean, sd, size=(20_000, 6)) for mean in (0.8, 0.0))
    found = float(np.mean(ttest_ind(treated, control, axis=1).pvalue < 0.05))
    expected = power_for(design, effect=0.8, method="noncentral").power
    assert abs(found - expected) < 3 * np.sqrt(expected * (1 - expected) / 20_000)
