"""Power by simulation: trials drawn from a design and analysed one and all, in this process or in workers."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from evalkit.blocks import Block, make_blocks, run_blocks
from evalkit.errors import DesignError
from evalkit.stats.power import power_for
from evalkit.stats.power_designs import TrialDesign
from evalkit.stats.power_simulated import Diagnosis
from evalkit.stats.trial_draws import draw_trials
from evalkit.stats.trial_fits import ONE_BY_ONE, TrialEffects, analyse_trials, join_effects
from evalkit.stats.trial_layout import lay_out

FAST_BLOCK, SLOW_BLOCK = 250, 25
DIAGNOSIS_COLUMNS = (
    "power_low", "power_high", "power_formula", "bias", "bias_error", "std_error_reported", "coverage", "coverage_low",
    "coverage_high", "draws", "failed", "seed",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Job:
    """One block of one design."""

    place: int
    design: TrialDesign
    effect: float
    block: Block


def simulate_designs(
    designs: Sequence[TrialDesign], *, effect: float, draws: int, seed: int, workers: int
) -> list[TrialEffects]:
    """Draw and analyse trials of every design.

    Parameters
    ----------
    designs : sequence of TrialDesign
    effect : float
        True effect in SDs; 0 is allowed.
    draws : int
        Trials of each design.
    seed : int
        The same draws for every design; equal seeds give equal numbers with any number of workers.
    workers : int
        Processes; -1 for one per core.

    Returns
    -------
    list of TrialEffects
        One for each design.
    """
    if not math.isfinite(effect):
        raise DesignError(f"effect: found {effect:g}. Give a difference in SDs, for example 0.2.")
    jobs: list[_Job] = []
    for place, design in enumerate(designs):
        lay_out(design)  # what cannot be drawn is told before the work begins
        size = SLOW_BLOCK if design.kind in ONE_BY_ONE else FAST_BLOCK
        jobs += [_Job(place, design, effect, block) for block in make_blocks(draws, size, seed)]
    parts = run_blocks(_work, jobs, workers=workers, label="Simulating trials")
    found: list[list[TrialEffects]] = [[] for _ in designs]
    for job, part in zip(jobs, parts, strict=True):
        found[job.place].append(part)
    return [join_effects(own) for own in found]


def diagnosis_row(found: Diagnosis, design: TrialDesign, *, effect: float, seed: int) -> dict[str, object]:
    """The columns that only a simulation has."""
    own = asdict(found) | {"power_formula": _by_formula(design, effect), "seed": seed}
    return {name: own[name] for name in DIAGNOSIS_COLUMNS}


def draw_trial(design: TrialDesign, *, effect: float, seed: int) -> pd.DataFrame:
    """One trial as the simulation draws it, as a table: try your own analysis on it.

    Parameters
    ----------
    design : TrialDesign
    effect : float
        True effect, in SDs of the outcome.
    seed : int

    Returns
    -------
    frame
        A row per pupil who is analysed: `pupil`, `school`, `class`, `block` and `stratum` where the design has them,
        `treat` (1 or 0), `pre` where covariates explain anything, further covariates `x1`, `x2`, ..., and `post`.

    Raises
    ------
    DesignError
        When the design cannot be drawn, such as one with half a school.

    Examples
    --------
    >>> trial = draw_trial(TrialDesign("cluster", schools=10, pupils=20, icc=0.1, r2_pupil=0.5), effect=0.3, seed=1)
    >>> list(trial), len(trial)
    (['pupil', 'school', 'treat', 'pre', 'post'], 200)
    """
    layout = lay_out(design)
    if seed < 0:
        raise DesignError(f"seed: found {seed}. Use a whole number of 0 or more.")
    rows = next(draw_trials(design, layout, effect=effect, draws=1, seed=np.random.SeedSequence(seed)))
    columns: dict[str, np.ndarray] = {"pupil": np.arange(1, layout.pupils + 1)}
    has_strata = layout.strata.max() > 0 and design.kind in ("individual", "cluster", "cluster_three_level")
    for name, codes, there in (
        ("block", layout.block, design.blocks is not None),
        ("school", layout.school, design.kind != "individual"),
        ("class", layout.group, design.classes is not None),
        ("stratum", layout.strata[layout.unit], has_strata),
    ):
        if there:
            columns[name] = codes + 1
    columns["treat"] = rows.arms[layout.unit, 0]
    if rows.pretest is not None:
        columns["pre"] = rows.pretest[0]
    columns |= {f"x{k}": values[0] for k, values in enumerate(rows.others, start=1)}
    frame = pd.DataFrame(columns | {"post": rows.outcome[0]})
    return frame if rows.kept is None else frame[rows.kept[0]].reset_index(drop=True)


def _work(job: _Job) -> TrialEffects:
    return analyse_trials(job.design, effect=job.effect, draws=job.block.draws, seed=job.block.seed)


def _by_formula(design: TrialDesign, effect: float) -> float:
    """Power by the exact formula; NaN where there is none."""
    try:
        return power_for(design, effect=effect, method="noncentral").power
    except DesignError:
        return math.nan
