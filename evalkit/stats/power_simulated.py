"""What drawn and analysed trials say of a design: power, smallest detectable effect, bias and coverage."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from evalkit.errors import DesignError
from evalkit.stats.power_designs import TrialDesign
from evalkit.stats.proportions import wilson
from evalkit.stats.trial_fits import TrialEffects
from evalkit.stats.vectors import FloatArray

MONTE_CARLO_LEVEL = 0.95
FEWEST = 20


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A design as its drawn trials show it.

    Attributes
    ----------
    draws, failed : int
        Trials, and those that could not be analysed. A failed one counts as not significant and as not covering.
    power, power_low, power_high : float
        Share of trials with a significant effect; limits at 95 % for the error of the simulation.
    bias, bias_error : float
        Mean of estimate less true effect, in SDs, and its standard error.
    std_error : float
        Standard deviation of the estimates.
    std_error_reported : float
        Root of the mean squared standard error that the trials report.
    df : float
        Median degrees of freedom of the trials' tests.
    coverage, coverage_low, coverage_high : float
        Share of trials whose interval, of level 1 - alpha, holds the true effect; limits as for the power.
    """

    draws: int
    failed: int
    power: float
    power_low: float
    power_high: float
    bias: float
    bias_error: float
    std_error: float
    std_error_reported: float
    df: float
    coverage: float
    coverage_low: float
    coverage_high: float


@dataclass(frozen=True, slots=True)
class SimulatedMdes:
    """Smallest effect that the share `power` of the drawn trials finds; limits at 95 % for the simulation's error."""

    effect: float
    low: float
    high: float


def diagnose(effects: TrialEffects, design: TrialDesign, *, effect: float) -> Diagnosis:
    """Sum up drawn trials.

    Parameters
    ----------
    effects : TrialEffects
        Drawn with that true effect.
    design : TrialDesign
    effect : float
        0 gives the rate of false positives as `power`.

    Returns
    -------
    Diagnosis

    Raises
    ------
    DesignError
        When fewer than 20 trials could be analysed.

    Examples
    --------
    >>> made = TrialEffects(np.array([0.3, 0.1] * 20), np.full(40, 0.1), np.full(40, 60.0))
    >>> found = diagnose(made, TrialDesign("cluster", schools=62, pupils=20, icc=0.1), effect=0.2)
    >>> found.power, round(found.power_low, 2), found.coverage
    (0.5, 0.35, 1.0)
    """
    good = _usable(effects)
    draws, n = len(good), int(good.sum())
    estimate, std_error, df = effects.estimate[good], effects.std_error[good], effects.df[good]
    alpha = design.alpha / design.outcomes
    reached = estimate / std_error
    significant = (np.abs(reached) if design.sides == 2 else reached) > _critical(df, alpha / design.sides)
    covered = np.abs(estimate - effect) <= _critical(df, alpha / 2) * std_error
    power = wilson(int(significant.sum()), draws, conf_level=MONTE_CARLO_LEVEL)
    coverage = wilson(int(covered.sum()), draws, conf_level=MONTE_CARLO_LEVEL)
    return Diagnosis(
        draws=draws,
        failed=draws - n,
        power=power.value,
        power_low=power.low,
        power_high=power.high,
        bias=float(estimate.mean()) - effect,
        bias_error=float(estimate.std(ddof=1)) / math.sqrt(n),
        std_error=float(estimate.std(ddof=1)),
        std_error_reported=float(np.sqrt((std_error**2).mean())),
        df=float(np.median(df)),
        coverage=coverage.value,
        coverage_low=coverage.low,
        coverage_high=coverage.high,
    )


def simulated_mdes(effects: TrialEffects, design: TrialDesign, *, effect: float, power: float) -> SimulatedMdes:
    """Find the smallest detectable effect from one set of drawn trials.

    Parameters
    ----------
    effects : TrialEffects
        Drawn with the true effect `effect`.
    design : TrialDesign
    effect : float
    power : float, between alpha and 1

    Returns
    -------
    SimulatedMdes

    Raises
    ------
    DesignError
        When fewer than 20 trials could be analysed, or too many failed for that power.

    Notes
    -----
    Another true effect moves a trial's estimate by the difference and leaves its standard error and df alone, because
    the arm is among the predictors of every analysis. So trial i is significant from the effect c_i s_i - (b_i -
    effect) on, and the smallest detectable effect is the quantile `power` of these. Its limits are order
    statistics [1]_. Significance in the wrong direction is not counted.

    References
    ----------
    .. [1] David & Nagaraja (2003). Order Statistics, section 7.1. doi:10.1002/0471722162
    """
    good = _usable(effects)
    alpha = design.alpha / design.outcomes
    needed = np.full(len(good), np.inf)
    critical = _critical(effects.df[good], alpha / design.sides)
    needed[good] = critical * effects.std_error[good] - (effects.estimate[good] - effect)
    needed.sort()
    n = len(needed)
    spread = float(ndtri((1 + MONTE_CARLO_LEVEL) / 2)) * math.sqrt(n * power * (1 - power))
    places = [math.ceil(n * power) - 1, math.floor(n * power - spread), math.ceil(n * power + spread)]
    found, low, high = (float(needed[min(max(place, 0), n - 1)]) for place in places)
    if not math.isfinite(found):
        raise DesignError(
            f"{n - int(good.sum())} of {n} drawn trials could not be analysed, so a power of {power:g} is out of "
            "reach. Plan for more schools or pupils."
        )
    return SimulatedMdes(found, low, high)


def _usable(effects: TrialEffects) -> np.ndarray:
    good = np.isfinite(effects.estimate) & np.isfinite(effects.std_error) & np.isfinite(effects.df)
    if good.sum() < FEWEST:
        raise DesignError(
            f"{int(good.sum())} of {len(good)} drawn trials could be analysed; at least {FEWEST} are needed. Draw more "
            "of them, or plan for more schools or pupils."
        )
    return good


def _critical(df: FloatArray, tail: float) -> FloatArray:
    return np.asarray(stdtrit(df, 1 - tail), dtype=np.float64)
