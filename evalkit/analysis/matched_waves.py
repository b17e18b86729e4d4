"""What other waves say: change against change, trends before the programme, later waves, placebo outcomes."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from evalkit.analysis.estimate import Estimate
from evalkit.analysis.matched_rows import MATCHED, assigned_by, matched_difference, row_of_values
from evalkit.analysis.matched_sample import MatchedSample
from evalkit.analysis.trial_effects import blank
from evalkit.analysis.trial_sample import TrialSample, scores_at
from evalkit.records.scores import Scores
from evalkit.stats.disclosure import mean_is_safe
from evalkit.stats.linear import fit_linear
from evalkit.stats.robust import cluster_robust
from evalkit.stats.robust_inference import coefficient_tests
from evalkit.stats.vectors import FloatArray, IntArray

DID, DID_ALL = "did_cr2", "did_everybody"
TREND_COLUMNS = ("outcome", "sample", "arm", "wave", "place", "when", "n", "mean", "mean_low", "mean_high")


def values_at(matched: MatchedSample, scores: Scores, wave: str) -> FloatArray:
    """The outcome's own score of each pupil at a wave; NaN where there is none."""
    found, _ = scores_at(scores, matched.rows["pupil"], matched.sample.outcome.scale, wave)
    return found.to_numpy(dtype=np.float64)


def waves_with(matched: MatchedSample, scores: Scores) -> list[str]:
    """The waves of the plan at which the outcome's own score was measured."""
    frame = scores.frame
    there = set(frame.loc[(frame["scale"] == matched.sample.outcome.scale) & frame["value"].notna(), "wave"])
    return [wave.id for wave in matched.sample.plan.waves if wave.id in there]


def wave_rows(matched: MatchedSample, scores: Scores) -> list[Estimate]:
    """Difference in differences, trends before, and later waves, where the outcome's score was measured then.

    Notes
    -----
    Change from the last wave before to the outcome's wave, programme minus comparison, in the matched sample and among
    everybody, without covariates; g over the outcome's own standard deviation; errors clustered as in the primary
    analysis. Before: the same from an earlier wave to the last one before, which should be 0 if the groups moved alike.
    """
    sample, plan = matched.sample, matched.sample.plan
    arm, waves = sample.treated[0], waves_with(matched, scores)
    order = [wave.id for wave in plan.waves]
    last = plan.baseline_wave
    rows: list[Estimate] = []
    if last in waves and sample.wave != last:
        before = values_at(matched, scores, last)
        change = matched.rows["outcome"].to_numpy(dtype=np.float64) - before
        sd = matched_difference(matched, adjust=False).sd_pooled  # of the outcome, so that g compares with the others
        for name, everybody in ((DID, False), (DID_ALL, True)):
            row = blank(sample, arm, inquiry="difference_in_differences", estimator=name)
            rows.append(row_of_values(matched, change, row, adjust=False, everybody=everybody, sd=sd))
        for wave in waves:
            if order.index(wave) < order.index(last):
                row = replace(blank(sample, arm, inquiry="pre_trend", estimator=DID), wave=wave)
                earlier = before - values_at(matched, scores, wave)
                rows.append(row_of_values(matched, earlier, row, adjust=False, sd=sd))
    for wave in waves:
        if order.index(wave) > order.index(sample.wave):
            row = replace(blank(sample, arm, inquiry="follow_up", estimator=MATCHED), wave=wave)
            rows.append(row_of_values(matched, values_at(matched, scores, wave), row))
    return rows


def placebo_row(matched: MatchedSample, placebo: TrialSample) -> Estimate:
    """The same matched pupils, and something that the programme cannot have changed: there should be no difference.

    Parameters
    ----------
    matched : the pupils of the first primary outcome
    placebo : the sample of the placebo outcome, with all pupils of the roster
    """
    values = pd.Series(placebo.frame["outcome"].to_numpy(dtype=np.float64), index=placebo.frame["pupil"].astype("str"))
    own = values.reindex(matched.rows["pupil"].astype("str").to_numpy()).to_numpy(dtype=np.float64)
    row = blank(placebo, placebo.treated[0], inquiry="placebo", estimator=MATCHED)
    return row_of_values(replace(matched, sample=replace(matched.sample, outcome=placebo.outcome)), own, row)


def trend(found: Sequence[MatchedSample], scores: Scores) -> pd.DataFrame:
    """Means of the outcome's own score in every wave, by group, before and after matching.

    Returns
    -------
    frame, TREND_COLUMNS
        Only outcomes that were measured twice or more. `sample`: all or matched; `when`: before or after the programme
        began. The matched comparison group's means are weighted. Empty where fewer pupils than the threshold have a
        score; those of all too, where fewer than that were not matched.
    """
    rows: list[tuple[object, ...]] = []
    for matched in found:
        plan = matched.sample.plan
        waves = waves_with(matched, scores)
        if len(waves) < 2:
            continue
        order = [wave.id for wave in plan.waves]
        clusters = matched.clusters(assigned_by(matched))
        for sample in ("all", "matched"):
            weights = np.ones(len(matched.rows)) if sample == "all" else matched.weights
            for wave in waves:
                values = values_at(matched, scores, wave)
                when = "before" if order.index(wave) <= order.index(plan.baseline_wave) else "after"
                for arm, group in ((matched.sample.treated[0], matched.chosen), (plan.control.id, ~matched.chosen)):
                    known = group & ~np.isnan(values)
                    used = known & (weights > 0)
                    gap = int(known.sum() - (known & matched.matched).sum())
                    safe = mean_is_safe(int(used.sum()), plan.suppression_threshold)
                    tells_of_few = sample == "all" and 0 < gap < plan.suppression_threshold
                    safe = safe and not tells_of_few
                    own = None if clusters is None else clusters[used]
                    numbers = _mean(values[used], weights[used], own, plan.conf_level) if safe else (np.nan,) * 3
                    place = float(order.index(wave))
                    rows.append(
                        (matched.sample.outcome.id, sample, arm, wave, place, when, float(used.sum()), *numbers)
                    )
    table = pd.DataFrame(rows, columns=list(TREND_COLUMNS))
    numbers = ("place", "n", "mean", "mean_low", "mean_high")
    return table.astype({name: "float64" if name in numbers else "str" for name in TREND_COLUMNS})


def _mean(
    values: FloatArray, weights: FloatArray, clusters: IntArray | None, level: float
) -> tuple[float, float, float]:
    """Weighted mean with a CR2 interval, clustered where the programme was assigned."""
    ones = np.ones((len(values), 1))
    groups = np.arange(len(values)) if clusters is None else clusters
    if len(np.unique(groups)) < 2 or np.ptp(values) == 0:
        return float(weights @ values / weights.sum()), np.nan, np.nan
    fit = fit_linear(ones, values, weights=weights)
    found = coefficient_tests(
        fit.coefficients, cluster_robust(ones, fit.residuals, clusters=groups, weights=weights), level=level
    )
    return float(found.estimates[0]), float(found.conf_low[0]), float(found.conf_high[0])
