"""What a factor model implies for the answers, and how that bends with each free number."""

from dataclasses import dataclass

import numpy as np

from evalkit.stats.factor.structure import MATRICES, Matrices, Structure
from evalkit.stats.vectors import FloatArray, IntArray

LOADING, FACTOR, ERROR, INTERCEPT, MEAN, SCALE, THRESHOLD = range(len(MATRICES))


@dataclass(frozen=True, slots=True, eq=False)
class Slopes:
    """Derivatives of one block's implied moments by its s free cells.

    Every derivative of the covariance matrix has rank two: w (a b' + b a'), with a and b rows of `vectors`.

    Attributes
    ----------
    cells : int array, shape (s,)
        The free cells of the structure that lie in this block.
    vectors : array, shape (v, p)
        The unit vectors, then the rows of (loading factor)' and of loading'.
    first, second : int array, shape (s,)
        Rows of `vectors`: a and b.
    weight : array, shape (s,)
        w; 0 where the covariance matrix does not depend on the cell.
    level : array, shape (s, p)
        Derivatives of the means.
    """

    cells: IntArray
    vectors: FloatArray
    first: IntArray
    second: IntArray
    weight: FloatArray
    level: FloatArray


def implied_covariance(matrices: Matrices, block: int) -> FloatArray:
    """Sigma = Lambda Psi Lambda' + Theta."""
    loading = matrices.loading[block]
    return loading @ matrices.factor[block] @ loading.T + matrices.error[block]


def implied_mean(matrices: Matrices, block: int) -> FloatArray:
    """mu = nu + Lambda alpha."""
    return matrices.intercept[block] + matrices.loading[block] @ matrices.mean[block]


def slopes(structure: Structure, matrices: Matrices, block: int) -> Slopes:
    """How the implied moments of continuous answers change with the block's free cells."""
    p, m = structure.n_items, structure.n_factors
    cells = np.flatnonzero((structure.block == block) & (structure.matrix <= MEAN))
    matrix, row, column = structure.matrix[cells], structure.row[cells], structure.column[cells]
    loading, factor = matrices.loading[block], matrices.factor[block]
    first = np.where(matrix == FACTOR, p + m + row, row)
    second = np.where(matrix == FACTOR, p + m + column, np.where(matrix == LOADING, p + column, column))
    weight = np.where((matrix == LOADING) | (row != column), 1.0, 0.5)
    without = matrix >= INTERCEPT
    first[without], second[without], weight[without] = 0, 0, 0.0
    level = np.zeros((cells.size, p))
    is_loading, is_intercept, is_mean = matrix == LOADING, matrix == INTERCEPT, matrix == MEAN
    level[is_loading, row[is_loading]] = matrices.mean[block][column[is_loading]]
    level[is_intercept, row[is_intercept]] = 1.0
    level[is_mean] = loading.T[row[is_mean]]
    vectors = np.vstack([np.eye(p), (loading @ factor).T, loading.T])
    return Slopes(cells, vectors, first, second, weight, level)


def pair_slopes(bend: Slopes) -> FloatArray:
    """Derivatives of the covariances below the diagonal and on it, row by row, shape (p (p + 1) / 2, s)."""
    a, b = bend.vectors[bend.first] * bend.weight[:, np.newaxis], bend.vectors[bend.second]
    rows, columns = np.tril_indices(bend.vectors.shape[1])
    return (a[:, rows] * b[:, columns] + a[:, columns] * b[:, rows]).T


def second_slopes(
    structure: Structure, matrices: Matrices, bend: Slopes, pull: FloatArray, push: FloatArray, block: int
) -> FloatArray:
    """What the curvature of the moments themselves adds to a Hessian, shape (s, s).

    Parameters
    ----------
    pull : array, shape (p, p)
        G: half the trace of G dSigma is the change of the objective by the covariances.
    push : array, shape (p,)
        z: minus z' dmu is its change by the means.
    """
    matrix, row, column = (part[bend.cells] for part in (structure.matrix, structure.row, structure.column))
    loading, factor = matrices.loading[block], matrices.factor[block]
    added = np.zeros((bend.cells.size, bend.cells.size))
    lambdas = np.flatnonzero(matrix == LOADING)
    i, f = row[lambdas], column[lambdas]
    added[np.ix_(lambdas, lambdas)] = factor[np.ix_(f, f)] * pull[np.ix_(i, i)]
    pulled = pull @ loading
    for cell in np.flatnonzero(matrix == FACTOR):
        g, h = row[cell], column[cell]
        value = (f == h) * pulled[i, g] + ((f == g) * pulled[i, h] if g != h else 0.0)
        added[lambdas, cell] += value
        added[cell, lambdas] += value
    for cell in np.flatnonzero(matrix == MEAN):
        value = -1.0 * (f == row[cell]) * push[i]
        added[lambdas, cell] += value
        added[cell, lambdas] += value
    return added


def ordinal_moments(structure: Structure, matrices: Matrices, block: int) -> tuple[FloatArray, FloatArray]:
    """Thresholds and correlations of the latent responses, under the delta parameterisation.

    Returns
    -------
    thresholds : array, shape (t,)
        scale_i (tau - nu_i - lambda_i' alpha).
    correlations : array, shape (p, p)
        scale_i scale_j (lambda_i' Psi lambda_j + theta_ij), 1 on the diagonal.
    """
    scale = matrices.scale[block]
    level, item = implied_mean(matrices, block), structure.item_of
    correlation = implied_covariance(matrices, block) * np.outer(scale, scale)
    np.fill_diagonal(correlation, 1.0)
    return scale[item] * (matrices.threshold[block] - level[item]), correlation


def ordinal_slopes(structure: Structure, matrices: Matrices, block: int) -> tuple[IntArray, FloatArray]:
    """Derivatives of thresholds and correlations by the free cells of a block.

    Returns
    -------
    cells : int array, shape (s,)
    slopes : array, shape (t + p (p - 1) / 2, s)
        Thresholds first, then the correlations below the diagonal, column by column.
    """
    scale, item = matrices.scale[block], structure.item_of
    thresholds, correlation = ordinal_moments(structure, matrices, block)
    bend = slopes(structure, matrices, block)
    columns, rows = np.triu_indices(structure.n_items, k=1)
    a = bend.vectors[bend.first] * (bend.weight[:, np.newaxis] * scale)
    b = bend.vectors[bend.second] * scale
    parts = [np.vstack([-(bend.level * scale)[:, item].T, (a[:, rows] * b[:, columns] + a[:, columns] * b[:, rows]).T])]
    cells = [bend.cells]
    scales = structure.cells_of("scale", block)
    for cell in scales:
        one = structure.row[cell]
        touched = ((rows == one) | (columns == one)) * correlation[rows, columns]
        parts.append(np.concatenate([(item == one) * thresholds, touched])[:, np.newaxis] / scale[one])
    cells += [scales] if scales.size else []
    taus = structure.cells_of("threshold", block)
    moved = np.zeros((item.size + rows.size, taus.size))
    moved[structure.row[taus], np.arange(taus.size)] = scale[item[structure.row[taus]]]
    return np.concatenate([*cells, taus]), np.hstack([*parts, moved])


def columns_by_parameter(structure: Structure, cells: IntArray, by_cell: FloatArray) -> FloatArray:
    """Columns of free cells as columns of parameters, shape (r, q): cells with one parameter are added up."""
    places = structure.parameter[cells]
    found = np.zeros((len(by_cell), len(structure.names)))
    if np.unique(places).size == places.size:
        found[:, places] = by_cell
    else:
        np.add.at(found.T, places, by_cell.T)
    return found


def by_parameter(structure: Structure, cells: IntArray, by_cell: FloatArray) -> FloatArray:
    """A matrix over free cells as one over parameters, shape (q, q)."""
    rows = columns_by_parameter(structure, cells, by_cell)
    return columns_by_parameter(structure, cells, rows.T)
