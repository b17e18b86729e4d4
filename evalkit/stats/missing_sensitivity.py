"""How much the answer leans on what the missing would have said: shifted imputations and the tipping point."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from evalkit.errors import FitError
from evalkit.stats.missing_imputation import Imputations

Conclusion = Literal["above", "below", "unclear"]


@dataclass(frozen=True, slots=True)
class SensitivityPoint:
    """The answer under one departure from "missing at random".

    `delta` is in standard deviations of the outcome.
    """

    delta: float
    estimate: float
    conf_low: float
    conf_high: float


@dataclass(frozen=True, slots=True)
class TippingPoint:
    """How far missing outcomes would have to differ before the conclusion changes.

    Attributes
    ----------
    conclusion : {"above", "below", "unclear"}
        At delta = 0: interval above 0, below 0, or holding 0.
    delta_below, delta_above : float or None
        Nearest negative and positive delta, in SD, at which another conclusion begins; None within the range tried.
    points : tuple of SensitivityPoint
        All that were worked out, by delta.
    low, high : float
        Range tried.
    """

    conclusion: Conclusion
    delta_below: float | None
    delta_above: float | None
    points: tuple[SensitivityPoint, ...]
    low: float
    high: float


def shift_imputed(
    imputations: Imputations, *, variable: str, delta: float, sd: float, rows: npt.ArrayLike
) -> Imputations:
    """Add `delta` standard deviations to the imputed values of some pupils, in every imputation.

    Parameters
    ----------
    imputations : Imputations
    variable : str
    delta : float
        Below 0: the missing would have done worse than the model says.
    sd : float, > 0
        Of the outcome.
    rows : array of bool, shape (n,)
        Whose gaps are shifted: for example one arm. Observed values never move.

    Returns
    -------
    Imputations
    """
    chosen = np.asarray(rows)
    if variable not in imputations.names:
        raise FitError(f"{variable}: not among the imputed variables {', '.join(imputations.names)}.")
    if not (sd > 0 and np.isfinite(delta)) or chosen.shape != (len(imputations.observed),) or chosen.dtype != np.bool_:
        raise FitError("A shift needs a finite delta, an SD above 0 and one true or false per pupil.")
    k = imputations.names.index(variable)
    moved = imputations.values[k] + delta * sd * chosen[imputations.rows[k]]
    values = tuple(moved if j == k else one for j, one in enumerate(imputations.values))
    return Imputations(
        imputations.names, imputations.numbers, imputations.observed, imputations.rows, values, imputations.trace
    )


def tipping_point(
    answer: Callable[[float], tuple[float, float, float]],
    *,
    low: float = -1.0,
    high: float = 1.0,
    steps: int = 4,
    tolerance: float = 1e-3,
) -> TippingPoint:
    """Find how far the missing would have to differ before the conclusion changes.

    Parameters
    ----------
    answer : function of delta
        Pooled estimate, conf_low and conf_high with missing outcomes shifted by delta SD. It is asked with the same
        imputations each time, so that it is continuous in delta.
    low, high : float
        Range of delta, low < 0 < high.
    steps : int, >= 1
        Points on each side of 0, evenly spaced, at which the answer is worked out; the first change between two
        neighbours is then narrowed down.
    tolerance : float, > 0
        Of delta.

    Returns
    -------
    TippingPoint

    Examples
    --------
    >>> found = tipping_point(lambda delta: (0.2 + 0.3 * delta, 0.05 + 0.3 * delta, 0.35 + 0.3 * delta))
    >>> found.conclusion, round(found.delta_below, 3), found.delta_above
    ('above', -0.167, None)
    """
    if not low < 0 < high or steps < 1 or not tolerance > 0:
        raise FitError(
            f"The range of delta is {low:g} to {high:g}: it must hold 0; steps and tolerance must be above 0."
        )
    known: dict[float, SensitivityPoint] = {}

    def ask(delta: float) -> SensitivityPoint:
        if delta not in known:
            known[delta] = SensitivityPoint(delta, *answer(delta))
        return known[delta]

    start = _conclusion(ask(0.0))
    found = [
        _first_change(ask, [0.0, *(end * k / steps for k in range(1, steps + 1))], start, tolerance)
        for end in (low, high)
    ]
    points = tuple(known[delta] for delta in sorted(known))
    return TippingPoint(start, found[0], found[1], points, low, high)


def _conclusion(point: SensitivityPoint) -> Conclusion:
    if point.conf_low > 0:
        return "above"
    return "below" if point.conf_high < 0 else "unclear"


def _first_change(
    ask: Callable[[float], SensitivityPoint], deltas: Sequence[float], start: Conclusion, tolerance: float
) -> float | None:
    for inner, outer in pairwise(deltas):
        if _conclusion(ask(outer)) == start:
            continue

        def margin(delta: float, *, end: float = outer) -> float:
            point = ask(delta)
            # From "unclear" the end that leaves 0 behind decides, else the end that reaches it.
            upper = start == "below" or (start == "unclear" and _conclusion(ask(end)) == "below")
            return point.conf_high if upper else point.conf_low

        if margin(outer) == 0:
            return outer
        return float(brentq(margin, inner, outer, xtol=tolerance, rtol=1e-6))
    return None
