"""A report in a real browser: axe finds nothing, and nothing runs off a narrow screen."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from evalkit.records.results import load_results
from evalkit.report.layout import render_document
from evalkit.report.render import render
from evalkit.shipped import shipped
from tests.golden.trial_sample import trial
from tests.unit.report.one_process import cells_in_one_process

__all__ = ["cells_in_one_process"]
# Of what passes axe names one place for each rule: all of them would be most of its work.
CHECKED = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]},
    "resultTypes": ["violations"],
}
TEMPLATE = Path(__file__).parent / "every_box.qmd"


def missing(reason: str) -> None:
    """Skip, or fail where the browser is required."""
    if "browser" in os.environ.get("EVALKIT_REQUIRE", "").split(","):
        pytest.fail(f"{reason}; EVALKIT_REQUIRE asks for it")
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright is not installed")
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        missing("no Chromium on the path")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture(scope="module", params=["every box", "programme report", "trial report", "brief"])
def page_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report") / "report.html"
    if request.param == "every box":
        return render_document(TEMPLATE, context={"mean": 3.8}, params={}, to=out, renderer="embedded")
    if request.param in ("trial report", "brief"):
        template = "brief" if request.param == "brief" else None
        return render(trial(), to=out, template=template, renderer="embedded")
    results = load_results(shipped("analyses") / "keyham-resilience" / "results.json")
    return render(results, to=out, renderer="embedded")


@pytest.mark.parametrize("width", [1280, 320])
def test_axe_finds_nothing(browser, page_file: Path, width: int):
    from axe_playwright_python.sync_playwright import Axe

    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(page_file.as_uri())
    found = Axe().run(page, options=CHECKED).response
    page.close()
    assert [(rule["id"], rule["impact"], rule["nodes"][0]["html"]) for rule in found["violations"]] == []
    assert len(found["passes"]) > 30


def test_nothing_runs_off_a_narrow_screen(browser, page_file: Path):
    page = browser.new_page(viewport={"width": 320, "height": 640})
    page.goto(page_file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.close()


def test_the_page_asks_for_nothing_and_complains_of_nothing(browser, page_file: Path):
    page = browser.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(page_file.as_uri())
    page.wait_for_load_state("networkidle")
    page.close()
    assert [url for url in asked if not url.startswith("data:")] == [page_file.as_uri()]
    assert said == []


def test_the_skip_link_comes_first(browser, page_file: Path):
    page = browser.new_page()
    page.goto(page_file.as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the report"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "report"
    page.close()


@pytest.mark.parametrize("page_file", ["every box"], indirect=True)
def test_axe_is_awake(browser, page_file: Path, tmp_path: Path):
    from axe_playwright_python.sync_playwright import Axe

    spoilt = tmp_path / "spoilt.html"
    text = page_file.read_text(encoding="utf-8")
    spoilt.write_text(
        text.replace('lang="en-GB"', "", 1).replace("--quiet: #", "--quiet: #d0d0d0;--x: #"), encoding="utf-8"
    )
    page = browser.new_page()
    page.goto(spoilt.as_uri())
    found = Axe().run(page, options=CHECKED).response
    page.close()
    assert {"html-has-lang", "color-contrast"} <= {rule["id"] for rule in found["violations"]}
