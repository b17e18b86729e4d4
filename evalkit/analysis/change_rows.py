"""The rows that answer "did the score change?": one function per estimator, in the order of the table at the end."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from evalkit.analysis.estimate import Estimate, not_estimated, suppressed, too_few_reason
from evalkit.analysis.paired_sample import PairedSample
from evalkit.analysis.sensitivity import paired_bayes_factor, signed_rank
from evalkit.errors import FitError
from evalkit.records.evaluation import Evaluation
from evalkit.records.standards import Standards
from evalkit.stats.change import PercentChange, PercentChanges, percent_change
from evalkit.stats.disclosure import mean_is_safe
from evalkit.stats.effect_size import EffectSize, d_av, d_baseline, d_rm, d_z
from evalkit.stats.paired import PairedChange, paired_change

UNFLAGGED = "paired_t_unflagged"
INTERVAL_NAMES = {
    "noncentral_t": "noncentral t",
    "algina_keselman": "Algina-Keselman noncentral t",
    "bonett": "Bonett",
}


@dataclass(frozen=True, slots=True)
class ChangeInquiry:
    """What the plan asks of a change.

    Attributes
    ----------
    conf_level : level of every interval
    sides : 2, or 1 for a test of a move in the direction that is better
    threshold : fewest pupils a shown number may rest on
    prior_scale : of the Bayes factor
    """

    conf_level: float
    sides: int
    threshold: int
    prior_scale: float


def change_inquiry(plan: Evaluation, standards: Standards) -> ChangeInquiry:
    """What this plan asks of a change."""
    return ChangeInquiry(
        conf_level=plan.conf_level,
        sides=plan.sides,
        threshold=plan.suppression_threshold,
        prior_scale=standards.methods.bayes_prior_scale.value,
    )


def family_of(plan: Evaluation, sample: PairedSample) -> str:
    """The family of tests this outcome belongs to: the plan's own for primary outcomes, secondary ones apart."""
    return plan.multiplicity.family if sample.outcome.role == "primary" else "secondary outcomes"


def blank_row(
    sample: PairedSample, *, inquiry: str, estimator: str, unit: str, contrast: str | None = None, family: str = ""
) -> Estimate:
    """A row about this outcome's linked pupils that has no numbers yet."""
    return Estimate(
        inquiry=inquiry,
        outcome=sample.outcome.id,
        wave=sample.wave_post,
        contrast=contrast or f"{sample.wave_post} - {sample.wave_pre}",
        estimator=estimator,
        unit=unit,
        family=family,
        n_treated=sample.n_linked,
        scale_version=sample.scale_version,
    )


def change_rows(sample: PairedSample, inquiry: ChangeInquiry, *, family: str) -> tuple[Estimate, ...]:
    """All rows of the inquiry "change", not yet disclosure-controlled. One that cannot be estimated says why."""
    rows: list[Estimate] = []
    for estimator, (unit, estimate) in CHANGE_ESTIMATORS.items():
        row = blank_row(sample, inquiry="change", estimator=estimator, unit=unit, family=family)
        if sample.problem:
            rows.append(not_estimated(row, sample.problem))
            continue
        try:
            rows.append(estimate(row, sample, inquiry))
        except FitError as error:
            rows.append(not_estimated(row, error.message))
    return tuple(rows)


def paired(sample: PairedSample, inquiry: ChangeInquiry) -> PairedChange:
    """The paired comparison of the linked pupils, two-sided."""
    return paired_change(sample.pre, sample.post, conf_level=inquiry.conf_level)


def _one_sided_p(sample: PairedSample) -> float:
    """p of a move in the direction that is better; the plan's one side is a fall where a higher score is worse."""
    sign = -1 if sample.higher_is == "worse" else 1
    return paired_change(sign * sample.pre, sign * sample.post, sides=1).p_value


def _paired_t(row: Estimate, sample: PairedSample, inquiry: ChangeInquiry) -> Estimate:
    change = paired(sample, inquiry)
    row = replace(
        row,
        estimate=change.mean_change,
        std_error=change.std_error,
        df=change.df,
        statistic=change.statistic,
        p_value=change.p_value if inquiry.sides == 2 else _one_sided_p(sample),
        conf_low=change.conf_low,
        conf_high=change.conf_high,
        conf_level=change.conf_level,
        reason=sides_reason(sample, inquiry),
    )
    try:
        return _with_effect(row, d_av(change))
    except FitError as error:
        return replace(row, reason=f"{row.reason} {error.message}".strip())


def _paired_t_unflagged(row: Estimate, sample: PairedSample, inquiry: ChangeInquiry) -> Estimate:
    """The paired comparison without pupils whose answers show a sign of careless answering.

    Beside the row of everybody it would tell what a few flagged pupils did, or that none was: then it is hidden.
    """
    kept = ~sample.flagged
    n, threshold = int(np.count_nonzero(kept)), inquiry.threshold
    if not (mean_is_safe(n, threshold) and mean_is_safe(sample.n_linked - n, threshold)):
        reason = f"Not shown, because fewer than {threshold} pupils (or none) were flagged for how they answered"
        if n < threshold:
            reason = f"Not shown, because fewer than {threshold} pupils were not flagged for how they answered"
        return suppressed(replace(row, n_treated=math.nan), f"{reason}.")
    unflagged = replace(sample, pre=sample.pre[kept], post=sample.post[kept], flagged=sample.flagged[kept])
    row = _paired_t(replace(row, n_treated=n), unflagged, inquiry)
    left_out = f"Without the {sample.n_linked - n} pupils who were flagged for how they answered."
    return replace(row, reason=f"{left_out} {row.reason}".strip())


def sides_reason(sample: PairedSample, inquiry: ChangeInquiry) -> str:
    """Which way a one-sided p-value looks; empty for the usual two-sided one."""
    if inquiry.sides == 2:
        return ""
    way = "fall" if sample.higher_is == "worse" else "rise"
    return f"One-sided test: p is that of a {way}. The interval is two-sided."


def _with_effect(row: Estimate, effect: EffectSize) -> Estimate:
    return replace(
        row,
        effect_size=effect.value,
        es_low=effect.low,
        es_high=effect.high,
        es_type=effect.kind,
        es_interval=INTERVAL_NAMES[effect.interval],
        conf_level=effect.conf_level,
    )


def _percent(row: Estimate, found: PercentChange) -> Estimate:
    if math.isnan(found.value):
        return not_estimated(row, found.reason or "There is nothing to take a percentage of.")
    return replace(
        row,
        estimate=found.value,
        conf_low=found.low,
        conf_high=found.high,
        conf_level=found.conf_level,
        reason=found.reason or "",
    )


def _percent_of_range(row: Estimate, sample: PairedSample, inquiry: ChangeInquiry) -> Estimate:
    return _percent(row, _percents(sample, inquiry).points_of_range)


def _percent_of_baseline(row: Estimate, sample: PairedSample, inquiry: ChangeInquiry) -> Estimate:
    return _percent(row, _percents(sample, inquiry).change_of_means)


def _percent_pupil_ratio(row: Estimate, sample: PairedSample, inquiry: ChangeInquiry) -> Estimate:
    found = _percents(sample, inquiry).mean_of_ratios
    row = _percent(replace(row, n_treated=found.n), found)
    if row.status != "ok":
        return replace(row, n_treated=math.nan)
    lowest = f"their score before was the lowest there is ({found.zero:g})"
    if min(found.n, found.n_dropped) >= inquiry.threshold:
        return replace(row, reason=f"{found.n_dropped} pupils were left out because {lowest}.")
    # With n linked shown elsewhere, this n would tell how few pupils (or that none) were, or were not, at the lowest.
    row = replace(row, n_treated=math.nan)
    if not mean_is_safe(found.n, inquiry.threshold):
        return suppressed(row, too_few_reason(inquiry.threshold))
    return replace(row, reason=f"Fewer than {inquiry.threshold} pupils, or none, were left out because {lowest}.")


def _percents(sample: PairedSample, inquiry: ChangeInquiry) -> PercentChanges:
    # Without a spread of the changes an interval would be "0 to 0": refuse as the paired comparison does.
    paired(sample, inquiry)
    return percent_change(
        sample.pre, sample.post, minimum=sample.low, maximum=sample.high, conf_level=inquiry.conf_level
    )


def _standardised(measure: Callable[[PairedChange], EffectSize]) -> "ChangeEstimator":
    def estimate(row: Estimate, sample: PairedSample, inquiry: ChangeInquiry) -> Estimate:
        effect = measure(paired(sample, inquiry))
        return _with_effect(replace(row, estimate=effect.value, conf_low=effect.low, conf_high=effect.high), effect)

    return estimate


def _wilcoxon(row: Estimate, sample: PairedSample, inquiry: ChangeInquiry) -> Estimate:
    paired(sample, inquiry)
    better = "less" if sample.higher_is == "worse" else "greater"
    found = signed_rank(sample.pre, sample.post, alternative="two-sided" if inquiry.sides == 2 else better)
    return replace(
        row,
        estimate=found.rank_biserial,
        statistic=found.w,
        p_value=found.p_value,
        reason=sides_reason(sample, inquiry).removesuffix(" The interval is two-sided."),
    )


def _bayes_factor(row: Estimate, sample: PairedSample, inquiry: ChangeInquiry) -> Estimate:
    change = paired(sample, inquiry)
    factor = paired_bayes_factor(change.statistic, change.n, prior_scale=inquiry.prior_scale)
    return replace(row, estimate=factor, statistic=change.statistic, df=change.df)


ChangeEstimator = Callable[[Estimate, PairedSample, ChangeInquiry], Estimate]
CHANGE_ESTIMATORS: dict[str, tuple[str, ChangeEstimator]] = {
    "paired_t": ("points", _paired_t),
    "percent_of_range": ("percent_of_range", _percent_of_range),
    "percent_of_baseline": ("percent", _percent_of_baseline),
    "percent_pupil_ratio": ("percent", _percent_pupil_ratio),
    "d_z": ("sd", _standardised(d_z)),
    "d_av": ("sd", _standardised(d_av)),
    "d_rm": ("sd", _standardised(d_rm)),
    "d_baseline": ("sd", _standardised(d_baseline)),
    "wilcoxon": ("rank_biserial", _wilcoxon),
    "bayes_factor": ("bf10", _bayes_factor),
    UNFLAGGED: ("points", _paired_t_unflagged),
}
