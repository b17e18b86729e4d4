"""Items between groups against MASS::polr, glm, mantelhaen.test and Mantel's formula (r/item_functioning.R)."""

import json
from pathlib import Path

import numpy as np
import pytest

from evalkit.stats.item_functioning import item_functioning
from tests.oracle.compare import compare

HERE = Path(__file__).parent
R = json.loads((HERE / "expected/item_functioning.json").read_text())
TABLE = np.genfromtxt(HERE / "data/factor_three.csv", delimiter=",", skip_header=1)
TABLE = TABLE[~np.isnan(TABLE).any(axis=1)]
GROUP, ITEMS = TABLE[:, 1].astype(int), TABLE[:, 2:6]
OPTIMISER = "polr's optimiser (BFGS) stops at a slope of about 1e-5"
KEYS = ("uniform", "non_uniform", "total", "odds_ratio", "odds_low", "odds_high")


def hold(found, expected):
    for one, wanted in zip(found.items, expected, strict=True):
        compare(one.mantel, wanted["mantel"])
        compare(one, {key: wanted[key] for key in KEYS}, rtol=2e-5, atol=1e-7, reason=OPTIMISER)


def test_items_equal_polr_and_mantel():
    hold(item_functioning(ITEMS, GROUP, purify=False), R["plain"])


def test_purification_ends_at_the_same_anchors():
    found = item_functioning(ITEMS, GROUP, alpha=0.01)
    hold(found, R["purified"])
    assert found.settled
    assert [number + 1 for number, one in enumerate(found.items) if one.in_match] == R["anchors"]
    assert R["anchors"] != [1, 2, 3, 4]


def test_two_answers_equal_glm():
    hold(item_functioning((ITEMS >= 4).astype(float), GROUP, purify=False), R["two_answers"])


@pytest.mark.parametrize("item", range(4))
def test_two_answers_equal_mantelhaen_test(item):
    found = item_functioning((ITEMS >= 4).astype(float), GROUP, purify=False).items[item].mantel
    wanted = R["haenszel"][item]
    compare(
        {"statistic": found.statistic, "p_value": found.p_value}, {key: wanted[key] for key in ("statistic", "p_value")}
    )
    # R's table names the odds of (lower answer, first group), which is the same ratio.
    compare(found.odds_ratio, wanted["odds_ratio"])
