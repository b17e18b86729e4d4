"""A factor model as data: which numbers of its matrices are free, which are equal, and which are fixed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from evalkit.stats.vectors import FloatArray, IntArray

MatrixName = Literal["loading", "factor", "error", "intercept", "mean", "scale", "threshold"]
MATRICES: tuple[MatrixName, ...] = ("loading", "factor", "error", "intercept", "mean", "scale", "threshold")
Cell: TypeAlias = tuple[MatrixName, int, int, int]
Cells: TypeAlias = Mapping[Cell, str | float]


@dataclass(frozen=True, slots=True, eq=False)
class Matrices:
    """The numbers of a factor model, for each of G blocks of pupils with p items, m factors and t thresholds.

    Attributes
    ----------
    loading : array, shape (G, p, m)
    factor : array, shape (G, m, m)
        Covariances of the factors.
    error : array, shape (G, p, p)
        Covariances of the errors. For ordinal answers the diagonal is what is left of the variance 1 / scale^2.
    intercept, mean : array, shapes (G, p) and (G, m)
        Of the items and of the factors.
    scale : array, shape (G, p)
        Ordinal answers only: 1 / SD of the latent response (the delta parameterisation); 1 elsewhere.
    threshold : array, shape (G, t)
        Ordinal answers only: where one answer turns into the next on the latent response, item after item.
    """

    loading: FloatArray
    factor: FloatArray
    error: FloatArray
    intercept: FloatArray
    mean: FloatArray
    scale: FloatArray
    threshold: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """A factor model without its estimates.

    Attributes
    ----------
    fixed : Matrices
        The fixed numbers; 0 where free.
    matrix, block, row, column, parameter : int array, shape (s,)
        The free cells: which of MATRICES, whose block, where, and which parameter stands there. Cells with one
        parameter are equal.
    names : tuple of str
        Of the q parameters.
    item_of : int array, shape (t,)
        The item of each threshold; empty for answers taken as continuous.
    """

    fixed: Matrices
    matrix: IntArray
    block: IntArray
    row: IntArray
    column: IntArray
    parameter: IntArray
    names: tuple[str, ...]
    item_of: IntArray

    @property
    def n_blocks(self) -> int:
        """G."""
        return self.fixed.loading.shape[0]

    @property
    def n_items(self) -> int:
        """p."""
        return self.fixed.loading.shape[1]

    @property
    def n_factors(self) -> int:
        """m."""
        return self.fixed.loading.shape[2]

    @property
    def has_means(self) -> bool:
        """Whether intercepts or factor means are part of the model."""
        return bool(np.isin(self.matrix, (MATRICES.index("intercept"), MATRICES.index("mean"))).any())

    @property
    def is_bound(self) -> bool:
        """Whether some thresholds are equal, so that scales of the latent responses can be free."""
        thresholds = self.matrix == MATRICES.index("threshold")
        return np.unique(self.parameter[thresholds]).size < int(thresholds.sum())

    def cells_of(self, name: MatrixName, block: int) -> IntArray:
        """The free cells of one matrix in one block."""
        return np.flatnonzero((self.matrix == MATRICES.index(name)) & (self.block == block))

    def fill(self, values: FloatArray) -> Matrices:
        """The matrices with one number per free cell, shape (s,), in place. Symmetric ones are filled on both sides."""
        filled = {name: getattr(self.fixed, name).copy() for name in MATRICES}
        for code, name in enumerate(MATRICES):
            cells = np.flatnonzero(self.matrix == code)
            if not cells.size:
                continue
            block, row, column = self.block[cells], self.row[cells], self.column[cells]
            if name in ("loading", "factor", "error"):
                filled[name][block, row, column] = values[cells]
                if name != "loading":
                    filled[name][block, column, row] = values[cells]
            else:
                filled[name][block, row] = values[cells]
        return Matrices(**filled)

    def at(self, parameters: FloatArray) -> Matrices:
        """The matrices with q parameters in place, as the model has them (no diagonal of ordinal errors)."""
        return self.fill(parameters[self.parameter])


def build_structure(
    cells: Cells, *, n_blocks: int, n_items: int, n_factors: int, item_of: IntArray | None = None
) -> Structure:
    """Make a structure from its cells.

    Parameters
    ----------
    cells : mapping of (matrix, block, row, column) to a parameter's name or a fixed number
        Vectors take column 0; symmetric matrices are given by their lower half. What is not named is 0 (scales 1).
    n_blocks, n_items, n_factors : int
    item_of : int array, shape (t,)
        The item of each threshold, for ordinal answers.
    """
    thresholds = np.empty(0, dtype=np.int64) if item_of is None else item_of
    fixed = Matrices(
        loading=np.zeros((n_blocks, n_items, n_factors)),
        factor=np.zeros((n_blocks, n_factors, n_factors)),
        error=np.zeros((n_blocks, n_items, n_items)),
        intercept=np.zeros((n_blocks, n_items)),
        mean=np.zeros((n_blocks, n_factors)),
        scale=np.ones((n_blocks, n_items)),
        threshold=np.zeros((n_blocks, thresholds.size)),
    )
    names: dict[str, int] = {}
    free: list[tuple[int, int, int, int, int]] = []
    for (matrix, block, row, column), value in cells.items():
        if isinstance(value, str):
            free.append((MATRICES.index(matrix), block, row, column, names.setdefault(value, len(names))))
            continue
        target: FloatArray = getattr(fixed, matrix)
        if target.ndim == 3:
            target[block, row, column] = value
            if matrix != "loading":
                target[block, column, row] = value
        else:
            target[block, row] = value
    table = np.array(free, dtype=np.int64).reshape(-1, 5)
    return Structure(
        fixed=fixed,
        matrix=table[:, 0],
        block=table[:, 1],
        row=table[:, 2],
        column=table[:, 3],
        parameter=table[:, 4],
        names=tuple(names),
        item_of=thresholds,
    )
