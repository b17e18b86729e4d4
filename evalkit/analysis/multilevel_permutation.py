"""Randomisation tests of a multilevel fit: repeat the allocation, or flip clusters, and refit."""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

import numpy as np
import pandas as pd

from evalkit.analysis.design import FloatArray, IntArray
from evalkit.analysis.mechanism import Mechanism
from evalkit.analysis.multilevel_allocation import Allocator, make_allocator
from evalkit.analysis.multilevel_arms import Arms, find_arms, moved_columns, reallocate
from evalkit.analysis.sample import Sample
from evalkit.blocks import Block, make_blocks, run_blocks
from evalkit.errors import FitError, SpecError
from evalkit.stats.mixed.fit import MixedFit, fit_mixed
from evalkit.stats.resample_allocation import sign_patterns
from evalkit.stats.resample_permutation import PermutationPlan, make_permutation_plan, refit_allocations
from evalkit.stats.resample_plan import has_one_intercept
from evalkit.stats.resample_summary import resampled_p
from evalkit.stats.resample_wild import WildPlan, make_wild_plan, wild_statistics

Statistic = Literal["t", "estimate"]
Exact = Literal["auto", "always", "never"]
MOST_EXACT = 100_000
FAST_BLOCK, SLOW_BLOCK, CELLS = 500, 20, 4_000_000


@dataclass(frozen=True, slots=True)
class ResamplingTest:
    """A test by repeated allocation or by flipped clusters.

    Attributes
    ----------
    table : DataFrame
        A row per treated arm: `contrast estimate statistic p_value as_extreme draws failed exact monte_carlo_error test
        mechanism assumed`. `assumed` is empty where the mechanism was given.
    drawn : ndarray (B, arms)
        The statistic of every draw; NaN where the refit failed.
    """

    table: pd.DataFrame
    drawn: FloatArray

    def tidy(self) -> pd.DataFrame:
        """The table."""
        return self.table.copy()

    @property
    def caveats(self) -> pd.DataFrame:
        """What a reader must know: columns `kind level message`."""
        first = self.table.iloc[0]
        rows: list[tuple[str, str, str]] = []
        if first["assumed"]:
            rows.append(("assumed_mechanism", "warning", str(first["assumed"])))
        if first["failed"]:
            rows.append(
                (
                    "failed_draws",
                    "warning",
                    f"{first['failed']} of {first['draws']} draws could not be refitted; they count as more extreme, "
                    "so p errs to the safe side.",
                )
            )
        if first["exact"] and 1.0 / first["draws"] > 0.01:
            rows.append(
                (
                    "few_allocations",
                    "warning",
                    f"Only {first['draws']} draws are possible, so p cannot be below {2.0 / first['draws']:.3f} or so.",
                )
            )
        return pd.DataFrame(rows, columns=["kind", "level", "message"])

    def __repr__(self) -> str:
        first = self.table.iloc[0]
        return f"<ResamplingTest {first['test']}, {first['draws']} draws, {'exact' if first['exact'] else 'random'}>"


def permute(
    core: MixedFit,
    sample: Sample,
    treatment: str,
    draws: int,
    *,
    seed: int,
    mechanism: Mechanism | None = None,
    statistic: Statistic = "t",
    exact: Exact = "auto",
    workers: int = 1,
) -> ResamplingTest:
    """Test that the treatment changed nobody's outcome, by repeating its allocation.

    Parameters
    ----------
    core : MixedFit
    sample : Sample
    treatment : str
    draws : int
    seed : int
    mechanism : Mechanism, optional
        How the treatment was allocated. Left out, the plainest mechanism is assumed and the result says so.
    statistic : {"t", "estimate"}
        Estimate over its model-based standard error, or the estimate alone.
    exact : {"auto", "always", "never"}
        Count every possible allocation: "auto" where there are at most 100,000 and each is cheap (or no more than
        `draws`).
    workers : int

    Returns
    -------
    ResamplingTest

    Raises
    ------
    SpecError, FitError, DesignError
        For an unknown option, a treatment that compares no arms, or a mechanism that does not fit the data.

    Notes
    -----
    Outcomes and covariates stay; the treatment's columns, interactions and random slopes follow each allocation and
    the model is fitted again. p counts the observed allocation and ties within 1e-9.
    """
    _check_options(statistic, exact)
    arms = find_arms(core.coordinates.dropped, sample, treatment)
    if not isinstance(mechanism, Mechanism | None):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise SpecError(f"mechanism={mechanism!r} is none. Make one: declare_mechanism(data, 'school').")
    allocator = make_allocator(sample, arms, mechanism)
    everything = allocator.possible
    fast = has_one_intercept(sample.terms) and all(not moved.others for moved in moved_columns(sample, arms))
    all_of_them = _exactly(everything, draws, exact, fast=fast)
    total = everything if all_of_them and everything is not None else draws
    if fast:
        plan, size = _fast_plan(sample, arms, allocator, core.reml)
        work = partial(_fast_block, plan, allocator, all_of_them)
        observed = _statistics(*_fast_effects(plan, allocator.observed(plan.by_cluster)[:, None]), statistic)[0]
    else:
        size = SLOW_BLOCK
        work = partial(_slow_block, sample, arms, allocator, all_of_them, core.reml)
        observed = _statistics(*_refit(sample, arms, arms.codes, core.reml), statistic)[0]
    parts = run_blocks(work, make_blocks(total, size, seed), workers=workers, label="Permutation")
    estimates, errors = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    drawn = _statistics(estimates, errors, statistic)
    fitted = _own_estimates(core, sample, arms)
    return permutation_result(
        arms.names, fitted, observed, drawn, all_of_them, f"permutation of {statistic}", allocator
    )


def _check_options(statistic: str, exact: str) -> None:
    problems = [
        f"{name}={value!r} is unknown. Use one of: {', '.join(get_args(allowed))}."
        for name, value, allowed in (("statistic", statistic, Statistic), ("exact", exact, Exact))
        if value not in get_args(allowed)
    ]
    if problems:
        raise SpecError("An option is unknown.", problems=problems)


def _exactly(everything: int | None, draws: int, exact: Exact, *, fast: bool) -> bool:
    if exact == "never" or everything is None:
        if exact == "always":
            raise SpecError("The trial's own procedure cannot be enumerated. Use exact='auto' and random draws.")
        return False
    if exact == "always" and everything > MOST_EXACT:
        raise SpecError(
            f"There are {everything:,} possible draws; at most {MOST_EXACT:,} are counted out. Use exact='auto'."
        )
    return exact == "always" or everything <= (MOST_EXACT if fast else min(draws, MOST_EXACT))


def _own_estimates(core: MixedFit, sample: Sample, arms: Arms) -> list[float]:
    kept = list(core.coordinates.kept)
    steps = [high - low for low, high in arms.values]
    return [float(core.beta[kept.index(place)]) * step for place, step in zip(arms.places, steps, strict=True)]


def _statistics(estimates: FloatArray, errors: FloatArray, statistic: Statistic) -> FloatArray:
    return estimates if statistic == "estimate" else estimates / errors


def _fast_plan(sample: Sample, arms: Arms, allocator: Allocator, reml: bool) -> tuple[PermutationPlan, int]:
    others = np.delete(sample.columns, list(arms.places), axis=0)
    by_cluster = allocator.group == 0
    plan = make_permutation_plan(
        sample.outcome,
        others,
        sample.terms[0],
        values=arms.values,
        by_cluster=by_cluster,
        weights=sample.weights,
        reml=reml,
    )
    return plan, FAST_BLOCK if by_cluster else max(1, min(FAST_BLOCK, CELLS // sample.outcome.size))


def _fast_effects(plan: PermutationPlan, allocations: IntArray) -> tuple[FloatArray, FloatArray]:
    found = refit_allocations(plan, allocations)
    return found.estimate, found.std_error


def _fast_block(
    plan: PermutationPlan, allocator: Allocator, all_of_them: bool, block: Block
) -> tuple[FloatArray, FloatArray]:
    return _fast_effects(plan, allocator.draw(block, exact=all_of_them, by_unit=plan.by_cluster))


def _slow_block(
    sample: Sample, arms: Arms, allocator: Allocator, all_of_them: bool, reml: bool, block: Block
) -> tuple[FloatArray, FloatArray]:
    allocations = allocator.draw(block, exact=all_of_them, by_unit=False)
    found = [_refit(sample, arms, codes, reml) for codes in allocations.T]
    return np.concatenate([f[0] for f in found]), np.concatenate([f[1] for f in found])


def _refit(sample: Sample, arms: Arms, codes: IntArray, reml: bool) -> tuple[FloatArray, FloatArray]:
    """Estimates and standard errors (1, arms) of one allocation of rows; NaN where the refit failed."""
    failed = np.full((1, len(arms.places)), np.nan)
    moved = reallocate(sample, arms, codes)
    try:
        found = fit_mixed(moved.outcome, moved.columns, moved.terms, weights=moved.weights, reml=reml)
    except FitError:  # a failed draw is counted, on the safe side
        return failed, failed
    kept = list(found.coordinates.kept)
    if not found.certificate.converged or any(place not in kept for place in arms.places):
        return failed, failed
    places = [kept.index(place) for place in arms.places]
    return found.beta[places][None], np.sqrt(np.diag(found.covariance)[places])[None]


def permutation_result(
    names: tuple[str, ...],
    estimates: list[float],
    observed: FloatArray,
    drawn: FloatArray,
    exact: bool,
    test: str,
    allocator: Allocator | None,
) -> ResamplingTest:
    """The test of each arm from its observed statistic and those `drawn` (B, arms)."""
    rows: list[dict[str, Hashable]] = []
    for at, name in enumerate(names):
        found = resampled_p(float(observed[at]), drawn[:, at], exact=exact)
        rows.append(
            {
                "contrast": name,
                "estimate": estimates[at],
                "statistic": float(observed[at]),
                "p_value": found.p_value,
                "as_extreme": found.as_extreme,
                "draws": found.draws,
                "failed": found.failed,
                "exact": found.exact,
                "monte_carlo_error": found.monte_carlo_error,
                "test": test,
                "mechanism": "" if allocator is None else allocator.words,
                "assumed": "" if allocator is None else allocator.assumed,
            }
        )
    return ResamplingTest(pd.DataFrame(rows), drawn)


def wild_test(
    core: MixedFit,
    sample: Sample,
    treatment: str,
    draws: int,
    *,
    seed: int,
    exact: Exact = "auto",
    workers: int = 1,
) -> ResamplingTest:
    """Wild cluster bootstrap test of a treatment in the least-squares companion of the model.

    Parameters
    ----------
    core : MixedFit
    sample : Sample
    treatment : str
    draws : int
        Patterns of signs drawn at random; with at most 16 clusters all 2^J are counted instead.
    seed : int
    exact : {"auto", "always", "never"}
    workers : int

    Returns
    -------
    ResamplingTest
        `statistic` is the cluster-robust t (CR0) of least squares with the same fixed part; clusters are the groups of
        the widest grouping factor.

    Notes
    -----
    See `stats.resample_wild`. With very few clusters in one arm the test is known to be too careful.
    """
    _check_options("t", exact)
    arms = find_arms(core.coordinates.dropped, sample, treatment)
    term = sample.terms[-1]
    everything = 2**term.levels
    all_of_them = _exactly(everything, draws, exact, fast=True)
    kept = list(core.coordinates.kept)
    design = sample.columns[kept].T
    plans = [
        make_wild_plan(design, sample.outcome, term.codes, place=kept.index(place), weights=sample.weights)
        for place in arms.places
    ]
    work = partial(_wild_block, plans, term.levels, all_of_them)
    blocks = make_blocks(everything if all_of_them else draws, 2000, seed)
    drawn = np.concatenate(run_blocks(work, blocks, workers=workers, label="Wild bootstrap"))
    same = np.ones((term.levels, 1), dtype=np.intp)
    observed = np.array([wild_statistics(plan, same)[0] for plan in plans])
    fitted = _own_estimates(core, sample, arms)
    return permutation_result(arms.names, fitted, observed, drawn, all_of_them, "wild cluster bootstrap of t", None)


def _wild_block(plans: list[WildPlan], clusters: int, all_of_them: bool, block: Block) -> FloatArray:
    if all_of_them:
        signs = sign_patterns(clusters, block.start, block.stop)
    else:
        signs = 1 - 2 * np.random.default_rng(block.seed).integers(0, 2, (clusters, block.draws))
    return np.stack([wild_statistics(plan, signs) for plan in plans], axis=1)
