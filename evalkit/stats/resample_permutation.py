"""Refit a random-intercept model to many allocations of the treatment at once."""

from dataclasses import dataclass

import numpy as np

from evalkit.stats.mixed.coordinates import standardise
from evalkit.stats.mixed.moments import FloatArray, IntArray
from evalkit.stats.mixed.terms import RandomTerm
from evalkit.stats.mixed.two_level import TwoLevelStatistics, summarise
from evalkit.stats.resample_two_level import Batch, fit_batch
from evalkit.stats.vectors import BoolArray


@dataclass(frozen=True, slots=True)
class PermutationPlan:
    """All that an allocation does not change.

    Attributes
    ----------
    statistics : TwoLevelStatistics
        Of the columns that stay and the outcome, in working coordinates.
    left : ndarray (s, n)
        The same rows less their cluster means, in cluster order, times the root of the weights.
    root : ndarray (n,) or None
    starts : ndarray (J,)
    order : ndarray (n,)
    outcome_scale : float
    values : tuple of (float, float)
        What each treated arm's column holds for control and for its own.
    reml : bool
    by_cluster : bool
        Whole clusters are allocated: allocations have J rows, else n.
    """

    statistics: TwoLevelStatistics
    left: FloatArray
    root: FloatArray | None
    starts: IntArray
    order: IntArray
    outcome_scale: float
    values: tuple[tuple[float, float], ...]
    reml: bool
    by_cluster: bool


@dataclass(frozen=True, slots=True)
class ArmDraws:
    """Effect of every treated arm under B allocations, in the user's units; NaN where a refit failed.

    Attributes
    ----------
    estimate, std_error : ndarray (B, v)
    """

    estimate: FloatArray
    std_error: FloatArray


def make_permutation_plan(
    outcome: FloatArray,
    others: FloatArray,
    term: RandomTerm,
    *,
    values: tuple[tuple[float, float], ...],
    by_cluster: bool,
    weights: FloatArray | None = None,
    reml: bool = True,
) -> PermutationPlan:
    """Prepare the sums that stay the same.

    Parameters
    ----------
    outcome : ndarray (n,)
    others : ndarray (c, n)
        Columns of X without those of the treatment; an intercept among them.
    term : RandomTerm
    values : tuple of (float, float)
    by_cluster : bool
    weights : ndarray (n,), optional
    reml : bool
    """
    working, coordinates = standardise(outcome, others, weights)
    statistics = summarise(working, term.codes, term.levels, weights)
    order = np.argsort(term.codes, kind="stable").astype(np.intp)
    codes = term.codes[order]
    starts = np.concatenate([[0], np.flatnonzero(np.diff(codes)) + 1]).astype(np.intp)
    root = None if weights is None else np.sqrt(weights[order])
    spread = statistics.mean[codes].T
    left = np.ascontiguousarray(working[:, order] - (spread if root is None else spread * root))
    return PermutationPlan(statistics, left, root, starts, order, coordinates.outcome_scale, values, reml, by_cluster)


def refit_allocations(plan: PermutationPlan, allocations: IntArray) -> ArmDraws:
    """Effects under other allocations.

    Parameters
    ----------
    plan : PermutationPlan
    allocations : ndarray (J, B) or (n, B)
        Arm of every cluster, or of every row in the user's order: 0 control, 1, 2, ...

    Returns
    -------
    ArmDraws
        Equal to single fits of the model with the treatment's columns replaced.
    """
    v, draws = len(plan.values), int(allocations.shape[1])
    s = len(plan.left) - 1
    order = [*range(s), s + v]  # places of the fixed columns, the outcome last
    moving = tuple(range(s, s + v))
    within = np.zeros((s + v + 1, s + v + 1, 1 if plan.by_cluster else draws))
    within[np.ix_(order, order)] = plan.statistics.within[:, :, None]
    means = np.empty((v, len(plan.starts), draws))
    if plan.by_cluster:
        for arm, (control, own) in enumerate(plan.values):
            means[arm] = np.where(allocations == arm + 1, own, control)
    else:
        _fill_rows(plan, allocations, means, within, order, moving)
    batch = Batch(
        plan.statistics.size,
        np.full(draws, float(plan.statistics.n_rows)),
        within,
        tuple(order),
        np.ascontiguousarray(plan.statistics.mean.T),
        moving,
        means,
        None,
    )
    found = fit_batch(batch, reml=plan.reml)
    places = np.array(moving)
    estimate = found.beta[places] * plan.outcome_scale
    with np.errstate(invalid="ignore"):
        std_error = np.sqrt(found.inverse[places, places] * found.sigma2) * plan.outcome_scale
    return ArmDraws(_blank(estimate, found.converged).T, _blank(std_error, found.converged).T)


def _blank(values: FloatArray, good: BoolArray) -> FloatArray:
    return np.where(good, values, np.nan)


def _fill_rows(
    plan: PermutationPlan,
    allocations: IntArray,
    means: FloatArray,
    within: FloatArray,
    order: list[int],
    moving: tuple[int, ...],
) -> None:
    """Cluster means and crossproducts of columns that vary inside clusters."""
    size = plan.statistics.size[:, None]
    weighed: list[FloatArray] = []
    for arm, (control, own) in enumerate(plan.values):
        column = np.where(allocations[plan.order] == arm + 1, own, control)
        column = column if plan.root is None else column * plan.root[:, None]
        total = np.add.reduceat(column if plan.root is None else column * plan.root[:, None], plan.starts, axis=0)
        means[arm] = total / size
        weighed.append(column)
        crossed = plan.left @ column
        for place, row in zip(order, crossed, strict=True):
            within[place, moving[arm]] = within[moving[arm], place] = row
        for other in range(arm + 1):
            product = (weighed[other] * column).sum(axis=0) - (size * means[other] * means[arm]).sum(axis=0)
            within[moving[arm], moving[other]] = within[moving[other], moving[arm]] = product
