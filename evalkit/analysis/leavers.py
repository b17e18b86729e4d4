"""The row that compares, before the programme, the pupils who left with those who stayed."""

from dataclasses import replace

from evalkit.analysis.change_rows import INTERVAL_NAMES, blank_row
from evalkit.analysis.estimate import Estimate, not_estimated, suppressed, too_few_reason
from evalkit.analysis.paired_sample import PairedSample
from evalkit.errors import FitError
from evalkit.records.evaluation import Evaluation
from evalkit.stats.disclosure import mean_is_safe
from evalkit.stats.effect_size import independent_groups


def leavers_row(sample: PairedSample, plan: Evaluation) -> Estimate:
    """Baseline of pupils without a score afterwards minus that of linked pupils, in points, with Hedges' g."""
    threshold = plan.suppression_threshold
    row = replace(
        blank_row(sample, inquiry="leavers", estimator="hedges_g", unit="points", contrast="left - stayed"),
        wave=sample.wave_pre,
        n_treated=sample.left.size,
    )
    if sample.problem:
        return not_estimated(row, sample.problem)
    if sample.left.size == 0:
        return not_estimated(row, "Every pupil with a score before also has one afterwards.")
    if not (mean_is_safe(sample.left.size, threshold) and mean_is_safe(sample.n_linked, threshold)):
        return suppressed(row, too_few_reason(threshold))
    try:
        found = independent_groups(sample.left, sample.pre, conf_level=plan.conf_level)
    except FitError as error:
        return not_estimated(row, error.message)
    return replace(
        row,
        estimate=found.mean_diff,
        std_error=found.std_error,
        df=found.df,
        conf_low=found.conf_low,
        conf_high=found.conf_high,
        conf_level=found.conf_level,
        effect_size=found.effect.value,
        es_low=found.effect.low,
        es_high=found.effect.high,
        es_type=found.effect.kind,
        es_interval=INTERVAL_NAMES[found.effect.interval],
    )
