"""What the quality tables say about one scale in one wave."""

import math
from dataclasses import dataclass

import pandas as pd

from evalkit.records.scores import Scores


@dataclass(frozen=True, slots=True)
class Reliability:
    """The reliability of one scale in one wave: omega, or alpha where omega could not be estimated."""

    outcome: str
    wave: str
    stat: str
    value: float
    n: int


def reliability_of(scores: Scores, outcome_id: str, *, scale: str, wave: str) -> Reliability | None:
    """Omega of this sample, else alpha, else None.

    Only a value between 0 and 1 is a reliability: a negative alpha says that the items do not belong together, and is
    left to the quality table.
    """
    row = quality_row(scores, scale=scale, wave=wave)
    if row is None:
        return None
    for stat in ("omega", "alpha"):
        value = float(row[stat])
        if math.isfinite(value) and 0 < value < 1:
            return Reliability(outcome_id, wave, stat, value, int(row["n"]))
    return None


def quality_row(scores: Scores, *, scale: str, wave: str) -> "pd.Series | None":
    """The row of the quality table, or None."""
    frame = scores.quality.scales
    rows = frame[(frame["scale"] == scale) & (frame["wave"] == wave)]
    return None if rows.empty else rows.iloc[0]
