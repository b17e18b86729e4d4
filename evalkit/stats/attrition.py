"""Who was randomised and who was analysed: attrition by arm and level, and the boundaries of what is much."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evalkit.errors import FitError
from evalkit.stats.rounding import round_half_up


@dataclass(frozen=True, slots=True)
class Attrition:
    """Attrition of one level.

    Attributes
    ----------
    arms : tuple of str
    randomised, analysed : tuple of int
        By arm.
    shares : tuple of float
        Share of each arm that was lost; NaN for an arm with nobody randomised at this level.
    overall : float
        Share of all that was lost.
    differential : float
        Largest minus smallest of `shares`.
    """

    arms: tuple[str, ...]
    randomised: tuple[int, ...]
    analysed: tuple[int, ...]
    shares: tuple[float, ...]
    overall: float
    differential: float


@dataclass(frozen=True, slots=True)
class BoundaryVerdict:
    """One level against a published attrition boundary.

    Attributes
    ----------
    low : bool
        Low attrition: expected bias is tolerable.
    overall_percent : float
        As looked up, a whole percent.
    differential_points : float
        Not rounded.
    most_differential : float or None
        Largest difference in percentage points that counts as low; None when the overall loss alone is too high.
    """

    low: bool
    overall_percent: float
    differential_points: float
    most_differential: float | None


def attrition(randomised: Mapping[str, int], analysed: Mapping[str, int]) -> Attrition:
    """Attrition from counts by arm.

    Parameters
    ----------
    randomised, analysed : mapping of arm to count
        The same arms, two or more; analysed never above randomised.

    Raises
    ------
    FitError
        Naming each arm whose counts cannot be right.

    Examples
    --------
    >>> found = attrition({"treated": 200, "control": 200}, {"treated": 170, "control": 184})
    >>> round(found.overall, 3), round(found.differential, 3)
    (0.115, 0.07)
    """
    problems = [f"{arm}: found on one side only." for arm in sorted({*randomised} ^ {*analysed})]
    problems += [
        f"{arm}: {analysed[arm]} analysed of {randomised[arm]} randomised."
        for arm in randomised
        if arm in analysed and not 0 <= analysed[arm] <= randomised[arm]
    ]
    if len(randomised) < 2 or sum(randomised.values()) < 1:
        problems.append("At least two arms with somebody in them are needed.")
    if problems:
        raise FitError("Attrition cannot be counted: analysed units must be among the randomised.", problems=problems)
    arms = tuple(randomised)
    shares = tuple(1 - analysed[arm] / randomised[arm] if randomised[arm] else np.nan for arm in arms)
    known = [share for share in shares if not np.isnan(share)]
    return Attrition(
        arms=arms,
        randomised=tuple(int(randomised[arm]) for arm in arms),
        analysed=tuple(int(analysed[arm]) for arm in arms),
        shares=shares,
        overall=1 - sum(analysed.values()) / sum(randomised.values()),
        differential=max(known) - min(known),
    )


def attrition_boundary(overall: float, differential: float, *, table: Sequence[float]) -> BoundaryVerdict:
    """Judge overall and differential attrition together.

    Parameters
    ----------
    overall, differential : float, 0 to 1
        Shares.
    table : sequence of float
        Largest differential attrition in percentage points that is still low, for overall attrition of 0, 1, 2, ...
        percent; beyond its end every trial has high attrition.

    Returns
    -------
    BoundaryVerdict

    Raises
    ------
    FitError
        When a share is outside 0 to 1.

    Examples
    --------
    >>> attrition_boundary(0.115, 0.07, table=[5.7, 5.8]).low
    False
    """
    if not (0 <= overall <= 1 and 0 <= differential <= 1):
        raise FitError(f"Attrition is {overall:g} overall, {differential:g} between arms: use shares from 0 to 1.")
    percent = round_half_up(100 * overall, 0)
    points = 100 * differential
    limit = float(table[int(percent)]) if percent < len(table) else None
    # The share is a difference of fractions, so a difference of exactly the limit must not fail by its last bit.
    return BoundaryVerdict(limit is not None and points <= limit + 1e-9, percent, points, limit)
