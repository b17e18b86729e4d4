"""Fit a factor model by maximum likelihood, hold it against the moments, and say how sure its numbers are."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.linalg import LinAlgError

from evalkit.errors import FitError
from evalkit.stats.factor.gap_correction import gap_hat, gap_weights
from evalkit.stats.factor.goodness import (
    ChiSquare,
    Goodness,
    plain_test,
    robust_goodness,
    scaled_goodness,
    srmr_of,
    standard_goodness,
)
from evalkit.stats.factor.implied import implied_covariance, implied_mean
from evalkit.stats.factor.likelihood import NO_SOLUTION, Likelihood, make_likelihood
from evalkit.stats.factor.models import independence
from evalkit.stats.factor.sample import Sample
from evalkit.stats.factor.sandwich import MOST_ITEMS, meat, saturated_trace, scaled_test
from evalkit.stats.factor.saturated import saturate
from evalkit.stats.factor.search import Bottom
from evalkit.stats.factor.start import start_values
from evalkit.stats.factor.structure import Matrices, Structure
from evalkit.stats.vectors import FloatArray

Estimator = Literal["ML", "MLR", "WLSMV"]
HEYWOOD = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Means (or thresholds) and covariances (or correlations) of one block: the sample's and the model's."""

    mean: FloatArray
    covariance: FloatArray
    implied_mean: FloatArray
    implied_covariance: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class FactorFit:
    """A fitted factor model.

    Attributes
    ----------
    structure : Structure
    estimator : "ML", "MLR" or "WLSMV"
        MLR is ML with standard errors and tests that hold for other than normal answers, and for pupils in schools
        where these are given.
    parameters : array, shape (q,)
    covariance : array, shape (q, q)
        Of the estimates.
    matrices : Matrices
        The estimates in place; for ordinal answers with the diagonal of the errors filled in.
    moments : tuple of Moments
        Per block; with gaps the sample's are those of the saturated model.
    n : tuple of int
        Pupils per block.
    n_incomplete : int
        Pupils with a missing answer, used all the same (ML) or left out (WLSMV).
    n_clusters : int or None
        Schools, where the covariance allows for them.
    test, baseline : ChiSquare
        Of the model, and of the one in which no two items are related.
    scaled_test, scaled_baseline : ChiSquare or None
        For MLR and WLSMV; None where they could not be worked out.
    goodness : tuple of Goodness
        "standard" first.
    srmr : float
    log_likelihood : float
        NaN for WLSMV.
    is_heywood : bool
        An error variance at or below 0, or correlations of the factors that no data can have: the solution is not to be
        trusted.
    """

    structure: Structure
    estimator: Estimator
    parameters: FloatArray
    covariance: FloatArray
    matrices: Matrices
    moments: tuple[Moments, ...]
    n: tuple[int, ...]
    n_incomplete: int
    n_clusters: int | None
    test: ChiSquare
    baseline: ChiSquare
    scaled_test: ChiSquare | None
    scaled_baseline: ChiSquare | None
    goodness: tuple[Goodness, ...]
    srmr: float
    log_likelihood: float
    is_heywood: bool


def fit_normal(structure: Structure, sample: Sample, *, robust: bool = False) -> FactorFit:
    """Fit a factor model to answers taken as continuous.

    Parameters
    ----------
    structure : Structure
        With gaps it must have means.
    sample : Sample
    robust : bool
        MLR: also without schools. With schools in the sample it is always MLR.

    Returns
    -------
    FactorFit

    Raises
    ------
    FitError
        The model has no degrees of freedom to spare, cannot be told from another, or has no solution.

    Notes
    -----
    Minimises sum over pupils of (log|Sigma_i| + (y_i - mu_i)' Sigma_i^-1 (y_i - mu_i)) / 2 over the items each pupil
    answered [1]_. Standard errors: expected information for complete answers, observed with gaps; MLR: observed
    information A, meat B of the pupils' (or schools') scores, A^-1 B A^-1, and the likelihood ratio divided by
    c = (tr B1 A1^-1 - tr B A^-1) / df with A1, B1 of the saturated model [2]_.

    References
    ----------
    .. [1] Arbuckle (1996). Full information estimation in the presence of incomplete data. In Marcoulides & Schumacker.
    .. [2] Yuan & Bentler (2000). Three likelihood-based methods for mean and covariance structure analysis with
       nonnormal missing data. Sociol. Methodol. 30, 165-200, as in Mplus (Asparouhov & Muthen 2005, eq. 24-26).
    """
    likelihood = make_likelihood(structure, sample.answers, sample.covariances)
    df = degrees_of_freedom(structure)
    bottom = _find(likelihood, sample)
    is_robust = robust or sample.clusters is not None
    covariance, trace = _uncertainty(likelihood, sample, bottom.parameters, robust=is_robust)
    null_structure = independence(structure)
    null = make_likelihood(null_structure, sample.answers, sample.covariances)
    null_bottom = null.find(_start(null_structure, sample))
    n, n_blocks = sample.n, structure.n_blocks
    test = plain_test(2 * n * (bottom.value - sample.value), df)
    baseline = plain_test(2 * n * (null_bottom.value - sample.value), degrees_of_freedom(null_structure))
    goodness = [standard_goodness(test, baseline, n=n, n_blocks=n_blocks)]
    scaled, scaled_null = None, None
    is_feasible = sample.is_complete or structure.n_items <= MOST_ITEMS
    if is_robust and df > 0 and is_feasible:
        whole = _saturated_trace(sample, with_means=structure.has_means)
        null_trace = _uncertainty(null, sample, null_bottom.parameters, robust=True)[1]
        scaled = scaled_test(test.plain, df, trace=whole - trace)
        scaled_null = scaled_test(baseline.plain, int(baseline.df), trace=whole - null_trace)
        goodness.append(scaled_goodness(scaled, scaled_null, n=n, n_blocks=n_blocks))
    if df > 0 and is_feasible:
        fits = ((likelihood, bottom.parameters), (null, null_bottom.parameters))
        goodness += _robust_goodness(fits, sample, test, baseline, scaled, scaled_null)
    matrices = structure.at(bottom.parameters)
    moments = _moments(matrices, sample)
    gaps = [one.mean - one.implied_mean for one in moments] if structure.has_means else None
    return FactorFit(
        structure=structure,
        estimator="MLR" if is_robust else "ML",
        parameters=bottom.parameters,
        covariance=covariance,
        matrices=matrices,
        moments=moments,
        n=tuple(one.n for one in sample.answers),
        n_incomplete=sum(int(np.isnan(one.rows).any(axis=1).sum()) for one in sample.answers),
        n_clusters=None if sample.clusters is None else int(np.unique(np.concatenate(sample.clusters)).size),
        test=test,
        baseline=baseline,
        scaled_test=scaled,
        scaled_baseline=scaled_null,
        goodness=tuple(goodness),
        srmr=srmr_of(
            [one.covariance for one in moments],
            [one.implied_covariance for one in moments],
            [one.share for one in sample.answers],
            mean_gaps=gaps,
        ),
        log_likelihood=-n * bottom.value - 0.5 * math.log(2 * math.pi) * _count(sample),
        is_heywood=heywood(matrices),
    )


def degrees_of_freedom(structure: Structure) -> int:
    """Moments less parameters.

    Raises
    ------
    FitError
        There are more parameters than moments.
    """
    p, blocks = structure.n_items, structure.n_blocks
    if structure.item_of.size:
        moments = blocks * (structure.item_of.size + p * (p - 1) // 2)
    else:
        moments = blocks * (p * (p + 1) // 2 + (p if structure.has_means else 0))
    df = moments - len(structure.names)
    if df < 0:
        raise FitError(
            f"The model has {len(structure.names)} free numbers, but the items give only {moments} to fit them to. "
            "A factor on its own needs at least 3 items. Leave out a factor, or give it more items."
        )
    return df


def heywood(matrices: Matrices) -> bool:
    """Whether an error variance is at or below 0, or the factors' covariances could not be anybody's."""
    errors = np.diagonal(matrices.error, axis1=1, axis2=2)
    spread = np.sqrt(np.maximum(np.diagonal(matrices.factor, axis1=1, axis2=2), 0))
    if bool(np.any(errors <= HEYWOOD)) or bool(np.any(spread <= 0)):
        return True
    correlation = matrices.factor / (spread[:, :, np.newaxis] * spread[:, np.newaxis, :])
    return bool(np.linalg.eigvalsh(correlation).min() < -1e-8)


def inverse_information(information: FloatArray) -> FloatArray:
    """Invert an information matrix. Raises FitError where some numbers can be exchanged for others."""
    scale = np.sqrt(np.abs(np.diag(information)))
    if not bool(np.all(scale > 0)):
        raise FitError(NO_SOLUTION)
    unit = information / np.outer(scale, scale)
    if float(np.linalg.eigvalsh(unit)[0]) < 1e-9:
        raise FitError(NO_SOLUTION)
    try:
        return np.linalg.inv(unit) / np.outer(scale, scale)
    except LinAlgError:
        raise FitError(NO_SOLUTION) from None


def _robust_goodness(
    fits: tuple[tuple[Likelihood, FloatArray], tuple[Likelihood, FloatArray]],
    sample: Sample,
    test: ChiSquare,
    baseline: ChiSquare,
    scaled: ChiSquare | None,
    scaled_null: ChiSquare | None,
) -> list[Goodness]:
    """With gaps from the moments completed; without, where there is a scaled test, from its scale."""
    n, n_blocks = sample.n, len(sample.answers)
    if sample.is_complete:
        if scaled is None or scaled_null is None:
            return []
        numbers = (test.plain, test.df, scaled.scale, baseline.plain, baseline.df, scaled_null.scale)
        return [robust_goodness(*numbers, n=n, n_blocks=n_blocks)]
    closed = sample.closed()
    weights = gap_weights(
        sample.answers, closed, sample.means, sample.covariances, sample.clusters, robust=scaled is not None
    )
    least = sum(saturate(one)[2] for one in closed)
    found: list[float] = []
    for (likelihood, parameters), one in zip(fits, (test, baseline), strict=True):
        value = Likelihood(likelihood.structure, closed, likelihood.spreads).slope(parameters)[0]
        found += [2 * n * (value - least), one.df, gap_hat(likelihood, parameters, weights) / one.df]
    return [robust_goodness(*found, n=n, n_blocks=n_blocks)]


def _find(likelihood: Likelihood, sample: Sample) -> Bottom:
    """With gaps, begin from the fit to the saturated moments, which is nearly there."""
    starts = [_start(likelihood.structure, sample, plain=plain) for plain in (False, True)]
    if sample.is_complete:
        return likelihood.find(*starts)
    closed = Likelihood(likelihood.structure, sample.closed(), likelihood.spreads)
    first, last = starts
    try:
        return likelihood.find(closed.find(first).parameters, is_near=True)
    except FitError:
        return likelihood.find(closed.find(last).parameters, is_near=True)


def _start(structure: Structure, sample: Sample, *, plain: bool = False) -> FloatArray:
    return start_values(structure, list(sample.means), list(sample.covariances), [], plain=plain)


def _uncertainty(
    likelihood: Likelihood, sample: Sample, parameters: FloatArray, *, robust: bool
) -> tuple[FloatArray, float]:
    """Covariance of the estimates, and tr(B A^-1) for a scaled test (NaN without)."""
    n = sample.n
    observed = robust or not sample.is_complete
    information = likelihood.curvature(parameters, observed)
    inverse = inverse_information(information)
    if not robust:
        return inverse / n, math.nan
    filling = np.zeros_like(information)
    for block in range(len(sample.answers)):
        codes = None if sample.clusters is None else sample.clusters[block]
        filling += meat(likelihood.scores(parameters, block), codes, size=parameters.size)
    filling /= n
    inner = inverse
    if sample.clusters is not None:
        inner = inverse_information(likelihood.curvature(parameters, True, moments_bend=False))
    return inverse @ filling @ inverse / n, float(np.sum(filling * inner.T))


def _saturated_trace(sample: Sample, *, with_means: bool) -> float:
    clusters = sample.clusters or [None] * len(sample.answers)
    return sum(
        saturated_trace(answers, mean, covariance, codes, with_means=with_means)
        for answers, mean, covariance, codes in zip(
            sample.answers, sample.means, sample.covariances, clusters, strict=True
        )
    )


def _moments(matrices: Matrices, sample: Sample) -> tuple[Moments, ...]:
    return tuple(
        Moments(mean, covariance, implied_mean(matrices, block), implied_covariance(matrices, block))
        for block, (mean, covariance) in enumerate(zip(sample.means, sample.covariances, strict=True))
    )


def _count(sample: Sample) -> int:
    return sum(int(np.count_nonzero(~np.isnan(one.rows))) for one in sample.answers)
