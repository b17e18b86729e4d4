"""Intervals of single schools hold the truth as often as they say, over schools, whether schools differ or not."""

import numpy as np
import pytest

from evalkit.stats.shrinkage import shrink_schools

ROUNDS, SCHOOLS, WITHIN = 60, 30, 9.0


@pytest.mark.parametrize("between", [0.0, 1.0, 3.0])
def test_intervals_cover_over_schools(between: float) -> None:
    rng = np.random.default_rng(7)
    held: list[float] = []
    shrunken_error, plain_error = 0.0, 0.0
    for _ in range(ROUNDS):
        sizes = rng.integers(10, 31, SCHOOLS)
        truth = 2 + rng.normal(0, between, SCHOOLS)
        means = truth + rng.normal(0, WITHIN / np.sqrt(sizes))
        found = shrink_schools(means, sizes, within_variance=WITHIN**2)
        held.append(float(np.mean((found.low <= truth) & (truth <= found.high))))
        shrunken_error += float(((found.value - truth) ** 2).sum())
        plain_error += float(((means - truth) ** 2).sum())
    coverage, error = np.mean(held), np.std(held) / np.sqrt(ROUNDS)
    assert coverage > 0.95 - max(0.01, 3 * error)
    assert shrunken_error < plain_error
