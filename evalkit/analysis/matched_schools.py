"""The schools of a matched comparison side by side, unnamed: how far each lies from what the primary model expects."""

from collections.abc import Sequence

import pandas as pd

from evalkit.analysis.matched_rows import matched_difference
from evalkit.analysis.matched_sample import MatchedSample
from evalkit.analysis.trial_schools import pooled_variance, school_arms, schools_table, side_by_side
from evalkit.records.school_places import SchoolPlaces


def matched_schools(found: Sequence[MatchedSample], *, fewest: int, places: SchoolPlaces | None = None) -> pd.DataFrame:
    """Shrunken school effects of every outcome's matched pupils, from the lowest to the highest.

    Parameters
    ----------
    found : outcomes after matching
    fewest : `methods.fewest_schools_shown` of the standards
    places : in which hub and trust schools are, where that is known

    Returns
    -------
    frame, SCHOOLS_COLUMNS
        As `side_by_side` makes it; empty where the data know no schools.

    Notes
    -----
    A school's result is the weighted mean over its matched pupils of outcome minus what the primary model expects, its
    error variance s^2 / n with n = (sum w)^2 / sum w^2 its effective number of pupils, s the SD within schools.
    """
    return schools_table([_school_rows(one, fewest, places) for one in found if "school" in one.rows.columns])


def _school_rows(matched: MatchedSample, fewest: int, places: SchoolPlaces | None) -> pd.DataFrame:
    found = matched_difference(matched)
    data = matched.rows.loc[matched.matched, ["school", "arm"]].reset_index(drop=True)
    beyond, weight = pd.Series(found.fit.residuals), pd.Series(matched.weights[matched.matched])
    total = weight.groupby(data["school"]).sum()
    effective = total**2 / (weight**2).groupby(data["school"]).sum()
    return side_by_side(
        matched.sample.outcome,
        (weight * beyond).groupby(data["school"]).sum() / total,
        pooled_variance(beyond, data["school"]) / effective,
        pupils=data.groupby("school").size(),
        arms=school_arms(data, by_school=matched.sample.unit == "school"),
        plan=matched.sample.plan,
        fewest=fewest,
        places=places,
    )
