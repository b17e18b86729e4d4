"""One random intercept: a closed-form likelihood from cluster sizes, cluster means and one crossproduct within."""

from dataclasses import dataclass

import numpy as np

from evalkit.errors import FitError
from evalkit.stats.mixed.moments import FloatArray, IntArray, Moments, deviance, gradient, hessian

GRID = np.concatenate([[0.0], np.logspace(-3.0, 7.0, 31)])  # ratio of variances times the mean cluster size
MAX_STEPS = 60
LARGE = 2_000_000  # numbers in a table of crossproducts by cluster, above which it is not made


@dataclass(frozen=True, slots=True)
class TwoLevelStatistics:
    """All that a random-intercept likelihood knows of the data, in working coordinates.

    Attributes
    ----------
    size : ndarray (J,)
        n_j: rows in each cluster, or their weights' sum.
    mean : ndarray (J, p + 1)
        m_j: cluster means of the columns of X, then of y (weighted where weights are given).
    within : ndarray (p + 1, p + 1)
        W = sum over clusters of the crossproducts about the cluster means.
    n_rows : int
        N.
    """

    size: FloatArray
    mean: FloatArray
    within: FloatArray
    n_rows: int


@dataclass(frozen=True, slots=True)
class RatioFit:
    """Where the deviance of a random-intercept model is smallest.

    Attributes
    ----------
    ratio : float
        lambda = sigma_u^2 / sigma_e^2.
    moments : Moments
        At that ratio.
    slope : float
        Derivative of the deviance by log lambda (by lambda at 0): 0 at an inner optimum, not below 0 at the boundary.
    steps : int
    converged : bool
    """

    ratio: float
    moments: Moments
    slope: float
    steps: int
    converged: bool


def summarise(
    rows: FloatArray, codes: IntArray, n_clusters: int, weights: FloatArray | None = None
) -> TwoLevelStatistics:
    """Reduce working rows to cluster sizes, means and one crossproduct (two passes: no cancellation).

    Parameters
    ----------
    rows : ndarray (p + 1, n)
        Columns of X, then y, from `standardise` (already times sqrt(weights)).
    codes : ndarray (n,)
        Cluster of each row, 0 to n_clusters - 1, every cluster present.
    n_clusters : int
    weights : ndarray (n,) or None

    Returns
    -------
    TwoLevelStatistics
    """
    root = None if weights is None else np.sqrt(weights)
    size = np.bincount(codes, weights, n_clusters).astype(float)
    starts = np.concatenate([[0], np.flatnonzero(codes[1:] != codes[:-1]) + 1])
    if starts.size > 2 * n_clusters:  # rows of a cluster are not together: bring them there
        order = np.argsort(codes, kind="stable")
        codes, rows = codes[order], rows[:, order]
        root = None if root is None else root[order]
        starts = np.concatenate([[0], np.flatnonzero(codes[1:] != codes[:-1]) + 1])
    runs = codes[starts]
    sums = np.add.reduceat(rows if root is None else rows * root, starts, axis=1)
    mean = np.stack([np.bincount(runs, row, n_clusters) for row in sums]) / size
    spread = np.repeat(mean[:, runs], np.diff(np.append(starts, codes.size)), axis=1)
    left = rows - (spread if root is None else spread * root)
    return TwoLevelStatistics(size=size, mean=mean.T.copy(), within=left @ left.T, n_rows=codes.size)


def moments_at(statistics: TwoLevelStatistics, ratio: float) -> Moments:
    """Moments at lambda = `ratio`, from A(lambda) = W + sum_j a_j m_j m_j', a = n / (1 + n lambda)."""
    size, mean = statistics.size, statistics.mean
    p = mean.shape[1] - 1
    precision = size / (1.0 + size * ratio)
    powers = precision ** np.array([[1.0], [2.0], [3.0]])
    first, second, third = (mean.T * powers[:, None, :]) @ mean
    total = statistics.within + first
    beta, covariance, residual, log_det_x = solve(total)
    b = np.append(-beta, 1.0)
    error, error2 = float(b @ second @ b), float(b @ third @ b)
    sums = powers[:2].sum(axis=1)
    return Moments(
        n_rows=statistics.n_rows,
        n_coefficients=p,
        relative=np.array([ratio]),
        log_det=float(np.log1p(size * ratio).sum()),
        log_det_x=log_det_x,
        beta=beta,
        covariance=covariance,
        residual=residual,
        trace=sums[:1],
        trace2=sums[1:, None],
        first=second[None, :p, :p],
        second=third[None, None, :p, :p],
        error=np.array([error]),
        error2=np.array([[error2]]),
        cross=(second[:p] @ b)[None],
    )


def solve(total: FloatArray) -> tuple[FloatArray, FloatArray, float, float]:
    """Least squares from crossproducts (p + 1, p + 1), y last: beta, (X'X)^-1, residual sum of squares, log|X'X|."""
    p = total.shape[0] - 1
    factor = triangle_of(total)
    lower = factor[:p, :p]
    inverse = np.linalg.inv(lower)
    beta = factor[p, :p] @ inverse
    return beta, inverse.T @ inverse, float(factor[p, p] ** 2), 2.0 * float(np.log(np.diag(lower)).sum())


def triangle_of(total: FloatArray) -> FloatArray:
    """Cholesky factor of crossproducts (.., p + 1, p + 1), y last."""
    try:
        return np.asarray(np.linalg.cholesky(total), dtype=np.float64)
    except np.linalg.LinAlgError:
        raise FitError(
            "The model explains every outcome exactly, so no variance is left to estimate. "
            "Check that the outcome is not also among the predictors."
        ) from None


def fit_ratio(statistics: TwoLevelStatistics, *, reml: bool) -> RatioFit:
    """Find lambda by a grid that includes 0, then a safeguarded Newton method in log lambda.

    Parameters
    ----------
    statistics : TwoLevelStatistics
    reml : bool

    Returns
    -------
    RatioFit
        `ratio` is exactly 0 when the deviance rises from there and is nowhere smaller.

    Raises
    ------
    FitError
        When the outcome does not vary within clusters.
    """
    grid = GRID / (statistics.size.sum() / statistics.size.size)
    values = grid_deviance(statistics, grid, reml=reml)
    best = int(np.argmin(values))
    if best == 0:
        at_zero = moments_at(statistics, 0.0)
        slope = float(gradient(at_zero, reml=reml)[0])
        if slope >= 0.0:
            return RatioFit(0.0, at_zero, slope, 0, True)
        best = 1
    if best == grid.size - 1:
        raise FitError(
            "The outcome does not vary within the groups once the predictors are accounted for, so there is no "
            "variance between pupils of a group to estimate. Analyse one row per group, or use an outcome measured "
            "for each pupil."
        )
    low = float(np.log(grid[best - 1])) if best > 1 else float(np.log(grid[1])) - 25.0
    high = float(np.log(grid[best + 1]))
    return _newton(statistics, float(np.log(grid[best])), low, high, reml=reml)


def _newton(statistics: TwoLevelStatistics, point: float, low: float, high: float, *, reml: bool) -> RatioFit:
    """Newton steps in u = log lambda between `low` and `high`, halving the interval where a step leaves it."""
    moments, slope = moments_at(statistics, float(np.exp(point))), 0.0
    for step in range(1, MAX_STEPS + 1):
        ratio = float(np.exp(point))
        moments = moments_at(statistics, ratio)
        slope = ratio * float(gradient(moments, reml=reml)[0])
        curve = ratio**2 * float(hessian(moments, reml=reml)[0, 0]) + slope
        if slope > 0.0:
            high = point
        else:
            low = point
        move = -slope / curve if curve > 0.0 else 0.0
        if curve > 0.0 and abs(move) < 1e-11:
            return RatioFit(ratio, moments, slope, step, True)
        target = point + move
        point = target if curve > 0.0 and low < target < high else (low + high) / 2.0
        if high - low < 1e-12:
            break
    return RatioFit(float(np.exp(point)), moments, slope, MAX_STEPS, abs(slope) < 1e-6)


def grid_deviance(statistics: TwoLevelStatistics, grid: FloatArray, *, reml: bool) -> FloatArray:
    """Profiled deviance (up to the same constant) at every lambda of `grid` (g,), in one batch of crossproducts."""
    size, mean = statistics.size, statistics.mean
    d = mean.shape[1]
    nu = statistics.n_rows - (d - 1 if reml else 0)
    spread = 1.0 + grid[:, None] * size
    precision = size / spread
    if size.size * d * d <= LARGE:
        outer = (mean[:, :, None] * mean[:, None, :]).reshape(size.size, d * d)
        total = statistics.within + (precision @ outer).reshape(-1, d, d)
    else:
        total = statistics.within + np.stack([(mean.T * weights) @ mean for weights in precision])
    pivots = 2.0 * np.log(np.einsum("gii->gi", triangle_of(total)))
    value = np.log(spread).sum(axis=1) + nu * pivots[:, -1]
    return value + pivots[:, :-1].sum(axis=1) if reml else value


def profile_value(statistics: TwoLevelStatistics, ratio: float, *, reml: bool) -> float:
    """Profiled deviance at one lambda."""
    return deviance(moments_at(statistics, ratio), reml=reml)
