"""Two-stage least squares against AER + clubSandwich (r/aer_iv.R) and against linearmodels."""

import csv
import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from evalkit.stats.instrumental import complier_effect
from tests.oracle.compare import compare

HERE = Path(__file__).parent
CASES = json.loads((HERE / "expected/aer_iv.json").read_text())["cases"]


def columns_of(name):
    with (HERE / "data" / f"{name}.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {key: np.array([float(row[key]) for row in rows]) for key in rows[0]}


def design_of(data, names):
    return np.column_stack([np.ones(len(data["y"])), *(data[name] for name in np.atleast_1d(names) if name)])


def found_for(case, **options):
    data = columns_of(case["data"])
    covariates = design_of(data, case["covariates"])
    given = {"assignment": data["z"], "clusters": data["school"], "covariates": covariates, "kind": case["kind"]}
    return complier_effect(data["y"], data[case["dose"]], **given, **options)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_two_stage_least_squares_equals_aer_and_clubsandwich(case):
    found = found_for(case)
    actual = {
        "coefficients": found.coefficients,
        "std_errors": found.std_errors,
        "df_satterthwaite": found.df_satterthwaite,
        "first_coefficient": found.first_stage.coefficient,
        "first_f": found.first_stage.f_value,
        "correlation": found.first_stage.correlation,
        "itt": found.itt,
        "itt_std_error": found.itt_std_error,
        "df_used": found.df,
    }
    compare(actual, {key: case[key] for key in actual}, rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_anderson_rubin_ends_are_where_the_test_turns(case):
    found = found_for(case).anderson_rubin
    ends = [end for part in found.parts for end in part if np.isfinite(end)]
    compare({"ends": ends}, {"ends": case["ends"]}, rtol=1e-7, atol=1e-9)
    assert (found.parts[0][0] == -np.inf, found.parts[-1][1] == np.inf) == (case["open_left"], case["open_right"])


def test_the_cases_have_every_shape_of_set():
    shapes = {found_for(case).anderson_rubin.shape for case in CASES}
    assert shapes == {"interval", "two_rays", "everything"}


@pytest.mark.parametrize("case", [c for c in CASES if c["kind"] == "CR0"], ids=lambda case: case["name"])
def test_uncorrected_errors_equal_linearmodels(case):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from linearmodels.iv import IV2SLS
    data = columns_of(case["data"])
    exogenous = design_of(data, case["covariates"])
    model = IV2SLS(data["y"], exogenous, data[case["dose"]], data["z"])
    theirs = model.fit(cov_type="clustered", clusters=data["school"].astype(int))
    found = found_for(case)
    order = [exogenous.shape[1], *range(exogenous.shape[1])]
    actual = {"b": found.coefficients, "se": found.std_errors}
    expected = {"b": theirs.params.to_numpy()[order], "se": theirs.std_errors.to_numpy()[order]}
    compare(actual, expected, rtol=1e-8, atol=1e-11)
