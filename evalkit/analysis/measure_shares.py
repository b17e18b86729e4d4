"""Which shares of pupils at the ends of a scale, or with one answer throughout, a warning may name."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from evalkit.analysis.measure_displays import ENDS, linked_share
from evalkit.analysis.paired_sample import PairedSample
from evalkit.analysis.straight_lines import STRAIGHT, straight_line_percent
from evalkit.records.scores import Scores
from evalkit.stats.disclosure import mean_is_safe


@dataclass(frozen=True, slots=True)
class ShownShare:
    """A share of pupils in percent that may be shown, of one outcome in one wave; NaN: only that it is high."""

    outcome: str
    wave: str
    percent: float


@dataclass(frozen=True, slots=True)
class MeasureShares:
    """The shares at the ceiling, at the floor and with one answer throughout, as far as they may be shown."""

    ceiling: tuple[ShownShare, ...]
    floor: tuple[ShownShare, ...]
    straight_lines: tuple[ShownShare, ...]


def measure_shares(
    scores: Scores,
    quality: pd.DataFrame,
    distribution: pd.DataFrame,
    samples: Sequence[PairedSample],
    *,
    threshold: int,
    straight_line_limit: float,
) -> MeasureShares:
    """The shares of the quality table (all pupils of a wave); where that hides one, the linked pupils' share.

    Never both: their difference would tell about the few pupils who answered only once. One answer throughout is about
    the care pupils took, so a share above the limit is named without its number where the number is hidden.
    """
    found: dict[str, list[ShownShare]] = {column: [] for column in (*(column for column, _ in ENDS), STRAIGHT)}
    for sample in samples:
        for wave in (sample.wave_pre, sample.wave_post):
            rows = quality[(quality["scale"] == sample.outcome.scale) & (quality["wave"] == wave)]
            percents = {column: float(rows[column].iloc[0]) if len(rows) else math.nan for column in found}
            for column, end in ENDS:
                if not math.isfinite(percents[column]):
                    percents[column] = linked_share(sample, wave, end, distribution, threshold=threshold)
            raw = straight_line_percent(scores, scale=sample.outcome.scale, wave=wave)
            enough = len(rows) > 0 and mean_is_safe(int(rows["n"].iloc[0]), threshold)
            if enough and raw > straight_line_limit and not math.isfinite(percents[STRAIGHT]):
                found[STRAIGHT].append(ShownShare(sample.outcome.id, wave, math.nan))
            for column, percent in percents.items():
                if math.isfinite(percent):
                    found[column].append(ShownShare(sample.outcome.id, wave, percent))
    return MeasureShares(*(tuple(found[column]) for column in ("ceiling_percent", "floor_percent", STRAIGHT)))
