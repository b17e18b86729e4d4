"""Signs of careless answering against base R, row by row (r/careless_signs.R)."""

import json
from pathlib import Path

import numpy as np
import pytest

from evalkit.stats.response_quality import (
    even_odd_consistency,
    individual_variability,
    longest_string,
    outlyingness,
    pair_consistency,
    reversed_inconsistency,
)
from tests.oracle.compare import compare

HERE = Path(__file__).parent
R = json.loads((HERE / "expected/careless_signs.json").read_text())


def answers(name):
    return np.genfromtxt(HERE / "data" / f"{name}.csv", delimiter=",", skip_header=1)


def keyed():
    table = answers("items_opposite")
    table[:, 1::2] = 8 - table[:, 1::2]
    return table


@pytest.mark.parametrize("name", ["items_opposite", "items_gaps"])
def test_runs_variety_and_distances_equal_r(name):
    compare(longest_string(answers(name)), R[name]["longest"])
    compare(individual_variability(answers(name)), R[name]["variability"])
    compare(outlyingness(answers(name)), R[name]["distances"])


@pytest.mark.parametrize("kind", ["antonyms", "synonyms"])
def test_pairs_equal_r(kind):
    assert R[kind]["n"] >= 3
    compare(pair_consistency(answers("items_opposite"), kind=kind), R[kind]["values"])


def test_even_odd_and_reversed_pairs_equal_r():
    scales = [keyed()[:, start : start + 4] for start in (0, 4, 8)]
    compare(even_odd_consistency(scales), R["even_odd"])
    compare(reversed_inconsistency(keyed()[:, ::2], keyed()[:, 1::2], width=6), R["reversed"])
