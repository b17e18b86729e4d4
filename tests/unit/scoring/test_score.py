"""Scores of a release and of a plain table: every row there, every gap explained, nothing wrong let through."""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from evalkit.errors import DesignError, SpecError
from evalkit.records.evaluation import Study
from evalkit.records.instrument import Instrument, load_instrument
from evalkit.records.release import Release
from evalkit.records.scores import SCORE_COLUMNS
from evalkit.scoring.score import score, score_items

StudyOf = Callable[..., Study]
ReleaseOf = Callable[..., Release]
RowOf = Callable[..., dict[str, object]]
GOOD = (2, 4, 3, 5, 1, 4, 3, 2)


def test_every_pupil_wave_and_scale_has_a_row(study_of: StudyOf, release_of: ReleaseOf, row_of: RowOf) -> None:
    study = study_of("grit_s8.total", "grit_s8.perseverance")
    rows = [
        row_of("P1", "pre", "grit_s8", *GOOD),
        row_of("P2", "pre", "grit_s8", 5, 5, 5, 5, 5, 5, 5, 5),
        row_of("P1", "post", "grit_s8", 1, 2, None, 3, 2, 2, 4, 4),
    ]
    frame = score(release_of(study, rows), study).frame
    assert tuple(frame.columns) == SCORE_COLUMNS
    assert frame[["pupil", "wave", "scale"]].to_numpy().tolist() == [
        ["P1", "pre", "grit_s8.total"],
        ["P2", "pre", "grit_s8.total"],
        ["P1", "post", "grit_s8.total"],
        ["P1", "pre", "grit_s8.perseverance"],
        ["P2", "pre", "grit_s8.perseverance"],
        ["P1", "post", "grit_s8.perseverance"],
    ]
    assert frame["value"].tolist()[:2] == [3.5, 3.0]
    assert math.isnan(frame["value"][2])
    assert frame["value"].tolist()[3:] == [3.5, 5.0, 3.25]
    assert frame["n_answered"].tolist() == [8, 8, 7, 4, 4, 4]
    assert frame["n_items"].tolist() == [8, 8, 8, 4, 4, 4]
    assert frame["reason"].tolist() == ["", "", "answered 7 of 8 items; this scale needs all 8", "", "", ""]
    assert set(frame["scale_version"]) == {"grit_s8@2009-article-order[1-5]"}
    assert {str(frame[name].dtype) for name in ("pupil", "wave", "scale", "scale_version", "reason")} == {"str"}


def test_scores_carry_the_release_along(study_of: StudyOf, release_of: ReleaseOf, row_of: RowOf) -> None:
    study = study_of("grit_s8.total")
    release = release_of(study, [row_of("P1", "pre", "grit_s8", *GOOD)])
    found = score(release, study)
    assert found.release_sha256 == "abc"
    assert found.sources == (("pre.csv", "a"),)
    assert found.notes == ("Row 3 was left out.",)
    assert found.roster is release.roster


def test_only_the_items_of_the_named_score_are_needed(study_of: StudyOf, release_of: ReleaseOf) -> None:
    study = study_of("mslq44.intrinsic_value")
    items = study.items("mslq44")
    assert len(items) == 9
    row = {"pupil": "P1", "wave": "pre"} | {f"mslq44.{item}": 5 for item in items}
    release = release_of(study, [row])
    assert list(release.responses.columns) == ["pupil", "wave", *(f"mslq44.{item}" for item in items)]
    assert score(release, study).frame["value"].tolist() == [5.0]


def test_another_version_or_answer_scale_is_refused_naming_both(
    study_of: StudyOf, release_of: ReleaseOf, row_of: RowOf
) -> None:
    study = study_of("grit_s8.total")
    release = release_of(study, [row_of("P1", "pre", "grit_s8", *GOOD)], identities=("grit_s8@web-order[1-5]",))
    with pytest.raises(DesignError) as caught:
        score(release, study)
    (problem,) = caught.value.problems
    assert "grit_s8@web-order[1-5]" in problem
    assert "grit_s8@2009-article-order[1-5]" in problem
    assert "never mixed" in problem
    release = release_of(study, [row_of("P1", "pre", "grit_s8", *GOOD)], identities=("gse10@1995-en[1-4]",))
    with pytest.raises(DesignError, match=r"grit_s8: the release holds no answers to it \(it holds gse10@1995-en"):
        score(release, study)


def test_a_release_without_a_needed_item_is_refused(study_of: StudyOf, release_of: ReleaseOf, row_of: RowOf) -> None:
    narrow, wide = study_of("grit_s8.perseverance"), study_of("grit_s8.total")
    release = release_of(narrow, [row_of("P1", "pre", "grit_s8", *GOOD)])
    with pytest.raises(DesignError, match=r"no column for grit_s8\.q1, grit_s8\.q3, grit_s8\.q5, grit_s8\.q6, which"):
        score(release, wide)


def test_answers_outside_the_scale_are_counted_and_no_pupil_is_named(
    study_of: StudyOf, release_of: ReleaseOf, row_of: RowOf
) -> None:
    study = study_of("grit_s8.total")
    rows = [
        row_of("SECRET1", "pre", "grit_s8", 0, 4, 3, 5, 1, 4, 3, 9),
        row_of("SECRET2", "pre", "grit_s8", *GOOD[:7], 7),
    ]
    with pytest.raises(SpecError) as caught:
        score(release_of(study, rows), study)
    first, second = caught.value.problems
    assert first.startswith(
        "column grit_s8.q1: 1 answer is outside 1-5 (0). Allowed: whole numbers 1 to 5, or nothing."
    )
    assert second.startswith("column grit_s8.q8: 2 answers are outside 1-5 (7, 9).")
    assert "SECRET" not in str(caught.value)


def table(*rows: tuple[object, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[f"q{n}" for n in range(1, 9)])


def test_a_plain_table_keeps_its_index_and_other_columns_do_not_matter() -> None:
    items = table(GOOD, (5,) * 8).assign(school="A", age=[11, 12])
    items.index = pd.Index(["x", "y"])
    found = score_items(items, "grit_s8")
    assert found.index.tolist() == ["x", "y"]
    assert found["total"].tolist() == [3.5, 3.0]
    assert found.columns.tolist()[:3] == ["total", "total_answered", "total_reason"]
    assert score_items(items, load_instrument("grit_s8"), scores=["perseverance"]).columns.tolist() == [
        "perseverance",
        "perseverance_answered",
        "perseverance_reason",
    ]


@pytest.mark.parametrize(
    "items",
    [
        table(GOOD).astype("int8"),
        table(GOOD).astype("uint8"),
        table(GOOD).astype("float32"),
        table(GOOD).astype("Int64"),
        table(GOOD).astype("int64[pyarrow]"),
        table(GOOD).astype("object"),
        table(GOOD).rename(columns=lambda name: f"grit_s8.{name}"),
    ],
    ids=["int8", "uint8", "float32", "Int64", "pyarrow", "object", "full names"],
)
def test_numbers_of_any_kind_are_taken(items: pd.DataFrame) -> None:
    assert score_items(items, "grit_s8")["total"].tolist() == [3.5]


@pytest.mark.parametrize("gap", [None, np.nan, pd.NA], ids=["None", "nan", "NA"])
def test_gaps_of_any_kind_are_missing_answers(gap: object) -> None:
    found = score_items(table((*GOOD[:7], gap), (gap,) * 8, GOOD), "grit_s8")
    assert found["total"].isna().tolist() == [True, True, False]
    assert found["total_answered"].tolist() == [7, 0, 8]
    assert score_items(table((gap,) * 8), "grit_s8")["total_reason"].tolist() == [
        "answered 0 of 8 items; this scale needs all 8"
    ]


def test_true_and_false_count_as_one_and_nought() -> None:
    grit = load_instrument("grit_s8").model_dump(by_alias=True)
    grit["responses"] = {"like5": {"min": 0, "max": 1}}
    grit |= {
        "scores": [{"id": "yes", "label": "Yes", "method": "sum", "keys": ["q1", "-q2"]}],
        "reliability": [],
        "tests": [],
    }
    items = pd.DataFrame({"q1": [True, False], "q2": [True, False]})
    assert score_items(items, Instrument.model_validate(grit))["yes"].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("items", "sentence"),
    [
        (table(("often", *GOOD[1:]), GOOD), "column q1: 1 answer is text. Allowed: whole numbers 1 to 5, or nothing."),
        (table(tuple(str(one) for one in GOOD)), "column q1: the numbers are stored as text."),
        (table((2.5, *GOOD[1:]), (1.5, *GOOD[1:])), "column q1: 2 answers are no whole number."),
        (table((2.5, *GOOD[1:]), (6, *GOOD[1:])), "column q1: 1 answer is outside 1-5 (6)."),
        (table((np.inf, *GOOD[1:])), "column q1: 1 answer is outside 1-5 (inf)."),
        (table((99999999, *GOOD[1:])), "column q1: 1 answer is outside 1-5 (1e+08)."),
    ],
    ids=["words", "digits as text", "fractions", "fraction and too high", "infinite", "huge"],
)
def test_what_is_no_answer_is_refused(items: pd.DataFrame, sentence: str) -> None:
    with pytest.raises(SpecError) as caught:
        score_items(items, "grit_s8")
    assert any(problem.startswith(sentence) for problem in caught.value.problems), caught.value.problems


def test_missing_and_doubled_columns_are_all_named() -> None:
    items = table(GOOD).drop(columns=["q2", "q7"])
    items["grit_s8.q1"] = 3
    with pytest.raises(SpecError) as caught:
        score_items(items, "grit_s8")
    assert caught.value.problems == (
        "item q1: 2 columns are meant for it. Keep one.",
        "item q2: there is no column q2 or grit_s8.q2. Add or rename one.",
        "item q7: there is no column q7 or grit_s8.q7. Add or rename one.",
    )


def test_a_score_that_is_not_there_lists_those_that_are() -> None:
    with pytest.raises(SpecError, match="Use one of: total, consistency, perseverance"):
        score_items(table(GOOD), "grit_s8", scores=["sum"])


def test_an_empty_table_gives_no_rows() -> None:
    assert score_items(table(GOOD).iloc[:0], "grit_s8").empty
