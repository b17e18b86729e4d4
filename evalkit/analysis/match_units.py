"""Who stands for whom: units matched or weighted as asked, from covariates to sets and weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from evalkit.analysis.match_covariates import GAP, MatchCovariates
from evalkit.errors import FitError
from evalkit.records.comparison import Matching
from evalkit.stats.balancing import Target, entropy_weights, propensity_weights
from evalkit.stats.match_distances import Distances, distances
from evalkit.stats.matching import UNMATCHED, Matched, coarsened, nearest, strata
from evalkit.stats.matching_optimal import full, optimal
from evalkit.stats.propensity import Propensity, fit_propensity
from evalkit.stats.vectors import BoolArray, FloatArray, IntArray

WeightMethod = Literal["ipw", "overlap", "entropy"]
PAIRED = ("nearest", "optimal", "full")  # methods whose sets are few units that hang together


@dataclass(frozen=True, slots=True, eq=False)
class MatchedUnits:
    """Units after matching or weighting.

    Attributes
    ----------
    chosen : bool array, shape (n,) - who had the programme
    covariates : what they were matched on
    propensity : None where it cannot be had and is not needed (exact agreement)
    weights : float array, shape (n,) - 0 where a unit stands for nobody
    sets : int array, shape (n,) - matched set, -1 for none; all -1 where units were weighted
    pairs : int array, shape (q, 2) - places of programme unit and partner
    distances : float array, shape (q,)
    method, estimand : what was done
    caliper : the largest gap allowed, in units of the linear predictor; NaN without one
    """

    chosen: BoolArray
    covariates: MatchCovariates
    propensity: Propensity | None
    weights: FloatArray
    sets: IntArray
    pairs: IntArray
    distances: FloatArray
    method: str
    estimand: Target
    caliper: float

    @property
    def matched(self) -> BoolArray:
        """Which units are used."""
        return self.weights > 0


def match_units(
    covariates: MatchCovariates,
    chosen: BoolArray,
    matching: Matching,
    *,
    data: pd.DataFrame,
) -> MatchedUnits:
    """Match units as a plan says.

    Parameters
    ----------
    covariates : what to match on
    chosen : who had the programme
    matching : Matching - `estimand: ato` gives overlap weights
    data : frame - a row per unit, with the facts that partners must agree on

    Raises
    ------
    FitError
        Groups that do not overlap, covariates that tell them apart, nothing to match on.
    """
    if matching.estimand == "ato":
        return weigh_units(covariates, chosen, "overlap", "ato")
    by_strata = matching.method in ("exact", "coarsened")
    propensity = _propensity(covariates, chosen, needed=not by_strata)
    caliper = float("nan")
    if by_strata:
        found = strata(_labels(matching, covariates, data), chosen, estimand=matching.estimand)
    else:
        assert propensity is not None
        if matching.caliper is not None:
            caliper = matching.caliper * float(propensity.linear.std(ddof=1))
        found = _by_distance(covariates, chosen, matching, propensity, caliper, data)
    return MatchedUnits(
        chosen=chosen,
        covariates=covariates,
        propensity=propensity,
        weights=found.weights,
        sets=found.sets,
        pairs=found.pairs,
        distances=found.distances,
        method=matching.method,
        estimand=matching.estimand,
        caliper=caliper,
    )


def weigh_units(covariates: MatchCovariates, chosen: BoolArray, method: WeightMethod, estimand: Target) -> MatchedUnits:
    """Weight units: inverse probability, overlap (estimand ato) or entropy balancing (att, ate).

    Raises
    ------
    FitError
        Covariates that tell the groups apart, or weights that cannot exist.
    """
    propensity = _propensity(covariates, chosen, needed=method != "entropy")
    if method == "entropy":
        if estimand == "ato":
            raise FitError("Entropy balancing has the estimands att and ate; overlap weights are those of ato.")
        weights = entropy_weights(covariates.values, chosen, estimand=estimand)
    else:
        assert propensity is not None
        target: Target = "ato" if method == "overlap" else estimand
        weights = propensity_weights(propensity.scores, chosen, estimand=target)
        estimand = target
    n = len(chosen)
    return MatchedUnits(
        chosen=chosen,
        covariates=covariates,
        propensity=propensity,
        weights=weights,
        sets=np.full(n, UNMATCHED, dtype=np.int64),
        pairs=np.zeros((0, 2), dtype=np.int64),
        distances=np.zeros(0),
        method=method,
        estimand=estimand,
        caliper=float("nan"),
    )


def _propensity(covariates: MatchCovariates, chosen: BoolArray, *, needed: bool) -> Propensity | None:
    if not covariates.names:
        if needed:
            raise FitError("There is nothing to match on: every fact is the same for everybody.")
        return None
    try:
        return fit_propensity(covariates.values, chosen, names=covariates.names)
    except FitError:
        if needed:
            raise
        return None


def _by_distance(
    covariates: MatchCovariates,
    chosen: BoolArray,
    matching: Matching,
    propensity: Propensity,
    caliper: float,
    data: pd.DataFrame,
) -> Matched:
    limit = None if np.isnan(caliper) else caliper
    exact = _combined(data, matching.exact) if matching.exact else None
    by_score = matching.distance == "propensity"
    found: Distances = distances(
        propensity.linear if by_score else covariates.values,
        chosen,
        metric="absolute" if by_score else "mahalanobis",
        caliper=limit,
        caliper_on=propensity.linear,
        exact=exact,
    )
    n = len(chosen)
    if matching.method == "nearest":
        return nearest(found, n=n, order=propensity.linear, ratio=matching.ratio, replacement=matching.replacement)
    if matching.method == "optimal":
        return optimal(found, n=n, ratio=matching.ratio)
    return full(found, n=n, estimand="ate" if matching.estimand == "ate" else "att")


def _labels(matching: Matching, covariates: MatchCovariates, data: pd.DataFrame) -> np.ndarray:
    """The stratum of each unit: categories and, with the method exact, numbers as they are; else numbers in classes."""
    facts = list(matching.exact or matching.on or dict.fromkeys(covariates.facts))
    if matching.method == "exact":
        return _combined(data, facts)
    classes = data[facts].copy()
    for fact in facts:
        if pd.api.types.is_numeric_dtype(classes[fact].dtype):
            classes[fact] = _classes(classes[fact], matching.coarsen.get(fact, ()), matching.bins)
    return _combined(classes, facts)


def _classes(series: pd.Series, cuts: Sequence[float], bins: int) -> pd.Series:
    known = series.notna()
    found = pd.Series(GAP, index=series.index, dtype="object")
    found[known] = coarsened(series[known].to_numpy(dtype=np.float64), cuts=tuple(cuts) or bins).astype(str)
    return found


def _combined(data: pd.DataFrame, facts: Sequence[str]) -> np.ndarray:
    texts = [data[fact].astype("object").where(data[fact].notna(), GAP).astype("str") for fact in facts]
    codes = np.zeros(len(data), dtype=np.int64)
    seen: dict[tuple[str, ...], int] = {}
    for place, values in enumerate(zip(*texts, strict=True)):
        codes[place] = seen.setdefault(values, len(seen))
    return codes
