"""The reliability family against psych, lavaan and semTools (r/psych_scales.R, r/semtools_ordinal.R)."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from evalkit.stats.consistency import consistency
from evalkit.stats.items import item_statistics
from evalkit.stats.ordinal_reliability import ordinal_reliability
from evalkit.stats.reliability import alpha
from evalkit.stats.retest import retest
from evalkit.stats.schmid_leiman import schmid_leiman
from evalkit.stats.split_half import split_half
from tests.oracle.compare import compare

HERE = Path(__file__).parent
PSYCH = json.loads((HERE / "expected/psych_scales.json").read_text())
SCALES = PSYCH["scales"]
ORDINAL = json.loads((HERE / "expected/semtools_ordinal.json").read_text())["cases"]
SEARCH = (
    "both searches stop early on these small scales, where a uniqueness lies at its bound; larger scales agree to 1e-12"
)
RETESTS = {"paired_fifty_six": (0, 1), "paired_six": (0, 1), "items_eight": (0, 2)}


def answers(name):
    return np.genfromtxt(HERE / "data" / f"{name}.csv", delimiter=",", skip_header=1)


@pytest.mark.parametrize("missing", ["complete", "pairwise"])
@pytest.mark.parametrize("name", list(SCALES))
def test_alpha_consistency_and_items_equal_psych(name, missing):
    expected = dict(SCALES[name][missing])
    compare({"alpha": alpha(answers(name), missing=missing).value}, {"alpha": expected.pop("alpha")})
    keys = ("standardised_alpha", "lambda6", "mean_r", "median_r")
    compare(consistency(answers(name), missing=missing), {key: expected.pop(key) for key in keys})
    found = item_statistics(answers(name), minimum=0, maximum=7, missing=missing)
    compare({key: [getattr(row, key) for row in found] for key in expected}, expected)


@pytest.mark.parametrize("name", [name for name in SCALES if "omega" in SCALES[name]])
def test_omega_h_and_omega_t_equal_psych(name):
    expected = dict(SCALES[name]["omega"])
    found = schmid_leiman(answers(name))
    assert list(found.turned) == expected.pop("turned")
    compare(found, expected, rtol=1e-4, atol=2e-4, reason=SEARCH)


@pytest.mark.parametrize("name", [name for name in SCALES if "split" in SCALES[name]])
def test_split_halves_equal_psych(name):
    found = split_half(answers(name))
    assert found.is_exact
    compare(found, SCALES[name]["split"])
    compare(split_half(answers(name), standardise=True), SCALES[name]["split_standardised"])


@pytest.mark.parametrize("name", list(RETESTS))
def test_retest_equals_psych(name):
    first, second = (answers(name)[:, column] for column in RETESTS[name])
    compare(retest(first, second), PSYCH["retest"][name])


@pytest.mark.parametrize("name", list(ORDINAL))
def test_ordinal_reliability_equals_lavaan_and_semtools(name):
    found, expected = ordinal_reliability(answers(name)), ORDINAL[name]
    actual = {
        "n": found.alpha.n,
        "alpha": found.alpha.value,
        "alpha_se": found.alpha.std_error,
        "omega": found.omega.value,
        "latent": found.latent_omega.value,
        # lavaan divides gamma by n - 1 for DWLS, we by n.
        "latent_se": found.latent_omega.std_error * math.sqrt(found.alpha.n / (found.alpha.n - 1)),
        "loadings": found.loadings,
    }
    compare(actual, expected, rtol=1e-5, atol=1e-5, reason="lavaan's optimiser stops at about 1e-6")
