"""Standardise an effect of a multilevel model: by which variances, and how well those are known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evalkit.stats.effect_size import hedges_correction
from evalkit.stats.mixed.fit import MixedFit
from evalkit.stats.mixed.moments import FloatArray
from evalkit.stats.mixed.terms import RandomTerm, positions


@dataclass(frozen=True, slots=True)
class Yardstick:
    """The standard deviations of one model, with their degrees of freedom.

    Attributes
    ----------
    total, within : float
        Standard deviation of an outcome given its arm, and of its residual alone, in the unit of the outcome.
    total_df, within_df : float
        2 S^4 / Var(S^2): the degrees of freedom of a chi-square with the same relative spread.
    icc : float
        Share of the total variance that is not the residual's.
    """

    total: float
    within: float
    total_df: float
    within_df: float
    icc: float


@dataclass(frozen=True, slots=True)
class Interval:
    """An effect in the unit of the outcome, with the limits that its test gives.

    Attributes
    ----------
    estimate, low, high, std_error : float
    p_value : float
    """

    estimate: float
    low: float
    high: float
    std_error: float
    p_value: float


@dataclass(frozen=True, slots=True)
class ClusterEffect:
    """One standardised effect.

    Attributes
    ----------
    value, low, high : float
        In standard deviations, small-sample factor included.
    sd : float
        The standard deviation divided by.
    df : float
        Its degrees of freedom; NaN where the variant has no use for them.
    correction : float
        The factor already in `value`.
    interval : str
        How the limits were made.
    """

    value: float
    low: float
    high: float
    sd: float
    df: float
    correction: float
    interval: str


def measure_yardstick(fit: MixedFit, terms: Sequence[RandomTerm], weights: FloatArray | None = None) -> Yardstick:
    """Total and within-cluster standard deviation of a fitted model, each with its degrees of freedom.

    Parameters
    ----------
    fit : MixedFit
        For the headline effect size: of the model with the arms and nothing else.
    terms : sequence of RandomTerm
        The terms it was fitted with.
    weights : ndarray (n,), optional
        Precision weights it was fitted with; the variances are those of weights scaled to a mean of 1.

    Returns
    -------
    Yardstick

    Notes
    -----
    S^2 = sum_i l_i phi_i with l the mean over rows of what each variance adds to an outcome (1 for an intercept, the
    mean of z_a z_b for slopes), so a treatment effect that varies between sites counts by the share of rows treated.
    Var(S^2) = l' I^-1 l with I the expected REML information of phi; df = 2 S^4 / Var(S^2) [1]_ eq. 9. Balanced
    clusters give S^2 = MSB/n + (1 - 1/n) MSW and Var(S^2) = 2 MSB^2/(n^2 (J - 2)) + 2 (1 - 1/n)^2 MSW^2/(N - J).

    References
    ----------
    .. [1] Pustejovsky, Hedges, Shadish (2014). Design-comparable effect sizes in multiple baseline designs. Journal of
       Educational and Behavioral Statistics 39(5). doi:10.3102/1076998614547577
    """
    information = fit.information()
    slopes = _slopes(fit, terms, weights)
    spread = _inverse(information.expected)
    scale2 = fit.coordinates.outcome_scale**2
    total2 = float(slopes @ information.variances)
    within2 = float(slopes[-1] * information.variances[-1])
    return Yardstick(
        total=float(np.sqrt(total2 * scale2)),
        within=float(np.sqrt(within2 * scale2)),
        total_df=2.0 * total2**2 / float(slopes @ spread @ slopes),
        within_df=2.0 * within2**2 / float(slopes[-1] ** 2 * spread[-1, -1]),
        icc=1.0 - within2 / total2,
    )


def _slopes(fit: MixedFit, terms: Sequence[RandomTerm], weights: FloatArray | None) -> FloatArray:
    """Derivative (k + 1,) of the mean total variance by every working variance parameter."""
    found: list[float] = []
    for factor in fit.factors:
        width = sum(len(block) for block in factor.blocks)
        mean = np.zeros((width, width))
        for index, block, change in zip(factor.terms, factor.blocks, factor.maps, strict=True):
            rows = change.T @ terms[index].rows()
            mean[np.ix_(block, block)] = rows @ rows.T / rows.shape[1]
        found += [(1.0 if a == b else 2.0) * float(mean[a, b]) for a, b in positions(factor.blocks)]
    return np.array([*found, 1.0 if weights is None else 1.0 / float(weights.mean())])


def _inverse(matrix: FloatArray) -> FloatArray:
    """Inverse of an information matrix, brought to a unit diagonal first."""
    size = np.sqrt(np.diag(matrix))
    return np.linalg.pinv(matrix / np.outer(size, size), rcond=1e-12, hermitian=True) / np.outer(size, size)


def standardised_effect(effect: Interval, *, sd: float, df: float, interval: str) -> ClusterEffect:
    """Divide an effect and its limits by one standard deviation, corrected for small samples.

    Parameters
    ----------
    effect : Interval
        Treated minus control, in the unit of the outcome.
    sd : float
    df : float
        Degrees of freedom of the variance sd^2.
    interval : str
        Name of the limits' method.

    Returns
    -------
    ClusterEffect
        Estimate and limits are all multiplied by J / sd, so the interval leaves out 0 exactly when p is below
        1 - level.

    Raises
    ------
    FitError
        With fewer than 2 degrees of freedom.

    Notes
    -----
    g = J(df) b / S, J as in `hedges_correction`. No further factor: REML variances are not biased as the pooled
    standard deviation of Hedges (2007) is, so his factor would correct twice.

    Examples
    --------
    >>> effect = standardised_effect(Interval(2.0, 0.5, 3.5, 0.7, 0.01), sd=5.0, df=40.0, interval="kenward-roger")
    >>> round(effect.value, 4), round(effect.low, 4), round(effect.high, 4)
    (0.3924, 0.0981, 0.6868)
    """
    correction = hedges_correction(df)
    factor = correction / sd
    return ClusterEffect(
        factor * effect.estimate, factor * effect.low, factor * effect.high, sd, df, correction, interval
    )
