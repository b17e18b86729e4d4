"""What the quality tables say about one scale in one wave."""

import math
from dataclasses import dataclass

import pandas as pd

from evalkit.records.scores import Scores

HEYWOOD = "impossible (negative) error variance"


@dataclass(frozen=True, slots=True)
class Reliability:
    """The reliability of one scale in one wave: omega, or alpha where omega could not be estimated.

    `is_heywood` says that there is no omega because its factor model gave an impossible solution.
    """

    outcome: str
    wave: str
    stat: str
    value: float
    n: int
    is_heywood: bool = False


def reliability_of(scores: Scores, outcome_id: str, *, scale: str, wave: str) -> Reliability | None:
    """Omega of this sample, else alpha, else None.

    Only a value between 0 and 1 is a reliability: a negative alpha says that the items do not belong together, and is
    left to the quality table.
    """
    row = quality_row(scores, scale=scale, wave=wave)
    if row is None:
        return None
    for stat in ("alpha",) if is_heywood(row) else ("omega", "alpha"):
        value = float(row[stat])
        if math.isfinite(value) and 0 < value < 1:
            return Reliability(outcome_id, wave, stat, value, int(row["n"]), is_heywood(row))
    return None


def is_heywood(row: "pd.Series") -> bool:
    """Whether a row of the quality table has no omega to trust: 1 or more, or left out by scoring for that reason."""
    value = float(row["omega"])
    return value >= 1 if math.isfinite(value) else HEYWOOD in str(row["reason"])


def quality_row(scores: Scores, *, scale: str, wave: str) -> "pd.Series | None":
    """The row of the quality table, or None."""
    frame = scores.quality.scales
    rows = frame[(frame["scale"] == scale) & (frame["wave"] == wave)]
    return None if rows.empty else rows.iloc[0]
