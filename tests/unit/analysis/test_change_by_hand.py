"""The rows of "change" against a calculation by hand (n = 6), scipy, and the Bayes factor's integral."""

import math

import numpy as np
import pytest
from scipy import integrate, stats

from evalkit.analysis.analyse import analyse

# Pupils' scores on a scale of 1 to 5. Means 3 and 3.5; variances 0.8 and 1.1; changes 1 0 1 1 0 0, variance 0.3.
BY_HAND = {"P1": (2, 3), "P2": (3, 3), "P3": (3, 4), "P4": (4, 5), "P5": (2, 2), "P6": (4, 4)}
T_975_5 = 2.570581836
J_5 = math.gamma(2.5) / (math.sqrt(2.5) * math.gamma(2))
R = 0.8 / math.sqrt(0.8 * 1.1)


def one_outcome(plan, **changes):
    outcome = plan().outcomes[1].model_dump(mode="json")
    return plan(outcomes=[{**outcome, **changes}], suppression_threshold=3)


@pytest.fixture
def rows(plan, study_of, scores_from):
    study = study_of(one_outcome(plan))
    table = analyse(scores_from(study, {"grit": BY_HAND}), study).tidy()
    return table.set_index(["inquiry", "estimator", "contrast"]).sort_index()


def change(rows, estimator):
    return rows.loc[("change", estimator, "post - pre")]


def test_mean_change(rows):
    row = change(rows, "paired_t")
    std_error = math.sqrt(0.3 / 6)
    assert row[["estimate", "std_error", "df", "statistic"]].tolist() == pytest.approx(
        [0.5, std_error, 5, 0.5 / std_error]
    )
    assert [row["conf_low"], row["conf_high"]] == pytest.approx([0.5 - T_975_5 * std_error, 0.5 + T_975_5 * std_error])
    assert row["unit"] == "points"
    assert row["n_treated"] == 6
    assert row["n_control"] == 0
    assert row["status"] == "ok"
    assert row["conf_level"] == 0.95


def test_effect_size_of_the_main_row_is_d_av(rows):
    row = change(rows, "paired_t")
    d_av = J_5 * 0.5 / math.sqrt((0.8 + 1.1) / 2)
    assert row["effect_size"] == pytest.approx(d_av)
    assert (row["es_type"], row["es_interval"]) == ("d_av", "Algina-Keselman noncentral t")
    assert change(rows, "d_av")["estimate"] == pytest.approx(d_av)


@pytest.mark.parametrize(
    ("estimator", "yardstick"),
    [
        ("d_z", math.sqrt(0.3)),
        ("d_av", math.sqrt(0.95)),
        ("d_rm", math.sqrt(0.3) / math.sqrt(2 * (1 - R))),
        ("d_baseline", math.sqrt(0.8)),
    ],
)
def test_standardised_changes_are_named_and_corrected(rows, estimator, yardstick):
    row = change(rows, estimator)
    assert row["estimate"] == pytest.approx(J_5 * 0.5 / yardstick)
    assert row["es_type"] == estimator
    assert row["unit"] == "sd"
    assert row["conf_low"] < row["estimate"] < row["conf_high"]


def test_three_percentages_are_kept_apart(rows):
    of_range = change(rows, "percent_of_range")
    half_width = 100 * T_975_5 * math.sqrt(0.3 / 6) / 4
    assert [of_range["estimate"], of_range["conf_low"], of_range["conf_high"]] == pytest.approx(
        [12.5, 12.5 - half_width, 12.5 + half_width]
    )
    assert change(rows, "percent_of_baseline")["estimate"] == pytest.approx(25)
    ratios = np.array([1 / 1, 0 / 2, 1 / 2, 1 / 3, 0 / 1, 0 / 3])
    assert change(rows, "percent_pupil_ratio")["estimate"] == pytest.approx(100 * ratios.mean())
    assert of_range["unit"] == "percent_of_range"


def test_reliable_change(rows):
    threshold = 1.959963984540054 * math.sqrt(2) * math.sqrt(0.8) * math.sqrt(1 - 0.8)
    found = rows.loc[("reliable_change", "jacobson_truax")]
    assert found.loc["threshold", "estimate"] == pytest.approx(threshold)
    assert found.loc["threshold", "unit"] == "points"
    counts = found.loc[["improved", "no_reliable_change", "declined"], "estimate"]
    assert counts.isna().all(), "0, 6 and 0 of 6 tell of every single pupil"
    assert found.loc["threshold", "reason"] == "this sample's omega before, 0.80"


def test_regression_to_the_mean(plan, study_of, scores_from):
    selection = {
        "chosen_on_baseline": True,
        "population": {"grit": {"mean": 3.6, "retest_r": 0.7, "source": "a norm study"}},
    }
    study = study_of(one_outcome(plan).model_copy(update={"selection": plan(selection=selection).selection}))
    table = analyse(scores_from(study, {"grit": BY_HAND}), study).tidy()
    row = table[table["inquiry"] == "regression_to_mean"].squeeze()
    assert row["estimate"] == pytest.approx((1 - 0.7) * (3.6 - 3.0))
    assert "a norm study" in row["reason"]
    reliable = table[table["inquiry"] == "reliable_change"]
    assert set(reliable["estimator"]) == {"edwards_nunnally"}
    # Regressed scores 3.6 + 0.8 (x - 3.6): 2.32 3.12 3.12 3.92 2.32 3.92; noise 1.96 sqrt(0.8) sqrt(0.2) = 0.784.
    # Only P3 (4 against 3.12) and P4 (5 against 3.92) lie above; nobody lies below: 2 pupils are too few to show.
    assert reliable["estimate"].iloc[3] == pytest.approx(1.959963984540054 * math.sqrt(0.8) * math.sqrt(0.2))
    assert reliable["status"].tolist()[:2] == ["suppressed", "suppressed"]


@pytest.fixture
def many(plan, study_of, scores_of):
    study = study_of(plan())
    scores = scores_of(study)
    frame = scores.frame[scores.frame["scale"] == "mslq44.intrinsic_value"]
    wide = frame.pivot_table(index="pupil", columns="wave", values="value").dropna()
    table = analyse(scores, study).tidy()
    table = table[(table["outcome"] == "motivation") & (table["inquiry"] == "change")].set_index("estimator")
    return table, wide["pre"].to_numpy(), wide["post"].to_numpy()


def test_paired_row_agrees_with_scipy(many):
    table, pre, post = many
    found = stats.ttest_rel(post, pre)
    row = table.loc["paired_t"]
    assert [row["statistic"], row["p_value"], row["df"]] == pytest.approx([found.statistic, found.pvalue, found.df])
    low, high = found.confidence_interval(0.95)
    assert [row["conf_low"], row["conf_high"]] == pytest.approx([low, high])


def test_wilcoxon_agrees_with_scipy(many):
    table, pre, post = many
    found = stats.wilcoxon(np.round(post - pre, 10), correction=True)
    row = table.loc["wilcoxon"]
    assert [row["statistic"], row["p_value"]] == pytest.approx([found.statistic, found.pvalue])
    moved = np.round(post - pre, 10)
    moved = moved[moved != 0]
    ranks = stats.rankdata(np.abs(moved))
    assert row["estimate"] == pytest.approx(np.sum(np.sign(moved) * ranks) / ranks.sum())


def test_bayes_factor_agrees_with_the_integral_of_rouder_2009(many):
    table, pre, post = many
    t = stats.ttest_rel(post, pre).statistic
    n, df, r = pre.size, pre.size - 1, 0.707

    def cauchy_mixture(delta):
        density = stats.nct.pdf(t, df, delta * math.sqrt(n))
        return density * stats.cauchy.pdf(delta, scale=r)

    alternative, _ = integrate.quad(cauchy_mixture, -6, 6, limit=200, points=[0, t / math.sqrt(n)])
    # The prior's mass beyond 6 SD meets a likelihood of practically 0 here.
    assert table.loc["bayes_factor", "estimate"] == pytest.approx(alternative / stats.t.pdf(t, df), rel=1e-4)
    assert table.loc["bayes_factor", "unit"] == "bf10"
