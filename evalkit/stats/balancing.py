"""Weights that make two groups alike: inverse probability, overlap, entropy balancing. Never precision weights."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from evalkit.errors import FitError
from evalkit.stats.linear import check_rows, independent_columns
from evalkit.stats.propensity import check_groups
from evalkit.stats.vectors import BoolArray, FloatArray

Target = Literal["att", "ate", "ato"]
MOST_STEPS = 200


def propensity_weights(scores: ArrayLike, treated: ArrayLike, *, estimand: Target = "att") -> FloatArray:
    """Weight units by the inverse of how likely they were to be where they are.

    Parameters
    ----------
    scores : array, shape (n,)
        Probability of the programme, between 0 and 1.
    treated : array, shape (n,)
    estimand : {"att", "ate", "ato"}

    Returns
    -------
    ndarray, shape (n,)
        As the formula gives them: with att 1 for each programme unit.

    Raises
    ------
    FitError
        A probability of 0 or 1, where nobody of the other group can be found.

    Notes
    -----
    h(e)/e with the programme, h(e)/(1 - e) without; h = e (att), 1 (ate), e(1 - e) (ato, overlap weights: Li, Morgan
    and Zaslavsky 2018 [1]_; with a logit they balance the means of its covariates exactly).

    References
    ----------
    .. [1] Li, Morgan and Zaslavsky (2018). Balancing covariates via propensity score weighting. JASA 113, 390-400.
       doi:10.1080/01621459.2016.1260466

    Examples
    --------
    >>> propensity_weights([0.5, 0.2, 0.5, 0.8], [1, 1, 0, 0], estimand="att").round(3).tolist()
    [1.0, 1.0, 1.0, 4.0]
    """
    chosen = check_groups(treated, length=len(np.asarray(treated)))
    e = check_rows("propensity", scores, length=len(chosen))
    if ((e <= 0) | (e >= 1)).any():
        raise FitError("A probability of 0 or 1 has no counterpart in the other group: leave those units out.")
    target = {"att": e, "ate": np.ones(len(e)), "ato": e * (1 - e)}[estimand]
    return np.where(chosen, target / e, target / (1 - e))


def entropy_weights(
    covariates: ArrayLike, treated: ArrayLike, *, estimand: Literal["att", "ate"] = "att"
) -> FloatArray:
    """Weights nearest to equal ones that make the groups' means exactly alike.

    Parameters
    ----------
    covariates : array, shape (n, k)
        Whose means are balanced; add squares for variances.
    treated : array, shape (n,)
    estimand : {"att", "ate"}
        att: comparison units get the programme's means; ate: both get everybody's.

    Returns
    -------
    ndarray, shape (n,)
        Each group's weights add up to its units.

    Raises
    ------
    FitError
        No weights can do it: the means wanted lie outside what the group can be weighted to.

    Notes
    -----
    w_i = exp(z_i'l) / sum exp(z'l), l the minimum of the convex dual log sum exp((x_i - m)'l) [1]_, by Newton's steps.

    References
    ----------
    .. [1] Hainmueller (2012). Entropy balancing for causal effects. Political Analysis 20(1), 25-46.
       doi:10.1093/pan/mpr025

    Examples
    --------
    >>> entropy_weights([[1.0], [3], [0], [1], [4]], [1, 1, 0, 0, 0]).round(3).tolist()
    [1.0, 1.0, 0.816, 0.912, 1.272]
    """
    x = np.asarray(covariates, dtype=np.float64)
    x = x[:, None] if x.ndim == 1 else x
    chosen = check_groups(treated, length=len(x))
    scale = x.std(axis=0)
    z = (x - x.mean(axis=0)) / np.where(scale > 0, scale, 1.0)
    weights = np.ones(len(x))
    if estimand == "att":
        weights[~chosen] = _tilted(z[~chosen], z[chosen].mean(axis=0), "comparison")
    else:
        everybody = z.mean(axis=0)
        weights[chosen] = _tilted(z[chosen], everybody, "programme")
        weights[~chosen] = _tilted(z[~chosen], everybody, "comparison")
    return _to_sizes(weights, chosen)


def _tilted(z: FloatArray, target: FloatArray, group: str) -> FloatArray:
    kept = independent_columns(np.column_stack([np.ones(len(z)), z]))
    columns = kept[kept > 0] - 1
    gaps = z - target
    spare = [k for k in range(z.shape[1]) if k not in set(columns.tolist())]
    x = gaps[:, columns]
    point = np.zeros(len(columns))
    value = float(logsumexp(x @ point))
    for _ in range(MOST_STEPS):
        w = np.exp(x @ point - logsumexp(x @ point))
        gradient = w @ x
        if np.abs(gradient).max(initial=0.0) < 1e-13:
            break
        hessian = (x * w[:, None]).T @ x - np.outer(gradient, gradient)
        step = -np.linalg.lstsq(hessian, gradient, rcond=1e-14)[0]
        factor = 1.0
        while factor > 1e-8 and float(logsumexp(x @ (point + factor * step))) > value:
            factor /= 2
        if factor <= 1e-8:
            break
        point = point + factor * step
        value = float(logsumexp(x @ point))
    w = np.exp(x @ point - logsumexp(x @ point))
    # A column that the group's others determine is balanced with them, or cannot be.
    left = np.abs(np.concatenate([w @ x, w @ gaps[:, spare]])).max(initial=0.0)
    if left > 1e-8 or not np.isfinite(w).all():
        raise FitError(
            f"No weights make the {group} group like the target: nobody there is like it. Use fewer covariates, or "
            "find other comparison units."
        )
    return w


def effective_size(weights: ArrayLike) -> float:
    """Units of equal weight that would be as precise: (sum w)^2 / sum w^2 (Kish 1965)."""
    w = np.asarray(weights, dtype=np.float64)
    return float(w.sum() ** 2 / (w**2).sum()) if w.any() else 0.0


def _to_sizes(weights: FloatArray, chosen: BoolArray) -> FloatArray:
    scaled = weights.astype(np.float64).copy()
    for group in (chosen, ~chosen):
        scaled[group] *= group.sum() / scaled[group].sum()
    return scaled
