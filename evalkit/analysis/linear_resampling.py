"""Randomisation test and bootstrap of a linear model without clusters: pupils who were drawn one by one."""

from functools import partial

import numpy as np
import pandas as pd

from evalkit.analysis.design import FloatArray, IntArray
from evalkit.analysis.linear_model import LinearModel
from evalkit.analysis.mechanism import Mechanism
from evalkit.analysis.multilevel_allocation import Allocator, make_allocator
from evalkit.analysis.multilevel_arms import Arms, find_arms, moved_columns
from evalkit.analysis.multilevel_permutation import MOST_EXACT, ResamplingTest, permutation_result
from evalkit.analysis.multilevel_resampling import Bootstrap
from evalkit.analysis.resampling_order import canonical_order
from evalkit.analysis.sample import Sample
from evalkit.blocks import Block, make_blocks, run_blocks
from evalkit.errors import FitError
from evalkit.stats.resample_bootstrap import draw_counts
from evalkit.stats.resample_linear import refit_allocations_linear, refit_counts_linear

CELLS = 4_000_000  # numbers held at a time


def permute_pupils(
    model: LinearModel, treatment: str, draws: int, *, seed: int, mechanism: Mechanism | None = None
) -> ResamplingTest:
    """Test that the treatment changed nobody's outcome, by drawing its allocation of single pupils again.

    Parameters
    ----------
    model : LinearModel
        Without clusters and without weights; its first level of the treatment is the control.
    treatment : str
    draws : int
    seed : int
    mechanism : Mechanism, optional
        How the pupils were drawn, such as within strata. Left out: at random among all, and the result says so.

    Raises
    ------
    FitError, DesignError
        For a treatment that compares no arms or stands in an interaction, or a mechanism that does not fit the data.

    Notes
    -----
    The statistic is t of least squares; outcome and covariates stay. All allocations are counted out where there are no
    more than `draws`; p as in `stats.resample_summary.resampled_p`.
    """
    sample, arms = _arms(model, treatment)
    if any(moved.others for moved in moved_columns(sample, arms)):
        raise FitError(f"{treatment!r} stands in an interaction. Test a model in which it stands alone.")
    allocator = make_allocator(sample, arms, mechanism)
    possible = allocator.possible
    exact = possible is not None and possible <= min(draws, MOST_EXACT)
    kept = [place for place in model.rows.kept if place not in arms.places]
    rest = sample.columns[kept].T
    work = partial(_allocated, sample, arms, rest, allocator, exact)
    size = max(1, min(500, CELLS // (sample.outcome.size * len(arms.places))))
    blocks = make_blocks(possible if exact and possible else draws, size, seed)
    parts = run_blocks(work, blocks, workers=1, label="Permutation")
    estimates, errors = (np.concatenate([part[at] for part in parts]) for at in (0, 1))
    own, own_error = _effects(sample, arms, rest, arms.codes[:, None])
    fitted = [float(value) for value in own[0]]
    return permutation_result(
        arms.names, fitted, (own / own_error)[0], estimates / errors, exact, "permutation of t", allocator
    )


def bootstrap_pupils(model: LinearModel, treatment: str, draws: int, *, seed: int) -> Bootstrap:
    """Draw pupils again with replacement within their arm, and fit the model again.

    Parameters
    ----------
    model : LinearModel
        Without clusters and without weights.
    treatment : str
    draws : int
    seed : int

    Returns
    -------
    Bootstrap
        Draws of every coefficient; `clusters` counts pupils.
    """
    sample, arms = _arms(model, treatment)
    order = canonical_order(sample)
    design, outcome = model.rows.design[order], sample.outcome[order]
    work = partial(_drawn, design, outcome, arms.codes[order])
    size = max(1, min(500, CELLS // outcome.size))
    drawn = np.concatenate(run_blocks(work, make_blocks(draws, size, seed), workers=1, label="Bootstrap"))
    table = pd.DataFrame(drawn, columns=list(model.terms))
    table["converged"] = table[list(arms.names)].notna().all(axis=1)
    estimates = tuple(float(value) for value in model.core.coefficients)
    return Bootstrap(table, estimates, "cluster", treatment, outcome.size, seed)


def _arms(model: LinearModel, treatment: str) -> tuple[Sample, Arms]:
    sample = model.rows.sample
    if model.rows.codes is not None or sample.weights is not None:
        raise FitError("Pupils are drawn one by one here, so the model may have neither clusters nor weights.")
    lost = [place for place in range(len(sample.coding.names)) if place not in model.rows.kept]
    return sample, find_arms(lost, sample, treatment)


def _effects(sample: Sample, arms: Arms, rest: FloatArray, allocations: IntArray) -> tuple[FloatArray, FloatArray]:
    columns = [arms.column(arm, allocations) for arm in range(1, len(arms.places) + 1)]
    steps = np.array([high - low for low, high in arms.values])
    estimate, error = refit_allocations_linear(rest, sample.outcome, np.stack(columns, axis=2).transpose(1, 0, 2))
    return estimate * steps, error * np.abs(steps)


def _allocated(
    sample: Sample, arms: Arms, rest: FloatArray, allocator: Allocator, exact: bool, block: Block
) -> tuple[FloatArray, FloatArray]:
    return _effects(sample, arms, rest, allocator.draw(block, exact=exact, by_unit=False))


def _drawn(design: FloatArray, outcome: FloatArray, strata: IntArray, block: Block) -> FloatArray:
    rng = np.random.default_rng(block.seed)
    return refit_counts_linear(design, outcome, draw_counts(strata, rng, block.draws))
