"""Draws from the posterior of a random-intercept model: exact for a number, data augmentation for yes or no."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from evalkit.errors import FitError
from evalkit.stats.mixed.two_level import TwoLevelStatistics, summarise
from evalkit.stats.vectors import FloatArray, IntArray

# Shares of variance between schools at which the posterior is first looked at, dense near both ends.
COARSE = np.concatenate([[0.0], np.logspace(-4.0, -0.5, 15), 1.0 - np.logspace(-0.25, -5.0, 14)])
FINE = 33
# A density e^-16 of the highest is left out.
NEGLIGIBLE = 16.0


@dataclass(frozen=True, slots=True)
class ModelDraw:
    """One draw of all parameters of y = X b + u_j + e.

    Attributes
    ----------
    beta : ndarray (p,)
    centre : ndarray (p,)
        Mean of the draw's distribution given the variances.
    effects : ndarray (J,)
        School effects, for schools without an observed value too.
    sigma : float
        Residual standard deviation.
    ratio : float
        Variance of the school effects over sigma squared.
    """

    beta: FloatArray
    centre: FloatArray
    effects: FloatArray
    sigma: float
    ratio: float


def draw_model(
    columns: FloatArray,
    outcome: FloatArray,
    *,
    codes: IntArray,
    n_clusters: int,
    rng: np.random.Generator,
    precision: FloatArray | None = None,
) -> ModelDraw:
    """Draw coefficients, variances and school effects given observed rows.

    Parameters
    ----------
    columns : ndarray (p, n)
        Independent columns of X as rows.
    outcome : ndarray (n,)
    codes : ndarray (n,)
        Cluster of each row, 0 to n_clusters - 1; clusters may lack rows.
    n_clusters : int
    rng : numpy Generator
    precision : ndarray (p,), optional
        Prior precision of each coefficient, in units of 1 / sigma^2; flat when not given.

    Returns
    -------
    ModelDraw

    Raises
    ------
    FitError
        With fewer rows than columns, or an outcome without residual spread.

    Notes
    -----
    Prior: intraclass correlation uniform on 0 to 1, p(b, sigma^2) proportional to 1 / sigma^2 (times the normal prior
    of b where `precision` is given). With lambda = tau^2 / sigma^2, A(lambda) the weighted crossproducts and r their
    residual, p(lambda | y) is p(lambda) prod_j (1 + n_j lambda)^(-1/2) |A_xx|^(-1/2) r^(-df/2) up to a constant, with
    df = n - p, or n where the prior of b is proper. It is tabulated, drawn from by inversion, and the rest is
    conjugate: sigma^2 = r / chi^2_df, b normal, u normal. No Markov chain is needed.
    """
    present, rows_of = np.unique(codes, return_inverse=True)
    p, n = int(columns.shape[0]), int(columns.shape[1])
    df = n - (p if precision is None else 0)
    if df < 1:
        raise FitError(f"{n} observed values cannot inform {p} columns of an imputation model: use fewer predictors.")
    statistics = summarise(np.vstack([columns, outcome]), rows_of, len(present))
    extra = np.zeros((p + 1, p + 1))
    if precision is not None:
        extra[np.arange(p), np.arange(p)] = precision
    table = _Table(statistics, statistics.within + extra, df)
    ratio = _draw_ratio(table, rng)
    lower: FloatArray = table.triangles(np.array([ratio]))[0]
    inner = np.asarray(np.linalg.inv(lower[:p, :p]), dtype=np.float64)
    sigma = float(lower[p, p]) / float(rng.chisquare(df)) ** 0.5
    centre = lower[p, :p] @ inner
    beta = centre + sigma * (rng.standard_normal(p) @ inner)
    effects = _draw_effects(statistics, present, beta, sigma, ratio, n_clusters, rng)
    return ModelDraw(beta, centre, effects, sigma, ratio)


def draw_latent(linear: FloatArray, outcome: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Draw z ~ N(linear, 1) given that z > 0 where `outcome` is 1 and z < 0 where it is 0."""
    sign = 2.0 * outcome - 1.0
    floor = np.finfo(float).tiny
    return linear - sign * ndtri(np.maximum(rng.random(linear.size) * ndtr(sign * linear), floor))


@dataclass(frozen=True, slots=True)
class _Table:
    statistics: TwoLevelStatistics
    within: FloatArray
    df: int

    def triangles(self, ratios: FloatArray) -> FloatArray:
        """Cholesky factors (g, p + 1, p + 1) of the weighted crossproducts at each ratio."""
        size, mean = self.statistics.size, self.statistics.mean
        d = mean.shape[1]
        weights = size / (1.0 + ratios[:, None] * size)
        total = self.within + np.matmul(mean.T[None] * weights[:, None, :], mean).reshape(-1, d, d)
        try:
            return np.asarray(np.linalg.cholesky(total), dtype=np.float64)
        except np.linalg.LinAlgError:
            raise FitError(
                "An imputation model explains an incomplete variable exactly: leave out the predictor that repeats it."
            ) from None

    def log_density(self, shares: FloatArray) -> FloatArray:
        """Log posterior density of the intraclass correlation, up to a constant."""
        ratios = shares / (1.0 - shares)
        pivots = np.log(np.einsum("gii->gi", self.triangles(ratios)))
        spread = np.log1p(ratios[:, None] * self.statistics.size).sum(axis=1)
        return -0.5 * spread - pivots[:, :-1].sum(axis=1) - self.df * pivots[:, -1]


def _draw_ratio(table: _Table, rng: np.random.Generator) -> float:
    shares = COARSE
    for size in (FINE, FINE, 2 * FINE):
        values = table.log_density(shares)
        seen = np.flatnonzero(values > values.max() - NEGLIGIBLE)
        low, high = shares[max(seen[0] - 1, 0)], shares[min(seen[-1] + 1, len(shares) - 1)]
        shares = np.linspace(low, high, size)
    values = table.log_density(shares)
    density = np.exp(values - values.max())
    step = shares[1] - shares[0]
    area = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2.0)])
    target = float(rng.random()) * float(area[-1])
    cell = min(int(np.searchsorted(area, target, side="right")) - 1, len(shares) - 2)
    left, slope, rest = density[cell], density[cell + 1] - density[cell], target - area[cell]
    # Inside a cell the density is a straight line: solve left s + slope s^2 / 2 = rest.
    inside = 2.0 * rest / (left + max(left**2 + 2.0 * slope * rest, 0.0) ** 0.5) if rest > 0 else 0.0
    share = float(shares[cell]) + float(step) * min(float(inside), 1.0)
    return share / (1.0 - share)


def _draw_effects(
    statistics: TwoLevelStatistics,
    present: IntArray,
    beta: FloatArray,
    sigma: float,
    ratio: float,
    n_clusters: int,
    rng: np.random.Generator,
) -> FloatArray:
    noise = rng.standard_normal(n_clusters)
    effects = sigma * np.sqrt(ratio) * noise
    size, mean = statistics.size, statistics.mean
    shrunk = ratio / (1.0 + size * ratio)
    left = mean[:, -1] - mean[:, :-1] @ beta
    effects[present] = shrunk * size * left + sigma * np.sqrt(shrunk) * noise[present]
    return effects
