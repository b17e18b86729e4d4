"""Wild cluster bootstrap test of one coefficient: flip clusters' residuals, every pattern of signs if few enough."""

from dataclasses import dataclass

import numpy as np

from evalkit.errors import FitError
from evalkit.stats.mixed.moments import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class WildPlan:
    """The test of one coefficient, reduced to clusters.

    Attributes
    ----------
    pull : ndarray (J,)
        q_j = l' M X_j' e_j with restricted residuals e.
    spread : ndarray (J, p)
        l' M X_j' X_j M.
    scores : ndarray (p, J)
        X_j' e_j.
    """

    pull: FloatArray
    spread: FloatArray
    scores: FloatArray


def make_wild_plan(
    design: FloatArray, outcome: FloatArray, codes: IntArray, *, place: int, weights: FloatArray | None = None
) -> WildPlan:
    """Reduce (weighted) least squares with one coefficient held at 0 to sums per cluster.

    Parameters
    ----------
    design : ndarray (n, p)
        Full rank.
    outcome : ndarray (n,)
    codes : ndarray (n,)
        Cluster of each row, 0 to J - 1.
    place : int
        Column of the coefficient tested.
    weights : ndarray (n,), optional

    Raises
    ------
    FitError
        When the other columns determine this one.
    """
    root = np.ones(len(outcome)) if weights is None else np.sqrt(weights)
    x, y = design * root[:, None], outcome * root
    length = np.linalg.norm(x, axis=0)
    x = x / np.where(length > 0.0, length, 1.0)
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise FitError("Some columns are combinations of others, so the coefficient cannot be tested. Leave them out.")
    others = np.delete(x, place, axis=1)
    residual = y - others @ np.linalg.lstsq(others, y, rcond=None)[0]
    inverse = np.linalg.inv(x.T @ x)
    clusters = int(codes.max()) + 1
    scores = np.zeros((clusters, x.shape[1]))
    np.add.at(scores, codes, x * residual[:, None])
    influence = x @ inverse[:, place]
    crossed = np.zeros((clusters, x.shape[1]))
    np.add.at(crossed, codes, influence[:, None] * x)
    return WildPlan(scores @ inverse[:, place], crossed @ inverse, scores.T)


def wild_statistics(plan: WildPlan, signs: IntArray) -> FloatArray:
    """Cluster-robust t statistics (B,) of patterns of signs (J, B).

    Notes
    -----
    Restricted wild cluster bootstrap with Rademacher weights [1]_: y* = fitted under H0 + s_j e_j. Then
    b* = sum_j s_j q_j, and cluster j's score in the refit is s_j q_j - l'M X_j'X_j M sum_k s_k X_k'e_k; t = b* over the
    root of their sum of squares (CR0; a constant factor does not matter). All +1 gives the observed statistic.

    References
    ----------
    .. [1] Cameron, Gelbach, Miller (2008). Bootstrap-based improvements for inference with clustered errors. REStat
       90(3). doi:10.1162/rest.90.3.414
    """
    estimate = plan.pull @ signs
    refitted = signs * plan.pull[:, None] - plan.spread @ (plan.scores @ signs)
    error = np.sqrt((refitted**2).sum(axis=0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(error > 1e-12 * np.abs(plan.pull).sum(), estimate / error, np.nan)
