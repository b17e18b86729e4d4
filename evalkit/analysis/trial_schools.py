"""The caterpillar: how far each school lies from what the model expects, without saying which school it is."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import ndtri

from evalkit.analysis.multilevel import Fit
from evalkit.analysis.place_mask import place_mask
from evalkit.analysis.trial_model import PERCENT, TrialModel, records
from evalkit.errors import FitError
from evalkit.records.evaluation import Evaluation
from evalkit.records.outcome import Outcome
from evalkit.records.school_places import SchoolPlaces
from evalkit.stats.disclosure import suppress_groups
from evalkit.stats.shrinkage import shrink_schools
from evalkit.stats.vectors import FloatArray

SCHOOLS_COLUMNS = ("outcome", "arm", "place", "estimate", "low", "high")
ALL_ARMS = "all"


def schools(models: Sequence[TrialModel], *, fewest: int, places: SchoolPlaces | None = None) -> pd.DataFrame:
    """Shrunken school effects of the primary model of every outcome, from the lowest to the highest.

    Parameters
    ----------
    models : primary models
    fewest : `methods.fewest_schools_shown` of the standards

    Returns
    -------
    frame, SCHOOLS_COLUMNS
        As `side_by_side` makes it. The arm is `all` where schools are in several. Empty for models without schools.

    Notes
    -----
    A school's result is the mean over its pupils of outcome minus fixed part, its error variance
    sigma^2 / n + tau_c^2 sum(n_c^2) / n^2 with n_c the pupils of its classes, where classes are a level beside schools.
    """
    return schools_table([_school_rows(model, fewest, places) for model in models if isinstance(model.fit, Fit)])


def _school_rows(model: TrialModel, fewest: int, places: SchoolPlaces | None) -> pd.DataFrame:
    assert isinstance(model.fit, Fit)
    expected = model.fit.predict(random=False)
    data = model.data.loc[expected.index]
    beyond = data["outcome"].astype("float64") - expected
    variances = {str(one["group"]): float(one["variance"]) for one in records(model.fit.variances())}
    sizes = data.groupby("school").size()
    errors = variances["Residual"] / sizes
    if {"school", "classroom"} <= variances.keys():
        classes = data.groupby(["school", "classroom"], observed=True).size()
        errors += variances["classroom"] * (classes**2).groupby("school").sum() / sizes**2
    return side_by_side(
        model.sample.outcome,
        beyond.groupby(data["school"]).mean(),
        errors,
        pupils=sizes,
        arms=school_arms(data, by_school=model.sample.unit == "school"),
        plan=model.sample.plan,
        fewest=fewest,
        places=places,
    )


def school_arms(data: pd.DataFrame, *, by_school: bool) -> pd.Series:
    """By school: its arm; `all` where pupils of one school may be in several."""
    arms = data.groupby("school")["arm"]
    return arms.first().astype("str") if by_school else pd.Series(ALL_ARMS, index=list(arms.groups))


def side_by_side(
    outcome: Outcome,
    means: pd.Series,
    errors: pd.Series,
    *,
    pupils: pd.Series,
    arms: pd.Series,
    plan: Evaluation,
    fewest: int,
    hubs: pd.Series | None = None,
    places: SchoolPlaces | None = None,
) -> pd.DataFrame:
    """Schools' results drawn towards the middle, from the lowest to the highest, unnamed.

    Parameters
    ----------
    outcome : Outcome
    means, errors, pupils, arms : Series by school - its result, the error variance of that, its pupils, its arm
    plan : Evaluation
    fewest : `methods.fewest_schools_shown` of the standards
    hubs : Series by school, optional - the hub it belongs to
    places : in which hub and trust schools are, where that is known

    Returns
    -------
    frame, SCHOOLS_COLUMNS
        `estimate` is how far a school lies from the middle (`shrink_schools`, as on each school's own page), in points
        of the outcome, or percentage points where it is yes or no; `place` 1 is the lowest over all arms. Left out are
        schools that `schools_shown` leaves out. Empty where schools are too few, or
        pupils of one school do not differ.

    Notes
    -----
    A school's error tells how many pupils it has, and so which school it is, to whom knows the sizes. Each is therefore
    the root mean square over at least `fewest` schools of neighbouring error.
    """
    codes = None if hubs is None else pd.factorize(hubs.reindex(means.index), sort=True)[0]
    if not (errors > 0).all():
        return schools_table([])
    try:
        found = shrink_schools(
            means.to_numpy(), 1 / errors.reindex(means.index).to_numpy(), within_variance=1.0, hubs=codes,
            conf_level=plan.conf_level,
        )  # fmt: skip
    except FitError:
        return schools_table([])
    z = float(ndtri((1 + plan.conf_level) / 2))
    table = pd.DataFrame(
        {
            "estimate": found.deviation,
            "error": (found.deviation_high - found.deviation) / z,
            "pupils": pupils.reindex(means.index),
            "arm": arms.reindex(means.index).astype("str"),
        },
        index=means.index,
    ).sort_values("estimate", kind="stable")
    shown = schools_shown(
        table["pupils"], arms=table["arm"], places=places, threshold=plan.suppression_threshold, fewest=fewest
    )
    table = table[shown]
    factor = PERCENT if outcome.kind == "yes_no" else 1.0
    middle = factor * table["estimate"].to_numpy(dtype="float64")
    half = factor * z * blurred(table["error"].to_numpy(dtype="float64"), fewest)
    columns = (
        outcome.id,
        table["arm"].to_numpy(),
        np.arange(1.0, len(table) + 1),
        middle,
        middle - half,
        middle + half,
    )
    return pd.DataFrame(dict(zip(SCHOOLS_COLUMNS, columns, strict=True)))


def schools_table(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The schools of several outcomes in one frame, SCHOOLS_COLUMNS."""
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(SCHOOLS_COLUMNS))
    return table.astype({name: "str" if name in ("outcome", "arm") else "float64" for name in SCHOOLS_COLUMNS})


def pooled_variance(results: pd.Series, schools: pd.Series) -> float:
    """The variance of pupils' results within schools, over all schools."""
    groups = results.groupby(schools)
    sizes = groups.size()
    return float((groups.var(ddof=1).fillna(0) * (sizes - 1)).sum()) / max(1.0, float((sizes - 1).sum()))


def schools_shown(
    pupils: pd.Series, *, arms: pd.Series, places: SchoolPlaces | None, threshold: int, fewest: int
) -> pd.Series:
    """Which schools may be shown, unnamed.

    Left out are schools with fewer pupils than the threshold; more of an arm when those left out would be a single
    school or too few pupils; every school whose own page keeps its figures back (`place_mask`), for its dot is the one
    that no page explains; and then the whole arm when fewer than `fewest` schools remain.
    """
    groups = [own for _, own in pupils.groupby(arms)]
    hidden = pd.concat([pd.Series(suppress_groups(own.to_numpy(), threshold=threshold), own.index) for own in groups])
    in_arm = arms.where(arms != ALL_ARMS, "")
    mask = place_mask(pupils, arms=in_arm, places=places or SchoolPlaces(), threshold=threshold)
    shown = ~(hidden.reindex(pupils.index) | mask.of["school"])
    return shown & (shown.groupby(arms).transform("sum") >= fewest)


def blurred(errors: FloatArray, fewest: int) -> FloatArray:
    """Errors, each as the root mean square of its group of at least `fewest` neighbours (all, where there are few)."""
    order = np.argsort(errors, kind="stable")
    groups = np.array_split(order, max(1, errors.size // fewest))
    blurred = errors.copy()
    for group in groups:
        if group.size:
            blurred[group] = np.sqrt(np.mean(errors[group] ** 2))
    return blurred
