from pathlib import Path

import pandas as pd
import pytest

from evalkit.custody.keys import make_key, read_keys
from evalkit.custody.pseudonyms import pseudonym
from evalkit.custody.release import load_release, make_release
from evalkit.errors import SpecError, UploadError
from evalkit.records.evaluation import Study, load_evaluation

from .test_release import POST, PRE, upload

PROTECTION = "data_protection: {controller: Oakfield School, lawful_basis: public task, pseudonymise: true}\n"
UPN = "B801200005001"


@pytest.fixture
def pseudonymous(study_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.setenv("EVALKIT_KEYS", str(tmp_path / "keys"))
    plan = study_folder / "evaluation.yaml"
    plan.write_text(plan.read_text(encoding="utf-8") + PROTECTION, encoding="utf-8")
    return load_evaluation(study_folder)


def test_a_release_holds_pseudonyms_and_links_as_before(pseudonymous: Study, study: Study, tmp_path: Path) -> None:
    key = make_key(read_keys(study.plan.id, data=study.folder))
    made = make_release([upload("pre", PRE), upload("post", POST)], pseudonymous, to=tmp_path / "release")
    plain_plan = study.plan.model_copy(update={"data_protection": None})
    plain = make_release(
        [upload("pre", PRE), upload("post", POST)],
        Study(plain_plan, study.folder, study.instruments, study.wording),
        to=tmp_path / "plain",
    )
    assert made.manifest.linked == plain.manifest.linked
    named = plain.responses.assign(pupil=[pseudonym(code, key) for code in plain.responses["pupil"]])
    order = named["wave"].map({"pre": "1", "post": "2"}) + named["pupil"]
    expected = named.loc[order.sort_values().index]
    pd.testing.assert_frame_equal(made.responses, expected.reset_index(drop=True))
    assert made.roster["pupil"].is_monotonic_increasing
    text = "".join(path.read_text() for path in (tmp_path / "release").iterdir())
    assert not any(code in text for code in ("007", "B2", "C3", "D4") if f",{code}" in text or f"\n{code}," in text)
    assert load_release(tmp_path / "release").sha256 == made.sha256


def test_without_a_key_nothing_is_released(pseudonymous: Study, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="evalkit keys make"):
        make_release([upload("pre", PRE), upload("post", POST)], pseudonymous, to=tmp_path / "release")
    assert not (tmp_path / "release").exists()


def test_upns_and_addresses_are_never_released(study: Study, tmp_path: Path) -> None:
    pre = {UPN: [1, 2, 3, 4], "ada@example.org": [1, 1, 1, 1]}
    with pytest.raises(UploadError) as caught:
        make_release([upload("pre", pre), upload("post", POST)], study, to=tmp_path / "release")
    assert "a Unique Pupil Number" in str(caught.value)
    assert "a e-mail address" not in str(caught.value)
    assert "an e-mail address" in str(caught.value)
    assert UPN not in str(caught.value)
    assert "ada@" not in str(caught.value)
    assert not (tmp_path / "release").exists()


def test_upns_may_be_pseudonymised(pseudonymous: Study, tmp_path: Path) -> None:
    make_key(read_keys(pseudonymous.plan.id, data=pseudonymous.folder))
    made = make_release(
        [upload("pre", {UPN: [1, 2, 3, 4]}), upload("post", {UPN.lower(): [2, 2, 2, 2]})],
        pseudonymous,
        to=tmp_path / "release",
    )
    assert made.manifest.linked == 1
    for path in (tmp_path / "release").iterdir():
        assert UPN not in path.read_text().upper()


def test_a_plan_names_dates_that_are_dates(study_folder: Path) -> None:
    plan = study_folder / "evaluation.yaml"
    plan.write_text(
        plan.read_text() + "data_protection: {controller: A, lawful_basis: b, retention: {releases: 31/08/2027}}\n"
    )
    with pytest.raises(SpecError, match="write year-month-day"):
        load_evaluation(study_folder)
