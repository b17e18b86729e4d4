"""Many random-intercept fits at once: replicates that share most of their sufficient statistics, refitted together.

Every sum of a fit is one of B columns of a matrix product, and Newton's method runs on all B ratios of variances.
"""

from dataclasses import dataclass

import numpy as np

from evalkit.stats.mixed.moments import FloatArray
from evalkit.stats.mixed.two_level import GRID
from evalkit.stats.vectors import BoolArray

COARSE = GRID[::3]  # 0 and a point per factor of 10; Newton's method is kept between neighbours
MAX_STEPS = 60
DEPENDENT = 1e-9  # share of a column's squared length that others must leave it


@dataclass(frozen=True, slots=True)
class Batch:
    """Sufficient statistics of B replicates of one design, d = p + 1 columns each, the outcome last.

    Attributes
    ----------
    size : ndarray (J,) or (J, B)
        Rows (or summed weights) of each cluster; by replicate where they differ, 0 where a cluster is not in one.
    n_rows : ndarray (B,)
        N of each replicate.
    within : ndarray (d, d, B) or (d, d, 1)
        Crossproducts about the cluster means.
    fixed : tuple of int
        Columns with the same cluster means in every replicate.
    fixed_mean : ndarray (s, J)
    moving : tuple of int
        The other columns.
    moving_mean : ndarray (v, J, B)
    count : ndarray (J, B) or None
        How often each cluster is in a replicate, each time as a cluster of its own; None: once.
    """

    size: FloatArray
    n_rows: FloatArray
    within: FloatArray
    fixed: tuple[int, ...]
    fixed_mean: FloatArray
    moving: tuple[int, ...]
    moving_mean: FloatArray
    count: FloatArray | None

    @property
    def draws(self) -> int:
        """B."""
        return len(self.n_rows)

    @property
    def sizes(self) -> FloatArray:
        """Sizes (J, B) or (J, 1)."""
        return self.size if self.size.ndim == 2 else self.size[:, None]

    def at(self, places: np.ndarray) -> "Batch":
        """Some of the replicates."""
        return Batch(
            self.size if self.size.ndim == 1 else self.size[:, places],
            self.n_rows[places],
            self.within if self.within.shape[2] == 1 else self.within[:, :, places],
            self.fixed,
            self.fixed_mean,
            self.moving,
            self.moving_mean[:, :, places],
            None if self.count is None else self.count[:, places],
        )


@dataclass(frozen=True, slots=True)
class BatchFit:
    """REML (or ML) fits of B replicates, in the batch's own coordinates.

    Attributes
    ----------
    beta : ndarray (p, B)
    inverse : ndarray (p, p, B)
        (X' Omega^-1 X)^-1: covariance of beta over sigma^2.
    ratio : ndarray (B,)
        lambda = sigma_u^2 / sigma^2, exactly 0 at the boundary.
    sigma2 : ndarray (B,)
    converged : ndarray (B,) of bool
        False too where a replicate's columns are linearly dependent.
    """

    beta: FloatArray
    inverse: FloatArray
    ratio: FloatArray
    sigma2: FloatArray
    converged: BoolArray


@dataclass(slots=True)
class _State:
    """The deviance's derivatives by lambda at one ratio per replicate, and the estimates there."""

    slope: FloatArray
    curve: FloatArray
    beta: FloatArray
    inverse: FloatArray
    residual: FloatArray


def fit_batch(batch: Batch, *, reml: bool = True) -> BatchFit:
    """Refit all replicates of a batch.

    Parameters
    ----------
    batch : Batch
    reml : bool

    Returns
    -------
    BatchFit
        Equal to single fits of the replicates to about 1e-9.

    Notes
    -----
    A(lambda) = W + sum_j c_j a_j m_j m_j', a = n/(1 + n lambda); -2 REML = sum c log(1 + n lambda) + log|A_xx|
    + nu log r, r the Schur complement of A_yy. The three weighted sums that its first and second derivatives need are
    (pairs x J)(J x 3B) products. Each replicate starts at its best point of a grid that includes 0 and takes Newton
    steps in log lambda, kept between the neighbouring points. lambda = 0 where the deviance rises from there.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return _fit(batch, reml=reml)


def _fit(batch: Batch, *, reml: bool) -> BatchFit:
    grid = COARSE / batch.size.mean()
    value, usable = _grid_deviance(batch, grid, reml=reml)
    best = np.argmin(np.where(np.isfinite(value), value, np.inf), axis=0)
    ratio = np.zeros(batch.draws)
    converged = usable.copy()
    final = _evaluate(batch, ratio, reml=reml) if (best == 0).all() else None
    low_start = np.flatnonzero(best == 0)
    rising = np.ones(len(low_start), dtype=bool)
    if low_start.size:
        at_zero = final or _evaluate(batch.at(low_start), np.zeros(len(low_start)), reml=reml)
        rising = at_zero.slope >= 0.0
    best[low_start[~rising]] = 1
    inner = np.flatnonzero((best > 0) & usable)
    if inner.size:
        logs = np.log(np.maximum(grid, grid[1] * np.exp(-25.0)))
        upper = np.append(logs[1:], logs[-1] + 12.0)
        place = best[inner]
        ratio[inner], converged[inner] = _newton(batch.at(inner), logs[place], logs[place - 1], upper[place], reml=reml)
        final = None
    final = final or _evaluate(batch, ratio, reml=reml)
    nu = batch.n_rows - (len(final.beta) if reml else 0)
    sigma2 = final.residual / nu
    converged &= np.isfinite(sigma2) & (sigma2 > 0.0) & np.isfinite(final.beta).all(axis=0)
    return BatchFit(final.beta, final.inverse, ratio, sigma2, converged)


def _newton(
    batch: Batch, point: FloatArray, low: FloatArray, high: FloatArray, *, reml: bool
) -> tuple[FloatArray, BoolArray]:
    """Newton steps in log lambda, halving a replicate's interval where a step leaves it; those done drop out."""
    found, done = np.exp(point), np.zeros(len(point), dtype=bool)
    active = np.arange(len(point))
    for _ in range(MAX_STEPS):
        ratio = np.exp(point)
        state = _evaluate(batch, ratio, reml=reml)
        slope = ratio * state.slope
        curve = ratio**2 * state.curve + slope
        high, low = np.where(slope > 0.0, point, high), np.where(slope > 0.0, low, point)
        convex = curve > 0.0
        move = np.where(convex, -slope / np.where(convex, curve, 1.0), 0.0)
        target = point + move
        inside = convex & (low <= target) & (target <= high)
        point = np.where(inside, target, (low + high) / 2.0)
        arrived = (inside & (np.abs(move) < 1e-6)) | (high - low < 1e-12)  # quadratic: the step's error is its square
        found[active] = np.exp(point)
        done[active] = arrived
        if arrived.all():
            break
        if np.count_nonzero(arrived) >= 0.3 * arrived.size:
            left = np.flatnonzero(~arrived)
            batch, active = batch.at(left), active[left]
            point, low, high = point[left], low[left], high[left]
    return found, done


def _evaluate(batch: Batch, ratio: FloatArray, *, reml: bool) -> _State:
    """Estimates and derivatives at one lambda per replicate (B,)."""
    draws = batch.draws
    precision = batch.sizes / (1.0 + batch.sizes * ratio)
    powers = np.empty((len(batch.size), 3, draws))
    powers[:, 0] = precision if batch.count is None else precision * batch.count
    np.multiply(powers[:, 0], precision, out=powers[:, 1])
    np.multiply(powers[:, 1], precision, out=powers[:, 2])
    sums = weighted_sums(batch, powers)
    total, second, third = sums[:, :, 0] + batch.within, sums[:, :, 1], sums[:, :, 2]
    p = len(total) - 1
    _sweep(total, p)
    inverse, beta, residual = -total[:p, :p], total[:p, p], total[p, p]
    b = np.concatenate([-beta, np.ones((1, draws))])
    cross = (second * b).sum(axis=1)
    error = (cross * b).sum(axis=0)
    error2 = ((third * b).sum(axis=1) * b).sum(axis=0)
    h = cross[:p]
    hidden = ((inverse * h).sum(axis=1) * h).sum(axis=0)
    nu = batch.n_rows - (p if reml else 0)
    pull = nu / residual
    slope = powers[:, 0].sum(axis=0) - pull * error
    curve = -(powers[:, 1]).sum(axis=0) + 2.0 * pull * (error2 - hidden) - pull / residual * error**2
    if reml:
        slope -= (inverse * second[:p, :p]).sum(axis=(0, 1))
        turned = np.einsum("abn,bcn->acn", inverse, second[:p, :p])
        curve += 2.0 * (inverse * third[:p, :p]).sum(axis=(0, 1)) - np.einsum("abn,ban->n", turned, turned)
    return _State(slope, curve, beta, inverse, residual)


def weighted_sums(batch: Batch, weights: FloatArray) -> FloatArray:
    """sum_j w_j m_j m_j' for weights (J, k, B): an array (d, d, k, B)."""
    clusters, k, draws = weights.shape
    d = len(batch.fixed) + len(batch.moving)
    flat = weights.reshape(clusters, k * draws)
    found = np.empty((d, d, k, draws))
    s = len(batch.fixed)
    rows, columns = np.tril_indices(s)
    pairs = (batch.fixed_mean[rows] * batch.fixed_mean[columns]) @ flat
    for pair, row, column in zip(pairs.reshape(-1, k, draws), rows, columns, strict=True):
        a, b = batch.fixed[row], batch.fixed[column]
        found[a, b] = found[b, a] = pair
    for i, a in enumerate(batch.moving):
        own = weights * batch.moving_mean[i][:, None]
        with_fixed = batch.fixed_mean @ own.reshape(clusters, -1)
        for row, b in zip(with_fixed.reshape(-1, k, draws), batch.fixed, strict=True):
            found[a, b] = found[b, a] = row
        for j, b in enumerate(batch.moving[: i + 1]):
            found[a, b] = found[b, a] = np.einsum("jkn,jn->kn", own, batch.moving_mean[j])
    return found


def _sweep(matrix: FloatArray, p: int) -> None:
    """Sweep the first p columns of every (d, d) matrix of an array (d, d, B) in place: -A_xx^-1, beta, residual."""
    for k in range(p):
        pivot = matrix[k, k].copy()
        column = matrix[:, k].copy()
        row = column / pivot
        matrix -= column[:, None] * row
        matrix[k] = row
        matrix[:, k] = row
        matrix[k, k] = -1.0 / pivot


def _grid_deviance(batch: Batch, grid: FloatArray, *, reml: bool) -> tuple[FloatArray, BoolArray]:
    """Deviance (g, B) at shared ratios, up to a constant, and which replicates have independent columns."""
    if batch.size.ndim == 2:
        wide = 1.0 + batch.size[:, None] * grid[:, None]  # (J, g, B)
        return _pivots(batch, np.log(wide).sum(axis=0), weighted_sums(batch, batch.size[:, None] / wide), reml=reml)
    spread = 1.0 + batch.size[:, None] * grid  # (J, g)
    weights = batch.size[:, None] / spread
    if batch.count is None:
        logs = np.log(spread).sum(axis=0)[:, None]
        total = _shared_sums(batch, weights)
    else:
        logs = np.log(spread).T @ batch.count
        total = weighted_sums(batch, weights[:, :, None] * batch.count[:, None])
    return _pivots(batch, logs, total, reml=reml)


def _pivots(batch: Batch, logs: FloatArray, total: FloatArray, *, reml: bool) -> tuple[FloatArray, BoolArray]:
    """Deviance and usable replicates from sums of log(1 + n lambda) (g, B or 1) and between sums (d, d, g, B)."""
    total += batch.within[:, :, None]
    p = len(total) - 1
    nu = batch.n_rows - (p if reml else 0)
    usable = np.ones(batch.draws, dtype=bool)
    value = np.broadcast_to(logs, total.shape[2:]).copy()
    length = np.einsum("aagn->agn", total).copy()
    for k in range(p):
        pivot = total[k, k]
        usable &= (pivot > DEPENDENT * length[k]).all(axis=0)
        if reml:
            value += np.log(pivot)
        rest = total[k + 1 :, k]
        total[k + 1 :, k + 1 :] -= rest[:, None] * (rest / pivot)
    usable &= (total[p, p] > 1e-14 * length[p]).all(axis=0)
    return value + nu * np.log(total[p, p]), usable


def _shared_sums(batch: Batch, weights: FloatArray) -> FloatArray:
    """The same as `weighted_sums` for weights (J, g) that all replicates share: an array (d, d, g, B)."""
    clusters, points = weights.shape
    d = len(batch.fixed) + len(batch.moving)
    found = np.empty((d, d, points, batch.draws))
    rows, columns = np.tril_indices(len(batch.fixed))
    pairs = (batch.fixed_mean[rows] * batch.fixed_mean[columns]) @ weights
    for pair, row, column in zip(pairs, rows, columns, strict=True):
        a, b = batch.fixed[row], batch.fixed[column]
        found[a, b] = found[b, a] = pair[:, None]
    scaled = (batch.fixed_mean[:, :, None] * weights).transpose(0, 2, 1).reshape(-1, clusters)  # (s g, J)
    for i, a in enumerate(batch.moving):
        with_fixed = (scaled @ batch.moving_mean[i]).reshape(-1, points, batch.draws)
        for row, b in zip(with_fixed, batch.fixed, strict=True):
            found[a, b] = found[b, a] = row
        for j, b in enumerate(batch.moving[: i + 1]):
            found[a, b] = found[b, a] = weights.T @ (batch.moving_mean[i] * batch.moving_mean[j])
    return found
