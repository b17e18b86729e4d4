"""What scales measured, from the release on: the figures of the engine, honest reasons, and no dependence on order."""

from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest

from evalkit.records.columns import GLOSSARY
from evalkit.records.evaluation import Study
from evalkit.records.release import Release
from evalkit.records.scores import DIF_COLUMNS, FACTOR_COLUMNS, INVARIANCE_COLUMNS, LOADING_COLUMNS, Quality
from evalkit.records.standards import load_standards
from evalkit.scoring.dif_rows import size_of
from evalkit.scoring.factor_pattern import factors_of, pattern_of
from evalkit.scoring.invariance_rows import step_rows
from evalkit.scoring.score import score
from evalkit.stats.factor.fit import fit_normal
from evalkit.stats.factor.invariance import fit_steps
from evalkit.stats.factor.models import correlated_factors
from evalkit.stats.factor.sample import take_sample

StudyOf = Callable[..., Study]
ReleaseOf = Callable[..., Release]
N = 420
SEX = {"id": "sex", "label": "Sex"}
REVERSED = [0, 2, 4, 5]


def keyed(seed: int, *, shift: float = 0.0) -> np.ndarray:
    """Answers to the 8 grit items as they count; with a shift the pupils of even number find item 2 easier."""
    source = np.random.default_rng(seed)
    level = np.random.default_rng(99).normal(size=(N, 1)) + 0.5 * source.normal(size=(N, 1))
    latent = 3 + 0.9 * level + source.normal(scale=0.9, size=(N, 8))
    latent[::2, 1] += shift
    return np.clip(np.round(latent), 1, 5)


def printed(answers: np.ndarray) -> np.ndarray:
    turned = answers.copy()
    turned[:, REVERSED] = 6 - turned[:, REVERSED]
    return turned


def release(study: Study, release_of: ReleaseOf, waves: dict[str, np.ndarray], *, kept: int = N) -> Release:
    rows = [
        {"pupil": f"P{n:03d}", "wave": wave} | {f"grit_s8.q{item + 1}": answers[n, item] for item in range(8)}
        for wave, answers in waves.items()
        for n in range(kept)
    ]
    made = release_of(study, rows)
    roster = pd.DataFrame({"pupil": [f"P{n:03d}" for n in range(kept)]})
    roster["sex"] = np.where(np.arange(kept) % 2 == 0, "girl", "boy")
    return replace(made, roster=roster)


@pytest.fixture(scope="module")
def before() -> np.ndarray:
    return keyed(1, shift=1.1)


@pytest.fixture(scope="module")
def after() -> np.ndarray:
    return keyed(2)


def quality_of(study: Study, release_of: ReleaseOf, waves: dict[str, np.ndarray], **options: int) -> Quality:
    return score(release(study, release_of, {k: printed(v) for k, v in waves.items()}, **options), study).quality


def test_columns_are_those_of_the_record_and_of_the_glossary(study_of, release_of, before, after) -> None:
    found = quality_of(study_of("grit_s8.total", subgroups=[SEX]), release_of, {"pre": before, "post": after})
    for frame, columns in (
        (found.factors, FACTOR_COLUMNS),
        (found.loadings, LOADING_COLUMNS),
        (found.invariance, INVARIANCE_COLUMNS),
        (found.dif, DIF_COLUMNS),
    ):
        assert tuple(frame.columns) == columns
        assert not [column for column in columns if column not in GLOSSARY]


def test_factors_and_loadings_are_those_of_the_engine(study_of, release_of, before, after) -> None:
    gappy = before.copy()
    gappy[3, 4] = np.nan
    found = quality_of(study_of("grit_s8.total"), release_of, {"pre": gappy, "post": after})
    direct = fit_normal(correlated_factors(np.ones((8, 1), dtype=bool), means=True), take_sample([gappy]), robust=True)
    row = found.factors.set_index("wave").loc["pre"]
    assert (row["n"], row["k"], row["factors"], row["estimator"], row["reason"]) == (N, 8, 1, "MLR", "")
    assert row["cfi"] == pytest.approx(direct.goodness[1].cfi)
    assert row["chi_square"] == pytest.approx(direct.scaled_test.statistic)
    assert row["rmsea_high"] == pytest.approx(direct.goodness[1].rmsea_high)
    assert row["srmr"] == pytest.approx(direct.srmr)
    loadings = found.loadings[found.loadings["wave"] == "pre"]
    assert sorted(loadings["item"]) == [f"q{n}" for n in range(1, 9)]
    assert (loadings["loading"] > 0.3).all()


def test_waves_are_compared_on_linked_pupils(study_of, release_of, before, after) -> None:
    found = quality_of(study_of("grit_s8.total"), release_of, {"pre": before, "post": after}).invariance
    assert found["step"].tolist() == ["configural", "metric", "scalar", "strict"]
    assert found["n"].tolist() == [N] * 4
    assert found["holds"].tolist()[:2] == ["yes", "yes"]
    assert found["delta_cfi"].isna().tolist() == [True, False, False, False]
    assert found["delta_cfi"][1] == pytest.approx(found["cfi"][1] - found["cfi"][0])
    assert found["df_diff"].tolist()[1:] == [7.0, 7.0, 8.0]
    # Half the pupils found item 2 easier before: more than Chen's limits allow.
    assert found["holds"].tolist()[2] == "no"
    same = quality_of(study_of("grit_s8.total"), release_of, {"pre": keyed(1), "post": after}).invariance
    assert same["holds"].tolist() == ["yes"] * 4


def test_an_item_that_one_sex_finds_easier_is_flagged(study_of, release_of, before, after) -> None:
    found = quality_of(study_of("grit_s8.total", subgroups=[SEX]), release_of, {"pre": before, "post": after}).dif
    assert set(found["wave"]) == {"pre"}
    assert set(found["n_reference"] + found["n_focal"]) == {N}
    flagged = found[found["flagged"] == "yes"]
    assert flagged["item"].tolist() == ["q2"]
    assert flagged["reference"].tolist() == ["boy"]
    assert flagged["odds_ratio"].iloc[0] > 2
    assert (found["p_adjusted"] >= found["p_value"]).all()


def test_few_pupils_get_a_reason_and_no_figure(study_of, release_of, before, after) -> None:
    study = study_of("grit_s8.total", subgroups=[SEX])
    found = quality_of(study, release_of, {"pre": before, "post": after}, kept=56)
    assert found.factors["cfi"].isna().all()
    assert set(found.factors["reason"]) == {"56 pupils answered; a factor model needs at least 100."}
    assert found.loadings.empty
    assert found.invariance["reason"].tolist() == [
        "56 pupils answered both times; comparing what the questions measured needs at least 150."
    ]
    assert found.dif["reason"].str.contains("200 pupils").all()


def test_the_order_of_rows_does_not_matter(study_of, release_of, before, after) -> None:
    study = study_of("grit_s8.total", subgroups=[SEX])
    made = release(study, release_of, {"pre": printed(before), "post": printed(after)})
    mixed = replace(
        made,
        responses=made.responses.sample(frac=1, random_state=1).reset_index(drop=True),
        roster=made.roster.sample(frac=1, random_state=2).reset_index(drop=True),
    )
    one, other = score(made, study).quality, score(mixed, study).quality
    for field in fields(Quality):
        if field.name in ("factors", "loadings", "invariance", "dif"):
            pd.testing.assert_frame_equal(getattr(one, field.name), getattr(other, field.name), rtol=1e-8)


def test_items_with_three_answers_are_taken_as_ordinal(study_of, release_of) -> None:
    study = study_of("sdq_self25.prosocial")
    rng = np.random.default_rng(5)
    level = rng.normal(size=(N, 1))
    items = list(study.items("sdq_self25"))
    rows = [
        {"pupil": f"P{n:03d}", "wave": wave}
        | {f"sdq_self25.{item}": value for item, value in zip(items, row, strict=True)}
        for wave in ("pre", "post")
        for n, row in enumerate(np.clip(np.round(1.2 + 0.6 * level + 0.6 * rng.normal(size=(N, 5))), 0, 2))
    ]
    made = release_of(study, rows)
    found = score(replace(made, roster=pd.DataFrame({"pupil": [f"P{n:03d}" for n in range(N)]})), study).quality
    assert set(found.factors["estimator"]) == {"WLSMV"}
    assert (found.factors["cfi"] > 0.95).all()
    assert found.invariance["step"].tolist() == ["configural", "thresholds", "metric", "scalar"]
    # Three answers: thresholds are equal by construction.
    assert found.invariance["df_diff"].tolist()[1:] == [0.0, 4.0, 4.0]
    assert found.invariance["reason"][1] == "With three answers per item this holds by construction."


def test_a_score_made_of_parts_has_a_factor_for_each(study_of) -> None:
    study = study_of("sdq_self25.total_difficulties")
    found = factors_of(study.instruments[0], "total_difficulties")
    assert [len(items) for items in found.values()] == [5, 5, 5, 5]
    pattern = pattern_of(found, [item for items in found.values() for item in items])
    assert pattern.sum(axis=0).tolist() == [5, 5, 5, 5]
    assert pattern.sum(axis=1).tolist() == [1] * 20


def test_a_step_that_does_not_hold_is_not_made_good_by_the_next() -> None:
    rng = np.random.default_rng(7)
    level = rng.normal(size=(400, 1))
    one = level + 0.8 * rng.normal(size=(400, 5))
    other = one + 0.3 * rng.normal(size=(400, 5))
    other[:, 2] += 1.5
    found = step_rows(
        fit_steps([one, other], kind="waves", pattern=np.ones((5, 1), dtype=bool)), load_standards().measurement
    )
    assert [row["holds"] for row in found] == ["yes", "yes", "no", "no"]


@pytest.mark.parametrize(("gain", "size"), [(0.01, "negligible"), (0.05, "moderate"), (0.08, "large"), (np.nan, "")])
def test_sizes_of_item_differences(gain: float, size: str) -> None:
    assert size_of(gain, load_standards().measurement) == size


def test_of_very_many_pupils_some_are_drawn_alike_whatever_the_order_of_rows(
    study_of, release_of, before, after, monkeypatch
) -> None:
    study = study_of("grit_s8.total", subgroups=[SEX])
    made = release(study, release_of, {"pre": printed(before), "post": printed(after)})
    standards = load_standards()
    few = standards.measurement.most_pupils.model_copy(update={"value": 205})
    small = standards.measurement.model_copy(update={"most_pupils": few})
    patched = standards.model_copy(update={"measurement": small})
    monkeypatch.setattr("evalkit.scoring.measurement.load_standards", lambda: patched)
    mixed = replace(made, responses=made.responses.sample(frac=1, random_state=1).reset_index(drop=True))
    one, other = score(made, study).quality, score(mixed, study).quality
    assert one.factors["n"].tolist() == [205, 205]
    assert set(one.factors["reason"]) == {"Fitted to 205 pupils drawn at random from 420."}
    assert set(one.invariance["n"]) == {205}
    assert one.invariance["reason"].iloc[0] == "Fitted to 205 pupils drawn at random from 420."
    # Groups are drawn one by one, so that a small one keeps its pupils.
    assert one.dif[["n_reference", "n_focal"]].drop_duplicates().to_numpy().tolist() == [[205, 205]]
    for name in ("factors", "loadings", "invariance", "dif"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), rtol=1e-8)
    # Scores and reliability are everybody's.
    assert one.scales["n"].tolist() == [420, 420]
