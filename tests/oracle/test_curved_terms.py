"""Curves and products chosen for a propensity against R's add1(test = "Rao") (r/curved_terms.R)."""

import json
from pathlib import Path

import pandas as pd

from evalkit.stats.curved_terms import curved_terms
from tests.oracle.compare import compare

HERE = Path(__file__).parent
CHOSEN = json.loads((HERE / "expected/curved_terms.json").read_text())["chosen"]
DATA = pd.read_csv(HERE / "data/curved_terms.csv")
FACTS = ["pre", "pay", "sure", "boy", "maths"]


def test_the_same_terms_in_the_same_order_with_the_same_score_statistics() -> None:
    found = curved_terms(
        DATA[FACTS].to_numpy(),
        DATA["treat"],
        kinds=["number"] * 3 + ["category"] * 2,
        owners=FACTS,
        criterion=2.71,
        fewest=5,
    )
    assert len(found) == len(CHOSEN) >= 3
    for one, expected in zip(found, CHOSEN, strict=True):
        columns = expected["columns"] if isinstance(expected["columns"], list) else [expected["columns"]]
        assert (list(one.columns), one.curve) == (columns, expected["curve"])
        compare(
            {"statistic": one.statistic, "first": one.values[:5]},
            {"statistic": expected["statistic"], "first": expected["first"]},
            rtol=1e-6,
        )
