"""Programmes side by side: only like with like, pooled only where that makes sense, and always a reason."""

from dataclasses import replace
from functools import cache

import pytest
from scipy import stats

from evalkit.errors import DesignError, SpecError
from evalkit.portfolio.compare import NO_COMPARISON, ONE_ONLY, OWN, compare
from evalkit.records.measure import Measure, instrument_of
from evalkit.records.portfolio import Portfolio
from evalkit.records.results import Results, load_results
from evalkit.report.render import render_portfolio
from evalkit.report.words_portfolio import portfolio_answer
from evalkit.shipped import shipped
from evalkit.stats.meta_analysis import pool

SIZES = (0.30, 0.05, 0.22, -0.04)
ERRORS = (0.10, 0.08, 0.12, 0.09)


@cache
def shipped_results(name: str) -> Results:
    return load_results(shipped("analyses") / name / "results.json")


def trial(number: int, *, version: str = "gse10@1995-en[1-4]", es_type: str = "g_total") -> Results:
    """The shipped trial under another name, with an effect of its own on a scale that others use too."""
    one = shipped_results("eal-mainstream-classroom")
    estimates, models = one.estimates.copy(), one.models.copy()
    df = 40.0
    half = stats.t.ppf(0.975, df) * ERRORS[number]
    here = (
        estimates["inquiry"].eq("effect")
        & estimates["estimator"].eq("multilevel")
        & estimates["outcome"].eq("science_eal")
    )
    estimates.loc[here, ["effect_size", "es_low", "es_high", "df", "p_value"]] = [
        SIZES[number], SIZES[number] - half, SIZES[number] + half, df, 0.01 * (number + 1),
    ]  # fmt: skip
    estimates.loc[here, "es_type"] = es_type
    models["scale_version"] = estimates["scale_version"] = version
    plan = one.plan.model_copy(update={"id": f"trial-{number}", "outcomes": one.plan.outcomes[:1]})
    return replace(one, plan=plan, estimates=estimates, models=models)


def test_alike_trials_are_pooled_by_the_errors_behind_their_intervals() -> None:
    portfolio = compare([trial(number) for number in range(4)])
    assert portfolio.pooled["n_programmes"].tolist() == [4]
    (row,) = portfolio.pooled.to_dict("records")
    expected = pool(SIZES, ERRORS)
    for name in ("estimate", "conf_low", "conf_high", "predict_low", "predict_high", "tau2", "i2", "p_value"):
        assert row[name] == pytest.approx(getattr(expected, name), rel=1e-9), name
    assert portfolio.rows["weight"].sum() == pytest.approx(1)
    assert portfolio.rows["p_adjusted"].tolist() == pytest.approx([0.04, 0.06, 0.06, 0.06])
    assert portfolio.rows["padlocks"].tolist() == [4.0] * 4
    assert portfolio.rows["cost_per_pupil"].iloc[0] == pytest.approx(5.574713, abs=1e-6)
    assert "over 4 programmes (randomised trial) the average difference is" in portfolio_answer(portfolio)


@pytest.mark.parametrize(
    ("others", "says"),
    [
        ([trial(0), trial(1, version="gse10@1995-de[1-4]")], ONE_ONLY),
        ([trial(0), trial(1)], "Only 2 programmes"),
        ([trial(0), trial(1), trial(2, es_type="cox_d")], "worked out in different ways (cox_d, g_total)"),
        ([trial(0), shipped_results("keyham-resilience")], ONE_ONLY),
        ([shipped_results("eal-mainstream-classroom"), shipped_results("project-star")], OWN),
    ],
)
def test_what_is_not_alike_is_not_pooled(others: list[Results], says: str) -> None:
    pooled = compare(others).pooled
    assert (pooled["status"] == "not_pooled").all()
    assert pooled["estimate"].isna().all()
    assert pooled["reason"].str.contains(says, regex=False).any()


def test_a_published_test_is_the_same_measure_in_every_plan_that_names_its_edition() -> None:
    named = {"id": "reading", "label": "Reading", "low": 0, "high": 141, "waves": {"post": ["Reading"]}, "source": "GL"}
    whole, alone = (instrument_of(Measure.model_validate(named | more)) for more in ({"edition": "NGRT A, 2018"}, {}))
    assert whole.identity == "reading@NGRT A, 2018[0-141]"
    pooled = compare([trial(number, version=whole.identity) for number in range(3)]).pooled
    assert (pooled["status"] == "ok").sum() == 1
    refused = compare([trial(number, version=alone.identity) for number in range(3)]).pooled
    assert set(refused["reason"]) == {OWN}


def test_changes_without_a_comparison_group_stand_side_by_side_but_are_not_pooled() -> None:
    keyham = shipped_results("keyham-resilience")
    again = [replace(keyham, plan=keyham.plan.model_copy(update={"id": f"school-{number}"})) for number in range(4)]
    pooled = compare(again).pooled
    assert pooled["n_programmes"].tolist() == [4, 4, 4]
    assert set(pooled["reason"]) == {NO_COMPARISON}


def test_two_arms_of_one_programme_are_not_two_programmes() -> None:
    portfolio = compare([shipped_results("project-star"), shipped_results("keyham-resilience")])
    star = portfolio.rows[portfolio.rows["programme"] == "project-star"]
    assert star["contrast"].nunique() == 2
    assert portfolio.pooled["n_programmes"].max() == 1


def test_surveys_of_opinion_stand_alone() -> None:
    portfolio = compare([shipped_results("getting-ahead-london"), shipped_results("growing-the-top")])
    assert set(portfolio.rows["status"]) == {"not_comparable"}
    assert portfolio.rows["effect_size"].isna().all()


def test_there_and_back() -> None:
    portfolio = compare([trial(0), trial(1), shipped_results("keyham-resilience")])
    again = Portfolio.from_json(portfolio.to_json())
    assert again.to_json() == portfolio.to_json()
    assert again.rows.equals(portfolio.rows)
    with pytest.raises(SpecError, match="not a portfolio"):
        Portfolio.from_json("{}")


def test_wrong_use_is_one_sentence() -> None:
    with pytest.raises(DesignError, match="nothing to compare"):
        compare([trial(0)])
    with pytest.raises(DesignError, match="stand twice: trial-0"):
        compare([trial(0), trial(0)])


def test_the_page_says_what_may_be_compared(tmp_path) -> None:
    (page,) = render_portfolio(compare([trial(number) for number in range(4)]), folder=tmp_path, formats=["html"])
    text = page.read_text(encoding="utf-8")
    assert "Average of 4 programmes" in text
    assert "likely range" in text
    assert not any(word in text for word in ("nan", "None", "NaN"))
