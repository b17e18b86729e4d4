"""What the plan decides: sides, level, families, direction, reliability, smallest worthwhile change, selection."""

import math

import numpy as np
import pytest
from scipy import stats

from evalkit.analysis.analyse import analyse
from evalkit.records.instrument import load_instrument


def main_rows(results):
    table = results.tidy()
    return table[table["estimator"] == "paired_t"].set_index("outcome")


def worse_when_higher(instrument):
    """The same instrument, with a higher score meaning worse."""
    scores = tuple(score.model_copy(update={"higher_is": "worse"}) for score in instrument.scores)
    return instrument.model_copy(update={"scores": scores})


def linked_values(scores, scale):
    frame = scores.frame[scores.frame["scale"] == scale]
    wide = frame.pivot_table(index="pupil", columns="wave", values="value").dropna()
    return wide["pre"].to_numpy(), wide["post"].to_numpy()


def test_alpha_sets_the_level_of_every_interval(plan, study_of, scores_of):
    study = study_of(plan(alpha=0.10))
    table = analyse(scores_of(study), study).tidy()
    levels = table.loc[table["conf_low"].notna(), "conf_level"]
    assert set(levels) == {0.9}
    narrow, wide = main_rows(analyse(scores_of(study), study)), main_rows(analyse(scores_of(study), study_of(plan())))
    assert (narrow["conf_high"] < wide["conf_high"]).all()


def test_one_side_tests_a_rise(plan, study_of, scores_of):
    study = study_of(plan(sides=1))
    scores = scores_of(study)
    pre, post = linked_values(scores, "gse10.total")
    row = main_rows(analyse(scores, study)).loc["self_efficacy"]
    assert row["p_value"] == pytest.approx(stats.ttest_rel(post, pre, alternative="greater").pvalue)
    assert row["reason"].startswith("One-sided test: p is that of a rise.")
    two_sided = main_rows(analyse(scores, study_of(plan()))).loc["self_efficacy"]
    assert two_sided["reason"] == ""
    assert row["conf_low"] == two_sided["conf_low"]


def test_one_side_tests_a_fall_where_higher_is_worse(plan, study_of, scores_of):
    turned = worse_when_higher(load_instrument("gse10"))
    study = study_of(plan(sides=1), instruments=[turned])
    scores = scores_of(study)
    pre, post = linked_values(scores, "gse10.total")
    results = analyse(scores, study)
    row = main_rows(results).loc["self_efficacy"]
    assert row["p_value"] == pytest.approx(stats.ttest_rel(post, pre, alternative="less").pvalue)
    assert row["estimate"] == pytest.approx(np.mean(post - pre)), "the sign is kept"
    assert results.instruments["gse10"]["scores"]["total"]["higher_is"] == "worse"
    table = results.tidy().set_index(["outcome", "estimator"])
    wilcoxon = table.loc[("self_efficacy", "wilcoxon")]
    ranked = stats.wilcoxon(np.round(post - pre, 10), alternative="less", correction=True)
    assert wilcoxon["p_value"] == pytest.approx(ranked.pvalue)
    assert wilcoxon["estimate"] > 0, "a rise stays above 0"
    assert wilcoxon["reason"] == "One-sided test: p is that of a fall."


def test_a_fall_is_an_improvement_where_higher_is_worse(plan, study_of, scores_from):
    turned = worse_when_higher(load_instrument("grit_s8"))
    only_grit = plan().outcomes[1].model_dump(mode="json")
    study = study_of(plan(outcomes=[only_grit], suppression_threshold=3), instruments=[turned])
    falls = {f"P{place}": (4.0 + place % 3 / 4, 1.5 + place % 2) for place in range(8)}
    rises = {f"Q{place}": (2.0 + place % 3 / 4, 4.0 + place % 2) for place in range(4)}
    stays = {f"R{place}": (3.0 + place % 3 / 4, 3.0 + place % 3 / 4) for place in range(3)}
    pairs = falls | rises | stays
    table = analyse(scores_from(study, {"grit": pairs}, omega=0.95), study).tidy()
    counts = table[table["inquiry"] == "reliable_change"].set_index("contrast")["estimate"]
    assert counts["improved"] == 8
    assert counts["declined"] == 4


def test_a_scale_that_is_neither_better_nor_worse_only_rises_and_falls(plan, study_of, scores_of):
    instrument = load_instrument("grit_s8")
    scores = tuple(score.model_copy(update={"higher_is": "neither"}) for score in instrument.scores)
    study = study_of(plan(), instruments=[instrument.model_copy(update={"scores": scores})])
    table = analyse(scores_of(study), study).tidy()
    rows = table[(table["inquiry"] == "reliable_change") & (table["outcome"] == "grit")]
    assert rows["contrast"].tolist() == ["rose", "no_reliable_change", "fell", "threshold"]


@pytest.mark.parametrize("method", ["holm", "hochberg", "benjamini_hochberg", "none"])
def test_primary_outcomes_are_a_family_and_secondary_ones_apart(plan, study_of, scores_of, method):
    study = study_of(plan(multiplicity={"method": method, "family": "main questions"}))
    rows = main_rows(analyse(scores_of(study), study))
    assert rows["family"].to_dict() == {
        "self_efficacy": "main questions",
        "grit": "secondary outcomes",
        "motivation": "main questions",
    }
    low, high = sorted(rows.loc[["self_efficacy", "motivation"], "p_value"])
    expected = {
        "holm": (min(1, 2 * low), max(min(1, 2 * low), high)),
        "hochberg": (min(2 * low, high), high),
        "benjamini_hochberg": (min(2 * low, high), high),
        "none": (low, high),
    }[method]
    adjusted = sorted(rows.loc[["self_efficacy", "motivation"], "p_adjusted"])
    assert adjusted == pytest.approx(list(expected))
    assert rows.loc["grit", "p_adjusted"] == rows.loc["grit", "p_value"]


def test_secondary_rows_and_others_carry_no_adjusted_p(plan, study_of, scores_of):
    study = study_of(plan())
    table = analyse(scores_of(study), study).tidy()
    assert table.loc[table["estimator"] != "paired_t", "p_adjusted"].isna().all()


def test_a_published_retest_in_the_plan_is_the_reliability(plan, study_of, scores_of):
    outcomes = [outcome.model_dump(mode="json") for outcome in plan().outcomes]
    outcomes[1]["retest"] = {"value": 0.78, "weeks": 4, "source": "EEF SPECTRUM"}
    study = study_of(plan(outcomes=outcomes))
    scores = scores_of(study)
    table = analyse(scores, study).tidy().set_index(["outcome", "contrast"])
    row = table.loc[("grit", "threshold")]
    pre, _ = linked_values(scores, "grit_s8.total")
    assert row["estimate"] == pytest.approx(1.959963984540054 * math.sqrt(2 * (1 - 0.78)) * pre.std(ddof=1))
    assert row["reason"] == "published 4-week retest 0.78 (EEF SPECTRUM)"


def test_alpha_stands_in_where_there_is_no_omega(plan, study_of, scores_of):
    study = study_of(plan())
    scores = scores_of(study)
    scores.quality.scales.loc[:, "omega"] = np.nan
    table = analyse(scores, study).tidy().set_index(["outcome", "contrast"])
    assert table.loc[("grit", "threshold"), "reason"].startswith("this sample's alpha before, 0.")


def test_without_any_reliability_the_rows_say_so(plan, study_of, scores_of):
    study = study_of(plan())
    scores = scores_of(study)
    scores.quality.scales.loc[:, ["omega", "alpha"]] = np.nan
    results = analyse(scores, study)
    rows = results.tidy().query("inquiry == 'reliable_change'")
    assert set(rows["status"]) == {"not_estimated"}
    assert rows["reason"].str.contains("retest of at most 4 weeks").all()
    measure = next(check for check in results.checks if check.name == "measure")
    assert measure.rating == "unknown"


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [(1.5, "points", 100 * 1.5 / 30), (4.0, "percent_of_range", 4.0), (0.3, "sd", None)],
)
def test_smallest_worthwhile_change_in_points_of_range(plan, study_of, scores_of, value, unit, expected):
    outcomes = [outcome.model_dump(mode="json") for outcome in plan().outcomes]
    outcomes[0]["smallest_worthwhile"] = {"value": value, "unit": unit, "source": "the school"}
    study = study_of(plan(outcomes=outcomes))
    scores = scores_of(study)
    table = analyse(scores, study).displays["change"].set_index("outcome")
    if expected is None:
        pre, _ = linked_values(scores, "gse10.total")
        expected = 100 * 0.3 * pre.std(ddof=1) / 30
    assert table.loc["self_efficacy", "worthwhile"] == pytest.approx(expected)
    assert math.isnan(table.loc["grit", "worthwhile"]), "none declared, none invented"


def test_no_regression_row_unless_chosen_on_the_baseline(plan, study_of, scores_of):
    study = study_of(plan(selection={"chosen_on_baseline": False}))
    assert "regression_to_mean" not in set(analyse(scores_of(study), study).tidy()["inquiry"])


def test_chosen_without_the_population_is_a_row_with_the_reason(plan, study_of, scores_of):
    study = study_of(plan(selection={"chosen_on_baseline": True}))
    table = analyse(scores_of(study), study).tidy()
    rows = table[table["inquiry"].isin(["regression_to_mean", "reliable_change"])]
    assert set(rows["status"]) == {"not_estimated"}
    assert rows["reason"].str.contains("selection.population.").all()


def test_leavers_are_compared_with_stayers_before_the_programme(plan, study_of, scores_of):
    study = study_of(plan())
    scores = scores_of(study, n_left=12)
    frame = scores.frame[scores.frame["scale"] == "grit_s8.total"].pivot_table(
        index="pupil", columns="wave", values="value"
    )
    left = frame.loc[frame["pre"].notna() & frame["post"].isna(), "pre"].to_numpy()
    stayed = frame.dropna()["pre"].to_numpy()
    row = analyse(scores, study).tidy().query("inquiry == 'leavers' and outcome == 'grit'").squeeze()
    found = stats.ttest_ind(left, stayed)
    assert row["estimate"] == pytest.approx(left.mean() - stayed.mean())
    low, high = found.confidence_interval(0.95)
    assert [row["conf_low"], row["conf_high"]] == pytest.approx([low, high])
    assert (row["contrast"], row["wave"], row["n_treated"]) == ("left - stayed", "pre", 12)
    assert row["es_type"] == "hedges_g"


def test_no_leavers_is_a_row_that_says_so(plan, study_of, scores_of):
    study = study_of(plan())
    rows = analyse(scores_of(study, n_left=0), study).tidy().query("inquiry == 'leavers'")
    assert set(rows["status"]) == {"not_estimated"}
    assert rows["reason"].str.startswith("Every pupil").all()
