"""A within-study comparison: the same people and outcome, in a randomised and in a self-selected half (synthetic)."""

import numpy as np
import pandas as pd
import pytest

from evalkit.analysis.linear_model import linear
from evalkit.analysis.match import Match, match

ON = [f"x{place}" for place in range(12)]


def people(seed: int, n: int = 2200) -> pd.DataFrame:
    """2,200 people with twelve facts, some gaps; half are put into the programme by lot, half choose for themselves."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, 3)) @ random.normal(size=(3, 12)) * 0.4 + random.normal(size=(n, 12))
    x[:, 9:] = x[:, 9:] > 0.5
    chance = 1 / (1 + np.exp(-(0.8 * x[:, 0] - 0.5 * x[:, 1] + 0.6 * x[:, 4] - 0.6 * x[:, 10])))
    by_lot = random.random(n) < 0.5
    took = np.where(by_lot, random.random(n) < 0.5, random.random(n) < chance)
    y = 10 + x[:, 0] - 0.6 * x[:, 1] + x[:, 2] + x[:, 4] - x[:, 10] + 2 * took + random.normal(0, 2, n)
    found = pd.DataFrame(np.where(random.random(x.shape) < 0.01, np.nan, x), columns=ON)
    return found.assign(took=took, y=y, by_lot=by_lot)


@pytest.fixture(scope="module")
def halves() -> tuple[pd.DataFrame, pd.DataFrame, float]:
    table = people(7)
    drawn, chosen = table[table["by_lot"]], table[~table["by_lot"]]
    lot = linear("y ~ took + " + " + ".join(ON), drawn.assign(took=drawn["took"] * 1.0)).tidy().set_index("term")
    return drawn, chosen, float(lot.loc["took", "estimate"])


def bent_people(seed: int, n: int = 2200) -> pd.DataFrame:
    """The same where the very good and the very weak choose the programme, boys otherwise than girls (synthetic)."""
    random = np.random.default_rng(seed)
    score, pay = random.normal(50, 10, n), random.lognormal(3, 0.8, n)
    sex, subject = random.choice(["boy", "girl"], n), random.choice(["maths", "English", "art"], n)
    z = (score - 50) / 10
    chance = 1 / (1 + np.exp(0.7 - 0.8 * z**2 + 0.5 * z * (sex == "boy") - 0.5 * np.log(pay / 20)))
    by_lot = random.random(n) < 0.5
    took = np.where(by_lot, random.random(n) < 0.5, random.random(n) < chance)
    y = 20 + 4 * z + 3 * z**2 + 2 * np.log(pay) + 2 * (subject == "maths") + 3 * took + random.normal(0, 4, n)
    found = pd.DataFrame({"Pre-test (%)": score, "Pay £": pay, "M/F": sex, "favourite subject": subject})
    return found.assign(took=took, y=y, by_lot=by_lot)


@pytest.mark.parametrize("method", ["nearest", "full", "ipw"])
def test_curved_selection_is_met_by_default_and_not_by_straight_lines(method) -> None:
    table = bent_people(3)
    drawn, chosen = table[table["by_lot"]], table[~table["by_lot"]]
    by_lot = drawn.loc[drawn["took"], "y"].mean() - drawn.loc[~drawn["took"], "y"].mean()
    on = ["Pre-test (%)", "Pay £", "M/F", "favourite subject"]
    bent, straight = (match(chosen, "took", on=on, method=method, form=form) for form in ("curved", "linear"))
    row, far = bent.difference("y").iloc[0], straight.difference("y").iloc[0]
    assert row["conf_low"] < by_lot < row["conf_high"]
    assert abs(row["estimate"] - 3) < 0.7
    assert far["conf_low"] > 3
    names = list(bent.balance()["variable"])
    assert "Pre-test (%) (curve)" in names
    assert bent.glance().iloc[0]["largest_difference"] < straight.glance().iloc[0]["largest_difference"] + 0.15


@pytest.mark.parametrize("method", ["nearest", "full", "overlap"])
def test_the_self_selected_half_comes_near_the_randomised_one(halves, method) -> None:
    _, chosen, by_lot = halves
    plain = chosen.loc[chosen["took"], "y"].mean() - chosen.loc[~chosen["took"], "y"].mean()
    assert plain - by_lot > 0.8, "without matching the halves are far apart"
    found: Match = match(chosen, "took", on=ON, method=method)
    row = found.difference("y").iloc[0]
    assert row["conf_low"] < by_lot < row["conf_high"]
    assert abs(row["estimate"] - by_lot) < 0.35
    assert row["conf_high"] - row["conf_low"] < 1.2
    again = found.doubly_robust("y").iloc[0]
    assert again["conf_low"] < by_lot < again["conf_high"]
