"""Curves of numbers and products of two facts in which two groups differ: what a straight line would overlook."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from evalkit.stats.linear import independent_columns
from evalkit.stats.logit_search import plain_logit
from evalkit.stats.propensity import check_groups
from evalkit.stats.separation import separating_columns
from evalkit.stats.vectors import BoolArray, FloatArray

Kind = Literal["number", "category", "mark"]
KNOTS = (0.05, 0.35, 0.65, 0.95)
REACH = (0.01, 0.99)  # beyond these shares a number counts as at them in a product, so that no outlier makes it
DECIMALS = 8


@dataclass(frozen=True, slots=True, eq=False)
class CurvedTerm:
    """A term that was chosen.

    Attributes
    ----------
    columns : (place,) for a curve of a number, (place, place) for a product
    curve : int - which curve of that number, from 1; 0 for a product
    values : float array, shape (n,)
    statistic : float - score statistic (1 df) when it was chosen
    """

    columns: tuple[int, ...]
    curve: int
    values: FloatArray
    statistic: float


def curved_terms(
    covariates: ArrayLike,
    treated: ArrayLike,
    *,
    kinds: Sequence[Kind],
    owners: Sequence[str],
    criterion: float,
    fewest: float,
    rows: BoolArray | None = None,
) -> tuple[CurvedTerm, ...]:
    """Choose the terms of second order of a propensity, one after the other, without a look at any outcome.

    Parameters
    ----------
    covariates : array, shape (n, k)
        All of them stay in the propensity as they are.
    treated : array, shape (n,)
    kinds : of each column: number, category (0 and 1), or mark of a gap (never in a product)
    owners : of each column: the fact it comes from; there are no products within a fact
    criterion : float
        A term comes in while the best one's score statistic is at least this.
    fewest : float
        Units of the smaller group for each column of the propensity: where there would be fewer, no more come in.
    rows : bool array, shape (n,), optional
        Units to choose by; the terms have values for all.

    Returns
    -------
    tuple of CurvedTerm - in the order in which they were chosen

    Notes
    -----
    Imbens and Rubin's way (2015, chapter 13 [1]_, [2]_) with two changes: in place of squares the two curved columns of
    a restricted cubic spline with knots at the 5th, 35th, 65th and 95th percentile (Harrell [3]_), whose straight tails
    outliers cannot bend; and the score test (Rao) in place of the likelihood ratio, so that a step needs one fit. With
    W = e(1 - e) and r = t - e of the fit so far, a candidate z has (z'r)^2 / z'(W - W X (X'WX)^-1 X'W) z.

    References
    ----------
    .. [1] Imbens and Rubin (2015). Causal Inference for Statistics, Social, and Biomedical Sciences. CUP.
    .. [2] Imbens (2015). Matching methods in practice: three examples. J. Human Resources 50, 373-419.
    .. [3] Harrell (2015). Regression Modeling Strategies, 2nd ed., section 2.4. Springer.
    """
    x = np.asarray(covariates, dtype=np.float64)
    chosen = check_groups(treated, length=len(x))
    used = np.ones(len(x), dtype=bool) if rows is None else rows
    candidates = _candidates(x, used, kinds, owners)
    if not candidates:
        return ()
    t = chosen[used].astype(np.float64)
    design = np.column_stack([np.ones(len(t)), _standardised(x, used)[used]])
    design = design[:, independent_columns(design)]
    values = np.column_stack([one for _, _, one in candidates])
    most = int(min(t.sum(), (1 - t).sum()) / fewest) + 1  # the constant
    open_ = np.ones(len(candidates), dtype=bool)
    found: list[CurvedTerm] = []
    while design.shape[1] < most:
        _, linear, settled = plain_logit(design, t)
        if not settled:
            break
        statistics = np.where(open_, _score_statistics(design, values[used], t, expit(linear)), 0.0)
        best = int(np.argmax(statistics.round(DECIMALS)))
        if statistics[best] < criterion:
            break
        open_[best] = False
        wider = np.column_stack([design, values[used, best]])
        if len(separating_columns(wider, t)):  # it would tell the groups apart, and no propensity could be had
            continue
        design = wider
        columns, curve, own = candidates[best]
        found.append(CurvedTerm(columns, curve, own, float(statistics[best])))
    return tuple(found)


def _score_statistics(design: FloatArray, values: FloatArray, t: FloatArray, e: FloatArray) -> FloatArray:
    root = np.sqrt(e * (1 - e))[:, None]
    weighted = root * values
    q = np.linalg.qr(root * design)[0]
    left = weighted - q @ (q.T @ weighted)
    spread, whole = (left**2).sum(axis=0), (weighted**2).sum(axis=0)
    known = spread > 1e-8 * np.maximum(whole, 1e-300)  # others are a mixture of what is there already
    return np.where(known, (values.T @ (t - e)) ** 2 / np.where(known, spread, 1.0), 0.0)


def _standardised(x: FloatArray, used: BoolArray) -> FloatArray:
    mean, sd = x[used].mean(axis=0), x[used].std(axis=0)
    return (x - mean) / np.where(sd > 0, sd, 1.0)


def _candidates(
    x: FloatArray, used: BoolArray, kinds: Sequence[Kind], owners: Sequence[str]
) -> list[tuple[tuple[int, ...], int, FloatArray]]:
    z = _standardised(x, used)
    found: list[tuple[tuple[int, ...], int, FloatArray]] = []
    factors = z.copy()
    for place, kind in enumerate(kinds):
        if kind != "number":
            continue
        found += [((place,), number, one) for number, one in enumerate(_curves(z[:, place], used), start=1)]
        factors[:, place] = np.clip(z[:, place], *np.quantile(z[used, place], REACH))
    factors -= factors[used].mean(axis=0)
    for one in range(len(kinds)):
        for other in range(one + 1, len(kinds)):
            if owners[one] != owners[other] and "mark" not in (kinds[one], kinds[other]):
                found.append(((one, other), 0, factors[:, one] * factors[:, other]))
    return [(columns, curve, one) for columns, curve, one in found if np.ptp(one[used]) > 0]


def _curves(z: FloatArray, used: BoolArray) -> list[FloatArray]:
    """The curved columns of a restricted cubic spline; fewer where values are few."""
    knots = np.unique(np.quantile(z[used], KNOTS).round(DECIMALS))
    if len(knots) < 3 or len(np.unique(z[used])) < 3:
        return []
    last, before = knots[-1], knots[-2]
    width = (last - knots[0]) ** 2

    def above(knot: float) -> FloatArray:
        return np.maximum(z - knot, 0.0) ** 3

    return [
        (
            above(knot)
            - above(before) * (last - knot) / (last - before)
            + above(last) * (before - knot) / (last - before)
        )
        / width
        for knot in knots[:-2]
    ]
