"""The caterpillar: how far each school lies from what the model expects, without saying which school it is."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import ndtri

from evalkit.analysis.multilevel import Fit
from evalkit.analysis.trial_model import TrialModel
from evalkit.stats.disclosure import suppress_groups
from evalkit.stats.vectors import FloatArray

SCHOOLS_COLUMNS = ("outcome", "arm", "place", "estimate", "low", "high")
ALL_ARMS = "all"


def schools(models: Sequence[TrialModel], *, fewest: int) -> pd.DataFrame:
    """Shrunken school effects of the primary model of every outcome, from the lowest to the highest.

    Parameters
    ----------
    models : primary models
    fewest : `methods.fewest_schools_shown` of the standards

    Returns
    -------
    frame, SCHOOLS_COLUMNS
        `estimate` in the outcome's points (best linear unbiased prediction), with a normal interval at the plan's level
        from its conditional standard error; `place` 1 is the lowest over all arms. The arm is `all` where schools are
        in several. Left out are schools with fewer analysed pupils than the threshold, more of an arm when those left
        out would be a single school or too few pupils, and then the whole arm when fewer than `fewest` schools remain.
        Empty for models without schools.

    Notes
    -----
    A school's standard error tells how many pupils it has, and so which school it is, to whom knows the sizes. Each is
    therefore the root mean square over at least `fewest` schools of neighbouring error.
    """
    tables = [_school_rows(model, fewest) for model in models if isinstance(model.fit, Fit)]
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(SCHOOLS_COLUMNS))
    return table.astype({name: "str" if name in ("outcome", "arm") else "float64" for name in SCHOOLS_COLUMNS})


def _school_rows(model: TrialModel, fewest: int) -> pd.DataFrame:
    assert isinstance(model.fit, Fit)
    effects = model.fit.random_effects()
    own = effects[(effects["group"] == "school") & (effects["term"] == "Intercept")].set_index("level")
    by_school = model.data.groupby("school")
    table = own.assign(pupils=by_school.size(), arm=_arms(model)).sort_values("estimate", kind="stable")
    threshold = model.sample.plan.suppression_threshold
    groups = table.groupby("arm", observed=True)["pupils"]
    shown = pd.concat([schools_shown(pupils, threshold=threshold, fewest=fewest) for _, pupils in groups])
    table = table[shown.reindex(table.index)]
    half = ndtri((1 + model.sample.plan.conf_level) / 2) * blurred(table["std_error"].to_numpy(), fewest)
    return pd.DataFrame(
        {
            "outcome": model.sample.outcome.id,
            "arm": table["arm"].astype("str").to_numpy(),
            "place": np.arange(1, len(table) + 1, dtype=np.float64),
            "estimate": table["estimate"].to_numpy(),
            "low": table["estimate"].to_numpy() - half,
            "high": table["estimate"].to_numpy() + half,
        },
        columns=list(SCHOOLS_COLUMNS),
    )


def _arms(model: TrialModel) -> pd.Series:
    """By school: its arm."""
    arms = model.data.groupby("school")["arm"]
    if model.sample.unit != "school":
        return pd.Series(ALL_ARMS, index=list(arms.groups))
    return arms.first().astype("str")


def schools_shown(pupils: pd.Series, *, threshold: int, fewest: int) -> pd.Series:
    """Which schools may be shown, from the number of pupils in each; none where fewer than `fewest` remain."""
    hidden = suppress_groups(pupils.to_numpy(), threshold=threshold)
    enough = int((~hidden).sum()) >= fewest
    return pd.Series(~hidden & enough, index=pupils.index)


def blurred(errors: FloatArray, fewest: int) -> FloatArray:
    """Errors, each as the root mean square of its group of at least `fewest` neighbours (all, where there are few)."""
    order = np.argsort(errors, kind="stable")
    groups = np.array_split(order, max(1, errors.size // fewest))
    blurred = errors.copy()
    for group in groups:
        if group.size:
            blurred[group] = np.sqrt(np.mean(errors[group] ** 2))
    return blurred
