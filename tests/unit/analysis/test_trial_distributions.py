"""Histograms and means of the arms by hand, and what is hidden of them."""

import math
from typing import Any

import numpy as np
import pytest

from evalkit.analysis.trial_distributions import arms, distribution
from evalkit.analysis.trial_sample import trial_sample
from tests.unit.analysis.trial_by_hand import sample_of
from tests.unit.analysis.trial_scores import make_trial


def pupils(n: int, **row: Any) -> list[dict[str, Any]]:
    return [row] * n


def test_bins_are_common_and_hold_enough_pupils() -> None:
    rows = [
        *pupils(12, arm="intervention", outcome=85.0), *pupils(30, arm="intervention", outcome=105.0),
        *pupils(3, arm="intervention", outcome=170.0),
        *pupils(11, arm="control", outcome=81.0), *pupils(20, arm="control", outcome=111.0),
    ]  # fmt: skip
    table = distribution([sample_of(rows, design="individual", schools=[])])
    after = table[table["measure"] == "outcome"]
    bins = {arm: own[["low", "high", "count"]].to_numpy().tolist() for arm, own in after.groupby("arm")}
    edges = [row[:2] for row in bins["control"]]
    assert edges == [row[:2] for row in bins["intervention"]]
    assert [row[2] for row in bins["control"]] == [11, 20]
    assert [row[2] for row in bins["intervention"]] == [12, 33]
    assert edges[0][0] == 0
    assert edges[-1][1] == 200
    assert after.groupby("arm")["percent"].sum().tolist() == pytest.approx([100, 100])


def test_each_value_of_a_yes_no_outcome_has_a_bin() -> None:
    study, scores = make_trial()
    samples = [trial_sample(scores, study, outcome) for outcome in study.plan.outcomes]
    table = distribution(samples)
    own = table[(table["outcome"] == "passed") & (table["measure"] == "outcome")]
    assert own[["low", "high"]].drop_duplicates().to_numpy().tolist() == [[-0.5, 0.5], [0.5, 1.5]]
    analysed = samples[1].analysed
    expected = analysed[analysed["arm"] == "control"]["outcome"].sum()
    assert own[(own["arm"] == "control") & (own["low"] == 0.5)]["count"].tolist() == [expected]
    grades = table[(table["outcome"] == "grade") & (table["measure"] == "outcome")]
    assert sorted(set(grades["low"])) == [0.5, 1.5, 2.5, 3.5]


def test_small_arms_show_nothing() -> None:
    rows = [*pupils(9, arm="intervention"), *pupils(40, arm="control")]
    sample = sample_of(rows, design="individual", schools=[])
    table = distribution([sample])
    assert table["count"].isna().all()
    assert len(table) == 4
    means = arms([sample]).set_index(["measure", "arm"])
    assert means.loc[("outcome", "intervention"), "n"] == 9
    assert means.loc[("outcome", "intervention"), ["mean", "mean_low", "mean_high", "sd", "variance"]].isna().all()
    assert means.loc[("outcome", "control"), "mean"] == 100


def test_the_mean_of_a_cluster_trial_has_the_interval_of_its_schools() -> None:
    # Schools of one size: the interval is that of the t test on school means (CR2 with equal clusters).
    random = np.random.default_rng(5)
    rows = [
        {"arm": arm, "school": f"{arm} {school}", "outcome": float(np.round(100 + 5 * level + random.normal(0, 10)))}
        for arm in ("intervention", "control")
        for school, level in enumerate(random.normal(size=6))
        for _ in range(8)
    ]
    sample = sample_of(rows)
    found = arms([sample]).set_index(["measure", "arm"]).loc[("outcome", "control")]
    means = sample.frame[sample.frame["arm"] == "control"].groupby("school")["outcome"].mean()
    half = 2.570582 * means.std(ddof=1) / math.sqrt(6)  # t(5), 97.5%
    assert found["mean"] == pytest.approx(means.mean())
    assert found["mean_high"] - found["mean"] == pytest.approx(half, rel=1e-6)
    assert found["variance"] == pytest.approx(found["sd"] ** 2)


def test_missing_are_all_who_were_randomised_and_are_not_in_n() -> None:
    rows = [
        *pupils(20, arm="intervention"), *pupils(6, arm="intervention", outcome=math.nan),
        *pupils(30, arm="control"), *pupils(12, arm="control", in_population=False),
    ]  # fmt: skip
    found = arms([sample_of(rows, design="individual", schools=[])]).set_index(["measure", "arm"])
    assert found.loc[("outcome", "intervention"), ["n", "n_missing"]].tolist() == [20, 6]
    assert found.loc[("outcome", "control"), ["n", "n_missing"]].tolist() == [30, 0]


def test_a_share_that_tells_of_few_is_hidden() -> None:
    study, scores = make_trial(design="individual", schools=4)
    passed = scores.frame["scale"] == "passed.value"
    scores.frame.loc[passed, "value"] = 1.0
    scores.frame.loc[scores.frame[passed].index[:3], "value"] = 0.0
    table = arms([trial_sample(scores, study, study.plan.outcomes[1])])
    assert table.loc[table["measure"] == "outcome", "mean"].isna().all()
