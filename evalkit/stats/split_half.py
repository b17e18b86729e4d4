"""Split-half reliability: how two halves of a questionnaire agree, over all ways to halve it."""

from dataclasses import dataclass
from itertools import combinations, islice
from math import comb, sqrt

import numpy as np
import numpy.typing as npt

from evalkit.errors import FitError
from evalkit.stats.item_covariance import Missing, item_covariance
from evalkit.stats.vectors import FloatArray

_BLOCK = 20_000


@dataclass(frozen=True, slots=True)
class SplitHalf:
    """Reliability of the whole scale from its halves.

    Attributes
    ----------
    odd_even_r : float
        Correlation of the sum of the 1st, 3rd, 5th ... item with the sum of the others.
    spearman_brown : float
        From it, for the whole length.
    highest, mean, lowest : float
        Guttman's split-half coefficient over the splits; the highest is called lambda 4, and is too high in small
        samples because it is picked.
    n_splits : int
    is_exact : bool
        All splits were tried; else a seeded sample of them.
    n, n_incomplete : int
        As in `ItemCovariance`.
    """

    odd_even_r: float
    spearman_brown: float
    highest: float
    mean: float
    lowest: float
    n_splits: int
    is_exact: bool
    n: int
    n_incomplete: int


def split_half(
    items: npt.ArrayLike,
    *,
    standardise: bool = False,
    missing: Missing = "complete",
    most_splits: int = 100_000,
    seed: int = 1,
) -> SplitHalf:
    """Halve the items in every way, and measure how far the halves agree.

    Parameters
    ----------
    items, missing : as in `item_covariance`
    standardise : bool
        Give every item the same spread first, as psych's `splitHalf` does unless told otherwise.
    most_splits : int, >= 1
        With more splits than this (from 22 items at 100 000), so many random ones are tried instead.
    seed : int
        Of those.

    Returns
    -------
    SplitHalf

    Raises
    ------
    FitError
        As `item_covariance`, and when a half has no spread.

    Notes
    -----
    Guttman's coefficient [1]_ of halves a and b: 4 cov(a, b) / var(a + b) = 1 - s'Cs / 1'C1, s being +1 in a and -1 in
    b. An odd number of items is split into halves that differ by one; all of these are tried, where psych 2.2.9 tries
    the first half of them. Spearman-Brown: 2r / (1 + r).

    References
    ----------
    .. [1] Guttman (1945). A basis for analyzing test-retest reliability. Psychometrika 10, 255-282, eq. 30.
       doi:10.1007/BF02288892

    Examples
    --------
    >>> found = split_half([[1, 2, 1, 2], [2, 2, 3, 2], [3, 4, 3, 3], [4, 4, 5, 5]])
    >>> found.n_splits, round(found.highest, 3), round(found.lowest, 3)
    (3, 0.988, 0.938)
    """
    if most_splits < 1:
        raise FitError(f"most_splits is {most_splits}; try 1 split or more.")
    found = item_covariance(items, missing=missing)
    covariance = found.correlation if standardise else found.covariance
    k = len(covariance)
    # With an even number of items each split comes up twice; the first item stays in one half.
    possible = comb(k, k // 2) // (2 if k % 2 == 0 else 1)
    exact = possible <= most_splits
    if covariance.sum() <= 1e-12 * np.trace(covariance):
        raise FitError("The standardised items add up to the same for everybody. Check the reversed items.")
    values = _all_splits(covariance) if exact else _some_splits(covariance, most_splits, seed)
    odd = np.arange(k) % 2 == 0
    first, second = covariance[np.ix_(odd, odd)].sum(), covariance[np.ix_(~odd, ~odd)].sum()
    if min(first, second) <= 1e-12 * np.trace(covariance):
        raise FitError("One half of the items has no spread in its sum, so there is no split-half reliability.")
    r = float(covariance[np.ix_(odd, ~odd)].sum()) / sqrt(float(first) * float(second))
    return SplitHalf(
        odd_even_r=r,
        spearman_brown=2 * r / (1 + r),
        highest=float(values.max()),
        mean=float(values.mean()),
        lowest=float(values.min()),
        n_splits=values.size,
        is_exact=exact,
        n=found.n,
        n_incomplete=found.n_incomplete,
    )


def _coefficients(covariance: FloatArray, signs: FloatArray) -> FloatArray:
    found: FloatArray = 1 - ((signs @ covariance) * signs).sum(axis=1) / covariance.sum()
    return found


def _all_splits(covariance: FloatArray) -> FloatArray:
    k = len(covariance)
    chosen = combinations(range(1, k), k // 2 - 1) if k % 2 == 0 else combinations(range(k), k // 2)
    blocks: list[FloatArray] = []
    while places := list(islice(chosen, _BLOCK)):
        signs = -np.ones((len(places), k))
        if k % 2 == 0:
            signs[:, 0] = 1
        if len(places[0]):
            signs[np.arange(len(places))[:, None], np.array(places)] = 1
        blocks.append(_coefficients(covariance, signs))
    return np.concatenate(blocks)


def _some_splits(covariance: FloatArray, count: int, seed: int) -> FloatArray:
    k, generator = len(covariance), np.random.default_rng(seed)
    half = np.where(np.arange(k) < k // 2, 1.0, -1.0)
    blocks: list[FloatArray] = []
    for begin in range(0, count, _BLOCK):
        rows = np.tile(half, (min(_BLOCK, count - begin), 1))
        blocks.append(_coefficients(covariance, generator.permuted(rows, axis=1)))
    return np.concatenate(blocks)
