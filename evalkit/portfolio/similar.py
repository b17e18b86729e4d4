"""One evaluation beside others that used the same scale: where its mean lies among theirs."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from evalkit.errors import DesignError
from evalkit.portfolio.one_scale import version_of
from evalkit.records.outcome import Outcome
from evalkit.records.results import Results
from evalkit.records.standards import load_standards

SIMILAR_COLUMNS = (
    "outcome", "label", "wave", "scale_version", "mean", "n_others", "others_mean", "others_sd", "percentile",
    "distance", "reason",
)  # fmt: skip


def similar(results: Results, others: Sequence[Results], *, schools: pd.DataFrame | None = None) -> pd.DataFrame:
    """Place the means of one evaluation among those of others.

    Parameters
    ----------
    results : Results - of a design with means before and after
    others : earlier results, one for each school (or programme); the evaluation itself is left out, and so is a mean
        that rests on another score, version or answer scale, or that may not be shown
    schools : frame, SCHOOL_MEAN_COLUMNS - means of the schools of earlier releases, by this evaluation's waves

    Returns
    -------
    frame, SIMILAR_COLUMNS
        A row per outcome and wave. `percentile` is the share of the others at or below this mean (ties count half), 0
        to 100; `distance` is (mean - mean of the others) / SD of the others. Both are empty, with the reason, where
        fewer than ten others are comparable (`methods.fewest_similar` of the standards).

    Raises
    ------
    DesignError
        The results hold no means before and after.
    """
    if "means" not in results.displays:
        raise DesignError(f"{results.plan.id}: these results hold no means before and after, so none can be placed.")
    fewest = int(load_standards().methods.fewest_similar.value)
    apart = [one for one in others if one.plan.id != results.plan.id]
    rows: list[dict[str, object]] = []
    for outcome in results.plan.outcomes:
        for place, wave in enumerate(results.plan.waves):
            mean, version = _mean(results, outcome.id, place), version_of(results, outcome.scale)
            found = [_mean_of_scale(one, outcome, version, place) for one in apart]
            found += _means_of_schools(schools, outcome.scale, version, wave.id)
            values = np.array([value for value in found if math.isfinite(value)])
            row: dict[str, object] = {
                "outcome": outcome.id,
                "label": outcome.label,
                "wave": wave.id,
                "scale_version": version,
                "mean": mean,
                "n_others": len(values),
            }
            rows.append(row | _place(mean, values, fewest))
    return pd.DataFrame(rows, columns=list(SIMILAR_COLUMNS))


def _place(mean: float, values: np.ndarray, fewest: int) -> dict[str, object]:
    if not math.isfinite(mean):
        return {"reason": "This mean may not be shown."}
    if len(values) < fewest:
        return {"reason": f"Only {len(values)} others used this version of the scale; at least {fewest} are needed."}
    spread = float(values.std(ddof=1))
    below = float(np.mean(values < mean) + 0.5 * np.mean(values == mean))
    return {
        "others_mean": float(values.mean()),
        "others_sd": spread,
        "percentile": 100 * below,
        "distance": (mean - float(values.mean())) / spread if spread > 0 else math.nan,
        "reason": "",
    }


def _mean(results: Results, outcome: str, place: int) -> float:
    frame = results.displays["means"]
    wave = results.plan.waves[place].id
    found = frame.loc[(frame["outcome"] == outcome) & (frame["wave"] == wave), "mean"]
    return float(found.iloc[0]) if len(found) else math.nan


def _mean_of_scale(results: Results, outcome: Outcome, version: str, place: int) -> float:
    """The mean of the same score and version at the same place among the waves; NaN where there is none."""
    is_same = "means" in results.displays and version_of(results, outcome.scale) == version
    if not is_same or place >= len(results.plan.waves):
        return math.nan
    return _mean(results, next(one.id for one in results.plan.outcomes if one.scale == outcome.scale), place)


def _means_of_schools(schools: pd.DataFrame | None, scale: str, version: str, wave: str) -> list[float]:
    if schools is None:
        return []
    chosen = (schools["scale"] == scale) & (schools["scale_version"] == version) & (schools["wave"] == wave)
    return [float(mean) for mean in schools.loc[chosen, "mean"]]
