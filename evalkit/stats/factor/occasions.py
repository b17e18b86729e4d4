"""Factor models of one questionnaire on several occasions: groups of pupils side by side, or waves of one group."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from evalkit.stats.factor.structure import Cell, MatrixName, Structure, build_structure
from evalkit.stats.vectors import BoolArray, IntArray

Step = Literal["configural", "thresholds", "metric", "scalar", "strict"]
Kind = Literal["groups", "waves"]
STEPS: tuple[Step, ...] = ("configural", "metric", "scalar", "strict")
ORDINAL_STEPS: tuple[Step, ...] = ("configural", "thresholds", "metric", "scalar")


@dataclass(frozen=True, slots=True, eq=False)
class Occasions:
    """What is asked, of whom, how often.

    Attributes
    ----------
    kind : "groups" or "waves"
        Groups are blocks of their own; waves stand beside one another in one block, wave after wave.
    count : int
        G occasions, at least 2.
    pattern : bool array, shape (p, m)
        Which item loads on which factor.
    item_of : int array, shape (t,), or None
        Ordinal answers: the item of each threshold.
    """

    kind: Kind
    count: int
    pattern: BoolArray
    item_of: IntArray | None = None

    def places(self) -> Iterator[tuple[int, int, int, int]]:
        """Of every occasion: its number, its block, its first item and its first factor there."""
        p, m = self.pattern.shape
        for occasion in range(self.count):
            waves = self.kind == "waves"
            yield occasion, 0 if waves else occasion, occasion * p * waves, occasion * m * waves


def structure_of(occasions: Occasions, step: Step) -> Structure:
    """The model in which as much is equal across occasions as the step says.

    Notes
    -----
    Continuous answers, each step with what the one before holds equal: configural, nothing; metric, loadings; scalar,
    intercepts; strict, error variances. Factors have variance 1 and mean 0 on the first occasion; elsewhere variances
    are free from metric on, means from scalar on [1]_.

    Ordinal answers, delta parameterisation, as identified by [2]_: configural, nothing; thresholds (scales and
    intercepts of the latent responses free after the first occasion); metric, thresholds and loadings; scalar,
    thresholds, loadings and intercepts. With two answers only, thresholds, intercepts and scales cannot be told apart:
    such items keep scale 1 and intercept 0 throughout, so nothing can be said about them before scalar.

    Waves: factors are free to correlate across waves, and so are the errors of one item [1]_.

    References
    ----------
    .. [1] Widaman, Ferrer & Conger (2010). Factorial invariance within longitudinal structural equation models. Child
       Dev. Perspect. 4, 10-18. doi:10.1111/j.1750-8606.2009.00110.x
    .. [2] Wu & Estabrook (2016). Identification of confirmatory factor analysis models of different levels of
       invariance for ordered categorical outcomes. Psychometrika 81, 1014-1045. doi:10.1007/s11336-016-9506-0
    """
    p, m = occasions.pattern.shape
    cells: dict[Cell, str | float] = {}
    for occasion, block, item0, factor0 in occasions.places():
        for factor in range(m):
            for item in np.flatnonzero(occasions.pattern[:, factor]):
                shared = "" if step in ("metric", "scalar", "strict") else f" @{occasion}"
                cells["loading", block, item0 + int(item), factor0 + factor] = f"loading {item} {factor}{shared}"
            fixed = occasion == 0 or step in ("configural", "thresholds")
            cells["factor", block, factor0 + factor, factor0 + factor] = (
                1.0 if fixed else f"variance {factor} @{occasion}"
            )
            if occasion and step in ("scalar", "strict"):
                cells["mean", block, factor0 + factor, 0] = f"mean {factor} @{occasion}"
            for other in range(factor):
                cells["factor", block, factor0 + factor, factor0 + other] = f"covariance {factor} {other} @{occasion}"
    if occasions.item_of is None:
        cells |= _continuous(occasions, step)
    else:
        cells |= _ordinal(occasions, occasions.item_of, step)
    if occasions.kind == "waves":
        cells |= _across_waves(occasions)
    waves = occasions.count if occasions.kind == "waves" else 1
    item_of = occasions.item_of
    return build_structure(
        cells,
        n_blocks=occasions.count // waves,
        n_items=p * waves,
        n_factors=m * waves,
        item_of=None if item_of is None else np.concatenate([item_of + p * wave for wave in range(waves)]),
    )


def _continuous(occasions: Occasions, step: Step) -> dict[Cell, str | float]:
    cells: dict[Cell, str | float] = {}
    for occasion, block, item0, _ in occasions.places():
        for item in range(len(occasions.pattern)):
            level = "" if step in ("scalar", "strict") else f" @{occasion}"
            error = "" if step == "strict" else f" @{occasion}"
            cells["intercept", block, item0 + item, 0] = f"intercept {item}{level}"
            cells["error", block, item0 + item, item0 + item] = f"error {item}{error}"
    return cells


def _ordinal(occasions: Occasions, item_of: IntArray, step: Step) -> dict[Cell, str | float]:
    cells: dict[Cell, str | float] = {}
    steps = np.bincount(item_of, minlength=len(occasions.pattern))
    for occasion, block, item0, _ in occasions.places():
        first = (item_of.size * occasion) if occasions.kind == "waves" else 0
        for place in range(item_of.size):
            shared = "" if step != "configural" else f" @{occasion}"
            cells["threshold", block, first + place, 0] = f"threshold {place}{shared}"
        if occasion == 0 or step == "configural":
            continue
        for item in np.flatnonzero(steps > 1):
            cells["scale", block, item0 + int(item), 0] = f"scale {item} @{occasion}"
            if step in ("thresholds", "metric"):
                cells["intercept", block, item0 + int(item), 0] = f"intercept {item} @{occasion}"
    return cells


def _across_waves(occasions: Occasions) -> dict[Cell, str | float]:
    p, m = occasions.pattern.shape
    cells: dict[Cell, str | float] = {}
    for later in range(1, occasions.count):
        for earlier in range(later):
            for factor in range(m):
                for other in range(m):
                    name = f"covariance {factor} {other} @{later} @{earlier}"
                    cells["factor", 0, later * m + factor, earlier * m + other] = name
            for item in range(p):
                matrix: MatrixName = "error"
                cells[matrix, 0, later * p + item, earlier * p + item] = f"error {item} @{later} @{earlier}"
    return cells
