"""The five questions behind "how sure are we?", rated by the thresholds of standards.yaml."""

import math
from collections.abc import Sequence

from evalkit.analysis.estimate import Estimate
from evalkit.analysis.paired_sample import PairedSample, Participation
from evalkit.analysis.quality_facts import Reliability
from evalkit.records.evaluation import Evaluation
from evalkit.records.results import Check, Rating
from evalkit.records.standards import CheckStandards


def checks(
    plan: Evaluation,
    samples: Sequence[PairedSample],
    rows: Sequence[Estimate],
    *,
    took_part: Participation,
    reliabilities: Sequence[Reliability],
    standards: CheckStandards,
) -> tuple[Check, ...]:
    """Comparison, size, drop-out, measure and delivery, in this order; `rows` already disclosure-controlled."""
    return (
        Check("comparison", standards.comparison.without_comparison_group.rating, {"has_comparison": False}),
        _size(samples, rows, standards),
        _drop_out(samples, took_part, standards),
        _measure(reliabilities, plan.suppression_threshold, standards),
        _delivery(plan, standards),
    )


def half_widths(rows: Sequence[Estimate]) -> dict[str, float]:
    """Half the width of each outcome's interval in percentage points of the range, where one is shown."""
    return {
        row.outcome: (row.conf_high - row.conf_low) / 2
        for row in rows
        if row.estimator == "percent_of_range" and row.status == "ok" and math.isfinite(row.conf_high - row.conf_low)
    }


def _size(samples: Sequence[PairedSample], rows: Sequence[Estimate], standards: CheckStandards) -> Check:
    smallest = min(samples, key=lambda sample: sample.n_linked)
    widths = half_widths(rows)
    widest = max(widths, key=lambda outcome: widths[outcome]) if widths else None
    half_width = widths[widest] if widest else math.inf
    rating = size_rating(smallest.n_linked, half_width, standards)
    facts = {
        "n_linked": smallest.n_linked,
        "outcome": smallest.outcome.id,
        "half_width": half_width if widest else None,
        "widest_outcome": widest,
    }
    return Check("size", rating, facts)


def size_rating(n: float, half_width: float, standards: CheckStandards) -> Rating:
    """The rating of a number of people and half the width of an interval, in percentage points."""
    limits = standards.size
    if n >= limits.strong_pupils.value and half_width <= limits.strong_half_width.value:
        return "strong"
    return "fair" if n >= limits.fair_pupils.value and half_width <= limits.fair_half_width.value else "weak"


def drop_out_rating(share_lost: float, standards: CheckStandards) -> Rating:
    """The rating of a share that was lost, or that did not answer, 0 to 1."""
    limits = standards.drop_out
    return _low_is_good(share_lost, limits.strong_share_lost.value, limits.fair_share_lost.value)


def _drop_out(samples: Sequence[PairedSample], took_part: Participation, standards: CheckStandards) -> Check:
    """The facts are those of the participant flow; the rating is that of the outcome that lost most."""
    worst = max(samples, key=lambda sample: sample.share_lost)
    share = max(took_part.share_lost, worst.share_lost)
    facts = {
        "n_pre": took_part.answered_pre,
        "n_linked": took_part.linked,
        "n_lost": took_part.pre_only,
        "share_lost": took_part.share_lost,
        "worst_outcome": worst.outcome.id,
        "worst_share_lost": worst.share_lost,
    }
    return Check("drop_out", drop_out_rating(share, standards), facts)


def _measure(reliabilities: Sequence[Reliability], threshold: int, standards: CheckStandards) -> Check:
    known = [one for one in reliabilities if one.n >= threshold]
    if not known:
        return Check("measure", "unknown", {"outcome": None, "stat": None, "value": None, "wave": None})
    lowest = min(known, key=lambda one: one.value)
    limits = standards.measure
    rating = _high_is_good(lowest.value, limits.strong_reliability.value, limits.fair_reliability.value)
    facts = {"outcome": lowest.outcome, "stat": lowest.stat, "value": lowest.value, "wave": lowest.wave}
    return Check("measure", rating, facts)


def _delivery(plan: Evaluation, standards: CheckStandards) -> Check:
    delivery = plan.delivery
    facts = {
        "planned": delivery.planned if delivery else None,
        "delivered": delivery.delivered if delivery else None,
        "share_delivered": delivery.share_delivered if delivery else None,
        "source": delivery.source if delivery else None,
    }
    if delivery is None or delivery.share_delivered is None:
        return Check("delivery", "unknown", facts)
    limits = standards.delivery
    rating = _high_is_good(
        delivery.share_delivered, limits.strong_share_delivered.value, limits.fair_share_delivered.value
    )
    return Check("delivery", rating, facts)


def _high_is_good(value: float, strong: float, fair: float) -> Rating:
    return "strong" if value >= strong else "fair" if value >= fair else "weak"


def _low_is_good(value: float, strong: float, fair: float) -> Rating:
    return "strong" if value <= strong else "fair" if value <= fair else "weak"
