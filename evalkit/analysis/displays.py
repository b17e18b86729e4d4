"""The small tables behind the figures: aggregates only, and only those that may be shown."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from evalkit.analysis.estimate import Estimate
from evalkit.analysis.paired_sample import PairedSample, Participation
from evalkit.stats.description import bin_counts, describe, scale_bins
from evalkit.stats.grouping import shared_groups

CHANGE_COLUMNS = (
    "outcome", "label", "role", "estimate", "conf_low", "conf_high", "unit", "worthwhile", "n", "p_adjusted",
)  # fmt: skip
MEANS_COLUMNS = ("outcome", "label", "wave", "n", "mean", "sd", "low", "high")
DISTRIBUTION_COLUMNS = ("outcome", "wave", "low", "high", "count", "percent")


def flow_table(took_part: Participation) -> pd.DataFrame:
    """Participant flow; participation totals are shown even when small."""
    steps = {
        "answered_pre": took_part.answered_pre,
        "answered_post": took_part.answered_post,
        "linked": took_part.linked,
        "pre_only": took_part.pre_only,
        "post_only": took_part.post_only,
    }
    return pd.DataFrame({"step": list(steps), "n": list(steps.values())}).astype({"step": "str", "n": "int64"})


def change_table(samples: Sequence[PairedSample], rows: Sequence[Estimate], *, threshold: int) -> pd.DataFrame:
    """A row per outcome: the change in points of the scale's range, with the smallest worthwhile change beside it."""
    found = {(row.outcome, row.estimator): row for row in rows if row.inquiry == "change"}
    table: list[dict[str, object]] = []
    for sample in samples:
        percent, test = found[sample.outcome.id, "percent_of_range"], found[sample.outcome.id, "paired_t"]
        table.append(
            {
                "outcome": sample.outcome.id,
                "label": sample.outcome.label,
                "role": sample.outcome.role,
                "estimate": percent.estimate,
                "conf_low": percent.conf_low,
                "conf_high": percent.conf_high,
                "unit": "percent_of_range",
                "worthwhile": worthwhile_in_percent_of_range(sample, threshold=threshold),
                "n": sample.n_linked,
                "p_adjusted": test.p_adjusted,
            }
        )
    return pd.DataFrame(table, columns=list(CHANGE_COLUMNS))


def worthwhile_in_percent_of_range(sample: PairedSample, *, threshold: int) -> float:
    """The smallest worthwhile change in percentage points of the scale's range; NaN where none was declared.

    It is a size without a direction. One declared in SD is taken at the baseline SD of linked pupils, and is hidden
    when they are too few for that SD to be shown.
    """
    declared = sample.outcome.smallest_worthwhile
    if declared is None:
        return math.nan
    if declared.unit == "percent_of_range":
        return declared.value
    points = declared.value
    if declared.unit == "sd":
        points = declared.value * describe(sample.pre).sd if sample.shows_numbers(threshold) else math.nan
    return 100 * points / (sample.high - sample.low)


def means_table(samples: Sequence[PairedSample], *, threshold: int) -> pd.DataFrame:
    """Mean and SD of linked pupils, a row per outcome and wave, with the ends of the scale."""
    table: list[dict[str, object]] = []
    for sample in samples:
        for wave, values in ((sample.wave_pre, sample.pre), (sample.wave_post, sample.post)):
            found = describe(values)
            shown = sample.shows_numbers(threshold)
            table.append(
                {
                    "outcome": sample.outcome.id,
                    "label": sample.outcome.label,
                    "wave": wave,
                    "n": found.n,
                    "mean": found.mean if shown else math.nan,
                    "sd": found.sd if shown else math.nan,
                    "low": sample.low,
                    "high": sample.high,
                }
            )
    return pd.DataFrame(table, columns=list(MEANS_COLUMNS))


def distribution_table(samples: Sequence[PairedSample], *, threshold: int) -> pd.DataFrame:
    """Histograms of linked pupils with the same bins before and after; small neighbouring bins are merged."""
    rows: list[tuple[object, ...]] = []
    for sample in samples:
        edges = scale_bins(sample.low, sample.high)
        counts = np.zeros((2, edges.size - 1), dtype=np.int64)
        if sample.shows_numbers(threshold):
            counts = np.vstack([bin_counts(sample.pre, edges), bin_counts(sample.post, edges)])
        groups = shared_groups(counts, threshold=threshold)
        for wave, row in zip((sample.wave_pre, sample.wave_post), counts, strict=True):
            for start, stop in groups or [(0, edges.size - 1)]:
                count = float(row[start:stop].sum()) if groups else math.nan
                percent = 100 * count / sample.n_linked if groups else math.nan
                rows.append((sample.outcome.id, wave, float(edges[start]), float(edges[stop]), count, percent))
    return pd.DataFrame(rows, columns=list(DISTRIBUTION_COLUMNS)).astype({"outcome": "str", "wave": "str"})
