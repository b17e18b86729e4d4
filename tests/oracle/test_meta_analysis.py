"""Pooling of several studies against metafor."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evalkit.errors import FitError
from evalkit.stats.meta_analysis import pool
from tests.oracle.compare import compare

HERE = Path(__file__).parent
EXPECTED = json.loads((HERE / "expected" / "metafor_pool.json").read_text(encoding="utf-8"))
STUDIES = pd.read_csv(HERE / "data" / "pooling.csv")
ITERATED = "metafor's REML stops at a change of 1e-12 and its Q-profile at a tolerance of its own"


@pytest.mark.parametrize("name", ["spread", "alike", "two", "uneven", "bcg"])
def test_every_number_is_metafors(name: str) -> None:
    expected = dict(EXPECTED[name])
    mine = STUDIES[STUDIES["set"] == name]
    estimates = expected.pop("estimates", mine["estimate"].tolist())
    errors = expected.pop("std_errors", mine["std_error"].tolist())
    found = asdict(pool(estimates, errors))
    weights = expected.pop("weights")
    np.testing.assert_allclose(found.pop("weights"), weights, rtol=1e-6)
    compare(found, expected, rtol=2e-6, atol=1e-8, reason=ITERATED)


def test_estimates_that_agree_have_no_variance_between_them() -> None:
    found = pool([0.11, 0.14, 0.09, 0.13], [0.10, 0.12, 0.08, 0.15])
    assert found.tau2 == 0
    assert found.predict_low == pytest.approx(found.conf_low)


@pytest.mark.parametrize(
    ("estimates", "errors"),
    [([0.1], [0.1]), ([0.1, np.nan], [0.1, 0.1]), ([0.1, 0.2], [0.1, 0.0]), ([0.1, 0.2], [0.1])],
)
def test_what_cannot_be_pooled_is_refused(estimates, errors) -> None:
    with pytest.raises(FitError, match="Pooling needs"):
        pool(estimates, errors)
