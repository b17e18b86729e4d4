"""Bootstrap of any mixed model by honest refits: new data are made and the model is fitted again."""

from dataclasses import dataclass

import numpy as np

from evalkit.errors import FitError
from evalkit.stats.mixed.effects import random_effects
from evalkit.stats.mixed.fit import MixedFit, fit_mixed
from evalkit.stats.mixed.layout import is_nested
from evalkit.stats.mixed.moments import FloatArray, IntArray
from evalkit.stats.mixed.outer import root_of
from evalkit.stats.mixed.terms import RandomTerm
from evalkit.stats.resample_bootstrap import Kind
from evalkit.stats.resample_plan import Draws, join_draws


@dataclass(frozen=True, slots=True)
class RefitPlan:
    """A fit and how to make new data for it.

    Attributes
    ----------
    fit : MixedFit
    outcome : ndarray (n,)
    columns : ndarray (c, n)
    terms : tuple of RandomTerm
        The widest grouping factor last.
    weights : ndarray (n,) or None
    kind : {"parametric", "cluster", "residual"}
    strata : ndarray (L,)
        Stratum of every level of the widest factor; used by "cluster".
    """

    fit: MixedFit
    outcome: FloatArray
    columns: FloatArray
    terms: tuple[RandomTerm, ...]
    weights: FloatArray | None
    kind: Kind
    strata: IntArray


def check_refit_plan(plan: RefitPlan) -> None:
    """Refuse what a kind of bootstrap cannot do.

    Raises
    ------
    FitError
        Whole clusters of crossed factors; residuals under precision weights.
    """
    widest = plan.terms[-1]
    crossed = [t.group for t in plan.terms if not is_nested(t.codes, widest.codes, t.levels)]
    if plan.kind == "cluster" and crossed:
        raise FitError(
            f"{crossed[0]} and {widest.group} are crossed, so whole clusters cannot be drawn without tearing the other "
            "factor apart. Use kind='parametric'."
        )
    if plan.kind == "residual" and plan.weights is not None:
        raise FitError(
            "The residual bootstrap needs residuals of one variance, and this fit has precision weights. "
            "Use kind='parametric' or kind='cluster'."
        )


def refit_block(plan: RefitPlan, seed: np.random.SeedSequence, draws: int) -> Draws:
    """Draw and refit one block, every draw from its own stream."""
    return join_draws([_one(plan, np.random.default_rng(own)) for own in seed.spawn(draws)])


def refit_outcomes(plan: RefitPlan, responses: FloatArray) -> Draws:
    """Refit the model to other outcomes (B, n)."""
    return join_draws([_refit(plan, values, plan.columns, plan.terms, plan.weights) for values in responses])


def _one(plan: RefitPlan, rng: np.random.Generator) -> Draws:
    if plan.kind == "cluster":
        return _clusters(plan, rng)
    values = plan.fit.beta @ plan.columns[list(plan.fit.coordinates.kept)]
    if plan.kind == "parametric":
        root = 1.0 if plan.weights is None else np.sqrt(plan.weights)
        values = values + np.sqrt(plan.fit.sigma2) / root * rng.standard_normal(values.size)
        for term, component in zip(plan.terms, plan.fit.components, strict=True):
            effects = rng.standard_normal((term.levels, term.width)) @ root_of(component.covariance).T
            values = values + np.einsum("qn,nq->n", term.rows(), effects[term.codes])
    else:
        values = _with_residuals(plan, values, rng)
    return _refit(plan, values, plan.columns, plan.terms, plan.weights)


def _with_residuals(plan: RefitPlan, values: FloatArray, rng: np.random.Generator) -> FloatArray:
    left = plan.outcome - values
    for term, component, effect in zip(plan.terms, plan.fit.components, random_effects(plan.fit), strict=True):
        left = left - np.einsum("qn,nq->n", term.rows(), effect.mode[term.codes])
        drawn = stretch(effect.mode, component.covariance)[rng.integers(0, term.levels, term.levels)]
        values = values + np.einsum("qn,nq->n", term.rows(), drawn[term.codes])
    stretched = stretch(left[:, None], np.array([[plan.fit.sigma2]]))[:, 0]
    return values + stretched[rng.integers(0, left.size, left.size)]


def stretch(effects: FloatArray, covariance: FloatArray) -> FloatArray:
    """Effects (levels, q) with mean 0 and exactly this covariance, in the directions where they vary at all."""
    centred = effects - effects.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred / len(centred))
    keep = values > 1e-12 * max(float(values[-1]), 1e-300)
    back = (vectors[:, keep] / np.sqrt(values[keep])) @ vectors[:, keep].T
    return centred @ back @ root_of(covariance).T


def _clusters(plan: RefitPlan, rng: np.random.Generator) -> Draws:
    widest = plan.terms[-1]
    drawn = [int(level) for members in _members(plan.strata) for level in rng.choice(members, members.size)]
    rows_of: list[IntArray] = [np.flatnonzero(widest.codes == level) for level in drawn]
    rows = np.concatenate(rows_of)
    copy = np.repeat(np.arange(len(drawn)), [own.size for own in rows_of])
    terms = tuple(_renamed(term, rows, copy) for term in plan.terms)
    weights = None if plan.weights is None else plan.weights[rows]
    return _refit(plan, plan.outcome[rows], plan.columns[:, rows], terms, weights)


def _members(strata: IntArray) -> list[IntArray]:
    return [np.flatnonzero(strata == stratum) for stratum in np.unique(strata)]


def _renamed(term: RandomTerm, rows: IntArray, copy: IntArray) -> RandomTerm:
    """The term on drawn rows; each copy of a cluster has groups of its own."""
    labels, codes = np.unique(copy * term.levels + term.codes[rows], return_inverse=True)
    columns = None if term.columns is None else term.columns[:, rows]
    return RandomTerm(term.group, term.names, codes.astype(np.intp), len(labels), columns)


def _refit(
    plan: RefitPlan,
    outcome: FloatArray,
    columns: FloatArray,
    terms: tuple[RandomTerm, ...],
    weights: FloatArray | None,
) -> Draws:
    try:
        found = fit_mixed(outcome, columns, terms, weights=weights, reml=plan.fit.reml)
    except FitError:  # such as an outcome without spread in this draw: a failed draw, which is counted
        return _failed(plan)
    if found.coordinates.kept != plan.fit.coordinates.kept or not found.certificate.converged:
        return _failed(plan)
    variances = np.concatenate([np.diag(component.covariance) for component in found.components])
    return Draws(
        found.beta[None],
        np.sqrt(np.diag(found.covariance))[None],
        variances[None],
        np.array([found.sigma2]),
        np.array([True]),
    )


def _failed(plan: RefitPlan) -> Draws:
    p, k = len(plan.fit.beta), sum(term.width for term in plan.terms)
    return Draws(
        np.full((1, p), np.nan), np.full((1, p), np.nan), np.full((1, k), np.nan), np.array([np.nan]), np.array([False])
    )
