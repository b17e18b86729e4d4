"""Fit a factor model to ordinal answers by diagonally weighted least squares, as "WLSMV" does."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evalkit.errors import FitError
from evalkit.stats.factor.fit import FactorFit, Moments, degrees_of_freedom, heywood, inverse_information
from evalkit.stats.factor.goodness import (
    Goodness,
    plain_test,
    robust_goodness,
    scaled_goodness,
    srmr_of,
    standard_goodness,
)
from evalkit.stats.factor.implied import (
    SCALE,
    by_parameter,
    columns_by_parameter,
    ordinal_moments,
    ordinal_slopes,
    second_slopes,
    slopes,
)
from evalkit.stats.factor.likelihood import NO_SOLUTION
from evalkit.stats.factor.models import independence
from evalkit.stats.factor.sandwich import shifted_test
from evalkit.stats.factor.search import Bottom, minimise
from evalkit.stats.factor.start import start_values
from evalkit.stats.factor.structure import Matrices, Structure
from evalkit.stats.polychoric import polychoric, polychoric_covariance
from evalkit.stats.vectors import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class OrdinalBlock:
    """Thresholds and polychoric correlations of one block of n pupils.

    Attributes
    ----------
    thresholds : array, shape (t,)
    correlations : array, shape (p, p)
    spread : array, shape (r, r)
        n times the sampling covariance of thresholds and correlations (lower half, column by column).
    n, n_incomplete : int
        Pupils with all answers, who alone are used, and the others.
    """

    thresholds: FloatArray
    correlations: FloatArray
    spread: FloatArray
    n: int
    n_incomplete: int

    @property
    def moments(self) -> FloatArray:
        """Thresholds, then correlations, shape (r,)."""
        columns, rows = np.triu_indices(len(self.correlations), k=1)
        return np.concatenate([self.thresholds, self.correlations[rows, columns]])

    @property
    def weight(self) -> FloatArray:
        """1 over the diagonal of `spread`."""
        return 1 / np.diag(self.spread)


@dataclass(frozen=True, slots=True, eq=False)
class OrdinalSample:
    """Blocks of ordinal answers on one set of steps.

    Attributes
    ----------
    blocks : tuple of OrdinalBlock
    item_of : int array, shape (t,)
        The item of each threshold.
    n_clusters : int or None
        Schools, where `spread` allows for them.
    """

    blocks: tuple[OrdinalBlock, ...]
    item_of: IntArray
    n_clusters: int | None

    @property
    def n(self) -> int:
        """Pupils in all blocks."""
        return sum(block.n for block in self.blocks)


def take_ordinal_sample(blocks: Sequence[FloatArray], *, clusters: Sequence[IntArray] | None = None) -> OrdinalSample:
    """Thresholds, polychoric correlations and their covariance for every block.

    Parameters
    ----------
    blocks : arrays, shape (n, p) each
        Ordinal answers, NaN where missing; rows with a missing answer are left out.
    clusters : int arrays, shape (n,) each
        School of each row.

    Raises
    ------
    FitError
        Too few complete rows, an item with one answer, items that determine one another, or blocks in which an item was
        answered with different answers.
    """
    found: list[OrdinalBlock] = []
    steps: list[tuple[tuple[float, ...], ...]] = []
    for place, rows in enumerate(blocks):
        complete = ~np.isnan(rows).any(axis=1)
        n, p = int(complete.sum()), rows.shape[1]
        if n <= p:
            raise FitError(f"{n} pupils answered all {p} items; a factor model needs more pupils than items.")
        kept = rows[complete]
        one = polychoric(kept)
        codes = None if clusters is None else clusters[place][complete]
        spread = n * polychoric_covariance(kept, one, clusters=codes)
        if not bool(np.all(np.diag(spread) > 0)):
            raise FitError(NO_SOLUTION)
        found.append(OrdinalBlock(np.concatenate(one.thresholds), one.correlations, spread, n, len(rows) - n))
        steps.append(tuple(tuple(map(float, answers)) for answers in one.categories))
    if len(set(steps)) > 1:
        raise FitError("An item was answered with different answers in different groups. Merge rare answers first.")
    item_of = np.repeat(np.arange(len(steps[0])), [len(answers) - 1 for answers in steps[0]])
    schools = None if clusters is None else int(np.unique(np.concatenate(list(clusters))).size)
    return OrdinalSample(tuple(found), item_of, schools)


def fit_ordinal_factors(structure: Structure, sample: OrdinalSample) -> FactorFit:
    """Fit a factor model to thresholds and polychoric correlations.

    Parameters
    ----------
    structure : Structure
        With thresholds, delta parameterisation.
    sample : OrdinalSample

    Returns
    -------
    FactorFit
        Estimator "WLSMV".

    Raises
    ------
    FitError
        The model has no degrees of freedom to spare, cannot be told from another, or has no solution.

    Notes
    -----
    Minimises sum over blocks of (n - 1) (s - sigma)' W (s - sigma), W = diag(G)^-1, G = n cov(s) [1]_; n less one per
    block is what lavaan divides by in RMSEA and standard errors too. Standard errors from
    (D'WD)^-1 D'W G W D (D'WD)^-1; the statistic adjusted in mean and variance with tr(UG) and tr((UG)^2),
    U = W - W D (D'WD)^-1 D'W [2]_. The robust indices hold the estimates against the polychoric correlations by the
    normal likelihood, its expectation corrected [3]_.

    References
    ----------
    .. [1] Muthen, du Toit & Spisic (1997). Robust inference using weighted least squares and quadratic estimating
       equations in latent variable modeling with categorical and continuous outcomes.
    .. [2] Asparouhov & Muthen (2010). Simple second order chi-square correction. Mplus technical appendix.
    .. [3] Savalei (2021). Improving fit indices in structural equation modeling with categorical data. Multivar. Behav.
       Res. 56, 390-407. doi:10.1080/00273171.2020.1717922
    """
    df = degrees_of_freedom(structure)
    problem = WeightedProblem(structure, sample)
    bottom = problem.find()
    null_structure = independence(structure)
    null_problem = WeightedProblem(null_structure, sample)
    null = null_problem.find()
    linear, null_linear = problem.linear(bottom.parameters), null_problem.linear(null.parameters)
    test = plain_test(2 * sample.n * bottom.value, df)
    baseline = plain_test(2 * sample.n * null.value, degrees_of_freedom(null_structure))
    scaled = shifted_test(test.plain, df, trace=linear.trace, trace_of_square=linear.trace_of_square)
    scaled_null = shifted_test(
        baseline.plain, int(baseline.df), trace=null_linear.trace, trace_of_square=null_linear.trace_of_square
    )
    n, n_blocks = sample.n - structure.n_blocks, structure.n_blocks
    goodness = [
        standard_goodness(test, baseline, n=n, n_blocks=n_blocks),
        scaled_goodness(scaled, scaled_null, n=n, n_blocks=n_blocks),
        *_robust_goodness(problem, linear, bottom, df),
    ]
    matrices = with_errors(structure, structure.at(bottom.parameters))
    moments = tuple(
        Moments(block.thresholds, block.correlations, *ordinal_moments(structure, matrices, place))
        for place, block in enumerate(sample.blocks)
    )
    return FactorFit(
        structure=structure,
        estimator="WLSMV",
        parameters=bottom.parameters,
        covariance=linear.inverse @ linear.filling @ linear.inverse / n,
        matrices=matrices,
        moments=moments,
        n=tuple(block.n for block in sample.blocks),
        n_incomplete=sum(block.n_incomplete for block in sample.blocks),
        n_clusters=sample.n_clusters,
        test=test,
        baseline=baseline,
        scaled_test=scaled,
        scaled_baseline=scaled_null,
        goodness=tuple(goodness),
        srmr=srmr_of(
            [one.covariance for one in moments],
            [one.implied_covariance for one in moments],
            [block.n / sample.n for block in sample.blocks],
        ),
        log_likelihood=math.nan,
        is_heywood=heywood(matrices),
    )


def with_errors(structure: Structure, matrices: Matrices) -> Matrices:
    """The matrices with the diagonal of the errors filled in: what the factors leave of 1 / scale^2."""
    error = matrices.error.copy()
    for block in range(structure.n_blocks):
        loading = matrices.loading[block]
        common = np.diag(loading @ matrices.factor[block] @ loading.T)
        np.fill_diagonal(error[block], matrices.scale[block] ** -2 - common)
    return Matrices(
        matrices.loading, matrices.factor, error, matrices.intercept, matrices.mean, matrices.scale, matrices.threshold
    )


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """The problem seen from its solution, per pupil.

    Attributes
    ----------
    slopes : tuple of array, shape (r, q)
        D of each block.
    inverse : array, shape (q, q)
        (sum of shares D'WD)^-1.
    filling : array, shape (q, q)
        Sum of shares D'W G W D.
    trace, trace_of_square : float
        Of UG and of its square.
    """

    slopes: tuple[FloatArray, ...]
    inverse: FloatArray
    filling: FloatArray
    trace: float
    trace_of_square: float


@dataclass(frozen=True, slots=True, eq=False)
class WeightedProblem:
    """A structure and the moments it is fitted to by weighted least squares."""

    structure: Structure
    sample: OrdinalSample

    def slope(self, parameters: FloatArray) -> tuple[float, FloatArray]:
        """Objective, half the weighted squares per pupil, and its gradient."""
        value, gradient = 0.0, np.zeros(parameters.size)
        matrices = self.structure.at(parameters)
        if bool(np.any(matrices.scale <= 0)):
            return np.inf, gradient
        for place, block in enumerate(self.sample.blocks):
            gap = self._gap(matrices, place)
            share = (block.n - 1) / self.sample.n
            value += 0.5 * share * float(gap @ (block.weight * gap))
            gradient -= share * self.steep(matrices, place).T @ (block.weight * gap)
        return value, gradient

    def curvature(self, parameters: FloatArray, observed: bool) -> FloatArray:
        """D'WD per pupil; with what the curvature of the moments adds, where the true one is wanted.

        Where scales are free their part of that is left out, so all of it is: half of it would be no curvature.
        """
        matrices = self.structure.at(parameters)
        total = np.zeros((parameters.size, parameters.size))
        bends = observed and not bool((self.structure.matrix == SCALE).any())
        for place, block in enumerate(self.sample.blocks):
            steep, share = self.steep(matrices, place), (block.n - 1) / self.sample.n
            total += share * steep.T @ (block.weight[:, np.newaxis] * steep)
            if bends:
                bend = slopes(self.structure, matrices, place)
                pull, push = self._pull(matrices, place)
                added = share * second_slopes(self.structure, matrices, bend, pull, push, place)
                total += by_parameter(self.structure, bend.cells, added)
        return total

    def _pull(self, matrices: Matrices, block: int) -> tuple[FloatArray, FloatArray]:
        """How the objective pulls at the covariances and means of the latent responses, as `second_slopes` takes it."""
        heavy = self.sample.blocks[block].weight * self._gap(matrices, block)
        first, p = self.structure.item_of.size, self.structure.n_items
        columns, rows = np.triu_indices(p, k=1)
        pull = np.zeros((p, p))
        pull[rows, columns] = pull[columns, rows] = -heavy[first:]
        push = np.bincount(self.structure.item_of, weights=-heavy[:first], minlength=p)
        return pull, np.asarray(push, dtype=np.float64)

    def steep(self, matrices: Matrices, block: int) -> FloatArray:
        """D: slopes of the block's moments by the parameters, shape (r, q)."""
        cells, by_cell = ordinal_slopes(self.structure, matrices, block)
        return columns_by_parameter(self.structure, cells, by_cell)

    def find(self) -> Bottom:
        """Minimise. Raises FitError where no bottom is reached."""
        blocks = self.sample.blocks
        nothing = [np.zeros(self.structure.n_items) for _ in blocks]
        correlations, thresholds = [one.correlations for one in blocks], [one.thresholds for one in blocks]
        for plain in (False, True):
            start = start_values(self.structure, nothing, correlations, thresholds, plain=plain)
            bottom = minimise(self.slope, self.curvature, start, lost=self._lost)
            if bottom.converged:
                return bottom
        raise FitError(NO_SOLUTION)

    def linear(self, parameters: FloatArray) -> Linear:
        """What inference needs at the solution."""
        matrices, n = self.structure.at(parameters), self.sample.n
        slopes = tuple(self.steep(matrices, place) for place in range(len(self.sample.blocks)))
        q = parameters.size
        information, once, twice = np.zeros((q, q)), np.zeros((q, q)), np.zeros((q, q))
        trace = trace_of_square = 0.0
        for block, steep in zip(self.sample.blocks, slopes, strict=True):
            share, weight = block.n / n, block.weight[:, np.newaxis]
            heavy = weight * steep
            spread = block.spread @ heavy
            information += share * steep.T @ heavy
            once += share * heavy.T @ spread
            twice += share * spread.T @ (weight * spread)
            trace += float(block.weight @ np.diag(block.spread))
            scaled = weight * block.spread
            trace_of_square += float(np.sum(scaled * scaled.T))
        inverse = inverse_information(information)
        seen = inverse @ once
        return Linear(
            slopes=slopes,
            inverse=inverse,
            filling=once,
            trace=trace - float(np.trace(seen)),
            trace_of_square=trace_of_square - 2 * float(np.sum(inverse * twice)) + float(np.sum(seen * seen.T)),
        )

    def _gap(self, matrices: Matrices, block: int) -> FloatArray:
        thresholds, correlations = ordinal_moments(self.structure, matrices, block)
        columns, rows = np.triu_indices(self.structure.n_items, k=1)
        return self.sample.blocks[block].moments - np.concatenate([thresholds, correlations[rows, columns]])

    def _lost(self, parameters: FloatArray) -> bool:
        error = with_errors(self.structure, self.structure.at(parameters)).error
        return bool(np.diagonal(error, axis1=1, axis2=2).min() < -20)


def _robust_goodness(problem: WeightedProblem, linear: Linear, bottom: Bottom, df: int) -> list[Goodness]:
    """By the normal likelihood of the polychoric correlations; nothing where these or the model's are not definite.

    Thresholds that the model binds are not part of that likelihood, so such a model has no robust indices.
    """
    structure, sample = problem.structure, problem.sample
    if structure.is_bound or df <= 0:
        return []
    p, n = structure.n_items, sample.n - structure.n_blocks
    columns, rows = np.triu_indices(p, k=1)
    first = structure.item_of.size
    matrices = structure.at(bottom.parameters)
    value = null_value = null_trace = 0.0
    parts: list[tuple[FloatArray, FloatArray, FloatArray, FloatArray]] = []
    for place, block in enumerate(sample.blocks):
        model = ordinal_moments(structure, matrices, place)[1]
        definite = min(float(np.linalg.eigvalsh(one)[0]) for one in (model, block.correlations))
        if definite < 1e-8:
            return []
        inverse = np.linalg.inv(model)
        own = float(np.linalg.slogdet(block.correlations)[1])
        value += block.n * (float(np.linalg.slogdet(model)[1]) + float(np.sum(inverse * block.correlations)) - own - p)
        null_value -= block.n * own
        spread = block.spread[first:, first:]
        null_trace += float(np.trace(spread))
        i, j, k, m = rows[:, np.newaxis], columns[:, np.newaxis], rows, columns
        normal = inverse[i, k] * inverse[j, m] + inverse[i, m] * inverse[j, k]
        share = block.n / sample.n
        parts.append((linear.slopes[place][first:], share * block.weight[first:], share * normal, spread / share))
    steep = np.vstack([one[0] for one in parts])
    left = np.eye(len(steep)) - steep @ (linear.inverse @ (steep.T * np.concatenate([one[1] for one in parts])))
    trace, begin = 0.0, 0
    middle = np.zeros_like(left)
    for _, _, normal, _ in parts:
        end = begin + len(normal)
        middle += left[begin:end].T @ normal @ left[begin:end]
        begin = end
    begin = 0
    for *_, spread in parts:
        end = begin + len(spread)
        trace += float(np.sum(middle[begin:end, begin:end] * spread))
        begin = end
    null_df = len(sample.blocks) * rows.size
    return [
        robust_goodness(
            value, df, trace / df, null_value, null_df, null_trace / null_df, n=n, n_blocks=len(sample.blocks)
        )
    ]
