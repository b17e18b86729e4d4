"""Loevinger's H: how nearly the answers form a cumulative (Guttman) scale, after Mokken."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evalkit.errors import FitError
from evalkit.stats.item_covariance import item_matrix
from evalkit.stats.polychoric import pair_tables
from evalkit.stats.vectors import FloatArray, IntArray

_MOST_ANSWERS = 24
_BLOCK = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Mokken:
    """Scalability coefficients with their standard errors.

    Attributes
    ----------
    scale_h, scale_se : float
        H of all items together: 1 for a perfect Guttman scale, 0 for unrelated items.
    item_h, item_se : array, shape (k,)
        H of each item with all others.
    pair_h, pair_se : array, shape (k, k)
        H of each two items; NaN on the diagonal.
    n, n_incomplete : int
        Rows with all answers, which alone were used; the others.
    """

    scale_h: float
    scale_se: float
    item_h: FloatArray
    item_se: FloatArray
    pair_h: FloatArray
    pair_se: FloatArray
    n: int
    n_incomplete: int


def mokken(items: npt.ArrayLike) -> Mokken:
    """Compute the scalability of pairs, items and the scale.

    Parameters
    ----------
    items : array_like, shape (n, k)
        Scored answers (reversed items already reversed) on at most 24 steps, NaN where missing; k >= 2.

    Returns
    -------
    Mokken

    Raises
    ------
    FitError
        With too few complete rows, an item without spread, or more than 24 different answers.

    Notes
    -----
    H_ij = cov(i, j) / max cov(i, j), the largest covariance that the two items' own distributions allow; H_i and H are
    ratios of the sums of both over pairs [1]_; the same as one less Guttman errors observed over expected. Standard
    errors by the delta method for the table of answer patterns [2]_: the spread of each row's influence on H. Where two
    items have exactly equal cumulative shares the slope of the largest covariance is taken half way.

    References
    ----------
    .. [1] Sijtsma & Molenaar (2002). Introduction to nonparametric item response theory, ch. 4.
       doi:10.4135/9781412984676
    .. [2] Kuijpers, van der Ark & Croon (2013). Standard errors and confidence intervals for scalability coefficients
       in Mokken scale analysis using marginal models. Sociol. Methodol. 43, 42-69. doi:10.1177/0081175013481958

    Examples
    --------
    >>> found = mokken([[0, 0, 0], [0, 0, 1], [0, 1, 1], [1, 1, 1], [0, 1, 0]])
    >>> round(found.scale_h, 3), found.item_h.round(3).tolist()
    (0.5, [1.0, 0.375, 0.375])
    """
    matrix = item_matrix(items)
    rows = matrix[~np.isnan(matrix).any(axis=1)]
    n, k = rows.shape
    if n < 3:
        raise FitError(f"Only {n} of {len(matrix)} pupils answered all {k} items; scalability needs at least 3.")
    steps = [np.unique(column) for column in rows.T]
    _check_steps(steps)
    codes: IntArray = np.zeros(rows.shape, dtype=np.int64)
    for item, found in enumerate(steps):
        codes[:, item] = np.searchsorted(found, rows[:, item])
    centred = rows - rows.mean(axis=0)
    observed: FloatArray = np.asarray(centred.T @ centred, dtype=np.float64) / n
    np.fill_diagonal(observed, 0.0)
    most, influence = _largest_covariances(codes, steps)
    item_h, scale_h = observed.sum(axis=1) / most.sum(axis=1), float(observed.sum() / most.sum())
    pair_h = observed / np.where(most > 0, most, np.nan)
    item_rows, scale_rows = np.zeros(k), 0.0
    for begin in range(0, n, _BLOCK):
        part, answers = centred[begin : begin + _BLOCK], codes[begin : begin + _BLOCK]
        largest = _largest_of_rows(answers, influence) + most.sum(axis=1)
        products = part * part.sum(axis=1, keepdims=True) - part**2
        item_rows += ((products - item_h * largest) ** 2).sum(axis=0)
        scale_rows += float(((products.sum(axis=1) - scale_h * largest.sum(axis=1)) ** 2).sum())
    return Mokken(
        scale_h=scale_h,
        scale_se=np.sqrt(scale_rows) / (n * float(most.sum())),
        item_h=item_h,
        item_se=np.sqrt(item_rows) / (n * most.sum(axis=1)),
        pair_h=pair_h,
        pair_se=_pair_errors(
            codes, [step - mean for step, mean in zip(steps, rows.mean(axis=0), strict=True)], pair_h, most, influence
        ),
        n=n,
        n_incomplete=len(matrix) - n,
    )


def _largest_of_rows(codes: IntArray, influence: list[list[FloatArray]]) -> FloatArray:
    """What each row adds to each item's sum of largest covariances, shape (n, k); of mean 0."""
    k = codes.shape[1]
    found: FloatArray = np.zeros(codes.shape)
    for i in range(k):
        found[:, i] += np.sum([influence[i][j] for j in range(k) if j != i], axis=0)[codes[:, i]]
        # Column j: what an answer to item i adds to the pair (i, j) on behalf of item j.
        table = np.column_stack([influence[i][j] if j != i else np.zeros(len(influence[i][j])) for j in range(k)])
        found += table[codes[:, i]]
    return found


def _pair_errors(
    codes: IntArray, steps: list[FloatArray], pair_h: FloatArray, most: FloatArray, influence: list[list[FloatArray]]
) -> FloatArray:
    """Standard errors of H of pairs, from their tables; `steps` are the answers less the item's mean."""
    n, k = codes.shape
    tables = pair_tables(codes, max(len(one) for one in steps))
    errors: FloatArray = np.full((k, k), np.nan)
    for table, i, j in zip(tables, *np.triu_indices(k, k=1), strict=True):
        largest = influence[i][j][:, None] + influence[j][i][None, :] + most[i, j]
        spread = (np.outer(steps[i], steps[j]) - pair_h[i, j] * largest) ** 2
        counts = table[: len(steps[i]), : len(steps[j])]
        errors[i, j] = errors[j, i] = np.sqrt((counts * spread).sum()) / (n * most[i, j])
    return errors


def _largest_covariances(codes: IntArray, steps: list[FloatArray]) -> tuple[FloatArray, list[list[FloatArray]]]:
    """Largest covariance of each two items given their distributions, and what an answer to item i adds to it.

    The influences of answers have mean 0; `influence[i][j]` is indexed by the answers to item i.
    """
    k = len(steps)
    below = [np.cumsum(np.bincount(column))[:-1] / len(codes) for column in codes.T]
    # Row a of a mark: whether answer a lies at or under each threshold.
    marks = [np.arange(len(one))[:, None] <= np.arange(len(one) - 1)[None, :] for one in steps]
    most = np.zeros((k, k))
    influence: list[list[FloatArray]] = []
    for i in range(k):
        found: list[FloatArray] = []
        for j in range(k):
            mine, other = below[i][:, None], below[j][None, :]
            widths = np.outer(np.diff(steps[i]), np.diff(steps[j]))
            if i != j:
                most[i, j] = float((widths * (np.minimum(mine, other) - mine * other)).sum())
            lower = np.where(np.abs(mine - other) < 1e-12, 0.5, (mine < other).astype(np.float64))
            slopes = (widths * (lower - other)).sum(axis=1)
            found.append((marks[i] - below[i]) @ slopes)
        influence.append(found)
    return most, influence


def _check_steps(steps: list[FloatArray]) -> None:
    problems: list[str] = []
    for place, found in enumerate(steps, start=1):
        if len(found) < 2:
            problems.append(f"Item {place} (counted from 1): everyone gave the same answer. Leave it out.")
        if len(found) > _MOST_ANSWERS:
            problems.append(
                f"Item {place} (counted from 1) has {len(found)} different values; scalability is for answers on at "
                f"most {_MOST_ANSWERS} steps."
            )
    if problems:
        raise FitError("Scalability cannot be computed for these items.", problems=problems)
