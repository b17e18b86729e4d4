"""What the results say they were made from."""

import hashlib
import json
import platform
from pathlib import Path

import yaml

from evalkit import __version__
from evalkit.analysis.analyse import analyse
from evalkit.records.evaluation import load_evaluation
from evalkit.shipped import shipped


def saved(plan, folder: Path) -> Path:
    path = folder / "evaluation.yaml"
    path.write_text(yaml.safe_dump(plan.model_dump(mode="json", by_alias=True), sort_keys=False), encoding="utf-8")
    return path


def test_hashes_of_the_files(plan, scores_of, tmp_path):
    path = saved(plan(), tmp_path)
    study = load_evaluation(tmp_path)
    results = analyse(scores_of(study), study)
    made = results.provenance
    assert made.plan_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    grit = shipped("instruments") / "grit_s8" / "instrument.yaml"
    assert made.instruments[study.instrument("grit_s8").identity] == hashlib.sha256(grit.read_bytes()).hexdigest()
    assert made.release_sha256 == "0" * 64
    assert made.sources == (("pre.xlsx", "1" * 64), ("post.csv", "2" * 64))
    assert made.seed == study.plan.seed
    assert made.evalkit == __version__
    assert results.notes == ("Two rows of post.csv had the same pupil code; the complete one was kept.",)


def test_environment_names_what_touches_numbers(plan, study_of, scores_of):
    study = study_of(plan())
    environment = analyse(scores_of(study), study).provenance.environment
    assert set(environment) == {"python", "machine", "numpy", "pandas", "pingouin", "scipy", "statsmodels"}
    assert environment["machine"] == platform.machine()


def test_a_plan_changed_in_memory_never_passes_for_its_file(plan, scores_of, tmp_path):
    path = saved(plan(), tmp_path)
    study = load_evaluation(tmp_path)
    changed = study.plan.model_copy(update={"alpha": 0.1})
    results = analyse(scores_of(study), type(study)(changed, study.folder, study.instruments, study.wording))
    assert results.provenance.plan_sha256 != hashlib.sha256(path.read_bytes()).hexdigest()
    assert any("not the saved evaluation.yaml" in note for note in results.notes)


def test_a_plan_that_can_no_longer_be_read_is_not_the_plan_used(plan, scores_of, tmp_path):
    path = saved(plan(), tmp_path)
    study = load_evaluation(tmp_path)
    path.write_text("schema: [", encoding="utf-8")
    results = analyse(scores_of(study), study)
    assert any("not the saved evaluation.yaml" in note for note in results.notes)


def test_no_path_and_no_clock(plan, study_of, scores_of, tmp_path):
    study = study_of(plan())
    text = analyse(scores_of(study), study).to_json()
    assert str(tmp_path) not in text
    assert set(json.loads(text)["provenance"]) == {
        "evalkit", "plan_sha256", "release_sha256", "instruments", "sources", "seed", "environment",
    }  # fmt: skip
