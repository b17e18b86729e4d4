"""Every shipped questionnaire is complete, sourced, free of withheld wording, and scores its hand-worked cases."""

import ast
import csv
import functools
import importlib.util
import math
import operator
import re
from fractions import Fraction
from pathlib import Path

import pandas as pd
import pytest

import evalkit
from evalkit.errors import SpecError
from evalkit.records.instrument import Instrument, Score, instrument_ids, instrument_versions, load_instrument
from evalkit.scoring.score import score_items

ROOT = Path(evalkit.__file__).parent.parent
FOLDER = ROOT / "instruments"
PAGE = ROOT / "docs" / "reference" / "instruments.md"
IDS = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())
ASKED_FOR = {
    "gse10", "ngse8", "ipip_self_efficacy10", "grit_s8", "grit_o12", "ipip_perseverance8", "mslq44", "mslq81",
    "imi_core23", "ipip_learning10", "scwbs", "wemwbs14", "swemwbs7", "who5", "mai52", "brs6",
    "cyrm_r17", "sdq_self25", "rses10", "mamas9", "ipip_teamwork9", "tses12", "tses24", "staff_feedback6",
}  # fmt: skip
IN_VERSIONS = {
    name: tuple(sorted(path.parent.name for path in (FOLDER / name).glob("*/instrument.yaml")))
    for name in IDS
    if not (FOLDER / name / "instrument.yaml").exists()
}
# Public domain, or our own. Whoever ships another wording adds its id here and its licence to the file.
WORDING_SHIPPED = {
    "ipip_self_efficacy10", "ipip_perseverance8", "ipip_learning10", "ipip_teamwork9", "staff_feedback6",
}  # fmt: skip
FIRST_PERSON = re.compile(r"\b(?:I|I'm|I've|my|me|myself)\b")
OPERATIONS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


@functools.cache
def loaded(name: str) -> Instrument:
    return load_instrument(name)


@functools.cache
def scored_example(name: str) -> pd.DataFrame:
    return score_items(example_table(loaded(name)), loaded(name))


@pytest.fixture(params=instrument_ids())
def instrument(request: pytest.FixtureRequest) -> Instrument:
    return loaded(request.param)


def name_of(instrument: Instrument) -> str:
    return f"{instrument.id}@{instrument.version}" if instrument.id in IN_VERSIONS else instrument.id


def folder_of(instrument: Instrument) -> Path:
    return FOLDER.joinpath(*name_of(instrument).split("@"))


def read_rows(instrument: Instrument, name: str) -> list[dict[str, str]]:
    with (folder_of(instrument) / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def example_table(instrument: Instrument) -> pd.DataFrame:
    table = pd.read_csv(folder_of(instrument) / "example.csv", index_col="row")
    assert list(table.columns) == [item.id for item in instrument.items]
    return table


def test_every_questionnaire_that_was_asked_for_is_shipped() -> None:
    assert set(IDS) >= ASKED_FOR
    assert IN_VERSIONS["cyrm_r17"] == ("five-answers", "three-answers")
    assert IN_VERSIONS["rses10"] == IN_VERSIONS["tses12"] == ("order-a", "order-b")
    versions = {f"{name}@{version}" for name, both in IN_VERSIONS.items() for version in both}
    assert instrument_ids() == sorted((set(IDS) - set(IN_VERSIONS)) | versions)
    assert all(len(both) > 1 for both in IN_VERSIONS.values())


@pytest.mark.parametrize(("name", "versions"), IN_VERSIONS.items())
def test_where_versions_are_scored_differently_one_must_be_chosen(name: str, versions: tuple[str, ...]) -> None:
    assert instrument_versions(name) == versions
    with pytest.raises(SpecError, match="exists in several versions that are scored differently") as caught:
        load_instrument(name)
    both = [loaded(f"{name}@{version}") for version in versions]
    for one in both:
        assert one.id == name
        assert one.version_note
        assert f"{one.version} ({one.version_note})" in caught.value.message
    assert len({one.identity for one in both}) == len({one.title for one in both}) == len(both)
    assert len({(one.scores, str(one.responses)) for one in both}) == len(both)


def test_the_folder_holds_the_three_files_and_nothing_else(instrument: Instrument) -> None:
    names = {path.name for path in folder_of(instrument).iterdir()}
    assert names == {"instrument.yaml", "example.csv", "expected.csv"}


def test_keys_cover_the_items_and_ranges_are_stated(instrument: Instrument) -> None:
    used = {item for score in instrument.scores for item in instrument.items_of(score.id)}
    assert used == {item.id for item in instrument.items}
    for score in instrument.scores:
        assert score.range == instrument.possible_range(score.id)
        assert score.higher_is != "neither" or score.purpose == "check" or score.note
    for scale in instrument.responses.values():
        # Where the words of the answers are in doubt the file gives none, and says so.
        assert {scale.min, scale.max} <= set(scale.anchors) or (
            not scale.anchors and "words of the" in (instrument.caution or "")
        )


def test_a_rule_for_missing_answers_says_where_it_comes_from(instrument: Instrument) -> None:
    for score in instrument.scores:
        if score.keys and score.method in ("mean", "sum"):
            assert score.missing is not None
            assert score.missing.source or (score.missing.rule == "complete" and score.missing.note)


def test_sources_are_there(instrument: Instrument) -> None:
    assert any(fact.level in ("primary", "secondary", "data") for fact in instrument.verified)
    assert all(fact.what.strip() and fact.source.strip() for fact in instrument.verified)
    assert re.search(r"\(\d{4}\)", instrument.citation) or instrument.citation == "evalkit"
    for fact in instrument.reliability:
        assert fact.source or not fact.verified
        assert fact.weeks is not None or not fact.stat.startswith("retest")
    for norm in instrument.norms:
        assert norm.source or not norm.verified
        assert len(norm.population.split()) >= 3


def test_what_is_not_verified_reaches_nothing(instrument: Instrument) -> None:
    page = PAGE.read_text(encoding="utf-8")
    section = page[page.index(f"`{instrument.id}`, version `{instrument.version}`, for") :].split("\n## ")[0]
    for score in instrument.scores:
        assert all(fact.verified for fact in instrument.verified_reliability(score.id))
        assert all(norm.verified for norm in instrument.verified_norms(score.id))
        known = {norm.mean for norm in instrument.verified_norms(score.id)}
        for norm in instrument.norms:
            assert norm.verified or norm.mean in known or f"mean {norm.mean:g}" not in section
        for fact in instrument.reliability:
            if not fact.verified:
                assert f"`{fact.score}`: " not in section.split("Published reliability")[1].split("Published means")[0]


def test_no_wording_is_shipped_that_must_be_withheld(instrument: Instrument) -> None:
    assert instrument.class_ != "C"
    assert (instrument.wording == "shipped") is (instrument.id in WORDING_SHIPPED)
    if instrument.wording != "withheld":
        assert instrument.licence.open_licence
        return
    assert instrument.stem is None
    assert not any(item.text for item in instrument.items)
    notes = [instrument.caution, instrument.prepost_caution, instrument.version_note]
    notes += [test.note for test in instrument.tests]
    words = [*(item.label for item in instrument.items), *(variant.note for variant in instrument.variants)]
    # The statements of these questionnaires are in the first person; our labels and notes never are.
    found = [text for text in [*words, *filter(None, notes)] if FIRST_PERSON.search(text)]
    assert not found


def test_labels_are_short_topics(instrument: Instrument) -> None:
    labels = [item.label for item in instrument.items]
    assert len(set(labels)) == len(labels)
    for label in labels:
        assert 2 <= len(label.split()) <= 5, label
        assert label[0].isupper(), label
        assert label[-1].isalnum(), label


def test_grit_results_carry_the_author_s_warning_about_before_and_after(instrument: Instrument) -> None:
    if instrument.construct_ == "grit":
        assert instrument.prepost_caution is not None
        assert "http" in instrument.prepost_caution


def test_the_cases_in_the_file_are_reproduced(instrument: Instrument) -> None:
    assert len(instrument.tests) >= 2
    for case in instrument.tests:
        table = pd.DataFrame([{item.id: case.answers.get(item.id) for item in instrument.items}])
        scored = score_items(table, instrument).iloc[0]
        for name, expected in case.expect.items():
            assert math.isnan(scored[name]) if expected is None else scored[name] == pytest.approx(expected, rel=1e-12)
    expected = [value for case in instrument.tests for value in case.expect.values()]
    assert None in expected
    assert {name for case in instrument.tests for name in case.expect} == {score.id for score in instrument.scores}


def test_the_hand_scored_example_is_reproduced(instrument: Instrument) -> None:
    table = example_table(instrument)
    assert 6 <= len(table) <= 10
    assert table.isna().to_numpy().any()
    scored = scored_example(name_of(instrument))
    rows = read_rows(instrument, "expected.csv")
    assert {(int(row["row"]), row["score"]) for row in rows} == {
        (place, score.id) for place in table.index for score in instrument.scores
    }
    for row in rows:
        found = scored.loc[int(row["row"])]
        assert found[f"{row['score']}_answered"] == int(row["answered"])
        if row["value"]:
            assert found[row["score"]] == pytest.approx(float(row["value"]), rel=1e-10)
        else:
            assert math.isnan(found[row["score"]])
            parts = instrument.score(row["score"]).from_scores
            made = len(parts) - row["working"].count("no ") + 1  # "so no score" counts once too often
            start = f"{made} of " if parts else f"answered {row['answered']} of "
            assert found[f"{row['score']}_reason"].startswith(start)


def test_the_shown_working_adds_up(instrument: Instrument) -> None:
    """The arithmetic in words is itself checked, apart from evalkit's scoring."""
    for row in read_rows(instrument, "expected.csv"):
        if not row["value"]:
            assert row["working"].endswith("so no score")
            continue
        last = math.nan
        for step in [part.rsplit(": ", 1)[-1] for part in row["working"].split("; ") if re.search(" (=|gives) ", part)]:
            left, sign, right = re.split(" (=|gives) ", step)
            last = float(calculate(left)) if sign == "=" else looked_up(instrument, row["score"], float(left))
            assert last == pytest.approx(float(right), rel=1e-9), row
        assert last == pytest.approx(float(row["value"]), rel=1e-9)


def looked_up(instrument: Instrument, name: str, number: float) -> float:
    """A step that is no arithmetic: rounding half up, a table, or an answer among those that count."""
    score: Score = instrument.score(name)
    if score.method == "lookup":
        return instrument.lookup_tables[score.table or ""][int(number)]
    if score.method == "percent_in":
        return 100 if number in (4, 5) else 0
    if score.method == "top_minus_bottom":
        return 100 if number >= 9 else -100 if number <= 6 else 0
    return math.floor(number + 0.5)


def calculate(text: str) -> Fraction:
    def value(node: ast.expr) -> Fraction:
        if isinstance(node, ast.BinOp):
            return OPERATIONS[type(node.op)](value(node.left), value(node.right))
        assert isinstance(node, ast.Constant)
        return Fraction(node.value)

    return value(ast.parse(text.replace(" x ", " * "), mode="eval").body)


def test_the_reference_page_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("make_measures", ROOT / "docs" / "make_measures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert PAGE.read_text(encoding="utf-8") == module.instruments_page(), "run: python docs/make_measures.py"
