"""Profile-likelihood intervals for standard deviations, correlations and the ratio of two variances."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import optimize, special

from evalkit.stats.mixed.coordinates import standardise
from evalkit.stats.mixed.evaluate import evaluate
from evalkit.stats.mixed.fit import MixedFit
from evalkit.stats.mixed.layout import Layout, build_layout
from evalkit.stats.mixed.moments import FloatArray, deviance
from evalkit.stats.mixed.outer import root_of
from evalkit.stats.mixed.search import find_optimum
from evalkit.stats.mixed.terms import RandomTerm, gather_factors, positions
from evalkit.stats.mixed.two_level import TwoLevelStatistics, profile_value

WIDE = 60  # doublings or halvings tried before a bound counts as unlimited


@dataclass(frozen=True, slots=True)
class ProfileInterval:
    """Interval of one standard deviation or correlation.

    Attributes
    ----------
    group, term : str
        "Residual" and "" for sigma; "a, b" for the correlation of two effects.
    parameter : {"sd", "correlation"}
    estimate, low, high : float
    """

    group: str
    term: str
    parameter: Literal["sd", "correlation"]
    estimate: float
    low: float
    high: float


def ratio_interval(fit: MixedFit, level: float) -> tuple[float, float]:
    """Profile interval of lambda = sigma_u^2 / sigma_e^2 of a random-intercept fit; 0 where the data allow no variance.

    Notes
    -----
    {lambda: deviance(lambda) - minimum <= chi-square quantile}, the deviance profiled over beta and sigma^2. As the
    intraclass correlation is lambda / (1 + lambda), its profile interval has the same ends.
    """
    statistics = fit.statistics
    assert isinstance(statistics, TwoLevelStatistics)
    best = float(fit.sigmas[0][0, 0])
    bottom = profile_value(statistics, best, reml=fit.reml)
    limit = float(special.chdtri(1.0, 1.0 - level))

    def excess(ratio: float) -> float:
        return profile_value(statistics, ratio, reml=fit.reml) - bottom - limit

    low = 0.0 if best == 0.0 or excess(0.0) <= 0.0 else float(optimize.brentq(excess, 0.0, best, xtol=1e-12 * best))
    start = best if best > 0.0 else 1.0 / float(statistics.size.mean())
    high = start
    for _ in range(WIDE):
        high *= 2.0
        if excess(high) > 0.0:
            return low, float(optimize.brentq(excess, best, high, xtol=1e-12 * high))
    return low, np.inf


@dataclass(frozen=True, slots=True)
class Target:
    """What is held fixed: sigma (term None), a standard deviation (one effect) or a correlation (two)."""

    term: int | None
    effects: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """The likelihood as a function of triangles in the user's units (outcome scaled), for one target.

    Attributes
    ----------
    layout : Layout
    owners : list of (factor, block, A^-1) by term
    orders : list of list of int
        For each term the order of effects in its triangle; the target's come first.
    scales : list of ndarray
        Sizes of each effect's standard deviation, so that free parameters are about 1.
    reml : bool
    target : Target
    """

    layout: Layout
    owners: list[tuple[int, tuple[int, ...], FloatArray]]
    orders: list[list[int]]
    scales: list[FloatArray]
    reml: bool
    target: Target

    def free(self) -> list[tuple[int, int, int]]:
        """(term, row, column) of the free triangle elements."""
        found: list[tuple[int, int, int]] = []
        for t, order in enumerate(self.orders):
            for row, column in positions([range(len(order))]):
                fixed = self.target.term == t and (
                    (len(self.target.effects) == 1 and row == 0)
                    or (len(self.target.effects) == 2 and (row, column) == (1, 0))
                )
                if not fixed:
                    found.append((t, row, column))
        return found

    def lift(self, point: FloatArray) -> FloatArray | None:
        """The point with vanishing diagonal elements set to 0.3 of their scale; None where there are none."""
        small = [i for i, (_, a, b) in enumerate(self.free()) if a == b and abs(point[i]) < 1e-2]
        if not small:
            return None
        lifted = point.copy()
        lifted[small] = 0.3
        return lifted

    def triangles(self, free: FloatArray, value: float) -> list[FloatArray]:
        """L of each term (effects in its order) from the free elements and the target's value."""
        found = [np.zeros((len(order), len(order))) for order in self.orders]
        for x, (t, row, column) in zip(free, self.free(), strict=True):
            found[t][row, column] = x
        if self.target.term is not None:
            own = found[self.target.term]
            if len(self.target.effects) == 1:
                own[0, 0] = value / self.scales[self.target.term][self.target.effects[0]]
            else:  # the first two rows' lengths are free, and positive, else the correlation could change its sign
                length = abs(own[1, 1])
                own[0, 0] = abs(own[0, 0])
                own[1, 0], own[1, 1] = value * length, np.sqrt(max(1.0 - value**2, 0.0)) * length
        return found

    def value(self, free: FloatArray, log_sigma2: float, value: float) -> tuple[float, FloatArray, float]:
        """Deviance (not profiled over sigma^2), its gradient by the free elements and by log sigma^2."""
        triangles = self.triangles(free, value)
        sigma2 = float(np.exp(log_sigma2))
        sigmas = [np.zeros((f.width, f.width)) for f in self.layout.factors]
        for (factor, block, back), order, scale, triangle in zip(
            self.owners, self.orders, self.scales, triangles, strict=True
        ):
            root = np.empty_like(triangle)
            root[order] = triangle
            root = back @ (scale[:, None] * root)
            sigmas[factor][np.ix_(block, block)] = root @ root.T / sigma2
        moments = evaluate(self.layout, sigmas)
        nu = moments.n_rows - (moments.n_coefficients if self.reml else 0)
        by_sigma = moments.trace - moments.error / sigma2
        total = moments.log_det + nu * log_sigma2 + moments.residual / sigma2 + nu * np.log(2.0 * np.pi)
        if self.reml:
            total += moments.log_det_x
            by_sigma = by_sigma - np.einsum("ab,kab->k", moments.covariance, moments.first)
        by_log = nu - moments.residual / sigma2 - float(by_sigma @ moments.relative)
        return float(total), self._by_free(by_sigma / sigma2, triangles, free, value), float(by_log)

    def _by_free(self, by_sigma: FloatArray, triangles: list[FloatArray], free: FloatArray, value: float) -> FloatArray:
        gradients = [np.zeros((f.width, f.width)) for f in self.layout.factors]
        at = 0
        for f, factor in enumerate(self.layout.factors):
            for row, column in positions(factor.blocks):
                gradients[f][row, column] = gradients[f][column, row] = by_sigma[at] / (1.0 if row == column else 2.0)
                at += 1
        by_root: list[FloatArray] = []
        for (f, block, back), order, scale, triangle in zip(
            self.owners, self.orders, self.scales, triangles, strict=True
        ):
            own = scale[:, None] * (back.T @ gradients[f][np.ix_(block, block)] @ back) * scale
            by_root.append(2.0 * own[np.ix_(order, order)] @ triangle)
        found = np.array([by_root[t][row, column] for t, row, column in self.free()])
        if len(self.target.effects) == 2:
            assert self.target.term is not None
            own = by_root[self.target.term]
            first, second = (self.free().index((self.target.term, i, i)) for i in (0, 1))
            found[first] *= np.sign(free[first])
            slope = value * own[1, 0] + np.sqrt(max(1.0 - value**2, 0.0)) * own[1, 1]
            found[second] = slope * np.sign(free[second])
        return found


def profile_intervals(
    fit: MixedFit,
    outcome: FloatArray,
    columns: FloatArray,
    terms: Sequence[RandomTerm],
    weights: FloatArray | None,
    level: float,
    *,
    reml: bool,
) -> tuple[ProfileInterval, ...]:
    """Profile intervals of every standard deviation and correlation, sigma last.

    Parameters
    ----------
    fit : MixedFit
    outcome, columns, terms, weights
        As given to `fit_mixed`.
    level : float
        Such as 0.95.
    reml : bool
        Which likelihood is profiled.

    Notes
    -----
    The bound is where the deviance, minimised over everything else, is a chi-square quantile (1 df) above its
    minimum. A standard deviation's lower end is 0, a correlation's end -1 or 1, where the deviance never rises so far.
    """
    rows, coordinates = standardise(outcome, columns, weights)
    layout = build_layout(rows, gather_factors(terms, weights))
    best = find_optimum(layout, reml=reml)
    scale = coordinates.outcome_scale
    nu = best.moments.n_rows - (best.moments.n_coefficients if reml else 0)
    sigma2 = best.moments.residual / nu
    bottom = deviance(best.moments, reml=reml)
    limit = float(special.chdtri(1.0, 1.0 - level))
    owners: list[tuple[int, tuple[int, ...], FloatArray]] = [(0, (), np.zeros((0, 0)))] * len(terms)
    found: list[FloatArray] = [np.zeros((0, 0))] * len(terms)
    for f, factor in enumerate(layout.factors):
        for index, block, change in zip(factor.terms, factor.blocks, factor.maps, strict=True):
            owners[index] = (f, block, np.asarray(np.linalg.inv(change), dtype=np.float64))
            found[index] = change @ best.sigmas[f][np.ix_(block, block)] @ change.T * sigma2
    typical = [
        np.sqrt(np.maximum(np.diag(c), 1e-2 * sigma2 * np.diag(a)))
        for c, a in zip(found, _sizes(layout, owners), strict=True)
    ]
    intervals: list[ProfileInterval] = []
    for target in _targets(terms):
        orders = [_order(target, t, len(term.names)) for t, term in enumerate(terms)]
        problem = Problem(layout, owners, orders, typical, reml, target)
        estimate, low, high = _bounds(problem, found, sigma2, bottom, limit)
        size = 1.0 if len(target.effects) == 2 else scale
        intervals.append(_named(terms, target, estimate * size, low * size, high * size))
    return tuple(intervals)


def _sizes(layout: Layout, owners: Sequence[tuple[int, tuple[int, ...], FloatArray]]) -> list[FloatArray]:
    """Squared size of one working unit in each effect's own units."""
    maps = [np.linalg.inv(back) for _, _, back in owners]
    return [change @ change.T for change in maps]


def _targets(terms: Sequence[RandomTerm]) -> list[Target]:
    targets: list[Target] = []
    for t, term in enumerate(terms):
        q = len(term.names)
        targets += [Target(t, (a,)) for a in range(q)]
        targets += [Target(t, (b, a)) for b in range(q) for a in range(b + 1, q)]
    return [*targets, Target(None, ())]


def _order(target: Target, term: int, width: int) -> list[int]:
    first = list(target.effects) if target.term == term else []
    return [*first, *(i for i in range(width) if i not in first)]


def _named(terms: Sequence[RandomTerm], target: Target, estimate: float, low: float, high: float) -> ProfileInterval:
    if target.term is None:
        return ProfileInterval("Residual", "", "sd", estimate, low, high)
    term = terms[target.term]
    label = ", ".join(term.names[i] for i in target.effects)
    return ProfileInterval(term.group, label, "sd" if len(target.effects) == 1 else "correlation", estimate, low, high)


def _start(problem: Problem, covariances: Sequence[FloatArray]) -> FloatArray:
    """Free elements at the optimum."""
    triangles: list[FloatArray] = []
    for order, covariance, scale in zip(problem.orders, covariances, problem.scales, strict=True):
        scaled = covariance / np.outer(scale, scale)
        triangles.append(root_of(scaled[np.ix_(order, order)]))
    target = problem.target
    if len(target.effects) == 2:
        assert target.term is not None
        own = triangles[target.term]
        own[1, 1] = np.hypot(own[1, 0], own[1, 1])
    return np.array([triangles[t][row, column] for t, row, column in problem.free()])


def _bounds(
    problem: Problem, covariances: Sequence[FloatArray], sigma2: float, bottom: float, limit: float
) -> tuple[float, float, float]:
    """Estimate and both ends (outcome scaled)."""
    target = problem.target
    start = _start(problem, covariances)
    if target.term is None:
        estimate = float(np.sqrt(sigma2))
    else:
        own, a = covariances[target.term], target.effects[0]
        estimate = float(np.sqrt(own[a, a]))
        if len(target.effects) == 2:
            b = target.effects[1]
            size = float(np.sqrt(own[a, a] * own[b, b]))
            estimate = float(np.clip(own[a, b] / size, -1.0, 1.0)) if size > 0.0 else np.nan
    if not np.isfinite(estimate):
        return estimate, np.nan, np.nan
    memory = {"free": start, "log": float(np.log(sigma2))}

    def excess(value: float) -> float:
        return _inner_minimum(problem, value, memory) - bottom - limit

    if len(target.effects) == 2:
        return estimate, _toward(excess, estimate, -1.0), _toward(excess, estimate, 1.0)
    floor = 0.0 if target.term is not None else estimate * 1e-3
    low = _toward(excess, estimate, floor) if estimate > 0.0 else 0.0
    memory.update(free=start, log=float(np.log(sigma2)))
    unit = 0.0 if target.term is None else float(problem.scales[target.term][target.effects[0]])
    step = max(estimate, unit) * 0.5
    high = estimate + step
    for _ in range(WIDE):
        if excess(high) > 0.0:
            break
        step *= 1.6
        high += step
    else:
        return estimate, low, np.inf
    return estimate, low, float(optimize.brentq(excess, estimate, high, xtol=1e-9 * high, rtol=1e-9))


def _toward(excess: Callable[[float], float], estimate: float, end: float) -> float:
    """Where the excess is 0 between the estimate and an end of the parameter's range; the end if nowhere."""
    edge = end if abs(end) != 1.0 else end * (1.0 - 1e-9)
    if abs(estimate) >= abs(edge) and abs(end) == 1.0 and estimate * end > 0.0:
        return end
    if excess(edge) <= 0.0:
        return end
    return float(optimize.brentq(excess, min(edge, estimate), max(edge, estimate), xtol=1e-10, rtol=1e-9))


def _inner_minimum(problem: Problem, value: float, memory: dict[str, FloatArray | float]) -> float:
    """Deviance minimised over everything but the target, from where the last search ended."""
    sigma_fixed = problem.target.term is None
    first = np.asarray(memory["free"], dtype=float)

    def objective(x: FloatArray) -> tuple[float, FloatArray]:
        log = 2.0 * float(np.log(value)) if sigma_fixed else float(x[-1])
        free = x if sigma_fixed else x[:-1]
        total, by_free, by_log = problem.value(free, log, value)
        return total, by_free if sigma_fixed else np.append(by_free, by_log)

    start = first if sigma_fixed else np.append(first, float(memory["log"]))
    if start.size == 0:
        return objective(start)[0]
    found = optimize.minimize(objective, start, jac=True, method="BFGS", options={"gtol": 1e-6})
    lifted = problem.lift(found.x)
    if lifted is not None:  # a triangle's diagonal at 0 looks stationary even where more variance would fit better
        again = optimize.minimize(objective, lifted, jac=True, method="BFGS", options={"gtol": 1e-6})
        found = again if again.fun < found.fun else found
    memory["free"] = found.x if sigma_fixed else found.x[:-1]
    if not sigma_fixed:
        memory["log"] = float(found.x[-1])
    return float(found.fun)
