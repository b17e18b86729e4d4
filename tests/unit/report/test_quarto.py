"""The Quarto adapter, against a stand-in for the `quarto` command that records how it was called."""

import json
import os
import stat
import sys
from pathlib import Path

import pytest
import yaml

from evalkit.errors import ReportError
from evalkit.report.brand import DEFAULT_BRAND
from evalkit.report.layout import choose_renderer, render_document
from evalkit.report.quarto import QuartoRenderer
from evalkit.report.static import Format, StaticDoc

STAND_IN = """#!{python}
import json, os, sys
from pathlib import Path
if sys.argv[1:] == ["--version"]:
    print("{version}")
    sys.exit(0)
folder = Path.cwd()
files = {{str(path.relative_to(folder)): path.read_text(encoding="utf-8", errors="replace")
          for path in sorted(folder.rglob("*")) if path.is_file()}}
record = {{"argv": sys.argv[1:], "cwd": str(folder), "files": files, "epoch": os.environ.get("SOURCE_DATE_EPOCH")}}
with open({log!r}, "a", encoding="utf-8") as log:
    log.write(json.dumps(record) + chr(10))
if {fail}:
    sys.stderr.write("ERROR: first line" + chr(10) + "ERROR: pandoc document conversion failed" + chr(10))
    sys.exit(1)
suffix = {{"html": "html", "typst": "pdf", "docx": "docx"}}[sys.argv[sys.argv.index("--to") + 1]]
if {writes}:
    Path("report." + suffix).write_text("made by quarto", encoding="utf-8")
"""


def install(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, version: str = "1.10.18", fail: bool = False, writes: bool = True
) -> Path:
    """Put the stand-in first on the path; returns the file in which it records its calls."""
    place = folder / "bin"
    place.mkdir()
    log = folder / "calls.jsonl"
    program = place / "quarto"
    text = STAND_IN.format(python=sys.executable, version=version, log=str(log), fail=fail, writes=writes)
    program.write_text(text, encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{place}{os.pathsep}{os.environ['PATH']}")
    return log


def calls(log: Path) -> list[dict]:
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def document(fmt: Format) -> StaticDoc:
    return StaticDoc("---\ntitle: T\n---\n\nText.\n", {"figures/a.svg": b"<svg/>"}, fmt, None, "t.qmd")


@pytest.mark.parametrize(("fmt", "target"), [("html", "html"), ("pdf", "typst"), ("docx", "docx")])
def test_it_renders_in_a_folder_of_its_own(tmp_path: Path, monkeypatch, fmt: Format, target: str):
    log = install(tmp_path, monkeypatch)
    out = tmp_path / f"out.{fmt}"
    for _ in range(2):
        QuartoRenderer().render(document(fmt), out, brand=DEFAULT_BRAND)
    first, second = calls(log)
    assert out.read_text() == "made by quarto"
    assert first["argv"] == ["render", "report.qmd", "--to", target, "--metadata-file", "layout.yml", "--quiet"]
    assert first["cwd"] != second["cwd"]
    assert not Path(first["cwd"]).exists()
    assert first["files"]["figures/a.svg"] == "<svg/>"
    assert "laid out by Quarto 1.10.18" in first["files"]["report.qmd"]
    assert first["epoch"] == "946684800"


def test_settings_are_those_of_the_format(tmp_path: Path, monkeypatch):
    log = install(tmp_path, monkeypatch)
    for fmt in ("html", "pdf", "docx"):
        QuartoRenderer().render(document(fmt), tmp_path / "out", brand=DEFAULT_BRAND)
    page, paper, word = (yaml.safe_load(call["files"]["layout.yml"]) for call in calls(log))
    assert page["embed-resources"] is True
    assert page["html-math-method"] == "mathml"
    assert page["theme"] == "default"
    assert paper["pdf-standard"] == "ua-1"
    assert word["reference-doc"] == "reference.docx"
    assert all(settings["filters"] == ["blocks.lua"] for settings in (page, paper, word))
    files = [call["files"] for call in calls(log)]
    assert all("blocks.lua" in names for names in files)
    assert page["css"] in files[0]
    assert paper["include-in-header"] in files[1]
    assert word["reference-doc"] in files[2]


def test_what_quarto_says_is_passed_on(tmp_path: Path, monkeypatch):
    install(tmp_path, monkeypatch, fail=True)
    with pytest.raises(ReportError) as refused:
        QuartoRenderer().render(document("html"), tmp_path / "out.html", brand=DEFAULT_BRAND)
    assert "t.qmd: Quarto could not lay it out as html" in str(refused.value)
    assert "pandoc document conversion failed" in str(refused.value)
    assert not (tmp_path / "out.html").exists()


def test_no_output_is_an_error(tmp_path: Path, monkeypatch):
    install(tmp_path, monkeypatch, writes=False)
    with pytest.raises(ReportError, match=r"made no report\.html"):
        QuartoRenderer().render(document("html"), tmp_path / "out.html", brand=DEFAULT_BRAND)


def test_missing_quarto_is_no_reason_to_use_another(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not QuartoRenderer().available().found
    with pytest.raises(ReportError) as refused:
        choose_renderer("quarto")
    assert "Quarto is not installed. Install it from https://quarto.org" in str(refused.value)
    assert choose_renderer("auto").name == "embedded"


@pytest.mark.parametrize(
    ("version", "found"), [("1.5.57", False), ("1.6.0", True), ("unknown", False), ("99.9.9", True)]
)
def test_versions(tmp_path: Path, monkeypatch, version: str, found: bool):
    install(tmp_path, monkeypatch, version=version)
    assert QuartoRenderer().available().found is found


def test_an_untried_version_warns(tmp_path: Path, monkeypatch):
    install(tmp_path, monkeypatch, version="1.7.1")
    with pytest.warns(UserWarning, match=r"Quarto 1\.7\.1 is older than 1\.10"):
        assert choose_renderer("auto").name == "quarto"


def test_old_quarto_is_left_alone_by_auto_and_refused_by_name(tmp_path: Path, monkeypatch):
    install(tmp_path, monkeypatch, version="1.4.0")
    assert choose_renderer("auto").name == "embedded"
    with pytest.raises(ReportError, match=r"too old; 1\.6 is needed"):
        choose_renderer("quarto")


def test_a_template_goes_through_with_its_code_gone(tmp_path: Path, monkeypatch):
    log = install(tmp_path, monkeypatch)
    template = tmp_path / "t.qmd"
    template.write_text("---\ntitle: T\n---\n\n```{python}\nf'value {1 + 1}'\n```\n", encoding="utf-8")
    render_document(template, context={}, params={}, to=tmp_path / "o.html", renderer="quarto")
    (call,) = calls(log)
    assert "value 2" in call["files"]["report.qmd"]
    assert "{python}" not in call["files"]["report.qmd"]
    assert "engine: markdown" in call["files"]["report.qmd"]
