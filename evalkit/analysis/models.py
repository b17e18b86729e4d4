"""One row per outcome: the sample behind the paired comparison and how its scores look."""

import math
from collections.abc import Sequence

import pandas as pd

from evalkit.analysis.paired_sample import PairedSample
from evalkit.errors import FitError
from evalkit.stats.description import describe
from evalkit.stats.paired import paired_change

MODEL_COLUMNS = (
    "outcome", "scale", "model", "n_pre", "n_post", "n_linked", "mean_pre", "mean_post", "sd_pre", "sd_post", "r",
    "low", "high", "scale_version",
)  # fmt: skip


def model_table(samples: Sequence[PairedSample], *, threshold: int) -> pd.DataFrame:
    """Numbers of linked pupils, empty where too few pupils stand behind them."""
    return pd.DataFrame([_row(sample, threshold) for sample in samples], columns=list(MODEL_COLUMNS))


def _row(sample: PairedSample, threshold: int) -> dict[str, object]:
    shown = sample.shows_numbers(threshold)
    before, after = describe(sample.pre), describe(sample.post)
    return {
        "outcome": sample.outcome.id,
        "scale": sample.outcome.scale,
        "model": "paired",
        "n_pre": sample.n_pre,
        "n_post": sample.n_post,
        "n_linked": sample.n_linked,
        "mean_pre": before.mean if shown else math.nan,
        "mean_post": after.mean if shown else math.nan,
        "sd_pre": before.sd if shown else math.nan,
        "sd_post": after.sd if shown else math.nan,
        "r": _correlation(sample) if shown else math.nan,
        "low": sample.low,
        "high": sample.high,
        "scale_version": sample.scale_version,
    }


def _correlation(sample: PairedSample) -> float:
    """r of the two waves; empty where nobody or everybody changed alike, which the estimates' reason explains."""
    try:
        return paired_change(sample.pre, sample.post).r
    except FitError:
        return math.nan
