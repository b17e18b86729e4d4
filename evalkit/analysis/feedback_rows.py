"""Estimates of a survey of staff: shares who agree, net recommendation, means; by group; from occasion to occasion."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from evalkit.analysis.estimate import Estimate, not_estimated, suppressed
from evalkit.analysis.feedback_groups import Answers
from evalkit.records.evaluation import Evaluation
from evalkit.stats.clustered_shares import clustered_difference, clustered_mean
from evalkit.stats.disclosure_tables import suppress_sums
from evalkit.stats.proportions import wilson
from evalkit.stats.reported_mean import ReportedMean, mean_difference
from evalkit.stats.share_tests import share_difference

FEW_AGREED = "Fewer than {threshold} of {n} agreed, so the share is not shown."
FEW_DID_NOT = "Fewer than {threshold} of {n} did not agree, so the share is not shown: more than {percent}% agreed."
FEW_ANSWERED = "Fewer than {threshold} answered, so nothing is shown."
NEARLY_ALL_ALIKE = "Nearly all of {n} gave the same answer, so the score is not shown."
GROUP_HIDDEN = "Not shown, because an answer of fewer than {threshold} people could be worked out from it."
ONE_ANSWER = "All gave the same answer on both occasions, so there is no spread to judge a difference by."
UNITS = {"share": "percent", "net": "points", "mean": "points"}


def answer_rows(one: Answers, plan: Evaluation) -> list[Estimate]:
    """A question at one wave, with its interval; in schools a second interval, from the logit, stands beside."""
    row = Estimate(
        inquiry={"share": "agreement", "net": "recommend", "mean": "mean"}[one.kind], outcome=one.outcome.id,
        wave=one.wave.id, contrast="", estimator="", unit=UNITS[one.kind], conf_level=plan.conf_level, n_treated=one.n,
        clusters_treated=math.nan if one.schools is None else np.unique(one.schools).size,
    )  # fmt: skip
    if not one.is_shown(plan.suppression_threshold):
        return [suppressed(replace(row, estimator="wilson" if one.kind == "share" else "t"), _why_hidden(one, plan))]
    if one.schools is not None:
        return _in_schools(one, row, plan)
    if one.kind == "share":
        found = wilson(one.count, one.n, conf_level=plan.conf_level)
        limits = {"estimate": 100 * found.value, "conf_low": 100 * found.low, "conf_high": 100 * found.high}
        return [replace(row, estimator="wilson", **limits)]
    scale = 100.0 if one.kind == "net" else 1.0
    sd = float(one.values.std(ddof=1))
    mean = mean_difference(ReportedMean(float(one.values.mean()), sd, one.n), 0.0, conf_level=plan.conf_level)
    return [
        replace(
            row, estimator="t", estimate=scale * mean.value, std_error=scale * mean.std_error, df=mean.df,
            conf_low=_kept(scale * mean.low, one), conf_high=_kept(scale * mean.high, one),
        )
    ]  # fmt: skip


def group_rows(answers: Sequence[Answers], plan: Evaluation) -> list[Estimate]:
    """Shares by every subgroup of the plan; a group that would give away few people is hidden, and another with it."""
    rows: list[Estimate] = []
    for one in answers:
        if one.kind != "share" or not one.is_shown(plan.suppression_threshold):
            continue
        for group in plan.subgroups:
            if group.id in one.groups.columns:
                rows += _by_group(one, group.id, plan)
    return rows


def occasion_rows(answers: Sequence[Answers], plan: Evaluation) -> list[Estimate]:
    """The last wave less the first, for every question that was asked at both."""
    rows: list[Estimate] = []
    for outcome in plan.outcomes:
        mine = {one.wave.id: one for one in answers if one.outcome.id == outcome.id}
        if len(plan.waves) < 2 or plan.waves[0].id not in mine or plan.waves[-1].id not in mine:
            continue
        first, last = mine[plan.waves[0].id], mine[plan.waves[-1].id]
        if first.kind == last.kind:
            rows.append(_occasion(first, last, plan))
    return rows


def _in_schools(one: Answers, row: Estimate, plan: Evaluation) -> list[Estimate]:
    assert one.schools is not None
    found = clustered_mean(one.values, clusters=one.schools, conf_level=plan.conf_level)
    scale = 1.0 if one.kind == "mean" else 100.0
    row = replace(row, estimate=scale * found.value, std_error=scale * found.std_error, df=found.df)
    effect = f"Design effect {found.design_effect:.2f}: the answers count like those of {found.n_effective:.0f} people."
    reason = effect if math.isfinite(found.design_effect) else ""
    main = replace(
        row, estimator="wilson_clustered" if one.kind == "share" else "t_clustered", reason=reason,
        conf_low=_kept(scale * found.low, one), conf_high=_kept(scale * found.high, one),
    )  # fmt: skip
    if one.kind != "share" or not math.isfinite(found.logit_low):
        return [main]
    logit = replace(row, estimator="logit_clustered", conf_low=100 * found.logit_low, conf_high=100 * found.logit_high)
    return [main, logit]


def _by_group(one: Answers, group: str, plan: Evaluation) -> list[Estimate]:
    names = one.groups[group].fillna("").astype("str")
    table = pd.crosstab(names, one.values).reindex(columns=[0.0, 1.0], fill_value=0).sort_index()
    if len(table) < 2:
        return []
    threshold = plan.suppression_threshold
    # The totals of the whole survey are shown and cannot be hidden, so one hidden group alone could be worked out.
    fixed = np.zeros((len(table) + 1, 3), dtype=np.bool_)
    fixed[-1] = True
    sums = [[list(range(len(table)))], [[0, 1]]]
    mask = suppress_sums(table.to_numpy(), sums, threshold=threshold, zeros=True, fixed=fixed)
    rows: list[Estimate] = []
    for (name, (others, agreed)), hidden in zip(table.iterrows(), map(any, mask[:-1].tolist()), strict=True):
        n = int(others + agreed)
        row = Estimate(
            inquiry="agreement", outcome=one.outcome.id, wave=one.wave.id, contrast="", estimator="wilson",
            unit="percent", conf_level=plan.conf_level, subgroup=f"{group}={name or 'not given'}",
        )  # fmt: skip
        if hidden:
            rows.append(suppressed(row, GROUP_HIDDEN.format(threshold=threshold)))
            continue
        mine = (names == name).to_numpy()
        part = replace(one, values=one.values[mine], schools=_some(one.schools, mine), people=one.people[mine])
        shown = answer_rows(part, plan)[0]
        rows.append(replace(shown, subgroup=row.subgroup, n_treated=n))
    return rows


def _some(schools: "np.ndarray | None", mine: "np.ndarray") -> "np.ndarray | None":
    if schools is None or np.unique(schools[mine]).size < 2:
        return None
    return schools[mine]


def _occasion(first: Answers, last: Answers, plan: Evaluation) -> Estimate:
    row = Estimate(
        inquiry="occasions", outcome=last.outcome.id, wave=last.wave.id, estimator="clustered_difference",
        contrast=f"{last.wave.id} - {first.wave.id}", conf_level=plan.conf_level, n_treated=last.n, n_control=first.n,
        unit="percentage_points" if last.kind == "share" else "points",
    )  # fmt: skip
    threshold = plan.suppression_threshold
    hidden = next((one for one in (first, last) if not one.is_shown(threshold)), None)
    if hidden is not None:
        return suppressed(row, _why_hidden(hidden, plan))
    linked = not plan.anonymous and bool(set(first.people) & set(last.people))
    in_schools = first.schools is not None and last.schools is not None
    if last.kind == "share" and not linked and not in_schools:
        shares = share_difference((last.count, last.n), (first.count, first.n), conf_level=plan.conf_level)
        return replace(
            row, estimator="newcombe", estimate=100 * shares.value, p_value=shares.p_value,
            conf_low=100 * shares.low, conf_high=100 * shares.high,
        )  # fmt: skip
    if first.schools is not None and last.schools is not None:
        clusters = np.concatenate([first.schools, last.schools])
        row = replace(row, clusters_treated=np.unique(clusters).size)
    else:
        clusters = np.concatenate([first.people, last.people])
    found = clustered_difference(
        np.concatenate([first.values, last.values]), second=np.repeat([False, True], [first.n, last.n]),
        clusters=clusters, conf_level=plan.conf_level,
    )  # fmt: skip
    if math.isnan(found.std_error):
        return not_estimated(row, ONE_ANSWER)
    scale = 1.0 if last.kind == "mean" else 100.0
    return replace(
        row, estimate=scale * found.value, std_error=scale * found.std_error, df=found.df, statistic=found.statistic,
        p_value=found.p_value, conf_low=scale * found.low, conf_high=scale * found.high,
    )  # fmt: skip


def _why_hidden(one: Answers, plan: Evaluation) -> str:
    threshold = plan.suppression_threshold
    if one.n < threshold:
        return FEW_ANSWERED.format(threshold=threshold)
    if one.kind != "share":
        return NEARLY_ALL_ALIKE.format(n=one.n)
    if one.n - one.count < threshold <= one.count:
        percent = math.floor(100 * (one.n - threshold) / one.n)
        return FEW_DID_NOT.format(threshold=threshold, n=one.n, percent=percent)
    return FEW_AGREED.format(threshold=threshold, n=one.n)


def _kept(limit: float, one: Answers) -> float:
    """A limit, not outside the scale."""
    low, high = {"share": (0.0, 100.0), "net": (-100.0, 100.0), "mean": (one.low, one.high)}[one.kind]
    return min(max(limit, low), high)
