"""Alpha, omega and item statistics against psych, lavaan and pingouin (r/psych_reliability.R, r/lavaan_omega.R)."""

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evalkit.stats.items import item_statistics
from evalkit.stats.one_factor import fit_one_factor
from evalkit.stats.reliability import alpha, omega
from tests.oracle.compare import compare

HERE = Path(__file__).parent
PSYCH = json.loads((HERE / "expected/psych_reliability.json").read_text())["cases"]
LAVAAN = json.loads((HERE / "expected/lavaan_omega.json").read_text())["cases"]
OPTIMISER = "lavaan's optimiser stops at a gradient of about 1e-6, so its parameters are good to about 1e-5"


def answers(name):
    return np.genfromtxt(HERE / "data" / f"{name}.csv", delimiter=",", skip_header=1)


@pytest.mark.parametrize("name", list(PSYCH))
def test_alpha_and_feldt_limits_equal_psych(name):
    expected = PSYCH[name]
    compare(alpha(answers(name)), {key: expected[key] for key in ("value", "low", "high", "n", "n_incomplete", "k")})
    compare(alpha(answers(name)), {"low": expected["psych_low"], "high": expected["psych_high"]})


@pytest.mark.parametrize("name", list(PSYCH))
def test_item_statistics_equal_psych(name):
    found = item_statistics(answers(name), minimum=1, maximum=7)
    columns = {field: [getattr(row, field) for row in found] for field in ("n", "mean", "sd", "item_rest_r")}
    columns["alpha_if_dropped"] = [row.alpha_if_dropped for row in found]
    expected = PSYCH[name]
    compare(
        columns,
        {
            "n": expected["item_n"],
            "mean": expected["item_mean"],
            "sd": expected["item_sd"],
            "item_rest_r": expected["item_rest_r"],
            "alpha_if_dropped": expected["alpha_if_dropped"],
        },
    )
    compare(columns["item_rest_r"], expected["psych_r_drop"])


@pytest.mark.parametrize("name", list(PSYCH))
def test_alpha_equals_pingouin(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pingouin

        # pingouin's limits count incomplete rows although its alpha leaves them out, so they are left out here.
        value, limits = pingouin.cronbach_alpha(pd.DataFrame(answers(name)).dropna())
    found = alpha(answers(name))
    compare({"value": found.value}, {"value": value})
    compare([found.low, found.high], limits, atol=6e-4, reason="pingouin rounds its limits to three digits")


@pytest.mark.parametrize("name", list(LAVAAN))
def test_omega_its_standard_error_and_limits_equal_lavaan(name):
    keys = ("value", "std_error", "low", "high", "n", "k")
    compare(omega(answers(name)), {key: LAVAAN[name][key] for key in keys}, rtol=2e-5, reason=OPTIMISER)


@pytest.mark.parametrize("name", list(LAVAAN))
def test_loadings_uniquenesses_and_fit_equal_lavaan(name):
    complete = answers(name)
    complete = complete[~np.isnan(complete).any(axis=1)]
    found = fit_one_factor(np.cov(complete, rowvar=False, ddof=0), n=len(complete))
    errors = np.sqrt(np.diag(found.covariance))
    actual = {
        "loadings": found.loadings,
        "loadings_se": errors[: len(found.loadings)],
        "uniquenesses": found.uniquenesses,
        "uniquenesses_se": errors[len(found.loadings) :],
        "df": found.df,
    }
    compare(actual, {key: LAVAAN[name][key] for key in actual}, rtol=1e-4, atol=1e-5, reason=OPTIMISER)
    compare(found.chi_square, LAVAAN[name]["chi_square"], rtol=1e-6, atol=1e-6, reason="0 for three items: rounding")
