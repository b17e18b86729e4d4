"""Parallel analysis against psych's fa.parallel (r/psych_parallel.R)."""

import json
from pathlib import Path

import numpy as np
import pytest

from evalkit.stats.parallel_analysis import parallel_analysis, scree
from tests.oracle.compare import compare

HERE = Path(__file__).parent
PSYCH = json.loads((HERE / "expected/psych_parallel.json").read_text())
ITEMS = np.genfromtxt(HERE / "data/factor_three.csv", delimiter=",", skip_header=1)[:, 2:]
COMPLETE = ITEMS[~np.isnan(ITEMS).any(axis=1)]
OPTIMISER = "psych's search for one factor stops at about 1e-5 of its criterion"
STEPS = "psych's polychoric correlations are good to about 1e-4"


@pytest.mark.parametrize("name", ["normal", "gaps"])
def test_eigenvalues_and_numbers_of_factors_equal_psych(name):
    found = parallel_analysis(COMPLETE if name == "normal" else ITEMS, draws=40, seed=1)
    expected = PSYCH[name]
    compare(found.components, expected["components"])
    compare(found.factors, expected["factors"], rtol=1e-4, atol=1e-5, reason=OPTIMISER)
    assert (found.n_components, found.n_factors) == (expected["n_components"], expected["n_factors"]) == (3, 3)
    # Two means over random draws: the largest axis has an SD of 0.2 over draws, the others less than 0.06.
    compare(found.component_mean, expected["component_mean"], atol=0.03, reason="40 against 100 or 400 random draws")
    compare(found.factor_mean[1:], expected["factor_mean"][1:], atol=0.03, reason="random draws")
    compare(found.factor_mean[:1], expected["factor_mean"][:1], atol=0.14, reason="random draws, SD 0.2")


def test_polychoric_eigenvalues_equal_psych():
    found = parallel_analysis(COMPLETE, correlation="polychoric", reference="resampled", draws=10, seed=1)
    expected = PSYCH["polychoric"]
    compare(found.components, expected["components"], rtol=1e-3, reason=STEPS)
    compare(found.factors, expected["factors"], rtol=1e-3, atol=2e-4, reason=STEPS)
    assert (found.n_components, found.n_factors) == (expected["n_components"], expected["n_factors"])
    compare(found.component_mean, expected["component_mean"], atol=0.06, reason="10 against 40 random draws")


def test_eigenvalues_of_unrelated_answers_equal_psych():
    for matrix, axes in zip(PSYCH["matrices"], PSYCH["axes"], strict=True):
        compare(scree(np.array(matrix))[1], axes, rtol=1e-3, atol=1e-3, reason=OPTIMISER)
