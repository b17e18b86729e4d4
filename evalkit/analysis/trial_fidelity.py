"""How much of the programme schools or pupils of each arm got."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evalkit.analysis.trial_sample import TrialSample
from evalkit.records.trial import Compliance
from evalkit.stats.disclosure import mean_is_safe, proportion_is_safe, suppress_groups
from evalkit.stats.vectors import BoolArray, FloatArray

FIDELITY_COLUMNS = ("compliance", "arm", "band", "schools", "pupils")
FIDELITY_SUMMARY_COLUMNS = ("compliance", "arm", "n_schools", "n_pupils", "mean", "complied_percent")
NOT_KNOWN = "not known"
PARTS = 3  # a dose without a level that counts as delivered is cut into this many equal parts


@dataclass(frozen=True, slots=True, eq=False)
class _Uptake:
    """What the units of one arm got: `doses`, NaN where not known; `pupils` of each (1 for a pupil)."""

    arm: str
    doses: FloatArray
    pupils: FloatArray


def fidelity(sample: TrialSample) -> pd.DataFrame:
    """How many schools and pupils of each arm got how much, for every compliance measure of the plan.

    Returns
    -------
    frame, FIDELITY_COLUMNS
        `band` in words: no and yes; or the lowest dose, less than what counts as delivered, and that or more (thirds of
        the range where the plan does not say what counts); `not known`. `schools` is empty for a measure of pupils.
        Pupils are all who were randomised; small counts are hidden, and others so that they cannot be worked out.
    """
    rows: list[tuple[object, ...]] = []
    threshold = sample.plan.suppression_threshold
    for measure, uptakes in _measures(sample):
        for one in uptakes:
            bands = _bands(measure, one.doses)
            pupils = np.array([one.pupils[inside].sum() for inside in bands.values()])
            hidden = suppress_groups(pupils, threshold=threshold)
            shown = np.where(hidden, math.nan, pupils)
            for (band, inside), number in zip(bands.items(), shown, strict=True):
                units = float(inside.sum()) if measure.level == "school" else math.nan
                rows.append((measure.id, one.arm, band, units, float(number)))
    table = pd.DataFrame(rows, columns=list(FIDELITY_COLUMNS))
    return table.astype({name: "float64" if name in ("schools", "pupils") else "str" for name in FIDELITY_COLUMNS})


def fidelity_summary(sample: TrialSample) -> pd.DataFrame:
    """The mean dose of each arm, and the share that got the programme as planned.

    Returns
    -------
    frame, FIDELITY_SUMMARY_COLUMNS
        Of schools, or of pupils, with a known dose; means over schools count each school once. `complied_percent` is
        empty where the plan does not say from which dose on the programme counts as delivered.
    """
    rows: list[tuple[object, ...]] = []
    threshold = sample.plan.suppression_threshold
    for measure, uptakes in _measures(sample):
        for one in uptakes:
            known = ~np.isnan(one.doses)
            n, of_schools = int(known.sum()), measure.level == "school"
            mean = float(one.doses[known].mean()) if n and (of_schools or mean_is_safe(n, threshold)) else math.nan
            complied = complied_share(measure, one.doses[known], threshold=None if of_schools else threshold)
            if measure.kind == "yes_no" and math.isnan(complied):
                mean = math.nan
            counts = (float(n), math.nan) if of_schools else (math.nan, float(n))
            rows.append((measure.id, one.arm, *counts, mean, 100 * complied))
    table = pd.DataFrame(rows, columns=list(FIDELITY_SUMMARY_COLUMNS))
    text = ("compliance", "arm")
    return table.astype({name: "str" if name in text else "float64" for name in FIDELITY_SUMMARY_COLUMNS})


def complied_share(measure: Compliance, doses: FloatArray, *, threshold: int | None) -> float:
    """Share of known doses that count as the programme delivered as planned; NaN where it may not be shown."""
    limit = 1.0 if measure.kind == "yes_no" else measure.complied_from
    if limit is None or not doses.size:
        return math.nan
    complied = int(np.count_nonzero(doses >= limit))
    if threshold is not None and not proportion_is_safe(complied, doses.size, threshold):
        return math.nan
    return complied / doses.size


def _measures(sample: TrialSample) -> Iterator[tuple[Compliance, list[_Uptake]]]:
    """Every compliance measure that the data hold, with the uptake of each arm in the plan's order."""
    for measure in sample.plan.groups.compliance if sample.plan.groups else ():
        of_schools = measure.level == "school"
        units = sample.schools if of_schools else sample.frame
        if measure.id not in units.columns:
            continue
        sizes = sample.frame["school"].value_counts() if of_schools else None
        pupils = np.ones(len(units)) if sizes is None else sizes.reindex(units["school"], fill_value=0).to_numpy()
        doses = units[measure.id].to_numpy(dtype="float64")
        arms = units["arm"].astype("str").to_numpy()
        named = [arm.id for arm in sample.plan.arms]
        if of_schools and sample.unit != "school":
            arms, named = np.full(len(units), "all"), ["all"]
        yield measure, [_Uptake(arm, doses[arms == arm], pupils[arms == arm].astype("float64")) for arm in named]


def _bands(measure: Compliance, doses: FloatArray) -> dict[str, BoolArray]:
    unknown = np.isnan(doses)
    known = np.where(unknown, measure.low, doses)
    if measure.kind == "yes_no":
        bands = {"no": known < 1, "yes": known >= 1}
    else:
        bands = {}
        edges = _edges(measure)
        for low, high in zip(edges, [*edges[1:], math.inf], strict=True):
            bands[_words(measure, low, high)] = (known >= low) & (known < high)
        lowest = known == measure.low
        bands = {f"{measure.low:g}": lowest} | {words: inside & ~lowest for words, inside in bands.items()}
    bands = {words: inside & ~unknown for words, inside in bands.items()}
    return bands | ({NOT_KNOWN: unknown} if unknown.any() else {})


def _edges(measure: Compliance) -> list[float]:
    """Lower ends of the bands: the lowest dose and what counts as delivered, or thirds of the range."""
    if measure.complied_from is not None:
        return sorted({measure.low, measure.complied_from})
    return [float(one) for one in np.linspace(measure.low, measure.highest, PARTS + 1)[:-1]]


def _words(measure: Compliance, low: float, high: float) -> str:
    if math.isinf(high):
        return f"{low:g} or more" if low > measure.low else f"more than {low:g}"
    return f"{low:g} or more, below {high:g}" if low > measure.low else f"more than {low:g}, below {high:g}"
