"""Fit a linear mixed model: choose the engine for its structure, and hand back everything in the user's units."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evalkit.errors import FitError
from evalkit.stats.mixed.coordinates import Coordinates, standardise
from evalkit.stats.mixed.evaluate import evaluate
from evalkit.stats.mixed.layout import Layout, build_layout
from evalkit.stats.mixed.moments import (
    FloatArray,
    Information,
    Moments,
    degrees,
    deviance,
    information,
    residual_variance,
)
from evalkit.stats.mixed.search import find_optimum
from evalkit.stats.mixed.terms import Factor, RandomTerm, gather_factors
from evalkit.stats.mixed.two_level import TwoLevelStatistics, fit_ratio, solve, summarise

SINGULAR = 1e-4  # relative standard deviation of a direction that counts as none (lme4's isSingular)


@dataclass(frozen=True, slots=True)
class Component:
    """Variances and covariances of one random term.

    Attributes
    ----------
    group : str
    names : tuple of str
    covariance : ndarray (q, q)
        In units of the outcome squared per unit of the columns.
    """

    group: str
    names: tuple[str, ...]
    covariance: FloatArray


@dataclass(frozen=True, slots=True)
class Certificate:
    """The proof that the variances are at the optimum.

    Attributes
    ----------
    converged : bool
    steps : int
        Evaluations of the likelihood after the start.
    gain : float
        Deviance that one more Newton step promises.
    slope : float
        Smallest eigenvalue of the deviance's gradient by a relative covariance matrix; 0 or more at an optimum.
    """

    converged: bool
    steps: int
    gain: float
    slope: float


@dataclass(frozen=True, slots=True)
class MixedFit:
    """A fitted linear mixed model, in the user's units.

    Attributes
    ----------
    beta : ndarray (p,)
        Fixed effects of the kept columns.
    covariance : ndarray (p, p)
        Their covariance, the variances taken as known.
    components : tuple of Component
        In the order of the random terms given.
    sigma2 : float
        Residual variance (of a row with weight 1).
    loglik : float
        REML or ML log-likelihood, as lme4 counts it.
    reml : bool
    n_rows : int
    coordinates : Coordinates
        Which columns were kept, and the way back from working coordinates.
    singular : bool
        A variance is 0 or a correlation is at its edge.
    certificate : Certificate
    sigmas : tuple of ndarray
        Relative covariances of the factors in working coordinates.
    moments : Moments
        At the optimum, in working coordinates.
    factors : tuple of Factor
    statistics : TwoLevelStatistics or Layout
        The sufficient statistics, for refits without the data.
    """

    beta: FloatArray
    covariance: FloatArray
    components: tuple[Component, ...]
    sigma2: float
    loglik: float
    reml: bool
    n_rows: int
    coordinates: Coordinates
    singular: bool
    certificate: Certificate
    sigmas: tuple[FloatArray, ...]
    moments: Moments
    factors: tuple[Factor, ...]
    statistics: TwoLevelStatistics | Layout
    log_weights: float

    def information(self) -> Information:
        """Information of the variances and the pieces of Satterthwaite's and Kenward and Roger's formulas.

        The fixed effects in it are in working coordinates times the outcome's scale; `coordinates.matrix` leads back.
        """
        return information(self.moments, reml=self.reml)


def fit_mixed(
    outcome: FloatArray,
    columns: FloatArray,
    terms: Sequence[RandomTerm],
    *,
    weights: FloatArray | None = None,
    reml: bool = True,
) -> MixedFit:
    """Fit y = X beta + sum of random effects + e by REML or ML.

    Parameters
    ----------
    outcome : ndarray (n,)
        Finite.
    columns : ndarray (c, n)
        Columns of X as contiguous rows. Columns that earlier ones explain are dropped.
    terms : sequence of RandomTerm
        At least one.
    weights : ndarray (n,) or None
        Precision weights above 0: the residual variance of row i is sigma^2 / w_i.
    reml : bool
        Restricted maximum likelihood, the default, or maximum likelihood.

    Returns
    -------
    MixedFit

    Raises
    ------
    FitError
        When the outcome is constant or explained exactly, or there are too few rows.

    Notes
    -----
    One random intercept: closed form in lambda from cluster means [1]_. Anything else: the profiled deviance of
    Bates et al. (2015) eq. 34 and 39 with analytic first and second derivatives.

    References
    ----------
    .. [1] Longford (1987). A fast scoring algorithm for maximum likelihood estimation in unbalanced mixed models with
       nested random effects. Biometrika 74(4). doi:10.1093/biomet/74.4.817
    .. [2] Bates, Maechler, Bolker, Walker (2015). Fitting linear mixed-effects models using lme4.
       doi:10.18637/jss.v067.i01
    """
    rows, coordinates = standardise(outcome, columns, weights)
    _check_size(rows, terms)
    if _is_two_level(terms):
        return _fit_two_level(rows, coordinates, terms[0], weights, reml=reml)
    layout = build_layout(rows, gather_factors(terms, weights))
    best = find_optimum(layout, reml=reml)
    certificate = Certificate(best.converged, best.steps, best.gain, best.slope)
    return _assemble(
        best.moments, best.sigmas, layout.factors, terms, coordinates, certificate, layout, weights, reml=reml
    )


def fit_at(
    outcome: FloatArray,
    columns: FloatArray,
    terms: Sequence[RandomTerm],
    covariances: Sequence[FloatArray],
    *,
    weights: FloatArray | None = None,
    reml: bool = True,
) -> MixedFit:
    """The same as `fit_mixed` at given relative covariance matrices (a term's covariance over sigma^2), not searched.

    The general engine is used whatever the structure, so that the closed form can be held against it.
    """
    rows, coordinates = standardise(outcome, columns, weights)
    factors = gather_factors(terms, weights)
    layout = build_layout(rows, factors)
    sigmas: list[FloatArray] = []
    for factor in factors:
        sigma = np.zeros((factor.width, factor.width))
        for term, block, change in zip(factor.terms, factor.blocks, factor.maps, strict=True):
            back = np.linalg.inv(change)
            sigma[np.ix_(block, block)] = back @ covariances[term] @ back.T
        sigmas.append(sigma)
    moments = evaluate(layout, sigmas)
    certificate = Certificate(False, 0, np.inf, -np.inf)
    return _assemble(
        moments, tuple(sigmas), tuple(factors), terms, coordinates, certificate, layout, weights, reml=reml
    )


def _is_two_level(terms: Sequence[RandomTerm]) -> bool:
    return len(terms) == 1 and terms[0].columns is None


def _check_size(rows: FloatArray, terms: Sequence[RandomTerm]) -> None:
    n, p = rows.shape[1], rows.shape[0] - 1
    problems = [
        f"Grouping factor {term.group!r} has {term.levels} level(s) in {n} rows. A random effect needs at least 2 "
        "levels, and rows that share a level; leave the term out or name a coarser group."
        for term in terms
        if term.levels < 2 or term.levels >= n
    ]
    if n <= p:
        problems.append(f"{n} rows cannot estimate {p} coefficients. Leave out predictors or add rows.")
    if problems:
        raise FitError("The model cannot be fitted to these rows.", problems=problems)


def _fit_two_level(
    rows: FloatArray, coordinates: Coordinates, term: RandomTerm, weights: FloatArray | None, *, reml: bool
) -> MixedFit:
    statistics = summarise(rows, term.codes, term.levels, weights)
    best = fit_ratio(statistics, reml=reml)
    gain = best.slope**2 if best.ratio > 0.0 else 0.0
    slope = best.slope if best.ratio == 0.0 else 0.0
    certificate = Certificate(best.converged, best.steps, gain, slope)
    factor = Factor(term.codes, term.levels, (0,), ((0,),), np.ones((1, 0)), (np.eye(1),), np.ones((1, 1, 1)))
    sigma = (np.array([[best.ratio]]),)
    return _assemble(best.moments, sigma, (factor,), [term], coordinates, certificate, statistics, weights, reml=reml)


def _assemble(
    moments: Moments,
    sigmas: tuple[FloatArray, ...],
    factors: tuple[Factor, ...],
    terms: Sequence[RandomTerm],
    coordinates: Coordinates,
    certificate: Certificate,
    statistics: TwoLevelStatistics | Layout,
    weights: FloatArray | None,
    *,
    reml: bool,
) -> MixedFit:
    scale2 = coordinates.outcome_scale**2
    sigma2 = residual_variance(moments, reml=reml) * scale2
    covariances: list[FloatArray] = [np.zeros((0, 0))] * len(terms)
    singular = False
    for factor, sigma in zip(factors, sigmas, strict=True):
        for index, block, change in zip(factor.terms, factor.blocks, factor.maps, strict=True):
            own = sigma[np.ix_(block, block)]
            singular |= (
                bool(np.linalg.eigvalsh(own)[0] < SINGULAR**2) if len(block) > 1 else bool(own[0, 0] < SINGULAR**2)
            )
            covariances[index] = change @ own @ change.T * sigma2
    log_weights = 0.0 if weights is None else float(np.log(weights).sum())
    value = deviance(moments, reml=reml) + degrees(moments, reml=reml) * np.log(scale2) - log_weights
    if reml:
        value -= 2.0 * coordinates.log_det
    return MixedFit(
        beta=coordinates.coefficients(moments.beta),
        covariance=coordinates.covariance(moments.covariance * sigma2),
        components=tuple(Component(t.group, t.names, c) for t, c in zip(terms, covariances, strict=True)),
        sigma2=sigma2,
        loglik=-0.5 * float(value),
        reml=reml,
        n_rows=moments.n_rows,
        coordinates=coordinates,
        singular=singular,
        certificate=certificate,
        sigmas=sigmas,
        moments=moments,
        factors=factors,
        statistics=statistics,
        log_weights=log_weights,
    )


def fit_without_groups(
    outcome: FloatArray, columns: FloatArray, *, weights: FloatArray | None = None, reml: bool = True
) -> float:
    """Log-likelihood (REML or ML) of the model without random effects, on the same scale as `MixedFit.loglik`."""
    rows, coordinates = standardise(outcome, columns, weights)
    _, _, residual, log_det_x = solve(rows @ rows.T)
    n, p = rows.shape[1], rows.shape[0] - 1
    nu = n - (p if reml else 0)
    value = nu * (1.0 + np.log(2.0 * np.pi * residual / nu * coordinates.outcome_scale**2))
    value -= 0.0 if weights is None else float(np.log(weights).sum())
    if reml:
        value += log_det_x - 2.0 * coordinates.log_det
    return -0.5 * float(value)
