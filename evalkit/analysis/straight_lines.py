"""Whether the share of pupils who gave one answer throughout may be shown: as for any share, none of a few."""

import math

import numpy as np

from evalkit.analysis.paired_sample import PairedSample
from evalkit.analysis.quality_facts import quality_row
from evalkit.records.evaluation import Study
from evalkit.records.scores import Scores
from evalkit.stats.disclosure import proportion_is_safe

STRAIGHT = "straight_line_percent"
SLACK = 1e-6  # pupils


def straight_line_percent(scores: Scores, *, scale: str, wave: str) -> float:
    """The share as scoring found it, in percent; NaN where there is none."""
    row = quality_row(scores, scale=scale, wave=wave)
    return math.nan if row is None else float(row[STRAIGHT])


def straight_line_share_is_shown(scores: Scores, study: Study, sample: PairedSample, *, wave: str) -> bool:
    """Whether the share may be shown for every number of pupils that it can rest on.

    It rests on the pupils who answered every item of the questionnaire. Scoring does not say how many they are, only
    how many answered all items of each scale, so every number between the two bounds that fits the share is tried.
    """
    percent = straight_line_percent(scores, scale=sample.outcome.scale, wave=wave)
    if not math.isfinite(percent):
        return False
    threshold = study.plan.suppression_threshold
    low, high = _bounds(scores, study, sample, wave)
    fitting = [n for n in range(low, high + 1) if abs(percent * n / 100 - round(percent * n / 100)) < SLACK]
    return bool(fitting) and all(proportion_is_safe(round(percent * n / 100), n, threshold) for n in fitting)


def _bounds(scores: Scores, study: Study, sample: PairedSample, wave: str) -> tuple[int, int]:
    """Fewest and most pupils with every item of the questionnaire, from those with every item of each of its scales."""
    scales = {one.scale for one in study.plan.outcomes if one.instrument == sample.outcome.instrument}
    found = [quality_row(scores, scale=scale, wave=wave) for scale in sorted(scales)]
    complete = [int(row["n"]) for row in found if row is not None]
    frame = scores.frame
    answered = (frame["wave"] == wave) & (frame["n_answered"] > 0) & frame["scale"].isin(scales)
    everybody = max(int(frame.loc[answered, "pupil"].nunique()), max(complete))
    low = sum(complete) - (len(complete) - 1) * everybody
    return int(np.clip(low, 1, min(complete))), min(complete)
