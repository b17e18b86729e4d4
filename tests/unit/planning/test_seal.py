"""Sealing a plan, and what was changed afterwards."""

import json

import pytest

from evalkit.errors import DesignError, SpecError
from evalkit.planning.seal import compare_with_seal, seal
from evalkit.records.allocation import canonical_json, sha256_of
from evalkit.records.evaluation import load_evaluation
from evalkit.records.new_plan import write_plan
from evalkit.records.seal import load_seal


def rewrite(folder, *changes):
    path = folder / "evaluation.yaml"
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return load_evaluation(folder)


def test_a_sealed_plan_is_as_sealed(study):
    made = seal(study, stated_date="2026-03-01")
    assert load_seal(study.folder / "seal.json") == made
    assert compare_with_seal(study).unchanged
    assert made.instruments == ("tiny4@1[1-5]",) or made.instruments[0].startswith("tiny4@1[")
    assert made.date_words == "2026-03-01 (as stated; no registry or deposit confirms it)"


def test_sealing_twice_changes_nothing(study):
    assert seal(study) == seal(study)
    with pytest.raises(DesignError, match="there is a seal already, with the same plan but other particulars"):
        seal(study, stated_date="2020-01-01")


def test_layout_comments_data_and_registration_are_no_change(study, study_folder):
    made = seal(study)
    later = rewrite(
        study_folder,
        ("title: Tiny study", "# a comment\ntitle:   Tiny study"),
        (
            "seed: 1",
            "seed: 1\ndata: {files: [{path: pre.csv, wave: pre}]}\nregistration: {id: ISRCTN1, registry: ISRCTN}",
        ),
    )
    assert compare_with_seal(later).unchanged
    assert seal(later, to=study_folder / "again.json").sha256 == made.sha256
    assert load_seal(study_folder / "again.json").date_words == "no date given (registered: ISRCTN, ISRCTN1)"


def test_changes_are_listed_key_by_key(study, study_folder):
    seal(study, stated_date="2026-03-01", deposit="doi:10.5281/zenodo.1")
    later = rewrite(
        study_folder,
        ("role: primary", "role: secondary"),
        ("seed: 1", "seed: 2\nalpha: 0.1\ncovariates: [{id: sex, label: Sex}]"),
        ("{id: post, label: After}", "{id: post, label: After, date: 2026-07-01}"),
    )
    found = compare_with_seal(later)
    assert [(one.key, one.kind, one.sealed, one.now) for one in found.deviations] == [
        ("waves.post.date", "added", "(nothing)", "2026-07-01"),
        ("outcomes.tiny.role", "changed", "primary", "secondary"),
        ("covariates", "added", "(nothing)", "id: sex, label: Sex, kind: category, level: pupil"),
        ("alpha", "changed", "0.05", "0.1"),
        ("seed", "changed", "1", "2"),
    ]
    assert found.tidy()["key"].tolist() == [one.key for one in found.deviations]
    assert found.tidy()["what"].tolist()[:2] == ["Waves › post › date", "Outcomes › tiny › role"]
    assert found.seal.date_words == "2026-03-01 (the hash is deposited: doi:10.5281/zenodo.1)"
    with pytest.raises(DesignError, match="there is a seal already, of another plan"):
        seal(later)


def test_keys_that_only_a_later_evalkit_knows_are_no_deviation(study, study_folder):
    """A seal made before `sides` and an outcome's `retest` were keys of a plan."""
    seal(study)
    path = study_folder / "seal.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    del content["content"]["sides"]
    del content["content"]["outcomes"][0]["retest"]
    content["sha256"] = sha256_of(canonical_json({"plan": content["content"], "instruments": content["instruments"]}))
    path.write_text(json.dumps(content), encoding="utf-8")
    assert compare_with_seal(study).unchanged
    later = rewrite(study_folder, ("seed: 1", "seed: 1\nsides: 1"))
    assert [(one.key, one.kind, one.now) for one in compare_with_seal(later).deviations] == [("sides", "added", "1")]


def test_lists_and_what_is_filled_in_later(study, study_folder):
    seal(study)
    later = rewrite(
        study_folder,
        ("pupil_headers: [Pupil code]", "pupil_headers: [Pupil code, UPN]"),
        ("seed: 1", "seed: 1\ndelivery: {planned: 3 days, delivered: 2 days, share_delivered: 0.67}"),
    )
    found = compare_with_seal(later).deviations
    assert [(one.what, one.sealed, one.now) for one in found] == [
        ("Delivery", "(nothing)", "planned: 3 days"),
        ("Pupil headers", "Pupil code", "Pupil code; UPN"),
    ]


def test_a_changed_instrument_is_a_deviation(study, study_folder):
    seal(study)
    path = study_folder / "instruments" / "tiny4" / "instrument.yaml"
    path.write_text(path.read_text().replace("version: '1'", "version: '2'"), encoding="utf-8")
    found = compare_with_seal(load_evaluation(study_folder))
    assert [(one.key, one.kind) for one in found.deviations] == [("instruments", "removed"), ("instruments", "added")]


def test_outcome_data_before_the_seal(study_folder):
    (study_folder / "post.csv").write_text("made up", encoding="utf-8")
    study = rewrite(
        study_folder,
        ("seed: 1", "seed: 1\ndata: {files: [{path: pre.csv, wave: pre}, {path: post.csv, wave: post}]}"),
    )
    with pytest.raises(DesignError, match=r"outcome data are there already \(post\.csv\)"):
        seal(study)
    assert seal(study, after_data=True).outcome_files == ("post.csv",)


def test_a_seal_that_was_edited_or_belongs_elsewhere(study, study_folder):
    with pytest.raises(SpecError, match="there is no such file"):
        compare_with_seal(study)
    seal(study)
    path = study_folder / "seal.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"evaluation": "other-study"}))
    with pytest.raises(DesignError, match="the seal is of 'other-study'"):
        compare_with_seal(study)
    content["content"]["alpha"] = 0.1
    path.write_text(json.dumps(content))
    with pytest.raises(SpecError, match="the seal was changed after it was made"):
        compare_with_seal(study)


def test_what_a_trial_fills_in_later_is_no_deviation(tmp_path):
    path = write_plan("reading-trial", design="cluster_trial", folder=tmp_path)
    seal(load_evaluation(tmp_path / "reading-trial"))
    text = path.read_text(encoding="utf-8")
    later = """\
  assumed:
    - {stage: randomisation, schools: 71, pupils: 75, icc: 0.15}
  cost: {source: the team, pupils: [100], items: [{name: Training, timing: start_up, amounts: [1000]}]}
  analysis:"""
    text = text.replace("    headers: [Arm] ", "    certificate: draw.json\n    headers: [Arm] ").replace(
        "  analysis:", later
    )
    path.write_text(text, encoding="utf-8")
    assert compare_with_seal(load_evaluation(tmp_path / "reading-trial")).unchanged
    text = text.replace("stage: randomisation", "stage: protocol").replace(
        "strata: []", "strata: [{id: area, label: Area}]"
    )
    path.write_text(text.replace("permutations: 1000", "permutations: 500"), encoding="utf-8")
    found = compare_with_seal(load_evaluation(tmp_path / "reading-trial")).deviations
    assert [(one.what, one.kind) for one in found] == [
        ("Trial › strata", "added"),
        ("Trial › analysis › permutations", "changed"),
        ("Trial › assumed", "added"),
    ]
