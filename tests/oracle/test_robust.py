"""CR0 to CR3, Satterthwaite df and HTZ against clubSandwich (r/clubsandwich.R), on lm, weighted lm and lmer fits."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from evalkit.stats.linear import fit_linear
from evalkit.stats.robust import cluster_robust
from evalkit.stats.robust_blocks import RandomTerm, WorkingCovariance
from evalkit.stats.robust_inference import coefficient_tests, joint_test
from tests.oracle.compare import compare

HERE = Path(__file__).parent
CASES = json.loads((HERE / "expected/clubsandwich.json").read_text())["cases"]


def columns_of(name):
    with (HERE / "data" / f"{name}.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {key: np.array([float(row[key]) for row in rows]) for key in rows[0]}


def working_of(case, data):
    if case["working"] == "inverse":
        return WorkingCovariance()
    if "random" not in case:
        return None
    terms = tuple(
        RandomTerm(
            data[term["group"]].astype(int),
            np.column_stack([np.ones(len(data["y"])) if c == "1" else data[c] for c in np.atleast_1d(term["columns"])]),
            np.atleast_2d(term["covariance"]).reshape(len(np.atleast_1d(term["columns"])), -1),
        )
        for term in case["random"]
    )
    return WorkingCovariance(case["sigma2"], terms)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_robust_covariance_and_tests_equal_clubsandwich(case):
    data = columns_of(case["data"])
    design = np.column_stack([np.ones(len(data["y"])), *(data[c] for c in case["columns"])])
    outcome = data[case["outcome"]]
    weights = None if case["weights"] is None else data[case["weights"]]
    beta = np.array(case["coefficients"])
    if "random" not in case:
        fit = fit_linear(design, outcome, weights=weights)
        compare({"b": fit.coefficients}, {"b": beta}, rtol=1e-10, atol=1e-12)
    found = cluster_robust(
        design,
        outcome - design @ beta,
        clusters=data[case["cluster"]],
        kind=case["kind"],
        weights=weights,
        working=working_of(case, data),
    )
    tests = coefficient_tests(beta, found)
    # A coefficient that one cluster decides alone has no visible variance: clubSandwich prints rounding noise there.
    seen = ~np.isnan(tests.df)
    assert seen[1:3].all()
    expected = {key: np.array(case[key], dtype=float)[seen] for key in ("std_errors", "df", "p_values")}
    # lmer's covariance parameters reach JSON with 15 digits; df repeat them through second powers.
    compare({key: getattr(tests, key)[seen] for key in expected}, expected, rtol=1e-8, atol=1e-12)
    scale = np.sqrt(np.outer(np.diag(found.matrix), np.diag(found.matrix)))[np.ix_(seen, seen)]
    matrix = np.array(case["matrix"])[np.ix_(seen, seen)]
    compare({"matrix": found.matrix[np.ix_(seen, seen)] / scale}, {"matrix": matrix / scale}, rtol=1e-8, atol=1e-9)
    if "joint" in case:
        rows = np.atleast_1d(case["joint"]["rows"])
        joint = joint_test(beta, found, contrasts=np.eye(len(beta))[rows])
        compare(
            {"f": joint.f_value, "num": joint.df_numerator, "den": joint.df_denominator, "p": joint.p_value},
            {k: case["joint"][v] for k, v in {"f": "f", "num": "df_num", "den": "df_denom", "p": "p"}.items()},
            rtol=1e-8,
            atol=1e-12,
        )
