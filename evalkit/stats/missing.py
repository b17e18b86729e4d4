"""What is missing together, what foretells it, and a baseline with gaps in a randomised comparison."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincc

from evalkit.errors import FitError
from evalkit.stats.glm import LogitFit, fit_logit
from evalkit.stats.linear import check_clusters
from evalkit.stats.vectors import FloatArray

IndicatorFill = Literal["mean", "zero"]


@dataclass(frozen=True, slots=True)
class MissingPattern:
    """Pupils who lack the same variables.

    Attributes
    ----------
    missing : tuple of str
        Names of what they lack; empty for complete pupils.
    count : int
    share : float
    by_group : tuple of int
        Counts in each group, in the order of `MissingTable.groups`.
    """

    missing: tuple[str, ...]
    count: int
    share: float
    by_group: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MissingTable:
    """Which variables are missing together.

    Attributes
    ----------
    names, groups : tuple of str
    patterns : tuple of MissingPattern
        Complete pupils first, then the most frequent; every pupil is in exactly one.
    share_missing : tuple of float
        Of each variable.
    share_incomplete : float
        Pupils who lack anything.
    """

    names: tuple[str, ...]
    groups: tuple[str, ...]
    patterns: tuple[MissingPattern, ...]
    share_missing: tuple[float, ...]
    share_incomplete: float


@dataclass(frozen=True, slots=True)
class DropoutModel:
    """What foretells that a pupil's outcome is missing.

    Attributes
    ----------
    fit : LogitFit
        Log odds of being missing, with a school effect.
    statistic, df, p_value : float
        Wald chi-squared test that nothing but the constant matters.
    predictors_found : tuple of str
        Columns whose own p-value is below `alpha`: candidates for the imputation model.
    alpha : float
    """

    fit: LogitFit
    statistic: float
    df: int
    p_value: float
    predictors_found: tuple[str, ...]
    alpha: float


@dataclass(frozen=True, slots=True)
class IndicatorAdjustment:
    """A covariate with its gaps filled by a constant, and the column that says where.

    Attributes
    ----------
    filled, indicator : ndarray (n,)
        Both go into the model. `indicator` is 1 in a gap.
    fill_value : float
    n_missing : int
    """

    filled: FloatArray
    indicator: FloatArray
    fill_value: float
    n_missing: int


def missing_table(values: npt.ArrayLike, *, names: Sequence[str], groups: npt.ArrayLike | None = None) -> MissingTable:
    """Count the patterns of missing values.

    Parameters
    ----------
    values : array, shape (n, v)
        NaN where missing.
    names : sequence of str, v of them
    groups : array, shape (n,), optional
        For example the arm.

    Returns
    -------
    MissingTable
        Counts of pupils: to be disclosure-controlled before it is shown.

    Examples
    --------
    >>> found = missing_table([[1, 2], [np.nan, 2], [np.nan, np.nan]], names=["pre", "post"])
    >>> [(pattern.missing, pattern.count) for pattern in found.patterns]
    [((), 1), (('pre',), 1), (('pre', 'post'), 1)]
    """
    gaps = np.isnan(np.asarray(values, dtype=np.float64))
    if gaps.ndim != 2 or gaps.shape[1] != len(names) or not len(gaps):
        raise FitError(f"The values have shape {gaps.shape} for {len(names)} names: give a column for each name.")
    labels, codes = np.array(["all"]), np.zeros(len(gaps), dtype=np.intp)
    if groups is not None:
        labels, codes = check_clusters(groups, length=len(gaps))
    found, which = np.unique(gaps, axis=0, return_inverse=True)
    which = which.reshape(-1)
    patterns = [
        MissingPattern(
            missing=tuple(name for name, gap in zip(names, pattern, strict=True) if gap),
            count=int((which == k).sum()),
            share=float((which == k).mean()),
            by_group=tuple(int(c) for c in np.bincount(codes[which == k], minlength=len(labels))),
        )
        for k, pattern in enumerate(found)
    ]
    patterns.sort(key=lambda one: (bool(one.missing), -one.count, len(one.missing), one.missing))
    return MissingTable(
        names=tuple(names),
        groups=tuple(str(label) for label in labels.tolist()),
        patterns=tuple(patterns),
        share_missing=tuple(float(share) for share in gaps.mean(axis=0)),
        share_incomplete=float(gaps.any(axis=1).mean()),
    )


def fit_dropout(
    design: npt.ArrayLike,
    missing: npt.ArrayLike,
    *,
    clusters: npt.ArrayLike,
    names: Sequence[str],
    alpha: float = 0.05,
) -> DropoutModel:
    """Model who is missing, with a school effect.

    Parameters
    ----------
    design : array, shape (n, p)
        What is known of everybody, the constant first.
    missing : array, shape (n,)
        1 where the outcome is missing, else 0.
    clusters : array, shape (n,)
    names : sequence of str, p of them
    alpha : float

    Returns
    -------
    DropoutModel

    Raises
    ------
    FitError
        As `fit_logit`; also when the design has no column beside the constant.
    """
    fit = fit_logit(design, missing, clusters=clusters, names=names)
    rest = np.arange(1, len(fit.names))
    if not len(rest):
        raise FitError("A drop-out model needs at least one column beside the constant.")
    b, v = fit.coefficients[rest], fit.covariance[np.ix_(rest, rest)]
    statistic = float(b @ np.linalg.solve(v, b))
    return DropoutModel(
        fit=fit,
        statistic=statistic,
        df=len(rest),
        p_value=float(gammaincc(len(rest) / 2, statistic / 2)),
        predictors_found=tuple(fit.names[k] for k in rest if fit.p_values[k] < alpha),
        alpha=alpha,
    )


def missing_indicator(values: npt.ArrayLike, *, fill: IndicatorFill = "mean") -> IndicatorAdjustment:
    """Keep pupils without a baseline in a randomised comparison: a constant in the gap and a column that says so.

    Parameters
    ----------
    values : array, shape (n,)
        A baseline covariate, NaN in the gaps. Never an outcome.
    fill : {"mean", "zero"}
        The effect of assignment does not depend on it.

    Returns
    -------
    IndicatorAdjustment

    Raises
    ------
    FitError
        When nothing is missing (leave the indicator out) or everything is.

    Notes
    -----
    Valid where assignment was random, because it then has nothing to do with who lacks a baseline [1]_; not in a
    matched or other observational comparison.

    References
    ----------
    .. [1] White & Thompson (2005). Adjusting for partially missing baseline measurements in randomized trials.
       Stat. Med. 24, 993-1007. doi:10.1002/sim.1981
    """
    given = np.asarray(values, dtype=np.float64)
    if fill not in get_args(IndicatorFill):
        raise FitError(f"fill is {fill!r}: use one of {', '.join(get_args(IndicatorFill))}.")
    gap = np.isnan(given)
    if given.ndim != 1 or not gap.any() or gap.all():
        raise FitError(
            f"{int(gap.sum())} of {given.size} values are missing: an indicator needs some, not none or all."
        )
    value = float(given[~gap].mean()) if fill == "mean" else 0.0
    return IndicatorAdjustment(np.where(gap, value, given), gap.astype(np.float64), value, int(gap.sum()))
