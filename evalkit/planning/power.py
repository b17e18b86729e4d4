"""Plan the size of a trial: smallest detectable effect, power, sample size, and power against size; by formula."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from evalkit.errors import DesignError
from evalkit.stats.power import PowerMethod, detectable_effect, power_for, required_size
from evalkit.stats.power_designs import SizeName, TrialDesign, size_names

CURVE_COLUMNS = ("size", "value", "power", "mdes", "std_error", "df")


def mdes(design: TrialDesign, *, power: float = 0.8, method: PowerMethod = "central") -> pd.DataFrame:
    """Smallest effect, in SDs of the outcome, that the trial finds with the power given.

    Parameters
    ----------
    design : TrialDesign - who is randomised, how many, how alike pupils are
    power : float, between alpha and 1
    method : `central`, the published formula (PowerUp!); `noncentral`, exact for normal outcomes

    Returns
    -------
    one-row frame
        `design mdes power std_error df alpha sides method`; `alpha` is that of each test.

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
    found = detectable_effect(design, power=power, method=method)
    return _row(design, {"mdes": found.effect, "power": power}, found.std_error, found.df, found.alpha, method)


def power(design: TrialDesign, *, effect: float, method: PowerMethod = "central") -> pd.DataFrame:
    """Chance that the trial finds an effect of this size.

    Parameters
    ----------
    design : TrialDesign
    effect : float - in SDs of the outcome
    method : as in `mdes`, of which this is the inverse

    Returns
    -------
    one-row frame
        `design effect power std_error df alpha sides method`

    Raises
    ------
    DesignError
        When the effect is not above 0 or too few units leave no degrees of freedom.

    Examples
    --------
    >>> found = power(TrialDesign("individual", pupils=128), effect=0.5, method="noncentral")
    >>> float(found["power"].iloc[0].round(3))
    0.801
    """
    found = power_for(design, effect=effect, method=method)
    return _row(design, {"effect": effect, "power": found.power}, found.std_error, found.df, found.alpha, method)


def sample_size(
    design: TrialDesign,
    *,
    effect: float,
    power: float = 0.8,
    size: SizeName | None = None,
    method: PowerMethod = "central",
) -> pd.DataFrame:
    """How many schools (or blocks, classes, pupils) the trial needs.

    Parameters
    ----------
    design : TrialDesign - with any number where the one solved for stands
    effect : float - in SDs of the outcome
    power : float, between alpha and 1
    size : which number is solved for; the largest group when left out
    method : as in `mdes`

    Returns
    -------
    one-row frame
        `design size value exact effect power std_error df alpha sides method`: `value` units are enough, `exact` is
        where the power is reached, and `power` that of `value` units.

    Raises
    ------
    DesignError
        When no number is enough.

    Examples
    --------
    >>> design = TrialDesign("cluster", schools=1, pupils=75, icc=0.15, r2_pupil=0.5, r2_school=0.5)
    >>> int(sample_size(design, effect=0.2)["value"].iloc[0])
    66
    """
    found = required_size(design, effect=effect, power=power, size=size, method=method)
    reached = found.achieved
    first = {"size": found.size, "value": found.value, "exact": found.exact, "effect": effect, "power": reached.power}
    return _row(design, first, reached.std_error, reached.df, reached.alpha, method)


def power_curve(
    design: TrialDesign,
    *,
    effect: float,
    values: Sequence[int],
    size: SizeName | None = None,
    power: float = 0.8,
    method: PowerMethod = "central",
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

    Returns
    -------
    frame
        A row per value: `size value power mdes std_error df`.

    Raises
    ------
    DesignError
        When a value leaves no degrees of freedom.
    """
    varied = size or size_names(design.kind)[0]
    if varied not in size_names(design.kind):
        allowed = ", ".join(size_names(design.kind))
        raise DesignError(f"size: the design '{design.kind}' has no {varied}. Use one of: {allowed}.")
    rows: list[dict[str, object]] = []
    for value in values:
        one = replace(design, **{varied: float(value)})
        found = power_for(one, effect=effect, method=method)
        smallest = detectable_effect(one, power=power, method=method).effect
        rows.append(
            {
                "size": varied,
                "value": value,
                "power": found.power,
                "mdes": smallest,
                "std_error": found.std_error,
                "df": found.df,
            }
        )
    return pd.DataFrame(rows, columns=list(CURVE_COLUMNS))


def _row(
    design: TrialDesign, first: dict[str, object], std_error: float, df: float, alpha: float, method: PowerMethod
) -> pd.DataFrame:
    last = {"std_error": std_error, "df": df, "alpha": alpha, "sides": design.sides, "method": method}
    return pd.DataFrame([{"design": design.kind, **first, **last}])
