"""A mean among others: percentile and distance by hand, only the same version, only ten or more."""

from dataclasses import replace

import pytest
from typer.testing import CliRunner

from evalkit.cli import app
from evalkit.portfolio.similar import similar
from evalkit.records.results import Results, load_results
from evalkit.shipped import shipped

FOLDER = shipped("analyses") / "keyham-resilience"


@pytest.fixture(scope="module")
def results() -> Results:
    return load_results(FOLDER / "results.json")


def other(results: Results, name: str, mean: float, *, version: str | None = None) -> Results:
    """The same programme elsewhere, with another mean of self-efficacy."""
    means, models = results.displays["means"].copy(), results.models.copy()
    means.loc[means["outcome"] == "self_efficacy", "mean"] = mean
    if version:
        models.loc[models["outcome"] == "self_efficacy", "scale_version"] = version
    plan = results.plan.model_copy(update={"id": name})
    return replace(results, plan=plan, displays={**results.displays, "means": means}, models=models)


def test_percentile_and_distance_are_those_of_a_calculation_by_hand(results: Results) -> None:
    others = [other(results, f"school-{n}", 20.0 + n) for n in range(11)]  # 20 to 30: mean 25, SD sqrt(11)
    found = similar(results, others).set_index(["outcome", "wave"]).loc[("self_efficacy", "pre")]
    below = sum(20.0 + n < found["mean"] for n in range(11))
    assert found["n_others"] == 11
    assert found["percentile"] == pytest.approx(100 * below / 11)
    assert found["distance"] == pytest.approx((found["mean"] - 25.0) / 11**0.5)


def test_nine_others_are_too_few_and_the_evaluation_itself_is_none(results: Results) -> None:
    others = [results, *(other(results, f"school-{n}", 20.0 + n) for n in range(9))]
    found = similar(results, others).set_index(["outcome", "wave"]).loc[("self_efficacy", "pre")]
    assert "Only 9 others" in found["reason"]
    assert found[["percentile", "distance"]].isna().all()


def test_another_version_is_never_compared(results: Results) -> None:
    others = [other(results, f"school-{n}", 20.0 + n, version="gse10@another[1-5]") for n in range(12)]
    found = similar(results, others).set_index(["outcome", "wave"]).loc[("self_efficacy", "pre")]
    assert found["n_others"] == 0


def test_the_command_says_what_it_is_not() -> None:
    done = CliRunner().invoke(app, ["similar", str(FOLDER), str(FOLDER)])
    assert done.exit_code == 0
    assert "says nothing about the programme" in done.output
