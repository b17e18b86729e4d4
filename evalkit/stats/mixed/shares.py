"""How the variance divides over the levels of a multilevel model."""

from collections.abc import Sequence

import numpy as np

from evalkit.stats.mixed.fit import MixedFit
from evalkit.stats.mixed.moments import FloatArray
from evalkit.stats.mixed.terms import RandomTerm, positions


def variance_by_level(fit: MixedFit, terms: Sequence[RandomTerm], weights: FloatArray | None) -> FloatArray:
    """Mean variance that each grouping factor adds to an outcome, in order of appearance; the residual's last.

    Notes
    -----
    A term with slopes adds the mean over rows of z' Sigma z (Johnson 2014, eq. 10). With precision weights the residual
    variance is that of weights scaled to a mean of 1, sigma^2 / mean(w).
    """
    names = list(dict.fromkeys(term.group for term in terms))
    found = np.zeros(len(names) + 1)
    for term, component in zip(terms, fit.components, strict=True):
        rows = term.rows()
        found[names.index(term.group)] += float(np.sum(component.covariance * (rows @ rows.T))) / float(rows.shape[1])
    found[-1] = fit.sigma2 if weights is None else fit.sigma2 / float(weights.mean())
    return found


def log_share_error(fit: MixedFit, terms: Sequence[RandomTerm], weights: FloatArray | None, level: int) -> float:
    """Standard error of logit(share) of one level, by the delta method from the observed information.

    Not a number where the share is 0. Terms with a variance of 0 count as absent.
    """
    info = fit.information()
    slopes, levels = _level_slopes(fit, terms, weights)
    own = float(levels[level])
    rest = float(levels.sum()) - own
    if own <= 0.0:
        return np.nan
    present = _present(fit)
    observed = info.observed[np.ix_(present, present)]
    if np.linalg.eigvalsh(observed)[0] <= 0.0:
        return np.nan
    gradient = (slopes[level] / own - (slopes.sum(axis=0) - slopes[level]) / rest)[present]
    spread = np.asarray(np.linalg.inv(observed), dtype=np.float64)
    return float(np.sqrt(gradient @ spread @ gradient))


def _present(fit: MixedFit) -> list[int]:
    """Places of the variance parameters of terms that are not 0 throughout, sigma^2 last."""
    found: list[int] = []
    at = 0
    for factor, sigma in zip(fit.factors, fit.sigmas, strict=True):
        for block in factor.blocks:
            size = len(block) * (len(block) + 1) // 2
            if float(np.abs(sigma[np.ix_(block, block)]).max()) > 0.0:
                found += range(at, at + size)
            at += size
    return [*found, at]


def _level_slopes(
    fit: MixedFit, terms: Sequence[RandomTerm], weights: FloatArray | None
) -> tuple[FloatArray, FloatArray]:
    """Derivative (levels + 1, k + 1) of each level's variance by the working variance parameters, and the variances.

    Everything is in working outcome units (the scale cancels in a share).
    """
    names = list(dict.fromkeys(term.group for term in terms))
    count = sum(len(factor.basis) for factor in fit.factors) + 1
    slopes = np.zeros((len(names) + 1, count))
    at = 0
    for factor in fit.factors:
        crossproduct = np.zeros((factor.width, factor.width))
        for index, block, change in zip(factor.terms, factor.blocks, factor.maps, strict=True):
            rows = change.T @ terms[index].rows()
            crossproduct[np.ix_(block, block)] = rows @ rows.T / rows.shape[1]
        for row, column in positions(factor.blocks):
            weight = 1.0 if row == column else 2.0
            slopes[names.index(terms[factor.terms[0]].group), at] = weight * crossproduct[row, column]
            at += 1
    slopes[-1, -1] = 1.0 if weights is None else 1.0 / float(weights.mean())
    levels = slopes @ fit.information().variances
    return slopes, levels
