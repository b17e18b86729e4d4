"""The rows of one outcome of a matched comparison: the difference after matching, and every other way to get one."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from evalkit.analysis.estimate import Estimate, not_estimated
from evalkit.analysis.match_covariates import with_counterparts
from evalkit.analysis.match_units import weigh_units
from evalkit.analysis.matched_sample import ClusterBy, MatchedSample, matching_of
from evalkit.analysis.multilevel import multilevel
from evalkit.analysis.trial_effects import INTERVALS, blank, estimated
from evalkit.analysis.trial_model import PERCENT, one_sided, records
from evalkit.errors import FitError
from evalkit.stats.balancing import Target
from evalkit.stats.doubly_robust import DoublyRobust, doubly_robust
from evalkit.stats.effect_size import hedges_correction
from evalkit.stats.propensity import fit_propensity
from evalkit.stats.vectors import FloatArray
from evalkit.stats.weighted_difference import WeightedDifference, weighted_difference

MATCHED = "matched"
INTERVAL = "t over the same SD"
UNEQUAL = (
    "The units of this match stand for different numbers of others, and such weights have no place in a multilevel "
    "model."
)
Found = WeightedDifference | DoublyRobust


def matched_difference(
    matched: MatchedSample,
    values: FloatArray | None = None,
    *,
    adjust: bool = True,
    by: ClusterBy | None = None,
    everybody: bool = False,
    weights: FloatArray | None = None,
) -> WeightedDifference:
    """The difference between the groups.

    Parameters
    ----------
    matched : MatchedSample
    values : float array, shape (n,) - another outcome of the same pupils; NaN where there is none
    adjust : whether the baseline and covariates stand in the model
    by : where errors are clustered; as the primary analysis when left out
    everybody : all complete pupils with equal weights in place of the matched ones
    weights : others than those of the matching
    """
    y = matched.rows["outcome"].to_numpy(dtype=np.float64) if values is None else values
    w = np.ones(len(y)) if everybody else matched.weights if weights is None else weights
    rows = ~np.isnan(y) & (w > 0)
    clusters = matched.clusters(by or matched.cluster_by)
    return weighted_difference(
        y[rows],
        matched.chosen[rows],
        covariates=matched.covariates.values[rows] if adjust else None,
        names=matched.covariates.names if adjust else None,
        weights=w[rows],
        clusters=None if clusters is None else clusters[rows],
        level=matched.sample.plan.conf_level,
    )


def filled(row: Estimate, found: Found, matched: MatchedSample, *, sd: float | None = None) -> Estimate:
    """The row with difference, test, interval, counts and Hedges' g."""
    sample, plan = matched.sample, matched.sample.plan
    is_share = sample.outcome.kind == "yes_no"
    factor = PERCENT if is_share else 1.0
    p_value, reason = found.p_value, row.reason
    if plan.sides == 1:
        p_value = one_sided(found.t_value, found.df, worse=sample.higher_is == "worse")
        way = "fall" if sample.higher_is == "worse" else "rise"
        reason = f"{reason} One-sided test: p is that of a {way}. The interval is two-sided.".strip()
    row = replace(
        row,
        estimate=factor * found.estimate,
        std_error=factor * found.std_error,
        df=found.df,
        statistic=found.t_value,
        p_value=p_value,
        conf_low=factor * found.conf_low,
        conf_high=factor * found.conf_high,
        reason=reason,
    )
    if isinstance(found, WeightedDifference):
        row = replace(
            row,
            n_treated=float(found.n_treated),
            n_control=float(found.n_control),
            clusters_treated=float(found.clusters_treated) if matched.cluster_by != "pupil" else math.nan,
            clusters_control=float(found.clusters_control) if matched.cluster_by != "pupil" else math.nan,
        )
    scale = sd if sd is not None else found.sd_pooled if isinstance(found, WeightedDifference) else math.nan
    if is_share or not scale > 0:
        return row
    j = hedges_correction(row.n_treated + row.n_control - 2) / scale
    return replace(
        row,
        effect_size=j * found.estimate,
        es_low=j * found.conf_low,
        es_high=j * found.conf_high,
        es_type="g_pooled",
        es_interval=INTERVAL,
    )


def outcome_rows(matched: MatchedSample) -> list[Estimate]:
    """The primary row, the plain difference of everybody, and robustness."""
    sample = matched.sample
    arm = sample.treated[0]
    primary = matched_difference(matched)
    rows = [filled(blank(sample, arm, inquiry="effect", estimator=MATCHED), primary, matched)]
    assigned = assigned_by(matched)
    rows += _tried(
        matched, "effect", "unadjusted", lambda: matched_difference(matched, adjust=False, everybody=True, by=assigned)
    )
    for name, build in _others(matched, assigned).items():
        rows += _tried(matched, "robustness", name, build)
    rows += _doubly_robust(matched, assigned)
    rows += _multilevel(matched)
    return rows


def assigned_by(matched: MatchedSample) -> ClusterBy:
    """Where the programme was assigned, which is where errors are clustered without matched sets."""
    unit = matched.sample.unit
    return "school" if unit == "school" else "classroom" if unit == "classroom" else "pupil"


def _others(matched: MatchedSample, assigned: ClusterBy) -> Mapping[str, Callable[[], WeightedDifference]]:
    """Other ways to the same difference, by name."""
    estimand = matching_of(matched.sample).estimand
    plain: Target = "att" if estimand == "ato" else estimand

    def weighted(method: str) -> Callable[[], WeightedDifference]:
        def build() -> WeightedDifference:
            target: Target = "ato" if method == "overlap" else plain
            units = weigh_units(matched.covariates, matched.chosen, method, target)  # type: ignore[arg-type]
            return matched_difference(matched, weights=units.weights, by=assigned)

        return build

    found: dict[str, Callable[[], WeightedDifference]] = {
        "regression": lambda: matched_difference(matched, everybody=True, by=assigned),
        "matched_unadjusted": lambda: matched_difference(matched, adjust=False),
    }
    if (matched.sets[matched.matched] >= 0).all() and matched.cluster_by != "matched_set":
        found["matched_set"] = lambda: matched_difference(matched, by="matched_set")
    elif matched.cluster_by == "matched_set" and assigned != "pupil":
        found["by_school"] = lambda: matched_difference(matched, by=assigned)
    return found | {name: weighted(name) for name in ("ipw", "overlap", "entropy")}


def _tried(matched: MatchedSample, inquiry: str, name: str, build: Callable[[], WeightedDifference]) -> list[Estimate]:
    row = blank(matched.sample, matched.sample.treated[0], inquiry=inquiry, estimator=name)
    return estimated([row], lambda: [filled(row, build(), matched)])


def _doubly_robust(matched: MatchedSample, assigned: ClusterBy) -> list[Estimate]:
    row = blank(matched.sample, matched.sample.treated[0], inquiry="robustness", estimator="doubly_robust")

    def build() -> list[Estimate]:
        y = matched.rows["outcome"].to_numpy(dtype=np.float64)
        rows, kept = with_counterparts(matched.covariates, matched.chosen)
        propensity = fit_propensity(kept.values[rows], matched.chosen[rows], names=kept.names)
        clusters = matched.clusters(assigned)
        found = doubly_robust(
            y[rows],
            matched.chosen[rows],
            propensity,
            clusters=None if clusters is None else clusters[rows],
            estimand=matching_of(matched.sample).estimand,
            level=matched.sample.plan.conf_level,
        )
        everybody = matched_difference(matched, adjust=False, everybody=True, by=assigned)
        counted = filled(row, everybody, matched)
        return [filled(counted, found, matched, sd=everybody.sd_pooled)]

    return estimated([row], build)


def _multilevel(matched: MatchedSample) -> list[Estimate]:
    """The matched pupils in a multilevel model with schools, where all stand for one."""
    sample = matched.sample
    if "school" not in matched.rows.columns:
        return []
    row = blank(sample, sample.treated[0], inquiry="robustness", estimator="multilevel")
    kept = matched.matched
    if any(np.ptp(matched.weights[kept & group]) > 1e-9 for group in (matched.chosen, ~matched.chosen)):
        return [not_estimated(row, UNEQUAL)]

    def build() -> list[Estimate]:
        names = [f"c{place}" for place in range(len(matched.covariates.names))]
        data = pd.DataFrame(matched.covariates.values[kept], columns=names)
        data = data.assign(
            outcome=matched.rows.loc[kept, "outcome"].to_numpy(),
            programme=matched.chosen[kept].astype(np.float64),
            school=matched.rows.loc[kept, "school"].to_numpy(),
            matched_set=matched.sets[kept],
        )
        varying = [name for name in names if data[name].nunique() > 1]
        sets = " + (1 | matched_set)" if matching_of(sample).unit == "school" else ""
        formula = " + ".join(["outcome ~ programme", *varying]) + " + (1 | school)" + sets
        fit = multilevel(formula, data)
        table = {str(one["term"]): one for one in records(fit.tidy(conf_level=sample.plan.conf_level))}
        found = table["programme"]
        plain = matched_difference(matched, adjust=False)
        counted = filled(row, plain, matched)
        scale = hedges_correction(plain.n_treated + plain.n_control - 2) / plain.sd_pooled
        factor = PERCENT if sample.outcome.kind == "yes_no" else 1.0
        values = {key: float(found[key]) for key in ("estimate", "conf_low", "conf_high")}
        made = replace(
            counted,
            **{key: factor * value for key, value in values.items()},
            std_error=factor * float(found["std_error"]),
            df=float(found["df"]),
            statistic=float(found["statistic"]),
            p_value=float(found["p_value"]),
            es_interval=INTERVALS["kenward-roger"],
        )
        if sample.outcome.kind == "yes_no":
            return [made]
        return [
            replace(
                made,
                effect_size=scale * values["estimate"],
                es_low=scale * values["conf_low"],
                es_high=scale * values["conf_high"],
            )
        ]

    return estimated([row], build)


def row_of_values(
    matched: MatchedSample,
    values: FloatArray,
    row: Estimate,
    *,
    adjust: bool = True,
    everybody: bool = False,
    sd: float | None = None,
) -> Estimate:
    """A row about other values of the same pupils: a later wave, a placebo, a change.

    `sd` is the yardstick of g; that of the values themselves when left out.
    """
    by = assigned_by(matched) if everybody else None
    try:
        found = matched_difference(matched, values, adjust=adjust, everybody=everybody, by=by)
        return filled(row, found, matched, sd=sd)
    except FitError as error:
        return not_estimated(row, error.message)
