"""What a resampling scheme of a random-intercept model needs to make batches of replicates from random numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evalkit.stats.mixed.coordinates import Coordinates, standardise
from evalkit.stats.mixed.fit import MixedFit
from evalkit.stats.mixed.moments import FloatArray, IntArray
from evalkit.stats.mixed.terms import RandomTerm
from evalkit.stats.mixed.two_level import TwoLevelStatistics, summarise
from evalkit.stats.resample_two_level import Batch, BatchFit, fit_batch
from evalkit.stats.vectors import BoolArray

CHUNK = 50  # outcomes handled at a time, so that they stay in the processor's cache


@dataclass(frozen=True, slots=True)
class Draws:
    """Estimates of B replicates, in the user's units; NaN where a refit failed.

    Attributes
    ----------
    beta, std_error : ndarray (B, p)
        Standard errors take the variances as known.
    variances : ndarray (B, k)
        Of every random effect, in the order of the model's terms.
    sigma2 : ndarray (B,)
    converged : ndarray (B,) of bool
    """

    beta: FloatArray
    std_error: FloatArray
    variances: FloatArray
    sigma2: FloatArray
    converged: BoolArray


def join_draws(parts: Sequence[Draws]) -> Draws:
    """One `Draws` from blocks, in order."""
    return Draws(
        np.concatenate([part.beta for part in parts]),
        np.concatenate([part.std_error for part in parts]),
        np.concatenate([part.variances for part in parts]),
        np.concatenate([part.sigma2 for part in parts]),
        np.concatenate([part.converged for part in parts]),
    )


@dataclass(frozen=True, slots=True)
class Rows:
    """Working rows in the order of their clusters.

    Attributes
    ----------
    left : ndarray (p, n)
        Columns of X less their cluster means, times the root of the weights.
    outcome_left : ndarray (n,)
        The same of the outcome.
    root : ndarray (n,) or None
        Roots of the weights.
    starts : ndarray (J,)
        First row of each cluster.
    order : ndarray (n,)
        Which of the user's rows is at each place.
    """

    left: FloatArray
    outcome_left: FloatArray
    root: FloatArray | None
    starts: IntArray
    order: IntArray

    def means(self, values: FloatArray, size: FloatArray) -> FloatArray:
        """Cluster means (J, B) of working values (B, n)."""
        weighed = values if self.root is None else values * self.root
        return np.add.reduceat(weighed, self.starts, axis=1).T / size[:, None]


@dataclass(frozen=True, slots=True)
class Plan:
    """A fitted random-intercept model, ready to be refitted many times.

    Attributes
    ----------
    statistics : TwoLevelStatistics
        Of the columns of X, then y, in working coordinates.
    coordinates : Coordinates
    rows : Rows
    beta : ndarray (p,)
        Working coefficients of the fit.
    ratio, sigma2 : float
        lambda and the working residual variance of the fit.
    reml : bool
    each_within : ndarray (J, d, d)
        Crossproducts about the means of every cluster.
    offset : float
        What was taken off the outcome before it was scaled.
    """

    statistics: TwoLevelStatistics
    coordinates: Coordinates
    rows: Rows
    beta: FloatArray
    ratio: float
    sigma2: float
    reml: bool
    each_within: FloatArray
    offset: float


def has_one_intercept(terms: Sequence[RandomTerm]) -> bool:
    """Whether the fast way is open: a single random intercept."""
    return len(terms) == 1 and terms[0].columns is None


def make_plan(
    fit: MixedFit, outcome: FloatArray, columns: FloatArray, term: RandomTerm, weights: FloatArray | None = None
) -> Plan:
    """Prepare a fit for `bootstrap` and `refit_responses`.

    Parameters
    ----------
    fit : MixedFit
        With one random intercept.
    outcome : ndarray (n,)
    columns : ndarray (c, n)
    term : RandomTerm
    weights : ndarray (n,), optional
    """
    working, coordinates = standardise(outcome, columns, weights)
    statistics = summarise(working, term.codes, term.levels, weights)
    order = np.argsort(term.codes, kind="stable").astype(np.intp)
    codes = term.codes[order]
    starts = np.concatenate([[0], np.flatnonzero(np.diff(codes)) + 1]).astype(np.intp)
    root = None if weights is None else np.sqrt(weights[order])
    spread = statistics.mean[codes].T
    left = working[:, order] - (spread if root is None else spread * root)
    d = len(left)
    pairs = (left[:, None] * left[None]).reshape(d * d, -1)
    each = np.add.reduceat(pairs, starts, axis=1).T.reshape(-1, d, d)
    rows = Rows(np.ascontiguousarray(left[:-1]), left[-1].copy(), root, starts, order)
    sigma2 = fit.sigma2 / coordinates.outcome_scale**2
    offset = float(coordinates.shift @ columns[list(coordinates.kept), 0])  # only a constant column has a shift
    ratio = float(fit.sigmas[0][0, 0])
    return Plan(statistics, coordinates, rows, fit.moments.beta, ratio, sigma2, fit.reml, each, offset)


def response_batch(plan: Plan, mean: FloatArray, cross: FloatArray, square: FloatArray) -> Batch:
    """Replicates that differ in their outcomes: cluster means (J, B), W_xy (p, B) and W_yy (B,)."""
    within = np.empty((len(cross) + 1, len(cross) + 1, len(square)))
    p = len(cross)
    within[:p, :p] = plan.statistics.within[:p, :p, None]
    within[:p, p] = within[p, :p] = cross
    within[p, p] = square
    size = plan.statistics.size
    n_rows = np.full(len(square), float(plan.statistics.n_rows))
    fixed_mean = np.ascontiguousarray(plan.statistics.mean[:, :p].T)
    return Batch(size, n_rows, within, tuple(range(p)), fixed_mean, (p,), mean[None], None)


def refit_responses(plan: Plan, responses: FloatArray) -> Draws:
    """Refit the model to other outcomes.

    Parameters
    ----------
    plan : Plan
    responses : ndarray (B, n)
        In the user's units and order of rows; finite.
    """
    order = plan.rows.order
    sort = None if bool((np.diff(order) == 1).all()) else order
    parts: list[tuple[FloatArray, FloatArray, FloatArray]] = []
    for start in range(0, len(responses), CHUNK):
        values = responses[start : start + CHUNK] if sort is None else responses[start : start + CHUNK, sort]
        values = values - plan.offset
        parts.append(_sums(plan, values if plan.rows.root is None else values * plan.rows.root))
    return _refit(plan, parts, plan.coordinates.outcome_scale)


def refit_working(plan: Plan, values: FloatArray) -> Draws:
    """The same for working outcomes (B, n), rows in cluster order."""
    return _refit(plan, [_sums(plan, values[at : at + CHUNK]) for at in range(0, len(values), CHUNK)], 1.0)


def _sums(plan: Plan, values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Cluster means (J, B), W_xy (p, B) and W_yy (B,) of outcomes (B, n)."""
    size = plan.statistics.size
    mean = plan.rows.means(values, size)
    square = np.einsum("bn,bn->b", values, values) - size @ mean**2
    return mean, plan.rows.left @ values.T, np.maximum(square, 0.0)


def _refit(plan: Plan, parts: list[tuple[FloatArray, FloatArray, FloatArray]], scale: float) -> Draws:
    mean = np.concatenate([part[0] for part in parts], axis=1) / scale
    cross = np.concatenate([part[1] for part in parts], axis=1) / scale
    square = np.concatenate([part[2] for part in parts]) / scale**2
    return to_draws(plan, fit_batch(response_batch(plan, mean, cross, square), reml=plan.reml))


def to_draws(plan: Plan, found: BatchFit) -> Draws:
    """Batch fits in the user's units."""
    x = plan.coordinates
    beta = x.outcome_scale * (x.matrix @ found.beta) + x.shift[:, None]
    sigma2 = found.sigma2 * x.outcome_scale**2
    spread = np.einsum("ia,abn,ib->in", x.matrix, found.inverse, x.matrix, optimize=True) * sigma2
    bad = ~found.converged
    beta[:, bad], spread[:, bad] = np.nan, np.nan
    variances = np.where(bad, np.nan, found.ratio * sigma2)
    with np.errstate(invalid="ignore"):
        std_error = np.sqrt(spread)
    return Draws(beta.T, std_error.T, variances[:, None], np.where(bad, np.nan, sigma2), found.converged)
