"""Moves between ordered grades: the table, and the share that rose of those who could."""

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from evalkit.analysis.estimate import Estimate, suppressed
from evalkit.records.evaluation import Evaluation
from evalkit.records.figure import National, Transition
from evalkit.stats.disclosure import suppress_table
from evalkit.stats.moves import Moves, moves
from evalkit.stats.proportions import Proportion
from evalkit.stats.reported_share import fitting_counts
from evalkit.stats.share_tests import exact_binomial_p, share_difference
from evalkit.stats.vectors import BoolArray, IntArray

TRANSITION_COLUMNS = ("outcome", "label", "grade_from", "grade_to", "count", "n")
HIDDEN = "Not shown, because a number of moves that rests on fewer than {threshold} could be worked out from it."


@dataclass(frozen=True, slots=True)
class Graded:
    """One table of moves, counted."""

    transition: Transition
    grades: tuple[str, ...]
    counts: IntArray
    found: Moves


def graded(transition: Transition, plan: Evaluation) -> Graded:
    """Count the moves of one transition."""
    assert plan.figures is not None
    grades = plan.figures.grades[transition.grades]
    counts = np.zeros((len(grades), len(grades)), dtype=np.int64)
    for move in transition.moves:
        counts[grades.index(move.from_), grades.index(move.to)] = move.n
    return Graded(transition, grades, counts, moves(counts, conf_level=plan.conf_level))


def transition_rows(one: Graded, plan: Evaluation) -> list[Estimate]:
    """Rose and fell, of those able to; the sign test; the share that rose against the national one."""
    found = one.found
    row = Estimate(
        inquiry="transition", outcome=one.transition.id, wave="", contrast="", estimator="wilson", unit="percent",
        conf_level=plan.conf_level,
    )  # fmt: skip
    rows = [
        replace(
            row, contrast=contrast, estimate=100 * share.value, conf_low=100 * share.low, conf_high=100 * share.high,
            n_treated=share.n,
        )
        for contrast, share in (("rose", found.share_rose), ("fell", found.share_fell))
        if share is not None
    ]  # fmt: skip
    rows.append(
        replace(
            row, contrast="rose - fell", estimator="sign_test", unit=one.transition.of, p_value=found.sign_p,
            estimate=found.rose - found.fell, n_treated=found.n,
        )
    )  # fmt: skip
    if one.transition.national is not None and found.share_rose is not None:
        rows.append(_national(found.share_rose, one.transition.national, row))
    if one.transition.published or not _mask(one, plan.suppression_threshold).any():
        return rows
    reason = HIDDEN.format(threshold=plan.suppression_threshold)
    return [suppressed(each, reason) for each in rows]


def transition_table(all_graded: list[Graded], plan: Evaluation) -> pd.DataFrame:
    """Every cell of every table of moves; small ones are hidden unless the numbers are public."""
    rows: list[tuple[object, ...]] = []
    for one in all_graded:
        mask = _mask(one, plan.suppression_threshold)
        hidden = np.zeros_like(mask) if one.transition.published else mask
        for i, start in enumerate(one.grades):
            for j, end in enumerate(one.grades):
                count = math.nan if hidden[i, j] else float(one.counts[i, j])
                n = math.nan if hidden[i].any() else float(one.counts[i].sum())
                rows.append((one.transition.id, one.transition.label, start, end, count, n))
    frame = pd.DataFrame(rows, columns=list(TRANSITION_COLUMNS))
    texts = ("outcome", "label", "grade_from", "grade_to")
    return frame.astype({name: "str" if name in texts else "float64" for name in TRANSITION_COLUMNS})


def _mask(one: Graded, threshold: int) -> BoolArray:
    return suppress_table(one.counts, threshold=threshold).cells


def _national(share: Proportion, national: National, row: Estimate) -> Estimate:
    reference = float(str(national.percent))
    row = replace(
        row, inquiry="national", contrast="rose - national", unit="percentage_points", n_treated=share.n,
        estimate=100 * share.value - reference,
    )  # fmt: skip
    if national.n is None:
        return replace(
            row, estimator="exact_binomial", conf_low=100 * share.low - reference,
            conf_high=100 * share.high - reference,
            p_value=exact_binomial_p(share.count, share.n, reference=reference / 100),
        )  # fmt: skip
    others = fitting_counts(str(national.percent), n=national.n) or (round(reference * national.n / 100),)
    ends = [
        share_difference((share.count, share.n), (count, national.n), conf_level=share.conf_level)
        for count in (others[-1], others[0])
    ]
    return replace(
        row, estimator="newcombe", conf_low=100 * ends[0].low, conf_high=100 * ends[1].high,
        p_value=max(one.p_value for one in ends), n_control=national.n,
    )  # fmt: skip
