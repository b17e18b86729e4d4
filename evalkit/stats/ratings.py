"""EEF padlocks and months of progress. Thresholds come in as arguments: they live in `standards.yaml`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

from evalkit.errors import FitError
from evalkit.stats.rounding import round_half_up

MOST_PADLOCKS = 5
ThreatLevel = Literal["low", "moderate", "high"]
BiasDirection = Literal["unknown", "upward", "downward"]


@dataclass(frozen=True, slots=True)
class InterimPadlocks:
    """The padlocks before threats to validity are weighed.

    Attributes
    ----------
    padlocks : int
        The lowest of the three columns, 0 to 5.
    design, mdes, attrition : int
        Padlocks of each column.
    mdes_read, attrition_read : float
        The values as they were looked up: SD to 2 decimals, whole percent.
    limited_by : tuple of str
        The columns that are lowest.
    """

    padlocks: int
    design: int
    mdes: int
    attrition: int
    mdes_read: float
    attrition_read: float
    limited_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Threat:
    """One threat to validity as the evaluator rated it.

    Attributes
    ----------
    level : {"low", "moderate", "high"}
    direction : {"unknown", "upward", "downward"}
        Which way it would push the estimate.
    """

    level: ThreatLevel
    direction: BiasDirection = "unknown"


@dataclass(frozen=True, slots=True)
class FinalPadlocks:
    """The padlocks after threats to validity.

    Attributes
    ----------
    padlocks : int or None
        None: the published rule has no answer for this mixture, and a reviewer must judge.
    subtracted : int or None
        0, 1 or 2.
    needs_reviewer_judgement : bool
    reason : str
        Which line of the rule applied, or why none does.
    n_moderate, n_high : int
    """

    padlocks: int | None
    subtracted: int | None
    needs_reviewer_judgement: bool
    reason: str
    n_moderate: int
    n_high: int


@dataclass(frozen=True, slots=True)
class Months:
    """Months of progress with the interval's ends converted too.

    Attributes
    ----------
    months, low, high : int
        Negative for less progress.
    effect_read, low_read, high_read : float
        Effect sizes as they were looked up, to 2 decimals.
    beyond_scale : bool
        One of the three lies above the last band; it is given as the last one.
    """

    months: int
    low: int
    high: int
    effect_read: float
    low_read: float
    high_read: float
    beyond_scale: bool


def interim_padlocks(
    design: int,
    *,
    mdes: float,
    attrition: float,
    mdes_bounds: Sequence[float],
    attrition_bounds: Sequence[float],
    mdes_decimals: int = 2,
    attrition_decimals: int = 0,
) -> InterimPadlocks:
    """Rate a trial as the lowest of its design, its detectable effect and its attrition.

    Parameters
    ----------
    design : int, 0 to 5
        Padlocks that the design can reach (5: randomised).
    mdes : float, > 0
        Smallest effect that the trial as randomised could detect, in SDs.
    attrition : float, 0 to 1
        Share of the randomised pupils who are not in the analysis.
    mdes_bounds, attrition_bounds : sequence of 5 float
        Highest value (SD; percent) for 5, 4, 3, 2 and 1 padlocks, ascending.
    mdes_decimals, attrition_decimals : int
        Both are rounded half up before they are looked up: the MDES in SDs, the attrition in percent.

    Returns
    -------
    InterimPadlocks

    Raises
    ------
    FitError
        When a value is outside its range, or bounds are not five ascending numbers.

    Examples
    --------
    >>> bounds = {"mdes_bounds": (0.2, 0.29, 0.39, 0.49, 0.59), "attrition_bounds": (10, 20, 30, 40, 50)}
    >>> found = interim_padlocks(5, mdes=0.205, attrition=0.104, **bounds)
    >>> found.padlocks, found.limited_by
    (4, ('mdes',))
    """
    problems = [
        message
        for wrong, message in (
            (design not in range(MOST_PADLOCKS + 1), f"The design has {design} padlocks: use 0 to 5."),
            (not 0 < mdes < float("inf"), f"The MDES is {mdes:g}: it must be above 0, in standard deviations."),
            (not 0 <= attrition <= 1, f"The attrition is {attrition:g}: it must be a share from 0 to 1."),
            (not _ladder(mdes_bounds), f"The MDES bounds are {tuple(mdes_bounds)}: give five ascending numbers."),
            (
                not _ladder(attrition_bounds),
                f"The attrition bounds are {tuple(attrition_bounds)}: give five ascending.",
            ),
        )
        if wrong
    ]
    if problems:
        raise FitError("The padlocks cannot be worked out.", problems=problems)
    mdes_read = round_half_up(mdes, mdes_decimals)
    attrition_read = round_half_up(100 * attrition, attrition_decimals)
    columns = {
        "design": design,
        "mdes": _padlocks(mdes_read, mdes_bounds),
        "attrition": _padlocks(attrition_read, attrition_bounds),
    }
    lowest = min(columns.values())
    return InterimPadlocks(
        padlocks=lowest,
        **columns,
        mdes_read=mdes_read,
        attrition_read=attrition_read,
        limited_by=tuple(name for name, value in columns.items() if value == lowest),
    )


def final_padlocks(interim: int, threats: Mapping[str, Threat], *, required: Sequence[str]) -> FinalPadlocks:
    """Take off padlocks for threats to validity, where the published rule says how many.

    Parameters
    ----------
    interim : int, 0 to 5
    threats : mapping of name to Threat
        Every required threat, rated.
    required : sequence of str
        Names of the seven threats.

    Returns
    -------
    FinalPadlocks
        Without a number where the rule has a gap.

    Raises
    ------
    FitError
        Naming the threats that are missing or unknown, and ratings that are not allowed.

    Notes
    -----
    The rule as taught in the EEF's reviewer training: 0 for up to two moderate, direction unknown or opposing; 1 for up
    to four moderate of unknown direction, up to two moderate in one direction (one alone too, when its direction is
    known), or one high with the rest low; 2 for
    one high and two moderate, or two or more high. One high with more than two moderate also takes off 2: no less can
    apply, and 2 is the most. Everything else is a gap.

    Examples
    --------
    >>> seven = ("confounding", "concurrent", "contamination", "fidelity", "missing", "measurement", "selective")
    >>> rated = {name: Threat("low") for name in seven} | {"missing": Threat("high")}
    >>> final_padlocks(4, rated, required=seven).padlocks
    3
    >>> final_padlocks(4, rated | {"fidelity": Threat("moderate")}, required=seven).needs_reviewer_judgement
    True
    """
    _check_threats(interim, threats, required)
    count = Counter(threat.level for threat in threats.values())
    moderate, high = count["moderate"], count["high"]
    directions: list[BiasDirection] = [threat.direction for threat in threats.values() if threat.level == "moderate"]
    subtracted, reason = _subtracted(moderate, high, directions)
    return FinalPadlocks(
        padlocks=None if subtracted is None else max(0, interim - subtracted),
        subtracted=subtracted,
        needs_reviewer_judgement=subtracted is None,
        reason=reason,
        n_moderate=moderate,
        n_high=high,
    )


def months_of_progress(
    effect: float, *, low: float, high: float, upper_bounds: Sequence[float], decimals: int = 2
) -> Months:
    """Translate an effect size and the ends of its interval into months of additional progress.

    Parameters
    ----------
    effect, low, high : float
        In standard deviations, low <= effect <= high. Rounded half up (away from 0) to `decimals` before the look-up.
    upper_bounds : sequence of float
        Highest effect size for 0, 1, 2, ... months, ascending. Negative effects mirror positive ones.
    decimals : int

    Returns
    -------
    Months
        To be shown with the effect size, its interval and the padlocks, never alone.

    Raises
    ------
    FitError
        When a number is missing, the interval does not hold the effect, or bounds do not ascend.

    Examples
    --------
    >>> found = months_of_progress(0.07, low=-0.06, high=0.2, upper_bounds=(0.04, 0.09, 0.18, 0.26))
    >>> found.months, found.low, found.high
    (1, -1, 3)
    """
    if not low <= effect <= high:
        raise FitError(f"The interval runs from {low:g} to {high:g} and the effect is {effect:g}: it must lie inside.")
    bounds = tuple(upper_bounds)
    if not bounds or any(one >= other for one, other in pairwise(bounds)):
        raise FitError("The bands of months must have ascending upper bounds: check standards.yaml.")
    read = [round_half_up(value, decimals) for value in (effect, low, high)]
    found = [_months(value, bounds) for value in read]
    return Months(*found, *read, beyond_scale=any(abs(value) > bounds[-1] for value in read))


def _months(read: float, bounds: Sequence[float]) -> int:
    size = min(sum(abs(read) > bound for bound in bounds), len(bounds) - 1)
    return size if read > 0 else -size


def _padlocks(read: float, bounds: Sequence[float]) -> int:
    return MOST_PADLOCKS - sum(read > bound for bound in bounds)


def _ladder(bounds: Sequence[float]) -> bool:
    return len(bounds) == MOST_PADLOCKS and all(a < b for a, b in pairwise(bounds))


def _check_threats(interim: int, threats: Mapping[str, Threat], required: Sequence[str]) -> None:
    problems = [f"{name}: not rated." for name in required if name not in threats]
    problems += [f"{name}: not a threat of this rule." for name in threats if name not in required]
    problems += [
        f"{name}: {threat.level!r}, {threat.direction!r}. Use one of {', '.join(get_args(ThreatLevel))} and one of "
        f"{', '.join(get_args(BiasDirection))}."
        for name, threat in threats.items()
        if threat.level not in get_args(ThreatLevel) or threat.direction not in get_args(BiasDirection)
    ]
    if interim not in range(MOST_PADLOCKS + 1):
        problems.append(f"The interim rating is {interim}: use 0 to 5.")
    if problems:
        raise FitError(f"Rate each of the {len(required)} threats once.", problems=problems)


def _subtracted(moderate: int, high: int, directions: Sequence[BiasDirection]) -> tuple[int | None, str]:
    """Padlocks to take off, and the line of the rule that says so; None in its gaps."""
    if high >= 2:
        return 2, "two or more threats are high"
    if high == 1:
        if moderate == 1:
            return None, "the rule has no line for one high and one moderate threat"
        return (1, "one threat is high, the rest low") if moderate == 0 else (2, "one high and two or more moderate")
    if moderate == 0:
        return 0, "no threat is moderate or high"
    known = set(directions)
    if known == {"unknown"}:
        if moderate <= 2:
            return 0, "up to two threats are moderate, of unknown direction"
        if moderate <= 4:
            return 1, "up to four threats are moderate, of unknown direction"
        return None, "the rule has no line for five or more moderate threats"
    if moderate == 2 and known == {"upward", "downward"}:
        return 0, "two threats are moderate and push opposite ways"
    if moderate <= 2 and len(known) == 1:
        return 1, f"{'one threat is moderate' if moderate == 1 else 'two threats are moderate'}, in a known direction"
    return None, f"the rule has no line for {moderate} moderate threats with these directions"
