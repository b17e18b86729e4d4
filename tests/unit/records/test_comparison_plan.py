"""The plan of a comparison without randomisation: what it says, and every fault that it can have, each with its key."""

from pathlib import Path
from typing import Any

import pytest

from evalkit.errors import SpecError
from evalkit.records.evaluation import Evaluation, load_evaluation
from evalkit.records.new_plan import write_plan
from evalkit.records.spec_file import parse_yaml, validate_spec

PLANS = Path(__file__).parents[3] / "evalkit" / "records" / "plans"
PLAN = (PLANS / "matched_comparison.yaml").read_text(encoding="utf-8")
WAVES = [{"id": name, "label": name} for name in ("year_1", "year_2", "year_3")]
MEASURE_WAVES = {name: [name] for name in ("year_1", "year_2", "year_3")}


def plan(**changes: Any) -> Evaluation:
    """The template's plan with some keys changed; a path with double underscores reaches inside."""
    file = parse_yaml(PLAN.format(id="oak", title="Oak", seed=1), name="plan.yaml")
    content: Any = file.data
    for path, value in changes.items():
        place = content
        *inside, last = path.split("__")
        for key in inside:
            place = place[int(key)] if key.isdigit() else place[key]
        place[last] = value
    return validate_spec(file, Evaluation)


def test_the_template_is_a_plan(tmp_path: Path) -> None:
    write_plan("oak", design="matched_comparison", folder=tmp_path)
    found = load_evaluation(tmp_path / "oak").plan
    assert found.is_comparison
    assert found.has_groups
    assert not found.is_trial
    assert found.control.id == "comparison"
    assert found.assigned_unit == "school"
    assert found.groups is not None
    assert found.groups.allocation.values == {"P": "programme", "C": "comparison"}


def test_the_baseline_is_the_last_wave_before_the_programme() -> None:
    found = plan(waves=WAVES, measures__0__waves=MEASURE_WAVES, comparison__last_wave_before="year_2")
    assert found.baseline_wave == "year_2"
    assert found.wave_of(found.outcomes[0]) == "year_3"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"comparison": None}, "needs a block 'comparison:'"),
        ({"comparison__matching": None}, "needs 'matching:'"),
        ({"arms__1__control": False}, "exactly one arm, the comparison group, needs 'control: true'; none has it"),
        ({"unit_of_randomisation": "school"}, "is not randomised; write none here"),
        ({"design": "single_group_prepost"}, "has no such block; take it out"),
        ({"comparison__last_wave_before": "then"}, "'then' is no wave of this plan; allowed: baseline, outcome"),
        ({"comparison__last_wave_before": "outcome"}, "nothing was measured after the programme began"),
        ({"outcomes__0__wave": "baseline"}, "lies before the programme began; only a placebo may"),
        ({"outcomes__0__role": "placebo"}, "at least one outcome must be primary or secondary"),
        ({"comparison__matching__exact": ["eal"]}, "'eal' is no covariate or subgroup of this plan; it has: fsm, age"),
        (
            {"comparison__matching__method": "coarsened", "comparison__matching__coarsen": {"fsm": [1]}},
            "'fsm' is a category; only numbers have cut points",
        ),
        (
            {"comparison__matching__method": "coarsened", "comparison__matching__coarsen": {"age": [3, 2]}},
            "each cut point must be above the one before",
        ),
        (
            {"comparison__assigned": "pupil", "comparison__matching__unit": "school"},
            "whole schools are matched only where whole schools had the programme",
        ),
        (
            {"comparison__matching__method": "full", "comparison__matching__replacement": True},
            "'replacement' belongs to the method nearest",
        ),
        ({"comparison__matching__estimand": "ate"}, "which is the estimand att"),
        ({"missing_data__baseline": "indicator"}, "in randomised designs only; write leave_out"),
        ({"comparison__group__values": {"P": "treated"}}, "'treated' is no arm of this plan"),
        ({"comparison__assigned": "class"}, "'class:' must say how their column is headed"),
    ],
)
def test_every_fault_is_a_sentence_with_its_key(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError) as error:
        plan(**changes)
    assert words.lower() in " ".join(error.value.problems).lower(), error.value.problems
