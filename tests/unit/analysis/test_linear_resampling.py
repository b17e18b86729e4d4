"""Draws for trials of single pupils, held against every allocation counted out and against rows repeated by hand."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from evalkit.analysis.linear_model import linear
from evalkit.analysis.linear_resampling import bootstrap_pupils, permute_pupils
from evalkit.analysis.mechanism import ROW, declare_mechanism
from evalkit.errors import FitError
from evalkit.stats.resample_linear import refit_allocations_linear, refit_counts_linear


def made(pupils: int, seed: int, *, arms: int = 2) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    codes = np.arange(pupils) % arms
    frame = pd.DataFrame(
        {
            "arm": pd.Categorical(
                np.array(["control", "treated", "light"])[codes], ["control", "treated", "light"][:arms]
            ),
            "baseline": rng.normal(0, 1, pupils),
            "year": np.repeat(["7", "8"], pupils // 2),
        },
        index=[f"row {place}" for place in range(pupils)],
    )
    return frame.assign(outcome=0.6 * frame["baseline"] + 0.8 * (codes == 1) + rng.normal(0, 1, pupils))


def t_of(design: np.ndarray, outcome: np.ndarray, place: int) -> float:
    """t of one column by plain least squares."""
    inverse = np.linalg.inv(design.T @ design)
    found = inverse @ design.T @ outcome
    left = outcome - design @ found
    return float(found[place] / np.sqrt(left @ left / (len(outcome) - design.shape[1]) * inverse[place, place]))


def test_every_allocation_within_strata_counted_out() -> None:
    frame = made(12, seed=3)
    own = np.column_stack([np.ones(12), frame["arm"] == "treated", frame["baseline"], frame["year"] == "8"]).astype(
        float
    )
    outcome = frame["outcome"].to_numpy()
    every = []
    for first in combinations(range(6), 3):
        for second in combinations(range(6, 12), 3):
            design = own.copy()
            design[:, 1] = np.isin(np.arange(12), [*first, *second])
            every.append(t_of(design, outcome, 1))
    observed = t_of(own, outcome, 1)
    expected = np.mean(np.abs(every) >= abs(observed) - 1e-9)
    model = linear("outcome ~ arm + baseline + year", frame)
    how = declare_mechanism(frame, ROW, strata=["year"])
    test = permute_pupils(model, "arm", 1000, seed=1, mechanism=how)
    row = test.tidy().iloc[0]
    assert row["exact"]
    assert row["draws"] == 400
    assert row["p_value"] == pytest.approx(expected, abs=1e-12)
    assert row["statistic"] == pytest.approx(observed, rel=1e-10)
    np.testing.assert_allclose(np.sort(test.drawn[:, 0]), np.sort(every), rtol=1e-8, atol=1e-10)
    assert row["mechanism"] == "single pupils allocated at random within strata"
    near = permute_pupils(model, "arm", 300, seed=1, mechanism=how).tidy().iloc[0]
    assert not near["exact"]
    assert near["p_value"] == pytest.approx(expected, abs=0.07)


def test_three_arms_and_no_mechanism() -> None:
    frame = made(30, seed=5, arms=3)
    model = linear("outcome ~ arm + baseline", frame)
    test = permute_pupils(model, "arm", 400, seed=2)
    table = test.tidy().set_index("contrast")
    assert list(table.index) == ["arm[T.treated]", "arm[T.light]"]
    expected = model.tidy().set_index("term")
    for name, row in table.iterrows():
        assert row["estimate"] == pytest.approx(expected.loc[name, "estimate"], rel=1e-10)
        assert row["statistic"] == pytest.approx(expected.loc[name, "statistic"], rel=1e-10)
        assert row["p_value"] == pytest.approx(expected.loc[name, "p_value"], abs=0.12)
    assert "Assumed: pupils were drawn at random" in table["assumed"].iloc[0]
    turned = permute_pupils(linear("outcome ~ arm + baseline", frame.iloc[::-1]), "arm", 400, seed=2)
    pd.testing.assert_frame_equal(turned.tidy(), test.tidy())


def test_pupils_drawn_again_are_rows_repeated() -> None:
    frame = made(40, seed=7)
    model = linear("outcome ~ arm + baseline", frame)
    drawn = bootstrap_pupils(model, "arm", 2000, seed=4)
    row = drawn.tidy().set_index("term").loc["arm[T.treated]"]
    assert drawn.failed == 0
    assert row["estimate"] == pytest.approx(model.core.coefficients[1])
    assert row["std_error"] == pytest.approx(model.core.std_errors[1], rel=0.15)
    assert row["conf_low"] < row["estimate"] < row["conf_high"]
    rng = np.random.default_rng(1)
    design, outcome = model.rows.design, model.rows.sample.outcome
    picks = [rng.integers(0, 40, 40) for _ in range(5)]
    counts = np.stack([np.bincount(pick, minlength=40) for pick in picks], axis=1).astype(float)
    found = refit_counts_linear(design, outcome, counts)
    for at, pick in enumerate(picks):
        np.testing.assert_allclose(found[at], np.linalg.lstsq(design[pick], outcome[pick], rcond=None)[0], rtol=1e-8)


def test_draws_that_cannot_be_fitted_are_gaps() -> None:
    design = np.column_stack([np.ones(6), [0, 0, 0, 1, 1, 1]]).astype(float)
    counts = np.array([[2, 2, 2, 0, 0, 0], [1, 1, 1, 1, 1, 1]], dtype=float).T
    found = refit_counts_linear(design, np.arange(6.0), counts)
    np.testing.assert_allclose(found[0], [1.0, np.nan])
    np.testing.assert_allclose(found[1], [1.0, 3.0])
    estimate, error = refit_allocations_linear(design, np.arange(6.0), design[None, :, 1:])
    assert np.isnan(estimate).all()
    assert np.isnan(error).all()


def test_what_cannot_be_drawn_again_is_refused() -> None:
    frame = made(12, seed=3).assign(school=list("aabbccddeeff"))
    with pytest.raises(FitError, match="neither clusters nor weights"):
        permute_pupils(linear("outcome ~ arm", frame, clusters="school"), "arm", 10, seed=1)
    with pytest.raises(FitError, match="interaction"):
        permute_pupils(linear("outcome ~ arm * baseline", frame), "arm", 10, seed=1)
