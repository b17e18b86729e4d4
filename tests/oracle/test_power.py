"""Power by formula against R (r/power.R), power.t.test, and the values that PowerUpR's authors printed."""

import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from evalkit.stats.power import detectable_effect, power_for, required_size
from evalkit.stats.power_designs import TrialDesign, precision
from tests.oracle.compare import compare

ORACLE = json.loads((Path(__file__).parent / "expected/power.json").read_text())
DESIGNS = ORACLE["designs"]
PARAMETERS = {field.name for field in fields(TrialDesign)}
INTEGRAL = "R integrates the noncentral t; uniroot and integrate together are good to about 1e-9"

# Printed in the vignettes of PowerUpR 1.0 (2018), "Cross-checks" and "Three-Level Cluster Randomized Trial": MDES, its
# interval (MDES -+ critical t x SE), SE, degrees of freedom, and the number of largest groups that it finds again.
PRINTED = {
    "ira1r1": (TrialDesign("individual", pupils=250), 0.356, (0.107, 0.605), 0.126, 248, 250),
    "bira2c1": (TrialDesign("multisite_constant", schools=20, pupils=15), 0.325, (0.097, 0.552), 0.115, 279, 20),
    "bira2f1": (TrialDesign("multisite_fixed", schools=20, pupils=15), 0.325, (0.097, 0.552), 0.115, 260, 20),
    "bira2r1": (
        TrialDesign("multisite_random", schools=20, pupils=15, icc=0.17, effect_variation=0.5),
        0.366, (0.107, 0.625), 0.124, 19, 20,
    ),
    "cra2r2": (TrialDesign("cluster", schools=20, pupils=15, icc=0.17), 0.629, (0.183, 1.075), 0.212, 18, 20),
    "bcra3f2": (
        TrialDesign("blocked_cluster_fixed", blocks=5, schools=44, pupils=20, icc=0.10),
        0.145, (0.043, 0.246), 0.051, 210, 5,
    ),
    "bcra3r2": (
        TrialDesign(
            "blocked_cluster_random", blocks=24, schools=6, pupils=10, icc=0.10, icc_block=0.13, effect_variation=0.4
        ),
        0.246, (0.072, 0.420), 0.084, 23, 24,
    ),
    "cra3r3": (
        TrialDesign("cluster_three_level", schools=60, classes=3, pupils=15, icc=0.06, icc_class=0.17),
        0.269, (0.080, 0.458), 0.094, 58, 60,
    ),
    "cra3r3_covariates": (
        TrialDesign(
            "cluster_three_level", schools=83, classes=2, pupils=10, icc=0.18, icc_class=0.06, r2_pupil=0.55,
            r2_class=0.50, r2_school=0.45, covariates=1, share_treated=0.40,
        ),
        0.230, (0.069, 0.392), 0.081, 80, 83,
    ),
}  # fmt: skip


def design_of(case, **changes):
    given = {name: value for name, value in case.items() if name in PARAMETERS}
    return TrialDesign(**(given | changes))


@pytest.mark.parametrize("name", list(DESIGNS))
def test_standard_errors_equal_generalised_least_squares(name):
    case = DESIGNS[name]
    compare(precision(design_of(case)), {"std_error": case["se"], "df": float(case["df"])}, rtol=1e-10)


@pytest.mark.parametrize("name", list(DESIGNS))
def test_smallest_effects_equal_r(name):
    case = DESIGNS[name]
    found = {
        "mdes_two_sided": detectable_effect(design_of(case)).effect,
        "mdes_one_sided": detectable_effect(design_of(case, sides=1), power=0.9).effect,
        "mdes_two_outcomes": detectable_effect(design_of(case, outcomes=2)).effect,
    }
    compare(found, {key: case[key] for key in found}, rtol=1e-10)


@pytest.mark.parametrize("name", list(DESIGNS))
def test_exact_power_equals_an_integral_over_the_chi_square(name):
    case = DESIGNS[name]
    found = {
        "power_two_sided": power_for(design_of(case), effect=2.5 * case["se"], method="noncentral").power,
        "power_one_sided": power_for(design_of(case, sides=1), effect=2 * case["se"], method="noncentral").power,
        "power_small_effect": power_for(design_of(case), effect=0.3 * case["se"], method="noncentral").power,
        "mdes_noncentral": detectable_effect(design_of(case), method="noncentral").effect,
    }
    compare(found, {key: case[key] for key in found}, rtol=1e-8, reason=INTEGRAL)


@pytest.mark.parametrize("case", ORACLE["t_tests"], ids=lambda case: f"n={case['n']} delta={case['delta']}")
def test_power_equals_power_t_test(case):
    design = TrialDesign("individual", pupils=2 * case["n"], sides=case["sides"])
    found = power_for(design, effect=case["delta"], method="noncentral")
    compare({"power": found.power}, {"power": case["power"]}, rtol=1e-8)


@pytest.mark.parametrize("case", ORACLE["t_sizes"], ids=lambda case: f"delta={case['delta']}")
def test_sample_size_equals_power_t_test(case):
    found = required_size(TrialDesign("individual", pupils=1), effect=case["delta"], method="noncentral")
    compare({"exact": found.exact}, {"exact": 2 * case["n"]})
    assert found.value == int(np.ceil(2 * case["n"]))


@pytest.mark.parametrize("name", list(PRINTED))
def test_values_printed_by_powerupr(name):
    design, mdes, interval, std_error, df, groups = PRINTED[name]
    found = detectable_effect(design)
    margin = found.std_error * (found.multiplier - detectable_effect(design, power=0.5).multiplier)
    critical = (found.effect - margin) / found.std_error
    assert round(found.effect, 3) == mdes
    limits = (found.effect - critical * found.std_error, found.effect + critical * found.std_error)
    assert tuple(round(one, 3) for one in limits) == interval
    assert (round(found.std_error, 3), found.df) == (std_error, df)
    assert required_size(design, effect=found.effect).value == groups


def test_power_printed_by_powerupr_at_its_rounded_effect():
    design = PRINTED["cra3r3_covariates"][0]
    assert round(power_for(design, effect=0.23, method="noncentral").power, 1) == 0.8


def test_the_projects_own_worked_example():
    """standards.md, section 1: a simple trial of 200 pupils has .398, not the .452 of a cluster trial's df."""
    assert round(detectable_effect(TrialDesign("individual", pupils=200)).effect, 3) == 0.398


@pytest.mark.parametrize("case", ORACLE["unequal"], ids=lambda case: f"cv={case['size_cv']:.2f} icc={case['icc']}")
def test_unequal_schools_against_the_true_variance(case):
    design = TrialDesign(
        "cluster", schools=len(case["sizes"]), pupils=float(np.mean(case["sizes"])), icc=case["icc"],
        r2_pupil=case["r2_pupil"], r2_school=case["r2_school"], size_cv=case["size_cv"],
    )  # fmt: skip
    compare({"se": precision(design).std_error}, {"se": case["pupil_weighted"]}, rtol=1e-10)
    mixed = replace(design, unequal_sizes="mixed_model")
    approximate = "van Breukelen's relative efficiency is a second-order approximation"
    compare({"se": precision(mixed).std_error}, {"se": case["mixed_model"]}, rtol=0.01, reason=approximate)
    assert precision(mixed).std_error < precision(design).std_error
