"""Where the search begins: principal axes of each factor's items."""

import numpy as np

from evalkit.stats.factor.structure import MATRICES, Structure
from evalkit.stats.vectors import FloatArray, IntArray

COMMON = 0.8  # of a first principal component, taken as a loading
LEAST_ERROR = 0.2
EQUAL = 0.6


def start_values(
    structure: Structure,
    means: list[FloatArray],
    covariances: list[FloatArray],
    thresholds: list[FloatArray],
    *,
    plain: bool = False,
) -> FloatArray:
    """A start for every parameter, shape (q,): the mean over the cells that share it.

    A `plain` start, for where the first leads nowhere, has equal loadings, with the sign of an item's correlations with
    the others of its factor, and unrelated factors.
    """
    per_cell = np.zeros(structure.matrix.size)
    for block in range(structure.n_blocks):
        spread = np.sqrt(np.diag(covariances[block]))
        loading, factor = _axes(structure, block, covariances[block] / np.outer(spread, spread))
        if plain:
            loading = _equal(loading, covariances[block] / np.outer(spread, spread))
            factor = np.eye(structure.n_factors)
        loading, factor = _rescaled(structure, block, loading * spread[:, np.newaxis], factor)
        common = np.diag(loading @ factor @ loading.T)
        error = np.diag(np.maximum(spread**2 - common, LEAST_ERROR * spread**2))
        parts = {
            "loading": loading,
            "factor": factor,
            "error": error,
            "intercept": means[block],
            "mean": np.zeros(structure.n_factors),
            "scale": np.ones(structure.n_items),
            "threshold": thresholds[block] if thresholds else np.empty(0),
        }
        for code, name in enumerate(MATRICES):
            cells = np.flatnonzero((structure.matrix == code) & (structure.block == block))
            row, column = structure.row[cells], structure.column[cells]
            per_cell[cells] = parts[name][row, column] if parts[name].ndim == 2 else parts[name][row]
    count = np.bincount(structure.parameter, minlength=len(structure.names))
    return np.bincount(structure.parameter, weights=per_cell, minlength=len(structure.names)) / count


def _axes(structure: Structure, block: int, correlation: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Loadings on factors of variance 1, and the correlations of the factors where these are free."""
    pattern = _pattern(structure, block)
    m = pattern.shape[1]
    loading = np.zeros(pattern.shape)
    left = correlation.copy()
    for factor in np.argsort(-pattern.sum(axis=0), kind="stable"):
        items = np.flatnonzero(pattern[:, factor])
        values, vectors = np.linalg.eigh(left[np.ix_(items, items)])
        axis = vectors[:, -1] * np.sqrt(max(float(values[-1]), 0.1)) * COMMON
        loading[items, factor] = axis if axis.sum() >= 0 else -axis
        overlaps = (pattern[:, factor, np.newaxis] & pattern).any(axis=0).sum() > 1
        if overlaps:
            left -= np.outer(loading[:, factor], loading[:, factor])
    factor_correlation = np.eye(m)
    free = structure.cells_of("factor", block)
    for row, column in zip(structure.row[free], structure.column[free], strict=True):
        if row != column:
            one, other = loading[:, row], loading[:, column]
            related = float(one @ correlation @ other) / (float(one @ one) * float(other @ other))
            factor_correlation[row, column] = factor_correlation[column, row] = np.clip(0.8 * related, -0.8, 0.8)
    # Several strong start correlations need not belong together; shrink them until they do.
    while m and float(np.linalg.eigvalsh(factor_correlation)[0]) < 0.05:
        factor_correlation = 0.8 * factor_correlation + 0.2 * np.eye(m)
    return loading, factor_correlation


def _equal(loading: FloatArray, correlation: FloatArray) -> FloatArray:
    found = np.zeros(loading.shape)
    for factor in range(loading.shape[1]):
        items = np.flatnonzero(loading[:, factor])
        within = correlation[np.ix_(items, items)] - np.eye(items.size)
        found[items, factor] = np.where(within.sum(axis=1) < 0, -EQUAL, EQUAL)
    return found


def _pattern(structure: Structure, block: int) -> "np.ndarray":
    """Which item loads on which factor, freely or by a fixed number."""
    pattern = structure.fixed.loading[block] != 0
    cells = structure.cells_of("loading", block)
    pattern[structure.row[cells], structure.column[cells]] = True
    return pattern


def _rescaled(
    structure: Structure, block: int, loading: FloatArray, factor: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The same in the scale that a fixed loading sets, for factors whose variance is free."""
    fixed = structure.fixed.loading[block]
    scale = np.ones(fixed.shape[1])
    for column in range(fixed.shape[1]):
        markers: IntArray = np.flatnonzero(fixed[:, column])
        if markers.size:
            marker = loading[markers[0], column]
            scale[column] = (marker if abs(marker) > 0.1 else 0.5) / fixed[markers[0], column]
    return loading / scale, factor * np.outer(scale, scale)
