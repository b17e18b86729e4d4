"""A figure beside the national one: the difference, with as much certainty as the published numbers allow."""

import math
from dataclasses import replace

from evalkit.analysis.estimate import Estimate, not_estimated
from evalkit.analysis.reported_figures import NO_N, NO_N_OF_GAP, NO_SD, reported_rows, share_of
from evalkit.records.evaluation import Evaluation
from evalkit.records.figure import National, ReportedFigure
from evalkit.stats.proportions import wilson
from evalkit.stats.reported_mean import ReportedMean, mean_difference
from evalkit.stats.reported_share import fitting_counts
from evalkit.stats.share_tests import exact_binomial_p, share_difference

NOT_ABLE = (
    "Who has the highest grade already cannot rise. How many these are is not published; of those able to rise the "
    "share is this or higher."
)


def national_rows(figure: ReportedFigure, plan: Evaluation) -> list[Estimate]:
    """The figure less the national one; nothing without a national one."""
    if figure.national is None:
        return []
    unit = figure.unit if figure.kind == "mean" else "percentage_points"
    row = Estimate(
        inquiry="national", outcome=figure.id, wave=figure.wave or "", contrast="reported - national", estimator="",
        unit=unit, conf_level=plan.conf_level, n_control=figure.national.n or math.nan,
    )  # fmt: skip
    if figure.kind == "percent":
        return [_share_row(figure, figure.national, row, plan)]
    if figure.kind == "mean":
        return [_mean_row(figure, figure.national, row, plan)]
    return [_gap_row(figure, figure.national, row, plan)]


def rise_rows(figure: ReportedFigure, plan: Evaluation) -> list[Estimate]:
    """The share of those able to rise, where a figure counts rises of everybody."""
    if figure.rise is None or figure.rise.from_ is not None:
        return []  # who starts at a named lower grade is able to rise
    row = Estimate(
        inquiry="rise_of_able", outcome=figure.id, wave=figure.wave or "", contrast="", estimator="wilson",
        unit="percent", conf_level=plan.conf_level,
    )  # fmt: skip
    counts = share_of(figure).counts
    able = figure.rise.able
    if able is None or not counts:
        return [not_estimated(row, NOT_ABLE if able is None else NO_N)]
    found = [wilson(min(count, able), able, conf_level=plan.conf_level) for count in (counts[0], counts[-1])]
    value = 100 * (found[0].value + found[1].value) / 2
    limits = {"conf_low": 100 * found[0].low, "conf_high": 100 * found[1].high}
    return [replace(row, estimate=value, n_treated=able, **limits)]


def _share_row(figure: ReportedFigure, national: National, row: Estimate, plan: Evaluation) -> Estimate:
    share, reference = share_of(figure), float(str(national.percent))
    row = replace(row, estimate=share.value - reference)
    if share.n is None:
        return replace(row, estimator="as_printed", reason=NO_N)
    row = replace(row, n_treated=share.n)
    ends = share.counts[0], share.counts[-1]
    if national.n is None:
        limits = [wilson(count, share.n, conf_level=plan.conf_level) for count in ends]
        p_values = [exact_binomial_p(count, share.n, reference=reference / 100) for count in share.counts]
        return replace(
            row, estimator="exact_binomial", conf_low=100 * limits[0].low - reference,
            conf_high=100 * limits[1].high - reference, p_value=max(p_values),
        )  # fmt: skip
    others = fitting_counts(str(national.percent), n=national.n) or (round(reference * national.n / 100),)
    low = share_difference((ends[0], share.n), (others[-1], national.n), conf_level=plan.conf_level)
    high = share_difference((ends[1], share.n), (others[0], national.n), conf_level=plan.conf_level)
    return replace(
        row, estimator="newcombe", conf_low=100 * low.low, conf_high=100 * high.high,
        p_value=max(low.p_value, high.p_value), n_control=national.n,
    )  # fmt: skip


def _mean_row(figure: ReportedFigure, national: National, row: Estimate, plan: Evaluation) -> Estimate:
    assert figure.mean is not None
    assert national.mean is not None
    row = replace(row, estimate=figure.mean - national.mean, n_treated=figure.n or math.nan)
    if figure.n is None or figure.sd is None or figure.n < 2:
        return replace(row, estimator="as_printed", reason=NO_SD)
    both_known = national.n is not None and national.n > 1 and national.sd is not None
    other = ReportedMean(national.mean, national.sd or 1.0, national.n or 2) if both_known else national.mean
    found = mean_difference(ReportedMean(figure.mean, figure.sd, figure.n), other, conf_level=plan.conf_level)
    return replace(
        row, estimator="welch_t" if both_known else "one_sample_t", std_error=found.std_error, df=found.df,
        statistic=found.statistic, p_value=found.p_value, conf_low=found.low, conf_high=found.high,
    )  # fmt: skip


def _gap_row(figure: ReportedFigure, national: National, row: Estimate, plan: Evaluation) -> Estimate:
    own, reference = reported_rows(figure, plan)[0], float(str(national.gap))
    row = replace(row, estimate=own.estimate - reference)
    if math.isnan(own.conf_low):
        return replace(row, estimator="as_printed", reason=NO_N_OF_GAP)
    return replace(
        row, estimator="newcombe", conf_low=own.conf_low - reference, conf_high=own.conf_high - reference,
        n_treated=own.n_treated,
    )  # fmt: skip
