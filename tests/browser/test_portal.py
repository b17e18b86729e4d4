"""The portal in a real browser against a real server: two schools, an evaluator, a lead, an officer, an operator.

Every page that somebody opens on the way is put before axe at 1280 and at 320 pixels, as it stands, once. With
EVALKIT_SCREENSHOTS=folder its picture is kept, at 1280 and at 375 pixels.
"""

import io
import os
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from evalkit.custody.release import load_release
from evalkit.records.evaluation import EVALUATION_FILE
from evalkit.shipped import shipped
from tests.portal.answering_plan import perseverance_plan
from tests.portal.real_server import Server, new_server
from tests.portal.school_files import answers, codes

from .test_accessibility import browser

__all__ = ["browser"]
pytestmark = pytest.mark.sqlite_only
PASSWORD = "three random words"
MAKE_PEOPLE = f"""
from django.core.management import call_command
call_command("migrate", verbosity=0)
from evalkit.portal.models import Membership, Participation, Person, Programme, School
from evalkit.portal.start import add_demo
from evalkit.portal.tenancy import everything
add_demo()
with everything():
    one, (first, second) = Programme.objects.get(), School.objects.order_by("urn")
    for name, place in [
        ("uploader", dict(school=first)), ("second", dict(school=second)), ("school_lead", dict(school=first)),
        ("evaluator", dict(programme=one)), ("programme_lead", dict(programme=one)),
        ("officer", dict()), ("operator", dict()),
    ]:
        person = Person.objects.create_user(name + "@example.org", "{PASSWORD}", name=name.replace("_", " ").title())
        Membership.objects.create(person=person, role=name.replace("second", "uploader"), **place)
    Membership.objects.create(person=Person.objects.get(name="Evaluator"), role="evaluator")
    online = Programme.objects.create(plan_id="perseverance", title="Perseverance online")
    Participation.objects.create(programme=online, school=first)
    online.folder.mkdir(parents=True)
    print(first.pk, second.pk, one.pk, online.pk)
"""
DATA = shipped("analyses") / "keyham-resilience" / "data"
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WIDTHS = (1280, 320)
WAIT = 60_000
ACCURACY = ["Very inaccurate", "Moderately inaccurate", "Neither accurate nor inaccurate", "Moderately accurate"]
# Chromium without sound has no voice: one that writes down what it was asked to say.
VOICE = """
window.spoken = [];
Object.defineProperty(window, "speechSynthesis", { value: {
  getVoices: () => [{ lang: "en-GB", localService: true }], cancel: () => {}, addEventListener: () => {},
  speak: (words) => window.spoken.push(words.text),
} });
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
"""


@dataclass
class Walk:
    """A browser with a window for each person, and what axe said of every page so far.

    `online` : the programme whose questionnaire can be answered in the browser
    """

    browser: Any
    server: Server
    online: str
    windows: dict[str, Any] = field(default_factory=dict)
    seen: dict[str, list[str]] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)

    def window(self, person: str) -> Any:
        """The window of a person, who signs in when it is opened."""
        if person not in self.windows:
            page = self.browser.new_context(base_url=f"http://127.0.0.1:{self.server.port}").new_page()
            page.set_default_timeout(WAIT)
            page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
            page.on("pageerror", lambda error: self.complaints.append(str(error)))
            page.goto("/accounts/login/")
            page.get_by_label(re.compile("mail")).fill(f"{person}@example.org")
            page.get_by_label("Password").fill(PASSWORD)
            press(page, "Sign in")
            self.windows[person] = page
        return self.windows[person]

    def look(self, page: Any, name: str) -> None:
        """Put the page as it stands before axe at both widths, once for each name."""
        if name in self.seen:
            return
        page.wait_for_load_state()
        found: list[str] = []
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            found += [f"{width} px: {one}" for one in violations(page)]
            if width == 320 and page.evaluate("document.documentElement.scrollWidth") > 320:
                found.append("320 px: the page runs off the screen")
        self.seen[name] = found
        _picture(page, name)
        page.set_viewport_size({"width": 1280, "height": 800})

    def open(self, person: str, path: str, name: str, *, status: int = 200) -> Any:
        """Go to a page and look at it."""
        page = self.window(person)
        assert page.goto(path).status == status, path
        self.look(page, name)
        return page


def press(page: Any, name: str) -> None:
    """Press a button and wait for the page that answers."""
    page.get_by_role("button", name=name).click()
    page.wait_for_load_state()


def violations(page: Any) -> list[str]:
    """What axe finds against WCAG 2.2 AA."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": LEVELS}, "resultTypes": ["violations"]})
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found.response["violations"]]


def _picture(page: Any, name: str) -> None:
    folder = os.environ.get("EVALKIT_SCREENSHOTS")
    if folder:
        for width in (1280, 375):
            page.set_viewport_size({"width": width, "height": 800})
            page.screenshot(path=Path(folder) / f"{name.replace(' ', '-')}-{width}.png", full_page=True)


@pytest.fixture(scope="module")
def walk(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    if os.name != "posix":
        pytest.skip("gunicorn needs a POSIX system")
    folder = tmp_path_factory.mktemp("portal")
    server = new_server(folder, migrated=False, quick=True)  # its people come with its tables
    first, second, programme, online = server.manage("shell", "-v0", "-c", MAKE_PEOPLE).split()
    server.schools, server.programme = [first, second], programme
    (server.folder / "data" / "programmes" / online / EVALUATION_FILE).write_text(perseverance_plan(), encoding="utf-8")
    server.start("web")
    server.start("worker")
    try:
        yield Walk(browser, server, online)
    finally:
        for name in list(server.processes):
            server.kill(name)


def place(walk: Walk, school: int = 0) -> str:
    return f"/schools/{walk.server.schools[school]}/programmes/{walk.server.programme}/"


def send(page: Any, at: str, wave: str, file: Path | dict[str, Any]) -> None:
    """Choose a file on the page of a wave, send it, and wait for the end of its check."""
    page.goto(f"{at}upload/{wave}/")
    page.get_by_label("The file with the answers").set_input_files(file)
    press(page, "Send and check")
    page.wait_for_url(re.compile("/uploads/"))
    page.get_by_text("Being checked", exact=True).wait_for(state="detached")


def test_a_good_file_is_sent_confirmed_and_receipted(walk: Walk) -> None:
    page = walk.window("uploader")
    walk.look(page, "school home")
    page.get_by_role("link", name=re.compile("resilience|Keyham", re.IGNORECASE)).first.click()
    walk.look(page, "school programme, nothing sent")
    page.get_by_role("link", name=re.compile("Send a file for Before")).click()
    walk.look(page, "upload")
    press(page, "Send and check")
    assert page.title().startswith("Error: ")
    assert page.evaluate("document.activeElement.id") == "error-summary"
    walk.look(page, "upload, nothing selected")
    send(page, place(walk), "pre", DATA / "pre.xlsx")
    assert page.get_by_text("Ready to confirm").count()
    walk.look(page, "file ready")
    press(page, "Confirm this file")
    page.get_by_role("heading", name="File confirmed").wait_for()
    walk.look(page, "receipt")


def test_questions_are_answered_a_fault_mended_and_the_answers_remembered(walk: Walk) -> None:
    page, at = walk.window("uploader"), place(walk)
    send(page, at, "post", DATA / "post.csv")
    walk.look(page, "file with questions")
    page.get_by_role("link", name=re.compile("Answer the question")).click()
    walk.look(page, "questions")
    press(page, "Keep the answers")
    assert page.title().startswith("Error: ")
    walk.look(page, "questions, none answered")
    asked = answer_all(page)
    assert page.get_by_text("Needs mending").count()
    walk.look(page, "file to mend")
    with page.expect_download() as marked:
        page.get_by_role("link", name=re.compile("cells marked")).click()
    assert marked.value.suggested_filename.endswith("cells marked.xlsx")
    send(page, at, "post", {"name": "mended.csv", "mimeType": "text/csv", "buffer": mended()})
    page.get_by_role("link", name=re.compile("Answer the question")).click()
    assert answer_all(page) < asked
    press(page, "Confirm this file")
    page.get_by_role("heading", name="File confirmed").wait_for()
    page.goto(at)
    walk.look(page, "school programme, all confirmed")


def answer_all(page: Any) -> int:
    """Take the first choice of every question, wait for the check; how many there were."""
    questions = page.locator("fieldset").all()
    for question in questions:
        question.get_by_role("radio").first.check()
    press(page, "Keep the answers")
    page.get_by_text("Being checked", exact=True).wait_for(state="detached")
    return len(questions)


def mended() -> bytes:
    """The example's second file without the answer that cannot be."""
    lines = (DATA / "post.csv").read_text(encoding="utf-8-sig").splitlines()
    row = lines[17].split(",")
    row[14] = ""
    return "\n".join([*lines[:17], ",".join(row), *lines[18:]]).encode()


def test_a_bad_file_of_another_school_is_mended(walk: Walk) -> None:
    page, at = walk.window("second"), place(walk, 1)
    for wave, shift in (("pre", 0), ("post", 1)):
        bad = answers(codes(0, 12), shift=shift, wrong="77")
        send(page, at, wave, {"name": f"{wave}.csv", "mimeType": "text/csv", "buffer": bad})
        assert page.get_by_text("Needs mending").count()
        good = answers(codes(0, 12), shift=shift)
        send(page, at, wave, {"name": f"{wave} mended.csv", "mimeType": "text/csv", "buffer": good})
        press(page, "Confirm this file")
        page.get_by_role("heading", name="File confirmed").wait_for()
    other = walk.open("second", place(walk, 0), "not found", status=404)
    assert other.get_by_role("heading", level=1).inner_text() == "Page not found"
    send(page, at, "pre", {"name": "letter.csv", "mimeType": "text/csv", "buffer": b"Dear all,\nthank you\n"})
    walk.look(page, "file that cannot be read")


def test_a_pupil_answers_online_and_the_school_closes(walk: Walk) -> None:
    from playwright.sync_api import Error

    school = walk.open("uploader", place(walk) + "online/pre/", "wording not at hand")
    at = f"/schools/{walk.server.schools[0]}/programmes/{walk.online}/"
    school.goto(at)
    school.get_by_role("link", name="Pupils answer online Before").click()
    walk.look(school, "open a round")
    school.get_by_label("The pupils’ codes").fill("KL-001\nKL-002")
    press(school, "Open and show the link")
    walk.look(school, "round open")
    pupil = walk.browser.new_context(viewport={"width": 320, "height": 640}).new_page()
    pupil.set_default_timeout(WAIT)
    pupil.add_init_script(VOICE)
    link = school.locator("pre").inner_text()
    pupil.goto(link)
    walk.look(pupil, "pupil code")
    pupil.get_by_label("Your pupil code").fill("KL-003")
    press(pupil, "Go to the questions")
    assert pupil.title().startswith("Error: ")
    walk.look(pupil, "pupil code, wrong")
    pupil.get_by_label("Your pupil code").fill("kl-001")
    pupil.keyboard.press("Enter")
    pupil.get_by_text("Your code: KL-001").wait_for()
    walk.look(pupil, "pupil questions")
    press(pupil, "Read aloud question 1")
    (spoken,) = pupil.evaluate("window.spoken")
    assert spoken.startswith("Describe yourself as you generally are now.")
    assert spoken.endswith("Am a goal-oriented person. " + ". ".join([*ACCURACY, "Very accurate."]))
    pupil.get_by_role("group", name="1. Am a goal-oriented person.").get_by_role("radio").first.focus()
    pupil.keyboard.press("Space")
    pupil.keyboard.press("ArrowDown")
    press(pupil, "Save for later")
    walk.look(pupil, "pupil saved")
    pupil.get_by_role("link", name="Go on now").click()
    pupil.get_by_label("Your pupil code").fill("KL-001")
    pupil.keyboard.press("Enter")
    assert pupil.locator("input:checked").get_attribute("value") == "2"
    press(pupil, "Finish")
    pupil.get_by_role("heading", name="You left out 7 questions").wait_for()
    walk.look(pupil, "pupil left out")
    for question in pupil.locator("fieldset").all()[1:]:
        question.get_by_text("Very accurate").click()
    box = pupil.locator("label.answer").first.bounding_box()
    assert min(box["height"], box["width"]) >= 44
    press(pupil, "Finish")
    pupil.get_by_role("heading", name="Thank you").wait_for()
    walk.look(pupil, "pupil finished")
    with pytest.raises(Error, match="ERR_CACHE_MISS"):  # nobody finds the answers by going back
        pupil.go_back()
    assert {one["name"] for one in pupil.context.cookies()} == {"csrftoken"}
    school.get_by_role("link", name="Look again").click()
    press(school, "Close and check the answers")
    school.get_by_text("Being checked", exact=True).wait_for(state="detached")
    assert school.get_by_text("Ready to confirm").count()
    pupil.goto(link)
    walk.look(pupil, "round closed")


def test_the_evaluator_locks_releases_and_reports(walk: Walk, tmp_path: Path) -> None:
    at = f"/programmes/{walk.server.programme}/"
    page = walk.open("evaluator", "/programmes/", "programmes")
    for path, name in [
        ("/programmes/add/", "add a programme"), (f"{at}schools/", "invite"), (f"{at}roster/", "roster"),
        (f"{at}members/", "people"), (f"{at}reminder/", "reminder"), (f"{at}plan/", "plan"), (f"{at}lock/", "lock"),
        (at, "dashboard"),
    ]:  # fmt: skip
        walk.open("evaluator", path, name)
    assert page.get_by_text("2 of 2 schools confirmed").count() == 2
    page.goto(f"{at}lock/")
    press(page, "Lock the data")
    walk.look(page, "lock without a reason")
    page.get_by_label("Reason").fill("The last file came in")
    press(page, "Lock the data")
    walk.look(page, "locked")
    page.get_by_role("link", name="Releases").click()
    walk.look(page, "releases, none yet")
    press(page, "Make a data release")
    walk.look(page, "release being made")
    page.get_by_role("link", name="Download (zip)").wait_for()
    walk.look(page, "release")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download (zip)").click()
    with zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())) as archive:
        archive.extractall(tmp_path)
    (unpacked,) = tmp_path.iterdir()
    assert load_release(unpacked).manifest.linked == 62
    press(page, "Make the report")
    page.get_by_role("link", name="Read the report").wait_for()
    walk.look(page, "report")
    for who in ("leads", "schools"):
        press(page, f"Publish to {who}")
    for path, name in [(f"{at}reports/", "reports"), (f"{at}releases/", "releases"), (f"{at}audit/", "audit log")]:
        walk.open("evaluator", path, name)


def test_leads_read_the_report(walk: Walk) -> None:
    page = walk.window("programme_lead")
    walk.look(page, "lead")
    answer = page.locator("p.lead").inner_text()
    page.get_by_role("link", name="Read the report").click()
    assert answer.replace("'", "’") in page.inner_text("body").replace("'", "’")
    walk.open("programme_lead", "/lead/", "portfolio")
    walk.open("school_lead", place(walk), "school programme with a report, locked")


def test_the_officer_and_the_operator_look(walk: Walk) -> None:
    at = f"/officer/{walk.server.programme}/"
    page = walk.window("officer")
    for path, name in [
        ("/officer/", "officer"), (at, "officer programme"), (f"{at}export/", "export"),
        (f"{at}keeping/", "keeping"), ("/officer/audit/", "audit log of the portal"),
        (f"{at}notice/", "privacy notice"), (f"{at}assessment/", "impact assessment"),
        (f"{at}erase-school/{walk.server.schools[1]}/", "erase a school"), (f"{at}pupil/", "erase a pupil"),
    ]:  # fmt: skip
        walk.open("officer", path, name)
    page.get_by_label("Pupil code").fill("KL-001")
    page.get_by_label("School").select_option(index=1)
    press(page, "Show what is held")
    walk.look(page, "erase a pupil, steps")
    walk.open("operator", "/operator/", "operator")


def test_pages_about_the_account(walk: Walk) -> None:
    for path, name in [
        ("/accounts/2fa/", "security"), ("/accounts/password/change/", "change the password"),
        ("/accounts/2fa/totp/activate/", "second step"), ("/privacy/", "privacy"),
    ]:  # fmt: skip
        walk.open("operator", path, name)
    page = walk.browser.new_context(base_url=f"http://127.0.0.1:{walk.server.port}").new_page()
    for path, name in [
        ("/accounts/password/reset/", "reset the password"), ("/accounts/login/", "sign in"),
        ("/invitations/none/", "invitation that is gone"),
    ]:  # fmt: skip
        page.goto(path)
        walk.look(page, name)


def test_every_page_is_open_to_everybody(walk: Walk) -> None:
    told = {name: found for name, found in walk.seen.items() if found}
    assert told == {}
    assert [one for one in walk.complaints if "status of 4" not in one] == []
    assert len(walk.seen) > 45


def test_axe_is_awake_here_too(walk: Walk) -> None:
    page = walk.window("operator")
    page.evaluate("document.documentElement.removeAttribute('lang')")
    assert any(one.startswith("html-has-lang") for one in violations(page))
