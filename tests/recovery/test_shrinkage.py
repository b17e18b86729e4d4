"""Intervals of single schools and hubs hold the truth as often as they say, whether schools differ or not."""

import numpy as np
import pytest

from evalkit.stats.shrinkage import shrink_hubs, shrink_schools

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


@pytest.mark.parametrize(("between", "hub"), [(3.0, 2.0), (3.0, 0.0)])
def test_intervals_of_hubs_cover_the_mean_of_their_own_schools(between: float, hub: float) -> None:
    rng = np.random.default_rng(7)
    hubs = np.arange(75) % 13
    held: list[float] = []
    shrunken_error, plain_error = 0.0, 0.0
    for _ in range(ROUNDS):
        sizes = rng.integers(8, 21, 75)
        truth = 3 + rng.normal(0, hub, 13)[hubs] + rng.normal(0, between, 75)
        means = truth + rng.normal(0, WITHIN / np.sqrt(sizes))
        whole, plain = (np.bincount(hubs, sizes * one) / np.bincount(hubs, sizes) for one in (truth, means))
        found = shrink_hubs(means, sizes, within_variance=WITHIN**2, hubs=hubs)
        held.append(float(np.mean((found.low <= whole) & (whole <= found.high))))
        shrunken_error += float(((found.value - whole) ** 2).sum())
        plain_error += float(((plain - whole) ** 2).sum())
    coverage, error = np.mean(held), np.std(held) / np.sqrt(ROUNDS)
    assert 0.95 - max(0.01, 3 * error) < coverage < 0.985
    assert shrunken_error < plain_error
