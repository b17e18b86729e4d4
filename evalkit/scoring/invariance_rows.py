"""Whether a scale measured the same before and after, and in every arm."""

import math
from collections.abc import Sequence

import numpy as np

from evalkit.errors import FitError
from evalkit.records.standards import MeasurementStandards
from evalkit.scoring.drawn import Draw
from evalkit.scoring.factor_rows import Scale, clusters_of, has_many_gaps, refusal, used_rows
from evalkit.scoring.rules import BoolArray, FloatArray, IntArray
from evalkit.stats.factor.goodness import Goodness
from evalkit.stats.factor.invariance import Invariance, StepFit, fit_ordinal_steps, fit_steps, headline
from evalkit.stats.factor.occasions import Kind

NUMBERS = ("chi_square", "df", "cfi", "delta_cfi", "rmsea", "delta_rmsea", "chi_square_diff", "df_diff", "p_value")
ONE_WAVE = "The same questions were not asked both before and after."
TOO_FEW_LINKED = "{n} pupils answered both times; comparing what the questions measured needs at least {least}."
TOO_FEW_IN_ARM = (
    "The smallest arm has {n} pupils; comparing what the questions measured needs at least {least} in each."
)


def wave_rows(
    scale: Scale,
    waves: tuple[BoolArray, BoolArray] | None,
    pupils: "np.ndarray",
    *,
    schools: IntArray | None,
    standards: MeasurementStandards,
    draw: Draw,
) -> list[dict[str, object]]:
    """Rows of `Quality.invariance` between the wave before and the wave after, on linked pupils."""
    if waves is None:
        return [_reason(scale, "waves", 0, ONE_WAVE)]
    answered = [rows & scale.answered for rows in waves]
    linked = draw.linked(answered)
    n, least = int(linked.sum()), int(standards.fewest_linked.value)
    few = TOO_FEW_LINKED.format(n=n, least=least) if n < least else ""
    reason = refusal(scale, max(n, least), standards) or few
    if reason:
        return [_reason(scale, "waves", n, reason)]
    if scale.is_ordinal(standards) or has_many_gaps([scale.keyed[draw.rows_of(linked, rows)] for rows in answered]):
        linked = draw.linked([rows & scale.complete for rows in waves])
    drawn = draw.of(linked)
    first, second = (draw.rows_of(drawn, rows) for rows in answered)
    # By the pupils' codes, so that nothing depends on the order of rows.
    order = np.argsort(pupils[first].astype(str), kind="stable")
    places = [first[order], second[order]]
    clusters = None if schools is None else clusters_of(schools, places[0])
    found = _rows(scale, "waves", [scale.keyed[one] for one in places], clusters, standards)
    return _told(found, draw.told(int(drawn.sum()), int(linked.sum())))


def arm_rows(
    scale: Scale,
    rows: BoolArray,
    arms: IntArray,
    *,
    schools: IntArray | None,
    standards: MeasurementStandards,
    draw: Draw,
) -> list[dict[str, object]]:
    """Rows of `Quality.invariance` between the arms, at one wave."""
    answered = used_rows(scale, rows & scale.answered & (arms >= 0), standards)
    # Drawn arm by arm, so that a small arm is not made smaller.
    masks = [draw.rows(answered & (arms == arm)) for arm in np.unique(arms[answered])]
    smallest = min((int(mask.sum()) for mask in masks), default=0) if len(masks) > 1 else 0
    least = int(standards.fewest_linked.value)
    few = TOO_FEW_IN_ARM.format(n=smallest, least=least) if smallest < least else ""
    reason = refusal(scale, max(smallest, least), standards) or few
    if reason:
        return [_reason(scale, "arms", int(answered.sum()), reason)]
    clusters = [clusters_of(schools, mask) for mask in masks]
    known = None if any(one is None for one in clusters) else [one[0] for one in clusters if one is not None]
    found = _rows(scale, "arms", [scale.keyed[mask] for mask in masks], known, standards)
    return _told(found, draw.told(sum(int(mask.sum()) for mask in masks), int(answered.sum())))


def _rows(
    scale: Scale,
    between: str,
    occasions: Sequence[FloatArray],
    clusters: Sequence[IntArray] | None,
    standards: MeasurementStandards,
) -> list[dict[str, object]]:
    kind: Kind = "waves" if between == "waves" else "groups"
    n = len(occasions[0]) if kind == "waves" else sum(map(len, occasions))
    try:
        if scale.is_ordinal(standards):
            fewest = int(standards.fewest_per_answer.value)
            found = fit_ordinal_steps(occasions, kind=kind, pattern=scale.pattern, fewest=fewest, clusters=clusters)
        else:
            found = fit_steps(occasions, kind=kind, pattern=scale.pattern, clusters=clusters, robust=True)
    except FitError as error:
        return [_reason(scale, between, n, error.message)]
    return [{"scale": scale.id, "between": between} | row for row in step_rows(found, standards)]


def step_rows(found: Invariance, standards: MeasurementStandards) -> list[dict[str, object]]:
    """A row per step: its fit, how it differs from the last one fitted, and whether it holds.

    Notes
    -----
    The first step holds when CFI and RMSEA are acceptable; a later one when the one before holds and CFI falls by less,
    and RMSEA rises by less, than Chen's limits. A step that was not fitted says nothing about the next.
    """
    rows: list[dict[str, object]] = []
    last: Goodness | None = None
    holds = True
    for one in found.steps:
        row: dict[str, object] = {"step": one.step, "n": 0, "holds": "", "estimator": "", "reason": one.reason}
        row |= dict.fromkeys(NUMBERS, math.nan)
        if one.fit is not None:
            now = headline(one.fit)
            row |= _numbers(one, now, last)
            holds = holds and _holds(now, last, standards) and not one.fit.is_heywood
            row["holds"] = "yes" if holds else "no"
            last = now
        rows.append(row)
    return rows


def _numbers(one: StepFit, now: Goodness, last: Goodness | None) -> dict[str, object]:
    assert one.fit is not None
    difference = one.difference
    return {
        "n": sum(one.fit.n),
        "estimator": one.fit.estimator,
        "chi_square": now.chi_square,
        "df": now.df,
        "cfi": now.cfi,
        "delta_cfi": math.nan if last is None else now.cfi - last.cfi,
        "rmsea": now.rmsea,
        "delta_rmsea": math.nan if last is None else now.rmsea - last.rmsea,
        "chi_square_diff": math.nan if difference is None else difference.statistic,
        "df_diff": math.nan if difference is None else difference.df,
        "p_value": math.nan if difference is None else difference.p_value,
    }


def _holds(now: Goodness, last: Goodness | None, standards: MeasurementStandards) -> bool:
    if last is None:
        return now.cfi >= standards.least_cfi.value and now.rmsea <= standards.most_rmsea.value
    return now.cfi - last.cfi > -standards.cfi_drop.value and now.rmsea - last.rmsea < standards.rmsea_rise.value


def _told(rows: list[dict[str, object]], sentence: str) -> list[dict[str, object]]:
    """With the sentence on drawn pupils in the first row, where there is no other reason."""
    return [rows[0] | {"reason": rows[0]["reason"] or sentence}, *rows[1:]]


def _reason(scale: Scale, between: str, n: int, reason: str) -> dict[str, object]:
    row: dict[str, object] = {"scale": scale.id, "between": between, "step": "", "n": n, "holds": "", "estimator": ""}
    return row | dict.fromkeys(NUMBERS, math.nan) | {"reason": reason}
