"""The wheel holds the package, the instruments and the examples, and nothing that must not travel."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import evalkit

ROOT = Path(evalkit.__file__).parent.parent


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    if not (ROOT / "pyproject.toml").is_file():
        pytest.skip("evalkit is installed: there is no project to build a wheel from")
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(folder),
        str(ROOT),
    ]
    subprocess.run(command, check=True, timeout=300)
    (wheel,) = folder.glob("*.whl")
    assert wheel.name.startswith("evalkit_education-")
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.mark.parametrize(
    "name",
    [
        "evalkit/py.typed",
        "evalkit/checklists.yaml",
        "evalkit/standards.yaml",
        "evalkit/records/plans/single_group_prepost.yaml",
        "evalkit/records/plans/multisite_trial.yaml",
        "evalkit/records/plans/national_comparison.yaml",
        "evalkit/records/plans/feedback_survey.yaml",
        "evalkit/report/templates/programme/template.qmd",
        "evalkit/report/theme/report.css",
        "evalkit/_shipped/instruments/gse10/instrument.yaml",
        "evalkit/_shipped/instruments/grit_s8/example.csv",
        "evalkit/_shipped/instruments/mslq44/expected.csv",
        "evalkit/_shipped/analyses/keyham-resilience/evaluation.yaml",
        "evalkit/_shipped/analyses/keyham-resilience/data/pre.xlsx",
        "evalkit/_shipped/analyses/keyham-resilience/data/post.csv",
        "evalkit/_shipped/analyses/keyham-resilience/mappings/post.yaml",
    ],
)
def test_the_wheel_has(name: str, names: list[str]) -> None:
    assert name in names


def test_the_wheel_has_nothing_else(names: list[str]) -> None:
    strange = [name for name in names if not name.startswith(("evalkit/", "evalkit_education-"))]
    assert not strange
    private = [
        name for name in names if "/release/" in name or "__pycache__" in name or name.endswith((".pyc", ".part"))
    ]
    assert not private
