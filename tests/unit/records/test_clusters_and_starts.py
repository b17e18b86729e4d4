"""Plans with clusters of schools and with groups that start one after the other; words about files without a draw."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from evalkit.errors import SpecError
from evalkit.records.evaluation import Evaluation
from evalkit.records.new_plan import write_plan
from evalkit.records.spec_file import read_yaml, validate_spec
from evalkit.records.trial_tables import join_trial


def plan(folder: Path, design: Any, **changes: Any) -> Evaluation:
    """The written plan of a design, with top-level keys replaced."""
    file = read_yaml(write_plan("example", design=design, folder=folder))
    assert isinstance(file.data, dict)
    file.data.update(changes)
    return validate_spec(file, Evaluation)


WAVES = [{"id": "pre", "label": "Before"}, {"id": "post", "label": "After"}, {"id": "later", "label": "Later"}]
START = {"start": {"values": {"autumn": "post", "no": "never"}}}


def test_the_written_plan_of_a_comparison_holds(tmp_path: Path) -> None:
    found = plan(tmp_path, "comparison_prepost")
    assert (found.control.id, found.assigned_unit, found.needs_school) == ("comparison", "pupil", False)


def test_school_and_hub_are_columns_of_the_pupil_file(tmp_path: Path) -> None:
    found = plan(tmp_path, "single_group_prepost", clusters={"hub": {"headers": ["Trust"]}, "hub_name": "trust"})
    assert [(one.id, one.label) for one in found.pupil_facts] == [("school", "School"), ("hub", "Trust")]


@pytest.mark.parametrize(
    ("design", "changes", "words"),
    [
        ("single_group_prepost", {"clusters": {"target": {"subgroup": "fsm", "values": ["yes"]}}}, "no subgroup"),
        ("single_group_prepost", {"clusters": {}, "covariates": [{"id": "school", "label": "S"}]}, "keep it here only"),
        ("comparison_prepost", {"clusters": {}}, "names schools under 'comparison:'"),
        ("comparison_prepost", {"comparison": START}, "need 3 waves at least; found 2"),
        (
            "comparison_prepost",
            {"comparison": {"start": {"values": {"x": "pre"}}}, "waves": WAVES},
            "'pre' is no wave after the first; allowed: post, later, never",
        ),
    ],
)
def test_every_fault_is_a_sentence(tmp_path: Path, design: str, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError) as error:
        plan(tmp_path, design, **changes)
    assert words in " ".join(error.value.problems)


def test_files_without_a_draw_are_not_called_randomised(tmp_path: Path) -> None:
    schools = {"assigned": "school", "group": {"values": {"P": "programme", "C": "comparison"}}}
    found = plan(tmp_path, "comparison_prepost", comparison=schools)
    responses = pd.DataFrame(
        {
            "pupil": list("abcd"),
            "wave": "pre",
            "school": ["A", "A", "B", ""],
            "arm": ["programme", "comparison", "", ""],
        }
    )
    faults = join_trial(responses, None, found, certificate=None).faults
    told = " ".join(one.sentence for one in faults)
    assert {one.kind for one in faults} == {"arm_varies", "pupil_without_school", "without_arm", "small_arm"}
    assert "though whole schools are compared" in told
    assert "the one that it was in when the programme began" in told
    assert "random" not in told
    assert "alloc" not in told
