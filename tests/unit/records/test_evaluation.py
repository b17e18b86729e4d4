from pathlib import Path

import pytest

from evalkit.errors import SpecError
from evalkit.records.evaluation import load_evaluation
from evalkit.records.new_plan import write_plan


def edit(folder: Path, old: str, new: str) -> Path:
    path = folder / "evaluation.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return folder


def problems_of(folder: Path) -> str:
    with pytest.raises(SpecError) as caught:
        load_evaluation(folder)
    return str(caught.value)


def test_a_plan_brings_its_instruments(study_folder: Path) -> None:
    study = load_evaluation(study_folder)
    assert study.plan.outcomes[0].scale == "tiny4.total"
    assert study.items("tiny4") == ("q1", "q2", "q3", "q4")
    assert study.plan.conf_level == 0.95
    assert load_evaluation(study_folder / "evaluation.yaml").plan == study.plan


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("seed: 1", "seed: 1\nsuppresion: 5", ["line 22", "'suppresion'", "Did you mean 'suppression_threshold'"]),
        ("    score: total", "    scores: total", ["line 12", "'outcomes.tiny.scores'", "Did you mean 'score'"]),
        ("seed: 1", "sed: 1", ["unknown key 'sed'", "'seed' is missing"]),
        ("seed: 1", "seed: soon", ["line 21", "key 'seed'", "'soon'"]),
        ("design: single_group_prepost", "design: best", ["line 5", "'best'", "single_group_prepost"]),
        ("instrument: tiny4", "instrument: tiny5", ["line 11", "no instrument 'tiny5'", "Use one of"]),
        ("score: total", "score: sum", ["line 12", "no score 'sum'", "total"]),
        ("instrument: tiny4", "instrument: tiny4\n    version: '2'", ["version '2'", "version '1'", "never mixed"]),
        ("{id: post, label: After}", "{id: pre, label: After}", ["'pre' stands twice"]),
        (", {id: post, label: After}", "", ["exactly two waves", "found 1"]),
        ("[{id: programme, label: Pupils}]", "[{id: a, label: A}, {id: b, label: B}]", ["one arm", "found 2"]),
        (
            "suppression_threshold: 10",
            "suppression_threshold: 1",
            ["suppression_threshold", "greater than or equal to 3"],
        ),
        ("seed: 1", "seed: 1\nseed: 2", ["'seed' stands twice", "line 22"]),
        ("arms: [", "arms: {[", ["line 7", "not valid YAML"]),
        (
            "role: primary",
            "role: primary\n    retest: {value: 0.5, weeks: 52, source: x}",
            ["52 weeks", "at most 4 weeks"],
        ),
        (
            "seed: 1",
            "seed: 1\ndata: {files: [{path: a.csv, wave: during}]}",
            ["a.csv", "'during'", "allowed: post, pre"],
        ),
    ],
)
def test_a_bad_plan_names_line_and_key(study_folder: Path, old: str, new: str, expected: list[str]) -> None:
    message = problems_of(edit(study_folder, old, new))
    for part in expected:
        assert part in message
    assert "Traceback" not in message


def test_all_problems_are_told_at_once(study_folder: Path) -> None:
    edit(study_folder, "seed: 1", "seed: -1\nalpha: 2\nsidez: 2")
    with pytest.raises(SpecError) as caught:
        load_evaluation(study_folder)
    assert len(caught.value.problems) == 3


def test_a_missing_plan_says_how_to_make_one(tmp_path: Path) -> None:
    assert "evalkit new" in problems_of(tmp_path)


WORDING = """\
schema: evalkit-wording/1
instruments:
  tiny4:
    version: '1'
    permission: ours
    items: {q1: I keep trying.}
"""


def test_wording_is_read_and_held_against_the_instrument(study_folder: Path) -> None:
    (study_folder / "wording.yaml").write_text(WORDING, encoding="utf-8")
    study = load_evaluation(study_folder)
    assert study.wording["tiny4"].items == {"q1": "I keep trying."}
    assert not study.wording["tiny4"].may_be_shared
    (study_folder / "wording.yaml").write_text(WORDING.replace("'1'", "'2'").replace("q1:", "q9:"), encoding="utf-8")
    message = problems_of(study_folder)
    assert "version '2'" in message
    assert "no item 'q9'" in message


def test_a_new_plan_loads_as_it_is_and_is_never_overwritten(tmp_path: Path) -> None:
    path = write_plan("oakfield-resilience", design="single_group_prepost", folder=tmp_path)
    plan = load_evaluation(path.parent).plan
    assert (plan.id, plan.programme.name) == ("oakfield-resilience", "Oakfield resilience")
    with pytest.raises(SpecError, match="there is a plan already"):
        write_plan("oakfield-resilience", design="single_group_prepost", folder=tmp_path)


@pytest.mark.parametrize("name", ["Oakfield", "../away", "", "a b", "x" * 61])
def test_a_plan_needs_an_id(tmp_path: Path, name: str) -> None:
    with pytest.raises(SpecError, match="cannot be an evaluation's id"):
        write_plan(name, design="single_group_prepost", folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_plan_chooses_among_versions_that_are_scored_differently(study_folder: Path) -> None:
    message = problems_of(edit(study_folder, "instrument: tiny4", "instrument: rses10"))
    assert "rses10 exists in several versions that are scored differently" in message
    assert "order-a (the first question is about being worth as much as others" in message
    assert "write 'version: order-a' beside 'instrument: rses10'" in message
    edit(study_folder, "instrument: rses10", "instrument: rses10\n    version: order-b")
    study = load_evaluation(study_folder)
    assert study.instrument("rses10").identity == "rses10@order-b[0-3]"
    message = problems_of(edit(study_folder, "version: order-b", "version: order-c"))
    assert "rses10 has no version 'order-c'. Use one of: order-a (" in message


def test_two_outcomes_never_name_two_versions(study_folder: Path) -> None:
    edit(study_folder, "instrument: tiny4", "instrument: tses12\n    version: order-a")
    plan = (study_folder / "evaluation.yaml").read_text(encoding="utf-8")
    start, end = plan.index("  - id: tiny\n"), plan.index("suppression_threshold")
    second = plan[start:end].replace("id: tiny", "id: other").replace("order-a", "order-b")
    second = second.replace("score: total", "score: management")
    (study_folder / "evaluation.yaml").write_text(plan[:end] + second + plan[end:], encoding="utf-8")
    message = problems_of(study_folder)
    assert "tses12: the outcomes name order-a and order-b. Two versions are never mixed; keep one." in message
