"""How baseline and outcome are distributed in each arm: histograms, and means as they are, before any model."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from evalkit.analysis.comparison_structure import FEWEST_UNITS as FEWEST_CLUSTERS
from evalkit.analysis.linear_model import linear
from evalkit.analysis.trial_balance import baseline_label
from evalkit.analysis.trial_model import cluster_column
from evalkit.analysis.trial_overlap import Shown, may_be_shown
from evalkit.analysis.trial_sample import TrialSample
from evalkit.stats.description import bin_counts, describe, histogram_bins
from evalkit.stats.disclosure import proportion_is_safe
from evalkit.stats.grouping import shared_groups
from evalkit.stats.vectors import BoolArray, FloatArray

DISTRIBUTION_COLUMNS = ("outcome", "measure", "label", "arm", "low", "high", "count", "percent")
ARMS_COLUMNS = ("outcome", "measure", "arm", "n", "n_missing", "mean", "mean_low", "mean_high", "sd", "variance")
MEASURES = ("baseline", "outcome")
MOST_GRADES = 20  # a scale with more whole numbers than this gets bins


def distribution(samples: Sequence[TrialSample]) -> pd.DataFrame:
    """Histograms of the analysed pupils of every outcome, before and after, with the same bins in every arm.

    Returns
    -------
    frame, DISTRIBUTION_COLUMNS
        A bin holds its lower edge; the last one its upper edge too. Edges lie on the scale, never on data. Of a yes/no
        or ordered outcome every value has a bin around it. Neighbouring bins are merged until each holds enough pupils
        in every arm. Where no histogram may be shown there is one empty row for each arm.
    """
    rows: list[tuple[object, ...]] = []
    shown: Shown = {}
    for sample in samples:
        for measure in _measures(sample):
            values = sample.frame[measure].to_numpy(dtype="float64")
            of_arm = _pupils_by_arm(sample, values)
            edges = _edges(sample, measure, values[np.logical_or.reduce(list(of_arm.values()))])
            safe = _may_be_shown(sample, measure, of_arm, shown)
            label = sample.outcome.label if measure == "outcome" else baseline_label(sample)
            rows += [(sample.outcome.id, measure, label, *row) for row in _bins(sample, values, of_arm, edges, safe)]
    return _typed(pd.DataFrame(rows, columns=list(DISTRIBUTION_COLUMNS)))


def arms(samples: Sequence[TrialSample]) -> pd.DataFrame:
    """Size, mean, spread of the analysed pupils in each arm, for every outcome, before and after.

    Returns
    -------
    frame, ARMS_COLUMNS
        `n` analysed pupils with a value; `n_missing` all others whom the outcome is about and who were randomised. The
        interval, at the plan's level, is that of an intercept by least squares with cluster-robust (CR2) error and
        Satterthwaite degrees of freedom, clustered by school; in an individual trial pupils stand for themselves.
    """
    rows: list[tuple[object, ...]] = []
    shown: Shown = {}
    for sample in samples:
        for measure in _measures(sample):
            values = sample.frame[measure].to_numpy(dtype="float64")
            of_arm = _pupils_by_arm(sample, values)
            safe = _may_be_shown(sample, measure, of_arm, shown)
            for arm, members in of_arm.items():
                population = int((sample.population["arm"] == arm).sum())
                n = int(members.sum())
                numbers = (math.nan,) * 5
                if safe[arm] and not _tells_of_few(sample, measure, values[members]):
                    found = describe(values[members])
                    numbers = (found.mean, *_interval(sample, measure, members), found.sd, found.sd**2)
                rows.append((sample.outcome.id, measure, arm, float(n), float(population - n), *numbers))
    return _typed(pd.DataFrame(rows, columns=list(ARMS_COLUMNS)))


def _measures(sample: TrialSample) -> list[str]:
    return [one for one in MEASURES if sample.frame[one].notna().any()]


def _pupils_by_arm(sample: TrialSample, values: FloatArray) -> dict[str, BoolArray]:
    known = sample.frame["analysed"].to_numpy(dtype=bool) & ~np.isnan(values)
    return {arm.id: known & (sample.frame["arm"] == arm.id).to_numpy() for arm in sample.plan.arms}


def _may_be_shown(sample: TrialSample, measure: str, of_arm: dict[str, BoolArray], shown: Shown) -> dict[str, bool]:
    own = measure == "outcome"
    key = (sample.outcome.scale, sample.wave) if own else (sample.plan.baseline_of(sample.outcome).scale, measure)
    threshold = sample.plan.suppression_threshold
    return {arm: may_be_shown(shown, (*key, arm), pupils, threshold=threshold) for arm, pupils in of_arm.items()}


def _edges(sample: TrialSample, measure: str, values: FloatArray) -> FloatArray:
    if measure == "baseline":
        return histogram_bins(sample.baseline_low, sample.baseline_high, sd=describe(values).sd)
    low, high = sample.low, sample.high
    if sample.outcome.kind != "number" and high - low <= MOST_GRADES and bool((values == np.round(values)).all()):
        return np.arange(low - 0.5, high + 1.0)
    return histogram_bins(low, high, sd=describe(values).sd)


def _bins(
    sample: TrialSample, values: FloatArray, of_arm: dict[str, BoolArray], edges: FloatArray, safe: dict[str, bool]
) -> list[tuple[object, ...]]:
    counts = np.vstack([bin_counts(values[members], edges) for members in of_arm.values()])
    groups = shared_groups(counts, threshold=sample.plan.suppression_threshold) if all(safe.values()) else ()
    rows: list[tuple[object, ...]] = []
    for arm, row in zip(of_arm, counts, strict=True):
        for start, stop in groups or [(0, edges.size - 1)]:
            count = float(row[start:stop].sum()) if groups else math.nan
            percent = 100 * count / int(row.sum()) if groups else math.nan
            rows.append((arm, float(edges[start]), float(edges[stop]), count, percent))
    return rows


def _tells_of_few(sample: TrialSample, measure: str, values: FloatArray) -> bool:
    """Whether the mean of a yes/no outcome is a share that may not be shown."""
    if measure != "outcome" or sample.outcome.kind != "yes_no":
        return False
    ones = int(np.count_nonzero(values == sample.high))
    return not proportion_is_safe(ones, values.size, sample.plan.suppression_threshold)


def _interval(sample: TrialSample, measure: str, members: BoolArray) -> tuple[float, float]:
    data = sample.frame.loc[members]
    clusters = cluster_column(sample.plan)
    if clusters not in data.columns or (sample.plan.is_comparison and data[clusters].nunique() < FEWEST_CLUSTERS):
        clusters = None
    too_few = clusters is not None and data[clusters].nunique() < 2
    if too_few or data[measure].nunique() < 2:
        return math.nan, math.nan
    row = linear(f"{measure} ~ 1", data, clusters=clusters).tidy(conf_level=sample.plan.conf_level).iloc[0]
    return float(row["conf_low"]), float(row["conf_high"])


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    text = ("outcome", "measure", "label", "arm")
    return table.astype({name: "str" if name in text else "float64" for name in table.columns})
