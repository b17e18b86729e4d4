"""Polychoric correlations: how answers on a few steps go together if a normal variable lies behind each item."""

from dataclasses import dataclass
from typing import get_args

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from evalkit.errors import FitError
from evalkit.stats.bivariate_normal import bivariate_normal_cdf, bivariate_normal_density
from evalkit.stats.item_covariance import Missing, item_matrix
from evalkit.stats.vectors import FloatArray, IntArray

_MOST_ANSWERS = 24
_BOUND = 0.9999
_BLOCK = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Polychoric:
    """Thresholds and polychoric correlations of k items.

    Attributes
    ----------
    correlations : array, shape (k, k)
        Tetrachoric where both items have two answers. Not always positive definite: see `smallest_eigenvalue`.
    thresholds : tuple of k arrays, shape (c - 1,) for an item with c different answers
        Cut points on the standard normal variable behind the item, ascending.
    categories : tuple of k arrays, shape (c,)
        The answers that occur, ascending.
    n, n_incomplete : int
        Rows used; rows left out (`missing="complete"`), or used in part (`missing="pairwise"`).
    missing : "complete" or "pairwise"
    smallest_eigenvalue : float
        Of `correlations`; at or below 0 no factor model by maximum likelihood can use them.
    at_bound : tuple of (int, int)
        Pairs of items (positions from 0) that would correlate perfectly; they are held at +-0.9999.
    """

    correlations: FloatArray
    thresholds: tuple[FloatArray, ...]
    categories: tuple[FloatArray, ...]
    n: int
    n_incomplete: int
    missing: Missing
    smallest_eigenvalue: float
    at_bound: tuple[tuple[int, int], ...]


def polychoric(items: npt.ArrayLike, *, missing: Missing = "complete") -> Polychoric:
    """Estimate thresholds, then each correlation given them, by maximum likelihood.

    Parameters
    ----------
    items : array_like, shape (n, k)
        Answers on at most 24 steps each, NaN where missing; k >= 2. Only their order counts, item by item.
    missing : "complete" or "pairwise"
        Use the rows with all answers; or for each threshold and correlation all rows that have the answers it needs.

    Returns
    -------
    Polychoric

    Raises
    ------
    FitError
        A table of the wrong shape, fewer than 3 usable rows, an item with one answer or more than 24, or two items that
        nobody answered both.

    Notes
    -----
    Two steps [1]_: thresholds are normal quantiles of the shares of answers; rho maximises
    sum n_ij log pi_ij(rho), pi_ij the normal probability of cell (i, j) between the thresholds. Fisher scoring within a
    shrinking bracket, all pairs at once. As lavaan's `lavCor` and psych's `polychoric` do, nothing is added to empty
    cells; but in a 2 x 2 table with one empty cell 0.5 is added to it with the margins kept, as lavaan does, because
    the estimate would be +-1 otherwise.

    References
    ----------
    .. [1] Olsson (1979). Maximum likelihood estimation of the polychoric correlation coefficient. Psychometrika 44,
       443-460, section 3. doi:10.1007/BF02296207

    Examples
    --------
    >>> found = polychoric([[1, 1], [1, 2], [2, 1], [2, 2], [2, 2], [3, 2], [3, 3], [3, 3]])
    >>> found.thresholds[0].round(3).tolist(), float(found.correlations[0, 1].round(3))
    ([-0.674, 0.319], 0.825)
    """
    if missing not in get_args(Missing):
        raise FitError(f"missing is {missing!r}; use one of: {', '.join(get_args(Missing))}.")
    matrix, n_incomplete = _usable_rows(items, missing)
    categories = tuple(np.unique(column[~np.isnan(column)]) for column in matrix.T)
    _check_categories(categories)
    codes = _codes(matrix, categories)
    tables = pair_tables(codes, max(len(one) for one in categories))
    thresholds = tuple(
        ndtri(np.cumsum(np.bincount(column[column >= 0]))[:-1] / np.count_nonzero(column >= 0)) for column in codes.T
    )
    first, second = np.triu_indices(len(categories), k=1)
    cuts = _padded(thresholds)
    rho = _solve(_fill_lone_zero(tables, categories), cuts[first], cuts[second])
    correlations = np.eye(len(categories))
    correlations[first, second] = correlations[second, first] = rho
    at_bound = np.flatnonzero(np.abs(rho) >= _BOUND)
    return Polychoric(
        correlations=correlations,
        thresholds=thresholds,
        categories=categories,
        n=len(matrix),
        n_incomplete=n_incomplete,
        missing=missing,
        smallest_eigenvalue=float(np.linalg.eigvalsh(correlations)[0]),
        at_bound=tuple((int(first[pair]), int(second[pair])) for pair in at_bound),
    )


def polychoric_covariance(
    items: npt.ArrayLike, found: Polychoric, *, clusters: npt.ArrayLike | None = None
) -> FloatArray:
    """Sampling covariance of the thresholds and the polychoric correlations.

    Parameters
    ----------
    items : array_like, shape (n, k)
        The very table that `polychoric` was given.
    found : Polychoric
    clusters : array_like, shape (n,), optional
        The school of each row used: then schools' summed influences take the place of pupils', times C / (C - 1).

    Returns
    -------
    array, shape (m, m)
        First the thresholds, item by item; then the correlations below the diagonal, column by column: (2,1), (3,1),
        ..., (k,1), (3,2), ... as lavaan orders them. Times `found.n` it is lavaan's "gamma" (NACOV).

    Raises
    ------
    FitError
        When a pair of items lies at the bound, or too few rows have both.

    Notes
    -----
    B^-1 (sum of s s') B^-T, s a row's scores in both steps and B their blocks, the derivatives of the second step by
    the thresholds taken as cross-products [1]_, as lavaan's WLSMV does. The diagonal of the inverse of the result's
    diagonal is the weight of DWLS.

    References
    ----------
    .. [1] Muthen (1984). A general structural equation model with dichotomous, ordered categorical, and continuous
       latent variable indicators. Psychometrika 49, 115-132. doi:10.1007/BF02294210

    Examples
    --------
    >>> answers = [[1, 1], [1, 2], [2, 1], [2, 2], [1, 1], [2, 2]]
    >>> polychoric_covariance(answers, polychoric(answers)).shape
    (3, 3)
    """
    if found.at_bound:
        pairs = ", ".join(f"{one + 1} and {two + 1}" for one, two in found.at_bound)
        raise FitError(
            f"Items {pairs} (counted from 1) determine one another, so their correlation has no standard error. Leave "
            "one of them out."
        )
    matrix, _ = _usable_rows(items, found.missing)
    codes = _codes(matrix, found.categories)
    threshold_scores = _threshold_influence(codes, found)
    starts = np.concatenate([[0], np.cumsum([len(one) for one in found.thresholds])])
    first, second = np.triu_indices(codes.shape[1], k=1)
    scores = _rho_scores(codes, found)
    n_pairs, n_cuts = len(first), int(starts[-1])
    blind = np.flatnonzero(scores.information <= 1e-12 * len(codes))
    if blind.size:
        raise FitError(
            f"Too few pupils answered both item {first[blind[0]] + 1} and item {second[blind[0]] + 1} (counted from 1) "
            "for their correlation to have a standard error. Leave one of them out."
        )
    total = np.zeros((n_cuts + n_pairs, n_cuts + n_pairs))
    schools: IntArray | None = None if clusters is None else np.unique(clusters, return_inverse=True)[1]
    sums = np.zeros((0 if schools is None else int(schools.max()) + 1, n_cuts + n_pairs))
    for begin in range(0, len(codes), _BLOCK):
        block = codes[begin : begin + _BLOCK]
        influence = np.zeros((len(block), n_cuts + n_pairs))
        for item, table in enumerate(threshold_scores):
            influence[:, starts[item] : starts[item + 1]] = table[block[:, item]]
        for pair, (one, two) in enumerate(zip(first, second, strict=True)):
            own = scores.own[pair][block[:, one], block[:, two]]
            through_one = influence[:, starts[one] : starts[one + 1]] @ scores.by_first[pair]
            through_two = influence[:, starts[two] : starts[two + 1]] @ scores.by_second[pair]
            influence[:, n_cuts + pair] = (own - through_one - through_two) / scores.information[pair]
        if schools is None:
            total += influence.T @ influence
        else:
            np.add.at(sums, schools[begin : begin + _BLOCK], influence)
    return total if schools is None else sums.T @ sums * (len(sums) / (len(sums) - 1))


@dataclass(frozen=True, slots=True, eq=False)
class _RhoScores:
    """Per pair: score of rho in each cell (a last row and column of 0 for missing), and the blocks of B."""

    own: list[FloatArray]
    by_first: list[FloatArray]
    by_second: list[FloatArray]
    information: FloatArray


def _rho_scores(codes: IntArray, found: Polychoric) -> _RhoScores:
    first, second = np.triu_indices(codes.shape[1], k=1)
    cuts = _padded(found.thresholds)
    rho = found.correlations[first, second]
    size = cuts.shape[1] - 1
    tables = pair_tables(codes, size)
    cells, slopes = _cells(rho, cuts[first], cuts[second])
    own = slopes / np.maximum(cells, 1e-15)
    information = (tables * own**2).sum(axis=(1, 2))
    weighted = tables * own / np.maximum(cells, 1e-15)
    row_slopes = _conditional_slopes(rho, cuts[first], cuts[second])
    column_slopes = _conditional_slopes(rho, cuts[second], cuts[first]).transpose(0, 2, 1)
    # Moving threshold t adds probability to the cells below it and takes the same from those above.
    by_first = ((weighted[:, :-1] - weighted[:, 1:]) * row_slopes).sum(axis=2)
    by_second = ((weighted[:, :, :-1] - weighted[:, :, 1:]) * column_slopes).sum(axis=1)
    counts = [len(one) for one in found.thresholds]
    padded = np.pad(own, ((0, 0), (0, 1), (0, 1)))
    return _RhoScores(
        own=list(padded),
        by_first=[by_first[pair, : counts[one]] for pair, one in enumerate(first)],
        by_second=[by_second[pair, : counts[two]] for pair, two in enumerate(second)],
        information=information,
    )


def _threshold_influence(codes: IntArray, found: Polychoric) -> list[FloatArray]:
    """Per item: what a row with each answer adds to the thresholds' estimates; a last row of 0 for missing."""
    tables: list[FloatArray] = []
    for column, cuts in zip(codes.T, found.thresholds, strict=True):
        counts = np.bincount(column[column >= 0], minlength=len(cuts) + 1)
        density = np.exp(-(cuts**2) / 2) / np.sqrt(2 * np.pi)
        share = counts / counts.sum()
        score: FloatArray = np.zeros((len(cuts) + 1, len(cuts)))
        inner = np.arange(len(cuts))
        score[inner, inner] = density / share[:-1]
        score[inner + 1, inner] = -density / share[1:]
        information = (score * counts[:, None]).T @ score
        influence: FloatArray = np.zeros((len(cuts) + 2, len(cuts)))
        influence[:-1] = np.linalg.solve(information, score.T).T
        tables.append(influence)
    return tables


def _usable_rows(items: npt.ArrayLike, missing: Missing) -> tuple[FloatArray, int]:
    matrix = item_matrix(items)
    gaps = np.isnan(matrix)
    complete = ~gaps.any(axis=1)
    used = complete if missing == "complete" else ~gaps.all(axis=1)
    n = int(np.count_nonzero(used))
    if n < 3:
        raise FitError(
            f"Only {n} of {len(matrix)} pupils gave the answers that are needed; polychoric correlations need 3."
        )
    return matrix[used], int(len(matrix) - np.count_nonzero(complete))


def _check_categories(categories: tuple[FloatArray, ...]) -> None:
    problems: list[str] = []
    for place, found in enumerate(categories, start=1):
        if len(found) < 2:
            problems.append(f"Item {place} (counted from 1): everyone who answered gave the same answer. Leave it out.")
        if len(found) > _MOST_ANSWERS:
            problems.append(
                f"Item {place} (counted from 1) has {len(found)} different values; polychoric correlations are for "
                f"answers on at most {_MOST_ANSWERS} steps. Use alpha and omega for it."
            )
    if problems:
        raise FitError("Polychoric correlations cannot be computed for these items.", problems=problems)


def _codes(matrix: FloatArray, categories: tuple[FloatArray, ...]) -> IntArray:
    """Place of each answer among its item's answers, -1 where missing, shape (n, k)."""
    codes: IntArray = np.full(matrix.shape, -1, dtype=np.int64)
    for item, steps in enumerate(categories):
        given = ~np.isnan(matrix[:, item])
        codes[given, item] = np.searchsorted(steps, matrix[given, item])
    return codes


def pair_tables(codes: IntArray, size: int) -> FloatArray:
    """Counts of answers by pair of items, shape (k(k-1)/2, size, size)."""
    k = codes.shape[1]
    steps = np.arange(size)
    joint = np.zeros((k * size, k * size))
    for begin in range(0, len(codes), _BLOCK):
        marked = (codes[begin : begin + _BLOCK, :, None] == steps).reshape(-1, k * size).astype(np.float32)
        joint += marked.T @ marked
    first, second = np.triu_indices(k, k=1)
    tables = joint.reshape(k, size, k, size).transpose(0, 2, 1, 3)[first, second]
    alone = np.flatnonzero(tables.sum(axis=(1, 2)) == 0)
    if alone.size:
        raise FitError(
            f"Nobody answered both item {first[alone[0]] + 1} and item {second[alone[0]] + 1} (counted from 1), so "
            "they have no correlation. Leave one of them out."
        )
    return tables


def _fill_lone_zero(tables: FloatArray, categories: tuple[FloatArray, ...]) -> FloatArray:
    """Add 0.5 to the one empty cell of a 2 x 2 table, keeping its margins."""
    first, second = np.triu_indices(len(categories), k=1)
    two = np.array([len(one) == 2 for one in categories])
    small = tables[:, :2, :2]
    lone = two[first] & two[second] & (np.count_nonzero(small == 0, axis=(1, 2)) == 1)
    on_diagonal = (small[:, 0, 0] == 0) | (small[:, 1, 1] == 0)
    shift = np.where(lone, np.where(on_diagonal, 0.5, -0.5), 0.0)
    filled = tables.copy()
    filled[:, :2, :2] += shift[:, None, None] * np.array([[1.0, -1.0], [-1.0, 1.0]])
    return filled


def _padded(thresholds: tuple[FloatArray, ...]) -> FloatArray:
    """Thresholds between -inf and inf, shape (k, most answers + 1); shorter items end in several inf."""
    edges = np.full((len(thresholds), max(len(one) for one in thresholds) + 2), np.inf)
    edges[:, 0] = -np.inf
    for row, one in zip(edges, thresholds, strict=True):
        row[1 : len(one) + 1] = one
    return edges


def _cells(rho: FloatArray, first: FloatArray, second: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Probabilities of the cells and their slopes in rho, each of shape (pairs, size, size)."""
    x, y, r = first[:, :, None], second[:, None, :], rho[:, None, None]
    below = np.zeros((len(rho), first.shape[1], second.shape[1]))
    below[:, 1:-1, 1:-1] = bivariate_normal_cdf(x[:, 1:-1], y[:, :, 1:-1], r)
    below[:, -1, :], below[:, :, -1] = ndtr(second), ndtr(first)
    density = np.zeros_like(below)
    density[:, 1:-1, 1:-1] = bivariate_normal_density(x[:, 1:-1], y[:, :, 1:-1], r)
    return np.diff(np.diff(below, axis=1), axis=2), np.diff(np.diff(density, axis=1), axis=2)


def _conditional_slopes(rho: FloatArray, moved: FloatArray, other: FloatArray) -> FloatArray:
    """Slope of P(X <= t, Y in each step) in t at the inner thresholds of X, shape (pairs, size - 1, size)."""
    cut = np.clip(moved[:, 1:-1, None], -40, 40)
    r = rho[:, None, None]
    share = ndtr((np.clip(other, -1e6, 1e6)[:, None, :] - r * cut) / np.sqrt((1 - r) * (1 + r)))
    return np.exp(-(cut**2) / 2) / np.sqrt(2 * np.pi) * np.diff(share, axis=2)


def _solve(tables: FloatArray, first: FloatArray, second: FloatArray) -> FloatArray:
    """The correlation of each pair at which its likelihood is steady, or the bound."""
    n_pairs = len(tables)
    totals = tables.sum(axis=(1, 2))
    rho, low, high = np.zeros(n_pairs), np.full(n_pairs, -_BOUND), np.full(n_pairs, _BOUND)
    active = np.arange(n_pairs)
    for _ in range(100):
        here = rho[active]
        cells, slopes = _cells(here, first[active], second[active])
        ratio = slopes / np.maximum(cells, 1e-15)
        gradient = (tables[active] * ratio).sum(axis=(1, 2))
        information = totals[active] * (slopes * ratio).sum(axis=(1, 2))
        rising = gradient > 0
        low[active], high[active] = np.where(rising, here, low[active]), np.where(rising, high[active], here)
        step = here + gradient / information
        inside = (step > low[active]) & (step < high[active])
        settled = np.abs(gradient) <= 1e-11 * totals[active]
        rho[active] = np.where(settled, here, np.where(inside, step, (low[active] + high[active]) / 2))
        active = active[np.abs(rho[active] - here) > 1e-12]
        if not active.size:
            break
    return np.where(np.abs(rho) > _BOUND - 1e-9, np.sign(rho) * _BOUND, rho)
