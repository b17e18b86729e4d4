"""The five questions behind "how sure are we?" of a trial, rated by the thresholds of standards.yaml."""

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from evalkit.analysis.quality_facts import Reliability, reliability_of
from evalkit.analysis.trial_balance import baseline_gap
from evalkit.analysis.trial_effects import MAIN_ESTIMATORS
from evalkit.analysis.trial_sample import TrialSample
from evalkit.records.evaluation import Evaluation
from evalkit.records.outcome import Outcome
from evalkit.records.results import Check, Rating
from evalkit.records.scores import Scores
from evalkit.records.standards import Standards
from evalkit.stats.rounding import round_half_up

WORST_FIRST: tuple[Rating, ...] = ("weak", "fair", "unknown", "strong")
AT_MOST: dict[str, Rating] = {"high": "weak", "moderate": "fair", "low": "strong"}
NOT_DRAWN: Rating = "fair"  # the most that a comparison can be in which nobody drew lots
Displays = Mapping[str, pd.DataFrame]


def trial_checks(
    plan: Evaluation,
    *,
    displays: Displays,
    estimates: pd.DataFrame,
    reliabilities: Sequence[Reliability],
    standards: Standards,
) -> tuple[Check, ...]:
    """Comparison, size, drop-out, measure and delivery of the primary outcomes, in this order; the worst decides.

    Parameters
    ----------
    plan : Evaluation
    displays : mapping - `balance`, `attrition`, `wwc_attrition`, `padlocks`, `fidelity_summary`, as they are shown
    estimates : frame - ESTIMATE_COLUMNS, disclosure-controlled
    reliabilities : of primary outcomes that are questionnaires, from `trial_reliabilities`
    standards : Standards

    Notes
    -----
    comparison: chance made the groups, so it is strong, unless their baselines differ or the evaluator rated
    confounding or contamination as a threat. Where nobody drew lots it is fair at most, and weak without a baseline.
    size: the worse of the MDES at randomisation (rounded as for padlocks) and the half width of the effect's interval.
    drop_out: the share of pupils lost, held down by the What Works Clearinghouse's boundaries. measure: a
    questionnaire's reliability; a measure that others validated is strong, one made by the developer weak, any other
    unknown. delivery: the plan's statement, else the share of schools (or pupils) that got as much as counts.
    """
    primary = [one for one in plan.outcomes if one.role == "primary"] or list(plan.outcomes)
    return (
        _comparison(plan, primary, displays["balance"], standards),
        _size(primary, displays["padlocks"], estimates, standards),
        _drop_out(primary, displays, standards),
        _measure(plan, primary, reliabilities, standards),
        _delivery(plan, displays["fidelity_summary"], standards),
    )


def trial_reliabilities(scores: Scores, samples: Sequence[TrialSample]) -> list[Reliability]:
    """The reliability of every outcome that is a questionnaire, at its own wave, where enough pupils answered."""
    found: list[Reliability] = []
    for sample in samples:
        one = reliability_of(scores, sample.outcome.id, scale=sample.outcome.scale, wave=sample.wave)
        if one is not None and one.n >= sample.plan.suppression_threshold:
            found.append(one)
    return found


def half_width(estimates: pd.DataFrame, outcome: str) -> float:
    """Half the widest interval of an outcome's primary effect sizes, in SDs; NaN where none is shown."""
    own = estimates[
        (estimates["outcome"] == outcome) & (estimates["inquiry"] == "effect")
        & estimates["estimator"].isin(MAIN_ESTIMATORS)
    ]  # fmt: skip
    widths = ((own["es_high"] - own["es_low"]) / 2).dropna()
    return float(widths.max()) if len(widths) else math.nan


def _comparison(plan: Evaluation, primary: Sequence[Outcome], balance: pd.DataFrame, standards: Standards) -> Check:
    limits = standards.trial_checks.comparison
    gaps = {one.id: baseline_gap(balance, one.id) for one in primary}
    known = {name: gap for name, gap in gaps.items() if not math.isnan(gap)}
    worst = max(known, key=lambda name: known[name]) if known else None
    rating: Rating = "unknown"
    if worst is not None:
        rating = _low_is_good(known[worst], limits.strong_difference.value, limits.fair_difference.value)
    if plan.is_comparison:
        rating = "weak" if worst is None else _worst([rating, NOT_DRAWN])
    threat = _worst_threat(plan, ("confounding", "contamination"))
    facts = {
        "has_comparison": True,
        "g": known[worst] if worst else None,
        "outcome": worst,
        "threat": threat,
    }
    return Check("comparison", _worst([rating, AT_MOST[threat]] if threat else [rating]), facts)


def _size(primary: Sequence[Outcome], padlocks: pd.DataFrame, estimates: pd.DataFrame, standards: Standards) -> Check:
    limits = standards.trial_checks.size
    rows = padlocks[padlocks["column"] == "mdes"]
    mdes = {str(name): float(value) for name, value in zip(rows["outcome"], rows["value"], strict=True)}
    decimals = int(standards.padlocks.mdes_decimals.value)
    ratings: dict[str, Rating] = {}
    for one in primary:
        found: list[Rating] = []
        for value, strong, fair in (
            (_rounded(mdes.get(one.id, math.nan), decimals), limits.strong_mdes.value, limits.fair_mdes.value),
            (half_width(estimates, one.id), limits.strong_half_width.value, limits.fair_half_width.value),
        ):
            if not math.isnan(value):
                found.append(_low_is_good(value, strong, fair))
        ratings[one.id] = _worst(found) if found else "unknown"
    worst = min(ratings, key=lambda name: WORST_FIRST.index(ratings[name]))
    facts = {
        "outcome": worst,
        "mdes": _or_none(mdes.get(worst, math.nan)),
        "half_width": _or_none(half_width(estimates, worst)),
    }
    return Check("size", ratings[worst], facts)


def _drop_out(primary: Sequence[Outcome], displays: Displays, standards: Standards) -> Check:
    limits = standards.checks.drop_out
    attrition, boundary = displays["attrition"], displays["wwc_attrition"]
    found: list[tuple[Rating, str, float, str]] = []
    for one in primary:
        own = attrition[
            (attrition["outcome"] == one.id) & (attrition["level"] == "pupil") & (attrition["arm"] == "all")
        ]["lost_percent"].dropna()
        rows = boundary[boundary["outcome"] == one.id]
        ratings: list[Rating] = []
        verdict = ""
        if len(own):
            share = float(own.iloc[0]) / 100
            ratings.append(_low_is_good(share, limits.strong_share_lost.value, limits.fair_share_lost.value))
        if len(rows):
            verdict = "high" if (rows["cautious"] == "high").any() else "low"
            both = "weak" if (rows["optimistic"] == "high").any() else "fair"
            ratings.append("strong" if verdict == "low" else both)
        lost = float(own.iloc[0]) / 100 if len(own) else math.nan
        found.append((_worst(ratings) if len(own) else "unknown", one.id, lost, verdict))
    rating, outcome, share, verdict = min(found, key=lambda one: WORST_FIRST.index(one[0]))
    return Check("drop_out", rating, {"outcome": outcome, "share_lost": _or_none(share), "wwc_cautious": verdict})


def _measure(
    plan: Evaluation, primary: Sequence[Outcome], reliabilities: Sequence[Reliability], standards: Standards
) -> Check:
    limits = standards.checks.measure
    validated = {one.id for one in plan.measures if one.validated}
    reliable = {one.outcome: one for one in reliabilities}
    ratings: dict[str, Rating] = {}
    for one in primary:
        own = reliable.get(one.id)
        if one.made_by_developer:
            ratings[one.id] = "weak"
        elif own is not None:
            ratings[one.id] = _high_is_good(own.value, limits.strong_reliability.value, limits.fair_reliability.value)
        else:
            ratings[one.id] = "strong" if one.instrument in validated else "unknown"
    worst = min(ratings, key=lambda name: WORST_FIRST.index(ratings[name]))
    own = reliable.get(worst)
    facts = {
        "outcome": worst,
        "stat": own.stat if own else None,
        "value": own.value if own else None,
        "wave": own.wave if own else None,
        "made_by_developer": plan.outcome(worst).made_by_developer,
    }
    return Check("measure", ratings[worst], facts)


def _delivery(plan: Evaluation, summary: pd.DataFrame, standards: Standards) -> Check:
    stated, limits = plan.delivery, standards.checks.delivery
    share, compliance = math.nan, None
    if stated is not None and stated.share_delivered is not None:
        share = stated.share_delivered
    else:
        treated = summary[(summary["arm"] != plan.control.id) & summary["complied_percent"].notna()]
        if len(treated):
            first = treated[treated["compliance"] == treated["compliance"].iloc[0]]
            share, compliance = float(first["complied_percent"].min()) / 100, str(first["compliance"].iloc[0])
    rating: Rating = "unknown"
    if not math.isnan(share):
        rating = _high_is_good(share, limits.strong_share_delivered.value, limits.fair_share_delivered.value)
    threat = _worst_threat(plan, ("fidelity_and_compliance",))
    facts = {
        "planned": stated.planned if stated else None,
        "delivered": stated.delivered if stated else None,
        "share_delivered": _or_none(share),
        "source": stated.source if stated else None,
        "compliance": compliance,
        "threat": threat,
    }
    return Check("delivery", _worst([rating, AT_MOST[threat]] if threat else [rating]), facts)


def _worst_threat(plan: Evaluation, names: Sequence[str]) -> str | None:
    """The highest level of the threats named, where the evaluator rated any."""
    security = plan.groups.security if plan.groups else None
    levels = [security.threats[name].level for name in names if name in security.threats] if security else []
    return max(levels, key=("low", "moderate", "high").index) if levels else None


def _worst(ratings: Sequence[Rating]) -> Rating:
    return min(ratings, key=WORST_FIRST.index)


def _rounded(value: float, decimals: int) -> float:
    return value if math.isnan(value) else round_half_up(value, decimals)


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value


def _low_is_good(value: float, strong: float, fair: float) -> Rating:
    return "strong" if value <= strong else "fair" if value <= fair else "weak"


def _high_is_good(value: float, strong: float, fair: float) -> Rating:
    return "strong" if value >= strong else "fair" if value >= fair else "weak"
