"""Verification on results made by hand: what differs is named by its row."""

from dataclasses import replace

import pandas as pd
import pytest

from evalkit.records.evaluation import Study
from evalkit.records.results import ESTIMATE_COLUMNS, Provenance, Results
from evalkit.records.verification import compare_results


def results(
    study: Study, *, estimate: float = 1.25, sources: tuple[tuple[str, str], ...] = (("pre.csv", "aa"),)
) -> Results:
    row = dict.fromkeys(ESTIMATE_COLUMNS)
    row |= {"inquiry": "change", "outcome": "tiny", "estimator": "paired_t", "unit": "points", "estimate": estimate}
    provenance = Provenance("0.1.0", "p", "r", {"tiny4@1[1-5]": "i"}, sources, 1, {"python": "3.11", "numpy": "2.0"})
    frame = pd.DataFrame([row], columns=list(ESTIMATE_COLUMNS))
    return Results(study.plan, {}, frame, pd.DataFrame(), (), (), {}, (), provenance)


def test_equal_results_are_the_same_bytes(study: Study) -> None:
    assert compare_results(results(study), results(study)).verdict == "same_bytes"


def test_another_environment_with_the_same_numbers(study: Study) -> None:
    now = results(study, estimate=1.25 * (1 + 1e-9))
    now = replace(now, provenance=replace(now.provenance, environment={"python": "3.12", "numpy": "2.0"}))
    outcome = compare_results(results(study), now)
    assert (outcome.verdict, outcome.reproduced) == ("same_numbers", True)
    assert outcome.environment == ("python: 3.11 then, 3.12 now",)


@pytest.mark.parametrize(("factor", "verdict"), [(1 + 0.9e-8, "same_numbers"), (1 + 1.1e-8, "changed")])
def test_the_tolerance_is_relative_1e_8(study: Study, factor: float, verdict: str) -> None:
    assert compare_results(results(study), results(study, estimate=1.25 * factor)).verdict == verdict


def test_a_changed_file_and_the_row_it_changed_are_named(study: Study) -> None:
    outcome = compare_results(results(study), results(study, estimate=1.5, sources=(("pre.csv", "bb"),)))
    assert not outcome.reproduced
    assert outcome.changed_input == "the survey file pre.csv has other content"
    assert outcome.differences == ("estimates, change tiny paired_t points, estimate: 1.25 then, 1.5 now",)


def test_a_value_that_came_or_went_is_a_change(study: Study) -> None:
    outcome = compare_results(results(study), results(study, estimate=float("nan")))
    assert outcome.differences == ("estimates, change tiny paired_t points, estimate: 1.25 then, nothing now",)


def test_a_changed_plan_names_its_key(study: Study) -> None:
    before = results(study)
    now = replace(before, plan=before.plan.model_copy(update={"alpha": 0.1}))
    now = replace(now, provenance=replace(now.provenance, plan_sha256="q"))
    assert compare_results(before, now).changed_input == "the plan: alpha: 0.05 then, 0.1 now"
