"""Displays of trials of every design: numbers add up, and nothing about a few pupils can be read off."""

import math
from itertools import pairwise
from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.analysis.trial_balance import balance
from evalkit.analysis.trial_distributions import arms, distribution
from evalkit.analysis.trial_flow import attrition, flow, reasons
from evalkit.analysis.trial_missing_table import missing_pattern
from evalkit.analysis.trial_sample import TrialSample, trial_sample
from tests.unit.analysis.trial_scores import make_trial

ROUNDING = 5


TRIALS = st.fixed_dictionaries(
    {
        "design": st.sampled_from(["cluster", "classes", "multisite", "individual"]),
        "seed": st.integers(0, 10_000),
        "schools": st.integers(4, 16),
        "pupils": st.integers(6, 30),
        "arms": st.sampled_from([2, 3]),
        "lost_schools": st.integers(0, 2),
        "empty_schools": st.integers(0, 2),
        "lost_share": st.sampled_from([0.0, 0.05, 0.3]),
        "no_baseline_share": st.sampled_from([0.0, 0.1]),
    }
)
POPULATIONS = st.sampled_from([None, {"subgroup": "eal", "values": ["yes"]}])
FEW = settings(max_examples=12, deadline=None)


def samples_of(trial: dict[str, Any], population: dict[str, Any] | None) -> list[TrialSample]:
    """The outcomes of a made-up trial, small or not, the first about all pupils or about some."""
    study, scores = make_trial(**trial)
    first, *others = study.plan.outcomes
    if population is not None:
        first = type(first).model_validate(first.model_dump() | {"pupils": population})
    return [trial_sample(scores, study, one) for one in (first, *others)]


@FEW
@given(TRIALS, POPULATIONS)
def test_the_flow_adds_up(trial: dict[str, Any], population: dict[str, Any] | None) -> None:
    samples = samples_of(trial, population)
    table = flow(samples[0])
    for _, rows in table.groupby(["level", "arm"]):
        steps = rows.set_index("step")["n"]
        if steps.notna().all():
            assert steps["randomised"] == steps.drop("randomised").sum()
    pupils = table[(table["level"] == "pupil") & (table["step"] == "randomised")]
    assert pupils["n"].sum() == len(samples[0].frame)
    lost = attrition(samples[:1]).set_index(["level", "arm"])
    for row in table[table["step"] == "analysed"].itertuples():
        expected = lost.loc[(row.level, row.arm), "analysed"]
        assert row.n == expected or math.isnan(row.n)
    why = reasons(samples[0])
    for (level, arm), rows in why.groupby(["level", "arm"]):
        steps = table[(table["level"] == level) & (table["arm"] == arm)].set_index("step")["n"]
        gone = steps["left"] + steps.get("no_outcome", 0)
        if rows["n"].notna().all() and not math.isnan(gone):
            assert rows["n"].sum() == gone


@FEW
@given(TRIALS, POPULATIONS)
def test_nothing_about_few_pupils_is_in_reasons_or_balance(
    trial: dict[str, Any], population: dict[str, Any] | None
) -> None:
    samples = samples_of(trial, population)
    threshold = samples[0].plan.suppression_threshold
    why = reasons(samples[0])
    counts = why.loc[why["level"] == "pupil", "n"].dropna()
    assert counts[counts > 0].min() >= threshold or counts.empty or counts.max() == 0
    table = balance(samples, rounding=ROUNDING)
    pupils = table[table["level"] == "pupil"]
    assert pupils.loc[pupils["mean"].notna(), "n"].min() >= threshold or pupils["mean"].isna().all()
    _shares_are_safe(pupils, threshold)
    alike = [pupils] if population is None else [rows for _, rows in pupils.groupby("outcome")]
    for rows in alike:  # within one population a sample lies inside the other
        _samples_cannot_be_subtracted(rows, threshold)


def _shares_are_safe(pupils: pd.DataFrame, threshold: int) -> None:
    shown = pupils[pupils["count"].notna()]
    slack = shown["rounded_to"].where(shown["rounded_to"] > 1, 0)
    assert (shown["count"] + slack >= threshold).all()
    assert (shown["n"] - shown["count"] + slack >= threshold).all()
    keys = ["outcome", "sample", "variable", "arm"]
    for _, rows in pupils[pupils["category"] != ""].groupby(keys):
        hidden = rows["count"].isna()
        if hidden.any() and not hidden.all():
            left = rows["n"].iloc[0] - rows["count"].sum()
            assert hidden.sum() >= 2
            assert left + ROUNDING >= threshold


def _samples_cannot_be_subtracted(pupils: pd.DataFrame, threshold: int) -> None:
    """Exact counts of one category and means of one number never differ between samples by a few pupils."""
    exact = pupils[pupils["rounded_to"] == 1]
    for _, rows in exact.groupby(["variable", "arm", "category"]):
        counts = sorted(set(rows["count"]))
        assert all(b - a >= threshold for a, b in pairwise(counts))
    for _, rows in pupils[pupils["mean"].notna()].groupby(["variable", "arm"]):
        sizes = sorted(set(rows["n"]))
        assert all(b - a >= threshold for a, b in pairwise(sizes))


@FEW
@given(TRIALS, POPULATIONS)
def test_nothing_about_few_pupils_is_in_distributions_or_gaps(
    trial: dict[str, Any], population: dict[str, Any] | None
) -> None:
    samples = samples_of(trial, population)
    threshold = samples[0].plan.suppression_threshold
    bins = distribution(samples)
    assert not (bins["count"] < threshold).any()
    means = arms(samples)
    assert not (means.loc[means["mean"].notna(), "n"] < threshold).any()
    for _, rows in bins.groupby(["outcome", "measure", "arm"]):
        own = means[(means["outcome"] == rows["outcome"].iloc[0]) & (means["measure"] == rows["measure"].iloc[0])]
        n = own.loc[own["arm"] == rows["arm"].iloc[0], "n"].iloc[0]
        assert rows["count"].isna().all() or rows["count"].sum() == n
    gaps = missing_pattern(samples)
    assert not ((gaps["n"] > 0) & (gaps["n"] < threshold)).any()
