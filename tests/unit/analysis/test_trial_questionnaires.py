"""The questionnaires of a trial: their quality is shown, small groups are not, and numbers have none."""

from dataclasses import replace

import pandas as pd

from evalkit.analysis.trial_questionnaires import RELIABILITIES, questionnaire_displays
from evalkit.records.instrument import load_instrument
from evalkit.records.scores import QUALITY_COLUMNS
from tests.unit.analysis.trial_scores import make_trial


def quality_of(wave: str, n: int) -> dict[str, object]:
    numbers = dict.fromkeys(QUALITY_COLUMNS, 0.5)
    return numbers | {"scale": "grit_s8.total", "wave": wave, "n": n, "k": 8, "reason": ""}


def test_a_trial_of_numbers_has_no_questionnaires() -> None:
    study, scores = make_trial(schools=8, pupils=6)
    assert questionnaire_displays(scores, study) == {}


def test_reliability_is_shown_by_wave_and_hidden_for_few() -> None:
    study, scores = make_trial(schools=8, pupils=6)
    first = study.plan.outcomes[0]
    asked = first.model_copy(update={"id": "grit", "instrument": "grit_s8", "score": "total", "label": "Grit"})
    plan = study.plan.model_copy(update={"outcomes": (first, asked)})
    study = replace(study, plan=plan, instruments=(*study.instruments, load_instrument("grit_s8")))
    rows = [quality_of("after", 40), quality_of("before", 4), quality_of("after", 40) | {"scale": "posttest.value"}]
    scores = replace(scores, quality=replace(scores.quality, scales=pd.DataFrame(rows, columns=list(QUALITY_COLUMNS))))
    found = questionnaire_displays(scores, study)
    assert set(found) == {"quality", "factors", "loadings", "invariance", "dif"}
    table = found["quality"].set_index("wave")
    assert list(table.index) == ["before", "after"]
    assert table["label"].unique().tolist() == ["Grit"]
    assert table.loc["before", [*RELIABILITIES, "n"]].isna().all()
    assert "fewer than 10" in str(table.loc["before", "reason"])
    assert (table.loc["after", list(RELIABILITIES)] == 0.5).all()
    assert table.loc["after", "n"] == 40
    assert table[["mean", "sd", "floor_percent"]].isna().all(axis=None)
