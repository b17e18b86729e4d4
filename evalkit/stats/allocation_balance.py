"""How alike the arms are before anything happens: standardised differences, and criteria made of them."""

from typing import Literal

import numpy as np

from evalkit.errors import DesignError
from evalkit.stats.vectors import FloatArray, IntArray

BalanceCriterion = Literal["max_smd", "mahalanobis"]


def standardised_differences(covariates: FloatArray, arms: IntArray, *, n_arms: int) -> FloatArray:
    """Standardise the differences of the arms' means from those of the last arm.

    Parameters
    ----------
    covariates : float array (n, c) - one row per unit; 0 and 1 for a category
    arms : int array (n,), 0 to n_arms - 1
    n_arms : int

    Returns
    -------
    array (c, n_arms)
        (mean of the arm - mean of the last arm) / pooled SD; 0 for the last arm itself and where all units of every arm
        are the same; NaN where the spread is 0 but the means differ, or no arm has two units.

    Notes
    -----
    Pooled SD = sqrt(sum_a (n_a - 1) s_a^2 / sum_a (n_a - 1)), over all arms. There is no test: the allocation is
    random, so every difference is due to chance; its size is what matters.

    Examples
    --------
    >>> values = np.array([[1.0], [3.0], [2.0], [4.0]])
    >>> standardised_differences(values, np.array([0, 0, 1, 1]), n_arms=2).round(3).tolist()
    [[-0.707, 0.0]]
    """
    means = _means(covariates, arms, n_arms)
    free = arms.size - np.unique(arms).size
    within = covariates - means[:, arms].T
    variance = np.einsum("nc,nc->c", within, within) / free if free > 0 else np.full(covariates.shape[1], np.nan)
    gaps = means - means[:, -1:]
    # Rounding errors of a constant column must not look like a spread.
    scale = np.abs(covariates).max(axis=0, initial=0.0)
    still = np.abs(gaps) <= 1e-12 * scale[:, None]
    sd = np.sqrt(np.where(variance <= (1e-12 * scale) ** 2, np.nan, variance))
    return np.where(still, 0.0, gaps / sd[:, None])


def imbalance(covariates: FloatArray, arms: IntArray, *, criterion: BalanceCriterion, n_arms: int) -> float:
    """One number for the imbalance of all covariates; 0 is perfect balance.

    Parameters
    ----------
    covariates : float array (n, c)
    arms : int array (n,), 0 to n_arms - 1
    criterion : `max_smd`, the largest absolute standardised difference of any covariate between any two arms;
        `mahalanobis`, the largest squared Mahalanobis distance between the means of any two arms
    n_arms : int

    Returns
    -------
    float, >= 0

    Raises
    ------
    DesignError
        When `mahalanobis` is asked and a covariate is constant or follows from the others, or `max_smd` has no spread.

    Notes
    -----
    mahalanobis: M = (n_a n_b / (n_a + n_b)) (x_a - x_b)' S^-1 (x_a - x_b), S the covariance of all units [1]_. With two
    arms and complete randomisation M is about chi-square with c degrees of freedom, so that a quantile of it is the
    share of draws taken.

    References
    ----------
    .. [1] Morgan & Rubin (2012). Ann. Stat. 40, 1263-1282, eq. 2. doi:10.1214/12-AOS1008
    """
    if criterion == "max_smd":
        value = float(np.ptp(standardised_differences(covariates, arms, n_arms=n_arms), axis=1).max(initial=0.0))
        if not np.isfinite(value):
            raise DesignError(
                "A column to balance has no spread within arms, or every arm has a single unit; no difference can be "
                "standardised. Leave the column out, or recruit more."
            )
        return value
    inverse = inverse_covariance(covariates)
    means, sizes = _means(covariates, arms, n_arms), np.bincount(arms, minlength=n_arms)
    found = 0.0
    for one in range(n_arms):
        for other in range(one + 1, n_arms):
            gap = means[:, one] - means[:, other]
            both = sizes[one] * sizes[other] / (sizes[one] + sizes[other])
            found = max(found, float(both * (gap @ inverse @ gap)))
    return found


def inverse_covariance(covariates: FloatArray) -> FloatArray:
    """The inverse of the covariance (c, c) of all units.

    Raises
    ------
    DesignError
        When a column is constant or follows from the others.
    """
    n, c = covariates.shape
    centred = covariates - covariates.mean(axis=0)
    spread = np.sqrt(np.einsum("nc,nc->c", centred, centred) / max(n - 1, 1))
    scale = np.abs(covariates).max(axis=0, initial=0.0)
    flat = spread <= 1e-12 * scale
    if not flat.any():
        scaled = centred / spread
        correlation = scaled.T @ scaled / (n - 1)
        if np.linalg.matrix_rank(correlation, tol=1e-8 * c, hermitian=True) == c:
            inverse: FloatArray = np.asarray(np.linalg.inv(correlation), dtype=np.float64)  # pyright: ignore[reportUnknownArgumentType]
            return inverse / (spread[:, None] * spread[None, :])
    raise DesignError(
        "The distance between units cannot be worked out: a column is the same for all units or follows from the "
        f"others, or there are too few units ({n}) for {c} columns. Leave a column out."
    )


def _means(covariates: FloatArray, arms: IntArray, n_arms: int) -> FloatArray:
    """Means (c, n_arms)."""
    member = (arms[:, None] == np.arange(n_arms)).astype(np.float64)
    return (covariates.T @ member) / np.maximum(member.sum(axis=0), 1.0)
