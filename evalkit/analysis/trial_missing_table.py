"""Which data are missing together in each arm of a trial."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from evalkit.analysis.trial_flow import population_is_hidden
from evalkit.analysis.trial_sample import NOT_RECORDED, TrialSample
from evalkit.stats.missing import missing_table
from evalkit.stats.vectors import BoolArray, FloatArray, IntArray

MISSING_COLUMNS = ("outcome", "arm", "pattern", "n", "percent")
COMPLETE, OTHER = "complete", "other"


def missing_pattern(samples: Sequence[TrialSample]) -> pd.DataFrame:
    """The patterns of missing data of every outcome, among all pupils whom it is about.

    Returns
    -------
    frame, MISSING_COLUMNS
        `pattern` lists what a pupil lacks: outcome, baseline, ids of covariates, strata and subgroups; `complete` comes
        first, then the most frequent. Rare patterns are put together until each row holds at least as many pupils of
        each arm as the threshold, or nobody: `outcome, other` lack the outcome, alone or with something else, `other`
        have nothing in common. Where even those are few the arm's rows are empty. `percent` is of the arm.
    """
    rows: list[tuple[object, ...]] = []
    for sample in samples:
        patterns, counts = _patterns(sample)
        arms = [arm.id for arm in sample.plan.arms]
        groups = _together(counts, sample.plan.suppression_threshold)
        names = [
            patterns[group[0]] if len(group) == 1 else _in_common([patterns[one] for one in group]) for group in groups
        ]
        for place, arm in enumerate(arms):
            own = np.array([counts[group, place].sum() for group in groups], dtype=np.float64)
            few = bool(((own > 0) & (own < sample.plan.suppression_threshold)).any())
            if few or population_is_hidden(sample, arm):
                own[:] = math.nan
            total = own.sum()
            percents = 100 * own / total if total > 0 else np.full(len(own), math.nan)
            rows += [
                (sample.outcome.id, arm, name, float(n), float(percent))
                for name, n, percent in zip(names, own, percents, strict=True)
            ]
    table = pd.DataFrame(rows, columns=list(MISSING_COLUMNS))
    return table.astype({name: "float64" if name in ("n", "percent") else "str" for name in MISSING_COLUMNS})


def gaps_of(sample: TrialSample) -> dict[str, BoolArray]:
    """For the pupils whom the outcome is about: where the outcome, the baseline and each planned fact are missing."""
    frame, plan = sample.population, sample.plan
    found = {"outcome": frame["outcome"].isna().to_numpy()}
    if sample.frame["baseline"].notna().any():
        found["baseline"] = frame["baseline"].isna().to_numpy()
    strata = plan.groups.strata if plan.groups else ()
    for fact in {one.id: one for one in (*strata, *plan.covariates, *plan.subgroups)}.values():
        if fact.id in frame.columns:
            column = frame[fact.id]
            gone = column.isna() if fact.kind == "number" else column.isna() | (column == NOT_RECORDED)
            found[fact.id] = gone.to_numpy(dtype=bool)
    return found


def _patterns(sample: TrialSample) -> tuple[list[str], IntArray]:
    """Names of the patterns, complete first, and the pupils of each by arm in the plan's order."""
    gaps = gaps_of(sample)
    arms = [arm.id for arm in sample.plan.arms]
    if not len(sample.population):
        return [COMPLETE], np.zeros((1, len(arms)), dtype=np.int64)
    values: FloatArray = np.where(np.column_stack(list(gaps.values())), math.nan, 0.0)
    found = missing_table(values, names=list(gaps), groups=sample.population["arm"].astype("str").to_numpy())
    places = [found.groups.index(arm) if arm in found.groups else None for arm in arms]
    counts = [[0 if place is None else one.by_group[place] for place in places] for one in found.patterns]
    return [", ".join(one.missing) or COMPLETE for one in found.patterns], np.array(counts, dtype=np.int64)


def _in_common(patterns: Sequence[str]) -> str:
    """The name of several patterns that are shown as one."""
    first, *others = (one.split(", ") for one in patterns)
    return ", ".join([*(name for name in first if all(name in other for other in others)), OTHER])


def _together(counts: IntArray, threshold: int) -> list[list[int]]:
    """Patterns to show, each on its own, and last the rare ones that are shown together."""

    def small(members: list[int]) -> bool:
        sums = counts[members].sum(axis=0)
        return bool(((sums > 0) & (sums < threshold)).any())

    alone = [[place] for place in range(len(counts))]
    rare = [place for place in range(1, len(counts)) if small([place])]
    for place in sorted(range(1, len(counts)), key=lambda one: (int(counts[one].sum()), -one)):
        if not rare or (not small(rare) and len(rare) > 1):
            break
        if place not in rare:
            rare.append(place)
    shown = [group for group in alone if group[0] not in rare]
    return [*shown, sorted(rare)] if rare else shown
