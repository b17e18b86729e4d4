"""Find the variances: Newton in an unbounded Cholesky factor, certified by the Karush-Kuhn-Tucker conditions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from evalkit.stats.mixed.evaluate import evaluate
from evalkit.stats.mixed.layout import Layout
from evalkit.stats.mixed.moments import FloatArray, Moments, deviance, expected_hessian, gradient, hessian
from evalkit.stats.mixed.outer import root_of
from evalkit.stats.mixed.terms import Factor, positions

MAX_STEPS = 100
RESTARTS = 5
OTHER_STARTS = (0.15, 1.5)  # relative standard deviations to start from again when the optimum is at the edge
START = 0.4  # relative standard deviation of every working column at the start
SCORING = 4  # steps at most by expected information before Newton's method
LEAST = 0.05  # relative standard deviation below which those steps do not go
FLAT = 1e-8  # predicted gain of the next step (deviance) at which the search has arrived
VANISHING = 1e-4  # relative standard deviation of a direction that is tried at exactly 0
SLACK = 1e-5  # how negative a curvature-scaled KKT value may be


@dataclass(frozen=True, slots=True)
class Optimum:
    """Where the search ended, and the proof.

    Attributes
    ----------
    sigmas : tuple of ndarray (q, q)
        Relative covariance of each factor in working coordinates.
    moments : Moments
    steps : int
        Evaluations of the likelihood.
    gain : float
        Deviance that one more Newton step promises: 0 at an optimum.
    slope : float
        Smallest eigenvalue of the gradient by a covariance matrix: below 0 means that more variance would fit better.
    converged : bool
    """

    sigmas: tuple[FloatArray, ...]
    moments: Moments
    steps: int
    gain: float
    slope: float
    converged: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """How the vector theta fills the lower triangles L of all terms (relative covariance = L L').

    Attributes
    ----------
    blocks : tuple
        For each factor its terms' columns.
    places : tuple
        (factor, row, column) of every element of theta.
    index : dict
        Place of each of those in theta.
    """

    blocks: tuple[tuple[tuple[int, ...], ...], ...]
    places: tuple[tuple[int, int, int], ...]
    index: dict[tuple[int, int, int], int]

    def triangles(self, theta: FloatArray) -> list[FloatArray]:
        """L of each factor."""
        found = [np.zeros((w, w)) for w in (sum(len(b) for b in blocks) for blocks in self.blocks)]
        for value, (f, row, col) in zip(theta.tolist(), self.places, strict=True):
            found[f][row, col] = value
        return found

    def theta(self, sigmas: Sequence[FloatArray]) -> FloatArray:
        """The theta that gives these covariances."""
        roots: list[FloatArray] = []
        for sigma, blocks in zip(sigmas, self.blocks, strict=True):
            root = np.zeros_like(sigma)
            for block in blocks:
                root[np.ix_(block, block)] = root_of(sigma[np.ix_(block, block)])
            roots.append(root)
        return np.array([roots[f][row, col] for f, row, col in self.places])

    def jacobian(self, theta: FloatArray) -> FloatArray:
        """Derivative of the covariance parameters by theta: dSigma = E_ab L' + L E_ab'."""
        places, index = self.places, self.index
        roots = self.triangles(theta)
        found = np.zeros((len(places), len(places)))
        for i, (f, a, b) in enumerate(places):
            for c in range(roots[f].shape[0]):
                row = index.get((f, max(a, c), min(a, c)))
                if row is not None:
                    found[row, i] += roots[f][c, b] * (2.0 if a == c else 1.0)
        return found

    def bend(self, by_sigma: FloatArray) -> FloatArray:
        """Second derivatives by theta that come from L L' being quadratic, given the gradient by the covariances."""
        places, index = self.places, self.index
        found = np.zeros((len(places), len(places)))
        for i, (f, a, b) in enumerate(places):
            for j, (g, c, e) in enumerate(places):
                if f == g and b == e and (f, max(a, c), min(a, c)) in index:
                    found[i, j] = by_sigma[index[f, max(a, c), min(a, c)]] * (2.0 if a == c else 1.0)
        return found

    def derivatives(self, theta: FloatArray, by_sigma: FloatArray, curve: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Gradient and Hessian by theta from those by the covariance parameters (chain rule on L L')."""
        jacobian = self.jacobian(theta)
        return jacobian.T @ by_sigma, jacobian.T @ curve @ jacobian + self.bend(by_sigma)


def chart_of(factors: Sequence[Factor]) -> Chart:
    """The chart of these factors' covariances."""
    places = tuple((f, row, col) for f, factor in enumerate(factors) for row, col in positions(factor.blocks))
    return Chart(tuple(factor.blocks for factor in factors), places, {place: i for i, place in enumerate(places)})


def find_optimum(layout: Layout, *, reml: bool) -> Optimum:
    """Minimise the profiled deviance over all relative covariance matrices.

    Parameters
    ----------
    layout : Layout
    reml : bool

    Returns
    -------
    Optimum
        `converged` only where the gradient is 0 and no added variance would lower the deviance.

    Notes
    -----
    With a diagonal kept at 0 or above, an element of L that reaches 0 looks stationary even where it is not; L is
    therefore unbounded, and at the end G = d deviance / d Sigma must be positive semidefinite, else the search starts
    again from Sigma + eps v v' with v its most negative direction. An optimum at the edge (a variance of 0, a
    correlation of 1) is looked for from other starts too, as there may be two.
    """
    chart = chart_of(layout.factors)
    theta, moments, steps = _score(layout, chart, reml=reml)
    best = _descend(layout, chart, theta, moments, steps, reml=reml)
    if len(chart.places) == 1 or not _at_edge(best.sigmas, chart):
        return best
    for size in OTHER_STARTS:
        theta = chart.theta([size**2 * np.eye(factor.width) for factor in layout.factors])
        other = _descend(layout, chart, theta, None, best.steps, reml=reml)
        lower = deviance(other.moments, reml=reml) < deviance(best.moments, reml=reml) - 1e-7
        best = other if lower else replace(best, steps=other.steps)
    return best


def _at_edge(sigmas: Sequence[FloatArray], chart: Chart) -> bool:
    """Whether some direction of a term has no variance: only there have two optima been seen."""
    blocks = [(sigma, block) for sigma, own in zip(sigmas, chart.blocks, strict=True) for block in own]
    return any(float(np.linalg.eigvalsh(sigma[np.ix_(block, block)])[0]) < VANISHING**2 for sigma, block in blocks)


def _descend(
    layout: Layout, chart: Chart, theta: FloatArray, moments: Moments | None, total: int, *, reml: bool
) -> Optimum:
    """Newton's method from theta, restarted where more variance would fit better."""
    best: Optimum | None = None
    for _ in range(RESTARTS + 1):
        theta, moments, steps, gain = _newton(layout, chart, theta, moments, reml=reml)
        theta, moments, extra = _try_zero(layout, chart, theta, moments, reml=reml)
        total += steps + extra
        sigmas = [root @ root.T for root in chart.triangles(theta)]
        slope, direction = _steepest(chart, sigmas, gradient(moments, reml=reml))
        best = Optimum(tuple(sigmas), moments, total, gain, slope, gain <= 1e-6 and slope >= -SLACK)
        if slope >= -SLACK or direction is None:
            return best
        theta, moments = chart.theta([s + d for s, d in zip(sigmas, direction, strict=True)]), None
    assert best is not None
    return best


def _score(layout: Layout, chart: Chart, *, reml: bool) -> tuple[FloatArray, Moments, int]:
    """A start: Fisher scoring in the covariances themselves, where the likelihood is closest to quadratic."""
    sigmas = [START**2 * np.eye(factor.width) for factor in layout.factors]
    moments = evaluate(layout, sigmas)
    value = deviance(moments, reml=reml)
    for step in range(SCORING):
        curve = expected_hessian(moments, reml=reml)
        move = np.linalg.lstsq(curve, -gradient(moments, reml=reml), rcond=1e-10)[0]
        trial = [sigma.copy() for sigma in sigmas]
        for change, (f, row, col) in zip(move, chart.places, strict=True):
            trial[f][row, col] += change
            if row != col:
                trial[f][col, row] += change
        trial = [_lift(sigma, blocks) for sigma, blocks in zip(trial, chart.blocks, strict=True)]
        found = evaluate(layout, trial)
        new = deviance(found, reml=reml)
        if new > value:
            return chart.theta(sigmas), moments, step + 2
        sigmas, moments, fall, value = trial, found, value - new, new
        if fall < 1.0:
            return chart.theta(sigmas), moments, step + 2
    return chart.theta(sigmas), moments, SCORING + 1


def _lift(sigma: FloatArray, blocks: Sequence[Sequence[int]]) -> FloatArray:
    """The nearest covariance whose every direction keeps some variance."""
    lifted = np.zeros_like(sigma)
    for block in blocks:
        own = np.ix_(block, block)
        values, vectors = np.linalg.eigh(sigma[own])
        lifted[own] = (vectors * np.maximum(values, LEAST**2)) @ vectors.T
    return lifted


def _newton(
    layout: Layout, chart: Chart, theta: FloatArray, moments: Moments | None, *, reml: bool
) -> tuple[FloatArray, Moments, int, float]:
    """Newton steps within a trust region; returns theta, its moments, evaluations and the gain still promised."""
    moments = _at(layout, chart, theta) if moments is None else moments
    value, radius, gain = deviance(moments, reml=reml), 1.0, np.inf
    slope, curve = chart.derivatives(theta, gradient(moments, reml=reml), hessian(moments, reml=reml))
    for step in range(1, MAX_STEPS + 1):
        move, gain = _step(slope, curve, radius)
        trial = theta + move
        found = _at(layout, chart, trial)
        new = deviance(found, reml=reml)
        if gain < FLAT:  # the last step: quadratic, so it lands within rounding
            if new <= value + 1e-9:
                theta, moments = trial, found
                slope, curve = chart.derivatives(theta, gradient(moments, reml=reml), hessian(moments, reml=reml))
                _, gain = _step(slope, curve, radius)
            return theta, moments, step + 1, gain
        ratio = (value - new) / gain
        length = float(np.linalg.norm(move))
        if ratio < 0.25:
            radius = 0.25 * length
        elif ratio > 0.75 and length > 0.8 * radius:
            radius *= 2.5
        if ratio > 1e-4:
            theta, moments, value = trial, found, new
            slope, curve = chart.derivatives(theta, gradient(moments, reml=reml), hessian(moments, reml=reml))
        elif radius < 1e-12:
            break
    return theta, moments, MAX_STEPS, gain


def _at(layout: Layout, chart: Chart, theta: FloatArray) -> Moments:
    return evaluate(layout, [root @ root.T for root in chart.triangles(theta)])


def _step(slope: FloatArray, curve: FloatArray, radius: float) -> tuple[FloatArray, float]:
    """The step of at most `radius` that a quadratic model likes best, and the fall in deviance it promises."""
    values, vectors = np.linalg.eigh(curve)
    along = vectors.T @ slope
    floor = 1e-8 * max(float(np.abs(values).max()), 1e-8)
    shift = max(0.0, floor - float(values[0]))
    move = -along / (values + shift)
    if float(np.linalg.norm(move)) > radius:
        low, high = shift, shift + float(np.linalg.norm(along)) / radius
        for _ in range(60):
            shift = (low + high) / 2.0
            move = -along / (values + shift)
            low, high = (shift, high) if float(np.linalg.norm(move)) > radius else (low, shift)
            if high - low < 1e-3 * high:
                break
        move = -along / (values + high)
    return vectors @ move, -float(along @ move + 0.5 * (values * move) @ move)


def _try_zero(
    layout: Layout, chart: Chart, theta: FloatArray, moments: Moments, *, reml: bool
) -> tuple[FloatArray, Moments, int]:
    """Put directions with next to no variance at exactly 0 where that costs nothing."""
    sigmas = [root @ root.T for root in chart.triangles(theta)]
    changed = False
    for sigma, blocks in zip(sigmas, chart.blocks, strict=True):
        for block in blocks:
            own = np.ix_(block, block)
            values, vectors = np.linalg.eigh(sigma[own])
            if 0.0 < values[0] < VANISHING**2 or values[0] < 0.0:
                values[values < VANISHING**2] = 0.0
                sigma[own] = (vectors * values) @ vectors.T
                changed = True
    if not changed:
        return theta, moments, 0
    trial = chart.theta(sigmas)
    found = _at(layout, chart, trial)
    if deviance(found, reml=reml) <= deviance(moments, reml=reml) + 1e-9:
        return trial, found, 1
    return theta, moments, 1


def _steepest(
    chart: Chart, sigmas: Sequence[FloatArray], by_sigma: FloatArray
) -> tuple[float, list[FloatArray] | None]:
    """Smallest eigenvalue of the gradient by any term's covariance, and an addition of variance along it."""
    gradients = [np.zeros_like(sigma) for sigma in sigmas]
    for value, (f, row, col) in zip(by_sigma, chart.places, strict=True):
        gradients[f][row, col] += value / (1.0 if row == col else 2.0)
        if row != col:
            gradients[f][col, row] += value / 2.0
    lowest, place = 0.0, None
    for f, blocks in enumerate(chart.blocks):
        for block in blocks:
            own = np.ix_(block, block)
            values, vectors = np.linalg.eigh(gradients[f][own])
            if values[0] < lowest:
                lowest, place = float(values[0]), (f, own, vectors[:, 0])
    if place is None:
        return lowest, None
    f, own, vector = place
    direction = [np.zeros_like(sigma) for sigma in sigmas]
    direction[f][own] = 0.01 * np.outer(vector, vector)
    return lowest, direction
