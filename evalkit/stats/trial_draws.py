"""Trials drawn at random from a planned design: outcomes, pre-tests, arms, and who is still there at the end."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from evalkit.stats.power_designs import TrialDesign
from evalkit.stats.resample_allocation import draw_allocations
from evalkit.stats.trial_layout import IN_STRATA, PUPILS_DRAWN, TrialLayout
from evalkit.stats.vectors import BoolArray, FloatArray, IntArray

CELLS = 400_000  # numbers of one kind that are drawn at a time, so that they stay in the processor's cache


@dataclass(frozen=True, slots=True)
class TrialRows:
    """B trials of one layout.

    Attributes
    ----------
    outcome : ndarray (B, N)
        In SDs of all control pupils.
    pretest : ndarray (B, N) or None
        What the covariates explain of the outcome, as one pre-test with slope 1; None where they explain nothing.
    others : ndarray (g, B, N)
        Further covariates, which explain nothing.
    arms : ndarray (U, B)
        1 treated, of each allocated unit.
    kept : ndarray (B, N) or None
        Who is analysed: in the subgroup, and neither pupil nor school lost. None: everybody.
    """

    outcome: FloatArray
    pretest: FloatArray | None
    others: FloatArray
    arms: IntArray
    kept: BoolArray | None


def draw_trials(
    design: TrialDesign, layout: TrialLayout, *, effect: float, draws: int, seed: np.random.SeedSequence
) -> Iterator[TrialRows]:
    """Draw trials, some at a time.

    Parameters
    ----------
    design : TrialDesign
    layout : TrialLayout
        Of that design.
    effect : float
        True mean effect, in SDs of the outcome.
    draws : int
    seed : numpy SeedSequence

    Yields
    ------
    TrialRows

    Notes
    -----
    y = T (effect + sqrt(rho omega) v) + x + w + sqrt(rho_3 (1 - R_3)) u_3 + sqrt(rho_2 (1 - R_2)) u_2
    + sqrt((1 - rho_2 - rho_3 - rho_b)(1 - R_1)) e, x = sqrt(rho_3 R_3) z_3 + sqrt(rho_2 R_2) z_2 + sqrt((..) R_1) z_1,
    w of variance rho_b between blocks; all of u, v, w, z, e standard normal. So the variances and the shares explained
    are those of the formulas in `power_designs.precision`, and one pre-test with one slope explains them.
    """
    rng = np.random.default_rng(seed)
    size = max(1, CELLS // layout.pupils)
    for start in range(0, draws, size):
        yield _draw(design, layout, effect, min(size, draws - start), rng)


def _draw(design: TrialDesign, layout: TrialLayout, effect: float, draws: int, rng: np.random.Generator) -> TrialRows:
    pretest = _sum_of_levels(design, layout, draws, rng, explained=True)
    outcome = _sum_of_levels(design, layout, draws, rng, explained=False)
    if pretest is not None:
        outcome = pretest if outcome is None else outcome + pretest
    if outcome is None:
        outcome = np.zeros((draws, layout.pupils))
    arms = _draw_arms(design, layout, draws, rng)
    treated = arms[layout.unit].T
    outcome = outcome + effect * treated
    spread, codes = _effect_spread(design, layout)
    if spread > 0:
        outcome += treated * _component(codes, spread, layout.pupils, draws, rng)
    others = [_component(codes, 1.0, layout.pupils, draws, rng) for codes in other_covariates(design, layout)]
    kept = _draw_kept(design, layout, draws, rng)
    return TrialRows(outcome, pretest, np.array(others).reshape(len(others), *outcome.shape), arms, kept)


def other_covariates(design: TrialDesign, layout: TrialLayout) -> list[IntArray | None]:
    """The level of each covariate beside pre-test and strata: codes of its groups, or None for pupils."""
    if design.kind in IN_STRATA:
        return []
    return [None if design.kind in PUPILS_DRAWN else layout.school] * design.covariates


def _sum_of_levels(
    design: TrialDesign, layout: TrialLayout, draws: int, rng: np.random.Generator, *, explained: bool
) -> FloatArray | None:
    """The part of the outcome that covariates explain, or the part that they do not; None where there is none."""
    rest = 1 - (design.icc or 0.0) - design.icc_class - design.icc_block
    levels: list[tuple[IntArray | None, float, float]] = [
        (layout.block, design.icc_block, 0.0),
        (layout.school, design.icc or 0.0, design.r2_school),
        (layout.group, design.icc_class, design.r2_class),
        (None, rest, design.r2_pupil),
    ]
    total: FloatArray | None = None
    for codes, variance, r2 in levels:
        own = variance * (r2 if explained else 1 - r2)
        if own > 0:
            part = _component(codes, own, layout.pupils, draws, rng)
            total = part if total is None else np.add(total, part, out=total)
    return total


def _component(
    codes: IntArray | None, variance: float, pupils: int, draws: int, rng: np.random.Generator
) -> FloatArray:
    """Normal values (B, N) of this variance, one for each group of pupils, or for each pupil."""
    if codes is None:
        return math.sqrt(variance) * rng.standard_normal((draws, pupils))
    return (math.sqrt(variance) * rng.standard_normal((draws, int(codes[-1]) + 1)))[:, codes]


def _effect_spread(design: TrialDesign, layout: TrialLayout) -> tuple[float, IntArray]:
    if design.kind == "multisite_random":
        return (design.icc or 0.0) * design.effect_variation, layout.school
    return design.icc_block * design.effect_variation, layout.block


def _draw_arms(design: TrialDesign, layout: TrialLayout, draws: int, rng: np.random.Generator) -> IntArray:
    if design.kind in PUPILS_DRAWN:
        # Pupils of a stratum differ in nothing but what is drawn anew, so that one allocation stands for all.
        return np.repeat(layout.arms[:, None], draws, axis=1)
    return draw_allocations(layout.arms, layout.strata, rng, draws)


def _draw_kept(design: TrialDesign, layout: TrialLayout, draws: int, rng: np.random.Generator) -> BoolArray | None:
    share = (1 - design.attrition_pupils) * design.subgroup_share
    kept = None if share == 1 else rng.random((draws, layout.pupils)) < share
    if design.attrition_schools == 0:
        return kept
    stays = rng.random((draws, int(layout.school[-1]) + 1)) >= design.attrition_schools
    return stays[:, layout.school] if kept is None else kept & stays[:, layout.school]
