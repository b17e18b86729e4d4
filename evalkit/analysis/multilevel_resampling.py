"""Bootstrap and refits of a multilevel fit: from sufficient statistics under one random intercept, else one by one."""

from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

import numpy as np
import pandas as pd

from evalkit.analysis.multilevel_arms import find_arms
from evalkit.analysis.resampling_order import in_canonical_order
from evalkit.analysis.sample import Sample
from evalkit.blocks import Block, make_blocks, run_blocks
from evalkit.errors import FitError, SpecError
from evalkit.records.frames import need_frame
from evalkit.stats.mixed.fit import MixedFit
from evalkit.stats.mixed.moments import FloatArray, IntArray
from evalkit.stats.resample_bootstrap import BootstrapPlan, Kind, bootstrap_block
from evalkit.stats.resample_plan import Draws, Plan, has_one_intercept, join_draws, make_plan, refit_responses
from evalkit.stats.resample_refit import RefitPlan, check_refit_plan, refit_block, refit_outcomes
from evalkit.stats.resample_summary import IntervalKind, resampled_interval
from evalkit.stats.vectors import check_conf_level

Interval = Literal["percentile", "basic", "normal"]
FAST_BLOCK, SLOW_BLOCK = 500, 20
CELLS = 4_000_000  # outcomes held at a time by kinds that need them row by row
FEW_CLUSTERS = 20


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """A bootstrap of a multilevel fit.

    Attributes
    ----------
    draws : DataFrame
        A row per draw: every fixed effect, `sd_EFFECT|GROUP` of every random effect, `sigma`, and `converged`. A draw
        whose refit failed is there, empty.
    estimates : tuple of float
        The fit's own values, in the order of the columns.
    kind : str
        "parametric", "cluster" or "residual".
    strata : str
        The term within whose arms whole clusters were drawn, or "none"; empty for the other kinds.
    clusters : int
        Groups of the widest factor.
    seed : int
    """

    draws: pd.DataFrame
    estimates: tuple[float, ...]
    kind: Kind
    strata: str
    clusters: int
    seed: int

    @property
    def failed(self) -> int:
        """Draws whose refit failed: not certified, or columns that had become dependent."""
        return int((~self.draws["converged"]).sum())

    @property
    def caveats(self) -> pd.DataFrame:
        """What a reader must know: columns `kind level message`."""
        rows: list[tuple[str, str, str]] = []
        if self.failed:
            rows.append(
                (
                    "failed_draws",
                    "warning",
                    f"{self.failed} of {len(self.draws)} draws could not be refitted and are left out of the limits.",
                )
            )
        if self.clusters < FEW_CLUSTERS:
            rows.append(
                (
                    "few_clusters",
                    "warning",
                    f"With {self.clusters} clusters bootstrap limits are too narrow; prefer the Kenward-Roger "
                    "interval of the model.",
                )
            )
        return pd.DataFrame(rows, columns=["kind", "level", "message"])

    def tidy(self, *, conf_level: float = 0.95, interval: Interval = "percentile") -> pd.DataFrame:
        """A row per quantity: `term estimate std_error bias conf_low conf_high conf_level interval draws failed`.

        Parameters
        ----------
        conf_level : float
        interval : {"percentile", "basic", "normal"}
        """
        check_conf_level(conf_level)
        if interval not in get_args(IntervalKind):
            raise SpecError(f"interval={interval!r} is unknown. Use one of: {', '.join(get_args(IntervalKind))}.")
        rows: list[dict[str, object]] = []
        for name, estimate in zip(self.draws.columns[:-1], self.estimates, strict=True):
            drawn = self.draws[name].to_numpy(dtype=np.float64)
            good = drawn[~np.isnan(drawn)]
            low, high = resampled_interval(estimate, drawn, kind=interval, conf_level=conf_level)
            rows.append(
                {
                    "term": name,
                    "estimate": estimate,
                    "std_error": float(good.std(ddof=1)) if good.size > 1 else np.nan,
                    "bias": float(good.mean()) - estimate if good.size else np.nan,
                    "conf_low": low,
                    "conf_high": high,
                    "conf_level": conf_level,
                    "interval": interval,
                    "draws": len(drawn),
                    "failed": self.failed,
                }
            )
        return pd.DataFrame(rows)

    def __repr__(self) -> str:
        return f"<Bootstrap {self.kind}, {len(self.draws)} draws, {self.failed} failed>"


def bootstrap(
    core: MixedFit,
    sample: Sample,
    draws: int,
    *,
    seed: int,
    kind: Kind = "parametric",
    treatment: str | None = None,
    workers: int = 1,
) -> Bootstrap:
    """Bootstrap a multilevel fit.

    Parameters
    ----------
    core : MixedFit
    sample : Sample
    draws : int
    seed : int
        Equal seeds give equal bytes with any number of workers.
    kind : {"parametric", "cluster", "residual"}
        New outcomes from the fitted model; whole clusters of the widest grouping factor, each draw a new cluster; or
        predicted effects and residuals, drawn again.
    treatment : str, optional
        For "cluster": clusters are drawn within the arms of this term, so that every draw has the real number per arm.
        Needed only where several terms are constant in clusters and take two values.
    workers : int

    Returns
    -------
    Bootstrap

    Raises
    ------
    SpecError, FitError
        When an option is unknown or the kind cannot be had for this model; the message says what to use instead.

    Notes
    -----
    See `stats.resample_bootstrap`. With one random intercept no row of data is made for "parametric" and "cluster".
    """
    if kind not in get_args(Kind):
        raise SpecError(f"kind={kind!r} is unknown. Use one of: {', '.join(get_args(Kind))}.")
    strata, words = _strata(core, sample, treatment) if kind == "cluster" else (_none(sample), "")
    work, size = _bootstrap_work(core, sample, kind, strata)
    parts = run_blocks(work, make_blocks(draws, size, seed), workers=workers, label="Bootstrap")
    widest = sample.terms[-1]
    return Bootstrap(_frame(core, sample, join_draws(parts)), _estimates(core), kind, words, widest.levels, seed)


def _bootstrap_work(core: MixedFit, sample: Sample, kind: Kind, strata: IntArray) -> tuple[partial[Draws], int]:
    fast = has_one_intercept(sample.terms) and not (kind == "residual" and sample.weights is not None)
    if kind == "residual" or not fast:
        sample = in_canonical_order(sample)
    if fast:
        plan = make_plan(core, sample.outcome, sample.columns, sample.terms[0], sample.weights)
        size = FAST_BLOCK if kind != "residual" else max(1, min(FAST_BLOCK, CELLS // sample.outcome.size))
        return partial(_fast, BootstrapPlan(plan, kind, strata)), size
    slow = RefitPlan(core, sample.outcome, sample.columns, sample.terms, sample.weights, kind, strata)
    check_refit_plan(slow)
    return partial(_slow, slow), SLOW_BLOCK


def _fast(plan: BootstrapPlan, block: Block) -> Draws:
    return bootstrap_block(plan, block.seed, block.draws)


def _slow(plan: RefitPlan, block: Block) -> Draws:
    return refit_block(plan, block.seed, block.draws)


def refit(core: MixedFit, sample: Sample, responses: pd.DataFrame, *, workers: int = 1) -> pd.DataFrame:
    """Refit the model to other outcomes on the same rows, such as those of `simulate`.

    Parameters
    ----------
    core : MixedFit
    sample : Sample
    responses : DataFrame
        A column per outcome, the rows used in their order.
    workers : int

    Returns
    -------
    DataFrame
        A row per outcome, columns as in `Bootstrap.draws`.

    Raises
    ------
    FitError
        When the rows do not match or a value is not a finite number.
    """
    responses = need_frame(responses, error=FitError, called="The responses")
    values = np.ascontiguousarray(responses.to_numpy(dtype=np.float64).T)
    if values.ndim != 2 or values.shape[1] != sample.outcome.size or not len(values):
        raise FitError(
            f"The responses have {responses.shape[0]} rows and {responses.shape[1]} columns; the model uses "
            f"{sample.outcome.size} rows. Give a column per outcome, with those rows."
        )
    if not np.isfinite(values).all():
        raise FitError("Some responses are missing or infinite. Give finite numbers.")
    if has_one_intercept(sample.terms):
        plan = make_plan(core, sample.outcome, sample.columns, sample.terms[0], sample.weights)
        work, size = partial(_fast_responses, plan, values), FAST_BLOCK
    else:
        slow = RefitPlan(
            core, sample.outcome, sample.columns, sample.terms, sample.weights, "parametric", _none(sample)
        )
        work, size = partial(_slow_responses, slow, values), SLOW_BLOCK
    parts = run_blocks(work, make_blocks(len(values), size, 0), workers=workers, label="Refits")
    return _frame(core, sample, join_draws(parts)).set_index(pd.Index(responses.columns))


def _fast_responses(plan: Plan, values: FloatArray, block: Block) -> Draws:
    return refit_responses(plan, values[block.start : block.stop])


def _slow_responses(plan: RefitPlan, values: FloatArray, block: Block) -> Draws:
    return refit_outcomes(plan, values[block.start : block.stop])


def _none(sample: Sample) -> IntArray:
    return np.zeros(sample.terms[-1].levels, dtype=np.intp)


def _strata(core: MixedFit, sample: Sample, treatment: str | None) -> tuple[IntArray, str]:
    """Stratum of every level of the widest factor: the arms; and their term."""
    term = sample.terms[-1]
    chosen = treatment if treatment is not None else _only_arm_term(core, sample)
    if chosen is None:
        return _none(sample), "none"
    arms = find_arms(core.coordinates.dropped, sample, chosen)
    first = np.zeros(term.levels, dtype=np.intp)
    first[term.codes] = arms.codes
    if bool((first[term.codes] != arms.codes).any()):
        return _none(sample), "none"  # both arms are in every cluster drawn
    alone = np.flatnonzero(np.bincount(first) == 1)
    if alone.size:
        raise FitError(
            f"An arm of {chosen!r} has one {term.group} only, so drawing within arms would draw it every time. Use "
            "kind='parametric'."
        )
    return first, arms.term


def _only_arm_term(core: MixedFit, sample: Sample) -> str | None:
    """The one term of the fixed part that could be arms of whole clusters; None where there is none."""
    codes, levels = sample.terms[-1].codes, sample.terms[-1].levels
    found: dict[str, bool] = {}
    for place in core.coordinates.kept:
        name, column = sample.coding.terms[place], sample.columns[place]
        if name in ("Intercept", "1") or ":" in name:
            continue
        first = np.zeros(levels)
        first[codes] = column
        found[name] = found.get(name, True) and np.unique(column).size == 2 and bool((first[codes] == column).all())
    terms = [name for name, fits in found.items() if fits]
    if len(terms) > 1:
        raise FitError(
            f"Whole clusters are drawn within arms, and {', '.join(terms)} could each be the treatment. Name it, such "
            f"as treatment={terms[0]!r}."
        )
    return terms[0] if terms else None


def _columns(core: MixedFit, sample: Sample) -> list[str]:
    terms = [sample.coding.names[i] for i in core.coordinates.kept]
    return [*terms, *(f"sd_{name}|{t.group}" for t in sample.terms for name in t.names), "sigma"]


def _estimates(core: MixedFit) -> tuple[float, ...]:
    spread = [float(np.sqrt(v)) for component in core.components for v in np.diag(component.covariance)]
    return (*map(float, core.beta), *spread, float(np.sqrt(core.sigma2)))


def _frame(core: MixedFit, sample: Sample, draws: Draws) -> pd.DataFrame:
    values = np.hstack([draws.beta, np.sqrt(draws.variances), np.sqrt(draws.sigma2)[:, None]])
    frame = pd.DataFrame(values, columns=_columns(core, sample))
    return frame.assign(converged=draws.converged)
