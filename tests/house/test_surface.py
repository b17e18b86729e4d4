"""The public surface is exact and documented: names, commands, columns."""

import inspect
import re
import subprocess
from pathlib import Path

import pytest

import evalkit
from docs.make_reference import PAGES, commands

ROOT = Path(evalkit.__file__).parent.parent
PUBLIC = [
    "DesignError",
    "EvalkitError",
    "FitError",
    "Mechanism",
    "ReportError",
    "SpecError",
    "TrialDesign",
    "UploadError",
    "allocation_facts",
    "analyse",
    "check_schools",
    "check_upload",
    "compare",
    "compare_with_seal",
    "declare_mechanism",
    "draw_trial",
    "factor_model",
    "gee",
    "grim",
    "instrument_ids",
    "invariance",
    "item_functioning",
    "linear",
    "load_allocation",
    "load_evaluation",
    "load_instrument",
    "load_mapping",
    "load_randomisation",
    "load_release",
    "load_results",
    "logit",
    "make_release",
    "match",
    "mdes",
    "mdes_table",
    "multilevel",
    "ordinal",
    "parallel_analysis",
    "power",
    "power_curve",
    "power_plot",
    "randomise",
    "reliability",
    "render",
    "response_quality",
    "run",
    "sample_size",
    "score",
    "score_items",
    "seal",
    "verify",
    "verify_certificate",
]


def test_all_is_exact() -> None:
    assert evalkit.__all__ == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    public = getattr(evalkit, name)
    assert inspect.getdoc(public), name
    page = (ROOT / "docs" / "reference" / "python.md").read_text(encoding="utf-8")
    assert re.search(rf"^## `{name}", page, flags=re.MULTILINE), f"docs/reference/python.md has no '## `{name}`'"


@pytest.mark.parametrize("command", [name for name, _ in commands()])
def test_every_command_is_documented(command: str) -> None:
    page = (ROOT / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")
    assert f"## evalkit {command}\n" in page


def tracked_files() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout: there is no list of tracked files")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.splitlines() if (ROOT / name).is_file()]


def test_no_tracked_file_carries_a_path_of_one_machine_or_a_package_index() -> None:
    pattern = re.compile(
        r"(?<![\w.\-])/(?:work|root|home|opt)/[\w.]"
        r"|https?://(?:[\w.-]*pypi|files\.pythonhosted|registry\.npmjs)"
    )
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in tracked_files()
        if path.suffix not in (".png", ".xlsx", ".xls", ".ods", ".docx", ".pdf", ".parquet", ".otf", ".ttf")
        and path != Path(__file__)
        for match in pattern.finditer(path.read_text(encoding="utf-8"))
    ]
    assert not found


@pytest.mark.parametrize("page", sorted(PAGES))
def test_the_made_reference_pages_are_fresh(page: str) -> None:
    committed = (ROOT / "docs" / "reference" / page).read_text(encoding="utf-8")
    assert committed == PAGES[page](), "run: python docs/make_reference.py"


def test_nobody_is_told_to_install_somebody_elses_package() -> None:
    """The bare name belongs to another project; ours is evalkit-education."""
    bare = re.compile(r"pip install (?:-\S+ )*['\"]?evalkit(?!-education)\b")
    assert not [
        path.relative_to(ROOT)
        for path in tracked_files()
        if path.suffix in (".py", ".md", ".yaml", ".html") and path != Path(__file__)
        if bare.search(path.read_text(encoding="utf-8"))
    ]
