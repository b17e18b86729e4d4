"""How well each measure worked: figures checked by hand and against the numbers that pingouin gives."""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pingouin
import pytest

from evalkit.errors import SpecError
from evalkit.records.columns import GLOSSARY
from evalkit.records.evaluation import Study
from evalkit.records.instrument import Instrument, load_instrument
from evalkit.records.release import Release
from evalkit.records.scores import ANSWER_COLUMNS, ITEM_COLUMNS, QUALITY_COLUMNS, Quality
from evalkit.scoring.reliability import RELIABILITY_COLUMNS, reliability
from evalkit.scoring.score import score

StudyOf = Callable[..., Study]
ReleaseOf = Callable[..., Release]
RowOf = Callable[..., dict[str, object]]


def made_up(seed: int, n: int) -> pd.DataFrame:
    """Seeded answers to the 8 grit items as printed: one factor, items 1, 3, 5 and 6 turned round."""
    source = np.random.default_rng(seed)
    level = source.normal(size=(n, 1))
    keyed = np.clip(np.round(3 + level + source.normal(scale=0.9, size=(n, 8))), 1, 5).astype(int)
    keyed[:, [0, 2, 4, 5]] = 6 - keyed[:, [0, 2, 4, 5]]
    return pd.DataFrame(keyed, columns=[f"q{place}" for place in range(1, 9)])


@pytest.fixture
def grit(study_of: StudyOf) -> Study:
    return study_of("grit_s8.total", "grit_s8.perseverance")


@pytest.fixture
def quality(grit: Study, release_of: ReleaseOf, row_of: RowOf) -> Quality:
    """40 pupils before and 35 of them after; pupil 0 leaves item 2 blank before."""
    pre, post = made_up(1, 40), made_up(2, 35)
    rows = [row_of(f"P{n}", "pre", "grit_s8", *pre.iloc[n].tolist()) for n in range(40)]
    rows += [row_of(f"P{n}", "post", "grit_s8", *post.iloc[n].tolist()) for n in range(35)]
    rows[0]["grit_s8.q2"] = None
    return score(release_of(grit, rows), grit).quality


def test_the_tables_have_the_columns_of_the_record(quality: Quality) -> None:
    assert tuple(quality.scales.columns) == QUALITY_COLUMNS
    assert tuple(quality.items.columns) == ITEM_COLUMNS
    assert tuple(quality.answers.columns) == ANSWER_COLUMNS
    assert quality.scales[["scale", "wave"]].to_numpy().tolist() == [
        ["grit_s8.total", "pre"],
        ["grit_s8.total", "post"],
        ["grit_s8.perseverance", "pre"],
        ["grit_s8.perseverance", "post"],
    ]


def test_a_scale_s_figures(quality: Quality) -> None:
    keyed = made_up(1, 40).iloc[1:]
    keyed[["q1", "q3", "q5", "q6"]] = 6 - keyed[["q1", "q3", "q5", "q6"]]
    row = quality.scales.iloc[0]
    value, (low, high) = pingouin.cronbach_alpha(keyed)
    assert row["alpha"] == pytest.approx(value, rel=1e-12)
    assert (row["alpha_low"], row["alpha_high"]) == (pytest.approx(low, abs=5e-4), pytest.approx(high, abs=5e-4))
    assert row["omega_low"] < row["omega"] < row["omega_high"] <= 1
    means = keyed.mean(axis=1)
    assert row["mean"] == pytest.approx(means.mean())
    assert row["sd"] == pytest.approx(means.std())
    assert (row["n"], row["k"], row["reason"]) == (39, 8, "")
    assert row["missing_percent"] == pytest.approx(2.5)
    assert row["floor_percent"] == pytest.approx(100 * (means == 1).mean())
    assert row["ceiling_percent"] == pytest.approx(100 * (means == 5).mean())


def test_an_item_s_figures_are_after_reversing(quality: Quality) -> None:
    printed = made_up(1, 40)
    items = quality.items.set_index(["scale", "wave", "item"])
    first = items.loc[("grit_s8.total", "pre", "q1")]
    assert first["mean"] == pytest.approx((6 - printed["q1"]).mean())
    assert first["floor_percent"] == pytest.approx(100 * (printed["q1"] == 5).mean())
    assert first["item_rest_r"] > 0
    assert first["label"] == "Side-tracked by novelty"
    second = items.loc[("grit_s8.total", "pre", "q2")]
    assert (second["n"], second["missing_percent"]) == (39, pytest.approx(2.5))
    assert len(items) == 2 * (8 + 4)


def test_answers_are_as_printed_of_linked_pupils_and_every_answer_has_a_row(quality: Quality) -> None:
    printed = made_up(1, 40).iloc[:35]
    rows = quality.answers.query("scale == 'grit_s8.total' and wave == 'pre' and item == 'q1'")
    assert rows["answer"].tolist() == [1, 2, 3, 4, 5]
    assert rows["count"].tolist() == [int((printed["q1"] == answer).sum()) for answer in range(1, 6)]
    assert quality.answers.query("scale == 'grit_s8.total' and wave == 'pre' and item == 'q2'")["count"].sum() == 34
    assert len(quality.answers) == 2 * 5 * (8 + 4)


def test_straight_lining_is_seen_in_the_printed_answers(grit: Study, release_of: ReleaseOf, row_of: RowOf) -> None:
    rows = [row_of(f"P{n}", "pre", "grit_s8", *made_up(3, 8).iloc[n].tolist()) for n in range(8)]
    rows[0] |= {f"grit_s8.q{n}": 5 for n in range(1, 9)}
    rows[1] |= {f"grit_s8.q{n}": 1 if n in (1, 3, 5, 6) else 5 for n in range(1, 9)}
    rows[2] |= {f"grit_s8.q{n}": 4 for n in range(1, 8)} | {"grit_s8.q8": None}
    found = score(release_of(grit, rows), grit).quality.scales
    # 7 pupils answered all items; one of them gave the same printed answer throughout.
    assert found.query("wave == 'pre'")["straight_line_percent"].tolist() == [pytest.approx(100 / 7)] * 2


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([(2, 4, 3, 5, 1, 4, 3, 2)], "Only 1 of 1 pupils answered all 8 items"),
        ([(3,) * 8] * 5, "Every pupil gave the same answer to q1, q2, q3, q4, q5, q6, q7, q8, so there"),
        ([(2, 3, 3, 5, 1, 4, 3, 2), (3, 3, 2, 4, 2, 3, 4, 4), (1, 3, 4, 5, 2, 2, 2, 5)], "Every pupil gave the same"),
    ],
    ids=["one pupil", "no spread", "one item without spread"],
)  # fmt: skip
def test_no_reliability_is_a_row_with_the_reason(
    grit: Study, release_of: ReleaseOf, row_of: RowOf, rows: list[tuple[int, ...]], reason: str
) -> None:
    release = release_of(grit, [row_of(f"P{n}", "pre", "grit_s8", *row) for n, row in enumerate(rows)])
    found = score(release, grit).quality.scales.iloc[0]
    assert math.isnan(found["alpha"])
    assert math.isnan(found["omega"])
    assert found["reason"].startswith(reason)
    assert found["mean"] > 0


def test_alpha_stands_where_only_omega_cannot_be_had(grit: Study, release_of: ReleaseOf, row_of: RowOf) -> None:
    rows = [row_of(f"P{n}", "pre", "grit_s8", *made_up(4, 6).iloc[n].tolist()) for n in range(6)]
    found = score(release_of(grit, rows), grit).quality.scales.iloc[0]
    assert not math.isnan(found["alpha"])
    assert math.isnan(found["omega"])
    assert found["reason"]


def test_a_wave_without_pupils_has_a_row_too(grit: Study, release_of: ReleaseOf, row_of: RowOf) -> None:
    release = release_of(grit, [row_of("P1", "pre", "grit_s8", 2, 4, 3, 5, 1, 4, 3, 2)])
    scales = score(release, grit).quality.scales
    post = scales[scales["wave"] == "post"]
    assert post["n"].tolist() == [0, 0]
    assert post["mean"].isna().all()
    assert post["missing_percent"].isna().all()


def test_scores_made_from_others_rest_on_the_items_behind_them() -> None:
    grit = load_instrument("grit_s8").model_dump(by_alias=True)
    grit["scores"] = [
        *grit["scores"],
        {"id": "parts", "label": "Parts", "method": "sum", "from_scores": ["consistency", "perseverance"]},
    ]
    made = Instrument.model_validate(grit)
    assert list(made.item_signs("parts").items()) == [
        ("q1", True), ("q3", True), ("q5", True), ("q6", True),
        ("q2", False), ("q4", False), ("q7", False), ("q8", False),
    ]  # fmt: skip


def test_reliability_of_a_plain_table() -> None:
    items = made_up(5, 60)[["q2", "q4", "q7", "q8"]]
    items = items.astype("Float64")
    items.iloc[0, 0] = pd.NA
    found = reliability(items, minimum=1, maximum=5)
    assert tuple(found.columns) == RELIABILITY_COLUMNS
    rows = found.set_index(["measure", "item"])
    value, (low, high) = pingouin.cronbach_alpha(items.iloc[1:].astype(float))
    alpha = rows.loc[("alpha", "")]
    assert alpha["estimate"] == pytest.approx(value, rel=1e-12)
    assert (alpha["conf_low"], alpha["conf_high"]) == (pytest.approx(low, abs=5e-4), pytest.approx(high, abs=5e-4))
    assert (alpha["n"], alpha["note"]) == (59, "")
    correlations = items.iloc[1:].astype(float).corr().to_numpy()
    expected = correlations[np.triu_indices(4, k=1)].mean()
    assert rows.loc[("mean_item_r", "")]["estimate"] == pytest.approx(expected)
    assert rows.loc[("mean", "q2")]["n"] == 59
    assert rows.loc[("missing_percent", "q2")]["estimate"] == pytest.approx(100 / 60)
    assert rows.loc[("ceiling_percent", "q4")]["estimate"] == pytest.approx(100 * (items["q4"] == 5).mean())
    scale = found[found["item"] == ""]["measure"].tolist()
    assert scale == [
        "alpha", "omega", "sem", "smallest_change", "standardised_alpha", "lambda6", "mean_item_r", "median_item_r",
        "split_half_odd_even", "split_half_highest", "split_half_mean", "split_half_lowest", "omega_h", "omega_t",
        "ordinal_alpha", "ordinal_omega", "ordinal_omega_latent", "mokken_h",
    ]  # fmt: skip
    of_item = found[found["item"] == "q2"]["measure"].tolist()
    assert of_item == [
        "mokken_h", "mean", "sd", "item_total_r", "item_rest_r", "item_corrected_r", "alpha_if_dropped",
        "missing_percent", "discrimination", "floor_percent", "ceiling_percent",
    ]  # fmt: skip
    assert len(reliability(items)) == len(found) - 3 * 4
    assert "at least 6" in rows.loc[("omega_h", "")]["note"]


def test_only_the_families_asked_for_are_computed() -> None:
    items = made_up(5, 60)
    found = reliability(items, families=("omega", "alpha"))
    assert found["measure"].tolist() == ["alpha", "omega"]
    assert set(reliability(items, families=["items"])["item"]) == set(items.columns)
    with pytest.raises(SpecError, match="families names lambda; use any of: alpha, omega"):
        reliability(items, families=["lambda"])  # type: ignore[list-item]
    with pytest.raises(SpecError, match="give it as again"):
        reliability(items, families=["retest"])


def test_the_error_of_measurement_is_that_of_the_sum() -> None:
    items = made_up(5, 200)[["q2", "q4", "q7", "q8"]]
    rows = reliability(items, families=["omega", "error"]).set_index("measure")
    expected = items.sum(axis=1).std() * math.sqrt(1 - rows.loc["omega", "estimate"])
    assert rows.loc["sem", "estimate"] == pytest.approx(expected)
    assert rows.loc["smallest_change", "estimate"] == pytest.approx(1.959964 * math.sqrt(2) * expected, rel=1e-6)


def test_pairwise_answers_are_used_where_asked() -> None:
    items = made_up(5, 80)[["q2", "q4", "q7"]].astype("Float64")
    items.iloc[:20, 0] = pd.NA
    found = {kind: reliability(items, missing=kind).set_index(["measure", "item"]) for kind in ("complete", "pairwise")}
    covariance = items.astype(float).cov().to_numpy()
    expected = 1.5 * (1 - np.trace(covariance) / covariance.sum())
    assert found["pairwise"].loc[("alpha", ""), "estimate"] == pytest.approx(expected)
    assert found["complete"].loc[("alpha", ""), "estimate"] != pytest.approx(expected)
    assert found["pairwise"].loc[("omega", "")].equals(found["complete"].loc[("omega", "")])
    with pytest.raises(SpecError, match="complete, pairwise"):
        reliability(items, missing="listwise")  # type: ignore[arg-type]


def test_a_second_measurement_is_linked_by_the_index_and_the_names() -> None:
    items = made_up(5, 40)[["q2", "q4", "q7"]]
    again = items.iloc[::-1, ::-1].drop(index=[3, 4])
    rows = reliability(items, again=again).set_index("measure")
    assert rows.loc["icc_agreement", "estimate"] == pytest.approx(1)
    assert rows.loc["icc_agreement", "n"] == 38
    assert rows.loc["sem_agreement", "estimate"] == pytest.approx(0, abs=1e-9)
    with pytest.raises(SpecError, match="other columns") as caught:
        reliability(items, again=pd.concat([again, again]).rename(columns={"q2": "q3"}))
    assert len(caught.value.problems) == 2
    with pytest.raises(SpecError, match="No pupil is in both"):
        reliability(items, again=again.set_axis(range(100, 138)))


def test_too_many_steps_for_ordinal_measures_is_a_note() -> None:
    items = pd.DataFrame(np.random.default_rng(1).normal(size=(50, 3)), columns=["a", "b", "c"])
    rows = reliability(items).set_index("measure")
    assert rows.loc["alpha", "note"].startswith("Below 0")
    for measure in ("ordinal_alpha", "ordinal_omega", "mokken_h"):
        assert "Item 3 (counted from 1) has 50 different values" in rows.loc[measure, "note"]


def test_an_item_that_was_not_reversed_is_pointed_at() -> None:
    items = made_up(6, 80)
    rows = reliability(items[["q1", "q2", "q4", "q7"]]).set_index(["measure", "item"])
    assert rows.loc[("item_rest_r", "q1")]["note"] == "Negative: check whether this item must be reversed."
    assert rows.loc[("item_rest_r", "q2")]["note"] == ""


def test_what_cannot_be_estimated_is_a_row_with_a_note() -> None:
    rows = reliability(pd.DataFrame({"q1": [1, 1, 1, 1], "q2": [1, 2, 3, 2]})).set_index(["measure", "item"])
    assert math.isnan(rows.loc[("alpha", "")]["estimate"])
    assert rows.loc[("alpha", "")]["note"].startswith("Every pupil gave the same answer to q1")
    assert rows.loc[("alpha_if_dropped", "q1")]["note"] == "Not defined for these answers."


@pytest.mark.parametrize(
    ("items", "arguments", "sentence"),
    [
        (pd.DataFrame({"q1": [1, 2]}), {}, "The table has 1 columns; a scale needs at least 2 items."),
        (pd.DataFrame({"q1": [1, 2], "name": ["a", "b"]}), {}, "These columns do not hold numbers: name."),
        (pd.DataFrame([[1, 2], [2, 3]], columns=["q1", "q1"]), {}, "Several columns are called q1."),
        (pd.DataFrame({"q1": [1, 2], "q2": [1, 2]}), {"minimum": 1}, "Give both minimum and maximum, or neither."),
        (pd.DataFrame({"q1": [1, 7], "q2": [1, 2]}), {"minimum": 1, "maximum": 5}, "1 answer lies outside 1-5."),
        (pd.DataFrame({"q1": [np.nan], "q2": [np.nan]}), {}, "The table holds no answers"),
        (pd.DataFrame({"q1": [1, 2], "q2": [1, 2]}), {"conf_level": 95}, "conf_level is 95; use a number between 0"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(
    items: pd.DataFrame, arguments: dict[str, float], sentence: str
) -> None:
    with pytest.raises(SpecError) as caught:
        reliability(items, **arguments)
    assert any(problem.startswith(sentence) for problem in caught.value.problems)


def test_every_column_is_in_the_glossary() -> None:
    names = {*QUALITY_COLUMNS, *ITEM_COLUMNS, *ANSWER_COLUMNS, *RELIABILITY_COLUMNS}
    assert names <= set(GLOSSARY)
