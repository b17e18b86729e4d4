"""The analysis that belongs to a design, fitted to many drawn trials: the effect, its standard error and df in each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from evalkit.errors import FitError
from evalkit.stats.batch_inference import kenward_roger
from evalkit.stats.mixed.fit import fit_mixed
from evalkit.stats.mixed.inference import infer, single_tests
from evalkit.stats.mixed.terms import RandomTerm
from evalkit.stats.power_designs import DesignKind, TrialDesign
from evalkit.stats.resample_two_level import Batch, fit_batch
from evalkit.stats.trial_draws import TrialRows, draw_trials
from evalkit.stats.trial_layout import TrialLayout, lay_out
from evalkit.stats.vectors import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class TrialEffects:
    """The effect of the programme as B trials would report it; NaN where a trial could not be analysed.

    Attributes
    ----------
    estimate, std_error, df : ndarray (B,)
    """

    estimate: FloatArray
    std_error: FloatArray
    df: FloatArray


def analyse_trials(design: TrialDesign, *, effect: float, draws: int, seed: np.random.SeedSequence) -> TrialEffects:
    """Draw trials and analyse each as such a trial is analysed.

    Parameters
    ----------
    design : TrialDesign
    effect : float
        True effect in SDs.
    draws : int
    seed : numpy SeedSequence

    Returns
    -------
    TrialEffects

    Raises
    ------
    DesignError
        As `trial_layout.lay_out`.

    Notes
    -----
    With `pre` where a pre-test explains anything, S dummies of strata or blocks, X other covariates:

    individual              least squares, y ~ T + pre + S
    multisite_constant      least squares, y ~ T + pre + X + school
    multisite_fixed         least squares, y ~ T * school + pre + X; the mean of the schools' effects
    multisite_random        y ~ T + pre + (1 + T | school), Kenward-Roger
    cluster                 y ~ T + pre + S + (1 | school), Kenward-Roger
    cluster_three_level     y ~ T + pre + S + (1 | school) + (1 | class), Kenward-Roger
    blocked_cluster_fixed   y ~ T * block + pre + X + (1 | school), Kenward-Roger; the mean of the blocks' effects
    blocked_cluster_random  y ~ T + pre + (1 + T | block) + (1 | school), Kenward-Roger
    """
    layout = lay_out(design)
    parts = [
        ANALYSES[design.kind](design, layout, rows)
        for rows in draw_trials(design, layout, effect=effect, draws=draws, seed=seed)
    ]
    return join_effects(parts)


def join_effects(parts: Sequence[TrialEffects]) -> TrialEffects:
    """One record from several, in order."""
    return TrialEffects(
        np.concatenate([part.estimate for part in parts]),
        np.concatenate([part.std_error for part in parts]),
        np.concatenate([part.df for part in parts]),
    )


@dataclass(frozen=True, slots=True)
class _Cells:
    """Groups of rows of B trials: sizes (B, C), means (k, B, C), and crossproducts about them over all (B, k, k)."""

    size: FloatArray
    mean: FloatArray
    within: FloatArray


def _gather(columns: FloatArray, kept: BoolArray | None, cells: IntArray) -> _Cells:
    """Reduce columns (k, B, N) to cells, `cells` (N,) ascending; a cell without anybody has size and means 0."""
    starts = np.concatenate([[0], np.flatnonzero(np.diff(cells)) + 1])
    held = columns if kept is None else columns * kept
    count = np.diff(np.append(starts, len(cells))).astype(np.float64)
    sums = np.add.reduceat(held, starts, axis=2)
    size = (
        np.broadcast_to(count, sums.shape[1:]) if kept is None else np.add.reduceat(kept, starts, axis=1, dtype=float)
    )
    mean = sums / np.maximum(size, 1.0)
    within = np.einsum("kbn,lbn->bkl", held, held) - np.einsum("bc,kbc,lbc->bkl", size, mean, mean)
    return _Cells(size, mean, within)


def _columns(rows: TrialRows) -> list[FloatArray]:
    """The pupil-level columns of the analysis without the arm, the outcome last."""
    return [*([] if rows.pretest is None else [rows.pretest]), *rows.others, rows.outcome]


def _solve(within: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, BoolArray]:
    """Least squares from crossproducts (B, k + 1, k + 1), y last: beta, inverse, residual sum, and where it exists."""
    k = within.shape[1] - 1
    cross, square = within[:, :k, k], within[:, k, k]
    if k == 0:
        return cross, within[:, :0, :0], square, square > 0
    gram = within[:, :k, :k]
    values = np.linalg.eigvalsh(gram)
    good = (values[:, 0] > 1e-10 * values[:, -1]) & (square > 0)
    inverse = np.linalg.inv(np.where(good[:, None, None], gram, np.eye(k)))
    beta = np.einsum("bkl,bl->bk", inverse, cross)
    return beta, inverse, square - np.einsum("bk,bk->b", beta, cross), good


def _effects(estimate: FloatArray, variance: FloatArray, df: FloatArray, good: BoolArray) -> TrialEffects:
    good = good & (df >= 1) & (variance > 0)
    with np.errstate(invalid="ignore"):
        return TrialEffects(
            np.where(good, estimate, np.nan), np.where(good, np.sqrt(variance), np.nan), np.where(good, df, np.nan)
        )


def _least_squares(design: TrialDesign, layout: TrialLayout, rows: TrialRows) -> TrialEffects:
    """One effect, with a dummy for every stratum (individual) or school (multisite)."""
    cells = layout.strata  # of pupils, as pupils are the units
    treated = np.broadcast_to(layout.arms.astype(np.float64), rows.outcome.shape)
    found = _gather(np.array([treated, *_columns(rows)]), rows.kept, cells)
    beta, inverse, residual, good = _solve(found.within)
    df = found.size.sum(axis=1) - (found.size > 0).sum(axis=1) - beta.shape[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        return _effects(beta[:, 0], residual / df * inverse[:, 0, 0], df, good)


def _mean_of_schools(design: TrialDesign, layout: TrialLayout, rows: TrialRows) -> TrialEffects:
    """An effect in each school, least squares with common slopes; their plain mean."""
    found = _gather(np.array(_columns(rows)), rows.kept, 2 * layout.school + 1 - layout.arms)
    beta, inverse, residual, good = _solve(found.within)
    treated, control = found.size[:, 0::2], found.size[:, 1::2]
    both = (treated > 0) & (control > 0)
    schools = np.maximum(both.sum(axis=1), 1)
    gaps = np.where(both, found.mean[:, :, 0::2] - found.mean[:, :, 1::2], 0.0).sum(axis=2) / schools
    cells = np.where(both, 1 / np.maximum(treated, 1) + 1 / np.maximum(control, 1), 0.0).sum(axis=1) / schools**2
    covariates, outcome = gaps[:-1].T, gaps[-1]
    df = found.size.sum(axis=1) - (found.size > 0).sum(axis=1) - beta.shape[1]
    spread = cells + np.einsum("bk,bkl,bl->b", covariates, inverse, covariates)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = residual / df * spread
    return _effects(outcome - np.einsum("bk,bk->b", covariates, beta), variance, df, good & both.any(axis=1))


def _cluster(design: TrialDesign, layout: TrialLayout, rows: TrialRows) -> TrialEffects:
    """All trials at once from their schools' sizes and means."""
    columns = _columns(rows)
    found = _gather(np.array(columns), rows.kept, layout.school)
    schools, draws, strata = len(layout.arms), len(rows.outcome), int(layout.strata.max())
    fixed = np.vstack([np.ones(schools), *(layout.strata == s for s in range(1, strata + 1))]).astype(np.float64)
    moving = np.concatenate([rows.arms[None].astype(np.float64), found.mean.transpose(0, 2, 1)])
    first, width = len(fixed), len(fixed) + len(moving)
    within = np.zeros((width, width, draws))
    within[first + 1 :, first + 1 :] = found.within.transpose(1, 2, 0)
    sizes = found.size.T.copy()
    batch = Batch(
        sizes, sizes.sum(axis=0), within, tuple(range(first)), fixed, tuple(range(first, width)), moving, None
    )
    test = kenward_roger(batch, fit_batch(batch), contrast=np.eye(width - 1)[first])
    return TrialEffects(test.estimate, test.std_error, test.df)


def _one_by_one(design: TrialDesign, layout: TrialLayout, rows: TrialRows) -> TrialEffects:
    """Each trial by the general multilevel engine."""
    found = [_fit(design, layout, rows, draw) for draw in range(len(rows.outcome))]
    estimate, std_error, df = np.array(found).T
    return TrialEffects(estimate, std_error, df)


def _fit(design: TrialDesign, layout: TrialLayout, rows: TrialRows, draw: int) -> tuple[float, float, float]:
    here = slice(None) if rows.kept is None else np.flatnonzero(rows.kept[draw])
    treated = rows.arms[layout.unit, draw].astype(np.float64)[here]
    school, block = layout.school[here], layout.block[here]
    columns, weights = _fixed_part(design, layout, treated, block, layout.strata[layout.unit][here])
    covariates = [column[draw, here] for column in _columns(rows)[:-1]]
    terms = {
        "multisite_random": [_term("school", school, treated)],
        "cluster_three_level": [_term("class", layout.group[here]), _term("school", school)],
        "blocked_cluster_fixed": [_term("school", school)],
        "blocked_cluster_random": [_term("school", school), _term("block", block, treated)],
    }[design.kind]
    try:
        fit = fit_mixed(rows.outcome[draw, here], np.array([*columns, *covariates]), terms)
        contrast = np.array([*weights, *(0.0 for _ in covariates)])[list(fit.coordinates.kept)]
        if not fit.certificate.converged or not contrast.any():
            return np.nan, np.nan, np.nan
        test = single_tests(infer(fit), contrast[None] / contrast.sum())[0]
    except FitError:
        return np.nan, np.nan, np.nan
    return test.estimate, test.std_error, test.df


def _fixed_part(
    design: TrialDesign, layout: TrialLayout, treated: FloatArray, block: IntArray, stratum: IntArray
) -> tuple[list[FloatArray], list[float]]:
    """Columns of constant, strata or blocks, and arm; and the weights of the effect among them."""
    constant = np.ones(len(treated))
    if design.kind == "blocked_cluster_fixed":
        dummies = [(block == b).astype(np.float64) for b in range(int(layout.block[-1]) + 1)]
        return [*dummies, *(own * treated for own in dummies)], [0.0] * len(dummies) + [1.0] * len(dummies)
    strata = int(layout.strata.max()) if design.kind == "cluster_three_level" else 0
    dummies = [(stratum == s).astype(np.float64) for s in range(1, strata + 1)]
    return [constant, *dummies, treated], [0.0] * (strata + 1) + [1.0]


def _term(group: str, codes: IntArray, slope: FloatArray | None = None) -> RandomTerm:
    levels, own = np.unique(codes, return_inverse=True)
    if slope is None:
        return RandomTerm(group, ("(Intercept)",), own, len(levels))
    return RandomTerm(group, ("(Intercept)", "treat"), own, len(levels), np.array([np.ones(len(slope)), slope]))


ANALYSES: dict[DesignKind, Callable[[TrialDesign, TrialLayout, TrialRows], TrialEffects]] = {
    "individual": _least_squares,
    "multisite_constant": _least_squares,
    "multisite_fixed": _mean_of_schools,
    "multisite_random": _one_by_one,
    "cluster": _cluster,
    "cluster_three_level": _one_by_one,
    "blocked_cluster_fixed": _one_by_one,
    "blocked_cluster_random": _one_by_one,
}
ONE_BY_ONE = frozenset(kind for kind, analysis in ANALYSES.items() if analysis is _one_by_one)
