"""Parallel analysis: seeded, quantiles as numpy has them, and refusals."""

import numpy as np
import pytest

from evalkit.errors import FitError
from evalkit.stats.parallel_analysis import parallel_analysis, scree


def two_factors(n=200):
    rng = np.random.default_rng(3)
    level = np.repeat(rng.normal(size=(n, 2)), 4, axis=1)
    return np.clip(np.round(3 + level + 0.8 * rng.normal(size=(n, 8))), 1, 5)


def test_two_factors_are_found_with_either_reference():
    for reference in ("normal", "resampled"):
        found = parallel_analysis(two_factors(), reference=reference, draws=20, seed=5)
        assert (found.n_components, found.n_factors) == (2, 2)
        assert (found.component_reference >= found.component_mean).all()
        assert found.components.sum() == pytest.approx(8)


def test_equal_seeds_give_equal_numbers_and_progress_is_told():
    told = []
    one = parallel_analysis(two_factors(), draws=10, seed=5, tick=lambda done, total: told.append((done, total)))
    other = parallel_analysis(two_factors(), draws=10, seed=5)
    assert np.array_equal(one.factor_reference, other.factor_reference)
    assert told[-1] == (10, 10)


def test_gaps_are_left_out_pair_by_pair():
    table = two_factors(60)
    table[np.random.default_rng(1).random(table.shape) < 0.1] = np.nan
    found = parallel_analysis(table, draws=10, seed=1)
    by_pair = np.eye(8)
    for i in range(8):
        for j in range(i):
            both = ~np.isnan(table[:, i]) & ~np.isnan(table[:, j])
            by_pair[i, j] = by_pair[j, i] = np.corrcoef(table[both, i], table[both, j])[0, 1]
    assert np.allclose(found.components, np.linalg.eigvalsh(by_pair)[::-1])


def test_principal_axes_of_one_perfect_factor():
    loading = np.array([0.9, 0.8, 0.7, 0.6])
    matrix = np.outer(loading, loading) + np.diag(1 - loading**2)
    components, axes = scree(matrix)
    assert axes[0] == pytest.approx(float(loading @ loading), abs=1e-5)
    assert np.allclose(axes[1:], 0, atol=1e-4)
    assert components[0] > axes[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"correlation": "polychoric"}, "reference='resampled'"),
        ({"correlation": "spearman"}, "use one of: pearson, polychoric"),
        ({"draws": 3}, "10 draws or more"),
        ({"quantile": 1.0}, "between 0 and 1"),
    ],
)
def test_options_that_cannot_be(change, words):
    with pytest.raises(FitError, match=words):
        parallel_analysis(two_factors(), seed=1, **change)


def test_items_that_cannot_be():
    with pytest.raises(FitError, match="3 items"):
        parallel_analysis(two_factors()[:, :2], seed=1)
    with pytest.raises(FitError, match="same answer to item 1"):
        parallel_analysis(np.column_stack([np.ones(200), two_factors()]), seed=1)
