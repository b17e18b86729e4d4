"""Logit with random intercept against lme4::glmer; GEE and ordered logit against R's gee and MASS::polr."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from evalkit.stats.gee import fit_gee
from evalkit.stats.glm import fit_logit
from evalkit.stats.ordinal import fit_ordinal
from tests.oracle.compare import compare

HERE = Path(__file__).parent
GLMER = json.loads((HERE / "expected/glmer.json").read_text())["cases"]
OTHER = json.loads((HERE / "expected/gee_ordinal.json").read_text())


def columns_of(name):
    with (HERE / "data" / f"{name}.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {key: np.array([float(row[key]) for row in rows]) for key in rows[0]}


def design_of(data, columns, constant=True):
    chosen = [data[c] for c in columns]
    return np.column_stack([np.ones(len(data["y"])), *chosen] if constant else chosen)


@pytest.mark.parametrize("case", GLMER, ids=[case["name"] for case in GLMER])
def test_logit_equals_glmer(case):
    data = columns_of(case["data"])
    design = design_of(data, case["columns"])
    fit = fit_logit(design, data["y"], clusters=data["school"], n_nodes=case["n_nodes"])
    assert fit.is_certified
    assert fit.is_singular == case["singular"]
    assert fit.log_likelihood >= case["log_likelihood"] - 1e-7
    compare({"log_likelihood": fit.log_likelihood}, {"log_likelihood": case["log_likelihood"]}, rtol=5e-9)
    errors = np.array(case["std_errors"])
    compare(
        {"b": fit.coefficients / errors, "sigma": fit.sigma, "effects": fit.effects},
        {"b": np.array(case["coefficients"]) / errors, "sigma": case["sigma"], "effects": case["effects"]},
        rtol=2e-6,
        atol=2e-6,
        reason="glmer's inner iterations leave noise in its deviance, on which its optimiser stops",
    )
    compare(
        {"se": fit.std_errors},
        {"se": errors},
        rtol=5e-5,
        reason="glmer's Hessian is a second difference of that noisy deviance; ours differentiates an exact gradient",
    )


def test_zero_variance_is_the_plain_logit():
    case = next(case for case in GLMER if case["singular"])
    data = columns_of(case["data"])
    fit = fit_logit(design_of(data, case["columns"]), data["y"], clusters=data["school"], n_nodes=case["n_nodes"])
    assert fit.sigma == 0
    assert np.isnan(fit.sigma_std_error)
    compare({"b": fit.coefficients}, {"b": case["plain"]}, rtol=1e-9)


@pytest.mark.parametrize("case", OTHER["gee"], ids=[case["name"] for case in OTHER["gee"]])
def test_gee_equals_gee_and_explicit_mancl_derouen(case):
    data = columns_of(case["data"])
    fit = fit_gee(design_of(data, case["columns"]), data["y"], clusters=data["school"], family=case["family"])
    keys = ("coefficients", "std_errors", "uncorrected_std_errors", "correlation")
    compare(fit, {key: case[key] for key in keys}, rtol=1e-9)
    compare({"robust": fit.uncorrected_std_errors}, {"robust": case["package_robust"]})


@pytest.mark.parametrize("case", OTHER["polr"], ids=[case["data"] for case in OTHER["polr"]])
def test_ordered_logit_equals_polr_with_clustered_errors(case):
    data = columns_of(case["data"])
    fit = fit_ordinal(design_of(data, case["columns"], constant=False), data["y"], clusters=data["school"])
    compare({"log_likelihood": fit.log_likelihood}, {"log_likelihood": case["log_likelihood"]}, rtol=1e-10)
    keys = ("coefficients", "thresholds", "std_errors", "threshold_std_errors")
    compare(
        fit,
        {key: case[key] for key in keys},
        rtol=5e-6,
        reason="polr stops on a relative change of the deviance, and its Hessian is a numerical one",
    )
