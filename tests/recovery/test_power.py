"""The power that the formula promises is the power that the fitted model has, within Monte Carlo error."""

import numpy as np
import pandas as pd
import pytest

import evalkit as ek

SCHOOLS, PUPILS, ICC, EFFECT = 40, 20, 0.15, 0.4


def significant(rng: np.random.Generator, effect: float) -> bool:
    school = np.repeat(np.arange(SCHOOLS), PUPILS)
    treat = school % 2
    between = rng.normal(0, np.sqrt(ICC), SCHOOLS)[school]
    post = effect * treat + between + rng.normal(0, np.sqrt(1 - ICC), school.size)
    fit = ek.multilevel("post ~ treat + (1 | school)", pd.DataFrame({"school": school, "treat": treat, "post": post}))
    return bool(fit.tidy().set_index("term").loc["treat", "p_value"] < 0.05)


def share_significant(draws: int, *, seed: int, effect: float = EFFECT) -> float:
    return float(np.mean([significant(np.random.default_rng([seed, draw, 7]), effect) for draw in range(draws)]))


def promised() -> float:
    design = ek.TrialDesign("cluster", pupils=PUPILS, schools=SCHOOLS, icc=ICC)
    return float(ek.power(design, effect=EFFECT, method="noncentral")["power"].iloc[0])


def test_a_few_trials_have_the_power_that_was_promised() -> None:
    expected, draws = promised(), 400
    assert 0.6 < expected < 0.95
    assert share_significant(draws, seed=1) == pytest.approx(
        expected, abs=4 * np.sqrt(expected * (1 - expected) / draws)
    )


@pytest.mark.slow
def test_many_trials_have_the_power_that_was_promised() -> None:
    expected, draws = promised(), 10_000
    assert share_significant(draws, seed=2) == pytest.approx(
        expected, abs=3 * np.sqrt(expected * (1 - expected) / draws)
    )
