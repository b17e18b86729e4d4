"""The loader of questionnaires: every rule that a file can break gives one sentence with its line."""

from pathlib import Path

import pytest

from evalkit.errors import SpecError
from evalkit.records.instrument import (
    Instrument,
    instrument_file,
    instrument_ids,
    instrument_versions,
    load_instrument,
)

FILE = """\
schema: evalkit-instrument/1
id: tiny
version: '1'
title: Tiny
construct: test
respondent: pupil
class: B
wording: withheld
licence: {holder: nobody, terms: none, open_licence: false}
citation: none
responses:
  five: {min: 1, max: 5, anchors: {1: No, 5: Yes}}
  three: {min: 0, max: 2}
default_response: five
items:
  - {id: q1, label: First topic}
  - {id: q2, label: Second topic}
  - {id: q3, label: Third topic}
  - {id: other, label: Other topic, response: three}
scores:
  - id: total
    label: Total
    keys: [q1, -q2, q3]
    method: sum
    range: [3, 15]
    missing: {rule: prorate, min_items: 2, source: a book}
  - {id: mean, label: Mean, keys: [q1, -q2, q3], method: mean}
  - {id: metric, label: Metric, from_score: total, method: lookup, table: to_metric}
  - {id: double, label: Double, from_score: total, method: affine, transform: [{op: multiply, value: -2}]}
  - {id: both, label: Both, from_scores: [total, double], method: sum}
  - {id: yes, label: Says yes, keys: [other], method: percent_in, values: [2]}
lookup_tables:
  to_metric: {3: 0, 4: 1, 5: 2, 6: 3, 7: 4, 8: 5, 9: 6, 10: 7, 11: 8, 12: 9, 13: 10, 14: 11, 15: 12.5}
reliability:
  - {score: total, stat: alpha, low: 0.7, high: 0.8, source: a book, verified: true}
  - {score: total, stat: alpha, value: 0.95, verified: false}
  - {score: mean, stat: retest_r, value: 0.6, weeks: 4, source: a book, verified: true}
norms:
  - {score: total, mean: 9, sd: 2, population: pupils somewhere, source: a book, verified: true}
  - {score: total, mean: 12, population: nobody knows, verified: false}
tests:
  - answers: {q1: 1, q2: 5, q3: 1}
    expect: {total: 3}
"""


def write(folder: Path, old: str = "", new: str = "") -> Path:
    path = folder / "tiny.yaml"
    assert old in FILE
    path.write_text(FILE.replace(old, new, 1), encoding="utf-8")
    return path


def line_of(text: str) -> int:
    return FILE[: FILE.index(text)].count("\n") + 1


@pytest.fixture
def tiny(tmp_path: Path) -> Instrument:
    return load_instrument(write(tmp_path))


# What stands in the file, what it is changed to, the line that must be named, and the sentence.
BROKEN = [
    ("keys: [q1, -q2, q3]", "keys: [q1, -q9, q3]", "keys: [q1", "(found: '-q9'): This key names no item"),
    ("keys: [q1, -q2, q3]", "keys: [q1, q1, -q2]", "keys: [q1", "The item q1 stands twice among the keys"),
    ("keys: [q1, -q2, q3]", "keys: [q1, other, -q2]", "- id: total", "Its items have different answer scales"),
    ("range: [3, 15]", "range: [3, 12]", "range: [3", "The answers allowed give 3 to 15"),
    ("min_items: 2", "min_items: 4", "missing: {rule: prorate", "There are only 3 keys; use 1 to 3"),
    ("rule: prorate, min_items: 2", "rule: complete, min_items: 2", "missing:", "The rule 'complete' means all 3"),
    ("rule: prorate", "rule: available_mean", "missing: {rule", "A score by 'sum' from items takes: complete, prorate"),
    ("min_items: 2,", "min_items: 2, rounding: up,", "missing: {rule", "The value should be 'none' or 'half_up'"),
    ("from_score: total, method: lookup", "from_score: totl, method: lookup", "- {id: metric", "This names no other"),
    ("table: to_metric}", "table: to_rasch}", "- {id: metric", "This is not among the lookup_tables"),
    ("table: to_metric}", "method: lookup}", "- {id: metric", "the key 'method' stands twice"),
    ("from_score: total, method: lookup", "from_score: mean, method: lookup", "- {id: metric", "use a score by 'sum'"),
    ("7: 4, 8: 5, ", "", "to_metric: {3", "The table has no value for the raw scores 7, 8"),
    ("from_scores: [total, double]", "from_scores: [total, dobule]", "- {id: both", "This names no other score"),
    ("from_scores: [total, double]", "from_scores: [both]", "- {id: both", "This names no other score"),
    ("from_score: total, method: affine", "from_score: both, method: affine", "- {id: double", "made from itself"),
    ("from_score: total, method: affine", "keys: [q1], method: affine", "- {id: double", "found keys"),
    (", transform: [{op: multiply, value: -2}]", "", "- {id: double", "A score by 'affine' needs 'transform'"),
    ("values: [2]", "values: [2, 4]", "- {id: yes", "The answers 4 lie outside 0-2"),
    ("values: [2]", "values: [2], top: [1]", "- {id: yes", "This does not belong to a score by 'percent_in'"),
    ("keys: [other]", "keys: [-other]", "- {id: yes", "A score by 'percent_in' takes one item, not reversed"),
    ("{id: mean, label", "{id: total, label", "- {id: mean", "This score id stands twice"),
    ("id: q3, label", "id: q2, label", "- {id: q3", "This item id stands twice"),
    ("label: Third topic", "label: Third topic, text: I try", "- {id: q3", "so no item may carry a text; take it out"),
    ("wording: withheld", "wording: shipped", "wording: withheld", "The items q1, q2, q3, other carry no text"),
    ("response: three", "response: four", "- {id: other", "This is not among the responses; use one of: five, three"),
    ("default_response: five", "default_response: six", "default_response", "This is not among the responses"),
    ("min: 1, max: 5", "min: 5, max: 1", "five: {min", "Min (5) must be below max (1)"),
    ("5: Yes", "6: Yes", "five: {min", "The anchors [6] lie outside 1-5"),
    ("score: mean, stat", "score: men, stat", "- {score: mean", "This is no score of the file"),
    ("value: 0.6, weeks: 4, source: a book", "value: 0.6", "- {score: mean", "A verified figure needs its 'source'"),
    ("low: 0.7, high: 0.8", "low: 0.7", "- {score: total, stat: alpha, low", "Give either 'value' or both"),
    ("low: 0.7, high: 0.8", "low: 0.8, high: 0.7", "- {score: total, stat: alpha, low", "'low' is above 'high'"),
    ("q3: 1}", "q4: 1}", "- answers", "There is no item 'q4'"),
    ("expect: {total: 3}", "expect: {totl: 3}", "expect", "There is no score 'totl'"),
    ("method: sum\n", "method: product\n", "method: sum", "The value should be 'mean', 'sum'"),
    ("class: B", "clas: B", "class: B", "Did you mean 'class'?"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "sentence"), BROKEN, ids=[f"{case[3][:60]}" for case in BROKEN])
def test_a_broken_rule_is_one_sentence_with_its_line(
    tmp_path: Path, old: str, new: str, line: str, sentence: str
) -> None:
    with pytest.raises(SpecError) as caught:
        load_instrument(write(tmp_path, old, new))
    found = [problem for problem in caught.value.problems if sentence in problem]
    assert len(found) == 1, caught.value.problems
    assert f"tiny.yaml, line {line_of(line)}" in found[0]


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    path = write(tmp_path)
    text = path.read_text(encoding="utf-8").replace("keys: [q1, -q2, q3]", "keys: [q7, -q8, q3]", 1)
    path.write_text(
        text.replace("values: [2]", "top: [2]").replace("score: mean, stat", "score: x, stat"), encoding="utf-8"
    )
    with pytest.raises(SpecError) as caught:
        load_instrument(path)
    assert [problem.split("'")[1] for problem in caught.value.problems] == [
        "scores.total.keys.1",
        "scores.total.keys.2",
        "scores.yes.method",
        "scores.yes.top",
        "reliability.3.score",
    ]


def test_another_answer_scale_is_another_version(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="a form with other answers is another version, in a file of its own"):
        load_instrument(write(tmp_path, "method: sum\n", "method: sum\n    response: three\n"))


def test_ranges_follow_from_the_answers(tiny: Instrument) -> None:
    assert {score.id: tiny.range_of(score.id) for score in tiny.scores} == {
        "total": (3, 15),
        "mean": (1, 5),
        "metric": (0, 12.5),
        "double": (-30, -6),
        "both": (-27, 9),
        "yes": (0, 100),
    }


def test_items_come_through_other_scores_too(tiny: Instrument) -> None:
    assert tiny.items_of("both") == ("q1", "q2", "q3")
    assert tiny.item_signs("metric") == {"q1": False, "q2": True, "q3": False}
    assert tiny.items_of("yes") == ("other",)
    assert tiny.response_of("other").span == "0-2"


def test_without_a_published_rule_every_answer_is_needed(tiny: Instrument) -> None:
    rule = tiny.missing_rule("mean")
    assert (rule.rule, rule.min_items) == ("complete", 3)
    assert rule.note == "No rule for missing answers was published; a score needs every answer (evalkit's choice)."
    assert tiny.missing_rule("total").rule == "prorate"
    assert tiny.missing_rule("both").min_items == 2


def test_only_verified_facts_are_handed_on(tiny: Instrument) -> None:
    (fact,) = tiny.verified_reliability("total")
    assert (fact.lowest, fact.highest) == (0.7, 0.8)
    (retest,) = tiny.verified_reliability("mean")
    assert (retest.lowest, retest.highest, retest.weeks) == (0.6, 0.6, 4)
    assert [norm.mean for norm in tiny.verified_norms("total")] == [9]
    assert tiny.verified_norms("mean") == ()


def test_an_age_counts_only_when_verified(tmp_path: Path, tiny: Instrument) -> None:
    assert tiny.verified_age is None
    for verified in (True, False):
        text = f"age: {{min: 8, verified: {str(verified).lower()}}}\nclass: B"
        age = load_instrument(write(tmp_path, "class: B", text)).verified_age
        assert (age is not None) is verified


def test_identity_tells_versions_and_answer_scales_apart(tmp_path: Path, tiny: Instrument) -> None:
    assert tiny.identity == "tiny@1[1-5,0-2]"
    assert load_instrument(write(tmp_path, "version: '1'", "version: '2'")).identity == "tiny@2[1-5,0-2]"
    seven = load_instrument(write(tmp_path, "three: {min: 0, max: 2}", "three: {min: 0, max: 3}"))
    assert seven.identity == "tiny@1[1-5,0-3]"


def test_a_score_that_is_not_there_lists_those_that_are(tiny: Instrument) -> None:
    with pytest.raises(
        SpecError, match=r"tiny has no score 'x'\. Use one of: total, mean, metric, double, both, yes\."
    ):
        tiny.score("x")


def test_an_unknown_questionnaire_lists_those_there_are() -> None:
    with pytest.raises(SpecError, match="There is no instrument 'grit_s9'") as caught:
        load_instrument("grit_s9")
    assert all(name.split("@")[0] in caught.value.message for name in instrument_ids())
    assert "@" not in caught.value.message
    with pytest.raises(SpecError, match="is not an instrument id"):
        load_instrument("../secrets")


def test_one_s_own_folder_comes_before_the_shipped_ones(tmp_path: Path) -> None:
    folder = tmp_path / "instruments" / "grit_s8"
    folder.mkdir(parents=True)
    own = folder / "instrument.yaml"
    own.write_text(FILE.replace("id: tiny", "id: grit_s8", 1), encoding="utf-8")
    assert load_instrument("grit_s8", beside=tmp_path).title == "Tiny"
    assert load_instrument("gse10", beside=tmp_path).id == "gse10"
    own.write_text(FILE, encoding="utf-8")
    with pytest.raises(SpecError, match="the id is 'tiny' but the folder is called 'grit_s8'"):
        load_instrument("grit_s8", beside=tmp_path)


def in_versions(folder: Path, *versions: str) -> Path:
    """A folder with an instrument `tiny` that exists in several versions."""
    for version in versions:
        home = folder / "instruments" / "tiny" / version
        home.mkdir(parents=True)
        note = f"version: {version}\nversion_note: the {version} one."
        (home / "instrument.yaml").write_text(FILE.replace("version: '1'", note, 1), encoding="utf-8")
    return folder


def test_of_several_versions_one_is_chosen(tmp_path: Path) -> None:
    beside = in_versions(tmp_path, "new", "old")
    assert instrument_versions("tiny", beside=beside) == ("new", "old")
    assert load_instrument("tiny", version="old", beside=beside).version == "old"
    assert load_instrument("tiny@new", beside=beside).version == "new"
    for wanted, start in ((None, "tiny exists in several versions"), ("third", "tiny has no version 'third'")):
        with pytest.raises(SpecError) as caught:
            load_instrument("tiny", version=wanted, beside=beside)
        assert caught.value.message.startswith(start)
        assert "Use one of: new (the new one); old (the old one)." in caught.value.message
        assert "write 'version: new' beside 'instrument: tiny'" in caught.value.message


def test_a_questionnaire_with_one_version_takes_no_other(tmp_path: Path) -> None:
    assert instrument_versions("gse10") == ()
    assert load_instrument("gse10", version="1995-en").id == "gse10"
    for name in ("gse10", "gse10@2001"):
        with pytest.raises(SpecError, match=r"gse10: there is no version '2001'; the file is version '1995-en'"):
            load_instrument(name, version="2001" if "@" not in name else None)
    with pytest.raises(SpecError, match="there is no version '2'; the file is version '1'"):
        load_instrument(write(tmp_path), version="2")


def test_a_version_s_folder_is_called_as_its_file_says(tmp_path: Path) -> None:
    beside = in_versions(tmp_path, "new", "old")
    (beside / "instruments" / "tiny" / "old").rename(beside / "instruments" / "tiny" / "older")
    with pytest.raises(SpecError, match="the version is 'old' but the folder is called 'older'"):
        load_instrument("tiny", version="older", beside=beside)
    other = (beside / "instruments" / "tiny" / "new" / "instrument.yaml").read_text(encoding="utf-8")
    (beside / "instruments" / "tiny" / "new" / "instrument.yaml").write_text(
        other.replace("id: tiny", "id: other", 1), encoding="utf-8"
    )
    with pytest.raises(SpecError, match="the id is 'other' but the folder is called 'tiny'"):
        load_instrument("tiny", version="new", beside=beside)


def test_the_file_of_an_instrument_is_found_in_its_version(tmp_path: Path, tiny: Instrument) -> None:
    assert instrument_file(tiny) is None
    beside = in_versions(tmp_path, "new", "old")
    old = load_instrument("tiny", version="old", beside=beside)
    assert instrument_file(old, beside=beside) == beside / "instruments" / "tiny" / "old" / "instrument.yaml"
    for name in ("gse10", "rses10@order-b"):
        path = instrument_file(load_instrument(name), beside=beside)
        assert path is not None
        assert load_instrument(path) == load_instrument(name)


def test_an_instrument_cannot_be_changed(tiny: Instrument) -> None:
    with pytest.raises(ValueError, match="frozen"):
        tiny.version = "2"  # pyright: ignore[reportAttributeAccessIssue]
