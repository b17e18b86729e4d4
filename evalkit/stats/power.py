"""Smallest detectable effect, power and sample size of a planned trial, by formula."""

import math
from dataclasses import dataclass, replace
from numbers import Real
from typing import Literal, get_args

from scipy.optimize import brentq
from scipy.stats import nct
from scipy.stats import t as student

from evalkit.errors import DesignError
from evalkit.stats.power_designs import Precision, SizeName, TrialDesign, precision, size_names

PowerMethod = Literal["central", "noncentral"]
LARGEST_SIZE = 1e7


@dataclass(frozen=True, slots=True)
class PowerAnalysis:
    """An effect and the power with which a trial finds it.

    Attributes
    ----------
    effect : float - standardised difference, in SDs of the outcome
    power : float, 0 to 1 - chance that the test is significant when the effect is that large
    std_error, df : as in `Precision`
    alpha : float - of each test, after sharing it between outcomes
    multiplier : float - effect over standard error (M)
    method : PowerMethod
    """

    effect: float
    power: float
    std_error: float
    df: float
    alpha: float
    multiplier: float
    method: PowerMethod


@dataclass(frozen=True, slots=True)
class RequiredSize:
    """How many units a trial needs.

    Attributes
    ----------
    size : what was solved for
    value : int - smallest whole number that reaches the power
    exact : float - where the power is reached exactly; `value` where the smallest possible trial is already enough
    design : the design with that many units
    achieved : its power for the effect
    """

    size: SizeName
    value: int
    exact: float
    design: TrialDesign
    achieved: PowerAnalysis


def detectable_effect(design: TrialDesign, *, power: float = 0.8, method: PowerMethod = "central") -> PowerAnalysis:
    """Find the smallest effect that the trial finds with the power given (MDES).

    Parameters
    ----------
    design : TrialDesign
    power : float, between alpha and 1
    method : `central`, the published formula; `noncentral`, exact for normal outcomes

    Returns
    -------
    PowerAnalysis

    Raises
    ------
    DesignError
        When the power is not between 0 and 1, is no larger than alpha, or the design leaves no degrees of freedom.

    Notes
    -----
    central: MDES = M SE, M = t_{1-alpha/2, df} + t_{power, df} [1]_; alpha instead of alpha/2 for one side. This treats
    the estimate under the alternative as a shifted central t. noncentral: the effect at which 1 - F(t_c; df, d) +
    F(-t_c; df, d) is the power, F the noncentral t, d = effect / SE; for one side only the first part.
    With m outcomes every test has alpha / m: Bonferroni's level, which is also that of Holm's first step, so that
    Holm's power for an outcome is at least this.

    References
    ----------
    .. [1] Dong & Maynard (2013). PowerUp! J. Res. Educ. Eff. 6(1), 24-67. doi:10.1080/19345747.2012.673143

    Examples
    --------
    >>> design = TrialDesign("cluster", schools=20, pupils=15, icc=0.17)
    >>> round(detectable_effect(design).effect, 3)
    0.629
    """
    check_power(power, design)
    found = precision(design)
    alpha = design.alpha / design.outcomes
    critical = _critical(alpha, design.sides, found.df)
    multiplier = critical + float(student.ppf(power, found.df))
    if _checked(method) == "noncentral":
        multiplier = _noncentral_multiplier(power, critical, design.sides, found.df, start=multiplier)
    return PowerAnalysis(multiplier * found.std_error, power, found.std_error, found.df, alpha, multiplier, method)


def detectable_from(std_error: float, df: float, *, alpha: float, sides: int, power: float) -> float:
    """Smallest detectable effect of a standard error and degrees of freedom that were found: M SE, as `central`.

    Examples
    --------
    >>> round(detectable_from(0.1, 60, alpha=0.05, sides=2, power=0.8), 3)
    0.285
    """
    return (_critical(alpha, sides, df) + float(student.ppf(power, df))) * std_error


def power_for(design: TrialDesign, *, effect: float, method: PowerMethod = "central") -> PowerAnalysis:
    """Find the power of the trial for an effect.

    Parameters
    ----------
    design : TrialDesign
    effect : float - standardised difference in SDs; the sign does not matter with two sides
    method : as in `detectable_effect`, of which this is the inverse

    Returns
    -------
    PowerAnalysis

    Raises
    ------
    DesignError
        When the effect is not finite, not above 0 with one side, or the design leaves no degrees of freedom.

    Examples
    --------
    >>> design = TrialDesign("cluster", schools=20, pupils=15, icc=0.17)
    >>> round(power_for(design, effect=0.629).power, 3)
    0.8
    """
    if not isinstance(effect, Real):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise DesignError(f"effect: found {effect!r}. Give a difference in SDs above 0, for example 0.2.")
    if not math.isfinite(effect) or effect == 0 or (design.sides == 1 and effect < 0):
        raise DesignError(f"effect: found {effect:g}. Give a difference in SDs above 0, for example 0.2.")
    found = precision(design)
    return _power_for(design, found, abs(effect), _checked(method))


def required_size(
    design: TrialDesign,
    *,
    effect: float,
    power: float = 0.8,
    size: SizeName | None = None,
    method: PowerMethod = "central",
) -> RequiredSize:
    """Find how many units of one kind the trial needs, all else as the design says.

    Parameters
    ----------
    design : TrialDesign - the size solved for must be given too, but does not matter
    effect : float - standardised difference in SDs
    power : float, between alpha and 1
    size : which number is solved for; the largest group when left out
    method : as in `detectable_effect`

    Returns
    -------
    RequiredSize

    Raises
    ------
    DesignError
        When no number is enough (more pupils cannot make up for too few schools), or as `power_for`.

    Notes
    -----
    The exact number is the root of power(x) - power by Brent's method; degrees of freedom move with x.

    Examples
    --------
    >>> design = TrialDesign("cluster", schools=20, pupils=15, icc=0.17)
    >>> required_size(design, effect=0.63).value
    20
    """
    check_power(power, design)
    solved = size or size_names(design.kind)[0]
    if solved not in size_names(design.kind):
        raise DesignError(
            f"size: the design '{design.kind}' has no {solved}. Use one of: {', '.join(size_names(design.kind))}."
        )
    power_for(replace(design, **{solved: LARGEST_SIZE}), effect=effect, method=method)

    def excess(value: float) -> float:
        return power_for(replace(design, **{solved: value}), effect=effect, method=method).power - power

    low = _smallest_possible(design, solved)
    high = float(low)
    while excess(high) < 0:
        if high >= LARGEST_SIZE:
            raise DesignError(_never_enough(design, solved, effect, power, method))
        high = min(high * 2, LARGEST_SIZE)
    exact = high if high == low else float(brentq(excess, low, high, xtol=1e-9, rtol=1e-12))
    value = max(low, math.ceil(exact - 1e-6))
    if excess(float(value)) < -1e-9:
        value += 1
    enough = replace(design, **{solved: float(value)})
    return RequiredSize(solved, value, exact, enough, power_for(enough, effect=effect, method=method))


def _power_for(design: TrialDesign, found: Precision, effect: float, method: PowerMethod) -> PowerAnalysis:
    alpha = design.alpha / design.outcomes
    critical = _critical(alpha, design.sides, found.df)
    multiplier = effect / found.std_error if found.std_error > 0 else math.inf
    if not math.isfinite(multiplier):
        value = 1.0
    elif method == "noncentral":
        value = _noncentral_power(multiplier, critical, design.sides, found.df)
    else:
        value = float(student.cdf(multiplier - critical, found.df))
    return PowerAnalysis(effect, value, found.std_error, found.df, alpha, multiplier, method)


def _critical(alpha: float, sides: int, df: float) -> float:
    return float(student.ppf(1 - alpha / sides, df))


def _noncentral_power(multiplier: float, critical: float, sides: int, df: float) -> float:
    upper = float(nct.sf(critical, df, multiplier))
    if sides == 1:
        return upper
    # The library's lower tail is reliable for t >= 0 only; the other half is its mirror image.
    return upper + float(nct.sf(critical, df, -multiplier))


def _noncentral_multiplier(power: float, critical: float, sides: int, df: float, *, start: float) -> float:
    def excess(multiplier: float) -> float:
        return _noncentral_power(multiplier, critical, sides, df) - power

    high = max(start, 1.0)
    while excess(high) < 0:
        high *= 2
    return float(brentq(excess, 0.0, high, xtol=1e-12, rtol=1e-12))


def _smallest_possible(design: TrialDesign, size: SizeName) -> int:
    """The smallest whole number with which the test has at least one degree of freedom."""

    def possible(value: int) -> bool:
        try:
            precision(replace(design, **{size: float(value)}))
        except DesignError:
            return False
        return True

    high = 1
    while not possible(high):
        high *= 2
        if high > LARGEST_SIZE:
            precision(design)
            raise DesignError(
                f"{size}: no number of {size} gives the test a degree of freedom. Change the other sizes."
            )
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if possible(middle) else (middle, high)
    return high


def _never_enough(design: TrialDesign, size: SizeName, effect: float, power: float, method: PowerMethod) -> str:
    limit = detectable_effect(replace(design, **{size: LARGEST_SIZE}), power=power, method=method).effect
    names = size_names(design.kind)
    larger = names[max(names.index(size) - 1, 0)]
    return (
        f"No number of {size} is enough to find an effect of {effect:g} with power {power:g}: however many there are, "
        f"the smallest detectable effect stays above {limit:.3f}. Recruit more {larger}, or plan for a larger effect."
    )


def check_power(power: float, design: TrialDesign) -> None:
    """Refuse a power that is no power. Raises DesignError unless it is above alpha and below 1."""
    if not isinstance(power, Real):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise DesignError(f"power: found {power!r}. Give a number between 0 and 1, for example 0.8.")
    if not 0 < power < 1:
        raise DesignError(f"power: found {power:g}. Give a number between 0 and 1, for example 0.8.")
    if power <= design.alpha / design.outcomes:
        raise DesignError(
            f"power: found {power:g}, no more than alpha ({design.alpha / design.outcomes:g} for each outcome). "
            "Give a larger power, for example 0.8."
        )


def _checked(method: PowerMethod) -> PowerMethod:
    if method not in get_args(PowerMethod):
        raise DesignError(f"method: found '{method}'. Use one of: {', '.join(get_args(PowerMethod))}.")
    return method
