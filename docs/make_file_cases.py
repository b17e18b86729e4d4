"""Make docs/reference/file-cases.md from the case list of the tests: `PYTHONPATH=. python docs/make_file_cases.py`.

Every file is made and checked, and what evalkit says is copied. Nothing on the page is written by hand but its frame.
"""

import inspect
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from evalkit.custody.data_lock import lock_data, refuse_when_locked
from evalkit.custody.release import make_release
from evalkit.errors import UploadError
from evalkit.intake.check import check_upload
from evalkit.intake.linking import link_problems
from evalkit.records.responses import Problem

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "reference" / "file-cases.md"
OUTCOMES = {"F": "Mended and said", "A": "Asked", "W": "Warned", "E": "To mend, or refused", "": "Read"}
LETTERS = {"fixed": "F", "ask": "A", "warn": "W", "error": "E"}
QUIET = ("few_pupils", "known_by_wording")
TITLE = """\
# What evalkit does with your file, case by case

Made by `docs/make_file_cases.py`: each file is written by a script of the tests, checked, and what evalkit says is
copied here. All answers are made up. The rules behind it stand in [survey files](survey-files.md); how to mend a file
is told in [Mend a survey file](../how-to/mend-a-file.md).

| Word | What it means |
|---|---|
| Mended and said | evalkit put it right; nothing to do |
| Asked | only you can say; the answer is kept for the next file of the same form |
| Warned | it is read; look at it |
| To mend, or refused | it cannot be used as it is |
"""
GROUPS = ((1, 14, "Files"), (15, 27, "Sheets, headings and columns"), (28, 32, "Files that are no survey"),
          (33, 50, "Answers"), (51, 69, "Pupils, schools and times"), (70, 80, "Files that mean harm"))  # fmt: skip

if __name__ == "__main__":  # other packages install a top-level `tests` too; ours must be the one that is found
    ours = ModuleType("tests")
    ours.__path__ = [str(ROOT / "tests")]
    sys.modules["tests"] = ours

from tests.intake_cases import cells, files, people, tables  # noqa: E402, F401 - they put their cases on the list
from tests.intake_cases.cases import CASES, Sent  # noqa: E402
from tests.intake_cases.study import make_study  # noqa: E402
from tests.unit.intake.test_file_cases import MENDED  # noqa: E402

OF_ITS_OWN = {"13": "row_too_long", "28": "no_rows", "51_shown": "code_turned_into_number"}

Told = tuple[int, str, str, str, str]


def page() -> str:
    """The whole page."""
    told = sorted([*_of_files(), *_of_list(), *_of_portal()])
    parts = [TITLE]
    for low, high, title in GROUPS:
        parts.append(f"\n## {title}\n")
        parts += [_entry(*one) for one in told if low <= one[0] <= high]
    return "\n".join(parts) + "\n"


def _entry(number: int, name: str, what: str, outcome: str, said: str) -> str:
    quoted = said.replace("\n", " ").replace("<", "&lt;")
    return f"**{number}{_letter(name)}. {what}**\n{OUTCOMES[outcome]}{': ' + quoted if quoted else '.'}\n"


def _letter(name: str) -> str:
    kind = name[2:].lstrip("_").replace("_", " ")
    return f" ({kind})" if kind else ""


def _of_files() -> Iterator[Told]:
    """The cases about files."""
    for name, make in inspect.getmembers(files, inspect.isfunction):
        if not name.startswith("case_"):
            continue
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            what = " ".join((make.__doc__ or "").split())
            sent = Sent(make_study(folder), ((make(folder), "pre"),))
            outcome, said = _said(sent, {**MENDED, **OF_ITS_OWN}.get(name[5:], ""))
        yield int(name[5:7]), name[5:], what, outcome, said


def _of_list() -> Iterator[Told]:
    """The cases about tables, cells and people."""
    for one in CASES.values():
        with tempfile.TemporaryDirectory() as place:
            outcome, said = _said(one.make(Path(place)), one.kind)
        yield one.number, one.name, one.what, outcome, said


def _of_portal() -> Iterator[Told]:
    """Two people at once, and a file after the data lock."""
    with tempfile.TemporaryDirectory() as place:
        sent = CASES["26"].make(Path(place))
        uploads = [check_upload(path, sent.study, wave=wave) for path, wave in sent.files]
        make_release(uploads, sent.study, to=Path(place) / "release", replaces="")
        try:
            make_release(uploads, sent.study, to=Path(place) / "release", replaces="")
        except UploadError as error:
            yield 68, "68", "Two people release at the same time.", "E", error.message.replace(place, "").lstrip("/")
        lock_data(sent.study, by="the trial's statistician", stated_date="2026-07-01")
        try:
            refuse_when_locked(sent.study)
        except UploadError as error:
            yield 69, "69", "A file comes after the data were locked.", "E", error.message


def _said(sent: Sent, kind: str) -> tuple[str, str]:
    """The outcome, and the words of the problem that is the point of the case."""
    try:
        uploads = [check_upload(path, sent.study, wave=wave, school=sent.school) for path, wave in sent.files]
    except UploadError as error:
        return "E", error.message
    problems: list[Problem] = [one for upload in uploads for one in upload.issues]
    problems += link_problems(uploads, sent.study) if len(uploads) > 1 else ()
    shown = [one for one in problems if (one.kind == kind if kind else one.kind not in QUIET)]
    return (LETTERS[shown[0].severity], shown[0].message) if shown else ("", "")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
