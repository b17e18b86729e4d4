"""Who stands for whom: units matched or weighted as asked, from covariates to sets and weights."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import expit

from evalkit.analysis.match_covariates import GAP, MatchCovariates, with_counterparts
from evalkit.errors import FitError
from evalkit.records.comparison import Matching
from evalkit.stats.balancing import Target, entropy_weights, propensity_weights
from evalkit.stats.match_distances import LARGEST_TABLE, distances, score_distances
from evalkit.stats.matching import UNMATCHED, Matched, coarsened, nearest, strata
from evalkit.stats.matching_optimal import full, optimal
from evalkit.stats.propensity import Propensity, fit_propensity
from evalkit.stats.vectors import BoolArray, FloatArray, IntArray

WeightMethod = Literal["ipw", "overlap", "entropy"]
FEWER = " Curves and products count too: 'form: linear' leaves them out."
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

    def __repr__(self) -> str:
        return f"<MatchedUnits by {self.method}: {int(self.matched.sum())} of {len(self.chosen)}>"

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
    caliper = float("nan")
    if by_strata:
        propensity = _propensity(covariates, chosen)
        found = strata(_labels(matching, covariates.plain, data), chosen, estimand=matching.estimand)
    else:
        rows, kept = with_counterparts(covariates, chosen)
        propensity = _required(kept, rows, chosen)
        if matching.caliper is not None:
            caliper = matching.caliper * float(propensity.linear[rows].std(ddof=1))
        found = _by_distance(kept, rows, chosen, matching, propensity, caliper, data)
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
    rows, kept = with_counterparts(covariates, chosen)
    weights, propensity = np.zeros(len(chosen)), None
    if method == "entropy":
        if estimand == "ato":
            raise FitError("Entropy balancing has the estimands att and ate; overlap weights are those of ato.")
        propensity = _propensity(covariates, chosen)
        try:
            weights[rows] = entropy_weights(kept.values[rows], chosen[rows], estimand=estimand)
        except FitError as error:
            raise FitError(f"{error.message}{FEWER if any(kept.parts) else ''}") from None
    else:
        propensity = _required(kept, rows, chosen)
        estimand = "ato" if method == "overlap" else estimand
        weights[rows] = propensity_weights(propensity.scores[rows], chosen[rows], estimand=estimand)
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


def _propensity(covariates: MatchCovariates, chosen: BoolArray) -> Propensity | None:
    """For the picture of overlap only; None where it cannot be had."""
    try:
        rows, kept = with_counterparts(covariates, chosen)
        return _required(kept, rows, chosen)
    except FitError:
        return None


def _required(kept: MatchCovariates, rows: BoolArray, chosen: BoolArray) -> Propensity:
    """The propensity fitted to the units with counterparts, and worked out for all."""
    if not kept.names:
        raise FitError("There is nothing to match on: every fact is the same for everybody.")
    fit = fit_propensity(kept.values[rows], chosen[rows], names=kept.names)
    full = np.column_stack([np.ones(len(chosen)), kept.values])
    place = {name: at for at, name in enumerate(("constant", *kept.names))}
    design = full[:, [place[name] for name in fit.names]]
    linear = design @ fit.coefficients
    return Propensity(fit.names, fit.coefficients, linear, expit(linear), fit.dropped, design)


def _by_distance(
    kept: MatchCovariates,
    rows: BoolArray,
    chosen: BoolArray,
    matching: Matching,
    propensity: Propensity,
    caliper: float,
    data: pd.DataFrame,
) -> Matched:
    """Match the units with counterparts; the places of pairs are those of all units."""
    limit = None if np.isnan(caliper) else caliper
    exact = _combined(data, matching.exact)[rows] if matching.exact else None
    by_score = matching.distance == "propensity"
    linear = propensity.linear[rows]
    n = int(rows.sum())
    pairs = int(chosen[rows].sum()) * int((~chosen[rows]).sum())
    if by_score and matching.method == "nearest" and pairs > LARGEST_TABLE:
        many = score_distances(linear, chosen[rows], caliper=limit, exact=exact)
        made = nearest(many, n=n, order=linear, ratio=matching.ratio, replacement=matching.replacement)
        return _of_all(made, rows)
    found = distances(
        linear if by_score else kept.plain.values[rows],
        chosen[rows],
        metric="absolute" if by_score else "mahalanobis",
        caliper=limit,
        caliper_on=linear,
        exact=exact,
    )
    if matching.method == "nearest":
        made = nearest(found, n=n, order=linear, ratio=matching.ratio, replacement=matching.replacement)
    elif matching.method == "optimal":
        made = optimal(found, n=n, ratio=matching.ratio)
    else:
        made = full(found, n=n, estimand="ate" if matching.estimand == "ate" else "att")
    return _of_all(made, rows)


def _of_all(made: Matched, rows: BoolArray) -> Matched:
    """The match of some units as one of all."""
    weights, sets = np.zeros(len(rows)), np.full(len(rows), UNMATCHED, dtype=np.int64)
    weights[rows], sets[rows] = made.weights, made.sets
    return replace(made, weights=weights, sets=sets, pairs=np.flatnonzero(rows)[made.pairs])


def _labels(matching: Matching, covariates: MatchCovariates, data: pd.DataFrame) -> np.ndarray:
    """The stratum of each unit: categories and, with the method exact, numbers as they are; else numbers in classes."""
    facts = list(matching.on or dict.fromkeys(covariates.facts))
    if matching.method == "exact":
        return _combined(data, list(matching.exact) or facts)
    facts = list(dict.fromkeys([*facts, *matching.exact]))
    classes = data[facts].copy()
    for fact in facts:
        if fact not in matching.exact and pd.api.types.is_numeric_dtype(classes[fact].dtype):
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
