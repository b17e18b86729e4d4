"""The plan of a trial: what it says, and every fault that it can have, each with its key."""

from pathlib import Path
from typing import Any

import pytest

from evalkit.errors import SpecError
from evalkit.records.evaluation import Evaluation, Study, load_evaluation
from evalkit.records.new_plan import write_plan
from evalkit.records.spec_file import parse_yaml, validate_spec

PLAN = (Path(__file__).parents[3] / "evalkit" / "records" / "plans" / "cluster_trial.yaml").read_text(encoding="utf-8")


def plan(**changes: Any) -> Evaluation:
    """The template's plan with some keys changed; a path with dots reaches inside."""
    file = parse_yaml(PLAN.format(id="oak", title="Oak", seed=1), name="plan.yaml")
    content: Any = file.data
    for path, value in changes.items():
        place = content
        *inside, last = path.split("__")
        for key in inside:
            place = place[int(key)] if key.isdigit() else place[key]
        place[last] = value
    return validate_spec(file, Evaluation)


@pytest.fixture
def study(tmp_path: Path) -> Study:
    write_plan("oak", design="cluster_trial", folder=tmp_path)
    return load_evaluation(tmp_path / "oak")


def test_a_measure_is_an_instrument_of_one_number(study: Study) -> None:
    assert [one.id for one in study.instruments] == ["posttest", "pretest"]
    assert all(one.is_measure and not one.validated for one in study.instruments)
    assert study.scores == (("posttest", "value"), ("pretest", "value"))
    assert study.instrument("pretest").range_of("value") == (0.0, 150.0)


def test_each_wave_needs_its_own_measures(study: Study) -> None:
    assert study.items_at("baseline") == ("pretest.value",)
    assert study.items_at("outcome") == ("posttest.value",)


def test_a_questionnaire_taken_twice_is_needed_twice() -> None:
    found = plan(outcomes__0__instrument="gse10", outcomes__0__score="total", outcomes__0__baseline=None)
    assert found.baseline_of(found.outcomes[0]).scale == "gse10.total"
    assert found.control.id == "control"
    assert found.wave_of(found.outcomes[0]) == "outcome"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"arms__1__control": False}, "exactly one arm needs 'control: true'; none has it"),
        ({"unit_of_randomisation": "pupil"}, "this is school or class; found pupil"),
        ({"unit_of_randomisation": "class"}, "'class:' must say how the column with the class is headed"),
        ({"trial": None}, "needs a block 'trial:'"),
        ({"trial__allocation__values": {"T": "programme"}}, "'programme' is no arm of this plan"),
        ({"outcomes__0__pupils": {"subgroup": "eal", "values": ["yes"]}}, "'eal' is no subgroup of this plan"),
        ({"outcomes__0__pupils": {"subgroup": "fsm", "values": ["maybe"]}}, "'maybe' is no value of fsm"),
        ({"outcomes__0__wave": "summer"}, "'summer' is no wave"),
        ({"outcomes__0__instrument": "pretest"}, "the measure pretest is not taken at 'outcome'"),
        ({"measures__0__waves": {"spring": []}}, "'spring' is no wave of this plan"),
        ({"measures__0__low": 200}, "low (200) must be below high (150)"),
        ({"subgroups__0__id": "arm"}, "'arm' is the name of a column of evalkit"),
        ({"missing_data__auxiliary": ["sen"]}, "'sen' is no covariate or subgroup"),
        ({"trial__analysis__varying_effect": True}, "only where both arms are in each school"),
        (
            {"trial__compliance": [{"id": "fsm", "label": "Sessions", "high": 3}]},
            "the id 'fsm' is taken",
        ),
        (
            {
                "trial__cost": {
                    "source": "x",
                    "pupils": [1, 1],
                    "items": [{"name": "Training", "timing": "start_up", "amounts": [1]}],
                }
            },
            "1 amounts for 2 years",
        ),
    ],
)
def test_a_fault_is_named(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError) as caught:
        plan(**changes)
    assert any(words.casefold() in problem.casefold() for problem in caught.value.problems), caught.value.problems


def test_a_single_group_has_nothing_of_a_trial() -> None:
    with pytest.raises(SpecError) as caught:
        plan(design="single_group_prepost", unit_of_randomisation="none")
    told = " ".join(caught.value.problems)
    assert "is no trial" in told.casefold()
    assert "compares the same score twice" in told
