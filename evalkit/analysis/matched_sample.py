"""The pupils of one outcome of a matched comparison: what they are matched on, and who stands for whom."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pandas as pd

from evalkit.analysis.match_covariates import MatchCovariates, match_covariates
from evalkit.analysis.match_curves import chosen_curves
from evalkit.analysis.match_units import PAIRED, MatchedUnits, match_units
from evalkit.analysis.trial_balance import baseline_label
from evalkit.analysis.trial_sample import TrialSample
from evalkit.records.comparison import Matching
from evalkit.stats.vectors import BoolArray, FloatArray, IntArray

ClusterBy = Literal["school", "classroom", "matched_set", "pupil"]


@dataclass(frozen=True, slots=True, eq=False)
class MatchedSample:
    """Pupils with an outcome (and a baseline, where there is one), before and after matching.

    Attributes
    ----------
    sample : TrialSample - its `analysed` pupils are those of `rows`
    rows : frame - a row per pupil who could be matched, in the order of codes
    covariates : MatchCovariates
        The baseline and all covariates, for the outcome model; with curves and products where pupils were matched.
    units : MatchedUnits - pupils, or schools where whole schools are matched
    weights : float array, shape (n,) - of each pupil; 0 where unmatched
    sets : int array, shape (n,) - matched set; -1 for none
    chosen : bool array, shape (n,) - who had the programme
    cluster_by : where the errors of the primary analysis are clustered
    """

    sample: TrialSample
    rows: pd.DataFrame = field(repr=False)
    covariates: MatchCovariates = field(repr=False)
    units: MatchedUnits = field(repr=False)
    weights: FloatArray
    sets: IntArray
    chosen: BoolArray
    cluster_by: ClusterBy

    @property
    def matched(self) -> BoolArray:
        """The pupils who are used."""
        return self.weights > 0

    def clusters(self, by: ClusterBy) -> IntArray | None:
        """The cluster of each pupil; None where pupils stand for themselves."""
        if by == "pupil":
            return None
        if by == "matched_set":
            return self.sets
        return pd.factorize(self.rows[by], sort=True)[0].astype(np.int64)


def matching_of(sample: TrialSample) -> Matching:
    """How the plan says to match."""
    comparison = sample.plan.comparison
    assert comparison is not None
    assert comparison.matching is not None
    return comparison.matching


def complete_sample(sample: TrialSample) -> TrialSample:
    """The sample whose analysed pupils have an outcome and a baseline; gaps in covariates cost nobody."""
    frame = sample.frame
    needed = ["outcome", "arm", *(["baseline"] if sample.has_baseline else [])]
    if sample.plan.needs_school or "school" in frame.columns:
        needed.append("school")
    if sample.unit == "classroom":
        needed.append("classroom")
    complete = frame["in_population"] & frame[needed].notna().all(axis="columns")
    return replace(sample, frame=frame.assign(analysed=complete))


def matched_sample(sample: TrialSample) -> MatchedSample:
    """Match the complete pupils (or their schools) as the plan says, without a look at the outcome.

    Raises
    ------
    FitError
        Groups that do not overlap or that covariates tell apart, facts that are missing for everybody.
    """
    sample = complete_sample(sample)
    matching = matching_of(sample)
    rows = sample.analysed.reset_index(drop=True)
    covariates = pupil_covariates(sample, rows)
    on = matching.on or tuple(dict.fromkeys([*covariates.facts, *covariates.left_out]))
    chosen = (rows["arm"] != sample.plan.control.id).to_numpy(dtype=bool)
    if matching.unit == "school":
        units, weights, sets = _by_school(rows, covariates.of(on), chosen, matching)
    else:
        facts = covariates.of(on)
        curves = chosen_curves(facts, chosen) if matching.form == "curved" else facts.columns([])
        covariates = covariates.joined(curves)
        units = match_units(facts.joined(curves), chosen, matching, data=rows)
        weights, sets = units.weights, units.sets
    return MatchedSample(
        sample=sample,
        rows=rows,
        covariates=covariates,
        units=units,
        weights=weights,
        sets=sets,
        chosen=chosen,
        cluster_by=_cluster_by(sample, units, matching),
    )


def pupil_covariates(sample: TrialSample, rows: pd.DataFrame, *, without: Sequence[str] = ()) -> MatchCovariates:
    """The baseline and all covariates of the plan as numbers."""
    plan = sample.plan
    labels = {one.id: one.label for one in (*plan.covariates, *plan.subgroups)} | {"baseline": baseline_label(sample)}
    facts = [*(["baseline"] if sample.has_baseline else []), *(one.id for one in plan.covariates)]
    matching = matching_of(sample)
    asked = [*matching.on, *matching.exact, *matching.coarsen]
    facts += [name for name in asked if name != "baseline"]
    return match_covariates(rows, [one for one in dict.fromkeys(facts) if one not in without], labels=labels)


def _by_school(
    rows: pd.DataFrame, covariates: MatchCovariates, chosen: BoolArray, matching: Matching
) -> tuple[MatchedUnits, FloatArray, IntArray]:
    """Schools matched on the means of their pupils; each pupil takes the school's weight and set."""
    codes = pd.factorize(rows["school"], sort=True)[0].astype(np.int64)
    first = np.unique(codes, return_index=True)[1]
    means = covariates.averaged(codes)
    if matching.form == "curved":
        means = means.joined(chosen_curves(means, chosen[first]))
    units = match_units(means, chosen[first], matching, data=rows.iloc[first])
    return units, units.weights[codes], units.sets[codes]


def _cluster_by(sample: TrialSample, units: MatchedUnits, matching: Matching) -> ClusterBy:
    """Where the programme was assigned; where pupils (or matched schools) were, the matched set of few."""
    in_sets = units.method in PAIRED and not matching.replacement
    if matching.unit == "school":
        return "matched_set" if in_sets else "school"
    if sample.unit == "school":
        return "school"
    if sample.unit == "classroom":
        return "classroom"
    return "matched_set" if in_sets else "pupil"
