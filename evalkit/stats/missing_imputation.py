"""Multiple imputation of pupils in schools: chained equations with a school effect in every equation."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from evalkit.errors import FitError
from evalkit.stats.missing_chain import Chain
from evalkit.stats.missing_model import ImputationModel
from evalkit.stats.vectors import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Imputations:
    """The imputed values.

    Attributes
    ----------
    names : tuple of str
    numbers : tuple of int
        Which imputations these are, from 0.
    observed : ndarray (n, v)
        As given, NaN in the gaps, in the caller's row order.
    rows : tuple of ndarray
        Rows of each variable's gaps.
    values : tuple of ndarray (m, gaps)
    trace : ndarray (m, iterations, v)
        Mean of the imputed values after every iteration.
    """

    names: tuple[str, ...]
    numbers: tuple[int, ...]
    observed: FloatArray = field(repr=False)
    rows: tuple[IntArray, ...] = field(repr=False)
    values: tuple[FloatArray, ...] = field(repr=False)
    trace: FloatArray = field(repr=False)

    def completed(self, number: int) -> FloatArray:
        """All variables (n, v) with the gaps of imputation `number` (its place in `numbers`) filled."""
        filled = self.observed.copy()
        for k, rows in enumerate(self.rows):
            filled[rows, k] = self.values[k][number]
        return filled


def impute(
    model: ImputationModel,
    *,
    seed: int,
    n_imputations: int = 20,
    iterations: int = 10,
    only: Sequence[int] | None = None,
) -> Imputations:
    """Draw imputations.

    Parameters
    ----------
    model : ImputationModel
    seed : int
    n_imputations : int, >= 2
    iterations : int, >= 1
        Rounds through the equations. One number with gaps and nothing else needs a single round, and gets it.
    only : sequence of int, optional
        Numbers of the imputations to make, 0 to n_imputations - 1. Each has its own stream of random numbers, so parts
        made by several workers equal those made at once.

    Returns
    -------
    Imputations

    Notes
    -----
    Fully conditional specification [1]_: each variable in turn, from those with fewest gaps, is drawn given the current
    values of all others, from a random-intercept model whose parameters (coefficients, variances, school effects)
    are drawn from their posterior given the rows where the variable was observed. Numbers: `draw_model`, without a
    Markov chain of its own. Yes/no: probit by data augmentation [2]_ with the scale drawn too [3]_. School means of
    the other variables are renewed at every step [4]_.

    References
    ----------
    .. [1] van Buuren (2018). Flexible Imputation of Missing Data, 2nd ed., ch. 4 and 7.
    .. [2] Albert & Chib (1993). JASA 88, 669-679. doi:10.1080/01621459.1993.10476321
    .. [3] Liu & Wu (1999). Parameter expansion for data augmentation. JASA 94, 1264-1274.
       doi:10.1080/01621459.1999.10473879
    .. [4] Grund, Luedtke & Robitzsch (2018). Multiple imputation of missing data for multilevel models. Organ. Res.
       Methods 21(1), 111-149. doi:10.1177/1094428117703686
    """
    if n_imputations < 2 or iterations < 1:
        raise FitError(f"{n_imputations} imputations of {iterations} iterations: use at least 2 and 1 (20 and 10).")
    chosen = tuple(range(n_imputations)) if only is None else tuple(only)
    if not chosen or any(not 0 <= number < n_imputations for number in chosen):
        raise FitError(f"Imputations are numbered 0 to {n_imputations - 1}: name at least one of these.")
    streams = np.random.SeedSequence(seed).spawn(n_imputations)
    gaps = np.isnan(model.incomplete)
    with_gaps = np.flatnonzero(gaps.any(axis=0))
    rounds = 1 if len(with_gaps) == 1 and model.kinds[with_gaps[0]] != "binary" else iterations
    filled: list[FloatArray] = []
    traces: list[FloatArray] = []
    for number in chosen:
        values, trace = _impute_once(model, gaps, rounds, np.random.default_rng(streams[number]))
        filled.append(values)
        traces.append(trace)
    back = np.empty_like(model.order)
    back[model.order] = np.arange(len(back))
    rows = tuple(np.flatnonzero(gaps[back, k]) for k in range(len(model.names)))
    values = tuple(np.stack([one[back[rows[k]], k] for one in filled]) for k in range(len(model.names)))
    return Imputations(model.names, chosen, model.incomplete[back], rows, values, np.stack(traces))


def scale_reduction(trace: FloatArray) -> FloatArray:
    """Gelman and Rubin's potential scale reduction of each variable over imputations, second half of the iterations.

    Parameters
    ----------
    trace : ndarray (m, iterations, v)

    Returns
    -------
    ndarray (v,)
        Near 1 when chains have forgotten their start; NaN with fewer than four iterations or nothing imputed.

    References
    ----------
    .. [1] Gelman & Rubin (1992). Statist. Sci. 7(4), 457-472. doi:10.1214/ss/1177011136
    """
    half = trace[:, trace.shape[1] // 2 :]
    m, steps, count = (int(length) for length in half.shape)
    if steps < 2 or m < 2:
        return np.full(count, np.nan)
    within = half.var(axis=1, ddof=1).mean(axis=0)
    between = half.mean(axis=1).var(axis=0, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.sqrt((steps - 1) / steps + between / within), dtype=np.float64)


def _impute_once(
    model: ImputationModel, gaps: BoolArray, rounds: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    values = model.incomplete.copy()
    trace = np.full((rounds, values.shape[1]), np.nan)
    parts = [Chain(model, np.flatnonzero(model.groups == g), gaps) for g in range(int(model.groups.max()) + 1)]
    for part in parts:
        part.fill(values, rng)
    visits = [int(k) for k in np.argsort(gaps.sum(axis=0), kind="stable") if gaps[:, k].any()]
    for step in range(rounds):
        for k in visits:
            for part in parts:
                part.visit(k, values, rng)
        for k in visits:
            trace[step, k] = values[gaps[:, k], k].mean()
    return values, trace
