"""Bootstrap replicates of a random-intercept model, drawn as sufficient statistics wherever that is possible."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from evalkit.errors import FitError
from evalkit.stats.mixed.moments import FloatArray, IntArray
from evalkit.stats.resample_plan import Draws, Plan, refit_working, response_batch, to_draws
from evalkit.stats.resample_two_level import Batch, fit_batch

Kind = Literal["parametric", "cluster", "residual"]


@dataclass(frozen=True, slots=True)
class BootstrapPlan:
    """A kind of bootstrap of one fit.

    Attributes
    ----------
    plan : Plan
    kind : {"parametric", "cluster", "residual"}
    strata : ndarray (J,) of int
        Clusters are drawn within these (the arms); used by "cluster".
    """

    plan: Plan
    kind: Kind
    strata: IntArray


def bootstrap_block(chosen: BootstrapPlan, seed: np.random.SeedSequence, draws: int) -> Draws:
    """Draw and refit one block of replicates.

    Parameters
    ----------
    chosen : BootstrapPlan
    seed : SeedSequence
        The block's own: equal seeds give equal bytes on one machine.
    draws : int

    Returns
    -------
    Draws

    Raises
    ------
    FitError
        When the residual bootstrap meets precision weights.

    Notes
    -----
    Parametric: y* = X b + u + e with new normal u and e, never formed: m_y ~ N(m_x b, s_u^2 + s_e^2/n),
    W_xy = W_xx b + g, g ~ N(0, s_e^2 W_xx), W_yy = b'W_xx b + 2 b'g + g'W_xx^- g + s_e^2 chi2(N - J - rank W_xx).
    Cluster: whole clusters with replacement within each stratum, each draw a cluster of its own [1]_. Residual:
    predicted effects and residuals, centred and stretched to the fitted variances, drawn with replacement [2]_.

    References
    ----------
    .. [1] Field, Welsh (2007). Bootstrapping clustered data. JRSS B 69(3). doi:10.1111/j.1467-9868.2007.00593.x
    .. [2] Carpenter, Goldstein, Rasbash (2003). A novel bootstrap procedure for assessing the relationship between
       class size and achievement. JRSS C 52(4). doi:10.1111/1467-9876.00415
    """
    rng = np.random.default_rng(seed)
    if chosen.kind == "parametric":
        return _parametric(chosen.plan, rng, draws)
    if chosen.kind == "cluster":
        return _clusters(chosen.plan, chosen.strata, rng, draws)
    return _residual(chosen.plan, rng, draws)


def _parametric(plan: Plan, rng: np.random.Generator, draws: int) -> Draws:
    statistics = plan.statistics
    size, p = statistics.size, len(plan.beta)
    deviation = np.sqrt(plan.sigma2 * (plan.ratio + 1.0 / size))
    mean = (statistics.mean[:, :p] @ plan.beta)[:, None] + deviation[:, None] * rng.standard_normal((size.size, draws))
    within = statistics.within[:p, :p]
    root = _root(within, statistics.n_rows)
    z = rng.standard_normal((root.shape[1], draws)) * np.sqrt(plan.sigma2)
    left = statistics.n_rows - size.size - root.shape[1]
    rest = plan.sigma2 * rng.chisquare(left, draws) if left > 0 else np.zeros(draws)
    g = root @ z
    cross = (within @ plan.beta)[:, None] + g
    square = plan.beta @ within @ plan.beta + 2.0 * plan.beta @ g + (z * z).sum(axis=0) + rest
    return to_draws(plan, fit_batch(response_batch(plan, mean, cross, square), reml=plan.reml))


def _root(matrix: FloatArray, n_rows: int) -> FloatArray:
    """R (p, rank) with R R' = matrix; directions that only rounding gives length are left out."""
    values, vectors = np.linalg.eigh(matrix)
    keep = values > 1e-12 * max(float(values[-1]), float(n_rows) * 1e-3)
    return vectors[:, keep] * np.sqrt(values[keep])


def draw_counts(strata: IntArray, rng: np.random.Generator, draws: int) -> FloatArray:
    """How often each cluster is drawn (J, B), with replacement within its stratum."""
    counts = np.empty((len(strata), draws))
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        counts[members] = rng.multinomial(members.size, np.full(members.size, 1.0 / members.size), size=draws).T
    return counts


def counted_batch(plan: Plan, counts: FloatArray) -> Batch:
    """Replicates in which cluster j is there counts[j, b] times, each time as a new cluster."""
    d = plan.each_within.shape[1]
    rows = np.bincount(np.repeat(np.arange(len(plan.rows.starts)), np.diff([*plan.rows.starts, len(plan.rows.order)])))
    within = (plan.each_within.reshape(len(rows), -1).T @ counts).reshape(d, d, -1)
    fixed_mean = np.ascontiguousarray(plan.statistics.mean.T)
    nothing = np.empty((0, len(rows), counts.shape[1]))
    return Batch(plan.statistics.size, rows @ counts, within, tuple(range(d)), fixed_mean, (), nothing, counts)


def _clusters(plan: Plan, strata: IntArray, rng: np.random.Generator, draws: int) -> Draws:
    counts = draw_counts(strata, rng, draws)
    return to_draws(plan, fit_batch(counted_batch(plan, counts), reml=plan.reml))


def _residual(plan: Plan, rng: np.random.Generator, draws: int) -> Draws:
    if plan.rows.root is not None:
        raise FitError(
            "The residual bootstrap needs residuals of one variance, and this fit has precision weights. "
            "Use kind='parametric' or kind='cluster'."
        )
    effects, residuals = stretched_residuals(plan)
    n, clusters = plan.statistics.n_rows, len(effects)
    sizes = np.diff([*plan.rows.starts, n])
    fixed = plan.rows.left.T @ plan.beta + np.repeat(plan.statistics.mean[:, :-1] @ plan.beta, sizes)
    values = residuals[rng.integers(0, n, (draws, n))]
    values += np.repeat(effects[rng.integers(0, clusters, (draws, clusters))], sizes, axis=1)
    values += fixed
    return refit_working(plan, values)


def stretched_residuals(plan: Plan) -> tuple[FloatArray, FloatArray]:
    """Cluster effects (J,) and residuals (n,) in working units with mean 0 and exactly the fitted variances."""
    size, mean = plan.statistics.size, plan.statistics.mean
    gap = mean[:, -1] - mean[:, :-1] @ plan.beta
    effects = plan.ratio * size / (1.0 + size * plan.ratio) * gap
    inside = plan.rows.outcome_left - plan.rows.left.T @ plan.beta
    residuals = inside + np.repeat(gap - effects, np.diff([*plan.rows.starts, plan.statistics.n_rows]))
    return _stretch(effects, plan.ratio * plan.sigma2), _stretch(residuals, plan.sigma2)


def _stretch(values: FloatArray, variance: float) -> FloatArray:
    centred = values - values.mean()
    length = float(np.sqrt((centred**2).mean()))
    return centred * (np.sqrt(variance) / length) if length > 0.0 else centred
