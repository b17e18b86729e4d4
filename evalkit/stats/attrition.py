"""Who was randomised and who was analysed: attrition by arm and level, and what is left of balance at baseline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evalkit.errors import FitError
from evalkit.stats.effect_size import GroupDifference, independent_groups
from evalkit.stats.linear import check_clusters
from evalkit.stats.rounding import round_half_up
from evalkit.stats.vectors import BoolArray


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
class AttritionLevels:
    """Attrition of schools and of pupils, counted in the two published ways.

    Attributes
    ----------
    schools : Attrition
        A school is lost when none of its pupils is analysed.
    pupils_of_all : Attrition
        Of all pupils of all randomised schools (EEF).
    pupils_of_stayers : Attrition
        Of the pupils of schools that stayed (WWC); school attrition is judged beside it.
    """

    schools: Attrition
    pupils_of_all: Attrition
    pupils_of_stayers: Attrition


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


@dataclass(frozen=True, slots=True)
class BaselineDifference:
    """Treated minus control at baseline, among all randomised and among the analysed, without p-values."""

    randomised: GroupDifference
    analysed: GroupDifference
    n_missing_randomised: int
    n_missing_analysed: int


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


def attrition_levels(arms: npt.ArrayLike, *, clusters: npt.ArrayLike, analysed: npt.ArrayLike) -> AttritionLevels:
    """Attrition of schools and pupils from one row per randomised pupil.

    Parameters
    ----------
    arms : array, shape (n,)
        Arm of each randomised pupil.
    clusters : array, shape (n,)
        School at randomisation.
    analysed : array of bool, shape (n,)

    Returns
    -------
    AttritionLevels
        Schools count by arm, a school with pupils in both arms (randomised within schools) once in each.

    Raises
    ------
    FitError
        When lengths differ, a label is missing, or nobody was analysed.
    """
    arm = np.asarray(arms).astype(str)
    kept = _flags(analysed, length=arm.size)
    if arm.ndim != 1 or not kept.any():
        raise FitError("Attrition needs one arm per randomised pupil and at least one analysed pupil.")
    _, codes = check_clusters(clusters, length=arm.size)
    stayed = np.bincount(codes, kept)[codes] > 0
    labels = sorted(set(arm.tolist()))

    def units(chosen: BoolArray) -> dict[str, int]:
        return {label: len(np.unique(codes[chosen & (arm == label)])) for label in labels}

    def pupils(chosen: BoolArray) -> dict[str, int]:
        return {label: int((chosen & (arm == label)).sum()) for label in labels}

    everybody = np.ones(arm.size, dtype=np.bool_)
    return AttritionLevels(
        schools=attrition(units(everybody), units(kept)),
        pupils_of_all=attrition(pupils(everybody), pupils(kept)),
        pupils_of_stayers=attrition(pupils(stayed), pupils(kept)),
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


def baseline_difference(
    values: npt.ArrayLike, *, treated: npt.ArrayLike, analysed: npt.ArrayLike, conf_level: float = 0.95
) -> BaselineDifference:
    """Compare the arms at baseline before and after attrition.

    Parameters
    ----------
    values : array, shape (n,)
        Baseline of each randomised pupil; NaN where it is missing. Such pupils are left out and counted.
    treated, analysed : array of bool, shape (n,)
    conf_level : float
        Of the limits, which take pupils as independent.

    Returns
    -------
    BaselineDifference
        `analysed.effect.value` is Hedges' g on the pooled SD.

    Raises
    ------
    FitError
        When lengths differ, or too few pupils have a baseline.
    """
    baseline = np.asarray(values, dtype=np.float64)
    arm = _flags(treated, length=baseline.size)
    kept = _flags(analysed, length=baseline.size)
    known = np.isfinite(baseline)

    def compared(chosen: BoolArray) -> GroupDifference:
        return independent_groups(baseline[chosen & arm], baseline[chosen & ~arm], conf_level=conf_level)

    return BaselineDifference(
        randomised=compared(known),
        analysed=compared(known & kept),
        n_missing_randomised=int((~known).sum()),
        n_missing_analysed=int((~known & kept).sum()),
    )


def _flags(values: npt.ArrayLike, *, length: int) -> BoolArray:
    given = np.asarray(values)
    if given.shape != (length,) or not np.isin(given, (0, 1)).all():
        raise FitError(f"Expected {length} values that are true or false (1 or 0): one per randomised pupil.")
    return given.astype(np.bool_)
