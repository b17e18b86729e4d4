"""What a reader must know: limits of the design, warnings these data give, notes on what was done."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from evalkit.analysis.checks import half_widths
from evalkit.analysis.estimate import Estimate
from evalkit.analysis.measure_shares import MeasureShares
from evalkit.analysis.paired_sample import PairedSample, Participation
from evalkit.analysis.quality_facts import Reliability
from evalkit.records.evaluation import Study
from evalkit.records.results import Caveat
from evalkit.records.standards import WarningStandards

DESIGN_LIMITS = (
    "no_comparison_group", "maturation", "regression_to_the_mean", "social_desirability", "response_shift",
    "acquiescence", "differential_response", "ceiling",
)  # fmt: skip
ANSWERS_ONLY = ("social_desirability", "response_shift", "acquiescence")
DATA_WARNINGS = (
    "few_pupils", "wide_interval", "high_drop_out", "leavers_differ", "not_linked", "low_reliability",
    "ceiling_reached", "floor_reached", "straight_lining", "heywood", "item_against_scale", "same_change",
    "instrument_caution", "pre_post_caution", "not_validated",
)  # fmt: skip
NOTES = ("complete_cases", "one_or_more_suppressed")
CAVEAT_KINDS = (*DESIGN_LIMITS, *DATA_WARNINGS, *NOTES)


def caveats(
    study: Study,
    samples: Sequence[PairedSample],
    rows: Sequence[Estimate],
    *,
    took_part: Participation,
    reliabilities: Sequence[Reliability],
    shares: MeasureShares,
    items: pd.DataFrame,
    anything_suppressed: bool,
    standards: WarningStandards,
) -> tuple[Caveat, ...]:
    """All caveats, limits first; `rows`, `shares` and `items` already disclosure-controlled."""
    threshold = study.plan.suppression_threshold
    asks_questions = any(not one.is_measure for one in study.instruments)
    return (
        *(Caveat(kind, "limit") for kind in DESIGN_LIMITS if kind not in ANSWERS_ONLY or asks_questions),
        *_about_size(samples, rows, standards),
        *_about_copies(samples, threshold),
        *_about_taking_part(samples, rows, took_part, standards),
        *_about_reliability(reliabilities, threshold, standards),
        *_about_shares(study, shares, standards),
        *_about_items(study, items),
        *_about_instruments(study),
        *_notes(took_part, threshold=threshold, anything_suppressed=anything_suppressed),
    )


def _about_size(samples: Sequence[PairedSample], rows: Sequence[Estimate], standards: WarningStandards) -> list[Caveat]:
    smallest = min(samples, key=lambda sample: sample.n_linked)
    found: list[Caveat] = []
    if smallest.n_linked < standards.few_pupils.value:
        found.append(Caveat("few_pupils", "warning", facts={"n_linked": smallest.n_linked}))
    widths = half_widths(rows)
    found += [
        Caveat("wide_interval", "warning", row.outcome, {"half_width": widths[row.outcome]})
        for row in rows
        if row.estimator == "percent_of_range" and _tells_nothing(row, widths, standards.wide_interval.value)
    ]
    return found


def _tells_nothing(row: Estimate, widths: Mapping[str, float], limit: float) -> bool:
    """Whether an interval is wide and holds both a rise and a fall."""
    return widths.get(row.outcome, 0.0) > limit and row.conf_low < 0 < row.conf_high


def _about_copies(samples: Sequence[PairedSample], threshold: int) -> list[Caveat]:
    """Outcomes in which every pupil changed by the same amount: real answers hardly ever do that, copied files do."""
    return [
        Caveat("same_change", "warning", sample.outcome.id, {"moved": not np.allclose(sample.pre, sample.post)})
        for sample in samples
        if sample.shows_numbers(threshold) and sample.changed_alike
    ]


def _about_taking_part(
    samples: Sequence[PairedSample],
    rows: Sequence[Estimate],
    took_part: Participation,
    standards: WarningStandards,
) -> list[Caveat]:
    """Drop-out is said once when the whole group lost too many, else for each outcome that did."""
    found: list[Caveat] = []
    limit = standards.high_drop_out.value
    if took_part.share_lost > limit:
        found.append(Caveat("high_drop_out", "warning", facts={"share_lost": took_part.share_lost}))
    else:
        found += [
            Caveat("high_drop_out", "warning", sample.outcome.id, {"share_lost": sample.share_lost})
            for sample in samples
            if sample.share_lost > limit
        ]
    found += [
        Caveat("leavers_differ", "warning", row.outcome, {"g": row.effect_size, "difference": row.estimate})
        for row in rows
        if row.inquiry == "leavers" and row.status == "ok" and abs(row.effect_size) > standards.leavers_differ.value
    ]
    if took_part.pre_only or took_part.post_only:
        facts = {"pre_only": took_part.pre_only, "post_only": took_part.post_only}
        found.append(Caveat("not_linked", "warning", facts=facts))
    return found


def _about_reliability(
    reliabilities: Sequence[Reliability], threshold: int, standards: WarningStandards
) -> list[Caveat]:
    shown = [one for one in reliabilities if one.n >= threshold]
    return [
        *(
            Caveat("low_reliability", "warning", one.outcome, {"stat": one.stat, "value": one.value, "wave": one.wave})
            for one in shown
            if one.value < standards.low_reliability.value
        ),
        *(Caveat("heywood", "warning", one.outcome, {"wave": one.wave}) for one in shown if one.is_heywood),
    ]


def _about_shares(study: Study, shares: MeasureShares, standards: WarningStandards) -> list[Caveat]:
    scales = {outcome.id: outcome.scale for outcome in study.plan.outcomes}
    found: list[Caveat] = []
    for kind, shown, limit in (
        ("ceiling_reached", shares.ceiling, standards.ceiling_reached.value),
        ("floor_reached", shares.floor, standards.floor_reached.value),
        ("straight_lining", shares.straight_lines, standards.straight_lining.value),
    ):
        found += [
            Caveat(
                kind,
                "warning",
                one.outcome,
                {
                    "scale": scales[one.outcome],
                    "wave": one.wave,
                    "percent": one.percent if math.isfinite(one.percent) else None,
                },
            )
            for one in shown
            if not one.percent <= limit
        ]
    return found


def _about_items(study: Study, items: pd.DataFrame) -> list[Caveat]:
    """Items that go against the rest of their scale, after reversing; only where their correlation is shown."""
    found: list[Caveat] = []
    for outcome in study.plan.outcomes:
        for wave in study.plan.waves:
            rows = items[(items["scale"] == outcome.scale) & (items["wave"] == wave.id) & (items["item_rest_r"] < 0)]
            if len(rows):
                facts = {"scale": outcome.scale, "wave": wave.id, "items": ", ".join(rows["item"])}
                found.append(Caveat("item_against_scale", "warning", outcome.id, facts))
    return found


def _about_instruments(study: Study) -> list[Caveat]:
    found: list[Caveat] = []
    for instrument in study.instruments:
        facts = {"instrument": instrument.id}
        if instrument.caution:
            found.append(Caveat("instrument_caution", "warning", facts=facts))
        if instrument.prepost_caution:
            found.append(Caveat("pre_post_caution", "warning", facts=facts))
        if not instrument.validated:
            found.append(Caveat("not_validated", "warning", facts=facts))
    return found


def _notes(took_part: Participation, *, threshold: int, anything_suppressed: bool) -> list[Caveat]:
    facts = {"n_linked": took_part.linked, "n_left_out": took_part.pre_only + took_part.post_only}
    found = [Caveat("complete_cases", "note", facts=facts)]
    if anything_suppressed:
        found.append(Caveat("one_or_more_suppressed", "note", facts={"threshold": threshold}))
    return found
