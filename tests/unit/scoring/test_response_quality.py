"""`ek.response_quality`: which pupils are flagged and why, and that nobody is left out."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from evalkit.errors import SpecError
from evalkit.records.columns import GLOSSARY
from evalkit.records.evaluation import Study
from evalkit.records.release import Release
from evalkit.records.scores import FLAGGED_COLUMNS, RESPONSE_COLUMNS
from evalkit.scoring.response_quality import response_quality
from evalkit.scoring.score import score


@pytest.fixture
def study(study_of: Callable[..., Study]) -> Study:
    return study_of("brs6.mean")


@pytest.fixture
def release(study: Study, release_of: Callable[..., Release], row_of: Callable[..., dict[str, object]]) -> Release:
    """60 pupils before and after to the 6 items of brs6 (2, 4 and 6 reversed); the last three are careless before."""
    rng = np.random.default_rng(8)
    rows = []
    for wave in ("pre", "post"):
        level = rng.normal(size=(60, 1))
        keyed = np.clip(np.round(3 + level + 0.6 * rng.normal(size=(60, 6))), 1, 5).astype(int)
        printed = keyed.copy()
        printed[:, 1::2] = 6 - printed[:, 1::2]
        if wave == "pre":
            printed[57], printed[58], printed[59] = 5, 3, [5, 1, 1, 1, 5, 5]
        rows += [row_of(f"P{n:02}", wave, "brs6", *printed[n].tolist()) for n in range(60)]
    rows[3]["brs6.q2"] = None
    return release_of(study, rows)


def test_a_row_per_pupil_wave_and_questionnaire(release: Release, study: Study) -> None:
    found = response_quality(release, study)
    assert tuple(found.columns) == RESPONSE_COLUMNS
    assert set(found.columns) <= set(GLOSSARY)
    assert len(found) == 120
    assert found["instrument"].unique().tolist() == ["brs6"]
    assert found.set_index(["pupil", "wave"]).loc[("P03", "pre"), "n_answered"] == 5


def test_the_careless_are_flagged_and_the_reason_is_told(release: Release, study: Study) -> None:
    rows = response_quality(release, study).set_index(["pupil", "wave"])
    agrees = rows.loc[("P57", "pre")]
    assert (agrees["longest_string"], agrees["variability"]) == (6, 0)
    assert agrees["straight_line"]
    assert agrees["inconsistent"], "agreeing fully with both wordings contradicts itself"
    assert agrees["reversed_inconsistency"] == 1
    middle = rows.loc[("P58", "pre")]
    assert middle["straight_line"]
    assert not middle["inconsistent"], "the middle answer to everything is no contradiction"
    assert not rows.loc[("P57", "post"), "any_sign"]
    assert rows["any_sign"].sum() < 10


def test_scoring_keeps_everybody_and_lists_the_flagged(release: Release, study: Study) -> None:
    scores = score(release, study)
    assert len(scores.frame) == 120
    assert scores.frame.set_index(["pupil", "wave"]).loc[("P57", "pre"), "value"] == pytest.approx(3)
    assert tuple(scores.flagged.columns) == FLAGGED_COLUMNS
    signs = response_quality(release, study)
    expected = signs.loc[signs["any_sign"], list(FLAGGED_COLUMNS)].reset_index(drop=True)
    pd.testing.assert_frame_equal(scores.flagged, expected)


def test_answers_too_fast_where_times_are_given(release: Release, study: Study) -> None:
    seconds = pd.DataFrame({"pupil": ["P10", "P11"], "wave": "pre", "instrument": "brs6", "seconds": [9.0, 30.0]})
    rows = response_quality(release, study, seconds=seconds).set_index(["pupil", "wave"])
    assert rows.loc[("P10", "pre"), "seconds_per_item"] == 1.5
    assert rows.loc[("P10", "pre"), "too_fast"]
    assert not rows.loc[("P11", "pre"), "too_fast"]
    assert rows["too_fast"].sum() == 1
    with pytest.raises(SpecError, match="lacks instrument"):
        response_quality(release, study, seconds=seconds.drop(columns="instrument"))
    with pytest.raises(SpecError) as caught:
        response_quality(release, study, seconds=pd.concat([seconds, seconds]).assign(seconds=-1.0))
    assert len(caught.value.problems) == 2


def test_facets_of_a_total_do_not_contradict_one_another(
    study_of: Callable[..., Study], release_of: Callable[..., Release], row_of: Callable[..., dict[str, object]]
) -> None:
    grit = study_of("grit_s8.total")
    # Persevering (5 on every item) and inconstant (1 after reversal on every item): honest, not a contradiction.
    release = release_of(grit, [row_of("P1", "pre", "grit_s8", 5, 5, 5, 5, 5, 5, 5, 4)])
    found = response_quality(release, grit)
    assert found["reversed_inconsistency"].isna().all()
    assert not found["any_sign"].any()
    assert found["outlier_p"].isna().all(), "one pupil has no crowd to be far from"


def test_a_wave_without_answers_has_no_row(
    study: Study, release_of: Callable[..., Release], row_of: Callable[..., dict[str, object]]
) -> None:
    found = response_quality(release_of(study, [row_of("P1", "pre", "brs6", *[None] * 6)]), study)
    assert found.empty
    assert tuple(found.columns) == RESPONSE_COLUMNS
