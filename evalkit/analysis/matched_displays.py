"""What a matched comparison shows: who was matched, how alike the groups are, and where they overlap."""

import math
from collections.abc import Mapping, Sequence
from typing import get_args

import numpy as np
import pandas as pd

from evalkit.analysis.match_units import PAIRED, weigh_units
from evalkit.analysis.matched_sample import MatchedSample, matching_of
from evalkit.analysis.trial_flow import pupil_steps
from evalkit.analysis.trial_overlap import Shown, may_be_shown
from evalkit.errors import FitError
from evalkit.records.comparison import MatchMethod
from evalkit.records.standards_trial import WwcStandards
from evalkit.stats.balancing import effective_size
from evalkit.stats.description import bin_counts
from evalkit.stats.group_balance import GroupBalance, group_balance
from evalkit.stats.grouping import shared_groups
from evalkit.stats.vectors import BoolArray, FloatArray
from evalkit.stats.wwc import baseline_verdict

FLOW_COLUMNS = ("level", "step", "arm", "n")
FLOW_STEPS = ("not_in_population", "left_with_school", "left", "no_outcome", "no_baseline", "no_covariate")
BALANCE_COLUMNS = (
    "outcome", "sample", "level", "variable", "label", "category", "arm", "n", "mean", "sd", "count", "percent",
    "std_difference", "variance_ratio",
)  # fmt: skip
LOVE_COLUMNS = ("outcome", "variable", "label", "before", "after", "verdict")
OVERLAP_COLUMNS = ("outcome", "sample", "arm", "low", "high", "count", "percent")
MATCHING_COLUMNS = ("outcome", "quantity", "value", "number")
PROPENSITY = "propensity"
OVERLAP_BINS = 20


def matched_flow(matched: MatchedSample) -> pd.DataFrame:
    """From all in the data to those matched, by group; the numbers add up.

    Returns
    -------
    frame, FLOW_COLUMNS
        Pupils: `in_data`, then where each ended up: a reason for not being complete, `no_partner`, or `matched`.
        Schools, where there are any: `in_data`, `no_pupil_matched`, `matched`.
    """
    frame, plan = matched.sample.frame, matched.sample.plan
    steps = pupil_steps(matched.sample).astype("object")
    complete = frame["analysed"].to_numpy(dtype=bool)
    steps[complete] = np.where(matched.matched, "matched", "no_partner")
    rows: list[tuple[str, str, str, float]] = []
    arms = [matched.sample.treated[0], plan.control.id]
    if "school" in frame.columns:
        used = set(matched.rows.loc[matched.matched, "school"])
        for arm in arms:
            there = set(frame.loc[frame["arm"] == arm, "school"].dropna())
            own = len({one for one in there if one in used})
            rows += [("school", step, arm, float(n)) for step, n in _adding("in_data", len(there), own)]
    order = [*FLOW_STEPS, "no_partner", "matched"]
    for arm in arms:
        own_steps = steps[(frame["arm"] == arm).to_numpy(dtype=bool)]
        rows.append(("pupil", "in_data", arm, float(len(own_steps))))
        counts = own_steps.value_counts()
        present = [step for step in order if counts.get(step, 0) or step in ("no_outcome", "no_partner", "matched")]
        rows += [("pupil", step, arm, float(counts.get(step, 0))) for step in present]
    return pd.DataFrame(rows, columns=list(FLOW_COLUMNS))


def _adding(name: str, n: int, matched: int) -> list[tuple[str, int]]:
    return [(name, n), ("no_pupil_matched", n - matched), ("matched", matched)]


def matched_balance(found: Sequence[MatchedSample]) -> pd.DataFrame:
    """How alike the groups are in every fact, before and after matching, and by each way of weighting.

    Returns
    -------
    frame, BALANCE_COLUMNS
        `sample`: all (complete pupils), matched (the primary analysis), ipw, overlap, entropy. `std_difference` over
        the pooled standard deviation before matching, and `variance_ratio`, on the programme's row. Means and shares
        that tell of few pupils are empty; `count` is of pupils, `percent` and `mean` are
        weighted. The linear predictor of the propensity is the variable `propensity`; where
        schools were matched it is theirs and `level` is school.
    """
    rows: list[tuple[object, ...]] = []
    shown: Shown = {}
    for matched in found:
        for sample, weights in _weights(matched).items():
            own = matched.covariates.plain
            balance = group_balance(own.values, matched.chosen, weights=weights)
            for place, (fact, label, category) in enumerate(zip(own.facts, own.labels, own.categories, strict=True)):
                about = (matched.sample.outcome.id, sample, "pupil", fact, label, category)
                rows += _balance_rows(about, matched, balance, place, weights, shown)
        rows += _propensity_rows(matched)
    table = pd.DataFrame(rows, columns=list(BALANCE_COLUMNS))
    numbers = BALANCE_COLUMNS[7:]
    return table.astype({name: "float64" if name in numbers else "str" for name in BALANCE_COLUMNS})


def _weights(matched: MatchedSample) -> Mapping[str, FloatArray]:
    """Weights of each sample; those that cannot be had are left out."""
    estimand = matching_of(matched.sample).estimand
    plain = "att" if estimand == "ato" else estimand
    # The matched come first: where they and all differ by few pupils, the means of all are not shown.
    found: dict[str, FloatArray] = {"matched": matched.weights, "all": np.ones(len(matched.rows))}
    for method, target in (("ipw", plain), ("overlap", "ato"), ("entropy", plain)):
        try:
            found[method] = weigh_units(matched.covariates, matched.chosen, method, target).weights  # type: ignore[arg-type]
        except FitError:
            continue
    return found


def _balance_rows(
    about: tuple[str, str, str, str, str, str],
    matched: MatchedSample,
    balance: GroupBalance,
    place: int,
    weights: FloatArray,
    shown: Shown,
) -> list[tuple[object, ...]]:
    plan = matched.sample.plan
    arms = (
        (matched.sample.treated[0], matched.chosen, balance.mean_treated, balance.sd_treated),
        (plan.control.id, ~matched.chosen, balance.mean_control, balance.sd_control),
    )
    values = matched.covariates.values[:, place]
    rows: list[tuple[object, ...]] = []
    for arm, group, means, sds in arms:
        members = group & (weights > 0)
        safe = _is_safe(about, arm, matched, members, values, shown)
        mean, sd = (float(means[place]), float(sds[place])) if safe else (math.nan, math.nan)
        is_category = bool(about[5])
        count = float((values[members] > 0).sum()) if safe else math.nan
        numbers = (math.nan, math.nan, count, 100 * mean) if is_category else (mean, sd, math.nan, math.nan)
        gap = (float(balance.std_differences[place]), float(balance.variance_ratios[place]))
        gaps = gap if arm == matched.sample.treated[0] else (math.nan, math.nan)
        rows.append((*about, arm, float(members.sum()), *numbers, *gaps))
    return rows


def _is_safe(
    about: tuple[str, ...], arm: str, matched: MatchedSample, members: BoolArray, values: FloatArray, shown: Shown
) -> bool:
    """Whether a mean, or both sides of a share, may stand beside what is shown already."""
    threshold = matched.sample.plan.suppression_threshold
    everybody = np.zeros(len(matched.sample.frame), dtype=bool)
    everybody[np.flatnonzero(matched.sample.frame["analysed"].to_numpy(dtype=bool))] = members
    if about[1] not in ("all", "matched"):
        return int(members.sum()) >= threshold and (not about[5] or _both_sides(values[members], threshold))
    key = (about[3], about[5], arm, about[0] if about[3] == "baseline" else "")
    safe = may_be_shown(shown, key, everybody, threshold=threshold)
    return safe and (not about[5] or _both_sides(values[members], threshold))


def _both_sides(values: FloatArray, threshold: int) -> bool:
    ones = int((values > 0).sum())
    return min(ones, len(values) - ones) >= threshold


def _propensity_rows(matched: MatchedSample) -> list[tuple[object, ...]]:
    units = matched.units
    if units.propensity is None:
        return []
    level = matching_of(matched.sample).unit
    rows: list[tuple[object, ...]] = []
    for sample, weights in (("all", np.ones(len(units.chosen))), ("matched", units.weights)):
        balance = group_balance(units.propensity.linear[:, None], units.chosen, weights=weights)
        gap = (float(balance.std_differences[0]), float(balance.variance_ratios[0]))
        for arm, group in (
            (matched.sample.treated[0], units.chosen),
            (matched.sample.plan.control.id, ~units.chosen),
        ):
            gaps = gap if arm == matched.sample.treated[0] else (math.nan, math.nan)
            n = float((group & (weights > 0)).sum())
            about = (matched.sample.outcome.id, sample, level, PROPENSITY, "Propensity", "")
            rows.append((*about, arm, n, math.nan, math.nan, math.nan, math.nan, *gaps))
    return rows


def love(balance: pd.DataFrame, standards: WwcStandards) -> pd.DataFrame:
    """Differences before and after matching, without their sign, with the What Works Clearinghouse's verdict.

    Parameters
    ----------
    balance : frame - from `matched_balance`

    Returns
    -------
    frame, LOVE_COLUMNS
        `verdict` on the difference after: satisfied, needs_adjustment, fails (0.05 and 0.25 SD), unknown.
    """
    rows: list[tuple[object, ...]] = []
    own = balance[balance["std_difference"].notna() & balance["sample"].isin(["all", "matched"])]
    for (outcome, variable, label, category), group in own.groupby(
        ["outcome", "variable", "label", "category"], sort=False
    ):
        gaps = group.set_index("sample")["std_difference"].abs()
        after = float(gaps.get("matched", math.nan))
        limits = {"satisfied": standards.baseline_satisfied.value, "adjustable": standards.baseline_adjustable.value}
        verdict = "unknown" if math.isnan(after) else baseline_verdict(after, **limits)
        name = f"{label}: {category}" if category else str(label)
        rows.append((str(outcome), str(variable), name, float(gaps.get("all", math.nan)), after, verdict))
    table = pd.DataFrame(rows, columns=list(LOVE_COLUMNS))
    return table.astype({name: "float64" if name in ("before", "after") else "str" for name in LOVE_COLUMNS})


def overlap(found: Sequence[MatchedSample]) -> pd.DataFrame:
    """Histograms of the propensity by group, before and after matching, with the same bins.

    Returns
    -------
    frame, OVERLAP_COLUMNS
        Bins are merged until each holds enough units in every group. Schools count as they are, for nothing of a pupil
        shows. One empty row for each group where no histogram may be shown.
    """
    rows: list[tuple[object, ...]] = []
    for matched in found:
        units = matched.units
        if units.propensity is None:
            continue
        edges = np.linspace(0, 1, OVERLAP_BINS + 1)
        of_pupils = matching_of(matched.sample).unit == "pupil"
        threshold = matched.sample.plan.suppression_threshold if of_pupils else 1
        groups = [
            (sample, arm, own & (units.matched | (sample == "all")))
            for sample in ("all", "matched")
            for arm, own in (
                (matched.sample.treated[0], units.chosen),
                (matched.sample.plan.control.id, ~units.chosen),
            )
        ]
        counts = np.vstack([bin_counts(units.propensity.scores[rows_], edges) for _, _, rows_ in groups])
        parts = (
            shared_groups(counts, threshold=threshold)
            if of_pupils
            else tuple((k, k + 1) for k in range(len(edges) - 1))
        )
        for (sample, arm, _), own in zip(groups, counts, strict=True):
            for start, stop in parts or [(0, len(edges) - 1)]:
                count = float(own[start:stop].sum()) if parts else math.nan
                percent = 100 * count / float(own.sum()) if parts and own.sum() else math.nan
                about = (matched.sample.outcome.id, sample, arm, float(edges[start]), float(edges[stop]))
                rows.append((*about, count, percent))
    table = pd.DataFrame(rows, columns=list(OVERLAP_COLUMNS))
    numbers = OVERLAP_COLUMNS[3:]
    return table.astype({name: "float64" if name in numbers else "str" for name in OVERLAP_COLUMNS})


def matching_table(found: Sequence[MatchedSample]) -> pd.DataFrame:
    """How each outcome's pupils (or schools) were matched, and what came of it.

    Returns
    -------
    frame, MATCHING_COLUMNS
        `value` is text as the plan says it, `number` is a count or an effective sample size (one of the two is empty).
        Options that the method does not have, or that the plan leaves open, have no row.
    """
    rows: list[tuple[str, str, str, float]] = []
    for matched in found:
        plan, units, name = matching_of(matched.sample), matched.units, matched.sample.outcome.id
        made = [name for name, parts in zip(units.covariates.names, units.covariates.parts, strict=True) if parts]
        texts = {"unit": plan.unit, "method": units.method, "estimand": units.estimand, "cluster": matched.cluster_by}
        numbers: dict[str, float] = {}
        if units.method in PAIRED:
            texts["distance"] = plan.distance
            if plan.caliper is not None:
                numbers["caliper"] = plan.caliper
        if units.method == "nearest":
            texts["replacement"] = "yes" if plan.replacement else "no"
        if units.method in ("nearest", "optimal"):
            numbers["ratio"] = float(plan.ratio)
        if made:
            texts["curves"] = ", ".join(made)
        if plan.exact and units.method in get_args(MatchMethod):
            texts["exact"] = ", ".join(plan.exact)
        if (units.sets >= 0).any():
            numbers["sets"] = float(units.sets.max() + 1)
        rows += [(name, quantity, text, math.nan) for quantity, text in texts.items()]
        for group, own in (("treated", units.chosen), ("control", ~units.chosen)):
            numbers |= {
                f"n_{group}": float(own.sum()),
                f"matched_{group}": float((own & units.matched).sum()),
                f"effective_{group}": effective_size(units.weights[own]),
            }
        rows += [(name, quantity, "", float(value)) for quantity, value in numbers.items()]
    table = pd.DataFrame(rows, columns=list(MATCHING_COLUMNS))
    return table.astype({"outcome": "str", "quantity": "str", "value": "str", "number": "float64"})
