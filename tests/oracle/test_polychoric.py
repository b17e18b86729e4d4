"""Polychoric correlations and their covariance against lavaan and psych (r/lavaan_polychoric.R)."""

import json
from pathlib import Path

import numpy as np
import pytest

from evalkit.stats.polychoric import polychoric, polychoric_covariance
from tests.oracle.compare import compare

HERE = Path(__file__).parent
LAVAAN = json.loads((HERE / "expected/lavaan_polychoric.json").read_text())["cases"]
OPTIMISER = "lavaan's nlminb stops earlier than ours, at about 1e-7"


def found(name):
    items = np.genfromtxt(HERE / "data" / f"{name.removesuffix('_pairwise')}.csv", delimiter=",", skip_header=1)
    missing = "pairwise" if name.endswith("_pairwise") else "complete"
    return items, polychoric(items, missing=missing)


def below_diagonal(matrix):
    """Column by column, as R's lower.tri."""
    return matrix[np.triu_indices(len(matrix), k=1)]


@pytest.mark.parametrize("name", list(LAVAAN))
def test_thresholds_and_correlations_equal_lavaan(name):
    _, one = found(name)
    expected = LAVAAN[name]
    compare(one.n, expected["n"])
    compare(np.concatenate(one.thresholds), expected["thresholds"])
    compare(below_diagonal(one.correlations), expected["correlations"], atol=1e-6, reason=OPTIMISER)


@pytest.mark.parametrize("name", [name for name in LAVAAN if LAVAAN[name]["psych"]])
def test_correlations_equal_psych(name):
    _, one = found(name)
    compare(
        below_diagonal(one.correlations),
        LAVAAN[name]["psych"],
        atol=5e-5,
        reason="psych's optimize stops at about 1e-4",
    )


@pytest.mark.parametrize("name", list(LAVAAN))
def test_covariance_equals_lavaans_gamma(name):
    items, one = found(name)
    gamma = one.n * polychoric_covariance(items, one)
    expected = LAVAAN[name]
    tolerance = {"rtol": 1e-5, "atol": 2e-6, "reason": OPTIMISER}
    compare(np.diag(gamma), expected["gamma_diagonal"], **tolerance)
    compare(gamma[-1], expected["gamma_last_row"], **tolerance)
    if expected["gamma"] is not None:
        compare(gamma, expected["gamma"], **tolerance)
