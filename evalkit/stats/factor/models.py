"""The factor models that evaluations need, as cells: correlated factors, no factor, and several occasions."""

from typing import Literal

import numpy as np

from evalkit.stats.factor.structure import Cell, Structure, build_structure
from evalkit.stats.vectors import BoolArray, IntArray

Scaling = Literal["variance", "first loading"]


def correlated_factors(
    pattern: BoolArray, *, means: bool = False, scaling: Scaling = "variance", correlated: bool = True
) -> Structure:
    """One or more factors for one group of pupils, answers taken as continuous.

    Parameters
    ----------
    pattern : bool array, shape (p, m)
        Which item loads on which factor.
    means : bool
        Whether the items' means are part of the model; needed with gaps.
    scaling : "variance" or "first loading"
        What is fixed at 1 to give each factor a scale.
    correlated : bool
        False for factors that are unrelated, as a general factor and its group factors are.
    """
    cells = _factor_cells(pattern, scaling, correlated)
    for item in range(len(pattern)):
        cells["error", 0, item, item] = f"error {item}"
        if means:
            cells["intercept", 0, item, 0] = f"intercept {item}"
    return build_structure(cells, n_blocks=1, n_items=pattern.shape[0], n_factors=pattern.shape[1])


def ordinal_factors(
    pattern: BoolArray, item_of: IntArray, *, scaling: Scaling = "variance", correlated: bool = True
) -> Structure:
    """As `correlated_factors`, for ordinal answers: thresholds free, latent responses with variance 1.

    `item_of` names the item of each threshold, shape (t,).
    """
    cells = _factor_cells(pattern, scaling, correlated)
    for place in range(item_of.size):
        cells["threshold", 0, place, 0] = f"threshold {place}"
    p, m = pattern.shape
    return build_structure(cells, n_blocks=1, n_items=p, n_factors=m, item_of=item_of)


def independence(structure: Structure) -> Structure:
    """The same items with no factor behind them: free variances, means (or thresholds), no relations."""
    cells: dict[Cell, str | float] = {}
    for block in range(structure.n_blocks):
        for item in range(structure.n_items):
            if not structure.item_of.size:
                cells["error", block, item, item] = f"error {item} {block}"
            if structure.has_means and not structure.item_of.size:
                cells["intercept", block, item, 0] = f"intercept {item} {block}"
        for place in range(structure.item_of.size):
            cells["threshold", block, place, 0] = f"threshold {place} {block}"
    return build_structure(
        cells, n_blocks=structure.n_blocks, n_items=structure.n_items, n_factors=0, item_of=structure.item_of
    )


def _factor_cells(pattern: BoolArray, scaling: Scaling, correlated: bool) -> dict[Cell, str | float]:
    cells: dict[Cell, str | float] = {}
    for factor in range(pattern.shape[1]):
        for place, item in enumerate(np.flatnonzero(pattern[:, factor])):
            fixed = scaling == "first loading" and place == 0
            cells["loading", 0, int(item), factor] = 1.0 if fixed else f"loading {item} {factor}"
        cells["factor", 0, factor, factor] = 1.0 if scaling == "variance" else f"variance {factor}"
        for other in range(factor):
            cells["factor", 0, factor, other] = f"covariance {factor} {other}" if correlated else 0.0
    return cells
