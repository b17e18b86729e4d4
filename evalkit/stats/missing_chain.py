"""One chain of equations: the gaps of each variable renewed in turn, given all others."""

import numpy as np

from evalkit.stats.linear import independent_columns
from evalkit.stats.missing_draws import ModelDraw, draw_latent, draw_model
from evalkit.stats.missing_model import ImputationModel
from evalkit.stats.vectors import BoolArray, FloatArray, IntArray

DONORS = 5
# Prior SD of a yes/no variable's coefficients, on the probit scale per SD of the predictor: finite, hardly felt.
PROBIT_PRIOR_SD = 2.5
PROBIT_CONSTANT_SD = 10.0
PROBIT_SWEEPS = 3


class Chain:
    """One group's rows and the state of its chain."""

    def __init__(self, model: ImputationModel, rows: IntArray, gaps: BoolArray) -> None:
        self.model, self.rows = model, rows
        self.gaps = gaps[rows]
        found, self.codes = np.unique(model.codes[rows], return_inverse=True)
        self.n_clusters = len(found)
        self.sizes = np.bincount(self.codes).astype(np.float64)
        self.complete = np.ascontiguousarray(model.complete[rows].T)
        self.complete_means = self._means(self.complete)
        self.constant: dict[int, FloatArray] = {}
        self.kept: dict[int, IntArray] = {}
        self.latent: dict[int, FloatArray] = {}

    def fill(self, values: FloatArray, rng: np.random.Generator) -> None:
        """Start every gap at an observed value drawn at random."""
        for k in range(values.shape[1]):
            gap = self.gaps[:, k]
            if gap.any():
                known = values[self.rows[~gap], k]
                values[self.rows[gap], k] = rng.choice(known, int(gap.sum()))

    def visit(self, k: int, values: FloatArray, rng: np.random.Generator) -> None:
        """Renew the gaps of variable k given everything else."""
        gap = self.gaps[:, k]
        if not gap.any():
            return
        x = self._columns(k, values[self.rows], ~gap)
        seen, y = ~gap, values[self.rows, k]
        if self.model.kinds[k] == "binary":
            new = self._binary(k, x, y, seen, rng)
        else:
            new = self._number(x, y, seen, rng, matched=self.model.kinds[k] == "matched")
        values[self.rows[gap], k] = new

    def _number(
        self, x: FloatArray, y: FloatArray, seen: BoolArray, rng: np.random.Generator, *, matched: bool
    ) -> FloatArray:
        centre, scale = y[seen].mean(), y[seen].std()
        z = (y - centre) / scale
        draw = draw_model(x[:, seen], z[seen], codes=self.codes[seen], n_clusters=self.n_clusters, rng=rng)
        drawn = draw.beta @ x[:, ~seen] + draw.effects[self.codes[~seen]]
        if not matched:
            return centre + scale * (drawn + draw.sigma * rng.standard_normal(drawn.size))
        expected = draw.centre @ x[:, seen] + draw.effects[self.codes[seen]]
        return _match(expected, y[seen], drawn, rng)

    def _binary(self, k: int, x: FloatArray, y: FloatArray, seen: BoolArray, rng: np.random.Generator) -> FloatArray:
        known, codes = y[seen], self.codes[seen]
        precision = np.full(len(x), 1.0 / PROBIT_PRIOR_SD**2)
        precision[0] = 1.0 / PROBIT_CONSTANT_SD**2
        if k not in self.latent:
            self.latent[k] = draw_latent(np.zeros(known.size), known, rng)
        draw = self._probit_sweep(k, x[:, seen], known, codes, precision, rng)
        for _ in range(PROBIT_SWEEPS - 1):
            draw = self._probit_sweep(k, x[:, seen], known, codes, precision, rng)
        unseen = (draw.beta @ x[:, ~seen] + draw.effects[self.codes[~seen]]) / draw.sigma
        return (unseen + rng.standard_normal(unseen.size) > 0).astype(np.float64)

    def _probit_sweep(
        self,
        k: int,
        x: FloatArray,
        known: FloatArray,
        codes: IntArray,
        precision: FloatArray,
        rng: np.random.Generator,
    ) -> ModelDraw:
        draw = draw_model(x, self.latent[k], codes=codes, n_clusters=self.n_clusters, rng=rng, precision=precision)
        # The drawn scale is divided out again: it only helps the chain to move.
        self.latent[k] = draw_latent((draw.beta @ x + draw.effects[codes]) / draw.sigma, known, rng)
        return draw

    def _means(self, columns: FloatArray) -> FloatArray:
        """Cluster means of columns (c, n), a value per row again; no columns when the model does without."""
        if not self.model.cluster_means:
            return columns[:0]
        means = [np.bincount(self.codes, row, self.n_clusters) / self.sizes for row in columns]
        return np.array(means).reshape(len(columns), self.n_clusters)[:, self.codes]

    def _columns(self, k: int, values: FloatArray, seen: BoolArray) -> FloatArray:
        """Predictors of variable k as rows, the constant first, each brought to mean 0 and SD 1 where k is observed."""
        model = self.model
        others = np.array([values[:, j] for j in range(values.shape[1]) if j != k]).reshape(-1, len(values))
        named = dict(zip(model.complete_names, self.complete, strict=True)) | dict(
            zip(model.names, values.T, strict=True)
        )
        products = [named[a] * named[b] for a, b in model.interactions.get(model.names[k], ())]
        changing = np.vstack([others, self._means(others), *products])
        if k not in self.constant:
            self.constant[k] = _standardised(np.vstack([self.complete, self.complete_means]), seen)
        constant, varying = self.constant[k], _standardised(changing, seen)
        c, v = len(self.complete), len(others)
        everything = np.vstack([np.ones((1, len(values))), constant[:c], varying[:v], constant[c:], varying[v:]])
        if k not in self.kept:
            self.kept[k] = independent_columns(everything[:, seen].T, tolerance=1e-6)
        return everything[self.kept[k]]


def _standardised(columns: FloatArray, seen: BoolArray) -> FloatArray:
    """Rows (c, n) brought to mean 0 and SD 1 where `seen`; a row that does not vary there becomes 0."""
    centre = columns[:, seen].mean(axis=1, keepdims=True)
    spread = columns[:, seen].std(axis=1, keepdims=True)
    flat = spread <= 1e-12 * np.maximum(np.abs(columns).max(axis=1, keepdims=True, initial=0.0), 1e-300)
    return np.where(flat, 0.0, (columns - centre) / np.where(flat, 1.0, spread))


def _match(expected: FloatArray, known: FloatArray, drawn: FloatArray, rng: np.random.Generator) -> FloatArray:
    """For each drawn prediction the value of one of the five observed rows with the nearest expectation."""
    order = np.argsort(expected, kind="stable")
    ranked, count = expected[order], min(DONORS, len(expected))
    at = np.searchsorted(ranked, drawn)
    near = np.clip(at[:, None] + np.arange(-count, count), 0, len(ranked) - 1)
    distance = np.abs(ranked[near] - drawn[:, None])
    # A place that clipping repeats must not count twice.
    distance[:, 1:][near[:, 1:] == near[:, :-1]] = np.inf
    nearest = np.argsort(distance, axis=1, kind="stable")[:, :count]
    pick = rng.integers(0, count, len(drawn))
    return known[order[near[np.arange(len(drawn)), nearest[np.arange(len(drawn)), pick]]]]
