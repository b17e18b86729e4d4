"""Hide what a trial's estimates could tell about few pupils."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from evalkit.analysis.estimate import Estimate, suppressed, too_few_reason
from evalkit.stats.disclosure import mean_is_safe

SAMPLE_ROWS = ("robustness", "missing")  # the same pupils as the primary row, give or take a few


def disclosed(rows: Sequence[Estimate], *, threshold: int) -> list[Estimate]:
    """The rows without numbers that rest on too few pupils of an arm, and without what would give those away.

    A group of a subgroup that is hidden takes the smallest of the others with it when it is the only one, and the
    interaction, for the hidden effect could be worked out from the rest. Counts that differ from the primary row's by
    fewer pupils than the threshold are left out.
    """
    hidden = [_is_small(row, threshold) for row in rows]
    for places in _families(rows).values():
        groups = [place for place in places if rows[place].inquiry == "subgroup"]
        small = [place for place in groups if hidden[place]]
        if not small:
            continue
        if len(small) == 1 and len(groups) > 1:
            others = [place for place in groups if place not in small]
            hidden[min(others, key=lambda place: rows[place].n_treated + rows[place].n_control)] = True
        for place in places:
            hidden[place] = hidden[place] or rows[place].inquiry == "subgroup_interaction"
    primary = {(row.outcome, row.contrast): row for row in rows if row.inquiry == "effect" and row.family}
    return [
        suppressed(_without_counts(row), too_few_reason(threshold))
        if hidden[place] and row.status == "ok"
        else _with_safe_counts(row, primary.get((row.outcome, row.contrast)), threshold)
        for place, row in enumerate(rows)
    ]


def _is_small(row: Estimate, threshold: int) -> bool:
    counts = [n for n in (row.n_treated, row.n_control) if not math.isnan(n)]
    if row.inquiry in ("icc", "dose_response"):
        counts = counts[:1]
    return bool(counts) and not all(mean_is_safe(int(n), threshold) for n in counts)


def _families(rows: Sequence[Estimate]) -> dict[tuple[str, str, str], list[int]]:
    """Places of the rows of one subgroup, outcome and contrast."""
    found: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        if row.inquiry in ("subgroup", "subgroup_interaction"):
            found[row.outcome, row.contrast, row.subgroup.partition(":")[0]].append(place)
    return found


def _without_counts(row: Estimate) -> Estimate:
    return replace(row, n_treated=math.nan, n_control=math.nan, clusters_treated=math.nan, clusters_control=math.nan)


def _with_safe_counts(row: Estimate, primary: Estimate | None, threshold: int) -> Estimate:
    """The row, without its counts where they differ from the primary row's by a few pupils."""
    if primary is None or row.inquiry not in SAMPLE_ROWS or row is primary:
        return row
    gaps = (abs(row.n_treated - primary.n_treated), abs(row.n_control - primary.n_control))
    return _without_counts(row) if any(0 < gap < threshold for gap in gaps) else row
