"""What the quality tables say about one scale in one wave."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from evalkit.records.scores import Scores

FloatArray = npt.NDArray[np.float64]
HEYWOOD = "impossible (negative) error variance"


@dataclass(frozen=True, slots=True)
class Reliability:
    """The reliability of one scale in one wave: omega, or alpha where omega could not be estimated.

    For a measured number it comes from its published error (`stat` is error).
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


def reliability_by_error(
    outcome_id: str, *, wave: str, scores: FloatArray, error: float, threshold: int
) -> Reliability | None:
    """The reliability of a measured number in this sample by its published standard error of measurement.

    Parameters
    ----------
    scores : float array, shape (n,) - of one wave, no missing values
    error : the standard error of measurement, in points
    threshold : pupils that a spread must rest on

    Notes
    -----
    r = 1 - SEM^2 / SD^2, the classical definition [1]_. None where the pupils differ less than the error says.

    References
    ----------
    .. [1] Lord & Novick (1968). Statistical Theories of Mental Test Scores, eq. 2.7.
    """
    if scores.size < max(threshold, 2):
        return None
    variance = float(np.var(scores, ddof=1))
    value = 1 - error**2 / variance if variance > 0 else -math.inf
    return Reliability(outcome_id, wave, "error", value, int(scores.size)) if 0 < value < 1 else None


def is_heywood(row: "pd.Series") -> bool:
    """Whether a row of the quality table has no omega to trust: 1 or more, or left out by scoring for that reason."""
    value = float(row["omega"])
    return value >= 1 if math.isfinite(value) else HEYWOOD in str(row["reason"])


def quality_row(scores: Scores, *, scale: str, wave: str) -> "pd.Series | None":
    """The row of the quality table, or None."""
    frame = scores.quality.scales
    rows = frame[(frame["scale"] == scale) & (frame["wave"] == wave)]
    return None if rows.empty else rows.iloc[0]
