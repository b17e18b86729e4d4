"""The page of file cases is what evalkit says today."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_page_is_fresh() -> None:
    place = ROOT / "docs" / "make_file_cases.py"
    spec = importlib.util.spec_from_file_location("make_file_cases", place)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    page = (ROOT / "docs" / "reference" / "file-cases.md").read_text(encoding="utf-8")
    assert page == made.page(), "run: PYTHONPATH=. python docs/make_file_cases.py"
