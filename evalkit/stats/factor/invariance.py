"""Does a questionnaire measure the same on every occasion? The steps of measurement invariance, one after the other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from evalkit.errors import FitError
from evalkit.stats.factor.difference import Difference, difference, ordinal_difference
from evalkit.stats.factor.fit import FactorFit, fit_normal
from evalkit.stats.factor.goodness import Goodness
from evalkit.stats.factor.occasions import ORDINAL_STEPS, STEPS, Kind, Occasions, Step, structure_of
from evalkit.stats.factor.ordinal import fit_ordinal_factors, take_ordinal_sample
from evalkit.stats.factor.rare_answers import Merged, merge_rare
from evalkit.stats.factor.sample import take_sample
from evalkit.stats.vectors import BoolArray, FloatArray, IntArray

TWO_ANSWERS = "With two answers per item this cannot be told apart from the last step."
THREE_ANSWERS = "With three answers per item this holds by construction."


@dataclass(frozen=True, slots=True, eq=False)
class StepFit:
    """One step.

    Attributes
    ----------
    step : "configural", "thresholds", "metric", "scalar" or "strict"
    fit : FactorFit or None
        None where the step was not fitted; `reason` says why.
    difference : Difference or None
        Against the last step that was fitted; None for the first.
    reason : str
    """

    step: Step
    fit: FactorFit | None
    difference: Difference | None
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Invariance:
    """All steps.

    Attributes
    ----------
    steps : tuple of StepFit
        In order.
    merged : tuple of Merged
        Items of which rare answers were merged (ordinal answers).
    """

    steps: tuple[StepFit, ...]
    merged: tuple[Merged, ...]


def headline(fit: FactorFit) -> Goodness:
    """The fit indices to compare steps by: scaled ones for MLR and WLSMV where there are any, else the plain ones."""
    return next((one for one in fit.goodness if one.variant == "scaled"), fit.goodness[0])


def fit_steps(
    occasions: Sequence[FloatArray],
    *,
    kind: Kind,
    pattern: BoolArray,
    clusters: Sequence[IntArray] | None = None,
    robust: bool = False,
) -> Invariance:
    """The steps for answers taken as continuous.

    Parameters
    ----------
    occasions : arrays, shape (n, p) each
        Answers to the same items of every group, or of the same pupils in every wave; NaN where missing.
    kind : "groups" or "waves"
    pattern : bool array, shape (p, m)
        Which item loads on which factor.
    clusters : int arrays, one per group, or one for all waves
        The school of each row.
    robust : bool
        MLR without schools too.

    Returns
    -------
    Invariance
        A step that could not be fitted has a reason; the next is held against the last that could.

    Raises
    ------
    FitError
        Already the answers allow no factor model.
    """
    blocks = _blocks(occasions, kind)
    sample = take_sample(blocks, clusters=clusters)
    asked = Occasions(kind, len(occasions), pattern)
    fits: list[tuple[Step, FactorFit | None, str]] = []
    for step in STEPS:
        try:
            fits.append((step, fit_normal(structure_of(asked, step), sample, robust=robust), ""))
        except FitError as error:
            fits.append((step, None, error.message))
    return Invariance(_compared(fits, difference), ())


def fit_ordinal_steps(
    occasions: Sequence[FloatArray],
    *,
    kind: Kind,
    pattern: BoolArray,
    fewest: int,
    clusters: Sequence[IntArray] | None = None,
) -> Invariance:
    """The steps for ordinal answers, as `fit_steps`; answers given by fewer than `fewest` pupils are merged first.

    Rows with a missing answer are left out.
    """
    renumbered, merged = merge_rare(_complete(occasions, kind), fewest=fewest)
    kept = None if clusters is None else _complete_codes(occasions, kind, clusters)
    sample = take_ordinal_sample(_blocks(renumbered, kind), clusters=kept)
    p = len(pattern)
    item_of = sample.item_of[sample.item_of < p]
    steps = np.bincount(item_of, minlength=p)
    asked = Occasions(kind, len(occasions), pattern, item_of)
    fits: list[tuple[Step, FactorFit | None, str]] = []
    for step in ORDINAL_STEPS:
        if int(steps.max()) == 1 and step in ("thresholds", "metric"):
            fits.append((step, None, TWO_ANSWERS))
            continue
        try:
            fit = fit_ordinal_factors(structure_of(asked, step), sample)
        except FitError as error:
            fits.append((step, None, error.message))
            continue
        by_construction = step == "thresholds" and int(steps.max()) == 2
        fits.append((step, fit, THREE_ANSWERS if by_construction else ""))
    return Invariance(_compared(fits, lambda free, bound: ordinal_difference(free, bound, sample)), merged)


def _compared(
    fits: Sequence[tuple[Step, FactorFit | None, str]], compare: Callable[[FactorFit, FactorFit], Difference]
) -> tuple[StepFit, ...]:
    fitted = [(step, fit) for step, fit, _ in fits if fit is not None]
    differences = {later[0]: compare(earlier[1], later[1]) for earlier, later in pairwise(fitted)}
    return tuple(StepFit(step, fit, differences.get(step), reason) for step, fit, reason in fits)


def _blocks(occasions: Sequence[FloatArray], kind: Kind) -> list[FloatArray]:
    return [np.hstack(list(occasions))] if kind == "waves" else list(occasions)


def _complete(occasions: Sequence[FloatArray], kind: Kind) -> list[FloatArray]:
    kept = _complete_rows(occasions, kind)
    return [rows[keep] for rows, keep in zip(occasions, kept, strict=True)]


def _complete_codes(occasions: Sequence[FloatArray], kind: Kind, clusters: Sequence[IntArray]) -> list[IntArray]:
    kept = _complete_rows(occasions, kind)[: len(clusters)]
    return [codes[keep] for codes, keep in zip(clusters, kept, strict=True)]


def _complete_rows(occasions: Sequence[FloatArray], kind: Kind) -> list[BoolArray]:
    """The rows with all answers: of each group, or of all waves together."""
    complete = [np.asarray(~np.isnan(rows).any(axis=1), dtype=np.bool_) for rows in occasions]
    if kind == "groups":
        return complete
    in_all: BoolArray = np.all(np.vstack(complete), axis=0)
    return [in_all for _ in occasions]
