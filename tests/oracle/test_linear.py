"""Least squares against R's lm (r/clubsandwich.R), rank-deficient designs included."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from evalkit.stats.linear import fit_linear
from tests.oracle.compare import compare

HERE = Path(__file__).parent
CASES = json.loads((HERE / "expected/linear.json").read_text())["cases"]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_least_squares_equal_lm(case):
    with (HERE / "data" / f"{case['data']}.csv").open() as file:
        rows = list(csv.DictReader(file))
    data = {key: np.array([float(row[key]) for row in rows]) for key in rows[0]}
    data["2 pre + 3"], data["1 - treat"] = 2 * data["pre"] + 3, 1 - data["treat"]
    design = np.column_stack([np.ones(len(rows)), *(data[c] for c in case["columns"])])
    weights = None if case["weights"] is None else data[case["weights"]]
    names = ["(Intercept)", *case["columns"]]
    fit = fit_linear(design, data["y"], names=names, weights=weights)
    assert fit.names + fit.dropped == tuple([names[k] for k in case["kept"]] + [c for c in case["columns"] if " " in c])
    exact = set(case) - {"name", "data", "columns", "weights", "p_values"}
    compare(fit, {key: case[key] for key in exact}, rtol=1e-10)
    compare(fit, {"p_values": case["p_values"]}, rtol=1e-8, atol=1e-14)
