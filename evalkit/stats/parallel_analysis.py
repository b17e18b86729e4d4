"""How many factors are behind a set of items? Eigenvalues held against those of unrelated answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from evalkit.errors import FitError
from evalkit.stats.polychoric import polychoric
from evalkit.stats.rotation import minres
from evalkit.stats.vectors import FloatArray

Correlation = Literal["pearson", "polychoric"]
Reference = Literal["normal", "resampled"]


@dataclass(frozen=True, slots=True, eq=False)
class ParallelAnalysis:
    """Eigenvalues and their reference.

    Attributes
    ----------
    components, factors : array, shape (k,)
        Eigenvalues of the correlations; and of the correlations with communalities of one factor on the diagonal.
    component_reference, factor_reference : array, shape (k,)
        The quantile of the same from unrelated answers.
    component_mean, factor_mean : array, shape (k,)
        Their mean.
    n_components, n_factors : int
        How many stand above the reference before the first that does not.
    n, draws : int
    quantile : float
    """

    components: FloatArray
    component_reference: FloatArray
    component_mean: FloatArray
    factors: FloatArray
    factor_reference: FloatArray
    factor_mean: FloatArray
    n_components: int
    n_factors: int
    n: int
    draws: int
    quantile: float


def parallel_analysis(
    items: FloatArray,
    *,
    correlation: Correlation = "pearson",
    reference: Reference = "normal",
    draws: int = 100,
    quantile: float = 0.95,
    seed: int,
    tick: Callable[[int, int], None] | None = None,
) -> ParallelAnalysis:
    """Horn's parallel analysis, of principal components and of principal axes.

    Parameters
    ----------
    items : array, shape (n, k)
        NaN where missing; correlations are taken pair by pair. k >= 3.
    correlation : "pearson" or "polychoric"
        Polychoric asks for "resampled": normal answers have no steps.
    reference : "normal" or "resampled"
        Unrelated normal answers; or every item's own answers drawn again with replacement, item by item.
    draws : int
    quantile : float, between 0 and 1
    seed : int
    tick : callable, optional
        Called with the number of draws done and of all.

    Raises
    ------
    FitError
        Too few items or pupils, an item without spread, polychoric with normal answers, or correlations that no data
        can have (many gaps).

    Notes
    -----
    Horn's rule [1]_ with a quantile in the place of the mean [2]_. The principal-axis eigenvalues are those of
    R - I + diag(l l') with l the loadings of one minimum-residual factor, as psych's `fa.parallel` computes them.

    References
    ----------
    .. [1] Horn (1965). A rationale and test for the number of factors in factor analysis. Psychometrika 30, 179-185.
       doi:10.1007/BF02289447
    .. [2] Glorfeld (1995). An improvement on Horn's parallel analysis methodology. Educ. Psychol. Meas. 55, 377-393.
       doi:10.1177/0013164495055003002
    """
    n, k = items.shape
    _check(items, correlation, reference, draws, quantile)
    components, factors = scree(_correlate(items, correlation))
    rng = np.random.default_rng(seed)
    drawn: list[tuple[FloatArray, FloatArray]] = []
    for draw in range(draws):
        table = rng.normal(size=(n, k)) if reference == "normal" else _resampled(items, rng)
        drawn.append(scree(_correlate(table, correlation)))
        if tick is not None:
            tick(draw + 1, draws)
    by_component, by_factor = (np.array([one[place] for one in drawn]) for place in (0, 1))
    component_reference = np.quantile(by_component, quantile, axis=0)
    factor_reference = np.quantile(by_factor, quantile, axis=0)
    return ParallelAnalysis(
        components=components,
        component_reference=component_reference,
        component_mean=by_component.mean(axis=0),
        factors=factors,
        factor_reference=factor_reference,
        factor_mean=by_factor.mean(axis=0),
        n_components=_above(components, component_reference),
        n_factors=_above(factors, factor_reference),
        n=n,
        draws=draws,
        quantile=quantile,
    )


def _check(items: FloatArray, correlation: Correlation, reference: Reference, draws: int, quantile: float) -> None:
    n, k = items.shape
    for name, value, allowed in (
        ("correlation", correlation, get_args(Correlation)),
        ("reference", reference, get_args(Reference)),
    ):
        if value not in allowed:
            raise FitError(f"{name} is {value!r}; use one of: {', '.join(allowed)}.")
    if k < 3 or n <= k:
        raise FitError(f"{n} pupils answered {k} items; parallel analysis needs 3 items, and more pupils than items.")
    if correlation == "polychoric" and reference == "normal":
        raise FitError("Polychoric correlations need answers on steps: use reference='resampled' with them.")
    if draws < 10 or not 0 < quantile < 1:
        raise FitError(
            f"draws is {draws}, quantile {quantile:g}; use 10 draws or more, and a quantile between 0 and 1."
        )


def _correlate(items: FloatArray, correlation: Correlation) -> FloatArray:
    if correlation == "polychoric":
        return polychoric(items, missing="pairwise").correlations
    there = ~np.isnan(items)
    if bool(there.all()):
        spread = items.std(axis=0)
        if not bool(np.all(spread > 0)):
            raise FitError(f"Everyone gave the same answer to item {int(np.argmin(spread)) + 1} (counted from 1).")
        return np.asarray(np.corrcoef(items, rowvar=False), dtype=np.float64)
    known = np.where(there, items, 0.0) - np.where(there, np.nanmean(items, axis=0), 0.0)
    both = there.astype(np.float64)
    count = both.T @ both
    if float(count.min()) < 3:
        raise FitError("Two items were answered together by fewer than 3 pupils, so they have no correlation.")
    sums = known.T @ both
    squares = (known**2).T @ both - sums**2 / count
    if not bool(np.all(np.diag(squares) > 0)):
        place = int(np.argmin(np.diag(squares))) + 1
        raise FitError(f"Everyone gave the same answer to item {place} (counted from 1).")
    products = known.T @ known - sums * sums.T / count
    return products / np.sqrt(squares * squares.T)


def _resampled(items: FloatArray, rng: np.random.Generator) -> FloatArray:
    places = rng.integers(0, len(items), size=items.shape)
    return np.take_along_axis(items, places, axis=0)


def scree(correlation: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Eigenvalues of a correlation matrix, largest first, and those with one factor's communalities on the diagonal."""
    loading = minres(correlation, factors=1)[:, 0]
    reduced = correlation.copy()
    np.fill_diagonal(reduced, loading**2)
    components, factors = (np.linalg.eigvalsh(one)[::-1] for one in (correlation, reduced))
    return np.asarray(components, dtype=np.float64), np.asarray(factors, dtype=np.float64)


def _above(found: FloatArray, reference: FloatArray) -> int:
    below = np.flatnonzero(~(found > reference))
    return int(below[0]) if below.size else found.size
