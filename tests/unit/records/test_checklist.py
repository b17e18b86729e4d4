"""The reporting checklists: whole, each item with its source's status, and honest about what the report says."""

import re
from functools import reduce
from pathlib import Path

import pytest

import evalkit
from evalkit.analysis.analyse import analyse
from evalkit.errors import SpecError
from evalkit.records.checklist import CHECKLIST_COLUMNS, checklist_ids, checklist_table, load_checklists
from evalkit.records.evaluation import load_evaluation
from evalkit.records.new_plan import write_plan
from evalkit.records.results import Results
from evalkit.road import with_planning
from tests.unit.analysis.trial_scores import make_trial, make_trial_plan

TEMPLATES = sorted((Path(evalkit.__file__).parent / "report" / "templates").glob("*/template.qmd"))
NUMBERS = [
    "1a", "1b", "2a", "2b", "3a", "3b", "4a", "4b", "5", "6a", "6b", "7a", "7b", "8a", "8b", "9", "10", "11a", "11b",
    "12a", "12b", "13a", "13b", "14a", "14b", "15", "16", "17a", "17b", "18", "19", "20", "21", "22", "23", "24", "25",
]  # fmt: skip
READ = [
    "1a", "2a", "2b", "3a", "4a", "5", "6a", "7a", "8b", "9", "10a", "10b", "10c", "12a", "13a", "13b",
]  # fmt: skip


def test_every_item_of_consort_and_tidier_is_there():
    lists = load_checklists()
    assert [one.id for one in lists.consort.for_trials("pupils")] == NUMBERS
    clusters = [one.id for one in lists.consort.for_trials("clusters")]
    assert clusters == [*NUMBERS[:16], "10a", "10b", "10c", *NUMBERS[17:]]
    assert [one.id for one in lists.tidier.items] == [f"T{k}" for k in range(1, 13)]


def test_only_what_was_read_is_marked_so():
    items = load_checklists().consort.for_trials("clusters")
    assert [one.id for one in items if one.status == "V"] == READ
    assert {one.status for one in load_checklists().consort.for_trials("pupils")} == {"M"}


def test_needs_are_keys_of_a_plan_and_displays_of_results():
    study, scores = make_trial(seed=3, schools=12, pupils=12)
    displays = {*with_planning(analyse(scores, study), study).displays, "deviations"}
    lists = load_checklists()
    for item in (*lists.consort.items, *lists.tidier.items):
        for key in item.needs.plan:
            assert reduce(lambda part, name: getattr(part, name), key.split("."), study.plan) is not Ellipsis
        assert set(item.needs.displays) <= displays
        assert item.place or not (item.needs.plan or item.needs.displays)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.parent.name)
def test_a_report_that_shows_the_checklist_has_every_place(path: Path):
    headings = set(re.findall(r"^##+ (.*)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE))
    lists = load_checklists()
    places = {one.place for one in (*lists.consort.items, *lists.tidier.items) if one.place}
    assert "The CONSORT checklist" not in headings or places <= headings, places - headings


def test_a_place_stands_only_where_the_report_says_it():
    changes = {"trial": {"checklist": {"9": "Protocol, section 4", "1b": "Summary"}}}
    study, scores = make_trial(seed=3, schools=12, pupils=12, changes=changes)
    results = with_planning(analyse(scores, study), study)
    table = results.displays["checklist"]
    assert list(table) == list(CHECKLIST_COLUMNS)
    row = table.set_index("item")
    assert row.loc["9", ["place", "status", "source_status"]].tolist() == ["Protocol, section 4", "reported", "V"]
    assert row.loc["1b", "place"] == "Summary"
    assert row.loc["13a", "place"] == "Who took part"
    assert row.loc["7a", ["place", "status"]].tolist() == ["", "not supplied"]  # the plan assumes nothing
    assert row.loc["23", "status"] == row.loc["3b", "status"] == "not supplied"  # neither registered nor sealed
    assert row.loc["19", "status"] == "not supplied"
    sealed = results.displays | {"deviations": results.displays["checklist"].iloc[:0]}
    object.__setattr__(results, "displays", sealed)
    assert checklist_table(results).set_index("item").loc["3b", "status"] == "reported"


def test_trials_of_pupils_have_their_own_wording():
    study, scores = make_trial(design="individual", seed=3, schools=10, pupils=12)
    topics = with_planning(analyse(scores, study), study).displays["checklist"].set_index("item")["topic"]
    assert "cluster" not in topics["1a"]
    assert "10" in topics.index
    assert "10a" not in topics.index


def test_an_item_that_is_none_is_told(tmp_path):
    path = write_plan("reading", design="cluster_trial", folder=tmp_path)
    text = path.read_text(encoding="utf-8").replace("  # checklist:", "  checklist:")
    path.write_text(text, encoding="utf-8")
    assert load_evaluation(tmp_path / "reading").plan.trial.checklist == {
        "8a": "Protocol, page 6",
        "9": "Protocol, page 7",
    }
    path.write_text(text.replace("{8a:", "{title:"), encoding="utf-8")
    with pytest.raises(SpecError, match="There is no item 'title'; use those of CONSORT and TIDieR: 1a, 1b"):
        load_evaluation(tmp_path / "reading")
    assert "T12" in checklist_ids()
    assert make_trial_plan("cluster", ["intervention", "control"], {}).trial.checklist == {}


def test_results_with_a_plan_of_another_version_are_told():
    study, scores = make_trial(seed=3, schools=12, pupils=12)
    text = analyse(scores, study).to_json()
    with pytest.raises(SpecError, match="this version of evalkit does not accept"):
        Results.from_json(text.replace('"checklist": {}', '"checklist": {"title": "x"}'))
