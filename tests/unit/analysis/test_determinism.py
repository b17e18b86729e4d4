"""Equal inputs give equal bytes, whatever the order of their rows."""

from dataclasses import fields, replace

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalkit.analysis.analyse import analyse
from evalkit.records.results import ESTIMATE_COLUMNS, Results
from evalkit.records.scores import Quality


def shuffled(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    return frame.sample(frac=1, random_state=seed).reset_index(drop=True)


def test_same_input_same_bytes(plan, study_of, scores_of):
    study = study_of(plan())
    assert analyse(scores_of(study), study).to_json() == analyse(scores_of(study), study).to_json()


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1))
def test_row_order_never_matters(plan, study_of, scores_of, seed):
    study = study_of(plan())
    scores = scores_of(study)
    quality = scores.quality
    mixed = replace(
        scores,
        frame=shuffled(scores.frame, seed),
        quality=Quality(*(shuffled(getattr(quality, one.name), seed) for one in fields(quality))),
        roster=shuffled(scores.roster, seed),
    )
    assert analyse(mixed, study).to_json() == analyse(scores, study).to_json()


def test_the_input_is_left_as_it_was(plan, study_of, scores_of):
    study = study_of(plan())
    scores = scores_of(study)
    before = [frame.copy() for frame in (scores.frame, scores.quality.scales, scores.quality.answers, scores.roster)]
    analyse(scores, study)
    after = [scores.frame, scores.quality.scales, scores.quality.answers, scores.roster]
    for old, new in zip(before, after, strict=True):
        pd.testing.assert_frame_equal(old, new)


def test_tables_survive_the_round_trip(plan, study_of, scores_of):
    study = study_of(plan())
    results = analyse(scores_of(study), study)
    text = results.to_json()
    again = Results.from_json(text)
    assert again.to_json() == text
    assert tuple(again.estimates.columns) == ESTIMATE_COLUMNS
    pd.testing.assert_frame_equal(again.estimates, results.estimates)
    pd.testing.assert_frame_equal(again.models, results.models, check_dtype=False)
    for name, frame in results.displays.items():
        pd.testing.assert_frame_equal(again.displays[name], frame, check_dtype=False)
