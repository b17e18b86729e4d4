"""Plan the size of a trial: smallest detectable effect, power, sample size, and power against size."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from numbers import Real
from typing import Literal, TypeGuard, get_args

import pandas as pd

from evalkit.errors import DesignError
from evalkit.planning.power_simulation import diagnosis_row, simulate_designs
from evalkit.stats.power import PowerMethod, check_power, detectable_effect, power_for, required_size
from evalkit.stats.power_designs import SizeName, TrialDesign, size_names
from evalkit.stats.power_simulated import diagnose, simulated_mdes

Method = Literal[PowerMethod, "simulation"]
CURVE_COLUMNS = ("size", "value", "power", "mdes", "std_error", "df", "effect", "target", "method")


def mdes(
    design: TrialDesign,
    *,
    power: float = 0.8,
    method: Method = "central",
    draws: int = 1000,
    seed: int = 1,
    workers: int = 1,
) -> pd.DataFrame:
    """Smallest effect, in SDs of the outcome, that the trial finds with the power given.

    Parameters
    ----------
    design : TrialDesign - who is randomised, how many, how alike pupils are
    power : float, between alpha and 1
    method : `central`, the published formula (PowerUp!); `noncentral`, exact for normal outcomes; `simulation`, trials
        drawn and analysed
    draws, seed, workers : as in `power`

    Returns
    -------
    one-row frame
        `design mdes power std_error df alpha sides method`; `alpha` is that of each test. By simulation also `mdes_low
        mdes_high`, limits at 95 % for the error of the simulation, `draws failed seed`.

    Raises
    ------
    DesignError
        When the power is outside its range or too few units leave no degrees of freedom.

    Examples
    --------
    >>> found = mdes(TrialDesign("cluster", schools=71, pupils=75, icc=0.15, r2_pupil=0.5, r2_school=0.5))
    >>> float(found["mdes"].iloc[0].round(3))
    0.192
    """
    _need_design(design)
    if _by_formula(method):
        found = detectable_effect(design, power=power, method=method)
        return _row(design, {"mdes": found.effect, "power": power}, found.std_error, found.df, method)
    check_power(power, design)
    (effects,) = simulate_designs([design], effect=0.0, draws=draws, seed=seed, workers=workers)
    seen = diagnose(effects, design, effect=0.0)
    smallest = simulated_mdes(effects, design, effect=0.0, power=power)
    row = _row(design, {"mdes": smallest.effect, "power": power}, seen.std_error, seen.df, method)
    return row.assign(mdes_low=smallest.low, mdes_high=smallest.high, draws=draws, failed=seen.failed, seed=seed)


def power(
    design: TrialDesign,
    *,
    effect: float,
    method: Method = "central",
    draws: int = 1000,
    seed: int = 1,
    workers: int = 1,
) -> pd.DataFrame:
    """Chance that the trial finds an effect of this size.

    Parameters
    ----------
    design : TrialDesign
    effect : float - in SDs of the outcome; with `simulation` it may be 0, for the rate of false positives
    method : as in `mdes`, of which this is the inverse
    draws : int - with `simulation`: how many trials are drawn
    seed : int - with `simulation`: equal seeds give equal numbers, with any number of workers
    workers : int - with `simulation`: processes; -1 for one per core

    Returns
    -------
    one-row frame
        `design effect power std_error df alpha sides method`. By simulation, `std_error` is the standard deviation of
        the drawn trials' estimates, and there are also: `power_low power_high` (limits at 95 % for the error of the
        simulation), `power_formula` (noncentral), `bias bias_error`, `std_error_reported`, `coverage coverage_low
        coverage_high` (of the trials' intervals), `draws`, `failed` (not to be analysed; count as not found), `seed`.

    Raises
    ------
    DesignError
        When the effect is not above 0, too few units leave no degrees of freedom, or the design cannot be drawn.

    Examples
    --------
    >>> found = power(TrialDesign("individual", pupils=128), effect=0.5, method="noncentral")
    >>> float(found["power"].iloc[0].round(3))
    0.801
    """
    _need_design(design)
    if _by_formula(method):
        found = power_for(design, effect=effect, method=method)
        return _row(design, {"effect": effect, "power": found.power}, found.std_error, found.df, method)
    (effects,) = simulate_designs([design], effect=effect, draws=draws, seed=seed, workers=workers)
    seen = diagnose(effects, design, effect=effect)
    row = _row(design, {"effect": effect, "power": seen.power}, seen.std_error, seen.df, method)
    return row.join(pd.DataFrame([diagnosis_row(seen, design, effect=effect, seed=seed)]))


def sample_size(
    design: TrialDesign,
    *,
    effect: float,
    power: float = 0.8,
    size: SizeName | None = None,
    method: Method = "central",
) -> pd.DataFrame:
    """How many schools (or blocks, classes, pupils) the trial needs.

    Parameters
    ----------
    design : TrialDesign - with any number where the one solved for stands
    effect : float - in SDs of the outcome
    power : float, between alpha and 1
    size : which number is solved for; the largest group when left out
    method : `central` or `noncentral`

    Returns
    -------
    one-row frame
        `design size value exact effect power std_error df alpha sides method`: `value` units are enough, `exact` is
        where the power is reached, and `power` that of `value` units.

    Raises
    ------
    DesignError
        When no number is enough, or the method is `simulation`: a curve by simulation shows where the power is reached.

    Examples
    --------
    >>> design = TrialDesign("cluster", schools=1, pupils=75, icc=0.15, r2_pupil=0.5, r2_school=0.5)
    >>> int(sample_size(design, effect=0.2)["value"].iloc[0])
    66
    """
    _need_design(design)
    if not _by_formula(method):
        raise DesignError(
            "method: a sample size is worked out by 'central' or 'noncentral'. Simulate a power curve around it."
        )
    found = required_size(design, effect=effect, power=power, size=size, method=method)
    reached = found.achieved
    first = {"size": found.size, "value": found.value, "exact": found.exact, "effect": effect, "power": reached.power}
    return _row(design, first, reached.std_error, reached.df, method)


def power_curve(
    design: TrialDesign,
    *,
    effect: float,
    values: Sequence[int],
    size: SizeName | None = None,
    power: float = 0.8,
    method: Method = "central",
    draws: int = 1000,
    seed: int = 1,
    workers: int = 1,
) -> pd.DataFrame:
    """Power and smallest detectable effect against the number of schools (or another size).

    Parameters
    ----------
    design : TrialDesign - with any number where the one that varies stands
    effect : float - in SDs of the outcome
    values : sequence of int - the numbers to try
    size : what varies; the largest group when left out
    power : float - for the smallest detectable effect
    method : as in `mdes`
    draws, seed, workers : as in `power`

    Returns
    -------
    frame
        A row per value: `size value power mdes std_error df effect target method`; by simulation also the columns that
        `power` then has. `power_plot` draws it.

    Raises
    ------
    DesignError
        When a value leaves no degrees of freedom.
    """
    _need_design(design)
    varied = size or size_names(design.kind)[0]
    if varied not in size_names(design.kind):
        allowed = ", ".join(size_names(design.kind))
        raise DesignError(f"size: the design '{design.kind}' has no {varied}. Use one of: {allowed}.")
    if not (isinstance(values, Iterable) and len(values) and all(isinstance(value, Real) for value in values)):
        raise DesignError(f"values: found {values!r}. Give numbers of {varied} to try, such as [40, 60, 80].")
    check_power(power, design)
    designs = [replace(design, **{varied: float(value)}) for value in values]
    if _by_formula(method):
        rows = [_formula_row(one, effect, power, method) for one in designs]
    else:
        drawn = simulate_designs(designs, effect=effect, draws=draws, seed=seed, workers=workers)
        rows: list[dict[str, object]] = []
        for one, effects in zip(designs, drawn, strict=True):
            seen = diagnose(effects, one, effect=effect)
            smallest = simulated_mdes(effects, one, effect=effect, power=power).effect
            row = {"power": seen.power, "mdes": smallest, "std_error": seen.std_error, "df": seen.df}
            rows.append(row | diagnosis_row(seen, one, effect=effect, seed=seed))
    last = {"effect": effect, "target": power, "method": method}
    curve = pd.DataFrame(
        [{"size": varied, "value": value} | row | last for value, row in zip(values, rows, strict=True)]
    )
    return curve[[*CURVE_COLUMNS, *(name for name in curve.columns if name not in CURVE_COLUMNS)]]


def values_around(design: TrialDesign, *, effect: float, power: float = 0.8, size: SizeName | None = None) -> list[int]:
    """Seven numbers of schools (or another size) around the one that the trial needs, for a curve."""
    needed = required_size(design, effect=effect, power=power, size=size).value
    return sorted({max(4, round(needed * share)) for share in (0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.6)})


def _formula_row(design: TrialDesign, effect: float, power: float, method: PowerMethod) -> dict[str, object]:
    found = power_for(design, effect=effect, method=method)
    smallest = detectable_effect(design, power=power, method=method).effect
    return {"power": found.power, "mdes": smallest, "std_error": found.std_error, "df": found.df}


def _need_design(design: object) -> None:
    if not isinstance(design, TrialDesign):
        raise DesignError(
            f"design: found {design!r}. Describe the trial: TrialDesign('cluster', schools=71, pupils=75, icc=0.15)."
        )


def _by_formula(method: Method) -> TypeGuard[PowerMethod]:
    allowed = (*get_args(PowerMethod), "simulation")
    if method not in allowed:
        raise DesignError(f"method: found '{method}'. Use one of: {', '.join(allowed)}.")
    return method != "simulation"


def _row(design: TrialDesign, first: dict[str, object], std_error: float, df: float, method: Method) -> pd.DataFrame:
    alpha = design.alpha / design.outcomes
    last = {"std_error": std_error, "df": df, "alpha": alpha, "sides": design.sides, "method": method}
    return pd.DataFrame([{"design": design.kind, **first, **last}])
