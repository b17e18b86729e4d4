"""What Works Clearinghouse: the rating of a trial, step by step."""

import math
from collections.abc import Sequence

import pandas as pd

from evalkit.analysis.trial_balance import baseline_gap
from evalkit.analysis.trial_effects import MAIN_ESTIMATORS
from evalkit.analysis.trial_sample import TrialSample
from evalkit.records.standards_trial import WwcStandards
from evalkit.stats.wwc import baseline_verdict, improvement_index, wwc_rating

WWC_COLUMNS = ("outcome", "step", "value", "verdict", "status", "source")
LEVELS = ("school", "class", "pupil")
RULE = "What Works Clearinghouse 4.1/5.0: a low-attrition randomised trial meets the standards without reservations"


def wwc(
    samples: Sequence[TrialSample],
    *,
    attrition: pd.DataFrame,
    balance: pd.DataFrame,
    estimates: pd.DataFrame,
    standards: WwcStandards,
) -> pd.DataFrame:
    """Rate every outcome.

    Parameters
    ----------
    samples : the outcomes
    attrition, balance : frames - the displays `wwc_attrition` and `balance`
    estimates : frame - ESTIMATE_COLUMNS, disclosure-controlled
    standards : the thresholds

    Returns
    -------
    frame, WWC_COLUMNS
        Steps: `randomised`; `attrition_school`, `attrition_class`, `attrition_pupil` (overall percent; low or high by
        the cautious boundary); `attrition`, low when every level is; `baseline` (largest |g| of the analysed sample
        over the arms; satisfied, needs_adjustment, fails, or unknown); `rating`; `improvement_index` (percentile
        points, of the first arm with an effect size).
    """
    rows: list[tuple[object, ...]] = []
    for sample in samples:
        name = sample.outcome.id
        levels = attrition[attrition["outcome"] == name]
        low = bool(len(levels)) and bool((levels["cautious"] == "low").all())
        gap = baseline_gap(balance, name)
        verdict = None
        if not math.isnan(gap):
            limits = {
                "satisfied": standards.baseline_satisfied.value,
                "adjustable": standards.baseline_adjustable.value,
            }
            verdict = baseline_verdict(gap, **limits)
        rating = wwc_rating("randomised", low_attrition=low, baseline=verdict, adjusted=sample.has_baseline)
        boundary = (standards.attrition_cautious.status, standards.attrition_cautious.source)
        equivalence = (standards.baseline_adjustable.status, standards.baseline_adjustable.source)
        steps: list[tuple[object, ...]] = [("randomised", math.nan, "randomised", "V", RULE)]
        for level in LEVELS:
            own = levels[levels["level"] == level]
            steps += [(f"attrition_{level}", one.overall, one.cautious, *boundary) for one in own.itertuples()]
        steps.append(("attrition", math.nan, "low" if low else "high", *boundary))
        steps.append(("baseline", gap, verdict or "unknown", *equivalence))
        steps.append(("rating", math.nan, rating, "V", RULE))
        index = standards.improvement_index_centre
        effect = _effect(estimates, name)
        if not math.isnan(effect):
            steps.append(("improvement_index", improvement_index(effect), "", index.status, index.source))
        rows += [(name, *step) for step in steps]
    table = pd.DataFrame(rows, columns=list(WWC_COLUMNS))
    return table.astype({name: "float64" if name == "value" else "str" for name in WWC_COLUMNS})


def _effect(estimates: pd.DataFrame, outcome: str) -> float:
    own = estimates[
        (estimates["outcome"] == outcome) & (estimates["inquiry"] == "effect")
        & estimates["estimator"].isin(MAIN_ESTIMATORS)
    ]["effect_size"].dropna()  # fmt: skip
    return float(own.iloc[0]) if len(own) else math.nan
